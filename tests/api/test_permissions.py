# SPDX-License-Identifier: Apache-2.0
"""Resource policies of functions: their documents, their rules, and what other accounts may do by them."""
import concurrent.futures
import json

import pytest

from support.errors import ARN, RE_QUALIFIER, constraint, invalid, pattern, refused
from support.functions import Factory

CODE = 'def handler(event, context):\n    return context.invoked_function_arn\n'
INVOKE = {'Action': 'lambda:InvokeFunction', 'Principal': 's3.amazonaws.com'}
NO_POLICY = 'The resource you requested does not exist.'
STALE = ('The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest '
         'Revision Id')
OTHER = '111111111111'
THIRD = '222222222222'


@pytest.fixture
def function(functions):
    return functions.create(CODE, Publish=True)


@pytest.fixture
def alias(function, client):
    """The name of an alias of the function."""
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    return 'live'


@pytest.fixture
def other(daemon, connect):
    """A client of another account."""
    return connect(daemon.endpoint, access_key=OTHER)


def add(client, function, sid='s', **more):
    answer = client.add_permission(**({'FunctionName': function.name, 'StatementId': sid} | INVOKE | more))
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 201
    return answer['Statement']


def remove(client, function, sid='s', **more):
    answer = client.remove_permission(FunctionName=function.name, StatementId=sid, **more)
    assert answer['ResponseMetadata']['HTTPStatusCode'] == 204


def policy(client, function, **more):
    """(the document, its RevisionId); (None, None) when there is none."""
    try:
        answer = client.get_policy(FunctionName=function.name, **more)
    except client.exceptions.ResourceNotFoundException as error:
        assert error.response['Error']['Message'] == NO_POLICY
        return None, None
    return json.loads(answer['Policy']), answer['RevisionId']


def sids(client, function, **more):
    document, _ = policy(client, function, **more)
    return [statement['Sid'] for statement in document['Statement']] if document else []


# ---- documents ----

DOCUMENTS = [
    ({}, '{"Service":"s3.amazonaws.com"}', 'lambda:InvokeFunction', None),
    ({'Principal': '*', 'Action': '*'}, '"*"', '*', None),
    ({'Principal': OTHER, 'Action': 'lambda:*'}, '{"AWS":"arn:aws:iam::111111111111:root"}', 'lambda:*', None),
    ({'Principal': f'arn:aws:iam::{OTHER}:role/path/r', 'Action': 'lambda:GetFunction'},
     '{"AWS":"arn:aws:iam::111111111111:role/path/r"}', 'lambda:GetFunction', None),
    ({'Principal': f'arn:aws:sts::{OTHER}:assumed-role/r/s'},
     '{"AWS":"arn:aws:sts::111111111111:assumed-role/r/s"}', 'lambda:InvokeFunction', None),
    ({'Principal': 'alexa-appkit.amazon.com', 'EventSourceToken': 'amzn1.ask.skill.x'},
     '{"Service":"alexa-appkit.amazon.com"}', 'lambda:InvokeFunction',
     '{"StringEquals":{"lambda:EventSourceToken":"amzn1.ask.skill.x"}}'),
    ({'SourceArn': 'arn:aws:s3:::b*'}, '{"Service":"s3.amazonaws.com"}', 'lambda:InvokeFunction',
     '{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b*"}}'),
    ({'SourceArn': 'arn:aws:s3:::b', 'SourceAccount': OTHER}, '{"Service":"s3.amazonaws.com"}', 'lambda:InvokeFunction',
     '{"StringEquals":{"AWS:SourceAccount":"111111111111"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}'),
    ({'Principal': '*', 'PrincipalOrgID': 'o-1234567890'}, '"*"', 'lambda:InvokeFunction',
     '{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}'),
    ({'Principal': '*', 'Action': 'lambda:InvokeFunctionUrl', 'FunctionUrlAuthType': 'NONE'}, '"*"',
     'lambda:InvokeFunctionUrl', '{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}'),
    ({'Principal': '*', 'InvokedViaFunctionUrl': True}, '"*"', 'lambda:InvokeFunction',
     '{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}'),
    ({'Principal': '*', 'InvokedViaFunctionUrl': False}, '"*"', 'lambda:InvokeFunction', None),
]


