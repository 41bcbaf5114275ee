# SPDX-License-Identifier: Apache-2.0
"""CreateFunction, Get*, ListFunctions, Update*, DeleteFunction: answers, state machine, paging, error texts."""
import base64
import hashlib
import json
import re

import pytest

from support.errors import ARN, constraint, detected, invalid, pattern, refused
from support.functions import PYTHON, ROLE
from support.zips import make_zip

HELLO = {'app.py': 'def handler(event, context):\n    return event\n'}
RUNTIMES = (
    'nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, '
    'python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, '
    'java11, dotnet6, nodejs18.x, provided.al2, java8.al2')
UUID = r'[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
CREATING = 'The function is being created.'


def arguments(name, **changes):
    return {'FunctionName': name, 'Runtime': PYTHON, 'Handler': 'app.handler', 'Role': ROLE,
            'Code': {'ZipFile': make_zip(HELLO)}} | changes


def without(configuration, *keys):
    return {k: v for k, v in configuration.items() if k not in keys}


def test_create_answers_as_aws(functions):
    package = make_zip(HELLO)
    name = functions.name()
    answer = functions.client.create_function(**arguments(name, Code={'ZipFile': package}))
    metadata = answer.pop('ResponseMetadata')
    assert metadata['HTTPStatusCode'] == 201
    assert metadata['HTTPHeaders']['content-type'] == 'application/json'
    assert re.fullmatch(UUID, answer.pop('RevisionId'))
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000', answer.pop('LastModified'))
    version = answer.pop('RuntimeVersionConfig')
    assert re.fullmatch(r'arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}', version['RuntimeVersionArn'])
    assert answer == {
        'FunctionName': name, 'FunctionArn': f'{ARN}:function:{name}', 'Runtime': PYTHON, 'Role': ROLE,
        'Handler': 'app.handler', 'CodeSize': len(package), 'Description': '', 'Timeout': 3, 'MemorySize': 128,
        'CodeSha256': base64.b64encode(hashlib.sha256(package).digest()).decode(), 'Version': '$LATEST',
        'TracingConfig': {'Mode': 'PassThrough'}, 'State': 'Pending', 'StateReason': CREATING,
        'StateReasonCode': 'Creating', 'PackageType': 'Zip', 'Architectures': ['x86_64'],
        'EphemeralStorage': {'Size': 512}, 'SnapStart': {'ApplyOn': 'None', 'OptimizationStatus': 'Off'},
        'LoggingConfig': {'LogFormat': 'Text', 'LogGroup': f'/aws/lambda/{name}'},
    }


def test_becomes_active(functions):
    function = functions.create(HELLO)
    now = function.configuration()
    changed = ('State', 'StateReason', 'StateReasonCode', 'LastUpdateStatus', 'RevisionId')
    assert without(now, *changed) == without(function.created, *changed)
    assert (now['State'], now['LastUpdateStatus']) == ('Active', 'Successful')
    assert 'StateReason' not in now
    assert 'StateReasonCode' not in now
    assert now['RevisionId'] != function.created['RevisionId']


def test_get_function(functions, client):
    function = functions.create(HELLO, Tags={'stage': 'test'})
    answer = client.get_function(FunctionName=function.name)
    assert answer['Configuration'] == function.configuration()
    assert answer['Code']['RepositoryType'] == 'S3'
    assert answer['Code']['Location'].startswith('http')
    assert answer['Tags'] == {'stage': 'test'}
    assert 'Concurrency' not in answer
    plain = functions.create(HELLO)
    assert 'Tags' not in client.get_function(FunctionName=plain.name)


def test_settings_are_kept(functions):
    function = functions.create(
        HELLO, Description='what it does', Timeout=17, MemorySize=1000, EphemeralStorage={'Size': 700},
        Environment={'Variables': {'AB': 'x', 'EMPTY': '', 'UNICODE': 'ünï'}}, Architectures=['arm64'],
        TracingConfig={'Mode': 'Active'}, LoggingConfig={'LogFormat': 'JSON'})
    now = function.configuration()
    assert now['Description'] == 'what it does'
    assert (now['Timeout'], now['MemorySize'], now['EphemeralStorage']) == (17, 1000, {'Size': 700})
    assert now['Environment'] == {'Variables': {'AB': 'x', 'EMPTY': '', 'UNICODE': 'ünï'}}
    assert now['Architectures'] == ['arm64']
    assert now['TracingConfig'] == {'Mode': 'Active'}
    assert now['LoggingConfig'] == {'LogFormat': 'JSON', 'ApplicationLogLevel': 'INFO', 'SystemLogLevel': 'INFO',
                                    'LogGroup': f'/aws/lambda/{function.name}'}


