# SPDX-License-Identifier: Apache-2.0
"""What was acknowledged survives kill -9 and restart."""
import pytest

from support.functions import PYTHON, ROLE, Factory, Function
from support.zips import make_zip

CODE = 'import os\ndef handler(event, context):\n    return [%r, os.environ.get("AB")]\n'


def create(client, name, value, **more):
    return client.create_function(FunctionName=name, Runtime=PYTHON, Handler='app.handler', Role=ROLE,
                                  Code={'ZipFile': make_zip({'app.py': CODE % value})}, **more)


def snapshot(client):
    """Everything that the API tells about all functions, states apart."""
    result = {}
    for item in client.list_functions()['Functions']:
        name = item['FunctionName']
        item.pop('RevisionId')
        result[name] = (item, client.list_tags(Resource=item['FunctionArn'])['Tags'],
                        [v['FunctionArn'] for v in client.list_versions_by_function(FunctionName=name)['Versions']])
    return result


@pytest.mark.parametrize('how', ['kill', 'stop'])
def test_restart(own_daemon, connect, how):
    client = connect(own_daemon.start().endpoint)
    factory = Factory(client)
    plain = factory.create(CODE % 'plain')
    rich = factory.create(CODE % 'rich', Tags={'a': 'b'}, Environment={'Variables': {'AB': 'x'}}, Timeout=9,
                          Description='ünï')
    client.publish_version(FunctionName=rich.name)
    client.update_function_code(FunctionName=rich.name, ZipFile=make_zip({'app.py': CODE % 'newer'}))
    rich.wait_updated()
    gone = factory.create(CODE % 'gone')
    client.delete_function(FunctionName=gone.name)
    before = snapshot(client)
    getattr(own_daemon, how)()
    client = connect(own_daemon.start().endpoint)
    assert snapshot(client) == before
    assert sorted(before) == sorted([plain.name, rich.name])
    for function, qualifier, value in ((plain, '$LATEST', ['plain', None]), (rich, '$LATEST', ['newer', 'x']),
                                       (rich, '1', ['rich', 'x'])):
        again = Function(client, function.name, function.created).wait_active()
        assert again.invoke(Qualifier=qualifier).json == value


def test_kill_right_after_each_answer(own_daemon, connect):
    """Killed as soon as the answer is in, with no time to settle: nothing acknowledged is missing."""
    expected = {}
    for i in range(6):
        client = connect(own_daemon.start().endpoint)
        assert {n: v[0]['Description'] for n, v in snapshot(client).items()} == expected
        name = f'f{i}'
        create(client, name, name, Description='created')
        expected[name] = 'created'
        if i % 2:
            Function(client, name, {}).wait_active()
            client.update_function_configuration(FunctionName=name, Description='updated')
            expected[name] = 'updated'
        if i % 3 == 2:
            client.delete_function(FunctionName='f0' if 'f0' in expected else name)
            expected.pop('f0' if 'f0' in expected else name)
        own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    for name in expected:
        function = Function(client, name, {}).wait_active()
        assert function.configuration()['LastUpdateStatus'] == 'Successful'
        assert function.invoke().json == [name, None]


def test_versions_are_not_reused_after_restart(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(CODE % 'one', Publish=True)
    client.delete_function(FunctionName=function.name, Qualifier='1')
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    client.update_function_configuration(FunctionName=function.name, Description='x')
    Function(client, function.name, {}).wait_updated()
    assert client.publish_version(FunctionName=function.name)['Version'] == '2'


@pytest.mark.long
@pytest.mark.timeout(600)
def test_crash_loop(own_daemon, connect):
    """Forty times: change things from several threads, kill at a random moment, compare with what was answered."""
    import random
    import threading

    import botocore.exceptions
    seed = random.randrange(2**32)
    print('seed', seed)
    chance = random.Random(seed)
    known = {}  # name: description that was acknowledged; a set of two when the last change was not answered

    def work(client, names):
        for name in names:
            old = known.get(name, set())
            new = f'{name}-{chance.random()}'
            known[name] = old | {new}
            try:
                if None in old or not old:
                    create(client, name, name, Description=new)
                else:
                    client.update_function_configuration(FunctionName=name, Description=new)
                known[name] = {new}
            except client.exceptions.ResourceConflictException:
                known[name] = old or {new}
            except (botocore.exceptions.ConnectionError, botocore.exceptions.HTTPClientError):
                known[name] = (old or {None}) | {new}
                return

    for _ in range(40):
        client = connect(own_daemon.start().endpoint)
        now = {item['FunctionName']: item['Description'] for item in client.list_functions()['Functions']}
        for name, allowed in list(known.items()):
            assert now.get(name) in allowed, (seed, name, now.get(name), allowed)
            known[name] = {now.get(name)}
        threads = [threading.Thread(target=work, args=(client, [f't{t}-{i}' for i in range(5)])) for t in range(4)]
        for thread in threads:
            thread.start()
        threads[chance.randrange(4)].join(chance.random() * 0.3)
        own_daemon.kill()
        for thread in threads:
            thread.join()
