# SPDX-License-Identifier: Apache-2.0
"""
lambd's side of the runtime channel, for tests of the runtime clients without a sandbox.

It is strict: a frame that breaks docs/runtime-channel.md fails the test.
"""

import json
import os
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field

from languages import LANGUAGES

TIMEOUT_SECONDS = 60

INIT, INVOKE = 0x01, 0x02
NEXT, RESPONSE, ERROR, INIT_ERROR, LOG = 0x81, 0x82, 0x83, 0x84, 0x85
NAMES = {NEXT: "NEXT", RESPONSE: "RESPONSE", ERROR: "ERROR", INIT_ERROR: "INIT_ERROR", LOG: "LOG"}
LEVELS = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:suite"
TRACE_ID = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"


def command_of(language):
    return LANGUAGES[language].command()


@dataclass
class Frame:
    type: int
    flags: int
    invocation: int
    metadata: dict
    payload: bytes


@dataclass
class Log:
    text: str
    is_json: bool
    level: str
    time_us: int
    invocation: int

    @property
    def record(self):
        return json.loads(self.text)


@dataclass
class Answer:
    """What one invocation, or the initialisation, came to."""

    kind: str
    payload: bytes = b""
    metadata: dict = field(default_factory=dict)
    logs: list = field(default_factory=list)
    parts: list = field(default_factory=list)
    request_id: str = REQUEST_ID

    @property
    def json(self):
        return json.loads(self.payload)


def pack_frame(kind, invocation, metadata, payload):
    packed = b""
    for key, value in metadata.items():
        key, value = key.encode(), value.encode()
        packed += struct.pack(">H", len(key)) + key + struct.pack(">H", len(value)) + value
    body = struct.pack(">H", len(packed)) + packed + payload
    return struct.pack(">IBBHI", len(body), kind, 0, 0, invocation) + body


