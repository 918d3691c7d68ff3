"""One output value on its way out: inside a JSON document (results.yaml), or raw as it is.

Files are named, not read, except for small ones that a document carries inside: those are read here, because
text must be escaped and bytes written as base64.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Final

from azenha.domain.blob_path import opened
from azenha.domain.encodings import NotInEncoding, as_utf8
from azenha.domain.errors import NoSuchJob
from azenha.domain.formats import BASE64, is_json, is_text
from azenha.domain.process import Domain, Format
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile, Value
from azenha.protocols import json
from azenha.protocols.entity import Pieces, is_utf8, path_of, plain
from azenha.protocols.http import Encoding, FileSlice

INLINE: Final = 1024 * 1024  # bytes of a file that a document carries unasked, and that is read to be written


# -- inside JSON ----------------------------------------------------------------------------------


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
    path, format = path_of(folder, value.key), value.format
    whole = FileSlice(path, 0, value.size)
    if value.size > INLINE:
        if is_json(format.media_type):
            return _json((whole,), format)
        if not carried:
            return (reference(address, format.media_type),)
    try:
        if value.size > INLINE:
            as_text = is_text(format.media_type) and is_utf8(path, format.media_type)
            return _streamed(
                replace(whole, encoding=Encoding.JSON_TEXT if as_text else Encoding.BASE64), format
            )
        with opened(path) as file:
            data = file.read(value.size)
    except FileNotFoundError:
        raise NoSuchJob(job) from None  # its time ran out between the record and its files
    return _text(data, format) if _is_readable(data, format) else (_base64(data, format),)


def _is_readable(data: bytes, format: Format) -> bool:
    """Whether it may stand in the document as the text that it is."""
    if not is_text(format.media_type):
        return False
    try:
        return bool(list(as_utf8((data,), format.media_type)))
    except NotInEncoding:
        return False


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
