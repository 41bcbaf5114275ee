# SPDX-License-Identifier: Apache-2.0
"""/tmp: of exactly the configured size, on the disk and not in the function's memory, kept over resets, gone with its
environment."""
import contextlib
import os
import pathlib
import threading

import pytest

from support.daemon import Daemon
from support.disks import disk
from support.functions import Factory
from support.waiting import until

MB = 1 << 20

# Answers how many bytes could be written and with which error it ended, and that they are still there.
FILL = '''
    import errno, hashlib, os, re

    BLOCK = bytes(range(256)) * 4096

    def fill(path, limit):
        written, error = 0, None
        with open(path, "wb", buffering=0) as file:
            try:
                while written < limit:
                    written += file.write(BLOCK[:limit - written])
                os.fsync(file.fileno())
            except OSError as caught:
                error = errno.errorcode[caught.errno]
        return written, error

    def is_intact(path):
        with open(path, "rb") as file:
            while block := file.read(len(BLOCK)):
                if block != BLOCK[:len(block)]:
                    return False
        return True

    def handler(event, context):
        before = os.listdir("/tmp")
        size = os.statvfs("/tmp")
        written, error = fill("/tmp/data", event["bytes"])
        mounted = [line.split()[3].split(",") for line in open("/proc/self/mounts") if line.split()[1] == "/tmp"]
        return {"before": before, "total": size.f_blocks * size.f_frsize, "free": size.f_bavail * size.f_frsize,
                "mode": oct(os.stat("/tmp").st_mode), "written": written, "error": error, "options": mounted[0],
                "is_intact": is_intact("/tmp/data")}
    '''


@pytest.mark.parametrize('size_mb', [512, 700])
def test_size_is_exact(functions, size_mb):
    function = functions.create(FILL, MemorySize=2048, EphemeralStorage={'Size': size_mb}, Timeout=120)
    size = size_mb * MB
    answer = function.invoke({'bytes': 2 * size}).json
    assert answer['error'] == 'ENOSPC'
    assert size <= answer['written'] < size + MB
    assert size <= answer['free'] < size + MB
    assert size <= answer['total'] < 1.1 * size
    assert answer['before'] == []
    assert answer['mode'] == '0o41777'
    assert {'rw', 'nosuid', 'nodev'} <= set(answer['options'])
    assert answer['is_intact']


def test_largest(functions):
    """10 GB, of which little is used: it costs what is written."""
    function = functions.create(FILL, EphemeralStorage={'Size': 10240}, Timeout=120)
    answer = function.invoke({'bytes': MB}).json
    assert 10240 * MB <= answer['free'] < 10241 * MB
    assert (answer['written'], answer['error'], answer['is_intact']) == (MB, None, True)


def test_is_not_charged_to_the_memory(functions, daemon_uid):
    """300 MB in /tmp of a function with 128 MB; twice, so that the second finds the cache full of it."""
    if daemon_uid is not None:
        return  # there it is, as start and doctor say
    function = functions.create(FILL, MemorySize=128, Timeout=120)
    for _ in range(2):
        answer = function.invoke({'bytes': 300 * MB})
        assert answer.error is None, answer
        assert (answer.json['written'], answer.json['error'], answer.json['is_intact']) == (300 * MB, None, True)


KEPT = '''
    import os, time

    def handler(event, context):
        files = sorted(os.listdir("/tmp"))
        open("/tmp/" + event["write"], "w").write("x")
        if event.get("exit"):
            os._exit(1)
        time.sleep(event.get("sleep", 0))
        return files
    '''


def test_is_kept_over_resets_and_not_shared(functions):
    function = functions.create(KEPT, Timeout=5)
    other = functions.create(KEPT)
    assert function.invoke({'write': 'a'}).json == []
    assert function.invoke({'write': 'b', 'exit': True}).json['errorType'] == 'Runtime.ExitError'
    assert function.invoke({'write': 'c'}).json == ['a', 'b']
    assert function.invoke({'write': 'd', 'sleep': 60}).json['errorType'] == 'Sandbox.Timedout'
    assert function.invoke({'write': 'e'}).json == ['a', 'b', 'c', 'd']
    assert other.invoke({'write': 'a'}).json == []


