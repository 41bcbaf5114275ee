# SPDX-License-Identifier: Apache-2.0
"""Asynchronous invocation: 202 means on disk; retries, ages, destinations, dead letters, and kill -9."""
import contextlib
import http.server
import json
import os
import re
import sqlite3
import subprocess
import threading
import uuid

import pytest

from support.daemon import free_port
from support.functions import Factory
from support.http import Connection
from support.waiting import health, until
from support.zips import make_zip

# A minute is 0.3 s.
FAST = ('--async-delay-permille', '5')

RECORDING = '''
import json
def handler(event, context):
    print('EVENT', json.dumps(event), context.aws_request_id, flush=True)
    if isinstance(event, dict) and event.get('fail'):
        raise ValueError('no: ' + event['fail'])
    return {'seen': event}
'''


EVENT = re.compile(r'EVENT (.*) ([0-9a-f-]{36})$')


def seen(daemon, name, at_least=0):
    """[(event, request id)] of every run of that function, in the order of the log, which may come a little later."""
    def read():
        found = []
        for path in (daemon.state_dir / 'logs').rglob(f'{name}.log'):
            for line in path.read_text(errors='replace').splitlines():
                if entry := EVENT.search(line):  # the end of a line may be missing after a kill
                    found.append((json.loads(entry[1]), entry[2]))
        return found
    if at_least:
        until(lambda: len(read()) >= at_least, f'less than {at_least} runs are in the log')
    return read()


def send(function, event, **arguments):
    answer = function.client.invoke(FunctionName=function.name, InvocationType='Event', Payload=json.dumps(event),
                                    **arguments)
    assert answer['StatusCode'] == 202
    assert answer['Payload'].read() == b''
    return answer['ResponseMetadata']['RequestId']


def ends(daemon):
    """Waits until the queue is empty."""
    until(lambda: health(daemon)['asyncEvents'] == 0, 'events stay')


@pytest.fixture
def fast(own_daemon, connect):
    own_daemon.start(*FAST)
    return Factory(connect(own_daemon.endpoint))


def test_event_runs(fast, own_daemon):
    function = fast.create(RECORDING)
    request_id = send(function, {'n': 1})
    ends(own_daemon)
    assert seen(own_daemon, function.name, 1) == [({'n': 1}, request_id)]
    assert health(own_daemon)['asyncSucceeded'] == 1


def test_answer_says_nothing_of_the_run(fast, own_daemon):
    function = fast.create(RECORDING)
    answer = fast.client.invoke(FunctionName=function.name, InvocationType='Event', LogType='Tail', Payload='{}')
    assert answer['StatusCode'] == 202
    assert not {'x-amz-log-result', 'x-amz-executed-version', 'x-amz-function-error'} & set(
        answer['ResponseMetadata']['HTTPHeaders'])
    ends(own_daemon)


def test_refused_at_once(fast):
    function = fast.create(RECORDING)
    client = fast.client
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName='nothing', InvocationType='Event', Payload='{}')
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName=function.name, Qualifier='nothing', InvocationType='Event', Payload='{}')
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName=function.name, InvocationType='Event', Payload='{')
    with pytest.raises(client.exceptions.ClientError) as refusal:
        client.invoke(FunctionName=function.name, InvocationType='Event', Payload=json.dumps('x' * 1048575))
    assert refusal.value.response['Error']['Code'] == 'RequestEntityTooLargeException'
    assert refusal.value.response['Error']['Message'] == (
        '1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)')
    send(function, 'x' * 1048574)


def test_invoke_async(fast, own_daemon):
    function = fast.create(RECORDING)
    answer = fast.client.invoke_async(FunctionName=function.name, InvokeArgs=b'{"n": 2}')
    assert answer['Status'] == 202
    ends(own_daemon)
    (event, request_id), = seen(own_daemon, function.name, 1)
    assert (event, request_id) == ({'n': 2}, answer['ResponseMetadata']['RequestId'])
    with pytest.raises(fast.client.exceptions.ResourceNotFoundException):
        fast.client.invoke_async(FunctionName='nothing', InvokeArgs=b'{}')


