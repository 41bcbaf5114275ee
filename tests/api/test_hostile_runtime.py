# SPDX-License-Identifier: Apache-2.0
"""Runtimes that break the rules: the caller gets a proper error, everybody else notices nothing.

Each test looks at what its caller gets, then that the function and a neighbour work, and at the end of the module
that the daemon holds no more descriptors and processes than before the first function.
"""
import concurrent.futures
import os
import pathlib
import re
import time

import pytest

from support.census import children_of
from support.daemon import Daemon
from support.functions import PROVIDED, Factory
from support.waiting import health, until


# A custom runtime: BODY is run once, with these helpers.
BOOTSTRAP = '''#!/usr/bin/python3
import os, socket, sys, time
HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")

class Api:
    def __init__(self):
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.file = self.socket.makefile("rb")

    def send(self, method, path, body=b"", *headers):
        lines = [method + " /2018-06-01/runtime/" + path + " HTTP/1.1", "Host: x", "Content-Length: %d" % len(body)]
        self.socket.sendall("\\r\\n".join(lines + list(headers)).encode() + b"\\r\\n\\r\\n" + body)

    def receive(self):
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip():
            name, value = line.decode().split(": ", 1)
            headers[name.lower()] = value
        return status, headers, self.file.read(int(headers.get("content-length", 0)))

    def call(self, *arguments):
        self.send(*arguments)
        return self.receive()

    def next(self):
        status, headers, body = self.call("GET", "invocation/next")
        assert status == 200, (status, body)
        return headers["lambda-runtime-aws-request-id"], body

    def answer(self, id, body, *headers):
        return self.call("POST", "invocation/" + id + "/response", body, *headers)

def serve(api=None):
    """A good runtime: give back the event."""
    api = api or Api()
    while True:
        id, event = api.next()
        api.answer(id, event)

'''

# The framed channel by hand, for Python functions: their module never gives control back to lambd's client.
CHANNEL = '''
import os, socket, struct, sys, time
NEXT, RESPONSE, ERROR, INIT_ERROR, LOG = range(0x81, 0x86)

def frame(type, invocation=0, payload=b"", flags=0, metadata=b""):
    body = struct.pack(">H", len(metadata)) + metadata + payload
    return struct.pack(">IBBHI", len(body), type, flags, 0, invocation) + body

def send(*frames):
    data = b"".join(frames)
    while data:
        data = data[os.write(3, data):]

def read(count):
    data = b""
    while len(data) < count:
        piece = os.read(3, count - len(data))
        if not piece:
            os._exit(7)
        data += piece
    return data

def receive():
    """(number, event) of the next INVOKE."""
    length, type, flags, zero, invocation = struct.unpack(">IBBHI", read(12))
    body = read(length)
    return invocation, body[2 + struct.unpack(">H", body[:2])[0]:]

def serve():
    """A good client: give back the event."""
    send(frame(NEXT))
    while True:
        invocation, event = receive()
        send(frame(RESPONSE, invocation, event), frame(NEXT))

# The first process of the environment is the hostile one, and the next ones behave.
def first():
    try:
        os.close(os.open("/tmp/hostile", os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False
'''
FIRST = CHANNEL[CHANNEL.index('# The first process'):]


@pytest.fixture(scope='module')
def box_daemon(program, daemon_uid):
    daemon = Daemon(program, daemon_uid)
    try:
        yield daemon.start()
    finally:
        daemon.close()


@pytest.fixture(scope='module')
def box_client(box_daemon, connect):
    return connect(box_daemon.endpoint)


@pytest.fixture(scope='module')
def neighbour(box_client):
    """A well-behaved function of the same daemon."""
    factory = Factory(box_client)
    yield factory.create('def handler(event, context):\n    return event\n')
    factory.clean()


@pytest.fixture
def functions(box_daemon, box_client, neighbour):
    factory = Factory(box_client)
    yield factory
    box_daemon.check_alive()
    assert neighbour.invoke('neighbour').json == 'neighbour'
    factory.clean()


