"""What a job returned: plain values, which must not be too many, and files.

Files are moved to where they are published, on disk for good, with their checksums.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from zlib_ng.zlib_ng import crc32

from azenha.authoring.calling import LocalFile, Produced
from azenha.authoring.errors import OutputError
from azenha.domain import encodings
from azenha.domain.encodings import NotInEncoding
from azenha.domain.geodata import Geodata
from azenha.domain.plain import counted, room
from azenha.domain.published import Published
from azenha.domain.values import StoredFile, Value
from azenha.durable import sync

DATA: Final = 2  # values that a file, or a reference to one, counts for
WINDOW: Final = 4 * 1024 * 1024  # bytes of a file that are mapped at a time: a multiple of every page size
PIECE: Final = 256 * 1024  # bytes that are read for one checksum, and are near still for the other
AT_ONCE: Final = 1024 * 1024  # bytes of a file whose checksums are made before the disk has it, not meanwhile


def check_values(produced: Mapping[str, tuple[Produced, ...]], limit: int) -> None:
    """Values that are no files stand in the job's row, and in the memory of all who read it.

    Args:
        limit: as limits.values has it.
    Raises:
        OutputError: there are more, in all outputs together; or a text is none that an answer can have.
    """
    values = size = 0
    for id, items in produced.items():
        for item in items:
            try:
                more, text = counted(item, DATA)
            except UnicodeEncodeError:
                why = "its text has half of a surrogate pair, as of a file's name that is no UTF-8"
                raise OutputError(id, f"{why}: no answer can have that") from None
            values, size = values + more, size + text
        if values > limit or size > (most := room(values, limit)):
            told = f"{values:,} plain values (numbers, texts, objects)"
            taken = f"at most {limit:,}"
            if values <= limit:
                told, taken = (
                    f"{told} with {size:,} bytes of text",
                    f"{taken}, and {most:,} bytes of so many,",
                )
            raise OutputError(
                id,
                f"the job returned, with it, {told}; {taken} are taken (setting limits.values). Return much as a "
                f"file (File, Features, Raster)",
            )


def put_out(
    produced: Mapping[str, tuple[Produced, ...]],
    served: Mapping[str, tuple[Published | None, ...]],
    workdir: Path,
    folder: Path,
    limit: int,
    look_into: Callable[[Path, str], Geodata | None] | None,
) -> dict[str, tuple[Value, ...]]:
    """Move the files that were returned to `folder`, on disk for good; values with keys relative to it."""
    results: dict[str, tuple[Value, ...]] = {}
    moved: dict[Path, Path] = {}
    total = 0
    for id, items in produced.items():
        values: list[Value] = []
        for number, item in enumerate(items):
            if not isinstance(item, LocalFile):
                values.append(item)
                continue
            own = item.path.resolve()
            source = moved.get(own, item.path)  # a file may be named again
            size = source.stat().st_size
            total += size
            if total > limit:
                raise OutputError(id, f"the job's files exceed {limit:,} bytes (setting limits.outputs)")
            name = item.name or item.path.name
            key = f"{id}/{name}" if len(items) == 1 else f"{id}/{number}/{name}"
            sha256, crc = _placed(source, workdir, folder / key)
            if not own.exists():
                moved[own] = folder / key
            geodata = look_into and look_into(folder / key, item.format.media_type)
            values.append(
                StoredFile(
                    key,
                    name,
                    size,
                    item.format,
                    sha256,
                    crc32=crc,
                    geodata=geodata or None,
                    published=served[id][number] if id in served else None,
                    charset=_charset(folder / key, item.format.media_type),
                )
            )
        results[id] = tuple(values)
        if len(items) > 1 and (folder / id).is_dir():
            sync(folder / id)  # each has a folder of its own there
    return results


def _placed(source: Path, workdir: Path, target: Path) -> tuple[str, int]:
    """Move or copy a file to where it is published, on disk for good; its checksums."""
    _place(source, workdir, target)
    if target.stat().st_size <= AT_ONCE:
        data = target.read_bytes()
        checksums = hashlib.sha256(data).hexdigest(), crc32(data)
        sync(target)
    else:  # the disk writes it while it is read: both take about as long as the longer of them alone
        written = _beside(partial(sync, target))
        checksums = _checksums(target)
        written()
    sync(target.parent)
    return checksums


def _checksums(path: Path) -> tuple[str, int]:
    """SHA-256, and CRC-32 for archives. Mapped piece by piece: to have it copied takes a sixth of the time."""
    sha256, crc = hashlib.sha256(), 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for at in range(0, size, WINDOW):
            length = min(WINDOW, size - at)
            with (
                mmap.mmap(file.fileno(), length, access=mmap.ACCESS_READ, offset=at) as window,
                memoryview(window) as view,
            ):
                for begin in range(0, length, PIECE):
                    with view[begin : begin + PIECE] as piece:
                        sha256.update(piece)
                        crc = crc32(piece, crc)
    return sha256.hexdigest(), crc


def _beside(task: Callable[[], None]) -> Callable[[], None]:
    """Do it in a thread. What is given back waits for its end and raises what it raised.

    Where there can be no thread, it does the task itself.
    """
    raised: list[BaseException] = []

    def attempt() -> None:
        try:
            task()
        except (
            BaseException
        ) as error:  # told once by the system: whoever asks again may hear that all is well
            raised.append(error)

    thread = threading.Thread(target=attempt)
    try:
        thread.start()
    except RuntimeError:  # the job's limits may leave no room for a thread
        return task

    def wait() -> None:
        thread.join()
        if raised:
            raise raised[0]

    return wait


def _charset(path: Path, type: str) -> str:
    """That of text whose media type names none, as whoever reads it must know; empty: it is none, or not clear.

    Looked at once, here: later every reply would have to.
    """
    if not type.lower().startswith("text/") or encodings.charset(type) is not None:
        return ""
    try:
        with path.open("rb") as file:
            for piece in encodings.as_utf8(iter(lambda: file.read(PIECE), b""), type):
                if "\0" in piece:  # text in UTF-16 may be taken for UTF-8
                    return ""
    except NotInEncoding:
        return ""
    return "utf-8"


def _place(source: Path, workdir: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    own = source.resolve().is_relative_to(workdir)
    if own and not source.is_symlink() and source.stat().st_nlink == 1:
        try:
            source.rename(target)
        except OSError:
            shutil.copyfile(source, target)
    else:  # an input handed on, or a file from elsewhere, which is not the job's to move
        shutil.copyfile(source, target)