def test_three_attempts_with_one_request_id(fast, own_daemon):
    function = fast.create(RECORDING)
    request_id = send(function, {'fail': 'always'})
    ends(own_daemon)
    assert seen(own_daemon, function.name, 3) == [({'fail': 'always'}, request_id)] * 3
    assert health(own_daemon)['asyncGivenUp'] == 1


def test_no_retries(fast, own_daemon):
    function = fast.create(RECORDING)
    fast.client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    send(function, {'fail': 'once'})
    ends(own_daemon)
    assert len(seen(own_daemon, function.name, 1)) == 1


def test_rules_count_for_events_that_wait(own_daemon, connect):
    """Retries are switched off while an event waits for its first one."""
    own_daemon.start('--async-delay-permille', '100')  # a minute is 6 s
    fast = Factory(connect(own_daemon.endpoint))
    function = fast.create(RECORDING)
    send(function, {'fail': 'x'})
    until(lambda: len(seen(own_daemon, function.name)) == 1, 'never tried')
    fast.client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    ends(own_daemon)
    assert len(seen(own_daemon, function.name)) <= 2


def test_too_old(fast, own_daemon):
    """At most 60 s old (here 0.3 s): the retry after a minute would start too late."""
    function = fast.create(RECORDING)
    target = fast.create(RECORDING)
    fast.client.put_function_event_invoke_config(
        FunctionName=function.name, MaximumEventAgeInSeconds=60,
        DestinationConfig={'OnFailure': {'Destination': target.arn}})
    request_id = send(function, {'fail': 'old'})
    record = until(lambda: seen(own_daemon, target.name), 'no record')[0][0]
    assert record['requestContext']['condition'] == 'EventAgeExceeded'
    assert record['requestContext']['requestId'] == request_id
    assert record['requestContext']['approximateInvokeCount'] in (0, 1)


def test_records_for_functions(fast, own_daemon):
    function = fast.create(RECORDING)
    good, bad = fast.create(RECORDING), fast.create(RECORDING)
    fast.client.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={'OnSuccess': {'Destination': good.arn},
                                                       'OnFailure': {'Destination': bad.arn}})
    request_id = send(function, {'n': 1})
    record = until(lambda: seen(own_daemon, good.name), 'no record')[0][0]
    assert record.pop('timestamp').endswith('Z')
    assert record == {
        'version': '1.0',
        'requestContext': {'requestId': request_id, 'functionArn': function.arn + ':$LATEST', 'condition': 'Success',
                           'approximateInvokeCount': 1},
        'requestPayload': {'n': 1},
        'responseContext': {'statusCode': 200, 'executedVersion': '$LATEST'},
        'responsePayload': {'seen': {'n': 1}},
    }
    request_id = send(function, {'fail': 'three times'})
    record = until(lambda: seen(own_daemon, bad.name), 'no record')[0][0]
    assert record['requestContext'] == {'requestId': request_id, 'functionArn': function.arn + ':$LATEST',
                                        'condition': 'RetriesExhausted', 'approximateInvokeCount': 3}
    assert record['responseContext'] == {'statusCode': 200, 'executedVersion': '$LATEST', 'functionError': 'Unhandled'}
    assert record['responsePayload']['errorMessage'] == 'no: three times'


def test_record_too_large_for_a_function(fast, own_daemon):
    """A function takes no event above 1 MB, also when it is a destination: such a record is dropped."""
    function = fast.create('def handler(event, context):\n    return "x" * 1048576\n')
    target = fast.create(RECORDING)
    fast.client.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={'OnSuccess': {'Destination': target.arn}})
    send(function, {'n': 1})
    ends(own_daemon)
    assert health(own_daemon)['asyncSucceeded'] == 1


