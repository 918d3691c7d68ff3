"""Scalars as JSON values: a string is no number, `true` is no number, 1.0 and 1 are one number.

JSON has fewer types than XML Schema: date, dateTime (with its offset) and duration are strings as RFC 3339
writes them. Numbers come exact, as int or Decimal; a float is taken for its shortest text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring

from azenha.domain import lexical
from azenha.domain.lexical import NotAValue, quoted
from azenha.domain.process import LiteralType, Scalar


def shown(value: object) -> str:
    """A JSON value in a message: its type is told, its text cut."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the string {quoted(value)}"
        case int() if value.bit_length() > 200:
            return "a number of more than 60 digits"
        case int() | float() | Decimal():
            return f"the number {value}"
        case list() | tuple():
            return "an array"
        case Mapping():
            return "an object"
        case _:
            return f"a value of type {type(value).__name__}"


def number(value: object, expected: str = "a number") -> int | Decimal:
    """A finite JSON number, exact.

    Raises:
        NotAValue: it is none, or it has more digits than can be calculated with.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NotAValue(f"expected {expected}, got {shown(value)}")
    if isinstance(value, int):
        if value.bit_length() > 3321 and abs(value) >= 10**lexical.DIGITS:
            raise NotAValue(f"a number has at most {lexical.DIGITS} digits before the point")
        return int(value)
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite():
        raise NotAValue(f"expected a finite number, got {shown(value)}")
    return exact


def _integer(value: object) -> int:
    exact = number(value, "an integer")
    if isinstance(exact, int):
        return exact
    lexical.bounded(exact)
    whole = int(exact)
    if whole != exact:
        raise NotAValue(f"expected an integer, got {shown(value)}")
    return whole


def double(value: object) -> float:
    """The double nearest to a JSON number.

    Raises:
        NotAValue: it is no number, or beyond the range of a double.
    """
    exact = number(value)
    try:
        nearest = float(exact)
    except OverflowError:
        nearest = math.inf
    if math.isinf(nearest):
        raise NotAValue(f"{shown(value)} is beyond the range of a double (about 1.8e308)")
    return nearest


def _decimal(value: object) -> Decimal:
    return lexical.bounded(Decimal(number(value)))


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise NotAValue(f"expected true or false, got {shown(value)}")
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise NotAValue(f"expected a string, got {shown(value)}")
    return lexical.characters(value)


def _text_of(read: Callable[[str], Scalar], expected: str) -> Callable[[object], Scalar]:
    def read_text(value: object) -> Scalar:
        if not isinstance(value, str):
            raise NotAValue(f"expected {expected}, got {shown(value)}")
        return read(value)

    return read_text


_READ: Mapping[LiteralType, Callable[[object], Scalar]] = {
    LiteralType.STRING: _string,
    LiteralType.INTEGER: _integer,
    LiteralType.DOUBLE: double,
    LiteralType.DECIMAL: _decimal,
    LiteralType.BOOLEAN: _boolean,
    LiteralType.DATE: _text_of(lexical.day, "a date as a string, such as '2026-01-31'"),
    LiteralType.DATETIME: _text_of(
        lexical.zoned_instant, "a date and time as a string, such as '2026-01-31T12:00:00Z'"
    ),
    LiteralType.DURATION: _text_of(lexical.span_with_weeks, "a duration as a string, such as 'P1DT12H'"),
}


def read(type: LiteralType, value: object) -> Scalar:
    """The value of `type` that a JSON value is.

    Raises:
        NotAValue: it is of another type, or Python's type cannot hold it exactly.
    """
    return _READ[type](value)


def json_text(value: object) -> str:
    """JSON text of a JSON value, every number with all its digits (json.dumps knows no Decimal).

    Raises:
        NotAValue: a number in it is not finite.
    """
    pieces: list[str] = []
    _append(value, pieces.append)
    return "".join(pieces)


def _append(value: object, append: Callable[[str], None]) -> None:
    # A loop of calls, not of generators: a large GeoJSON has millions of numbers, each many levels deep.
    if isinstance(value, str):
        append(encode_basestring(value))
    elif value is None:
        append("null")
    elif isinstance(value, bool):
        append("true" if value else "false")
    elif isinstance(value, int | float | Decimal):
        # math.isfinite cannot be asked of a signalling NaN.
        if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
            raise NotAValue(f"expected finite numbers, got {shown(value)}")
        append(str(value))
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            append(separator)
            _append(item, append)
            separator = ", "
        append("]" if value else "[]")
    elif isinstance(value, Mapping):
        separator = "{"
        for name, item in value.items():
            append(separator)
            append(encode_basestring(str(name)))
            append(": ")
            _append(item, append)
            separator = ", "
        append("}" if value else "{}")
    else:
        raise TypeError(f"not a JSON value: {type(value).__name__}")
