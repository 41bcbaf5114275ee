# SPDX-License-Identifier: Apache-2.0
"""Code signing configurations, on functions and by themselves."""
import concurrent.futures
import re

import pytest

from support.errors import ARN, refused
from support.functions import PYTHON, ROLE, Factory
from support.zips import make_zip

CODE = 'def handler(event, context):\n    pass\n'
PROFILE = 'arn:aws:signer:us-east-1:000000000000:/signing-profiles/'
NOBODY = f'{ARN}:code-signing-config:csc-00000000000000000'
UNKNOWN = f'The Lambda code signing configuration {NOBODY} can not be found.'
UNKNOWN_TO_FUNCTION = ('The code signing configuration cannot be found. Check that the provided configuration is not '
                       f'deleted: {NOBODY}.')


def untrusted(function_arn):
    return ('Lambda cannot deploy the function. The function or layer might be signed using a signature that the '
            f'client is not configured to accept. Check the provided signature for {function_arn}.')


def publishers(*profiles):
    return {'SigningProfileVersionArns': [PROFILE + profile for profile in profiles or ('test',)]}


def policies(policy):
    return {'UntrustedArtifactOnDeployment': policy}


def bare(answer, status=200):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == status
    return answer.get('CodeSigningConfig', answer)


def create(client, **arguments):
    return bare(client.create_code_signing_config(**{'AllowedPublishers': publishers()} | arguments), 201)


def arn_of(config):
    return {'CodeSigningConfigArn': config['CodeSigningConfigArn']}


def in_use(config):
    return f'The code signing configuration {config["CodeSigningConfigArn"]} is in use by at least one function.'


@pytest.fixture
def config(client):
    config = create(client)
    yield config
    for name in bare(client.list_functions_by_code_signing_config(**arn_of(config)))['FunctionArns']:
        client.delete_function_code_signing_config(FunctionName=name)
    client.delete_code_signing_config(**arn_of(config))


def refused_by_code(client, code, status, text, call, **arguments):
    with pytest.raises(client.exceptions.ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    assert (response['Error']['Code'], response['Error']['Message']) == (code, text)
    assert response['ResponseMetadata']['HTTPStatusCode'] == status
    return response


def unknown(client, call, **arguments):
    assert 'Type' not in refused_by_code(client, 'ResourceNotFoundException', 404, UNKNOWN, call, **arguments)


def test_life(client):
    made = create(client)
    assert re.fullmatch('csc-[a-z0-9]{17}', made['CodeSigningConfigId'])
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000', made['LastModified'])
    assert made == {'CodeSigningConfigId': made['CodeSigningConfigId'], 'Description': '',
                    'LastModified': made['LastModified'],
                    'CodeSigningConfigArn': f'{ARN}:code-signing-config:{made["CodeSigningConfigId"]}',
                    'AllowedPublishers': publishers(), 'CodeSigningPolicies': policies('Warn')}
    assert bare(client.get_code_signing_config(**arn_of(made))) == made
    assert bare(client.update_code_signing_config(**arn_of(made))) == made
    more = {'Description': 'changed', 'AllowedPublishers': publishers('a', 'b'),
            'CodeSigningPolicies': policies('Enforce')}
    for key, value in more.items():
        changed = bare(client.update_code_signing_config(**arn_of(made), **{key: value}))
        made = made | {key: value, 'LastModified': changed['LastModified']}
        assert changed == made
    assert bare(client.get_code_signing_config(**arn_of(made))) == made
    bare(client.delete_code_signing_config(**arn_of(made)), 204)
    refused_by_code(client, 'ResourceNotFoundException', 404, UNKNOWN.replace(NOBODY, made['CodeSigningConfigArn']),
                    client.get_code_signing_config, **arn_of(made))


def test_missing(client):
    nobody = {'CodeSigningConfigArn': NOBODY}
    for call in (client.get_code_signing_config, client.update_code_signing_config, client.delete_code_signing_config,
                 client.list_functions_by_code_signing_config):
        unknown(client, call, **nobody)
    unknown(client, client.update_code_signing_config, **nobody, Description='x')


def test_on_a_function(client, functions, config):
    function = functions.create(CODE)
    name = {'FunctionName': function.name}
    assert bare(client.get_function_code_signing_config(**name)) == {}
    assert bare(client.list_functions_by_code_signing_config(**arn_of(config))) == {'FunctionArns': []}
    both = name | arn_of(config)
    assert bare(client.put_function_code_signing_config(**both)) == both
    assert bare(client.get_function_code_signing_config(FunctionName=function.arn)) == both
    assert bare(client.list_functions_by_code_signing_config(**arn_of(config))) == {'FunctionArns': [function.arn]}
    refused('ResourceConflictException', in_use(config), client.delete_code_signing_config, **arn_of(config))
    for _ in range(2):
        bare(client.delete_function_code_signing_config(**name), 204)
        assert bare(client.get_function_code_signing_config(**name)) == {}


def test_function_missing(client, config):
    name = {'FunctionName': 'nope'}
    text = f'Function not found: {ARN}:function:nope'
    for call, arguments in ((client.get_function_code_signing_config, name),
                            (client.delete_function_code_signing_config, name),
                            (client.put_function_code_signing_config, name | arn_of(config))):
        refused('ResourceNotFoundException', text, call, **arguments)
    response = refused_by_code(client, 'CodeSigningConfigNotFoundException', 404, UNKNOWN_TO_FUNCTION,
                               client.put_function_code_signing_config, **name, CodeSigningConfigArn=NOBODY)
    assert response['Type'] == 'User'


def test_function_created_with_it(client, functions, config):
    function = functions.create(CODE, CodeSigningConfigArn=config['CodeSigningConfigArn'])
    both = {'FunctionName': function.name} | arn_of(config)
    assert bare(client.get_function_code_signing_config(FunctionName=function.name)) == both
    client.delete_function(FunctionName=function.name)
    assert bare(client.list_functions_by_code_signing_config(**arn_of(config))) == {'FunctionArns': []}
    refused_by_code(client, 'CodeSigningConfigNotFoundException', 404, UNKNOWN_TO_FUNCTION, client.create_function,
                    FunctionName=functions.name(), Runtime=PYTHON, Handler='app.handler', Role=ROLE,
                    Code={'ZipFile': make_zip({'app.py': CODE})}, CodeSigningConfigArn=NOBODY)


def test_enforced(client, functions, config):
    """Nothing that is uploaded carries a trusted signature."""
    function = functions.create(CODE)
    client.put_function_code_signing_config(FunctionName=function.name, **arn_of(config))
    package = make_zip({'app.py': CODE + '# more\n'})
    client.update_function_code(FunctionName=function.name, ZipFile=package)
    function.wait_updated()
    client.update_code_signing_config(**arn_of(config), CodeSigningPolicies=policies('Enforce'))
    before = function.configuration()
    refused_by_code(client, 'CodeVerificationFailedException', 400, untrusted(function.arn),
                    client.update_function_code, FunctionName=function.name, ZipFile=package)
    assert function.configuration() == before
    name = functions.name()
    refused_by_code(client, 'CodeVerificationFailedException', 400, untrusted(f'{ARN}:function:{name}'),
                    client.create_function, FunctionName=name, Runtime=PYTHON, Handler='app.handler', Role=ROLE,
                    Code={'ZipFile': package}, **arn_of(config))
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{name}', client.get_function,
            FunctionName=name)
    client.delete_function_code_signing_config(FunctionName=function.name)
    client.update_function_code(FunctionName=function.name, ZipFile=package)


