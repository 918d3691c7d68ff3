"""Names of files: what a media type is usually called, and what a stranger's name may become on a disk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

from azenha.domain.known_formats import OFFERED


def _types_by_extension() -> Mapping[str, tuple[str, ...]]:
    types: dict[str, tuple[str, ...]] = {}
    for names in ("extensions", "also_extensions"):
        for known in OFFERED:
            for suffix in getattr(known, names):
                types[suffix] = tuple(dict.fromkeys((*types.get(suffix, ()), *known.essences)))
    return MappingProxyType(types)


# Media types without their parameters, by file extension, the likelier first.
TYPES_BY_EXTENSION: Final = _types_by_extension()
_LONGEST: Final = 120
# Besides what does not print: what some system takes in no name, what a shell runs something at, and what GDAL and
# its Python bindings take apart paths at.
_UNSAFE: Final = frozenset('/\\:*?"<>|&$`;!{}')
_PLAIN: Final = re.compile(r"[^\w.+@=()-]+")
# Windows opens the device of that name, whatever the extension.
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def essence(media_type: str) -> str:
    """Type and subtype, in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def extension(media_type: str) -> str:
    """The usual extension of files of that media type; `.bin` where there is none."""
    wanted = essence(media_type)
    for rank in range(max(map(len, TYPES_BY_EXTENSION.values()))):
        for suffix, types in TYPES_BY_EXTENSION.items():
            if types[rank : rank + 1] == (wanted,):
                return suffix
    if wanted.endswith("+json"):
        return ".json"
    if wanted.endswith("+xml"):
        return ".xml"
    return ".txt" if wanted.startswith("text/") else ".bin"


def file_name(text: str, media_type: str, otherwise: str = "data") -> str:
    """One safe part of a path, as near to `text` as can be: never empty, hidden, `..` or over 120 bytes.

    Spaces stay, and letters of every script. Without an extension it gets the media type's: libraries go by it.

    Args:
        text: a stranger's; the directories in it are dropped.
        otherwise: the stem where nothing of `text` remains.
    """
    last = re.split(r"[/\\]", text)[-1]
    name = "".join(c if c.isprintable() and c not in _UNSAFE else "\0" for c in last)
    name = re.sub("\0+", "_", name).lstrip(". ").rstrip(". ")
    if not name.strip("_ "):
        name = otherwise
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    given = PurePosixPath(name).suffix
    suffix = given if 1 < len(given) <= 10 else ""
    stem = name.removesuffix(suffix)
    suffix = suffix or extension(media_type)
    return stem.encode()[: _LONGEST - len(suffix.encode())].decode(errors="ignore") + suffix


def plain_name(text: str, media_type: str) -> str:
    """A safe name as in `file_name`, without spaces too: the end of an address that old clients make files of."""
    return file_name(_PLAIN.sub("_", re.split(r"[/\\]", text)[-1]), media_type)
