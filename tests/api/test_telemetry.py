# SPDX-License-Identifier: Apache-2.0
"""The Telemetry API and the Logs API: extensions that listen, and print what they get."""
import json
import re
import time

import pytest

from support import extensions
from support.daemon import Daemon
from support.extensions import PRELUDE, log_of
from support.functions import PROVIDED, Factory

ECHO = 'def handler(event, context):\n    print("from the function")\n    return event\n'
TIME = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z')
MARK = 'seen '  # what listeners print comes back to them as events of extensions: those are left out



@pytest.fixture(scope='module')
def daemon(program, daemon_uid):
    """Environments are not frozen soon: deliveries go on after the invocation."""
    daemon = Daemon(program, daemon_uid)
    try:
        daemon.start('--idle-freeze-ms', '600000')
        yield daemon
    finally:
        daemon.close()


@pytest.fixture
def client(daemon, connect):
    return connect(daemon.endpoint)


LISTENER = PRELUDE + '''
import http.server, socket
seen = threading.Condition()
refused = []

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        if REFUSE and not refused:
            refused.append(body)
            self.send_response(500)
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        for event in json.loads(body):
            say('seen', [self.command, self.path, event])
    do_PUT = do_POST
    def log_message(self, *arguments):
        pass

def listen_http(port):
    server = http.server.ThreadingHTTPServer(('sandbox.localdomain', port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

def listen_tcp(port):
    listener = socket.create_server(('127.0.0.1', port))
    def read():
        while True:
            with listener.accept()[0] as peer:
                for line in peer.makefile():
                    say('seen', ['TCP', '', json.loads(line)])
    threading.Thread(target=read, daemon=True).start()

def subscribe(api, identifier, body):
    path = {'telemetry': '/2022-07-01/telemetry', 'logs': '/2020-08-15/logs'}[api]
    return call('PUT', path, body, Lambda_Extension_Identifier=identifier)
REFUSE = False
'''


def listener(api, body, before='listen_http(8080)', refuse=False):
    """An extension that subscribes, takes part and prints what comes."""
    return LISTENER + f'''
REFUSE = {refuse}
{before}
identifier = register()[1]['Lambda-Extension-Identifier']
answer = subscribe({api!r}, identifier, {body!r})
say('subscribed', [answer[0], answer[2]])
while next_event(identifier)[2]['eventType'] != 'SHUTDOWN':
    pass
time.sleep(0.3)
'''


def body(types, version='2022-12-13', **more):
    return {'schemaVersion': version, 'types': types, 'buffering': {'timeoutMs': 25},
            'destination': {'protocol': 'HTTP', 'URI': 'http://sandbox.localdomain:8080/telemetry'}} | more


def seen(log):
    return [json.loads(line[len(MARK):]) for line in log.splitlines() if line.startswith(MARK)]


def of_type(log, kind):
    return [event['record'] for _, _, event in seen(log) if event['type'] == kind]


def test_http(functions, daemon):
    """Everything of one invocation, and of the init before it."""
    function = extensions.create(functions, ECHO, {'ext': listener('telemetry', body(['platform', 'function']))})
    answer = function.invoke(1, tail=True)
    function.invoke(2)  # what was not delivered before the freeze is now
    log = log_of(daemon, function, '"platform.report"')
    assert 'subscribed [200, "OK"]' in log
    assert 'TELEMETRY\tName: ext\tState: Subscribed\tTypes: [Platform, Function]\n' in answer.log
    events = seen(log)
    assert {tuple(event[:2]) for event in events} == {('POST', '/telemetry')}
    kinds = [event['type'] for _, _, event in events]
    assert kinds[:9] == ['platform.initStart', 'platform.extension', 'platform.telemetrySubscription',
                         'platform.initRuntimeDone', 'platform.initReport', 'platform.start', 'function',
                         'platform.runtimeDone', 'platform.report']
    start = of_type(log, 'platform.initStart')[0]
    assert (start['initializationType'], start['phase'], start['functionName']) == ('on-demand', 'init', function.name)
    assert start['instanceMaxMemory'] == 128 << 20
    assert of_type(log, 'platform.extension') == [{'name': 'ext', 'state': 'Ready', 'events': ['INVOKE', 'SHUTDOWN']}]
    assert of_type(log, 'platform.telemetrySubscription') == [
        {'name': 'ext', 'state': 'Subscribed', 'types': ['platform', 'function']}]
    init = of_type(log, 'platform.initReport')[0]
    assert (init['phase'], init['status']) == ('init', 'success') and init['metrics']['durationMs'] > 0
    assert of_type(log, 'function')[0].strip() == 'from the function'
    assert of_type(log, 'platform.start')[0]['requestId'] == answer.request_id
    done = of_type(log, 'platform.runtimeDone')[0]
    assert (done['requestId'], done['status']) == (answer.request_id, 'success')
    assert done['metrics']['producedBytes'] == len(answer.payload)
    assert [span['name'] for span in done['spans']] == ['responseLatency', 'responseDuration', 'runtimeOverhead']
    report = of_type(log, 'platform.report')[0]
    assert f'Billed Duration: {report["metrics"]["billedDurationMs"]} ms' in answer.log
    assert f'Max Memory Used: {report["metrics"]["maxMemoryUsedMB"]} MB' in answer.log
    assert report['spans'][0]['name'] == 'extensionOverhead'


