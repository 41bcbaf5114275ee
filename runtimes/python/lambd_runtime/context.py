# SPDX-License-Identifier: Apache-2.0
"""The context object that a handler receives as its second argument."""

import os
from time import time


class CurrentInvocation:
    """What log records need to know of the running invocation."""

    request_id = ""
    tenant_id = None


class FunctionFacts:
    """The part of the context that is the same for every invocation."""

    def __init__(self):
        get = os.environ.get
        self.log_group_name = get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = get("AWS_LAMBDA_FUNCTION_VERSION")


class _Record:
    """An object with a fixed set of attributes, None where the caller gave nothing."""

    __slots__ = ()

    def __init__(self, values):
        for name in self.__slots__:
            setattr(self, name, values.get(name))

    def __repr__(self):
        fields = ",".join(f"{name}={getattr(self, name)}" for name in self.__slots__)
        return f"{type(self).__name__}([{fields}])"


class CognitoIdentity(_Record):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Record):
    __slots__ = (
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )


class ClientContext(_Record):
    __slots__ = ("custom", "env", "client")

    def __init__(self, values):
        super().__init__(values)
        if self.client is not None:
            self.client = Client(self.client)


def _identity(values):
    return CognitoIdentity(
        {
            "cognito_identity_id": values.get("cognitoIdentityId"),
            "cognito_identity_pool_id": values.get("cognitoIdentityPoolId"),
        }
    )


class LambdaContext:
    """Attributes and their order are those of AWS: functions print vars(context)."""

    write_log = None  # Set once to the channel's log().

    def __init__(self, facts, request_id, arn, deadline_ms, tenant_id, client_context, identity):
        self.aws_request_id = request_id
        self.log_group_name = facts.log_group_name
        self.log_stream_name = facts.log_stream_name
        self.function_name = facts.function_name
        self.memory_limit_in_mb = facts.memory_limit_in_mb
        self.function_version = facts.function_version
        self.invoked_function_arn = arn
        self.tenant_id = tenant_id
        self.client_context = None if client_context is None else ClientContext(client_context)
        self.identity = _identity(identity or {})
        self._epoch_deadline_time_in_ms = deadline_ms

    def get_remaining_time_in_millis(self):
        """Milliseconds until the invocation times out, never negative."""
        remaining_ms = self._epoch_deadline_time_in_ms - int(time() * 1000)
        return remaining_ms if remaining_ms > 0 else 0

    def log(self, msg):
        """Write msg to the log as it is."""
        self.write_log(str(msg))

    def __repr__(self):
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
            "tenant_id",
        )
        fields = ",".join(f"{name}={getattr(self, name)}" for name in names)
        return f"LambdaContext([{fields}])"
