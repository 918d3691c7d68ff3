"""One output value on its way out: inside a JSON document (results.yaml), or raw as it is.

Files are named, not read, except for small ones that a document carries inside: those are read here, because
text must be escaped and bytes written as base64.
"""

from __future__ import annotations

import base64
import codecs
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from azenha.domain import lexical
from azenha.domain.boxes import corners
from azenha.domain.errors import NoSuchJob
from azenha.domain.files import file_name
from azenha.domain.formats import BASE64, OCTETS, is_json, is_text, media_type
from azenha.domain.process import BoxDomain, Domain, Format, ObjectDomain
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile, Value
from azenha.protocols import json
from azenha.protocols.http import Encoding, FileSlice
from azenha.protocols.ogcapi.schema import native
from azenha.protocols.ogcapi.words import JSON

Pieces = tuple[bytes | FileSlice, ...]

INLINE: Final = 1024 * 1024  # bytes of a file that a document carries unasked, and that is read to be written
TEXT: Final = "text/plain; charset=utf-8"

# What a browser may show where it is. All else is saved: HTML, SVG, XML and PDF can hold scripts, others may.
_PASSIVE: Final = re.compile(
    r"(image/(?!svg)|audio/|video/)[a-z0-9.-]+|text/(plain|csv|markdown)|application/([a-z0-9.-]+\+)?json"
)
# A result was made of somebody's data, and comes from the same origin as everything else here.
_SANDBOX: Final = ("Content-Security-Policy", "default-src 'none'; sandbox")


@dataclass(frozen=True, slots=True)
class Entity:
    """A value as it is: its bytes and their media type; `name` of data, None of a JSON value."""

    media_type: str
    body: Pieces
    name: str | None = None

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        found = [("Content-Type", in_header(self.media_type)), ("X-Content-Type-Options", "nosniff")]
        if self.name is not None:
            parsed = media_type(self.media_type)
            passive = parsed is not None and _PASSIVE.fullmatch(parsed.essence)
            found += [_SANDBOX, ("Content-Disposition", disposition(self.name, inline=bool(passive)))]
        return tuple(found)


def disposition(name: str, *, inline: bool) -> str:
    """Content-Disposition with a file name (RFC 6266): ASCII for old clients, UTF-8 for the others."""
    kind = "inline" if inline else "attachment"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    if plain == name:
        return f'{kind}; filename="{name}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def in_header(type: str) -> str:
    """A media type as a header may carry it; one with characters that a header may not is told as bytes."""
    return type if type.isascii() and type.isprintable() else OCTETS


def quoted(type: str) -> str:
    """A media type as a quoted parameter (RFC 9110 §5.6.4)."""
    return '"' + in_header(type).replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_file(value: Value) -> bool:
    """Whether a value is data of its own media type, and not a JSON value."""
    return isinstance(value, InlineText | InlineBytes | StoredFile)


def type_of(value: Value) -> str | None:
    """The media type of a value; None where a reference does not say."""
    match value:
        case InlineText(_, format) | InlineBytes(_, format):
            return format.media_type
        case StoredFile():
            return value.format.media_type
        case Reference(_, format):
            return None if format is None else format.media_type
        case _:
            return JSON


# -- raw ------------------------------------------------------------------------------------------


def entity(id: str, value: Value, domain: Domain | None, folder: str, *, as_text: bool) -> Entity | None:
    """A value as it is; None if it is a reference to elsewhere.

    Args:
        id: of the output, after which data without a name is called.
        as_text: a scalar is written in XML Schema's lexical form, not as JSON.
    """
    match value:
        case Literal(scalar, None) if as_text:
            return Entity(TEXT, (lexical.write(scalar).encode(),))
        case InlineText(text, format):
            return Entity(
                _with_charset(format.media_type), (text.encode(),), file_name(id, format.media_type)
            )
        case InlineBytes(data, format):
            return Entity(format.media_type, (data,), file_name(id, format.media_type))
        case StoredFile(key, name, size, format):
            return Entity(_with_charset(format.media_type), (FileSlice(_path(folder, key), 0, size),), name)
        case Reference():
            return None
        case _:
            return Entity(JSON, (json.dump(plain(value, domain)),))


def _with_charset(type: str) -> str:
    plain_text = type.lower().startswith("text/") and "charset" not in type.lower()
    return f"{type}; charset=utf-8" if plain_text else type


def _path(folder: str, key: str) -> str:
    return f"{folder}/{PurePosixPath(key)}"


# -- inside JSON ----------------------------------------------------------------------------------


