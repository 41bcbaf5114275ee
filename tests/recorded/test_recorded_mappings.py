# SPDX-License-Identifier: Apache-2.0
"""Event source mappings as resources."""
import json

import pytest
from replay import ACCOUNT, recorded

AWS = {'daemon': 'aws_daemon'}  # the sources and destinations exist
RETRIES = {'BatchSize': 1, 'StartingPosition': 'TRIM_HORIZON', 'MaximumBatchingWindowInSeconds': 1,
           'MaximumRetryAttempts': 1}
FAILURES = {'FunctionResponseTypes': ['ReportBatchItemFailures']}


def to(destination):
    return {'DestinationConfig': {'OnFailure': {'Destination': destination}}}


def create(case, step, source, function=None, **arguments):
    """CreateEventSourceMapping, matched; the answer."""
    answer = case.call(step, 'create_event_source_mapping', EventSourceArn=source,
                       FunctionName=function or case.function(), **arguments)
    if 'UUID' in answer:
        case.later(case.client.delete_event_source_mapping, UUID=answer['UUID'])
    return answer


def wait_enabled(case, uuid):
    case.wait_until(lambda: case.client.get_event_source_mapping(UUID=uuid)['State'] == 'Enabled')


@recorded('TestLambdaEventSourceMappings::test_event_source_mapping_lifecycle', **AWS)
def test_event_source_mapping_lifecycle(case):
    uuid = create(case, 'create_response', case.sources.table(), **RETRIES, **to(case.sources.queue()))['UUID']
    wait_enabled(case, uuid)
    case.call('get_response', 'get_event_source_mapping', UUID=uuid)
    case.call('delete_response', 'delete_event_source_mapping', UUID=uuid)


@recorded('TestLambdaEventSourceMappings::test_event_source_mapping_lifecycle_delete_function', **AWS)
def test_event_source_mapping_lifecycle_delete_function(case):
    name = case.function()
    uuid = create(case, 'create_response', case.sources.table(), name, **RETRIES, **to(case.sources.queue()))['UUID']
    wait_enabled(case, uuid)
    case.call('get_response', 'get_event_source_mapping', UUID=uuid)
    case.call('delete_function_response', 'delete_function', FunctionName=name)
    case.call('get_response_post_delete', 'get_event_source_mapping', UUID=uuid)
    case.call('delete_response', 'delete_event_source_mapping', UUID=uuid)


@recorded('TestLambdaEventSourceMappings::test_create_event_source_validation', **AWS)
def test_create_event_source_validation(case):
    name, table = case.function(), case.sources.table()
    create(case, 'no_starting_position', table, name)
    create(case, 'invalid_starting_position', table, name, StartingPosition='invalid')
    create(case, 'incompatible_starting_position', table, name, StartingPosition='AT_TIMESTAMP',
           StartingPositionTimestamp='1741010802')


@recorded('TestLambdaEventSourceMappings::test_create_event_source_validation_kinesis', **AWS)
def test_create_event_source_validation_kinesis(case):
    name, stream = case.function(), case.sources.stream()
    create(case, 'no_starting_position', stream, name)
    create(case, 'invalid_starting_position', stream, name, StartingPosition='invalid')


@recorded('TestLambdaEventSourceMappings::test_create_event_source_self_managed')
def test_create_event_source_self_managed(case):
    name = case.function()
    access = {'SourceAccessConfigurations': [{
        'Type': 'BASIC_AUTH', 'URI': f'arn:aws:secretsmanager:{case.region}:{ACCOUNT}:secret:kafka-AbCdEf'}]}

    def kafka(step, topic='topic', servers=('kafka:1000',), **arguments):
        answer = case.call(step, 'create_event_source_mapping', FunctionName=name, Topics=[topic],
                           SelfManagedEventSource={'Endpoints': {'KAFKA_BOOTSTRAP_SERVERS': list(servers)}},
                           **arguments)
        if 'UUID' in answer:
            case.later(case.client.delete_event_source_mapping, UUID=answer['UUID'])

    kafka('missing-source-access-configuration')
    kafka('event-source-mapping-default', **access)
    kafka('duplicate-source', **access)
    kafka('event-source-mapping-values', 'topic_2', BatchSize=1, StartingPosition='LATEST',
          SelfManagedKafkaEventSourceConfig={'ConsumerGroupId': 'random_id'}, **access)
    kafka('multiple-duplicate-source', servers=('kafka:1000', 'kafka:2000'), **access)


