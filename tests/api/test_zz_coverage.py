# SPDX-License-Identifier: Apache-2.0
"""Runs last: every operation that lambd offers was exercised by the tests of this session, and was refused something."""
import json
import pathlib

import pytest
from support.operations import NEVER_REFUSES, offered

TESTS = pathlib.Path(__file__).parent.parent
FOLDERS = ('api', 'recorded')  # whose tests together must exercise everything

pytestmark = pytest.mark.last


@pytest.fixture
def exercised(request, model_check):
    """{operation: [file]}; skipped over when only a part of the tests was asked for."""
    collected = {pathlib.Path(item.path) for item in request.session.items}
    if not all(collected.issuperset((TESTS / folder).glob('test_*.py')) for folder in FOLDERS):
        return None
    return {operation: sorted(name for name in files if name and name.split('/')[1] in FOLDERS)
            for operation, files in sorted(model_check.succeeded.items())}


def test_every_operation_was_exercised(request, exercised):
    if exercised is None:
        return
    if path := request.config.getoption('--exercised'):
        pathlib.Path(path).write_text(json.dumps(exercised, indent=1) + '\n')
    assert offered() - set(exercised) == set(), 'operations that no test exercises'


def test_every_operation_was_refused_something(exercised, model_check):
    if exercised is not None:
        assert offered() - NEVER_REFUSES - model_check.refused == set(), 'operations never seen to refuse something'


def test_answers_are_as_in_the_model(model_check):
    assert model_check.complaints == []
