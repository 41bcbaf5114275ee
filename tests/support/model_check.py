# SPDX-License-Identifier: Apache-2.0
"""Hold every successful answer to the service model: no member the model does not have, and the right types.

botocore reads answers leniently, so that a misspelt member would just be missing for the test that asks for it.
"""
import json

# What the service really answers although its own model does not have it: path's end and value.
DEVIATIONS = {('.LastUpdateStatusReasonCode', 'Creating')}

SCALARS = {
    'string': str, 'boolean': bool, 'integer': int, 'long': int, 'blob': str,
    'double': (int, float), 'float': (int, float), 'timestamp': (int, float, str),
}


def body_members(shape):
    return {member.serialization.get('name', name): member for name, member in shape.members.items()
            if member.serialization.get('location') in (None, 'body')}


def is_known(path, value):
    return any(path.endswith(end) and value == known for end, known in DEVIATIONS)


def complaints_of(value, shape, path):
    kind = shape.type_name
    if value is None:
        yield f'{path}: null'
    elif kind == 'structure':
        if not isinstance(value, dict):
            yield f'{path}: not an object'
            return
        members = body_members(shape)
        for name, member_value in value.items():
            if name not in members:
                yield f'{path}.{name}: not in the model'
            else:
                yield from complaints_of(member_value, members[name], f'{path}.{name}')
    elif kind == 'list':
        for index, item in enumerate(value):
            yield from complaints_of(item, shape.member, f'{path}[{index}]')
    elif kind == 'map':
        for key, item in value.items():
            yield from complaints_of(item, shape.value, f'{path}.{key}')
    elif not isinstance(value, SCALARS[kind]) or (kind != 'boolean' and isinstance(value, bool)):
        yield f'{path}: {value!r} is no {kind}'
    elif getattr(shape, 'enum', None) and value not in shape.enum and not is_known(path, value):
        yield f'{path}: {value!r} is none of {shape.enum}'


class ModelCheck:
    """Listens to a boto3 client; collects complaints and the operations that were seen."""

    def __init__(self):
        self.complaints = []
        self.test_file = None  # that of the test that runs, for succeeded
        self.succeeded = {}  # operation: files of the tests that it worked for
        self.refused = set()

    def watch(self, client):
        client.meta.events.register('after-call.lambda', self.after_call)

    def after_call(self, http_response, parsed, model, **_):
        if http_response.status_code >= 300:
            if http_response.status_code != 501:
                self.refused.add(model.name)
            return
        self.succeeded.setdefault(model.name, set()).add(self.test_file)
        if 'x-amzn-requestid' not in {key.lower() for key in http_response.headers}:
            self.complaints.append(f'{model.name}: no x-amzn-RequestId')
        shape = model.output_shape
        if shape is None or shape.serialization.get('payload') or not http_response.content:
            return
        body = json.loads(http_response.content)
        self.complaints.extend(f'{model.name}{text}' for text in complaints_of(body, shape, ''))
