"""Replies that are rendered once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from azenha.protocols.http import HttpReply

KEPT: Final = 256  # replies


class Kept:
    """Rendered replies that depend on what is served alone, and not on any job.

    Keyed by the identity of the things rendered, which each entry keeps alive: descriptions are frozen, and
    comparing them would cost as much as rendering. Bounded: when full it starts again.
    """

    def __init__(self) -> None:
        self._replies: dict[object, tuple[object, HttpReply]] = {}

    def reply(self, key: object, alive: object, render: Callable[[], HttpReply]) -> HttpReply:
        found = self._replies.get(key)
        if found is None:
            if len(self._replies) >= KEPT:
                self._replies.clear()
            found = self._replies[key] = (alive, render())
        return found[1]
