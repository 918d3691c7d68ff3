"""Scalars as text: the lexical spaces of XML Schema part 2, read strictly and written canonically.

What XML, KVP, forms and the command line carry. native.py shares date, time and duration, which JSON carries
as text too. Narrower than XML Schema where Python's type cannot hold the value exactly: such a value is
refused with the reason. Only doubles are rounded, as XML Schema says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from azenha.domain.process import LiteralType, Scalar

WHITE = " \t\r\n"  # XML's white space; whiteSpace=collapse of all types but string
DIGITS = 1000  # of an integer, and of a decimal on each side of the point; XML Schema asks for 18
_DATE_TIME_LENGTH = 100  # no instant or duration that we can hold needs more characters

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_ZONED_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DURATION = re.compile(
    r"(-)?P(?=.)(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]+))?S)?)?"
)
# What no XML 1.0 document can hold, not even as a reference (§2.2): as part of a class of regular expressions.
NO_XML: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_NO_XML = re.compile(f"[{NO_XML}]")
# Python's own spelling is taken too: birdy writes the values of its users so.
_BOOLEANS = {"true": True, "1": True, "True": True, "false": False, "0": False, "False": False}


class NotAValue(ValueError):
    """Why something is no value of its type: the rest of a sentence that begins with the input's name."""


def clean(text: str, longest: int = 60) -> str:
    """Somebody else's text for a message: on one line, cut where it is long, every character encodable."""
    line = text if len(text) <= longest else text[: longest - 1] + "…"
    return (
        line
        if line.isprintable()
        else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)
    )


def quoted(text: str, longest: int = 60) -> str:
    """As `clean`, in quotation marks."""
    return f"'{clean(text, longest)}'"


def integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise NotAValue(f"expected an integer, got {quoted(text)}")
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > DIGITS:
        raise NotAValue(f"an integer has at most {DIGITS} digits, got one of {len(digits)}")
    return int(digits or "0") * (-1 if text[0] == "-" else 1)


def decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise NotAValue(f"expected a decimal number without an exponent, got {quoted(text)}")
    return bounded(Decimal(text))


def bounded(number: Decimal) -> Decimal:
    """`number`, if it is of a size that can be calculated with.

    An exponent of a few characters (1e999999999) stands for a gigabyte of digits.
    """
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise NotAValue("expected a finite number")
    if number.adjusted() >= DIGITS or exponent < -DIGITS:
        raise NotAValue(f"a number has at most {DIGITS} digits before the point and {DIGITS} after it")
    return number


def double(text: str) -> float:
    if not _DOUBLE.fullmatch(text):
        if text.lstrip("+-").lower() in ("nan", "inf", "infinity"):
            raise NotAValue(f"expected a finite number, got {quoted(text)}")
        raise NotAValue(f"expected a number, got {quoted(text)}")
    number = float(text)
    if math.isinf(number):
        raise NotAValue(f"{quoted(text)} is beyond the range of a double (about 1.8e308)")
    return number


def boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text]
    except KeyError:
        raise NotAValue(f"expected true, false, 1 or 0, got {quoted(text)}") from None


def day(text: str) -> date:
    """A date without a time zone: a zone would shift it by up to a day, and `date` cannot keep it."""
    match = _DATE.fullmatch(text)
    if not match:
        if _ZONED_DATE.fullmatch(text):
            raise NotAValue(f"expected a date without a time zone, got {quoted(text)}")
        raise NotAValue(f"expected a date such as 2026-01-31, got {quoted(text)}")
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise NotAValue(f"{quoted(text)} is not in the calendar (years 0001 to 9999)") from None


def instant(text: str) -> datetime:
    """An instant; without a time zone it is UTC. 24:00:00 is the next midnight (XML Schema part 2 §3.2.7)."""
    return _instant(text, "a date and time such as 2026-01-31T12:00:00Z", zone_needed=False)


def zoned_instant(text: str) -> datetime:
    """An instant as RFC 3339 §5.6 writes it: the offset is required."""
    return _instant(text, "a date and time with its offset, such as 2026-01-31T12:00:00Z", zone_needed=True)