def test_config_of_the_qualifier(fast, own_daemon):
    function = fast.create(RECORDING)
    target = fast.create(RECORDING)
    fast.client.publish_version(FunctionName=function.name)
    fast.client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    fast.client.put_function_event_invoke_config(
        FunctionName=function.name, Qualifier='live', DestinationConfig={'OnSuccess': {'Destination': target.arn}})
    send(function, {'n': 'unqualified'})
    send(function, {'n': 'alias'}, Qualifier='live')
    record = until(lambda: seen(own_daemon, target.name), 'no record')[0][0]
    ends(own_daemon)
    assert record['requestPayload'] == {'n': 'alias'}
    assert record['requestContext']['functionArn'] == function.arn + ':live'
    assert record['responseContext']['executedVersion'] == '1'
    assert len(seen(own_daemon, target.name, 1)) == 1


def test_zero_reserved_concurrency(fast, own_daemon):
    function = fast.create(RECORDING)
    target = fast.create(RECORDING)
    fast.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    fast.client.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={'OnFailure': {'Destination': target.arn}})
    send(function, {'n': 1})
    record = until(lambda: seen(own_daemon, target.name), 'no record')[0][0]
    assert record['requestContext']['condition'] == 'ZeroReservedConcurrency'
    assert record['requestContext']['approximateInvokeCount'] == 0
    assert 'responseContext' not in record and 'responsePayload' not in record
    assert seen(own_daemon, function.name) == []


def test_throttled_events_wait(fast, own_daemon):
    """More events than may run at once: all run in the end, and none counts as failed."""
    function = fast.create(RECORDING)
    fast.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    for n in range(40):
        send(function, {'n': n})
    ends(own_daemon)
    assert sorted(event['n'] for event, _ in seen(own_daemon, function.name, 40)) == list(range(40))


def test_update_while_events_wait(fast, own_daemon):
    """What is taken from the queue after an update runs the new code."""
    function = fast.create('def handler(event, context):\n    raise ValueError("old code")\n')
    request_id = send(function, {'n': 1})
    fast.client.update_function_code(FunctionName=function.name, ZipFile=make_zip({'app.py': RECORDING}))
    ends(own_daemon)
    assert seen(own_daemon, function.name, 1)[-1:] == [({'n': 1}, request_id)]


def test_events_of_a_deleted_function(fast, own_daemon):
    function = fast.create(RECORDING)
    send(function, {'fail': 'x'})
    until(lambda: seen(own_daemon, function.name), 'never tried')
    fast.client.delete_function(FunctionName=function.name)
    ends(own_daemon)


def test_queue_is_bounded(own_daemon, connect):
    """Beyond its bytes the queue takes nothing more, and loses nothing that it took."""
    own_daemon.start(*FAST, '--async-queue-mb', '2')
    fast = Factory(connect(own_daemon.endpoint))
    function = fast.create(RECORDING)
    fast.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    blocker = fast.create('def handler(event, context):\n    raise ValueError("again")\n')
    accepted = 0
    with pytest.raises(fast.client.exceptions.TooManyRequestsException):
        for _ in range(8):
            send(blocker, 'x' * 400000)
            accepted += 1
    assert 4 <= accepted < 8
    ends(own_daemon)
    send(function, {'n': 'there is room again'})
    ends(own_daemon)
    assert health(own_daemon)['asyncGivenUp'] == accepted


