# SPDX-License-Identifier: Apache-2.0
"""Reserved and provisioned concurrency."""
from replay import recorded


@recorded('TestLambdaReservedConcurrency::test_function_concurrency')
def test_function_concurrency(case):
    name = case.function()
    for reserved in (0, 1):
        case.call(f'put_function_concurrency_with_reserved_{reserved}', 'put_function_concurrency', FunctionName=name,
                  ReservedConcurrentExecutions=reserved)
    case.call('get_function_concurrency', 'get_function_concurrency', FunctionName=name)
    case.call('delete_response', 'delete_function_concurrency', FunctionName=name)
    case.call('get_function_concurrency_after_delete', 'get_function_concurrency', FunctionName=name)


# Where nothing is reserved.
@recorded('TestLambdaProvisionedConcurrency::test_provisioned_concurrency_limits', region='eu-west-2')
def test_provisioned_concurrency_limits(case):
    name = case.function()
    version = case.client.publish_version(FunctionName=name)['Version']
    unreserved = case.client.get_account_settings()['AccountLimit']['UnreservedConcurrentExecutions']
    for step, count in [('put_provisioned_concurrency_account_limit_exceeded', unreserved + 1),
                        ('put_provisioned_concurrency_below_unreserved_min_value', unreserved - 10)]:
        case.call(step, 'put_provisioned_concurrency_config', FunctionName=name, Qualifier=version,
                  ProvisionedConcurrentExecutions=count)