def _instant(text: str, expected: str, *, zone_needed: bool) -> datetime:
    match = _INSTANT.fullmatch(text) if len(text) <= _DATE_TIME_LENGTH else None
    if not match or (zone_needed and not match[6]):
        raise NotAValue(f"expected {expected}, got {quoted(text)}")
    hour, minute, second = int(match[2]), int(match[3]), int(match[4])
    microsecond = _microseconds(match[5], text)
    if second == 60:
        raise NotAValue(f"{quoted(text)} is a leap second, which cannot be kept")
    midnight_after = hour == 24 and not zone_needed and minute == second == microsecond == 0
    try:
        naive = datetime.fromisoformat(match[1]).replace(
            hour=0 if midnight_after else hour, minute=minute, second=second, microsecond=microsecond
        )
        if midnight_after:
            naive += timedelta(days=1)
        return naive.replace(tzinfo=_zone(match[6])).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotAValue(f"{quoted(text)} is not in the calendar (years 0001 to 9999, in UTC)") from None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _microseconds(fraction: str | None, text: str) -> int:
    if fraction is None:
        return 0
    if fraction[6:].strip("0"):
        raise NotAValue(f"{quoted(text)} is finer than a microsecond")
    return int(fraction[:6].ljust(6, "0"))


def span(text: str) -> timedelta:
    return _span(text, weeks=False)


def span_with_weeks(text: str) -> timedelta:
    """As RFC 3339 appendix A: weeks too, which XML Schema does not have; and a sign, which it has."""
    return _span(text, weeks=True)


def _span(text: str, *, weeks: bool) -> timedelta:
    match = _DURATION.fullmatch(text) if len(text) <= _DATE_TIME_LENGTH else None
    if not match or (match[4] and not weeks):
        raise NotAValue(f"expected a duration such as P1DT12H or PT0.5S, got {quoted(text)}")
    if int(match[2] or 0) or int(match[3] or 0):
        raise NotAValue(f"{quoted(text)} has years or months, which have no fixed length: give days")
    try:
        length = timedelta(
            weeks=int(match[4] or 0),
            days=int(match[5] or 0),
            hours=int(match[6] or 0),
            minutes=int(match[7] or 0),
            seconds=int(match[8] or 0),
            microseconds=_microseconds(match[9], text),
        )
    except OverflowError:
        raise NotAValue(f"{quoted(text)} is longer than 999999999 days") from None
    return -length if match[1] else length


_READ: Mapping[LiteralType, Callable[[str], Scalar]] = {
    LiteralType.INTEGER: integer,
    LiteralType.DOUBLE: double,
    LiteralType.DECIMAL: decimal,
    LiteralType.BOOLEAN: boolean,
    LiteralType.DATE: day,
    LiteralType.DATETIME: instant,
    LiteralType.DURATION: span,
}


def read(type: LiteralType, text: str) -> Scalar:
    """The value that `text` stands for in the lexical space of `type`; strings keep their white space.

    Raises:
        NotAValue: it stands for none, or for one that Python's type cannot hold exactly.
    """
    if type is LiteralType.STRING:
        return characters(text)
    return _READ[type](text.strip(WHITE))


def characters(text: str) -> str:
    """`text`, if it can be encoded at all: JSON can spell half a surrogate pair, which no file can hold."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NotAValue(f"character {error.start} is half of a surrogate pair") from None
    return text


def is_for_xml(text: str) -> bool:
    """Whether XML can hold all its characters."""
    return _NO_XML.search(text) is None


def write(value: Scalar) -> str:
    """The text of a value: `read` gives it back. Instants in UTC, durations in days and seconds."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, timedelta):
        return _write_span(value)
    return str(value)


def _write_span(value: timedelta) -> str:
    sign, length = ("-", -value) if value < timedelta(0) else ("", value)
    days = f"{length.days}D" if length.days else ""
    seconds = str(length.seconds)
    if length.microseconds:
        seconds += f".{length.microseconds:06d}".rstrip("0")
    time = f"T{seconds}S" if seconds != "0" or not days else ""
    return f"{sign}P{days}{time}"
