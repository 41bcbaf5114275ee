# SPDX-License-Identifier: Apache-2.0
"""The fixture "case" of the replayed recordings; what is not reproduced, and the report at the end."""
import pytest
from cases import ACCOUNT, NOT_REPRODUCED, RECORDED, Case, case_of, not_reproduced

outcomes = {}  # case: 'reproduced', or how it failed


def pytest_configure(config):
    config.addinivalue_line('markers', 'recorded(case, region): replays this recorded case')


def pytest_collection_modifyitems(items):
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
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    name = case_of(item)
    if name and report.when == 'call':
        outcomes[name] = report.outcome
        if report.outcome == 'failed' and 'XPASS' in str(report.longrepr):
            report.longrepr = f'{name} is reproduced; take it off {NOT_REPRODUCED.name}'


def pytest_terminal_summary(terminalreporter):
    if not outcomes:
        return
    listed = not_reproduced()
    terminalreporter.section('recorded answers')
    for name, outcome in sorted(outcomes.items()):
        if outcome != 'passed':
            terminalreporter.write_line(f'{name}: {listed.get(name, outcome)}')
    reproduced = sum(outcome == 'passed' for outcome in outcomes.values())
    terminalreporter.write_line(f'{reproduced} of {len(RECORDED)} recorded cases are reproduced')


@pytest.fixture(scope='session')
def account_clients(daemon, connect):
    """account_clients(region): clients of the recorded account, a strict and a lax one."""
    clients = {}

    def account_clients(region):
        if region not in clients:
            clients[region] = [connect(daemon.endpoint, access_key=ACCOUNT, region=region, validate=validate)
                               for validate in (True, False)]
        return clients[region]
    return account_clients


@pytest.fixture
def case(request, account_clients, model_check):
    """The case that the test is marked with."""
    region = request.node.get_closest_marker('recorded').kwargs['region']
    before = len(model_check.complaints)
    case = Case(case_of(request.node), *account_clients(region))
    yield case
    case.close()
    assert model_check.complaints[before:] == []
