"""A request's body on its way in: in memory while small, else a temporary file that is read as a map.

A large body never stands in memory. Nothing is left behind: whoever gets it gives it back, and what a killed web
tier left is removed when the next one starts.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from azenha.domain.errors import BadParameter, TooLarge
from azenha.protocols.http import Buffer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

IN_MEMORY: Final = 1024 * 1024  # bytes; what is larger goes to a file


class SpooledBody(mmap.mmap):
    """A body in a file, which another process can open as well; `path` is its place."""

    path: Path

    @classmethod
    def of(cls, file: IO[bytes], path: Path) -> SpooledBody:
        body = cls(file.fileno(), 0, access=mmap.ACCESS_READ)
        body.path = path
        return body


class Disconnected(Exception):
    """The client went away: nobody is left to be answered."""


async def until_gone(receive: Receive) -> None:
    """Until the client goes away, or its reply is complete."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def receive_body(
    receive: Receive, headers: Mapping[str, str], limit: int, folder: Path, setting: str = "limits.body"
) -> Buffer:
    """The whole body. Whoever gets it calls `release` when done.

    Args:
        headers: names in lower case.
        limit: bytes, inclusive.
        setting: that says so.
        folder: where a large body's file may be; made if absent.
    Raises:
        TooLarge: by its announcement before the first byte is read, or while it arrives.
        BadParameter: Content-Length is no number.
        Disconnected
    """
    announced = headers.get("content-length")
    if announced is None and "transfer-encoding" not in headers:
        return b""
    if announced is not None and _length(announced) > limit:
        raise _too_large(limit, setting)
    pieces: list[bytes] = []
    size = 0
    file: IO[bytes] | None = None
    body: SpooledBody | None = None
    try:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise _too_large(limit, setting)
            if file is None and size > IN_MEMORY:
                folder.mkdir(parents=True, exist_ok=True)
                file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - closed below
                file.writelines(pieces)
                pieces.clear()
            if file is None:
                pieces.append(piece)
            else:
                file.write(piece)
            if not message.get("more_body", False):
                break
        if file is None:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        file.flush()
        body = SpooledBody.of(file, Path(file.name))
        return body
    finally:
        if file is not None:
            try:
                file.close()  # the map holds a handle of its own
            finally:  # on a full disk to close it fails once more
                if body is None:
                    Path(file.name).unlink()


def release(body: Buffer) -> None:
    """Give a body back, once or more often. One that somebody still has a view of goes when the view does."""
    if isinstance(body, SpooledBody):
        with suppress(BufferError):
            body.close()
        # Windows lets no file go that somebody has open; the next start removes it.
        with suppress(OSError):
            body.path.unlink(missing_ok=True)


def announced_length(headers: Mapping[str, str]) -> int:
    """Bytes that a body is said to have; 0 where nothing is said, or what is said is no number."""
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadParameter(f"Content-Length '{text[:40]}' is no number of bytes", "Content-Length")
    return int(text) if len(text) < 20 else 10**20


def _too_large(limit: int, setting: str) -> TooLarge:
    return TooLarge(f"the body has more than {limit} bytes (setting {setting})")
