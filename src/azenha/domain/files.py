"""Names of files: what a media type is usually called, and what a stranger's name may become on a disk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

# Media types without their parameters, by file extension, the likelier first.
TYPES_BY_EXTENSION: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        ".tif": ("image/tiff",),
        ".tiff": ("image/tiff",),
        ".jp2": ("image/jp2",),
        ".nc": ("application/x-netcdf", "application/netcdf"),
        ".png": ("image/png",),
        ".jpg": ("image/jpeg",),
        ".jpeg": ("image/jpeg",),
        ".svg": ("image/svg+xml",),
        ".webp": ("image/webp",),
        ".geojson": ("application/geo+json", "application/json"),
        ".json": ("application/json", "application/geo+json"),
        ".gml": ("application/gml+xml",),
        ".gpkg": ("application/geopackage+sqlite3",),
        ".fgb": ("application/flatgeobuf",),
        ".kml": ("application/vnd.google-earth.kml+xml",),
        ".parquet": ("application/vnd.apache.parquet",),
        ".zip": ("application/zip",),
        ".xml": ("application/xml", "text/xml", "application/gml+xml"),
        ".csv": ("text/csv",),
        ".txt": ("text/plain",),
        ".md": ("text/markdown",),
        ".html": ("text/html",),
        ".pdf": ("application/pdf",),
    }
)
_LONGEST: Final = 120
_UNSAFE: Final = re.compile(r"[^\w.+@=()-]+")
# Windows opens the device of that name, whatever the extension.
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def essence(media_type: str) -> str:
    """Type and subtype, in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def extension(media_type: str) -> str:
    """The usual extension of files of that media type; `.bin` where there is none."""
    wanted = essence(media_type)
    for rank in range(3):
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

    Letters of every script stay. Without an extension it gets the media type's: libraries go by it.

    Args:
        text: a stranger's; the directories in it are dropped.
        otherwise: the stem where nothing of `text` remains.
    """
    last = re.split(r"[/\\]", text)[-1]
    name = _UNSAFE.sub("_", last).lstrip(".").rstrip(".")
    if not name.strip("_"):
        name = otherwise
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    given = PurePosixPath(name).suffix
    suffix = given if 1 < len(given) <= 10 else ""
    stem = name.removesuffix(suffix)
    suffix = suffix or extension(media_type)
    return stem.encode()[: _LONGEST - len(suffix.encode())].decode(errors="ignore") + suffix