def test_unknown_members_are_ignored(daemon, functions):
    import urllib.request
    name = functions.name()
    body = arguments(name, Code={'ZipFile': base64.b64encode(make_zip(HELLO)).decode()}, Surprise={'x': [1]})
    request = urllib.request.Request(
        f'{daemon.endpoint}/2015-03-31/functions', json.dumps(body).encode(), {
            'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/lambda/aws4_request, '
                             'SignedHeaders=host, Signature=0'})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


def test_conditional_members(functions):
    created = functions.create(HELLO).created
    for absent in ('Environment', 'VpcConfig', 'DeadLetterConfig', 'Layers', 'FileSystemConfigs', 'KMSKeyArn',
                   'LastUpdateStatus', 'ImageConfigResponse', 'MasterArn', 'SigningJobArn'):
        assert absent not in created
    assert functions.create(HELLO, Environment={'Variables': {}}).created['Environment'] == {'Variables': {}}


# Errors of CreateFunction

def test_create_exists(functions, client):
    function = functions.create(HELLO)
    refused('ResourceConflictException', f'Function already exist: {function.name}',
            client.create_function, **arguments(function.name))
    assert function.configuration()['CodeSha256'] == function.created['CodeSha256']


@pytest.mark.parametrize('runtime', ['non-existent-runtime', 'PYTHON3.9'])
def test_create_unknown_runtime(client, functions, runtime):
    refused('InvalidParameterValueException',
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f'[{RUNTIMES}] or be a valid ARN',
            client.create_function, **arguments(functions.name(), Runtime=runtime))


@pytest.mark.parametrize('runtime', ['python3.7', 'nodejs14.x', 'go1.x', 'java8'])
def test_create_retired_runtime(client, functions, runtime):
    refused('InvalidParameterValueException',
            f'The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. '
            'We recommend you use a supported runtime while creating or updating functions.',
            client.create_function, **arguments(functions.name(), Runtime=runtime))


def test_create_role_pattern(client, functions):
    invalid(pattern('r1', 'role', r'arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+'),
            client.create_function, **arguments(functions.name(), Role='r1'))


@pytest.mark.parametrize('member, value, path, text', [
    ('Timeout', 901, 'timeout', 'have value less than or equal to 900'),
    ('Timeout', 0, 'timeout', 'have value greater than or equal to 1'),
    ('MemorySize', 64, 'memorySize', 'have value greater than or equal to 128'),
    ('Description', 'x' * 257, 'description', 'have length less than or equal to 256'),
    ('PackageType', 'Tar', 'packageType', 'satisfy enum value set: [Zip, Image]'),
])
def test_create_constraints(lax_client, functions, member, value, path, text):
    error = refused_message(lax_client.create_function, **arguments(functions.name(), **{member: value}))
    expected = detected(constraint(value, path, text))
    # The order of an enumeration in the text is the service's own and differs from call to call.
    assert normal_sets(error) == normal_sets(expected)


def refused_message(call, **named):
    import botocore.exceptions
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**named)
    assert caught.value.response['Error']['Code'] == 'ValidationException'
    return caught.value.response['Error']['Message']


def normal_sets(text):
    return re.sub(r'enum value set: \[([^]]*)\]', lambda m: f'{sorted(m.group(1).split(", "))}', text)


def test_create_architectures(lax_client, functions):
    error = refused_message(lax_client.create_function, **arguments(functions.name(), Architectures=['riscv']))
    assert error == detected(
        "Value '[riscv]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: "
        '[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]')
    error = refused_message(lax_client.create_function,
                            **arguments(functions.name(), Architectures=['x86_64', 'arm64']))
    assert error == detected("Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: "
                             'Member must have length less than or equal to 1')


def test_create_required_members(lax_client):
    error = refused_message(lax_client.create_function, FunctionName='f')
    assert error.startswith('2 validation errors detected: ')
    assert set(error.removeprefix('2 validation errors detected: ').split('; ')) == {
        constraint(None, 'role', 'not be null'), constraint(None, 'code', 'not be null')}


