# SPDX-License-Identifier: Apache-2.0
"""Function URLs, as HTTP endpoints."""
import base64
import http.client
import json
import re
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from support.function_urls import Url
from support.functions import NODE, PROVIDED
from support.http import Connection

ECHO = '''
import json
def handler(event, context):
    return {'statusCode': 200, 'body': json.dumps([event, context.aws_request_id, context.invoked_function_arn])}
'''
# Answers with the JSON text that the request's body holds.
MIRROR = '''
import base64, json
def handler(event, context):
    body = base64.b64decode(event['body']) if event['isBase64Encoded'] else event['body']
    return json.loads(body)
'''
FORBIDDEN = ('Forbidden. For troubleshooting Function URL authorization issues, see: '
             'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html')
SIGNATURE = ('The request signature we calculated does not match the signature you provided. Check your AWS Secret '
             'Access Key and signing method. Consult the service documentation for details.')
ORIGIN = 'https://shop.example.com'


def allow(client, function, auth='NONE', principal='*', **where):
    client.add_permission(FunctionName=function.name, StatementId=f'url-{auth}', Action='lambda:InvokeFunctionUrl',
                          Principal=principal, FunctionUrlAuthType=auth, **where)


@pytest.fixture
def open_url(daemon, client):
    """open_url(function, …): its URL, which everybody may call."""
    def make(function, **arguments):
        where = {'Qualifier': arguments['Qualifier']} if 'Qualifier' in arguments else {}
        config = client.create_function_url_config(FunctionName=function.name, AuthType='NONE', **arguments)
        allow(client, function, **where)
        return Url(daemon, config)
    return make


@pytest.fixture
def echo(functions, open_url):
    return open_url(functions.create(ECHO))


@pytest.fixture
def mirror(functions, open_url):
    return open_url(functions.create(MIRROR))


def refused(answer, status, message, error_type='AccessDeniedException', key='Message'):
    assert (answer.status, answer.headers.get('x-amzn-errortype')) == (status, error_type), answer
    assert answer.headers['content-type'] == 'application/json'
    assert json.loads(answer.body) == {key: message}


def failed(answer):
    assert (answer.status, answer.body) == (502, b'Internal Server Error'), answer


# ---- the event ----

def test_event(echo, daemon):
    before = time.time() * 1000 - 1
    answer = echo.ask('/my/path?parameter1=value1&parameter1=value2&parameter2=value', 'Header1: value1',
                      'header2: value1', 'User-Agent: agent', 'HEADER2: value2', 'Cookie: cookie1=a; cookie2=b',
                      'Connection: keep-alive', 'Content-Type: text/plain', method='POST', body=b'Hello from client!')
    event, request_id, arn = json.loads(answer.body)
    context = event['requestContext']
    assert before <= context['timeEpoch'] <= time.time() * 1000 + 1
    moment = time.strftime('%d/%b/%Y:%H:%M:%S +0000', time.gmtime(context['timeEpoch'] / 1000))
    trace = event['headers']['x-amzn-trace-id']
    assert re.fullmatch(r'Root=1-[0-9a-f]{8}-[0-9a-f]{24}', trace)
    assert event == {
        'version': '2.0', 'routeKey': '$default', 'rawPath': '/my/path',
        'rawQueryString': 'parameter1=value1&parameter1=value2&parameter2=value',
        'cookies': ['cookie1=a', 'cookie2=b'],
        'headers': {'header1': 'value1', 'header2': 'value1,value2', 'host': echo.host, 'user-agent': 'agent',
                    'content-type': 'text/plain', 'content-length': '18', 'x-amzn-trace-id': trace,
                    'x-forwarded-for': '127.0.0.1', 'x-forwarded-port': str(daemon.port),
                    'x-forwarded-proto': 'http'},
        'queryStringParameters': {'parameter1': 'value1,value2', 'parameter2': 'value'},
        'requestContext': {
            'accountId': 'anonymous', 'apiId': echo.id, 'domainName': echo.domain, 'domainPrefix': echo.id,
            'http': {'method': 'POST', 'path': '/my/path', 'protocol': 'HTTP/1.1', 'sourceIp': '127.0.0.1',
                     'userAgent': 'agent'},
            'requestId': request_id, 'routeKey': '$default', 'stage': '$default', 'time': moment,
            'timeEpoch': context['timeEpoch']},
        'body': 'Hello from client!', 'isBase64Encoded': False}
    assert answer.headers['x-amzn-requestid'] == request_id
    assert answer.headers['x-amzn-trace-id'] == f'{trace};Sampled=0'
    assert answer.headers['content-type'] == 'application/json'
    assert arn.split(':')[5] == 'function'


