# SPDX-License-Identifier: Apache-2.0
"""Environments under pressure: too few of them, change and deletion meanwhile, calls from inside, the daemon's end."""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import signal
import threading

import pytest

from support.census import cgroups_of, children_of
from support.functions import Factory
from support.http import Connection
from support.waiting import SECONDS, health, until
from support.zips import make_zip

VERSIONED = 'import os\ndef handler(event, context):\n    return [%d, os.environ.get("ROUND")]\n'
ECHO = 'def handler(event, context):\n    return event\n'


def in_parallel(count, work):
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


class Background:
    """Something that runs beside the test; its result or exception comes from result()."""

    def __init__(self, work):
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.future = self.pool.submit(work)

    def result(self):
        return self.future.result(120)


# Too few environments

def test_ten_functions_in_three_environments(start, own_daemon):
    factory = start('--environments-max', '3')
    functions = [factory.create(f'def handler(event, context):\n    return [{i}, event]\n') for i in range(10)]
    for _ in range(2):
        answers = in_parallel(40, lambda n: functions[n % 10].invoke(n).json)
        assert answers == [[n % 10, n] for n in range(40)]
        assert health(own_daemon)['environments'] <= 3


def test_waiting_for_an_environment_that_timed_out(start, own_daemon):
    """The only environment resets after its time-out: then it is idle, and can go for the other function's sake."""
    factory = start('--environments-max', '1')
    slow = factory.create('import time\ndef handler(event, context):\n    time.sleep(60)\n', Timeout=1)
    echo = factory.create(ECHO)
    first = Background(slow.invoke)
    until(lambda: health(own_daemon)['invocationsInFlight'], 'the slow function does not run')
    assert echo.invoke(1).json == 1
    assert first.result().json['errorType'] == 'Sandbox.Timedout'


def test_busy_function_lets_others_run(start):
    """One function always has more invocations waiting than there are environments."""
    factory = start('--environments-max', '1')
    busy = factory.create('import time\ndef handler(event, context):\n    time.sleep(0.05)\n')
    others = [factory.create(ECHO) for _ in range(3)]
    stop = threading.Event()

    def keep_busy(_):
        count = 0
        while not stop.is_set():
            assert busy.invoke().error is None
            count += 1
        return count

    load = Background(lambda: in_parallel(4, keep_busy))
    try:
        assert in_parallel(3, lambda n: others[n].invoke(n).json) == [0, 1, 2]
    finally:
        stop.set()
    assert min(load.result()) > 0


def test_concurrency_limit(start, own_daemon):
    factory = start('--concurrency-limit', '2')
    function = factory.create('import os, time\ndef handler(event, context):\n    print("running", flush=True)\n'
                              '    while not os.path.exists("/tmp/stop"): time.sleep(0.01)\n', Timeout=3)
    running = [Background(function.invoke) for _ in range(2)]
    until(lambda: health(own_daemon)['invocationsInFlight'] == 2, 'not running')
    with Connection(own_daemon) as connection:
        connection.send(Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'{}'))
        answer = connection.answer()
    assert answer.status == 429
    assert answer.headers['x-amzn-errortype'].split(':')[0] == 'TooManyRequestsException'
    assert json.loads(answer.body) == {
        'Reason': 'ConcurrentInvocationLimitExceeded', 'Type': 'User', 'message': 'Rate Exceeded.'}
    for one in running:
        assert one.result().json['errorType'] == 'Sandbox.Timedout'
    assert health(own_daemon)['invocationsInFlight'] == 0


# Change and deletion

def test_change_under_load(start):
    """Every invocation succeeds, on the code and configuration before or after a change."""
    factory = start()
    client = factory.client
    function = factory.create(VERSIONED % 0)
    stop = threading.Event()
    seen = set()

    def load(_):
        while not stop.is_set():
            answer = function.invoke()
            assert answer.error is None, answer
            seen.add(tuple(answer.json))

    background = Background(lambda: in_parallel(8, load))
    try:
        until(lambda: seen, 'the first code is never seen')
        for i in range(1, 4):
            client.update_function_configuration(FunctionName=function.name,
                                                 Environment={'Variables': {'ROUND': str(i)}})
            until(lambda: (i - 1, str(i)) in seen, 'the new configuration is never seen')
            function.wait_updated()
            client.update_function_code(FunctionName=function.name, ZipFile=make_zip({'app.py': VERSIONED % i}))
            until(lambda: (i, str(i)) in seen, 'the new code is never seen')
            function.wait_updated()
    finally:
        stop.set()
    background.result()
    assert len(seen) == 7


