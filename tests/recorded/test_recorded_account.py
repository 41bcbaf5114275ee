# SPDX-License-Identifier: Apache-2.0
"""What an account may have and has: sizes, limits, counts."""
import io
import zipfile

from replay import recorded
from support.zips import entry

EMPTY_ACCOUNT = 'eu-north-1'  # a region that no other test uses, so that sums are this test's own
ZIPPED_MAX = 50 * 1024 * 1024
UNZIPPED_MAX = 250 * 1024 * 1024


def zip_of(size, compress_type=zipfile.ZIP_DEFLATED):
    """A zip with one file of so many zeros."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, 'w', compresslevel=1) as archive:
        info = entry('handler.py')
        info.compress_type = compress_type
        archive.writestr(info, bytes(size))
    return data.getvalue()


def stored_zip(size):
    """A zip that is itself of this size."""
    content = size - len(zip_of(0, zipfile.ZIP_STORED))
    return zip_of(content, zipfile.ZIP_STORED)


@recorded('TestLambdaAccountSettings::test_account_settings')
def test_account_settings(case):
    answer = case.client.get_account_settings()
    case.match('acc_settings_modded', {'status': answer['ResponseMetadata']['HTTPStatusCode']} | {
        key: sorted(answer[key]) for key in ('AccountLimit', 'AccountUsage')})


def total(case):
    return case.client.get_account_settings()['AccountUsage']['TotalCodeSize']


@recorded('TestLambdaAccountSettings::test_account_settings_total_code_size', region=EMPTY_ACCOUNT)
def test_account_settings_total_code_size(case):
    before = total(case)
    code = stored_zip(case.steps['total_code_size_diff_create_function'])
    layer = {'LayerName': case.name_for('layer'),
             'Content': {'ZipFile': stored_zip(case.steps['total_code_size_diff_publish_layer'])}}
    name = case.client.create_function(**case.helped(Code={'ZipFile': code}))['FunctionName']
    case.wait_active(name)
    for step, operation, arguments in [
            ('create_function', None, {}),
            ('update_function', 'update_function_code', {'FunctionName': name, 'ZipFile': code, 'Publish': True}),
            ('publish_layer', 'publish_layer_version', layer),
            ('publish_layer_version', 'publish_layer_version', layer)]:
        if operation:
            answer = getattr(case.client, operation)(**arguments)
            if 'LayerArn' in answer:
                case.later(case.client.delete_layer_version, LayerName=answer['LayerArn'],
                           VersionNumber=answer['Version'])
        now = total(case)
        case.match(f'total_code_size_diff_{step}', now - before)
        before = now


@recorded('TestLambdaAccountSettings::test_account_settings_total_code_size_config_update', region=EMPTY_ACCOUNT)
def test_account_settings_total_code_size_config_update(case):
    sizes = [total(case)]
    name = case.client.create_function(**case.helped(Code={'ZipFile': stored_zip(250)}))['FunctionName']
    case.wait_active(name)
    sizes.append(total(case))
    case.match('is_total_code_size_diff_create_function_more_than_200', sizes[1] - sizes[0] > 200)
    case.client.update_function_configuration(FunctionName=name, Runtime='python3.11')
    case.wait_updated(name)
    sizes.append(total(case))
    case.match('total_code_size_diff_update_function_configuration', sizes[2] - sizes[1])
    case.client.publish_version(FunctionName=name)
    sizes.append(total(case))
    case.match('is_total_code_size_diff_publish_version_after_config_update_more_than_200', sizes[3] - sizes[2] > 200)


@recorded('TestLambdaSizeLimits::test_oversized_request_create_lambda')
def test_oversized_request_create_lambda(case):
    code = {'ZipFile': stored_zip(ZIPPED_MAX + 500000)}
    case.call('invalid_param_exc', 'create_function', **case.arguments(Code=code))


@recorded('TestLambdaSizeLimits::test_oversized_zipped_create_lambda')
def test_oversized_zipped_create_lambda(case):
    case.call('invalid_param_exc', 'create_function', **case.arguments(Code={'ZipFile': stored_zip(ZIPPED_MAX + 1)}))


@recorded('TestLambdaSizeLimits::test_large_lambda')
def test_large_lambda(case):
    case.created('create_function_large_zip', case.arguments(
        Handler='handler.handler', Timeout=10, Code={'ZipFile': zip_of(UNZIPPED_MAX - 1000)}))