def custom(functions, body, **arguments):
    return functions.create({('bootstrap', 0o755): BOOTSTRAP + FIRST + body}, Runtime=PROVIDED, Handler='any',
                            **arguments)


def channel(functions, body, **arguments):
    """A Python function whose module talks to fd 3 itself."""
    return functions.create(CHANNEL + body, **arguments)


def ended(answer, reason='Runtime exited with error: signal: killed', kind='Runtime.ExitError'):
    """The payload of a run that the platform ended."""
    assert (answer.status, answer.error) == (200, 'Unhandled')
    assert answer.json == {'errorType': kind,
                           'errorMessage': f'RequestId: {answer.request_id} Error: {reason}'}


# The framed channel

def test_answer_before_the_event_is_read(functions):
    """The event is still being written when its answer comes: it must neither be freed nor the channel used again."""
    function = channel(functions, '''
if first():
    send(frame(NEXT))
    read(12)
    send(frame(RESPONSE, 1, b"1"), frame(NEXT))
    time.sleep(60)
serve()
''', MemorySize=256)
    event = b'"' + b'a' * 5000000 + b'"'
    ended(function.invoke(event))
    assert function.invoke(event).payload == event


@pytest.mark.parametrize('frames', [
    'b"garbage that is no frame, and never was"',
    'struct.pack(">IBBHI", 1, NEXT, 0, 0, 0)',                       # shorter than any body
    'struct.pack(">IBBHI", 0xffffffff, NEXT, 0, 0, 0)',              # longer than any
    'struct.pack(">IBBHI", 2, NEXT, 0, 1, 0) + bytes(2)',            # not zero
    'frame(0x80)', 'frame(0x01)', 'frame(0x02)', 'frame(0xff)',      # no types of a runtime
    'frame(RESPONSE, 2, b"1")',                                      # not the number of the event
    'frame(ERROR, 0, b"{}")',
    'frame(RESPONSE, 1, b"1", flags=2)',
    'frame(NEXT)', 'frame(INIT_ERROR)',                              # out of turn
    'struct.pack(">IBBHIH", 2, RESPONSE, 0, 0, 1, 1)',               # metadata longer than the body
    'frame(RESPONSE, 1, b"1", metadata=bytes.fromhex("0005"))',
    'frame(LOG, 1, b"short")', 'frame(LOG, 1, bytes(262144 + 9))',
    'frame(RESPONSE, 1, b"1", flags=1) + frame(NEXT)',               # a stream that has no end
    'frame(RESPONSE, 1, b"1", flags=1) + frame(ERROR, 1, b"{}")',
    'frame(RESPONSE, 1, flags=1) + frame(RESPONSE, 1, metadata=b"\\0\\x22Lambda-Runtime-Function-Error-Type\\0\\1x'
    '\\0\\x22Lambda-Runtime-Function-Error-Body\\0\\1!")',
])
def test_wrong_frame(functions, frames):
    function = channel(functions, f'''
if first():
    send(frame(NEXT))
    receive()
    send({frames})
    time.sleep(60)
serve()
''')
    ended(function.invoke(1))
    assert function.invoke(2).json == 2


@pytest.mark.parametrize('frames', ['frame(NEXT)', 'frame(RESPONSE, 1, b"2")', 'frame(LOG, 0, b"")'])
def test_wrong_frame_after_the_answer(functions, frames):
    """The answer stands; the next invocation finds a dead process, and a new one is started for it."""
    function = channel(functions, f'''
if first():
    send(frame(NEXT))
    receive()
    send(frame(RESPONSE, 1, b"1"), frame(NEXT), {frames})
    time.sleep(60)
serve()
''')
    assert function.invoke(0).json == 1
    assert function.invoke(2).json == 2


