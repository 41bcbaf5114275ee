# SPDX-License-Identifier: Apache-2.0
"""A stand-in for SQS that takes SendMessage, acknowledges, and counts by queue and by the id of the event.

A process of its own, so that what it takes to answer is not the test's: a message is counted and acknowledged at once.
GET / answers the counts, GET /events how many events there are in them. Prints its port first.
"""
import asyncio
import collections
import json
import sys
import urllib.parse


class Connection(asyncio.Protocol):
    counts = collections.defaultdict(collections.Counter)

    def connection_made(self, transport):
        self.transport, self.received = transport, b''

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b'\r\n\r\n')) >= 0:
            head, rest = self.received[:end].decode('latin-1'), self.received[end + 4:]
            fields = dict(line.lower().split(': ', 1) for line in head.split('\r\n')[1:])
            length = int(fields.get('content-length', 0))
            if len(rest) < length:
                return
            self.received = rest[length:]
            if head.startswith('POST'):
                body = self.take(rest[:length])
            elif head.startswith('GET /events '):
                body = b'%d' % sum(map(len, self.counts.values()))
            else:
                body = json.dumps(self.counts).encode()
            self.transport.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))

    def take(self, body):
        message = json.loads(body)
        name = urllib.parse.urlparse(message['QueueUrl']).path.rsplit('/', 1)[1]
        self.counts[name][json.loads(message['MessageBody'])['requestPayload']['id']] += 1
        return b'{}'


async def main():
    server = await asyncio.get_running_loop().create_server(Connection, '127.0.0.1', 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    sys.stdin.close()
    await server.serve_forever()

asyncio.run(main())
