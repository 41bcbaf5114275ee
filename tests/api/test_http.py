# SPDX-License-Identifier: Apache-2.0
"""The HTTP server with raw bytes: what must work, and what must be refused."""
import json
import socket
import threading

import pytest

from support.http import AUTHORIZATION, Connection, exchange

SETTINGS = '/2016-08-19/account-settings/'
GET = Connection.request('GET', SETTINGS)


def test_health(daemon):
    answer = exchange(daemon, b'GET /_lambd/health HTTP/1.1\r\nHost: x\r\n\r\n')
    assert answer.status == 200
    assert answer.headers['content-type'] == 'application/json'
    assert isinstance(json.loads(answer.body), dict)


def test_keep_alive(daemon):
    with Connection(daemon) as connection:
        for _ in range(5):
            connection.send(GET)
            assert connection.answer().status == 200


def test_close_when_asked(daemon):
    with Connection(daemon) as connection:
        connection.send(Connection.request('GET', SETTINGS, None, 'Connection: close'))
        assert connection.answer().headers['connection'] == 'close'
        assert connection.closed()


def test_http_1_0(daemon):
    with Connection(daemon) as connection:
        connection.send(b'GET /_lambd/health HTTP/1.0\r\n\r\n')
        status, _ = connection.head()
        assert status in (200, 505)


def test_pipelining(daemon, functions):
    function = functions.create('def handler(event, context):\n    return event\n')
    path = f'/2015-03-31/functions/{function.name}/invocations'
    with Connection(daemon) as connection:
        connection.send(b''.join(Connection.request('POST', path, b'%d' % i) for i in range(20)) + GET)
        assert [connection.answer().body for _ in range(20)] == [b'%d' % i for i in range(20)]
        assert b'AccountLimit' in connection.answer().body


def test_request_in_single_bytes(daemon, functions):
    function = functions.create('def handler(event, context):\n    return event\n')
    data = Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'{"a": 1}')
    with Connection(daemon) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            connection.send(data[i:i + 1])
        assert json.loads(connection.answer().body) == {'a': 1}


def test_chunked_request(daemon, functions):
    function = functions.create('def handler(event, context):\n    return event\n')
    head = Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', None,
                              'Transfer-Encoding: chunked')
    with Connection(daemon) as connection:
        connection.send(head + b'3\r\n{"a\r\n6;name=value\r\n": 12}\r\n0\r\n\r\n' + GET)
        assert json.loads(connection.answer().body) == {'a': 12}
        assert connection.answer().status == 200


def test_expect_100_continue(daemon, functions):
    function = functions.create('def handler(event, context):\n    return event\n')
    body = b'"x"'
    request = Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', body,
                                 'Expect: 100-continue')
    with Connection(daemon) as connection:
        connection.send(request[:-len(body)])
        assert connection.head()[0] == 100
        connection.send(body)
        assert connection.answer().body == body


def test_expect_with_a_body_that_is_too_large(daemon):
    """The final answer comes instead of 100, and the body is never sent."""
    with Connection(daemon) as connection:
        connection.send((f'POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: x\r\nAuthorization: '
                         f'{AUTHORIZATION}\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n').encode())
        assert connection.head()[0] in (404, 413)


HEAD = f'POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\n'.encode()

# Forms that make two parties disagree about where a request ends.
SMUGGLING = {
    'both lengths': HEAD + b'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'two lengths': HEAD + b'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd',
    'two equal lengths': HEAD + b'Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
    'list of lengths': HEAD + b'Content-Length: 3, 3\r\n\r\nabc',
    'signed length': HEAD + b'Content-Length: +3\r\n\r\nabc',
    'negative length': HEAD + b'Content-Length: -3\r\n\r\nabc',
    'hexadecimal length': HEAD + b'Content-Length: 0x3\r\n\r\nabc',
    'huge length': HEAD + b'Content-Length: 99999999999999999999999\r\n\r\n',
    'empty length': HEAD + b'Content-Length:\r\n\r\n',
    'space before colon': HEAD + b'Content-Length : 3\r\n\r\nabc',
    'folded header': HEAD + b'X-A: b\r\n c\r\n\r\n',
    'bare line feed': HEAD + b'X-A: b\nX-C: d\r\n\r\n',
    'bare carriage return': HEAD + b'X-A: b\rX-C: d\r\n\r\n',
    'NUL': HEAD + b'X-A: b\x00c\r\n\r\n',
    'no name': HEAD + b': b\r\n\r\n',
    'space in name': HEAD + b'X A: b\r\n\r\n',
    'no colon': HEAD + b'Strange\r\n\r\n',
    'other coding': HEAD + b'Transfer-Encoding: gzip\r\n\r\n',
    'chunked not last': HEAD + b'Transfer-Encoding: chunked, gzip\r\n\r\n',
    'chunked twice': HEAD + b'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'chunked in disguise': HEAD + b'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'chunk size with 0x': HEAD + b'Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n',
    'chunk size with sign': HEAD + b'Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n',
    'chunk size too large': HEAD + b'Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n',
    'chunk without end': HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n',
    'chunk with bare line feed': HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n',
    'no host': b'GET / HTTP/1.1\r\n\r\n',
    'two hosts': b'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'two spaces': b'GET  / HTTP/1.1\r\nHost: a\r\n\r\n',
    'no version': b'GET /\r\n\r\n',
    'other version': b'GET / HTTP/1.9\r\nHost: a\r\n\r\n',
    'HTTP/2 preface': b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'lower case method': b'get\x01 / HTTP/1.1\r\nHost: a\r\n\r\n',
    'space in path': b'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
    'control in path': b'GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n',
    'not HTTP': b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + bytes(64) + b'\r\n\r\n',
}

