# SPDX-License-Identifier: Apache-2.0
"""AWS's other services, as moto's server speaks for them: a process of its own on a port of its own."""
import functools
import itertools
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading

import boto3
import botocore.config

START_SECONDS = 120  # a bound, not a wait
counter = itertools.count(1)


class Moto:
    """Started when it is made. Names that are made here are used once."""

    def __init__(self, account='123456789012'):
        self.account = account  # whom everything belongs to
        program = pathlib.Path(sys.executable).parent / 'moto_server'
        self.process = subprocess.Popen([str(program), '-H', '127.0.0.1', '-p', '0'], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env=os.environ | {'MOTO_ACCOUNT_ID': account})
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        self.endpoint = self._wait(lines)

    def _read(self, lines):
        for line in self.process.stderr:
            lines.put(line)
        lines.put(None)

    @staticmethod
    def _wait(lines):
        seen = ''
        while line := lines.get(timeout=START_SECONDS):
            seen += line
            if found := re.search(r'Running on (http://\S+)', line):
                return found.group(1)
        raise AssertionError(f'moto_server ended:\n{seen}')

    @functools.cache
    def client(self, service, **config):
        return boto3.session.Session().client(
            service, endpoint_url=self.endpoint, region_name='us-east-1', aws_access_key_id='test',
            aws_secret_access_key='test', config=botocore.config.Config(s3={'addressing_style': 'path'}, **config))

    def bucket(self):
        """The name of a new bucket."""
        name = f'bucket-{next(counter)}'
        self.client('s3').create_bucket(Bucket=name)
        return name

    def put(self, bucket, key, data):
        """Put an object; the arguments that name it as code."""
        self.client('s3').put_object(Bucket=bucket, Key=key, Body=data)
        return {'S3Bucket': bucket, 'S3Key': key}

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stderr.close()