def test_many_do_not_delay_others(fast, own_daemon):
    crowd, other = fast.create('import time\ndef handler(event, context):\n    time.sleep(2)\n'), fast.create(RECORDING)
    threads = [threading.Thread(target=lambda: [send(crowd, n) for n in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send(other, {'n': 1})
    until(lambda: seen(own_daemon, other.name), 'never run')
    assert health(own_daemon)['asyncEvents'] > 0, 'the crowd was gone before: nothing was shown'
    fast.client.delete_function(FunctionName=crowd.name)  # and nobody waits for the rest of it


def test_stop_leaves_events_for_the_next_start(own_daemon, connect):
    own_daemon.start('--async-delay-permille', '1000')
    fast = Factory(connect(own_daemon.endpoint))
    function = fast.create(RECORDING)
    request_id = send(function, {'fail': 'until the restart'})
    until(lambda: len(seen(own_daemon, function.name)) == 1, 'never tried')
    until(lambda: health(own_daemon)['asyncUnderWay'] == 0, 'still under way')
    own_daemon.restart(*FAST)
    assert health(own_daemon)['asyncEvents'] == 1
    fast.client.delete_function(FunctionName=function.name)
    assert request_id


# Over the API of other services

@pytest.fixture
def queue(moto):
    """queue(): an SQS queue; its name, ARN and a way to take what is in it."""
    sqs = moto.client('sqs')

    class Queue:
        def __init__(self):
            self.name = f'queue-{uuid.uuid4().hex[:8]}'
            self.url = sqs.create_queue(QueueName=self.name)['QueueUrl']
            self.arn = f'arn:aws:sqs:us-east-1:{moto.account}:{self.name}'

        def take(self):
            """Messages that are there now."""
            answer = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=['All'])
            messages = answer.get('Messages', [])
            for message in messages:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message['ReceiptHandle'])
            return messages
    return Queue


@pytest.fixture
def outward(own_daemon, connect, moto):
    own_daemon.start(*FAST, *(f'--endpoint-{service}={moto.endpoint}' for service in ('sqs', 'sns', 's3', 'eventbridge')))
    return Factory(connect(own_daemon.endpoint))


def failing(factory, arn):
    """A function whose failures go there after one attempt."""
    function = factory.create(RECORDING)
    factory.client.put_function_event_invoke_config(
        FunctionName=function.name, MaximumRetryAttempts=0, DestinationConfig={'OnFailure': {'Destination': arn}})
    return function


def check_record(record, function, request_id):
    assert record['requestContext'] == {'requestId': request_id, 'functionArn': function.arn + ':$LATEST',
                                        'condition': 'RetriesExhausted', 'approximateInvokeCount': 1}
    assert record['requestPayload'] == {'fail': 'told'}
    assert record['responsePayload']['errorType'] == 'ValueError'


def test_record_for_a_queue(outward, queue):
    to = queue()
    function = failing(outward, to.arn)
    request_id = send(function, {'fail': 'told'})
    message, = until(to.take, 'no record')
    check_record(json.loads(message['Body']), function, request_id)


def test_record_for_a_topic(outward, queue, moto):
    to = queue()
    topic = moto.client('sns').create_topic(Name=to.name)['TopicArn']
    moto.client('sns').subscribe(TopicArn=topic, Protocol='sqs', Endpoint=to.arn)
    function = failing(outward, topic)
    request_id = send(function, {'fail': 'told'})
    message, = until(to.take, 'no record')
    check_record(json.loads(json.loads(message['Body'])['Message']), function, request_id)


def test_record_for_an_event_bus(outward, queue, moto):
    to = queue()
    events = moto.client('events')
    events.put_rule(Name=to.name, EventPattern=json.dumps({'source': ['lambda']}))
    events.put_targets(Rule=to.name, Targets=[{'Id': '1', 'Arn': to.arn}])
    function = failing(outward, f'arn:aws:events:us-east-1:{moto.account}:event-bus/default')
    request_id = send(function, {'fail': 'told'})
    message, = until(to.take, 'no record')
    event = json.loads(message['Body'])
    assert (event['source'], event['detail-type']) == ('lambda', 'Lambda Function Invocation Result - Failure')
    assert event['resources'] == [f'arn:aws:events:us-east-1:{moto.account}:event-bus/default',
                                  function.arn + ':$LATEST']
    check_record(event['detail'], function, request_id)


def test_record_for_a_bucket(outward, moto):
    bucket = moto.bucket()
    function = failing(outward, f'arn:aws:s3:::{bucket}')
    request_id = send(function, {'fail': 'told'})
    s3 = moto.client('s3')
    item, = until(lambda: s3.list_objects_v2(Bucket=bucket).get('Contents'), 'no record')
    assert re.fullmatch(f'aws/lambda/async/{function.name}/\\d{{4}}/\\d\\d/\\d\\d/'
                        '\\d{4}-\\d\\d-\\d\\dT\\d\\d\\.\\d\\d\\.\\d\\d-[0-9a-f-]{36}', item['Key'])
    check_record(json.load(s3.get_object(Bucket=bucket, Key=item['Key'])['Body']), function, request_id)


def test_dead_letter(outward, queue):
    to = queue()
    function = outward.create(RECORDING, DeadLetterConfig={'TargetArn': to.arn})
    outward.client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    request_id = send(function, {'fail': 'dead'})
    message, = until(to.take, 'no dead letter')
    assert json.loads(message['Body']) == {'fail': 'dead'}
    attributes = {name: (value['DataType'], value['StringValue'])
                  for name, value in message['MessageAttributes'].items()}
    assert attributes == {'RequestID': ('String', request_id), 'ErrorCode': ('Number', '200'),
                          'ErrorMessage': ('String', 'no: dead')}


def test_dead_letter_and_record(outward, queue, moto):
    """Both are sent; the letter over a topic, with no more than the first KB of what the error says."""
    letters, records = queue(), queue()
    topic = moto.client('sns').create_topic(Name=letters.name)['TopicArn']
    moto.client('sns').subscribe(TopicArn=topic, Protocol='sqs', Endpoint=letters.arn)
    function = outward.create('def handler(event, context):\n    raise ValueError("x" * 5000)\n',
                              DeadLetterConfig={'TargetArn': topic})
    outward.client.put_function_event_invoke_config(
        FunctionName=function.name, MaximumRetryAttempts=0, DestinationConfig={'OnFailure': {'Destination': records.arn}})
    request_id = send(function, {'n': 1})
    message, = until(letters.take, 'no dead letter')
    letter = json.loads(message['Body'])
    assert json.loads(letter['Message']) == {'n': 1}
    assert letter['MessageAttributes'] == {
        'RequestID': {'Type': 'String', 'Value': request_id}, 'ErrorCode': {'Type': 'Number', 'Value': '200'},
        'ErrorMessage': {'Type': 'String', 'Value': 'x' * 1024}}
    message, = until(records.take, 'no record')
    assert json.loads(message['Body'])['requestContext']['requestId'] == request_id


@pytest.mark.parametrize('statement, error_type', [
    ('os._exit(1)', 'Runtime.ExitError'), ('signal.pause()', 'Sandbox.Timedout')])
def test_exits_and_time_outs_are_tried_again(outward, queue, statement, error_type):
    to = queue()
    function = outward.create(f'import os, signal\ndef handler(event, context):\n    {statement}\n', Timeout=1)
    outward.client.put_function_event_invoke_config(
        FunctionName=function.name, MaximumRetryAttempts=1, DestinationConfig={'OnFailure': {'Destination': to.arn}})
    send(function, {})
    message, = until(to.take, 'no record')
    record = json.loads(message['Body'])
    assert record['requestContext']['approximateInvokeCount'] == 2
    assert record['responseContext'] == {'statusCode': 200, 'executedVersion': '$LATEST', 'functionError': 'Unhandled'}
    assert record['responsePayload']['errorType'] == error_type


def test_success_of_the_second_attempt(outward, queue):
    to = queue()
    function = outward.create('''
        count = 0
        def handler(event, context):
            global count
            count += 1
            if count == 1:
                raise ValueError("first")
            return "second"
        ''')
    outward.client.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={'OnSuccess': {'Destination': to.arn}})
    send(function, {})
    message, = until(to.take, 'no record')
    record = json.loads(message['Body'])
    assert (record['requestContext']['condition'], record['requestContext']['approximateInvokeCount']) == ('Success', 2)
    assert record['responsePayload'] == 'second'
    assert 'functionError' not in record['responseContext']


