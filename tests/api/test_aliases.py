# SPDX-License-Identifier: Apache-2.0
"""Aliases: the resource, its weights, and aliases as qualifiers."""
import collections
import concurrent.futures
import math

import pytest

from support.errors import ARN, constraint, invalid, pattern, refused
from support.http import Connection

CODE = ('def handler(event, context):\n'
        '    return {"arn": context.invoked_function_arn, "version": context.function_version}\n')
RE_ALIAS = '(?!^[0-9]+$)([a-zA-Z0-9-_]+)'
MAP_VALUE = ('Map value must satisfy constraint: [Member must have value less than or equal to 1.0, '
             'Member must have value greater than or equal to 0.0, Member must not be null]')
MAP_KEY = ('Map keys must satisfy constraint: [Member must have length less than or equal to 1024, '
           'Member must have length greater than or equal to 1, '
           'Member must satisfy regular expression pattern: [0-9]+]')


@pytest.fixture
def function(functions, client):
    """A function with two versions."""
    function = functions.create(CODE)
    client.publish_version(FunctionName=function.name)
    client.update_function_configuration(FunctionName=function.name, Description='second')
    function.wait_updated()
    client.publish_version(FunctionName=function.name)
    return function


def bare(answer, status=200):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == status
    return answer


def create(client, function, name='live', version='1', **more):
    return bare(client.create_alias(FunctionName=function.name, Name=name, FunctionVersion=version, **more), 201)


def weights(**shares):
    return {'AdditionalVersionWeights': {version.strip('v'): share for version, share in shares.items()}}


def test_lifecycle(function, client):
    made = create(client, function, Description='custom', RoutingConfig=weights(v2=0.2))
    revision = made['RevisionId']
    assert made == {'AliasArn': f'{function.arn}:live', 'Name': 'live', 'FunctionVersion': '1',
                    'Description': 'custom', 'RevisionId': revision, 'RoutingConfig': weights(v2=0.2)}
    assert bare(client.get_alias(FunctionName=function.name, Name='live')) == made
    changed = bare(client.update_alias(FunctionName=function.name, Name='live', FunctionVersion='2',
                                       RoutingConfig={'AdditionalVersionWeights': {}}))
    assert changed == {'AliasArn': f'{function.arn}:live', 'Name': 'live', 'FunctionVersion': '2',
                       'Description': 'custom', 'RevisionId': changed['RevisionId']}
    assert changed['RevisionId'] != revision
    bare(client.delete_alias(FunctionName=function.name, Name='live'), 204)
    bare(client.delete_alias(FunctionName=function.name, Name='live'), 204)
    refused('ResourceNotFoundException', f'Cannot find alias arn: {function.arn}:live',
            client.get_alias, FunctionName=function.name, Name='live')


def test_update_keeps_what_is_absent(function, client):
    made = create(client, function, Description='custom', RoutingConfig=weights(v2=0.2))
    changed = bare(client.update_alias(FunctionName=function.name, Name='live', Description=''))
    assert changed == {**made, 'Description': '', 'RevisionId': changed['RevisionId']}
    again = bare(client.update_alias(FunctionName=function.name, Name='live'))
    assert again['RoutingConfig'] == made['RoutingConfig']
    assert again['RevisionId'] != changed['RevisionId']


def test_without_weights(function, client):
    assert create(client, function, 'bare')['Description'] == ''
    assert 'RoutingConfig' not in create(client, function, 'empty', RoutingConfig={})
    assert 'RoutingConfig' not in create(client, function, 'none', RoutingConfig=weights())
    assert create(client, function, 'latest', '$LATEST')['FunctionVersion'] == '$LATEST'


def test_creating_does_not_change_the_function(function, client):
    before = function.configuration()['RevisionId']
    create(client, function)
    assert function.configuration()['RevisionId'] == before


def test_conflicts(function, client):
    first = create(client, function)
    refused('ResourceConflictException', f'Alias already exists: {function.arn}:live', client.create_alias,
            FunctionName=function.name, Name='live', FunctionVersion='1')
    client.update_alias(FunctionName=function.name, Name='live', RevisionId=first['RevisionId'])
    refused('PreconditionFailedException',
            'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to '
            'retrieve the latest Revision Id',
            client.update_alias, FunctionName=function.name, Name='live', RevisionId=first['RevisionId'])


