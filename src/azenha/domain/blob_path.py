"""Paths of files that are not on this machine's disk.

Whoever renders a result names files by path. That of a file in a blob store is text like any other, to be compared
and shown, and brings along the way to its bytes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Protocol, cast


class Reader(Protocol):
    """What a store gives for one file or folder."""

    def size(self, key: str) -> int | None: ...

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """
        Raises:
            FileNotFoundError: it is not there, or shorter.
        """

    def link(self, key: str, until: datetime) -> str | None:
        """An address that works until then, or shorter where the store allows no more; None if it has no such."""


class BlobPath(str):
    """`<address of the folder>/<key>`."""

    __slots__ = ("key", "reader")
    reader: Reader
    key: str

    @classmethod
    def of(cls, folder: str, reader: Reader, key: str = "") -> BlobPath:
        found = cls(f"{folder}/{key}" if key else folder)
        found.reader, found.key = reader, key
        return found

    def child(self, key: str) -> BlobPath:
        """The file of that key in this folder."""
        return BlobPath.of(str(self), self.reader, key)

    def size(self) -> int | None:
        """Bytes; None where nothing is there."""
        return self.reader.size(self.key)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """See Reader."""
        return self.reader.read(self.key, start, end)

    def link(self, until: datetime) -> str | None:
        """See Reader: whoever has it may read the file, without asking this server."""
        return self.reader.link(self.key, until)


def check_present(path: str) -> None:
    """
    Raises:
        FileNotFoundError
    """
    if not isinstance(path, BlobPath):
        open(path, "rb").close()
    elif path.size() is None:
        raise FileNotFoundError(path)


def opened(path: str) -> BinaryIO:
    """A file to be read, wherever it is: one of a store is brought to a temporary file of this machine first.

    Raises:
        FileNotFoundError
    """
    if not isinstance(path, BlobPath):
        return open(path, "rb")
    size = path.size()
    if size is None:
        raise FileNotFoundError(path)
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        for piece in path.read(0, size):
            file.write(piece)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