def test_tcp(functions, daemon):
    subscription = body(['platform'], destination={'protocol': 'TCP', 'port': 4001})
    function = extensions.create(functions, ECHO, {'ext': listener('telemetry', subscription, 'listen_tcp(4001)')})
    for n in range(3):
        assert function.invoke(n).json == n
    log = log_of(daemon, function, '"platform.report"', 2)
    assert {event[0] for event in seen(log)} == {'TCP'}
    assert len(of_type(log, 'platform.report')) >= 2


def test_last_events_come_with_the_shutdown(functions, client, daemon):
    function = extensions.create(functions, ECHO, {'ext': listener(
        'telemetry', body(['platform'], buffering={'timeoutMs': 30000}))})
    function.invoke(1)
    client.delete_function(FunctionName=function.name)
    assert of_type(log_of(daemon, function, '"platform.report"'), 'platform.report')


def test_refused_batch_comes_again(functions, daemon):
    function = extensions.create(functions, ECHO, {'ext': listener('telemetry', body(['platform']), refuse=True)})
    function.invoke(1)
    function.invoke(2)
    log = log_of(daemon, function, '"platform.report"')
    assert of_type(log, 'platform.initStart') and of_type(log, 'platform.start')


def test_output_of_extensions(functions, daemon):
    quiet = LISTENER.replace("say('seen'", "event['type'] == 'extension' and 'hello' in event['record'] and say('seen'")
    program = quiet + listener('telemetry', body(['extension']))[len(LISTENER):]
    talker = extensions.GOOD.replace('identifier =', 'say("hello from", NAME)\nidentifier =', 1)
    function = extensions.create(functions, ECHO, {'ext': program, 'talker': talker})
    function.invoke(1)
    function.invoke(2)
    log = log_of(daemon, function, '"extension"')
    assert of_type(log, 'extension')[0].strip() == 'hello from talker'


def test_json_records(functions, daemon):
    code = 'def handler(event, context):\n    print(\'{"level":"INFO","mine":1}\')\n    print("plain")\n'
    function = extensions.create(functions, code, {'new': listener('telemetry', body(['function'])),
                                                   'old': listener('telemetry', body(
                                                       ['function'], '2022-07-01', destination={
                                                           'protocol': 'HTTP', 'URI': 'http://sandbox:8081/old'}),
                                                       'listen_http(8081)')},
                                 LoggingConfig={'LogFormat': 'JSON'})
    function.invoke()
    function.invoke()
    log = log_of(daemon, function, 'plain', 6)
    new = [event['record'] for _, path, event in seen(log) if path == '/telemetry']
    old = [event['record'] for _, path, event in seen(log) if path == '/old']
    assert TIME.fullmatch(new[0].pop('timestamp'))  # the function has said none
    assert new[:2] == [{'level': 'INFO', 'mine': 1}, 'plain']
    assert old[0].startswith('{"level":"INFO","mine":1,"timestamp":"') and old[1] == 'plain'


def test_time_stamps_of_json_lines(functions):
    """In the JSON format an object that has no time gets one, and counts as INFO; others stay as they are."""
    lines = ['{}', '{ "level": "ERROR", "a": {} }', '{"time":"2026-01-02T03:04:05Z","level":"ERROR"}',
             '{"timestamp":5}', '[1]', '{broken']
    function = functions.create(f'def handler(event, context):\n    for line in {lines!r}:\n        print(line)\n',
                                LoggingConfig={'LogFormat': 'JSON', 'SystemLogLevel': 'WARN'})
    first, second, *rest = function.invoke(tail=True).log.splitlines()
    assert list(json.loads(first)) == ['timestamp'] and TIME.fullmatch(json.loads(first)['timestamp'])
    assert second.startswith('{ "level": "ERROR", "a": {} ,"timestamp":"')
    assert TIME.fullmatch(json.loads(second)['timestamp'])
    assert rest == lines[2:]


