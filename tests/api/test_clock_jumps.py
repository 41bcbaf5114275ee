# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps by hours: what waits for its retry is neither tried at once, nor given up, nor kept waiting."""
import time

import pytest

from support.faults import Faults
from support.functions import Factory
from support.waiting import until
from test_async import RECORDING, ends, health, seen, send

MINUTE = 3  # seconds, as the daemon is told
OPTIONS = ('--async-delay-permille', str(MINUTE * 1000 // 60))


@pytest.fixture
def faults(own_daemon):
    return Faults(own_daemon)


def fail_once(daemon, connect):
    """An event that waits for its first retry: the function, and a time at which it had not been tried."""
    daemon.start(*OPTIONS)
    function = Factory(connect(daemon.endpoint)).create(RECORDING)
    before = time.monotonic()
    send(function, {'fail': 'and again'})
    # In this order: a run that is seen began before the look at what is under way.
    until(lambda: seen(daemon, function.name) and health(daemon)['asyncUnderWay'] == 0, 'never tried')
    return function, before


def check_retries(daemon, function, before):
    """The second attempt is a minute after the first; both retries come, and then the event is given up."""
    until(lambda: len(seen(daemon, function.name)) > 1, 'no retry: it starves')
    assert time.monotonic() - before >= MINUTE, 'a retry before it was due'
    ends(daemon)
    until(lambda: len(seen(daemon, function.name)) == 3, 'given up too early')
    assert health(daemon)['asyncGivenUp'] == 1
    assert time.monotonic() - before >= 3 * MINUTE


@pytest.mark.parametrize('hours', [12, -12])
def test_while_it_runs(own_daemon, connect, faults, hours):
    function, before = fail_once(own_daemon, connect)
    faults.shift_clock(hours)
    check_retries(own_daemon, function, before)


@pytest.mark.parametrize('hours', [12, -12])
def test_between_two_runs(own_daemon, connect, faults, hours):
    function, before = fail_once(own_daemon, connect)
    own_daemon.kill()
    faults.shift_clock(hours)
    own_daemon.start(*OPTIONS)
    check_retries(own_daemon, function, before)
