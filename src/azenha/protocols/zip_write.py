"""Archives (APPNOTE 6.3.10) as pieces: what is in them streams from where it is, uncompressed.

Sizes and checksums are known beforehand, so that the length of the whole is too, and ranges of it can be asked for.
Entries and archives above 4 GiB, and more than 65,534 entries, are written in the form of ZIP64 (§4.3.14, §4.5.3).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from azenha.protocols.http import Part

_LARGE: Final = 0xFFFFFFFF
_MANY: Final = 0xFFFF
_UTF8: Final = 0x0800  # names are UTF-8 (§4.4.4)
_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16


@dataclass(frozen=True, slots=True)
class Entry:
    """
    Attributes:
        name: a relative path, `/` between parts; unlike that of any other entry.
        size: of the body, in bytes.
    """

    name: str
    body: tuple[Part, ...]
    size: int
    crc32: int


def archive(entries: Sequence[Entry], time: datetime) -> tuple[Part, ...]:
    """The whole archive; `time` stands beside each entry, to two seconds and without a zone."""
    parts: list[Part] = []
    directory: list[bytes] = []
    at = 0
    for entry in entries:
        head = _local(entry, time)
        parts += [head, *entry.body]
        directory.append(_central(entry, time, at))
        at += len(head) + entry.size
    parts.append(b"".join([*directory, _end(len(entries), at, sum(map(len, directory)))]))
    return tuple(parts)


def _stamp(time: datetime) -> tuple[int, int]:
    year = min(max(time.year, 1980), 2107)
    return (
        time.hour << 11 | time.minute << 5 | time.second // 2,
        (year - 1980) << 9 | time.month << 5 | time.day,
    )


def _zip64(*values: int) -> bytes:
    """The extra field, with those values that have no room where they usually stand."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def _needed(extra: bytes) -> int:
    return 45 if extra else 20  # the version of a reader, times ten


def _local(entry: Entry, time: datetime) -> bytes:
    name, large = entry.name.encode(), entry.size >= _LARGE
    extra = _zip64(entry.size, entry.size) if large else b""
    size = _LARGE if large else entry.size
    fixed = struct.pack(
        "<4s5H3L2H",
        b"PK\3\4",
        _needed(extra),
        _UTF8,
        0,  # stored
        *_stamp(time),
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _central(entry: Entry, time: datetime, at: int) -> bytes:
    name, large, far = entry.name.encode(), entry.size >= _LARGE, at >= _LARGE
    extra = _zip64(*((entry.size, entry.size) if large else ()), *((at,) if far else ()))
    size = _LARGE if large else entry.size
    fixed = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        _UNIX | _needed(extra),
        _needed(extra),
        _UTF8,
        0,
        *_stamp(time),
        entry.crc32,
        size,
        size,
        len(name),
        len(extra),
        0,
        0,
        0,
        _MODE,
        _LARGE if far else at,
    )
    return fixed + name + extra


def _end(count: int, at: int, size: int) -> bytes:
    """The end of the central directory, which begins at `at` and has `size` bytes."""
    large = b""
    if count >= _MANY or at >= _LARGE or size >= _LARGE:
        large = struct.pack(
            "<4sQ2H2L4Q", b"PK\6\6", 44, _UNIX | 45, 45, 0, 0, count, count, size, at
        ) + struct.pack("<4sLQL", b"PK\6\7", 0, at + size, 1)
    few = min(count, _MANY)
    return large + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, few, few, min(size, _LARGE), min(at, _LARGE), 0)
