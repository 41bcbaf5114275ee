# SPDX-License-Identifier: Apache-2.0
"""Runs last: every operation that works today was exercised, successfully, by the tests before."""
import pathlib

OPERATIONS = {
    'CreateFunction', 'GetFunction', 'GetFunctionConfiguration', 'ListFunctions', 'UpdateFunctionCode',
    'UpdateFunctionConfiguration', 'DeleteFunction', 'PublishVersion', 'ListVersionsByFunction', 'Invoke',
    'CreateAlias', 'GetAlias', 'UpdateAlias', 'DeleteAlias', 'ListAliases',
    'GetAccountSettings', 'ListTags', 'TagResource', 'UntagResource', 'GetFunctionCodeSigningConfig',
}


def test_every_operation_was_exercised(request, model_check):
    here = pathlib.Path(__file__).parent
    collected = {pathlib.Path(item.path).name for item in request.session.items if pathlib.Path(item.path).parent == here}
    whole = {path.name for path in here.glob('test_*.py')}
    if collected != whole:
        return  # a part of the tests was asked for
    assert OPERATIONS - model_check.succeeded == set()
    assert OPERATIONS - {'GetAccountSettings'} - model_check.failed == set(), 'operations never seen to refuse something'


def test_answers_are_as_in_the_model(model_check):
    assert model_check.complaints == []
