# SPDX-License-Identifier: Apache-2.0
"""The settings of asynchronous invocation, as a resource."""
import time

import pytest

from support.errors import ARN, RE_A, RE_QUALIFIER, constraint, invalid, pattern, refused
from support.functions import Factory

CODE = 'def handler(event, context):\n    return event\n'
EMPTY = {'OnSuccess': {}, 'OnFailure': {}}
QUEUE = 'arn:aws:sqs:us-east-1:000000000000:queue'
TOPIC = 'arn:aws:sns:us-east-1:000000000000:topic'
BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/default'
BUCKET = 'arn:aws:s3:::bucket'
RE_DESTINATION = (r'$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}'
                  r'((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)')


@pytest.fixture
def function(functions, client):
    """A function with a version and an alias of it."""
    return with_alias(functions, client)


def with_alias(functions, client):
    function = functions.create(CODE)
    client.publish_version(FunctionName=function.name)
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    return function


def bare(answer, status=200):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == status
    return answer


def settings(answer):
    """Without what is different each time."""
    answer = bare(answer)
    assert abs(answer.pop('LastModified').timestamp() - time.time()) < 3600
    return answer


def destinations(success=None, failure=None):
    return {'OnSuccess': {'Destination': success} if success else {},
            'OnFailure': {'Destination': failure} if failure else {}}


def has_none(client, function, qualifier=None, shown=None):
    shown = shown or qualifier or '$LATEST'
    arguments = {'FunctionName': function.name} | ({'Qualifier': qualifier} if qualifier else {})
    text = f"The function {function.arn}:{shown} doesn't have an EventInvokeConfig"
    refused('ResourceNotFoundException', text, client.get_function_event_invoke_config, **arguments)
    refused('ResourceNotFoundException', text, client.delete_function_event_invoke_config, **arguments)


def listed(client, function, **arguments):
    answer = bare(client.list_function_event_invoke_configs(FunctionName=function.name, **arguments))
    return [item['FunctionArn'] for item in answer['FunctionEventInvokeConfigs']]


@pytest.mark.parametrize('qualifier', [None, '$LATEST', '1', 'live'])
def test_lifecycle(function, client, qualifier):
    where = {'FunctionName': function.name} | ({'Qualifier': qualifier} if qualifier else {})
    arn = f'{function.arn}:{qualifier or "$LATEST"}'
    revision = function.configuration()['RevisionId']
    has_none(client, function, qualifier)
    refused('ResourceNotFoundException', f"The function {arn} doesn't have an EventInvokeConfig",
            client.update_function_event_invoke_config, MaximumRetryAttempts=1, **where)
    first = settings(client.put_function_event_invoke_config(MaximumRetryAttempts=0, **where))
    assert first == {'FunctionArn': arn, 'MaximumRetryAttempts': 0, 'DestinationConfig': EMPTY}
    second = settings(client.put_function_event_invoke_config(
        MaximumEventAgeInSeconds=60, DestinationConfig={'OnFailure': {'Destination': QUEUE}}, **where))
    assert second == {'FunctionArn': arn, 'MaximumEventAgeInSeconds': 60,
                      'DestinationConfig': destinations(failure=QUEUE)}
    assert settings(client.get_function_event_invoke_config(**where)) == second
    third = settings(client.update_function_event_invoke_config(MaximumRetryAttempts=2, **where))
    assert third == second | {'MaximumRetryAttempts': 2}
    fourth = settings(client.update_function_event_invoke_config(
        DestinationConfig={'OnSuccess': {'Destination': TOPIC}, 'OnFailure': {}}, **where))
    assert fourth == third | {'DestinationConfig': destinations(success=TOPIC)}
    assert listed(client, function) == [arn]
    assert function.configuration()['RevisionId'] == revision
    bare(client.delete_function_event_invoke_config(**where), 204)
    has_none(client, function, qualifier)
    assert listed(client, function) == []


def test_latest_and_unqualified_are_one(function, client):
    client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1)
    answer = settings(client.get_function_event_invoke_config(FunctionName=function.name, Qualifier='$LATEST'))
    assert answer['FunctionArn'] == f'{function.arn}:$LATEST'
    client.delete_function_event_invoke_config(FunctionName=f'{function.name}:$LATEST')
    has_none(client, function)


@pytest.mark.parametrize('success, failure', [
    (QUEUE, QUEUE), (TOPIC, TOPIC), (BUS, BUS), (None, BUCKET), ('', ''), ('', BUS)])
def test_destinations(function, client, success, failure):
    config = {'OnSuccess': {} if success is None else {'Destination': success}, 'OnFailure': {'Destination': failure}}
    answer = settings(client.put_function_event_invoke_config(FunctionName=function.name, DestinationConfig=config))
    assert answer == {'FunctionArn': f'{function.arn}:$LATEST', 'DestinationConfig': destinations(success, failure)}


def test_functions_as_destinations(function, functions, client):
    other = functions.create(CODE)
    answer = client.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig=destinations(other.arn, f'{other.arn}:$LATEST'))
    assert answer['DestinationConfig'] == destinations(other.arn, f'{other.arn}:$LATEST')
    for arn in f'{other.arn}-none', f'{other.arn}:9', f'{other.arn}:nope', other.arn.replace('us-east-1', 'eu-west-1'):
        refuse(client, function, f'The destination ARN {arn} is invalid.', success=arn)
        refuse(client, function, f'The destination ARN {arn} is invalid.', failure=arn)
    for arn in function.arn, f'{function.arn}:1':
        refuse(client, function, "You can't specify the function as a destination for itself.", success=arn)