def test_create_without_runtime(client, functions):
    request = arguments(functions.name())
    del request['Runtime']
    refused('InvalidParameterValueException',
            'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
            client.create_function, **request)


def test_create_without_code(client, functions):
    refused('InvalidParameterValueException', 'Please provide a source for function code.',
            client.create_function, **arguments(functions.name(), Code={}))


def test_create_reserved_variables(client, functions):
    refused('InvalidParameterValueException',
            'Lambda was unable to configure your environment variables because the environment variables you have '
            'provided contains reserved keys that are currently not supported for modification. Reserved keys used '
            'in this request: AWS_REGION',
            client.create_function,
            **arguments(functions.name(), Environment={'Variables': {'AWS_REGION': 'eu', 'FINE': '1'}}))


def test_create_environment_too_large(client, functions):
    variables = {'KEY': 'v' * 4087}  # {"KEY":"…"} is 4097 bytes
    text = '{"KEY":"' + 'v' * 4087 + '"}'
    refused('InvalidParameterValueException',
            'Lambda was unable to configure your environment variables because the environment variables you have '
            f'provided exceeded the 4KB limit. String measured: {text}',
            client.create_function, **arguments(functions.name(), Environment={'Variables': variables}))
    functions.create(HELLO, Environment={'Variables': {'KEY': 'v' * 4086}})


def test_too_many_tags(client, functions):
    tags = {f'key{i}': 'v' for i in range(51)}
    refused('InvalidParameterValueException', 'Number of tags exceeds resource tag limit.',
            client.create_function, **arguments(functions.name(), Tags=tags))


def test_log_level_needs_json(client, functions):
    refused('InvalidParameterValueException',
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the '
            'LogFormat to "JSON" and try again.',
            client.create_function, **arguments(functions.name(), LoggingConfig={
                'LogFormat': 'Text', 'ApplicationLogLevel': 'DEBUG'}))


def test_refused_create_leaves_nothing(client, functions):
    name = functions.name()
    refused('InvalidParameterValueException', 'Please provide a source for function code.',
            client.create_function, **arguments(name, Code={}))
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{name}',
            client.get_function, FunctionName=name)


# Missing functions

@pytest.mark.parametrize('call, suffix', [
    ('get_function', ''), ('get_function_configuration', ''), ('delete_function', ''),
    ('list_versions_by_function', ''), ('publish_version', ''), ('invoke', ':$LATEST'),
    ('get_function_code_signing_config', ''),
])
def test_missing_function(client, call, suffix):
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:nope{suffix}',
            getattr(client, call), FunctionName='nope')


def test_missing_function_updates(client):
    text = f'Function not found: {ARN}:function:nope'
    refused('ResourceNotFoundException', text, client.update_function_configuration, FunctionName='nope')
    refused('ResourceNotFoundException', text, client.update_function_code, FunctionName='nope',
            ZipFile=make_zip(HELLO))


def test_missing_qualifier(functions, client):
    function = functions.create(HELLO)
    for call in ('get_function', 'get_function_configuration', 'invoke'):
        for qualifier in ('7', 'live'):
            refused('ResourceNotFoundException', f'Function not found: {function.arn}:{qualifier}',
                    getattr(client, call), FunctionName=function.name, Qualifier=qualifier)


# Updates

def test_update_configuration(functions, client):
    function = functions.create(HELLO, Environment={'Variables': {'AA': '1', 'BB': '2'}})
    before = function.configuration()
    answer = client.update_function_configuration(
        FunctionName=function.name, Description='new', Timeout=10, MemorySize=512,
        Environment={'Variables': {'CC': '3'}})
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 200
    assert (answer['State'], answer['LastUpdateStatus']) == ('Active', 'InProgress')
    assert (answer['LastUpdateStatusReason'], answer['LastUpdateStatusReasonCode']) == (CREATING, 'Creating')
    function.wait_updated()
    now = function.configuration()
    changed = ('Description', 'Timeout', 'MemorySize', 'Environment', 'LastModified', 'RevisionId')
    assert without(now, *changed) == without(before, *changed)
    assert (now['Description'], now['Timeout'], now['MemorySize']) == ('new', 10, 512)
    assert now['Environment'] == {'Variables': {'CC': '3'}}
    assert now['LastUpdateStatus'] == 'Successful'
    assert len({before['RevisionId'], answer['RevisionId'], now['RevisionId']}) == 3


