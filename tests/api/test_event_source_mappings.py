# SPDX-License-Identifier: Apache-2.0
"""Event source mappings: the resource, its states, its rules, and asking the services for the sources."""
import concurrent.futures
import datetime
import time
import uuid

import pytest

from support.daemon import Daemon
from support.errors import ARN, constraint, invalid, refused
from support.functions import Factory

CODE = 'def handler(event, context):\n    pass\n'
QUEUE = 'arn:aws:sqs:us-east-1:000000000000:orders'
FIFO = f'{QUEUE}.fifo'
STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/clicks'
TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/things/stream/2025-02-22T03:03:25.490'
CLUSTER = 'arn:aws:kafka:us-east-1:000000000000:cluster/c/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee-1'
BROKER = 'arn:aws:mq:us-east-1:000000000000:broker:b:b-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
DOCUMENTS = 'arn:aws:rds:us-east-1:000000000000:cluster:docs'
SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s-AbCdEf'
SNS = 'arn:aws:sns:us-east-1:000000000000:failed'
KEY = 'arn:aws:kms:us-east-1:000000000000:key/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'
ACCESS = {'SourceAccessConfigurations': [{'Type': 'BASIC_AUTH', 'URI': SECRET}]}
SETTLE_SECONDS = 60  # a bound, not a wait
MISSING = 'The resource you requested does not exist.'
INVALID = 'InvalidParameterValueException'


@pytest.fixture
def function(functions):
    return functions.create(CODE)


@pytest.fixture
def mappings(client):
    mappings = Mappings(client)
    yield mappings
    mappings.clean()


class Mappings:
    """Creates mappings and deletes them at the end."""

    def __init__(self, client):
        self.client = client
        self.created = []

    def create(self, function, source=None, **arguments):
        if source:
            arguments['EventSourceArn'] = source
        answer = self.client.create_event_source_mapping(
            **{'FunctionName': getattr(function, 'name', function)} | arguments)
        self.created.append(answer['UUID'])
        return bare(answer)

    def settled(self, function, source=None, **arguments):
        return settle(self.client, self.create(function, source, **arguments)['UUID'])

    def get(self, mapping_id):
        return bare(self.client.get_event_source_mapping(UUID=mapping_id), 200)

    def update(self, mapping_id, **arguments):
        """The answer, and the mapping when it has settled."""
        answer = bare(self.client.update_event_source_mapping(UUID=mapping_id, **arguments))
        return answer, settle(self.client, mapping_id)

    def remove(self, mapping_id):
        settle(self.client, mapping_id)
        answer = bare(self.client.delete_event_source_mapping(UUID=mapping_id))
        assert answer['State'] == 'Deleting'
        assert settle(self.client, mapping_id) is None

    def clean(self):
        for mapping_id in self.created:
            if settle(self.client, mapping_id):
                self.client.delete_event_source_mapping(UUID=mapping_id)
                assert settle(self.client, mapping_id) is None


def bare(answer, status=202):
    assert answer.pop('ResponseMetadata')['HTTPStatusCode'] == status
    return answer


