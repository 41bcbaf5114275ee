# SPDX-License-Identifier: Apache-2.0
"""Layers as resources: versions, lists, policies, and functions that name them."""
import base64
import concurrent.futures
import hashlib
import re
import urllib.request

import pytest

from support.errors import ARN, constraint, invalid, refused
from support.functions import PYTHON, ROLE, Factory
from support.layers import Layers
from support.zips import make_zip

ZIP = make_zip({'python/greeting.py': 'TEXT = "hello"\n'})
OTHER_ZIP = make_zip({'python/greeting.py': 'TEXT = "good evening"\n'})
APP = 'def handler(event, context):\n    return 1\n'
MISSING = 'The resource you requested does not exist.'
LESS_THAN_1 = 'Layer Version Cannot be less than 1'
NO_POLICY = 'No policy is associated with the given resource.'
REVISION = ('The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve '
            'the latest Revision Id')
OTHER_ACCOUNT = '111122223333'
LAYER_VERSION = (r'(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:'
                 r'[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)')


@pytest.fixture
def layers(client):
    layers = Layers(client)
    yield layers
    layers.clean()


@pytest.fixture(scope='module')
def stranger(daemon, connect):
    """Somebody of another account."""
    return connect(daemon.endpoint, access_key=OTHER_ACCOUNT)


def name_of(layer):
    return layer['LayerArn'].rsplit(':', 1)[1]


def numbers(answer):
    return [item['Version'] for item in answer['LayerVersions']]


def denied(action, arn, account=OTHER_ACCOUNT):
    return (f'User: arn:aws:iam::{account}:root is not authorized to perform: lambda:{action} on resource: {arn} '
            f'because no resource-based policy allows the lambda:{action} action')


def test_publish(client, layers):
    name = layers.name()
    answer = client.publish_layer_version(
        LayerName=name, Content={'ZipFile': ZIP}, Description='ünï', LicenseInfo='MIT',
        CompatibleRuntimes=['python3.12', 'nodejs14.x'], CompatibleArchitectures=['arm64', 'x86_64'])
    layers.published.append(answer)
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 201
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000', answer['CreatedDate'])
    with urllib.request.urlopen(answer['Content'].pop('Location')) as package:
        assert package.read() == ZIP
    assert {k: v for k, v in answer.items() if k not in ('ResponseMetadata', 'CreatedDate')} == {
        'Content': {'CodeSha256': base64.b64encode(hashlib.sha256(ZIP).digest()).decode(), 'CodeSize': len(ZIP)},
        'LayerArn': f'{ARN}:layer:{name}', 'LayerVersionArn': f'{ARN}:layer:{name}:1', 'Version': 1,
        'Description': 'ünï', 'LicenseInfo': 'MIT', 'CompatibleRuntimes': ['python3.12', 'nodejs14.x'],
        'CompatibleArchitectures': ['arm64', 'x86_64']}


def test_publish_little(layers):
    """What was not said is not there, except for the description."""
    answer = layers.publish(ZIP)
    assert set(answer) == {'Content', 'LayerArn', 'LayerVersionArn', 'Description', 'CreatedDate', 'Version'}
    assert answer['Description'] == ''
    empty = layers.publish(ZIP, CompatibleRuntimes=[], CompatibleArchitectures=[])
    assert (empty['CompatibleRuntimes'], empty['CompatibleArchitectures']) == ([], [])


def test_get(client, layers):
    published = layers.publish(ZIP, Description='d', CompatibleRuntimes=['ruby3.3'])
    name, arn = name_of(published), published['LayerVersionArn']
    published['Content'].pop('Location')
    for answer in (client.get_layer_version(LayerName=name, VersionNumber=1),
                   client.get_layer_version(LayerName=published['LayerArn'], VersionNumber=1),
                   client.get_layer_version_by_arn(Arn=arn)):
        assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == 200
        with urllib.request.urlopen(answer['Content'].pop('Location')) as package:
            assert package.read() == ZIP
        assert answer == published


