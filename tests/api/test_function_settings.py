# SPDX-License-Identifier: Apache-2.0
"""Settings of functions: how each is kept, merged, taken away and refused, by creation and by update."""
import json
import socket

import pytest

from support.daemon import Daemon
from support.errors import constraint, invalid, refused
from support.functions import PYTHON, ROLE
from support.zips import make_zip

ZIP = make_zip({'app.py': 'def handler(event, context):\n    return event\n'})
SUBNETS, GROUPS = ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'], ['sg-0a1b2c3d']
EFS = 'arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-0123456789abcdef0'
KEY = 'arn:aws:kms:us-east-1:000000000000:key/01234567-89ab-cdef-0123-456789abcdef'
QUEUE = 'arn:aws:sqs:us-east-1:000000000000:dead'
COEXIST = 'SubnetIds and SecurityIds must coexist or be both empty list.'
LEVELS = ('LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the '
          'LogFormat to "JSON" and try again.')


def arguments(name, **changes):
    return {'FunctionName': name, 'Runtime': PYTHON, 'Handler': 'app.handler', 'Role': ROLE,
            'Code': {'ZipFile': ZIP}} | changes


@pytest.fixture
def create(functions):
    """create(**settings): a function, active."""
    return lambda **settings: functions.create(ZIP, **settings)


@pytest.fixture
def update(client):
    """update(function, **settings): the configuration once the update is done."""
    def update(function, **settings):
        answer = client.update_function_configuration(FunctionName=function.name, **settings)
        assert answer['LastUpdateStatus'] == 'InProgress'
        return function.wait_updated().configuration()
    return update


@pytest.fixture
def both_refuse(lax_client, functions, create):
    """both_refuse(refuse, text, **settings): creation and update answer alike."""
    def both_refuse(refuse, *expected, **settings):
        refuse(*expected, lax_client.create_function, **arguments(functions.name(), **settings))
        function = create()
        before = function.configuration()
        refuse(*expected, lax_client.update_function_configuration, FunctionName=function.name, **settings)
        assert function.configuration() == before
    return both_refuse


# VPC

def test_vpc(create, update):
    function = create(VpcConfig={'SubnetIds': SUBNETS, 'SecurityGroupIds': GROUPS, 'Ipv6AllowedForDualStack': True})
    vpc = function.configuration()['VpcConfig']
    assert vpc == function.created['VpcConfig']
    assert vpc.pop('VpcId').startswith('vpc-')
    assert vpc == {'SubnetIds': SUBNETS, 'SecurityGroupIds': GROUPS, 'Ipv6AllowedForDualStack': True}
    assert update(function, Timeout=4)['VpcConfig'] == function.created['VpcConfig']
    moved = update(function, VpcConfig={'SubnetIds': SUBNETS[:1], 'SecurityGroupIds': GROUPS})['VpcConfig']
    assert (moved['SubnetIds'], moved['VpcId']) == (SUBNETS[:1], function.created['VpcConfig']['VpcId'])
    left = update(function, VpcConfig={'SubnetIds': [], 'SecurityGroupIds': []})['VpcConfig']
    assert left == {'SubnetIds': [], 'SecurityGroupIds': [], 'VpcId': '', 'Ipv6AllowedForDualStack': False}


@pytest.mark.parametrize('vpc', [
    {'SubnetIds': SUBNETS, 'SecurityGroupIds': []}, {'SubnetIds': [], 'SecurityGroupIds': GROUPS},
    {'SubnetIds': SUBNETS},
])
def test_vpc_needs_both(both_refuse, vpc):
    both_refuse(refused, 'InvalidParameterValueException', COEXIST, VpcConfig=vpc)


