# SPDX-License-Identifier: Apache-2.0
"""Function URLs, as a resource."""
import datetime
import re

import pytest

from support.errors import ARN, constraint, invalid, pattern, refused
from support.functions import Factory

CODE = 'def handler(event, context):\n    return event\n'
RE_URL_QUALIFIER = r'((?!^\d+$)^[0-9a-zA-Z-_]+$)'
NO_FUNCTION = 'Function does not exist'
NO_CONFIG = 'The resource you requested does not exist.'
CORS = {'AllowCredentials': True, 'AllowHeaders': ['date', 'keep-alive'], 'AllowMethods': ['GET', '*'],
        'AllowOrigins': ['https://www.example.com', '*'], 'ExposeHeaders': ['date'], 'MaxAge': 86400}


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


def create(client, function, **arguments):
    return bare(client.create_function_url_config(**{'FunctionName': function.name, 'AuthType': 'NONE'} | arguments),
                201)


def get(client, function, **arguments):
    return bare(client.get_function_url_config(FunctionName=function.name, **arguments))


def update(client, function, **arguments):
    return bare(client.update_function_url_config(FunctionName=function.name, **arguments))


def delete(client, function, **arguments):
    bare(client.delete_function_url_config(FunctionName=function.name, **arguments), 204)


def listed(client, function, **arguments):
    answer = bare(client.list_function_url_configs(FunctionName=function.name, **arguments))
    return answer['FunctionUrlConfigs']


def has_none(client, function, **arguments):
    for call in client.get_function_url_config, client.delete_function_url_config:
        refused('ResourceNotFoundException', NO_CONFIG, call, FunctionName=function.name, **arguments)


def time_of(text):
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize('qualifier', [None, 'live'])
def test_lifecycle(daemon, function, client, qualifier):
    where = {'Qualifier': qualifier} if qualifier else {}
    arn = f'{function.arn}:{qualifier}' if qualifier else function.arn
    revision = function.configuration(**where)['RevisionId']
    has_none(client, function, **where)
    refused('ResourceNotFoundException', NO_CONFIG, client.update_function_url_config, FunctionName=function.name,
            AuthType='NONE', **where)
    made = create(client, function, **where)
    url = made['FunctionUrl']
    assert re.fullmatch(rf'http://[a-z0-9]{{32}}\.lambda-url\.us-east-1\.localhost:{daemon.port}/', url)
    assert made == {'FunctionUrl': url, 'FunctionArn': arn, 'AuthType': 'NONE', 'CreationTime': made['CreationTime']}
    shown = get(client, function, **where)
    assert shown == made | {'InvokeMode': 'BUFFERED', 'LastModifiedTime': made['CreationTime']}
    assert listed(client, function) == [shown]
    refused('ResourceConflictException', f'Failed to create function url config for [functionArn = {arn}]. Error '
            'message:  FunctionUrlConfig exists for this Lambda function', create, client, function, **where)
    changed = update(client, function, AuthType='AWS_IAM', **where)
    assert time_of(changed['LastModifiedTime']) >= time_of(made['CreationTime'])
    assert changed == made | {'AuthType': 'AWS_IAM', 'LastModifiedTime': changed['LastModifiedTime']}
    streams = update(client, function, InvokeMode='RESPONSE_STREAM', **where)
    assert streams == changed | {'InvokeMode': 'RESPONSE_STREAM', 'LastModifiedTime': streams['LastModifiedTime']}
    assert get(client, function, **where) == streams
    assert function.configuration(**where)['RevisionId'] == revision
    delete(client, function, **where)
    has_none(client, function, **where)
    assert listed(client, function) == []
    assert create(client, function, **where)['FunctionUrl'] != url


def test_settings(function, client):
    made = create(client, function, AuthType='AWS_IAM', InvokeMode='BUFFERED', Cors=CORS)
    assert (made['AuthType'], made['InvokeMode'], made['Cors']) == ('AWS_IAM', 'BUFFERED', CORS)
    assert get(client, function)['Cors'] == CORS
    assert update(client, function, InvokeMode='RESPONSE_STREAM')['Cors'] == CORS
    less = {'AllowOrigins': ['*'], 'MaxAge': 0, 'AllowCredentials': False}
    assert update(client, function, Cors=less)['Cors'] == less
    assert 'Cors' not in update(client, function, Cors={})
    assert 'Cors' not in get(client, function)
    assert get(client, function)['AuthType'] == 'AWS_IAM'


def test_every_url_is_another(function, functions, client):
    other = functions.create(CODE)
    urls = [create(client, *which)['FunctionUrl'] for which in ((function,), (other,))]
    urls.append(create(client, function, Qualifier='live')['FunctionUrl'])
    assert len(set(urls)) == 3
    assert get(client, function)['FunctionUrl'] == urls[0]
    assert get(client, function, Qualifier='live')['FunctionUrl'] == urls[2]


