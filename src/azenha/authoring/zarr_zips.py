"""Zarr in a zip: where in it the store is, and how libraries open it.

Zarr writes its metadata again when something is added, and a zip forgets nothing: the last of several members of one
name counts (zipfile, zarr), while GDAL takes the first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from azenha.authoring.archives import Unsafe, inspect, members, without_repeats

_METADATA: Final = (".zgroup", ".zarray", "zarr.json")


def root(path: Path) -> str:
    """The folder of the zip that the store is in; empty: it is the zip itself.

    Raises:
        Unsafe: it is none, could do harm, or has no store, or several, in folders.
    """
    inspect(path, zarr=True)
    stores = {
        PurePosixPath(one.filename).parent
        for one in members(path)
        if PurePosixPath(one.filename).name in _METADATA
    }
    if not stores:
        raise Unsafe("it has no Zarr in it: none of .zgroup, .zarray, zarr.json")
    outermost = [one for one in stores if not stores & set(one.parents)]
    if len(outermost) > 1:
        names = ", ".join(sorted(map(str, outermost)))[:200]
        raise Unsafe(f"it has several Zarr in it, in {names}: zip the content of one folder")
    (found,) = outermost
    return "" if found == PurePosixPath() else str(found)


def for_gdal(path: Path, new_folder: Callable[[], Path]) -> str:
    """What GDAL opens: the zip; where its first members are not those that count, one with these alone.

    Args:
        new_folder: makes one, if it is needed.
    Raises:
        Unsafe
    """
    inner = root(path)
    content: dict[str, tuple[int, int]] = {}
    for one in members(path):
        if content.setdefault(one.filename, (one.CRC, one.file_size)) != (one.CRC, one.file_size):
            target = new_folder() / "last.zarr.zip"
            without_repeats(path, target)
            path = target
            break
    return f"/vsizip/{{{path}}}" + (f"/{inner}" if inner else "")