@pytest.mark.parametrize('arguments, principal, action, condition', DOCUMENTS)
def test_documents(function, client, arguments, principal, action, condition):
    """The exact text: order of members, no blanks."""
    statement = add(client, function, **arguments)
    assert statement == ('{"Sid":"s","Effect":"Allow","Principal":%s,"Action":"%s","Resource":"%s"%s}' % (
        principal, action, function.arn, f',"Condition":{condition}' if condition else ''))
    assert client.get_policy(FunctionName=function.name)['Policy'] == (
        '{"Version":"2012-10-17","Id":"default","Statement":[%s]}' % statement)


def test_one_policy_for_each_qualifier(function, alias, client):
    """The unqualified function, a version and an alias have policies of their own; sids may be the same."""
    resources = {None: function.arn, '1': f'{function.arn}:1', alias: f'{function.arn}:{alias}'}
    revisions = set()
    for qualifier, resource in resources.items():
        more = {'Qualifier': qualifier} if qualifier else {}
        assert policy(client, function, **more) == (None, None)
        assert json.loads(add(client, function, **more))['Resource'] == resource
    for qualifier, resource in resources.items():
        document, revision = policy(client, function, **({'Qualifier': qualifier} if qualifier else {}))
        assert [statement['Resource'] for statement in document['Statement']] == [resource]
        revisions.add(revision)
    assert len(revisions) == 3
    assert policy(client, function, Qualifier='$LATEST') == (None, None)
    remove(client, function, Qualifier='1')
    assert (sids(client, function), sids(client, function, Qualifier='1')) == (['s'], [])


def test_names_with_qualifiers(function, alias, client):
    for name in (f'{function.name}:{alias}', f'{function.arn}:{alias}', f'000000000000:function:{function.name}:{alias}'):
        statement = client.add_permission(FunctionName=name, StatementId='s', **INVOKE)['Statement']
        assert json.loads(statement)['Resource'] == f'{function.arn}:{alias}'
        assert client.get_policy(FunctionName=name, Qualifier=alias)['Policy']
        client.remove_permission(FunctionName=name, StatementId='s')
    assert sids(client, function, Qualifier=alias) == []


def test_order_is_that_of_adding(function, client):
    for sid in ('b', 'a', 'c'):
        add(client, function, sid)
    assert sids(client, function) == ['b', 'a', 'c']
    remove(client, function, 'a')
    add(client, function, 'a')
    assert sids(client, function) == ['b', 'c', 'a']


def test_a_new_version_has_no_policy(function, client):
    add(client, function)
    client.update_function_configuration(FunctionName=function.name, Description='other')
    function.wait_updated()
    assert client.publish_version(FunctionName=function.name)['Version'] == '2'
    assert sids(client, function, Qualifier='2') == []
    assert sids(client, function) == ['s']


# ---- refused ----

def test_statements_refused(function, client, lax_client):
    name = function.name
    refused('InvalidParameterValueException', 'We currently do not support adding policies for $LATEST.',
            client.add_permission, FunctionName=name, StatementId='s', Qualifier='$LATEST', **INVOKE)
    refused('InvalidParameterValueException', 'We currently do not support adding policies for $LATEST.',
            client.add_permission, FunctionName=f'{name}:$LATEST', StatementId='s', **INVOKE)
    for principal in ('invalid.nonaws.com', '12345', 'arn:aws:s3:::bucket', 'somebody'):
        refused('InvalidParameterValueException',
                'The provided principal was invalid. Please check the principal and try again.', client.add_permission,
                FunctionName=name, StatementId='s', Action='lambda:InvokeFunction', Principal=principal)
    refused('InvalidParameterValueException',
            'FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action', client.add_permission,
            FunctionName=name, StatementId='s', FunctionUrlAuthType='NONE', **INVOKE)
    invalid(pattern('a.b', 'statementId', '([a-zA-Z0-9-_]+)'), lax_client.add_permission, FunctionName=name,
            StatementId='a.b', **INVOKE)
    invalid(pattern('lambda', 'action', '(lambda:[*]|lambda:[a-zA-Z]+|[*])'), lax_client.add_permission,
            FunctionName=name, StatementId='s', Action='lambda', Principal='*')
    invalid(constraint('SOME', 'functionUrlAuthType', 'satisfy enum value set: [NONE, AWS_IAM]'),
            lax_client.add_permission, FunctionName=name, StatementId='s', FunctionUrlAuthType='SOME', **INVOKE)
    invalid(pattern('a?b', 'qualifier', RE_QUALIFIER), lax_client.get_policy, FunctionName=name, Qualifier='a?b')
    refused('InvalidParameterValueException',
            'The derived qualifier from the function name does not match the specified qualifier.',
            client.remove_permission, FunctionName=f'{name}:1', StatementId='s', Qualifier='2')
    assert policy(client, function) == (None, None)


