# SPDX-License-Identifier: Apache-2.0
"""The Python half of the cases that every language's client must pass."""

import os
import sys

count = 0


def echo(event, context):
    return event


def nothing(event, context):
    pass


def counter(event, context):
    global count
    count += 1
    return count


def big(event, context):
    return "x" * event


def environment(event, context):
    return dict(os.environ)


def directory(event, context):
    return os.getcwd()


def describe(event, context):
    remaining = context.get_remaining_time_in_millis()
    identity = context.identity
    client_context = context.client_context
    return {
        "functionName": context.function_name,
        "functionVersion": context.function_version,
        "invokedFunctionArn": context.invoked_function_arn,
        "memoryLimitInMB": context.memory_limit_in_mb,
        "awsRequestId": context.aws_request_id,
        "logGroupName": context.log_group_name,
        "logStreamName": context.log_stream_name,
        "tenantId": context.tenant_id,
        "identityId": identity.cognito_identity_id,
        "identityPoolId": identity.cognito_identity_pool_id,
        "custom": client_context and client_context.custom,
        "env": client_context and client_context.env,
        "appTitle": client_context and client_context.client.app_title,
        "remaining": remaining,
    }


class CustomError(Exception):
    pass


def fail(event, context):
    raise CustomError(event)


def fail_long(event, context):
    raise CustomError("m" * 300000)


def say(event, context):
    print(event)
    return "said"


def say_part(event, context):
    sys.stdout.write(event)
    return "said"


def unserialisable(event, context):
    return {"bad": object()}


def leave(event, context):
    sys.exit(event)


def kill(event, context):
    os.kill(os.getpid(), 9)


def log(event, context):
    import logging

    logging.getLogger().setLevel("INFO")
    logging.info(event)


def log_warning(event, context):
    import logging

    logging.getLogger().info("too low")
    logging.getLogger().warning("high enough")


def children(event, context):
    import subprocess

    listing = subprocess.run(
        ["sh", "-c", "readlink /proc/self/fd/*"], capture_output=True, text=True, close_fds=False
    )
    return listing.stdout.split()


def pause(event, context):
    import time

    if event:
        time.sleep(1000)
    return "awake"


def leave_or_count(event, context):
    if event is not None:
        sys.exit(event)
    return counter(event, context)
