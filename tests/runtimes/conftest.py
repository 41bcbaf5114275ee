# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the conformance suite of the runtime clients."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from channel_peer import FUNCTIONS, Environment  # noqa: E402

SUFFIX = {"python": ".py", "node": ".js"}


@pytest.fixture(params=["python", "node"])
def language(request):
    return request.param


@pytest.fixture
def environments():
    """Makes runtime processes that do not outlive the test."""
    started = []

    def make(*args, **kwargs):
        started.append(Environment(*args, **kwargs))
        return started[-1]

    yield make
    for environment in started:
        environment.destroy()


@pytest.fixture
def suite(environments, language):
    """Start a handler of functions/<language>/cases and initialise it."""

    def start(handler, variables=None):
        task_root = FUNCTIONS / language
        environment = environments(language, task_root, f"cases.{handler}", variables)
        answer = environment.init()
        assert answer.kind == "NEXT", answer
        environment.init_logs = answer.logs
        return environment

    return start


@pytest.fixture
def write_function(environments, tmp_path):
    """Write a function's files and start it; the caller sends INIT."""

    def start(language, files, handler="app.handler", variables=None, **options):
        if isinstance(files, str):
            files = {"app" + SUFFIX[language]: files}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return environments(language, tmp_path, handler, variables, **options)

    return start