def test_missing(function, client):
    gone, lost = f'{function.name}-gone', f'{ARN}:function:{function.name}-gone'

    def adds(text, name, **more):
        refused('ResourceNotFoundException', text, client.add_permission, FunctionName=name, StatementId='s', **INVOKE,
                **more)

    def removes(text, name, sid='s', **more):
        refused('ResourceNotFoundException', text, client.remove_permission, FunctionName=name, StatementId=sid, **more)

    adds(f'Function not found: {lost}', gone)
    adds(f'Function not found: {lost}:1', gone, Qualifier='1')
    adds(f'Cannot find alias arn: {lost}:live', gone, Qualifier='live')
    adds(f'Function not found: {function.arn}:2', function.name, Qualifier='2')
    adds(f'Cannot find alias arn: {function.arn}:live', function.name, Qualifier='live')
    adds(f'Function not found: {function.arn}:a-$-b', function.name, Qualifier='a-$-b')
    adds(f'Function not found: {function.arn}:$latest', function.name, Qualifier='$latest')
    removes(f'No policy found for: {lost}', gone)
    removes(f'No policy found for: {lost}:1', gone, Qualifier='1')
    removes('No policy is associated with the given resource.', function.name)
    removes('No policy is associated with the given resource.', function.name, Qualifier='1')
    removes('No policy is associated with the given resource.', function.name, Qualifier='$LATEST')
    removes(f'Function not found: {function.arn}:2', function.name, Qualifier='2')
    removes(f'Cannot find alias arn: {function.arn}:live', function.name, Qualifier='live')
    add(client, function)
    removes('Statement t is not found in resource policy.', function.name, 't')
    removes('No policy is associated with the given resource.', function.name, Qualifier='1')
    for more in ({'FunctionName': gone}, {'FunctionName': gone, 'Qualifier': '1'},
                 {'FunctionName': function.name, 'Qualifier': '1'}, {'FunctionName': function.name, 'Qualifier': '2'},
                 {'FunctionName': function.name, 'Qualifier': 'live'}):
        refused('ResourceNotFoundException', NO_POLICY, client.get_policy, **more)


def test_statement_id_conflicts(function, client):
    add(client, function)
    before = policy(client, function)
    refused('ResourceConflictException', 'The statement id (s) provided already exists. Please provide a new statement '
            'id, or remove the existing statement.', add, client, function, Principal='*')
    assert policy(client, function) == before
    add(client, function, 'S')
    remove(client, function)
    add(client, function)
    assert sids(client, function) == ['S', 's']


def test_longest_policy(function, client):
    """20480 bytes of the document's text are the limit."""
    long_arn = f'arn:aws:s3:::{"b" * 100}'
    count = 0
    while True:
        try:
            add(client, function, f'{count:0100}', SourceArn=long_arn)
        except client.exceptions.PolicyLengthExceededException as error:
            refusal = error.response
            break
        count += 1
    text = client.get_policy(FunctionName=function.name)['Policy']
    statement = len(text) - len(json.dumps({**json.loads(text), 'Statement': json.loads(text)['Statement'][1:]},
                                           separators=(',', ':')))
    assert len(text) <= 20480 < len(text) + statement
    assert refusal['Error']['Message'] == (
        f'The final policy size ({len(text) + statement}) is bigger than the limit (20480).')
    assert (refusal['ResponseMetadata']['HTTPStatusCode'], refusal['Type']) == (400, 'User')
    assert len(sids(client, function)) == count
    remove(client, function, f'{0:0100}')
    add(client, function, f'{count:0100}', SourceArn=long_arn)


# ---- RevisionId ----

def test_revisions_of_the_function(function, client):
    def current():
        return function.configuration()['RevisionId']

    first = current()
    for call, more in ((client.add_permission, INVOKE), (client.remove_permission, {})):
        if call == client.remove_permission:
            add(client, function, 'kept')
        refused('PreconditionFailedException', STALE, call, FunctionName=function.name, StatementId='kept',
                RevisionId='00000000-0000-0000-0000-000000000000', **more)
    second = current()
    assert second != first
    assert policy(client, function)[1] == second
    refused('PreconditionFailedException', STALE, add, client, function, RevisionId=first)
    add(client, function, RevisionId=second)
    third = current()
    assert policy(client, function)[1] == third not in (first, second)
    refused('PreconditionFailedException', STALE, remove, client, function, RevisionId=second)
    remove(client, function, RevisionId=third)
    fourth = current()
    assert policy(client, function)[1] == fourth not in (first, second, third)


