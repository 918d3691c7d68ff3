"""Replies to requests that come again, byte for byte, as those for capabilities and descriptions do.

What is answered from memory follows from the request and from what does not change while this process lives. So the
request as it came is all that has to be looked up: nothing of it is read again. Knows no dialect.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from azenha.protocols.http import HttpReply
from azenha.web.guard import SAFE

MOST: Final = 8 * 1024 * 1024  # bytes of requests and replies; when there are more, it starts again
_OVERHEAD: Final = 1024  # bytes that an entry takes beside
# Bytes that a name, a value or their pair takes beside: a client may send thousands of short ones.
_EACH: Final = 64

Asked = tuple[object, ...]


def asked(scope: MutableMapping[str, Any], peer: str | None) -> Asked | None:
    """All that the answer may depend on; None where there is a body.

    Args:
        peer: address of the other end of the connection, where it makes a difference.
    """
    headers = tuple((name, value) for name, value in scope["headers"])
    if scope["method"] not in SAFE or any(name in _BODIES for name, _ in headers):
        return None
    return scope["method"], peer, scope["scheme"], scope["path"], scope["query_string"], headers


_BODIES: Final = frozenset({b"content-length", b"transfer-encoding"})  # in lower case, as ASGI has it


class Repeated:
    """The replies that are kept, by what was asked."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._replies: dict[Asked, HttpReply] = {}

    def find(self, asked: Asked | None) -> HttpReply | None:
        return None if asked is None else self._replies.get(asked)

    def keep(self, asked: Asked | None, reply: HttpReply) -> None:
        """Keep a reply that follows from what was asked alone, unless it is an error, or too large."""
        size = _OVERHEAD + _size(asked) + (reply.length or 0)
        if asked is None or reply.status >= 400 or size > self._most // 4:
            return
        if self._size + size > self._most:
            self._replies.clear()
            self._size = 0
        self._replies[asked] = reply
        self._size += size


def _size(given: object) -> int:
    if isinstance(given, tuple):
        return _EACH + sum(map(_size, given))
    return _EACH + len(given) if isinstance(given, bytes | str) else 0
