# SPDX-License-Identifier: Apache-2.0
"""Functions under test: create, wait, invoke, delete."""
import base64
import itertools
import json
import subprocess

from support.zips import make_zip

ROLE = 'arn:aws:iam::000000000000:role/lambda'
counter = itertools.count(1)


def host_python_runtime():
    """The identifier of the python3 that lambd finds, so that no version note gets into the log."""
    minor = subprocess.run(['/usr/bin/python3', '-c', 'import sys; print(sys.version_info.minor)'],
                           check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return f'python3.{minor}'


PYTHON = host_python_runtime()
NODE = 'nodejs20.x'
PROVIDED = 'provided.al2023'


class Answer:
    """What one Invoke answered."""

    def __init__(self, response):
        self.status = response['StatusCode']
        self.error = response.get('FunctionError')
        self.version = response.get('ExecutedVersion')
        self.request_id = response['ResponseMetadata']['RequestId']
        self.headers = response['ResponseMetadata']['HTTPHeaders']
        self.payload = response['Payload'].read()
        self.log = base64.b64decode(response.get('LogResult', '')).decode(errors='replace')

    @property
    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f'<{self.status} {self.error} {self.payload[:300]!r} log={self.log!r}>'


class Function:
    def __init__(self, client, name, configuration):
        self.client = client
        self.name = name
        self.created = configuration  # the answer of CreateFunction

    @property
    def arn(self):
        return self.created['FunctionArn']

    def invoke(self, payload=None, tail=False, **arguments):
        if payload is not None:
            arguments['Payload'] = payload if isinstance(payload, bytes) else json.dumps(payload)
        if tail:
            arguments['LogType'] = 'Tail'
        arguments.setdefault('FunctionName', self.name)
        return Answer(self.client.invoke(**arguments))

    def configuration(self, **arguments):
        answer = self.client.get_function_configuration(FunctionName=self.name, **arguments)
        answer.pop('ResponseMetadata')
        return answer

    def wait_active(self):
        self.client.get_waiter('function_active_v2').wait(
            FunctionName=self.name, WaiterConfig={'Delay': 0.05, 'MaxAttempts': 600})
        return self

    def wait_updated(self):
        self.client.get_waiter('function_updated_v2').wait(
            FunctionName=self.name, WaiterConfig={'Delay': 0.05, 'MaxAttempts': 600})
        return self


class Factory:
    """Creates functions with names of their own and deletes them at the end."""

    def __init__(self, client):
        self.client = client
        self.names = []

    def name(self):
        name = f'f{next(counter)}'
        self.names.append(name)
        return name

    def create(self, code, wait=True, **arguments):
        """code: text of a Python module, {file: content}, or bytes of a zip."""
        if isinstance(code, str):
            code = {'app.py': code}
        arguments = {
            'FunctionName': self.name(), 'Runtime': PYTHON, 'Handler': 'app.handler', 'Role': ROLE,
            'Code': {'ZipFile': code if isinstance(code, bytes) else make_zip(code)}, 'Timeout': 30,
        } | arguments
        answer = self.client.create_function(**arguments)
        answer.pop('ResponseMetadata')
        if arguments['FunctionName'] not in self.names:
            self.names.append(arguments['FunctionName'])
        function = Function(self.client, arguments['FunctionName'], answer)
        return function.wait_active() if wait else function

    def clean(self):
        for name in self.names:
            try:
                self.client.delete_function(FunctionName=name)
            except self.client.exceptions.ResourceNotFoundException:
                pass
