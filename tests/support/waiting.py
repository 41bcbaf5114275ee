# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true."""
import json
import time
import urllib.request

SECONDS = 120  # a bound for tests that would hang, not an expectation


def until(condition, what, seconds=SECONDS):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)  # polling for an event, bounded
    return value


def health(daemon):
    """What the daemon says of itself."""
    with urllib.request.urlopen(daemon.endpoint + '/_lambd/health', timeout=SECONDS) as answer:
        return json.load(answer)