def refuse(client, function, text, **which):
    refused('InvalidParameterValueException', text, client.put_function_event_invoke_config,
            FunctionName=function.name, DestinationConfig=destinations(**which))


def test_unsupported_destinations(function, client):
    table = 'arn:aws:dynamodb:us-east-1:000000000000:table/t'
    text = 'The provided destination config DestinationConfig(onSuccess=%s, onFailure=%s) is invalid.'
    refuse(client, function, text % (f'OnSuccess(destination={table})', 'null'), success=table)
    refuse(client, function, text % ('null', f'OnFailure(destination={table})'), failure=table)
    refuse(client, function, text % (f'OnSuccess(destination={BUCKET})', f'OnFailure(destination={QUEUE})'),
           success=BUCKET, failure=QUEUE)
    kafka = 'kafka://topic'
    refuse(client, function, text % ('null', f'OnFailure(destination={kafka})'), failure=kafka)
    refuse(client, function, f'The destination ARN {QUEUE}.fifo is invalid.', failure=f'{QUEUE}.fifo')
    has_none(client, function)


def test_bad_input(function, lax_client):
    put = lax_client.put_function_event_invoke_config
    name = {'FunctionName': function.name}
    nothing = 'You must specify at least one of error handling or destination setting.'
    refused('InvalidParameterValueException', nothing, put, **name)
    refused('InvalidParameterValueException', nothing, lax_client.update_function_event_invoke_config, **name)
    invalid(constraint('3', 'maximumRetryAttempts', 'have value less than or equal to 2'), put,
            MaximumRetryAttempts=3, **name)
    invalid(constraint('59', 'maximumEventAgeInSeconds', 'have value greater than or equal to 60'), put,
            MaximumEventAgeInSeconds=59, **name)
    for member, path in ('OnSuccess', 'onSuccess'), ('OnFailure', 'onFailure'):
        invalid(pattern('no-arn', f'destinationConfig.{path}.destination', RE_DESTINATION), put,
                DestinationConfig={member: {'Destination': 'no-arn'}}, **name)
    invalid(pattern('no!', 'qualifier', RE_QUALIFIER), put, MaximumRetryAttempts=1, Qualifier='no!', **name)
    invalid(pattern('no!', 'functionName', RE_A), put, MaximumRetryAttempts=1, FunctionName='no!')


def test_missing(function, client):
    gone = "The function doesn't exist."
    missing = f'{function.name}-none'
    for where in ({'FunctionName': missing}, {'FunctionName': function.name, 'Qualifier': '9'},
                  {'FunctionName': function.name, 'Qualifier': 'nope'}):
        refused('ResourceNotFoundException', gone, client.put_function_event_invoke_config,
                MaximumRetryAttempts=1, **where)
        refused('ResourceNotFoundException', gone, client.update_function_event_invoke_config,
                MaximumRetryAttempts=1, **where)
        text = (f'The function {ARN}:function:{where["FunctionName"]}:{where.get("Qualifier", "$LATEST")} '
                "doesn't have an EventInvokeConfig")
        refused('ResourceNotFoundException', text, client.get_function_event_invoke_config, **where)
        refused('ResourceNotFoundException', text, client.delete_function_event_invoke_config, **where)
    refused('ResourceNotFoundException', gone, client.list_function_event_invoke_configs, FunctionName=missing)


def test_list_pages(function, client):
    for name in 'b', 'C':
        client.create_alias(FunctionName=function.name, Name=name, FunctionVersion='1')
    names = ['$LATEST', '1', 'C', 'b', 'live']
    for name in reversed(names):
        client.put_function_event_invoke_config(FunctionName=function.name, Qualifier=name, MaximumRetryAttempts=1)
    whole = [f'{function.arn}:{name}' for name in names]
    assert listed(client, function) == whole
    paginator = client.get_paginator('list_function_event_invoke_configs')
    pages = list(paginator.paginate(FunctionName=function.name, PaginationConfig={'PageSize': 2}))
    assert [[item['FunctionArn'] for item in page['FunctionEventInvokeConfigs']] for page in pages] == \
        [whole[:2], whole[2:4], whole[4:]]
    refused('InvalidParameterValueException', 'The provided marker is invalid.',
            client.list_function_event_invoke_configs, FunctionName=function.name, Marker='?')


def test_goes_with_its_qualifier(function, client):
    for name in '$LATEST', '1', 'live':
        client.put_function_event_invoke_config(FunctionName=function.name, Qualifier=name, MaximumRetryAttempts=1)
    client.delete_alias(FunctionName=function.name, Name='live')
    assert listed(client, function) == [f'{function.arn}:$LATEST', f'{function.arn}:1']
    client.delete_function(FunctionName=function.name, Qualifier='1')
    assert listed(client, function) == [f'{function.arn}:$LATEST']
    client.delete_function(FunctionName=function.name)
    Factory(client).create(CODE, FunctionName=function.name)
    assert listed(client, function) == []


def test_survives_a_kill(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = with_alias(Factory(client), client)
    client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=0)
    client.put_function_event_invoke_config(FunctionName=function.name, Qualifier='live', MaximumEventAgeInSeconds=70,
                                            DestinationConfig=destinations(QUEUE, TOPIC))
    before = bare(client.list_function_event_invoke_configs(FunctionName=function.name))
    assert len(before['FunctionEventInvokeConfigs']) == 2
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert bare(client.list_function_event_invoke_configs(FunctionName=function.name)) == before