def test_least_event(echo):
    event = echo.echo('/')[0]
    assert event['rawPath'] == '/'
    assert event['rawQueryString'] == ''
    assert event['isBase64Encoded'] is False
    assert not {'cookies', 'queryStringParameters', 'body'} & set(event)
    assert 'userAgent' not in event['requestContext']['http']


@pytest.mark.parametrize('target, path, query, parameters', [
    ('/pa2%Fth/1?q=query&multiQuery=foo&multiQuery=%2Fbar', '/pa2%Fth/1',
     'q=query&multiQuery=foo&multiQuery=%2Fbar', {'q': 'query', 'multiQuery': 'foo,/bar'}),
    ('/a//b/../%C3%BC?x', '/a//b/../%C3%BC', 'x', {'x': ''}),
    ('/?a=1+2&%C3%BC=%26&b==&', '/', 'a=1+2&%C3%BC=%26&b==&', {'a': '1 2', 'ü': '&', 'b': '='}),
    ('/?', '/', '', None),
])
def test_path_and_query_as_sent(echo, target, path, query, parameters):
    event = echo.echo(target)[0]
    assert (event['rawPath'], event['requestContext']['http']['path'], event['rawQueryString']) == (path, path, query)
    assert event.get('queryStringParameters') == parameters


@pytest.mark.parametrize('content_type, is_text', [
    ('text/html; charset=utf-8', True), ('application/json', True), ('Application/XML', True),
    ('application/javascript', True), ('application/problem+json', True), ('image/svg+xml', True),
    ('multipart/form-data; boundary=x', False), ('application/x-www-form-urlencoded', False),
    ('application/octet-stream', False), (None, False),
])
def test_bodies(echo, content_type, is_text):
    body = 'grüße "x"\n'.encode()
    event = echo.echo('/', *([f'Content-Type: {content_type}'] if content_type else []), method='PUT', body=body)[0]
    assert event['isBase64Encoded'] is not is_text
    assert event['body'] == (body.decode() if is_text else base64.b64encode(body).decode())


def test_what_is_no_text_is_base64_whatever_it_is_called(echo):
    event = echo.echo('/', 'Content-Type: text/plain', method='POST', body=b'\xff\xfe')[0]
    assert (event['body'], event['isBase64Encoded']) == ('//4=', True)


def test_forwarded_and_trace_of_the_client(echo):
    trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
    answer = echo.ask('/', 'X-Forwarded-For: 1.2.3.4', 'X-Forwarded-Proto: gopher', f'X-Amzn-Trace-Id: {trace}')
    headers = json.loads(answer.body)[0]['headers']
    assert headers['x-forwarded-for'] == '1.2.3.4,127.0.0.1'
    assert headers['x-forwarded-proto'] == 'http'
    assert headers['x-amzn-trace-id'] == trace
    assert answer.headers['x-amzn-trace-id'] == 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1'


def test_methods(echo):
    for method in 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS':
        assert echo.echo('/', method=method)[0]['requestContext']['http']['method'] == method
    answer = echo.ask('/', method='HEAD')
    assert answer.status == 200
    assert int(answer.headers['content-length']) > 0


# ---- addresses ----