def test_first_statement_expects_the_function(function, client):
    before = function.configuration()['RevisionId']
    refused('PreconditionFailedException', STALE, add, client, function, RevisionId='x')
    add(client, function, RevisionId=before)
    remove(client, function)
    refused('PreconditionFailedException', STALE, add, client, function, RevisionId=before)
    add(client, function, RevisionId=function.configuration()['RevisionId'])


def test_a_policy_outlives_changes_of_its_function(function, client):
    """An update changes the function's RevisionId, not the policy's; publishing changes both."""
    add(client, function)
    before = policy(client, function)
    client.update_function_configuration(FunctionName=function.name, Description='other')
    function.wait_updated()
    assert policy(client, function) == before
    assert function.configuration()['RevisionId'] != before[1]
    client.publish_version(FunctionName=function.name)
    after = policy(client, function)
    assert after[0] == before[0]
    assert after[1] != before[1]
    add(client, function, 'next', RevisionId=after[1])


def test_revisions_of_a_version_and_an_alias(function, alias, client):
    untouched = function.configuration()['RevisionId']
    for qualifier, current in (('1', lambda: function.configuration(Qualifier='1')['RevisionId']),
                               (alias, lambda: client.get_alias(FunctionName=function.name, Name=alias)['RevisionId'])):
        before = current()
        refused('PreconditionFailedException', STALE, add, client, function, Qualifier=qualifier, RevisionId=untouched)
        add(client, function, Qualifier=qualifier, RevisionId=before)
        assert policy(client, function, Qualifier=qualifier)[1] == current() != before
        remove(client, function, Qualifier=qualifier, RevisionId=current())
    assert function.configuration()['RevisionId'] == untouched


def test_a_function_that_is_being_created_or_updated(functions, client):
    function = functions.create(CODE, wait=False)
    add(client, function, 'early')
    function.wait_active()
    client.update_function_configuration(FunctionName=function.name, Description='other')
    add(client, function, 'late')
    function.wait_updated()
    assert sids(client, function) == ['early', 'late']
    assert function.configuration()['LastUpdateStatus'] == 'Successful'


# ---- several at once, deletion, durability ----

def together(call, arguments):
    """The outcomes of calls made at the same time: None or the error's code."""
    def one(argument):
        try:
            call(argument)
        except Exception as error:
            return error.response['Error']['Code']
        return None

    with concurrent.futures.ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(one, arguments))


def test_several_at_once(function, client):
    wanted = [f's{i:02}' for i in range(40)]
    assert together(lambda sid: add(client, function, sid), wanted) == [None] * len(wanted)
    assert sorted(sids(client, function)) == wanted
    outcomes = together(lambda _: add(client, function, 'same'), range(8))
    assert sorted(map(str, outcomes)) == ['None'] + ['ResourceConflictException'] * 7
    assert sids(client, function).count('same') == 1
    assert together(lambda sid: remove(client, function, sid), wanted) == [None] * len(wanted)
    assert sids(client, function) == ['same']


def test_environments_stay(functions, client):
    """A policy is no reason to start the function anew."""
    function = functions.create('import uuid\nHERE = str(uuid.uuid4())\ndef handler(event, context):\n    return HERE\n',
                                Publish=True)
    before = [function.invoke(Qualifier=qualifier).json for qualifier in ('$LATEST', '1')]
    add(client, function)
    add(client, function, Qualifier='1')
    assert [function.invoke(Qualifier=qualifier).json for qualifier in ('$LATEST', '1')] == before


def test_one_revision_is_used_once(function, client):
    revision = function.configuration()['RevisionId']
    outcomes = together(lambda sid: add(client, function, sid, RevisionId=revision), ['a', 'b', 'c', 'd'])
    assert sorted(map(str, outcomes)) == ['None'] + ['PreconditionFailedException'] * 3
    assert len(sids(client, function)) == 1


def test_deleted_with_its_qualifier(function, alias, client):
    for more in ({}, {'Qualifier': '1'}, {'Qualifier': alias}):
        add(client, function, **more)
    client.delete_alias(FunctionName=function.name, Name=alias)
    client.create_alias(FunctionName=function.name, Name=alias, FunctionVersion='1')
    assert sids(client, function, Qualifier=alias) == []
    assert (sids(client, function), sids(client, function, Qualifier='1')) == (['s'], ['s'])
    client.delete_alias(FunctionName=function.name, Name=alias)
    client.delete_function(FunctionName=function.name, Qualifier='1')
    assert sids(client, function, Qualifier='1') == []
    assert sids(client, function) == ['s']


