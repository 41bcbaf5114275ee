# SPDX-License-Identifier: Apache-2.0
"""Provisioned concurrency of versions and aliases: the resource, and the environments that it stands for."""
import re

import pytest

from support.errors import ARN, constraint, invalid, refused
from support.functions import Factory, Function
from support.running import SECONDS, WAITING, Running
from support.waiting import health, until

# Tells environments apart, and in the log that one has initialised.
CODE = '''
    import uuid
    MINE = str(uuid.uuid4())
    print("initialised " + MINE, flush=True)

    def handler(event, context):
        return MINE
    '''
NONE = 'No Provisioned Concurrency Config found for this function'
NEITHER = 'The function resource provided must be an alias or a published version.'


@pytest.fixture
def function(functions, client):
    """A function with two versions, and an alias of the first."""
    return with_versions(functions, client)


def with_versions(functions, client):
    function = functions.create(CODE)
    client.publish_version(FunctionName=function.name)
    client.update_function_configuration(FunctionName=function.name, Description='second')
    function.wait_updated()
    client.publish_version(FunctionName=function.name)
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    return function


@pytest.fixture
def alone(own_daemon, connect):
    """(client, function) of a daemon of our own."""
    client = connect(own_daemon.start().endpoint)
    return client, with_versions(Factory(client), client)


def bare(answer, status=200):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == status
    return answer


def put(client, function, qualifier, count):
    return bare(client.put_provisioned_concurrency_config(
        FunctionName=function.name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count), 202)


def get(client, function, qualifier):
    return bare(client.get_provisioned_concurrency_config(FunctionName=function.name, Qualifier=qualifier))


def settled(client, function, qualifier):
    """As it is when it is no longer under way."""
    def found():
        answer = get(client, function, qualifier)
        return answer if answer['Status'] != 'IN_PROGRESS' else None
    return until(found, 'it stays in progress')


def delete(client, function, qualifier):
    bare(client.delete_provisioned_concurrency_config(FunctionName=function.name, Qualifier=qualifier), 204)


def listed(client, function, **arguments):
    answer = bare(client.list_provisioned_concurrency_configs(FunctionName=function.name, **arguments))
    return [item['FunctionArn'] for item in answer['ProvisionedConcurrencyConfigs']]


def unreserved(client):
    return client.get_account_settings()['AccountLimit']['UnreservedConcurrentExecutions']


def has_none(client, function, qualifier):
    with pytest.raises(client.exceptions.ProvisionedConcurrencyConfigNotFoundException) as caught:
        get(client, function, qualifier)
    response = caught.value.response
    assert response['ResponseMetadata']['HTTPStatusCode'] == 404
    assert (response['message'], response['Type']) == (NONE, 'User')


def refused_untyped(text, *arguments):
    with pytest.raises(arguments[0].exceptions.InvalidParameterValueException) as caught:
        put(*arguments)
    assert caught.value.response['message'] == text
    assert 'Type' not in caught.value.response


@pytest.mark.parametrize('qualifier', ['1', 'live'])
def test_lifecycle(function, client, qualifier):
    revision = function.configuration(Qualifier=qualifier)['RevisionId']
    has_none(client, function, qualifier)
    made = put(client, function, qualifier, 2)
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000', made['LastModified'])
    assert made == {'RequestedProvisionedConcurrentExecutions': 2, 'AvailableProvisionedConcurrentExecutions': 0,
                    'AllocatedProvisionedConcurrentExecutions': 0, 'Status': 'IN_PROGRESS',
                    'LastModified': made['LastModified']}
    ready = {'RequestedProvisionedConcurrentExecutions': 2, 'AvailableProvisionedConcurrentExecutions': 2,
             'AllocatedProvisionedConcurrentExecutions': 2, 'Status': 'READY', 'LastModified': made['LastModified']}
    assert settled(client, function, qualifier) == ready
    answer = bare(client.list_provisioned_concurrency_configs(FunctionName=function.name))
    assert answer == {'ProvisionedConcurrencyConfigs': [{'FunctionArn': f'{function.arn}:{qualifier}', **ready}]}
    put(client, function, qualifier, 1)
    less = settled(client, function, qualifier)
    for what in 'Requested', 'Allocated', 'Available':
        assert less[f'{what}ProvisionedConcurrentExecutions'] == 1
    assert function.invoke(Qualifier=qualifier).error is None
    assert function.configuration(Qualifier=qualifier)['RevisionId'] != revision
    delete(client, function, qualifier)
    delete(client, function, qualifier)
    has_none(client, function, qualifier)
    assert listed(client, function) == []


