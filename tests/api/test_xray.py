# SPDX-License-Identifier: Apache-2.0
"""X-Ray: which invocations are traced, what their functions see, and the segments that a daemon on UDP gets."""
import json
import re
import socket
import urllib.request

import pytest

from support.daemon import Daemon
from support.functions import PROVIDED, Factory
from support.waiting import health, until

SECONDS = 60  # a bound for tests that would hang
ACTIVE = {'TracingConfig': {'Mode': 'Active'}}
HEADER = b'{"format":"json","version":1}\n'
ROOT = '1-5f35ae12-0c0fec141ab77a00bc047aa2'
PARENT = '2be948a625588e32'
SAMPLED = f'Root={ROOT};Parent={PARENT};Sampled=1'
SEE = 'import os\ndef handler(event, context):\n    return os.environ.get("_X_AMZN_TRACE_ID")\n'


class Receiver:
    """Stands for the X-Ray daemon; holds every document to the rules that the real one has."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', 0))
        self.socket.settimeout(SECONDS)
        self.address = f'127.0.0.1:{self.socket.getsockname()[1]}'

    def close(self):
        self.socket.close()

    def segment(self):
        datagram = self.socket.recv(65536)
        assert datagram.startswith(HEADER) and len(datagram) <= 65507
        segment = json.loads(datagram[len(HEADER):])
        assert re.fullmatch(r'1-[0-9a-f]{8}-[0-9a-f]{24}', segment['trace_id'])
        assert 1 <= len(segment['name']) <= 200
        for part in [segment, *segment.get('subsegments', [])]:
            assert re.fullmatch('[0-9a-f]{16}', part['id'])
            assert isinstance(part['start_time'], float) and part['start_time'] <= part['end_time']
        return segment

    def pair(self):
        """Both segments of one invocation."""
        service, function = self.segment(), self.segment()
        assert (service['origin'], function['origin']) == ('AWS::Lambda', 'AWS::Lambda::Function')
        assert function['parent_id'] == service['id'] and function['trace_id'] == service['trace_id']
        assert service['start_time'] <= function['start_time'] and service['end_time'] == function['end_time']
        for segment in (service, function):
            assert segment['aws']['function_arn'] == segment['resource_arn']
        return service, function


@pytest.fixture(scope='module')
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope='module')
def daemon(program, daemon_uid, receiver):
    daemon = Daemon(program, daemon_uid)
    try:
        daemon.start('--xray-daemon', receiver.address)
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def client(daemon, connect):
    return connect(daemon.endpoint)


def invoke(function, trace=None, payload=None, **arguments):
    """With that X-Amzn-Trace-Id."""
    def put(request, **_):
        if trace:
            request.headers['X-Amzn-Trace-Id'] = trace
    events = function.client.meta.events
    events.register('before-send.lambda.Invoke', put)
    try:
        return function.invoke(payload, **arguments)
    finally:
        events.unregister('before-send.lambda.Invoke', put)


def parts(trace):
    return dict(part.split('=', 1) for part in trace.split(';'))


def names(segment):
    return [part['name'] for part in segment['subsegments']]


def xray_line(answer):
    return re.search(r'\t\n(XRAY TraceId: .*)\n$', answer.log)


def test_first_of_a_second(functions, receiver):
    """Nobody has decided: the service does, and says so to the caller, to the function, in the log and to X-Ray."""
    function = functions.create(SEE, **ACTIVE)
    answer = invoke(function, tail=True)
    service, segment = receiver.pair()
    seen = parts(answer.json)
    assert seen['Root'] == segment['trace_id'] and seen['Sampled'] == '1'
    assert seen['Parent'] == segment['id']
    assert answer.headers['x-amzn-trace-id'] == f'Root={segment["trace_id"]};Sampled=1'
    assert 'parent_id' not in service
    assert service['http'] == {'response': {'status': 200}} and 'fault' not in service
    assert segment['name'] == function.name and segment['resource_arn'] == function.arn
    assert segment['aws']['request_id'] == answer.request_id
    assert xray_line(answer)[1] == f'XRAY TraceId: {segment["trace_id"]}\tSegmentId: {segment["id"]}\tSampled: true\t'
    assert names(segment) == ['Initialization', 'Invocation', 'Overhead']
    init, invocation, overhead = segment['subsegments']
    assert invocation['end_time'] == overhead['start_time'] and overhead['end_time'] == segment['end_time']
    shown = float(re.search(r'Init Duration: ([0-9.]+) ms', answer.log)[1])
    assert abs((init['end_time'] - init['start_time']) * 1000 - shown) < 0.01
    shown = float(re.search(r'\tDuration: ([0-9.]+) ms', answer.log)[1])
    assert abs((segment['end_time'] - segment['start_time']) * 1000 - shown) < 0.01


def test_decision_of_the_caller(functions, receiver):
    """Sampled=1 is traced, and below the caller's segment; Sampled=0 is not."""
    function = functions.create(SEE, **ACTIVE)
    for _ in range(3):
        answer = invoke(function, SAMPLED.replace('Sampled=1', 'Sampled=0'), tail=True)
        assert parts(answer.json)['Parent'] == PARENT
        assert not xray_line(answer)
    answer = invoke(function, SAMPLED, tail=True)
    service, segment = receiver.pair()
    assert segment['aws']['request_id'] == answer.request_id
    assert service['trace_id'] == ROOT and service['parent_id'] == PARENT
    assert parts(answer.json)['Parent'] == segment['id'] and parts(answer.json)['Root'] == ROOT
    assert answer.headers['x-amzn-trace-id'] == f'Root={ROOT};Sampled=1'
    assert names(segment) == ['Invocation', 'Overhead']  # a warm one


