# SPDX-License-Identifier: Apache-2.0
"""Invoke: answers, function errors, log lines with true figures, reuse of environments, concurrency."""
import base64
import concurrent.futures
import json
import platform
import re
import struct
import time

import pytest

from support.errors import ARN, constraint, invalid, refused
from support.extensions import log_of
from support.functions import NODE, PROVIDED, PYTHON
from support.http import Connection, exchange

ECHO = 'def handler(event, context):\n    return event\n'
UUID = r'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
REPORT = re.compile(
    r'REPORT RequestId: (?P<id>' + UUID + r')\tDuration: (?P<duration>\d+\.\d\d) ms\t'
    r'Billed Duration: (?P<billed>\d+) ms\tMemory Size: (?P<size>\d+) MB\tMax Memory Used: (?P<used>\d+) MB\t'
    r'(Init Duration: (?P<init>\d+\.\d\d) ms\t)?(?P<rest>[^\n]*)\n')


def report_of(answer):
    match = REPORT.search(answer.log)
    assert match, answer.log
    return match


# Plain answers

def test_answer(functions):
    function = functions.create(ECHO)
    answer = function.invoke({'key': [1, 2.5, 'ünï', None]})
    assert (answer.status, answer.error, answer.version) == (200, None, '$LATEST')
    assert answer.json == {'key': [1, 2.5, 'ünï', None]}
    assert answer.headers['content-type'] == 'application/json'
    assert re.fullmatch(UUID, answer.request_id)
    assert answer.headers['x-amzn-trace-id'].startswith('Root=1-')
    assert answer.log == ''


def test_nothing_returned(functions):
    assert functions.create('def handler(event, context):\n    pass\n').invoke().payload == b'null'


def test_empty_payload(functions):
    assert functions.create(ECHO).invoke(b'').json == {}


def test_payload_is_passed_unchanged(functions):
    """Not re-serialised on the way in: the function sees the very bytes."""
    function = functions.create({('bootstrap', 0o755): '''
        #!/bin/bash
        api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
        while true; do
            curl -sS -D /tmp/head "$api/next" -o /tmp/event
            id=$(grep -i '^lambda-runtime-aws-request-id:' /tmp/head | tr -d '[:space:]' | cut -d: -f2)
            curl -sS --data-binary @/tmp/event -o /dev/null "$api/$id/response"
        done
        '''.lstrip()}, Runtime=PROVIDED, Handler='any')
    for payload in (b' { "b" : 1.0,\t"a": 1e2, "a": "\\u00e4" } ', b'"\xc3\xa4"', b'12345678901234567890123', b'  null'):
        assert function.invoke(payload).payload == payload


def test_dry_run(functions, client):
    function = functions.create('def handler(event, context):\n    raise SystemExit(1)\n')
    answer = function.invoke(InvocationType='DryRun')
    assert (answer.status, answer.payload, answer.version) == (204, b'', None)
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:nope:$LATEST',
            client.invoke, FunctionName='nope', InvocationType='DryRun')


def test_invocation_type(functions, lax_client):
    function = functions.create(ECHO)
    with pytest.raises(lax_client.exceptions.ClientError) as caught:
        lax_client.invoke(FunctionName=function.name, InvocationType='Sometimes')
    text = caught.value.response['Error']['Message']
    assert text.startswith("1 validation error detected: Value 'Sometimes' at 'invocationType' failed to satisfy "
                           'constraint: Member must satisfy enum value set: [')


@pytest.mark.parametrize('payload', [b'{', b'{"a":}', b"{'a':1}", b'abc', b'\x99', b'{"a":1}}', b'[1,]', b'"\x01"',
                                     b'nul', b'01', b'"\xff"', b'"unfinished'])
def test_payload_that_is_not_json(functions, client, payload):
    function = functions.create(ECHO)
    with pytest.raises(client.exceptions.InvalidRequestContentException) as caught:
        function.invoke(payload)
    response = caught.value.response
    assert response['ResponseMetadata']['HTTPStatusCode'] == 400
    assert response['Error']['Message'].startswith(
        'Could not parse request body into json: Could not parse payload into json: ')


