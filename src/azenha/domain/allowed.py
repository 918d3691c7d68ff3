"""Allowed values of a literal: single values and ranges (OWS Common, OGC 06-121r9 §11; WPS 2.0 §7.3.1).

Ranges hold for the number as given, in whichever of the offered units.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from azenha.domain import lexical
from azenha.domain.process import Closure, LiteralType, Scalar, ValueRange

_WITH_MINIMUM = frozenset({Closure.CLOSED, Closure.CLOSED_OPEN})
_WITH_MAXIMUM = frozenset({Closure.CLOSED, Closure.OPEN_CLOSED})
_SHOWN_AT_MOST = 50
_ZERO: Mapping[type, object] = {
    date: date.min,
    datetime: datetime.min.replace(tzinfo=UTC),
    timedelta: timedelta(0),
}
_EXTENT: Mapping[LiteralType, tuple[object, object]] = {
    LiteralType.DOUBLE: (-sys.float_info.max, sys.float_info.max),
    LiteralType.DATE: (date.min, date.max),
    LiteralType.DATETIME: (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    LiteralType.DURATION: (timedelta.min, timedelta.max),
}
_GRAIN: Mapping[LiteralType, object] = {  # how far apart values are at least
    LiteralType.INTEGER: 1,
    LiteralType.DATE: timedelta(1),
    LiteralType.DATETIME: datetime.resolution,
    LiteralType.DURATION: timedelta.resolution,
}


def allows(allowed: tuple[Scalar | ValueRange, ...], value: Scalar) -> bool:
    """Whether `value` is one of `allowed`, or in one of its ranges; everything is where it is empty."""
    return not allowed or any(
        _within(value, one) if isinstance(one, ValueRange) else _like(one, value) == value for one in allowed
    )


def _like(bound: Scalar, value: Scalar) -> Any:
    """`bound` in the type of `value`: an author may write 0.1 for a decimal, and means one tenth by it."""
    if isinstance(value, Decimal) and isinstance(bound, float):
        return Decimal(repr(bound))
    if isinstance(value, float) and isinstance(bound, Decimal):
        return float(bound)
    if isinstance(bound, datetime) and bound.tzinfo is None:
        return bound.replace(tzinfo=UTC)
    return bound


def _within(value: Any, interval: ValueRange) -> bool:
    if interval.minimum is not None:
        minimum = _like(interval.minimum, value)
        if value < minimum or (value == minimum and interval.closure not in _WITH_MINIMUM):
            return False
    if interval.maximum is not None:
        maximum = _like(interval.maximum, value)
        if value > maximum or (value == maximum and interval.closure not in _WITH_MAXIMUM):
            return False
    return interval.spacing is None or _on_a_step(value, interval)


def _on_a_step(value: Any, interval: ValueRange) -> bool:
    """Whether `value` is whole steps from the minimum; without one, from zero (or the first day)."""
    origin: Any = None if interval.minimum is None else _like(interval.minimum, value)
    spacing: Any = interval.spacing
    if isinstance(value, date | timedelta):
        if origin is None:
            origin = _ZERO[type(value)]
        steps: bool = (value - origin) % spacing == timedelta(0)
        return steps
    return (exact(value) - exact(0 if origin is None else origin)) % exact(spacing) == 0


def exact(number: float | Decimal | Fraction) -> Fraction:
    """A double counts as its shortest text: 0.3 is three steps of 0.1."""
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def is_empty(type: LiteralType, interval: ValueRange) -> bool:
    """Whether no value of `type` is in a range: no integer is above 1 and below 2.

    Of a range with a spacing, only its first step is looked at.
    """
    least, most = _EXTENT.get(type, (None, None))
    first: Any = least if interval.minimum is None else interval.minimum
    last: Any = most if interval.maximum is None else interval.maximum
    if first is None or last is None:
        return False
    with_last = interval.maximum is None or interval.closure in _WITH_MAXIMUM
    if interval.minimum is not None and interval.closure not in _WITH_MINIMUM:
        if type is LiteralType.DECIMAL and interval.spacing is None:
            return bool(last <= first)  # between any two there are others
        try:
            first = _after(type, first, interval.spacing)
        except OverflowError:
            return True  # beyond the last day, or the longest duration
    if isinstance(last, int | float | Decimal):
        last = exact(last)
        first = math.inf if first == math.inf else exact(first)
    return bool(first > last or (first == last and not with_last))


def _after(type: LiteralType, start: Any, spacing: Any) -> Any:
    """The first value above one."""
    if spacing is None and type is LiteralType.DOUBLE:
        return math.nextafter(start, math.inf)
    step: Any = _GRAIN[type] if spacing is None else spacing
    return start + step if isinstance(start, date | timedelta) else exact(start) + exact(step)


def shown(allowed: tuple[Scalar | ValueRange, ...]) -> str:
    """The allowed values in a message; of very many, the first and how many there are."""
    words = [_range(one) if isinstance(one, ValueRange) else scalar(one) for one in allowed[:_SHOWN_AT_MOST]]
    more = f", … ({len(allowed)} in all)" if len(allowed) > _SHOWN_AT_MOST else ""
    return ", ".join(words) + more


def scalar(value: Scalar) -> str:
    """A value in a message: strings in quotation marks, all others as XML Schema writes them."""
    return lexical.quoted(value) if isinstance(value, str) else lexical.write(value)


def _range(interval: ValueRange) -> str:
    minimum, maximum, closure = interval.minimum, interval.maximum, interval.closure
    words = []
    if minimum is not None:
        words.append(f"{'from' if closure in _WITH_MINIMUM else 'above'} {scalar(minimum)}")
    if maximum is not None:
        words.append(f"{'up to' if closure in _WITH_MAXIMUM else 'below'} {scalar(maximum)}")
    if interval.spacing is not None:
        words.append(f"in steps of {scalar(interval.spacing)}")
    return " ".join(words) or "any value"