def test_vpc_ids(both_refuse):
    length = 'Member must have length less than or equal to 1024, Member must have length greater than or equal to 0'
    both_refuse(invalid, [
        constraint('[bad]', 'vpcConfig.subnetIds', f'satisfy constraint: [{length}, '
                   'Member must satisfy regular expression pattern: subnet-[0-9a-z]*]'),
        constraint('[worse]', 'vpcConfig.securityGroupIds', f'satisfy constraint: [{length}, '
                   'Member must satisfy regular expression pattern: sg-[0-9a-zA-Z]*]')],
        VpcConfig={'SubnetIds': ['bad'], 'SecurityGroupIds': ['worse']})


# File systems

def test_file_systems(create, update, client):
    vpc = {'SubnetIds': SUBNETS, 'SecurityGroupIds': GROUPS}
    mounts = [{'Arn': EFS, 'LocalMountPath': '/mnt/data'}]
    function = create(VpcConfig=vpc, FileSystemConfigs=mounts)
    assert function.created['FileSystemConfigs'] == mounts
    refused('InvalidParameterValueException',
            f'Function must be configured to execute in a VPC to reference access point {EFS}.',
            client.update_function_configuration, FunctionName=function.name,
            VpcConfig={'SubnetIds': [], 'SecurityGroupIds': []})
    assert update(function, Timeout=4)['FileSystemConfigs'] == mounts
    assert 'FileSystemConfigs' not in update(function, FileSystemConfigs=[])
    update(function, VpcConfig={'SubnetIds': [], 'SecurityGroupIds': []})


def test_file_systems_need_a_vpc(both_refuse):
    both_refuse(refused, 'InvalidParameterValueException',
                f'Function must be configured to execute in a VPC to reference access point {EFS}.',
                FileSystemConfigs=[{'Arn': EFS, 'LocalMountPath': '/mnt/data'}])


def test_mount_path(both_refuse):
    both_refuse(invalid, constraint('/data', 'fileSystemConfigs.1.member.localMountPath',
                                    r'satisfy regular expression pattern: /mnt/[a-zA-Z0-9-_.]+'),
                FileSystemConfigs=[{'Arn': EFS, 'LocalMountPath': '/data'}])


# What is set and taken away again

@pytest.mark.parametrize('member, value, empty', [
    ('KMSKeyArn', KEY, ''),
    ('DeadLetterConfig', {'TargetArn': QUEUE}, {'TargetArn': ''}),
])
def test_set_and_taken_away(create, update, member, value, empty):
    function = create(**{member: value})
    assert function.created[member] == value
    assert update(function, Timeout=4)[member] == value
    assert member not in update(function, **{member: empty})
    assert update(function, **{member: value})[member] == value


def test_tracing(create, update):
    function = create(TracingConfig={'Mode': 'Active'})
    assert function.created['TracingConfig'] == {'Mode': 'Active'}
    assert update(function, Timeout=4)['TracingConfig'] == {'Mode': 'Active'}
    assert update(function, TracingConfig={'Mode': 'PassThrough'})['TracingConfig'] == {'Mode': 'PassThrough'}


@pytest.mark.parametrize('settings, path, value, text', [
    ({'TracingConfig': {'Mode': 'x'}}, 'tracingConfig.mode', 'x', 'satisfy enum value set: [Active, PassThrough]'),
    ({'EphemeralStorage': {'Size': 511}}, 'ephemeralStorage.size', 511, 'have value greater than or equal to 512'),
    ({'EphemeralStorage': {'Size': 10241}}, 'ephemeralStorage.size', 10241, 'have value less than or equal to 10240'),
    ({'SnapStart': {'ApplyOn': 'x'}}, 'snapStart.applyOn', 'x', 'satisfy enum value set: [PublishedVersions, None]'),
    ({'LoggingConfig': {'LogFormat': 'x'}}, 'loggingConfig.logFormat', 'x', 'satisfy enum value set: [JSON, Text]'),
    ({'Timeout': 901}, 'timeout', 901, 'have value less than or equal to 900'),
    ({'MemorySize': 127}, 'memorySize', 127, 'have value greater than or equal to 128'),
    ({'MemorySize': 10241}, 'memorySize', 10241, 'have value less than or equal to 10240'),
    ({'KMSKeyArn': 'key'}, 'kMSKeyArn', 'key',
     r'satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)|()'),
    ({'Handler': 'a b'}, 'handler', 'a b', r'satisfy regular expression pattern: [^\s]+'),
])
def test_constraints(both_refuse, settings, path, value, text):
    both_refuse(invalid, constraint(value, path, text), **settings)


