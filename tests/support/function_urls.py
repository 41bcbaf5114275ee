# SPDX-License-Identifier: Apache-2.0
"""Function URLs as their clients see them."""
import json

from support.http import Connection


class Url:
    """A function's URL, and requests to it as a client sends them."""

    def __init__(self, daemon, config):
        self.daemon = daemon
        self.host = config['FunctionUrl'].removeprefix('http://').rstrip('/')
        self.domain = self.host.split(':')[0]
        self.id = self.host.split('.')[0]

    def bytes(self, target, *headers, method='GET', body=None, host=None):
        lines = [f'{method} {target} HTTP/1.1', f'Host: {host or self.host}', *headers]
        if body is not None:
            lines.append(f'Content-Length: {len(body)}')
        return '\r\n'.join(lines).encode() + b'\r\n\r\n' + (body or b'')

    def ask(self, target='/', *headers, method='GET', **arguments):
        with Connection(self.daemon) as connection:
            connection.send(self.bytes(target, *headers, method=method, **arguments))
            return connection.answer(to_head=method == 'HEAD')

    def echo(self, *arguments, **named):
        answer = self.ask(*arguments, **named)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def mirror(self, value, *headers):
        text = value if isinstance(value, str) else json.dumps(value)
        return self.ask('/', 'Content-Type: application/json', *headers, method='POST', body=text.encode())