def test_queue_that_does_not_exist(outward, own_daemon, moto):
    """As AWS, lambd drops a record that the service refuses for good."""
    function = failing(outward, f'arn:aws:sqs:us-east-1:{moto.account}:nothing-here')
    send(function, {'fail': 'told'})
    ends(own_daemon)
    assert health(own_daemon)['asyncDelivered'] == 0
    until(lambda: 'nothing-here is dropped' in own_daemon.text(), 'it is not said')


def test_service_that_throttles(own_daemon, connect):
    """Some say so with 400, as for an error of the caller: the record is sent again."""
    class Throttling(http.server.BaseHTTPRequestHandler):
        calls = 0

        def do_POST(self):
            self.rfile.read(int(self.headers['Content-Length']))
            Throttling.calls += 1
            body = b'{}' if Throttling.calls > 2 else b'{"__type":"com.amazonaws.sqs#RequestThrottled","message":"no"}'
            self.send_response(200 if Throttling.calls > 2 else 400)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Throttling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own_daemon.start(*FAST, f'--endpoint-sqs=http://127.0.0.1:{server.server_port}')
        function = failing(Factory(connect(own_daemon.endpoint)), 'arn:aws:sqs:us-east-1:123456789012:busy')
        send(function, {'fail': 'told'})
        ends(own_daemon)
        assert (health(own_daemon)['asyncDelivered'], Throttling.calls) == (1, 3)
        server.shutdown()


