# SPDX-License-Identifier: Apache-2.0
"""Names, ARNs and qualifiers that are refused."""
import re

import pytest
from replay import ACCOUNT, RECORDED, answer_of, recorded

ARN = f'arn:aws:lambda:us-east-1:{ACCOUNT}:function'
MY_ARN = f'{ARN}:my-function'
BAD_REGION = f'arn:aws:lambda:invalid-region:{ACCOUNT}:function:my-function'
VALIDATION = 'TestLambdaFunction::test_function_name_and_qualifier_validation'

INPUTS = {  # the recording's name: (function name, qualifier)
    'full_arn_and_qualifier_too_long_and_invalid_region': (BAD_REGION + '-' + 'a' * 170, 'a' * 129),
    'full_arn_with_multiple_qualifiers': (MY_ARN + ':1:2', None),
    'function_name_and_qualifier_too_long': ('my-function', 'a' * 65),
    'function_name_is_single_invalid': ('*', None),
    'function_name_too_long': ('a' * 65, None),
    'function_name_too_long_and_invalid_region': (BAD_REGION + 'a' * 170, None),
    'incomplete_arn': (ARN, None),
    'invalid_account_id_in_partial_arn': ('invalid-account:function:my-function', None),
    'invalid_characters_in_function_name': ('my-function!', None),
    'invalid_characters_in_qualifier': ('my-function', 'invalid!'),
    'invalid_region_in_arn': (BAD_REGION, None),
    'latest_version_with_additional_qualifier': (MY_ARN + ':$LATEST', '1'),
    'lowercase_latest_qualifier': (MY_ARN, '$latest'),
    'missing_account_id_in_arn': ('arn:aws:lambda:us-east-1::function:my-function', None),
    'missing_region_in_arn': (f'arn:aws:lambda::{ACCOUNT}:function:my-function', None),
    'misspelled_latest_in_arn': (MY_ARN + ':$LATES', None),
    'non_lambda_arn': (f'arn:aws:ec2:us-east-1:{ACCOUNT}:instance:i-1234567890abcdef0', None),
    'partial_arn_with_extra_qualifier': ('function:my-function:$LATEST:extra', None),
    'qualifier_too_long': ('my-function', 'a' * 129),
    'qualifier_too_long0': ('my-function', 'a' * 129),
    'qualifier_too_long1': ('my-function', 'a' * 65),
}


def digest(answer):
    """As these errors were recorded: without the status, several complaints in alphabetical order."""
    several = re.fullmatch(r'\d+ validation errors? detected: (.*)', answer['text'])
    if several:
        return {'error': answer['error'], 'texts': sorted(several.group(1).split('; '))}
    return {'error': answer['error'], 'text': answer['text']}


@pytest.mark.parametrize('what', [name[len(VALIDATION) + 1:-1] for name in RECORDED if name.startswith(VALIDATION)])
@recorded(VALIDATION)
def test_function_name_and_qualifier_validation(case, what):
    which, operation = what.split('-')
    name, qualifier = INPUTS[which]
    if operation == 'create_function':
        arguments = case.arguments(f'{name}:{qualifier}' if qualifier else name)
    else:
        arguments = {'FunctionName': name} | ({'Qualifier': qualifier} if qualifier else {})
    answer = answer_of(getattr(case.lax_client, operation), arguments)
    case.match(f'{operation}_exception', digest(answer))


@recorded('TestLambdaFunction::test_function_arns')
def test_function_arns(case):
    name = case.name_for()
    case.call('create-function-arn-response', 'create_function', **case.helped(case.arn(name)))
    name = case.name_for()
    case.call('create-function-partial-arn-response', 'create_function',
              **case.helped(f'{ACCOUNT}:function:{name}', Code=case.other_code()))
    for step, name in [('invalid_function_name_exc', 'invalid:function:name'),
                       ('long_function_name_exc', 'a' * 65),
                       ('long_function_arn_exc', case.arn('a' * 100)),
                       ('function_arn_other_region_exc', f'arn:aws:lambda:ap-southeast-1:{ACCOUNT}:function:f'),
                       ('function_arn_other_account_exc', 'arn:aws:lambda:us-east-1:123456789012:function:f')]:
        case.call(step, 'create_function', lax=True, **case.helped(name))


@recorded('TestLambdaFunction::test_invalid_invoke')
def test_invalid_invoke(case):
    case.call('invoke_function_name_pattern_exc', 'invoke', lax=True,
              FunctionName=f'arn:aws:lambda:{case.region}:123400000000@function:myfn', Payload=b'{}')


@pytest.mark.parametrize('operation', ['delete_function', 'get_function', 'get_function_configuration'])
@recorded('TestLambdaFunction::test_ops_with_arn_qualifier_mismatch')
def test_ops_with_arn_qualifier_mismatch(case, operation):
    arn = case.arn('some-function')
    case.call('not_match_exception', operation, FunctionName=f'{arn}:1', Qualifier='$LATEST')
    case.call('match_exception', operation, FunctionName=f'{arn}:$LATEST', Qualifier='$LATEST')
