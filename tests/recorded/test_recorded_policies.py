# SPDX-License-Identifier: Apache-2.0
"""Permissions: statements and policies of functions."""
from replay import ACCOUNT, recorded

INVOKE = {'Action': 'lambda:InvokeFunction', 'Principal': 's3.amazonaws.com'}
BUCKET = 'arn:aws:s3:::recorded-bucket'


@recorded('TestLambdaPermissions::test_permission_exceptions')
def test_permission_exceptions(case):
    name = case.function()

    def add(step, function=name, **changed):
        case.call(step, 'add_permission', **({'FunctionName': function, 'StatementId': 's3'} | INVOKE | changed))

    def remove(step, function, **arguments):
        case.call(step, 'remove_permission', FunctionName=function, StatementId='s3', **arguments)

    add('add_permission_invalid_statement_id', StatementId='example.com')
    add('add_permission_fn_qualifier_mismatch', f'{name}:alias-not-42', Qualifier='42')
    add('add_permission_fn_qualifier_latest', Qualifier='$LATEST')
    add('add_permission_principal_invalid', Principal='invalid.nonaws.com', SourceAccount=ACCOUNT)
    case.call('get_policy_fn_doesnotexist', 'get_policy', FunctionName='doesnotexist')
    case.call('get_policy_fn_version_doesnotexist', 'get_policy', FunctionName='doesnotexist', Qualifier='42')
    add('add_permission_fn_doesnotexist', 'doesnotexist')
    remove('remove_permission_policy_doesnotexist', name)
    add('add_permission_fn_alias_doesnotexist', Qualifier='alias-doesnotexist')
    add('add_permission_fn_version_doesnotexist', Qualifier='42')
    add('add_permission_fn_qualifier_invalid', Qualifier='invalid-qualifier-with-?-char')
    add('add_permission_fn_qualifier_valid_doesnotexist', Qualifier='valid-with-$-but-doesnotexist')
    case.client.add_permission(FunctionName=name, StatementId='s3', **INVOKE)
    add('add_permission_conflicting_statement_id')
    remove('remove_permission_fn_doesnotexist', 'doesnotexist')
    remove('remove_permission_fn_alias_doesnotexist', name, Qualifier='alias-doesnotexist')


@recorded('TestLambdaPermissions::test_add_lambda_permission_fields')
def test_add_lambda_permission_fields(case):
    name = case.function()
    own = {'SourceAccount': ACCOUNT}
    for step, sid, arguments in [
            ('principal_wildcard', 'wilcard', {'Principal': '*'} | own),
            ('principal_service', 'lambda', {'Principal': 'lambda.amazonaws.com'} | own),
            ('principal_account', 'account-id', {'Principal': ACCOUNT}),
            ('principal_arn', 'user-arn', {'Principal': f'arn:aws:iam::{ACCOUNT}:user/somebody'} | own),
            ('optional_fields', 'urlPermission', {
                'Action': 'lambda:InvokeFunctionUrl', 'Principal': '*', 'SourceArn': BUCKET,
                'PrincipalOrgID': 'o-1234567890', 'FunctionUrlAuthType': 'NONE'} | own),
            ('alexa_skill', 'alexaSkill', {
                'Principal': '*', 'EventSourceToken': 'amzn1.ask.skill.xxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'})]:
        case.call(f'add_permission_{step}', 'add_permission', FunctionName=name, StatementId=sid,
                  **(INVOKE | arguments))


@recorded('TestLambdaPermissions::test_lambda_permission_versioning')
def test_lambda_permission_versioning(case):
    name = case.function()
    permission = INVOKE | {'SourceArn': BUCKET}
    case.call('add_permission', 'add_permission', FunctionName=name, StatementId='s3', **permission)
    case.call('get_policy', 'get_policy', FunctionName=name)
    version = case.client.publish_version(FunctionName=name)['Version']
    case.call('get_policy_after_publishing_latest', 'get_policy', FunctionName=name)
    case.call('get_policy_after_publishing_new_version', 'get_policy', FunctionName=name, Qualifier=version)
    case.client.add_permission(FunctionName=name, StatementId='s3', Qualifier=version, **permission)
    case.call('get_policy_after_adding_to_new_version', 'get_policy', FunctionName=name)
    case.client.add_permission(FunctionName=name, StatementId='s3_2', **permission)
    case.call('get_policy_after_adding_2', 'get_policy', FunctionName=name)


@recorded('TestLambdaPermissions::test_remove_multi_permissions')
def test_remove_multi_permissions(case):
    name = case.function()
    case.call('add_permission_1', 'add_permission', FunctionName=name, StatementId='s3', **INVOKE)
    case.call('add_permission_2', 'add_permission', FunctionName=name, StatementId='sqs', SourceArn=BUCKET,
              **(INVOKE | {'Principal': 'sqs.amazonaws.com'}))
    case.call('policy_after_2_add', 'get_policy', FunctionName=name)
    case.call('remove_permission_exception_nonexisting_sid', 'remove_permission', FunctionName=name,
              StatementId='non-existent')
    case.client.remove_permission(FunctionName=name, StatementId='sqs')
    revision = case.call('policy_after_removal', 'get_policy', FunctionName=name)['RevisionId']
    case.call('policy_after_removal_attempt', 'get_policy', FunctionName=name)
    case.client.remove_permission(FunctionName=name, StatementId='s3', RevisionId=revision)
    case.call('get_policy_exception_removed_all', 'get_policy', FunctionName=name)