def test_deleted_with_its_function(function, functions, client):
    add(client, function)
    client.delete_function(FunctionName=function.name)
    functions.create(CODE, FunctionName=function.name)
    assert sids(client, function) == []
    add(client, function)
    assert sids(client, function) == ['s']


def test_an_alias_keeps_its_policy_when_it_moves(function, alias, client):
    add(client, function, Qualifier=alias)
    client.update_alias(FunctionName=function.name, Name=alias, FunctionVersion='$LATEST')
    assert sids(client, function, Qualifier=alias) == ['s']


@pytest.mark.parametrize('how', ['kill', 'stop'])
def test_restart(own_daemon, connect, how):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(CODE, Publish=True)
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    add(client, function, 'kept', SourceArn='arn:aws:s3:::b', SourceAccount=OTHER)
    add(client, function, 'gone')
    add(client, function, Qualifier='1')
    add(client, function, Qualifier='live', Principal=OTHER)
    remove(client, function, Qualifier='1')
    remove(client, function, 'gone')
    before = policy(client, function), policy(client, function, Qualifier='live')
    getattr(own_daemon, how)()
    client = connect(own_daemon.start().endpoint)
    assert (policy(client, function), policy(client, function, Qualifier='live')) == before
    assert sids(client, function) == ['kept']
    assert policy(client, function, Qualifier='1') == (None, None)
    answer = connect(own_daemon.endpoint, access_key=OTHER).invoke(FunctionName=f'{function.arn}:live')
    assert json.load(answer['Payload']) == f'{function.arn}:live'


