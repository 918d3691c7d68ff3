"""What one annotation comes to: the domain that clients see, and the Python type that the function sees.

Also the strict check of single Python values, which defaults and returned values share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from azenha.authoring.types import BBox, File
from azenha.domain import allowed, boxes, lexical
from azenha.domain.crs import crs_name
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    Scalar,
)
from azenha.domain.values import Box

_TOO_LARGE = 10**lexical.DIGITS


class Misfit(ValueError):
    """Why a value is not of its shape: the rest of a sentence that begins with its place."""


@dataclass(frozen=True)
class LiteralShape:
    """`members`: of an Enum, by their value on the wire; `type`: what the author wrote, for messages."""

    domain: LiteralDomain
    type: str
    members: Mapping[Scalar, object] = field(default_factory=dict)


@dataclass(frozen=True)
class BoxShape:
    domain: BoxDomain


@dataclass(frozen=True)
class FileShape:
    """A file.

    Attributes:
        classes: which class a file of each format is; in the order of the domain's formats.
        checks: the author's own functions that look at it.
    """

    domain: ComplexDomain
    classes: tuple[tuple[Format, type[File]], ...]
    checks: tuple[Callable[[File], object], ...] = ()


@dataclass(frozen=True)
class RecordShape:
    """`type`: a frozen dataclass, or a TypedDict (`as_dict`)."""

    domain: ObjectDomain
    type: type
    slots: tuple[Slot, ...]
    as_dict: bool


Shape = LiteralShape | BoxShape | FileShape | RecordShape


@dataclass(frozen=True)
class Slot:
    """A place for values: a parameter, an output, or a field of one of them.

    Attributes:
        array: a list of such values.
        nullable: None is a value of it too.
        has_default: the author's code supplies a value itself where none is given.
    """

    name: str
    shape: Shape
    array: bool
    nullable: bool
    has_default: bool = False


def type_name(value: object) -> str:
    """The type of a value, for messages: `int`, `numpy.float32`."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def expected(wanted: str, value: object) -> Misfit:
    return Misfit(f"expected {wanted}, got {type_name(value)}: {shortened(value)}")


def shortened(value: object, longest: int = 80) -> str:
    try:
        text = repr(value)
    except Exception:  # an int of thousands of digits; an author's own class
        return "a value that cannot be shown"
    return text if len(text) <= longest else text[: longest - 1] + "…"


def scalar(shape: LiteralShape, value: object) -> Scalar:
    """The wire value of a Python value, strictly of the declared type.

    Raises:
        Misfit: another type, not finite, without a time zone, or none of the allowed values.
    """
    if shape.members:
        for wire, member in shape.members.items():
            if member is value:
                return wire
        raise expected(f"a member of {shape.type}", value)
    plain = _PLAIN[shape.domain.type](value)
    if not allowed.allows(shape.domain.allowed, plain):
        raise Misfit(f"{shortened(value)} is not allowed; allowed: {allowed.shown(shape.domain.allowed)}")
    return plain


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise expected("str", value)
    try:
        return lexical.characters(str.__str__(value))  # of a subclass only the text
    except lexical.NotAValue as reason:
        raise Misfit(str(reason)) from None


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise expected("int", value)
    if not -_TOO_LARGE < value < _TOO_LARGE:
        raise Misfit(f"an integer has at most {lexical.DIGITS} digits")
    return int(value)


