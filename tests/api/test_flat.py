# SPDX-License-Identifier: Apache-2.0
"""Environments come and go, and nothing of them stays: no process, descriptor, mount, namespace, group, loop device, and
no memory of the daemon. --flat N makes it N environments and fifty times as many invocations (2000 for the full form);
-s shows the figures."""
import concurrent.futures
import contextlib
import json
import time
import urllib.request

import pytest

from support import census
from support.daemon import Daemon
from support.disks import disk
from support.functions import Factory
from support.waiting import until
from support.zips import make_zip

ROUND = 20  # functions at a time, with an environment each
INVOCATIONS = 50  # of each
WARM_UP_ROUNDS = 3
# What the allocator may keep more of than after the warm-up: not a leak of 100 bytes for each of 100,000 invocations.
GROWTH_KB_MAX = 4096

CODE = make_zip({'app.py': '''
    import os

    def handler(event, context):
        if event == "exit":
            os._exit(1)
        if event == "write":
            open("/tmp/data", "wb").write(bytes(1 << 20))
        print("some output", event)
        return event
    '''})


def one_life(factory, number):
    function = factory.create(CODE, Timeout=60, MemorySize=128, FunctionName=f'flat-{number}')
    for i in range(INVOCATIONS):
        event = 'exit' if number % 10 == 0 and i == 5 else 'write' if i == 6 else i
        answer = function.invoke(event)
        assert answer.error == ('Unhandled' if event == 'exit' else None), answer
    factory.client.delete_function(FunctionName=function.name)


def health(daemon):
    with urllib.request.urlopen(daemon.endpoint + '/_lambd/health') as answer:
        return json.load(answer)


def take(daemon):
    """The census when all environments are gone; None while something is in motion."""
    try:
        return census.take(daemon) if health(daemon)['boxes'] == 0 else None
    except OSError:
        return None


def settled(daemon):
    """When it stays the same for three seconds: pools are filled again a little after each start."""
    seen, since = None, 0

    def is_settled():
        nonlocal seen, since
        now = take(daemon)
        if now is None or now != seen:
            seen, since = now, time.monotonic()
        return seen is not None and time.monotonic() - since > 3
    until(is_settled, 'the daemon never comes to rest')
    return seen


def returned(daemon, before):
    """Whatever it is like after two minutes, or as before."""
    seen = None

    def has_returned():
        nonlocal seen
        seen = take(daemon) or seen
        return seen == before
    with contextlib.suppress(AssertionError):
        until(has_returned, 'it does not return to what it was')
    return seen


def is_sanitized(daemon):
    with open(f'/proc/{daemon.process.pid}/maps') as maps:
        return 'libasan' in (text := maps.read()) or 'libclang_rt' in text or b'__asan_init' in open(
            f'/proc/{daemon.process.pid}/exe', 'rb').read()


@pytest.fixture
def flat_daemon(program, daemon_uid):
    with contextlib.ExitStack() as stack:
        daemon = Daemon(program, daemon_uid)
        stack.callback(daemon.close)
        if daemon_uid is None:
            daemon.state_dir = stack.enter_context(disk(daemon.folder, 4000)) / 'state'
        stack.callback(daemon.stop)
        yield daemon.start()


@pytest.mark.timeout(7200)  # the full form; every wait in it has its own bound
def test_nothing_grows(flat_daemon, connect, request):
    daemon = flat_daemon
    environments = request.config.getoption('--flat') or (400 if request.config.getoption('--long') else 60)
    factory = Factory(connect(daemon.endpoint))

    def play(rounds, first):
        for number in range(rounds):
            with concurrent.futures.ThreadPoolExecutor(ROUND) as pool:
                numbers = range(first + number * ROUND, first + (number + 1) * ROUND)
                for _ in pool.map(lambda one: one_life(factory, one), numbers):
                    pass

    def memory():
        return {'daemon': census.resident_kb(daemon.process.pid), 'jail': census.resident_kb(census.jail_of(daemon))}

    play(WARM_UP_ROUNDS, 0)
    before, memory_before = settled(daemon), memory()
    start, done = time.monotonic(), health(daemon)['invocations']
    play(environments // ROUND, WARM_UP_ROUNDS * ROUND)
    seconds, done = time.monotonic() - start, health(daemon)['invocations'] - done
    after, memory_after = returned(daemon, before), memory()
    print(f'\n{environments} environments, {done} invocations in {seconds:.0f} s\nbefore: {before}\n'
          f'        anonymous memory, kB: {memory_before}\nafter:  {after}\n        {memory_after}')
    assert done >= environments * INVOCATIONS
    assert after == before
    if not is_sanitized(daemon):  # sanitizers keep what is freed
        for name, kb in memory_after.items():
            assert kb - memory_before[name] < GROWTH_KB_MAX, name
