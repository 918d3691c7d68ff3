"""What stands in an element of a request of WPS 1.0.0, and nothing else: nothing is passed over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from lxml import etree

from azenha.domain.errors import BadRequest, MissingParameter
from azenha.protocols.wps1.words import ows
from azenha.protocols.xml import Element, check_attributes, check_blank, child, misplaced, shown, text

IDENTIFIER: Final = ows("Identifier")

Parts = Mapping[str, Element]


def identifier(element: Element, parts: Parts) -> str:
    found = parts.get(IDENTIFIER)
    name = "" if found is None else text(found)
    if not name:
        raise MissingParameter("Identifier", f"element {shown(element)} has no identifier")
    return name


def each(element: Element | None, name: str) -> Iterator[Element]:
    """Those of an element that holds these alone; an empty or absent one has none."""
    if element is not None:
        found = children(element, (name,))
        check_attributes(element, ())
        yield from found


def parts_of(element: Element, names: Collection[str]) -> Parts:
    """What stands in an element that has each of these once at most, by name: looked for once, as it takes time.

    Raises:
        BadRequest: something else stands in it, or one twice, or text beside these. Nothing is passed over.
    """
    found = children(element, names)
    parts = {str(one.tag): one for one in found}
    if len(parts) < len(found):
        for name in parts:
            child(element, name)  # which refuses the second
    return parts


def children(element: Element, names: Collection[str]) -> list[Element]:
    """What stands in an element that has these alone, as often as it likes.

    Raises:
        BadRequest: something else stands in it, or text beside these. Nothing is passed over.
    """
    found = list(element)
    check_blank(element)
    for one in found:
        if one.tag not in names:
            local = etree.QName(one).localname
            known = ", ".join(etree.QName(name).localname for name in names)
            stray = misplaced(one, names)
            raise BadRequest(f"element {shown(element)} holds {shown(one)}{stray}; it takes {known}", local)
    return found