def test_missing(function, client):
    missing = f'{function.name}-unknown'
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{missing}:1', client.create_alias,
            FunctionName=missing, Name='live', FunctionVersion='1')
    refused('ResourceNotFoundException', f'Function not found: {function.arn}:10', client.create_alias,
            FunctionName=function.name, Name='live', FunctionVersion='10')
    refused('ResourceNotFoundException', f'Function not found: {function.arn}:10', client.create_alias,
            FunctionName=function.name, Name='live', FunctionVersion='1', RoutingConfig=weights(v10=0.5))
    refused('ResourceNotFoundException', f'Alias not found: {function.arn}:live', client.update_alias,
            FunctionName=function.name, Name='live')
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{missing}', client.list_aliases,
            FunctionName=missing)
    refused('ResourceNotFoundException', f'Function not found: {function.arn}:live', client.get_function,
            FunctionName=function.name, Qualifier='live')


def test_bad_weights(function, lax_client):
    def refuse(kind, text, version, routing):
        return refused(kind, text, lax_client.create_alias, FunctionName=function.name, Name='live',
                       FunctionVersion=version, RoutingConfig=routing)

    refuse('InvalidParameterValueException',
           'Number of items in AdditionalVersionWeights cannot be greater than 1', '1', weights(v1=0.8, v2=0.2))
    refuse('InvalidParameterValueException', 'Invalid function version 1. Function version 1 is already included '
           'in routing configuration.', '1', weights(v1=0.5))
    for share in 2.0, -1.0:
        refuse('ValidationException', f"1 validation error detected: Value '{{2={share}}}' at "
               f"'routingConfig.additionalVersionWeights' failed to satisfy constraint: {MAP_VALUE}",
               '1', weights(v2=share))
    refuse('ValidationException', "1 validation error detected: Value '{$LATEST=0.5}' at "
           f"'routingConfig.additionalVersionWeights' failed to satisfy constraint: {MAP_KEY}",
           '1', {'AdditionalVersionWeights': {'$LATEST': 0.5}})


def test_latest_takes_no_weights(function, client):
    with pytest.raises(client.exceptions.InvalidParameterValueException) as caught:
        create(client, function, 'live', '$LATEST', RoutingConfig=weights(v1=0.5))
    assert caught.value.response['message'] == '$LATEST is not supported for an alias pointing to more than 1 version'
    assert 'Type' not in caught.value.response


def test_names(function, lax_client):
    invalid(pattern('2024', 'name', RE_ALIAS), lax_client.create_alias,
            FunctionName=function.name, Name='2024', FunctionVersion='1')
    invalid(pattern('2024', 'name', RE_ALIAS), lax_client.delete_alias, FunctionName=function.name, Name='2024')
    refused('InvalidParameterValueException',
            'This operation is permitted on Lambda functions only. Aliases and versions do not support this '
            'operation. Please specify either a function name or an unqualified function ARN.',
            lax_client.create_alias, FunctionName=f'{function.name}:1', Name='live', FunctionVersion='1')


def test_list(function, client):
    made = [create(client, function, name, version) for name, version in
            (('b', '1'), ('a', '2'), ('C', '1'), ('a-1', '$LATEST'), ('c', '1'))]
    ordered = sorted(made, key=lambda alias: alias['Name'])
    pages = list(client.get_paginator('list_aliases').paginate(
        FunctionName=function.name, PaginationConfig={'PageSize': 2}))
    assert [page['Aliases'] for page in pages] == [ordered[:2], ordered[2:4], ordered[4:]]
    for version in '1', '2', '$LATEST':
        listed = client.list_aliases(FunctionName=function.name, FunctionVersion=version)['Aliases']
        assert listed == [alias for alias in ordered if alias['FunctionVersion'] == version]
    full = list(client.get_paginator('list_aliases').paginate(
        FunctionName=function.name, FunctionVersion='1', PaginationConfig={'PageSize': 1}))
    assert [[alias['Name'] for alias in page['Aliases']] for page in full] == [['C'], ['b'], ['c']]


