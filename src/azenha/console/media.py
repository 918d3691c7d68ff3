"""Media types and file name extensions, both ways; the same on every machine."""

from __future__ import annotations

import re

from azenha.domain.files import TYPES_BY_EXTENSION
from azenha.domain.files import extension as usual_extension
from azenha.domain.formats import accepted
from azenha.domain.process import Format

_LONGEST_FIRST = sorted(TYPES_BY_EXTENSION, key=len, reverse=True)
_WILD = ("*/*", "application/octet-stream")


def bare(media_type: str) -> str:
    """Type and subtype in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    return bare(media_type) == "application/json" or bare(media_type).endswith("+json")


def is_text(media_type: str) -> bool:
    name = bare(media_type)
    return name.startswith("text/") or name == "application/xml" or name.endswith(("+xml", "+json", "/json"))


def types_of(path: str) -> tuple[str, ...]:
    """The media types that a file of that name may have, the likeliest first; none if its name tells none."""
    return next((TYPES_BY_EXTENSION[e] for e in _LONGEST_FIRST if path.lower().endswith(e)), ())


def extension(media_type: str | None) -> str:
    """What a file of that type is called at its end; `.bin` where nothing better is known."""
    return ".bin" if media_type is None else usual_extension(media_type)


def matches(guessed: str, offered: str) -> bool:
    """Whether a file whose name tells `guessed` may be sent as `offered`.

    Other names of a format are taken for it, as the server does; `.json` may be any kind of JSON.
    """
    one, other = bare(guessed), bare(offered)
    if one == other or is_wild(offered):
        return True
    if one == "application/json":
        return is_json(offered)
    if one == "application/xml" and other.endswith("xml"):
        return True
    return accepted((Format(offered),), Format(guessed)) is not None


def is_wild(media_type: str) -> bool:
    """Whether it says nothing of the data: any may be sent as that."""
    return bare(media_type) in _WILD


def file_name(name: str, media_type: str | None, number: int | None = None) -> str:
    """A safe file name for an output: a server's words never choose another folder or hide the file."""
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "output"
    return f"{stem}{'' if number is None else f'-{number}'}{extension(media_type)}"
