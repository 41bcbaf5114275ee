# SPDX-License-Identifier: Apache-2.0
"""HTTP by hand, for what no client library would send."""
import socket

AUTHORIZATION = ('AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/lambda/aws4_request, '
                 'SignedHeaders=host, Signature=0')
SECONDS = 30  # a bound for tests that would hang


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers  # names in lower case
        self.body = body

    def __repr__(self):
        return f'<{self.status} {self.headers} {self.body[:200]!r}>'


class Connection:
    """One TCP connection to the daemon."""

    def __init__(self, daemon):
        self.socket = socket.create_connection(('127.0.0.1', daemon.port), SECONDS)
        self.socket.settimeout(SECONDS)
        self.received = b''

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def request(method, path, body=None, *headers, host='localhost'):
        """The bytes of a well-formed request with more header lines."""
        lines = [f'{method} {path} HTTP/1.1', f'Host: {host}', f'Authorization: {AUTHORIZATION}', *headers]
        if body is not None:
            lines.append(f'Content-Length: {len(body)}')
        return '\r\n'.join(lines).encode() + b'\r\n\r\n' + (body or b'')

    def send(self, data):
        self.socket.sendall(data)

    def _fill(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError(f'closed after {self.received[:300]!r}')
        self.received += data

    def _take_until(self, mark):
        while mark not in self.received:
            self._fill()
        head, self.received = self.received.split(mark, 1)
        return head

    def _take(self, count):
        while len(self.received) < count:
            self._fill()
        data, self.received = self.received[:count], self.received[count:]
        return data

    def head(self):
        """(status, headers) of the next answer, interim ones too."""
        lines = self._take_until(b'\r\n\r\n').decode('latin-1').split('\r\n')
        version, status = lines[0].split(' ')[:2]
        assert version == 'HTTP/1.1', lines[0]
        headers = {}
        for line in lines[1:]:
            name, value = line.split(':', 1)
            headers[name.lower()] = value.strip()
        return int(status), headers

    def answer(self, to_head=False):
        status, headers = self.head()
        if to_head or status in (204, 304) or status < 200:
            return Answer(status, headers, b'')
        if headers.get('transfer-encoding') == 'chunked':
            body = b''
            while data := self.chunk():
                body += data
            return Answer(status, headers, body)
        return Answer(status, headers, self._take(int(headers['content-length'])))

    def chunk(self):
        """The next piece of a chunked body; b'' at its end."""
        data = self._take(int(self._take_until(b'\r\n').split(b';')[0], 16))
        assert self._take(2) == b'\r\n'
        return data

    def closed(self):
        """Whether the daemon closes, with nothing more to read; waits for it."""
        try:
            return self.received == b'' and self.socket.recv(1) == b''
        except ConnectionResetError:
            return True


def exchange(daemon, data):
    """Send bytes on a connection of their own and read one answer."""
    with Connection(daemon) as connection:
        connection.send(data)
        return connection.answer()
