# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: every event that was answered with 202 comes to exactly one end.

The two ends are queues of a stand-in for SQS that lives in this process, so that it survives the daemon. With --long
there are more kills; --crash-kills says how many.
"""
import collections
import http.server
import itertools
import json
import random
import threading
import urllib.parse

import pytest

from support.functions import Factory
from support.waiting import until
from test_async import FAST, RECORDING, ends, send

WORKERS = 4
# What is under way when the daemon dies is tried again, and may be told twice: not more than is tried at once.
TOLD_TWICE_MAX = 32


class Queues:
    """Takes SendMessage, acknowledges, and counts the events by the queue's name and their id."""

    def __init__(self):
        self.ended = collections.defaultdict(collections.Counter)
        lock, ended = threading.Lock(), self.ended

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                message = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
                name = urllib.parse.urlparse(message['QueueUrl']).path.rsplit('/', 1)[1]
                with lock:
                    ended[name][json.loads(message['MessageBody'])['requestPayload']['id']] += 1
                self.send_response(200)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'{}')

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # the daemon was killed
        self.server = Server(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f'http://127.0.0.1:{self.server.server_port}'

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def queues():
    queues = Queues()
    yield queues
    queues.close()


def load(function, accepted, kill, worker, stop):
    """Sends events until the daemon is gone; every fifth fails."""
    for n in itertools.count():
        id = f'{kill}-{worker}-{n}'
        event = {'id': id} | ({'fail': 'yes'} if n % 5 == 0 else {})
        if stop.is_set():
            return
        try:
            send(function, event)
        except Exception:  # the daemon is gone: nobody knows whether it took the event
            return
        accepted[id] = 'bad' if 'fail' in event else 'good'


def kill_under_load(daemon, function, accepted, number, more):
    stop = threading.Event()
    workers = [threading.Thread(target=load, args=(function, accepted, number, worker, stop)) for worker in range(WORKERS)]
    goal = len(accepted) + more
    for worker in workers:
        worker.start()
    until(lambda: len(accepted) >= goal, 'nothing is accepted')
    daemon.kill()
    stop.set()
    for worker in workers:
        worker.join()


def test_kill_at_any_time(own_daemon, connect, queues, request):
    kills = request.config.getoption('--crash-kills') or (40 if request.config.getoption('--long') else 5)
    options = (*FAST, f'--endpoint-sqs={queues.endpoint}')
    own_daemon.start(*options)
    factory = Factory(connect(own_daemon.endpoint))
    function = factory.create(RECORDING)
    destinations = {f'On{when}': {'Destination': f'arn:aws:sqs:us-east-1:000000000000:{name}'}
                    for when, name in (('Success', 'good'), ('Failure', 'bad'))}
    factory.client.put_function_event_invoke_config(FunctionName=function.name, MaximumRetryAttempts=1,
                                                    DestinationConfig=destinations)
    accepted = {}
    for number in range(kills):
        kill_under_load(own_daemon, function, accepted, number, random.randrange(1, 200))
        own_daemon.start(*options)
    ends(own_daemon)
    for id, name in accepted.items():
        assert queues.ended[name][id] >= 1, f'{id} is lost'
        assert queues.ended['bad' if name == 'good' else 'good'][id] == 0, f'{id} came to two ends'
    duplicates = sum(count - 1 for counter in queues.ended.values() for count in counter.values())
    print(f'{kills} kills, {len(accepted)} events, {duplicates} told twice')
    assert duplicates <= kills * TOLD_TWICE_MAX