def test_results_that_cannot_keep_up(own_daemon, connect):
    """They are delivered one at a time, until one has waited for a second; then by more, here three, who wait for each other."""
    together, first = threading.Barrier(3, timeout=100), threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers['Content-Length']))
            first.set()
            together.wait()
            self.send_response(200)
            self.send_header('Content-Length', '2')
            self.end_headers()
            self.wfile.write(b'{}')

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        own_daemon.start(*FAST, f'--endpoint-sqs=http://127.0.0.1:{server.server_port}')
        function = failing(Factory(connect(own_daemon.endpoint)), 'arn:aws:sqs:us-east-1:123456789012:slow')
        for _ in range(3):
            send(function, {'fail': 'told'})
        assert first.wait(100)
        assert health(own_daemon)['asyncDelivered'] == 0
        ends(own_daemon)
        assert health(own_daemon)['asyncDelivered'] == 3
        server.shutdown()


def test_service_that_is_down(own_daemon, connect, queue, moto):
    """The record waits, over a restart, too, until somebody takes it."""
    own_daemon.start(*FAST, f'--endpoint-sqs=http://127.0.0.1:{free_port()}')
    factory = Factory(connect(own_daemon.endpoint))
    to = queue()
    function = failing(factory, to.arn)
    request_id = send(function, {'fail': 'told'})
    until(lambda: health(own_daemon)['asyncGivenUp'] == 1, 'not given up')
    assert health(own_daemon)['asyncEvents'] == 1
    own_daemon.kill()
    own_daemon.start(*FAST, f'--endpoint-sqs={moto.endpoint}')
    message, = until(to.take, 'no record')
    check_record(json.loads(message['Body']), function, request_id)
    ends(own_daemon)


# Loops

def run_with_lineage(daemon, function, trace):
    with Connection(daemon) as connection:
        connection.send(Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'{}',
                                           f'X-Amzn-Trace-Id: {trace}'))
        return connection.answer()


def test_loop_of_calls(fast, own_daemon):
    """What the SDK inside a function passes on: after 16 rounds the call is refused."""
    function = fast.create('import os\ndef handler(event, context):\n    return os.environ["_X_AMZN_TRACE_ID"]\n')
    trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0'
    for count in range(16):
        answer = run_with_lineage(own_daemon, function, trace)
        trace = json.loads(answer.body)
        assert re.search(f';Lineage=1:[0-9a-f]{{8}}:{count}$', trace)
    answer = run_with_lineage(own_daemon, function, trace)
    assert (answer.status, answer.headers['x-amzn-errortype']) == (400, 'RecursiveInvocationException')
    fast.client.put_function_recursion_config(FunctionName=function.name, RecursiveLoop='Allow')
    assert run_with_lineage(own_daemon, function, trace).status == 200


def test_loop_of_destinations(fast, own_daemon):
    """Two functions whose results go to each other."""
    code = 'def handler(event, context):\n    print("EVENT 1", context.aws_request_id, flush=True)\n'
    first, second = fast.create(code), fast.create(code)
    for function, target in ((first, second), (second, first)):
        fast.client.put_function_event_invoke_config(
            FunctionName=function.name, DestinationConfig={'OnSuccess': {'Destination': target.arn}})
    send(first, {'n': 1})
    ends(own_daemon)
    assert [len(seen(own_daemon, function.name, 16)) for function in (first, second)] == [16, 16]
    assert health(own_daemon)['asyncGivenUp'] == 1