def test_get_errors(client, layers, lax_client):
    layer = layers.publish(ZIP)
    name = name_of(layer)
    for layer_name, number in (('nope', 1), (name, 2), (f'arn:aws:lambda:eu-west-1:000000000000:layer:{name}', 1)):
        refused('ResourceNotFoundException', MISSING, client.get_layer_version, LayerName=layer_name,
                VersionNumber=number)
    for number in (0, -1):
        refused('InvalidParameterValueException', LESS_THAN_1, client.get_layer_version, LayerName=name,
                VersionNumber=number)
        refused('InvalidParameterValueException', LESS_THAN_1, client.delete_layer_version, LayerName=name,
                VersionNumber=number)
    for arn in (f'{layer["LayerArn"]}:2', f'{layer["LayerArn"]}:99999999999999999999',
                'arn:aws:lambda:::awslayer:AmazonLinux1803',
                layer['LayerVersionArn'].replace('us-east-1', 'eu-west-1')):
        refused('ResourceNotFoundException', MISSING, client.get_layer_version_by_arn, Arn=arn)
    invalid(constraint(layer['LayerArn'], 'arn', f'satisfy regular expression pattern: {LAYER_VERSION}'),
            lax_client.get_layer_version_by_arn, Arn=layer['LayerArn'])


def test_numbers_are_not_given_again(client, layers):
    name = layers.name()
    assert [layers.publish(ZIP, name=name)['Version'] for _ in range(3)] == [1, 2, 3]
    assert numbers(client.list_layer_versions(LayerName=name)) == [3, 2, 1]
    answer = client.delete_layer_version(LayerName=name, VersionNumber=2)
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    client.delete_layer_version(LayerName=name, VersionNumber=2)
    assert numbers(client.list_layer_versions(LayerName=name)) == [3, 1]
    for number in (3, 1):
        client.delete_layer_version(LayerName=name, VersionNumber=number)
    assert client.list_layer_versions(LayerName=name)['LayerVersions'] == []
    assert name not in {layer['LayerName'] for layer in client.list_layers()['Layers']}
    assert layers.publish(ZIP, name=name)['Version'] == 4


def test_publish_at_the_same_time(client, layers):
    """Each gets a number of its own."""
    name = layers.name()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: layers.publish({'i.txt': str(i)}, name=name), range(8)))
    assert sorted(answer['Version'] for answer in answers) == list(range(1, 9))
    assert numbers(client.list_layer_versions(LayerName=name)) == list(range(8, 0, -1))


def test_restart(own_daemon, connect):
    """Versions, numbers, policies and packages survive kill -9, also when no function uses them."""
    client = connect(own_daemon.start().endpoint)
    layers = Layers(client)
    for content in (ZIP, OTHER_ZIP):
        layers.publish(content, name='l', CompatibleRuntimes=['python3.12'])
    client.add_layer_version_permission(StatementId='s', Action='lambda:GetLayerVersion', Principal='*',
                                        LayerName='l', VersionNumber=1)
    client.delete_layer_version(LayerName='l', VersionNumber=2)

    def everything():
        answers = (client.list_layers(), client.list_layer_versions(LayerName='l'),
                   client.get_layer_version_policy(LayerName='l', VersionNumber=1))
        return [{k: v for k, v in answer.items() if k != 'ResponseMetadata'} for answer in answers]

    before = everything()
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert everything() == before
    with urllib.request.urlopen(client.get_layer_version(LayerName='l', VersionNumber=1)['Content']['Location']) as got:
        assert got.read() == ZIP
    assert Layers(client).publish(ZIP, name='l')['Version'] == 3


def test_refused_packages(client, layers):
    name = layers.name()
    for content, code, text in (
            ({'ZipFile': b'no zip'}, 'InvalidParameterValueException',
             'Could not unzip uploaded file. Please check your file, then try to upload again.'),
            ({'ZipFile': b''}, 'InvalidParameterValueException', 'Uploaded file must be a non-empty zip')):
        refused(code, text, client.publish_layer_version, LayerName=name, Content=content)
    assert client.list_layer_versions(LayerName=name)['LayerVersions'] == []


