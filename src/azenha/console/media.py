"""Media types and file name extensions, both ways; the same on every machine."""

from __future__ import annotations

import re

from azenha.domain.files import TYPES_BY_EXTENSION
from azenha.domain.files import extension as usual_extension

_TYPES = {extension: types[0] for extension, types in TYPES_BY_EXTENSION.items()}
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
    return ".bin" if media_type is None else usual_extension(media_type)


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
