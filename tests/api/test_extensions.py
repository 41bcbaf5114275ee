# SPDX-License-Identifier: Apache-2.0
"""The Extensions API, with programs in layers and code inside the runtime."""
import json
import time

import pytest

from support import extensions
from support.extensions import GOOD, PRELUDE, events_of, log_of


ECHO = 'def handler(event, context):\n    return event\n'
UUID = '8476a536-e9f4-41e8-9739-2dfe598c3fcd'


@pytest.fixture
def single(start):
    """Functions that have one environment: whoever comes while that is reset waits for it."""
    return start('--environments-max', '1')


def in_order(log, *words):
    at = 0
    for word in words:
        found = log.find(word, at)
        assert found >= 0, f'{word!r} is not behind {log[:at]!r} in\n{log}'
        at = found + len(word)


def test_life(functions, client, daemon):
    function = extensions.create(functions, ECHO, {'one': GOOD, 'two.py': GOOD})
    before = time.time() * 1000
    first = function.invoke(1, tail=True)
    second = function.invoke(2)
    assert (first.json, second.json) == (1, 2)
    in_order(first.log, 'EXTENSION\tName: one\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n',
             'EXTENSION\tName: two.py\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n', 'START ', 'END ', 'REPORT RequestId')
    client.delete_function(FunctionName=function.name)
    log = log_of(daemon, function, 'SHUTDOWN"', 2)
    for name in ('one', 'two.py'):
        events = events_of(log, name)
        assert [event['eventType'] for event in events] == ['INVOKE', 'INVOKE', 'SHUTDOWN']
        assert [event['requestId'] for event in events[:2]] == [first.request_id, second.request_id]
        assert events[0]['invokedFunctionArn'] == function.arn
        assert before < events[0]['deadlineMs'] <= time.time() * 1000 + 30000
        assert events[0]['tracing']['type'] == 'X-Amzn-Trace-Id'
        assert events[2] == {'eventType': 'SHUTDOWN', 'shutdownReason': 'spindown',
                             'deadlineMs': events[2]['deadlineMs']}


def test_answer_of_register(functions, daemon):
    program = PRELUDE + '''
status, headers, body = register(Lambda_Extension_Accept_Feature='other, accountId')
say('registered', [status, headers['Content-Type'], body])
while True:
    status, other, event = next_event(headers['Lambda-Extension-Identifier'])
    say('got', [status, other['Content-Type'], len(other['Lambda-Extension-Event-Identifier'])])
'''
    function = extensions.create(functions, ECHO, {'one': program})
    function.invoke()
    log = log_of(daemon, function, 'got ')
    registered = next(line for line in log.splitlines() if line.startswith('registered '))
    assert json.loads(registered[len('registered '):]) == [200, 'application/json', {
        'accountId': '000000000000', 'functionName': function.name, 'functionVersion': '$LATEST',
        'handler': 'app.handler'}]
    assert 'got [200, "application/json", 36]' in log


def test_environment_of_an_extension(functions, daemon):
    program = GOOD.replace('identifier =', 'say("environment", dict(os.environ) | {"cwd": os.getcwd()})\nidentifier =')
    function = extensions.create(functions, ECHO, {'one': program}, Environment={'Variables': {'MINE': 'x y'}})
    function.invoke()
    log = log_of(daemon, function, 'environment ')
    seen = json.loads(next(line for line in log.splitlines() if line.startswith('environment '))[len('environment '):])
    assert seen['MINE'] == 'x y'
    assert seen['cwd'] == '/'
    assert seen['AWS_LAMBDA_FUNCTION_NAME'] == function.name
    for name in ('AWS_EXECUTION_ENV', 'AWS_LAMBDA_LOG_GROUP_NAME', 'AWS_LAMBDA_LOG_STREAM_NAME', '_HANDLER',
                 'LAMBDA_TASK_ROOT', 'LAMBDA_RUNTIME_DIR', 'AWS_XRAY_DAEMON_ADDRESS'):
        assert name not in seen


