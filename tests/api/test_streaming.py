# SPDX-License-Identifier: Apache-2.0
"""InvokeWithResponseStream: pieces reach the client as they are made, and a slow client slows the function down."""
import base64
import json
import re
import time

import pytest

from support.functions import NODE, PROVIDED, Factory
from support.http import Connection
from support.waiting import until

NODE_STREAM = '''
const { setTimeout: later } = require('timers/promises');
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
%s
});
'''

# A custom runtime that answers in pieces, with what the event says: pieces, then trailers.
PYTHON_RUNTIME = '''#!/usr/bin/python3
import base64, json, os, socket, sys
host, port = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')
connection = socket.create_connection((host, int(port)))
reader = connection.makefile('rb')

def send(head, *body):
    connection.sendall(b'\\r\\n'.join([*(h.encode() for h in head), b'Host: x', b'', b'']) + b''.join(body))

def answer():
    status = int(reader.readline().split()[1])
    headers = {}
    while (line := reader.readline().strip()):
        name, value = line.decode().split(':', 1)
        headers[name.lower()] = value.strip()
    return status, headers, reader.read(int(headers.get('content-length', 0)))

def chunk(data):
    return b'%x\\r\\n%s\\r\\n' % (len(data), data)

while True:
    send(['GET /2018-06-01/runtime/invocation/next HTTP/1.1'])
    _, headers, body = answer()
    event = json.loads(body)
    id = headers['lambda-runtime-aws-request-id']
    trailers = event.get('trailers', {})
    send([f'POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1', 'Transfer-Encoding: chunked',
          'Lambda-Runtime-Function-Response-Mode: streaming', 'Content-Type: text/plain',
          *(['Trailer: ' + ', '.join(trailers)] if trailers else [])])
    for piece in event['pieces']:
        connection.sendall(chunk(piece.encode()))
    for _ in range(event.get('megabytes', 0)):
        connection.sendall(chunk(b'x' * 1048576))
    if event.get('exit'):
        sys.exit(7)
    connection.sendall(b'0\\r\\n' + ''.join(f'{k}: {v}\\r\\n' for k, v in trailers.items()).encode() + b'\\r\\n')
    print('answered', answer()[0], event.get('mark'), flush=True)
'''


def events(response):
    """([chunks], InvokeComplete)"""
    chunks, complete = [], None
    for event in response['EventStream']:
        assert complete is None, 'something after InvokeComplete'
        if 'PayloadChunk' in event:
            chunks.append(event['PayloadChunk']['Payload'])
        else:
            complete = event['InvokeComplete']
    return chunks, complete


def stream(function, event=None, **arguments):
    return function.client.invoke_with_response_stream(
        FunctionName=function.name, Payload=json.dumps(event).encode(), **arguments)


@pytest.fixture
def node(functions):
    return lambda body, **arguments: functions.create({'index.js': NODE_STREAM % body}, Runtime=NODE,
                                                      Handler='index.handler', **arguments)


@pytest.fixture
def custom(functions):
    return lambda **arguments: functions.create({('bootstrap', 0o755): PYTHON_RUNTIME}, Runtime=PROVIDED, Handler='any',
                                                **arguments)


def test_pieces_come_before_the_end(node, functions):
    """The handler goes on when its client has seen the first piece and says so: were it collected, both would wait."""
    function = node('''
  stream.write('first');
  const tags = process.env.AWS_ENDPOINT_URL + '/2017-03-31/tags/' + encodeURIComponent(context.invokedFunctionArn);
  while (!(await (await fetch(tags)).json()).Tags.seen) await later(10);
  stream.end('late');''', Timeout=60)
    response = stream(function)
    assert response['StatusCode'] == 200
    assert response['ExecutedVersion'] == '$LATEST'
    assert response['ResponseStreamContentType'] == 'application/vnd.amazon.eventstream'
    source = iter(response['EventStream'])
    assert next(source)['PayloadChunk']['Payload'] == b'first'
    function.client.tag_resource(Resource=function.arn, Tags={'seen': 'yes'})
    assert next(source)['PayloadChunk']['Payload'] == b'late'
    assert next(source)['InvokeComplete'] == {}