def test_largest_payload(functions, client):
    function = functions.create('def handler(event, context):\n    return len(event)\n', MemorySize=512)
    assert function.invoke(b'"' + b'a' * (6291456 - 2) + b'"').json == 6291454
    refused('RequestEntityTooLargeException',
            'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
            function.invoke, b'"' + b'a' * (6291456 - 1) + b'"')


def test_largest_response(functions):
    function = functions.create('def handler(event, context):\n    return "x" * event\n', MemorySize=512)
    assert len(function.invoke(6291556 - 2).payload) == 6291556
    answer = function.invoke(6291556 - 1)
    assert answer.error == 'Unhandled'
    assert answer.json == {
        'errorType': 'Function.ResponseSizeTooLarge',
        'errorMessage': 'Response payload size exceeded maximum allowed payload size (6291556 bytes).'}
    assert function.invoke(3).json == 'xxx'


def test_context(functions):
    function = functions.create('''
        def handler(event, context):
            return {name: getattr(context, name) for name in (
                "aws_request_id", "function_name", "function_version", "invoked_function_arn", "memory_limit_in_mb",
                "log_group_name", "log_stream_name", "client_context", "tenant_id",
            )} | {"left": context.get_remaining_time_in_millis()}
        ''', MemorySize=192, Timeout=20)
    answer = function.invoke()
    context = answer.json
    assert 15000 < context.pop('left') <= 20000
    assert re.fullmatch(r'\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}', context.pop('log_stream_name'))
    assert context == {
        'aws_request_id': answer.request_id, 'function_name': function.name, 'function_version': '$LATEST',
        'invoked_function_arn': function.arn, 'memory_limit_in_mb': '192',
        'log_group_name': f'/aws/lambda/{function.name}', 'client_context': None, 'tenant_id': None}


def test_client_context(functions, daemon):
    function = functions.create('def handler(event, context):\n    return context.client_context.custom\n')
    text = base64.b64encode(json.dumps({'custom': {'a': 'b'}}).encode()).decode()
    assert function.invoke(ClientContext=text).json == {'a': 'b'}

    def of_size(count):
        return base64.b64encode(json.dumps({'custom': {'a': 'x' * count}}).encode()).decode()
    longest = 3583 // 4 * 3 - len('{"custom": {"a": ""}}')
    assert function.invoke(ClientContext=of_size(longest)).json == {'a': 'x' * longest}
    for bad in ('!!', base64.b64encode(b'no json').decode(), of_size(longest + 1)):
        refusal = exchange(daemon, Connection.request(
            'POST', f'/2015-03-31/functions/{function.name}/invocations', b'{}', f'X-Amz-Client-Context: {bad}'))
        assert (refusal.status, refusal.headers['x-amzn-errortype']) == (400, 'InvalidRequestContentException')
        assert json.loads(refusal.body) == {
            'Type': None, 'message': 'Client context must be a valid Base64-encoded JSON object.'}


def test_request_id_of_the_client(functions, daemon):
    """It may be there, and is not the request's; it must be an id."""
    function = functions.create('def handler(event, context):\n    return context.aws_request_id\n')

    def invoke(given):
        return exchange(daemon, Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'{}',
                                                   f'x-amzn-RequestId: {given}'))
    given = '0a1b2c3d-0000-4000-8000-000000000001'
    answer = invoke(given)
    assert answer.status == 200
    assert answer.headers['x-amzn-requestid'] == json.loads(answer.body) != given
    refusal = invoke('nonsense')
    assert (refusal.status, refusal.headers['x-amzn-errortype']) == (400, 'InvalidRequestContentException')


