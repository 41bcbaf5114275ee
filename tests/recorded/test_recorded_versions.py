# SPDX-License-Identifier: Apache-2.0
"""Versions and revisions."""
import json

from replay import WAIT_FOR_TAG, module, recorded


@recorded('TestLambdaVersions::test_publish_version_on_create')
def test_publish_version_on_create(case):
    name = case.created('create_response', case.arguments(Publish=True))
    case.wait_active(name, Qualifier='1')
    case.call('get_function_result', 'get_function', FunctionName=name)
    case.call('get_function_version_result', 'get_function', FunctionName=name, Qualifier='1')
    case.call('get_function_latest_result', 'get_function', FunctionName=name, Qualifier='$LATEST')
    case.call('list_versions_result', 'list_versions_by_function', FunctionName=name)
    case.call('repeated_publish_response', 'publish_version', FunctionName=name)
    case.call('list_versions_result_after_publish', 'list_versions_by_function', FunctionName=name)


@recorded('TestLambdaVersions::test_version_lifecycle')
def test_version_lifecycle(case):
    name = case.created('create_response', case.arguments(Description='No version :('))
    case.call('get_function_result', 'get_function', FunctionName=name)
    case.call('list_versions_result', 'list_versions_by_function', FunctionName=name)
    case.call('first_update_response', 'update_function_configuration', FunctionName=name,
              Description='First version :)')
    case.wait_updated(name)
    case.call('first_update_get_function', 'get_function', FunctionName=name)
    case.call('first_publish_response', 'publish_version', FunctionName=name,
              Description='First version description :)')
    case.call('first_publish_get_function', 'get_function', FunctionName=name, Qualifier='1')
    case.call('first_publish_get_function_config', 'get_function_configuration', FunctionName=name, Qualifier='1')
    case.call('second_update_response', 'update_function_configuration', FunctionName=name,
              Description='Second version :))')
    case.call('first_publish_get_function_after_update', 'get_function', FunctionName=name, Qualifier='1')
    case.wait_updated(name)
    case.call('second_publish_response', 'publish_version', FunctionName=name)
    case.call('third_publish_response', 'publish_version', FunctionName=name, Description='Third version description')
    case.call('list_versions_result_after_third_publish', 'list_versions_by_function', FunctionName=name)
    case.client.delete_function(FunctionName=name, Qualifier='1')
    case.call('list_versions_result_after_deletion_of_first_version', 'list_versions_by_function', FunctionName=name)


@recorded('TestLambdaVersions::test_publish_with_wrong_revisionid')
def test_publish_with_wrong_revisionid(case):
    name = case.created('create_response', case.arguments(Runtime='python3.9'))
    answer = case.call('get_fn_response', 'get_function', FunctionName=name)
    case.call('publish_wrong_revisionid_exc', 'publish_version', FunctionName=name, RevisionId='doesntexist')
    case.call('publish_result', 'publish_version', FunctionName=name,
              RevisionId=answer['Configuration']['RevisionId'])


@recorded('TestLambdaRevisions::test_function_revisions_basic')
def test_function_revisions_basic(case):
    arguments = case.helped(Handler='index.handler')
    name = arguments['FunctionName']
    first = case.call('create_function_response_rev1', 'create_function', **arguments)['RevisionId']
    case.wait_active(name)
    second = case.call('get_function_response_rev2', 'get_function', FunctionName=name)['Configuration']['RevisionId']
    case.call('update_function_revision_exception', 'update_function_code', FunctionName=name, RevisionId=first,
              **arguments['Code'])
    third = case.call('update_function_code_response_rev3', 'update_function_code', FunctionName=name,
                      RevisionId=second, **arguments['Code'])['RevisionId']
    case.wait_updated(name)
    fourth = case.call('get_function_response_rev4', 'get_function', FunctionName=name)['Configuration']['RevisionId']
    case.call('update_function_configuration_revision_exception', 'update_function_configuration', FunctionName=name,
              RevisionId=third, Runtime='python3.8')
    case.call('update_function_configuration_response_rev5', 'update_function_configuration', FunctionName=name,
              RevisionId=fourth, Runtime='python3.8')
    case.wait_updated(name)
    case.call('get_function_response_rev6', 'get_function', FunctionName=name)