def test_wrong_frame_in_init(functions):
    function = channel(functions, 'send(frame(RESPONSE, 0, b"1"))\ntime.sleep(60)')
    ended(function.invoke(1))
    ended(function.invoke(1))


def test_slow_frames(functions):
    """A byte at a time is slow, not wrong."""
    function = channel(functions, '''
send(frame(NEXT))
while True:
    invocation, event = receive()
    for byte in frame(RESPONSE, invocation, event) + frame(NEXT):
        send(bytes([byte]))
''')
    for i in range(2):
        assert function.invoke({'i': i}).json == {'i': i}


@pytest.mark.parametrize('close', ['os.close(3)', 'socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)',
                                   'socket.socket(fileno=3).shutdown(socket.SHUT_WR)'])
def test_channel_closed(functions, close):
    function = channel(functions, f'''
if first():
    send(frame(NEXT))
    receive()
    {close}
    time.sleep(60)
serve()
''')
    ended(function.invoke(1))
    assert function.invoke(2).json == 2


def test_channel_that_is_read_no_more(functions, box_daemon):
    """The next event cannot be sent, though the socket is not closed."""
    function = channel(functions, '''
if first():
    send(frame(NEXT))
    receive()
    end = socket.socket(fileno=3)
    end.shutdown(socket.SHUT_RD)
    send(frame(RESPONSE, 1, b"1"), frame(NEXT))
    time.sleep(60)
serve()
''')
    assert function.invoke(0).json == 1
    ended(function.invoke(0))
    assert function.invoke(2).json == 2


def test_oversize_response_frame(functions):
    function = channel(functions, '''
send(frame(NEXT))
while True:
    invocation, event = receive()
    size = int(event)
    send(struct.pack(">IBBHIH", 2 + size, RESPONSE, 0, 0, invocation, 0))
    while size:
        size -= len(piece := bytes(min(size, 1 << 20)))
        send(piece)
    send(frame(NEXT))
''')
    for size in (6291557, 50 << 20):
        assert function.invoke(size).json == {
            'errorType': 'Function.ResponseSizeTooLarge',
            'errorMessage': 'Response payload size exceeded maximum allowed payload size (6291556 bytes).'}
    assert function.invoke(3).payload == bytes(3)


def test_http_beside_the_channel(functions):
    """A function with a channel is not heard on the listener."""
    function = functions.create('''
        import urllib.error, urllib.request, os
        def handler(event, context):
            url = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
            try:
                urllib.request.urlopen(url + event.replace("ID", context.aws_request_id), b"{}")
            except urllib.error.HTTPError as error:
                return error.code
        ''')
    for path in ('invocation/ID/response', 'invocation/ID/error', 'init/error'):
        assert function.invoke(path).json == 403


# The Runtime API over HTTP

def test_protocol_over_http(functions, box_daemon):
    """What a custom runtime is told about wrong calls, and that none of them does harm."""
    function = custom(functions, '''
import json
api, other = Api(), Api()
seen = []
def note(answer):
    seen.append([answer[0], json.loads(answer[2]) if answer[2] else None])
id, event = api.next()
note(other.call("POST", "init/error", b"{}"))
assert other.next() == (id, event)  # the same event again
note(other.call("POST", "invocation/00000000-0000-0000-0000-000000000000/response", b"1"))
note(other.call("DELETE", "invocation/next"))
note(other.call("GET", "invocation/%s/response" % id))
note(other.call("POST", "invocation/%s/nothing" % id))
api.answer(id, json.dumps(seen).encode())
seen = []
note(api.answer(id, b"2"))
note(api.call("POST", "invocation/%s/error" % id, b"2"))
old = id
id, event = api.next()
note(api.answer(old, b"3"))
api.answer(id, json.dumps(seen).encode())
serve(api)
''')
    refused = {'errorMessage': 'Invalid request ID', 'errorType': 'InvalidRequestID'}

    def transition(state, target):
        return {'errorMessage': f'State transition from {state} to {target} failed for runtime. '
                                'Error: State transition is not allowed', 'errorType': 'InvalidStateTransition'}

    assert function.invoke(1).json == [[403, transition('Running', 'InitError')], [400, refused],
                                       [405, None], [405, None], [404, None]]
    # Its answer came before its run was over: an event that is too early would get an environment of its own.
    until(lambda: health(box_daemon)['invocationsInFlight'] == 0, 'the end of the run')
    assert function.invoke(1).json == [
        [403, transition('RuntimeResponseSentState', 'InvocationResponse')],
        [403, transition('RuntimeResponseSentState', 'InvocationErrorResponse')], [400, refused]]
    assert function.invoke(3).json == 3


