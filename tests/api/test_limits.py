# SPDX-License-Identifier: Apache-2.0
"""What a function may use up: it gets the error that it would get on AWS, it goes on afterwards, and its neighbours
notice nothing."""
import errno
import threading

import pytest


# How far it gets, and with which error it ends.
CODE = '''
    import errno, os, resource, threading

    def descriptors():
        fds = []
        try:
            while True:
                fds.append(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            return max(fds), error.errno
        finally:
            for fd in fds:
                os.close(fd)

    def threads():
        stop, all_of_them = threading.Event(), []
        threading.stack_size(65536)
        try:
            while len(all_of_them) < 3000:
                thread = threading.Thread(target=stop.wait)
                thread.start()
                all_of_them.append(thread)
        except RuntimeError as error:
            return len(all_of_them), str(error)
        finally:
            stop.set()
            for thread in all_of_them:
                thread.join()

    def processes():
        pids = []
        read_fd, write_fd = os.pipe()
        try:
            while len(pids) < 3000:
                pid = os.fork()
                if pid == 0:
                    os.close(write_fd)
                    os.read(read_fd, 1)
                    os._exit(0)
                pids.append(pid)
        except OSError as error:
            return len(pids), error.errno
        finally:
            os.close(write_fd)
            for pid in pids:
                os.waitpid(pid, 0)
            os.close(read_fd)

    def files():
        found = {}
        for path in ("/file", "/var/task/file", "/opt/file", "/var/runtime/file", "/usr/file", "/etc/file", "/home/file",
                     "/dev/file", "/run/file", "/var/tmp/file"):
            try:
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
                found[path] = 0
            except OSError as error:
                found[path] = error.errno
        try:
            os.chmod("/var/task/app.py", 0o777)
        except OSError as error:
            found["chmod"] = error.errno
        return found

    def handler(event, context):
        if event == "limit":
            return resource.getrlimit(resource.RLIMIT_NPROC)
        return globals()[event]()
    '''


@pytest.fixture
def neighbour(functions):
    """A function that is invoked all the time while the test runs; every answer must be right."""
    function = functions.create('def handler(event, context):\n    return event\n')
    assert function.invoke(-1).json == -1
    stop, answers = threading.Event(), []

    def work():
        while not stop.is_set():
            answers.append(function.invoke(len(answers)))
    thread = threading.Thread(target=work)
    thread.start()
    yield function
    stop.set()
    thread.join()
    assert answers and [answer.json for answer in answers] == list(range(len(answers)))


def test_descriptors(functions, neighbour):
    """1024, those of the runtime included."""
    function = functions.create(CODE)
    for _ in range(2):
        assert function.invoke('descriptors').json == [1023, errno.EMFILE]


@pytest.mark.parametrize('memory, limit', [(128, 742), (2048, 1024)])
def test_processes_and_threads(functions, neighbour, memory, limit):
    function = functions.create(CODE, MemorySize=memory, Timeout=120)
    assert function.invoke('limit').json == [limit, limit]
    for _ in range(2):
        count, error = function.invoke('threads').json
        assert limit - 30 <= count < limit and error == "can't start new thread"
    if memory > 128:  # so many copies of a Python do not fit into less
        count, number = function.invoke('processes').json
        assert limit - 30 <= count < limit and number == errno.EAGAIN


def test_read_only(functions, neighbour):
    """Nothing but /tmp can be written, as on AWS."""
    found = functions.create(CODE).invoke('files').json
    assert set(found.values()) <= {errno.EROFS, errno.EACCES, errno.EPERM}, found
    for path in ('/file', '/var/task/file', '/opt/file', 'chmod'):
        assert found[path] == errno.EROFS, found


MISBEHAVIOUR = {
    'memory': ('bytearray(400 << 20).replace(b"a", b"b")', {'Runtime.OutOfMemory', 'Runtime.ExitError'}),
    'signal': ('os.kill(os.getpid(), 11)', {'Runtime.ExitError'}),
    'whole group': ('os.killpg(0, 9)', {'Runtime.ExitError'}),
    'fork bomb': ('while True:\n        try: os.fork()\n        except OSError: pass', {'Sandbox.Timedout',
                                                                                  'Runtime.OutOfMemory',
                                                                                  'Runtime.ExitError'}),
    'spin': ('while True: pass', {'Sandbox.Timedout'}),
}


@pytest.mark.parametrize('kind', MISBEHAVIOUR)
def test_neighbours_of_misbehaviour(functions, neighbour, daemon, kind):
    """It ends with AWS's error, works again in the same environment, and nobody else sees anything of it."""
    statement, errors = MISBEHAVIOUR[kind]
    if kind == 'memory' and daemon.doctor()['cgroup-memory'] != 'ok':
        return  # this user's sandboxes have no memory limit; that this is said is a test of its own
    function = functions.create(f'import os\ndef handler(event, context):\n    if event:\n        return event\n'
                                f'    {statement}\n', MemorySize=256, Timeout=3)
    assert function.invoke(1).json == 1
    answer = function.invoke(0)
    assert answer.error == 'Unhandled' and answer.json['errorType'] in errors, answer
    assert function.invoke(2).json == 2