def test_list_layer_versions(client, layers):
    name = layers.name()
    for runtimes, architectures in ((['python3.12'], ['x86_64']), (['nodejs22.x'], ['arm64']),
                                    (['python3.12', 'nodejs22.x'], ['arm64', 'x86_64'])):
        layers.publish(ZIP, name=name, CompatibleRuntimes=runtimes, CompatibleArchitectures=architectures)
    layers.publish(ZIP, name=name, Description='without', LicenseInfo='MIT')
    listed = client.list_layer_versions(LayerName=name)['LayerVersions']
    assert listed == [{k: v for k, v in published.items() if k not in ('Content', 'LayerArn')}
                      for published in reversed(layers.published)]
    for arguments, expected in (({'CompatibleRuntime': 'python3.12'}, [3, 1]),
                                ({'CompatibleArchitecture': 'arm64'}, [3, 2]),
                                ({'CompatibleRuntime': 'python3.12', 'CompatibleArchitecture': 'arm64'}, [3]),
                                ({'CompatibleRuntime': 'java25'}, [])):
        assert numbers(client.list_layer_versions(LayerName=name, **arguments)) == expected
    assert numbers(client.list_layer_versions(LayerName=layers.published[0]['LayerArn'])) == [4, 3, 2, 1]


def test_list_layers(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    layers = Layers(client)
    assert client.list_layers()['Layers'] == []
    for name, runtime in (('b', 'python3.12'), ('a', 'python3.12'), ('b', 'ruby3.3'), ('c', 'java25')):
        layers.publish(ZIP, name=name, CompatibleRuntimes=[runtime])
    found = client.list_layers()['Layers']
    assert [(item['LayerName'], item['LatestMatchingVersion']['Version']) for item in found] == [
        ('a', 1), ('b', 2), ('c', 1)]
    published = layers.published[2]
    assert found[1] == {'LayerName': 'b', 'LayerArn': published['LayerArn'], 'LatestMatchingVersion': {
        k: v for k, v in published.items() if k not in ('Content', 'LayerArn')}}
    found = client.list_layers(CompatibleRuntime='python3.12')['Layers']
    assert [(item['LayerName'], item['LatestMatchingVersion']['Version']) for item in found] == [('a', 1), ('b', 1)]
    assert client.list_layers(CompatibleArchitecture='arm64')['Layers'] == []
    assert connect(own_daemon.endpoint, region='eu-west-1').list_layers()['Layers'] == []


def test_pages(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    layers = Layers(client)
    for i in range(7):
        layers.publish(ZIP, name=f'l{i}')
        layers.publish(ZIP, name='l0')
    client.delete_layer_version(LayerName='l0', VersionNumber=4)
    pages = list(client.get_paginator('list_layers').paginate(PaginationConfig={'PageSize': 3}))
    assert [[item['LayerName'] for item in page['Layers']] for page in pages] == [
        ['l0', 'l1', 'l2'], ['l3', 'l4', 'l5'], ['l6']]
    pages = list(client.get_paginator('list_layer_versions').paginate(LayerName='l0', PaginationConfig={'PageSize': 3}))
    assert [numbers(page) for page in pages] == [[8, 7, 6], [5, 3, 2], [1]]
    full = client.list_layer_versions(LayerName='l0', MaxItems=7)
    assert len(full['LayerVersions']) == 7 and 'NextMarker' not in full
    refused('InvalidParameterValueException', 'The provided marker is invalid.', client.list_layers, Marker='?')


def test_list_errors(lax_client):
    for call, arguments in ((lax_client.list_layers, {}), (lax_client.list_layer_versions, {'LayerName': 'l'})):
        invalid(constraint('mips', 'compatibleArchitecture', 'satisfy enum value set: [x86_64, arm64]'), call,
                CompatibleArchitecture='mips', **arguments)
        invalid(constraint('51', 'maxItems', 'have value less than or equal to 50'), call, MaxItems=51, **arguments)


def test_policy(client, layers):
    layer = layers.publish(ZIP)
    version = {'LayerName': name_of(layer), 'VersionNumber': 1}
    refused('ResourceNotFoundException', NO_POLICY, client.get_layer_version_policy, **version)
    refused('ResourceNotFoundException', NO_POLICY, client.remove_layer_version_permission, StatementId='s1', **version)
    add = {'Action': 'lambda:GetLayerVersion', **version}
    first = client.add_layer_version_permission(StatementId='s1', Principal='*', OrganizationId='o-1234567890', **add)
    assert first['ResponseMetadata']['HTTPStatusCode'] == 201
    what = f'"Action":"lambda:GetLayerVersion","Resource":"{layer["LayerVersionArn"]}"'
    statements = [
        f'{{"Sid":"s1","Effect":"Allow","Principal":"*",{what},'
        '"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}}',
        f'{{"Sid":"s2","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{OTHER_ACCOUNT}:root"}},{what}}}']
    assert first['Statement'] == statements[0]
    refused('ResourceConflictException',
            'The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing '
            'statement.', client.add_layer_version_permission, StatementId='s1', Principal='*', **add)
    refused('PreconditionFailedException', REVISION, client.add_layer_version_permission, StatementId='s2',
            Principal='*', RevisionId='wrong', **add)
    second = client.add_layer_version_permission(StatementId='s2', Principal=OTHER_ACCOUNT,
                                                 RevisionId=first['RevisionId'], **add)
    assert second['Statement'] == statements[1]
    policy = client.get_layer_version_policy(**version)
    assert policy['Policy'] == '{"Version":"2012-10-17","Id":"default","Statement":[' + ','.join(statements) + ']}'
    assert policy['RevisionId'] == second['RevisionId'] != first['RevisionId']
    remove = client.remove_layer_version_permission
    refused('ResourceNotFoundException', 'Statement s3 is not found in resource policy.', remove, StatementId='s3',
            **version)
    refused('PreconditionFailedException', REVISION, remove, StatementId='s1', RevisionId=first['RevisionId'],
            **version)
    answer = remove(StatementId='s1', RevisionId=second['RevisionId'], **version)
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    remove(StatementId='s2', **version)
    refused('ResourceNotFoundException', NO_POLICY, client.get_layer_version_policy, **version)


def test_policy_of_nothing(client, layers, lax_client):
    name = name_of(layers.publish(ZIP))
    for layer_name, number in (('nope', 1), (name, 2), (name, 0)):
        version = {'LayerName': layer_name, 'VersionNumber': number}
        text = f'Layer version {ARN}:layer:{layer_name}:{number} does not exist.'
        refused('ResourceNotFoundException', text, client.get_layer_version_policy, **version)
        refused('ResourceNotFoundException', text, client.remove_layer_version_permission, StatementId='s', **version)
        refused('ResourceNotFoundException', text, client.add_layer_version_permission, StatementId='s',
                Action='lambda:GetLayerVersion', Principal='*', **version)
    invalid(constraint('*', 'action', 'satisfy regular expression pattern: lambda:GetLayerVersion'),
            lax_client.add_layer_version_permission, LayerName=name, VersionNumber=1, StatementId='s', Action='*',
            Principal='*')


def test_policy_too_long(client, layers):
    version = {'LayerName': name_of(layers.publish(ZIP)), 'VersionNumber': 1}
    with pytest.raises(client.exceptions.PolicyLengthExceededException) as caught:
        for i in range(200):
            client.add_layer_version_permission(StatementId=f'{i:0100}', Action='lambda:GetLayerVersion',
                                                Principal='*', **version)
    assert re.fullmatch(r'The final policy size \(2\d{4}\) is bigger than the limit \(20480\)\.',
                        caught.value.response['Error']['Message'])


def test_other_accounts(client, layers, stranger):
    layer = layers.publish(ZIP)
    name, arn = name_of(layer), layer['LayerVersionArn']
    other = {'LayerName': layer['LayerArn'], 'VersionNumber': 1}
    refused('ResourceNotFoundException', MISSING, stranger.get_layer_version, LayerName=name, VersionNumber=1)
    for call, arguments in ((stranger.get_layer_version, other), (stranger.get_layer_version_by_arn, {'Arn': arn})):
        refused('AccessDeniedException', denied('GetLayerVersion', arn), call, **arguments)
    client.add_layer_version_permission(StatementId='s', Action='lambda:GetLayerVersion', Principal=OTHER_ACCOUNT,
                                        LayerName=name, VersionNumber=1)
    assert stranger.get_layer_version(**other)['LayerVersionArn'] == arn
    assert stranger.get_layer_version_by_arn(Arn=arn)['LayerVersionArn'] == arn
    for action, call, more in (('DeleteLayerVersion', stranger.delete_layer_version, {}),
                               ('GetLayerVersionPolicy', stranger.get_layer_version_policy, {}),
                               ('RemoveLayerVersionPermission', stranger.remove_layer_version_permission,
                                {'StatementId': 's'})):
        refused('AccessDeniedException', denied(action, arn), call, **other, **more)
    refused('AccessDeniedException', denied('ListLayerVersions', layer['LayerArn']), stranger.list_layer_versions,
            LayerName=layer['LayerArn'])
    refused('AccessDeniedException', denied('PublishLayerVersion', layer['LayerArn']), stranger.publish_layer_version,
            LayerName=layer['LayerArn'], Content={'ZipFile': ZIP})


def test_code_size(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    layers = Layers(client)

    def total():
        return client.get_account_settings()['AccountUsage']['TotalCodeSize']

    layers.publish(ZIP, name='l')
    assert total() == len(ZIP)
    arn = layers.publish(ZIP, name='l')['LayerVersionArn']
    assert total() == 2 * len(ZIP)
    package = make_zip({'app.py': APP})
    function = Factory(client).create(package, Layers=[arn])
    assert function.created['CodeSize'] == len(package)
    client.delete_layer_version(LayerName='l', VersionNumber=2)
    assert total() == len(ZIP) + len(package)  # although the function keeps the layer
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert total() == len(ZIP) + len(package)


# ---- functions that name layers ----

def create_arguments(**more):
    return {'FunctionName': 'never-made', 'Runtime': PYTHON, 'Handler': 'app.handler', 'Role': ROLE,
            'Code': {'ZipFile': make_zip({'app.py': APP})}, **more}


def test_layers_of_a_function(client, functions, layers):
    first, second = layers.publish(ZIP), layers.publish(OTHER_ZIP)
    shown = [{'Arn': layer['LayerVersionArn'], 'CodeSize': layer['Content']['CodeSize']} for layer in (first, second)]
    arns = [layer['Arn'] for layer in shown]
    function = functions.create(APP, Layers=arns)
    assert function.created['Layers'] == shown
    assert function.configuration()['Layers'] == shown
    assert client.get_function(FunctionName=function.name)['Configuration']['Layers'] == shown
    listed = {item['FunctionName']: item for item in client.list_functions()['Functions']}
    assert listed[function.name]['Layers'] == shown
    assert client.publish_version(FunctionName=function.name)['Layers'] == shown

    def update(**arguments):
        answer = client.update_function_configuration(FunctionName=function.name, **arguments)
        function.wait_updated()
        return answer

    assert update(Description='text')['Layers'] == shown
    assert update(Layers=arns[::-1])['Layers'] == shown[::-1]
    client.update_function_code(FunctionName=function.name, ZipFile=make_zip({'app.py': APP + '#\n'}))
    function.wait_updated()
    assert function.configuration()['Layers'] == shown[::-1]
    assert 'Layers' not in update(Layers=[])
    assert 'Layers' not in function.configuration()
    assert function.configuration(Qualifier='1')['Layers'] == shown


def test_layers_make_a_version(client, functions, layers):
    """Another order is another version; the same layers are not."""
    arns = [layers.publish(ZIP)['LayerVersionArn'] for _ in range(2)]
    function = functions.create(APP, Layers=arns)
    assert client.publish_version(FunctionName=function.name)['Version'] == '1'
    client.update_function_configuration(FunctionName=function.name, Layers=arns)
    function.wait_updated()
    assert client.publish_version(FunctionName=function.name)['Version'] == '1'
    client.update_function_configuration(FunctionName=function.name, Layers=arns[::-1])
    function.wait_updated()
    assert client.publish_version(FunctionName=function.name)['Version'] == '2'


def test_deleted_layer_stays_with_its_functions(client, functions, layers):
    layer = layers.publish(ZIP)
    function = functions.create(APP, Layers=[layer['LayerVersionArn']])
    client.delete_layer_version(LayerName=name_of(layer), VersionNumber=1)
    shown = [{'Arn': layer['LayerVersionArn'], 'CodeSize': len(ZIP)}]
    assert function.configuration()['Layers'] == shown
    answer = client.update_function_configuration(FunctionName=function.name, Description='text')
    assert answer['Layers'] == shown
    function.wait_updated()
    refused('InvalidParameterValueException', f'Layer version {layer["LayerVersionArn"]} does not exist.',
            client.update_function_configuration, FunctionName=function.name, Layers=[layer['LayerVersionArn']])


def test_refused_layers(client, functions, layers):
    name = name_of(layers.publish(ZIP))
    layers.publish(ZIP, name=name)
    arn = f'{ARN}:layer:{name}'
    abroad = f'arn:aws:lambda:eu-west-1:000000000000:layer:{name}:1'
    function = functions.create(APP)
    cases = (([f'{ARN}:layer:l{i}:1' for i in range(6)], 'Cannot reference more than 5 layers.'),
             ([f'{arn}:1', f'{arn}:2'],
              'Two different versions of the same layer are not allowed to be referenced in the same function. '
              f'{arn}:1 and {arn}:2 are versions of the same layer.'),
             ([f'{arn}:1', f'{arn}:1'],
              'Two different versions of the same layer are not allowed to be referenced in the same function. '
              f'{arn}:1 and {arn}:1 are versions of the same layer.'),
             ([abroad], 'Layers are not in the same region as the function. Layers are expected to be in region '
                        'us-east-1.'),
             ([f'{arn}:1', f'{ARN}:layer:nope:1'], f'Layer version {ARN}:layer:nope:1 does not exist.'),
             ([f'{arn}:3'], f'Layer version {arn}:3 does not exist.'))
    for arns, text in cases:
        refused('InvalidParameterValueException', text, client.create_function, **create_arguments(Layers=arns))
        refused('InvalidParameterValueException', text, client.update_function_configuration,
                FunctionName=function.name, Layers=arns)


def test_layers_of_other_accounts(client, layers, stranger):
    layer = layers.publish(ZIP)
    name, arn = name_of(layer), layer['LayerVersionArn']
    factory = Factory(stranger)
    for hidden in (arn, arn[:-1] + '9'):  # whether it is there is not told
        refused('AccessDeniedException', denied('GetLayerVersion', hidden), stranger.create_function,
                **create_arguments(Layers=[hidden]))
    client.add_layer_version_permission(StatementId='s', Action='lambda:GetLayerVersion', Principal='*',
                                        LayerName=name, VersionNumber=1)
    function = factory.create('import greeting\ndef handler(event, context):\n    return greeting.TEXT\n', Layers=[arn])
    client.remove_layer_version_permission(StatementId='s', LayerName=name, VersionNumber=1)
    assert function.invoke().json == 'hello'  # it was allowed when it was asked
    refused('AccessDeniedException', denied('GetLayerVersion', arn), stranger.update_function_configuration,
            FunctionName=function.name, Layers=[arn])
    factory.clean()


def test_size_of_code_and_layers(client, functions, layers):
    """250 MB for all together, unpacked."""
    half = 131_072_000
    large = layers.publish({'zeros.bin': bytes(half)})['LayerVersionArn']
    other = layers.publish({'other.bin': bytes(half)})['LayerVersionArn']
    package = {'app.py': APP}
    text = ('Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size '
            'is {} bytes.').format
    refused('InvalidParameterValueException', text(2 * half + len(APP)), client.create_function,
            **create_arguments(Layers=[large, other]))
    function = functions.create(package, Layers=[large])
    refused('InvalidParameterValueException', text(2 * half + len(APP)), client.update_function_configuration,
            FunctionName=function.name, Layers=[large, other])
    refused('InvalidParameterValueException', text(2 * half + 1), client.update_function_code,
            FunctionName=function.name, ZipFile=make_zip({'zeros.bin': bytes(half + 1)}))
    assert [layer['Arn'] for layer in function.configuration()['Layers']] == [large]
