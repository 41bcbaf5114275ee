# SPDX-License-Identifier: Apache-2.0
"""Reserved and provisioned concurrency."""
import json

from replay import WAIT_FOR_TAG, module, recorded


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


@recorded('TestLambdaConcurrency::test_lambda_concurrency_crud')
def test_lambda_concurrency_crud(case):
    name = case.function()
    case.call('get_function_concurrency_default', 'get_function_concurrency', FunctionName=name)
    case.call('put_function_concurrency', 'put_function_concurrency', FunctionName=name,
              ReservedConcurrentExecutions=0)
    case.call('get_function_concurrency_updated', 'get_function_concurrency', FunctionName=name)
    case.client.delete_function_concurrency(FunctionName=name)
    case.call('get_function_concurrency_deleted', 'get_function_concurrency', FunctionName=name)


ECHO = 'def handler(event, context):\n    return event\n'


def provision(case, step, name, qualifier, count):
    case.call(step, 'put_provisioned_concurrency_config', FunctionName=name, Qualifier=qualifier,
              ProvisionedConcurrentExecutions=count)


def wait_provisioned(case, name, qualifier):
    case.wait_until(lambda: case.client.get_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier)['Status'] != 'IN_PROGRESS')


# What is provisioned takes away all that is reserved.
@recorded('TestLambdaConcurrency::test_lambda_concurrency_block')
def test_lambda_concurrency_block(case):
    name = case.function(Code=module(ECHO))
    version = case.call('v1_result', 'publish_version', FunctionName=name)['Version']
    case.call('reserved_concurrency_result', 'put_function_concurrency', FunctionName=name,
              ReservedConcurrentExecutions=1)
    case.invoke('invoke_latest_before_block', name, {'hello': 'world'})
    provision(case, 'provisioned_concurrency_result', name, version, 1)
    wait_provisioned(case, name, version)
    case.invoke('invoke_latest_first_exc', name, {'hello': 'world'})
    case.invoke('invoke_v1_after_block', name, {'hello': 'world'}, Qualifier=version)
    case.invoke('invoke_latest_second_exc', name, {'hello': 'world'})


INIT_OF = WAIT_FOR_TAG + '''
    if os.environ["AWS_LAMBDA_FUNCTION_VERSION"] == "{}":
        wait_for_tag("may end")
    '''
INITIALIZATION = '''
    def handler(event, context):
        return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
    '''


def slow_init(version, more):
    """The init of that version ends when the test lets it."""
    return module(INIT_OF.replace('{}', version) + more)


def let_init_end(case, name):
    case.client.tag_resource(Resource=case.arn(name), Tags={'may end': 'yes'})


@recorded('TestLambdaConcurrency::test_provisioned_concurrency')
def test_provisioned_concurrency(case):
    name = case.function(Code=slow_init('1', INITIALIZATION))
    version = case.version(name)
    provision(case, 'put_provisioned_5', name, version, 5)
    case.call('get_provisioned_prewait', 'get_provisioned_concurrency_config', FunctionName=name, Qualifier=version)
    let_init_end(case, name)
    wait_provisioned(case, name, version)
    case.call('get_provisioned_postwait', 'get_provisioned_concurrency_config', FunctionName=name, Qualifier=version)
    assert initialization(case, name, version) == 'provisioned-concurrency'
    assert initialization(case, name, '$LATEST') == 'on-demand'


def initialization(case, name, qualifier):
    return json.load(case.client.invoke(FunctionName=name, Qualifier=qualifier)['Payload'])


@recorded('TestLambdaConcurrency::test_provisioned_concurrency_init_failure')
def test_provisioned_concurrency_init_failure(case):
    name = case.function(Code=slow_init('1', '''
    raise Exception("no")
    '''))
    version = case.version(name)
    provision(case, 'put_provisioned', name, version, 1)
    case.call('get_provisioned_prewait', 'get_provisioned_concurrency_config', FunctionName=name, Qualifier=version)
    let_init_end(case, name)
    wait_provisioned(case, name, version)
    case.call('get_provisioned_postwait', 'get_provisioned_concurrency_config', FunctionName=name, Qualifier=version)


@recorded('TestLambdaConcurrency::test_lambda_provisioned_concurrency_moves_with_alias')
def test_lambda_provisioned_concurrency_moves_with_alias(case):
    name = case.created('create-result', case.helped(Runtime='python3.8', Timeout=2,
                                                     Code=slow_init('2', INITIALIZATION)))
    latest = case.call('get-function-configuration', 'get_function_configuration', FunctionName=name,
                       Qualifier='$LATEST')
    case.call('publish_version_1', 'publish_version', FunctionName=name, RevisionId=latest['RevisionId'],
              Description='my-first-version')
    case.call('get_function_configuration_version_1', 'get_function_configuration', FunctionName=name, Qualifier='1')
    assert initialization(case, name, '1') == 'on-demand'

    case.call('create_alias', 'create_alias', FunctionName=name, FunctionVersion='1', Name='moving')
    case.call('get_function_before_provisioned', 'get_function', FunctionName=name, Qualifier='1')
    case.client.put_provisioned_concurrency_config(FunctionName=name, Qualifier='moving',
                                                   ProvisionedConcurrentExecutions=1)
    wait_provisioned(case, name, 'moving')
    case.call('get_function_after_provisioned', 'get_function', FunctionName=name, Qualifier='moving')
    for qualifier in ('1', 'moving'):  # the version's, too
        assert initialization(case, name, qualifier) == 'provisioned-concurrency'

    case.client.update_function_configuration(FunctionName=name, Timeout=10)
    case.wait_updated(name)
    latest = case.call('get_function_after_update', 'get_function_configuration', FunctionName=name)
    case.call('publish_version_2', 'publish_version', FunctionName=name, RevisionId=latest['RevisionId'])
    case.call('update_alias', 'update_alias', FunctionName=name, FunctionVersion='2', Name='moving')
    case.call('get_provisioned_config_after_alias_move', 'get_provisioned_concurrency_config', FunctionName=name,
              Qualifier='moving')  # which has what version 1 had, until there is as much of version 2
    let_init_end(case, name)
    wait_provisioned(case, name, 'moving')
    for qualifier, how in [('1', 'on-demand'), ('2', 'provisioned-concurrency'), ('moving', 'provisioned-concurrency')]:
        assert initialization(case, name, qualifier) == how
    case.call('provisioned_concurrency_notfound', 'get_provisioned_concurrency_config', FunctionName=name,
              Qualifier='2')
