# SPDX-License-Identifier: Apache-2.0
"""The fixture "case" of the replayed recordings; what is not reproduced, and the report at the end."""
import functools
import pathlib
import sys

import pytest
from replay import ACCOUNT, NOT_REPRODUCED, RECORDED, Case, case_of, has_test, not_reproduced
from recorded_sources import Sources
from support.daemon import Daemon

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'runtimes'))  # for its builds.py

outcomes = {}  # case: None, or why it is not reproduced


def pytest_configure(config):
    config.addinivalue_line('markers', 'recorded(case, region, daemon): replays this recorded case')


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    config.stash[has_test] = {case_of(item) for item in items} - {None}
    listed = not_reproduced()
    for item in items:
        name = case_of(item)
        if name in listed:
            item.add_marker(pytest.mark.xfail(reason=listed[name], strict=True))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """A case that leaves steps out is not reproduced."""
    result = yield
    case = pyfuncitem.funcargs.get('case')
    assert not case or not case.left, f'{case.name}: the test ended before {case.left}'
    return result


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    name = case_of(item)
    if not name or report.when == 'teardown' or (report.when == 'setup' and report.passed):
        return
    if report.passed:
        outcomes[name] = None
    elif call.excinfo:
        outcomes[name] = not_reproduced().get(name) or call.excinfo.exconly().removeprefix('AssertionError: ')
    else:  # it was expected to fail
        outcomes[name] = report.longrepr = f'it is reproduced; take it off {NOT_REPRODUCED.name}'


def pytest_terminal_summary(terminalreporter, config):
    if not outcomes:
        return
    terminalreporter.section('recorded answers')
    for name, reason in sorted(outcomes.items()):
        if reason:
            terminalreporter.write_line(f'{name}: {reason}')
    for name in sorted(config.stash[has_test] - set(outcomes)):
        terminalreporter.write_line(f'{name}: was not run')
    for area in sorted({area for area, _, _ in RECORDED.values()}):
        names = {name for name, case in RECORDED.items() if case[0] == area}
        reproduced = sum(name in names and reason is None for name, reason in outcomes.items())
        terminalreporter.write_line(f'{area}: {reproduced} of {len(names)} recorded cases are reproduced')


@pytest.fixture(scope='session')
def sources():
    sources = Sources(ACCOUNT)
    yield sources
    sources.close()


def started(program, uid, sources, *options):
    """A daemon that reaches the sources."""
    daemon = Daemon(program, uid)
    daemon.variables = {'AWS_ENDPOINT_URL': sources.endpoint, 'AWS_ACCESS_KEY_ID': 'test',
                        'AWS_SECRET_ACCESS_KEY': 'test'}
    try:
        yield daemon.start(*options)
    finally:
        daemon.close()


@pytest.fixture(scope='session')
def aws_daemon(program, daemon_uid, sources):
    yield from started(program, daemon_uid, sources)


@pytest.fixture(scope='session')
def aws_hasty_daemon(program, daemon_uid, sources):
    yield from started(program, daemon_uid, sources, '--async-delay-permille', '5')


@pytest.fixture
def aws_own_daemon(program, daemon_uid, sources):
    yield from started(program, daemon_uid, sources)


@pytest.fixture(scope='session')
def clients_for(connect):
    """clients_for(endpoint, region): a strict and a lax client of the recorded account; making them takes long."""
    @functools.cache
    def clients_for(endpoint, region):
        return [connect(endpoint, access_key=ACCOUNT, region=region, validate=validate) for validate in (True, False)]
    return clients_for


@pytest.fixture
def case(request, clients_for, model_check):
    """The case that the test is marked with."""
    asked = request.node.get_closest_marker('recorded').kwargs
    before = len(model_check.complaints)
    daemon = request.getfixturevalue(asked['daemon'])
    case = Case(case_of(request.node), daemon, *clients_for(daemon.endpoint, asked['region']))
    if asked['daemon'] != 'daemon':
        case.sources = request.getfixturevalue('sources')
    yield case
    case.close()
    daemon.check_alive()
    assert model_check.complaints[before:] == []
