# SPDX-License-Identifier: Apache-2.0
"""When the runtime of a version is updated."""
import pytest

from support.errors import ARN, constraint, invalid, refused
from support.functions import Factory

CODE = 'def handler(event, context):\n    return event\n'


@pytest.fixture
def function(functions, client):
    """A function with a version and an alias of it."""
    function = functions.create(CODE)
    client.publish_version(FunctionName=function.name)
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    return function


def bare(answer):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == 200
    return answer


def runtime_version(function):
    return function.configuration()['RuntimeVersionConfig']['RuntimeVersionArn']


@pytest.mark.parametrize('qualifier', [None, '$LATEST', '1'])
def test_lifecycle(function, client, qualifier):
    where = {'FunctionName': function.name} | ({'Qualifier': qualifier} if qualifier else {})
    arn = f'{function.arn}:{qualifier}' if qualifier else function.arn
    revision = function.configuration()['RevisionId']
    assert bare(client.get_runtime_management_config(**where)) == {'UpdateRuntimeOn': 'Auto', 'FunctionArn': arn}
    for said in ({'UpdateRuntimeOn': 'FunctionUpdate'},
                 {'UpdateRuntimeOn': 'Manual', 'RuntimeVersionArn': runtime_version(function)},
                 {'UpdateRuntimeOn': 'Auto'}):
        assert bare(client.put_runtime_management_config(**where, **said)) == {'FunctionArn': arn, **said}
        assert bare(client.get_runtime_management_config(**where)) == {'FunctionArn': arn, **said}
    assert function.configuration()['RevisionId'] == revision


def test_each_version_has_its_own(function, client):
    client.put_runtime_management_config(FunctionName=function.name, UpdateRuntimeOn='FunctionUpdate')
    latest = client.get_runtime_management_config(FunctionName=function.name, Qualifier='$LATEST')
    assert latest['UpdateRuntimeOn'] == 'FunctionUpdate'
    version = client.get_runtime_management_config(FunctionName=function.name, Qualifier='1')
    assert version['UpdateRuntimeOn'] == 'Auto'


def test_refused(function, client, lax_client):
    calls = ((client.put_runtime_management_config, {'UpdateRuntimeOn': 'Auto'}),
             (client.get_runtime_management_config, {}))
    for call, more in calls:
        refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{function.name}-none', call,
                FunctionName=f'{function.name}-none', **more)
        for qualifier in '9', 'live', 'nope':
            refused('ResourceNotFoundException', f'Function not found: {function.arn}:{qualifier}', call,
                    FunctionName=function.name, Qualifier=qualifier, **more)
    refused('InvalidParameterValueException', 'RuntimeVersionArn is required when UpdateRuntimeOn is Manual.',
            client.put_runtime_management_config, FunctionName=function.name, UpdateRuntimeOn='Manual')
    invalid(constraint('Never', 'updateRuntimeOn', 'satisfy enum value set: [Auto, Manual, FunctionUpdate]'),
            lax_client.put_runtime_management_config, FunctionName=function.name, UpdateRuntimeOn='Never')


def test_goes_with_its_version_and_survives_a_kill(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(CODE)
    for description in 'one', 'two':
        client.update_function_configuration(FunctionName=function.name, Description=description)
        function.wait_updated()
        version = client.publish_version(FunctionName=function.name)['Version']
        client.put_runtime_management_config(FunctionName=function.name, Qualifier=version,
                                             UpdateRuntimeOn='FunctionUpdate')
    client.delete_function(FunctionName=function.name, Qualifier='1')
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    kept = client.get_runtime_management_config(FunctionName=function.name, Qualifier='2')
    assert kept['UpdateRuntimeOn'] == 'FunctionUpdate'
    refused('ResourceNotFoundException', f'Function not found: {function.arn}:1',
            client.get_runtime_management_config, FunctionName=function.name, Qualifier='1')
