# SPDX-License-Identifier: Apache-2.0
"""GetAccountSettings, GetFunctionCodeSigningConfig, and the operations that are not offered."""
import pytest
from botocore import xform_name

from support.errors import refused
from support.operations import NOT_OFFERED, service_model
from support.zips import make_zip

CODE = {'app.py': 'def handler(event, context):\n    pass\n'}


def test_account_settings(own_daemon, connect):
    from support.functions import Factory
    client = connect(own_daemon.start().endpoint)
    empty = client.get_account_settings()
    empty.pop('ResponseMetadata')
    assert empty == {
        'AccountLimit': {'TotalCodeSize': 80530636800, 'CodeSizeUnzipped': 262144000, 'CodeSizeZipped': 52428800,
                         'ConcurrentExecutions': 1000, 'UnreservedConcurrentExecutions': 1000},
        'AccountUsage': {'TotalCodeSize': 0, 'FunctionCount': 0}}
    package = make_zip(CODE)
    function = Factory(client).create(package)
    assert client.get_account_settings()['AccountUsage'] == {'TotalCodeSize': len(package), 'FunctionCount': 1}
    client.publish_version(FunctionName=function.name)
    assert client.get_account_settings()['AccountUsage'] == {'TotalCodeSize': 2 * len(package), 'FunctionCount': 1}
    client.delete_function(FunctionName=function.name)
    assert client.get_account_settings()['AccountUsage'] == {'TotalCodeSize': 0, 'FunctionCount': 0}


def test_code_signing_config_absent(functions, client):
    function = functions.create(CODE)
    answer = client.get_function_code_signing_config(FunctionName=function.name)
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == 200
    assert answer == {}


# Valid values of the members that the operations without an implementation require.
DURABLE_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:f:1/durable-execution/e/1'
VALID = {
    'FunctionName': 'f', 'Qualifier': '1', 'DurableExecutionArn': DURABLE_ARN,
    'CheckpointToken': 'dG9rZW4=', 'CallbackId': 'aWQ=', 'CapacityProviderName': 'c',
    'VpcConfig': {'SubnetIds': ['subnet-1'], 'SecurityGroupIds': ['sg-1']},
    'PermissionsConfig': {'CapacityProviderOperatorRoleArn': 'arn:aws:iam::000000000000:role/r'},
}


@pytest.mark.parametrize('name', sorted(NOT_OFFERED))
def test_not_offered(client, name):
    """501 with the operation's name, not a lie."""
    required = service_model().operation_model(name).input_shape.required_members
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, xform_name(name))(**{member: VALID[member] for member in required})
    response = caught.value.response
    assert response['ResponseMetadata']['HTTPStatusCode'] == 501
    assert response['Error']['Code'] == 'NotImplementedException'
    assert response['Error']['Message'] == f'{name} is not implemented by this server.'


def test_not_offered_validates_first(lax_client):
    """Routing and validation are generic: bad input is told apart from what is missing."""
    from support.errors import RE_A, invalid, pattern
    invalid(pattern('bad!', 'functionName', RE_A), lax_client.list_durable_executions_by_function,
            FunctionName='bad!')


def test_unknown_operation(daemon):
    import urllib.error
    import urllib.request
    request = urllib.request.Request(f'{daemon.endpoint}/2015-03-31/no-such-thing', headers={
        'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/lambda/aws4_request, '
                         'SignedHeaders=host, Signature=0'})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 404
    assert caught.value.headers['x-amzn-ErrorType'].startswith('UnknownOperationException')


def test_missing_code_signing_function(client):
    from support.errors import ARN
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:nope',
            client.get_function_code_signing_config, FunctionName='nope')
