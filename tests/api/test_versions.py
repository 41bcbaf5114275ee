# SPDX-License-Identifier: Apache-2.0
"""PublishVersion, ListVersionsByFunction, versions as invocation targets, deletion of versions."""
import pytest

from support.errors import ARN, constraint, invalid, refused

CODE = 'def handler(event, context):\n    return {"value": %r, "version": context.function_version}\n'


def versions(client, name):
    return client.list_versions_by_function(FunctionName=name)['Versions']


def publish(client, function, **more):
    answer = client.publish_version(FunctionName=function.name, **more)
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == 201
    return answer


def change_code(client, function, value):
    from support.zips import make_zip
    client.update_function_code(FunctionName=function.name, ZipFile=make_zip({'app.py': CODE % value}))
    function.wait_updated()


def test_publish(functions, client):
    function = functions.create(CODE % 'one', Description='the function')
    before = function.configuration()
    answer = publish(client, function, Description='the first version')
    assert answer['FunctionArn'] == f'{function.arn}:1'
    assert answer['Version'] == '1'
    assert (answer['State'], answer['LastUpdateStatus']) == ('Active', 'Successful')
    assert answer['Description'] == 'the first version'
    for same in ('CodeSha256', 'CodeSize', 'Runtime', 'Handler', 'Timeout', 'MemorySize', 'Role'):
        assert answer[same] == before[same]
    assert answer['RevisionId'] != before['RevisionId']
    after = function.configuration()
    assert after['Description'] == 'the function'
    assert after['RevisionId'] != before['RevisionId']  # publishing changes $LATEST's too
    got = client.get_function_configuration(FunctionName=function.name, Qualifier='1')
    got.pop('ResponseMetadata')
    assert got == answer


def test_publish_unchanged_gives_the_same_version(functions, client):
    function = functions.create(CODE % 'one')
    first = publish(client, function)
    again = publish(client, function, Description='another description')
    assert (again['Version'], again['RevisionId']) == ('1', first['RevisionId'])
    assert [v['Version'] for v in versions(client, function.name)] == ['$LATEST', '1']


def test_publish_after_changes(functions, client):
    function = functions.create(CODE % 'one')
    publish(client, function)
    client.update_function_configuration(FunctionName=function.name, Description='changed')
    function.wait_updated()
    assert publish(client, function)['Version'] == '2'
    change_code(client, function, 'two')
    third = publish(client, function)
    assert third['Version'] == '3'
    assert third['Description'] == 'changed'
    assert [v['FunctionArn'] for v in versions(client, function.name)] == [
        f'{function.arn}:{q}' for q in ('$LATEST', '1', '2', '3')]


def test_list_versions_items(functions, client):
    function = functions.create(CODE % 'one', Publish=True)
    for item in versions(client, function.name):
        for absent in ('State', 'LastUpdateStatus', 'RuntimeVersionConfig'):
            assert absent not in item
        whole = client.get_function_configuration(FunctionName=function.name, Qualifier=item['Version'])
        assert item == {k: v for k, v in whole.items() if k in item}


def test_list_versions_pages(functions, client):
    function = functions.create(CODE % 'one')
    for i in range(4):
        client.update_function_configuration(FunctionName=function.name, Description=str(i))
        function.wait_updated()
        publish(client, function)
    pages = list(client.get_paginator('list_versions_by_function').paginate(
        FunctionName=function.name, PaginationConfig={'PageSize': 2}))
    assert [[v['Version'] for v in page['Versions']] for page in pages] == [['$LATEST', '1'], ['2', '3'], ['4']]


def test_create_with_publish(functions, client):
    function = functions.create(CODE % 'one', Publish=True)
    assert function.created['Version'] == '1'
    assert function.created['FunctionArn'] == f'{ARN}:function:{function.name}'  # unqualified, as AWS
    assert function.created['State'] == 'Pending'
    client.get_waiter('published_version_active').wait(
        FunctionName=function.name, Qualifier='1', WaiterConfig={'Delay': 0.05, 'MaxAttempts': 600})
    latest = function.configuration()
    one = function.configuration(Qualifier='1')
    assert latest['Version'] == '$LATEST'
    assert one['RevisionId'] != latest['RevisionId']
    assert publish(client, function)['Version'] == '1'


def test_update_code_with_publish(functions, client):
    from support.zips import make_zip
    function = functions.create(CODE % 'one')
    answer = client.update_function_code(FunctionName=function.name, Publish=True,
                                         ZipFile=make_zip({'app.py': CODE % 'two'}))
    assert (answer['FunctionArn'], answer['Version']) == (f'{function.arn}:1', '1')
    assert (answer['State'], answer['StateReasonCode']) == ('Pending', 'Creating')
    assert 'LastUpdateStatus' not in answer
    function.wait_updated()
    client.get_waiter('published_version_active').wait(
        FunctionName=function.name, Qualifier='1', WaiterConfig={'Delay': 0.05, 'MaxAttempts': 600})
    assert function.invoke(Qualifier='1').json == {'value': 'two', 'version': '1'}


def test_versions_are_frozen(functions, client):
    function = functions.create(CODE % 'one')
    publish(client, function)
    change_code(client, function, 'two')
    assert function.invoke().json == {'value': 'two', 'version': '$LATEST'}
    old = function.invoke(Qualifier='1')
    assert (old.json, old.version) == ({'value': 'one', 'version': '1'}, '1')
    assert function.invoke().version == '$LATEST'


def test_publish_checks_the_hash(functions, client):
    function = functions.create(CODE % 'one')
    actual = function.configuration()['CodeSha256']
    refused('InvalidParameterValueException',
            f'CodeSHA256 (wrong) is different from current CodeSHA256 in $LATEST ({actual}). '
            'Please try again with the CodeSHA256 in $LATEST.',
            client.publish_version, FunctionName=function.name, CodeSha256='wrong')
    assert publish(client, function, CodeSha256=actual)['Version'] == '1'


def test_delete_version(functions, client):
    function = functions.create(CODE % 'one', Publish=True)
    client.delete_function(FunctionName=function.name, Qualifier='1')
    refused('ResourceNotFoundException', f'Function not found: {function.arn}:1',
            client.get_function, FunctionName=function.name, Qualifier='1')
    assert [v['Version'] for v in versions(client, function.name)] == ['$LATEST']
    change_code(client, function, 'two')
    assert publish(client, function)['Version'] == '2'  # a number is never given twice


def test_publish_to_enum(lax_client, functions):
    function = functions.create(CODE % 'one')
    invalid(constraint('x', 'publishTo', 'satisfy enum value set: [LATEST_PUBLISHED]'),
            lax_client.publish_version, FunctionName=function.name, PublishTo='x')


@pytest.mark.parametrize('parameter, value, text', [
    ('MaxItems', 0, 'have value greater than or equal to 1'),
    ('MaxItems', 10001, 'have value less than or equal to 10000'),
])
def test_list_versions_constraints(lax_client, functions, parameter, value, text):
    function = functions.create(CODE % 'one')
    invalid(constraint(value, 'maxItems', text), lax_client.list_versions_by_function,
            FunctionName=function.name, **{parameter: value})
