# SPDX-License-Identifier: Apache-2.0
"""Function URLs."""
from replay import recorded


@recorded('TestLambdaUrl::test_url_config_lifecycle')
def test_url_config_lifecycle(case):
    name = case.function()
    case.call('url_creation', 'create_function_url_config', FunctionName=name, AuthType='NONE')
    case.call('failed_duplication', 'create_function_url_config', FunctionName=name, AuthType='NONE')
    case.call('get_url_config', 'get_function_url_config', FunctionName=name)
    case.call('updated_url_config', 'update_function_url_config', FunctionName=name, AuthType='AWS_IAM')
    case.client.delete_function_url_config(FunctionName=name)
    case.call('failed_getter', 'get_function_url_config', FunctionName=name)


@recorded('TestLambdaUrl::test_url_config_exceptions')
def test_url_config_exceptions(case):
    name = case.function(Runtime='nodejs20.x', Handler='lambda_handler.handler')
    case.call('fn_version_result', 'publish_version', FunctionName=name)
    case.call('create_alias_result', 'create_alias', FunctionName=name, FunctionVersion='1', Name='urlalias')
    inputs = [
        ('name_doesnotexist', {'FunctionName': 'doesnotexist'}),
        ('arn_doesnotexist', {'FunctionName': case.arn('doesnotexist')}),
        ('name_doesnotexist_qualifier', {'FunctionName': 'doesnotexist', 'Qualifier': '1'}),
        ('qualifier_version', {'FunctionName': name, 'Qualifier': '1'}),
        ('qualifier_version_doesnotexist', {'FunctionName': name, 'Qualifier': '2'}),
        ('qualifier_alias_doesnotexist', {'FunctionName': name, 'Qualifier': 'doesnotexist'}),
        ('qualifier_alias_doesnotmatch_arn', {'FunctionName': case.arn(name, 'doesnotmatch'),
                                              'Qualifier': 'urlalias'}),
        ('qualifier_latest', {'FunctionName': name, 'Qualifier': '$LATEST'}),
        ('config_doesnotexist', {'FunctionName': name}),
    ]
    for operation in ('create', 'get', 'delete', 'update'):
        for what, arguments in inputs:
            step = f'{operation}_function_url_config_{what}'
            if step in case.steps:  # not every one was recorded for every operation
                more = {'AuthType': 'NONE'} if operation in ('create', 'update') else {}
                case.call(step, f'{operation}_function_url_config', **arguments, **more)