def test_parallel_next(functions):
    """All get the event; the first answer counts."""
    function = custom(functions, '''
import threading
def work():
    api = Api()
    while True:
        id, event = api.next()
        api.answer(id, event)
for i in range(20):
    threading.Thread(target=work).start()
''')
    for i in range(10):
        assert function.invoke(i).json == i


@pytest.mark.parametrize('headers, body, kind, reason', [
    ('Content-Length: 100', '12345', 'Runtime.TruncatedResponse', 'HTTP request detected as truncated'),
    ('Transfer-Encoding: chunked', '5\\r\\n12345\\r\\n', 'Runtime.TruncatedResponse',
     'HTTP request detected as truncated'),
    ('Transfer-Encoding: chunked', 'no chunk\\r\\n', 'Runtime.TruncatedResponse', 'HTTP request detected as truncated'),
    ('Content-Length: 1\\r\\nLambda-Runtime-Function-Response-Mode: Streaming', '1',
     'Runtime.InvalidResponseModeHeader', 'Invalid function response mode'),
])
def test_broken_response(functions, headers, body, kind, reason):
    function = custom(functions, f'''
if not first():
    serve()
api = Api()
id, event = api.next()
api.socket.sendall(("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\\r\\nHost: x\\r\\n"
                    "{headers}\\r\\n\\r\\n{body}").encode())
api.socket.shutdown(socket.SHUT_WR)
time.sleep(60)
''')
    answer = function.invoke(1, tail=True)
    ended(answer, reason, kind)
    assert f'Status: error\tError Type: {kind}\n' in answer.log
    assert function.invoke(2).json == 2


def test_response_without_end(functions):
    """It is being read when the time is over."""
    function = custom(functions, '''
api = Api()
id, event = api.next()
if not first():
    api.answer(id, event)
    serve(api)
api.socket.sendall(("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\\r\\nHost: x\\r\\n"
                    "Content-Length: 1000000\\r\\n\\r\\n").encode())
while True:
    api.socket.sendall(b"1")
    time.sleep(0.01)
''', Timeout=3)
    ended(function.invoke(1), 'Task timed out after 3.00 seconds', 'Sandbox.Timedout')
    assert function.invoke(2).json == 2


def test_chunked_response(functions):
    function = custom(functions, '''
api = Api()
while True:
    id, event = api.next()
    api.socket.sendall(("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\\r\\nHost: x\\r\\n"
                        "Transfer-Encoding: chunked\\r\\n\\r\\n").encode())
    for byte in event:
        api.socket.sendall(b"1\\r\\n%c\\r\\n" % byte)
    api.socket.sendall(b"0\\r\\n\\r\\n")
    assert api.receive()[0] == 202
''')
    assert function.invoke('chunked').json == 'chunked'


def test_empty_answers(functions):
    function = custom(functions, '''
api = Api()
while True:
    id, event = api.next()
    api.call("POST", "invocation/" + id + "/" + event.decode().strip('"'))
''')
    answer = function.invoke('response')
    assert (answer.error, answer.payload) == (None, b'')
    answer = function.invoke('error')
    assert (answer.error, answer.payload) == ('Unhandled', b'')


