"""One value of a job as a reply of its own: its bytes, its media type, and what keeps it from doing harm.

Every dialect gives out results at addresses of their own; what it says of them is the same in all.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from azenha.domain import encodings, lexical
from azenha.domain.blob_path import BlobPath, opened
from azenha.domain.boxes import corners
from azenha.domain.encodings import NotInEncoding
from azenha.domain.files import file_name
from azenha.domain.formats import OCTETS, media_type
from azenha.domain.process import BoxDomain, Domain, ObjectDomain
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile, Value
from azenha.protocols import json
from azenha.protocols.http import FileSlice
from azenha.protocols.json import native

Pieces = tuple[bytes | FileSlice, ...]

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"

# What a browser may show where it is. All else is saved: HTML, SVG, XML and PDF can hold scripts, others may.
_PASSIVE: Final = re.compile(
    r"(image/(?!svg)|audio/|video/)[a-z0-9.-]+|text/(plain|csv|markdown)|application/([a-z0-9.-]+\+)?json"
)
# A result was made of somebody's data, and comes from the same origin as everything else here.
_SANDBOX: Final = ("Content-Security-Policy", "default-src 'none'; sandbox")


@dataclass(frozen=True, slots=True)
class Entity:
    """A value as it is: its bytes and their media type; `name` of data, None of a JSON value.

    Attributes:
        sha256: of the bytes, hex; empty where it is not known.
    """

    media_type: str
    body: Pieces
    name: str | None = None
    sha256: str = ""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        found = [("Content-Type", in_header(self.media_type)), ("X-Content-Type-Options", "nosniff")]
        if self.name is not None:
            passive = _is_passive(self.media_type)
            found += [_SANDBOX, ("Content-Disposition", disposition(self.name, inline=passive))]
        if self.sha256:
            found.append(("Repr-Digest", digest(self.sha256)))
        return tuple(found)


def _is_passive(type: str) -> bool:
    parsed = media_type(type)
    return parsed is not None and _PASSIVE.fullmatch(parsed.essence) is not None


def digest(sha256: str) -> str:
    """A checksum as the header Repr-Digest has it (RFC 9530 §3): of the whole, also where a range is sent."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def headers_of(file: StoredFile) -> tuple[tuple[str, str], ...]:
    """What a store that serves a file itself is to say of it. Others' data is nothing that it may show as a page."""
    type = with_charset(file.format.media_type, file.charset)
    return (
        ("Content-Type", in_header(type)),
        ("Content-Disposition", disposition(file.name, inline=_is_passive(type))),
    )


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


def size_of(value: Value) -> int:
    """Bytes of data; 0 of what is a JSON value."""
    match value:
        case StoredFile():
            return value.size
        case InlineText(text, _):
            return len(text.encode())
        case InlineBytes(data, _):
            return len(data)
        case _:
            return 0


def with_charset(type: str, charset: str) -> str:
    """A media type of text that is in that charset; as it is where it names one, or is none of text."""
    plain_text = type.lower().startswith("text/") and "charset" not in type.lower()
    return f"{type}; charset={charset}" if plain_text and charset else type


def path_of(folder: str, key: str) -> str:
    """Where a `StoredFile` is."""
    if isinstance(folder, BlobPath):
        return folder.child(key)
    return f"{folder}/{PurePosixPath(key)}"


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
            type = with_charset(format.media_type, "utf-8")
            return Entity(type, (text.encode(),), file_name(id, format.media_type))
        case InlineBytes(data, format):
            return Entity(format.media_type, (data,), file_name(id, format.media_type))
        case StoredFile(key, name, size, format, sha256):
            whole = FileSlice(path_of(folder, key), 0, size)
            return Entity(with_charset(format.media_type, value.charset), (whole,), name, sha256)
        case Reference():
            return None
        case _:
            return Entity(JSON, (json.dump(plain(value, domain)),))


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


def is_utf8(path: str, type: str) -> bool:
    """Whether a file is text in UTF-8, and not said to be in an encoding in which it is another.

    Looked at before the first byte is sent: afterwards nothing else could be answered.
    """
    try:
        with opened(path) as file:
            for _ in encodings.as_utf8(iter(lambda: file.read(256 * 1024), b""), type):
                pass
    except NotInEncoding:
        return False
    return True


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
