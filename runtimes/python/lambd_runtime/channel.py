# SPDX-License-Identifier: Apache-2.0
"""
The runtime channel: frames over an inherited socket. docs/runtime-channel.md is the contract.

One thread receives (the invocation loop); any thread may send, because log records come from
wherever the function logs. A lock keeps frames whole.
"""

import os
import sys
from _thread import allocate_lock
from time import time_ns

INIT = 0x01
INVOKE = 0x02

HEADER_BYTES = 12
READ_BYTES = 65536
JOIN_BYTES_MAX = 65536
LOG_MESSAGE_BYTES_MAX = 262144
METADATA_VALUE_BYTES_MAX = 65535

NEXT_FRAME = b"\0\0\0\2\x81\0\0\0\0\0\0\0\0\0"
RESPONSE_HEAD = b"\x82\0\0\0"
ERROR_HEAD = b"\x83\0\0\0"
INIT_ERROR_HEAD = b"\x84\0\0\0"
NO_INVOCATION = b"\0\0\0\0"
NO_METADATA = b"\0\0"

LOG_JSON = 1
LOG_LEVELS = {"TRACE": 1, "DEBUG": 2, "INFO": 3, "WARN": 4, "ERROR": 5, "FATAL": 6}


def pack_metadata(pairs):
    """Encode (key, value) byte pairs; values that do not fit are cut."""
    entries = []
    for key, value in pairs:
        value = value[:METADATA_VALUE_BYTES_MAX]
        entries += (len(key).to_bytes(2, "big"), key, len(value).to_bytes(2, "big"), value)
    packed = b"".join(entries)
    return len(packed).to_bytes(2, "big") + packed


def unpack_metadata(data, at, end):
    """Decode the metadata in data[at:end] to a dict of bytes to bytes."""
    metadata = {}
    while at < end:
        value_at = at + 2 + (data[at] << 8 | data[at + 1])
        key = bytes(data[at + 2 : value_at])
        at = value_at + 2 + (data[value_at] << 8 | data[value_at + 1])
        metadata[key] = data[value_at + 2 : at]
    return metadata


def cut_message(message):
    """Cut an encoded log message into pieces a frame may carry, never inside a character."""
    while len(message) > LOG_MESSAGE_BYTES_MAX:
        end = LOG_MESSAGE_BYTES_MAX
        while message[end] & 0xC0 == 0x80:
            end -= 1
        yield message[:end]
        message = message[end:]
    yield message


class Channel:
    """Our end of the socket. invocation holds the number of the current INVOKE as four bytes."""

    def __init__(self, fd):
        self.fd = fd
        self.invocation = NO_INVOCATION
        self._surplus = b""
        self._lock = allocate_lock()
        # Programs that the function starts must not hold the channel open.
        os.set_inheritable(fd, False)
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self):
        """In a process forked by the function: only its parent may speak for the environment."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def receive(self):
        """Wait for a frame: (type, invocation, metadata, payload). EOFError: all is over."""
        data = self._surplus or os.read(self.fd, READ_BYTES)
        self._surplus = b""
        while len(data) < HEADER_BYTES:
            more = os.read(self.fd, READ_BYTES)
            if not more:
                raise EOFError
            data += more
        size = HEADER_BYTES + int.from_bytes(data[:4], "big")
        if len(data) != size:
            data = self._complete(data, size)
        payload_at = 14 + (data[12] << 8 | data[13])
        metadata = unpack_metadata(data, 14, payload_at)
        return data[4], bytes(data[8:12]), metadata, memoryview(data)[payload_at:]

    def _complete(self, data, size):
        if len(data) > size:
            self._surplus = data[size:]
            return data[:size]
        whole = bytearray(size)
        whole[: len(data)] = data
        view = memoryview(whole)
        at = len(data)
        while at < size:
            count = os.readv(self.fd, [view[at:]])
            if count == 0:
                raise EOFError
            at += count
        return whole

    def ask_next(self):
        """Say that the runtime is ready for its first invocation."""
        self._send(NEXT_FRAME, ())

    def respond(self, metadata, body):
        """Answer the current invocation and ask for the next one."""
        self._finish(RESPONSE_HEAD, metadata, body)

    def fail(self, metadata, body):
        """Report an error of the current invocation and ask for the next one."""
        self._finish(ERROR_HEAD, metadata, body)

    def _finish(self, kind, metadata, body):
        length = (len(metadata) + len(body)).to_bytes(4, "big")
        invocation, self.invocation = self.invocation, NO_INVOCATION
        if len(body) <= JOIN_BYTES_MAX:
            frames = b"".join((length, kind, invocation, metadata, body, NEXT_FRAME))
            self._send(frames, ())
        else:
            head = b"".join((length, kind, invocation, metadata))
            self._send(head, (body, NEXT_FRAME))

    def fail_init(self, metadata, body):
        """Report that the function cannot be initialised. The process ends after this."""
        length = (len(metadata) + len(body)).to_bytes(4, "big")
        self._send(b"".join((length, INIT_ERROR_HEAD, NO_INVOCATION, metadata, body)), ())

    def log(self, text, flags=0):
        """Send one log event. In a forked child it goes to standard output instead."""
        message = text.encode("utf-8", "backslashreplace")
        if self.fd < 0:
            sys.stdout.write(text)
            return
        timestamp = (time_ns() // 1000).to_bytes(8, "big")
        kind = bytes((0x85, flags, 0, 0))
        for piece in cut_message(message):
            length = (10 + len(piece)).to_bytes(4, "big")
            head = (length, kind, self.invocation, NO_METADATA, timestamp, piece)
            self._send(b"".join(head), ())

    def _send(self, first, others):
        if self.fd < 0:
            raise EOFError  # A forked child came back from the handler: it ends here.
        with self._lock:
            self._write(first)
            for data in others:
                self._write(data)

    def _write(self, data):
        count = os.write(self.fd, data)
        if count < len(data):
            rest = memoryview(data)[count:]
            while rest:
                rest = rest[os.write(self.fd, rest) :]
