# SPDX-License-Identifier: Apache-2.0
"""Function URLs."""
import json

import pytest
from replay import module, recorded
from support.function_urls import Url


@recorded('TestLambdaUrl::test_url_config_lifecycle')
def test_url_config_lifecycle(case):
    name = case.function()
    case.call('url_creation', 'create_function_url_config', FunctionName=name, AuthType='NONE')
    case.call('failed_duplication', 'create_function_url_config', FunctionName=name, AuthType='NONE')
    case.call('get_url_config', 'get_function_url_config', FunctionName=name)
    case.call('updated_url_config', 'update_function_url_config', FunctionName=name, AuthType='AWS_IAM')
    case.client.delete_function_url_config(FunctionName=name)
    case.call('failed_getter', 'get_function_url_config', FunctionName=name)


@recorded('TestLambdaUrl::test_url_config_exceptions')
def test_url_config_exceptions(case):
    name = case.function(Runtime='nodejs20.x', Handler='lambda_handler.handler')
    case.call('fn_version_result', 'publish_version', FunctionName=name)
    case.call('create_alias_result', 'create_alias', FunctionName=name, FunctionVersion='1', Name='urlalias')
    inputs = [
        ('name_doesnotexist', {'FunctionName': 'doesnotexist'}),
        ('arn_doesnotexist', {'FunctionName': case.arn('doesnotexist')}),
        ('name_doesnotexist_qualifier', {'FunctionName': 'doesnotexist', 'Qualifier': '1'}),
        ('qualifier_version', {'FunctionName': name, 'Qualifier': '1'}),
        ('qualifier_version_doesnotexist', {'FunctionName': name, 'Qualifier': '2'}),
        ('qualifier_alias_doesnotexist', {'FunctionName': name, 'Qualifier': 'doesnotexist'}),
        ('qualifier_alias_doesnotmatch_arn', {'FunctionName': case.arn(name, 'doesnotmatch'),
                                              'Qualifier': 'urlalias'}),
        ('qualifier_latest', {'FunctionName': name, 'Qualifier': '$LATEST'}),
        ('config_doesnotexist', {'FunctionName': name}),
    ]
    for operation in ('create', 'get', 'delete', 'update'):
        for what, arguments in inputs:
            step = f'{operation}_function_url_config_{what}'
            if step in case.steps:  # not every one was recorded for every operation
                more = {'AuthType': 'NONE'} if operation in ('create', 'update') else {}
                case.call(step, f'{operation}_function_url_config', **arguments, **more)


class Function:
    """A function of a case, and the URL that everybody may call."""

    def __init__(self, case, code, **arguments):
        self.case = case
        self.name = case.function(Code=code, **arguments)

    def create_url(self, **arguments):
        """As the case's next step."""
        return self.case.call('create_lambda_url_config', 'create_function_url_config', FunctionName=self.name,
                              AuthType='NONE', **arguments)

    def open(self, config):
        """As the case's next step; the URL."""
        self.case.call('add_permission', 'add_permission', **self.permission())
        return Url(self.case.daemon, config)

    def permission(self):
        return {'FunctionName': self.name, 'StatementId': 'urlPermission', 'Action': 'lambda:InvokeFunctionUrl',
                'Principal': '*', 'FunctionUrlAuthType': 'NONE'}

    def opened(self, **arguments):
        """The URL, when its creation is no part of the recording."""
        config = self.case.client.create_function_url_config(FunctionName=self.name, AuthType='NONE', **arguments)
        where = {'Qualifier': arguments['Qualifier']} if 'Qualifier' in arguments else {}
        self.case.client.add_permission(**self.permission(), **where)
        return Url(self.case.daemon, config)


RETURNING = 'def handler(event, context):\n    return {!r}\n'
ECHO = module('def handler(event, context):\n    return event\n')
RETURNED = {
    'dict': {'hello': 'world'}, 'http-response': {'statusCode': 200, 'body': 'body123'},
    'http-response-json': {'statusCode': 200, 'body': json.dumps({'hello': 'world'})},
    'list-mixed': ['hello', 3, True], 'string': 'hello', 'integer': 3, 'float': 3.1, 'boolean': True,
}
BAD_GATEWAY = (502, b'Internal Server Error')


@pytest.mark.parametrize('kind', RETURNED)
@recorded('TestLambdaURL::test_lambda_url_invocation')
def test_lambda_url_invocation(case, kind):
    function = Function(case, module(RETURNING.format(RETURNED[kind])))
    answer = function.open(function.create_url()).ask()
    case.match('lambda_url_invocation', {
        'statuscode': answer.status, 'content': answer.body.decode(),
        'headers': {name: answer.headers[name.lower()] for name in ('Content-Type', 'Content-Length')}})


