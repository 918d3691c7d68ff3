"""Replies, and parts of them, that are rendered once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

KEPT: Final = 256


class Kept:
    """What was rendered of things that are served, and depends on no job.

    Keyed by the identity of the things rendered, which each entry keeps alive: descriptions are frozen, and
    comparing them would cost as much as rendering. Bounded: when full it starts again.
    """

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._found: dict[object, tuple[object, Any]] = {}

    def reply(self, key: object, alive: object, render: Callable[[], T]) -> T:
        """What `render` gave for that key; it always gives the same."""
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= self._most:
                self._found.clear()
            found = self._found[key] = (alive, render())
        rendered: T = found[1]
        return rendered
