"""How many values a JSON text has, counted before it is parsed.

Masked text has its escapes replaced, so that a quote is the end of a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_PAIR = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*"')


def masked(data: bytes) -> bytes:
    return _PAIR.sub(b"__", data) if b"\\" in data else data


def bare(masked: bytes) -> bytes:
    """With a nought for each string."""
    return _STRING.sub(b"0", masked) if b'"' in masked else masked


def count(pieces: Iterable[bytes]) -> int:
    """How many values a JSON text has, itself left out: members of arrays and objects, with what is in these.

    Piece by piece, in the memory of one; of a text that is no JSON it is any number.
    """
    found, held, within, opened = 0, b"", False, False
    for piece in pieces:
        data = (b'"' if within else b"") + held + piece
        whole = len(data) - (len(data) - len(data.rstrip(b"\\"))) % 2  # an escape may go on in the next piece
        held, data = data[whole:], masked(data[:whole])
        if within := data.count(b'"') % 2 == 1:
            data = data[: data.rfind(b'"')] + b"0"
        plain = bare(data).translate(None, b" \t\r\n")
        if not plain:
            continue
        if opened and plain[0] in b"]}":
            found -= 1
        found += sum(map(plain.count, (b",", b"[", b"{"))) - plain.count(b"[]") - plain.count(b"{}")
        opened = plain[-1] in b"[{"
    return found