def test_tail(node):
    function = node('console.log("in the log"); stream.end("x");')
    chunks, complete = events(stream(function, LogType='Tail'))
    assert b''.join(chunks) == b'x'
    tail = base64.b64decode(complete['LogResult']).decode()
    assert 'in the log' in tail and '\nREPORT RequestId: ' in tail


def test_buffered_function_is_one_chunk(functions):
    function = functions.create('def handler(event, context):\n    return event\n')
    assert events(stream(function, {'a': 1})) == ([b'{"a": 1}'], {})


def test_dry_run(functions):
    function = functions.create('def handler(event, context):\n    return event\n')
    assert stream(function, {}, InvocationType='DryRun')['StatusCode'] == 204


def test_missing_function(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke_with_response_stream(FunctionName='nothing-here')


def test_error_before_the_first_piece(functions):
    function = functions.create('def handler(event, context):\n    raise ValueError("no")\n')
    chunks, complete = events(stream(function, {}))
    assert chunks == []
    assert complete['ErrorCode'] == 'Unhandled'
    assert json.loads(complete['ErrorDetails'])['errorMessage'] == 'no'


def test_large_errors_are_not_looked_into(functions):
    """Its type is not worth the time that it takes to read megabytes of JSON."""
    function = functions.create('def handler(event, context):\n'
                                '    raise type("Runtime.Own", (Exception,), {})("x" * event)\n')
    assert events(stream(function, 10))[1]['ErrorCode'] == 'Runtime.Own'
    complete = events(stream(function, 300000))[1]
    assert complete['ErrorCode'] == 'Unhandled'
    assert json.loads(complete['ErrorDetails'])['errorType'] == 'Runtime.Own'


def test_error_in_the_middle(node):
    function = node('stream.write("some"); await later(1); throw new RangeError("broken off");')
    chunks, complete = events(stream(function, {}))
    assert b''.join(chunks) == b'some'
    assert complete['ErrorCode'] == 'Unhandled'
    assert json.loads(complete['ErrorDetails'])['errorType'] == 'RangeError'


def test_time_out_in_the_middle(node):
    function = node('stream.write("some"); await later(600000);', Timeout=3)
    chunks, complete = events(stream(function, {}))
    assert b''.join(chunks) == b'some'
    assert complete['ErrorCode'] == 'Sandbox.Timedout'
    assert 'Task timed out after 3.00 seconds' in complete['ErrorDetails']
    # The environment is set up again.
    assert events(stream(function, {}))[1]['ErrorCode'] == 'Sandbox.Timedout'


def test_custom_runtime(custom):
    function = custom()
    chunks, complete = events(stream(function, {'pieces': ['a', 'b', 'c']}))
    assert (b''.join(chunks), complete) == (b'abc', {})
    # To an Invoke the pieces are one payload.
    assert function.invoke({'pieces': ['a', 'b', 'c']}).payload == b'abc'


def test_custom_runtime_error_in_trailers(custom):
    function = custom()
    error = json.dumps({'errorType': 'Custom', 'errorMessage': 'half way'}).encode()
    event = {'pieces': ['begun'], 'trailers': {
        'Lambda-Runtime-Function-Error-Type': 'Custom',
        'Lambda-Runtime-Function-Error-Body': base64.b64encode(error).decode()}}
    chunks, complete = events(stream(function, event))
    assert (b''.join(chunks), complete) == (b'begun', {'ErrorCode': 'Unhandled', 'ErrorDetails': error.decode()})
    answer = function.invoke(event)
    assert (answer.error, answer.payload) == ('Unhandled', error)


def test_custom_runtime_exits_in_the_middle(custom):
    function = custom()
    chunks, complete = events(stream(function, {'pieces': ['begun'], 'exit': True}))
    assert b''.join(chunks) == b'begun'
    assert complete['ErrorCode'] in ('Runtime.ExitError', 'Runtime.TruncatedResponse')
    assert events(stream(function, {'pieces': ['again']}))[0] == [b'again']


def test_more_than_an_invoke_may_answer(custom):
    function = custom(Timeout=60)
    chunks, complete = events(stream(function, {'pieces': [], 'megabytes': 20}))
    assert (sum(map(len, chunks)), complete) == (20 * 1048576, {})
    assert function.invoke({'pieces': [], 'megabytes': 7}).json['errorType'] == 'Function.ResponseSizeTooLarge'


def test_pace(own_daemon, connect):
    """The first 6 MB come at once, the rest at a rate, and the function is held back meanwhile."""
    own_daemon.start('--stream-rate-kb', '256')
    function = Factory(connect(own_daemon.endpoint)).create({('bootstrap', 0o755): PYTHON_RUNTIME}, Runtime=PROVIDED,
                                                            Handler='any', Timeout=60)
    start = time.monotonic()
    chunks, complete = events(stream(function, {'pieces': [], 'megabytes': 7, 'mark': 'paced'}))
    assert (sum(map(len, chunks)), complete) == (7 * 1048576, {})
    assert time.monotonic() - start > 3  # 4 s less what is on its way
    record = own_daemon.wait_for_log('REPORT')
    assert float(re.search(r'Duration: ([0-9.]+) ms', record)[1]) > 3000


@pytest.mark.long
def test_too_much(custom):
    chunks, complete = events(stream(custom(Timeout=300), {'pieces': [], 'megabytes': 201}))
    assert sum(map(len, chunks)) <= 200 * 1048576
    assert (complete['ErrorCode'], json.loads(complete['ErrorDetails'])) == (
        'Function.ResponseSizeTooLarge',
        {'errorMessage': 'Response payload size exceeded maximum allowed payload size (209715200 bytes).',
         'errorType': 'Function.ResponseSizeTooLarge'})


def start_slow(daemon, function, event):
    """A client that reads no more than the head of the answer."""
    body = json.dumps(event).encode()
    connection = Connection(daemon)
    connection.send(Connection.request(
        'POST', f'/2021-11-15/functions/{function.name}/response-streaming-invocations', body))
    assert connection.head()[0] == 200
    return connection


def logged(daemon, word):
    return any(word in path.read_text(errors='replace') for path in (daemon.state_dir / 'logs').rglob('*.log'))


def test_slow_client_holds_the_function_back(custom, daemon):
    function = custom(Timeout=120)
    with start_slow(daemon, function, {'pieces': ['begin'], 'megabytes': 100, 'mark': 'slow client'}) as connection:
        # Others are served meanwhile, long enough for a function that is not held back to get rid of everything.
        for _ in range(4):
            other = stream(function, {'pieces': [], 'megabytes': 30})
            assert sum(map(len, events(other)[0])) == 30 * 1048576
        assert not logged(daemon, 'answered 202 slow client')
        received, end = len(connection.received), b''
        while not end.endswith(b'0\r\n\r\n'):
            data = connection.socket.recv(1048576)
            assert data, f'the end is missing after {received} bytes'
            received += len(data)
            end = (end + data)[-5:]
    assert received > 100 * 1048576
    daemon.wait_for_log('answered 202 slow client')


def test_time_out_while_held_back(custom, daemon):
    function = custom(Timeout=3)
    with start_slow(daemon, function, {'pieces': ['begin'], 'megabytes': 100}) as connection:
        until(lambda: any('Status: timeout' in path.read_text(errors='replace')
                          for path in (daemon.state_dir / 'logs').rglob(f'{function.name}.log')), 'no time-out')
        data = b''
        while not data.endswith(b'0\r\n\r\n'):
            piece = connection.socket.recv(1048576)
            assert piece
            data += piece
    assert len(data) < 100 * 1048576
    assert b'"ErrorCode":"Sandbox.Timedout"' in data
    assert events(stream(function, {'pieces': ['again']}))[0] == [b'again']


def test_client_that_leaves(custom, daemon):
    """The function runs to its end, for nobody."""
    function = custom(Timeout=120)
    with start_slow(daemon, function, {'pieces': ['begin'], 'megabytes': 50, 'mark': 'client left'}):
        pass
    daemon.wait_for_log('answered 202 client left')
