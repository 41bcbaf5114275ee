# SPDX-License-Identifier: Apache-2.0
"""TagResource, UntagResource, ListTags."""
import uuid

import pytest

from support.errors import ARN, constraint, invalid, pattern, refused

PUBLISHERS = {'SigningProfileVersionArns': ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/test']}
CODE = 'def handler(event, context):\n    pass\n'
RE_RESOURCE = (
    r'arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:'
    r'(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}'
    r'|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
    r'|capacity-provider:[a-zA-Z0-9-_]+)')


def tags_of(client, function):
    return client.list_tags(Resource=function.arn)['Tags']


def test_life_of_tags(functions, client):
    function = functions.create(CODE, Tags={'key_a': 'value_a'})
    assert tags_of(client, function) == {'key_a': 'value_a'}
    revisions = [function.configuration()['RevisionId']]
    answer = client.tag_resource(Resource=function.arn, Tags={'key_b': 'value_b', 'key_c': 'value_c'})
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    assert tags_of(client, function) == {'key_a': 'value_a', 'key_b': 'value_b', 'key_c': 'value_c'}
    revisions.append(function.configuration()['RevisionId'])
    client.tag_resource(Resource=function.arn, Tags={'key_c': 'value_x', 'key_d': ''})
    assert tags_of(client, function) == {'key_a': 'value_a', 'key_b': 'value_b', 'key_c': 'value_x', 'key_d': ''}
    answer = client.untag_resource(Resource=function.arn, TagKeys=['key_c', 'key_d', 'unknown'])
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    assert tags_of(client, function) == {'key_a': 'value_a', 'key_b': 'value_b'}
    revisions.append(function.configuration()['RevisionId'])
    assert client.get_function(FunctionName=function.name)['Tags'] == {'key_a': 'value_a', 'key_b': 'value_b'}
    assert len(set(revisions)) == 3


def test_no_tags(functions, client):
    function = functions.create(CODE)
    assert tags_of(client, function) == {}
    client.untag_resource(Resource=function.arn, TagKeys=['none'])
    assert tags_of(client, function) == {}


@pytest.mark.parametrize('qualifier', ['$LATEST', '1', 'alias', 'doesnotexist'])
def test_qualified(client, qualifier):
    """Checked before the function's existence."""
    refused('InvalidParameterValueException',
            'Tags on function aliases and versions are not supported. Please specify a function ARN.',
            client.tag_resource, Resource=f'{ARN}:function:nope:{qualifier}', Tags={'a': 'b'})


def test_missing(client):
    arn = f'{ARN}:function:doesnotexist'
    text = f'Function not found: {arn}'
    refused('ResourceNotFoundException', text, client.tag_resource, Resource=arn, Tags={'a': 'b'})
    refused('ResourceNotFoundException', text, client.untag_resource, Resource=arn, TagKeys=['a'])
    refused('ResourceNotFoundException', text, client.list_tags, Resource=arn)


def test_bad_arn(client):
    for call, more in ((client.tag_resource, {'Tags': {'a': 'b'}}), (client.list_tags, {}),
                       (client.untag_resource, {'TagKeys': ['a']})):
        invalid(pattern('arn:aws:something', 'resource', RE_RESOURCE), call, Resource='arn:aws:something', **more)


def test_empty(functions, client):
    function = functions.create(CODE)
    refused('InvalidParameterValueException', 'An error occurred and the request cannot be processed.',
            client.tag_resource, Resource=function.arn, Tags={})
    invalid(constraint(None, 'tagKeys', 'not be null'), client.untag_resource, Resource=function.arn, TagKeys=[])


def test_limit(functions, client):
    function = functions.create(CODE, Tags={f'key{i}': '' for i in range(50)})
    refused('InvalidParameterValueException', 'Number of tags exceeds resource tag limit.',
            client.tag_resource, Resource=function.arn, Tags={'one-more': ''})
    client.tag_resource(Resource=function.arn, Tags={'key0': 'overwritten'})
    assert tags_of(client, function)['key0'] == 'overwritten'


@pytest.fixture
def mapping(functions, client):
    """The ARN of an event source mapping."""
    function = functions.create(CODE)
    made = client.create_event_source_mapping(FunctionName=function.name, Tags={'key_a': 'value_a'},
                                              EventSourceArn=f'arn:aws:sqs:us-east-1:000000000000:{function.name}')
    return made['EventSourceMappingArn']


@pytest.fixture
def config(client):
    """The ARN of a code signing configuration."""
    made = client.create_code_signing_config(Tags={'key_a': 'value_a'}, AllowedPublishers=PUBLISHERS)
    made = made['CodeSigningConfig']['CodeSigningConfigArn']
    yield made
    client.delete_code_signing_config(CodeSigningConfigArn=made)


@pytest.mark.parametrize('kind', ['mapping', 'config'])
def test_other_resources(client, request, kind):
    arn = request.getfixturevalue(kind)

    def tags():
        return client.list_tags(Resource=arn)['Tags']

    assert tags() == {'key_a': 'value_a'}
    answer = client.tag_resource(Resource=arn, Tags={'key_a': '', 'key_b': 'b'})
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    assert tags() == {'key_a': '', 'key_b': 'b'}
    answer = client.untag_resource(Resource=arn, TagKeys=['key_a', 'unknown'])
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204
    assert tags() == {'key_b': 'b'}
    client.tag_resource(Resource=arn, Tags={f'key{i}': '' for i in range(49)})
    refused('InvalidParameterValueException', 'Number of tags exceeds resource tag limit.',
            client.tag_resource, Resource=arn, Tags={'one-more': ''})
    client.untag_resource(Resource=arn, TagKeys=list(tags()))
    assert tags() == {}


@pytest.mark.parametrize('resource, text', [
    (f'event-source-mapping:{uuid.UUID(int=1)}', 'Event source mapping not found: {}'),
    ('code-signing-config:csc-00000000000000000', 'The Lambda code signing configuration {} can not be found.'),
    ('capacity-provider:none', 'Capacity provider not found: {}')])
def test_other_resources_missing(client, resource, text):
    arn = f'{ARN}:{resource}'
    for call, more in ((client.tag_resource, {'Tags': {'a': 'b'}}), (client.list_tags, {}),
                       (client.untag_resource, {'TagKeys': ['a']})):
        with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
            call(Resource=arn, **more)
        assert caught.value.response['Message'] == text.format(arn)


def test_tags_at_creation_are_checked(functions, client):
    function = functions.create(CODE)
    many = {f'key{i}': '' for i in range(51)}
    text = 'Number of tags exceeds resource tag limit.'
    refused('InvalidParameterValueException', text, client.create_event_source_mapping, FunctionName=function.name,
            EventSourceArn='arn:aws:sqs:us-east-1:000000000000:tagged', Tags=many)
    refused('InvalidParameterValueException', text, client.create_code_signing_config, Tags=many,
            AllowedPublishers=PUBLISHERS)