def test_while_an_update_is_in_progress(start, own_daemon):
    """What is invoked before the end of an update runs the old code."""
    function = start().create('def handler(event, context):\n    return "old"\n')
    own_daemon.restart('--settle-ms', '600000')
    function.client.update_function_code(
        FunctionName=function.name, ZipFile=make_zip({'app.py': 'def handler(event, context):\n    return "new"\n'}))
    assert function.invoke().json == 'old'
    assert function.configuration()['LastUpdateStatus'] == 'InProgress'


def test_delete_while_running(start, own_daemon):
    factory = start()
    function = factory.create('import time\ndef handler(event, context):\n    print("runs now", flush=True)\n'
                              '    time.sleep(1)\n    return event\n')
    before = health(own_daemon)['boxes']
    running = Background(lambda: in_parallel(20, lambda n: function.invoke(n).json))
    own_daemon.wait_for_log('runs now')
    until(lambda: health(own_daemon)['invocationsInFlight'] == 20, 'not all are accepted')
    factory.client.delete_function(FunctionName=function.name)
    results = running.result()
    assert results == list(range(20))
    until(lambda: health(own_daemon)['boxes'] == before, 'environments of a deleted function stay')


def test_first_invocations_while_the_code_changes(start, own_daemon):
    """Invocations that wait for environments of a version that is not the present one any more."""
    factory = start('--environments-max', '2')
    # The init takes so long that all 30 are accepted before the first can be answered.
    function = factory.create('import time\ntime.sleep(6)\ndef handler(event, context):\n    return 1\n')
    running = Background(lambda: in_parallel(30, lambda n: function.invoke(n)))
    until(lambda: health(own_daemon)['invocationsInFlight'] == 30, 'not all are accepted')
    factory.client.update_function_code(FunctionName=function.name, ZipFile=make_zip(
        {'app.py': 'def handler(event, context):\n    return 2\n'}))
    function.wait_updated()
    assert function.invoke().json == 2
    answers = running.result()
    assert [a.error for a in answers] == [None] * 30, answers
    assert {a.json for a in answers} == {1}


# Who asks

def test_region_that_is_none(start, own_daemon):
    """The region becomes part of names and paths: nonsense is not let in."""
    factory = start()
    function = factory.create(ECHO)
    for region in ('x' * 60, '..', 'US', 'a%00b'):
        request = Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'1')
        with Connection(own_daemon) as connection:
            connection.send(request.replace(b'us-east-1', region.encode()))
            assert connection.answer().body == b'1'


def test_calls_from_inside(start, connect, own_daemon):
    """A function's calls act as its own account in its own region, whatever key and region they are signed with."""
    start()
    client = connect(own_daemon.endpoint, access_key='111122223333', region='eu-west-1')
    factory = Factory(client)
    echo = factory.create('def handler(event, context):\n    return [event, context.invoked_function_arn]\n')
    other = Factory(connect(own_daemon.endpoint)).create(ECHO, FunctionName='other')
    function = factory.create('''
        import json, os, urllib.error, urllib.request
        def handler(event, context):
            headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=%s, SignedHeaders=host, Signature=0"
                       % event["credential"]} if event["credential"] else {}
            request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + event["path"], method=event["method"],
                                             data=event["body"] and json.dumps(event["body"]).encode(),
                                             headers=headers)
            try:
                with urllib.request.urlopen(request) as answer:
                    return [answer.status, json.load(answer)]
            except urllib.error.HTTPError as error:
                return [error.code, json.load(error)]
        ''')
    scope = '/20250101/us-east-1/lambda/aws4_request'
    for credential in ('000000000000' + scope, 'AKIAEXAMPLE' + scope, '444455556666' + scope, None):
        def call(method, path, body=None):
            return function.invoke({'credential': credential, 'method': method, 'path': path, 'body': body}).json

        status, answer = call('POST', f'/2015-03-31/functions/{echo.name}/invocations', {'a': 1})
        assert (status, answer) == (200, [{'a': 1}, echo.arn])
        assert echo.arn.startswith('arn:aws:lambda:eu-west-1:111122223333:')
        status, answer = call('GET', f'/2015-03-31/functions/{other.name}')
        assert status == 404
        assert answer['Message'] == ('Function not found: '
                                     'arn:aws:lambda:eu-west-1:111122223333:function:other')


