"""Values of inputs in WPS 2.0 (OGC 14-065r2 §7.3): elements to raw values.

`wps:Data` does not say what it holds, and only the description does: a literal, a box, or complex data. So a
text has two readings where the notation of a literal differs from that of data.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from azenha.domain import formats
from azenha.domain.errors import BadRequest, InvalidInputs, TooLarge, UnsupportedFormat
from azenha.domain.lexical import WHITE
from azenha.domain.process import CRS84, Format
from azenha.domain.slices import content
from azenha.domain.values import Coding, Lexical, Raw, RawBox, RawReference, RawSlice
from azenha.protocols import xml
from azenha.protocols.http import Buffer, Limits
from azenha.protocols.ows import format_of
from azenha.protocols.wps import values_in
from azenha.protocols.wps2.words import HREF, ows, wps
from azenha.protocols.xml import Document, Element, attribute, check_blank, child, shown

_LITERAL_VALUE: Final = wps("LiteralValue")
_BOX: Final = ows("BoundingBox")
_WGS84_BOX: Final = ows("WGS84BoundingBox")

# `70@datatype=…@uom=…` (§7.3.1): no other names than these two are taken for such.
_NOTED: Final = re.compile(
    r"(?P<text>.*?)(?:@datatype=(?P<type>[^@]*))?(?:@uom=(?P<unit>[^@]*))?", re.DOTALL | re.IGNORECASE
)


def value(document: Document, element: Element, id: str, body: Buffer, limits: Limits) -> Raw:
    """What a `wps:Data` holds.

    Raises:
        Malformed: several elements, or text beside an element.
        BadRequest: a literal that holds elements.
        InvalidInputs: a box that is said to be in a format of something else.
    """
    format = _format(element)
    one = document.lone(element)
    if one is not None and (known := _known(one, format, id)) is not None:
        return replace(known, element=lambda: Lexical(str(document.data(element, id)), format=format))
    found = document.data(element, id)
    if not isinstance(found, str):
        return _large(found, body, limits, format, id)
    if not len(element):
        return noted(values_in.lexical(found, limits, format=format))
    if (known := _known(element[0], format, id)) is not None:
        return replace(known, element=lambda: Lexical(found, format=format))
    return replace(values_in.lexical(found, limits, format=format), unfit=_unfit(element[0], format))


def _unfit(element: Element, format: Format | None = None) -> str:
    if element.tag in (_BOX, _WGS84_BOX) and format is not None:
        return f"which is text/xml or text/plain, got {formats.shown(format)}"
    return (
        f"got the element {shown(element)}; in WPS 2.0 a literal is text, bare or in wps:LiteralValue, "
        f"and a box is ows:BoundingBox"
    )


def _known(element: Element, format: Format | None, id: str) -> Lexical | RawBox | None:
    """What an element of the standard's holds; None if it is another's, or a box in a format of data."""
    if element.tag == _LITERAL_VALUE:
        return _literal(element, format, id)
    if format is not None and formats.is_xml(format.media_type) and not formats.is_plain(format):
        return None
    if element.tag == _BOX:
        return _box(element, attribute(element, "crs"), format, id)
    if element.tag == _WGS84_BOX:  # may stand for the other (06-121r9 §10.2.2): longitude first
        return _box(element, attribute(element, "crs") or CRS84, format, id)
    return None


def _literal(element: Element, format: Format | None, id: str) -> Lexical:
    if len(element):
        raise BadRequest(f"element {shown(element)} holds {shown(element[0])}; it takes text alone", id)
    return Lexical(element.text or "", attribute(element, "uom"), format, type=attribute(element, "dataType"))


def _large(
    slice: RawSlice, body: Buffer, limits: Limits, format: Format | None, id: str
) -> Lexical | RawSlice:
    """What is left in the body. An element may be a literal all the same, whatever its size."""
    found = values_in.data(slice, body, limits, format=format)
    if slice.coding is not Coding.XML or not isinstance(found, RawSlice):
        return found

    def opened() -> Lexical:
        if slice.size > values_in.OPENED:
            raise TooLarge(f"has {slice.size} bytes; at most {values_in.OPENED} are taken here")
        text = b"".join(content(body, slice))
        root = xml.read(text, ()).root
        if root.tag == _LITERAL_VALUE:
            return _literal(root, None, id)
        return Lexical(text.decode(), unfit=_unfit(root))

    return replace(found, opened=opened)


def noted(raw: Lexical) -> Lexical:
    """Text that stands bare: as a literal without the white space around it, with type and unit behind it."""
    parts = _NOTED.fullmatch(raw.text.strip(WHITE))
    assert parts is not None  # it takes any text
    literal = replace(
        raw,
        text=parts["text"],
        unit=parts["unit"] or raw.unit,
        type=parts["type"] or raw.type,
        opened=None,
    )
    return raw if literal == raw else replace(raw, literal=literal)


def _box(element: Element, crs: str | None, format: Format | None, id: str) -> RawBox:
    if format is not None and not formats.is_plain(format):
        raise InvalidInputs(
            [UnsupportedFormat(id, f"a bounding box is text/xml or text/plain, got {formats.shown(format)}")]
        )
    for one in element:
        if one.tag not in (ows("LowerCorner"), ows("UpperCorner")):
            raise BadRequest(f"{shown(element)} takes no {shown(one)}", id)
    check_blank(element, id)
    lower, upper = (child(element, ows(f"{name}Corner")) for name in ("Lower", "Upper"))
    return values_in.box(lower, upper, crs, attribute(element, "dimensions"), id)


def _format(element: Element) -> Format | None:
    if not element.keys():
        return None
    return format_of(*(attribute(element, name) for name in ("mimeType", "encoding", "schema")))


def reference(document: Document, element: Element, id: str, body: Buffer) -> RawReference:
    """`wps:Reference`. Method and headers are not of this edition, and are taken as those of 1.0.0 are."""
    for one in element:
        if one.tag not in (wps("Header"), wps("Body"), wps("BodyReference")):
            raise BadRequest(f"{shown(element)} takes no {shown(one)}", id)
        if one.tag != wps("Body"):
            check_blank(one, id)
            if len(one):
                raise BadRequest(f"{shown(one)} takes no {shown(one[0])}", id)
    check_blank(element, id)
    posted, elsewhere = child(element, wps("Body")), child(element, wps("BodyReference"))
    headers = []
    for one in element.iterfind(wps("Header")):
        key = attribute(one, "key")
        if key is None:
            raise BadRequest(f"{shown(one)} has no key", id)
        headers.append((key, attribute(one, "value") or ""))
    return values_in.reference(
        attribute(element, HREF),
        _format(element),
        id,
        method=attribute(element, "method"),
        headers=headers,
        body=None if posted is None else document.data(posted, id),
        body_href=None if elsewhere is None else (attribute(elsewhere, HREF) or ""),
        message=body,
    )
