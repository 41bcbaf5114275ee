# SPDX-License-Identifier: Apache-2.0
"""Aliases and their weights."""
from replay import module, recorded


def two_versions(case, **changed):
    """A function with versions 1 and 2, which differ in a variable."""
    name = case.created('create_response', case.arguments(Environment={'Variables': {'testenv': 'staging'}}, **changed))
    case.call('publish_v1', 'publish_version', FunctionName=name)
    case.client.update_function_configuration(FunctionName=name, Environment={'Variables': {'testenv': 'prod'}})
    case.wait_updated(name)
    case.call('publish_v2', 'publish_version', FunctionName=name)
    return name


@recorded('TestLambdaAlias::test_alias_lifecycle')
def test_alias_lifecycle(case):
    name = two_versions(case)
    for number, alias, arguments in [
            ('1_1', 'aliasname1_1', {'FunctionVersion': '1', 'Description': 'custom-alias',
                                     'RoutingConfig': {'AdditionalVersionWeights': {'2': 0.2}}}),
            ('1_2', 'aliasname1_2', {'FunctionVersion': '1', 'Description': 'custom-alias'}),
            ('1_3', 'aliasname1_3', {'FunctionVersion': '1'}),
            ('2', 'aliasname2', {'FunctionVersion': '2', 'Description': 'custom-alias'})]:
        case.call(f'create_alias_{number}', 'create_alias', FunctionName=name, Name=alias, **arguments)
        case.call(f'get_alias_{number}', 'get_alias', FunctionName=name, Name=alias)
        if number == '1_1':
            case.call('get_function_alias_1_1', 'get_function', FunctionName=name, Qualifier=alias)
            case.call('get_function_byarn_alias_1_1', 'get_function', FunctionName=case.arn(name, alias))
            case.call('get_function_alias_notfound_exc', 'get_function', FunctionName=name,
                      Qualifier='aliasdoesnotexist')
            case.call('get_function_alias_byarn_notfound_exc', 'get_function',
                      FunctionName=case.arn(name, 'aliasdoesnotexist'))
    case.call('list_aliases_for_fnname', 'list_aliases', FunctionName=name)
    for number, listed in [('1_1', 'list_aliases_for_fnname_after_update'),
                           ('1_2', 'list_aliases_for_fnname_after_update_2')]:
        alias = f'aliasname{number}'
        case.call(f'update_alias_{number}', 'update_alias', FunctionName=name, Name=alias,
                  RoutingConfig={'AdditionalVersionWeights': {}})
        case.call(f'get_alias_{number}_after_update', 'get_alias', FunctionName=name, Name=alias)
        case.call(listed, 'list_aliases', FunctionName=name)
    case.call('list_aliases_for_version', 'list_aliases', FunctionName=name, FunctionVersion='1')
    case.call('delete_alias_response', 'delete_alias', FunctionName=name, Name='aliasname1_1')
    case.call('list_aliases_for_fnname_afterdelete', 'list_aliases', FunctionName=name)


@recorded('TestLambdaAlias::test_notfound_and_invalid_routingconfigs')
def test_notfound_and_invalid_routingconfigs(case):
    name = two_versions(case, Publish=True)

    def create(step, version='1', weights=None, alias='custom', function=name):
        routing = {} if weights is None else {'RoutingConfig': {'AdditionalVersionWeights': weights}}
        case.call(step, 'create_alias', lax=True, FunctionName=function, Name=alias, FunctionVersion=version, **routing)

    create('routing_config_exc_toomany', weights={'1': 0.5, '2': 0.5})
    create('routing_config_exc_toohigh', weights={'2': 2})
    create('routing_config_exc_subzero', weights={'2': -1})
    create('routing_config_exc_sameversion', weights={'1': 0.5})
    create('target_version_doesnotexist', version='10', weights={'2': 0.5})
    create('routing_config_exc_version_doesnotexist', weights={'10': 0.5})
    create('target_version_exc_version_latest', version='$LATEST', weights={'1': 0.5})
    create('routing_config_exc_version_latest', weights={'$LATEST': 0.5})
    create('create-alias-latest', version='$LATEST', alias='custom-latest')
    create('routing_config_exc_fn_doesnotexist', weights={'2': 0.5}, function=f'{name}-unknown')
    create('create_alias_empty_routingconfig', weights={}, alias='custom-empty-routingconfig')
    create('create_alias_response', weights={'2': 0.5})
    create('routing_config_exc_already_exist', weights={'2': 0.5})
    case.call('alias_does_not_exist_esc', 'get_alias', FunctionName=name, Name='non-existent')


@recorded('TestLambdaAlias::test_non_existent_alias_deletion')
def test_non_existent_alias_deletion(case):
    name = case.created('create_response', case.arguments(Environment={'Variables': {'testenv': 'staging'}}))
    case.call('delete_alias_response', 'delete_alias', FunctionName=name, Name='non-existent')


@recorded('TestLambdaAliases::test_alias_routingconfig')
def test_alias_routingconfig(case):
    name = case.function(Code=module('def handler(event, context):\n    return context.function_version\n'))
    case.version(name)
    case.client.update_function_configuration(FunctionName=name, Description='second')
    case.wait_updated(name)
    case.version(name)
    case.call('create_alias_response', 'create_alias', FunctionName=name, Name='alias1', FunctionVersion='1',
              RoutingConfig={'AdditionalVersionWeights': {'2': 0.5}})
    seen = {case.client.invoke(FunctionName=name, Qualifier='alias1')['ExecutedVersion'] for _ in range(64)}
    assert seen == {'1', '2'}