# A disk that takes no more

def limit_files(daemon, size):
    """No file of the daemon may become larger: what a full disk or a quota is like."""
    command = ['prlimit', '--pid', str(daemon.process.pid), f'--fsize={size}:unlimited']
    owner = os.stat(f'/proc/{daemon.process.pid}')
    if owner.st_uid != os.geteuid():  # only the same user may
        command = ['setpriv', f'--reuid={owner.st_uid}', f'--regid={owner.st_gid}', '--clear-groups', *command]
    subprocess.run(command, check=True)


def test_full_disk(own_daemon, connect):
    """No 202 for what is not on disk; what was answered with 202 stays, and when there is room again all goes on."""
    own_daemon.start()
    factory = Factory(connect(own_daemon.endpoint))
    function = factory.create('def handler(event, context):\n    raise ValueError("again, in a minute")\n')
    log = own_daemon.state_dir / 'lambd.db-wal'
    limit_files(own_daemon, log.stat().st_size + 2 * 1048576)
    accepted = 0
    with pytest.raises(factory.client.exceptions.ServiceException):
        for _ in range(40):
            send(function, 'x' * 400000)
            accepted += 1
    limit_files(own_daemon, 'unlimited')
    send(function, 'there is room again')
    until(lambda: health(own_daemon)['asyncUnderWay'] == 0, 'attempts do not end')
    assert 0 < accepted < 40
    own_daemon.kill()
    own_daemon.start()
    assert health(own_daemon)['asyncEvents'] == accepted + 1


def test_attempts_end_with_the_disk(own_daemon, connect):
    """While an end cannot be written no further event is tried; the daemon can be stopped, and loses none."""
    own_daemon.start(*FAST, '--environments-max', '1')
    factory = Factory(connect(own_daemon.endpoint))
    function = factory.create('import time\ndef handler(event, context):\n    time.sleep(0.2)\n    raise ValueError\n')
    for n in range(60):
        send(function, n)
    limit_files(own_daemon, 1)
    before = health(own_daemon)['invocations']
    until(lambda: 'cannot be written' in own_daemon.text(), 'the limit has no effect')
    until(lambda: health(own_daemon)['asyncUnderWay'] == 0, 'attempts do not end')
    assert health(own_daemon)['invocations'] - before < 20
    events = health(own_daemon)['asyncEvents']
    own_daemon.stop()
    own_daemon.start()
    assert health(own_daemon)['asyncEvents'] == events


# An end that cannot be written

def change_database(daemon, sql):
    with contextlib.closing(sqlite3.connect(daemon.state_dir / 'lambd.db')) as database:
        database.execute(sql)
        database.commit()


def test_row_that_cannot_go(own_daemon, connect):
    """A row that alone cannot be deleted (as with a damaged page) is set aside, not lost, and holds nobody up."""
    own_daemon.start(*FAST)
    function = Factory(connect(own_daemon.endpoint)).create(RECORDING)
    own_daemon.stop()
    change_database(own_daemon, """CREATE TRIGGER damaged BEFORE DELETE ON record WHEN instr(old.value, 'stays')
                                   BEGIN SELECT RAISE(FAIL, 'this page is damaged'); END""")
    own_daemon.start(*FAST)
    send(function, {'n': 'stays'})
    until(lambda: 'cannot be written' in own_daemon.text(), 'it could be deleted')
    for n in range(3):
        send(function, {'n': n})
    until(lambda: health(own_daemon)['asyncEvents'] == 1, 'the others do not run')
    until(lambda: 'is set aside until the next start' in own_daemon.text(), 'it is not said')
    assert [event['n'] for event, _ in seen(own_daemon, function.name, 4)].count('stays') == 1
    own_daemon.stop()
    change_database(own_daemon, 'DROP TRIGGER damaged')
    own_daemon.start(*FAST)
    ends(own_daemon)
    assert [event['n'] for event, _ in seen(own_daemon, function.name, 5)].count('stays') == 2
