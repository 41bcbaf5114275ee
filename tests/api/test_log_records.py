# SPDX-License-Identifier: Apache-2.0
"""The descriptor of _LAMBDA_TELEMETRY_LOG_FD: custom runtimes write log records to it, or whatever they like."""
import struct

import pytest

from support.functions import PROVIDED

# An event is what is to be done: a list of hexadecimal bytes to write, and perhaps "hang" or "exit".
BOOTSTRAP = '''#!/usr/bin/python3
import json, os, time, urllib.request
API = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/invocation/'
FD = int(os.environ['_LAMBDA_TELEMETRY_LOG_FD'])
while True:
    with urllib.request.urlopen(API + 'next') as answer:
        event = json.load(answer)
        request_id = answer.headers['Lambda-Runtime-Aws-Request-Id']
    for word in event:
        if word == 'hang':
            time.sleep(600)
        elif word == 'exit':
            os._exit(1)
        elif word == 'print':
            os.write(1, b'printed\\n')
        else:
            data = bytes.fromhex(word)
            while data:
                data = data[os.write(FD, data):]
    urllib.request.urlopen(API + request_id + '/response', json.dumps(os.getpid()).encode()).close()
'''

TEXT = 0xa55a0003
JSON = 0xa55a0002
FIRST_VERSION = 0xa55a0001
SECOND = 1_700_000_000  # 2023-11-14T22:13:20Z


def record(kind, message, length=None):
    """One record as the event names it."""
    message = message.encode()
    length = len(message) if length is None else length
    time = b'' if kind == FIRST_VERSION else struct.pack('>Q', SECOND * 1_000_000 + 123_456)
    return (struct.pack('>II', kind, length) + time + message).hex()


def level(kind, name):
    return kind + (['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].index(name) + 1 << 2)


def custom(functions, **arguments):
    return functions.create({('bootstrap', 0o755): BOOTSTRAP}, Runtime=PROVIDED, Handler='any', **arguments)


def output(answer):
    """What the function has written, between START and END."""
    return answer.log.split('$LATEST\n', 1)[1].split('END RequestId', 1)[0]


def events_of(daemon, function):
    """The events of its log: [time, stream, message]; a further line of a message begins with a tab."""
    (path,) = (daemon.state_dir / 'logs').rglob(f'{function.name}.log')
    return [event.split('\t', 2) for event in path.read_text().replace('\n\t', '\r').split('\n')[:-1]]


def test_text_records(functions, daemon):
    """A record is one event whatever is in it, at the time that it says."""
    function = custom(functions)
    answer = function.invoke([record(TEXT, 'one\ntwo\n three'), 'print', record(level(TEXT, 'FATAL'), 'four\r\n'),
                              record(FIRST_VERSION, 'old\nclient')], tail=True)
    assert answer.error is None
    lines = output(answer).split('\n')[:-1]
    assert sorted(lines) == sorted(['one', 'two', ' three', 'printed', 'four\r', 'old', 'client'])
    daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    events = events_of(daemon, function)
    (first,) = [event for event in events if 'two' in event[2]]
    assert (first[0], first[2]) == ('2023-11-14T22:13:20.123Z', 'one\rtwo\r three')
    (old,) = [event for event in events if 'client' in event[2]]
    assert old[0] > '2024' and old[2] == 'old\rclient'


@pytest.mark.parametrize('least, expected', [
    ('DEBUG', ['debug', 'info', '{"a":2}', '{"level":"DEBUG","timestamp":"2025-01-01T00:00:00Z"}', 'none']),
    ('INFO', ['info', '{"a":2}', 'none']), ('WARN', ['{"a":2}']), ('FATAL', [])])
def test_levels(functions, least, expected):
    """Those of the records count; a record without one says its own, or counts as INFO."""
    function = custom(functions, LoggingConfig={'LogFormat': 'JSON', 'ApplicationLogLevel': least,
                                                'SystemLogLevel': 'WARN'})
    answer = function.invoke([
        record(level(TEXT, 'TRACE'), 'trace'), record(level(TEXT, 'DEBUG'), 'debug'),
        record(level(TEXT, 'INFO'), 'info'), record(level(JSON, 'ERROR'), '{"a":2}'),
        record(JSON, '{"level":"DEBUG","timestamp":"2025-01-01T00:00:00Z"}'), record(TEXT, 'none')], tail=True)
    assert answer.log.splitlines() == expected


def test_what_is_no_record(functions):
    """It is left out and told; records around it are not lost."""
    function = custom(functions)
    answer = function.invoke([b'nothing of that kind\n'.hex(), record(TEXT, 'one'), b'\xa5\x5a\x00'.hex(),
                              record(0xa55a001f, ''), record(TEXT, 'two')], tail=True)
    assert output(answer) == f'one\ntwo\nlambd: {21 + 3 + 16} bytes that were no log record were left out\n'
    answer = function.invoke([record(TEXT, 'three')], tail=True)
    assert output(answer) == 'three\n'


def test_records_that_never_end(functions):
    """What there is of them belongs to the invocation that wrote it; the next runtime process begins anew."""
    function = custom(functions, Timeout=1)
    answer = function.invoke([record(TEXT, 'begun', 0xffffffff), 'hang'], tail=True)
    assert answer.json['errorType'] == 'Sandbox.Timedout'
    assert 'begun\n' in output(answer)
    answer = function.invoke([record(TEXT, 'whole'), record(TEXT, 'half', 8), 'exit'], tail=True)
    assert answer.json['errorType'] == 'Runtime.ExitError'
    assert output(answer) == 'whole\nhalf\n'
    assert output(function.invoke([record(TEXT, 'after')], tail=True)) == 'after\n'


def test_long_record(functions, daemon):
    """One that is longer than an event may be comes in several."""
    function = custom(functions)
    answer = function.invoke([record(TEXT, 'x' * 300_000), record(TEXT, 'after')])
    assert answer.error is None
    daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    lengths = [len(event[2]) for event in events_of(daemon, function) if event[2].startswith('x')]
    assert sum(lengths) == 300_000 and max(lengths) <= 262_144 and len(lengths) <= 3