def pages(call, key, size, **arguments):
    while True:
        answer = call(MaxItems=size, **arguments)
        yield answer[key]
        if 'NextMarker' not in answer:
            return
        arguments['Marker'] = answer['NextMarker']


@pytest.mark.parametrize('size', [1, 3, 50])
def test_lists(own_daemon, connect, size):
    client = connect(own_daemon.start().endpoint)
    configs = {made['CodeSigningConfigId']: made for made in (create(client, Description=str(i)) for i in range(7))}
    found = list(pages(client.list_code_signing_configs, 'CodeSigningConfigs', size))
    assert all(len(page) == size for page in found[:-1])
    assert {made['CodeSigningConfigId']: made for page in found for made in page} == configs
    one, other = list(configs.values())[:2]
    names = [Factory(client).create(CODE).name for i in range(5)]
    for i, name in enumerate(names):
        client.put_function_code_signing_config(FunctionName=name, **arn_of(other if i == 2 else one))
    found = list(pages(client.list_functions_by_code_signing_config, 'FunctionArns', size, **arn_of(one)))
    assert all(len(page) == size for page in found[:-1])
    assert sorted(sum(found, [])) == sorted(f'{ARN}:function:{name}' for i, name in enumerate(names) if i != 2)


def test_bad_markers(client, config):
    for call, arguments in ((client.list_code_signing_configs, {}),
                            (client.list_functions_by_code_signing_config, arn_of(config))):
        refused('InvalidParameterValueException', 'The provided marker is invalid.', call,
                Marker='none of ours', **arguments)


def test_deleted_and_put_at_once(client, functions):
    """Either the function has the configuration, or there is none: never one without the other."""
    function = functions.create(CODE)
    for _ in range(10):
        made = create(client)

        def put(made=made):
            return client.put_function_code_signing_config(FunctionName=function.name, **arn_of(made))

        def delete(made=made):
            return client.delete_code_signing_config(**arn_of(made))

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = [pool.submit(call) for call in (put, delete)]
            errors = [result.exception() for result in results]
        assert sum(error is None for error in errors) == 1
        has = bare(client.get_function_code_signing_config(FunctionName=function.name))
        if errors[0] is None:
            assert has == {'FunctionName': function.name} | arn_of(made)
            assert errors[1].response['Error']['Code'] == 'ResourceConflictException'
            client.delete_function_code_signing_config(FunctionName=function.name)
            delete()
        else:
            assert has == {}
            assert errors[0].response['Error']['Code'] == 'CodeSigningConfigNotFoundException'


def test_kill_right_after_each_answer(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    name = Factory(client).create(CODE).name
    made = create(client, Description='ü', Tags={'a': 'b'}, CodeSigningPolicies=policies('Enforce'))
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert bare(client.get_code_signing_config(**arn_of(made))) == made
    assert client.list_tags(Resource=made['CodeSigningConfigArn'])['Tags'] == {'a': 'b'}
    client.put_function_code_signing_config(FunctionName=name, **arn_of(made))
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert bare(client.get_function_code_signing_config(FunctionName=name)) == {'FunctionName': name} | arn_of(made)
    client.delete_function_code_signing_config(FunctionName=name)
    client.delete_code_signing_config(**arn_of(made))
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert bare(client.get_function_code_signing_config(FunctionName=name)) == {}
    assert client.list_code_signing_configs()['CodeSigningConfigs'] == []


def test_kept_apart(client, config, daemon, connect):
    for other in (connect(daemon.endpoint, access_key='111111111111'), connect(daemon.endpoint, region='eu-west-1')):
        with pytest.raises(other.exceptions.ResourceNotFoundException):
            other.get_code_signing_config(**arn_of(config))
        assert other.list_code_signing_configs()['CodeSigningConfigs'] == []
