# SPDX-License-Identifier: Apache-2.0
"""Function names, ARNs and qualifiers: every form that is accepted, and AWS's texts for those that are not."""
import pytest
from botocore import xform_name

from support.errors import ARN, RE_A, RE_B, RE_QUALIFIER, invalid, longest, pattern, refused
from support.functions import PYTHON, ROLE
from support.operations import NOT_OFFERED, offered, service_model
from support.zips import make_zip

PACKAGE = make_zip({'app.py': 'def handler(event, context):\n    return context.invoked_function_arn\n'})
LONG_A = 'a' * 129
NAME_65 = 'a' * 65
LONG_NAME = 'f' * 150


def create(client, name):
    return client.create_function(FunctionName=name, Runtime=PYTHON, Handler='app.handler', Role=ROLE,
                                  Code={'ZipFile': PACKAGE})


READERS = ['get_function', 'get_function_configuration', 'delete_function', 'invoke']

# Names that no operation accepts.
BAD_NAMES = [
    '*', 'my-function!', 'invalid!chars@here', f'{ARN}:function:f:1:2', 'function:f:$LATEST:extra',
    'arn:aws:ec2:us-east-1:000000000000:instance/i-1', 'arn:aws:lambda::000000000000:function:f',
    'arn:aws:lambda:us-east-1::function:f', 'arn:aws:lambda:invalid-region:000000000000:function:f',
    'invalid-account:function:f', f'{ARN}:function:f:$LATES', f'{ARN}:function', ]
BAD_NAMES.remove(f'{ARN}:function')  # parsed as a function named "function"


@pytest.mark.parametrize('name', BAD_NAMES)
@pytest.mark.parametrize('call', READERS)
def test_bad_name(lax_client, call, name):
    invalid(pattern(name, 'functionName', RE_A), getattr(lax_client, call), FunctionName=name)


@pytest.mark.parametrize('name', BAD_NAMES + ['f:invalid!', 'f:$latest'])
def test_bad_name_create(lax_client, name):
    invalid(pattern(name, 'functionName', RE_B), create, lax_client, name)


@pytest.mark.parametrize('call', READERS)
def test_bad_qualifier(lax_client, call):
    invalid(pattern('invalid!', 'qualifier', RE_QUALIFIER), getattr(lax_client, call), FunctionName='f',
            Qualifier='invalid!')
    invalid(longest(LONG_A, 'qualifier', 128), getattr(lax_client, call), FunctionName='f', Qualifier=LONG_A)


@pytest.mark.parametrize('call', READERS)
def test_both_bad(lax_client, call):
    name = f'arn:aws:lambda:invalid-region:000000000000:function:{LONG_NAME}'
    invalid([longest(LONG_A, 'qualifier', 128), pattern(name, 'functionName', RE_A)],
            getattr(lax_client, call), FunctionName=name, Qualifier=LONG_A)


def test_long_names(lax_client):
    text = f'Function not found: {ARN}:function:{NAME_65}'
    refused('ResourceNotFoundException', text, lax_client.get_function, FunctionName=NAME_65)
    refused('ResourceNotFoundException', text, lax_client.delete_function, FunctionName=NAME_65)
    refused('ResourceNotFoundException', f'{text}:$LATEST', lax_client.invoke, FunctionName=NAME_65)
    refused('InvalidParameterValueException',
            f"1 validation error detected: Value '{NAME_65}' at 'functionName' failed to satisfy constraint: Member must "
            'have length less than or equal to 64', create, lax_client, NAME_65)
    invalid(longest(f'my-function:{LONG_A}', 'functionName', 140), create, lax_client, f'my-function:{LONG_A}')
    bad = f'arn:aws:lambda:invalid-region:000000000000:function:{LONG_NAME}'
    invalid([longest(bad, 'functionName', 140), pattern(bad, 'functionName', RE_B)], create, lax_client, bad)


def test_long_qualifier_is_looked_up(lax_client):
    text = f'Function not found: {ARN}:function:my-function:{NAME_65}'
    for call in ('get_function', 'invoke'):
        refused('ResourceNotFoundException', text, getattr(lax_client, call), FunctionName='my-function',
                Qualifier=NAME_65)
    refused('InvalidParameterValueException', 'Deletion of aliases is not currently supported.',
            lax_client.delete_function, FunctionName='my-function', Qualifier=NAME_65)


def test_lower_case_latest(lax_client):
    for call in ('get_function', 'invoke'):
        refused('ResourceNotFoundException', f'Function not found: {ARN}:function:my-function:$latest',
                getattr(lax_client, call), FunctionName='my-function', Qualifier='$latest')


    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:my-function', lax_client.delete_function,
            FunctionName='my-function', Qualifier='$latest')