# What HTTP has a status of its own for; everything else is 400.
STATUS = {'other version': 505, 'HTTP/2 preface': 505, 'other coding': 501, 'chunked in disguise': 501}


@pytest.mark.parametrize('form', SMUGGLING)
def test_smuggling(daemon, form):
    """Refused, and what follows on the connection is not taken for a request."""
    with Connection(daemon) as connection:
        connection.send(SMUGGLING[form] + b'GET /_lambd/health HTTP/1.1\r\nHost: smuggled\r\n\r\n')
        answer = connection.answer()
        assert answer.status == STATUS.get(form, 400)
        assert connection.closed()


def test_limits(daemon):
    for data in (b'GET /' + b'a' * 200_000 + b' HTTP/1.1\r\nHost: x\r\n\r\n',
                 b'GET / HTTP/1.1\r\nHost: x\r\nX-Long: ' + b'a' * 200_000 + b'\r\n\r\n',
                 b'GET / HTTP/1.1\r\nHost: x\r\n' + b'X-A: b\r\n' * 1000 + b'\r\n'):
        with Connection(daemon) as connection:
            try:
                connection.send(data)
                assert connection.answer().status in (400, 414, 431)
                assert connection.closed()
            except (ConnectionResetError, BrokenPipeError):
                pass  # the daemon closed while we were still sending


def test_many_idle_connections(daemon):
    """Two hundred clients that say nothing do not keep another from being served."""
    idle = [Connection(daemon) for _ in range(200)]
    for connection in idle[::2]:
        connection.send(b'GET / HT')
    assert exchange(daemon, GET).status == 200
    for connection in idle:
        connection.close()
    assert exchange(daemon, GET).status == 200


@pytest.mark.long
@pytest.mark.timeout(240)
def test_slow_client_is_dropped(daemon):
    """A request that never ends is cut off after the header's time limit (30 s); we keep sending meanwhile."""
    with Connection(daemon) as connection:
        connection.socket.settimeout(90)
        stop = threading.Event()

        def drip():
            try:
                connection.send(b'GET / HTTP/1.1\r\nHost: x\r\n')
                while not stop.wait(2):
                    connection.send(b'X-A: b\r\n')
            except OSError:
                pass
        dripper = threading.Thread(target=drip)
        dripper.start()
        try:
            data = connection.socket.recv(4096)
            assert data == b'' or data.startswith(b'HTTP/1.1 408')
        finally:
            stop.set()
            dripper.join()


def test_reader_that_stops_reading(daemon, functions):
    """Answers pile up at a client that does not read; others are served, memory stays bounded by back-pressure."""
    function = functions.create('def handler(event, context):\n    return "x" * 1000000\n')
    request = Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations', b'{}')
    with Connection(daemon) as connection:
        connection.send(request * 30)
        assert exchange(daemon, GET).status == 200
        for _ in range(30):
            assert len(connection.answer().body) == 1_000_002


def test_disconnect_in_the_middle_of_a_body(daemon):
    for cut in (10, 200, 5000):
        with Connection(daemon) as connection:
            body = b'{"FunctionName":"cut","Code":{"ZipFile":"' + b'A' * 100_000 + b'"}}'
            connection.send(Connection.request('POST', '/2015-03-31/functions', body)[:cut + 200])
    assert exchange(daemon, GET).status == 200


def test_head_of_answers(daemon):
    answer = exchange(daemon, GET)
    assert answer.headers['content-type'] == 'application/json'
    assert answer.headers['x-amzn-requestid']
    assert exchange(daemon, GET).headers['x-amzn-requestid'] != answer.headers['x-amzn-requestid']


def test_method_without_operation(daemon):
    assert exchange(daemon, Connection.request('PATCH', SETTINGS)).status in (404, 405)


def test_path_is_decoded_once(daemon):
    """%253A is a name with %3A in it, which is no name; %3A is a colon."""
    twice = exchange(daemon, Connection.request('GET', '/2015-03-31/functions/f%253A1/configuration'))
    assert (twice.status, twice.headers['x-amzn-errortype']) == (400, 'ValidationException')
    once = exchange(daemon, Connection.request('GET', '/2015-03-31/functions/f%3A1/configuration'))
    assert (once.status, once.headers['x-amzn-errortype']) == (404, 'ResourceNotFoundException')
    for bad in ('%', '%4', '%zz'):
        answer = exchange(daemon, Connection.request('GET', f'/2015-03-31/functions/f{bad}/configuration'))
        assert answer.status == 400


def test_body_that_is_not_json(daemon):
    for body in (b'{', b'[]', b'"x"', b'{"FunctionName": }', b'\xff\xfe', b'{"a":1}{"b":2}'):
        answer = exchange(daemon, Connection.request('POST', '/2015-03-31/functions', body))
        assert (answer.status, answer.headers['x-amzn-errortype']) == (400, 'SerializationException'), body


@pytest.mark.parametrize('body', [
    b'{"FunctionName":5}', b'{"Timeout":"10"}', b'{"Timeout":1.5}', b'{"Publish":"true"}', b'{"Layers":{}}',
    b'{"Environment":[]}', b'{"Code":"x"}', b'{"Tags":["a"]}', b'{"Environment":{"Variables":{"A":1}}}',
])
def test_wrong_types(daemon, body):
    answer = exchange(daemon, Connection.request('POST', '/2015-03-31/functions', body))
    assert (answer.status, answer.headers['x-amzn-errortype']) == (400, 'SerializationException')


def test_deep_json(daemon):
    deep = b'{"Environment":' + b'{"a":' * 100_000 + b'1' + b'}' * 100_000 + b'}'
    answer = exchange(daemon, Connection.request('POST', '/2015-03-31/functions', deep))
    assert answer.status == 400