def settle(client, mapping_id):
    """The mapping once its state is no transient one; None when it is gone."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        try:
            mapping = bare(client.get_event_source_mapping(UUID=mapping_id), 200)
        except client.exceptions.ResourceNotFoundException:
            return None
        if mapping['State'] in ('Enabled', 'Disabled'):
            return mapping
        time.sleep(0.01)  # polling, bounded
    raise AssertionError(f'{mapping_id} stays {mapping["State"]}')


def expected(mapping, function, source, **more):
    """What all answers have."""
    made = mapping['UUID']
    assert str(uuid.UUID(made)) == made
    assert abs(mapping['LastModified'].timestamp() - time.time()) < 600
    source = {'EventSourceArn': source} if source else {}
    return {'UUID': made, 'EventSourceMappingArn': f'{ARN}:event-source-mapping:{made}', 'FunctionArn': function.arn,
            'LastModified': mapping['LastModified'], 'State': 'Creating'} | source | more


STREAM_DEFAULTS = {
    'StartingPosition': 'LATEST', 'BatchSize': 100, 'MaximumBatchingWindowInSeconds': 0, 'ParallelizationFactor': 1,
    'BisectBatchOnFunctionError': False, 'MaximumRecordAgeInSeconds': -1, 'MaximumRetryAttempts': -1,
    'TumblingWindowInSeconds': 0, 'DestinationConfig': {'OnFailure': {}}, 'FunctionResponseTypes': [],
    'LastProcessingResult': 'No records processed', 'StateTransitionReason': 'User action'}
BROKER_DEFAULTS = {'BatchSize': 100, 'LastProcessingResult': 'No records processed',
                   'StateTransitionReason': 'USER_INITIATED'} | ACCESS


def test_queue(mappings, function):
    made = mappings.create(function, QUEUE)
    assert made == expected(made, function, QUEUE, BatchSize=10, MaximumBatchingWindowInSeconds=0,
                            FunctionResponseTypes=[], StateTransitionReason='USER_INITIATED')
    settled = settle(mappings.client, made['UUID'])
    assert settled == made | {'State': 'Enabled', 'LastModified': settled['LastModified']}
    mappings.remove(made['UUID'])
    for call in ('get_event_source_mapping', 'update_event_source_mapping', 'delete_event_source_mapping'):
        refused('ResourceNotFoundException', MISSING, getattr(mappings.client, call), UUID=made['UUID'])


def test_queue_with_everything(mappings, function):
    more = {
        'BatchSize': 20, 'MaximumBatchingWindowInSeconds': 1, 'FunctionResponseTypes': ['ReportBatchItemFailures'],
        'ScalingConfig': {'MaximumConcurrency': 2}, 'MetricsConfig': {'Metrics': ['EventCount']}, 'KMSKeyArn': KEY,
        'FilterCriteria': {'Filters': [{'Pattern': '{"body": {"a": [1]}}'}, {'Pattern': '{"body": ["x"]}'}]}}
    made = mappings.create(function, QUEUE, **more)
    assert made == expected(made, function, QUEUE, StateTransitionReason='USER_INITIATED', **more)
    listed = mappings.client.list_event_source_mappings(FunctionName=function.name)['EventSourceMappings']
    assert 'FilterCriteria' not in listed[0]  # an encrypted one


def test_empty_filter(mappings, function):
    assert 'FilterCriteria' not in mappings.create(function, QUEUE, FilterCriteria={'Filters': []})


def test_created_disabled(mappings, function):
    assert mappings.create(function, QUEUE, Enabled=False)['State'] == 'Disabled'


@pytest.mark.parametrize('source', [STREAM, TABLE])
def test_stream(mappings, function, source):
    made = mappings.create(function, source, StartingPosition='LATEST')
    assert made == expected(made, function, source, **STREAM_DEFAULTS)


def test_stream_with_everything(mappings, function):
    at = datetime.datetime(2025, 3, 4, 5, 6, 7, tzinfo=datetime.timezone.utc)
    more = {
        'StartingPosition': 'AT_TIMESTAMP', 'BatchSize': 10000, 'MaximumBatchingWindowInSeconds': 300,
        'ParallelizationFactor': 10, 'BisectBatchOnFunctionError': True, 'MaximumRecordAgeInSeconds': 60,
        'MaximumRetryAttempts': 0, 'TumblingWindowInSeconds': 900,
        'DestinationConfig': {'OnFailure': {'Destination': SNS}},
        'FunctionResponseTypes': ['ReportBatchItemFailures'],
        'FilterCriteria': {'Filters': [{'Pattern': '{"data": {"City": ["Bonn"]}}'}]}}
    made = mappings.create(function, STREAM, StartingPositionTimestamp=at, **more)
    assert made == expected(made, function, STREAM, **STREAM_DEFAULTS | more | {'StartingPositionTimestamp': at})


def test_managed_kafka(mappings, function):
    made = mappings.create(function, CLUSTER, Topics=['events'], StartingPosition='LATEST', **ACCESS)
    assert made == expected(made, function, CLUSTER, Topics=['events'], StartingPosition='LATEST',
                            AmazonManagedKafkaEventSourceConfig={'ConsumerGroupId': made['UUID']}, **BROKER_DEFAULTS)


def test_provisioned_kafka(mappings, function):
    registry = {'SchemaRegistryURI': 'https://registry.example', 'EventRecordFormat': 'JSON',
                'AccessConfigs': [{'Type': 'BASIC_AUTH', 'URI': SECRET}],
                'SchemaValidationConfigs': [{'Attribute': 'KEY'}, {'Attribute': 'VALUE'}]}
    more = {
        'Topics': ['events'], 'StartingPosition': 'TRIM_HORIZON', 'MaximumRetryAttempts': 3,
        'MaximumRecordAgeInSeconds': 60,
        'BisectBatchOnFunctionError': True, 'FunctionResponseTypes': ['ReportBatchItemFailures'],
        'DestinationConfig': {'OnFailure': {'Destination': 'kafka://failed'}},
        'LoggingConfig': {'SystemLogLevel': 'DEBUG'},
        'MetricsConfig': {'Metrics': ['EventCount', 'KafkaMetrics']}, 'MaximumBatchingWindowInSeconds': 2,
        'AmazonManagedKafkaEventSourceConfig': {'ConsumerGroupId': 'group', 'SchemaRegistryConfig': registry}}
    made = mappings.create(function, CLUSTER, **more,
                           ProvisionedPollerConfig={'MinimumPollers': 3, 'PollerGroupName': 'p'})
    pollers = {'MinimumPollers': 3, 'MaximumPollers': 200, 'PollerGroupName': 'p'}
    kafka = {key: value for key, value in BROKER_DEFAULTS.items() if key != 'SourceAccessConfigurations'}
    assert made == expected(made, function, CLUSTER, ProvisionedPollerConfig=pollers, **kafka, **more)


def kafka(*servers, topic='events', **more):
    return {'SelfManagedEventSource': {'Endpoints': {'KAFKA_BOOTSTRAP_SERVERS': list(servers)}}, 'Topics': [topic],
            **ACCESS, **more}


def test_self_managed_kafka(mappings, function):
    said = kafka('one:9092', 'two:9092', 'one:9092', SelfManagedKafkaEventSourceConfig={'ConsumerGroupId': 'mine'})
    made = mappings.create(function, **said)
    assert made == expected(made, function, None, StartingPosition='TRIM_HORIZON', **BROKER_DEFAULTS | said)


def test_broker(mappings, function):
    access = {'SourceAccessConfigurations': [{'Type': 'VIRTUAL_HOST', 'URI': '/'},
                                             {'Type': 'BASIC_AUTH', 'URI': SECRET}]}
    made = mappings.create(function, BROKER, Queues=['q'], **access)
    assert made == expected(made, function, BROKER, Queues=['q'], **BROKER_DEFAULTS | access)


def test_documents(mappings, function):
    made = mappings.create(function, DOCUMENTS, DocumentDBEventSourceConfig={'DatabaseName': 'd'}, **ACCESS)
    assert made == expected(
        made, function, DOCUMENTS, MaximumBatchingWindowInSeconds=0, StartingPosition='LATEST',
        DocumentDBEventSourceConfig={'DatabaseName': 'd', 'FullDocument': 'Default'},
        **BROKER_DEFAULTS | {'StateTransitionReason': 'User action'})


def test_names_of_functions(mappings, client, function):
    client.publish_version(FunctionName=function.name)
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='1')
    forms = {function.name: '', f'{function.name}:$LATEST': ':$LATEST',
             f'000000000000:function:{function.name}:1': ':1', f'{function.arn}:live': ':live'}
    for name, qualifier in forms.items():
        assert mappings.create(name, QUEUE)['FunctionArn'] == function.arn + qualifier
    for name, qualifier in forms.items():
        listed = client.list_event_source_mappings(FunctionName=name)['EventSourceMappings']
        assert [mapping['FunctionArn'] for mapping in listed] == [function.arn + qualifier]
    for name in (f'{function.name}:2', f'{function.name}:nope', 'nope'):
        refused(INVALID, 'Function does not exist', mappings.create, name, QUEUE)
    assert client.list_event_source_mappings(FunctionName='nope')['EventSourceMappings'] == []


def test_outlives_its_function(mappings, client, function):
    before = mappings.settled(function, QUEUE)
    client.delete_function(FunctionName=function.name)
    assert mappings.get(before['UUID']) == before
    assert mappings.update(before['UUID'], BatchSize=5)[1]['BatchSize'] == 5


UNSUPPORTED = "Unsupported '{}' parameter for given event source mapping type."
NO_WINDOW = 'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10'
DESTINATION = 'Unsupported DestinationConfig parameter for given event source mapping type.'
NO_POSITION = constraint(None, 'startingPosition', 'not be null')
LATEST = {'StartingPosition': 'LATEST'}
BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/b'
FAILED = {'DestinationConfig': {'OnFailure': {'Destination': SNS}}}
REFUSED = [
    (None, {}, 'Unrecognized event source.'),
    ('arn:aws:s3:::bucket', {}, 'Unrecognized event source.'),
    ('arn:aws:dynamodb:us-east-1:000000000000:table/things', LATEST, 'Unrecognized event source.'),
    (STREAM, {}, f'1 validation error detected: {NO_POSITION}.'),
    (TABLE, {}, f'1 validation error detected: {NO_POSITION}.'),
    (CLUSTER, {'Topics': ['events']}, f'1 validation error detected: {NO_POSITION}.'),
    (TABLE, {'StartingPosition': 'AT_TIMESTAMP', 'StartingPositionTimestamp': 1},
     f'Unsupported starting position for arn type: {TABLE}'),
    (STREAM, {'StartingPosition': 'AT_TIMESTAMP'}, 'Need to specify a timestamp'),
    (STREAM, {'StartingPosition': 'AT_TIMESTAMP', 'StartingPositionTimestamp': 4102444800},
     'StartingPositionTimestamp cannot be in the future.'),
    (QUEUE, LATEST, 'StartingPosition is not valid for SQS event sources.'),
    (QUEUE, {'BatchSize': 11}, NO_WINDOW),
    (FIFO, {'BatchSize': 11}, 'Maximum batch size must be between 1 and 10 inclusive'),
    (FIFO, {'MaximumBatchingWindowInSeconds': 1}, 'Batching window is not supported for FIFO queues'),
    (QUEUE, FAILED, DESTINATION),
    (STREAM, {'DestinationConfig': {'OnSuccess': {'Destination': SNS}}, **LATEST}, DESTINATION),
    (STREAM, {'DestinationConfig': {'OnFailure': {'Destination': BUS}}, **LATEST},
     'The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure('
     f'destination={BUS})) is invalid.'),
    (QUEUE, {'ParallelizationFactor': 2}, UNSUPPORTED.format('parallelizationFactor')),
    (QUEUE, {'MaximumRetryAttempts': 2}, UNSUPPORTED.format('maximumRetryAttempts')),
    (STREAM, {'ScalingConfig': {'MaximumConcurrency': 2}, **LATEST}, UNSUPPORTED.format('scalingConfig')),
    (STREAM, {'Topics': ['events'], **LATEST}, UNSUPPORTED.format('topics')),
    (CLUSTER, {'Topics': ['events'], 'MaximumRetryAttempts': 2, **LATEST}, UNSUPPORTED.format('maximumRetryAttempts')),
    (BROKER, {'Queues': ['q'], **FAILED, **ACCESS}, DESTINATION),
    (DOCUMENTS, {'FilterCriteria': {'Filters': [{'Pattern': '{"a": [1]}'}]}, **ACCESS},
     UNSUPPORTED.format('filterCriteria')),
    (QUEUE, kafka('a:1'), UNSUPPORTED.format('topics')),
    (CLUSTER, LATEST, "Required 'topics' parameter is missing."),
    (None, kafka('a:1') | {'SourceAccessConfigurations': []},
     "Required 'sourceAccessConfigurations' parameter is missing."),
    (None, kafka('a:1') | {'SelfManagedEventSource': {}}, "Required 'selfManagedEventSource' parameter is missing."),
    (BROKER, ACCESS, "Required 'queues' parameter is missing."),
    (BROKER, {'Queues': ['q']}, "Required 'sourceAccessConfigurations' parameter is missing."),
    (DOCUMENTS, ACCESS, "Required 'documentDBEventSourceConfig' parameter is missing."),
    (STREAM, {'MaximumRecordAgeInSeconds': 59, **LATEST},
     'MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)'),
    (BROKER, {'Queues': ['q'], 'SourceAccessConfigurations': [{'Type': 'SASL_SCRAM_256_AUTH', 'URI': SECRET}]},
     'Unsupported source access configuration type SASL_SCRAM_256_AUTH for given event source mapping type.'),
    (QUEUE, {'MetricsConfig': {'Metrics': ['ErrorCount']}},
     'Unsupported metric ErrorCount for given event source mapping type.'),
    (QUEUE, {'ProvisionedPollerConfig': {'MinimumPollers': 2}, 'ScalingConfig': {'MaximumConcurrency': 2}},
     'ScalingConfig and ProvisionedPollerConfig cannot be specified together.'),
    (QUEUE, {'ProvisionedPollerConfig': {'MinimumPollers': 1}},
     'MinimumPollers must be within the limits of the event source and not greater than MaximumPollers.'),
    (QUEUE, {'FilterCriteria': {'Filters': [{'Pattern': '{"body": ["%d"]}' % i} for i in range(6)]}},
     'The number of filters exceeds the maximum of 5.'),
]


@pytest.mark.parametrize('source, said, text', REFUSED)
def test_refused(mappings, function, source, said, text):
    refused(INVALID, text, mappings.create, function, source, **said)


@pytest.mark.parametrize('source, pattern', [
    (QUEUE, 'null'), (QUEUE, '"simple string"'), (QUEUE, '{"eventSource": "aws:sqs"}'), (QUEUE, '{"eventSource": []}'),
    (QUEUE, '[{"eventName": ["INSERT"=123}]'), (QUEUE, ''), (QUEUE, '{"a": [{"EXISTS": true}]}'),
    (STREAM, '{"data": ["plain text"]}')])
def test_bad_filter(mappings, function, source, pattern):
    position = LATEST if source == STREAM else {}
    criteria = {'Filters': [{'Pattern': '{"body": [1]}'}, {'Pattern': pattern}]}
    refused(INVALID, 'Invalid filter pattern definition.', mappings.create, function, source,
            FilterCriteria=criteria, **position)


def test_model_refuses(mappings, function, lax_client):
    create = lax_client.create_event_source_mapping
    invalid("Value 'x' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: "
            '[LATEST, AT_TIMESTAMP, TRIM_HORIZON]', create, FunctionName=function.name, EventSourceArn=STREAM,
            StartingPosition='x')
    invalid(constraint('1', 'scalingConfig.maximumConcurrency', 'have value greater than or equal to 2'), create,
            FunctionName=function.name, EventSourceArn=QUEUE, ScalingConfig={'MaximumConcurrency': 1})
    invalid(constraint('10001', 'batchSize', 'have value less than or equal to 10000'), create,
            FunctionName=function.name, EventSourceArn=QUEUE, BatchSize=10001)


def test_update(mappings, function):
    made = mappings.settled(function, STREAM, **LATEST)
    more = {'BatchSize': 5, 'MaximumBatchingWindowInSeconds': 2, 'MaximumRetryAttempts': 7, 'ParallelizationFactor': 2,
            'FilterCriteria': {'Filters': [{'Pattern': '{"data": {"a": [1]}}'}]}, **FAILED}
    answer, settled = mappings.update(made['UUID'], **more)
    assert answer == made | more | {'State': 'Updating', 'LastModified': answer['LastModified']}
    assert settled == made | more | {'LastModified': settled['LastModified']}
    assert settled['LastModified'] > made['LastModified']
    cleared = {'FilterCriteria': {}, 'DestinationConfig': {'OnFailure': {'Destination': ''}},
               'MaximumRetryAttempts': -1}
    _, settled = mappings.update(made['UUID'], **cleared)
    assert settled == made | {'BatchSize': 5, 'MaximumBatchingWindowInSeconds': 2, 'ParallelizationFactor': 2,
                              'LastModified': settled['LastModified']}


def test_update_clears(mappings, function):
    made = mappings.settled(function, QUEUE)
    for more, clear in (({'ScalingConfig': {'MaximumConcurrency': 5}}, {'ScalingConfig': {}}),
                        ({'KMSKeyArn': KEY}, {'KMSKeyArn': ''}),
                        ({'ProvisionedPollerConfig': {'MinimumPollers': 2, 'MaximumPollers': 3}},
                         {'ProvisionedPollerConfig': {}}),
                        ({'FunctionResponseTypes': ['ReportBatchItemFailures']}, {'FunctionResponseTypes': []}),
                        ({'MetricsConfig': {'Metrics': ['EventCount']}}, {'MetricsConfig': {'Metrics': []}})):
        settled = mappings.update(made['UUID'], **more)[1]
        assert settled == made | more | {'LastModified': settled['LastModified']}
        settled = mappings.update(made['UUID'], **clear)[1]
        assert settled == made | {'LastModified': settled['LastModified']}


def test_update_is_judged(mappings, function):
    made = mappings.settled(function, QUEUE)
    for said, text in (({'BatchSize': 11}, NO_WINDOW),
                       ({'ParallelizationFactor': 2}, UNSUPPORTED.format('parallelizationFactor')),
                       ({'FilterCriteria': {'Filters': [{'Pattern': '{}'}]}}, 'Invalid filter pattern definition.'),
                       ({'FunctionName': 'nope'}, 'Function does not exist')):
        refused(INVALID, text, mappings.client.update_event_source_mapping, UUID=made['UUID'], **said)
    assert mappings.get(made['UUID']) == made


def test_enable_and_disable(mappings, function):
    made = mappings.settled(function, QUEUE)
    for enabled, states in ((False, ('Disabling', 'Disabled')), (False, ('Updating', 'Disabled')),
                            (True, ('Enabling', 'Enabled')), (True, ('Updating', 'Enabled'))):
        answer, settled = mappings.update(made['UUID'], Enabled=enabled)
        assert (answer['State'], settled['State']) == states


DUPLICATE = 'Please update or delete the existing mapping with UUID'


def test_duplicates(mappings, client, function):
    client.create_alias(FunctionName=function.name, Name='live', FunctionVersion='$LATEST')
    queue = mappings.create(function, QUEUE)['UUID']
    taken = (f'An event source mapping with SQS arn (" {QUEUE} ") and function (" {function.name} ") already exists. '
             f'{DUPLICATE} {queue}')
    refused('ResourceConflictException', taken, mappings.create, function.arn, QUEUE)
    stream = mappings.create(function, STREAM, **LATEST)['UUID']
    refused('ResourceConflictException', f'The event source arn (" {STREAM} ") and function (" {function.name} ") '
            f'provided mapping already exists. {DUPLICATE} {stream}', mappings.create, function, STREAM, **LATEST)
    alias = mappings.settled(f'{function.name}:live', QUEUE)['UUID']
    refused('ResourceConflictException', taken, client.update_event_source_mapping, UUID=alias,
            FunctionName=function.name)
    mappings.remove(queue)
    assert mappings.update(alias, FunctionName=function.name)[1]['FunctionArn'] == function.arn
    mappings.create(f'{function.name}:live', QUEUE)


def test_duplicate_kafka(mappings, function):
    made = mappings.create(function, **kafka('one:9092', 'two:9092'))['UUID']
    refused('ResourceConflictException', f'An event source mapping with event source ("three:9092,two:9092"), function '
            f'("{function.arn}"), topics ("events") already exists. {DUPLICATE} {made}',
            mappings.create, function, **kafka('three:9092', 'two:9092'))
    mappings.create(function, **kafka('one:9092', topic='other'))
    mappings.remove(made)
    mappings.create(function, **kafka('two:9092'))


def test_duplicate_documents(mappings, function):
    """A collection that is no longer read from is free, and one that is now, is not."""
    def documents(collection, **more):
        return {'DocumentDBEventSourceConfig': {'DatabaseName': 'd', 'CollectionName': collection} | more}

    made = mappings.settled(function, DOCUMENTS, **documents('one'), **ACCESS)['UUID']
    changed = mappings.update(made, **documents('two'))[1]
    assert changed.items() >= documents('two', FullDocument='Default').items()
    taken = (f'The event source arn (" {DOCUMENTS} ") and function (" {function.name} ") provided mapping already '
             f'exists. {DUPLICATE} {made}')
    refused('ResourceConflictException', taken, mappings.create, function, DOCUMENTS, **documents('two'), **ACCESS)
    mappings.create(function, DOCUMENTS, **documents('one'), **ACCESS)
    mappings.remove(made)
    mappings.create(function, DOCUMENTS, **documents('two'), **ACCESS)


def test_consumer_group_is_for_good(mappings, function):
    made = mappings.settled(function, **kafka('one:9092'))
    other = {'SelfManagedKafkaEventSourceConfig': {'ConsumerGroupId': 'other'}}
    settled = mappings.update(made['UUID'], BatchSize=1, **other)[1]
    assert settled == made | {'BatchSize': 1, 'LastModified': settled['LastModified']}


def test_simultaneous_duplicates(mappings, client, function):
    def attempt(_):
        try:
            return mappings.create(function, QUEUE)['UUID'], None
        except client.exceptions.ResourceConflictException as error:
            return None, error.response['Error']['Message']

    for _ in range(5):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(attempt, range(8)))
        made = [mapping_id for mapping_id, _ in results if mapping_id]
        assert len(made) == 1
        assert {text.rsplit(' ', 1)[1] for _, text in results if text} == set(made)
        mappings.remove(made[0])


def pages(client, size, **filters):
    arguments = dict(filters)
    while True:
        answer = client.list_event_source_mappings(MaxItems=size, **arguments)
        yield answer['EventSourceMappings']
        if 'NextMarker' not in answer:
            return
        arguments['Marker'] = answer['NextMarker']


def test_list(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    mappings = Mappings(client)
    functions = [Factory(client).create(CODE) for _ in range(2)]
    made = {(i, n): mappings.create(functions[i], f'{QUEUE}-{n}')['UUID'] for i in range(2) for n in range(60)}
    for mapping_id in made.values():
        settle(client, mapping_id)
    for filters, wanted in (({}, made.values()),
                            ({'FunctionName': functions[1].name}, [u for (i, _), u in made.items() if i == 1]),
                            ({'EventSourceArn': f'{QUEUE}-7'}, [made[0, 7], made[1, 7]]),
                            ({'EventSourceArn': f'{QUEUE}-7', 'FunctionName': functions[0].arn}, [made[0, 7]]),
                            ({'EventSourceArn': STREAM}, [])):
        for size in (1, 7, 60):
            found = list(pages(client, size, **filters))
            assert all(len(page) == size for page in found[:-1])
            assert sorted(mapping['UUID'] for page in found for mapping in page) == sorted(wanted)
    first = client.list_event_source_mappings(MaxItems=10000)
    assert len(first['EventSourceMappings']) == 100
    assert first['EventSourceMappings'][0] == mappings.get(first['EventSourceMappings'][0]['UUID'])
    refused(INVALID, 'The provided marker is invalid.', client.list_event_source_mappings, Marker='none of ours')


def test_kept_apart(mappings, daemon, connect, functions, function):
    """Accounts and regions."""
    made = mappings.create(function, QUEUE)['UUID']
    for other in (connect(daemon.endpoint, access_key='111111111111'), connect(daemon.endpoint, region='eu-west-1')):
        refused('ResourceNotFoundException', MISSING, other.get_event_source_mapping, UUID=made)
        assert other.list_event_source_mappings()['EventSourceMappings'] == []
        refused(INVALID, 'Function does not exist', other.create_event_source_mapping,
                FunctionName=function.name, EventSourceArn=QUEUE)


HOURS = ('--settle-ms', '600000')


def test_transient_states(own_daemon, connect):
    """What is under way refuses changes, and goes on after a restart."""
    client = connect(own_daemon.start().endpoint)
    name = Factory(client).create(CODE).name
    own_daemon.stop()
    said = {'FunctionName': name, 'EventSourceArn': QUEUE}
    steps = [('Creating', lambda client, _: client.create_event_source_mapping(**said)),
             ('Disabling', lambda client, made: client.update_event_source_mapping(UUID=made, Enabled=False)),
             ('Enabling', lambda client, made: client.update_event_source_mapping(UUID=made, Enabled=True)),
             ('Updating', lambda client, made: client.update_event_source_mapping(UUID=made, BatchSize=7)),
             ('Deleting', lambda client, made: client.delete_event_source_mapping(UUID=made))]
    made = None
    for number, (state, change) in enumerate(steps):
        client = connect(own_daemon.start(*HOURS).endpoint)
        made = change(client, made)['UUID']
        assert client.get_event_source_mapping(UUID=made)['State'] == state
        for call, verb in ((client.update_event_source_mapping, 'update'),
                           (client.delete_event_source_mapping, 'delete')):
            with pytest.raises(client.exceptions.ResourceInUseException) as caught:
                call(UUID=made)
            assert caught.value.response['Message'] == f'Cannot {verb} the event source mapping because it is in use.'
        client.tag_resource(Resource=f'{ARN}:event-source-mapping:{made}', Tags={'step': state})
        if state == 'Deleting':
            with pytest.raises(client.exceptions.ResourceConflictException):
                client.create_event_source_mapping(FunctionName=name, EventSourceArn=QUEUE)
        if number % 2:
            own_daemon.kill()
        else:
            own_daemon.stop()
        client = connect(own_daemon.start().endpoint)
        settled = settle(client, made)
        assert (settled and settled['State']) == {'Disabling': 'Disabled', 'Deleting': None}.get(state, 'Enabled')
        own_daemon.stop()
    client = connect(own_daemon.start().endpoint)
    made = client.create_event_source_mapping(FunctionName=name, EventSourceArn=QUEUE)['UUID']
    assert settle(client, made)['State'] == 'Enabled'


def test_kill_right_after_each_answer(own_daemon, connect):
    client = connect(own_daemon.start().endpoint)
    name = Factory(client).create(CODE).name
    said = {'BatchSize': 3, 'FilterCriteria': {'Filters': [{'Pattern': '{"body": ["ü"]}'}]}}
    made = bare(client.create_event_source_mapping(FunctionName=name, EventSourceArn=QUEUE, Tags={'a': 'b'}, **said))
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    settled = settle(client, made['UUID'])
    assert settled == made | {'State': 'Enabled', 'LastModified': settled['LastModified']}
    assert client.list_tags(Resource=made['EventSourceMappingArn'])['Tags'] == {'a': 'b'}
    client.update_event_source_mapping(UUID=made['UUID'], BatchSize=4)
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert settle(client, made['UUID'])['BatchSize'] == 4
    client.delete_event_source_mapping(UUID=made['UUID'])
    own_daemon.kill()
    client = connect(own_daemon.start().endpoint)
    assert settle(client, made['UUID']) is None


# Asking the services for the sources.

@pytest.fixture(scope='module')
def asking(program, daemon_uid, moto, connect):
    """A client of a daemon that knows moto's queues and streams."""
    daemon = Daemon(program, daemon_uid)
    try:
        daemon.start('--endpoint-sqs', moto.endpoint, '--endpoint-kinesis', moto.endpoint,
                     '--endpoint-dynamodb-streams', moto.endpoint)
        yield connect(daemon.endpoint)
    finally:
        daemon.close()