def test_path_form(echo, daemon):
    for path in '', '/', '/a%20b':
        event = echo.echo(f'/_lambd/url/{echo.id}{path}?x=1', host=f'127.0.0.1:{daemon.port}')[0]
        assert event['rawPath'] == (path or '/')
        assert event['requestContext']['domainName'] == echo.domain
        assert event['headers']['host'] == f'127.0.0.1:{daemon.port}'


def test_hosts(echo, daemon):
    for host in (echo.host.upper(), echo.domain, f'{echo.id}.lambda-url.us-east-1.on.aws',
                 f'{echo.id}.Lambda-URL.us-east-1.lambd.example:{daemon.port}'):
        assert echo.echo('/_lambd/health', host=host)[0]['rawPath'] == '/_lambd/health'
    for host in f'{"x" * 32}.lambda-url.us-east-1.localhost', f'{echo.id}.lambda-url.eu-west-1.localhost':
        refused(echo.ask('/', host=host), 403, None)
    refused(echo.ask('/_lambd/url/nothing/', host='localhost'), 403, None)


def test_keep_alive(echo):
    with Connection(echo.daemon) as connection:
        connection.send(echo.bytes('/1') + echo.bytes('/2', method='POST', body=b'x'))
        paths = [json.loads(connection.answer().body)[0]['rawPath'] for _ in range(2)]
        connection.send(echo.bytes('/3', method='POST', body=b'y'))
        assert [*paths, json.loads(connection.answer().body)[0]['rawPath']] == ['/1', '/2', '/3']


def test_alias(functions, client, open_url):
    function = functions.create(ECHO)
    client.publish_version(FunctionName=function.name)
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    url = open_url(function, Qualifier='live')
    assert url.echo()[2] == f'{function.arn}:live'
    client.delete_alias(FunctionName=function.name, Name='live')
    refused(url.ask(), 403, FORBIDDEN)


def test_goes_with_its_configuration(functions, client, open_url):
    function = functions.create(ECHO)
    url = open_url(function)
    url.echo()
    client.delete_function_url_config(FunctionName=function.name)
    refused(url.ask(), 403, None)


# ---- answers ----

# A runtime whose output is the request's body, byte by byte.
RUNTIME = '''#!/usr/bin/python3
import base64, http.client, json, os
while True:
    connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
    connection.request('GET', '/2018-06-01/runtime/invocation/next')
    event = connection.getresponse()
    output = base64.b64decode(json.load(event)['body'])
    connection.request('POST', f"/2018-06-01/runtime/invocation/{event.headers['Lambda-Runtime-Aws-Request-Id']}/response",
                       output)
    connection.getresponse().read()
    connection.close()
'''


@pytest.fixture
def custom(functions, open_url):
    """custom(text): the answer for a function with that output."""
    url = open_url(functions.create({('bootstrap', 0o755): RUNTIME}, Runtime=PROVIDED, Handler='any'))
    return lambda text: url.ask('/', method='POST', body=text.encode())


@pytest.mark.parametrize('output, body', [
    ('{"hello":"world"}', b'{"hello":"world"}'), ('{"body":"x"}', b'{"body":"x"}'), ('"hello"', b'hello'),
    ('3', b'3'), ('3.1', b'3.1'), ('true', b'true'), ('null', b'null'), ('["hello",3,true]', b'["hello",3,true]'),
    ('"gr\\u00fc\\u00dfe\\n"', 'grüße\n'.encode()),
])
def test_inferred(custom, output, body):
    answer = custom(output)
    assert (answer.status, answer.headers['content-type'], answer.body) == (200, 'application/json', body)


def test_output_that_is_no_json(custom):
    failed(custom('hello'))
    failed(custom('{"statusCode": 200'))


