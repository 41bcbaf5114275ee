# SPDX-License-Identifier: Apache-2.0
"""Reserved concurrency: the resource, the account's share, and what it does to invocations."""
import concurrent.futures
import time

import pytest

from support.errors import ARN, RE_B, constraint, invalid, pattern, refused
from support.functions import Factory, Function
from support.running import SECONDS, WAITING, Running
from support.waiting import health, until

CODE = 'def handler(event, context):\n    return event\n'
BELOW_MINIMUM = ("Specified ReservedConcurrentExecutions for function decreases account's "
                 'UnreservedConcurrentExecution below its minimum value of [100].')
UNQUALIFIED = ('This operation is permitted on Lambda functions only. Aliases and versions do not support this '
               'operation. Please specify either a function name or an unqualified function ARN.')
RESERVED = 'ReservedFunctionConcurrentInvocationLimitExceeded'
ACCOUNT = 'ConcurrentInvocationLimitExceeded'


def bare(answer, status=200):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == status
    return answer


def reserve(client, function, count):
    return bare(client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=count))


def unreserved(client):
    return client.get_account_settings()['AccountLimit']['UnreservedConcurrentExecutions']


def throttled(reason, function, **arguments):
    with pytest.raises(function.client.exceptions.TooManyRequestsException) as caught:
        function.client.invoke(FunctionName=function.name, Payload=b'{}', **arguments)
    response = caught.value.response
    assert response['ResponseMetadata']['HTTPStatusCode'] == 429
    assert (response['Reason'], response['message'], response['Type']) == (reason, 'Rate Exceeded.', 'User')


@pytest.fixture
def alone(own_daemon, connect):
    """(client, functions) of a daemon of our own."""
    client = connect(own_daemon.start().endpoint)
    return client, Factory(client)


def test_lifecycle(functions, client):
    function = functions.create(CODE)
    assert bare(client.get_function_concurrency(FunctionName=function.name)) == {}
    assert 'Concurrency' not in client.get_function(FunctionName=function.name)
    revision = function.configuration()['RevisionId']
    for count in 0, 1, 7:
        assert reserve(client, function, count) == {'ReservedConcurrentExecutions': count}
        assert bare(client.get_function_concurrency(FunctionName=function.name)) == \
            {'ReservedConcurrentExecutions': count}
        assert client.get_function(FunctionName=function.arn)['Concurrency'] == {'ReservedConcurrentExecutions': count}
    assert function.configuration()['RevisionId'] == revision
    bare(client.delete_function_concurrency(FunctionName=function.name), 204)
    bare(client.delete_function_concurrency(FunctionName=function.name), 204)
    assert bare(client.get_function_concurrency(FunctionName=function.name)) == {}
    assert 'Concurrency' not in client.get_function(FunctionName=function.name)


def test_refused(functions, client, lax_client):
    function = functions.create(CODE)
    missing = {'FunctionName': f'{function.name}-none'}
    for call, more in ((client.put_function_concurrency, {'ReservedConcurrentExecutions': 1}),
                       (client.get_function_concurrency, {}), (client.delete_function_concurrency, {})):
        refused('ResourceNotFoundException', f'Function not found: {ARN}:function:{function.name}-none', call,
                **missing, **more)
        refused('InvalidParameterValueException', UNQUALIFIED, call, FunctionName=f'{function.name}:1', **more)
    invalid(constraint('-1', 'reservedConcurrentExecutions', 'have value greater than or equal to 0'),
            lax_client.put_function_concurrency, FunctionName=function.name, ReservedConcurrentExecutions=-1)
    invalid(constraint(None, 'reservedConcurrentExecutions', 'not be null'),
            lax_client.put_function_concurrency, FunctionName=function.name)
    invalid(pattern('no!', 'functionName', RE_B),
            lax_client.put_function_concurrency, FunctionName='no!', ReservedConcurrentExecutions=1)


def refused_untyped(text, call, **arguments):
    with pytest.raises(Exception) as caught:
        call(**arguments)
    response = caught.value.response
    assert response['Error']['Code'] == 'InvalidParameterValueException'
    assert response['message'] == text
    assert 'Type' not in response


def test_share_of_the_account(alone):
    client, functions = alone
    one, two = functions.create(CODE), functions.create(CODE)
    assert unreserved(client) == 1000
    reserve(client, one, 900)
    assert unreserved(client) == 100
    refused_untyped(BELOW_MINIMUM, client.put_function_concurrency, FunctionName=one.name,
                    ReservedConcurrentExecutions=901)
    refused_untyped(BELOW_MINIMUM, client.put_function_concurrency, FunctionName=two.name,
                    ReservedConcurrentExecutions=1)
    reserve(client, two, 0)
    reserve(client, one, 899)
    reserve(client, two, 1)
    assert unreserved(client) == 100
    client.delete_function_concurrency(FunctionName=two.name)
    assert unreserved(client) == 101
    client.delete_function(FunctionName=one.name)
    assert unreserved(client) == 1000
    again = Factory(client).create(CODE, FunctionName=one.name)
    assert bare(client.get_function_concurrency(FunctionName=again.name)) == {}


