# SPDX-License-Identifier: Apache-2.0
"""Whether a function may call itself in a loop, as a setting."""
from support.errors import ARN, constraint, invalid, refused
from support.function_urls import Url
from support.functions import Factory

CODE = 'def handler(event, context):\n    return event\n'


def put(client, function, what):
    return client.put_function_recursion_config(FunctionName=function.name, RecursiveLoop=what)['RecursiveLoop']


def get(client, function):
    return client.get_function_recursion_config(FunctionName=function.name)['RecursiveLoop']


def test_lifecycle(functions, client):
    function = functions.create(CODE)
    revision = function.configuration()['RevisionId']
    assert get(client, function) == 'Terminate'
    for what in 'Allow', 'Terminate', 'Allow':
        assert put(client, function, what) == what
        assert get(client, function) == what
    assert function.configuration()['RevisionId'] == revision
    client.delete_function(FunctionName=function.name)
    functions.create(CODE, FunctionName=function.name)
    assert get(client, function) == 'Terminate'


def test_refused(functions, client, lax_client):
    function = functions.create(CODE)
    missing = f'{function.name}-none'
    text = f'Function not found: {ARN}:function:{missing}'
    refused('ResourceNotFoundException', text, client.get_function_recursion_config, FunctionName=missing)
    refused('ResourceNotFoundException', text, client.put_function_recursion_config, FunctionName=missing,
            RecursiveLoop='Allow')
    invalid(constraint('InvalidValue', 'recursiveLoop', 'satisfy enum value set: [Terminate, Allow]'),
            lax_client.put_function_recursion_config, FunctionName=function.name, RecursiveLoop='InvalidValue')


def test_survives_a_kill(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(CODE)
    put(client, function, 'Allow')
    own_daemon.kill()
    assert get(connect(own_daemon.start().endpoint), function) == 'Allow'


def test_loops_through_urls_are_not_stopped(functions, client, daemon):
    """Only those through Invoke and the services that AWS names; the trace remembers the rounds all the same."""
    function = functions.create('import os\ndef handler(event, context):\n    return os.environ["_X_AMZN_TRACE_ID"]\n')
    url = Url(daemon, client.create_function_url_config(FunctionName=function.name, AuthType='NONE'))
    client.add_permission(FunctionName=function.name, StatementId='all', Principal='*',
                          Action='lambda:InvokeFunctionUrl', FunctionUrlAuthType='NONE')
    trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0'
    for count in range(20):
        answer = url.ask('/', f'X-Amzn-Trace-Id: {trace}')
        assert answer.status == 200, answer
        trace = answer.body.decode()
        assert trace.endswith(f':{count}'), trace
