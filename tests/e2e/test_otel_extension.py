# SPDX-License-Identifier: Apache-2.0
"""An extension that others wrote, as it comes from its registry: it takes telemetry of the function and of the platform
and sends both on with OpenTelemetry's protocol."""
import os
import subprocess
from pathlib import Path

import pytest

from support.functions import PYTHON
from support.waiting import until
from support.zips import make_zip

KEPT = Path(__file__).resolve().parents[2] / 'build-check/functions/otel-extension'
CRATE = 'opentelemetry-lambda-extension'
VERSION = '0.1.6'

# Its collector stands in the sandbox, too: the handler tells what has come there so far.
CODE = '''
import http.server, json, os, re, threading, urllib.request
received = []

class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        received.append([self.path, sorted(set(re.findall('[ -~]{4,}', body.decode('latin-1'))))])
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *arguments):
        pass

server = http.server.ThreadingHTTPServer(('127.0.0.1', 4319), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()

def send_span(name):
    span = {'traceId': '5b8efff798038103d269b633813fc60c', 'spanId': 'eee19b7ec3c1b174', 'name': name, 'kind': 1,
            'startTimeUnixNano': '1544712660000000000', 'endTimeUnixNano': '1544712661000000000'}
    body = {'resourceSpans': [{'resource': {}, 'scopeSpans': [{'scope': {}, 'spans': [span]}]}]}
    request = urllib.request.Request('http://127.0.0.1:4318/v1/traces', json.dumps(body).encode(),
                                     {'Content-Type': 'application/json'})
    urllib.request.urlopen(request).close()

def handler(event, context):
    send_span(event)
    return received
'''


@pytest.fixture(scope='module')
def extension():
    """The program, built from crates.io. What it is made of stays below build-check, like the result."""
    subprocess.run(['cargo', 'install', CRATE, '--version', VERSION, '--locked', '--debug', '--quiet',
                    '--root', KEPT, '--target-dir', KEPT / 'target'],
                   check=True, timeout=1800, env=os.environ | {'CARGO_PROFILE_DEV_DEBUG': '0'})
    return (KEPT / 'bin' / CRATE).read_bytes()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_telemetry_reaches_the_collector(functions, client, extension):
    """What the function sends it, the platform's figures of an invocation, and which invocation they are of."""
    layer = client.publish_layer_version(
        LayerName='otel-extension', Content={'ZipFile': make_zip({(f'extensions/{CRATE}', 0o755): extension})})
    function = functions.create(
        CODE, Runtime=PYTHON, Timeout=30, MemorySize=512, Layers=[layer['LayerVersionArn']],
        Environment={'Variables': {'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:4319',
                                   'OTEL_EXPORTER_OTLP_COMPRESSION': 'none', 'LAMBDA_OTEL_FLUSH_STRATEGY': 'end'}})
    answer = function.invoke('first span', tail=True)
    assert answer.error is None, answer
    assert f'EXTENSION\tName: {CRATE}\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n' in answer.log
    assert f'TELEMETRY\tName: {CRATE}\tState: Subscribed\tTypes: [Platform' in answer.log

    def arrived(path, *words):
        """Have these come to that path? Asked by one more invocation."""
        now = function.invoke('one more')
        assert now.error is None, now
        texts = [text for at, texts in now.json if at == path for text in texts]
        return all(any(word in text for text in texts) for word in words)
    until(lambda: arrived('/v1/traces', 'first span'), 'the span did not arrive')
    until(lambda: arrived('/v1/metrics', 'faas.invocation.duration', answer.request_id),
          "the platform's figures did not arrive")
