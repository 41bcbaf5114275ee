# SPDX-License-Identifier: Apache-2.0
"""Functions: their life, their settings, lists of them."""
import pytest
from replay import recorded


@recorded('TestLambdaFunction::test_function_lifecycle')
def test_function_lifecycle(case):
    name = case.created('create_response', case.helped(MemorySize=256, Timeout=5))
    case.call('get_function_response', 'get_function', FunctionName=name)
    case.call('update_func_conf_response', 'update_function_configuration', FunctionName=name, Runtime='python3.11',
              Description='Changed-Description', MemorySize=512, Timeout=10,
              Environment={'Variables': {'ENV_A': 'a'}})
    case.wait_updated(name)
    case.call('get_function_response_postupdate', 'get_function', FunctionName=name)
    case.call('update_code_response', 'update_function_code', FunctionName=name, **case.other_code())
    case.wait_updated(name)
    case.call('get_function_response_postcodeupdate', 'get_function', FunctionName=name)
    case.call('delete_response', 'delete_function', FunctionName=name)
    case.call('delete_postdelete', 'get_function', FunctionName=name)


@recorded('TestLambdaFunction::test_update_lambda_exceptions')
def test_update_lambda_exceptions(case):
    name = case.function()
    for step, change in [('invalid_role_arn_exc', {'Role': 'r1'}),
                         ('invalid_runtime_exc', {'Runtime': 'non-existent-runtime'}),
                         ('uppercase_runtime_exc', {'Runtime': 'PYTHON3.9'})]:
        case.call(step, 'update_function_configuration', FunctionName=name, **change)


@recorded('TestLambdaFunction::test_list_functions', region='eu-west-3')  # where nobody else has functions
def test_list_functions(case):
    first = case.created('create_response_1', case.helped('recorded-list-1', Publish=True))
    second = case.created('create_response_2', case.helped('recorded-list-2', Code=case.other_code()))
    case.call('list_functions_invalid_functionversion', 'list_functions', FunctionVersion='invalid')
    case.wait_active(first, Qualifier='1')
    case.wait_active(second)
    case.call('list_all', 'list_functions', FunctionVersion='ALL')
    case.call('list_default', 'list_functions')


@recorded('TestLambdaFunction::test_vpc_config')
def test_vpc_config(case):
    name = case.created('create_response', case.helped(MemorySize=256, Timeout=5, VpcConfig={
        'SubnetIds': ['subnet-0a1b2c3d4e5f60718'], 'SecurityGroupIds': ['sg-0a1b2c3d4e5f60718']}))
    case.call('get_function_response', 'get_function', FunctionName=name)
    for what, subnets, groups in [('update', ['subnet-1a1b2c3d4e5f60718'], ['sg-1a1b2c3d4e5f60718']),
                                  ('delete', [], [])]:
        case.call(f'{what}_vpcconfig_update_response', 'update_function_configuration', FunctionName=name,
                  VpcConfig={'SubnetIds': subnets, 'SecurityGroupIds': groups})
        case.wait_updated(name)
        case.call(f'{what}_vpcconfig_get_function_response', 'get_function', FunctionName=name)


@recorded('TestLambdaFunction::test_invalid_vpc_config_subnet', daemon='aws_daemon')
def test_invalid_vpc_config_subnet(case):
    for step, subnet in [('create-response-non-existent-subnet-id', 'subnet-0a1b2c3d4e5f60718'),
                         ('create-response-invalid-format-subnet-id', 'bad-format-0a1b2c3d')]:
        case.call(step, 'create_function', **case.helped(VpcConfig={
            'SubnetIds': [subnet], 'SecurityGroupIds': ['sg-0a1b2c3d4e5f60718']}))


@recorded('TestLambdaSnapStart::test_snapstart_exceptions')
def test_snapstart_exceptions(case):
    case.call('create_function_invalid_snapstart_apply', 'create_function',
              **case.helped(SnapStart={'ApplyOn': 'invalidOption'}))


@recorded('TestLambdaRecursion::test_put_function_recursion_config_invalid_value')
def test_put_function_recursion_config_invalid_value(case):
    case.call('put_recursion_invalid_value_error', 'put_function_recursion_config', FunctionName=case.function(),
              RecursiveLoop='InvalidValue')


@pytest.mark.parametrize('logging', [
    pytest.param({'LogFormat': 'JSON'}, id='partial_config0'),
    pytest.param({'LogFormat': 'JSON', 'ApplicationLogLevel': 'DEBUG'}, id='partial_config1'),
    pytest.param({'LogFormat': 'JSON', 'SystemLogLevel': 'DEBUG'}, id='partial_config2'),
    pytest.param({'LogGroup': 'cool_lambda'}, id='partial_config3'),
])
@recorded('TestLoggingConfig::test_function_partial_advanced_logging_configuration_update')
def test_function_partial_advanced_logging_configuration_update(case, logging):
    switch_logging(case, ('updated_config', 'received_config', logging))


@recorded('TestLoggingConfig::test_advanced_logging_configuration_format_switch')
def test_advanced_logging_configuration_format_switch(case):
    switch_logging(case, ('updated_config', 'received_config', {'LogFormat': 'JSON'}),
                   ('updated_config_v2', 'received_config_v2', {'LogFormat': 'Text'}))


def switch_logging(case, *changes):
    name = case.created('create_response', case.helped(MemorySize=256, Timeout=5))
    case.call('get_function_response', 'get_function', FunctionName=name)
    case.call('function_config', 'get_function_configuration', FunctionName=name)
    for updated, received, logging in changes:
        case.call(updated, 'update_function_configuration', FunctionName=name, LoggingConfig=logging)
        case.wait_updated(name)
        case.call(received, 'get_function_configuration', FunctionName=name)
