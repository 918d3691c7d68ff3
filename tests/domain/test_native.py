"""Scalars as JSON values: a string is no number, true is no number, 1.0 is the integer 1."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import lexical, native
from azenha.domain.lexical import NotAValue
from azenha.domain.process import LiteralType as T

VALUES = [
    (T.STRING, " a ", " a "),
    (T.INTEGER, 1, 1),
    (T.INTEGER, Decimal("1.0"), 1),
    (T.INTEGER, Decimal("1E+3"), 1000),
    (T.INTEGER, 1.0, 1),
    (T.INTEGER, 2**70, 2**70),
    (T.DOUBLE, 1, 1.0),
    (T.DOUBLE, Decimal("0.1"), 0.1),
    (T.DOUBLE, Decimal("1E-400"), 0.0),
    (T.DECIMAL, Decimal("0.10"), Decimal("0.10")),
    (T.DECIMAL, 3, Decimal(3)),
    (T.DECIMAL, 0.1, Decimal("0.1")),
    (T.BOOLEAN, True, True),
    (T.DATE, "2024-02-29", date(2024, 2, 29)),
    (T.DATETIME, "2024-02-29T12:00:00+02:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
    (T.DATETIME, "2024-02-29t12:00:00z", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    (T.DURATION, "P2W", timedelta(weeks=2)),
    (T.DURATION, "PT1H", timedelta(hours=1)),
]


@pytest.mark.parametrize(("type", "given", "value"), VALUES)
def test_a_json_value_of_the_type_is_read_exactly(type, given, value):
    found = native.read(type, given)
    assert found == value
    assert found.__class__ is value.__class__


REFUSED = [
    (T.STRING, 1, "expected a string, got the number 1"),
    (T.STRING, True, "got true"),
    (T.STRING, ["a"], "expected a string, got an array"),
    (T.STRING, {"a": 1}, "got an object"),
    (T.STRING, "\udc00", "half of a surrogate pair"),
    (T.INTEGER, Decimal("1.5"), "expected an integer, got the number 1.5"),
    (T.INTEGER, 1.5, "expected an integer, got the number 1.5"),
    (T.INTEGER, "1", "expected an integer, got the string '1'"),
    (T.INTEGER, True, "expected an integer, got true"),
    (T.INTEGER, Decimal("1E+999999999"), "at most 1000 digits"),
    (T.INTEGER, 10**1000, "at most 1000 digits"),
    (T.INTEGER, float("nan"), "expected a finite number"),
    (T.DOUBLE, True, "expected a number, got true"),
    (T.DOUBLE, "1.5", "expected a number, got the string '1.5'"),
    (T.DOUBLE, float("inf"), "expected a finite number"),
    (T.DOUBLE, Decimal("NaN"), "expected a finite number"),
    (T.DOUBLE, Decimal("1E+400"), "beyond the range of a double"),
    (T.DOUBLE, 10**400, "beyond the range of a double"),
    (T.DECIMAL, "0.1", "expected a number, got the string '0.1'"),
    (T.DECIMAL, Decimal("Infinity"), "expected a finite number"),
    (T.DECIMAL, Decimal("1E-999999999"), "at most 1000 digits"),
    (T.BOOLEAN, 1, "expected true or false, got the number 1"),
    (T.BOOLEAN, "true", "expected true or false, got the string 'true'"),
    (T.DATE, 20240229, "a date as a string"),
    (T.DATE, "2024-02-29T00:00:00Z", "expected a date such as"),
    (T.DATETIME, "2024-02-29T12:00:00", "with its offset"),
    (T.DATETIME, 0, "a date and time as a string"),
    (T.DATETIME, "2024-02-29T24:00:00Z", "not in the calendar"),
    (T.DURATION, 5, "a duration as a string"),
    (T.DURATION, "P1Y", "no fixed length"),
]


@pytest.mark.parametrize(("type", "given", "reason"), REFUSED)
def test_a_json_value_of_another_type_is_refused_and_never_coerced(type, given, reason):
    with pytest.raises(NotAValue) as refusal:
        native.read(type, given)
    assert reason in str(refusal.value)


def test_every_literal_type_has_values_that_are_read_and_values_that_are_refused():
    assert {type for type, _, _ in VALUES} == {type for type, _, _ in REFUSED} == set(T)


def as_json(value):
    """As a client would: numbers as numbers, instants and durations as strings."""
    return lexical.write(value) if isinstance(value, date | timedelta) else value


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
def test_a_value_sent_as_json_text_is_read_back_as_the_same_value(typed):
    type, value = typed
    sent = json.loads(native.json_text(as_json(value)), parse_float=Decimal)
    assert native.read(type, sent) == value


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_data_keeps_every_digit(value):
    assert json.loads(native.json_text(value), parse_float=Decimal) == value


def test_more_digits_than_a_double_has_stay():
    text = '{"x": [-38.123456789012345678, 1.50, 12345678901234567890]}'
    assert native.json_text(json.loads(text, parse_float=Decimal)) == text


def test_a_number_that_json_cannot_write_is_refused():
    with pytest.raises(NotAValue, match="finite"):
        native.json_text([float("nan")])