def test_huge_head(functions):
    function = custom(functions, '''
def blow(line):
    api = Api()
    try:
        api.socket.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n" + line)
        return api.receive()[0]
    except OSError:
        return "reset"
statuses = [blow(b"A: " + b"a" * 2000000 + b"\\r\\n\\r\\n"), blow(b"A: b\\r\\n" * 10000 + b"\\r\\n")]
api = Api()
id, event = api.next()
api.answer(id, repr(statuses).encode())
serve(api)
''')
    assert set(re.findall(r'\w+', function.invoke(1).payload.decode())) <= {'431', '400', 'reset'}
    assert function.invoke(2).json == 2


def test_many_connections(functions):
    """Far more than one sandbox may have: idle ones are closed for new ones."""
    function = custom(functions, '''
api = Api()
id, event = api.next()
kept = []
try:
    while len(kept) < 900:
        end = socket.socket()
        end.setblocking(False)
        end.connect_ex((HOST, int(PORT)))
        kept.append(end)
except OSError:
    pass
count = len(kept)
del kept[:]
Api().answer(id, str(count).encode())
serve()
''')
    assert function.invoke(1).json == 900
    assert function.invoke(2).json == 2


def test_init_error_without_an_end(functions):
    """The process that stays after its init error is killed; the second init is the caller's answer."""
    function = custom(functions, '''
Api().call("POST", "init/error", b'{"errorType":"A.B","errorMessage":"c"}',
           "Lambda-Runtime-Function-Error-Type: Runtime.Own")
time.sleep(60)
''')
    for _ in range(2):
        answer = function.invoke(1)
        assert (answer.error, answer.json) == ('Unhandled', {'errorType': 'A.B', 'errorMessage': 'c'})


def test_next_of_a_dead_process(functions):
    """A process asks for its next event and ends: who reads that later must not take it for the new one's."""
    function = custom(functions, '''
api = Api()
id, event = api.next()
if event == b"1":
    api.answer(id, event)
    ends = []
    for _ in range(900):  # most of them wait to be accepted
        ends.append(Api())
        ends[-1].send("GET", "invocation/next")
    os._exit(3)
api.answer(id, event)
serve(api)
''')
    for i in range(20):
        event = 1 + i % 2
        answer = function.invoke(event)  # may have been given to the process while that was ending
        assert answer.json == event or answer.json['errorMessage'].endswith('exit status 3')


# Processes

def test_exit_between_response_and_next(functions):
    """The caller has its answer; the environment starts another process."""
    function = custom(functions, '''
api = Api()
id, event = api.next()
api.answer(id, event)
os._exit(5)
''')
    for i in range(3):
        assert function.invoke(i).json == i
    answer = function.invoke(3, tail=True)
    assert answer.json == 3
    assert 'Status: error\tError Type: Runtime.ExitError\n' in answer.log


def test_exit_while_idle(functions):
    """Nobody hears of it but the next invocation, which starts a new process first."""
    function = functions.create('''
        import os, signal, threading
        def handler(event, context):
            if event == "stay":
                return os.getpid()
            threading.Timer(0.001, os._exit, (9,)).start()
            return os.getpid()
        ''')
    pids = set()
    for _ in range(10):
        answer = function.invoke()
        if answer.error:  # it ended when the event had been given to it already
            ended(answer, 'Runtime exited with error: exit status 9')
        else:
            pids.add(answer.json)
    assert len(pids) > 1
    # The last one's timer may have been frozen, and end the process only when that runs again.
    until(lambda: function.invoke('stay').payload == function.invoke('stay').payload, 'does not come to rest')


def test_daemons_that_hold_the_log(functions):
    """Whatever the runtime has left behind ends with it, though it has sessions of its own and the log pipe."""
    function = functions.create('''
        import os, signal, time
        def handler(event, context):
            if event == "count":
                return sum(name.isdigit() for name in os.listdir("/proc"))
            for _ in range(5):
                if os.fork() == 0:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    os.setsid()
                    if os.fork() == 0:
                        time.sleep(1000)
                    os._exit(0)
            if event == "exit":
                os._exit(3)
            time.sleep(1000)
        ''', Timeout=3)
    count = function.invoke('count').json
    ended(function.invoke('exit'), 'Runtime exited with error: exit status 3')
    assert function.invoke('count').json == count
    ended(function.invoke('time-out'), 'Task timed out after 3.00 seconds', 'Sandbox.Timedout')
    assert function.invoke('count').json == count