def test_environment_variables(functions):
    function = functions.create('import os\ndef handler(event, context):\n    return dict(os.environ)\n',
                                Environment={'Variables': {'MINE': 'ünï $HOME', 'TZ': 'Europe/Berlin'}})
    env = function.invoke().json
    expected = {
        'MINE': 'ünï $HOME', 'TZ': 'Europe/Berlin', 'AWS_REGION': 'us-east-1', 'AWS_DEFAULT_REGION': 'us-east-1',
        'AWS_LAMBDA_FUNCTION_NAME': function.name, 'AWS_LAMBDA_FUNCTION_VERSION': '$LATEST',
        'AWS_LAMBDA_FUNCTION_MEMORY_SIZE': '128', '_HANDLER': 'app.handler', 'LAMBDA_TASK_ROOT': '/var/task',
        'LAMBDA_RUNTIME_DIR': '/var/runtime', 'PWD': '/var/task', 'SHLVL': '0', 'AWS_EXECUTION_ENV': f'AWS_Lambda_{PYTHON}',
        'AWS_LAMBDA_INITIALIZATION_TYPE': 'on-demand', 'LANG': 'en_US.UTF-8',
        'AWS_LAMBDA_LOG_GROUP_NAME': f'/aws/lambda/{function.name}'}
    assert {key: env.get(key) for key in expected} == expected
    for key in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_LAMBDA_LOG_STREAM_NAME'):
        assert env.get(key), key
    assert not [key for key in env if key.startswith(('LAMBD_', 'ASAN_', 'UBSAN_'))]


def test_the_daemons_own_api_from_inside(functions):
    """AWS_ENDPOINT_URL leads to this daemon, and whatever key a call carries, it acts as the function's account."""
    function = functions.create('''
        import json, os, urllib.request
        def handler(event, context):
            request = urllib.request.Request(
                os.environ["AWS_ENDPOINT_URL"] + "/2015-03-31/functions/" + context.function_name + "/configuration",
                headers={"Authorization": "AWS4-HMAC-SHA256 Credential=123456789012/20250101/us-east-1/lambda/"
                                          "aws4_request, SignedHeaders=host, Signature=0"})
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["FunctionArn"]
        ''')
    assert function.invoke().json == function.arn


def test_no_network(start):
    """Only the loopback interface of its own: not the host's, and nothing beyond."""
    function = start('--network', 'none').create('''
        import socket
        def reach(address):
            try:
                socket.create_connection(address, 2).close()
                return "reached"
            except OSError as error:
                return type(error).__name__
        def handler(event, context):
            return [sorted(name for _, name in socket.if_nameindex()), reach(("127.0.0.1", event)), reach(("192.0.2.1", 80))]
        ''')
    port = int(function.client.meta.endpoint_url.rsplit(':', 1)[1])
    interfaces, own_loopback, outside = function.invoke(port).json
    assert interfaces == ['lo']
    assert own_loopback == 'ConnectionRefusedError'
    assert outside == 'OSError'


# Errors of the function

def test_handler_exception(functions):
    function = functions.create('''
        def handler(event, context):
            raise ValueError("no good")
        ''')
    answer = function.invoke()
    assert (answer.status, answer.error, answer.version) == (200, 'Unhandled', '$LATEST')
    error = answer.json
    assert (error['errorMessage'], error['errorType']) == ('no good', 'ValueError')
    assert error['requestId'] == answer.request_id
    assert error['stackTrace'] == ['  File "/var/task/app.py", line 3, in handler\n    raise ValueError("no good")\n']


def test_handler_exception_keeps_the_process(functions):
    function = functions.create('''
        count = 0
        def handler(event, context):
            global count
            count += 1
            if event == "fail":
                raise Exception(count)
            return count
        ''')
    assert function.invoke().json == 1
    assert function.invoke('fail').error == 'Unhandled'
    assert function.invoke().json == 3


@pytest.mark.parametrize('code, handler, error_type, message', [
    ({'other.py': ''}, 'app.handler', 'Runtime.ImportModuleError', "Unable to import module 'app': No module named 'app'"),
    ({'app.py': ''}, 'app.handler', 'Runtime.HandlerNotFound', "Handler 'handler' missing on module 'app'"),
    ({'app.py': ''}, 'app', 'Runtime.MalformedHandlerName',
     "Bad handler 'app': not enough values to unpack (expected 2, got 1)"),
    ({'app.py': 'def handler(:\n'}, 'app.handler', 'Runtime.UserCodeSyntaxError', None),
    ({'app.py': 'raise Exception("startup fails")'}, 'app.handler', 'Exception', 'startup fails'),
])
def test_init_errors(functions, code, handler, error_type, message):
    answer = functions.create(code, Handler=handler).invoke()
    assert answer.error == 'Unhandled'
    assert answer.json['errorType'] == error_type
    assert answer.json['requestId'] == ''
    if message:
        assert answer.json['errorMessage'] == message