def test_storage(create, update):
    function = create(EphemeralStorage={'Size': 10240})
    assert function.created['EphemeralStorage'] == {'Size': 10240}
    assert update(function, EphemeralStorage={'Size': 512})['EphemeralStorage'] == {'Size': 512}


# Logging

def test_logging_levels_come_and_go_with_json(create, update):
    function = create()
    group = f'/aws/lambda/{function.name}'
    for change, answer in (
            ({'LogFormat': 'JSON', 'SystemLogLevel': 'WARN'},
             {'LogFormat': 'JSON', 'ApplicationLogLevel': 'INFO', 'SystemLogLevel': 'WARN', 'LogGroup': group}),
            ({'ApplicationLogLevel': 'TRACE'},
             {'LogFormat': 'JSON', 'ApplicationLogLevel': 'TRACE', 'SystemLogLevel': 'WARN', 'LogGroup': group}),
            ({'LogGroup': 'own'},
             {'LogFormat': 'JSON', 'ApplicationLogLevel': 'TRACE', 'SystemLogLevel': 'WARN', 'LogGroup': 'own'}),
            ({'LogFormat': 'Text'}, {'LogFormat': 'Text', 'LogGroup': 'own'}),
            ({'LogFormat': 'JSON'},
             {'LogFormat': 'JSON', 'ApplicationLogLevel': 'INFO', 'SystemLogLevel': 'INFO', 'LogGroup': 'own'})):
        assert update(function, LoggingConfig=change)['LoggingConfig'] == answer


@pytest.mark.parametrize('logging', [
    {'ApplicationLogLevel': 'DEBUG'}, {'LogFormat': 'Text', 'SystemLogLevel': 'DEBUG'},
])
def test_logging_levels_need_json(both_refuse, logging):
    both_refuse(refused, 'InvalidParameterValueException', LEVELS, LoggingConfig=logging)


# SnapStart

def test_snap_start(create, update, client):
    function = create(Runtime='python3.12', SnapStart={'ApplyOn': 'PublishedVersions'})
    assert function.created['SnapStart'] == {'ApplyOn': 'PublishedVersions', 'OptimizationStatus': 'Off'}
    version = client.publish_version(FunctionName=function.name)
    assert version['SnapStart'] == {'ApplyOn': 'PublishedVersions', 'OptimizationStatus': 'On'}
    assert function.configuration()['SnapStart']['OptimizationStatus'] == 'Off'
    assert update(function, SnapStart={'ApplyOn': 'None'})['SnapStart'] == {
        'ApplyOn': 'None', 'OptimizationStatus': 'Off'}


@pytest.mark.parametrize('runtime', ['python3.11', 'nodejs20.x', 'provided.al2023'])
def test_snap_start_runtimes(client, functions, create, runtime):
    text = f'{runtime} is not supported for SnapStart enabled functions.'
    refused('InvalidParameterValueException', text, client.create_function,
            **arguments(functions.name(), Runtime=runtime, SnapStart={'ApplyOn': 'PublishedVersions'}))
    function = create(Runtime='python3.12', SnapStart={'ApplyOn': 'PublishedVersions'})
    refused('InvalidParameterValueException', text, client.update_function_configuration,
            FunctionName=function.name, Runtime=runtime)


# Environment

def test_environment(create, update):
    function = create(Environment={'Variables': {'AB': '1', 'CD': '2'}})
    assert update(function, Environment={'Variables': {'EF': '3'}})['Environment'] == {'Variables': {'EF': '3'}}
    assert update(function, Timeout=4)['Environment'] == {'Variables': {'EF': '3'}}
    assert update(function, Environment={})['Environment'] == {'Variables': {}}


