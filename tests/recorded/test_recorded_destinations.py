# SPDX-License-Identifier: Apache-2.0
"""Where the results of asynchronous invocations go: destinations and dead letters."""
import base64
import json

import pytest
from replay import module, recorded

INTENTIONAL = 'raise Exception("Test exception (this is intentional)")'


def raising(head, line, statement, tail=''):
    """A module that raises on that line: traces name it."""
    return module(head + '\n' * (line - 1 - head.count('\n')) + statement + '\n' + tail)


# Tells its context, or raises on line 55.
TELLING = raising('''\
import json, logging
logging.getLogger().setLevel(logging.INFO)

def context_of(context):
    return {name: getattr(context, name) for name in (
        "invoked_function_arn", "function_version", "function_name", "memory_limit_in_mb", "aws_request_id",
        "log_group_name", "log_stream_name", "client_context")}

def handler(event, context):
    print("Lambda log message - print function")
    logging.info("Lambda log message - logging module")
    if not event.get("raise_error"):
        return {"event": event, "context": context_of(context)}
''', 55, '    ' + INTENTIONAL)


def take(case, queue, **arguments):
    """What ReceiveMessage answers once there is a message."""
    answers = []

    def found():
        answers.append(case.sources.take(queue, **arguments))
        return 'Messages' in answers[-1]
    case.wait_until(found)
    answer = answers[-1]
    return answer | {'status': answer.pop('ResponseMetadata')['HTTPStatusCode']}


def destined(case, name, queue, **arguments):
    """Both kinds of result go to the queue; as the case's next step."""
    where = {'Destination': queue}
    case.call('put_function_event_invoke_config', 'put_function_event_invoke_config', FunctionName=name,
              DestinationConfig={'OnSuccess': where, 'OnFailure': where}, **arguments)


def send(case, name, event):
    assert case.client.invoke(FunctionName=name, InvocationType='Event', Payload=json.dumps(event))['StatusCode'] == 202


@pytest.mark.parametrize('event, retries', [
    pytest.param({}, {}, id='Success-payload0'), pytest.param({}, {'MaximumRetryAttempts': 0}, id='payload0'),
    pytest.param({'raise_error': 1}, {'MaximumRetryAttempts': 0}, id='payload1')])
@recorded('TestLambdaDestinationSqs::test_assess_lambda_destination_invocation', daemon='aws_hasty_daemon')
def test_assess_lambda_destination_invocation(case, event, retries):
    queue = case.sources.queue()
    name = case.function(Code=TELLING)
    destined(case, name, queue, **retries)
    send(case, name, event)
    case.match('receive_message_result', take(case, queue))


@recorded('TestLambdaDestinationSqs::test_lambda_destination_default_retries', daemon='aws_hasty_daemon')
def test_lambda_destination_default_retries(case):
    queue = case.sources.queue()
    name = case.function(Code=TELLING)
    destined(case, name, queue)
    send(case, name, {'raise_error': 1})
    case.match('receive_message_result', take(case, queue))


@recorded('TestLambdaDestinationSqs::test_retries', daemon='aws_hasty_daemon')
def test_retries(case):
    queue = case.sources.queue()
    name = case.function(Code=raising('''\
attempts = []

def handler(event, context):
    attempts.append(context.aws_request_id)
    print("ATTEMPT " + context.aws_request_id, flush=True)
''', 7, '    raise Exception("intentional failure")'))
    case.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2, DestinationConfig={
        'OnFailure': {'Destination': queue}})
    send(case, name, {'message': 'message-1'})
    take(case, queue, VisibilityTimeout=0)
    case.match('queue_destination_payload', take(case, queue, AttributeNames=['All']))
    case.wait_until(lambda: len(attempts(case, name)) >= 3)
    assert len(attempts(case, name)) == 3 and len(set(attempts(case, name))) == 1


def attempts(case, name):
    return [text for _, _, text in case.daemon.log_events(name) if text.startswith('ATTEMPT ')]


@recorded('TestLambdaDestinationEventbridge::test_invoke_lambda_eventbridge', daemon='aws_hasty_daemon')
def test_invoke_lambda_eventbridge(case):
    queue = case.sources.queue()
    where = {'Destination': case.sources.event_bus(queue)}
    name = case.function(Handler='index.handler', Code=module('''\
def handler(event, context):
    if event["mode"] == "success":
        return {"hello": "world", "test": "abc", "val": 5, "success": True}
    raise Exception("intentional failure!")
''', 'index.py'))
    case.client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={
        'OnSuccess': where, 'OnFailure': where})
    for mode in ('success', 'failure'):
        send(case, name, {'mode': mode})
        message, = take(case, queue)['Messages']
        case.match(f'lambda_destination_event_bus_{mode}', json.loads(message['Body']))


@recorded('TestLambdaDLQ::test_dead_letter_queue', daemon='aws_hasty_daemon')
def test_dead_letter_queue(case):
    queue = case.sources.queue()
    name = case.created('create_lambda_with_dlq', case.helped(Code=TELLING, DeadLetterConfig={'TargetArn': queue}))
    send(case, name, {'raise_error': 1})
    case.match('receive_result', take(case, queue, MessageAttributeNames=['All']))
    # Not even an empty one takes it away.
    case.call('delete_dlq', 'update_function_configuration', FunctionName=name, DeadLetterConfig={})
    case.wait_updated(name)
    answer = case.invoke('invoke_result', name, {'raise_error': 1}, LogType='Tail')
    lines = base64.b64decode(answer['LogResult']).decode().split('\n')
    case.match('log_result', {'result': [line for line in lines if line and not line.startswith('REPORT')]})