@recorded('TestLambdaTag::test_create_tag_on_esm_create', **AWS)
def test_create_tag_on_esm_create(case):
    answer = case.client.create_event_source_mapping(
        EventSourceArn=case.sources.queue(), FunctionName=case.function(), Tags={'testtag': 'some-value'})
    case.later(case.client.delete_event_source_mapping, UUID=answer['UUID'])
    got = case.client.get_event_source_mapping(UUID=answer['UUID'])
    case.match('get_event_source_mapping_with_tag', got['EventSourceMappingArn'] == answer['EventSourceMappingArn'])
    case.call('list_tags_result', 'list_tags', Resource=answer['EventSourceMappingArn'])


@recorded('test_esm_with_not_existing_sqs_queue', **AWS)
def test_esm_with_not_existing_sqs_queue(case):
    create(case, 'error', f'arn:aws:sqs:{case.region}:{ACCOUNT}:no-such-queue')


@recorded('TestDynamoDBEventSourceMapping::test_esm_with_not_existing_dynamodb_stream', **AWS)
def test_esm_with_not_existing_dynamodb_stream(case):
    create(case, 'error', f'arn:aws:dynamodb:{case.region}:{ACCOUNT}:table/test-table-4a53f4e8/'
                          'stream/2025-02-22T03:03:25.490', StartingPosition='LATEST')


@pytest.mark.parametrize('pattern', [
    pytest.param(None, id='None'), pytest.param('simple string', id='simple string'),
    pytest.param({'eventSource': 'aws:sqs'}, id='invalid_filter2'),
    pytest.param({'eventSource': []}, id='invalid_filter3'),
])
@recorded('TestSQSEventSourceMapping::test_sqs_invalid_event_filter', **AWS)
def test_sqs_invalid_event_filter(case, pattern):
    create(case, 'create_event_source_mapping_exception', case.sources.queue(),
           FilterCriteria={'Filters': [{'Pattern': json.dumps(pattern)}]})


@recorded('TestSQSEventSourceMapping::test_duplicate_event_source_mappings', **AWS)
def test_duplicate_queue(case):
    name, queue = case.function(), case.sources.queue()
    create(case, 'create', queue, name)
    create(case, 'error', queue, name)


@recorded('TestKinesisSource::test_duplicate_event_source_mappings', **AWS)
def test_duplicate_stream(case):
    name, stream = case.function(), case.sources.stream()
    for step in ('create', 'error'):
        create(case, step, stream, name, StartingPosition='LATEST')


@recorded('TestDynamoDBEventSourceMapping::test_duplicate_event_source_mappings', **AWS)
def test_duplicate_table(case):
    name, table = case.function(), case.sources.table()
    for step in ('create', 'error'):
        create(case, step, table, name, **(RETRIES | {'BatchSize': 100}))


@pytest.mark.parametrize('size', [15, 100, 1000, 10000])
@recorded('TestSQSEventSourceMapping::test_sqs_event_source_mapping_batch_size', **AWS)
def test_sqs_event_source_mapping_batch_size(case, size):
    create(case, 'create-event-source-mapping-response', case.sources.queue(), BatchSize=size,
           MaximumBatchingWindowInSeconds=10)


@recorded('TestSQSEventSourceMapping::test_sqs_event_source_mapping_batching_reserved_concurrency', **AWS)
def test_sqs_event_source_mapping_batching_reserved_concurrency(case):
    name = case.function()
    case.call('put_concurrency_resp', 'put_function_concurrency', FunctionName=name, ReservedConcurrentExecutions=2)
    create(case, 'create-event-source-mapping-response', case.sources.queue(), name, BatchSize=20,
           MaximumBatchingWindowInSeconds=1, ScalingConfig={'MaximumConcurrency': 2})