def test_environment_limit(both_refuse, create):
    """The JSON text is what is measured: names, quotes and escapes count."""
    full = {'AB': 'x' * (4096 - len('{"AB":""}'))}
    assert create(Environment={'Variables': full}).created['Environment']['Variables'] == full
    for variables in ({'AB': full['AB'] + 'x'}, {'AB': full['AB'][1:] + '"'}):
        both_refuse(refused, 'InvalidParameterValueException',
                    'Lambda was unable to configure your environment variables because the environment variables you '
                    'have provided exceeded the 4KB limit. String measured: '
                    + json.dumps(variables, separators=(',', ':')), Environment={'Variables': variables})


def test_environment_reserved(both_refuse):
    both_refuse(refused, 'InvalidParameterValueException',
                'Lambda was unable to configure your environment variables because the environment variables you have '
                'provided contains reserved keys that are currently not supported for modification. Reserved keys used '
                'in this request: AWS_REGION, AWS_ACCESS_KEY_ID',
                Environment={'Variables': {'AWS_REGION': 'x', 'MINE': 'y', 'AWS_ACCESS_KEY_ID': 'z'}})


@pytest.mark.parametrize('name', ['A', '1AB', 'A-B', '_AB', ''])
def test_environment_names(both_refuse, name):
    """The values may be secrets, so the text has none of them."""
    both_refuse(invalid, "Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy "
                'constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]',
                Environment={'Variables': {name: 'x'}})


# Architectures: only with code

def test_architectures(create, client):
    function = create(Architectures=['arm64'])
    assert function.created['Architectures'] == ['arm64']
    kept = client.update_function_code(FunctionName=function.name, ZipFile=ZIP)
    assert kept['Architectures'] == ['arm64']
    function.wait_updated()
    changed = client.update_function_code(FunctionName=function.name, ZipFile=ZIP, Architectures=['x86_64'])
    assert changed['Architectures'] == ['x86_64']


@pytest.mark.parametrize('value, text', [
    (['x86_64', 'arm64'], 'have length less than or equal to 1'),
    ([], 'have length greater than or equal to 1'),
    (['ppc'], 'satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]'),
])
def test_architectures_refused(lax_client, functions, create, value, text):
    expected = constraint(f"[{', '.join(value)}]", 'architectures', text)
    invalid(expected, lax_client.create_function, **arguments(functions.name(), Architectures=value))
    invalid(expected, lax_client.update_function_code, FunctionName=create().name, ZipFile=ZIP, Architectures=value)


# States that take a while

def test_settling_takes_as_long_as_it_is_told(own_daemon, connect):
    """Pending and InProgress can be looked at, and what they refuse."""
    client = connect(own_daemon.start('--settle-ms', '600000').endpoint)
    client.create_function(**arguments('f'))
    assert client.get_function_configuration(FunctionName='f')['State'] == 'Pending'
    text = ('The operation cannot be performed at this time. The function is currently in the following state: '
            'Pending')
    for call, more in ((client.update_function_configuration, {}), (client.publish_version, {}),
                       (client.update_function_code, {'ZipFile': ZIP}), (client.invoke, {})):
        refused('ResourceConflictException', text, call, FunctionName='f', **more)
    own_daemon.kill()
    own_daemon.start()
    client.get_waiter('function_active_v2').wait(FunctionName='f', WaiterConfig={'Delay': 1, 'MaxAttempts': 100})
    own_daemon.restart('--settle-ms', '600000')
    client.update_function_configuration(FunctionName='f', Timeout=7)
    function = client.get_function_configuration(FunctionName='f')
    assert (function['State'], function['LastUpdateStatus'], function['Timeout']) == ('Active', 'InProgress', 7)
    refused('ResourceConflictException',
            'The operation cannot be performed at this time. An update is in progress for resource: '
            f"{function['FunctionArn']}", client.update_function_configuration, FunctionName='f', Timeout=8)