def test_missing(function, client):
    calls = ((client.put_provisioned_concurrency_config, {'ProvisionedConcurrentExecutions': 1}),
             (client.get_provisioned_concurrency_config, {}), (client.delete_provisioned_concurrency_config, {}))
    for call, more in calls:
        for name in function.name, f'{function.name}-none':
            refused('ResourceNotFoundException', f'Cannot find alias arn: {ARN}:function:{name}:nope', call,
                    FunctionName=name, Qualifier='nope', **more)
            refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{name}:42', call,
                    FunctionName=name, Qualifier='42', **more)
    refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{function.name}-none',
            client.list_provisioned_concurrency_configs, FunctionName=f'{function.name}-none')


def test_unpublished(function, client):
    refused('InvalidParameterValueException',
            'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
            client.put_provisioned_concurrency_config, FunctionName=function.name, Qualifier='$LATEST',
            ProvisionedConcurrentExecutions=1)
    for call in client.get_provisioned_concurrency_config, client.delete_provisioned_concurrency_config:
        refused('InvalidParameterValueException', NEITHER, call, FunctionName=function.name, Qualifier='$LATEST')


def test_bad_input(function, lax_client):
    invalid(constraint('0', 'provisionedConcurrentExecutions', 'have value greater than or equal to 1'),
            lax_client.put_provisioned_concurrency_config, FunctionName=function.name, Qualifier='1',
            ProvisionedConcurrentExecutions=0)
    refused('InvalidParameterValueException',
            'The derived qualifier from the function name does not match the specified qualifier.',
            lax_client.get_provisioned_concurrency_config, FunctionName=f'{function.name}:1', Qualifier='2')


def test_version_and_its_alias_exclude_each_other(function, client):
    put(client, function, '1', 1)
    refused('ResourceConflictException',
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
            put, client, function, 'live', 1)
    put(client, function, '2', 1)
    put(client, function, '1', 2)
    delete(client, function, '1')
    put(client, function, 'live', 1)
    refused('ResourceConflictException', 'Version is pointed by a Provisioned Concurrency alias',
            put, client, function, '1', 1)
    put(client, function, 'live', 2)
    client.create_alias(FunctionName=function.name, Name='other', FunctionVersion='1')
    put(client, function, 'other', 1)


def test_share_of_the_account(own_daemon, connect):
    client = connect(own_daemon.start('--concurrency-limit', '106').endpoint)
    function = with_versions(Factory(client), client)
    put(client, function, '1', 2)
    assert unreserved(client) == 104
    put(client, function, '2', 1)
    assert unreserved(client) == 103
    refused_untyped("Specified ConcurrentExecutions for function is greater than account's unreserved concurrency "
                    '[104].', client, function, '2', 105)
    refused_untyped("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
                    'below its minimum value of [100].', client, function, '2', 5)
    put(client, function, '2', 4)
    assert unreserved(client) == 100
    put(client, function, '2', 3)
    delete(client, function, '2')
    assert unreserved(client) == 104
    client.delete_function(FunctionName=function.name)
    assert unreserved(client) == 106


def test_beside_a_reservation(alone):
    client, function = alone
    above = 'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function'
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=4)
    put(client, function, '1', 2)
    refused('InvalidParameterValueException', above, put, client, function, '2', 3)
    put(client, function, '2', 2)
    assert unreserved(client) == 996
    refused('InvalidParameterValueException', " ReservedConcurrentExecutions  3 should not be lower than function's "
            'total provisioned concurrency [4].', client.put_function_concurrency, FunctionName=function.name,
            ReservedConcurrentExecutions=3)
    client.delete_function_concurrency(FunctionName=function.name)
    assert unreserved(client) == 996
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=900)
    assert unreserved(client) == 100
    refused('InvalidParameterValueException', above, put, client, function, '2', 899)


def test_list_pages(function, client):
    for name in 'b', 'a', 'C':
        client.create_alias(FunctionName=function.name, Name=name, FunctionVersion='1')
        put(client, function, name, 1)
    put(client, function, '2', 1)
    whole = [f'{function.arn}:{name}' for name in ('2', 'C', 'a', 'b')]
    assert listed(client, function) == whole
    paginator = client.get_paginator('list_provisioned_concurrency_configs')
    pages = list(paginator.paginate(FunctionName=function.name, PaginationConfig={'PageSize': 3}))
    assert [[item['FunctionArn'] for item in page['ProvisionedConcurrencyConfigs']] for page in pages] == \
        [whole[:3], whole[3:]]
    assert 'NextMarker' in pages[0] and 'NextMarker' not in pages[1]