def test_metadata(start):
    """Where the environment runs, for those inside of it."""
    function = start().create('''
        import json, os, urllib.error, urllib.request
        def handler(event, context):
            token = os.environ["AWS_LAMBDA_METADATA_TOKEN"] if event["token"] is None else event["token"]
            request = urllib.request.Request(
                "http://" + os.environ["AWS_LAMBDA_METADATA_API"] + "/2026-01-15/metadata/execution-environment",
                method=event["method"], headers={"Authorization": event["scheme"] + token})
            try:
                with urllib.request.urlopen(request) as answer:
                    return [answer.status, json.load(answer), answer.headers["Cache-Control"]]
            except urllib.error.HTTPError as error:
                return [error.code, error.read().decode()]
        ''')

    def ask(method='GET', scheme='Bearer ', token=None):
        return function.invoke({'method': method, 'scheme': scheme, 'token': token}).json
    assert ask() == [200, {'AvailabilityZoneID': 'use1-az1'}, 'private, max-age=43200, immutable']
    assert ask(token='') == ask(token='8476a536-e9f4-41e8-9739-2dfe598c3fcd') == ask(scheme='') == [401, '']
    assert ask('POST') == [405, '']


def test_function_that_invokes_itself(start):
    """Each level takes an environment of its own."""
    factory = start()
    function = factory.create('''
        import json, os, urllib.request
        def handler(event, context):
            if event == 0:
                return 0
            url = "%s/2015-03-31/functions/%s/invocations" % (os.environ["AWS_ENDPOINT_URL"], context.function_name)
            with urllib.request.urlopen(urllib.request.Request(url, json.dumps(event - 1).encode())) as answer:
                return 1 + json.load(answer)
        ''')
    assert function.invoke(10).json == 10


# The end of the daemon

SLOW = '''
    import time
    def handler(event, context):
        print("runs now", flush=True)
        time.sleep(1)
        return event
    '''


def test_running_invocations_finish(start, own_daemon):
    factory = start()
    function = factory.create(SLOW)
    running = [Background(lambda: function.invoke('answer')) for _ in range(3)]
    own_daemon.wait_for_log('runs now')
    until(lambda: health(own_daemon)['invocationsInFlight'] == 3, 'not running')
    own_daemon.stop()
    assert [one.result().json for one in running] == ['answer'] * 3
    assert own_daemon.text().count('running invocations may finish') == 1


def test_running_invocation_whose_client_left_finishes(start, own_daemon):
    factory = start()
    function = factory.create(SLOW)
    with Connection(own_daemon) as connection:
        connection.send(Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'1'))
        own_daemon.wait_for_log('runs now')
    own_daemon.stop()
    own_daemon.wait_for_log('REPORT RequestId: ')


def test_running_invocation_may_call_the_api_to_the_end(start, own_daemon):
    """What it needs to finish is there, though nobody outside is let in any more."""
    factory = start()
    echo = factory.create(ECHO)
    function = factory.create('''
        import os, socket, time, urllib.request
        def handler(event, context):
            print("runs now", flush=True)
            time.sleep(0.5)
            url = "%s/2015-03-31/functions/%s/invocations" % (os.environ["AWS_ENDPOINT_URL"], event)
            return [urllib.request.urlopen(urllib.request.Request(url, b"%d" % i)).read().decode() for i in range(3)]
        ''')
    running = Background(lambda: function.invoke(echo.name))
    own_daemon.wait_for_log('runs now')
    own_daemon.stop()
    assert running.result().json == ['0', '1', '2']


def test_second_sigterm(start, own_daemon):
    factory = start()
    function = factory.create('import time\ndef handler(event, context):\n    print("runs now", flush=True)\n'
                              '    time.sleep(60)\n', Timeout=100)
    connection = Connection(own_daemon)
    connection.send(Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'1'))
    own_daemon.wait_for_log('runs now')
    own_daemon.process.send_signal(signal.SIGTERM)
    until(lambda: 'may finish' in own_daemon.text(), 'the first SIGTERM is not noticed')
    own_daemon.process.send_signal(signal.SIGTERM)
    assert own_daemon.process.wait(SECONDS) == 1
    own_daemon.process = None
    assert 'asked to stop again; stopping at once' in own_daemon.text()
    assert connection.closed()
    connection.close()


def test_stop_while_functions_call_the_api(start, own_daemon):
    """Their threads go on when the handler has returned: calls come from inside until the very end."""
    factory = start('--idle-freeze-ms', '86400000')
    function = factory.create('''
        import base64, io, json, os, threading, urllib.request, zipfile
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("app.py", os.urandom(200000))
        code = base64.b64encode(data.getvalue()).decode()
        url = os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions"

        def call(method, path, body):
            request = urllib.request.Request(url + path, json.dumps(body).encode(), method=method)
            try:
                urllib.request.urlopen(request).read()
            except OSError:
                pass

        def work(number):
            name = "inner%d" % number
            while True:
                call("POST", "", {"FunctionName": name, "Role": "arn:aws:iam::000000000000:role/r",
                                  "Runtime": "python3.12", "Handler": "a.b", "Code": {"ZipFile": code}})
                call("POST", "/%s/invocations" % name, {})
                call("DELETE", "/" + name, {})
                print("called", flush=True)

        def handler(event, context):
            for i in range(4):
                threading.Thread(target=work, args=(i,), daemon=True).start()
        ''')
    for _ in range(2):
        function.invoke()
    own_daemon.wait_for_log('called')
    own_daemon.stop()