REFUSALS = PRELUDE + f'''
EXT = '/2020-01-01/extension/'
def show(name, answer):
    say('answer', [name, answer[0], answer[2]])
def with_id(method, path, identifier, **headers):
    return call(method, EXT + path, Lambda_Extension_Identifier=identifier, **headers)
show('no name', call('POST', EXT + 'register', {{'events': []}}))
show('no JSON', call('POST', EXT + 'register', b'{{', Lambda_Extension_Name=NAME))
show('no event', register(['START']))
show('keys', call('POST', EXT + 'register', {{'events': [], 'configurationKeys': ['x']}}, Lambda_Extension_Name=NAME))
show('internal shutdown', register(['SHUTDOWN'], name='other'))
show('next without id', call('GET', EXT + 'event/next'))
show('bad id', with_id('GET', 'event/next', 'x'))
show('unknown id', with_id('GET', 'event/next', '{UUID}'))
show('unknown id in error', with_id('POST', 'init/error', '{UUID}', Lambda_Extension_Function_Error_Type='x'))
status, headers, body = register(['INVOKE'])
mine = headers['Lambda-Extension-Identifier']
show('twice', register(['INVOKE']))
show('no type', with_id('POST', 'exit/error', mine))
show('method', call('POST', EXT + 'event/next'))
show('path', call('GET', EXT + 'other'))
while True:
    with_id('GET', 'event/next', mine)
    show('late init error', with_id('POST', 'init/error', mine, Lambda_Extension_Function_Error_Type='x'))
    show('late register', register(name='late'))
    say('all said')
'''


