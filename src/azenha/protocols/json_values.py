"""JSON to raw values, in every reading that its shape allows (OGC 18-062r2 §7.11, execute.yaml).

An object may be a value or tell of one (`{"href": …}`, `{"value": …}`, `{"bbox": …}`): both readings go on, and
binding decides by the process description. The same in a body, in a query, and in text that stands in XML.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from azenha.domain.errors import Malformed
from azenha.domain.lexical import NotAValue
from azenha.domain.process import Format
from azenha.domain.values import Coding, Each, Native, Raw, RawBox, RawReference, RawSlice
from azenha.protocols import json
from azenha.protocols.http import Limits
from azenha.protocols.json_places import Large

FORMAT: Final = ("mediaType", "encoding", "schema")
_QUALIFIED: Final = frozenset({"value", "format", "uom", *FORMAT})
_REFERENCE: Final = frozenset({"href", "type", "rel", "title", "hreflang", "format"})
_TEXTS: Final = ("type", "rel", "title", "hreflang")  # of a reference: texts, if they are there
_BOX: Final = frozenset({"bbox", "crs"})
_LONGEST_TOLD: Final = 64 * 1024  # bytes of an address, and of what else tells of a value
_LONGEST_QUALIFIED: Final = (
    128 * 1024
)  # bytes of a qualified value beside the value in it, if that is cut out


def read_text(text: str, limits: Limits) -> Native:
    """Text that is to be JSON, as a value: what `Lexical.opened` is of an input that may be an object.

    Raises:
        NotAValue: it is no JSON, or none that is read here.
    """
    try:
        return native(json.parse(text.encode(), limits))
    except UnicodeEncodeError:
        raise NotAValue("the text has half of a surrogate pair in it") from None
    except Malformed as reason:
        raise NotAValue(str(reason).replace("the body", "the text", 1)) from None


class Fields(Mapping[str, Raw]):
    """The members of an object as raw values, read when asked for: most objects are data."""

    def __init__(self, members: Mapping[str, object]) -> None:
        self._members = members

    def __getitem__(self, name: str) -> Raw:
        return raw(self._members[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def raw(value: object) -> Native | RawSlice:
    """A JSON value with every reading that its shape allows."""
    if isinstance(value, Large):
        return _slice(value)
    if isinstance(value, dict):
        return Native(value, qualified=_qualified(value), fields=Fields(value))
    return _itself(value)


def _itself(value: object) -> Native:
    """A value that is in memory, taken for no more than itself: an object for its members, an array for its items."""
    if isinstance(value, dict):
        return Native(value, fields=Fields(value))
    # Without objects in it an array has one reading, which binding makes for itself if it needs any.
    if isinstance(value, list) and any(isinstance(item, dict | Large) for item in value):
        return Native(value, items=Each(value, raw))
    return Native(value)


def _slice(value: Large) -> RawSlice:
    if value.is_text:
        return RawSlice(
            value.start + 1, value.end - 1, Coding.JSON_STRING, opened=lambda: native(value.opened())
        )
    qualified = None
    if not value.is_array and value.rest <= _LONGEST_QUALIFIED:
        members = value.peek()
        if isinstance(members, dict) and _qualified(members) is not None:
            # What qualifies is kept, and counted; the value in it may be cut out for that, though it is not large.
            members = value.opened()
            assert isinstance(members, dict)
            qualified = _qualified(members)
    return RawSlice(
        value.start,
        value.end,
        Coding.JSON,
        qualified=qualified,
        array=value.is_array,
        opened=lambda: native(value.opened()),
    )


def native(value: object) -> Native:
    """`raw` of a value that is in memory."""
    found = raw(value)
    assert isinstance(found, Native)  # what was opened is no Large itself
    return found


def _within(value: object, format: Format | None, unit: str | None) -> Native:
    """What stands inside `value` is the value itself, even if it looks like a reference.

    Its other readings are not made only to be left out: with each level of nesting they would be twice as many.
    """
    found = _itself(value)
    return found if format is None and unit is None else replace(found, format=format, unit=unit)


def _qualified(value: Mapping[str, object]) -> Raw | None:
    """The reading of an object as reference, qualified value or box; None if it has no such shape."""
    members = value.keys()
    if "value" in members and members <= _QUALIFIED:
        return _qualified_value(_told(value, _QUALIFIED - {"value"}))
    if "href" in members and members <= _REFERENCE:
        return _reference(_told(value, _REFERENCE))
    return _box(_told(value, {"crs"}) if members <= _BOX else value)


def _told(value: Mapping[str, object], names: Collection[str]) -> Mapping[str, object]:
    """With texts of these names in place, which tell of a value: an address may be long where little may stay."""
    if not any(isinstance(member, Large) for member in value.values()):
        return value
    return {
        name: member.whole()
        if name in names and isinstance(member, Large) and member.rest <= _LONGEST_TOLD
        else member
        for name, member in value.items()
    }


def _qualified_value(value: Mapping[str, object]) -> Raw | None:
    format = value.get("format", {k: value[k] for k in FORMAT if k in value})
    unit = value.get("uom")
    if not isinstance(format, dict) or not (unit is None or isinstance(unit, str)):
        return None
    if unit is None and "uom" in value:
        return None
    if "format" in value and not value.keys().isdisjoint(FORMAT):
        return None
    if not all(k in FORMAT and isinstance(v, str) for k, v in format.items()):
        return None
    inner = value["value"]
    if isinstance(inner, dict) and (box := _box(inner)) is not None and not (format or unit):
        return box
    named = format_of(format)
    if isinstance(inner, Large):
        cut = _slice(inner)
        return replace(
            cut,
            qualified=None,
            format=named,
            unit=unit,
            opened=lambda: _within(inner.opened(), named, unit),
        )
    return _within(inner, named, unit)


def _reference(value: Mapping[str, object]) -> RawReference | None:
    href, media_type, format = value["href"], value.get("type"), value.get("format")
    if not isinstance(href, str) or not all(isinstance(value.get(k, ""), str) for k in _TEXTS):
        return None
    if isinstance(media_type, str) and format is None:
        return RawReference(href, Format(media_type))
    if media_type is None and isinstance(format, dict):
        if all(k in FORMAT and isinstance(v, str) for k, v in format.items()):
            return RawReference(href, format_of(format))
        return None
    return RawReference(href) if media_type is None and format is None else None


def _box(value: Mapping[str, object]) -> RawBox | None:
    if "bbox" not in value or not value.keys() <= _BOX:
        return None
    coordinates, crs = value["bbox"], value.get("crs")
    if crs is None and "crs" in value:
        return None
    if isinstance(coordinates, list) and (crs is None or isinstance(crs, str)):
        return RawBox(tuple(coordinates), crs)
    return None


def format_of(members: Mapping[str, object]) -> Format | None:
    """A format; without a media type that is empty, and the others say which of the offered ones is meant."""
    if not members:
        return None
    media_type, encoding, schema = (members.get(k) for k in FORMAT)
    return Format(
        media_type if isinstance(media_type, str) else "",
        encoding if isinstance(encoding, str) else None,
        schema if isinstance(schema, str) else None,
    )
