# SPDX-License-Identifier: Apache-2.0
"""What comes before any operation: bodies that are no JSON, wrong types, members that are missing or unknown."""
import json

import pytest

from support.errors import constraint, detected
from support.http import Connection

FUNCTIONS = '/2015-03-31/functions'
LIST = 'Start of list found where not expected'
STRUCTURE = 'Start of structure or map found where not expected.'


def missing(*paths):
    return detected(*(constraint(None, path, 'not be null') for path in paths))


def ask(daemon, method, path, body=None, *headers):
    """(status, error type, the body's document)"""
    with Connection(daemon) as connection:
        connection.send(connection.request(method, path, body, *headers))
        answer = connection.answer()
    return answer.status, answer.headers.get('x-amzn-errortype'), json.loads(answer.body)


@pytest.mark.parametrize('body', [b'{', b'{"FunctionName":"f"} x', b'{"FunctionName":"\xff"}', b'\xef\xbb\xbf{}', b'{]'])
def test_no_json(daemon, body):
    assert ask(daemon, 'POST', FUNCTIONS, body) == (400, 'SerializationException', {'message': None})


@pytest.mark.parametrize('body, text', [
    ([], LIST), ('x', 'Unexpected field type'), (None, 'Unexpected field type'), (5, 'Unexpected field type'),
    ({'Code': []}, LIST), ({'Code': 5}, 'Unexpected field type'),
    ({'Layers': 'x'}, 'Unexpected field type'), ({'Layers': {'a': 1}}, STRUCTURE),
    ({'Tags': []}, LIST), ({'Tags': {'a': 1}}, 'NUMBER_VALUE can not be converted to a String'),
    ({'Timeout': 'x'}, 'STRING_VALUE can not be converted to an Integer'),
    ({'Timeout': 99999999999}, 'NUMBER_VALUE can not be converted to an Integer'),
    ({'Timeout': 1.5}, 'DECIMAL_VALUE can not be converted to an Integer'),
    ({'Handler': {}}, STRUCTURE), ({'Handler': 5}, 'NUMBER_VALUE can not be converted to a String'),
    ({'Publish': 'true'}, 'STRING_VALUE can not be converted to a Boolean'),
])
def test_wrong_type(daemon, body, text):
    assert ask(daemon, 'POST', FUNCTIONS, json.dumps(body).encode()) == (
        400, 'SerializationException', {'message': text})


@pytest.mark.parametrize('body, paths', [
    (b'', ['functionName', 'role', 'code']),
    (b'{}', ['functionName', 'role', 'code']),
    (b'{"FunctionName":null,"Role":null}', ['functionName', 'role', 'code']),
    (b'{"FunctionName":"f","Code":null}', ['role', 'code']),
    (b'{"functionname":"f","Surprise":{"x":[1]}}', ['functionName', 'role', 'code']),
])
@pytest.mark.parametrize('content_type', ['application/json', 'text/plain'])
def test_missing_members(daemon, body, paths, content_type):
    """null is absent, unknown members are nothing, and any content type will do."""
    assert ask(daemon, 'POST', FUNCTIONS, body, f'Content-Type: {content_type}') == (
        400, 'ValidationException', {'message': missing(*paths)})


@pytest.mark.parametrize('query, kind, text', [
    ('MaxItems=x', 'SerializationException', 'class java.lang.String can not be converted to an Integer'),
    ('MaxItems=0', 'ValidationException',
     detected(constraint(0, 'maxItems', 'have value greater than or equal to 1'))),
    ('MaxItems=10001', 'ValidationException',
     detected(constraint(10001, 'maxItems', 'have value less than or equal to 10000'))),
])
def test_query(daemon, query, kind, text):
    assert ask(daemon, 'GET', f'{FUNCTIONS}?{query}') == (400, kind, {'message': text})


@pytest.mark.parametrize('method, path', [
    ('GET', '/2015-03-31/nothing'), ('PATCH', FUNCTIONS), ('GET', '/'), ('GET', f'{FUNCTIONS}//'),
    ('POST', '/1999-01-01/functions'),
])
def test_unknown_operation(daemon, method, path):
    status, kind, _ = ask(daemon, method, path)
    assert (status, kind) == (404, 'UnknownOperationException')


@pytest.mark.parametrize('method, path, operation', [
    ('POST', FUNCTIONS, 'CreateFunction'), ('PUT', f'{FUNCTIONS}/f/code', 'UpdateFunctionCode'),
])
def test_request_too_large(daemon, method, path, operation):
    """The figure is that of requests that carry code; the promise of the length is enough."""
    with Connection(daemon) as connection:
        connection.send(connection.request(method, path, None, 'Content-Length: 70167212'))
        answer = connection.answer()
    assert (answer.status, answer.headers['x-amzn-errortype']) == (413, 'RequestEntityTooLargeException')
    assert json.loads(answer.body) == {
        'Message': f'Request must be smaller than 70167211 bytes for the {operation} operation'}
