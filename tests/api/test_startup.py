# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping: one clear sentence and exit code 2 when it cannot, nothing changed; SIGTERM drains."""
import contextlib
import json
import os
import select
import signal
import socket
import sqlite3
import threading
import urllib.request

import pytest

from support.daemon import Daemon, free_port
from support.functions import Factory


def one_sentence(output):
    lines = [line for line in output.splitlines() if line.strip()]
    assert len(lines) == 1, output
    return lines[0]


def refuses(daemon, *options, **changes):
    status, output = daemon.run_to_end(*options, **changes)
    assert status == 2, (status, output)
    assert 'Ready.' not in output
    return one_sentence(output)


def test_ready_and_health(own_daemon):
    own_daemon.start()
    assert own_daemon.output[-1] == 'Ready.\n'
    with urllib.request.urlopen(f'{own_daemon.endpoint}/_lambd/health') as answer:
        assert answer.headers['content-type'] == 'application/json'
        json.load(answer)


def test_says_what_is_not_enforced(own_daemon):
    """What doctor calls degraded for this user's sandboxes, start-up says, too; with nothing degraded it says nothing."""
    own_daemon.start()
    said = [line for line in own_daemon.output if line.startswith('lambd: on this host, ')]
    limits = own_daemon.doctor()
    for words, check in (('memory limits are not enforced', 'cgroup-memory'), ('CPU time is not shared', 'cgroup-cpu'),
                         ('no outbound network', 'network')):
        assert any(words in line for line in said) == (limits[check] == 'degraded'), (words, said, limits)
    assert len(own_daemon.output) == len(said) + 2


def test_port_taken(own_daemon):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = refuses(own_daemon, port=port)
    assert str(port) in text
    assert 'in use' in text


def test_unknown_option(own_daemon):
    assert '--no-such-option' in refuses(own_daemon, '--no-such-option')
    assert not own_daemon.state_dir.exists()


@pytest.mark.parametrize('options', [['--listen', 'nonsense'], ['--listen', '127.0.0.1:99999'], ['--listen', '']])
def test_bad_listen(own_daemon, options):
    assert 'listen' in refuses(own_daemon, *options)
    assert not own_daemon.state_dir.exists()


def test_public_address_needs_keys(own_daemon):
    text = refuses(own_daemon, '--listen', f'0.0.0.0:{own_daemon.port}')
    assert '0.0.0.0' in text or 'keys' in text or 'credentials' in text


def without_listen(daemon, **variables):
    """Let a daemon's port come from elsewhere than the command line."""
    command, environment = daemon.command, daemon.environment
    daemon.command = lambda *options, **changes: [
        word for word in command(*options, **changes) if not word.startswith('127.0.0.1:') and word != '--listen']
    daemon.environment = lambda: environment() | variables


def test_bad_environment_variable(own_daemon):
    without_listen(own_daemon, LAMBD_LISTEN='nonsense')
    assert 'nonsense' in refuses(own_daemon)


def test_where_options_come_from(own_daemon):
    """The command line wins over the environment, which wins over the file."""
    config = own_daemon.folder / 'lambd.ini'
    config.write_text(f'[lambd]\nlisten = 127.0.0.1:{own_daemon.port}\nregion = eu-west-3\n')
    config.chmod(0o644)
    without_listen(own_daemon)
    own_daemon.start('--config', str(config))
    assert urllib.request.urlopen(f'{own_daemon.endpoint}/_lambd/health').status == 200
    own_daemon.stop()
    file_port, own_daemon.port = own_daemon.port, free_port()
    without_listen(own_daemon, LAMBD_LISTEN=f'127.0.0.1:{own_daemon.port}', LAMBD_CONFIG=str(config))
    own_daemon.start()
    assert urllib.request.urlopen(f'{own_daemon.endpoint}/_lambd/health').status == 200
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.1', file_port), 5).close()


