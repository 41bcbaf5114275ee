# SPDX-License-Identifier: Apache-2.0
"""Expected errors, and texts that many of them share."""
import botocore.exceptions
import pytest

ARN = 'arn:aws:lambda:us-east-1:000000000000'  # what the texts of the service call <L>

RE_A = (r'(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?'
        r'(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?')
RE_B = (r'(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?'
        r'(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?')
RE_QUALIFIER = r'\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+'

STATUS = {
    'ValidationException': 400, 'InvalidParameterValueException': 400, 'InvalidRequestContentException': 400,
    'AccessDeniedException': 403, 'ResourceNotFoundException': 404, 'ResourceConflictException': 409,
    'PreconditionFailedException': 412, 'RequestEntityTooLargeException': 413,
    'PolicyLengthExceededException': 400, 'NotImplementedException': 501,
}

# The body's member that carries the text, as the service model spells it.
UPPER_CASE_MESSAGE = {'ResourceNotFoundException'}


def constraint(value, path, text):
    shown = 'null' if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: Member must {text}"


def detected(*constraints):
    """The text of a ValidationException."""
    noun = 'error' if len(constraints) == 1 else 'errors'
    return f'{len(constraints)} validation {noun} detected: ' + '; '.join(constraints)


def pattern(value, path, regex):
    return constraint(value, path, f'satisfy regular expression pattern: {regex}')


def longest(value, path, length):
    return constraint(value, path, f'have length less than or equal to {length}')


def refused(code, message, call, *arguments, **named):
    """The call must fail with exactly this code, message and the code's HTTP status; returns the response."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **named)
    response = caught.value.response
    error = response['Error']
    assert (error['Code'], error.get('Message')) == (code, message)
    assert response['ResponseMetadata']['HTTPStatusCode'] == STATUS[code]
    if code in ('InvalidParameterValueException', 'ResourceConflictException', 'ResourceNotFoundException'):
        assert response.get('Type') == 'User'
        assert ('Message' if code in UPPER_CASE_MESSAGE else 'message') in response
    return response


def invalid(texts, call, *arguments, **named):
    """The call must fail with a ValidationException of these constraints."""
    texts = [texts] if isinstance(texts, str) else texts
    return refused('ValidationException', detected(*texts), call, *arguments, **named)