def test_result_that_is_not_json(functions):
    answer = functions.create('def handler(event, context):\n    return {1, 2}\n').invoke()
    assert (answer.error, answer.json['errorType']) == ('Unhandled', 'Runtime.MarshalError')
    assert answer.json['errorMessage'] == 'Unable to marshal response: Object of type set is not JSON serializable'


def test_timeout(functions):
    function = functions.create('''
        import time
        count = 0
        def handler(event, context):
            global count
            count += 1
            if event == "write":
                open("/tmp/kept", "w").write("kept")
                time.sleep(60)
            return [count, open("/tmp/kept").read()]
        ''', Timeout=3)
    started = time.monotonic()
    answer = function.invoke('write', tail=True)
    took = time.monotonic() - started
    assert (answer.status, answer.error) == (200, 'Unhandled')
    assert answer.json == {
        'errorType': 'Sandbox.Timedout',
        'errorMessage': f'RequestId: {answer.request_id} Error: Task timed out after 3.00 seconds'}
    assert 3.0 <= took
    report = report_of(answer)
    assert report['rest'] == 'Status: timeout'
    assert 3000.0 <= float(report['duration']) < 3100
    # The process is new, /tmp is not: the environment was reset, as on AWS.
    assert function.invoke().json == [1, 'kept']


@pytest.mark.parametrize('statement, reason', [
    ('os._exit(0)', 'Runtime exited without providing a reason'),
    ('os._exit(3)', 'Runtime exited with error: exit status 3'),
    ('os.kill(os.getpid(), 9)', 'Runtime exited with error: signal: killed'),
    ('os.kill(os.getpid(), 11)', 'Runtime exited with error: signal: segmentation fault'),
])
@pytest.mark.parametrize('where', ['handler', 'init'])
def test_exits(functions, where, statement, reason):
    if where == 'init':
        function = functions.create(f'import os\n{statement}\ndef handler(event, context):\n    pass\n')
    else:
        function = functions.create(f'import os\ndef handler(event, context):\n    {statement}\n')
    answer = function.invoke(tail=True)
    assert answer.error == 'Unhandled'
    assert answer.json['errorType'] == 'Runtime.ExitError'
    assert answer.json['errorMessage'].split(' (core dumped)')[0] == f'RequestId: {answer.request_id} Error: {reason}'
    assert report_of(answer)['rest'] == 'Status: error\tError Type: Runtime.ExitError'


@pytest.mark.parametrize('path, status', [('/opt/nothing', 127), ('/var/task/app.py', 126)])
def test_wrapper_that_cannot_be_started(functions, path, status):
    """It is not there, or no program."""
    answer = functions.create('def handler(event, context):\n    pass\n',
                              Environment={'Variables': {'AWS_LAMBDA_EXEC_WRAPPER': path}}).invoke()
    assert answer.json == {
        'errorType': 'Runtime.ExitError',
        'errorMessage': f'RequestId: {answer.request_id} Error: Runtime exited with error: exit status {status}'}


def test_init_after_an_exit_is_not_told(functions, daemon):
    """It is a part of the next invocation, in the same environment."""
    function = functions.create('import os\ndef handler(event, context):\n    os._exit(1) if event else None\n')
    assert report_of(function.invoke(1, tail=True))['init']
    answer = function.invoke(0, tail=True)
    assert report_of(answer)['init'] is None
    daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    events = daemon.log_events(function.name)
    assert sum(text.startswith('INIT_') for _, _, text in events) == 1
    assert len({stream for _, stream, _ in events}) == 1