def test_killing_the_init(functions):
    """The box's init cannot be killed from inside."""
    function = functions.create('''
        import os
        def handler(event, context):
            for signal in (9, 15, 2, 19, 11) if event else ():
                os.kill(1, signal)
            if event:
                os.kill(os.getpid(), 9)
            return os.path.exists("/tmp/mark") or open("/tmp/mark", "w") and 0
        ''')
    assert function.invoke(0).json == 0
    ended(function.invoke(1))
    assert function.invoke(0).json is True  # the same environment


def test_stopped_process(functions):
    """SIGSTOP is no way to outlive the time-out."""
    function = functions.create('import os, signal\ndef handler(event, context):\n'
                                '    if event: os.kill(os.getpid(), signal.SIGSTOP)\n    return 1\n', Timeout=3)
    ended(function.invoke(1), 'Task timed out after 3.00 seconds', 'Sandbox.Timedout')
    assert function.invoke(0).json == 1


def test_fork_bomb(functions):
    function = functions.create('''
        import os, time
        def handler(event, context):
            if not event:
                return 1
            count = 0
            while True:
                try:
                    if os.fork() == 0:
                        time.sleep(1000)
                    count += 1
                except OSError:
                    return count
        ''', MemorySize=1024, Timeout=20)
    answer = function.invoke(1)
    assert answer.error or answer.json <= 1024
    until(lambda: function.invoke(0).error is None, 'does not come back')


def test_child_out_of_memory(functions, daemon_uid):
    """The kernel kills it, and the runtime lives on: how that ends is its own affair."""
    if daemon_uid is not None:
        return  # without a delegated cgroup there is no limit
    function = functions.create('''
        import os
        def handler(event, context):
            if os.fork() == 0:
                with open("/proc/self/oom_score_adj", "w") as file:
                    file.write("1000")
                bytearray(400000000).replace(b"a", b"b")
                os._exit(0)
            status = os.wait()[1]
            if event:
                os._exit(3)
            return status
        ''')
    assert function.invoke(0).json == 9
    ended(function.invoke(1), 'Runtime exited with error: exit status 3')
    assert function.invoke(0).json == 9


def test_full_tmp(functions):
    function = functions.create('''
        import os
        def handler(event, context):
            if event == "remove":
                return os.remove("/tmp/full")
            try:
                with open("/tmp/full", "wb") as file:
                    while True:
                        file.write(bytes(1 << 20))
            except OSError as error:
                return error.errno
        ''', MemorySize=1024, Timeout=60)
    answer = function.invoke('fill')
    assert answer.error == 'Unhandled' or answer.json == 28  # memory for it, or ENOSPC
    if not answer.error:
        function.invoke('remove')


def test_time_out_in_the_init_that_is_repeated(functions):
    """After an exit the init runs again, within the time of the invocation."""
    function = functions.create('''
        import os, time
        if os.path.exists("/tmp/slow"):
            time.sleep(1000)
        def handler(event, context):
            open("/tmp/slow", "w").close()
            os._exit(1)
        ''', Timeout=3)
    ended(function.invoke(), 'Runtime exited with error: exit status 1')
    for _ in range(2):
        ended(function.invoke(), 'Task timed out after 3.00 seconds', 'Sandbox.Timedout')