def test_refusals(functions, daemon):
    function = extensions.create(functions, ECHO, {'ext': REFUSALS})
    function.invoke()
    log = log_of(daemon, function, 'all said')
    seen = {}
    for line in log.splitlines():
        if line.startswith('answer '):
            name, status, body = json.loads(line[len('answer '):])
            seen[name] = (status, body and body['errorType'], body and body['errorMessage'])
    transition = 'State transition from {} to {} failed for extension ext. Error: State transition is not allowed'
    state = 'Extension.InvalidExtensionState'
    assert seen.pop('no JSON')[:2] == (403, 'InvalidRequestFormat')
    assert seen == {
        'no name': (403, 'Extension.InvalidExtensionName', 'Empty extension name'),
        'no event': (403, 'Extension.InvalidEventType', 'START: ErrorInvalidEventType'),
        'keys': (403, 'InvalidRequestFormat',
                 'configurationKeys are deprecated; use environment variables instead'),
        'internal shutdown': (403, 'Extension.InvalidEventType',
                              'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension'),
        'next without id': (403, 'Extension.MissingExtensionIdentifier',
                            'Missing Lambda-Extension-Identifier header'),
        'bad id': (403, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier'),
        'unknown id': (403, 'Extension.UnknownExtensionIdentifier', f'Unknown extension {UUID}'),
        'unknown id in error': (403, 'Extension.UnknownExtensionIdentifier', 'Unknown Lambda-Extension-Identifier'),
        'twice': (403, state, transition.format('Registered', 'Registered')),
        'no type': (403, 'Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found'),
        'method': (405, None, None),
        'path': (404, None, None),
        'late init error': (403, state, transition.format('Running', 'InitError')),
        'late register': (403, 'Extension.RegistrationClosed', 'Extension registration closed already'),
    }


INTERNAL = PRELUDE.replace('#!/usr/bin/python3', '') + '''
answers = [register(['INVOKE'], name='inside')]
answers.append(register(['INVOKE'], name='inside'))
answers += [register([], name=f'inside-{n}') for n in range(10)]
events = []
changed = threading.Condition()

def listen(identifier):
    while True:
        event = next_event(identifier)[2]
        with changed:
            events.append(event)
            changed.notify()

for status, headers, body in answers:
    if status == 200:
        threading.Thread(target=listen, args=[headers['Lambda-Extension-Identifier']], daemon=True).start()

def handler(event, context):
    with changed:
        changed.wait_for(lambda: events and events[-1]['requestId'] == context.aws_request_id)
    late = register([], name='late')
    return [[[status, body] for status, headers, body in answers], events[-1]['eventType'], late[2]]
'''


def test_internal_extensions(functions):
    """Threads of the function itself; the eleventh is one too many."""
    function = functions.create(INTERNAL)
    for _ in range(2):
        answer = function.invoke(tail=True)
        answers, event, late = answer.json
        assert answers[0][0] == 200 and answers[0][1]['functionName'] == function.name
        assert answers[1] == [403, {'errorType': 'Extension.InvalidExtensionState',
                                    'errorMessage': 'Extension with this name already registered'}]
        assert [status for status, _ in answers[2:]] == [200] * 9 + [403]
        assert answers[-1][1] == {'errorType': 'Extension.TooManyExtensions',
                                  'errorMessage': 'Extension limit (10) reached'}
        assert event == 'INVOKE'
        assert late == {'errorType': 'Extension.RegistrationClosed',
                        'errorMessage': 'Extension registration closed already'}
        if 'Init Duration' in answer.log:
            in_order(answer.log, 'EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]\n',
                     'EXTENSION\tName: inside-0\tState: Ready\tEvents: []\n', 'START')


def test_init_waits_for_all(functions):
    """The extension is ready only after the runtime has loaded the function."""
    program = GOOD.replace('while True', '''
while not os.path.exists('/tmp/loaded'):
    time.sleep(0.01)
say('extension is ready')
while True''', 1)
    function = extensions.create(functions, 'open("/tmp/loaded", "w").close()\n' + ECHO, {'one': program})
    answer = function.invoke(7, tail=True)
    assert answer.json == 7
    in_order(answer.log, 'extension is ready', 'EXTENSION', 'START')


def test_runtime_waits_for_registration(functions):
    program = PRELUDE + '''
open('/tmp/mark', 'w').close()
''' + GOOD[len(PRELUDE):]
    function = extensions.create(functions, 'import os\nseen = os.path.exists("/tmp/mark")\n'
                                 'def handler(event, context):\n    return seen\n', {'one': program})
    assert function.invoke().json is True


def test_answer_before_extensions_are_done(functions, client, daemon):
    """The caller has its answer while the extension works on; the run is over when that is done, too."""
    program = PRELUDE + '''
identifier = register()[1]['Lambda-Extension-Identifier']
while True:
    event = next_event(identifier)[2]
    while event['eventType'] == 'INVOKE':
        answer = call('GET', '/2015-03-31/functions/' + os.environ['AWS_LAMBDA_FUNCTION_NAME'] + '/configuration')
        if answer[2].get('Description') == 'answered':
            break
        time.sleep(0.02)
    if event['eventType'] == 'SHUTDOWN':
        break
'''
    function = extensions.create(functions, ECHO, {'one': program})
    assert function.invoke(5).json == 5
    assert 'END RequestId' not in log_of(daemon, function, 'START RequestId')
    client.update_function_configuration(FunctionName=function.name, Description='answered')
    log_of(daemon, function, 'REPORT RequestId')


def test_time_of_extensions_counts(functions):
    program = GOOD.replace("    if event['eventType']", "    time.sleep(0.5)\n    if event['eventType']")
    function = extensions.create(functions, ECHO, {'one': program})
    answer = function.invoke(1, tail=True)
    assert float(answer.log.split('Duration: ')[1].split(' ms')[0]) >= 500


def test_time_limit_is_for_extensions_too(functions, daemon):
    program = GOOD.replace("    if event['eventType']", "    while event['eventType'] == 'INVOKE': time.sleep(1)\n"
                           "    if event['eventType']")
    function = extensions.create(functions, ECHO, {'one': program}, Timeout=3)
    answer = function.invoke(1, tail=True)
    assert answer.json == 1  # the function has answered in time
    assert 'Status: timeout' in answer.log


def test_timeout_tells_extensions(single, own_daemon):
    """After a time-out extensions get SHUTDOWN and are started again, with the same /tmp."""
    program = PRELUDE + '''
open('/tmp/starts', 'a').write('x')
say('started', open('/tmp/starts').read())
''' + GOOD[len(PRELUDE):]
    function = extensions.create(single, 'import time\ndef handler(event, context):\n'
                                 '    time.sleep(60 if event else 0)\n    return 1\n', {'one': program}, Timeout=3)
    assert function.invoke(True).json['errorType'] == 'Sandbox.Timedout'
    assert function.invoke(False).json == 1
    log = log_of(own_daemon, function, 'event of one', 3)
    events = events_of(log, 'one')
    assert [(e['eventType'], e.get('shutdownReason')) for e in events] == [
        ('INVOKE', None), ('SHUTDOWN', 'timeout'), ('INVOKE', None)]
    assert 'started xx' in log


def test_extension_that_does_not_stop(single):
    """It has two seconds; then the next invocation goes on without it."""
    program = GOOD.replace('        break', '        time.sleep(1000)')
    function = extensions.create(single, 'import os\ndef handler(event, context):\n'
                                 '    if event: os._exit(1)\n    return 1\n', {'one': program})
    assert function.invoke(True).json['errorType'] == 'Runtime.ExitError'
    assert function.invoke(False).json == 1


def failure(answer, error_type, message):
    assert answer.error == 'Unhandled'
    assert answer.json == {'errorType': error_type, 'errorMessage': f'RequestId: {answer.request_id} Error: {message}'}


def test_crash_while_running(single, own_daemon):
    program = GOOD.replace("    if event['eventType']", "    if not os.path.exists('/tmp/crashed'):\n"
                           "        open('/tmp/crashed', 'w').close()\n        sys.exit(3)\n    if event['eventType']")
    function = extensions.create(single, 'import os, time\ndef handler(event, context):\n'
                                 '    while not os.path.exists("/tmp/crashed") or event: time.sleep(0.01)\n'
                                 '    return 1\n', {'one': program, 'two': GOOD})
    answer = function.invoke(True, tail=True)
    failure(answer, 'Extension.Crash', 'exit code 3')
    assert answer.log.endswith('Status: error\tError Type: Extension.Crash\n')
    assert function.invoke(False).json == 1
    log = log_of(own_daemon, function, 'shutdownReason')
    assert events_of(log, 'two')[1]['shutdownReason'] == 'failure'


def test_exit_error_while_running(functions, daemon):
    program = PRELUDE + '''
identifier = register()[1]['Lambda-Extension-Identifier']
next_event(identifier)
for _ in range(2):
    say('exit error', call('POST', '/2020-01-01/extension/exit/error', Lambda_Extension_Identifier=identifier,
                           Lambda_Extension_Function_Error_Type='Extension.Tired')[::2])
say('next', next_event(identifier)[2]['errorMessage'])
'''
    function = extensions.create(functions, 'import time\ndef handler(event, context):\n    time.sleep(60)\n',
                                 {'one': program})
    failure(function.invoke(), 'Extension.ExitError', 'exit code 0')
    assert 'exit error [202, {"status": "OK"}]' in log_of(daemon, function, 'exit error')


@pytest.mark.parametrize('broken, error_type, message, line', [
    (PRELUDE + 'sys.exit(1)', 'Extension.Crash', 'exit code 1',
     'EXTENSION\tName: bad\tState: Exited\tEvents: []'),
    (PRELUDE + 'identifier = register()[1]["Lambda-Extension-Identifier"]\n'
     'call("POST", "/2020-01-01/extension/init/error", Lambda_Extension_Identifier=identifier,'
     ' Lambda_Extension_Function_Error_Type="Extension.ConfigInvalid")\n', 'Extension.InitError', 'exit code 0',
     'EXTENSION\tName: bad\tState: InitError\tEvents: [INVOKE,SHUTDOWN]\tError Type: Extension.ConfigInvalid'),
    ((GOOD, 0o644), 'Extension.LaunchError', None,
     'EXTENSION\tName: bad\tState: LaunchError\tEvents: []\tError Type: PermissionDenied'),
    ('no program', 'Extension.LaunchError', None,
     'EXTENSION\tName: bad\tState: LaunchError\tEvents: []\tError Type: UnknownError'),
], ids=['exit', 'init error', 'not executable', 'no program'])
def test_failed_init(functions, daemon, broken, error_type, message, line):
    function = extensions.create(functions, ECHO, {'bad': broken, 'good': GOOD})
    answer = function.invoke(1, tail=True)
    assert answer.error == 'Unhandled'
    assert answer.json['errorType'] == error_type
    if message:
        failure(answer, error_type, message)
    log = log_of(daemon, function, 'REPORT RequestId')
    in_order(log, 'INIT_START', line, 'INIT_REPORT Init Duration: ',
             f' ms\tPhase: init\tStatus: error\tError Type: {error_type}', line,
             f' ms\tPhase: invoke\tStatus: error\tError Type: {error_type}', 'START ', 'END ', 'REPORT ',
             f'Status: error\tError Type: {error_type}')


def test_too_many(functions):
    function = extensions.create(functions, ECHO, {f'ext{n}': GOOD for n in range(11)})
    assert function.invoke(1).json['errorType'] == 'Extension.LaunchError'


def test_switched_off(functions, daemon):
    function = extensions.create(functions, PRELUDE.replace('#!/usr/bin/python3', '') + '''
seen = register([], name='inside')[0]
def handler(event, context):
    return seen
''', {'one': GOOD}, files={'disable-extensions-jwigqn8j': ''})
    answer = function.invoke(tail=True)
    assert answer.json == 404
    assert 'EXTENSION' not in answer.log


def test_extension_that_crashes_while_idle(single):
    """Nobody knows until the next invocation, which starts all again."""
    program = GOOD.replace('    say(', '    if "INVOKE" in event["eventType"]: '
                           'threading.Timer(0.2, os._exit, [1]).start()\n    say(')
    function = extensions.create(single, 'n = 0\ndef handler(event, context):\n    global n\n    n += 1\n'
                                 '    return n\n', {'one': program})
    assert function.invoke().error in (None, 'Unhandled')
    end = time.monotonic() + 30
    while True:
        answer = function.invoke()
        assert answer.error is None or answer.json['errorType'] == 'Extension.Crash'
        if answer.json == 1:
            break
        assert time.monotonic() < end


def test_stop_of_the_daemon(start, own_daemon):
    """Extensions get their time when the daemon is asked to stop."""
    function = extensions.create(start(), ECHO, {'one': GOOD})
    assert function.invoke(1).json == 1
    own_daemon.stop()
    events = events_of(log_of(own_daemon, function, 'SHUTDOWN"'), 'one')
    assert events[-1]['shutdownReason'] == 'spindown'


def test_idle_environment_is_stopped(start, own_daemon):
    function = extensions.create(start('--idle-stop-s', '1'), ECHO, {'one': GOOD})
    assert function.invoke(1).json == 1
    events = events_of(log_of(own_daemon, function, 'SHUTDOWN"'), 'one')
    assert events[-1]['shutdownReason'] == 'spindown'


def test_init_limit(start, own_daemon):
    """An extension that never asks for an event holds the init up; the limit ends that, and tells the others."""
    program = PRELUDE + 'register()\ntime.sleep(1000)\n'
    function = extensions.create(start('--init-limit-ms', '500'), ECHO, {'bad': program, 'good': GOOD}, Timeout=6)
    assert function.invoke(1).json['errorType'] == 'Sandbox.Timedout'
    log = log_of(own_daemon, function, 'REPORT RequestId')
    in_order(log, ' ms\tPhase: init\tStatus: timeout', ' ms\tPhase: invoke\tStatus: timeout', 'Status: timeout')
    assert 'EXTENSION\tName: bad\tState: Registered' in log
    assert events_of(log, 'good')[0]['shutdownReason'] == 'timeout'
