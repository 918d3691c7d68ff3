"""Rasters that end too early, of the formats whose libraries read what is missing as if it were there.

GDAL raises for the other formats. Of PNG the chunks and their checksums are gone through (W3C PNG §5); of netCDF
classic the header tells where its data ends (netCDF file format specification, CDF-1, CDF-2, CDF-5).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from azenha.engine.formats.opening import NotValid, counted

_PIECE: Final = 1024 * 1024  # bytes that are read at a time
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_IEND: Final = b"IEND"
_CLASSIC: Final = (b"CDF\x01", b"CDF\x02", b"CDF\x05")
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 4, 6: 8, 7: 1, 8: 2, 9: 4, 10: 8, 11: 8}  # bytes, by nc_type
_STREAMING: Final = 0xFFFFFFFF  # the number of records is told by the length of the file


def all_there(path: Path, id: str) -> None:
    """
    Raises:
        NotValid: the file of the format `id` is cut short, or its checksums do not hold.
    """
    if (look := _LOOKS.get(id)) is not None:
        with path.open("rb") as file:
            look(file, path.stat().st_size)


# -- PNG ------------------------------------------------------------------------------------------


def _png(file: BinaryIO, size: int) -> None:
    if file.read(len(_PNG)) != _PNG:
        return
    kind = b""
    while kind != _IEND:
        at = file.tell()
        head = file.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or at + 12 + length > size:
            raise NotValid(f"it is cut short: it ends at byte {size:,}, before its last chunk, IEND")
        found, left = zlib.crc32(kind), length
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                raise NotValid("it is cut short")
            found, left = zlib.crc32(piece, found), left - len(piece)
        if found != int.from_bytes(file.read(4), "big"):
            name = kind.decode("ascii", "replace")
            raise NotValid(f"it is damaged: the checksum of its chunk {name} at byte {at:,} does not hold")


# -- netCDF classic -------------------------------------------------------------------------------


class _Header:
    """The header's numbers and lists, in their order."""

    def __init__(self, file: BinaryIO, size: int, version: int) -> None:
        self.file, self.size = file, size
        self.count_bytes = 8 if version == 5 else 4
        self.offset_bytes = 4 if version == 1 else 8

    def number(self, size: int) -> int:
        data = self.file.read(size)
        if len(data) < size:
            raise NotValid("it is cut short: it ends within its header")
        return int.from_bytes(data, "big")

    def count(self) -> int:
        return self.number(self.count_bytes)

    def skip(self, size: int) -> None:
        """Over so many bytes, and those that fill up to four."""
        if self.file.seek(size + -size % 4, 1) > self.size:
            raise NotValid("it is cut short: it ends within its header")

    def list(self) -> int:
        """The number of elements of a list that begins here."""
        self.number(4)  # its tag, zero where there is none
        return self.count()

    def type_size(self) -> int:
        type = self.number(4)
        if type not in _SIZES:
            raise NotValid(f"its header names a type of data that is none: {type}")
        return _SIZES[type]

    def attributes(self) -> None:
        for _ in range(self.list()):
            self.skip(self.count())
            size = self.type_size()
            self.skip(size * self.count())


def _netcdf(file: BinaryIO, size: int) -> None:
    magic = file.read(4)
    if magic not in _CLASSIC:
        return  # HDF5, whose library looks for its end
    header = _Header(file, size, magic[3])
    records = header.count()
    streaming = records == (_STREAMING if header.count_bytes == 4 else 2**64 - 1)
    dimensions: list[int] = []
    for _ in range(header.list()):
        header.skip(header.count())
        dimensions.append(header.count())
    header.attributes()
    ends: list[int] = []
    by_record: list[tuple[int, int]] = []  # where the first record of a variable begins, and its bytes
    for _ in range(header.list()):
        header.skip(header.count())
        axes = [header.count() for _ in range(header.count())]
        header.attributes()
        length = header.type_size()
        header.count()  # vsize: too small a field for a large variable, and what it tells follows from the rest
        begin = header.number(header.offset_bytes)
        if any(axis >= len(dimensions) for axis in axes):
            raise NotValid("its header names a dimension that it has not")
        is_record = bool(axes) and dimensions[axes[0]] == 0
        for axis in axes[1:] if is_record else axes:
            length *= dimensions[axis]
        if is_record:
            by_record.append((begin, length))
        elif length:
            ends.append(begin + length)
    if records and not streaming:
        # One variable alone is not filled up to four bytes.
        step = by_record[0][1] if len(by_record) == 1 else sum(n + -n % 4 for _, n in by_record)
        ends += [begin + (records - 1) * step + length for begin, length in by_record if length]
    wanted = max(ends, default=0)
    if wanted > size:
        raise NotValid(
            f"it is cut short: it has {counted(size, 'byte')}, and its header tells of data up to byte {wanted:,}"
        )


_LOOKS: Final[Mapping[str, Callable[[BinaryIO, int], None]]] = {"png": _png, "netcdf": _netcdf}
