# SPDX-License-Identifier: Apache-2.0
"""CPU in proportion to memory: AWS's quota with cpu = strict; and full speed during the init."""
import pytest

from support.functions import Factory

BURNT = 0.4  # seconds of processor time, in the init and in each invocation: how long does it take by the clock?
CODE = f'''
import time

def burn():
    start, clock = time.process_time(), time.monotonic()
    while time.process_time() - start < {BURNT}:
        pass
    return time.monotonic() - clock

at_init = burn()

def handler(event, context):
    return [at_init, burn()]
'''


@pytest.fixture
def strict(own_daemon, connect):
    own_daemon.start('--cpu', 'strict')
    return Factory(connect(own_daemon.endpoint))


def test_strict_quota(strict, own_daemon):
    """At 128 MB a function has 7 % of a processor, but its init is not held back. No limit where there can be none."""
    at_init, in_handler = strict.create(CODE, MemorySize=128, Timeout=60).invoke().json
    if own_daemon.doctor()['cgroup-cpu'] == 'ok':
        assert in_handler > BURNT / (128 / 1769) * 0.7
        assert at_init < in_handler
    else:
        assert in_handler >= BURNT


def test_quota_after_a_failed_init(strict, own_daemon):
    """The init that is repeated is in the invocation's time, and not faster than that."""
    code = CODE.replace('at_init = burn()', '''
import os
if not os.path.exists('/tmp/failed'):
    open('/tmp/failed', 'w').close()
    raise RuntimeError
at_init = 0''')
    in_handler = strict.create(code, MemorySize=128, Timeout=60).invoke().json[1]
    if own_daemon.doctor()['cgroup-cpu'] == 'ok':
        assert in_handler > BURNT / (128 / 1769) * 0.7
    else:
        assert in_handler >= BURNT
