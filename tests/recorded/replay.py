# SPDX-License-Identifier: Apache-2.0
"""One recorded case, replayed: the same calls in the same order, each answer held to the recorded one."""
import json
import pathlib
import time

import botocore.exceptions
import pytest
from comparison import Comparison
from recorded_facts import load
from support.functions import counter
from support.zips import make_zip

SECONDS = 60  # a bound, not a wait
ACCOUNT = '111111111111'  # as in the recordings
RECORDED = load()
NOT_REPRODUCED = pathlib.Path(__file__).parent / 'not-reproduced.txt'
ROLE = f'arn:aws:iam::{ACCOUNT}:role/lambda'
ZIP = make_zip({'index.py': 'def handler(event, context):\n    return event\n'})
OTHER_ZIP = make_zip({'index.py': 'def handler(event, context):\n    return "other"\n'})


# The beginning of a Python function that goes on when the test lets it.
WAIT_FOR_TAG = '''
    import json, os, time, urllib.parse, urllib.request

    def wait_for_tag(name):
        arn = "arn:aws:lambda:%s:111111111111:function:%s" % (
            os.environ["AWS_REGION"], os.environ["AWS_LAMBDA_FUNCTION_NAME"])
        url = os.environ["AWS_ENDPOINT_URL"] + "/2017-03-31/tags/" + urllib.parse.quote(arn, safe="")
        while name not in json.load(urllib.request.urlopen(url))["Tags"]:
            time.sleep(0.02)  # polling for an event outside
    '''


def module(text, name='handler.py'):
    """Code of one file."""
    return {'ZipFile': make_zip({name: text})}


def recorded(name, region='us-east-1', daemon='daemon'):
    """The test replays this case (and the case's parameters are the test's: "case[a]" is "test[a]").

    The fixture daemon may be 'aws_daemon', which reaches other services as case.sources does, 'aws_own_daemon', or
    'aws_hasty_daemon', for which a minute between the attempts of an asynchronous invocation takes 0.3 s.
    """
    return pytest.mark.recorded(name, region=region, daemon=daemon)


def not_reproduced():
    """{case: reason}; a line is "case  reason"."""
    lines = NOT_REPRODUCED.read_text().splitlines()
    return dict(line.split('  ', 1) for line in lines if line and not line.startswith('#'))


has_test = pytest.StashKey()  # in the configuration: the cases that a test was found for, selected or not


def case_of(item):
    """The name of the case that a test replays, or None."""
    marker = item.get_closest_marker('recorded')
    if not marker:
        return None
    parameters = f'[{item.callspec.id}]' if hasattr(item, 'callspec') else ''
    return marker.args[0] + parameters


def answer_of(call, arguments):
    """What a boto3 call answered, errors too, in the form of recorded_facts.py."""
    try:
        answer = call(**arguments)
    except botocore.exceptions.ClientError as caught:
        response = caught.response
        return {'error': response['Error']['Code'], 'status': response['ResponseMetadata']['HTTPStatusCode'],
                'text': response['Error'].get('Message'),
                'also': ' '.join(sorted(set(response) - {'Error', 'ResponseMetadata'}))} | (
                    {'reason': response['Reason']} if 'Reason' in response else {})
    if 'Payload' in answer:  # of an Invoke
        answer['Payload'] = answer['Payload'].read().decode()
    return answer | {'status': answer.pop('ResponseMetadata')['HTTPStatusCode']}


class Case:
    def __init__(self, name, daemon, client, lax_client):
        self.name = name
        self.daemon = daemon
        self.client = client
        self.lax_client = lax_client  # sends what boto3 would refuse to
        self.region = client.meta.region_name
        _, day, self.steps = RECORDED[name]
        self.left = list(self.steps)
        self.comparison = Comparison(day, partition='aws', region=self.region)
        self.undo = []  # (call, arguments)

    def match(self, step, answer):
        """The answer must be the recorded one of this step, whose turn it must be."""
        assert self.left[:1] == [step], f'{self.name}: the next step is {self.left[:1]}, not {step}'
        expected = self.steps[step]
        if isinstance(expected, dict) and isinstance(answer, dict) and 'status' not in expected:  # of pages put together
            answer = {key: item for key, item in answer.items() if key != 'status'}
        if isinstance(expected, dict) and 'error' in expected and 'error' not in answer:
            found = [f"expected {expected['error']}: {expected['text']}, got a success"]
        elif isinstance(answer, dict) and 'error' in answer and 'error' not in expected:
            found = [f"expected a success, got {answer['error']}: {answer['text']}"]
        else:
            found = self.comparison.deviations(expected, answer)
        assert not found, '\n    '.join([f'step {step}:'] + found)
        del self.left[0]

    def call(self, step, operation, lax=False, **arguments):
        """Call and match; the answer."""
        answer = answer_of(getattr(self.lax_client if lax else self.client, operation), arguments)
        self.match(step, answer)
        return answer

    def name_for(self, what='f'):
        return f'recorded-{what}{next(counter)}'

    def later(self, call, **arguments):
        """At the end of the case, whatever becomes of it."""
        self.undo.append((call, arguments))

    def arguments(self, name=None, **changed):
        """Of a CreateFunction as most cases start with."""
        name = name or self.name_for()
        self.later(self.client.delete_function, FunctionName=name)
        return {'FunctionName': name, 'Runtime': 'python3.12', 'Handler': 'index.handler', 'Role': ROLE,
                'Code': {'ZipFile': ZIP}} | changed

    def helped(self, name=None, **changed):
        """Of a CreateFunction as the recorder's helper made them."""
        return self.arguments(name, **({'Handler': 'handler.handler', 'Timeout': 30, 'Environment': {'Variables': {}}}
                                       | changed))

    def invoke(self, step, name, payload=None, **arguments):
        """Invoke and match; the answer."""
        if payload is not None:
            arguments['Payload'] = json.dumps(payload)
        return self.call(step, 'invoke', FunctionName=name, **arguments)

    def version(self, name):
        """A new version of a function, once it is active."""
        version = self.client.publish_version(FunctionName=name)['Version']
        self.wait_active(name, Qualifier=version)
        return version

    def function(self, **changed):
        """A function whose creation is not part of the recording, once it is active; its name."""
        name = self.client.create_function(**self.helped(**changed))['FunctionName']
        self.wait_active(name)
        return name

    @staticmethod
    def other_code():
        return {'ZipFile': OTHER_ZIP}

    def created(self, step, arguments):
        """CreateFunction, matched; the name, once the function is active."""
        answer = self.call(step, 'create_function', **arguments)
        self.wait_active(answer['FunctionName'])
        return answer['FunctionName']

    def arn(self, name, qualifier=None):
        return f'arn:aws:lambda:{self.region}:{ACCOUNT}:function:{name}' + (f':{qualifier}' if qualifier else '')

    def wait_active(self, name, **arguments):
        self._wait('function_active_v2', name, arguments)

    def wait_updated(self, name, **arguments):
        self._wait('function_updated_v2', name, arguments)

    def settle_slowly(self):
        """From here on (in a daemon of its own), nothing that is Pending or InProgress ends before the case does."""
        self.daemon.restart('--settle-ms', '600000')

    @staticmethod
    def wait_until(condition):
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end, f'not within {SECONDS} s'
            time.sleep(0.02)  # polling for a state, bounded

    def _wait(self, waiter, name, arguments):
        self.client.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={'Delay': 0.05, 'MaxAttempts': 600},
                                            **arguments)

    def close(self):
        for call, arguments in reversed(self.undo):
            try:
                call(**arguments)
            except botocore.exceptions.ClientError:
                pass