def _double(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        raise expected("float", value)
    try:
        number = float(value)
    except OverflowError:
        raise Misfit(f"{shortened(value)} is beyond the range of float") from None
    if not math.isfinite(number):
        raise Misfit(f"{number} is no finite number; where there is no value, declare `| None` and use None")
    if number != value:
        raise Misfit(f"{shortened(value)} has more digits than a float holds; declare int or Decimal")
    return number


def _decimal(value: object) -> Decimal:
    if not isinstance(value, Decimal):
        raise expected("decimal.Decimal", value)
    try:
        return lexical.bounded(Decimal(value))
    except lexical.NotAValue as reason:
        raise Misfit(f"{reason}, got {shortened(value)}") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise expected("bool", value)
    return value


def _date(value: object) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise expected("datetime.date", value)
    return date(value.year, value.month, value.day)


def _datetime(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise expected("datetime.datetime", value)
    if value.utcoffset() is None:
        raise Misfit(f"{value} has no time zone; give it one, such as datetime.UTC")
    try:
        utc = value.astimezone(UTC)
    except OverflowError:
        raise Misfit(f"{value} is outside the years 1 to 9999 in UTC") from None
    return datetime(
        utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond, tzinfo=UTC
    )


def _duration(value: object) -> timedelta:
    if not isinstance(value, timedelta):
        raise expected("datetime.timedelta", value)
    return timedelta(value.days, value.seconds, value.microseconds)


_PLAIN: Mapping[LiteralType, Callable[[object], Scalar]] = {
    LiteralType.STRING: _string,
    LiteralType.INTEGER: _integer,
    LiteralType.DOUBLE: _double,
    LiteralType.DECIMAL: _decimal,
    LiteralType.BOOLEAN: _boolean,
    LiteralType.DATE: _date,
    LiteralType.DATETIME: _datetime,
    LiteralType.DURATION: _duration,
}


def plain(type: LiteralType, value: object) -> Scalar:
    """A value strictly of that type, subclasses made plain.

    Raises:
        Misfit: it is none.
    """
    return _PLAIN[type](value)


def box(shape: BoxShape, value: object) -> Box:
    """The wire value of a BBox.

    Raises:
        Misfit: no BBox, a CRS that is not declared, a wrong number of dimensions, not finite,
            numbers that its system's axes do not have, upside down.
    """
    if not isinstance(value, BBox):
        raise expected("azenha.BBox", value)
    name = crs_name(value.crs)
    crs = next((c for c in shape.domain.crss if c.name == name), None)
    if crs is None:
        names = ", ".join(c.name for c in shape.domain.crss)
        raise Misfit(f"its CRS {value.crs} is not declared; declared: {names}")
    minimum = (value.minx, value.miny, *(() if value.minz is None else (value.minz,)))
    maximum = (value.maxx, value.maxy, *(() if value.maxz is None else (value.maxz,)))
    if len(minimum) not in shape.domain.dimensions:
        declared = " or ".join(map(str, shape.domain.dimensions))
        raise Misfit(f"expected a box of {declared} dimensions, got one of {len(minimum)}")
    lower = tuple(_coordinate(number) for number in minimum)
    upper = tuple(_coordinate(number) for number in maximum)
    if (reason := boxes.misplaced(crs, lower, upper)) is not None:
        raise Misfit(reason)
    return Box(lower, upper, name, crs.swapped)


def members(shape: RecordShape, value: object) -> list[tuple[Slot, InputDescription, object]]:
    """The fields that a record has, with their values; those left out, which may be, are absent.

    Raises:
        Misfit: of another type, a field that is unknown or missing, or more or fewer values than declared.
    """
    by_name: Mapping[str, object]
    if shape.as_dict:
        if not isinstance(value, dict):
            raise expected("dict", value)
        by_name = value
        unknown = [str(key) for key in value if key not in {slot.name for slot in shape.slots}]
        if unknown:
            raise Misfit(f"{shape.type.__name__} has no field {', '.join(map(repr, unknown))}")
    elif isinstance(value, shape.type):
        by_name = {slot.name: getattr(value, slot.name) for slot in shape.slots}
    else:
        raise expected(shape.type.__name__, value)
    found = []
    for slot, described in zip(shape.slots, shape.domain.fields, strict=True):
        if slot.name not in by_name:
            if not slot.has_default:
                raise Misfit(f"the field '{slot.name}' is missing")
        elif (field := by_name[slot.name]) is not None or not slot.nullable:
            found.append((slot, described, field))
    return found


def count(described: InputDescription, values: int) -> None:
    """Hold a list of so many values to what is declared.

    Raises:
        Misfit: they are too few or too many.
    """
    least, most = described.min_occurs, described.max_occurs
    if values < least or (most is not None and values > most):
        ends = [f"at least {least}"] if least else []
        ends += [] if most is None else [f"at most {most}"]
        raise Misfit(f"it has {values} values; declared: {', '.join(ends)}")


def _coordinate(value: object) -> float:
    try:
        return _double(value)
    except Misfit as reason:
        raise Misfit(f"coordinate: {reason}") from None
