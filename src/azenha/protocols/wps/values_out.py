"""Values on their way out, as both editions write them: text, XML or base64 within an element.

Large files are named, not read: they stream when the reply is sent. Whether a file may stand in XML as it is, is
looked at before the first byte goes: afterwards nothing else could be answered.
"""

from __future__ import annotations

import base64
import mmap
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from azenha.domain import boxes, encodings, lexical
from azenha.domain.blob_path import check_present, opened
from azenha.domain.encodings import NotInEncoding
from azenha.domain.errors import NoSuchJob
from azenha.domain.formats import BASE64, is_text, is_xml
from azenha.domain.process import BoxDomain, Domain, Format, Scalar
from azenha.domain.values import Box, InlineBytes, InlineText, Record, StoredFile
from azenha.protocols import json
from azenha.protocols.entity import JSON, path_of, plain
from azenha.protocols.http import Buffer, Encoding, FileSlice
from azenha.protocols.xml import embeddable
from azenha.protocols.xml_write import Verbatim, carries

TEXT: Final = "text/plain"

_PIECE: Final = 256 * 1024


def text(scalar: Scalar) -> str:
    """A literal in XML Schema's lexical form."""
    return lexical.write(scalar)


def data_type(scalar: Scalar) -> str:
    """The data type of a literal in XML Schema's words."""
    return next(name for kind, name in _TYPES if isinstance(scalar, kind))


# A bool is an int, and a datetime a date.
_TYPES: Final = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "double"),
    (Decimal, "decimal"),
    (datetime, "dateTime"),
    (date, "date"),
    (timedelta, "duration"),
    (str, "string"),
)


# -- boxes -----------------------------------------------------------------------------------------


def corners(box: Box, domain: Domain | None) -> tuple[str, str]:
    """Lower and upper corner, numbers with blanks between, in the axis order of the CRS."""
    lower, upper = boxes.corners(box, domain.crss if isinstance(domain, BoxDomain) else ())
    return " ".join(map(_number, lower)), " ".join(map(_number, upper))


def box_text(box: Box, domain: Domain | None) -> str:
    """A box as a KVP has it: lower corner, upper corner, CRS."""
    lower, upper = corners(box, domain)
    return ",".join((*lower.split(), *upper.split(), box.crs))


def _number(value: float) -> str:
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


# -- complex data ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Embedded:
    """Complex data within an element.

    Attributes:
        content: what stands in the element.
        format: of the data; its encoding tells whether it is in base64.
    """

    content: str | Verbatim
    format: Format


def embedded(
    value: InlineText | InlineBytes | StoredFile | Record,
    folder: str,
    job: str,
    asked: Format | None = None,
) -> Embedded:
    """Data by value: XML as the element that it is, other text as text, all else in base64.

    Args:
        asked: the format that the client asked for: base64 is written of text too, where that says so.
        folder: that the keys of files are relative to.
        job: for the message.
    Raises:
        NoSuchJob: its files are gone.
    """
    if asked is not None and not _wanted(asked) and not isinstance(value, Record):
        value = replace(value, format=replace(value.format, encoding=BASE64))
    match value:
        case InlineText(content, format):
            return _text(content.encode(), format)
        case InlineBytes(data, format):
            return _base64(data, format)
        case Record():
            return _text(json.dump(plain(value, None)), Format(JSON))
        case StoredFile():
            try:
                return _file(value, path_of(folder, value.key))
            except FileNotFoundError:
                raise NoSuchJob(job) from None  # its time ran out between the record and its files


def packed(text: str) -> Embedded | None:
    """The text of a literal in base64 where no XML can carry it (control characters); None where it can."""
    return None if carries(text) else _base64(text.encode(), Format(TEXT))


def posted(body: str) -> str | Verbatim:
    """The body of a reference: an element as such, all else as text."""
    data = body.encode()
    start = embeddable(data) if body.lstrip().startswith("<") else None
    return body if start is None else Verbatim((data[start:],))


def _text(data: bytes, format: Format) -> Embedded:
    if _wanted(format) and is_xml(format.media_type) and (start := embeddable(data)) is not None:
        return Embedded(Verbatim((data[start:],)), replace(format, encoding=None))
    content = _decoded(data) if _wanted(format) and is_text(format.media_type) else None
    if content is None:
        return _base64(data, format)
    return Embedded(content, replace(format, encoding=None))


def _wanted(format: Format) -> bool:
    """Whether it may be anything but base64."""
    return (format.encoding or "").lower() != BASE64


def _decoded(data: bytes) -> str | None:
    try:
        found = data.decode()
    except UnicodeDecodeError:
        return None
    return found if carries(found) else None


def _base64(data: bytes, format: Format) -> Embedded:
    return Embedded(base64.b64encode(data).decode(), replace(format, encoding=BASE64))


def _file(value: StoredFile, path: str) -> Embedded:
    format, whole = value.format, FileSlice(path, 0, value.size)
    as_text = _wanted(format) and is_text(format.media_type)
    if as_text and is_xml(format.media_type):
        with opened(path) as file:
            start = _root(file.fileno(), value.size, format.media_type)
        if start is not None:
            return Embedded(Verbatim((replace(whole, start=start),)), replace(format, encoding=None))
    if as_text and _carried(path, format.media_type):
        sent = replace(whole, encoding=Encoding.XML_TEXT)
        return Embedded(Verbatim((sent,)), replace(format, encoding=None))
    check_present(path)
    sent = replace(whole, encoding=Encoding.BASE64)
    return Embedded(Verbatim((sent,)), replace(format, encoding=BASE64))


def _root(file: int, size: int, type: str) -> int | None:
    if not size:
        return None
    with mmap.mmap(file, size, access=mmap.ACCESS_READ) as mapped:
        buffer: Buffer = mapped
        codec = encodings.codec(bytes(buffer[: encodings.HEAD]), type).lower()
        in_utf8 = codec in (*encodings.UTF8, "ascii", "us-ascii")
        return embeddable(buffer) if in_utf8 else None


def _carried(path: str, type: str) -> bool:
    """Whether a file is text that XML can carry."""
    try:
        with opened(path) as file:
            return all(map(carries, encodings.as_utf8(iter(lambda: file.read(_PIECE), b""), type)))
    except NotInEncoding:
        return False
