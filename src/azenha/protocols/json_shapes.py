"""Patterns over pieces of JSON text that is not parsed yet: where its strings, brackets and numbers are.

All of it is linear in the piece's length, whatever is in it: what has matched is never tried again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from azenha.protocols import json as strict
from azenha.protocols.json_count import bare as bare
from azenha.protocols.json_count import masked as masked

_NUMERIC = bytes(ord("0") if c in b"0123456789.eE+-" else 0 for c in range(256))
# With an exponent of two digits at most, and fewer characters than this, no number is out of strict.EXPONENT.
_LONG_NUMBER = b"0" * (strict.DIGITS - 100)
_EXPONENTS = bytes.maketrans(b"123456789E+", b"000000000e-")
_BRACKET = re.compile(rb"[\[\]{}]")

_BLANK: Final = "[ \t\r\n]*+"
_NUMBER: Final = r"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"


def _several(item: str) -> str:
    return rf"\[{_BLANK}{item}(?:{_BLANK},{_BLANK}{item})*+{_BLANK}\]"


_NUMBERS = re.compile(f"{_several(_several(_NUMBER))}|{_several(_NUMBER)}")


def _nested(depth: int) -> str:
    """An array or object with `depth` more within each other at most; which bracket closes which is not looked at."""
    inner = f"|{_nested(depth - 1)}" if depth else ""
    return rf'[\[{{](?:[^\[\]{{}}"]++|"[^"]*+"{inner})*+[\]}}]'


_TOKEN = re.compile(rf'"[^"]*"|{_nested(5)}|[\[\]{{}}]'.encode())


def tokens(masked: bytes, start: int = 0) -> Iterator[tuple[int, int]]:
    """Where brackets are, by start and end: those that have no partner here, and whole values of any kind beside."""
    for token in _TOKEN.finditer(masked, start):
        yield token.span()


def bracket_from_end(masked: bytes, number: int) -> int:
    """Where a bracket stands, counted from the end, from 1 on; for text whose strings have none."""
    size = 1024
    while (found := len(masked[-size:].translate(None, strict.NO_BRACKETS))) < number:
        size *= 2
    start = max(0, len(masked) - size)
    return next(islice(_BRACKET.finditer(masked, start), found - number, None)).start()


def is_exact(bare: bytes) -> bool:
    """Whether a number may be too long or too large for `strict`, so that each has to be read digit by digit."""
    if b"e" in bare or b"E" in bare:
        plain = bare.translate(_EXPONENTS)
        if b"e000" in plain or b"e-000" in plain:
            return True
    return _LONG_NUMBER in bare.translate(_NUMERIC)


def without_numbers(text: str) -> str:
    """Arrays of numbers, and arrays of these, emptied: of most large documents little is left to be parsed.

    For text whose strings have no bracket, and whose numbers need not be looked at.
    """
    return _NUMBERS.sub("[]", text)


def last_comma(masked: bytes) -> int:
    """The last comma outside of strings, but for the first byte; -1 if there is none."""
    end = len(masked)
    if masked.count(b'"') % 2:
        end = masked.rfind(b'"')
    while (comma := masked.rfind(b",", 1, end)) > 0:
        after = masked.find(b'"', comma, end)
        if after < 0 or masked.count(b'"', comma, end) % 2 == 0:
            return comma
        # It stands in a string, which begins before it.
        end = masked.rfind(b'"', 0, comma)
        if end < 0:
            return -1
    return -1
