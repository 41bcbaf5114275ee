# SPDX-License-Identifier: Apache-2.0
"""./quickstart in a clone of its own: the first thing that a newcomer does."""
import json
import pathlib
import re
import socket
import subprocess

import pytest

from support.daemon import Daemon, free_port
from support.functions import PYTHON

ROOT = pathlib.Path(__file__).parent.parent.parent


@pytest.fixture(scope='module')
def clone(tmp_path_factory):
    """A fresh clone of what is committed."""
    clone = tmp_path_factory.mktemp('clone') / 'lambd'
    subprocess.run(['git', '-c', 'safe.directory=*', 'clone', '--quiet', f'file://{ROOT}', clone], check=True)
    return clone


@pytest.fixture(scope='module')
def quickstart(clone):
    """quickstart(options…) in the clone."""
    def run(*options):
        return subprocess.run(['./quickstart', *options], cwd=clone, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    yield run
    run('--stop')


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(('127.0.0.1', port)) == 0


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_quickstart(quickstart):
    port = free_port()
    done = quickstart('--listen', f'127.0.0.1:{port}')
    assert done.returncode == 0, done.stdout
    assert done.stdout.count('Hello from Lambda!') == 2
    cold, warm = re.findall(r'^  REPORT RequestId: .* Duration: .*$', done.stdout, re.MULTILINE)
    assert 'Init Duration' in cold
    assert 'Init Duration' not in warm
    assert len(re.findall(r'^  the call took [\d.]+ ms$', done.stdout, re.MULTILINE)) == 2
    assert f'aws --endpoint-url http://127.0.0.1:{port} lambda' in done.stdout
    assert './quickstart --stop' in done.stdout
    assert answers(port)

    again = quickstart('--listen', f'127.0.0.1:{port}')
    assert again.returncode == 0, again.stdout
    assert 'an earlier run was stopped' in again.stdout

    assert quickstart('--stop').stdout == 'lambd was stopped.\n'
    assert not answers(port)
    assert quickstart('--stop').stdout == 'No lambd of ./quickstart is running.\n'


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_port_taken(quickstart):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = quickstart('--listen', f'127.0.0.1:{port}')
    assert done.returncode == 1
    assert 'in use' in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith('quickstart: lambd did not start')


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_installed(quickstart, clone, tmp_path):
    """After "meson install" the program in the prefix works as the one in the build tree did."""
    if not (clone / 'build/lambd').exists():
        quickstart('--listen', f'127.0.0.1:{free_port()}')
    prefix = tmp_path / 'prefix'
    for command in (['meson', 'configure', 'build', f'--prefix={prefix}'], ['ninja', '-C', 'build'],
                    ['meson', 'install', '-C', 'build', '--no-rebuild']):
        subprocess.run(command, cwd=clone, check=True, stdout=subprocess.DEVNULL)
    (clone / 'build').rename(clone / 'build-away')
    daemon = Daemon(prefix / 'bin/lambd')
    try:
        daemon.start()
        for arguments in (['deploy', ROOT / 'examples/hello', '--name', 'hello', '--runtime', PYTHON, '--handler',
                           'app.handler'], ['invoke', 'hello']):
            done = subprocess.run([prefix / 'bin/lambd', *arguments, '--endpoint', daemon.endpoint], check=True,
                                  stdout=subprocess.PIPE, text=True)
        assert json.loads(done.stdout)['body'] == 'Hello from Lambda!'
    finally:
        daemon.close()