def test_missing(function, client):
    missing = f'{function.name}-none'
    for where in {'FunctionName': missing}, {'FunctionName': function.name, 'Qualifier': 'nope'}:
        refused('ResourceNotFoundException', NO_FUNCTION, client.create_function_url_config, AuthType='NONE', **where)
        refused('ResourceNotFoundException', NO_FUNCTION, client.update_function_url_config, **where)
        refused('ResourceNotFoundException', NO_CONFIG, client.get_function_url_config, **where)
        refused('ResourceNotFoundException', NO_CONFIG, client.delete_function_url_config, **where)
    refused('ResourceNotFoundException', NO_FUNCTION, client.list_function_url_configs, FunctionName=missing)


@pytest.mark.parametrize('qualifier', ['1', '$LATEST'])
def test_versions_have_none(function, client, lax_client, qualifier):
    text = pattern(qualifier, 'qualifier', RE_URL_QUALIFIER)
    for call, more in ((lax_client.create_function_url_config, {'AuthType': 'NONE'}),
                       (lax_client.get_function_url_config, {}), (lax_client.update_function_url_config, {}),
                       (lax_client.delete_function_url_config, {})):
        invalid(text, call, FunctionName=function.name, Qualifier=qualifier, **more)
        invalid(text, call, FunctionName=f'{function.name}:{qualifier}', **more)


def test_bad_input(function, lax_client):
    def refuse(text, **arguments):
        invalid(text, lax_client.create_function_url_config,
                **{'FunctionName': function.name, 'AuthType': 'NONE'} | arguments)

    refuse(constraint('UNKNOWN', 'invokeMode', 'satisfy enum value set: [RESPONSE_STREAM, BUFFERED]'),
           InvokeMode='UNKNOWN')
    refuse(constraint('ANY', 'authType', 'satisfy enum value set: [NONE, AWS_IAM]'), AuthType='ANY')
    refuse(constraint('86401', 'cors.maxAge', 'have value less than or equal to 86400'), Cors={'MaxAge': 86401})
    refused('InvalidParameterValueException',
            'The derived qualifier from the function name does not match the specified qualifier.',
            lax_client.create_function_url_config, FunctionName=f'{function.arn}:other', Qualifier='live',
            AuthType='NONE')


def test_list_pages(function, client):
    names = [None, 'C', 'b', 'live']
    for name in 'b', 'C':
        client.create_alias(FunctionName=function.name, Name=name, FunctionVersion='1')
    for name in reversed(names):
        create(client, function, **({'Qualifier': name} if name else {}))
    whole = [f'{function.arn}:{name}' if name else function.arn for name in names]
    assert [item['FunctionArn'] for item in listed(client, function)] == whole
    paginator = client.get_paginator('list_function_url_configs')
    pages = list(paginator.paginate(FunctionName=function.name, PaginationConfig={'PageSize': 2}))
    assert [[item['FunctionArn'] for item in page['FunctionUrlConfigs']] for page in pages] == [whole[:2], whole[2:]]


def test_outlives_its_alias(function, client):
    made = create(client, function, Qualifier='live')
    client.delete_alias(FunctionName=function.name, Name='live')
    assert [item['FunctionUrl'] for item in listed(client, function)] == [made['FunctionUrl']]
    assert get(client, function, Qualifier='live')['FunctionUrl'] == made['FunctionUrl']
    refused('ResourceNotFoundException', NO_FUNCTION, client.update_function_url_config, FunctionName=function.name,
            Qualifier='live', AuthType='NONE')
    delete(client, function, Qualifier='live')
    assert listed(client, function) == []


def test_goes_with_the_function(function, client):
    create(client, function)
    client.delete_function(FunctionName=function.name)
    refused('ResourceNotFoundException', NO_CONFIG, client.get_function_url_config, FunctionName=function.name)
    again = Factory(client).create(CODE, FunctionName=function.name)
    assert listed(client, again) == []


def test_other_accounts_and_regions(daemon, connect, function, client):
    for access_key, region in ('111122223333', 'us-east-1'), ('test', 'eu-west-1'):
        elsewhere = connect(daemon.endpoint, access_key=access_key, region=region)
        factory = Factory(elsewhere)
        same = factory.create(CODE, FunctionName=function.name)
        url = create(elsewhere, same)['FunctionUrl']
        assert f'.lambda-url.{region}.localhost:' in url
        factory.clean()
    refused('ResourceNotFoundException', NO_CONFIG, client.get_function_url_config, FunctionName=function.name)
    stranger = connect(daemon.endpoint, access_key='111122223333')
    refused('AccessDeniedException', None, stranger.get_function_url_config,
            FunctionName=f'{ARN}:function:{function.name}')


def test_survives_a_kill(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = with_alias(Factory(client), client)
    create(client, function, Cors=CORS)
    create(client, function, Qualifier='live', AuthType='AWS_IAM', InvokeMode='RESPONSE_STREAM')
    before = listed(client, function)
    assert len(before) == 2
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert listed(client, function) == before
