"""An output that lies elsewhere: what a process may return where it declares a file."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from azenha.authoring.shapes import FileShape, Misfit
from azenha.domain import formats
from azenha.domain.process import Format
from azenha.domain.values import Reference


@dataclass(frozen=True)
class Url:
    """The address of data that stays where it is: clients get the address, and this server does not fetch it.

    Attributes:
        media_type: of what is there; None: the one that the client asked for, or the first declared.
    """

    address: str
    media_type: str | None = None


def reference(shape: FileShape, value: Url, asked: str | None) -> Reference:
    """
    Raises:
        Misfit: no http or https address, or of a media type that is not declared or not asked for.
    """
    address = value.address
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except (ValueError, AttributeError):
        good = False
    if not good or not address.isascii() or not address.isprintable() or " " in address:
        raise Misfit(f"{address!r} is no http or https address")
    wanted = value.media_type or asked
    if wanted is None:
        return Reference(address, formats.default(shape.domain.formats))
    format = formats.accepted(shape.domain.formats, Format(wanted))
    if format is None:
        declared = ", ".join(formats.shown(f) for f in shape.domain.formats)
        raise Misfit(f"{address} is {wanted}; declared: {declared}")
    if asked and not formats.offers((format,), Format(asked)):
        raise Misfit(f"{address} is {format.media_type}; asked for was {asked} (see ctx.media_type)")
    return Reference(address, format)