def test_works_again_after_an_exit(functions):
    function = functions.create('import os\ndef handler(event, context):\n    os._exit(1) if event else None\n')
    for _ in range(3):
        assert function.invoke(1).error == 'Unhandled'
        assert function.invoke(0).payload == b'null'


def test_out_of_memory(functions, daemon):
    if daemon.doctor()['cgroup-memory'] != 'ok':
        return  # this user's sandboxes have no memory limit; that this is said is a test of its own
    function = functions.create('''
        def handler(event, context):
            return len(bytearray(event * 1000000)[::4096])
        ''', MemorySize=128)
    assert function.invoke(10).error is None
    answer = function.invoke(400, tail=True)
    assert answer.error == 'Unhandled'
    assert answer.json['errorType'] in ('Runtime.ExitError', 'Runtime.OutOfMemory')
    assert answer.json['errorMessage'] == (
        f'RequestId: {answer.request_id} Error: Runtime exited with error: signal: killed')
    report = report_of(answer)
    assert report['used'] == '128'
    assert function.invoke(10).error is None


@pytest.mark.parametrize('code', [{'readme': 'no bootstrap'}, {('bootstrap', 0o644): '#!/bin/sh\n'}])
def test_no_bootstrap(functions, daemon, code):
    function = functions.create(code, Runtime=PROVIDED, Handler='any')
    answer = function.invoke()
    assert answer.error == 'Unhandled'
    assert answer.json == {
        'errorType': 'Runtime.InvalidEntrypoint',
        'errorMessage': f"RequestId: {answer.request_id} Error: Couldn't find valid bootstrap(s): "
                        '[/var/task/bootstrap /opt/bootstrap]'}
    # The init is tried twice: ahead of the invocation, and as a part of it.
    daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    lines = [text for _, _, text in daemon.log_events(function.name)]
    status = 'Status: error\tError Type: Runtime.InvalidEntrypoint'
    for line, (begin, end) in zip(lines, [
            ('INIT_START ', ''), ('INIT_REPORT Init Duration: ', f' ms\tPhase: init\t{status}'),
            ('INIT_REPORT Init Duration: ', f' ms\tPhase: invoke\t{status}'), ('START ', ''), ('END ', ''),
            ('REPORT ', status)], strict=True):
        assert line.startswith(begin) and line.endswith(end), lines


def elf(machine):
    """The least that is a program of a machine; the kernel looks no further when it is another's."""
    ident = b'\x7fELF' + bytes([2, 1, 1]) + bytes(9)
    return ident + struct.pack('<HHIQQQIHHHHHH', 2, machine, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0) + bytes(56)


def test_native_program_of_another_architecture(functions, daemon):
    host = {'x86_64': 'x86_64', 'aarch64': 'arm64'}[platform.machine()]
    other, machine = ('arm64', 183) if host == 'x86_64' else ('x86_64', 62)
    function = functions.create({('bootstrap', 0o755): elf(machine)}, Runtime=PROVIDED, Handler='any',
                                Architectures=[other])
    answer = function.invoke()
    reason = f'fork/exec bootstrap: exec format error (a program for {other}; this host is {host})'
    assert answer.error == 'Unhandled'
    assert answer.json == {'errorType': 'Runtime.InvalidEntrypoint',
                           'errorMessage': f'RequestId: {answer.request_id} Error: {reason}'}
    assert reason in log_of(daemon, function, 'REPORT RequestId')


def test_bootstrap_that_is_no_program(functions):
    function = functions.create({('bootstrap', 0o755): 'echo without a first line\n'}, Runtime=PROVIDED, Handler='any')
    answer = function.invoke()
    assert answer.json == {'errorType': 'Runtime.InvalidEntrypoint', 'errorMessage':
                           f'RequestId: {answer.request_id} Error: fork/exec bootstrap: exec format error '
                           '(neither a program nor a script)'}