def test_configuration_file(own_daemon):
    config = own_daemon.folder / 'lambd.ini'
    config.write_text('[lambd]\nno_such_key = 1\n')
    config.chmod(0o644)
    text = refuses(own_daemon, '--config', str(config))
    assert 'no_such_key' in text
    assert str(config) in text and '2' in text
    assert 'absent.ini' in refuses(own_daemon, '--config', str(own_daemon.folder / 'absent.ini'))


def test_state_directory_is_a_file(own_daemon):
    own_daemon.state_dir.write_text('not a folder')
    assert str(own_daemon.state_dir) in refuses(own_daemon)
    assert own_daemon.state_dir.read_text() == 'not a folder'


def test_state_directory_cannot_be_reached(own_daemon):
    """Root gives up its rights; a folder that only root can enter would fail later, so it is refused at once."""
    locked = own_daemon.folder / 'locked'
    locked.mkdir(mode=0o700)
    if own_daemon.uid is not None or os.geteuid() != 0:
        locked.chmod(0)
    assert str(locked) in refuses(own_daemon, state_dir=locked / 'state')


def test_newer_state_format(own_daemon):
    own_daemon.start()
    own_daemon.stop()
    path = own_daemon.state_dir / 'lambd.db'
    with contextlib.closing(sqlite3.connect(path)) as database:
        ours = database.execute('PRAGMA user_version').fetchone()[0]
        database.execute('PRAGMA user_version = 999')
    before = path.read_bytes()
    assert 'written by a newer lambd (format 999' in refuses(own_daemon)
    assert path.read_bytes() == before
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f'PRAGMA user_version = {ours}')
    own_daemon.start()


def test_two_daemons_on_one_state_directory(own_daemon, program, daemon_uid):
    own_daemon.start()
    second = Daemon(program, daemon_uid)
    try:
        assert str(own_daemon.state_dir) in refuses(second, state_dir=own_daemon.state_dir)
        own_daemon.check_alive()
    finally:
        second.close()


def test_two_daemons_side_by_side(daemon, own_daemon, connect):
    """Parallel daemons share nothing: names of cgroups, links and uids carry an id of the instance."""
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create('def handler(event, context):\n    return 1\n')
    assert function.invoke().json == 1
    own_daemon.stop()
    daemon.check_alive()


def test_drain(own_daemon, connect):
    """SIGTERM: the running invocation is answered, new connections are not accepted, the exit code is 0."""
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create('''
        import sys, time
        def handler(event, context):
            print("running", flush=True)
            time.sleep(event)
            return "finished"
        ''')
    answers = []
    thread = threading.Thread(target=lambda: answers.append(function.invoke(3)))
    thread.start()
    own_daemon.wait_for_log('running')
    own_daemon.process.send_signal(signal.SIGTERM)
    thread.join(30)
    assert answers[0].json == 'finished'
    assert own_daemon.process.wait(30) == 0
    own_daemon.process = None
    with pytest.raises(OSError):
        socket.create_connection(('127.0.0.1', own_daemon.port), 5).close()


def processes_of(daemon):
    """Pids of the daemon and everything below it."""
    children = {}
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                with open(f'/proc/{entry}/stat', encoding='latin-1') as stat:
                    parent = int(stat.read().rsplit(')', 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found, todo = [], [daemon.process.pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo.extend(children.get(pid, []))
    return found


@pytest.mark.parametrize('how', ['stop', 'kill'])
def test_nothing_stays(own_daemon, connect, how):
    """However the daemon ends, its jail and all sandboxes end with it."""
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create('def handler(event, context):\n    return 1\n')
    function.invoke()
    watches = {}
    for pid in set(processes_of(own_daemon)) - {own_daemon.process.pid}:
        with contextlib.suppress(ProcessLookupError):  # one that only prepared something
            watches[pid] = os.pidfd_open(pid)
    assert len(watches) >= 2
    getattr(own_daemon, how)()
    for pid, watch in watches.items():
        assert select.select([watch], [], [], 30)[0], f'process {pid} is still there'
        os.close(watch)