@recorded('TestLambdaRevisions::test_function_revisions_permissions')
def test_function_revisions_permissions(case):
    name = case.function()
    permission = {'FunctionName': name, 'Action': 'lambda:InvokeFunction', 'Principal': 's3.amazonaws.com'}
    before = case.client.get_function(FunctionName=name)['Configuration']['RevisionId']
    case.client.add_permission(**permission, StatementId='s3', RevisionId=before)
    case.call('add_permission_revision_exception', 'add_permission', **permission, StatementId='s3_2',
              RevisionId=before)


def numbered(number):
    return module(f'''
        def handler(event, context):
            return {{"version_id": "version{number}", "invoked_arn": context.invoked_function_arn,
                    "version_from_ctx": context.function_version}}
        ''')


@recorded('TestLambdaVersions::test_lambda_versions_with_code_changes')
def test_lambda_versions_with_code_changes(case):
    name = case.created('create_response', case.arguments(Handler='handler.handler', Description='No version :(',
                                                          Code=numbered(1)))
    case.call('first_publish_response', 'publish_version', FunctionName=name,
              Description='First version description :)')
    case.call('update_lambda_response', 'update_function_code', FunctionName=name, **numbered(2))
    case.wait_updated(name)
    case.invoke('invocation_result_latest', name, {})
    case.invoke('invocation_result_v1', name, {}, Qualifier='1')
    case.call('second_publish_response', 'publish_version', FunctionName=name,
              Description='Second version description :)')
    case.invoke('invocation_result_v2', name, {}, Qualifier='2')
    case.call('update_lambda_response_with_publish', 'update_function_code', FunctionName=name, Publish=True,
              **numbered(3))
    case.wait_active(name, Qualifier='3')
    case.invoke('invocation_result_v3', name, {}, Qualifier='3')
    case.wait_updated(name)
    case.invoke('invocation_result_latest_end', name, {})
    case.invoke('invocation_result_v2_end', name, {}, Qualifier='2')
    case.invoke('invocation_result_v1_end', name, {}, Qualifier='1')


@recorded('TestLambdaVersions::test_lambda_handler_update')
def test_lambda_handler_update(case):
    name = case.function(Code=module('''
        def handler(event, context):
            return {"handler": "handler"}

        def handler_two(event, context):
            return {"handler": "handler_two"}
        '''))
    case.invoke('invoke_result_handler_one', name)
    case.call('update_function_configuration_result', 'update_function_configuration', FunctionName=name,
              Handler='handler.handler_two')
    case.wait_updated(name)
    case.call('get_function_result', 'get_function', FunctionName=name)
    case.invoke('invoke_result_handler_two', name)
    case.version(name)
    case.invoke('invoke_result_handler_two_postpublish', name)


# Events that were queued before an update run what is there after it.
@recorded('TestLambdaVersions::test_async_invoke_queue_upon_function_update', daemon='aws_hasty_daemon')
def test_async_invoke_queue_upon_function_update(case):
    name = case.function(Environment={'Variables': {'VARIANT': 'variant-1'}}, Code=module(WAIT_FOR_TAG + '''
    def handler(event, context):
        print("RAN " + event["name"] + "--" + os.environ["VARIANT"], flush=True)
        if "sleep" in event["name"]:
            wait_for_tag("awake")
    '''))
    case.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)

    def send(number, what):
        case.client.invoke(FunctionName=name, InvocationType='Event',
                           Payload=json.dumps({'name': f'{number:02}-{what}'}))

    def ran():
        return [text[4:] for _, _, text in case.daemon.log_events(name) if text.startswith('RAN ')]

    send(1, 'sleep')
    case.wait_until(ran)
    for number in range(2, 11):
        send(number, 'before')
    case.client.update_function_configuration(FunctionName=name, Environment={'Variables': {'VARIANT': 'variant-2'}})
    case.wait_updated(name)
    for number in range(11, 16):
        send(number, 'after')
    case.client.tag_resource(Resource=case.arn(name), Tags={'awake': 'yes'})
    case.wait_until(lambda: len(ran()) >= 15)
    case.match('async_invoke_history_sorted', sorted(ran()))
