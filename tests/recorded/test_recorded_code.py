# SPDX-License-Identifier: Apache-2.0
"""Code that comes from S3, and answers while a function settles."""
from replay import OTHER_ZIP, ZIP, recorded

WRONG_BUCKET = {'S3Bucket': 'recorded-no-such-bucket', 'S3Key': 'code.zip'}


@recorded('TestLambdaFunction::test_lambda_code_location_s3', daemon='aws_own_daemon')
def test_lambda_code_location_s3(case):
    bucket = case.sources.bucket()
    arguments = case.arguments(Code=case.sources.put(bucket, 'code.zip', ZIP))
    name = case.created('create_response_s3', arguments)
    case.call('get-function-response', 'get_function', FunctionName=name)
    case.settle_slowly()
    case.call('update-function-response', 'update_function_code', FunctionName=name,
              **case.sources.put(bucket, 'code.zip', OTHER_ZIP))
    case.call('get-function-response-updated', 'get_function', FunctionName=name)


@recorded('TestLambdaFunction::test_lambda_code_location_s3_errors', daemon='aws_daemon')
def test_lambda_code_location_s3_errors(case):
    bucket = case.sources.bucket()
    wrong_key = {'S3Bucket': bucket, 'S3Key': 'no-such-key.zip'}
    case.call('create-error-wrong-bucket', 'create_function', **case.arguments(Code=WRONG_BUCKET))
    case.call('create-error-wrong-key', 'create_function', **case.arguments(Code=wrong_key))
    name = case.function()
    case.call('update-error-wrong-bucket', 'update_function_code', FunctionName=name, **WRONG_BUCKET)
    case.call('update-error-wrong-key', 'update_function_code', FunctionName=name, **wrong_key)


@recorded('TestLambdaVersions::test_publish_with_update', daemon='aws_own_daemon')
def test_publish_with_update(case):
    name = case.created('create_response', case.arguments())
    case.call('get_function_result', 'get_function', FunctionName=name)
    case.settle_slowly()
    case.call('update_function_code_result', 'update_function_code', FunctionName=name, Publish=True,
              **case.other_code())
    case.call('get_function_version_result', 'get_function', FunctionName=name, Qualifier='1')
    case.call('get_function_latest_result', 'get_function', FunctionName=name, Qualifier='$LATEST')


@recorded('TestLambdaFunction::test_lambda_concurrent_config_updates', daemon='aws_own_daemon')
def test_lambda_concurrent_config_updates(case):
    name = case.created('create-function-response', case.helped())
    case.settle_slowly()
    case.client.update_function_configuration(FunctionName=name, Environment={'Variables': {'TEST': 'first'}})
    case.call('update-during-in-progress-update-exc', 'update_function_configuration', FunctionName=name,
              Environment={'Variables': {'TEST': 'second'}})
