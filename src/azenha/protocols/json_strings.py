"""Strings of a JSON body that are too long to be parsed as a piece: checked window by window, never held whole."""

from __future__ import annotations

import json
import re
from typing import Final

from azenha.domain.errors import Malformed
from azenha.domain.packed import is_packed
from azenha.domain.slices import whole_escapes, windows
from azenha.protocols import json as strict
from azenha.protocols import json_shapes as shapes
from azenha.protocols.http import Buffer

SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_NO_CONTROL = bytes(range(0x20, 0x100))


def string_end(body: Buffer, start: int, size: int) -> int:
    """Where the string ends whose inside begins at `start`, read by so many bytes; checked on the way.

    Raises:
        Malformed
    """
    at, held = start, b""
    for window in windows(body, start, size=size):
        data = held + window
        quote = shapes.masked(data).find(b'"')
        if quote >= 0:
            _check_text(body, data[:quote], at)
            return at + quote + 1
        end = whole_escapes(data)
        if len(data) - end > 12:
            _check_text(body, data, at)  # which says what is wrong
        _check_text(body, data[:end], at)
        held, at = data[end:], at + end
    raise malformed(body, "Unterminated string starting at", start - 1)


def _check_text(body: Buffer, data: bytes, at: int) -> None:
    if is_packed(data):  # most long strings are, and to undo that is quicker by far than to look at each byte
        return
    if not data.isascii():
        try:
            str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise Malformed(f"the body is not UTF-8: {error.reason} at byte {at + error.start}") from None
    if control := data.translate(None, _NO_CONTROL):
        raise malformed(body, "Invalid control character at", at + data.find(control[:1]))
    if b"\\" not in data:
        return
    try:
        text = json.loads(b'"%b"' % data)
    except json.JSONDecodeError as error:
        behind = str(data, "utf-8")[: max(error.pos - 1, 0)]
        raise malformed(body, error.msg, at + len(behind.encode())) from None
    if SURROGATE.search(data):
        strict.check_surrogates(text)


def malformed(body: Buffer, why: str, byte: int) -> Malformed:
    """What is wrong at a byte of the body, told with line and column (bytes, from 1)."""
    line, begin = 1, 0
    at = 0
    for window in windows(body, 0, byte):
        if count := window.count(b"\n"):
            line += count
            begin = at + window.rfind(b"\n") + 1
        at += len(window)
    return Malformed(f"the body is not JSON: {why} at line {line}, column {byte - begin + 1}")
