"""Allowed values, ranges, closures and spacing."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from azenha.domain import allowed
from azenha.domain.process import Closure, LiteralType, ValueRange

HOURLY = ValueRange(datetime(2024, 1, 1, tzinfo=UTC), None, spacing=timedelta(hours=1))

TABLE = [
    ((), 5, True),
    (("red", "nir"), "red", True),
    (("red", "nir"), "Red", False),
    ((1, 2, ValueRange(10, 20)), 2, True),
    ((1, 2, ValueRange(10, 20)), 15, True),
    ((1, 2, ValueRange(10, 20)), 5, False),
    ((ValueRange(1, 64),), 1, True),
    ((ValueRange(1, 64),), 64, True),
    ((ValueRange(1, 64),), 0, False),
    ((ValueRange(1, 64),), 65, False),
    ((ValueRange(1, 64, Closure.OPEN),), 1, False),
    ((ValueRange(1, 64, Closure.OPEN),), 64, False),
    ((ValueRange(1, 64, Closure.OPEN),), 2, True),
    ((ValueRange(1, 64, Closure.OPEN_CLOSED),), 1, False),
    ((ValueRange(1, 64, Closure.OPEN_CLOSED),), 64, True),
    ((ValueRange(1, 64, Closure.CLOSED_OPEN),), 1, True),
    ((ValueRange(1, 64, Closure.CLOSED_OPEN),), 64, False),
    ((ValueRange(None, 0),), -(10**9), True),
    ((ValueRange(None, 0),), 1, False),
    ((ValueRange(0, None, Closure.OPEN),), 0, False),
    ((ValueRange(1, 9, spacing=2),), 7, True),
    ((ValueRange(1, 9, spacing=2),), 8, False),
    ((ValueRange(None, 9, spacing=2),), 8, True),
    ((ValueRange(None, 9, spacing=2),), 7, False),
    ((ValueRange(0.0, 1.0, spacing=0.1),), 0.3, True),
    ((ValueRange(0.0, 1.0, spacing=0.1),), 0.35, False),
    ((ValueRange(0.1, 0.3),), Decimal("0.1"), True),
    ((ValueRange(Decimal("0.1"), Decimal("0.3")),), 0.3, True),
    ((0.1,), Decimal("0.1"), True),
    ((ValueRange(date(2024, 1, 1), None, spacing=timedelta(days=7)),), date(2024, 1, 15), True),
    ((ValueRange(date(2024, 1, 1), None, spacing=timedelta(days=7)),), date(2024, 1, 16), False),
    ((HOURLY,), datetime(2024, 2, 1, 5, tzinfo=UTC), True),
    ((HOURLY,), datetime(2024, 2, 1, 5, 1, tzinfo=UTC), False),
    ((ValueRange(datetime(2024, 1, 1), None),), datetime(2023, 12, 31, tzinfo=UTC), False),
    ((ValueRange(None, None, spacing=timedelta(minutes=5)),), timedelta(minutes=10), True),
    ((ValueRange(None, None, spacing=timedelta(minutes=5)),), timedelta(minutes=11), False),
]


@pytest.mark.parametrize(("domain", "value", "expected"), TABLE)
def test_a_value_is_allowed_by_a_listed_value_or_a_range(domain, value, expected):
    assert allowed.allows(domain, value) is expected


INT, FLOAT, DECIMAL = LiteralType.INTEGER, LiteralType.DOUBLE, LiteralType.DECIMAL
DAY, TIME, SPAN = LiteralType.DATE, LiteralType.DATETIME, LiteralType.DURATION
EMPTY = [
    (INT, ValueRange(1, 2, Closure.OPEN), True),
    (INT, ValueRange(1, 3, Closure.OPEN), False),
    (INT, ValueRange(1, 2, Closure.OPEN_CLOSED), False),
    (INT, ValueRange(1, 1), False),
    (INT, ValueRange(1, 1, Closure.CLOSED_OPEN), True),
    (INT, ValueRange(0, 9, Closure.OPEN, 10), True),
    (INT, ValueRange(0, 10, Closure.OPEN, 10), True),
    (INT, ValueRange(0, 10, Closure.OPEN_CLOSED, 10), False),
    (INT, ValueRange(0, 9, Closure.CLOSED_OPEN, 10), False),
    (INT, ValueRange(10**400, None, Closure.OPEN), False),
    (INT, ValueRange(None, 0, Closure.OPEN), False),
    (FLOAT, ValueRange(1.0, 2.0, Closure.OPEN), False),
    (FLOAT, ValueRange(1.0, 1.0 + 2**-52, Closure.OPEN), True),
    (FLOAT, ValueRange(0.0, 0.1, Closure.OPEN_CLOSED, 0.1), False),
    (FLOAT, ValueRange(sys.float_info.max, None, Closure.OPEN), True),
    (FLOAT, ValueRange(None, -sys.float_info.max, Closure.OPEN), True),
    (DECIMAL, ValueRange(Decimal(1), Decimal("1.1"), Closure.OPEN), False),
    (DECIMAL, ValueRange(Decimal(1), Decimal(1), Closure.OPEN), True),
    (DECIMAL, ValueRange(Decimal("1e99"), Decimal("1e99") + 0, Closure.OPEN_CLOSED, Decimal("1e-99")), True),
    (DAY, ValueRange(date(2024, 1, 1), date(2024, 1, 2), Closure.OPEN), True),
    (DAY, ValueRange(date(2024, 1, 1), date(2024, 1, 3), Closure.OPEN), False),
    (DAY, ValueRange(date.max, None, Closure.OPEN), True),
    (DAY, ValueRange(None, date.min, Closure.CLOSED_OPEN), True),
    (TIME, HOURLY, False),
    (SPAN, ValueRange(timedelta(0), timedelta(1), Closure.OPEN, timedelta(1)), True),
    (SPAN, ValueRange(timedelta(0), timedelta(1), Closure.OPEN), False),
]


@pytest.mark.parametrize(("type", "interval", "expected"), EMPTY, ids=lambda v: str(v)[:60])
def test_a_range_is_empty_where_no_value_of_the_type_is_in_it(type, interval, expected):
    assert allowed.is_empty(type, interval) is expected


def test_a_step_of_a_hostile_size_is_calculated_at_once():
    assert not allowed.allows((ValueRange(0.0, None, spacing=0.1),), 5e-324)
    assert allowed.allows((ValueRange(0.0, None, spacing=0.5),), 1e308)


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (("red", "nir"), "'red', 'nir'"),
        ((1, ValueRange(10, 20)), "1, from 10 up to 20"),
        ((ValueRange(0, None, Closure.OPEN),), "above 0"),
        ((ValueRange(None, 1.5, Closure.CLOSED_OPEN),), "below 1.5"),
        ((ValueRange(1, 9, spacing=2),), "from 1 up to 9 in steps of 2"),
        ((date(2024, 1, 1), timedelta(hours=1)), "2024-01-01, PT3600S"),
        ((ValueRange(),), "any value"),
    ],
)
def test_what_is_allowed_is_said_in_words(domain, words):
    assert allowed.shown(domain) == words


def test_very_many_allowed_values_are_counted_and_not_all_listed():
    assert allowed.shown(tuple(range(51))).endswith("48, 49, … (51 in all)")
