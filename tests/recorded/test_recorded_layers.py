# SPDX-License-Identifier: Apache-2.0
"""Layers and their policies."""
import pytest
from replay import ZIP, recorded

RUNTIMES = [
    ['nodejs24.x', 'nodejs22.x', 'nodejs20.x', 'nodejs18.x', 'nodejs16.x', 'nodejs14.x', 'nodejs12.x', 'python3.14',
     'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3.9', 'python3.8', 'python3.7'],
    ['java25', 'java21', 'java17', 'java11', 'java8.al2', 'java8', 'dotnet10', 'dotnet8', 'dotnet6', 'dotnetcore3.1',
     'go1.x', 'ruby3.4', 'ruby3.3', 'ruby3.2', 'ruby2.7'],
    ['provided.al2023', 'provided.al2', 'provided'],
]
PYTHON = {'CompatibleRuntimes': ['python3.12'], 'CompatibleArchitectures': ['x86_64']}


def layer(case, **arguments):
    """The arguments of a PublishLayerVersion with a name of its own."""
    name = case.name_for('layer')
    case.later(case.client.delete_layer_version, LayerName=name, VersionNumber=1)
    return {'LayerName': name, 'Content': {'ZipFile': ZIP}} | arguments


@pytest.mark.parametrize('runtimes', RUNTIMES, ids=['runtimes0', 'runtimes1', 'runtimes2'])
@recorded('TestLambdaLayer::test_layer_compatibilities')
def test_layer_compatibilities(case, runtimes):
    case.call('publish_result', 'publish_layer_version',
              **layer(case, CompatibleRuntimes=runtimes, CompatibleArchitectures=['arm64', 'x86_64']))


@recorded('TestLambdaLayer::test_layer_function_quota_exception')
def test_layer_function_quota_exception(case):
    layers = [case.client.publish_layer_version(**layer(case))['LayerVersionArn'] for _ in range(6)]
    case.call('create_function_with_six_layers', 'create_function', **case.helped(Layers=layers))


@recorded('TestLambdaLayer::test_layer_exceptions')
def test_layer_exceptions(case):
    arguments = layer(case, **PYTHON)
    name = arguments['LayerName']
    arn = case.call('publish_result', 'publish_layer_version', **arguments)['LayerArn']
    case.call('list_layers_exc_compatibleruntime_invalid', 'list_layers', CompatibleRuntime='runtimedoesnotexist')
    case.call('list_layers_exc_compatiblearchitecture_invalid', 'list_layers',
              CompatibleArchitecture='archdoesnotexist')
    case.call('list_nonexistent_layer', 'list_layer_versions', LayerName='layerdoesnotexist')
    for what, layer_name, number in [('layer_doesnotexist', 'layerdoesnotexist', 1),
                                     ('layer_version_doesnotexist_negative', name, -1),
                                     ('layer_version_doesnotexist_zero', name, 0),
                                     ('layer_version_doesnotexist_2', name, 2)]:
        case.call(f'get_layer_version_exc_{what}', 'get_layer_version', LayerName=layer_name, VersionNumber=number)
    case.call('get_layer_version_by_arn_exc_invalidarn', 'get_layer_version_by_arn', Arn=arn)
    case.call('get_layer_version_by_arn_exc_nonexistentversion', 'get_layer_version_by_arn', Arn=f'{arn}:2')
    for step, layer_name, number in [('delete_nonexistent_response', 'layerdoesnotexist', 1),
                                     ('delete_nonexistent_version_response', name, 2),
                                     ('delete_layer_response', name, 1), ('delete_layer_again_response', name, 1),
                                     ('delete_layer_version_exc_layerversion_invalid_version', name, -1)]:
        case.call(step, 'delete_layer_version', LayerName=layer_name, VersionNumber=number)
    case.call('publish_empty_result', 'publish_layer_version',
              **layer(case, CompatibleRuntimes=[], CompatibleArchitectures=[]))
    case.call('publish_layer_version_exc_invalid_runtime_arch', 'publish_layer_version',
              **layer(case, CompatibleRuntimes=['invalidruntime'], CompatibleArchitectures=['invalidarch']))
    case.call('publish_layer_version_exc_partially_invalid_values', 'publish_layer_version',
              **layer(case, CompatibleRuntimes=['invalidruntime', 'invalidruntime2', 'nodejs20.x'],
                      CompatibleArchitectures=['invalidarch', 'x86_64']))


@recorded('TestLambdaLayer::test_layer_policy_exceptions')
def test_layer_policy_exceptions(case):
    arguments = layer(case, **PYTHON)
    name = arguments['LayerName']
    case.call('publish_result', 'publish_layer_version', **arguments)

    def add(what, layer_name=name, number=1, **changed):
        case.call(what, 'add_layer_version_permission', LayerName=layer_name, VersionNumber=number,
                  **({'StatementId': 's1', 'Action': 'lambda:GetLayerVersion', 'Principal': '*'} | changed))

    def get(what, layer_name=name, number=1):
        case.call(what, 'get_layer_version_policy', LayerName=layer_name, VersionNumber=number)

    def remove(what, layer_name=name, number=1, **changed):
        case.call(what, 'remove_layer_version_permission', LayerName=layer_name, VersionNumber=number,
                  **({'StatementId': 's1'} | changed))

    get('layer_permission_nopolicy_get')
    add('add_layer_permission_result')
    add('layer_permission_action_invalid', StatementId='s2', Action='*')
    add('layer_permission_duplicate_statement')
    add('layer_permission_wrong_revision', StatementId='s2', RevisionId='wrong')
    for what, layer_name, number in [('layername', f'{name}-doesnotexist', 1), ('layerversion', name, 2)]:
        add(f'layer_permission_{what}_doesnotexist_add', layer_name, number)
        get(f'layer_permission_{what}_doesnotexist_get', layer_name, number)
        remove(f'layer_permission_{what}_doesnotexist_remove', layer_name, number)
    remove('layer_permission_statementid_doesnotexist_remove', StatementId='doesnotexist')
    remove('layer_permission_wrong_revision_remove', RevisionId='wrong')
