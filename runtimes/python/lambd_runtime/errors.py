# SPDX-License-Identifier: Apache-2.0
"""
Error reports: the JSON for the caller, the cause for X-Ray, the text for the log.

This module is imported when the first error happens.
"""

import os
import traceback
from time import gmtime, strftime, time_ns

from lambd_runtime.channel import LOG_JSON, LOG_LEVELS, pack_metadata
from lambd_runtime.startup import Fault

RUNTIME_FILES = os.path.dirname(__file__) + os.sep
NO_BREAK_SPACE = "\u00a0"
ERROR_TYPE_BYTES_MAX = 1024
CAUSE_BYTES_MAX = 32768
CAUSE_MESSAGE_CHARS_MAX = 4096
WARNING = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. "
    "However, in rare cases, a Lambda runtime update can cause unexpected function behavior."
)


class ErrorReport:
    """One error, in the three forms that different readers want."""

    def __init__(self, error, request_id, with_request_id):
        frames = []
        if isinstance(error, Fault):
            self.error_type = error.error_type
            self.message = error.message
            self.trace = error.trace
            cause_type = "LambdaValidationError"
        else:
            frames = _function_frames(error)
            self.error_type = cause_type = type(error).__name__
            self.message = _text_of(error)
            self.trace = traceback.StackSummary.from_list(frames).format()
        self.request_id = request_id
        self._with_request_id = with_request_id
        self._frames = frames
        self._cause_type = cause_type

    def payload(self):
        """What the caller of Invoke receives, as a dict in AWS's key order."""
        payload = {"errorMessage": self.message, "errorType": self.error_type}
        if self._with_request_id:
            payload["requestId"] = self.request_id
        payload["stackTrace"] = self.trace
        return payload

    def text(self):
        """The log text: one event of several lines, indented with no-break spaces."""
        head = "[ERROR]"
        if self.error_type:
            head += f" {self.error_type}{':' if self.message else ''}"
        if self.message:
            head += f" {self.message}"
        lines = [head, "Traceback (most recent call last):"]
        for element in self.trace:
            for line in element.splitlines() or [""]:
                bare = line.lstrip(" ")
                lines.append(NO_BREAK_SPACE * (len(line) - len(bare)) + bare)
        return "\n".join(lines)

    def record(self):
        """The log record of the JSON format."""
        return {
            "timestamp": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
            "log_level": "ERROR",
            "errorMessage": self.message,
            "errorType": self.error_type,
            "requestId": self.request_id,
            "stackTrace": self.trace,
        }

    def metadata(self, marshaller, with_cause):
        """The metadata of the ERROR or INIT_ERROR frame."""
        error_type = self.error_type.encode("utf-8", "replace")[:ERROR_TYPE_BYTES_MAX]
        pairs = [(b"Lambda-Runtime-Function-Error-Type", error_type)]
        if with_cause:
            cause = self._cause(marshaller)
            pairs.append((b"Lambda-Runtime-Function-XRay-Error-Cause", cause))
        return pack_metadata(pairs)

    def _cause(self, marshaller):
        """The innermost frames are the telling ones: keep the last 80, 60 ... 0 % of them."""
        count = len(self._frames)
        for percent in (100, 80, 60, 40, 20, 0):
            kept = count * percent // 100
            cause = encode(marshaller, self._cause_with(self._frames[count - kept :]))
            if len(cause) <= CAUSE_BYTES_MAX:
                return cause
        return b"{}"

    def _cause_with(self, frames):
        stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in frames]
        message = self.message
        if len(message) > CAUSE_MESSAGE_CHARS_MAX:
            message = message[:CAUSE_MESSAGE_CHARS_MAX] + "..."
        return {
            "working_directory": _working_directory(),
            "exceptions": [{"message": message, "type": self._cause_type, "stack": stack}],
            "paths": list(dict.fromkeys(path for path, _, _, _ in frames)),
        }


def encode(marshaller, value):
    """Encode to JSON whatever characters the texts contain."""
    try:
        return marshaller.encode(value)
    except ValueError:
        from json import dumps

        return dumps(value).encode()


def log_report(channel, marshaller, report, json_format):
    """Write an error to the log as one event."""
    flags = LOG_LEVELS["ERROR"] << 2
    if json_format:
        text = encode(marshaller, report.record()).decode("utf-8", "backslashreplace")
        channel.log(text, flags | LOG_JSON)
    else:
        channel.log(report.text(), flags)


def log_init_warning(channel, marshaller, json_format):
    """Write the warning that goes before the error of a failed initialisation."""
    now = _timestamp()
    flags = LOG_LEVELS["WARN"] << 2
    if json_format:
        record = {"timestamp": now[:-5] + "Z", "level": "WARNING", "message": WARNING}
        record.update(logger="root", requestId="")
        channel.log(encode(marshaller, record).decode() + "\n", flags | LOG_JSON)
    else:
        channel.log(f"[WARNING]\t{now}\t\t{WARNING}\n", flags)


def _timestamp():
    seconds, nanoseconds = divmod(time_ns(), 1_000_000_000)
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + f".{nanoseconds // 1_000_000:03d}Z"


def _function_frames(error):
    """
    The frames of an error from the first one outside of the runtime on.

    An error of the call itself (a handler with the wrong number of parameters) has only frames of
    the runtime; they stay, because an empty trace would say nothing.
    """
    frames = [
        (frame.filename, frame.lineno, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    for index, frame in enumerate(frames):
        if not frame[0].startswith(RUNTIME_FILES):
            return frames[index:]
    return frames


def _text_of(error):
    try:
        return str(error)
    except Exception:
        return f"<unprintable {type(error).__name__} object>"


def _working_directory():
    try:
        return os.getcwd()
    except OSError:
        return ""
