"""Values of inputs in WPS 2.0 (OGC 14-065r2 §7.3): elements to raw values.

`wps:Data` does not say what it holds, and only the description does: a literal, a box, or complex data. So a
text has two readings where the notation of a literal differs from that of data.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from azenha.domain import formats
from azenha.domain.errors import BadRequest, InvalidInputs, UnsupportedFormat
from azenha.domain.lexical import WHITE
from azenha.domain.process import Format
from azenha.domain.values import Lexical, Raw, RawBox, RawReference
from azenha.protocols.http import Buffer, Limits
from azenha.protocols.ows import format_of
from azenha.protocols.wps import values_in
from azenha.protocols.wps2.words import HREF, ows, wps
from azenha.protocols.xml import Document, Element, attribute, child, shown

# `70@datatype=…@uom=…` (§7.3.1): no other names than these two are taken for such.
_NOTED: Final = re.compile(
    r"(?P<text>.*?)(?:@datatype=(?P<type>[^@]*))?(?:@uom=(?P<unit>[^@]*))?", re.DOTALL | re.IGNORECASE
)


def value(document: Document, element: Element, id: str, body: Buffer, limits: Limits) -> Raw:
    """What a `wps:Data` holds.

    Raises:
        Malformed: several elements, or text beside an element.
        InvalidInputs: a box that is said to be in a format of something else.
    """
    found = document.data(element, id)
    format = _format(element)
    if isinstance(found, str) and len(element):
        one = element[0]
        if one.tag == wps("LiteralValue"):
            return Lexical(one.text or "", attribute(one, "uom"), format, type=attribute(one, "dataType"))
        if one.tag == ows("BoundingBox"):
            return _box(one, format, id)
        return values_in.data(found, body, limits, format=format)
    if isinstance(found, str):
        return text(found, format, limits)
    return values_in.data(found, body, limits, format=format)


def text(given: str, format: Format | None, limits: Limits) -> Lexical:
    """Text that stands bare: as a literal without the white space around it, with type and unit behind it."""
    found = values_in.lexical(given, limits, format=format)
    noted = _NOTED.fullmatch(given.strip(WHITE))
    assert noted is not None  # it takes any text
    literal = Lexical(noted["text"], noted["unit"] or None, format, type=noted["type"] or None)
    return found if literal == found else replace(found, literal=literal)


def _box(element: Element, format: Format | None, id: str) -> RawBox:
    if format is not None and not formats.is_plain(format):
        raise InvalidInputs(
            [UnsupportedFormat(id, f"a bounding box is text/xml or text/plain, got {formats.shown(format)}")]
        )
    lower, upper = (child(element, ows(f"{name}Corner")) for name in ("Lower", "Upper"))
    return values_in.box(lower, upper, attribute(element, "crs"), attribute(element, "dimensions"), id)


def _format(element: Element) -> Format | None:
    return format_of(*(attribute(element, name) for name in ("mimeType", "encoding", "schema")))


def reference(document: Document, element: Element, id: str, body: Buffer) -> RawReference:
    """`wps:Reference`. Method and headers are not of this edition, and are taken as those of 1.0.0 are."""
    for one in element:
        if one.tag not in (wps("Header"), wps("Body"), wps("BodyReference")):
            raise BadRequest(f"{shown(element)} takes no {shown(one)}", id)
    posted, elsewhere = child(element, wps("Body")), child(element, wps("BodyReference"))
    headers = [
        (key, attribute(one, "value") or "")
        for one in element.iterfind(wps("Header"))
        if (key := attribute(one, "key"))
    ]
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
