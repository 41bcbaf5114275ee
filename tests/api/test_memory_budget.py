# SPDX-License-Identifier: Apache-2.0
"""The host's memory is budgeted: idle environments go, invocations wait, then they are throttled."""
import concurrent.futures
import json
import threading

import pytest

from support import extensions
from support.http import Connection
from support.running import SECONDS, WAITING, Running
from support.waiting import health, until

ECHO = 'def handler(event, context):\n    return event\n'
# Tells environments apart.
MINE = 'import uuid\nMINE = str(uuid.uuid4())\ndef handler(event, context):\n    return MINE\n'
THROTTLED = {'Reason': 'ConcurrentInvocationLimitExceeded', 'Type': 'User', 'message': 'Rate Exceeded.'}
# Two functions of 128 MB can run, and no third one.
TWO = ('--memory-mb', '300')
NEVER = ('--room-wait-ms', '900000')  # in this test
AT_ONCE = ('--room-wait-ms', '1', '--stem-cells', '0')  # stem cells that go take a moment


def is_within(daemon):
    now = health(daemon)
    return now['memoryBytesCharged'] <= now['memoryBytesMax']


def throttled(function, **arguments):
    with pytest.raises(function.client.exceptions.TooManyRequestsException) as caught:
        function.invoke('x', **arguments)
    response = caught.value.response
    assert {key: response[key] for key in THROTTLED} == THROTTLED


def works(function):
    """False: it is throttled."""
    try:
        return function.invoke('x').json == 'x'
    except function.client.exceptions.TooManyRequestsException:
        return False


def test_default_is_a_share_of_the_host(start, own_daemon):
    start()
    with open('/proc/meminfo', encoding='ascii') as file:
        total = int(file.readline().split()[1]) * 1024
    assert total / 100 < health(own_daemon)['memoryBytesMax'] < total


def test_many_functions_in_little_memory(start, own_daemon):
    """All get their turn, and what is charged stays within the budget at any time."""
    factory = start(*TWO, *NEVER)
    functions = [factory.create(f'def handler(event, context):\n    return [{i}, event]\n') for i in range(8)]
    end = threading.Event()

    def watch():
        while not end.is_set():
            assert is_within(own_daemon)

    with concurrent.futures.ThreadPoolExecutor(25) as pool:
        watching = pool.submit(watch)
        answers = list(pool.map(lambda n: functions[n % 8].invoke(n).json, range(120)))
        end.set()
        watching.result(SECONDS)
    assert answers == [[n % 8, n] for n in range(120)]