def test_update_without_change_is_an_update(functions, client):
    function = functions.create(HELLO)
    before = function.configuration()
    answer = client.update_function_configuration(FunctionName=function.name)
    assert answer['LastUpdateStatus'] == 'InProgress'
    now = function.wait_updated().configuration()
    assert now['RevisionId'] not in (before['RevisionId'], answer['RevisionId'])


def test_update_code(functions, client):
    function = functions.create('def handler(event, context):\n    return 1\n')
    assert function.invoke().json == 1
    package = make_zip({'app.py': 'def handler(event, context):\n    return 2\n'})
    answer = client.update_function_code(FunctionName=function.name, ZipFile=package)
    assert answer['LastUpdateStatus'] == 'InProgress'
    assert answer['CodeSize'] == len(package)
    assert answer['CodeSha256'] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert function.wait_updated().invoke().json == 2


def test_update_code_dry_run(functions, client):
    function = functions.create(HELLO)
    before = function.configuration()
    package = make_zip({'app.py': '# other\n'})
    answer = client.update_function_code(FunctionName=function.name, ZipFile=package, DryRun=True)
    assert answer['CodeSize'] == len(package)
    assert function.configuration() == before


def test_update_code_with_image(functions, client):
    function = functions.create(HELLO)
    refused('InvalidParameterValueException',
            "Please don't provide ImageUri when updating a function with packageType Zip.",
            client.update_function_code, FunctionName=function.name, ImageUri='x.dkr.ecr.us-east-1.amazonaws.com/y:1')


@pytest.mark.parametrize('call, more', [
    ('update_function_configuration', {'Description': 'x'}),
    ('update_function_code', {'ZipFile': make_zip(HELLO)}),
    ('publish_version', {}),
])
def test_wrong_revision(functions, client, call, more):
    function = functions.create(HELLO)
    before = function.configuration()
    refused('PreconditionFailedException',
            'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to '
            'retrieve the latest Revision Id',
            getattr(client, call), FunctionName=function.name, RevisionId='00000000-0000-4000-8000-000000000000',
            **more)
    assert function.configuration() == before
    getattr(client, call)(FunctionName=function.name, RevisionId=before['RevisionId'], **more)


def test_update_constraints(functions, client):
    function = functions.create(HELLO)
    refused('InvalidParameterValueException',
            f"Value python2 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{RUNTIMES}] "
            'or be a valid ARN',
            client.update_function_configuration, FunctionName=function.name, Runtime='python2')
    invalid(constraint(901, 'timeout', 'have value less than or equal to 900'),
            client.update_function_configuration, FunctionName=function.name, Timeout=901)


def test_logging_configuration_merges(functions, client):
    function = functions.create(HELLO, LoggingConfig={'LogFormat': 'JSON', 'LogGroup': 'mine'})
    client.update_function_configuration(FunctionName=function.name, LoggingConfig={'SystemLogLevel': 'WARN'})
    assert function.wait_updated().configuration()['LoggingConfig'] == {
        'LogFormat': 'JSON', 'ApplicationLogLevel': 'INFO', 'SystemLogLevel': 'WARN', 'LogGroup': 'mine'}
    client.update_function_configuration(FunctionName=function.name, LoggingConfig={'LogFormat': 'Text'})
    assert function.wait_updated().configuration()['LoggingConfig'] == {'LogFormat': 'Text', 'LogGroup': 'mine'}


# Delete

def test_delete(functions, client):
    function = functions.create(HELLO)
    answer = client.delete_function(FunctionName=function.name)
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    for call in ('get_function', 'delete_function'):
        refused('ResourceNotFoundException', f'Function not found: {function.arn}', getattr(client, call),
                FunctionName=function.name)
    functions.create(HELLO, FunctionName=function.name)


def test_delete_qualified(functions, client):
    function = functions.create(HELLO)
    refused('InvalidParameterValueException', '$LATEST version cannot be deleted without deleting the function.',
            client.delete_function, FunctionName=function.name, Qualifier='$LATEST')
    refused('InvalidParameterValueException', 'Deletion of aliases is not currently supported.',
            client.delete_function, FunctionName=function.name, Qualifier='live')
    assert client.delete_function(FunctionName=function.name, Qualifier='42')['ResponseMetadata'][
        'HTTPStatusCode'] == 204


# Lists

def test_list_functions(functions, client):
    made = [functions.create(HELLO) for _ in range(3)]
    items = {item['FunctionName']: item for item in client.list_functions()['Functions']}
    for function in made:
        item = items[function.name]
        now = function.configuration()
        left_out = ('State', 'LastUpdateStatus', 'RuntimeVersionConfig')
        assert item == without(now, *left_out)


