"""The head of a CGI child's answer (RFC 3875 §6): read from its pipe, and understood."""

from __future__ import annotations

import re
from asyncio import StreamReader
from typing import Final, Literal

from azenha.domain.errors import ServiceFailed

PIECE: Final = 64 * 1024
_HEAD_AT_MOST: Final = 16 * 1024  # bytes of the headers of an answer
# Of what the child tells, what may reach the client: the length is the web tier's to know.
_PASSED_ON: Final = frozenset(
    {"content-type", "content-disposition", "content-description", "content-crs", "link"}
)
# How an image begins that GDAL wrote, with its width and height. TIFF: the first two entries of the directory at 8.
_IMAGES: Final[tuple[tuple[re.Pattern[bytes], Literal["little", "big"]], ...]] = (
    (
        re.compile(
            rb"II\*\0\x08\0\0\0..\0\x01\x03\0\x01\0\0\0(..)\0\0\x01\x01\x03\0\x01\0\0\0(..)", re.DOTALL
        ),
        "little",
    ),
    (re.compile(rb"\x89PNG\r\n\x1a\n....IHDR(....)(....)", re.DOTALL), "big"),
)

Headers = tuple[tuple[str, str], ...]


async def head_of(pipe: StreamReader) -> tuple[bytes, bytes]:
    """The headers, and what was read beyond them.

    Raises:
        ServiceFailed: it ended before.
    """
    got = b""
    while True:
        if match := re.search(rb"\r?\n\r?\n", got):
            return got[: match.start()], got[match.end() :]
        if len(got) > _HEAD_AT_MOST:
            raise ServiceFailed("the map server's answer is not understood")
        piece = await pipe.read(PIECE)
        if not piece:
            raise ServiceFailed("the map server ended without an answer")
        got += piece


async def begun(pipe: StreamReader, got: bytes) -> bytes:
    """What was read, and more of it, as much as tells what follows; less where there is no more."""
    while len(got) < PIECE and (piece := await pipe.read(PIECE - len(got))):
        got += piece
    return got


def is_flat(begin: bytes) -> bool:
    """Whether it is a coverage of a single row or column, in parts (`multipart/related`) too.

    MapServer reckons from the centre of the first pixel to that of the last, and finds nothing between them: such
    coverages have other values than the data.
    """
    for start, order in _IMAGES:
        if found := start.search(begin):
            return any(int.from_bytes(side, order) == 1 for side in found.groups())
    return False


def is_page(headers: Headers) -> bool:
    """Whether it is what MapServer shows to whom it does not understand: no service here has pages."""
    return any(name == "Content-Type" and value.startswith("text/html") for name, value in headers)


def understood(head: bytes) -> tuple[int, Headers]:
    """Status, and the headers that are passed on.

    Raises:
        ServiceFailed
    """
    status, headers = 200, []
    for line in head.decode("latin-1").splitlines():
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            raise ServiceFailed("the map server's answer is not understood")
        if name == "status":
            number = value[:3]
            status = int(number) if number.isdecimal() and 200 <= int(number) < 600 else 502
        elif name in _PASSED_ON:
            headers.append((name.title(), value))
    if not any(name == "Content-Type" for name, _ in headers):
        raise ServiceFailed("the map server's answer is not understood")
    return status, tuple(headers)