def test_described(mirror):
    answer = mirror.mirror({'statusCode': 418, 'headers': {'Content-Type': 'text/x', 'X-Number': 1.5, 'X-Yes': True,
                                                           'X-Null': None},
                            'cookies': ['a=1; Path=/', 'b=2'], 'body': 'grüße'})
    assert (answer.status, answer.body) == (418, 'grüße'.encode())
    assert answer.headers['content-type'] == 'text/x'
    assert (answer.headers['x-number'], answer.headers['x-yes']) == ('1.5', 'true')
    assert 'x-null' not in answer.headers
    connection = http.client.HTTPConnection('127.0.0.1', mirror.daemon.port, timeout=60)
    connection.request('POST', '/', json.dumps({'statusCode': 200, 'cookies': ['a=1; Path=/', 'b=2']}),
                       {'Host': mirror.host, 'Content-Type': 'application/json'})
    response = connection.getresponse()
    assert [value for name, value in response.getheaders() if name.lower() == 'set-cookie'] == ['a=1; Path=/', 'b=2']
    assert response.read() == b''
    connection.close()


@pytest.mark.parametrize('output, status, body', [
    ({'statusCode': '418'}, 418, b''),
    ({'statusCode': 200, 'body': None}, 200, b''),
    ({'statusCode': 200, 'body': 'aGk=', 'isBase64Encoded': True}, 200, b'hi'),
    ({'statusCode': 200, 'body': {'a': [1, 2]}}, 200, b'{"a":[1,2]}'),
    ({'statusCode': 204, 'body': ''}, 204, b''),
])
def test_described_bodies(mirror, output, status, body):
    answer = mirror.mirror(output)
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize('output', [
    {'statusCode': 'ok'}, {'statusCode': 200.5}, {'statusCode': None}, {'statusCode': 42}, {'statusCode': 100},
    {'statusCode': 200, 'headers': ['x']}, {'statusCode': 200, 'headers': {'X': ['a']}},
    {'statusCode': 200, 'cookies': 'a=1'}, {'statusCode': 200, 'body': 'no base64!', 'isBase64Encoded': True},
])
def test_malformed(mirror, output):
    failed(mirror.mirror(output))


def test_binary_both_ways(functions, open_url):
    url = open_url(functions.create('''
def handler(event, context):
    return {'statusCode': 200, 'headers': {'content-type': 'image/png'}, 'isBase64Encoded': True,
            'body': event['body']}
'''))
    data = bytes(range(256)) * 5000
    answer = url.ask('/', 'Content-Type: image/png', method='POST', body=data)
    assert (answer.status, answer.headers['content-type'], answer.body == data) == (200, 'image/png', True)


@pytest.mark.parametrize('result, status, body', [
    ("{'statusCode': 201, 'body': ['x'] * 1000000}", 201, b'[' + b'"x",' * 999999 + b'"x"]'),
    ("'x' * 5000000", 200, b'x' * 5000000),
    ("[1] * 1000000", 200, b'[' + b'1,' * 999999 + b'1]'),
    ("{'statusCode': 201, 'headers': ['x'] * 100000}", 502, b'Internal Server Error'),
], ids=['described', 'text', 'value', 'malformed'])
def test_large_outputs(functions, open_url, result, status, body):
    """Megabytes of JSON, which are not read by the loop."""
    url = open_url(functions.create(f'def handler(event, context):\n    return {result}\n', MemorySize=512))
    answer = url.ask('/')
    assert (answer.status, answer.body == body) == (status, True), answer.body[:100]


def test_header_lines_cannot_be_made_up(mirror):
    answer = mirror.mirror({'statusCode': 200, 'headers': {'X-A': 'b\r\nX-Evil: 1', 'bad name': 'x'}})
    assert answer.status == 200
    assert 'x-evil' not in answer.headers


@pytest.mark.parametrize('body', ['raise ValueError("no")', 'import os; os._exit(1)',
                                  'import time; time.sleep(600)', 'return "x" * 7000000'])
def test_function_errors(functions, open_url, body):
    url = open_url(functions.create(f'def handler(event, context):\n    {body}\n', Timeout=2))
    failed(url.ask())


# ---- limits ----

def test_request_too_large(echo):
    message = 'Request must be smaller than 6291456 bytes for the InvokeFunction operation'
    for size in 6291457, 5000000:  # the second only when it is base64
        refused(echo.ask('/', method='POST', body=b'x' * size), 413, message, 'RequestEntityTooLargeException')
    event = echo.ask('/', 'Content-Type: text/plain', method='POST', body=b'x' * 2500000)
    assert event.status == 200


