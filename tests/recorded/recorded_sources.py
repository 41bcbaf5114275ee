# SPDX-License-Identifier: Apache-2.0
"""Queues, streams, tables and topics: the ARNs of new ones."""
from support.moto import Moto, counter

REGION = 'us-east-1'

# Moto's own template leaves the account out.
WHOLE_EVENT = {
    'InputPathsMap': {name: f'$.{name}' for name in (
        'id', 'detail-type', 'source', 'account', 'time', 'region', 'resources', 'detail')},
    'InputTemplate': '{"version": "0", "id": "<id>", "detail-type": "<detail-type>", "source": "<source>", '
                     '"account": "<account>", "time": <time>, "region": "<region>", "resources": <resources>, '
                     '"detail": <detail>}'}


class Sources(Moto):
    def queue(self, fifo=False):
        name = f'queue-{next(counter)}' + ('.fifo' if fifo else '')
        self.client('sqs').create_queue(QueueName=name, Attributes={'FifoQueue': 'true'} if fifo else {})
        return f'arn:aws:sqs:{REGION}:{self.account}:{name}'

    def take(self, queue_arn, **arguments):
        """ReceiveMessage, its answer; the messages stay invisible for half a minute."""
        sqs = self.client('sqs')
        url = sqs.get_queue_url(QueueName=queue_arn.split(':')[-1])['QueueUrl']
        return sqs.receive_message(QueueUrl=url, **arguments)

    def event_bus(self, queue_arn):
        """What comes to it goes to the queue."""
        name = f'bus-{next(counter)}'
        events = self.client('events')
        arn = events.create_event_bus(Name=name)['EventBusArn']
        events.put_rule(Name=name, EventBusName=name, EventPattern='{"source": ["lambda"]}')
        events.put_targets(Rule=name, EventBusName=name, Targets=[{
            'Id': '1', 'Arn': queue_arn, 'InputTransformer': WHOLE_EVENT}])
        return arn

    def stream(self):
        name = f'stream-{next(counter)}'
        self.client('kinesis').create_stream(StreamName=name, ShardCount=1)
        return f'arn:aws:kinesis:{REGION}:{self.account}:stream/{name}'

    def table(self):
        """That of the table's stream."""
        answer = self.client('dynamodb').create_table(
            TableName=f'table-{next(counter)}', BillingMode='PAY_PER_REQUEST',
            AttributeDefinitions=[{'AttributeName': 'id', 'AttributeType': 'S'}],
            KeySchema=[{'AttributeName': 'id', 'KeyType': 'HASH'}],
            StreamSpecification={'StreamEnabled': True, 'StreamViewType': 'NEW_IMAGE'})
        return answer['TableDescription']['LatestStreamArn']

    def topic(self):
        return self.client('sns').create_topic(Name=f'topic-{next(counter)}')['TopicArn']

    def bucket_arn(self):
        return f'arn:aws:s3:::{self.bucket()}'