def test_the_longest_idle_goes(start, own_daemon):
    """Frozen environments stand for what they use, so that there are more of them than could run."""
    factory = start('--memory-mb', '400', '--stem-cells', '0', '--boxes-prepared', '0', *NEVER)
    functions = [factory.create(MINE) for _ in range(4)]
    first = [function.invoke().json for function in functions]
    until(lambda: health(own_daemon)['memoryBytesCharged'] < 100 << 20, 'they are not frozen')
    assert [function.invoke().json for function in functions] == first
    until(lambda: health(own_daemon)['memoryBytesCharged'] < 100 << 20, 'they are not frozen again')
    # There is room for it and for one of them.
    each = health(own_daemon)['memoryBytesCharged'] // 4
    large = factory.create(ECHO, MemorySize=399 - each * 3 // 2 // (1 << 20))
    assert large.invoke('large').json == 'large'
    assert is_within(own_daemon)
    assert health(own_daemon)['environments'] == 2
    assert functions[3].invoke().json == first[3]
    assert functions[0].invoke().json != first[0]


def test_extensions_hear_of_it(start, own_daemon):
    """An environment that goes for others ends as any other does."""
    factory = start('--memory-mb', '135', *NEVER)
    function = extensions.create(factory, ECHO, {'one': extensions.GOOD})
    assert function.invoke(1).json == 1
    assert factory.create(ECHO).invoke(2).json == 2
    events = extensions.events_of(extensions.log_of(own_daemon, function, 'SHUTDOWN"'), 'one')
    assert events[-1]['shutdownReason'] == 'spindown'


def test_waits_until_there_is_room(start, own_daemon):
    factory = start(*TWO, *NEVER)
    waiting, echo = factory.create(WAITING, Timeout=SECONDS), factory.create(ECHO)
    running = Running(own_daemon, waiting, 2)
    until(lambda: health(own_daemon)['environments'] == 2, 'they do not run')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        late = pool.submit(echo.invoke, 'late')
        until(lambda: health(own_daemon)['invocationsInFlight'] == 3, 'it is not accepted')
        assert health(own_daemon)['environments'] == 2
        assert not late.done()
        running.end()
        assert late.result(SECONDS).json == 'late'


def test_throttled_when_there_is_none(start, own_daemon):
    factory = start(*TWO, *AT_ONCE)
    waiting, echo = factory.create(WAITING, Timeout=SECONDS), factory.create(ECHO)
    running = Running(own_daemon, waiting, 2)
    own_daemon.wait_for_log('runs on-demand')
    until(lambda: health(own_daemon)['environments'] == 2, 'they do not run')
    throttled(echo)
    with pytest.raises(factory.client.exceptions.TooManyRequestsException):
        factory.client.invoke_with_response_stream(FunctionName=echo.name)
    url = factory.client.create_function_url_config(FunctionName=echo.name, AuthType='NONE')['FunctionUrl']
    factory.client.add_permission(FunctionName=echo.name, StatementId='all', Principal='*',
                                  Action='lambda:InvokeFunctionUrl', FunctionUrlAuthType='NONE')
    with Connection(own_daemon) as connection:
        host = url.split('/')[2]
        connection.send(f'GET / HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
        answer = connection.answer()
    assert (answer.status, json.loads(answer.body)) == (429, THROTTLED)
    assert health(own_daemon)['invocationsInFlight'] == 2
    running.end()
    until(lambda: works(echo), 'there is no room')


def test_events_wait_for_room(start, own_daemon):
    """An asynchronous event is not lost by it."""
    factory = start(*TWO, *AT_ONCE, '--async-delay-permille', '10')
    waiting = factory.create(WAITING, Timeout=SECONDS)
    function = factory.create('def handler(event, context):\n    print("event", event, flush=True)\n')
    running = Running(own_daemon, waiting, 2)
    until(lambda: health(own_daemon)['environments'] == 2, 'they do not run')
    function.client.invoke(FunctionName=function.name, InvocationType='Event', Payload='"patient"')
    throttled(function)
    assert health(own_daemon)['asyncEvents'] == 1
    running.end()
    own_daemon.wait_for_log('event patient')
    until(lambda: health(own_daemon)['asyncSucceeded'] == 1, 'it has no end')


def test_too_large_for_the_host(start, own_daemon):
    """It never fits: that is said at once, and delays nobody."""
    factory = start(*TWO, *NEVER)
    large, echo = factory.create(ECHO, MemorySize=1024), factory.create(ECHO)
    with pytest.raises(factory.client.exceptions.ServiceException) as caught:
        large.invoke('x')
    assert '1024 MB' in str(caught.value) and '--memory-mb' in str(caught.value)
    assert echo.invoke('x').json == 'x'


def test_large_functions_are_not_passed_for_ever(start, own_daemon):
    """Small ones leave no room for long enough by themselves."""
    factory = start('--memory-mb', '400', *NEVER)
    small = [factory.create('import time\ndef handler(event, context):\n    time.sleep(0.05)\n') for _ in range(6)]
    large = factory.create(ECHO, MemorySize=380)
    end = threading.Event()

    def keep_busy(function):
        count = 0
        while not end.is_set():
            assert function.invoke().error is None
            count += 1
        return count

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        busy = [pool.submit(keep_busy, function) for function in small * 2]
        try:
            for n in range(3):
                assert large.invoke(n).json == n
        finally:
            end.set()
        assert min(one.result(SECONDS) for one in busy) > 0


def test_one_function_cannot_keep_the_room(start, own_daemon):
    """However many wait for the first function: the second one's only invocation does not wait for them all."""
    factory = start('--memory-mb', '135', *NEVER)
    waiting = factory.create(WAITING, Timeout=SECONDS)
    slow = factory.create('import time\ndef handler(event, context):\n    time.sleep(0.3)\n    return event\n')
    echo = factory.create(ECHO)
    running = Running(own_daemon, waiting, 1)
    with concurrent.futures.ThreadPoolExecutor(11) as pool:
        crowd = [pool.submit(slow.invoke, n) for n in range(10)]
        until(lambda: health(own_daemon)['invocationsInFlight'] == 11, 'they are not accepted')
        last = pool.submit(echo.invoke, 'last')
        until(lambda: health(own_daemon)['invocationsInFlight'] == 12, 'it is not accepted')
        running.end()
        assert last.result(SECONDS).json == 'last'
        assert not all(one.done() for one in crowd)
        assert [one.result(SECONDS).json for one in crowd] == list(range(10))


def test_provisioned_environments_stay(start, own_daemon):
    factory = start('--memory-mb', '300', *NEVER)
    client = factory.client
    kept, others = factory.create(MINE), [factory.create(ECHO) for _ in range(3)]
    client.publish_version(FunctionName=kept.name)
    client.put_provisioned_concurrency_config(FunctionName=kept.name, Qualifier='1', ProvisionedConcurrentExecutions=1)
    until(lambda: client.get_provisioned_concurrency_config(FunctionName=kept.name, Qualifier='1')['Status'] == 'READY',
          'not ready')
    mine = kept.invoke(Qualifier='1').json
    for _ in range(2):
        for other in others:
            assert other.invoke('x').json == 'x'
    assert kept.invoke(Qualifier='1').json == mine


def test_something_is_left_by_what_is_provisioned(start, own_daemon):
    factory = start('--memory-mb', '450', *NEVER)
    client = factory.client
    kept = factory.create(MINE)
    client.publish_version(FunctionName=kept.name)
    client.put_provisioned_concurrency_config(FunctionName=kept.name, Qualifier='1', ProvisionedConcurrentExecutions=9)

    def allocated():
        return client.get_provisioned_concurrency_config(FunctionName=kept.name, Qualifier='1')[
            'AvailableProvisionedConcurrentExecutions'] == 3

    until(allocated, 'three of 128 MB, and no more, are there')
    assert health(own_daemon)['environments'] == 3
    # An eighth is left, which is enough for a small one only.
    assert factory.create(ECHO).configuration()['MemorySize'] == 128
    assert is_within(own_daemon)