def test_throttled(functions, client, open_url):
    function = functions.create(ECHO)
    url = open_url(function)
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=0)
    answer = url.ask()
    assert (answer.status, answer.headers['x-amzn-errortype']) == (429, 'TooManyRequestsException')
    assert json.loads(answer.body) == {'Reason': 'ReservedFunctionConcurrentInvocationLimitExceeded', 'Type': 'User',
                                       'message': 'Rate Exceeded.'}


# ---- authorization ----

def test_public_access_has_to_be_allowed(daemon, functions, client):
    function = functions.create(ECHO)
    url = Url(daemon, client.create_function_url_config(FunctionName=function.name, AuthType='NONE'))
    refused(url.ask(), 403, FORBIDDEN)
    refused(url.ask(method='POST', body=b'x' * 100), 403, FORBIDDEN)
    allow(client, function, 'AWS_IAM')
    refused(url.ask(), 403, FORBIDDEN)
    allow(client, function)
    assert url.ask().status == 200
    client.remove_permission(FunctionName=function.name, StatementId='url-NONE')
    refused(url.ask(), 403, FORBIDDEN)


@pytest.fixture
def signed_url(daemon, functions, client):
    function = functions.create(ECHO)
    config = client.create_function_url_config(FunctionName=function.name, AuthType='AWS_IAM')
    return function, Url(daemon, config)


def sign(url, target='/', method='GET', body=None, key='test', secret='test', region='us-east-1', service='lambda',
         headers=()):
    """The header lines of a request as botocore signs it."""
    request = botocore.awsrequest.AWSRequest(method, f'http://{url.host}{target}', dict(headers), body)
    credentials = botocore.credentials.Credentials(key, secret)
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    return [f'{name}: {value}' for name, value in request.headers.items()]


def test_signed(signed_url):
    _, url = signed_url
    refused(url.ask(), 403, FORBIDDEN)
    for target in '/', '/a/b%20c/ü?b=2&a=1&a=%2F&c', '/x/../y/./z//':
        target = target.replace('ü', '%C3%BC')
        event = url.echo(target, *sign(url, target))[0]
        assert event['requestContext']['accountId'] == '000000000000'
        assert event['requestContext']['authorizer'] == {'iam': {
            'accessKey': 'test', 'accountId': '000000000000', 'callerId': '000000000000', 'cognitoIdentity': None,
            'principalOrgId': None, 'userArn': 'arn:aws:iam::000000000000:root', 'userId': '000000000000'}}
    body = b'{"x": 1}'
    lines = sign(url, '/', 'POST', body, headers={'Content-Type': 'application/json', 'X-Amz-Meta': 'a   b'})
    assert url.echo('/', *lines, method='POST', body=body)[0]['body'] == body.decode()
    refused(url.ask('/', *lines, method='POST', body=b'{"x": 2}'), 403, SIGNATURE, 'InvalidSignatureException',
            'message')


