# SPDX-License-Identifier: Apache-2.0
"""Extensions under test: Python programs in a layer, which print what they see to the function's log."""
import json
import time

from support.zips import make_zip

LOG_SECONDS = 30  # a bound, not a wait

# What every program begins with. call() answers (status, headers, body).
PRELUDE = '''#!/usr/bin/python3
import json, os, sys, threading, time, urllib.error, urllib.request
API = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API']
NAME = os.path.basename(sys.argv[0])

def call(method, path, body=None, **headers):
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data=data, method=method,
                                     headers={name.replace('_', '-'): value for name, value in headers.items()})
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    return answer.status, answer.headers, json.loads(text) if text.strip() else None

def register(events=('INVOKE', 'SHUTDOWN'), name=NAME, **headers):
    return call('POST', '/2020-01-01/extension/register', {'events': events}, Lambda_Extension_Name=name, **headers)

def next_event(identifier):
    return call('GET', '/2020-01-01/extension/event/next', Lambda_Extension_Identifier=identifier)

def say(*words):
    sys.stdout.write(' '.join(w if isinstance(w, str) else json.dumps(w) for w in words) + '\\n')
    sys.stdout.flush()
'''

# One that takes part and says every event.
GOOD = PRELUDE + '''
identifier = register()[1]['Lambda-Extension-Identifier']
while True:
    status, headers, event = next_event(identifier)
    say('event of', NAME, event)
    if event['eventType'] == 'SHUTDOWN':
        break
'''


def create(factory, code, extensions, files=None, **arguments):
    """A function with a layer of extensions: {name: program} (a tuple is (program, mode))."""
    layer = {}
    for name, program in extensions.items():
        program, mode = program if isinstance(program, tuple) else (program, 0o755)
        layer[(f'extensions/{name}', mode)] = program
    published = factory.client.publish_layer_version(
        LayerName=f'{factory.name()}-layer', Content={'ZipFile': make_zip(layer | (files or {}))})
    return factory.create(code, Layers=[published['LayerVersionArn']], **arguments)


def log_of(daemon, function, word, count=1):
    """Wait until the function's log has a word so many times; its messages as one text."""
    end = time.monotonic() + LOG_SECONDS
    text = ''
    while time.monotonic() < end:
        for path in (daemon.state_dir / 'logs').rglob(f'{function.name}.log'):
            text = path.read_text(errors='replace')
            if text.count(word) >= count:
                return '\n'.join(line.split('\t', 2)[-1] for line in text.splitlines())
        time.sleep(0.02)  # polling for an event in a file, bounded
    raise AssertionError(f'{word!r} is not {count} times in the log of {function.name}:\n{text}')


def events_of(log, name):
    mark = f'event of {name} '
    return [json.loads(line[len(mark):]) for line in log.splitlines() if line.startswith(mark)]
