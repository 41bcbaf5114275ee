# SPDX-License-Identifier: Apache-2.0
"""Functions made of a container image, as resources: what is kept of the image, and what does not go together."""
import re

import pytest

from support.errors import refused
from support.functions import PYTHON, ROLE
from support.zips import make_zip

REPOSITORY = '123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app'
DIGEST = '0123456789abcdef' * 4
ZIP = make_zip({'app.py': 'def handler(event, context):\n    pass\n'})
ZIP_MEMBERS = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
LAYER = 'arn:aws:lambda:us-east-1:000000000000:layer:l:1'


def arguments(name, **changes):
    return {'FunctionName': name, 'Role': ROLE, 'PackageType': 'Image',
            'Code': {'ImageUri': f'{REPOSITORY}:latest'}} | changes


@pytest.fixture
def image(functions):
    """image(**changes): a function made of an image, once it is active."""
    from support.functions import Function

    def image(**changes):
        name = functions.name()
        answer = functions.client.create_function(**arguments(name, **changes))
        answer.pop('ResponseMetadata')
        return Function(functions.client, name, answer).wait_active()
    return image


def test_create(image, client):
    function = image()
    assert function.created['PackageType'] == 'Image'
    assert function.created['CodeSize'] == 0
    assert re.fullmatch('[0-9a-f]{64}', function.created['CodeSha256'])
    assert not {'Runtime', 'Handler', 'RuntimeVersionConfig', 'ImageConfigResponse', 'Layers'} & set(function.created)
    assert client.get_function(FunctionName=function.name)['Code'] == {
        'RepositoryType': 'ECR', 'ImageUri': f'{REPOSITORY}:latest',
        'ResolvedImageUri': f"{REPOSITORY}@sha256:{function.created['CodeSha256']}"}


@pytest.mark.parametrize('uri, repository', [
    (f'{REPOSITORY}@sha256:{DIGEST}', REPOSITORY),
    (f'{REPOSITORY}:v1@sha256:{DIGEST}', REPOSITORY),
    (f'localhost:5000/app@sha256:{DIGEST}', 'localhost:5000/app'),
])
def test_named_by_digest(image, client, uri, repository):
    function = image(Code={'ImageUri': uri})
    assert function.created['CodeSha256'] == DIGEST
    code = client.get_function(FunctionName=function.name)['Code']
    assert (code['ImageUri'], code['ResolvedImageUri']) == (uri, f'{repository}@sha256:{DIGEST}')


def test_named_by_tag(image, client):
    """Equal names are equal images, others are others; a port is no tag."""
    first, again = image(Code={'ImageUri': 'localhost:5000/app'}), image(Code={'ImageUri': 'localhost:5000/app'})
    other = image(Code={'ImageUri': 'localhost:5000/app:v2'})
    assert first.created['CodeSha256'] == again.created['CodeSha256'] != other.created['CodeSha256']
    for function in (first, other):
        resolved = client.get_function(FunctionName=function.name)['Code']['ResolvedImageUri']
        assert resolved == f"localhost:5000/app@sha256:{function.created['CodeSha256']}"


def test_image_config(image, client):
    function = image(ImageConfig={'EntryPoint': ['sh'], 'Command': ['-c', 'echo'], 'WorkingDirectory': '/app'})
    assert function.created['ImageConfigResponse'] == {
        'ImageConfig': {'EntryPoint': ['sh'], 'Command': ['-c', 'echo'], 'WorkingDirectory': '/app'}}
    for config, answer in (({'Command': ['x']}, {'ImageConfig': {'Command': ['x']}}), ({}, None)):
        updated = client.update_function_configuration(FunctionName=function.name, ImageConfig=config)
        assert updated.get('ImageConfigResponse') == answer
        assert function.wait_updated().configuration().get('ImageConfigResponse') == answer
    client.update_function_configuration(FunctionName=function.name, ImageConfig={'EntryPoint': ['kept']})
    function.wait_updated()
    client.update_function_configuration(FunctionName=function.name, Timeout=7)
    assert function.wait_updated().configuration()['ImageConfigResponse'] == {'ImageConfig': {'EntryPoint': ['kept']}}


def test_update_code(image, client):
    function = image()
    updated = client.update_function_code(FunctionName=function.name, ImageUri=f'{REPOSITORY}@sha256:{DIGEST}',
                                          Architectures=['arm64'])
    assert (updated['CodeSha256'], updated['Architectures']) == (DIGEST, ['arm64'])
    assert updated['LastUpdateStatus'] == 'InProgress'
    function.wait_updated()
    assert client.get_function(FunctionName=function.name)['Code']['ImageUri'] == f'{REPOSITORY}@sha256:{DIGEST}'


