"""The formats that are known here: our own table, and what installed packages add to it.

An entry point of the group `azenha.formats` is a `KnownFormat`, or an object with one as its `format` and, where
the libraries that azenha knows do not open it, a method `check`.
"""

from __future__ import annotations

import functools
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, runtime_checkable

from azenha.domain.known_formats import KNOWN
from azenha.domain.media import KnownFormat, Table

GROUP = "azenha.formats"


@runtime_checkable
class Checking(Protocol):
    """A format that is checked by code of its own."""

    format: KnownFormat

    def check(self, path: Path, read: bool) -> None:
        """Open a file.

        Args:
            read: all of it, and not only what stands at its head.
        Raises:
            ValueError: it is none; the reason, to follow "it is".
        """


@functools.cache
def _added() -> tuple[KnownFormat | Checking, ...]:
    found: list[KnownFormat | Checking] = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        one = point.load()
        if not isinstance(one, KnownFormat | Checking):
            raise TypeError(f"entry point '{point.name}' of {GROUP} is {type(one).__name__}: no KnownFormat")
        found.append(one)
    return tuple(found)


@functools.cache
def table() -> Table:
    """Every format that is known. Loads the entry points, once."""
    added = [one if isinstance(one, KnownFormat) else one.format for one in _added()]
    return KNOWN.with_more(added) if added else KNOWN


@functools.cache
def own_check(id: str) -> Checking | None:
    """The code that a format brings along for its check."""
    return next((one for one in _added() if isinstance(one, Checking) and one.format.id == id), None)