def test_list_refuses(function, lax_client):
    invalid(constraint('51', 'maxItems', 'have value less than or equal to 50'),
            lax_client.list_provisioned_concurrency_configs, FunctionName=function.name, MaxItems=51)


def test_goes_with_its_qualifier(function, client):
    put(client, function, 'live', 1)
    put(client, function, '2', 1)
    client.delete_alias(FunctionName=function.name, Name='live')
    client.delete_function(FunctionName=function.name, Qualifier='2')
    assert listed(client, function) == []
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    has_none(client, function, 'live')


# The environments


def initialised(daemon, count):
    """Which environments have ever initialised, by the log, which says so a little later; at least so many."""
    def found():
        texts = (path.read_text(errors='replace') for path in (daemon.state_dir / 'logs').rglob('*.log'))
        mine = {mine for text in texts for mine in re.findall(r'initialised ([0-9a-f-]{36})', text)}
        return mine if len(mine) >= count else None
    return until(found, f'there are not {count}')


def is_ready(client, function, qualifier, count):
    answer = settled(client, function, qualifier)
    assert (answer['Status'], answer['AvailableProvisionedConcurrentExecutions']) == ('READY', count), answer


def test_environments_are_there_before_the_first_invocation(own_daemon, alone):
    client, function = alone
    put(client, function, 'live', 2)
    is_ready(client, function, 'live', 2)
    assert health(own_daemon)['environments'] == 2
    assert health(own_daemon)['invocations'] == 0
    ahead = initialised(own_daemon, 2)
    assert len(ahead) == 2
    assert function.invoke(Qualifier='live').json in ahead
    assert function.invoke(Qualifier='1').json in ahead
    assert function.invoke(Qualifier='2').json not in ahead