# What EC2 says of a VPC, where there is one

@pytest.fixture(scope='module')
def ec2_daemon(program, daemon_uid, moto):
    daemon = Daemon(program, daemon_uid)
    try:
        yield daemon.start('--endpoint-ec2', moto.endpoint)
    finally:
        daemon.close()


@pytest.fixture(scope='module')
def network(moto):
    """(VPC, subnet, security group) of moto's."""
    ec2 = moto.client('ec2')
    vpc = ec2.create_vpc(CidrBlock='10.7.0.0/16')['Vpc']['VpcId']
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.7.1.0/24')['Subnet']['SubnetId']
    group = ec2.create_security_group(VpcId=vpc, GroupName='lambda', Description='-')['GroupId']
    return vpc, subnet, group


def test_vpc_that_ec2_knows(ec2_daemon, connect, network):
    client, (vpc, subnet, group) = connect(ec2_daemon.endpoint), network
    settings = {'SubnetIds': [subnet], 'SecurityGroupIds': [group]}
    created = client.create_function(**arguments('known', VpcConfig=settings))
    assert created['VpcConfig'] == settings | {'VpcId': vpc, 'Ipv6AllowedForDualStack': False}
    client.get_waiter('function_active_v2').wait(FunctionName='known')
    for change, vpc_id in (({'SubnetIds': [], 'SecurityGroupIds': []}, ''), (settings, vpc),
                           ({'SecurityGroupIds': [group]}, vpc)):
        updated = client.update_function_configuration(FunctionName='known', VpcConfig=change)
        assert updated['VpcConfig']['VpcId'] == vpc_id
        client.get_waiter('function_updated_v2').wait(FunctionName='known')


@pytest.mark.parametrize('which, operation', [('subnet', 'DescribeSubnets'), ('group', 'DescribeSecurityGroups')])
def test_vpc_that_ec2_does_not_know(ec2_daemon, connect, moto, network, which, operation):
    """EC2's own words are passed on."""
    client, ec2, (_, subnet, group) = connect(ec2_daemon.endpoint), moto.client('ec2'), network
    if which == 'subnet':
        subnet, ask = 'subnet-0123456789abcdef0', lambda: ec2.describe_subnets(SubnetIds=[subnet])
    else:
        group, ask = 'sg-0123456789abcdef0', lambda: ec2.describe_security_groups(GroupIds=[group])
    with pytest.raises(ec2.exceptions.ClientError) as caught:
        ask()
    error = caught.value.response['Error']
    text = f"Error occurred while {operation}. EC2 Error Code: {error['Code']}. EC2 Error Message: {error['Message']}"
    settings = {'SubnetIds': [subnet], 'SecurityGroupIds': [group]}
    refused('InvalidParameterValueException', text, client.create_function, **arguments(which, VpcConfig=settings))
    client.create_function(**arguments(which))
    client.get_waiter('function_active_v2').wait(FunctionName=which)
    refused('InvalidParameterValueException', text, client.update_function_configuration,
            FunctionName=which, VpcConfig=settings)


def test_vpc_without_an_answer(own_daemon, connect):
    """Nobody who could say no: it is kept."""
    with socket.socket() as nobody:
        nobody.bind(('127.0.0.1', 0))  # and never listens
        own_daemon.start('--endpoint-ec2', f'http://127.0.0.1:{nobody.getsockname()[1]}')
        settings = {'SubnetIds': SUBNETS, 'SecurityGroupIds': GROUPS}
        created = connect(own_daemon.endpoint).create_function(**arguments('f', VpcConfig=settings))
    assert created['VpcConfig'] == settings | {'VpcId': created['VpcConfig']['VpcId'], 'Ipv6AllowedForDualStack': False}
    assert created['VpcConfig']['VpcId'].startswith('vpc-')
