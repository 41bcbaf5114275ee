# SPDX-License-Identifier: Apache-2.0
"""CPU in proportion to memory: by weight as it comes, AWS's quota with cpu = strict; and full speed during the init."""
import concurrent.futures
import contextlib
import os
import time

import pytest

from support.daemon import Daemon
from support.functions import Factory

BURNT = 0.4  # seconds of processor time, in the init and in each invocation: how long does it take by the clock?
CODE = f'''
import time

def burn():
    start, clock = time.process_time(), time.monotonic()
    while time.process_time() - start < {BURNT}:
        pass
    return time.monotonic() - clock

at_init = burn()

def handler(event, context):
    return [at_init, burn()]
'''


@pytest.fixture
def strict(own_daemon, connect):
    own_daemon.start('--cpu', 'strict')
    return Factory(connect(own_daemon.endpoint))


def test_strict_quota(strict, own_daemon):
    """At 128 MB a function has 7 % of a processor, but its init is not held back. No limit where there can be none."""
    at_init, in_handler = strict.create(CODE, MemorySize=128, Timeout=60).invoke().json
    if own_daemon.doctor()['cgroup-cpu'] == 'ok':
        assert in_handler > BURNT / (128 / 1769) * 0.7
        assert at_init < in_handler
    else:
        assert in_handler >= BURNT


def test_quota_after_a_failed_init(strict, own_daemon):
    """The init that is repeated is in the invocation's time, and not faster than that."""
    code = CODE.replace('at_init = burn()', '''
import os
if not os.path.exists('/tmp/failed'):
    open('/tmp/failed', 'w').close()
    raise RuntimeError
at_init = 0''')
    in_handler = strict.create(code, MemorySize=128, Timeout=60).invoke().json[1]
    if own_daemon.doctor()['cgroup-cpu'] == 'ok':
        assert in_handler > BURNT / (128 / 1769) * 0.7
    else:
        assert in_handler >= BURNT


# By weight

# Busy between two times of the clock that all boxes share, or until it has burnt so much; answers what it has burnt.
CONTENDER = '''
import time

def handler(event, context):
    time.sleep(max(0, event["start"] - time.monotonic()))
    start = time.process_time()
    while time.monotonic() < event["end"] and time.process_time() - start < event.get("cpu", 1e9):
        pass
    return time.process_time() - start
'''


class OneProcessor(Daemon):
    """A daemon whose functions have one processor between them."""

    def as_user(self, command):
        return ['taskset', '--cpu-list', str(min(os.sched_getaffinity(0))), *super().as_user(command)]


@pytest.fixture
def on_one_processor(program, daemon_uid, connect):
    """(daemon, start(options)): start answers a factory."""
    with contextlib.ExitStack() as stack:
        daemon = OneProcessor(program, daemon_uid)
        stack.callback(daemon.close)

        def start(*options):
            daemon.start(*options)
            return Factory(connect(daemon.endpoint))
        yield daemon, start


def compete(functions, seconds):
    """What each has burnt while all of them were busy."""
    start = time.monotonic() + 1
    event = {'start': start, 'end': start + seconds}
    with concurrent.futures.ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(lambda function: function.invoke(event).json, functions))


def test_weight(on_one_processor):
    """Two that are always busy share a processor as 512 MB to 2048 MB. What else runs on it takes from both alike."""
    daemon, start = on_one_processor
    factory = start()
    functions = [factory.create(CONTENDER, MemorySize=size, Timeout=60) for size in (512, 2048)]
    for function in functions:
        function.invoke({'start': 0, 'end': 0})  # its init is not rationed
    small, large = compete(functions, 4)
    if daemon.doctor()['cgroup-cpu'] == 'ok':
        assert 3 < large / small < 5.3, (small, large)
    else:
        assert 0.5 < large / small < 2, (small, large)