def test_at_the_same_time(alone):
    """Each is judged by what the others are about to get, too."""
    client, functions = alone
    several = [functions.create(CODE) for _ in range(8)]

    def attempt(function):
        try:
            return reserve(client, function, 200)['ReservedConcurrentExecutions']
        except client.exceptions.InvalidParameterValueException:
            return 0

    with concurrent.futures.ThreadPoolExecutor(len(several)) as pool:
        assert sum(pool.map(attempt, several)) == 800
    assert unreserved(client) == 200


def test_survives_a_kill(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(CODE)
    reserve(client, function, 0)
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    function = Function(client, function.name, function.created)
    assert unreserved(client) == 1000
    assert bare(client.get_function_concurrency(FunctionName=function.name)) == {'ReservedConcurrentExecutions': 0}
    throttled(RESERVED, function)
    reserve(client, function, 5)
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert unreserved(client) == 995
    assert Function(client, function.name, function.created).invoke('x').json == 'x'


def test_zero_stops_the_function(functions, client):
    function = functions.create(CODE)
    client.publish_version(FunctionName=function.name)
    assert function.invoke('x').json == 'x'
    reserve(client, function, 0)
    throttled(RESERVED, function)
    throttled(RESERVED, function, Qualifier='1')
    client.delete_function_concurrency(FunctionName=function.name)
    assert function.invoke('x').json == 'x'
    reserve(client, function, 0)
    client.delete_function(FunctionName=function.name)
    again = functions.create(CODE, FunctionName=function.name)
    assert again.invoke('x').json == 'x'


def test_as_many_as_are_reserved(own_daemon, alone):
    client, functions = alone
    function = functions.create(WAITING, Timeout=SECONDS)
    reserve(client, function, 2)
    running = Running(own_daemon, function, 2)
    throttled(RESERVED, function)
    reserve(client, function, 3)
    more = Running(own_daemon, function, 1, 2)
    throttled(RESERVED, function)
    reserve(client, function, 1)
    throttled(RESERVED, function)
    client.delete_function_concurrency(FunctionName=function.name)
    last = Running(own_daemon, function, 1, 3)
    for one in running, more, last:
        assert set(one.end()) == {'done'}


def test_others_get_what_is_left(own_daemon, alone, connect):
    """What is reserved stays free, and what is not is all that the others share."""
    client, functions = alone
    kept = functions.create(CODE)
    waiting = functions.create(WAITING, Timeout=SECONDS)
    reserve(client, kept, 2)
    own_daemon.restart('--concurrency-limit', '3')
    client = connect(own_daemon.endpoint)
    kept, waiting = (Function(client, f.name, f.created) for f in (kept, waiting))
    assert unreserved(client) == 1
    running = Running(own_daemon, waiting, 1)
    throttled(ACCOUNT, waiting)
    assert kept.invoke('x').json == 'x'
    client.delete_function_concurrency(FunctionName=kept.name)
    more = Running(own_daemon, waiting, 2, 1)
    throttled(ACCOUNT, waiting)
    throttled(ACCOUNT, kept)
    running.end()
    more.end()


# Growth

def test_growth_is_bounded(own_daemon, connect):
    """One environment in ten seconds: of many invocations at once the others are throttled."""
    client = connect(own_daemon.start('--scale-up-per-10s', '1').endpoint)
    function, other = (Factory(client).create(CODE) for _ in range(2))
    begin = time.monotonic()

    def attempt(_):
        try:
            return function.invoke('x').json
        except client.exceptions.TooManyRequestsException as error:
            assert (error.response['Reason'], error.response['message']) == (ACCOUNT, 'Rate Exceeded.')
            return None

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(attempt, range(20)))
    environments = health(own_daemon)['environments']
    assert 1 <= environments <= 1 + (time.monotonic() - begin) / 10
    assert answers.count('x') >= 1
    assert None in answers
    # What is there serves on, however often.
    assert [function.invoke(n).json for n in range(5)] == list(range(5))
    assert other.invoke('y').json == 'y'


def test_growth_without_bound(own_daemon, connect):
    client = connect(own_daemon.start('--scale-up-per-10s', '0').endpoint)
    function = Factory(client).create(WAITING, Timeout=SECONDS)
    running = Running(own_daemon, function, 8)
    until(lambda: health(own_daemon)['environments'] == 8, 'not one for each')
    assert running.end() == ['done'] * 8