@pytest.mark.parametrize('items, text', [
    (0, 'have value greater than or equal to 1'), (10001, 'have value less than or equal to 10000')])
def test_list_constraints(function, lax_client, items, text):
    invalid(constraint(items, 'maxItems', text), lax_client.list_aliases, FunctionName=function.name, MaxItems=items)


def test_as_qualifier(function, client):
    create(client, function)
    for named in {'FunctionName': function.name, 'Qualifier': 'live'}, {'FunctionName': f'{function.arn}:live'}:
        found = bare(client.get_function_configuration(**named))
        assert (found['FunctionArn'], found['Version']) == (f'{function.arn}:live', '1')
        assert bare(client.get_function(**named))['Configuration'] == found
    answer = function.invoke(Qualifier='live')
    assert (answer.json, answer.version) == ({'arn': f'{function.arn}:live', 'version': '1'}, '1')
    client.update_alias(FunctionName=function.name, Name='live', FunctionVersion='2')
    assert function.invoke(Qualifier='live').json['version'] == '2'


@pytest.mark.parametrize('share, chosen', [(1.0, '2'), (0.0, '1')])
def test_routing(function, client, share, chosen):
    create(client, function, RoutingConfig=weights(v2=share))
    for _ in range(5):
        answer = function.invoke(Qualifier='live')
        assert (answer.json, answer.version) == ({'arn': f'{function.arn}:live', 'version': chosen}, chosen)
    assert client.get_function_configuration(FunctionName=function.name, Qualifier='live')['Version'] == '1'


def routed(daemon, function, count):
    """Which versions so many invocations of the alias run."""
    connections, at_once = 4, 25
    request = Connection.request('POST', f'/2015-03-31/functions/{function.name}/invocations?Qualifier=live', b'{}')

    def some(_):
        chosen = collections.Counter()
        with Connection(daemon) as connection:
            for _ in range(count // connections // at_once):
                connection.send(request * at_once)
                answers = [connection.answer() for _ in range(at_once)]
                assert {answer.status for answer in answers} == {200}
                chosen.update(answer.headers['x-amz-executed-version'] for answer in answers)
        return chosen

    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(some, range(connections)), collections.Counter())


@pytest.mark.parametrize('share', [0.1, 0.5])
def test_weights(function, client, daemon, request, share):
    """Within three standard deviations of what is to be expected; chance alone is out of them once in 370 times."""
    count = 10000 if request.config.getoption('--long') else 1000
    create(client, function, RoutingConfig=weights(v2=share))
    bound = 3 * math.sqrt(count * share * (1 - share))
    for _ in range(2):
        chosen = routed(daemon, function, count)
        assert sum(chosen.values()) == count and set(chosen) == {'1', '2'}
        if abs(chosen['2'] - count * share) <= bound:
            return
    pytest.fail(f'{chosen} with a share of {share}')


def test_versions_in_use_cannot_be_deleted(function, client):
    create(client, function, 'a', RoutingConfig=weights(v2=0.5))
    create(client, function, 'b')
    for version, names in ('1', 'a, b'), ('2', 'a'):
        refused('ResourceConflictException',
                f'Unable to delete version because the following aliases reference it: [{names}]',
                client.delete_function, FunctionName=function.name, Qualifier=version)
    client.delete_alias(FunctionName=function.name, Name='a')
    client.delete_function(FunctionName=function.name, Qualifier='2')


def test_aliases_go_with_their_function(functions, client):
    function = functions.create(CODE)
    create(client, function, version='$LATEST')
    client.delete_function(FunctionName=function.name)
    refused('ResourceNotFoundException', f'Cannot find alias arn: {function.arn}:live', client.get_alias,
            FunctionName=function.name, Name='live')
    functions.create(CODE, FunctionName=function.name)
    assert client.list_aliases(FunctionName=function.name)['Aliases'] == []
    refused('InvalidParameterValueException', 'The provided marker is invalid.', client.list_aliases,
            FunctionName=function.name, Marker='x')
