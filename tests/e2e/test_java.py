# SPDX-License-Identifier: Apache-2.0
"""Java functions in a daemon: packages of all forms, the JVM's settings, stem cells, and AWS's event classes."""
import json
import pathlib
import subprocess

import builds
import pytest

from support.functions import Factory
from support.waiting import until
from support.zips import make_zip, zip_folder

HOMES = pathlib.Path('/usr/lib/jvm')


@pytest.fixture(scope='session')
def classes():
    return builds.build_java(None)


@pytest.fixture(scope='session')
def jar(classes, tmp_path_factory):
    """The same as a jar."""
    path = tmp_path_factory.mktemp('jar') / 'cases.jar'
    subprocess.run(['jar', '--create', '--file', path, '-C', classes, '.'], check=True)
    return path.read_bytes()


@pytest.fixture
def create(functions, classes):
    def create(method='Cases::echo', code=None, runtime='java17', **arguments):
        variables = {'Variables': arguments.pop('variables', {})}
        return functions.create(code or zip_folder(classes), Runtime=runtime, Handler=f'cases.{method}',
                                Environment=variables, **{'MemorySize': 256} | arguments)
    return create


# Packages

def test_jar_as_package(create, jar):
    """A jar is a zip."""
    assert create(code=jar).invoke('x').json == 'x'


def test_jar_in_lib(create, jar):
    assert create(code=make_zip({'lib/cases.jar': jar, 'lib/broken.jar': b'no jar', 'readme': ''})).invoke('x').json == 'x'


def test_jar_in_layer(create, client, jar):
    layer = client.publish_layer_version(LayerName='java', Content={'ZipFile': make_zip({'java/lib/cases.jar': jar})})
    function = create(code=make_zip({'readme': ''}), Layers=[layer['LayerVersionArn']])
    assert function.invoke('x').json == 'x'
    client.delete_layer_version(LayerName='java', VersionNumber=layer['Version'])


def test_classes_go_before_jars(create, classes, jar):
    """And jars by their names."""
    own = make_zip({'cases/Cases.class': (classes / 'cases/Forms.class').read_bytes(), 'lib/cases.jar': jar})
    answer = create(code=own).invoke('x')
    assert (answer.error, answer.json['errorType']) == ('Unhandled', 'java.lang.NoClassDefFoundError')
    assert answer.json['errorMessage'].startswith('Error loading class cases.Cases: cases/Cases (wrong name: cases/Forms')


# Versions

@pytest.mark.parametrize('runtime,label', [('java11', 'java:11'), ('java8.al2', 'java:8')])
def test_older_version_than_there_is(create, daemon, runtime, label):
    """Ours runs on Java 17 and newer; what is asked for stays as it is."""
    function = create(runtime=runtime)
    assert function.configuration()['Runtime'] == runtime
    answer = function.invoke('x', tail=True)
    assert answer.json == 'x'
    daemon.wait_for_log(f'REPORT RequestId: {answer.request_id}')
    line = daemon.log_events(function.name)[0][2]
    assert line.startswith(f"INIT_START Runtime Version: {label} (run by the host's /usr/")


@pytest.mark.parametrize('major', [major for major in (17, 21, 25) if any(HOMES.glob(f'*-{major}-*/bin/java'))])
def test_each_version_that_there_is(create, major):
    function = create('Forms::property', runtime=f'java{major}')
    assert function.invoke('java.specification.version').json == str(major)


# The JVM's settings

@pytest.mark.parametrize('size', [128, 512])
def test_heap_follows_memory(create, size):
    heap = create('Forms::heap', MemorySize=size).invoke({}).json
    assert 0.8 * size <= heap <= 0.85 * size


def test_out_of_memory(create):
    """A large array more than there is heap for: the error is told, and the next invocation has a fresh process."""
    function = create('Cases::big')
    answer = function.invoke(500_000_000)
    assert answer.json['errorType'] == 'java.lang.OutOfMemoryError'
    assert function.invoke(1).json == 'x'


def test_options_of_the_function(create):
    options = '-Dmine=yes -Xmx64m -XX:+UseG1GC'
    function = create('Forms::heap', variables={'JAVA_TOOL_OPTIONS': options})
    answer = function.invoke({}, tail=True)
    assert answer.json == 64
    function = create('Forms::property', variables={'JAVA_TOOL_OPTIONS': options})
    answer = function.invoke('mine', tail=True)
    assert answer.json == 'yes'


