# SPDX-License-Identifier: Apache-2.0
"""The comparison notices what differs, and no recorded case is without a test."""
import pathlib

import pytest
from replay import RECORDED, has_test, not_reproduced
from comparison import Comparison
from recorded_facts import BASES, DIGEST, digest, lengthen, shorten

UUID = '0a1b2c3d-0000-4000-8000-00000000000'


@pytest.mark.parametrize('expected, actual', [
    ({'A': 1}, {'A': 1}), ({'A': [1, 'x']}, {'A': [1, 'x']}), ({'A': None}, {'A': None}),
    ({'A': '<uuid:1>', 'B': '<uuid:1>'}, {'A': UUID + '1', 'B': UUID + '1'}),
    ({'A': '<uuid:1>', 'B': '<uuid:2>'}, {'A': UUID + '1', 'B': UUID + '2'}),
    ({'A': 'f:<function-name:1>', 'B': '<function-name:1>:1'}, {'A': 'f:x', 'B': 'x:1'}),
    ({'A': '<code-size>', 'B': '<code-size>'}, {'A': 1, 'B': 2}),
    ({'A': '<time>'}, {'A': '2026-01-02T03:04:05.678+0000'}),
    ({'P': {'Version': '1', 'Id': {'b': 1, 'a': 2}}}, {'P': '{"Version":"1","Id":{"b":1,"a":2}}'}),
    ({'A': 1}, {'A': 1, 'SnapStart': {}}),  # the service added that member after the recording
])
def test_alike(expected, actual):
    assert Comparison('2022-09-30').deviations(expected, actual) == []


@pytest.mark.parametrize('expected, actual', [
    ({'A': 1}, {'A': 2}), ({'A': 1}, {}), ({}, {'A': 1}), ({'A': 1}, {'A': True}), ({'A': 1}, {'A': '1'}),
    ({'A': 0.5}, {'A': 1}), ({'A': []}, {'A': [1]}), ({'A': ['x', 'y']}, {'A': ['y', 'x']}), ({'A': {}}, {'A': None}),
    ({'A': '<uuid:1>'}, {'A': 'x'}), ({'A': '<code-size>'}, {'A': '1'}), ({'A': '<time>'}, {'A': 'now'}),
    ({'A': '<uuid:1>', 'B': '<uuid:1>'}, {'A': UUID + '1', 'B': UUID + '2'}),
    ({'A': '<uuid:1>', 'B': '<uuid:2>'}, {'A': UUID + '1', 'B': UUID + '1'}),
    ({'A': 'x <resource:1>'}, {'A': 'y z'}), ({'A': 'a.c'}, {'A': 'abc'}),
    ({'P': {'Version': '1', 'Id': {'b': 1, 'a': 2}}}, {'P': '{"Version":"1","Id":{"a":2,"b":1}}'}),
    ({'A': 1}, {'A': 1, 'LaterStill': {}}),
])
def test_different(expected, actual):
    assert Comparison('2022-09-30').deviations(expected, actual) != []


def test_placeholders_are_bound_for_the_whole_case():
    comparison = Comparison('2025-11-25')
    assert comparison.deviations('<resource:1>', 'x') == []
    assert comparison.deviations('<resource:1>', 'x') == []
    assert comparison.deviations('<resource:1>', 'y') != []
    assert comparison.deviations('<resource:2>', 'x') != []


@pytest.mark.parametrize('base', BASES)
def test_short_form(base):
    value = BASES[base] | {'Description': 'other', 'More': [{'a': None}]}
    value.pop('LastModified', None)
    assert shorten(value)['like'] == base
    assert lengthen(shorten(value)) == value


def test_the_facts_are_the_imported_ones():
    assert digest(RECORDED) == DIGEST.read_text().strip(), 'the short form changed: run tools/import-recorded again'


def test_every_case_has_a_test(request):
    paths = {item.path for item in request.session.items}
    if paths.issuperset(pathlib.Path(__file__).parent.glob('test_recorded_*.py')):
        assert request.config.stash[has_test] == set(RECORDED)


def test_the_list_names_cases():
    assert set(not_reproduced()) <= set(RECORDED)
