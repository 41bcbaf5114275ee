# SPDX-License-Identifier: Apache-2.0
"""The road that the README shows: the aws CLI from create-function to delete-function."""
import json

import pytest

from support.functions import PYTHON, ROLE
from support.zips import make_zip

HELLO = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'Hello from Lambda!'}\n"


@pytest.fixture
def package(tmp_path):
    def write(code):
        path = tmp_path / 'package.zip'
        path.write_bytes(make_zip({'app.py': code}))
        return f'fileb://{path}'
    return write


def test_whole_road(aws, package, tmp_path):
    name = 'aws-cli-road'
    made = json.loads(aws('lambda', 'create-function', '--function-name', name, '--runtime', PYTHON, '--role', ROLE,
                          '--handler', 'app.handler', '--zip-file', package(HELLO), '--tags', 'a=b').stdout)
    assert made['State'] == 'Pending'
    aws('lambda', 'wait', 'function-active-v2', '--function-name', name)
    out = tmp_path / 'out.json'
    event = tmp_path / 'event.json'
    event.write_text('{"a":1}')
    answer = json.loads(aws('lambda', 'invoke', '--function-name', name, '--payload', f'fileb://{event}', '--log-type',
                            'Tail', out).stdout)
    assert answer['StatusCode'] == 200
    assert answer['ExecutedVersion'] == '$LATEST'
    assert answer['LogResult']
    assert json.loads(out.read_text()) == {'statusCode': 200, 'body': 'Hello from Lambda!'}

    aws('lambda', 'update-function-code', '--function-name', name, '--zip-file',
        package('import os\ndef handler(event, context):\n    print(os.environ["GREETING"])\n'
                '    return os.environ["GREETING"]\n'))
    aws('lambda', 'wait', 'function-updated-v2', '--function-name', name)
    aws('lambda', 'update-function-configuration', '--function-name', name, '--environment',
        'Variables={GREETING=moin}', '--timeout', '5')
    aws('lambda', 'wait', 'function-updated-v2', '--function-name', name)
    aws('lambda', 'invoke', '--function-name', name, out)
    assert out.read_text() == '"moin"'

    version = json.loads(aws('lambda', 'publish-version', '--function-name', name).stdout)
    assert version['Version'] == '1'
    listed = json.loads(aws('lambda', 'list-versions-by-function', '--function-name', name).stdout)
    assert [v['Version'] for v in listed['Versions']] == ['$LATEST', '1']
    assert name in [f['FunctionName'] for f in json.loads(aws('lambda', 'list-functions').stdout)['Functions']]
    assert json.loads(aws('lambda', 'list-tags', '--resource', made['FunctionArn']).stdout) == {'Tags': {'a': 'b'}}
    aws('lambda', 'get-account-settings')
    aws('lambda', 'delete-function', '--function-name', name)
    gone = aws('lambda', 'get-function', '--function-name', name, check=False)
    assert gone.returncode != 0
    assert f'(ResourceNotFoundException) when calling the GetFunction operation: Function not found: {made["FunctionArn"]}' \
        in gone.stderr


def test_function_error_is_shown(aws, package, tmp_path):
    name = 'aws-cli-error'
    aws('lambda', 'create-function', '--function-name', name, '--runtime', PYTHON, '--role', ROLE, '--handler',
        'app.handler', '--zip-file', package('def handler(event, context):\n    raise KeyError("k")\n'))
    aws('lambda', 'wait', 'function-active-v2', '--function-name', name)
    out = tmp_path / 'out.json'
    answer = json.loads(aws('lambda', 'invoke', '--function-name', name, out).stdout)
    assert answer['FunctionError'] == 'Unhandled'
    assert json.loads(out.read_text())['errorType'] == 'KeyError'
    aws('lambda', 'delete-function', '--function-name', name)