def test_interpreted_function_of_another_architecture(functions, daemon):
    """It runs on the host's, and the log says so; one of the host's own gets no such remark."""
    host, other = ('x86_64', 'arm64') if platform.machine() == 'x86_64' else ('arm64', 'x86_64')
    for architecture, is_told in ((other, True), (host, False)):
        function = functions.create('def handler(event, context):\n    return event\n', Architectures=[architecture])
        assert function.invoke(1).json == 1
        line, = [line for line in log_of(daemon, function, 'REPORT').splitlines() if line.startswith('INIT_START')]
        assert (f' (on the host\'s {host})' in line) is is_told
        assert function.configuration()['Architectures'] == [architecture]


# Logs

def test_tail(functions):
    function = functions.create('''
        import sys
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            return 1
        ''')
    answer = function.invoke(tail=True)
    lines = answer.log.splitlines(keepends=True)
    start = lines.index(f'START RequestId: {answer.request_id} Version: $LATEST\n')
    assert sorted(lines[start + 1:-2]) == ['to stderr\n', 'to stdout\n']
    assert lines[-2] == f'END RequestId: {answer.request_id}\n'
    assert lines[-1].startswith(f'REPORT RequestId: {answer.request_id}\t')
    warm = function.invoke(tail=True).log.splitlines(keepends=True)
    assert warm[0].startswith('START ')


def test_tail_is_the_last_4_kb(functions):
    function = functions.create('def handler(event, context):\n    for i in range(2000): print("line", i)\n')
    raw = function.client.invoke(FunctionName=function.name, LogType='Tail')['LogResult']
    log = base64.b64decode(raw)
    assert 3900 < len(log) <= 4096
    assert b'line 1999\n' in log
    assert b'\nREPORT RequestId: ' in log


def test_report_is_true(functions):
    function = functions.create('''
        import time
        time.sleep(0.3)
        def handler(event, context):
            block = bytearray(event["mb"] * 1000000)
            block[::4096] = b"x" * len(block[::4096])
            time.sleep(0.2)
        ''', MemorySize=256)
    cold = report_of(function.invoke({'mb': 1}, tail=True))
    assert cold['size'] == '256'
    assert 200 <= float(cold['duration']) < 1500
    assert 300 <= float(cold['init']) < 8000
    total = float(cold['duration']) + float(cold['init'])
    assert int(cold['billed']) in (int(total) + (total > int(total)), round(total))
    warm = report_of(function.invoke({'mb': 100}, tail=True))
    assert warm['init'] is None
    assert 200 <= float(warm['duration']) < 1500
    assert int(warm['billed']) == -(-float(warm['duration']) // 1)
    assert int(warm['used']) >= int(cold['used']) + 80
    assert int(warm['used']) <= 256
    later = report_of(function.invoke({'mb': 1}, tail=True))
    assert int(later['used']) >= int(warm['used'])  # the peak of the environment's life


@pytest.mark.parametrize('runtime, handler, code, binary', [
    ('python3.9', 'app.handler', {'app.py': 'def handler(event, context):\n    pass\n'}, 'python3'),
    ('nodejs24.x', 'app.handler', {'app.js': 'exports.handler = async () => null;'}, 'node'),
])
def test_other_version_than_the_host_has(functions, daemon, runtime, handler, code, binary):
    """The identifier is kept as asked; the INIT_START line says what really runs it."""
    function = functions.create(code, Runtime=runtime, Handler=handler)
    assert function.configuration()['Runtime'] == runtime
    answer = function.invoke(tail=True)
    assert answer.log.startswith('START RequestId')  # a tail begins there, even that of a cold start
    daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    line = daemon.log_events(function.name)[0][2]
    assert line.startswith(f'INIT_START Runtime Version: {runtime.removesuffix(".x").replace("python", "python:").replace("nodejs", "nodejs:")}')
    assert f"run by the host's /usr/bin/{binary}" in line


def test_init_start_line_is_in_the_log(functions, daemon):
    """INIT_START names the runtime; it stands in the function's log file, before the first START."""
    function = functions.create('print("in init")\ndef handler(event, context):\n    print("in handler")\n')
    answer = function.invoke(tail=True)
    text = daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    lines = [line for line in text.splitlines()]
    init = next(i for i, line in enumerate(lines) if 'INIT_START Runtime Version: ' in line)
    start = next(i for i, line in enumerate(lines) if f'START RequestId: {answer.request_id}' in line)
    printed = next(i for i, line in enumerate(lines) if 'in init' in line)
    assert init < printed < start


# Environments

def test_reuse(functions):
    function = functions.create('''
        import os
        count = 0
        def handler(event, context):
            global count
            count += 1
            return [count, os.getpid(), context.log_stream_name]
        ''')
    answers = [function.invoke().json for _ in range(5)]
    assert [a[0] for a in answers] == [1, 2, 3, 4, 5]
    assert len({tuple(a[1:]) for a in answers}) == 1


def test_one_invocation_at_a_time(functions):
    """Overlapping invocations never share an environment; later ones reuse what there is."""
    function = functions.create('''
        import time
        busy = False
        def handler(event, context):
            global busy
            assert not busy
            busy = True
            time.sleep(0.2)
            busy = False
            return context.log_stream_name
        ''')
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        first = [f.json for f in pool.map(lambda _: function.invoke(), range(8))]
        second = [f.json for f in pool.map(lambda _: function.invoke(), range(8))]
    assert all(isinstance(name, str) for name in first + second)
    assert len(set(first + second)) <= 16
    assert len(set(first) & set(second)) >= 1


def test_environments_do_not_cross_functions(functions):
    code = 'import os\nopen("/tmp/%s", "w")\ndef handler(event, context):\n    return os.listdir("/tmp")\n'
    one, two = functions.create(code % 'one'), functions.create(code % 'two')
    assert one.invoke().json == ['one']
    assert two.invoke().json == ['two']


def test_update_gives_a_new_environment(functions, client):
    function = functions.create('import os\ncount = 0\ndef handler(event, context):\n'
                                '    global count\n    count += 1\n    return [count, os.environ.get("AB")]\n')
    assert function.invoke().json == [1, None]
    assert function.invoke().json == [2, None]
    client.update_function_configuration(FunctionName=function.name, Environment={'Variables': {'AB': 'x'}})
    function.wait_updated()
    assert function.invoke().json == [1, 'x']


@pytest.mark.timeout(300)
def test_200_at_once_on_a_new_function(functions):
    function = functions.create('def handler(event, context):\n    return event["n"]\n', Timeout=60)
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(lambda n: function.invoke({'n': n}), range(200)))
    assert [a.error for a in answers] == [None] * 200, next(a for a in answers if a.error)
    assert [a.json for a in answers] == list(range(200))
    assert len({a.request_id for a in answers}) == 200