def test_logs_api(functions, daemon):
    subscription = {'schemaVersion': '2021-03-18', 'types': ['platform', 'function'], 'buffering': {'timeoutMs': 25},
                    'destination': {'protocol': 'HTTP', 'method': 'PUT', 'URI': 'http://sandbox:8080/logs'}}
    function = extensions.create(functions, ECHO, {'ext': listener('logs', subscription)})
    answer = function.invoke(1, tail=True)
    function.invoke(2)
    log = log_of(daemon, function, '"platform.report"')
    assert 'LOGS\tName: ext\tState: Subscribed\tTypes: [Platform, Function]\n' in answer.log
    events = seen(log)
    assert {tuple(event[:2]) for event in events} == {('PUT', '/logs')}
    assert [event['type'] for _, _, event in events][:7] == [
        'platform.extension', 'platform.logsSubscription', 'platform.start', 'function', 'platform.runtimeDone',
        'platform.end', 'platform.report']


def test_faults(functions, daemon):
    """What the Logs API calls the end that the platform makes."""
    subscription = {'types': ['platform'], 'buffering': {'timeoutMs': 25},
                    'destination': {'protocol': 'HTTP', 'URI': 'http://sandbox:8080/logs'}}
    function = extensions.create(functions, 'import time\ndef handler(event, context):\n    time.sleep(60)\n',
                                 {'ext': listener('logs', subscription)}, Timeout=1)
    answer = function.invoke()
    log = log_of(daemon, function, '"platform.report"')
    assert of_type(log, 'platform.fault') == [answer.json['errorMessage']]
    assert not of_type(log, 'platform.runtimeDone')  # its first version does not know that


def test_error_of_the_function(functions, daemon):
    """The runtime ended with an error, the invocation did not."""
    function = extensions.create(functions, 'def handler(event, context):\n    raise ValueError(event)\n',
                                 {'ext': listener('telemetry', body(['platform']))})
    answer = function.invoke(1)
    function.invoke(2)
    log = log_of(daemon, function, '"platform.report"')
    done = of_type(log, 'platform.runtimeDone')[0]
    assert (done['status'], done['errorType']) == ('error', 'Runtime.Unknown')
    assert done['metrics']['producedBytes'] == len(answer.payload)
    assert of_type(log, 'platform.report')[0]['status'] == 'success'


# Answers with half of the result, and the rest a while later.
SLOW_RUNTIME = '''#!/usr/bin/python3
import http.client, os, time
API = '/2018-06-01/runtime/invocation/'
while True:
    connection = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
    connection.request('GET', API + 'next')
    answer = connection.getresponse()
    answer.read()
    connection.putrequest('POST', API + answer.headers['Lambda-Runtime-Aws-Request-Id'] + '/response')
    connection.putheader('Content-Length', '4')
    connection.endheaders(b'"a')
    time.sleep(1)
    connection.send(b'b"')
    connection.getresponse().read()
'''


def test_how_long_a_response_takes(functions, daemon):
    """From its first byte to its last, though its caller gets it in one piece."""
    function = extensions.create(functions, {('bootstrap', 0o755): SLOW_RUNTIME},
                                 {'ext': listener('telemetry', body(['platform']))}, Runtime=PROVIDED, Handler='any')
    assert function.invoke().json == 'ab'
    function.invoke()
    log = log_of(daemon, function, '"platform.runtimeDone"')
    spans = {span['name']: span['durationMs'] for span in of_type(log, 'platform.runtimeDone')[0]['spans']}
    assert spans['responseDuration'] > 100  # it was a second, of which a busy daemon may miss the beginning


def test_slow_listener_loses_events_and_hears_of_it(functions, daemon):
    """More than the buffers hold while the listener does not answer."""
    code = '''
def handler(event, context):
    if event == "flood":
        for n in range(2000):
            print("x" * 1000)
    else:
        open("/tmp/go", "w").close()
        print("after")
'''
    slow = "    def do_POST(self):\n        while not os.path.exists('/tmp/go'): time.sleep(0.01)\n"
    program = listener('telemetry', body(['platform', 'function'])).replace('    def do_POST(self):\n', slow).replace(
        "for event in json.loads(body):", "for event in [e for e in json.loads(body) if 'xxx' not in str(e)]:")
    function = extensions.create(functions, code, {'ext': program})
    function.invoke('flood')
    end = time.monotonic() + 30
    while True:
        function.invoke('go')
        log = log_of(daemon, function, 'after')
        if dropped := of_type(log, 'platform.logsDropped'):
            break
        assert time.monotonic() < end
    assert dropped[0]['droppedRecords'] > 1000
    assert dropped[0]['droppedBytes'] > 1000 * dropped[0]['droppedRecords']


