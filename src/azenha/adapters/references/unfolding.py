"""Content-Encoding undone (RFC 9110 §8.4), never more than `PIECE` bytes at once: little may unfold without end."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final

from azenha.adapters.http import PIECE
from azenha.domain.addresses import shown
from azenha.domain.errors import FetchFailed

_GZIP: Final = 31
_ZLIB: Final = 15
_RAW: Final = -15


class Unfolding:
    """What comes of the pieces of one answer, which may come over several connections."""

    def __init__(self, encoding: str, where: str) -> None:
        """
        Raises:
            FetchFailed: an encoding that is not undone.
        """
        self._where = where
        self._name = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}.get(
            encoding
        )
        if self._name is None:
            raise FetchFailed(f"Content-Encoding '{shown(encoding)}', which was not asked for, from {where}")
        self._unfold: Any = zlib.decompressobj(_GZIP) if self._name == "gzip" else None
        self._head = b""

    @property
    def folded(self) -> bool:
        return bool(self._name)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """
        Raises:
            FetchFailed: it is not of this encoding.
        """
        if not self._name:
            yield piece
            return
        if self._unfold is None:
            self._head += piece
            if len(self._head) < 2:
                return
            piece, self._head = self._head, b""
            self._unfold = zlib.decompressobj(_wrapped(piece))
        try:
            yield from self._unfolded(piece)
        except zlib.error as error:
            raise FetchFailed(f"broken {self._name} from {self._where}: {error}") from None

    def _unfolded(self, piece: bytes) -> Iterator[bytes]:
        rest, more = piece, True
        while more:
            if self._unfold.eof and self._name == "gzip":
                # RFC 1952 §2.2: there may be several members, one after the other.
                self._unfold = zlib.decompressobj(_GZIP)
            unfolded = self._unfold.decompress(rest, PIECE)
            if unfolded:
                yield unfolded
            if self._unfold.eof:
                rest = self._unfold.unused_data
                if rest and self._name == "deflate":
                    raise zlib.error("something comes after its end")
                more = bool(rest)
            else:
                rest = self._unfold.unconsumed_tail
                more = bool(rest) or len(unfolded) == PIECE

    def end(self) -> None:
        """
        Raises:
            FetchFailed: more should have come.
        """
        if self._name and (self._unfold is None or not self._unfold.eof):
            raise FetchFailed(f"broken {self._name} from {self._where}: it ends too early")


def _wrapped(head: bytes) -> int:
    """`deflate` is zlib's format (RFC 9110 §8.4.1.2); some servers send what is in it without its wrapping."""
    zlib_header = head[0] & 15 == 8 and int.from_bytes(head[:2]) % 31 == 0
    return _ZLIB if zlib_header else _RAW
