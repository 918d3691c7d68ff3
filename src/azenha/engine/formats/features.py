"""Whether the features of a GeoJSON file have all the members that RFC 7946 §3.2 wants of them.

In constant memory but for the largest feature: one after the other is parsed and let go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

PIECE: Final = 256 * 1024  # characters

_WANTED: Final = ("geometry", "properties")
_LONGEST_WORD: Final = 16  # characters that are read as one: \\ud83d\\ude00 is the longest
_BLANK: Final = " \t\r\n"
# Numbers stay text: to make numbers of them takes longer than all else, and nobody looks at them.
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, strict=False)


def incomplete(path: Path) -> str | None:
    """The first feature that lacks a member, as a sentence; None: there is none, or it is no GeoJSON anyway."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return _root(_Reading(file))
    except (ValueError, RecursionError):
        return None  # whoever opens it says what is wrong with it


def _root(reading: _Reading) -> str | None:
    found: dict[str, Any] = {}
    for name in reading.names():
        if name == "features" and reading.next() == "[":
            for number in reading.numbers():
                if flaw := _flaw(reading.value(), f"its features[{number}]"):
                    return flaw
        else:
            found[name] = reading.value()
    return _flaw(found, "it")


def _flaw(value: object, what: str) -> str | None:
    if not isinstance(value, Mapping) or value.get("type") != "Feature":
        return None
    absent = [name for name in _WANTED if name not in value]
    if not absent:
        return None
    return f"{what} has no member {' and no member '.join(absent)}, not even null (RFC 7946 §3.2)"


class _Reading:
    """Text from a file, value by value.

    Raises:
        ValueError: what comes is no JSON.
    """

    def __init__(self, file: TextIO) -> None:
        self._file, self._text, self._at, self._size = file, "", 0, PIECE

    def names(self) -> Iterator[str]:
        """The names in an object; before the next, the value has to be taken."""
        self._take("{")
        while self.next() != "}":
            name = self.value()
            self._take(":")
            yield name
            self._comma("}")
        self._take("}")

    def numbers(self) -> Iterator[int]:
        """A number for each value in an array; before the next, the value has to be taken."""
        self._take("[")
        number = 0
        while self.next() != "]":
            yield number
            number += 1
            self._comma("]")
        self._take("]")

    def value(self) -> Any:
        self.next()
        size = self._size
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.pos > len(self._text) - _LONGEST_WORD or error.msg.startswith("Unterminated")
                if not cut or not self._more(size):
                    raise
            else:
                # A number at the end of what was read may go on.
                if end < len(self._text) or not self._more(size):
                    self._at = end
                    return value
            size *= 2  # so that what is long is not parsed for each piece of it

    def next(self) -> str:
        """The next character that is not blank, which stays."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if not self._more(self._size):
                raise ValueError("it ends too early")

    def _take(self, character: str) -> None:
        if self.next() != character:
            raise ValueError(f"no {character}")
        self._at += 1

    def _comma(self, end: str) -> None:
        if self.next() != end:
            self._take(",")

    def _more(self, size: int) -> bool:
        piece = self._file.read(size)
        self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)