@pytest.mark.parametrize('changes, error_type, message', [
    ({'secret': 'other'}, 'InvalidSignatureException', SIGNATURE),
    ({'key': 'AKIDEXAMPLE'}, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
    ({'region': 'eu-west-1', 'service': 's3'}, 'InvalidSignatureException',
     "Credential should be scoped to a valid region, not 'eu-west-1'. "
     "Credential should be scoped to correct service: 'lambda'. "),
])
def test_wrong_signatures(signed_url, changes, error_type, message):
    _, url = signed_url
    refused(url.ask('/', *sign(url, **changes)), 403, message, error_type, 'message')


def test_malformed_signatures(signed_url):
    _, url = signed_url
    for line in 'Authorization: Bearer x', 'Authorization: AWS4-HMAC-SHA256':
        refused(url.ask('/', line), 403, FORBIDDEN)
    answer = url.ask('/', 'Authorization: AWS4-HMAC-SHA256 Signature=1')
    assert (answer.status, answer.headers['x-amzn-errortype']) == (403, 'IncompleteSignatureException')
    assert json.loads(answer.body)['message'].startswith("Authorization header requires 'Credential' parameter. "
                                                         "Authorization header requires 'SignedHeaders' parameter.")
    lines = [re.sub(r'X-Amz-Date: \d{4}', 'X-Amz-Date: 2015', line) for line in sign(url)]
    lines = [re.sub(r'test/\d{4}', 'test/2015', line) for line in lines]
    answer = url.ask('/', *lines)
    assert (answer.status, answer.headers['x-amzn-errortype']) == (403, 'InvalidSignatureException')
    assert json.loads(answer.body)['message'].startswith('Signature expired: 2015')
    lines = sign(url, '/x')
    refused(url.ask('/y', *lines), 403, SIGNATURE, 'InvalidSignatureException', 'message')


def presign(url, target='/', expires=60, **credentials):
    """The target with its signature in the query, as botocore makes it."""
    request = botocore.awsrequest.AWSRequest('GET', f'http://{url.host}{target}')
    keys = botocore.credentials.Credentials(*(credentials.get(name, 'test') for name in ('key', 'secret')))
    botocore.auth.SigV4QueryAuth(keys, 'lambda', 'us-east-1', expires).add_auth(request)
    return request.url.removeprefix(f'http://{url.host}')


def test_signed_in_advance(signed_url):
    _, url = signed_url
    for target in '/', '/a/b%20c/?b=2&a=1&a=%2F&c=':
        event = url.echo(presign(url, target))[0]
        assert event['requestContext']['authorizer']['iam']['accessKey'] == 'test'
        assert event['queryStringParameters']['X-Amz-Algorithm'] == 'AWS4-HMAC-SHA256'
    signed = presign(url, '/?a=1')
    wrong = [signed.replace('a=1', 'a=2'), signed.replace('Expires=60', 'Expires=600'), signed + '&b=1', signed.replace('/?', '/x?'),
             presign(url, secret='other')]
    for target in wrong:
        refused(url.ask(target), 403, SIGNATURE, 'InvalidSignatureException', 'message')
    refused(url.ask(signed, method='POST', body=b'not signed'), 403, SIGNATURE, 'InvalidSignatureException', 'message')


def test_signed_in_advance_and_refused(signed_url):
    _, url = signed_url
    refused(url.ask(presign(url, key='AKIDEXAMPLE')), 403, 'The security token included in the request is invalid.',
            'UnrecognizedClientException', 'message')
    refused(url.ask('/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Expires=1&X-Amz-SignedHeaders=host'), 403,
            "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include "
            "'X-Amz-Date'. Re-examine the query-string parameters.", 'IncompleteSignatureException', 'message')
    refused(url.ask(presign(url, expires=604801)), 403, "X-Amz-Expires must be between 1 and 604800 seconds, not '604801'",
            'InvalidSignatureException', 'message')
    refused(url.ask('/?X-Amz-Algorithm=other'), 403, FORBIDDEN)
    old = re.sub(r'(test%2F|Date=)\d{4}', r'\g<1>2015', presign(url))
    answer = url.ask(old)
    assert (answer.status, answer.headers['x-amzn-errortype']) == (403, 'InvalidSignatureException')
    assert re.fullmatch(r'Signature expired: 2015\w+ is now earlier than \w+ \(\w+ - 60 sec\.\)',
                        json.loads(answer.body)['message'])


def test_other_accounts(signed_url, client):
    function, url = signed_url
    lines = sign(url, key='111122223333')
    refused(url.ask('/', *lines), 403, FORBIDDEN)
    allow(client, function, 'AWS_IAM', '111122223333')
    assert url.echo('/', *lines)[0]['requestContext']['accountId'] == '111122223333'


# ---- CORS ----

CORS = {'AllowCredentials': True, 'AllowHeaders': ['x-a', 'x-b'], 'AllowMethods': ['GET', 'PUT'],
        'AllowOrigins': ['https://*.example.com', 'http://localhost:3000'], 'ExposeHeaders': ['date', 'x-c'],
        'MaxAge': 600}


def cors_of(answer):
    return {name: value for name, value in answer.headers.items() if name.startswith('access-control-') or
            name == 'vary'}


@pytest.fixture
def cors_url(functions, open_url):
    function = functions.create('''
def handler(event, context):
    return {'statusCode': 200, 'headers': {'Access-Control-Allow-Origin': 'https://own', 'X-Ran': 'yes'}}
''')
    return lambda cors: open_url(function, Cors=cors)


def test_cors(cors_url, client):
    url = cors_url(CORS)
    simple = {'access-control-allow-origin': ORIGIN, 'vary': 'Origin', 'access-control-allow-credentials': 'true',
              'access-control-expose-headers': 'date,x-c'}
    answer = url.ask('/', f'Origin: {ORIGIN}')
    assert (cors_of(answer), answer.headers['x-ran']) == (simple, 'yes')
    preflight = url.ask('/', f'Origin: {ORIGIN}', 'Access-Control-Request-Method: PUT', method='OPTIONS')
    assert (preflight.status, preflight.body) == (200, b'')
    assert 'x-ran' not in preflight.headers
    assert cors_of(preflight) == simple | {
        'access-control-allow-methods': 'GET,PUT', 'access-control-allow-headers': 'x-a,x-b',
        'access-control-max-age': '600'}
    for origin in 'https://example.com', 'https://shop.example.com.evil', 'null':
        assert cors_of(url.ask('/', f'Origin: {origin}')) == {}
    assert cors_of(url.ask('/')) == {}
    assert url.ask('/', method='OPTIONS').headers['x-ran'] == 'yes'


def test_cors_for_everybody(cors_url):
    url = cors_url({'AllowOrigins': ['*'], 'AllowMethods': ['*']})
    assert cors_of(url.ask('/', f'Origin: {ORIGIN}')) == {'access-control-allow-origin': '*'}
    assert cors_of(url.ask('/')) == {'access-control-allow-origin': '*'}
    preflight = url.ask('/', f'Origin: {ORIGIN}', 'Access-Control-Request-Method: PUT', method='OPTIONS')
    assert cors_of(preflight) == {'access-control-allow-origin': '*', 'access-control-allow-methods': '*'}


def test_without_cors_the_function_decides(functions, open_url):
    url = open_url(functions.create('''
def handler(event, context):
    return {'statusCode': 204, 'headers': {'Access-Control-Allow-Origin': 'https://own'}}
'''))
    answer = url.ask('/', f'Origin: {ORIGIN}', 'Access-Control-Request-Method: PUT', method='OPTIONS')
    assert (answer.status, cors_of(answer)) == (204, {'access-control-allow-origin': 'https://own'})


def test_errors_have_cors_too(daemon, functions, client):
    function = functions.create(ECHO)
    url = Url(daemon, client.create_function_url_config(FunctionName=function.name, AuthType='NONE', Cors=CORS))
    answer = url.ask('/', f'Origin: {ORIGIN}')
    assert (answer.status, cors_of(answer)['access-control-allow-origin']) == (403, ORIGIN)


# ---- streams ----

STREAM = '''
const later = ms => new Promise(r => setTimeout(r, ms));
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => { %s });
'''
PRELUDE = '''
  stream = awslambda.HttpResponseStream.from(stream, {statusCode: 201, headers: {'X-A': 'b'}, cookies: ['c=1', 'd=2']});
'''


@pytest.fixture
def node(functions, open_url):
    def make(body, mode='RESPONSE_STREAM', **arguments):
        function = functions.create({'index.js': STREAM % body}, Runtime=NODE, Handler='index.handler', **arguments)
        return function, open_url(function, InvokeMode=mode)
    return make


def test_pieces_come_before_the_end(node, client):
    """The handler goes on when its client has seen the first piece and says so: were it collected, both would wait."""
    function, url = node(PRELUDE + '''
  stream.write('first');
  const tags = process.env.AWS_ENDPOINT_URL + '/2017-03-31/tags/' + encodeURIComponent(context.invokedFunctionArn);
  while (!(await (await fetch(tags)).json()).Tags.seen) await later(10);
  stream.end('late');''', Timeout=60)
    with Connection(url.daemon) as connection:
        connection.send(url.bytes('/'))
        status, headers = connection.head()
        assert (status, headers['x-a'], headers['transfer-encoding']) == (201, 'b', 'chunked')
        assert headers['set-cookie'] == 'd=2'  # the last of two
        assert headers['content-type'] == 'application/octet-stream'
        assert connection.chunk() == b'first'
        client.tag_resource(Resource=function.arn, Tags={'seen': 'yes'})
        assert connection.chunk() == b'late'
        assert connection.chunk() == b''


@pytest.mark.parametrize('mode', ['RESPONSE_STREAM', 'BUFFERED'])
def test_prelude(node, mode):
    _, url = node(PRELUDE + 'stream.write("some "); await later(1); stream.end("thing");', mode)
    answer = url.ask()
    assert (answer.status, answer.headers['x-a'], answer.body) == (201, 'b', b'some thing')
    assert ('transfer-encoding' in answer.headers) == (mode == 'RESPONSE_STREAM')


@pytest.mark.parametrize('mode', ['RESPONSE_STREAM', 'BUFFERED'])
def test_stream_without_prelude(node, mode):
    _, url = node('stream.setContentType("text/x"); stream.write("Hello, "); await later(1); stream.end("world!");',
                  mode)
    answer = url.ask()
    assert (answer.status, answer.headers['content-type'], answer.body) == (200, 'text/x', b'Hello, world!')


def test_plain_function_behind_a_streaming_url(functions, open_url):
    url = open_url(functions.create('def handler(event, context):\n    return {"statusCode": 418}\n'),
                   InvokeMode='RESPONSE_STREAM')
    answer = url.ask()
    assert (answer.status, json.loads(answer.body)) == (200, {'statusCode': 418})


@pytest.mark.parametrize('mode', ['RESPONSE_STREAM', 'BUFFERED'])
def test_error_before_the_first_piece(node, mode):
    _, url = node('throw new Error("no");', mode)
    failed(url.ask())


def test_error_in_the_middle(node):
    function, url = node('stream.write("some"); await later(1); throw new Error("no");')
    with Connection(url.daemon) as connection:
        connection.send(url.bytes('/'))
        assert connection.head()[0] == 200
        assert connection.chunk() == b'some'
        with pytest.raises(ConnectionResetError):
            connection.chunk()


def test_more_than_a_buffered_answer_may_have(node):
    body = 'for (let i = 0; i < 10; i++) stream.write("x".repeat(1048576)); stream.end();'
    _, url = node(body)
    assert len(url.ask().body) == 10 * 1048576
    _, url = node(body, 'BUFFERED')
    failed(url.ask())


def test_slow_client_holds_the_function_back(node, daemon):
    _, url = node('''
  const once = require('events').once;
  for (let i = 0; i < 100; i++) if (!stream.write("x".repeat(1048576))) await once(stream, 'drain');
  console.log('all is written');
  stream.end();''', Timeout=120)
    _, other = node('for (let i = 0; i < 30; i++) stream.write("x".repeat(1048576)); stream.end();', Timeout=120)
    with Connection(daemon) as connection:
        connection.send(url.bytes('/'))
        assert connection.head()[0] == 200
        # Others are served meanwhile, long enough for a function that is not held back to get rid of everything.
        for _ in range(4):
            assert len(other.ask().body) == 30 * 1048576
        logs = (daemon.state_dir / 'logs').rglob('*.log')
        assert not any('all is written' in path.read_text(errors='replace') for path in logs)
        total = 0
        while data := connection.chunk():
            total += len(data)
    assert total == 100 * 1048576
    daemon.wait_for_log('all is written')