def arn(moto, service, resource):
    return f'arn:aws:{service}:us-east-1:{moto.account}:{resource}'


def test_missing_sources(asking, moto):
    function, mappings = Factory(asking).create(CODE), Mappings(asking)
    refused(INVALID, 'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. '
            'SQS Error Message: The specified queue does not exist.', mappings.create, function,
            arn(moto, 'sqs', 'nope'))
    for source in (arn(moto, 'kinesis', 'stream/nope'),
                   arn(moto, 'dynamodb', 'table/nope/stream/2025-02-22T03:03:25.490')):
        refused(INVALID, f'Stream not found: {source}', mappings.create, function, source, **LATEST)
    assert asking.list_event_source_mappings(FunctionName=function.name)['EventSourceMappings'] == []


def test_sources_that_are_there(asking, moto):
    function, mappings = Factory(asking).create(CODE), Mappings(asking)
    moto.client('sqs').create_queue(QueueName='esm-there')
    moto.client('kinesis').create_stream(StreamName='esm-there', ShardCount=1)
    table = moto.client('dynamodb').create_table(
        TableName='esm-there', BillingMode='PAY_PER_REQUEST', KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
        AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}],
        StreamSpecification={'StreamEnabled': True, 'StreamViewType': 'NEW_IMAGE'})['TableDescription']
    mappings.create(function, arn(moto, 'sqs', 'esm-there'))
    mappings.create(function, arn(moto, 'kinesis', 'stream/esm-there'), **LATEST)
    mappings.create(function, table['LatestStreamArn'], **LATEST)


def test_visibility_timeout(asking, moto):
    moto.client('sqs').create_queue(QueueName='esm-short', Attributes={'VisibilityTimeout': '20'})
    source, mappings = arn(moto, 'sqs', 'esm-short'), Mappings(asking)
    slow, quick = Factory(asking).create(CODE, Timeout=21), Factory(asking).create(CODE, Timeout=20)
    text = 'Queue visibility timeout: 20 seconds is less than Function timeout: 21 seconds'
    refused(INVALID, text, mappings.create, slow, source)
    made = mappings.settled(quick, source)
    refused(INVALID, text, asking.update_event_source_mapping, UUID=made['UUID'], FunctionName=slow.name)
    assert mappings.get(made['UUID']) == made


def test_service_without_an_answer(own_daemon, connect):
    """Nobody there: whether the queue is there is found out by who reads from it."""
    client = connect(own_daemon.start('--endpoint-sqs', 'http://127.0.0.1:9').endpoint)
    made = Mappings(client).create(Factory(client).create(CODE), QUEUE)
    assert made['EventSourceArn'] == QUEUE
