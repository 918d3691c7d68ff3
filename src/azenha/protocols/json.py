"""Strict JSON in, exact JSON out (RFC 8259).

In: numbers exact (int or Decimal), no NaN, no name twice in an object, bounded depth and digits, UTF-8 alone.
What is wrong is Malformed, with line and column where the parser knows them. Out: a Decimal keeps all digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from itertools import accumulate
from typing import Final

from azenha.domain import lexical
from azenha.domain.errors import Malformed
from azenha.domain.process import Scalar
from azenha.protocols.http import Buffer, Limits
from azenha.protocols.json_count import count

DIGITS: Final = 1000
EXPONENT: Final = 1000  # above any double, below where a whole number would fill the memory

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
NO_BRACKETS = bytes(c for c in range(256) if c not in b"[]{}")
STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(body: Buffer, limits: Limits = Limits(), what: str = "the body") -> object:
    """The value that `body` holds: str, int, Decimal, bool, None, list or dict.

    Args:
        what: that is to be read, for messages.
    Raises:
        Malformed: not such JSON; a lone surrogate counts as that, because no UTF-8 could hold it.
        TooManyPlain: more values than `limits` allows, with what was read of the request before.
    """
    data = bytes(body)
    _check_depth(data, limits.depth, what)
    limits.counted().add(count((data,)), len(data))
    try:
        # A byte order mark may be ignored (RFC 8259 §8.1), and some clients on Windows send one.
        text = str(data, "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is not UTF-8: {error.reason} at byte {error.start}") from None
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(
            f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    if _SURROGATE.search(text):
        check_surrogates(value, what)
    return value


def _check_depth(data: bytes, depth: int, what: str) -> None:
    """Before the parser goes there: it recurses. Counts only what stands outside of strings."""
    if data.count(b"[") + data.count(b"{") <= depth:
        return
    brackets = _STRING.sub(b"", data).translate(None, NO_BRACKETS)
    if max(accumulate(map(STEP.__getitem__, brackets)), default=0) > depth:
        raise Malformed(f"{what} nests deeper than {depth} arrays and objects (setting limits.depth)")


def check_surrogates(value: object, what: str = "the body") -> None:
    """
    Raises:
        Malformed: a string in a JSON value has half of a surrogate pair.
    """
    for text in _strings(value):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Malformed(f"a string in {what} has half of a surrogate pair (\\ud800 to \\udfff)") from None


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _strings(item)


def _int(text: str) -> int:
    if len(text) > DIGITS:
        raise Malformed(f"a number in the body has {len(text)} digits; at most {DIGITS} are read")
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > DIGITS:
        raise Malformed(f"a number in the body has {len(text)} characters; at most {DIGITS} are read")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Malformed(f"the number {text} is out of range: exponents go to ±{EXPONENT}") from None
    # The exponent of a zero says nothing of its size, but `0e999999999` costs as much to expand.
    if ("e" in text or "E" in text) and not -EXPONENT <= int(value.as_tuple().exponent) <= EXPONENT:
        raise Malformed(f"the number {text} is out of range: exponents go to ±{EXPONENT}")
    return value


def _constant(text: str) -> object:
    raise Malformed(f"{text} is not JSON (RFC 8259 §6)")


def _object(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    value = dict(members)
    if len(value) != len(members):
        refuse_twice([name for name, _ in members])
    return value


def refuse_twice(names: Sequence[str]) -> None:
    """
    Raises:
        Malformed: with the first name that stands there twice.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Malformed(f"an object in the body has the name '{name[:100]}' twice")
        seen.add(name)


def decoder(
    members: Callable[[Sequence[tuple[str, object]]], object],
    *,
    exact: bool,
    constant: Callable[[str], object] = _constant,
) -> json.JSONDecoder:
    """A strict parser.

    Args:
        members: called with those of each object.
        exact: numbers are read digit by digit; else as doubles, which is quicker where only the form matters.
    """
    if not exact:
        return json.JSONDecoder(object_pairs_hook=members, parse_constant=constant)
    return json.JSONDecoder(
        object_pairs_hook=members, parse_int=_int, parse_float=_decimal, parse_constant=constant
    )


_DECODER = decoder(_object, exact=True)


def with_places(data: bytes, places: Iterable[object]) -> object:
    """The value of JSON that was checked before; each NaN in it stands for the next of `places`."""
    following = iter(places)
    value: object = decoder(_object, exact=True, constant=lambda _: next(following)).decode(
        str(data, "utf-8")
    )
    return value


def is_valid(data: bytes) -> bool:
    """Whether `data` may stand verbatim inside a JSON document."""
    try:
        _CHECKER.decode(str(data, "utf-8"))
    except (ValueError, Malformed, RecursionError):
        return False
    return True


_CHECKER = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_constant)


class _Inexact(Exception):
    """The value holds a Decimal, which the standard library's encoder cannot write."""


def _refuse(value: object) -> object:
    if isinstance(value, Decimal):
        raise _Inexact
    raise TypeError(f"not a JSON value: {type(value).__name__}")


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse)


def dump(value: object) -> bytes:
    """UTF-8 JSON of dicts, lists, str, int, float, Decimal, bool and None; a Decimal keeps every digit."""
    try:
        return _ENCODER.encode(value).encode()
    except _Inexact:
        return "".join(_pieces(value)).encode()


def _pieces(value: object) -> Iterator[str]:
    match value:
        case Decimal():
            yield str(value)  # "1E+3" and "0.10" are JSON numbers too
        case dict():
            yield "{"
            for index, (name, item) in enumerate(value.items()):
                yield f"{',' if index else ''}{_ENCODER.encode(str(name))}:"
                yield from _pieces(item)
            yield "}"
        case list() | tuple():
            yield "["
            for index, item in enumerate(value):
                if index:
                    yield ","
                yield from _pieces(item)
            yield "]"
        case _:
            yield _ENCODER.encode(value)


def native(value: Scalar) -> object:
    """A scalar as a JSON value; dates, times and durations as RFC 3339 writes them."""
    return lexical.write(value) if isinstance(value, date | timedelta) else value
