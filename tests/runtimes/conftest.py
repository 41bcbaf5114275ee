# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the conformance suite of the runtime clients."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
pytest.register_assert_rewrite("cases", "channel_peer")

from channel_peer import Environment  # noqa: E402
from languages import LANGUAGES, MANAGED, leave_out  # noqa: E402


def pytest_collection_modifyitems(config, items):
    leave_out(config, items)


@pytest.fixture(params=MANAGED)
def language(request):
    return request.param


@pytest.fixture
def facts(language):
    return LANGUAGES[language]


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
def suite(environments, language, facts):
    """Start a handler of functions/<language> and initialise it."""

    def start(handler, variables=None):
        task_root = facts.build(facts)
        environment = environments(language, task_root, facts.handler.format(handler), variables)
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
            files = {LANGUAGES[language].app: files}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return environments(language, tmp_path, handler, variables, **options)

    return start
