# SPDX-License-Identifier: Apache-2.0
"""Functions made of an image."""
from replay import ACCOUNT, recorded


def image(case, **changed):
    arguments = case.arguments(PackageType='Image', Code={'ImageUri': repository(case) + ':latest'},
                               Environment={'Variables': {'CUSTOM_ENV': 'test'}}, **changed)
    del arguments['Runtime'], arguments['Handler']
    return arguments


def repository(case):
    return f'{ACCOUNT}.dkr.ecr.{case.region}.amazonaws.com/recorded'


@recorded('TestLambdaImages::test_lambda_image_and_image_config_crud')
def test_lambda_image_and_image_config_crud(case):
    name = case.created('create-image-with-config-response', image(case, ImageConfig={
        'EntryPoint': ['sh'], 'Command': ['-c', 'echo test'], 'WorkingDirectory': '/app1'}))
    both = {'FunctionName': name}
    case.call('get-function-code-with-config-response', 'get_function', **both)
    case.call('get-function-config-with-config-response', 'get_function_configuration', **both)
    for updated, after, config in [
            ('update-function-code-response', 'update', {'Command': ['-c', 'echo test1'], 'WorkingDirectory': '/app1'}),
            ('update-function-code-delete-imageconfig-response', 'delete-imageconfig', {})]:
        case.call(updated, 'update_function_configuration', ImageConfig=config, **both)
        case.wait_updated(name)
        case.call(f'get-function-code-response-after-{after}', 'get_function', **both)
        case.call(f'get-function-config-response-after-{after}', 'get_function_configuration', **both)


@recorded('TestLambdaImages::test_lambda_image_versions')
def test_lambda_image_versions(case):
    name = case.created('create_image_response', image(case, Publish=True))
    case.wait_active(name, Qualifier='1')
    case.call('get_function_result', 'get_function', FunctionName=name)
    listed = case.call('list_versions_result', 'list_versions_by_function', FunctionName=name)
    for which, text in [('first', 'Second'), ('second', 'Third')]:
        case.call(f'{which}_update_response', 'update_function_configuration', FunctionName=name,
                  Description=f'{text} version :)')
        case.wait_updated(name)
        case.call(f'{which}_update_get_function', 'get_function', FunctionName=name)
        if which == 'first':
            case.call('invalid_sha_publish', 'publish_version', FunctionName=name, CodeSha256='a' * 64)
        case.call(f'{which}_publish_response', 'publish_version', FunctionName=name,
                  CodeSha256=listed['Versions'][0]['CodeSha256'], Description=f'{text} version description :)')
