"""Scalars as text: XML Schema's lexical spaces, strictly."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import lexical
from azenha.domain.lexical import NotAValue
from azenha.domain.process import LiteralType as T

VALUES = [
    (T.STRING, "  as it is \n", "  as it is \n"),
    (T.STRING, "", ""),
    (T.INTEGER, " 42\n", 42),
    (T.INTEGER, "+007", 7),
    (T.INTEGER, "-0", 0),
    (T.INTEGER, "123456789012345678901234567890", 123456789012345678901234567890),
    (T.DOUBLE, "1.5", 1.5),
    (T.DOUBLE, "\t-.5E-3 ", -0.0005),
    (T.DOUBLE, "3.", 3.0),
    (T.DOUBLE, "7", 7.0),
    (T.DECIMAL, "0.10", Decimal("0.10")),
    (T.DECIMAL, "+12345678901234567890.123456789", Decimal("12345678901234567890.123456789")),
    (T.BOOLEAN, "true", True),
    (T.BOOLEAN, "1", True),
    (T.BOOLEAN, " false ", False),
    (T.BOOLEAN, "0", False),
    (T.BOOLEAN, "True", True),
    (T.BOOLEAN, "False", False),
    (T.DATE, "2024-02-29", date(2024, 2, 29)),
    (T.DATETIME, "2024-02-29T12:00:00", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    (T.DATETIME, "2024-02-29T12:00:00Z", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    (T.DATETIME, "2024-02-29T12:00:00.25-03:00", datetime(2024, 2, 29, 15, 0, 0, 250000, tzinfo=UTC)),
    (T.DATETIME, "2024-02-29T12:00:00.1234560000Z", datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC)),
    (T.DATETIME, "2023-12-31T24:00:00", datetime(2024, 1, 1, tzinfo=UTC)),
    (T.DURATION, "P1DT12H", timedelta(days=1, hours=12)),
    (T.DURATION, "PT0.5S", timedelta(milliseconds=500)),
    (T.DURATION, "-PT90M", -timedelta(minutes=90)),
    (T.DURATION, "P0Y0M3D", timedelta(days=3)),
]


@pytest.mark.parametrize(("type", "text", "value"), VALUES)
def test_a_text_in_the_lexical_space_is_read_as_its_value(type, text, value):
    found = lexical.read(type, text)
    assert found == value
    assert found.__class__ is value.__class__


REFUSED = [
    (T.INTEGER, "1.7", "expected an integer, got '1.7'"),
    (T.INTEGER, "1.0", "expected an integer"),
    (T.INTEGER, "", "expected an integer, got ''"),
    (T.INTEGER, "1e3", "expected an integer"),
    (T.INTEGER, "1_000", "expected an integer"),
    (T.INTEGER, "٣", "expected an integer"),
    (T.INTEGER, "1 2", "expected an integer"),
    (T.INTEGER, "9" * 1001, "at most 1000 digits, got one of 1001"),
    (T.DOUBLE, "NaN", "expected a finite number, got 'NaN'"),
    (T.DOUBLE, "INF", "expected a finite number"),
    (T.DOUBLE, "-INF", "expected a finite number"),
    (T.DOUBLE, "1e400", "beyond the range of a double"),
    (T.DOUBLE, "1,5", "expected a number, got '1,5'"),
    (T.DOUBLE, "0x10", "expected a number"),
    (T.DECIMAL, "1e3", "without an exponent"),
    (T.DECIMAL, "NaN", "expected a decimal number"),
    (T.DECIMAL, "1" * 1001, "at most 1000 digits before the point"),
    (T.BOOLEAN, "garbage", "expected true, false, 1 or 0, got 'garbage'"),
    (T.BOOLEAN, "TRUE", "expected true, false, 1 or 0"),
    (T.DATE, "10", "expected a date such as"),
    (T.DATE, "2023-02-29", "not in the calendar"),
    (T.DATE, "2024-02-29Z", "without a time zone"),
    (T.DATE, "0000-01-01", "not in the calendar"),
    (T.DATETIME, "2024-02-29", "expected a date and time"),
    (T.DATETIME, "2024-02-29 12:00:00", "expected a date and time"),
    (T.DATETIME, "2024-02-29T25:00:00", "not in the calendar"),
    (T.DATETIME, "2024-02-29T24:00:01", "not in the calendar"),
    (T.DATETIME, "2024-02-29T12:00:60Z", "leap second"),
    (T.DATETIME, "2024-02-29T12:00:00+01:75", "not in the calendar"),
    (T.DATETIME, "0001-01-01T00:00:00+14:00", "not in the calendar"),
    (T.DATETIME, "9999-12-31T24:00:00", "not in the calendar"),
    (T.DATETIME, "2024-02-29T12:00:00.0000001Z", "finer than a microsecond"),
    (T.DURATION, "P1Y", "years or months, which have no fixed length"),
    (T.DURATION, "P1M", "years or months"),
    (T.DURATION, "P", "expected a duration"),
    (T.DURATION, "P1DT", "expected a duration"),
    (T.DURATION, "P2W", "expected a duration"),
    (T.DURATION, "1D", "expected a duration"),
    (T.DURATION, "PT0.0000001S", "finer than a microsecond"),
    (T.DURATION, "P1000000000D", "longer than 999999999 days"),
    (T.STRING, "\ud800", "half of a surrogate pair"),
]


@pytest.mark.parametrize(("type", "text", "reason"), REFUSED)
def test_a_text_outside_the_lexical_space_is_refused_with_its_reason(type, text, reason):
    with pytest.raises(NotAValue) as refusal:
        lexical.read(type, text)
    assert reason in str(refusal.value)


def test_every_literal_type_has_texts_that_are_read_and_texts_that_are_refused():
    assert {type for type, _, _ in VALUES} == {type for type, _, _ in REFUSED} == set(T)


SCALARS = [
    (T.STRING, st.text()),
    (T.INTEGER, st.integers()),
    (T.DOUBLE, st.floats(allow_nan=False, allow_infinity=False)),
    (T.DECIMAL, st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40)),
    (T.BOOLEAN, st.booleans()),
    (T.DATE, st.dates()),
    (T.DATETIME, st.datetimes(timezones=st.just(UTC))),
    (T.DURATION, st.timedeltas()),
]


@given(st.one_of([st.tuples(st.just(type), values) for type, values in SCALARS]))
def test_what_is_written_is_read_back_as_the_same_value(typed):
    type, value = typed
    assert lexical.read(type, lexical.write(value)) == value


@given(st.text(st.sampled_from("0123456789+-.:TZPYMWDHS eE")), st.sampled_from(list(T)))
def test_any_text_is_a_value_or_a_refusal_and_never_a_crash(text, type):
    with suppress(NotAValue):
        assert lexical.read(type, text) is not None


def test_an_instant_is_written_in_utc_and_a_duration_without_years():
    noon = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=-3)))
    assert lexical.write(noon) == "2024-02-29T15:00:00Z"
    assert lexical.write(timedelta(days=400, seconds=1.5)) == "P400DT1.5S"
    assert lexical.write(timedelta(0)) == "PT0S"
    assert lexical.write(True) == "true"
    assert lexical.write(Decimal("1E+3")) == "1000"


def test_a_message_has_one_short_line_of_somebody_elses_text():
    shown = lexical.quoted("a\nb\ud800" + "c" * 100)
    assert len(shown) == 62
    assert shown.isprintable()
    assert shown.encode()


def test_hostile_lengths_are_refused_at_once():
    for type in (T.DATETIME, T.DURATION, T.DATE):
        with pytest.raises(NotAValue):
            lexical.read(type, "P" + "1D" * 1_000_000)
