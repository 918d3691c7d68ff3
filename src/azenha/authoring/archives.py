"""Zip files of strangers: looked into and unpacked within limits, or refused with the reason.

Bombs, names that lead out of the folder, links, devices, encryption, archives in archives. Sizes are counted while
bytes come out, whatever the list of members claims.
"""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

RATIO_FROM: Final = 10 * 1024**2  # bytes unpacked, below which a ratio hurts nobody
_LONGEST_LIST: Final = 16 * 1024**2
_PIECE: Final = 256 * 1024
_LARGE: Final = 2**31 - 1  # bytes of a member, from which on ZIP64 is needed
_ARCHIVES: Final = (".zip", ".kmz", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar")
_BEGINNINGS: Final = (
    b"PK\x03\x04",
    b"PK\x05\x06",  # a zip without members
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)
_TAR: Final = b"ustar"  # of POSIX and GNU; a tar has nothing of its own before that
_TAR_AT: Final = 257
_END: Final = struct.Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64: Final = struct.Struct("<4sLQL")


class Unsafe(ValueError):
    """An archive is not opened; the reason, as a sentence without subject."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What a zip may have in it.

    Attributes:
        bytes: of all its files together, unpacked.
        members: files and folders.
        ratio: of those bytes to the size of the zip, beyond `RATIO_FROM`. A file of text or of one colour packs
            well; a bomb packs a thousand times as well, and more.
        nesting: 0: no archive is in it; 1: archives may be, zips with none in them among them.
    """

    bytes: int = 10 * 1024**3
    members: int = 10_000
    ratio: int = 200
    nesting: int = 0


_limits = ArchiveLimits()


def hold(limits: ArchiveLimits) -> None:
    """Set what holds in this process from now on: a child does, with what the server's settings say.

    For all of its threads: authors' code is handed files, and no settings.
    """
    global _limits
    _limits = limits


def names_in(source: Path | BinaryIO) -> list[str]:
    """The names of the members of a zip, as they are written.

    Left out is what macOS adds: `__MACOSX/data/._roads.shp` is no shapefile, but notes of the Finder about one.

    Raises:
        Unsafe: it is none, or has more than can be looked at.
    """
    paths = ((name := member.filename, PurePosixPath(name)) for member in members(source))
    return [name for name, path in paths if path.parts[:1] != ("__MACOSX",) and path.name[:2] != "._"]


def inspect(path: Path, *, zarr: bool = False) -> None:
    """Refuse what could do harm when it is unpacked, by its list of members; nothing is decompressed.

    Args:
        zarr: as Zarr writes one: of several members of exactly one name, the last counts.
    Raises:
        Unsafe: it is none, or is not to be unpacked.
    """
    _check(members(path), path, _limits, zarr)


def contents(path: Path, names: Iterable[str]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Members of a zip that was inspected, each with its content piece by piece, to be taken before the next one.

    Raises:
        Unsafe: one is damaged.
    """
    with zipfile.ZipFile(path) as archive:  # once: to read its list takes as long as it has members
        for name in names:
            yield name, _content(archive, name)


def _content(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(name) as source:
            while piece := source.read(_PIECE):
                yield piece
    except Exception as error:
        if _is_damage(error):
            raise Unsafe(f"its member {name[:100]!r} cannot be unpacked: {error}") from None
        raise


def unpack(path: Path, folder: Path, most_bytes: int | None = None) -> list[Path]:
    """Unpack a zip into an empty folder, which is made; the files, in the order of the archive.

    Args:
        most_bytes: of all files together, unpacked, where that is less than what holds in this process.
    Raises:
        Unsafe: it is none, or is not to be unpacked. What was unpacked so far is removed.
    """
    limits = _limits
    if most_bytes is not None and most_bytes < limits.bytes:
        limits = replace(limits, bytes=most_bytes)
    found = _check(members(path), path, limits)
    folder.mkdir(parents=True)
    try:
        return _unpack(path, found, folder.resolve(), limits)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if _is_damage(error):
            raise Unsafe(f"it cannot be unpacked: {error}") from None
        raise


def _is_damage(error: BaseException) -> bool:
    """Whether a member could not be decompressed, or read at all."""
    return isinstance(error, (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError, OSError)) or (
        type(error).__name__ in ("error", "LZMAError")  # of zlib and lzma
    )


def without_repeats(path: Path, target: Path, inner: str = "") -> None:
    """Write a zip as Zarr does, see `inspect`, again with no more than one member of each name; not compressed.

    Args:
        inner: a folder in it, whose content alone is written; empty: all is.
    Raises:
        Unsafe
    """
    found = _check(members(path), path, _limits, again=True)
    try:
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(target, "w") as made:
            for member in found:
                if inner and not member.filename.startswith(f"{inner}/"):
                    continue
                name = member.filename.removeprefix(f"{inner}/" if inner else "")
                # No more comes out than the list of members tells, which was looked at.
                large = member.file_size >= _LARGE
                with (
                    archive.open(member) as source,
                    made.open(zipfile.ZipInfo(name), "w", force_zip64=large) as file,
                ):
                    shutil.copyfileobj(source, file, _PIECE)
    except BaseException as error:
        if _is_damage(error):
            raise Unsafe(f"it cannot be read: {error}") from None
        raise


def _unpack(path: Path, found: Sequence[zipfile.ZipInfo], folder: Path, limits: ArchiveLimits) -> list[Path]:
    written: list[Path] = []
    total = 0
    most = min(limits.bytes, max(RATIO_FROM, path.stat().st_size * limits.ratio))
    with zipfile.ZipFile(path) as archive:
        for member in found:
            target = (folder / member.filename).resolve()
            if not target.is_relative_to(folder):
                raise Unsafe(f"its member {member.filename!r} leads out of the folder")
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, target.open("xb") as file:
                first = True
                while piece := source.read(_PIECE):
                    if first and not limits.nesting and _is_archive(piece):
                        raise Unsafe(f"its member {member.filename!r} is an archive itself")
                    first = False
                    total += len(piece)
                    if total > most:
                        raise Unsafe(f"it unpacks to more than {most:,} bytes")
                    file.write(piece)
            if limits.nesting and zipfile.is_zipfile(target):
                within = replace(limits, bytes=most - total, nesting=0)
                try:
                    _check(members(target), target, within)
                except Unsafe as reason:
                    raise Unsafe(f"in its member {member.filename!r}: {reason}") from None
            written.append(target)
    return written


def _is_archive(beginning: bytes) -> bool:
    return beginning.startswith(_BEGINNINGS) or beginning[_TAR_AT:].startswith(_TAR)


def members(source: Path | BinaryIO) -> list[zipfile.ZipInfo]:
    """The members of a zip, as its list has them.

    Raises:
        Unsafe: it is none, or has more than can be looked at.
    """
    if isinstance(source, Path):
        with source.open("rb") as file:
            _bound_list(file)
    else:
        _bound_list(source)
    try:
        with zipfile.ZipFile(source) as archive:
            found = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError) as error:
        raise Unsafe(f"it is no zip that can be read: {error}") from None
    _bound_members(len(found))  # how many it says that it has, nobody holds it to
    return found


def _bound_members(count: int) -> None:
    if count > _limits.members:
        raise Unsafe(f"it has {count:,} members; at most {_limits.members:,} are looked at")


def _bound_list(file: BinaryIO) -> None:
    """Refuse a list of members that is too long to be held, before it is."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - 0xFFFF - _LOCATOR64.size))
    tail = file.read()
    at = tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise Unsafe("it is no zip that can be read: it has no end, so it was perhaps cut off")
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    ends = [(count, length)]
    if at >= _LOCATOR64.size and tail.startswith(b"PK\x06\x07", at - _LOCATOR64.size):
        _, _, where, _ = _LOCATOR64.unpack_from(tail, at - _LOCATOR64.size)
        # Where it is said to be, and where Python looks for it, whatever is said.
        beside = size - len(tail) + at - _LOCATOR64.size - _END64.size
        ends = [end for place in (where, beside) if (end := _end64(file, place, size))] or ends
    _bound_members(max(count for count, _ in ends))
    longest = max(length for _, length in ends)
    if longest > _LONGEST_LIST:
        raise Unsafe(f"its list of members is {longest:,} bytes; at most {_LONGEST_LIST:,} are looked at")


def _end64(file: BinaryIO, place: int, size: int) -> tuple[int, int] | None:
    """How many members a ZIP64 end tells of, and how long their list is; None if there is no such end."""
    if not 0 <= place <= size - _END64.size:
        return None
    file.seek(place)
    magic, *_, count, length, _ = _END64.unpack(file.read(_END64.size))
    return (count, length) if magic == b"PK\x06\x06" else None


def _check(
    found: Sequence[zipfile.ZipInfo], path: Path, limits: ArchiveLimits, again: bool = False
) -> list[zipfile.ZipInfo]:
    """The members that are files, or a refusal. `again`: one name may come again; the last counts."""
    files: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for member in found:
        shown = repr(member.filename[:100])
        name = member.filename
        parts = PurePosixPath(name).parts
        if "\\" in name or ":" in name or name.startswith("/") or ".." in parts or not name.isprintable():
            raise Unsafe(
                f"its member {shown} leads out of the folder, or has a name that no system should see"
            )
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Unsafe(f"its member {shown} is a link or a device")
        if member.flag_bits & 1:
            raise Unsafe(f"its member {shown} is encrypted")
        if member.is_dir():
            continue
        if not limits.nesting and name.lower().endswith(_ARCHIVES):
            raise Unsafe(f"its member {shown} is an archive itself")
        before = files.get(name.lower())
        if before is not None and not (again and before.filename == name):
            raise Unsafe(f"it has two members {shown}")
        files[name.lower()] = member
        total += member.file_size
    if total > limits.bytes:
        raise Unsafe(f"it says that it unpacks to {total:,} bytes; at most {limits.bytes:,} are unpacked")
    packed = max(1, path.stat().st_size)
    if total > RATIO_FROM and total > packed * limits.ratio:
        raise Unsafe(f"its {packed:,} bytes would unpack to {total:,}: it is a bomb, or made like one")
    return list(files.values())