def test_many_functions_at_once(functions):
    made = [functions.create(f'def handler(event, context):\n    return {i}\n') for i in range(10)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda i: made[i % 10].invoke().json, range(100)))
    assert results == [i % 10 for i in range(100)]


def test_client_that_disconnects(functions, daemon):
    """The function goes on, and its environment serves the next caller."""
    function = functions.create('''
        import os, time
        def handler(event, context):
            if event == "first":
                print("caller may go", flush=True)
                time.sleep(0.5)
                open("/tmp/finished", "w")
            return os.listdir("/tmp")
        ''')
    connection = Connection(daemon)
    connection.send(Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'"first"'))
    text = daemon.wait_for_log('caller may go')
    connection.close()
    request_id = re.findall(r'START RequestId: (\S+)', text)[-1]
    daemon.wait_for_log(f'REPORT RequestId: {request_id}')
    assert function.invoke().json == ['finished']


def test_background_thread_is_frozen_between_invocations(functions):
    """Between invocations nothing runs: a counter in a thread stands still."""
    function = functions.create('''
        import threading, time
        ticks = 0
        def tick():
            global ticks
            while True:
                ticks += 1
                time.sleep(0.01)
        threading.Thread(target=tick, daemon=True).start()
        def handler(event, context):
            time.sleep(event)
            return [ticks, time.monotonic()]
        ''')
    function.invoke(0.1)
    before, then = function.invoke(0).json
    time.sleep(1)  # not to wait for something: time has to pass while the environment is idle
    after, now = function.invoke(0).json
    assert now - then > 0.9
    assert after - before < 60, 'the thread went on while the environment was idle'