def test_conflicting_qualifiers(functions, client):
    function = functions.create(PACKAGE)
    for call in READERS:
        refused('InvalidParameterValueException',
                'The derived qualifier from the function name does not match the specified qualifier.',
                getattr(client, call), FunctionName=f'{function.arn}:$LATEST', Qualifier='1')
    client.get_function(FunctionName=f'{function.arn}:$LATEST', Qualifier='$LATEST')


@pytest.mark.parametrize('call', ['get_function', 'delete_function', 'invoke'])
def test_other_region(client, call):
    refused('ResourceNotFoundException',
            "Functions from 'eu-central-1' are not reachable in this region ('us-east-1')",
            getattr(client, call), FunctionName='arn:aws:lambda:eu-central-1:000000000000:function:f')


# Every operation that takes the name of a function, with what else it needs.
OPERATIONS = {
    'AddPermission': {'StatementId': 's', 'Action': 'lambda:InvokeFunction', 'Principal': '*'},
    'CreateAlias': {'Name': 'a', 'FunctionVersion': '1'},
    'CreateFunction': {'Runtime': PYTHON, 'Handler': 'app.handler', 'Role': ROLE, 'Code': {'ZipFile': PACKAGE}},
    'CreateFunctionUrlConfig': {'AuthType': 'NONE'},
    'DeleteAlias': {'Name': 'a'},
    'DeleteFunction': {},
    'DeleteFunctionCodeSigningConfig': {},
    'DeleteFunctionConcurrency': {},
    'DeleteFunctionEventInvokeConfig': {},
    'DeleteFunctionUrlConfig': {},
    'DeleteProvisionedConcurrencyConfig': {'Qualifier': '1'},
    'GetAlias': {'Name': 'a'},
    'GetFunction': {},
    'GetFunctionCodeSigningConfig': {},
    'GetFunctionConcurrency': {},
    'GetFunctionConfiguration': {},
    'GetFunctionEventInvokeConfig': {},
    'GetFunctionRecursionConfig': {},
    'GetFunctionUrlConfig': {},
    'GetPolicy': {},
    'GetProvisionedConcurrencyConfig': {'Qualifier': '1'},
    'GetRuntimeManagementConfig': {},
    'Invoke': {},
    'InvokeAsync': {'InvokeArgs': b'{}'},
    'InvokeWithResponseStream': {},
    'ListAliases': {},
    'ListFunctionEventInvokeConfigs': {},
    'ListFunctionUrlConfigs': {},
    'ListProvisionedConcurrencyConfigs': {},
    'ListVersionsByFunction': {},
    'PublishVersion': {},
    'PutFunctionCodeSigningConfig': {'CodeSigningConfigArn': f'{ARN}:code-signing-config:csc-{"0" * 17}'},
    'PutFunctionConcurrency': {'ReservedConcurrentExecutions': 1},
    'PutFunctionEventInvokeConfig': {'MaximumRetryAttempts': 1},
    'PutFunctionRecursionConfig': {'RecursiveLoop': 'Allow'},
    'PutProvisionedConcurrencyConfig': {'Qualifier': '1', 'ProvisionedConcurrentExecutions': 1},
    'PutRuntimeManagementConfig': {'UpdateRuntimeOn': 'Auto'},
    'RemovePermission': {'StatementId': 's'},
    'UpdateAlias': {'Name': 'a'},
    'UpdateFunctionCode': {'ZipFile': PACKAGE},
    'UpdateFunctionConfiguration': {},
    'UpdateFunctionEventInvokeConfig': {'MaximumRetryAttempts': 1},
    'UpdateFunctionUrlConfig': {},
}
OFFERED = sorted(offered() & set(OPERATIONS))

# Those that the policy of a function can open to other accounts.
BY_POLICY = {
    'CreateAlias', 'DeleteAlias', 'DeleteFunction', 'DeleteFunctionConcurrency', 'DeleteFunctionEventInvokeConfig',
    'DeleteProvisionedConcurrencyConfig', 'GetAlias', 'GetFunction', 'GetFunctionConcurrency',
    'GetFunctionConfiguration', 'GetFunctionEventInvokeConfig', 'GetPolicy', 'GetProvisionedConcurrencyConfig', 'Invoke',
    'InvokeAsync', 'InvokeWithResponseStream', 'ListAliases', 'ListFunctionEventInvokeConfigs',
    'ListProvisionedConcurrencyConfigs', 'ListVersionsByFunction', 'PublishVersion', 'PutFunctionConcurrency',
    'PutFunctionEventInvokeConfig', 'PutProvisionedConcurrencyConfig', 'UpdateAlias', 'UpdateFunctionCode',
    'UpdateFunctionEventInvokeConfig',
}


def action_of(operation):
    return 'InvokeFunction' if operation in ('Invoke', 'InvokeWithResponseStream') else operation