def mounts(folder):
    return [line for line in pathlib.Path('/proc/mounts').read_text().splitlines() if str(folder) in line]


def is_alive(pid, start_time):
    try:
        return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[19] == start_time
    except OSError:
        return False


def test_kill_9(start, own_daemon):
    """Nothing of a killed daemon stays, and the next one works on what it left."""
    factory = start()
    function = factory.create('''
        import os, time
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
        def handler(event, context):
            time.sleep(event)
            return event
        ''', Timeout=100)
    assert function.invoke(0).json == 0
    connection = Connection(own_daemon)
    connection.send(Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'60'))
    until(lambda: health(own_daemon)['invocationsInFlight'] == 1, 'not running')
    family = []
    for pid in children_of(own_daemon.process.pid):
        try:
            family.append((pid, pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[19]))
        except OSError:
            pass
    assert len(family) > 4, family  # the jail, box inits, the runtime, its child
    assert cgroups_of(own_daemon) or own_daemon.doctor()['cgroup-memory'] != 'ok'
    own_daemon.kill()
    connection.close()
    until(lambda: not [pid for pid, start_time in family if is_alive(pid, start_time)], 'processes stay')
    own_daemon.start()
    assert function.invoke(0).json == 0
    own_daemon.stop()
    assert mounts(own_daemon.folder) == []
    until(lambda: not cgroups_of(own_daemon), 'control groups stay')


def test_trace_id_that_is_too_long(start, own_daemon):
    """It would not fit into the frame that brings the event."""
    factory = start()
    function = factory.create('import os\ndef handler(event, context):\n    return os.environ["_X_AMZN_TRACE_ID"]\n')
    for size, is_kept in ((100, True), (65370, False)):
        trace = 'Root=' + 'a' * size
        with Connection(own_daemon) as connection:
            connection.send(f'POST /2015-03-31/functions/{function.name}/invocations HTTP/1.1\r\nHost: localhost\r\n'
                            f'Content-Length: 1\r\nX-Amzn-Trace-Id: {trace}\r\n\r\n1'.encode())
            answer = connection.answer()
        assert 'x-amz-function-error' not in answer.headers, answer
        assert (json.loads(answer.body).split(';Lineage=')[0] == trace) is is_kept


# What is killed from outside

def jail_of(daemon):
    """The jail's process, and its children: the inits of its boxes and the maker of their /tmp."""
    parents = {}
    for pid in children_of(daemon.process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the maker's own children come and go
            parents[pid] = int(pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[1])
    jail, = [pid for pid, parent in parents.items() if parent == daemon.process.pid]
    return jail, [pid for pid, parent in parents.items() if parent == jail]


WAIT = SLOW.replace('sleep(1)', 'sleep(event)')


def test_killed_boxes(start, own_daemon):
    """The kernel may choose any process when the machine is out of memory."""
    factory = start()
    function = factory.create(WAIT)
    idle = factory.create(ECHO)
    assert idle.invoke(1).json == 1
    running = Background(lambda: function.invoke(30))
    own_daemon.wait_for_log('runs now')
    _, inits = jail_of(own_daemon)
    for pid in inits:
        os.kill(pid, signal.SIGKILL)
    answer = running.result()
    assert (answer.status, answer.error, answer.json['errorType']) == (200, 'Unhandled', 'Sandbox.Failure')
    until(lambda: not any(pathlib.Path(f'/proc/{pid}').exists() for pid in inits), 'the jail does not hear of it')
    until(lambda: health(own_daemon)['boxes'] == 0, 'dead boxes stay')  # nor does the daemon, of prepared ones too
    assert function.invoke(0).json == 0
    assert idle.invoke(2).json == 2


def test_killed_jail(start, own_daemon):
    """Without its jail the daemon can do nothing: it says so and ends, and works again after a start."""
    factory = start()
    function = factory.create(WAIT)
    running = Background(lambda: function.invoke(30))
    own_daemon.wait_for_log('runs now')
    jail, _ = jail_of(own_daemon)
    family = children_of(own_daemon.process.pid)
    os.kill(jail, signal.SIGKILL)
    assert own_daemon.process.wait(SECONDS) == 1
    own_daemon.process = None
    assert 'the jail ended by itself' in own_daemon.text()
    with pytest.raises(Exception):
        assert running.result().error is None
    until(lambda: not [pid for pid in family if pathlib.Path(f'/proc/{pid}').exists()], 'processes stay')
    own_daemon.start()
    assert function.invoke(0).json == 0
