# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a real daemon (the sanitizer build of ./check, or the program that LAMBD names), boto3, the aws CLI.

A test that cannot run fails, unless tests/cannot-run.txt lists it with the reason.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import boto3
import botocore.config
import pytest

from support.daemon import Daemon
from support.functions import Factory
from support.model_check import ModelCheck
from support.moto import Moto

TESTS = pathlib.Path(__file__).parent
ROOT = TESTS.parent


def pytest_addoption(parser):
    parser.addoption('--lambd', default=os.environ.get('LAMBD'), help='the lambd program to test')
    parser.addoption('--rootless', type=int, metavar='UID',
                     help='run the daemon as this ordinary user (only from root)')
    parser.addoption('--crash-kills', type=int, metavar='N', help='how often test_async_crash.py kills the daemon')
    parser.addoption('--flat', type=int, metavar='N', help='how many environments test_flat.py makes')
    parser.addoption('--long', action='store_true', help='run tests marked long, too')
    parser.addoption('--exercised', metavar='FILE',
                     help='write which operations the tests exercised, for tools/coverage-page')


def pytest_collection_modifyitems(config, items):
    items.sort(key=lambda item: item.get_closest_marker('last') is not None)
    if not config.getoption('--long'):
        left_out = [item for item in items if item.get_closest_marker('long')]
        items[:] = [item for item in items if not item.get_closest_marker('long')]
        config.hook.pytest_deselected(items=left_out)


def cannot_run():
    """{test: reason}; a line is "tests/…::name  reason"."""
    listed = {}
    for line in (TESTS / 'cannot-run.txt').read_text().splitlines():
        if line.strip() and not line.startswith('#'):
            name, reason = line.split(None, 1)
            listed[name] = reason
    return listed


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.skipped and not hasattr(report, 'wasxfail'):
        name = 'tests/' + item.nodeid.split('[')[0].removeprefix('tests/')
        if name not in cannot_run():
            report.outcome = 'failed'
            report.longrepr = f'{report.longrepr}\nskipped, but not listed in tests/cannot-run.txt'


@pytest.fixture(scope='session')
def program(request):
    """The lambd program."""
    path = pathlib.Path(request.config.getoption('--lambd') or ROOT / 'build-check/lambd')
    if not path.exists():
        pytest.exit(f'{path} is not built; run ./check, or name a program with LAMBD=…', 3)
    return path.resolve()


@pytest.fixture(scope='session')
def daemon_uid(request):
    return request.config.getoption('--rootless')


@pytest.fixture(scope='session')
def daemon(program, daemon_uid):
    """The daemon that most tests share."""
    daemon = Daemon(program, daemon_uid)
    try:
        daemon.start('--stream-rate-kb', '0')  # for those that stream tens of megabytes; one test is about the pace
        yield daemon
    finally:
        daemon.close()


@pytest.fixture(scope='session')
def moto():
    """A server that stands for AWS's other services."""
    moto = Moto()
    yield moto
    moto.close()


@pytest.fixture(autouse=True)
def daemon_stays_alive(request):
    """A daemon that dies fails the test during which it died."""
    yield
    daemon = request.getfixturevalue('daemon') if 'daemon' in request.fixturenames else None
    if isinstance(daemon, Daemon):
        daemon.check_alive()


@pytest.fixture
def own_daemon(program, daemon_uid):
    """A daemon of this test's own, not started yet."""
    daemon = Daemon(program, daemon_uid)
    yield daemon
    daemon.close()


@pytest.fixture(scope='session')
def model_check():
    return ModelCheck()


@pytest.fixture(autouse=True)
def exercising(request, model_check):
    """What works from here on is this test's doing. (Long tests do not always run, and so do not count.)"""
    if not request.node.get_closest_marker('long'):
        model_check.test_file = str(request.path.relative_to(ROOT))
    yield
    model_check.test_file = None


@pytest.fixture(scope='session')
def connect(model_check):
    """connect(endpoint, **client arguments): a boto3 client whose answers are held to the model."""
    def connect(endpoint, access_key='test', region='us-east-1', validate=True, **config):
        client = boto3.session.Session().client(
            'lambda', endpoint_url=endpoint, region_name=region, aws_access_key_id=access_key,
            aws_secret_access_key='test',
            config=botocore.config.Config(
                retries={'total_max_attempts': 1}, read_timeout=120, parameter_validation=validate,
                **({'max_pool_connections': 256} | config)))
        model_check.watch(client)
        return client
    return connect


@pytest.fixture
def start(own_daemon, connect):
    """start(options…): (a factory of functions on a daemon with these options)."""
    def start(*options):
        own_daemon.start(*options)
        return Factory(connect(own_daemon.endpoint))
    return start


@pytest.fixture(scope='session')
def shared_client(daemon, connect):
    return connect(daemon.endpoint)


@pytest.fixture
def client(shared_client, model_check):
    """boto3 against the shared daemon. Answers that are not as in the model fail the test."""
    before = len(model_check.complaints)
    yield shared_client
    assert model_check.complaints[before:] == []


@pytest.fixture(scope='session')
def lax_client(daemon, connect):
    """Sends what boto3 would refuse."""
    return connect(daemon.endpoint, validate=False)


@pytest.fixture
def functions(client):
    factory = Factory(client)
    yield factory
    factory.clean()


@pytest.fixture(scope='session')
def aws(daemon, tmp_path_factory):
    """aws('lambda', 'list-functions', …): run the aws CLI against the shared daemon; its CompletedProcess."""
    program = pathlib.Path(sys.executable).parent / 'aws'
    path = str(program) if program.exists() else shutil.which('aws')
    assert path, 'the aws CLI is missing: tools/ensure-venv installs it'
    home = tmp_path_factory.mktemp('aws-home')

    def run(*arguments, check=True, **options):
        env = {k: v for k, v in os.environ.items() if not k.startswith('AWS_')} | {
            'AWS_ACCESS_KEY_ID': 'test', 'AWS_SECRET_ACCESS_KEY': 'test', 'AWS_DEFAULT_REGION': 'us-east-1',
            'AWS_PAGER': '', 'HOME': str(home)}
        done = subprocess.run([path, '--endpoint-url', daemon.endpoint, *map(str, arguments)], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120, **options)
        assert not check or done.returncode == 0, f'aws {arguments}: {done.returncode}\n{done.stderr}'
        return done
    return run


@pytest.fixture(scope='session')
def lambd(program, daemon):
    """lambd('list'): run the command line program against the shared daemon; its CompletedProcess."""
    def run(*arguments, check=True, endpoint=None, env=None, **options):
        full = {k: v for k, v in os.environ.items() if not k.startswith(('AWS_', 'LAMBD'))} | {
            'AWS_ENDPOINT_URL': endpoint or daemon.endpoint} | (env or {})
        if 'input' not in options and 'stdin' not in options:
            options['stdin'] = subprocess.DEVNULL
        options = {'text': True} | options
        done = subprocess.run([str(program), *map(str, arguments)], env=full, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False, timeout=120, **options)
        assert not check or done.returncode == 0, f'lambd {arguments}: {done.returncode}\n{done.stderr}'
        return done
    return run
