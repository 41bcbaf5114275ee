# SPDX-License-Identifier: Apache-2.0
"""Settings of asynchronous invocation."""
from replay import recorded


@recorded('TestLambdaEventInvokeConfig::test_lambda_eventinvokeconfig_lifecycle')
def test_lambda_eventinvokeconfig_lifecycle(case):
    name = case.function()

    def call(step, what, **arguments):
        case.call(step, f'{what}_function_event_invoke_config', FunctionName=name, **arguments)

    call('put_invokeconfig_retries_0', 'put', MaximumRetryAttempts=0)
    call('put_invokeconfig_eventage_60', 'put', MaximumEventAgeInSeconds=60)
    call('update_invokeconfig_eventage_nochange', 'update', MaximumEventAgeInSeconds=60)
    call('update_invokeconfig_retries', 'update', MaximumRetryAttempts=1)
    call('get_invokeconfig', 'get')
    call('get_invokeconfig_latest', 'get', Qualifier='$LATEST')
    case.call('list_single_invokeconfig', 'list_function_event_invoke_configs', FunctionName=name)
    case.call('publish_version_result', 'publish_version', FunctionName=name)
    call('get_invokeconfig_postpublish', 'get', Qualifier='1')
    call('put_published_invokeconfig', 'put', Qualifier='1', MaximumEventAgeInSeconds=120)
    call('get_published_invokeconfig', 'get', Qualifier='1')
    case.client.delete_function_event_invoke_config(FunctionName=name)
    case.call('list_paging_nolimit_postdelete', 'list_function_event_invoke_configs', FunctionName=name)