def test_the_list_of_operations_is_complete():
    """Mappings apart, which have functions, but are not about them."""
    takers = {name for name in service_model().operation_names
              if 'FunctionName' in service_model().operation_model(name).input_shape.members}
    assert takers - NOT_OFFERED == set(OPERATIONS) | {
        'CreateEventSourceMapping', 'ListEventSourceMappings', 'UpdateEventSourceMapping'}


# What the name has to look like, by its shape in the model.
PATTERNS = {'NamespacedFunctionName': RE_A, 'FunctionName': RE_B,
            'UnqualifiedFunctionName': RE_B.removesuffix(r'(:(\$LATEST|[a-zA-Z0-9-_]+))?')}


@pytest.mark.parametrize('operation', OFFERED)
def test_bad_name_of_every_operation(lax_client, operation):
    shape = service_model().operation_model(operation).input_shape.members['FunctionName'].name
    invalid(pattern('f!', 'functionName', PATTERNS[shape]),
            getattr(lax_client, xform_name(operation)), FunctionName='f!', **OPERATIONS[operation])


@pytest.mark.parametrize('operation', OFFERED)
def test_other_region_of_every_operation(client, operation):
    refused('ResourceNotFoundException',
            "Functions from 'eu-central-1' are not reachable in this region ('us-east-1')",
            getattr(client, xform_name(operation)), FunctionName='arn:aws:lambda:eu-central-1:000000000000:function:f',
            **OPERATIONS[operation])


@pytest.mark.parametrize('operation', OFFERED)
def test_other_account(client, operation):
    """A function that is not there, and one without a policy, look the same from outside."""
    arn, rest = 'arn:aws:lambda:us-east-1:999999999999:function:f', OPERATIONS[operation]
    qualified = f'{arn}:{rest["Qualifier"]}' if 'Qualifier' in rest else arn
    action = action_of(operation)
    text = (f'User: arn:aws:iam::000000000000:root is not authorized to perform: lambda:{action} on resource: '
            f'{qualified} because no resource-based policy allows the lambda:{action} action')
    refused('AccessDeniedException', text if operation in BY_POLICY else None, getattr(client, xform_name(operation)),
            FunctionName=arn, **rest)


# What an allowed caller is told by an operation that needs something which is not there.
LACKS = {
    'DeleteFunctionEventInvokeConfig', 'GetFunctionEventInvokeConfig', 'GetProvisionedConcurrencyConfig',
    'UpdateFunctionEventInvokeConfig',
}


@pytest.mark.parametrize('operation', sorted(BY_POLICY & set(OFFERED)))
def test_other_account_with_a_policy(functions, client, daemon, connect, operation):
    """Allowed by name; what follows is as for the function's own account."""
    function = functions.create(PACKAGE, Publish=True)
    rest = OPERATIONS[operation]
    if operation in ('GetAlias', 'UpdateAlias'):
        client.create_alias(FunctionName=function.name, Name='a', FunctionVersion='1')
    client.add_permission(FunctionName=function.name, StatementId='s', Principal='111111111111',
                          Action=f'lambda:{action_of(operation)}',
                          **{name: value for name, value in rest.items() if name == 'Qualifier'})
    call = getattr(connect(daemon.endpoint, access_key='111111111111'), xform_name(operation))
    try:
        assert call(FunctionName=function.arn, **rest)['ResponseMetadata']['HTTPStatusCode'] < 300
    except client.exceptions.ClientError as error:
        assert operation in LACKS and error.response['ResponseMetadata']['HTTPStatusCode'] == 404
    else:
        assert operation not in LACKS


def test_every_form_is_accepted(functions, client):
    function = functions.create(PACKAGE, Publish=True)
    forms = [function.name, f'function:{function.name}', f'000000000000:function:{function.name}',
             f'us-east-1:000000000000:function:{function.name}', function.arn]
    for form in forms:
        plain = client.get_function(FunctionName=form)['Configuration']
        assert plain['FunctionArn'] == function.arn
        latest = client.get_function(FunctionName=f'{form}:$LATEST')['Configuration']
        assert latest['FunctionArn'] == f'{function.arn}:$LATEST'
        version = client.get_function(FunctionName=f'{form}:1')['Configuration']
        assert (version['FunctionArn'], version['Version']) == (f'{function.arn}:1', '1')
        assert client.get_function(FunctionName=form, Qualifier='1')['Configuration'] == version
        assert function.invoke(FunctionName=form).json == function.arn
        assert function.invoke(FunctionName=form, Qualifier='1').json == f'{function.arn}:1'


def test_create_by_arn(functions, client):
    name = functions.name()
    answer = create(client, f'{ARN}:function:{name}')
    assert (answer['FunctionName'], answer['FunctionArn']) == (name, f'{ARN}:function:{name}')


def test_function_called_function(functions, client):
    functions.names.append('function')
    create(client, 'function')
    answer = client.get_function_configuration(FunctionName=f'{ARN}:function')
    assert answer['FunctionName'] == 'function'
