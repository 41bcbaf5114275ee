# SPDX-License-Identifier: Apache-2.0
"""The expectations in expected/<area>/*.json: their short form, and what it stands for.

A file holds {case: {"recorded": date, "steps": {step: answer}}}. An answer is the parsed response as boto3 gives it,
with its HTTP status as the member "status", and shortened:

- {"error": code, "text": …, "also": "Message Type"}: an error; "also" names members of the body that the model knows,
  and "reason" is the value of its Reason
- {"like": "active", …}: all members of BASES["active"], but for those that follow; null takes a member away
- "@NAME@" in a text: TEXTS[NAME]; "<a:len(65)>": so many letters a

Placeholders ("<uuid:1>") stand for what differs from run to run; comparison.py binds them.
"""
import hashlib
import json
import pathlib
import re

EXPECTED = pathlib.Path(__file__).parent / 'expected'
DIGEST = EXPECTED / 'digest.txt'

PARTITION_ARN = r'(arn:(aws[a-zA-Z-]*)?:lambda:)?'
REGION = r'(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}'

# In the order in which they are put in; a later one may be part of an earlier one.
TEXTS = {
    'NAME': PARTITION_ARN + r'(' + REGION + r':)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)'
            r'(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?',
    'NEW_NAME': PARTITION_ARN + r'(' + REGION + r':)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)'
                r'(:(\$LATEST|[a-zA-Z0-9-_]+))?',
    'URL_QUALIFIER': r'((?!^\d+$)^[0-9a-zA-Z-_]+$)',
    'RUNTIMES': '[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, '
                'python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, '
                'dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2]',
    'REGION': REGION,
    'PATTERN': 'failed to satisfy constraint: Member must satisfy regular expression pattern: ',
    'L': 'arn:<partition>:lambda:<region>:111111111111',
}

CREATING = 'The function is being created.'
CONFIGURATION = {
    'Architectures': ['x86_64'], 'CodeSha256': '<code-sha256:1>', 'CodeSize': '<code-size>', 'Description': '',
    'EphemeralStorage': {'Size': 512},
    'FunctionArn': 'arn:<partition>:lambda:<region>:111111111111:function:<function-name:1>',
    'FunctionName': '<function-name:1>', 'Handler': 'index.handler', 'LastModified': '<time>',
    'LoggingConfig': {'LogFormat': 'Text', 'LogGroup': '/aws/lambda/<function-name:1>'}, 'MemorySize': 128,
    'PackageType': 'Zip', 'Role': 'arn:<partition>:iam::111111111111:role/<resource:1>', 'Runtime': 'python3.12',
    'SnapStart': {'ApplyOn': 'None', 'OptimizationStatus': 'Off'}, 'Timeout': 3,
    'TracingConfig': {'Mode': 'PassThrough'}, 'Version': '$LATEST',
}
RUNTIME_VERSION = {
    'RuntimeVersionConfig': {'RuntimeVersionArn': 'arn:<partition>:lambda:<region>::runtime:<resource:2>'}}
QUEUE = {
    'BatchSize': 10, 'EventSourceArn': 'arn:<partition>:sqs:<region>:111111111111:<resource:1>',
    'EventSourceMappingArn': 'arn:<partition>:lambda:<region>:111111111111:event-source-mapping:<uuid:1>',
    'FunctionArn': 'arn:<partition>:lambda:<region>:111111111111:function:<resource:2>', 'FunctionResponseTypes': [],
    'LastModified': '<time>', 'MaximumBatchingWindowInSeconds': 0, 'State': 'Creating',
    'StateTransitionReason': 'USER_INITIATED', 'UUID': '<uuid:1>',
}
BASES = {
    'listed': CONFIGURATION,
    'created': CONFIGURATION | RUNTIME_VERSION | {
        'RevisionId': '<uuid:1>', 'State': 'Pending', 'StateReason': CREATING, 'StateReasonCode': 'Creating',
        'status': 201},
    'active': CONFIGURATION | RUNTIME_VERSION | {'LastUpdateStatus': 'Successful', 'State': 'Active'},
    'updating': CONFIGURATION | RUNTIME_VERSION | {
        'LastUpdateStatus': 'InProgress', 'LastUpdateStatusReason': CREATING, 'LastUpdateStatusReasonCode': 'Creating',
        'State': 'Active'},
    'queue mapping': QUEUE,
    'stream mapping': QUEUE | {
        'BatchSize': 1, 'BisectBatchOnFunctionError': False, 'DestinationConfig': {'OnFailure': {}},
        'LastProcessingResult': 'No records processed', 'MaximumBatchingWindowInSeconds': 1,
        'MaximumRecordAgeInSeconds': -1, 'MaximumRetryAttempts': 1,
        'ParallelizationFactor': 1, 'StartingPosition': 'TRIM_HORIZON', 'StateTransitionReason': 'User action',
        'TumblingWindowInSeconds': 0},
    'invoked': {'ExecutedVersion': '$LATEST', 'StatusCode': 200, 'status': 200},
    'accepted': {'Payload': '', 'StatusCode': 202, 'status': 202},
    'url': {'AuthType': 'NONE', 'CreationTime': '<time>', 'FunctionUrl': '<url>', 'status': 201},
    'url permission': {
        'Sid': 'urlPermission', 'Effect': 'Allow', 'Principal': '*', 'Action': 'lambda:InvokeFunctionUrl',
        'Resource': 'arn:<partition>:lambda:<region>:111111111111:function:<resource:1>',
        'Condition': {'StringEquals': {'lambda:FunctionUrlAuthType': 'NONE'}}},
}


def short_text(text):
    for name, value in TEXTS.items():
        text = text.replace(value, f'@{name}@')
    return text


def long_text(text):
    for name, value in reversed(TEXTS.items()):
        text = text.replace(f'@{name}@', value)
    return re.sub(r'<a:len\((\d+)\)>', lambda match: 'a' * int(match.group(1)), text)


def texts_of(value, change):
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [texts_of(item, change) for item in value]
    if isinstance(value, dict):
        return {key: texts_of(item, change) for key, item in value.items()}
    return value


def difference(value, name):
    base = BASES[name]
    return ({'like': name} | {key: item for key, item in value.items() if key not in base or base[key] != item}
            | {key: None for key in base if key not in value})


def shorten(value):
    """What goes into the file for an answer: the shortest of its forms."""
    if isinstance(value, list):
        return [shorten(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = {key: shorten(item) for key, item in value.items()}
    forms = [value] + [difference(value, name) for name in BASES]
    return min(forms, key=lambda form: len(json.dumps(form)))


def lengthen(value):
    """The opposite of shorten()."""
    if isinstance(value, list):
        return [lengthen(item) for item in value]
    if not isinstance(value, dict):
        return value
    value = dict(value)
    base = BASES[value.pop('like')] if 'like' in value else {}
    return {key: lengthen(item) for key, item in (base | value).items() if item is not None or not base}


def digest(cases):
    """Of all that load() gives; kept beside the files, because the short form hangs on what is in this one."""
    return hashlib.sha256(json.dumps(cases, sort_keys=True).encode()).hexdigest()


def load():
    """{case: (area, date of the recording, {step: answer})}, of all files."""
    cases = {}
    for path in sorted(EXPECTED.glob('*/*.json')):
        for name, case in json.loads(path.read_text()).items():
            cases[name] = (path.parent.name, case['recorded'], {step: texts_of(lengthen(answer), long_text)
                                                                for step, answer in case['steps'].items()})
    return cases