def test_new_environment_has_an_empty_one(functions):
    function = functions.create(KEPT)
    assert function.invoke({'write': 'a'}).json == []
    functions.client.update_function_configuration(FunctionName=function.name, Description='anew')
    function.wait_updated()
    assert function.invoke({'write': 'a'}).json == []


# The disk behind it

@pytest.fixture
def on_disk(program, connect, tmp_path):
    """on_disk(size_mb): (daemon, factory) with a state directory on a disk of that size."""
    with contextlib.ExitStack() as stack:
        def start(size_mb):
            daemon = Daemon(program)
            stack.callback(daemon.close)
            daemon.state_dir = stack.enter_context(disk(daemon.folder, size_mb)) / 'state'
            stack.callback(daemon.stop)
            daemon.start()
            return daemon, Factory(connect(daemon.endpoint))
        yield start


def test_kill_leaves_nothing(on_disk, daemon_uid):
    """Files, loop devices and mounts of the /tmp of all boxes go with them when daemon and jail cannot tidy up."""
    if daemon_uid is not None:
        return  # mounts need root
    daemon, factory = on_disk(1000)
    function = factory.create(FILL, MemorySize=256, Timeout=120)
    assert function.invoke({'bytes': 100 * MB}).json['written'] == 100 * MB
    used = os.statvfs(daemon.state_dir)
    daemon.kill()
    folder = daemon.state_dir.parent
    until(lambda: os.statvfs(folder).f_bfree - used.f_bfree >= 100 * MB // used.f_frsize, 'its space is not free again')


def test_full_disk(on_disk, daemon_uid):
    """The disk is smaller than the /tmp: the function that fills it gets an error, another does not notice."""
    if daemon_uid is not None:
        return  # mounts need root
    daemon, factory = on_disk(300)
    hog = factory.create(FILL, Timeout=120)
    other = factory.create('def handler(event, context):\n    return event\n')
    assert other.invoke(0).json == 0
    answers = []
    filling = threading.Thread(target=lambda: answers.append(hog.invoke({'bytes': 500 * MB})))
    filling.start()
    count = 0
    while filling.is_alive():
        count += 1
        assert other.invoke(count).json == count
    filling.join()
    answer = answers[0].json
    assert answer.get('error') in ('EIO', 'ENOSPC') or answer.get('errorType') == 'OSError', answer
    for i in range(10):
        assert other.invoke(i).json == i
    # The space is the host's again when the environment has gone.
    daemon.restart()
    factory.client.delete_function(FunctionName=hog.name)
    assert other.invoke('end').json == 'end'


# Where it cannot be done

class WithoutMke2fs(Daemon):
    """A daemon on a host without e2fsprogs."""

    def as_user(self, command):
        paths = [path for path in ('/usr/sbin/mke2fs', '/sbin/mke2fs') if pathlib.Path(path).exists()]
        hide = ' && '.join(f'mount --bind /dev/null {path}' for path in {os.path.realpath(p) for p in paths})
        return ['unshare', '--mount', 'sh', '-c', f'{hide} && exec "$@"', 'sh', *command]


def test_falls_back_to_memory_and_says_so(program, connect, daemon_uid):
    if daemon_uid is not None:
        return  # mounts need root
    daemon = WithoutMke2fs(program)
    try:
        daemon.start()
        assert "/tmp is kept in memory" in daemon.text()
        assert daemon.doctor()['tmp'] == 'degraded'
        factory = Factory(connect(daemon.endpoint))
        function = factory.create(FILL, MemorySize=1500, EphemeralStorage={'Size': 600}, Timeout=120)
        answer = function.invoke({'bytes': 1200 * MB}).json
        assert (answer['written'], answer['error'], answer['is_intact']) == (600 * MB, 'ENOSPC', True)
    finally:
        daemon.close()


def test_start_and_doctor_agree(own_daemon, daemon_uid):
    own_daemon.start()
    is_said = '/tmp is kept in memory' in own_daemon.text()
    assert (own_daemon.doctor()['tmp'], is_said) == (('ok', False) if daemon_uid is None else ('degraded', True))