def test_what_functions_see(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(
        'import os\ndef handler(event, context):\n    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]\n')
    client.publish_version(FunctionName=function.name)
    put(client, function, '1', 1)
    is_ready(client, function, '1', 1)
    first = function.invoke(Qualifier='1', tail=True)
    assert first.json == 'provisioned-concurrency'
    assert 'Init Duration: ' in first.log  # told by the first one, though it did not wait for it
    assert function.invoke().json == 'on-demand'


def throttled(client, function, reason, **arguments):
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        function.invoke(**arguments)
    response = caught.value.response
    assert (response['Reason'], response['message'], response['Type']) == (reason, 'Rate Exceeded.', 'User')


def test_spill_over(own_daemon, connect):
    """What comes beyond the provisioned environments is run by others, of what functions share."""
    client = connect(own_daemon.start('--concurrency-limit', '104').endpoint)
    function = Factory(client).create(WAITING, Timeout=SECONDS)
    client.publish_version(FunctionName=function.name)
    put(client, function, '1', 2)
    is_ready(client, function, '1', 2)
    running = Running(own_daemon, function, 3, payload='', Qualifier='1')
    own_daemon.wait_for_log('runs on-demand')
    assert sorted(running.end()) == ['on-demand', 'provisioned-concurrency', 'provisioned-concurrency']


def test_all_that_is_reserved_is_provisioned(own_daemon, alone):
    """Then versions without any are throttled; what is provisioned moves with its alias."""
    client, function = alone
    client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    put(client, function, 'live', 1)
    reserved = 'ReservedFunctionConcurrentInvocationLimitExceeded'

    def run(qualifier):
        assert function.invoke(Qualifier=qualifier).error is None
        # The answer comes a little before the end.
        until(lambda: health(own_daemon)['invocationsInFlight'] == 0, 'it does not end')

    run('live')
    run('1')
    throttled(client, function, reserved)
    throttled(client, function, reserved, Qualifier='2')
    client.update_alias(FunctionName=function.name, Name='live', FunctionVersion='2')
    run('live')
    run('2')
    throttled(client, function, reserved)
    throttled(client, function, reserved, Qualifier='1')
    delete(client, function, 'live')
    run('$LATEST')


def test_what_is_provisioned_is_not_shared(own_daemon, connect):
    """Not by other versions of the same function either."""
    client = connect(own_daemon.start('--concurrency-limit', '101').endpoint)
    function = Factory(client).create(WAITING, Timeout=SECONDS)
    client.publish_version(FunctionName=function.name)
    put(client, function, '1', 1)
    is_ready(client, function, '1', 1)
    own_daemon.restart('--concurrency-limit', '2')
    client = connect(own_daemon.endpoint)
    function = Function(client, function.name, function.created)
    running = Running(own_daemon, function, 1)
    throttled(client, function, 'ConcurrentInvocationLimitExceeded')
    own = Running(own_daemon, function, 1, 1, Qualifier='1')
    throttled(client, function, 'ConcurrentInvocationLimitExceeded', Qualifier='1')
    assert running.end() + own.end() == ['done', 'done']


def test_survives_a_kill(own_daemon, alone, connect):
    client, function = alone
    put(client, function, '2', 2)
    put(client, function, 'live', 1)
    before = settled(client, function, 'live')
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert settled(client, function, 'live') == before
    is_ready(client, function, '2', 2)
    assert health(own_daemon)['invocations'] == 0
    assert listed(client, function) == [f'{function.arn}:2', f'{function.arn}:live']
    assert unreserved(client) == 997


def test_follows_its_alias(own_daemon, alone):
    client, function = alone
    put(client, function, 'live', 1)
    is_ready(client, function, 'live', 1)
    client.update_alias(FunctionName=function.name, Name='live', FunctionVersion='2')
    is_ready(client, function, 'live', 1)
    before = initialised(own_daemon, 2)
    assert function.invoke(Qualifier='2').json in before


def test_failed_init(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create('raise RuntimeError("never")\n')
    client.publish_version(FunctionName=function.name)
    put(client, function, '1', 1)
    answer = settled(client, function, '1')
    assert (answer['Status'], answer['StatusReason']) == ('FAILED', 'FUNCTION_ERROR_INIT_FAILURE')
    assert answer['AllocatedProvisionedConcurrentExecutions'] == answer['AvailableProvisionedConcurrentExecutions'] == 0
    assert function.invoke(Qualifier='1').json['errorMessage'] == 'never'
    delete(client, function, '1')
    has_none(client, function, '1')


def test_others_do_not_take_its_environment(own_daemon, connect):
    client = connect(own_daemon.start('--environments-max', '2').endpoint)
    functions = Factory(client)
    function = with_versions(functions, client)
    put(client, function, '1', 1)
    is_ready(client, function, '1', 1)
    mine = function.invoke(Qualifier='1').json
    others = [functions.create(CODE) for _ in range(3)]
    assert len({other.invoke().json for other in others}) == 3
    assert function.invoke(Qualifier='1').json == mine


def test_something_is_left_for_others(own_daemon, connect):
    """As many as are asked for cannot be kept: then there are fewer, and nobody waits for ever."""
    client = connect(own_daemon.start('--environments-max', '3').endpoint)
    functions = Factory(client)
    function, other = with_versions(functions, client), functions.create(CODE)
    put(client, function, '1', 4)
    until(lambda: get(client, function, '1')['AvailableProvisionedConcurrentExecutions'] == 2, 'they do not start')
    for _ in range(3):
        assert other.invoke().error is None
        assert function.invoke(Qualifier='2').error is None
    answer = get(client, function, '1')
    assert (answer['Status'], answer['AllocatedProvisionedConcurrentExecutions']) == ('IN_PROGRESS', 2)
    put(client, function, '1', 2)
    is_ready(client, function, '1', 2)


def test_room_that_comes_later(own_daemon, connect):
    """What could not be started ahead is started when others let go."""
    client = connect(own_daemon.start('--environments-max', '2').endpoint)
    functions = Factory(client)
    first, second = with_versions(functions, client), with_versions(functions, client)
    put(client, first, '1', 1)
    is_ready(client, first, '1', 1)
    put(client, second, '1', 1)
    assert get(client, second, '1')['Status'] == 'IN_PROGRESS'
    delete(client, first, '1')
    is_ready(client, second, '1', 1)


def test_an_environment_that_ends_is_replaced(own_daemon, connect):
    client = connect(own_daemon.start('--idle-stop-s', '1').endpoint)
    function = with_versions(Factory(client), client)
    put(client, function, '1', 1)
    initialised(own_daemon, 3)
    delete(client, function, '1')
    until(lambda: health(own_daemon)['environments'] == 0, 'it is replaced for ever')


@pytest.mark.parametrize('what', [{'Qualifier': '2'}, {}], ids=['version', 'function'])
def test_deleted_with_what_they_are_for(own_daemon, alone, what):
    client, function = alone
    put(client, function, '2', 2)
    is_ready(client, function, '2', 2)
    client.delete_function(FunctionName=function.name, **what)
    until(lambda: health(own_daemon)['environments'] == 0, 'they are still there')