def test_versions(image, client):
    function = image(Publish=True)
    assert function.created['Version'] == '1'
    same = client.publish_version(FunctionName=function.name, CodeSha256=function.created['CodeSha256'])
    assert same['Version'] == '1'
    wrong = 'a' * 64
    refused('InvalidParameterValueException',
            f"CodeSHA256 ({wrong}) is different from current CodeSHA256 in $LATEST ({function.created['CodeSha256']}). "
            'Please try again with the CodeSHA256 in $LATEST.',
            client.publish_version, FunctionName=function.name, CodeSha256=wrong)
    client.update_function_code(FunctionName=function.name, ImageUri=f'{REPOSITORY}@sha256:{DIGEST}')
    function.wait_updated()
    assert client.publish_version(FunctionName=function.name, CodeSha256=DIGEST)['Version'] == '2'
    assert client.get_function(FunctionName=function.name, Qualifier='1')['Code']['ImageUri'] == f'{REPOSITORY}:latest'


def test_survives_a_restart(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    client.create_function(**arguments('f', ImageConfig={'Command': ['x']}))
    client.get_waiter('function_active_v2').wait(FunctionName='f')
    before = client.get_function(FunctionName='f')
    own_daemon.kill()
    own_daemon.start()
    after = client.get_function(FunctionName='f')
    assert (after['Configuration'], after['Code']) == (before['Configuration'], before['Code'])
    client.delete_function(FunctionName='f')


def test_code_storage_is_not_used(image, client):
    before = client.get_account_settings()['AccountUsage']
    image(Publish=True)
    after = client.get_account_settings()['AccountUsage']
    assert after['TotalCodeSize'] == before['TotalCodeSize']
    assert after['FunctionCount'] == before['FunctionCount'] + 1


def test_invoke_says_so(image):
    refused('NotImplementedException', 'Functions with PackageType Image cannot be run by this server yet.',
            image().invoke)


@pytest.mark.parametrize('changes, text', [
    ({'Handler': 'a.b'}, ZIP_MEMBERS),
    ({'Runtime': PYTHON}, ZIP_MEMBERS),
    ({'Layers': [LAYER]}, ZIP_MEMBERS),
    ({'Code': {'ZipFile': ZIP}}, 'Please provide ImageUri when creating a function with packageType Image.'),
    ({'Code': {'ImageUri': REPOSITORY, 'ZipFile': ZIP}},
     'Please do not provide other FunctionCode parameters when providing an ImageUri.'),
    ({'Code': {'ImageUri': REPOSITORY, 'S3Bucket': 'bucket', 'S3Key': 'k'}},
     'Please do not provide other FunctionCode parameters when providing an ImageUri.'),
    ({'PackageType': 'Zip'},
     'Runtime and Handler are mandatory parameters for functions created with deployment packages.'),
    ({'PackageType': 'Zip', 'Runtime': PYTHON, 'Handler': 'a.b'}, 'Please provide a source for function code.'),
    ({'SnapStart': {'ApplyOn': 'PublishedVersions'}},
     'Image is not supported for SnapStart enabled functions.'),
])
def test_create_refuses(client, functions, changes, text):
    refused('InvalidParameterValueException', text, client.create_function, **arguments(functions.name(), **changes))


def test_a_function_keeps_its_kind(image, functions, client):
    of_image, of_zip = image(), functions.create(ZIP)
    refused('InvalidParameterValueException',
            'Please provide ImageUri when updating a function with packageType Image.',
            client.update_function_code, FunctionName=of_image.name, ZipFile=ZIP)
    refused('InvalidParameterValueException',
            "Please don't provide ImageUri when updating a function with packageType Zip.",
            client.update_function_code, FunctionName=of_zip.name, ImageUri=REPOSITORY)
    for member in ({'Handler': 'a.b'}, {'Runtime': PYTHON}, {'Layers': [LAYER]}):
        refused('InvalidParameterValueException', ZIP_MEMBERS,
                client.update_function_configuration, FunctionName=of_image.name, **member)
    refused('InvalidParameterValueException',
            "Please don't provide ImageConfig when the intended function PackageType is Zip.",
            client.update_function_configuration, FunctionName=of_zip.name, ImageConfig={'Command': ['x']})