class Environment:
    """One runtime process with its channel."""

    function_name = "suite"
    arn = ARN

    def __init__(self, language, task_root, handler, variables=None, first_variables=None):
        ours, theirs = socket.socketpair()
        self.channel = ours
        self.channel.settimeout(TIMEOUT_SECONDS)
        self.client_inode = os.fstat(theirs.fileno()).st_ino
        self.invocation = 0
        self.variables = {
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(task_root),
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "AWS_EXECUTION_ENV": LANGUAGES[language].execution_env,
            "AWS_LAMBDA_FUNCTION_NAME": "suite",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(LANGUAGES[language].memory_limit),
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/suite",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/31/[$LATEST]7c5a34f1c1d5455a8c4d1c3e8b8e3b5d",
            **(variables or {}),
        }

        if first_variables is None:
            first_variables = self.variables

        def take_channel():
            if theirs.fileno() == 3:
                os.set_inheritable(3, True)
            else:
                os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen(
            command_of(language),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=first_variables | LANGUAGES[language].start_variables,
            cwd=task_root if LANGUAGES[language].starts_in_package else None,
            close_fds=False,
            preexec_fn=take_channel,
        )
        theirs.close()

    def send_init(self, variables=None):
        variables = self.variables if variables is None else variables
        block = "".join(f"{key}={value}\0" for key, value in variables.items())
        self.channel.sendall(pack_frame(INIT, 0, {}, block.encode()))

    def init(self, variables=None):
        """Send INIT; the answer's kind is NEXT or INIT_ERROR, or EXIT."""
        self.send_init(variables)
        return self._await_answer()

    def invoke(self, event=None, *, raw=None, pieces=1, **metadata):
        """Send INVOKE and wait until the runtime is done with it."""
        payload = json.dumps(event).encode() if raw is None else raw
        self.send_invoke(payload, pieces=pieces, **metadata)
        return self._await_answer()

    def stream(self, event):
        """The parts of a streamed answer."""
        return self.invoke(event).parts

    def send_invoke(self, payload, pieces=1, **metadata):
        self.invocation += 1
        values = {
            "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 30000),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            "Lambda-Runtime-Unknown-Key": "must be ignored",
        }
        values.update({f"Lambda-Runtime-{k.replace('_', '-')}": v for k, v in metadata.items()})
        frame = pack_frame(INVOKE, self.invocation, values, payload)
        step = -(-len(frame) // pieces)
        for at in range(0, len(frame), step):
            self.channel.sendall(frame[at : at + step])

    def _await_answer(self):
        answer = Answer("")
        while True:
            frame = self.receive()
            if frame is None:
                answer.kind = answer.kind or "EXIT"
                return answer
            if frame.type == LOG:
                answer.logs.append(self._check_log(frame))
            elif frame.type == NEXT:
                assert frame.invocation == 0 and frame.flags == 0, frame
                assert (frame.metadata, frame.payload) == ({}, b""), frame
                if not answer.kind:
                    assert self.invocation == 0, "NEXT without an answer"
                    answer.kind = "NEXT"
                return answer
            else:
                self._add_result(answer, frame)

    def _add_result(self, answer, frame):
        kind = NAMES[frame.type]
        assert not answer.kind or (answer.kind == kind == "RESPONSE"), f"{answer.kind} then {kind}"
        expected = 0 if frame.type == INIT_ERROR else self.invocation
        assert frame.invocation == expected, frame
        if frame.type == RESPONSE and (answer.parts or frame.flags & 1):
            answer.parts.append(frame.payload)
        assert frame.flags in ((0, 1) if frame.type == RESPONSE else (0,)), frame
        if not frame.flags & 1:
            answer.kind = kind
        answer.payload += frame.payload
        answer.metadata.update(frame.metadata)

    def _check_log(self, frame):
        assert frame.metadata == {}, frame
        assert frame.flags < 32 and frame.flags & 3 in (0, 1), frame
        assert frame.invocation in (0, self.invocation), frame
        assert len(frame.payload) <= 8 + 262144
        (time_us,) = struct.unpack(">Q", frame.payload[:8])
        return Log(
            frame.payload[8:].decode(),
            bool(frame.flags & 1),
            LEVELS[frame.flags >> 2],
            time_us,
            frame.invocation,
        )

    def receive(self):
        """One frame, or None at the end."""
        header = self._receive_bytes(12)
        if header is None:
            return None
        length, kind, flags, zero, invocation = struct.unpack(">IBBHI", header)
        assert zero == 0 and kind in NAMES and length >= 2, header
        body = self._receive_bytes(length)
        assert body is not None, "the channel ended inside a frame"
        (metadata_bytes,) = struct.unpack(">H", body[:2])
        assert metadata_bytes <= length - 2, "metadata runs over the frame"
        metadata = self._unpack(body[2 : 2 + metadata_bytes])
        return Frame(kind, flags, invocation, metadata, body[2 + metadata_bytes :])

    @staticmethod
    def _unpack(data):
        values = {}
        while data:
            fields = []
            for _ in range(2):
                (size,) = struct.unpack(">H", data[:2])
                assert len(data) >= 2 + size, "metadata entry runs over"
                fields.append(data[2 : 2 + size].decode())
                data = data[2 + size :]
            values[fields[0]] = fields[1]
        return values

    def _receive_bytes(self, count):
        data = bytearray()
        while len(data) < count:
            try:
                more = self.channel.recv(count - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                assert not data, "the channel ended inside a frame"
                return None
            data += more
        return bytes(data)

    def read_output(self):
        """What has arrived on standard output so far."""
        fd = self.process.stdout.fileno()
        os.set_blocking(fd, False)
        try:
            return os.read(fd, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def printed(self, answer):
        """What the function wrote until its answer came."""
        return "".join(log.text for log in answer.logs) + self.read_output()

    def check_exit(self, status):
        """The process must have ended so; a signal is negative."""
        assert self.wait()[0] == status

    def wait(self):
        """Exit status and what is left of standard output and standard error."""
        output, errors = self.process.communicate(timeout=TIMEOUT_SECONDS)
        return self.process.returncode, output.decode(), errors.decode()

    def end(self):
        """Close the channel; the client must exit. Returns as wait()."""
        self.channel.close()
        return self.wait()

    def destroy(self):
        self.channel.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