def test_ids_that_nobody_could_find(functions, receiver):
    """What is no trace id of X-Ray's is passed on and not traced; a parent that is none is left out."""
    function = functions.create(SEE, **ACTIVE)
    assert parts(invoke(function, 'Root=mine;Parent=x;Sampled=1').json)['Root'] == 'mine'
    invoke(function, f'Root={ROOT};Parent=nobody;Sampled=1')
    service, _ = receiver.pair()
    assert service['trace_id'] == ROOT and 'parent_id' not in service


def test_pass_through(functions, receiver):
    """Such functions pass the header on, and are not traced."""
    silent = functions.create(SEE)
    loud = functions.create(SEE, **ACTIVE)
    answer = invoke(silent, SAMPLED, tail=True)
    assert parts(answer.json)['Parent'] == PARENT and parts(answer.json)['Sampled'] == '1'
    assert not xray_line(answer)
    assert parts(invoke(silent).json)['Sampled'] == '0'
    invoke(loud, SAMPLED)
    assert receiver.pair()[1]['name'] == loud.name


def test_errors(functions, receiver):
    function = functions.create('def handler(event, context):\n    raise KeyError(event)\n', **ACTIVE)
    assert invoke(function, SAMPLED, 'söme').error
    service, segment = receiver.pair()
    assert service['fault'] is True and segment['fault'] is True
    (exception,) = segment['cause']['exceptions']
    assert (exception['type'], exception['message']) == ('KeyError', "'söme'")
    assert re.fullmatch('[0-9a-f]{16}', exception['id'])
    assert exception['stack'][-1]['label'] == 'handler' and exception['stack'][-1]['line'] == 2
    assert segment['cause']['working_directory'] == '/var/task'


def test_deep_recursion(functions, receiver):
    """However much a runtime tells of an error, its segment fits into a datagram."""
    code = 'def again(n):\n    return again(n + 1)\ndef handler(event, context):\n    return again(0)\n'
    assert invoke(functions.create(code, **ACTIVE), SAMPLED).error
    segment = receiver.pair()[1]
    assert segment['fault'] is True


def test_time_limit(functions, receiver):
    function = functions.create('import time\ndef handler(event, context):\n    time.sleep(600)\n', Timeout=1, **ACTIVE)
    answer = invoke(function, SAMPLED, tail=True)
    assert answer.json['errorType'] == 'Sandbox.Timedout'
    service, segment = receiver.pair()
    assert service['fault'] is True and segment['fault'] is True
    assert names(segment) == ['Initialization', 'Invocation']
    assert abs(segment['end_time'] - segment['start_time'] - 1) < 0.001
    assert re.search(r'\nXRAY TraceId: .*\tSampled: true\tStatus: timeout\n$', answer.log)


CUSTOM = '''#!/usr/bin/python3
import json, os, urllib.request
API = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'
def post(path, body, **headers):
    headers = {name.replace('_', '-'): value for name, value in headers.items()}
    urllib.request.urlopen(urllib.request.Request(API + path, body, headers)).close()
while True:
    with urllib.request.urlopen(API + 'next') as answer:
        kind = json.load(answer)
        path = answer.headers['Lambda-Runtime-Aws-Request-Id'] + '/error'
    frames = [{'path': '/var/task/app.py', 'line': 1, 'label': 'again'}] * (14000 if kind == 'deep' else 1)
    cause = json.dumps({'exceptions': [{'type': kind, 'message': 'm', 'stack': frames}]})
    error = '{"errorMessage":"m","errorType":"T"'
    if kind in ('header', 'deep'):
        post(path, (error + '}').encode(), Lambda_Runtime_Function_XRay_Error_Cause=cause)
    elif kind == 'body':
        post(path, (error + ',"errorCause":' + cause + '}').encode(),
             Content_Type='application/vnd.aws.lambda.error.cause+json')
    else:
        post(path, b'nothing', Content_Type='application/vnd.aws.lambda.error.cause+json')
'''


