"""Values on their way in, as both editions have them: from text, XML and attributes to raw values.

What is right or wrong about a value, the description of its process says: see domain/binding.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from azenha.domain.errors import BadParameter, Malformed, TooLarge
from azenha.domain.lexical import WHITE, NotAValue, quoted
from azenha.domain.process import Format
from azenha.domain.slices import NotDecodable, content
from azenha.domain.values import Coding, Lexical, Native, RawBox, RawReference, RawSlice
from azenha.protocols import json
from azenha.protocols.http import Buffer, Limits
from azenha.protocols.kvp import DATA_ATTRIBUTES, Entry
from azenha.protocols.ows import format_of
from azenha.protocols.xml import Element, text

OPENED: Final = 1024 * 1024  # bytes of a large value that may be taken for something else than complex data
BODY: Final = 1024 * 1024  # bytes of what a reference posts

_COUNT: Final = re.compile("[0-9]{1,3}")


# -- literals and complex data ---------------------------------------------------------------------


def lexical(
    content: str,
    limits: Limits,
    *,
    format: Format | None = None,
    unit: str | None = None,
    type: str | None = None,
) -> Lexical:
    """Text that may be a literal, complex data, or an object in JSON, whatever the description says.

    Args:
        type: name of the data type, as the client wrote it.
    """

    def opened() -> Native:
        try:
            return Native(json.parse(content.encode(), limits, "the value"))
        except (Malformed, UnicodeEncodeError) as reason:
            raise NotAValue(f"expected an object in JSON: {reason}") from None

    return Lexical(content, unit, format, type=type, opened=opened)


def data(
    found: str | RawSlice,
    body: Buffer,
    limits: Limits,
    *,
    format: Format | None = None,
    unit: str | None = None,
    type: str | None = None,
) -> Lexical | RawSlice:
    """What a data element holds (`Document.data`), in the format that its attributes name."""
    if isinstance(found, str):
        return lexical(found, limits, format=format, unit=unit, type=type)

    def opened() -> Lexical:
        return lexical(_whole(body, found, OPENED), limits, type=type)

    return replace(
        found, format=format, unit=unit, opened=opened if found.coding is Coding.XML_TEXT else None
    )


def _whole(body: Buffer, slice: RawSlice, most: int) -> str:
    if slice.size > most:
        raise TooLarge(f"has {slice.size} bytes; at most {most} are taken here")
    try:
        return b"".join(content(body, slice)).decode()
    except NotDecodable as reason:
        raise Malformed(str(reason)) from None


# -- boxes -----------------------------------------------------------------------------------------


def box(
    lower: Element | None, upper: Element | None, crs: str | None, dimensions: str | None, locator: str
) -> RawBox:
    """A box of two corners, numbers with white space between.

    Raises:
        BadParameter: a corner is missing, they are unequal, or `dimensions` is no number.
    """
    if lower is None or upper is None:
        raise BadParameter(f"'{locator}': a bounding box has a LowerCorner and an UpperCorner", locator)
    first, second = text(lower).split(), text(upper).split()
    if len(first) != len(second):
        raise BadParameter(
            f"'{locator}': the corners have {len(first)} and {len(second)} numbers; they have equally many",
            locator,
        )
    if dimensions is not None and not _COUNT.fullmatch(dimensions):
        raise BadParameter(f"'{locator}': dimensions is a number; given {quoted(dimensions)}", locator)
    numbers = tuple(Lexical(number) for number in (*first, *second))
    return RawBox(numbers, crs, None if dimensions is None else int(dimensions))


# -- references ------------------------------------------------------------------------------------


def reference(
    href: str | None,
    format: Format | None,
    locator: str,
    *,
    method: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    body: str | RawSlice | None = None,
    body_href: str | None = None,
    message: Buffer = b"",
) -> RawReference:
    """A reference. One that has a body is posted, whatever its method.

    Args:
        body: that is posted; large as a slice of `message`.
    Raises:
        BadParameter: no address, a method that is none, or a body and the address of another.
    """
    if href is None:
        raise BadParameter(f"'{locator}': a reference has an address, xlink:href", locator)
    if body_href == "":
        raise BadParameter(f"'{locator}': a BodyReference has an address, xlink:href", locator)
    if body is not None and body_href is not None:
        raise BadParameter(f"'{locator}': a reference has a Body or a BodyReference, not both", locator)
    chosen = (method or "GET").upper()
    if chosen not in ("GET", "POST"):
        raise BadParameter(f"'{locator}': method is GET or POST; given {quoted(chosen)}", locator)
    if isinstance(body, RawSlice):
        try:
            body = _whole(message, body, BODY)
        except TooLarge as reason:
            raise BadParameter(f"'{locator}': the Body {reason}; name it by BodyReference", locator) from None
    if body is not None or body_href is not None:
        chosen = "POST"
    return RawReference(href, format, chosen, tuple(headers), body, body_href)


# -- KVP -------------------------------------------------------------------------------------------


def entries(entries: Sequence[Entry], limits: Limits) -> dict[str, tuple[Lexical | RawReference, ...]]:
    """`DataInputs`, taken apart (`Parameters.entries`): several of one name are several values."""
    found: dict[str, list[Lexical | RawReference]] = {}
    for entry in entries:
        found.setdefault(entry.identifier, []).append(_entry(entry, limits))
    return {id: tuple(values) for id, values in found.items()}


_REFERENCE: Final = frozenset({"xlink:href", "method", "header", "body", "bodyreference"})


def _entry(entry: Entry, limits: Limits) -> Lexical | RawReference:
    given = entry.attributes
    assert given.keys() <= DATA_ATTRIBUTES
    format = format_of(given.get("mimetype"), given.get("encoding"), given.get("schema"))
    if _REFERENCE.isdisjoint(given):
        if entry.value is None:
            raise BadParameter(
                f"'{entry.identifier}' has no value: {entry.identifier}=value", entry.identifier
            )
        unit, type = given.get("uom"), given.get("datatype")
        return lexical(entry.value, limits, format=format, unit=unit, type=type)
    if entry.value:
        raise BadParameter(f"'{entry.identifier}' is given by value and by reference", entry.identifier)
    return reference(
        given.get("xlink:href"),
        format,
        entry.identifier,
        method=given.get("method"),
        headers=_headers(given, entry.identifier),
        body=given.get("body"),
        body_href=given.get("bodyreference"),
    )


def _headers(given: Mapping[str, str], locator: str) -> tuple[tuple[str, str], ...]:
    """`name: value`, also with `=` between."""
    if "header" not in given:
        return ()
    line = given["header"]
    name, separator, value = line.partition(":") if ":" in line else line.partition("=")
    if not separator or not name.strip(WHITE):
        raise BadParameter(f"'{locator}': a header is name:value; given {quoted(line)}", locator)
    return ((name.strip(WHITE), value.strip(WHITE)),)