def test_wrapper(create, classes):
    files = {str(path.relative_to(classes)): path.read_bytes() for path in classes.rglob('*.class')}
    wrapper = '#!/bin/sh\njava=$1\nshift\nexport MINE=wrapped\nexec "$java" -Dmine=wrapped "$@"\n'
    code = make_zip(files | {('wrapper', 0o755): wrapper})
    variables = {'AWS_LAMBDA_EXEC_WRAPPER': '/var/task/wrapper'}
    assert create('Forms::property', code, variables=variables).invoke('mine').json == 'wrapped'
    assert create('Forms::folder', code, variables=variables).invoke({}).json['own'] == 'wrapped'


def test_stem_cell(own_daemon, connect, classes):
    """A process that was up before it knew its function is in the function's folder and has its variables."""
    daemon = own_daemon.start('--stem-cells', '1')
    functions = Factory(connect(daemon.endpoint))
    answers = []
    for number in range(2):
        function = functions.create(zip_folder(classes), Runtime='java17', Handler='cases.Forms::folder',
                                    MemorySize=256, Environment={'Variables': {'MINE': str(number)}})
        answers.append(function.invoke({}).json)
        until(lambda: health(daemon)['stemCells'] == 1, 'a stem cell')
    assert answers[1] == {'was stem': True, 'own': '1', 'is there': True, 'absolute': '/var/task/x',
                          'child': 'cases/Forms.class\n1\n'}
    assert answers[0]['absolute'] == '/var/task/x'