@recorded('TestLambdaURL::test_lambda_url_invocation_exception')
def test_lambda_url_invocation_exception(case):
    function = Function(case, module('def handler(event, context):\n    raise RuntimeError("custom exception")\n'))
    case.call('get_fn_result', 'get_function', FunctionName=function.name)
    answer = function.open(function.create_url()).ask()
    assert (answer.status, answer.body) == BAD_GATEWAY


@pytest.mark.parametrize('mode', [
    pytest.param({}, id='None'), *(pytest.param({'InvokeMode': mode}, id=mode) for mode in ('BUFFERED',
                                                                                           'RESPONSE_STREAM'))])
@recorded('TestLambdaURL::test_lambda_url_echo_invoke')
def test_lambda_url_echo_invoke(case, mode):
    function = Function(case, ECHO)
    event = function.open(function.create_url(**mode)).echo('/test_path?q=1', method='POST', body=b'{"a": 1}')
    assert (event['rawPath'], event['rawQueryString']) == ('/test_path', 'q=1')


@recorded('TestLambdaURL::test_lambda_update_function_url_config')
def test_lambda_update_function_url_config(case):
    function = Function(case, ECHO)
    where = {'FunctionName': function.name}
    function.create_url(InvokeMode='BUFFERED')
    case.call('get_url_config', 'get_function_url_config', **where)
    case.call('modify_lambda_url_config', 'update_function_url_config', **where, InvokeMode='RESPONSE_STREAM')
    case.call('get_url_config_2', 'get_function_url_config', **where)
    case.call('modify_lambda_url_config_none', 'update_function_url_config', **where, AuthType='NONE')
    case.call('get_url_config_3', 'get_function_url_config', **where)


# What it was asked, as HTTP test services tell it.
HTTP_ECHO = '''
    import base64, json

    def handler(event, context):
        body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
        http = event["requestContext"]["http"]
        headers = event["headers"]
        if TRIM:
            headers = {name: value for name, value in headers.items() if not name.startswith("x-")}
        return {"statusCode": 200, "body": json.dumps({
            "args": event.get("queryStringParameters", {}), "data": json.loads(body),
            "domain": event["requestContext"]["domainName"], "headers": headers, "method": http["method"],
            "origin": http["sourceIp"], "path": event["rawPath"]})}
    '''


def http_echo(case, trim, target):
    """A client that names the host without a port, as over HTTPS."""
    url = Function(case, module(HTTP_ECHO.replace('TRIM', repr(trim)))).opened()
    answer = url.ask(target, 'User-Agent: test/echo', 'Accept-Encoding: gzip, deflate', 'Accept: */*',
                     'Connection: keep-alive', 'ExTrA-HeADErs: With WeiRd CapS', 'Content-Type: application/json',
                     method='POST', body=b'{"foo": "bar"}', host=url.domain)
    return json.loads(answer.body)


@recorded('TestLambdaURL::test_lambda_url_echo_http_fixture_default')
def test_lambda_url_echo_http_fixture_default(case):
    case.match('url_response', http_echo(case, False, '/pa2%Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar'))


@recorded('TestLambdaURL::test_lambda_url_echo_http_fixture_trim_x_headers')
def test_lambda_url_echo_http_fixture_trim_x_headers(case):
    case.match('url_response', http_echo(case, True, '/path/1?q=query'))


@recorded('TestLambdaURL::test_lambda_url_persists_after_alias_delete')
def test_lambda_url_persists_after_alias_delete(case):
    function = Function(case, ECHO)
    version = case.version(function.name)
    case.client.create_alias(FunctionName=function.name, Name='deleted', FunctionVersion=version)
    config = function.create_url(InvokeMode='BUFFERED', Qualifier='deleted')
    case.client.add_permission(**function.permission(), Qualifier='deleted')
    url = Url(case.daemon, config)
    case.match('invoke_aliased_url_response', {'status_code': url.ask().status})
    case.call('delete_alias_resp', 'delete_alias', FunctionName=function.name, Name='deleted')
    answer = url.ask()
    case.match('invoke_deleted_alias_url_response_delayed', {
        'status_code': answer.status, 'content': answer.body.decode(),
        'headers': {'x-amzn-ErrorType': answer.headers['x-amzn-errortype']}})


@recorded('TestLambdaURL::test_function_url_with_response_streaming')
def test_function_url_with_response_streaming(case):
    url = Function(case, module('''
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
            stream.setContentType("text/plain");
            stream.write("Hello, ");
            stream.write("world!");
            stream.end();
        });
        ''', 'handler.js'), Runtime='nodejs22.x').opened(InvokeMode='RESPONSE_STREAM')
    answer = url.ask()
    case.match('response_status', answer.status)
    case.match('response_data', answer.body.decode())