def plain(value: Value, domain: Domain | None) -> object:
    """A literal, box or record as a JSON value."""
    match value:
        case Literal(scalar, unit):
            shown = native(scalar)
            return shown if unit is None else {"value": shown, "uom": unit}
        case Box():
            return _box(value, domain)
        case Record(fields):
            known = {f.id: f for f in domain.fields} if isinstance(domain, ObjectDomain) else {}
            found: dict[str, object] = {}
            for id, values in fields.items():
                field = known.get(id)
                shown_values = [plain(v, field.domain if field else None) for v in values]
                many = field.array or field.repeats if field else len(values) != 1
                found[id] = shown_values if many else shown_values[0]
            return found
        case InlineText(text, _):
            return text
        case InlineBytes(data, _):
            return base64.b64encode(data).decode()
        case Reference(href, _):
            return {"href": href}
        case StoredFile():
            raise TypeError(f"a file inside an object is not offered by any domain: {value.key}")


def _box(box: Box, domain: Domain | None) -> object:
    """bbox.yaml: the corners in the axis order of the CRS, which the description knows best."""
    lower, upper = corners(box, domain.crss if isinstance(domain, BoxDomain) else ())
    return {"bbox": [*lower, *upper], "crs": box.crs}


def inline(
    value: Value, domain: Domain | None, folder: str, address: str, job: str, *, carried: bool
) -> Pieces:
    """A value as the JSON text that stands for it in a results document.

    Args:
        address: where the value can be had by itself.
        carried: it was asked for by value, and is sent inside however large it is; else a large file is referred to.
    Raises:
        NoSuchJob: its files are gone.
    """
    match value:
        case Literal() | Box():
            return (json.dump(plain(value, domain)),)
        case Record():
            # A bare object would be taken for a link or a qualified value if its fields are called so.
            return (json.dump({"value": plain(value, domain)}),)
        case InlineText(text, format):
            return _text(text.encode(), format)
        case InlineBytes(data, format):
            return (_base64(data, format),)
        case Reference(href, format):
            return (reference(href, None if format is None else format.media_type),)
        case StoredFile():
            return _file(value, folder, address, job, carried=carried)


def reference(href: str, type: str | None) -> bytes:
    """A link of a results document; the draft of 2.0 wants its relation, 1.0 lets it be told."""
    found = {"href": href, "rel": "item"}
    return json.dump(found if type is None else {**found, "type": type})


def _file(value: StoredFile, folder: str, address: str, job: str, *, carried: bool) -> Pieces:
    path, format = _path(folder, value.key), value.format
    whole = FileSlice(path, 0, value.size)
    if value.size > INLINE:
        if is_json(format.media_type):
            return _json((whole,), format)
        if not carried:
            return (reference(address, format.media_type),)
    try:
        if value.size > INLINE:
            is_utf8 = is_text(format.media_type) and _is_utf8(path)
            return _streamed(
                replace(whole, encoding=Encoding.JSON_TEXT if is_utf8 else Encoding.BASE64), format
            )
        with open(path, "rb") as file:
            data = file.read(value.size)
    except FileNotFoundError:
        raise NoSuchJob(job) from None  # its time ran out between the record and its files
    return _text(data, format) if is_text(format.media_type) else (_base64(data, format),)


def _is_utf8(path: str) -> bool:
    """Looked at before the first byte is sent: afterwards nothing else could be answered."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open(path, "rb") as file:
            while piece := file.read(256 * 1024):
                decoder.decode(piece)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _streamed(file: FileSlice, format: Format) -> Pieces:
    members = _members(format)
    if file.encoding is Encoding.BASE64:
        members["encoding"] = BASE64
    return (json.dump(members).removesuffix(b"}") + b',"value":"', file, b'"}')


def _text(data: bytes, format: Format) -> Pieces:
    if is_json(format.media_type) and json.is_valid(data):
        return _json((data,), format)
    try:
        return (json.dump({"value": str(data, "utf-8"), **_members(format)}),)
    except UnicodeDecodeError:
        return (_base64(data, format),)


def _json(value: Pieces, format: Format) -> Pieces:
    head = json.dump(_members(format)).removesuffix(b"}")
    return (head + b',"value":', *value, b"}")


def _base64(data: bytes, format: Format) -> bytes:
    return json.dump({"value": base64.b64encode(data).decode(), **_members(format), "encoding": BASE64})


def _members(format: Format) -> dict[str, object]:
    found: dict[str, object] = {"mediaType": format.media_type}
    if format.schema:
        found["schema"] = format.schema
    return found