def test_list_functions_all_versions(functions, client):
    function = functions.create(HELLO, Publish=True)
    arns = [item['FunctionArn'] for item in client.list_functions(FunctionVersion='ALL')['Functions']
            if item['FunctionName'] == function.name]
    assert arns == [f'{function.arn}:$LATEST', f'{function.arn}:1']


def test_list_functions_version_enum(client):
    invalid(constraint('invalid', 'functionVersion', 'satisfy enum value set: [ALL]'),
            client.list_functions, FunctionVersion='invalid')


def test_paging(own_daemon, connect):
    """60 functions: two pages by default (50), exact pages when asked, a stable order, nothing twice."""
    client = connect(own_daemon.start().endpoint)
    names = sorted(f'page-{i:02}' for i in range(60))
    package = make_zip(HELLO)
    for name in reversed(names):
        client.create_function(**arguments(name, Code={'ZipFile': package}))
    first = client.list_functions()
    assert len(first['Functions']) == 50
    second = client.list_functions(Marker=first['NextMarker'])
    assert 'NextMarker' not in second
    assert [f['FunctionName'] for f in first['Functions'] + second['Functions']] == names
    pages = list(client.get_paginator('list_functions').paginate(PaginationConfig={'PageSize': 7}))
    assert [len(page['Functions']) for page in pages] == [7] * 8 + [4]
    assert [f['FunctionName'] for page in pages for f in page['Functions']] == names
    whole = client.list_functions(MaxItems=10000)
    assert len(whole['Functions']) == 50
    exact = client.list_functions(MaxItems=30, Marker=client.list_functions(MaxItems=30)['NextMarker'])
    assert 'NextMarker' not in exact


def test_accounts_and_regions_are_apart(functions, connect, daemon):
    function = functions.create(HELLO)
    other_region = connect(daemon.endpoint, region='eu-west-1')
    other_account = connect(daemon.endpoint, access_key='123456789012')
    for client, account, region in ((other_region, '000000000000', 'eu-west-1'),
                                    (other_account, '123456789012', 'us-east-1')):
        arn = f'arn:aws:lambda:{region}:{account}:function:{function.name}'
        refused('ResourceNotFoundException', f'Function not found: {arn}',
                client.get_function, FunctionName=function.name)
        made = client.create_function(**arguments(function.name))
        assert made['FunctionArn'] == arn
        assert [f['FunctionArn'] for f in client.list_functions()['Functions']] == [arn]
        client.delete_function(FunctionName=function.name)
    assert function.configuration()['State'] == 'Active'


# Updates that meet

def test_updates_that_meet(functions, client, daemon):
    """Ten updates written at once: each is done, or refused with AWS's text because one is under way."""
    from support.http import Connection
    function = functions.create(HELLO)
    connection = Connection(daemon)
    path = f'/2015-03-31/functions/{function.name}/configuration'
    connection.send(b''.join(connection.request('PUT', path, b'{"Description":"%d"}' % i) for i in range(10)))
    answers = [connection.answer() for _ in range(10)]
    done = [json.loads(a.body) for a in answers if a.status == 200]
    conflicts = [a for a in answers if a.status != 200]
    assert done
    assert done[0]['Description'] == '0'
    assert {d['LastUpdateStatus'] for d in done} == {'InProgress'}
    for answer in conflicts:
        assert (answer.status, answer.headers['x-amzn-errortype']) == (409, 'ResourceConflictException')
        assert json.loads(answer.body) == {
            'Type': 'User', 'message': 'The operation cannot be performed at this time. An update is in progress for '
                                       f'resource: {function.arn}'}
    now = function.wait_updated().configuration()
    assert now['Description'] == done[-1]['Description']


def test_invoke_during_update(functions, client):
    """An invocation is answered by the old code or the new, never refused; afterwards by the new only."""
    function = functions.create('def handler(event, context):\n    return "old"\n')
    big = make_zip({f'data{i}.bin': bytes(2_000_000) for i in range(60)} |
                   {'app.py': 'def handler(event, context):\n    return "new"\n'})
    client.update_function_code(FunctionName=function.name, ZipFile=big)
    assert function.invoke().json in ('old', 'new')
    assert function.wait_updated().invoke().json == 'new'
