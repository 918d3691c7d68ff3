"""Media types (RFC 9110 §8.3.1), and which of the offered formats a client's format is.

Type, subtype and the names of parameters compare without case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from azenha.domain.known_formats import KNOWN
from azenha.domain.lexical import clean
from azenha.domain.process import Format

OCTETS = "application/octet-stream"
BASE64 = "base64"
RAW = "raw"  # WPS 2.0 (14-065r2 §7.1): the bytes as they are
_UTF8 = ("utf-8", "utf8")
GENERAL = ("xml", "json", "zip")  # ids of formats by whose names data of their special cases is called too
# And the content codings of HTTP (IANA), which are not undone: such data comes by reference, packed.
ENCODINGS = (BASE64, RAW, *_UTF8, "gzip", "deflate", "compress", "br", "zstd")

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
# A value is taken unquoted although it has `/` or `:` in it: clients write addresses of profiles that way.
_ESSENCE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*")
_LATER = re.compile(r"(?:\.[0-9]+)+")  # what makes version 3.2 version 3.2.1
_PARAMETER = re.compile(rf';\s*(?:({_TOKEN})=("(?:[^"\\]|\\.)*"|[^\s;",]+)\s*)?')
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class MediaType:
    """`essence` is `type/subtype` in lower case; names of parameters are lower case, values unquoted."""

    essence: str
    parameters: Mapping[str, str]


def media_type(text: str) -> MediaType | None:
    """A media type taken apart; None if `text` is none."""
    return _parsed(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=256)
def _parsed(text: str) -> MediaType | None:
    # Piece by piece: one expression for all parameters would backtrack for years over a hostile header.
    match = _ESSENCE.match(text)
    if not match:
        return None
    essence, parameters, end = f"{match[1]}/{match[2]}".lower(), {}, match.end()
    while end < len(text):
        match = _PARAMETER.match(text, end)
        if not match:
            return None
        if match[1]:
            parameters[match[1].lower()] = _unquoted(match[2])
        end = match.end()
    return MediaType(essence, MappingProxyType(parameters))


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _quoted(value: str) -> str:
    if re.fullmatch(_TOKEN, value):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _essence(text: str) -> str:
    parsed = media_type(text)
    return parsed.essence if parsed else ""


def is_json(text: str) -> bool:
    """Whether data of this media type is JSON (RFC 6839 §3.1)."""
    essence = _essence(text)
    return essence.endswith(("/json", "+json"))


def is_xml(text: str) -> bool:
    """Whether data of this media type is XML (RFC 7303)."""
    return _essence(text).endswith(("/xml", "+xml"))


def is_text(text: str) -> bool:
    """Whether data of this media type travels as text inside JSON and XML, and not in base64."""
    essence = _essence(text)
    return essence.startswith("text/") or essence.endswith(("/json", "+json", "/xml", "+xml"))


def is_plain(format: Format) -> bool:
    """Whether it says of text only that it is text, as WPS 2.0 does of literals and boxes (14-065r2 §7.3)."""
    plain = not format.media_type or _essence(format.media_type) in ("text/plain", "text/xml")
    return plain and format.schema is None and says_nothing(format.encoding)


def is_written_json(format: Format) -> bool:
    """Whether text of this format can be read as JSON as it stands."""
    return (not format.media_type or is_json(format.media_type)) and says_nothing(format.encoding)


def says_nothing(encoding: str | None) -> bool:
    """Whether an encoding adds nothing to text: UTF-8 (WPS 1.0.0), `raw` (WPS 2.0)."""
    return encoding is None or encoding.lower() in (RAW, *_UTF8)


def anything(offered: Sequence[Format]) -> bool:
    """Whether every media type is taken: `*/*` is offered, or nothing but bytes of no particular kind."""
    essences = {_essence(f.media_type) for f in offered}
    return "*/*" in essences or essences == {OCTETS}


def default(offered: Sequence[Format]) -> Format:
    """What is meant where no format is named: the first; a wildcard stands for bytes of any kind."""
    first = offered[0]
    return replace(first, media_type=OCTETS) if _essence(first.media_type).endswith("/*") else first


def accepted(offered: Sequence[Format], given: Format) -> Format | None:
    """Which of the offered formats data of the format `given` is; None if it is none.

    Parameters must not contradict: `image/tiff` is taken where `image/tiff; application=geotiff` is offered,
    and `text/csv; header=absent` where `text/csv` is.
    Other names of a format are taken for it. Base64 is a way of travelling: it is taken everywhere.

    Args:
        given: an empty media type means that none was named.
    Returns:
        The offered format, and what `given` says beyond it: parameters, encoding, schema.
    """
    if not given.media_type:
        candidates = [default(offered), *offered[1:]]
    else:
        wanted = media_type(given.media_type)
        if wanted is None or "*" in wanted.essence:
            return None
        nearest_first = sorted(
            offered, key=lambda f: (_essence(f.media_type) != wanted.essence, _distance(f, wanted))
        )
        candidates = [joined for f in nearest_first if (joined := _joined(f, wanted, given.media_type))]
        if not candidates and anything(offered):
            candidates = [Format(given.media_type)]
    for same in (_same_schema, _like_schema):
        for candidate in candidates:
            if _same_encoding(candidate, given) and same(candidate, given):
                return replace(candidate, encoding=_encoding(candidate, given))
    for candidate in candidates:
        if _same_encoding(candidate, given) and candidate.schema is None:
            return replace(candidate, encoding=_encoding(candidate, given), schema=given.schema)
    return None


def called(format: Format, given: Format) -> str | None:
    """What data was called that was accepted as `format`, where that does not say that it is: see Format."""
    if not given.media_type:
        return "" if given.schema is None else None
    ours, theirs = KNOWN.named(format.media_type), KNOWN.named(given.media_type)
    general = ours is not None and theirs is not None and ours.id != theirs.id and theirs.id in GENERAL
    return given.media_type if general else None


def candidates(offered: Sequence[Format], format: Format) -> list[Format]:
    """The offered formats that data may be of which was not declared to be of `format`, in their order."""
    known = KNOWN.named(format.called) if format.called else None
    general = known is not None and known.id in GENERAL
    return [
        replace(one, encoding=None, called=format.called)
        for one in offered
        if "*" not in one.media_type and (not general or _same_format(one.media_type, format.called or ""))
    ]


def declared(media_type: str, called: str | None) -> str:
    """What data was declared, in a message, where it is taken for `media_type`."""
    if called is None:
        return f"is declared {media_type}"
    if not called:
        return f"has no declared type and is taken for {media_type}"
    return f"is declared {clean(called, 200)} and is taken for {media_type}"


def offers(offered: Sequence[Format], asked: Format) -> bool:
    """Whether an output can be had in the format `asked`: nothing in it may go beyond what is offered."""
    wanted = media_type(asked.media_type) if asked.media_type else None
    if asked.media_type and wanted is None:
        return False
    return any(
        (wanted is None or _gives(f, wanted))
        and (_same_schema(f, asked) or _like_schema(f, asked))
        and _same_encoding(f, asked)
        for f in offered
    )


def promised(offered: Sequence[Format], asked: Format) -> Format | None:
    """The format that an output asked for in `asked` is made in; None: it is not offered.

    As asked, where that is offered as it was written; else by the name under which the same format is offered:
    `application/vnd.geo+json` is GeoJSON, and so is `application/geo+json; charset=utf-8`.
    """
    if offers(offered, asked):
        return asked
    wanted = media_type(asked.media_type) if asked.media_type else None
    if wanted is None:
        return None
    names = [f.media_type for f in offered if _is_also(f, wanted, asked.media_type)]
    return next((made for name in names if offers(offered, made := replace(asked, media_type=name))), None)


def wished(offered: Sequence[Format], media_types: Sequence[str]) -> Format | None:
    """The offered format that the first of these names which names any; None from the first range on."""
    for name in media_types:
        wanted = media_type(name)
        if wanted is None or "*" in wanted.essence:
            return None
        named = [f for f in offered if "*" not in f.media_type]
        found = [f for f in named if _gives(f, wanted)] or [f for f in named if _is_also(f, wanted, name)]
        if found:
            return found[0]
    return None


def _gives(offered: Format, wanted: MediaType) -> bool:
    ours = media_type(offered.media_type)
    if ours is None:
        return False
    if ours.essence == "*/*":
        return True
    return ours.essence == wanted.essence and all(
        ours.parameters.get(name, "").lower() == value.lower() for name, value in wanted.parameters.items()
    )


def _is_also(offered: Format, wanted: MediaType, written: str) -> bool:
    """Whether `wanted` is another name of the offered format, and asks for nothing beyond it."""
    ours = media_type(offered.media_type)
    if ours is None or wanted.essence == "*/*":
        return False
    same: dict[str, str] = {}
    our_name, their_name = KNOWN.name_of(offered.media_type), KNOWN.name_of(written)
    if our_name is not None and their_name is not None:
        if our_name[1].id != their_name[1].id:
            return False
        same |= their_name[0]
    elif our_name is not their_name or ours.essence != wanted.essence:
        return False
    if ours.essence == wanted.essence:
        same |= ours.parameters
    return all(
        (name in same and _agree(same[name], value))
        or (
            name == "charset"
            and name not in ours.parameters
            and value.lower() in _UTF8
            and is_text(ours.essence)
        )
        for name, value in wanted.parameters.items()
    )


def _distance(offered: Format, wanted: MediaType) -> int:
    """In how many parameters they differ: a plain TIFF is no GeoTIFF where both are offered."""
    type = media_type(offered.media_type)
    if type is None:
        return 0
    ours, theirs = type.parameters, wanted.parameters
    other = sum(not _agree(ours[name], theirs[name]) for name in ours.keys() & theirs.keys())
    return len(ours.keys() ^ theirs.keys()) + 2 * other


def _agree(ours: str, theirs: str) -> bool:
    """Whether two values of a parameter are one, or one names a version more closely: 3.2 and 3.2.1."""
    short, long = sorted((ours.lower(), theirs.lower()), key=len)
    return short == long or (
        short[-1:].isdigit() and long.startswith(short) and bool(_LATER.fullmatch(long, len(short)))
    )


def _joined(offered: Format, wanted: MediaType, written: str) -> Format | None:
    ours = media_type(offered.media_type)
    if ours is None:
        return None
    if ours.essence == "*/*" or (
        ours.essence.endswith("/*") and wanted.essence.startswith(ours.essence.removesuffix("*"))
    ):
        return replace(offered, media_type=written)
    if ours.essence != wanted.essence:
        return offered if _same_format(offered.media_type, written) else None
    more = {}
    for name, value in wanted.parameters.items():
        if name not in ours.parameters:
            more[name] = value
        elif not _agree(ours.parameters[name], value):
            return None
    parameters = "".join(f"; {name}={_quoted(value)}" for name, value in more.items())
    return replace(offered, media_type=offered.media_type + parameters)


def _same_format(offered: str, given: str) -> bool:
    """Whether two media types are names of one format, or one of them names it more closely.

    GML is text/xml to many clients, GeoJSON application/json, and KMZ application/zip: what the data is, its
    content tells the job.
    """
    ours, theirs = KNOWN.named(offered), KNOWN.named(given)
    if ours is None or theirs is None:
        return False
    if theirs.id in GENERAL:
        return theirs.id in KNOWN.lineage(ours.id)
    if (ours.id, theirs.id) == ("zip", "shapefile"):
        return True  # it has no type of its own that is registered
    closer = ours.id in KNOWN.lineage(theirs.id) or theirs.id in KNOWN.lineage(ours.id)
    return closer and ours.family is theirs.family


def _same_encoding(offered: Format, given: Format) -> bool:
    """UTF-8 is what clients of WPS 1.0.0 name as the encoding of text; it adds nothing. Neither does `raw`."""
    if given.encoding is None or given.encoding.lower() in (BASE64, RAW):
        return True
    if given.encoding.lower() in _UTF8:
        return is_text(offered.media_type)
    return given.encoding.lower() == (offered.encoding or "").lower()


def _encoding(offered: Format, given: Format) -> str | None:
    """As offered, where they differ in case alone."""
    if given.encoding and given.encoding.lower() == (offered.encoding or "").lower():
        return offered.encoding
    if given.encoding and given.encoding.lower() == RAW:
        return None if offered.encoding == BASE64 else offered.encoding
    return given.encoding or offered.encoding


def _same_schema(offered: Format, given: Format) -> bool:
    return given.schema in (None, offered.schema)


def _like_schema(offered: Format, given: Format) -> bool:
    """The plugin of QGIS sends schemas in lower case, whatever they were."""
    return (given.schema or "").lower() == (offered.schema or "").lower()


def shown(format: Format) -> str:
    """A format in a message."""
    if not format.media_type:
        told = (("encoding", format.encoding), ("schema", format.schema))
        return clean(" and ".join(f"{name} {value}" for name, value in told if value) or "no media type", 200)
    schema = f" (schema {format.schema})" if format.schema else ""
    encoding = f" in {format.encoding}" if format.encoding else ""
    return clean(f"{format.media_type}{encoding}{schema}", 200)


def as_text(format: Format) -> Format:
    """The format of text that was decoded already: a file of it is in UTF-8, whatever the text was in."""
    parsed = media_type(format.media_type)
    charset = parsed.parameters.get("charset", "utf-8") if parsed else "utf-8"
    if parsed is None or charset.lower() == "utf-8":
        return replace(format, encoding=None)
    parameters = {**parsed.parameters, "charset": "utf-8"}
    text = "".join(f"; {name}={_quoted(value)}" for name, value in parameters.items())
    return replace(format, media_type=parsed.essence + text, encoding=None)
