"""What was fetched, kept for the next job that asks the same, and given out after its server said that it holds.

One file for each entry: the content, what is known of it as JSON, and how long that is. An entry appears by a rename,
whole, and is checked against its checksum when it is given out; so any number of processes may use one folder
without a lock, and what a crash or a disk spoiled is fetched anew. What was used longest ago goes first.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final

from azenha.adapters.http import PIECE, Own
from azenha.adapters.references.part import Served
from azenha.adapters.references.receiving import Bounds
from azenha.usecases.ports import Fetched, Say

_END: Final = struct.Struct(">Q8s")
_MAGIC: Final = b"azenha-1"
_MOST_KNOWN: Final = 256 * 1024  # bytes of JSON
_ABANDONED: Final = 3600.0  # seconds without a change, after which a file that is being written is nobody's
_ENTRY: Final = ".entry"
_WRITTEN: Final = ".part"


Came = tuple[int, Served]  # bytes of content, and what its server said of it


class Damaged(Exception):
    """An entry is not what was kept."""


def key(url: str, headers: Sequence[tuple[str, str]]) -> str:
    """What the same content is asked for with: the address, and all that a client wants to be sent."""
    asked = ["GET", url.partition("#")[0], sorted((name.lower(), value) for name, value in headers)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


class Kept:
    """An entry that is open: it can be given out even if it is removed meanwhile."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        """
        Raises:
            Damaged
        """
        self._path = path
        self._file = file
        try:
            end = file.seek(-_END.size, os.SEEK_END)
            length, magic = _END.unpack(file.read())
            if magic != _MAGIC or length > min(end, _MOST_KNOWN):
                raise Damaged
            self.size = file.seek(end - length)
            known = json.loads(file.read(length))
            self.etag: str | None = known["etag"]
            self.modified: str | None = known["modified"]
            self.media_type: str | None = known["type"]
            self.name: str = known["name"]
            self._checksum: str = known["sha256"]
            self._at: str = known["at"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Damaged from error

    @property
    def own(self) -> Own:
        """How to ask whether it holds."""
        # Both, where there are both: a server that knows entity tags looks at no date (RFC 9110 §13.1.3).
        headers = [("If-None-Match", self.etag), ("If-Modified-Since", self.modified)]
        sent = tuple((name, value) for name, value in headers if value is not None)
        return Own(self._at, sent, frozenset({HTTPStatus.NOT_MODIFIED}))

    def copy(self, file: BinaryIO, told: Callable[[int, int], None]) -> None:
        """Write it to `file`; `told` is called on the way, so that a job that is dismissed meanwhile notices.

        Raises:
            Damaged: and what was written so far is worth nothing.
        """
        self._file.seek(0)
        left, checksum = self.size, hashlib.sha256()
        while left and (piece := self._read(min(left, PIECE))):
            left -= len(piece)
            checksum.update(piece)
            file.write(piece)
            told(self.size - left, self.size)
        if left or checksum.hexdigest() != self._checksum:
            raise Damaged

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise Damaged from error

    def given_out(
        self, file: BinaryIO, bounds: Bounds, where: str, told: Callable[[int, int], None], say: Say
    ) -> bool:
        """Whether it is in `file` now; if it was damaged, it is kept no longer.

        Raises:
            TooLarge
        """
        bounds.check(self.size, where)
        file.seek(0)
        file.truncate()
        try:
            self.copy(file, told)
        except Damaged:
            self.drop()
            say("what was kept of it was damaged; it is fetched anew")
            return False
        say(f"it was fetched before and has not changed: {self.size:,} bytes were copied")
        return True

    def close(self) -> None:
        self._file.close()

    def drop(self) -> None:
        """Give it out no more."""
        with suppress(OSError):
            self._path.unlink()


class Cache:
    """At most `size` bytes in `folder`, which is made when there is something to keep."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder = folder
        self._size = size

    def find(self, key: str) -> Kept | None:
        """The entry, which is the caller's to close; it counts as used now."""
        path = self._folder / f"{key}{_ENTRY}"
        try:
            file = path.open("rb")
        except OSError:
            return None
        try:
            kept = Kept(path, file)
        except BaseException as error:
            file.close()
            if not isinstance(error, Damaged):
                raise
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return kept

    def keep(self, key: str, content: Path, served: Served) -> bool:
        """Keep a copy of a file; False if it is too large for that.

        Raises:
            OSError: it cannot be written; nothing is left of it.
        """
        size = content.stat().st_size
        if size + _MOST_KNOWN > self._size:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room(size)
        part = self._folder / f"{uuid.uuid4().hex}{_WRITTEN}"
        try:
            with content.open("rb") as source, part.open("xb") as file:
                checksum = hashlib.sha256()
                while piece := source.read(PIECE):
                    checksum.update(piece)
                    file.write(piece)
                known = {
                    "etag": served.etag,
                    "modified": served.modified,
                    "type": served.media_type,
                    "name": served.name,
                    "sha256": checksum.hexdigest(),
                    "at": served.at,
                }
                text = json.dumps(known).encode()
                file.write(text + _END.pack(len(text), _MAGIC))
            part.replace(self._folder / f"{key}{_ENTRY}")
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self._make_room(0)  # others may have kept something meanwhile
        return True

    def _make_room(self, size: int) -> None:
        """Remove what was used longest ago, until `size` more bytes fit."""
        entries: list[tuple[float, int, str]] = []
        total, now = size, time.time()
        with os.scandir(self._folder) as found:
            for one in found:
                with suppress(OSError):  # gone meanwhile
                    about = one.stat()
                    if one.name.endswith(_ENTRY):
                        entries.append((about.st_mtime, about.st_size, one.path))
                    elif now - about.st_mtime > _ABANDONED:
                        os.unlink(one.path)
                        continue
                    total += about.st_size
        for _, bytes, path in sorted(entries):
            if total <= self._size:
                return
            with suppress(OSError):  # gone meanwhile, or (Windows) open
                os.unlink(path)
            total -= bytes


def fetched(
    target: Path,
    cache: Cache | None,
    same: str | None,
    into: Callable[[BinaryIO, Kept | None], Came | Kept],
    say: Say,
) -> Fetched:
    """Fetch to `target`, which is there whole or not at all, by way of what is kept.

    Args:
        same: the `key` of what is asked for; None: nothing of it may be kept.
        into: writes it to the file: what came, or a copy of what was kept, which its server said is the same.
    """
    kept = cache.find(same) if cache and same else None
    try:
        with target.open("wb") as file:
            got = into(file, kept)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        if kept is not None:
            kept.close()
    if isinstance(got, Kept):
        return Fetched(got.size, got.media_type, got.name)
    size, served = got
    if cache and same and served.keep:
        try:
            cache.keep(same, target, served)
        except OSError as error:
            say(f"it could not be kept for the next job: {error}")
    return Fetched(size, served.media_type, served.name)
