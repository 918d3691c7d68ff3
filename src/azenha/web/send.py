"""A reply on its way out: bytes as they are, slices of files piece by piece, encoded on the way if they are to be."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import Executor
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from azenha.domain.blob_path import BlobPath
from azenha.domain.errors import ResultsUnreachable
from azenha.protocols.http import FileSlice, HttpReply
from azenha.web.encode import UNIT, encoder
from azenha.web.spool import Disconnected, Receive, until_gone

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PIECE: Final = UNIT * 256 * 1024  # each costs a change of thread
SMALL: Final = UNIT * 64 * 1024  # bytes of files that are read before anything is sent
NO_CONTENT: Final = frozenset({204, 304})  # RFC 9110 §8.6: these have no Content-Length
_PRINTABLE: Final = "".join(chr(n) for n in range(0x20, 0x7F))


class FileGone(Exception):
    """A file of the reply is not there (any more), or shorter than it was."""


def with_small_files(reply: HttpReply) -> HttpReply:
    """The reply with its files read where all of them are small: then sending needs no other thread. Blocks.

    Raises:
        FileGone: a file is not there: found before the status is sent, while another answer is possible.
    """
    slices = [part for part in reply.body if isinstance(part, FileSlice)]
    if not slices:
        return reply
    if sum(part.end - part.start for part in slices) <= SMALL:
        return replace(reply, body=(whole(reply),))
    for part in slices:
        if _size(part.path) < part.end:
            raise FileGone(part.path)
    return reply


def _size(path: str) -> int:
    """Bytes; -1 where nothing is there."""
    if isinstance(path, BlobPath):
        size = path.size()
        return -1 if size is None else size
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def whole(reply: HttpReply) -> bytes:
    """The body of a reply whose files are known to be small. Blocks.

    Raises:
        FileGone
    """
    return b"".join(part if isinstance(part, bytes) else _whole(part) for part in reply.body)


def _whole(part: FileSlice) -> bytes:
    encode = encoder(part.encoding)
    return encode(_read(part.path, part.start, part.end)) + encode(b"")


def _read(path: str, start: int, end: int) -> bytes:
    try:
        if isinstance(path, BlobPath):
            return b"".join(path.read(start, end))
        with open(path, "rb") as file:
            file.seek(start)
            data = file.read(end - start)
    except OSError:
        raise FileGone(path) from None
    if len(data) != end - start:
        raise FileGone(path)
    return data


def raw_headers(pairs: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """As ASGI wants them. What may not stand in a header (RFC 9110 §5.5), like a line end, is %-encoded."""
    return list(_raw(tuple(pairs)))


@lru_cache(maxsize=256)
def _raw(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[bytes, bytes], ...]:
    # Most replies have the headers of another: those of one document, or of all statuses.
    return tuple(
        (
            name.lower().encode("ascii"),
            (value if value.isascii() and value.isprintable() else quote(value, safe=_PRINTABLE)).encode(
                "ascii"
            ),
        )
        for name, value in pairs
    )


async def send_reply(
    send: Send,
    receive: Receive,
    reply: HttpReply,
    more_headers: Iterable[tuple[str, str]],
    head: bool,
    threads: Executor,
) -> None:
    """Send it. Files are read in a thread, twice `PIECE` bytes ahead of the client at most.

    Raises:
        FileGone: after the status was sent; the server then breaks the connection off.
        Disconnected: the client went away before it had all of a large file.
    """
    headers = raw_headers((*reply.headers, *more_headers))
    # Without it the body is sent in chunks (HTTP/1.1), or ends with the connection (1.0).
    if reply.status not in NO_CONTENT and reply.length is not None:
        headers.append((b"content-length", str(reply.length).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if head or reply.status in NO_CONTENT:
        await send({"type": "http.response.body", "body": b""})
        return
    # What is sent to nobody is taken without a word: without this the largest file would be read to its end.
    large = sum(part.end - part.start for part in reply.body if isinstance(part, FileSlice)) > PIECE
    gone = asyncio.ensure_future(until_gone(receive)) if large else None
    last = len(reply.body) - 1
    try:
        for n, part in enumerate(reply.body):
            if isinstance(part, bytes):
                await send({"type": "http.response.body", "body": part, "more_body": n < last})
            else:
                await _send_file(send, part, n < last, threads, gone)
    finally:
        if gone is not None:
            gone.cancel()
    if not reply.body:
        await send({"type": "http.response.body", "body": b""})


async def _send_file(
    send: Send, part: FileSlice, more: bool, threads: Executor, gone: asyncio.Future[None] | None
) -> None:
    if part.start == part.end:
        await send({"type": "http.response.body", "body": b"", "more_body": more})
        return
    loop = asyncio.get_running_loop()
    pieces = _pieces(part)
    reading = loop.run_in_executor(threads, next, pieces)
    last = False
    while not last:
        data, last = await reading
        if gone is not None and gone.done():
            raise Disconnected
        if not last:  # the next is read while the client takes this one
            reading = loop.run_in_executor(threads, next, pieces)
        try:
            await send({"type": "http.response.body", "body": data, "more_body": more or not last})
        except BaseException:
            reading.cancel()
            raise


def _pieces(part: FileSlice) -> Iterator[tuple[bytes, bool]]:
    """What is sent of a file, encoded, and whether it is the last of it. Blocks.

    Raises:
        FileGone
    """
    encode, at = encoder(part.encoding), part.start
    if isinstance(part.path, BlobPath):
        read = _from_store(part.path, at, part.end)
    else:  # opened for each piece: a client may take its time, and nothing is held open meanwhile
        read = (_read(part.path, n, min(n + PIECE, part.end)) for n in range(at, part.end, PIECE))
    for data in read:
        at += len(data)
        if at == part.end:
            yield encode(data) + encode(b""), True
            return
        yield encode(data), False
    raise FileGone(part.path)  # it is shorter than it was


def _from_store(path: BlobPath, start: int, end: int) -> Iterator[bytes]:
    """Bytes of a file in a blob store, in pieces of `PIECE` bytes but for the last. Blocks.

    Raises:
        FileGone
    """
    rest = b""
    try:
        for got in path.read(start, end):
            rest += got
            ready = len(rest) // PIECE * PIECE
            for at in range(0, ready, PIECE):
                yield rest[at : at + PIECE]
            rest = rest[ready:]
    except (OSError, ResultsUnreachable):
        raise FileGone(path) from None
    if rest:
        yield rest
