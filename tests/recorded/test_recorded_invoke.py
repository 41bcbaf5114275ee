# SPDX-License-Identifier: Apache-2.0
"""The kinds of invocation and what they answer."""
import pytest
from replay import module, recorded

ECHO = {'python': module('def handler(event, context):\n    return event\n'),
        'nodejs': module('exports.handler = async event => event;\n', 'handler.js')}
NOTHING = {'python': module('def handler(event, context):\n    pass\n'),
           'nodejs': module('exports.handler = async () => {};\n', 'handler.js')}
RUNTIME = {'python': 'python3.12', 'nodejs': 'nodejs22.x'}
RUNTIMES = pytest.mark.parametrize('runtime', ['python3.9', 'python3.10', 'nodejs16.x'])
LARGE = '''
def handler(event, context):
    return "x" * (event["bytes"] - len('""'))
'''
RESPONSE_MAX = 6 * 1024 * 1024 + 100


def echo(case, runtime):
    return case.function(Runtime=runtime, Code=ECHO[runtime.rstrip('.x0123456789')])


@recorded('TestLambdaFeatures::test_basic_invoke')
def test_basic_invoke(case):
    first = case.created('lambda_create_fn', case.arguments(Runtime='python3.9'))
    second = case.created('lambda_create_fn_2', case.arguments(Runtime='python3.9'))
    case.call('lambda_get_fn', 'get_function', FunctionName=first)
    case.call('lambda_get_fn_2', 'get_function', FunctionName=second)
    case.invoke('lambda_invoke_result', first, {})


@RUNTIMES
@recorded('TestLambdaFeatures::test_invocation_type_request_response')
def test_invocation_type_request_response(case, runtime):
    case.invoke('invoke-result', echo(case, runtime), {}, InvocationType='RequestResponse')


@RUNTIMES
@recorded('TestLambdaFeatures::test_invocation_type_event')
def test_invocation_type_event(case, runtime):
    case.invoke('invoke-result', echo(case, runtime), {}, InvocationType='Event')


@RUNTIMES
@recorded('TestLambdaFeatures::test_invocation_type_dry_run')
def test_invocation_type_dry_run(case, runtime):
    case.invoke('invoke-result', echo(case, runtime), {}, InvocationType='DryRun')


@pytest.mark.parametrize('language, kind', [
    pytest.param(language, kind, id=f'{language}-{kind}')
    for language in ('python', 'nodejs') for kind in ('RequestResponse', 'Event')])
@recorded('TestLambdaFeatures::test_invocation_type_no_return_payload')
def test_invocation_type_no_return_payload(case, language, kind):
    name = case.function(Runtime=RUNTIME[language], Code=NOTHING[language])
    case.invoke('invoke-result', name, {}, InvocationType=kind)


@recorded('TestLambdaBaseFeatures::test_lambda_too_large_response')
def test_lambda_too_large_response(case):
    name = case.function(Code=module(LARGE))
    case.invoke('invoke_result', name, {'bytes': RESPONSE_MAX + 1})
    case.invoke('invoke_result_2', name, {'bytes': RESPONSE_MAX + 1})