# Node.js and custom runtimes; their clients have a suite of their own

def test_node(functions):
    function = functions.create({'index.js': '''
        let count = 0;
        exports.handler = async (event, context) => {
          console.log('printed');
          return { event, count: ++count, id: context.awsRequestId };
        };
        '''}, Runtime=NODE, Handler='index.handler')
    first = function.invoke({'a': 1}, tail=True)
    assert first.json == {'event': {'a': 1}, 'count': 1, 'id': first.request_id}
    assert re.search(rf'\d{{4}}-\d\d-\d\dT[\d:.]+Z\t{first.request_id}\tINFO\tprinted\n', first.log)
    assert function.invoke({}).json['count'] == 2


def test_node_errors(functions):
    function = functions.create({'index.mjs': '''
        export const handler = async (event) => {
          if (event === 'exit') process.exit(4);
          throw new TypeError('bad type');
        };
        '''}, Runtime=NODE, Handler='index.handler')
    answer = function.invoke()
    assert (answer.error, answer.json['errorType'], answer.json['errorMessage']) == (
        'Unhandled', 'TypeError', 'bad type')
    assert answer.json['trace'][0] == 'TypeError: bad type'
    answer = function.invoke('exit')
    assert answer.json == {'errorType': 'Runtime.ExitError',
                           'errorMessage': f'RequestId: {answer.request_id} Error: Runtime exited with error: '
                                           'exit status 4'}


BASH = '''
#!/bin/bash
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
%s
while true; do
    event=$(curl -sS -D /tmp/head "$api/invocation/next")
    id=$(grep -i '^lambda-runtime-aws-request-id:' /tmp/head | tr -d '[:space:]' | cut -d: -f2)
    %s
done
'''.lstrip()


def test_custom_runtime_error(functions):
    function = functions.create({('bootstrap', 0o755): BASH % ('', '''
        curl -sS -o /dev/null -H "Lambda-Runtime-Function-Error-Type: My.Error" \\
            -d '{"errorType":"My.Error","errorMessage":"own words"}' "$api/invocation/$id/error"
        ''')}, Runtime=PROVIDED, Handler='any')
    answer = function.invoke()
    assert (answer.error, answer.json) == ('Unhandled', {'errorType': 'My.Error', 'errorMessage': 'own words'})


def test_custom_runtime_init_error(functions):
    function = functions.create({('bootstrap', 0o755): BASH % ('''
        curl -sS -o /dev/null -H "Lambda-Runtime-Function-Error-Type: Runtime.Unknown" \\
            -d '{"errorType":"Init.Error","errorMessage":"cannot start"}' "$api/init/error"
        exit 1''', '')}, Runtime=PROVIDED, Handler='any')
    answer = function.invoke()
    assert answer.error == 'Unhandled'
    assert answer.json == {'errorType': 'Init.Error', 'errorMessage': 'cannot start'}


def test_custom_runtime_headers(functions):
    function = functions.create({('bootstrap', 0o755): BASH % ('', '''
        curl -sS -o /dev/null --data-binary @<(python3 -c '
import json
print(json.dumps(dict(line.strip().lower().split(": ", 1) for line in open("/tmp/head") if ": " in line)))
') "$api/invocation/$id/response"
        ''')}, Runtime=PROVIDED, Handler='any', Timeout=7)
    answer = function.invoke()
    headers = answer.json
    assert headers['lambda-runtime-aws-request-id'] == answer.request_id
    assert headers['lambda-runtime-invoked-function-arn'] == function.arn
    assert headers['lambda-runtime-trace-id'].startswith('root=1-')
    left = int(headers['lambda-runtime-deadline-ms']) / 1000 - time.time()
    assert -1 < left <= 7


def test_log_type_enum(functions, lax_client):
    function = functions.create(ECHO)
    invalid(constraint('Head', 'logType', 'satisfy enum value set: [None, Tail]'),
            lax_client.invoke, FunctionName=function.name, LogType='Head')