def health(daemon):
    done = subprocess.run(['curl', '-s', f'{daemon.endpoint}/_lambd/health'], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def test_no_java(own_daemon, connect):
    """Accepted, as on AWS; Invoke says what to install, and so does the doctor."""
    as_user = own_daemon.as_user
    # In a mount namespace of its own, the folder where the JVMs are is empty.
    hide = ['unshare', '--mount', 'sh', '-c', f'mount -t tmpfs -o mode=755 none {HOMES} && exec "$@"', 'sh']
    own_daemon.as_user = lambda command: [*hide, *as_user(command)]
    functions = Factory(connect(own_daemon.start().endpoint))
    answer = functions.create({'App.class': 'no class'}, Runtime='java21', Handler='App').invoke()
    assert (answer.error, answer.json['errorType']) == ('Unhandled', 'Runtime.InvalidEntrypoint')
    assert answer.json['errorMessage'].endswith(
        'this host has no Java (17 or newer) in /usr/lib/jvm or /usr/bin for java21; install the package '
        'default-jre-headless')
    assert own_daemon.doctor()['java'] == 'info'


# AWS's own classes

SQS = {'Records': [{'messageId': str(number), 'receiptHandle': 'r', 'body': body, 'md5OfBody': 'm',
                    'attributes': {'SentTimestamp': '1'}, 'eventSource': 'aws:sqs', 'awsRegion': 'us-east-1',
                    'messageAttributes': {'a': {'dataType': 'String', 'stringValue': 'v', 'binaryValue': 'AAE='}},
                    'eventSourceARN': 'arn:aws:sqs:us-east-1:000000000000:q'} for number, body in enumerate('good bad'.split())]}
DYNAMODB = {'Records': [{
    'eventID': '1', 'eventName': 'INSERT', 'eventVersion': '1.1', 'eventSource': 'aws:dynamodb', 'awsRegion': 'r',
    'eventSourceARN': 'arn', 'dynamodb': {
        'ApproximateCreationDateTime': 1700000000.25, 'Keys': {'Id': {'N': '101'}}, 'SequenceNumber': '111',
        'SizeBytes': 26, 'StreamViewType': 'NEW_AND_OLD_IMAGES', 'NewImage': {
            'Id': {'N': '101'}, 'B': {'B': 'AAEC'}, 'L': {'L': [{'S': 'x'}, {'BOOL': True}, {'NULL': True}]},
            'M': {'M': {'k': {'SS': ['a', 'b']}}}, 'NS': {'NS': ['1', '2']}}}}]}
S3 = {'Records': [{
    'eventVersion': '2.1', 'eventSource': 'aws:s3', 'awsRegion': 'us-east-1', 'eventTime': '1970-01-01T00:00:01.500Z',
    'eventName': 'ObjectCreated:Put', 'userIdentity': {'principalId': 'p'},
    'requestParameters': {'sourceIPAddress': '127.0.0.1'},
    'responseElements': {'x-amz-request-id': 'q', 'x-amz-id-2': 'i'},
    's3': {'s3SchemaVersion': '1.0', 'configurationId': 'c', 'bucket': {
        'name': 'pictures', 'ownerIdentity': {'principalId': 'o'}, 'arn': 'arn:aws:s3:::pictures'},
        'object': {'key': 'red+rose.jpg', 'size': 1024, 'eTag': 'e', 'sequencer': '0A'}}}]}
EVENTS = {
    'sqs': SQS,
    'dynamodb': DYNAMODB,
    'sns': {'Records': [{'EventVersion': '1.0', 'EventSubscriptionArn': 'arn', 'EventSource': 'aws:sns', 'Sns': {
        'SignatureVersion': '1', 'Timestamp': '2026-01-02T03:04:05.678Z', 'Signature': 's', 'SigningCertUrl': 'c',
        'MessageId': 'm', 'Message': 'hello', 'MessageAttributes': {'k': {'Type': 'String', 'Value': 'v'}},
        'Type': 'Notification', 'UnsubscribeUrl': 'u', 'TopicArn': 't', 'Subject': 'j'}}]},
    'kinesis': {'Records': [{'kinesis': {
        'kinesisSchemaVersion': '1.0', 'partitionKey': '1', 'sequenceNumber': '2', 'data': 'SGVsbG8=',
        'approximateArrivalTimestamp': 1700000000.125, 'encryptionType': 'NONE'}, 'eventSource': 'aws:kinesis',
        'eventVersion': '1.0', 'eventID': 'e', 'eventName': 'aws:kinesis:record', 'invokeIdentityArn': 'a',
        'awsRegion': 'r', 'eventSourceARN': 'arn'}]},
    'scheduled': {'version': '0', 'account': '0', 'region': 'r', 'detail': {'a': 1}, 'detail-type': 'Scheduled Event',
                  'source': 'aws.events', 'time': '2026-01-02T03:04:05Z', 'id': 'i', 'resources': ['arn']},
    'gateway': {'resource': '/{proxy+}', 'path': '/a', 'httpMethod': 'GET', 'headers': {'Host': 'h'},
                'multiValueHeaders': {'Host': ['h']}, 'queryStringParameters': {'q': '1'}, 'body': 'b',
                'isBase64Encoded': False, 'requestContext': {'accountId': '0', 'identity': {'sourceIp': '::1'}}},
    'logs': {'awslogs': {'data': 'H4sI'}},
    'connect': {'Name': 'ContactFlowEvent', 'Details': {'ContactData': {
        'Attributes': {'a': 'b'}, 'Channel': 'VOICE', 'ContactId': 'c', 'InstanceARN': 'arn',
        'CustomerEndpoint': {'Address': '+1', 'Type': 'TELEPHONE_NUMBER'}, 'InitiationMethod': 'INBOUND'},
        'Parameters': {'p': 'q'}}},
    'resource': {'RequestType': 'Create', 'ServiceToken': 't', 'ResponseURL': 'u', 'StackId': 's', 'RequestId': 'r',
                 'LogicalResourceId': 'l', 'ResourceType': 'Custom::X', 'ResourceProperties': {'k': ['v']}},
    'rotation': {'Step': 'createSecret', 'SecretId': 's', 'ClientRequestToken': 't'},
}


@pytest.fixture(scope='module')
def events_package():
    return zip_folder(builds.build_java_events())


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize('method,event,result', [
    ('$Queue', SQS, {'batchItemFailures': [{'itemIdentifier': '1'}]}),
    ('::place', S3, 'pictures/red rose.jpg 1500'),
    ('::changed', DYNAMODB, '101 1700000000250'),
    ('::http', {'rawPath': '/a', 'requestContext': {'http': {'method': 'GET'}, 'timeEpoch': 1}},
     {'statusCode': 201, 'headers': {'Content-Type': 'text/plain'}, 'body': 'GET /a', 'isBase64Encoded': False}),
])
def test_functions_of_events(functions, events_package, method, event, result):
    """Compiled against AWS's libraries from Maven Central, which are in the package."""
    function = functions.create(events_package, Runtime='java17', Handler=f'events.Events{method}', MemorySize=256)
    answer = function.invoke(event, tail=True)
    assert answer.json == result
    if method == '$Queue':
        assert 'arn:aws:sqs:us-east-1:000000000000:q\n' in answer.log


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize('method', EVENTS)
def test_events_as_the_client_of_aws_sees_them(functions, events_package, method):
    """There and back through AWS's classes: the same by our client and by AWS's."""
    ours = functions.create(events_package, Runtime='java17', Handler=f'events.Events::{method}', MemorySize=256)
    theirs = functions.create(zip_folder(builds.build_java_ric(None)), Runtime='provided.al2023',
                              Handler=f'events.Events::{method}', MemorySize=256)
    seen = [function.invoke(EVENTS[method]).json for function in (ours, theirs)]
    assert seen[0] == seen[1]
    assert seen[0].keys() & EVENTS[method].keys() == EVENTS[method].keys()
