# SPDX-License-Identifier: Apache-2.0
"""
The logging module as functions find it on AWS: the root logger has one handler that sends each
record as one log event. Imported when the function imports logging.
"""

import json
import logging
import os
import time
import traceback

from lambd_runtime.channel import LOG_JSON
from lambd_runtime.context import CurrentInvocation
from lambd_runtime.startup import wants_json_logs

TEXT_FORMAT = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S"
OWN_FIELDS = {"aws_request_id", "tenant_id"}


def configured_level():
    """The level of the logging configuration as logging names it, or an empty string."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    return "DEBUG" if level == "TRACE" else level


def prepare_logging(channel):
    """Give the root logger its handler."""
    json_format = wants_json_logs()
    level = configured_level()
    logging.Formatter.converter = time.gmtime
    handler = LambdaLoggerHandler(channel, json_format, json_format or bool(level))
    if json_format:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter(TEXT_FORMAT, TIME_FORMAT))
    handler.addFilter(_add_invocation)
    root = logging.getLogger()
    if isinstance(logging.getLevelName(level), int):
        root.setLevel(level)
    root.addHandler(handler)


def _add_invocation(record):
    record.aws_request_id = CurrentInvocation.request_id
    record.tenant_id = CurrentInvocation.tenant_id
    return True


class LambdaLoggerHandler(logging.Handler):
    """Sends records through the channel."""

    def __init__(self, channel, json_format, with_level):
        super().__init__()
        self._channel = channel
        self._format_flag = LOG_JSON if json_format else 0
        self._with_level = with_level

    def emit(self, record):
        # A record that cannot be formatted raises in the function, as on AWS.
        text = self.format(record)
        flags = self._format_flag
        if self._with_level:
            # DEBUG, INFO ... CRITICAL are 10 ... 50 in logging and 2 ... 6 in a frame.
            tens = min(50, max(0, record.levelno)) // 10
            flags |= (tens + 1 if tens else 0) << 2
        self._channel.log(text, flags)


class JsonFormatter(logging.Formatter):
    """One JSON object a record; fields without a value are left out."""

    def __init__(self):
        super().__init__(datefmt=TIME_FORMAT + "Z")
        self._encode = json.JSONEncoder(ensure_ascii=False).encode
        self._standard_fields = OWN_FIELDS.union(vars(logging.makeLogRecord({})))

    def format(self, record):
        record.levelno = min(50, max(0, record.levelno)) // 10 * 10
        record.levelname = logging.getLevelName(record.levelno)
        fields = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            error_class, error, trace = record.exc_info
            fields["stackTrace"] = traceback.format_tb(trace)
            fields["errorType"] = error_class.__name__ if error_class else None
            fields["errorMessage"] = str(error)
        fields["requestId"] = getattr(record, "aws_request_id", None)
        if record.exc_info:
            fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        fields["tenantId"] = getattr(record, "tenant_id", None)
        for name, value in vars(record).items():
            if name not in self._standard_fields and name not in fields:
                fields[name] = value
        return self._encode({k: v for k, v in fields.items() if v is not None}) + "\n"
