# SPDX-License-Identifier: Apache-2.0
"""Queues, streams, tables and topics: the ARNs of new ones."""
from support.moto import Moto, counter

REGION = 'us-east-1'


class Sources(Moto):
    def queue(self, fifo=False):
        name = f'queue-{next(counter)}' + ('.fifo' if fifo else '')
        self.client('sqs').create_queue(QueueName=name, Attributes={'FifoQueue': 'true'} if fifo else {})
        return f'arn:aws:sqs:{REGION}:{self.account}:{name}'

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
