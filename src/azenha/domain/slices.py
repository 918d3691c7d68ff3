"""What a slice of a request's body stands for, as bytes, piece by piece and in constant memory.

A codec says where a large value lies and in which coding (`RawSlice`); here the coding is undone: escapes of a
JSON string, references and CDATA sections of XML text, base64 within either. An XML element gets the namespaces
declared that it has from above; else the client's bytes stay as they are. What a slice of JSON or of an XML
element holds was checked by the codec that found it.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator, Sequence
from typing import Final

from azenha.domain.packed import unpacked
from azenha.domain.values import Coding, RawSlice

Buffer = bytes | mmap.mmap

WINDOW: Final = 256 * 1024
_RELEASE: Final = 16 * WINDOW  # a multiple of every page size
_LONGEST_ESCAPE: Final = 12  # \ud83d\ude00
_LONGEST_REFERENCE: Final = 12  # &#x0010FFFF; (more zeros than that nobody writes)

# Whole escapes only, and pairs of surrogates only whole: any match ends where a string can be taken apart.
_WHOLE = re.compile(
    rb"(?:[^\\]++"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
    rb'|\\["\\/bfnrt])*+'
)
_REFERENCE = re.compile(rb"&(?:(amp|lt|gt|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));")
_ENTITIES: Final = {b"amp": b"&", b"lt": b"<", b"gt": b">", b"quot": b'"', b"apos": b"'"}
_BLANKS: Final = (b"\n", b"\r", b" ", b"\t")
_CDATA, _CDATA_END = b"<![CDATA[", b"]]>"
_ELEMENT_NAME = re.compile(rb"<[^\s/>]+")


class NotDecodable(Exception):
    """The text is not what its coding says; the message tells why."""


def windows(body: Buffer, start: int = 0, end: int | None = None, size: int = WINDOW) -> Iterator[bytes]:
    """Bytes `start` to `end` (exclusive), copied piece by piece; pages of a map do not stay in memory."""
    end = len(body) if end is None else end
    done = start
    for at in range(start, end, size):
        yield body[at : min(at + size, end)]
        if at - done > _RELEASE:
            release_pages(body, done, at)
            done = at
    release_pages(body, done, end)


def release_pages(body: Buffer, start: int, end: int) -> None:
    """What was read of a map need not be kept in memory: the file has it."""
    if isinstance(body, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        first = start - start % _RELEASE
        body.madvise(mmap.MADV_DONTNEED, first, min(end, len(body)) - first)


def content(body: Buffer, slice: RawSlice) -> Iterator[bytes]:
    """The value as a file would have it: text in UTF-8, a JSON document, an XML element.

    Raises:
        NotDecodable: an escape or a reference is none.
    """
    pieces = windows(body, slice.start, slice.end)
    match slice.coding:
        case Coding.JSON:
            return pieces
        case Coding.JSON_STRING:
            return _json_text(pieces)
        case Coding.XML:
            return _declared(pieces, slice.namespaces)
        case Coding.XML_TEXT:
            return _xml_text(_line_ends(pieces))


def decoded(text: Iterator[bytes]) -> Iterator[bytes]:
    """Base64 (RFC 4648 §4) undone, strictly but for white space: MIME and XML break its lines.

    Raises:
        NotDecodable
    """
    held, ended = b"", False
    for piece in text:
        # To look for white space is quicker by far than to take away what is not there.
        if any(blank in piece for blank in _BLANKS):
            piece = piece.translate(None, b" \t\r\n")
        packed = held + piece if held else piece
        if ended and packed:
            raise NotDecodable("excess data after padding")
        whole = len(packed) - len(packed) % 4
        held = packed[whole:]
        if whole:
            yield _base64(packed[:whole] if held else packed)
            ended = packed.endswith(b"=", 0, whole)
    if held:
        raise NotDecodable("excess data after padding" if ended else "incorrect padding")


def _base64(packed: bytes) -> bytes:
    try:
        return unpacked(packed)
    except ValueError as reason:
        raise NotDecodable(str(reason)) from None


# -- JSON ------------------------------------------------------------------------------------------


def _json_text(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        data = held + piece
        end = whole_escapes(data)
        held = data[end:]
        if len(held) > _LONGEST_ESCAPE:
            raise NotDecodable("an escape in a string is none")
        if end:
            yield _unescaped(data[:end])
    if held:
        raise NotDecodable("a string ends within an escape")


def whole_escapes(data: bytes) -> int:
    """How many bytes of a JSON string's inside, from its beginning, have no broken escape or character."""
    end = len(data)
    if b"\\" in data[-_LONGEST_ESCAPE:]:
        found = _WHOLE.match(data)
        end = found.end() if found else 0
    for back in range(1, min(4, end + 1)):
        if data[end - back] < 0x80:
            break
        if data[end - back] >= 0xC0:  # the first byte of a character, which may want more than are there
            wanted = 2 if data[end - back] < 0xE0 else 3 if data[end - back] < 0xF0 else 4
            return end - back if back < wanted else end
    return end