def test_frozen_listeners_get_it_later(own_daemon, connect):
    """What is not delivered before the freeze is delivered with the next invocation."""
    own_daemon.start('--idle-freeze-ms', '0')
    functions = Factory(connect(own_daemon.endpoint))
    function = extensions.create(functions, ECHO, {'ext': listener(
        'telemetry', body(['platform'], buffering={'timeoutMs': 100}))})
    end = time.monotonic() + 30
    function.invoke(0)
    while 'platform.report' not in log_of(own_daemon, function, 'REPORT RequestId'):
        assert time.monotonic() < end
        function.invoke(0)


def test_failures(functions, daemon):
    """A time-out and its init that is repeated, as subscribers see them."""
    function = extensions.create(functions, 'import time\ndef handler(event, context):\n'
                                 '    time.sleep(60 if event else 0)\n',
                                 {'ext': listener('telemetry', body(['platform']))}, Timeout=1)
    assert function.invoke(True).json['errorType'] == 'Sandbox.Timedout'
    log = log_of(daemon, function, '"platform.report"')
    assert of_type(log, 'platform.runtimeDone')[0]['status'] == 'timeout'
    assert of_type(log, 'platform.runtimeDone')[0]['metrics']['producedBytes'] == 0
    assert of_type(log, 'platform.report')[0]['status'] == 'timeout'
    assert of_type(log, 'platform.report')[0]['metrics']['billedDurationMs'] >= 1000


REFUSALS = LISTENER + f'''
listen_http(8080)
GOOD_BODY = {body(['platform'])!r}
def show(name, answer):
    say('answer', [name, answer[0], answer[2]])
show('no id', call('PUT', '/2022-07-01/telemetry', GOOD_BODY))
show('unknown', subscribe('telemetry', '8476a536-e9f4-41e8-9739-2dfe598c3fcd', GOOD_BODY))
identifier = register()[1]['Lambda-Extension-Identifier']
show('wrong', subscribe('telemetry', identifier, {{'schemaVersion': '2022-12-13', 'types': [],
     'destination': {{'protocol': 'HTTP', 'URI': 'http://sandbox.localdomain/'}}}}))
show('wrong logs', subscribe('logs', identifier, {{'types': ['platform']}}))
show('good', subscribe('telemetry', identifier, GOOD_BODY))
show('again', subscribe('telemetry', identifier, GOOD_BODY))
show('logs too', subscribe('logs', identifier, GOOD_BODY | {{'schemaVersion': '2020-08-15'}}))
show('method', call('POST', '/2022-07-01/telemetry', GOOD_BODY, Lambda_Extension_Identifier=identifier))
while next_event(identifier)[2]['eventType'] != 'SHUTDOWN':
    show('late', subscribe('telemetry', identifier, GOOD_BODY))
    show('late logs', subscribe('logs', identifier, GOOD_BODY))
    say('all said')
'''


def test_refusals(functions, daemon):
    function = extensions.create(functions, ECHO, {'ext': REFUSALS})
    function.invoke(1)
    log = log_of(daemon, function, 'all said')
    answers = {}
    for line in log.splitlines():
        if line.startswith('answer '):
            name, status, answer = json.loads(line[len('answer '):])
            answers[name] = (status, answer and answer['errorType'], answer['errorMessage']) \
                if isinstance(answer, dict) else (status, answer)
    assert answers.pop('wrong logs') == (400, 'Logs.ValidationError', 'destination is not provided')
    assert answers.pop('logs too')[:2] == (403, 'Logs.SubscriptionClosed')
    assert answers == {
        'no id': (403, 'Extension.MissingExtensionIdentifier', 'Missing Lambda-Extension-Identifier header'),
        'unknown': (403, 'Extension.UnknownExtensionIdentifier',
                    'Unknown extension 8476a536-e9f4-41e8-9739-2dfe598c3fcd'),
        'wrong': (400, 'ValidationError', 'URI port is not provided; types should not be empty'),
        'good': (200, 'OK'), 'again': (200, 'OK'), 'method': (405, None),
        'late': (403, 'Telemetry.SubscriptionClosed', 'Telemetry API subscription is closed'),
        'late logs': (403, 'Logs.SubscriptionClosed', 'Logs API subscription is closed'),
    }