@recorded('test_report_batch_item_failures', **AWS)
def test_report_batch_item_failures(case):
    create(case, 'create_event_source_mapping', case.sources.queue(fifo=True), **FAILURES)


@recorded('TestKinesisSource::test_disable_kinesis_event_source_mapping', **AWS)
def test_disable_kinesis_event_source_mapping(case):
    create(case, 'create_event_source_mapping_response', case.sources.stream(), BatchSize=10,
           StartingPosition='LATEST')


STREAM = 'create_event_source_mapping_response'


@recorded('TestKinesisSource::test_kinesis_event_source_mapping_with_sns_on_failure_destination_config', **AWS)
def test_kinesis_to_topic(case):
    create(case, STREAM, case.sources.stream(), **RETRIES, **to(case.sources.topic()))


@recorded('TestKinesisSource::test_kinesis_event_source_mapping_with_s3_on_failure_destination', **AWS)
def test_kinesis_to_bucket(case):
    create(case, STREAM, case.sources.stream(), **RETRIES, **to(case.sources.bucket_arn()))


@recorded('TestKinesisSource::test_kinesis_report_batch_item_failures', **AWS)
def test_kinesis_report_batch_item_failures(case):
    create(case, STREAM, case.sources.stream(), **(RETRIES | {'BatchSize': 3, 'MaximumRetryAttempts': 3}), **FAILURES,
           **to(case.sources.queue()))


@pytest.mark.parametrize('retries', [pytest.param(-1, id='expire-while-retrying'),
                                     pytest.param(0, id='expire-before-ingestion')])
@recorded('TestKinesisSource::test_kinesis_maximum_record_age_exceeded', **AWS)
def test_kinesis_maximum_record_age_exceeded(case, retries):
    create(case, STREAM, case.sources.stream(), MaximumRecordAgeInSeconds=60,
           **(RETRIES | {'MaximumRetryAttempts': retries}), **to(case.sources.queue()))


@recorded('TestKinesisSource::test_kinesis_maximum_record_age_exceeded_discard_records', **AWS)
def test_kinesis_maximum_record_age_exceeded_discard_records(case):
    create(case, STREAM, case.sources.stream(), MaximumRecordAgeInSeconds=60,
           **(RETRIES | {'BatchSize': 10, 'MaximumRetryAttempts': 0}), **to(case.sources.queue()))


@recorded('TestDynamoDBEventSourceMapping::test_deletion_event_source_mapping_with_dynamodb', **AWS)
def test_deletion_event_source_mapping_with_dynamodb(case):
    table = case.sources.table()
    uuid = create(case, 'create_event_source_mapping_result', table, StartingPosition='TRIM_HORIZON')['UUID']
    wait_enabled(case, uuid)
    case.call('list_event_source_mapping_result', 'list_event_source_mappings', EventSourceArn=table)


@recorded('TestDynamoDBEventSourceMapping::test_dynamodb_event_source_mapping_with_on_failure_destination_config',
          **AWS)
def test_dynamodb_to_queue(case):
    create(case, STREAM, case.sources.table(), **RETRIES, **to(case.sources.queue()))


@recorded('TestDynamoDBEventSourceMapping::test_dynamodb_event_source_mapping_with_s3_on_failure_destination', **AWS)
def test_dynamodb_to_bucket(case):
    create(case, STREAM, case.sources.table(), **RETRIES, **to(case.sources.bucket_arn()))


@recorded('TestDynamoDBEventSourceMapping::test_dynamodb_report_batch_item_failures', **AWS)
def test_dynamodb_report_batch_item_failures(case):
    report_batch_item_failures(case)


@recorded('TestDynamoDBEventSourceMapping::test_dynamodb_report_batch_item_failures_with_on_failure_destination_config',
          **AWS)
def test_dynamodb_report_batch_item_failures_with_on_failure_destination_config(case):
    report_batch_item_failures(case)


def report_batch_item_failures(case):
    create(case, STREAM, case.sources.table(), **(RETRIES | {'BatchSize': 3, 'MaximumRetryAttempts': 3}), **FAILURES,
           **to(case.sources.queue()))
