# SPDX-License-Identifier: Apache-2.0
"""
JSON of events and results.

The C parts of Python's json package are used directly: importing the package costs 6 ms (it needs
`re`), which is most of a cold start. Where the C parts are missing or differ from what is
expected, the package itself does the work, and it always words the errors.
"""

import os
import sys

CONTENT_TYPE_RAW = b"application/unknown"
WHITESPACE = " \t\n\r"


class Marshaller:
    """Encodes and decodes as the requested Python version of AWS does."""

    def __init__(self, ensure_ascii):
        self._ensure_ascii = ensure_ascii
        self._mark = None
        try:
            self._scan = _make_scanner()
            self._encode = self._make_encoder()
        except (ImportError, TypeError, AttributeError, AssertionError):
            self._scan = None
            self._encode = None

    def decode(self, payload):
        """Decode UTF-8 JSON in a bytes-like object. ValueError carries json's own words."""
        text = str(payload, "utf-8")
        if self._scan is not None:
            try:
                value, end = self._scan(text, 0)
                if end == len(text) or not text[end:].strip(WHITESPACE):
                    return value
            except (StopIteration, ValueError, SystemError):
                # Leading blanks or an error: json below tells which. SystemError is what the C
                # part raises when it cannot find json's exception class.
                pass
        from json import loads

        return loads(text)

    def encode(self, value):
        """Encode a value to UTF-8 JSON. TypeError and ValueError carry json's own words."""
        if self._encode is None:
            text = self._encode_with_json(value)
        else:
            try:
                text = "".join(self._encode(value, 0))
            except BaseException:
                self._encode = self._make_encoder()  # The failed one still remembers containers.
                raise
        if self._mark is not None:
            text = text.replace('"' + self._mark, "").replace(self._mark + '"', "")
        return text.encode()

    def _make_encoder(self):
        import _json

        escape = _json.encode_basestring_ascii if self._ensure_ascii else _json.encode_basestring
        encoder = _json.make_encoder(
            {}, self._default, escape, None, ": ", ", ", False, False, True
        )
        assert "".join(encoder({"a": [1, None]}, 0)) == '{"a": [1, null]}'
        return encoder

    def _encode_with_json(self, value):
        from json import dumps

        return dumps(value, default=self._default, ensure_ascii=self._ensure_ascii)

    def _default(self, value):
        """
        Encode what json does not know: bytes as text, a Decimal as a number with all its digits.

        json has no way to emit raw text, so the digits travel as a string between random marks,
        and encode() takes the marks and quotes away.
        """
        if isinstance(value, bytes):
            return value.decode()
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            return float("nan") if value.is_nan() else self._raw(str(value))
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")

    def _raw(self, text):
        if self._mark is None:
            self._mark = "raw-" + os.urandom(16).hex()
        return self._mark + text + self._mark


def _make_scanner():
    import _json

    class Options:
        strict = True
        object_hook = None
        object_pairs_hook = None
        parse_float = float
        parse_int = int
        parse_constant = {
            "-Infinity": float("-inf"),
            "Infinity": float("inf"),
            "NaN": float("nan"),
        }.__getitem__
        memo = {}

    scan = _json.make_scanner(Options)
    assert scan('{"a": [1, null]}', 0) == ({"a": [1, None]}, 16)
    return scan
