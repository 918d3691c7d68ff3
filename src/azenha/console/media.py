"""Media types and file name extensions, both ways; the same on every machine."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The first extension of a type is the one that is written.
_EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "image/tiff": (".tif", ".tiff"),
    "application/geo+json": (".geojson",),
    "application/json": (".json",),
    "application/geopackage+sqlite3": (".gpkg",),
    "application/gml+xml": (".gml",),
    "application/vnd.google-earth.kml+xml": (".kml",),
    "application/vnd.google-earth.kmz": (".kmz",),
    "application/zip": (".zip",),
    "application/x-netcdf": (".nc",),
    "application/x-hdf5": (".h5", ".hdf5"),
    "application/x-hdf": (".hdf",),
    "image/jp2": (".jp2",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/svg+xml": (".svg",),
    "application/pdf": (".pdf",),
    "application/xml": (".xml",),
    "text/csv": (".csv",),
    "text/html": (".html", ".htm"),
    "text/plain": (".txt",),
}
_TYPES = {extension: media_type for media_type, all in _EXTENSIONS.items() for extension in all}
_WILD = ("*/*", "application/octet-stream")


def bare(media_type: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    return bare(media_type) == "application/json" or bare(media_type).endswith("+json")


def is_text(media_type: str) -> bool:
    name = bare(media_type)
    return name.startswith("text/") or name == "application/xml" or name.endswith(("+xml", "+json", "/json"))


def type_of(path: str) -> str | None:
    """The media type that a file's name tells, None if it tells none."""
    return next((_TYPES[e] for e in sorted(_TYPES, key=len, reverse=True) if path.lower().endswith(e)), None)


def extension(media_type: str | None) -> str:
    """What a file of that type is called at its end; `.bin` where nothing better is known."""
    if media_type is None:
        return ".bin"
    if known := _EXTENSIONS.get(bare(media_type)):
        return known[0]
    if is_json(media_type):
        return ".json"
    if bare(media_type).endswith("xml"):
        return ".xml"
    return ".txt" if is_text(media_type) else ".bin"


def matches(guessed: str, offered: str) -> bool:
    """Whether a file whose name tells `guessed` may be sent as `offered`: `.json` may be any kind of JSON."""
    one, other = bare(guessed), bare(offered)
    if one == other or other in _WILD:
        return True
    if one == "application/json":
        return is_json(offered)
    return one == "application/xml" and other.endswith("xml")


def file_name(name: str, media_type: str | None, number: int | None = None) -> str:
    """A safe file name for an output: a server's words never choose another folder or hide the file."""
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "output"
    return f"{stem}{'' if number is None else f'-{number}'}{extension(media_type)}"