def test_init_without_end(functions):
    """10 s for the init; then it runs again within the time of the invocation."""
    sleeper = functions.create('import time\ntime.sleep(1000)\n', Timeout=1)
    mute = custom(functions, 'time.sleep(1000)', Timeout=1)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for answer in pool.map(lambda function: function.invoke(tail=True), (sleeper, mute)):
            ended(answer, 'Task timed out after 1.00 seconds', 'Sandbox.Timedout')
            init, again = re.findall(r'INIT_REPORT Init Duration: (\S+) ms\tPhase: (\S+)\tStatus: (\S+)', answer.log)
            assert init[1:] == ('init', 'timeout') and 9900 < float(init[0]) < 12000
            assert again[1:] == ('invoke', 'timeout')


# Output

def test_line_without_end(functions):
    """Cut into events, and neither memory nor the invocation suffers."""
    function = functions.create('''
        import os
        def handler(event, context):
            for _ in range(event):
                os.write(1, b"x" * 1000000)
            return "done"
        ''')
    answer = function.invoke(100, tail=True)
    assert answer.json == 'done'
    assert 'x' * 1000 in answer.log
    assert function.invoke(0).json == 'done'


def test_output_after_the_answer(functions, box_daemon):
    """It is in the log, though not in the tail of an invocation that is over."""
    function = functions.create('''
        import threading
        def handler(event, context):
            threading.Timer(0, print, ("late " + event,), {"flush": True}).start()
            return event
        ''')
    for word in ('one', 'two'):
        assert function.invoke(word).json == word
    function.invoke('three')
    box_daemon.wait_for_log('late two')


def test_binary_output(functions):
    function = functions.create('''
        import os
        def handler(event, context):
            os.write(1, bytes(range(256)) * 10 + b"\\r\\n\\0\\n\\n\\n")
        ''')
    answer = function.invoke(tail=True)
    assert answer.error is None
    assert 'REPORT RequestId' in answer.log


def test_log_frames_without_end(functions):
    """Frames of the largest size, with times from the beginning to the end of time."""
    function = channel(functions, '''
send(frame(NEXT))
while True:
    invocation, event = receive()
    for stamp in (0, 1, 2 ** 63, 2 ** 64 - 1, 10 ** 15) * 40:
        send(frame(LOG, invocation, struct.pack(">Q", stamp) + b"y" * 262144, flags=31))
    send(frame(RESPONSE, invocation, event), frame(NEXT))
''')
    assert function.invoke(1).json == 1
    assert function.invoke(2).json == 2


# What is left

def test_nothing_is_left(program, daemon_uid, connect):
    """Descriptors and processes return to what they were when functions that went wrong are deleted."""
    daemon = Daemon(program, daemon_uid)
    try:
        daemon.start()
        factory = Factory(connect(daemon.endpoint))

        def figures():
            # The daemon's own connections come and go with the client's pool.
            fds = [os.readlink(path) for path in pathlib.Path(f'/proc/{daemon.process.pid}/fd').iterdir()
                   if path.is_symlink()]
            return sum('socket' not in fd for fd in fds), len(children_of(daemon.process.pid))

        warm = factory.create('def handler(event, context):\n    return 1\n')
        warm.invoke()
        factory.clean()
        factory.names.clear()
        until(lambda: (health(daemon)['stemCells'], health(daemon)['boxesPrepared']) == (2, 4), 'never prepared')
        settled = until(lambda: (now := figures()) == (time.sleep(0.2), figures())[1] and now, 'never settles')
        for body in ('raise Exception', 'import os; os._exit(1)', 'import os; os.close(3)', 'return 1',
                     'import time; time.sleep(5)'):
            function = factory.create(f'def handler(event, context):\n    {body}\n', Timeout=1)
            for _ in range(2):
                function.invoke()
        custom(factory, 'Api().call("POST", "init/error", b"{}")').invoke()
        custom(factory, 'keep = [Api() for _ in range(40)]\nserve()').invoke()
        factory.clean()
        seen = []
        until(lambda: seen.append(figures()) or seen[-1] == settled, f'not {settled}, but the last of {seen}')
    finally:
        daemon.close()
