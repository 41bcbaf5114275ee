# SPDX-License-Identifier: Apache-2.0
"""Stem cells: runtimes that are up before they know their function. Nothing of a function may tell, but the time."""
import os
import signal

import pytest

from support.extensions import GOOD, create as create_with_extensions
from support.functions import NODE
from support.waiting import health, until

# What the process was started with, which a later change of the environment does not show in.
CODE = '''
    import os
    import sys
    TASK = os.getcwd()

    def handler(event, context):
        if event == "die":
            os._exit(3)
        started_with = dict(entry.split("=", 1) for entry in open("/proc/self/environ").read().split("\\0") if entry)
        return {"was stem": "AWS_LAMBDA_FUNCTION_NAME" not in started_with,
                "name": os.environ["AWS_LAMBDA_FUNCTION_NAME"], "memory": context.memory_limit_in_mb,
                "own": os.environ.get("OWN"), "variables": sorted(os.environ), "folder": TASK, "path": sys.path,
                "seen": os.listdir("/var/task"), "log": context.log_stream_name}
    '''
JAVASCRIPT = '''
const fs = require('fs');
const folder = process.cwd();
exports.handler = async () => ({
    'was stem': !fs.readFileSync('/proc/self/environ', 'latin1').includes('AWS_LAMBDA_FUNCTION_NAME='),
    name: process.env.AWS_LAMBDA_FUNCTION_NAME, own: process.env.OWN, folder,
    heap: require('v8').getHeapStatistics().heap_size_limit});
'''


def wait_for(daemon, wanted):
    until(lambda: health(daemon)['stemCells'] == wanted, f'{wanted} stem cells')


def first(factory, code=CODE, **arguments):
    answer = factory.create(code, **arguments).invoke({})
    assert not answer.error, answer
    return answer.json


def first_of_a_kind(daemon, factory, code=CODE, kinds=1, **arguments):
    """The function whose kind is new: there is a stem cell for it soon after it is there."""
    function = factory.create(code, **arguments)
    wait_for(daemon, kinds)
    return function


def test_a_function_is_the_same_with_and_without(start, own_daemon):
    factory = start('--stem-cells', '1')
    # This variable says that a process is to be started for the function alone.
    plain = first(factory, Environment={'Variables': {'OWN': 'first', 'MALLOC_ARENA_MAX': '8'}})
    stem = first_of_a_kind(own_daemon, factory, Environment={'Variables': {'OWN': 'second'}}).invoke({}).json
    assert (plain.pop('was stem'), stem.pop('was stem')) == (False, True)
    assert (plain.pop('own'), stem.pop('own')) == ('first', 'second')
    assert plain.pop('name') != stem.pop('name')
    assert plain.pop('log') != stem.pop('log')
    plain['variables'].remove('MALLOC_ARENA_MAX')
    assert plain == stem
    assert stem['folder'] == '/var/task' and stem['seen'] == ['app.py']


def test_a_second_one_takes_another(start, own_daemon):
    factory = start('--stem-cells', '1')
    one = first_of_a_kind(own_daemon, factory).invoke({}).json
    wait_for(own_daemon, 1)
    two = first(factory)
    assert one['was stem'] and two['was stem'] and one['name'] != two['name']


def test_node_has_the_heap_of_its_memory(start, own_daemon):
    factory = start('--stem-cells', '1')
    code = {'app.js': JAVASCRIPT}
    plain = first(factory, code, Runtime=NODE, MemorySize=256, Environment={'Variables': {'UV_THREADPOOL_SIZE': '4'}})
    small = first_of_a_kind(own_daemon, factory, code, Runtime=NODE, MemorySize=256)
    large = first_of_a_kind(own_daemon, factory, code, kinds=2, Runtime=NODE, MemorySize=1024).invoke({}).json
    stem = small.invoke({}).json
    assert not plain.pop('was stem') and stem.pop('was stem') and large.pop('was stem')
    assert stem.pop('name') != plain.pop('name')
    assert stem == plain and stem['heap'] < large['heap']


@pytest.mark.parametrize('variable', ['PYTHONPATH', 'LD_PRELOAD', 'TZ', 'MALLOC_ARENA_MAX'])
def test_what_acts_when_a_process_starts_gets_one_of_its_own(start, own_daemon, variable):
    factory = start('--stem-cells', '1')
    first_of_a_kind(own_daemon, factory)
    assert not first(factory, Environment={'Variables': {variable: '1'}})['was stem']
    assert first(factory)['was stem']


def test_none(start, own_daemon):
    factory = start('--stem-cells', '0')
    assert not first(factory)['was stem']
    assert not first(factory)['was stem']
    assert health(own_daemon)['stemCells'] == 0


def test_extensions_come_first(start, own_daemon):
    """A function with extensions takes one, too: its runtime gets its INIT when they have registered."""
    factory = start('--stem-cells', '1')
    first_of_a_kind(own_daemon, factory)
    answer = create_with_extensions(factory, CODE, {'other': GOOD}).invoke({}, tail=True)
    assert answer.json['was stem'], answer
    assert 'event of other' in answer.log


def test_after_a_crash_the_process_is_the_functions_own(start, own_daemon):
    factory = start('--stem-cells', '1')
    function = first_of_a_kind(own_daemon, factory)
    before = function.invoke({}).json
    assert function.invoke('die').error == 'Unhandled'
    after = function.invoke({}).json
    assert (before.pop('was stem'), after.pop('was stem')) == (True, False)
    assert before == after


def stems_of(daemon):
    """Processes that are up and know no function."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/environ', 'rb') as file:
                environment = file.read()
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                command = file.read()
        except OSError:
            continue
        if b'/var/runtime/bootstrap.py' in command and b'AWS_LAMBDA_FUNCTION_NAME' not in environment and \
                is_descendant(int(pid), daemon.process.pid):
            found.append(int(pid))
    return found


def is_descendant(pid, ancestor):
    while pid > 1:
        if pid == ancestor:
            return True
        try:
            with open(f'/proc/{pid}/stat') as file:
                pid = int(file.read().rsplit(')', 1)[1].split()[1])
        except OSError:
            return False
    return False


def test_one_that_dies_is_replaced(start, own_daemon):
    factory = start('--stem-cells', '1')
    function = first_of_a_kind(own_daemon, factory)
    [old] = until(lambda: stems_of(own_daemon), 'a stem cell')
    os.kill(old, signal.SIGKILL)
    until(lambda: old not in stems_of(own_daemon), 'its end')
    until(lambda: stems_of(own_daemon), 'another one')
    wait_for(own_daemon, 1)
    assert function.invoke({}).json['was stem']


def test_many_kinds_are_bounded(start, own_daemon):
    factory = start('--stem-cells', '1')
    made = [factory.create(CODE, MemorySize=memory) for memory in range(128, 128 + 18)]
    wait_for(own_daemon, 16)
    assert made[-1].invoke({}).json['was stem']
    assert not made[0].invoke({}).json['was stem']