def test_killed_right_after_the_answer(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    function = Factory(client).create(CODE)
    expected = []
    for i in range(4):
        add(client, function, f's{i}')
        expected.append(f's{i}')
        if i == 2:
            remove(client, function, 's0')
            expected.remove('s0')
        own_daemon.kill()
        client = connect(own_daemon.start().endpoint)
        assert sids(client, function) == expected


# ---- what other accounts may do ----

def denied(action, arn, call, **arguments):
    refused('AccessDeniedException',
            f'User: arn:aws:iam::{OTHER}:root is not authorized to perform: lambda:{action} on resource: {arn} because '
            f'no resource-based policy allows the lambda:{action} action', call, **arguments)


def test_invoke_by_another_account(function, client, other):
    denied('InvokeFunction', function.arn, other.invoke, FunctionName=function.arn)
    add(client, function, Principal=OTHER)
    for name in (function.arn, f'000000000000:function:{function.name}'):
        answer = other.invoke(FunctionName=name)
        assert json.load(answer['Payload']) == function.arn
    assert other.invoke(FunctionName=function.arn, InvocationType='DryRun')['StatusCode'] == 204
    denied('GetFunction', function.arn, other.get_function, FunctionName=function.arn)
    remove(client, function)
    denied('InvokeFunction', function.arn, other.invoke, FunctionName=function.arn)
    denied('InvokeFunction', function.arn, other.invoke, FunctionName=function.arn, InvocationType='DryRun')


def test_the_policy_of_the_qualifier_decides(function, alias, client, other):
    def may_invoke(**name):
        try:
            return json.load(other.invoke(**name)['Payload'])
        except other.exceptions.ClientError as error:
            assert error.response['Error']['Code'] == 'AccessDeniedException'
            return None

    add(client, function, Principal=OTHER)
    assert may_invoke(FunctionName=function.arn) == function.arn
    for qualifier in ('$LATEST', '1', alias, '2', 'gone'):
        assert may_invoke(FunctionName=function.arn, Qualifier=qualifier) is None
    add(client, function, Principal=OTHER, Qualifier=alias)
    remove(client, function)
    assert may_invoke(FunctionName=function.arn, Qualifier=alias) == f'{function.arn}:{alias}'
    assert may_invoke(FunctionName=f'{function.arn}:{alias}') == f'{function.arn}:{alias}'
    assert may_invoke(FunctionName=function.arn) is None
    assert may_invoke(FunctionName=f'{function.arn}:1') is None
    client.delete_alias(FunctionName=function.name, Name=alias)
    client.create_alias(FunctionName=function.name, Name=alias, FunctionVersion='1')
    assert may_invoke(FunctionName=function.arn, Qualifier=alias) is None


@pytest.mark.parametrize('allows, arguments', [
    (True, {'Principal': OTHER}),
    (True, {'Principal': f'arn:aws:iam::{OTHER}:root'}),
    (True, {'Principal': '*'}),
    (True, {'Principal': OTHER, 'Action': '*'}),
    (True, {'Principal': OTHER, 'Action': 'lambda:*'}),
    (False, {'Principal': THIRD}),
    (False, {'Principal': f'arn:aws:iam::{OTHER}:user/alice'}),
    (False, {'Principal': f'arn:aws:iam::{OTHER}:role/r'}),
    (False, {'Principal': 's3.amazonaws.com'}),
    (False, {'Principal': OTHER, 'Action': 'lambda:InvokeFunctionUrl'}),
    (False, {'Principal': OTHER, 'Action': 'lambda:GetFunction'}),
    (False, {'Principal': OTHER, 'SourceArn': 'arn:aws:s3:::b'}),
    (False, {'Principal': OTHER, 'SourceAccount': OTHER}),
    (False, {'Principal': '*', 'PrincipalOrgID': 'o-1234567890'}),
    (False, {'Principal': '*', 'EventSourceToken': 't'}),
    (False, {'Principal': '*', 'InvokedViaFunctionUrl': True}),
])
def test_who_may_invoke(function, client, other, allows, arguments):
    add(client, function, 'unrelated')
    add(client, function, **arguments)
    if allows:
        assert json.load(other.invoke(FunctionName=function.arn)['Payload']) == function.arn
    else:
        denied('InvokeFunction', function.arn, other.invoke, FunctionName=function.arn)


def test_the_owner_needs_no_policy(function, client):
    add(client, function, Principal=OTHER)
    assert function.invoke().json == function.arn
    assert function.invoke(FunctionName=function.arn).json == function.arn


def test_what_other_accounts_change(function, client, other, daemon, connect):
    """It is done to the function that they name, not to one of their own."""
    add(client, function, Principal=OTHER, Action='lambda:*')
    arn = function.arn
    assert other.get_function(FunctionName=arn)['Configuration']['FunctionArn'] == arn
    assert policy(other, function) == (None, None)  # a name alone is one of their own
    assert json.loads(other.get_policy(FunctionName=arn)['Policy'])['Statement'][0]['Sid'] == 's'
    made = other.create_alias(FunctionName=arn, Name='theirs', FunctionVersion='1')
    assert made['AliasArn'] == f'{arn}:theirs'
    assert client.get_alias(FunctionName=function.name, Name='theirs')['FunctionVersion'] == '1'
    other.tag_resource(Resource=arn, Tags={'by': 'other'})
    assert client.list_tags(Resource=arn)['Tags'] == {'by': 'other'}
    third = connect(daemon.endpoint, access_key=THIRD)
    refused('AccessDeniedException', f'User: arn:aws:iam::{THIRD}:root is not authorized to perform: lambda:GetPolicy on '
            f'resource: {arn} because no resource-based policy allows the lambda:GetPolicy action',
            third.get_policy, FunctionName=arn)
    other.delete_function(FunctionName=arn)
    refused('ResourceNotFoundException', f'Function not found: {arn}', client.get_function, FunctionName=function.name)


def test_a_name_alone_is_of_the_own_account(function, client, other):
    add(client, function, Principal=OTHER)
    text = f'Function not found: arn:aws:lambda:us-east-1:{OTHER}:function:{function.name}'
    refused('ResourceNotFoundException', f'{text}:$LATEST', other.invoke, FunctionName=function.name)
    refused('ResourceNotFoundException', text, other.get_function, FunctionName=f'function:{function.name}')


def test_regions_are_apart(function, client, daemon, connect):
    """In another region there is no such function, and no such policy."""
    add(client, function, Principal=OTHER, Action='*')
    west = connect(daemon.endpoint, access_key=OTHER, region='us-west-2')
    arn = function.arn.replace('us-east-1', 'us-west-2')
    denied('GetFunction', arn, west.get_function, FunctionName=arn)
    refused('ResourceNotFoundException', "Functions from 'us-east-1' are not reachable in this region ('us-west-2')",
            west.get_function, FunctionName=function.arn)
    own = connect(daemon.endpoint, region='us-west-2')
    assert own.list_functions()['Functions'] == []
    refused('ResourceNotFoundException', f'Function not found: {arn}', own.get_function, FunctionName=function.name)