def _unescaped(data: bytes) -> bytes:
    if b"\\" not in data:
        return data
    # All that base64 has to escape, where an encoder does escape it.
    simple = data.replace(b"\\/", b"/")
    if b"\\" not in simple:
        return simple
    try:
        return str(json.loads(b'"%b"' % data)).encode()
    except ValueError as reason:
        raise NotDecodable(str(reason)) from None


# -- XML -------------------------------------------------------------------------------------------


def _declared(pieces: Iterator[bytes], namespaces: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    first = True
    for piece in pieces:
        yield declare(piece, namespaces) if first else piece
        first = False


def declare(element: bytes, namespaces: Sequence[tuple[str, str]]) -> bytes:
    """An element, verbatim, with more namespaces declared on it: prefix ("" for the default) and URI.

    Args:
        element: from its `<` on, at least to the end of its name.
    Raises:
        NotDecodable: it begins with no name.
    """
    name = _ELEMENT_NAME.match(element)
    if name is None:
        raise NotDecodable("an element has no name")
    text = "".join(f' xmlns{":" if prefix else ""}{prefix}="{_attribute(uri)}"' for prefix, uri in namespaces)
    return element[: name.end()] + text.encode() + element[name.end() :]


def _attribute(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")


def _line_ends(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Line ends as XML 1.0 §2.11 wants them."""
    held = b""
    for piece in pieces:
        data = held + piece
        held = b"\r" if data.endswith(b"\r") else b""
        data = data.removesuffix(b"\r")
        yield data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    if held:
        yield b"\n"


def _xml_text(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held, within = b"", False
    for piece in pieces:
        data, at = held + piece, 0
        while True:
            mark = _CDATA_END if within else _CDATA
            found = data.find(mark, at)
            if found < 0:
                break
            yield data[at:found] if within else _dereferenced(data[at:found])
            at, within = found + len(mark), not within
        end = _whole(data, at, within)
        yield data[at:end] if within else _dereferenced(data[at:end])
        held = data[end:]
    if held or within:
        raise NotDecodable("the text ends within a reference or a CDATA section")


def _whole(data: bytes, at: int, within: bool) -> int:
    """Where to stop before what may be the beginning of a mark or a reference."""
    if within:
        for length in (2, 1):
            if data.endswith(_CDATA_END[:length], at):
                return len(data) - length
        return len(data)
    for length in range(len(_CDATA) - 1, 0, -1):
        if data.endswith(_CDATA[:length], at):
            return len(data) - length
    last = data.rfind(b"&", max(at, len(data) - _LONGEST_REFERENCE))
    return len(data) if last < 0 or b";" in data[last:] else last


def _dereferenced(data: bytes) -> bytes:
    if b"&" not in data:
        return data
    return _REFERENCE.sub(_character, data)


def _character(reference: re.Match[bytes]) -> bytes:
    name, decimal, hexadecimal = reference.groups()
    if name is not None:
        return _ENTITIES[name]
    try:
        return chr(int(decimal) if decimal is not None else int(hexadecimal, 16)).encode()
    except (ValueError, OverflowError):
        raise NotDecodable(f"{reference[0][:40].decode()} is no character") from None