def test_causes_over_the_runtime_api(functions, receiver):
    """In a header, even of nearly 1 MiB, or in the body, from which the caller does not get it."""
    function = functions.create({('bootstrap', 0o755): CUSTOM}, Runtime=PROVIDED, Handler='any', **ACTIVE)
    for kind in ('header', 'deep', 'body'):
        answer = invoke(function, SAMPLED, kind)
        assert answer.json == {'errorMessage': 'm', 'errorType': 'T'}
        assert receiver.pair()[1]['cause']['exceptions'][0]['type'] == kind
    assert invoke(function, SAMPLED, 'nonsense').json == 'Invalid error body'
    assert 'cause' not in receiver.pair()[1]


def test_throttle(functions, client, receiver):
    function = functions.create(SEE, **ACTIVE)
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        invoke(function, SAMPLED)
    segment = receiver.segment()
    assert (segment['origin'], segment['parent_id'], segment['name']) == ('AWS::Lambda', PARENT, function.name)
    assert segment['http'] == {'response': {'status': 429}}
    assert (segment['error'], segment['throttle']) == (True, True)


def test_asynchronous(functions, receiver):
    """Decided when the event is taken in."""
    function = functions.create(SEE, **ACTIVE)
    answer = invoke(function, payload={}, InvocationType='Event')
    _, segment = receiver.pair()
    assert segment['aws']['request_id'] == answer.request_id
    assert answer.headers['x-amzn-trace-id'] == f'Root={segment["trace_id"]};Sampled=1'


def test_function_url(functions, client, receiver, daemon):
    code = ('import os\ndef handler(event, context):\n'
            '    return [os.environ["_X_AMZN_TRACE_ID"], event["headers"]["x-amzn-trace-id"]]\n')
    function = functions.create(code, **ACTIVE)
    config = client.create_function_url_config(FunctionName=function.name, AuthType='NONE')
    client.add_permission(FunctionName=function.name, StatementId='public', Action='lambda:InvokeFunctionUrl',
                          Principal='*', FunctionUrlAuthType='NONE')
    host = config['FunctionUrl'].removeprefix('http://').rstrip('/')
    request = urllib.request.Request(daemon.endpoint + '/', headers={'Host': host})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        header, event = json.load(answer)
        told = answer.headers['X-Amzn-Trace-Id']
    _, segment = receiver.pair()
    assert parts(header)['Parent'] == segment['id'] and event == f'Root={segment["trace_id"]}'
    assert told == f'Root={segment["trace_id"]};Sampled=1'


def test_json_events(functions, receiver):
    """What is traced names the function's segment, and the way to it."""
    function = functions.create(SEE, LoggingConfig={'LogFormat': 'JSON'}, **ACTIVE)
    answer = invoke(function, SAMPLED, tail=True)
    service, segment = receiver.pair()
    events = {event['type']: event['record'] for event in map(json.loads, answer.log.splitlines())}
    for kind in ('platform.start', 'platform.report'):
        assert events[kind]['tracing'] == {
            'spanId': segment['id'], 'type': 'X-Amzn-Trace-Id',
            'value': f'Root={ROOT};Parent={service["id"]};Sampled=1'}


def test_sent_segments_are_counted(functions, receiver, daemon):
    before = health(daemon)
    invoke(functions.create(SEE, **ACTIVE), SAMPLED)
    receiver.pair()
    after = health(daemon)
    assert after['traceSegments'] == before['traceSegments'] + 2
    assert after['traceSegmentsDropped'] == before['traceSegmentsDropped'] == 0


def test_daemon_that_is_not_there(own_daemon, connect):
    """Nothing waits for it; what is lost is counted."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(('127.0.0.1', 0))
        address = f'127.0.0.1:{taken.getsockname()[1]}'
    own_daemon.start('--xray-daemon', address)
    function = Factory(connect(own_daemon.endpoint)).create(SEE, **ACTIVE)

    def lost():
        invoke(function, SAMPLED)
        return health(own_daemon)['traceSegmentsDropped']
    until(lost, 'no refusal was noticed')


@pytest.mark.parametrize('address', ['nowhere', 'host:', ':2000', 'host:0', 'host:65536', '127.0.0.1:x'])
def test_address_that_is_none(own_daemon, address):
    status, text = own_daemon.run_to_end('--xray-daemon', address)
    assert status != 0
    assert f"xray-daemon must be HOST:PORT, not '{address}'" in text
