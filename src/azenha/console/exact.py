"""JSON with exact numbers: what a person typed is what is sent, digit by digit."""

from __future__ import annotations

import json
import re
from decimal import Decimal

# JSON's grammar is narrower than what people write (`+1`, `.5`, `1.`): those are rewritten, not refused.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
MAX_DIGITS = 4000  # below Python's own limit of converting texts to integers
MAX_EXPONENT = 10_000  # a Decimal of more would be written with as many zeros


def read_json(text: str | bytes) -> object:
    """The value that `text` stands for; numbers are int or Decimal.

    Raises:
        ValueError: not JSON, or nested too deeply.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def write_json(value: object, indent: int | None = None, level: int = 0) -> str:
    """Text of a value as `read_json` gives it, Decimals with all their digits; with `indent`, for people."""
    if isinstance(value, Decimal):
        return str(value)  # `1E+5` and `0.10` are numbers in JSON too
    ascii = indent is None
    if isinstance(value, dict) and value:
        parts = [
            f"{json.dumps(str(k), ensure_ascii=ascii)}: {write_json(v, indent, level + 1)}"
            for k, v in value.items()
        ]
        return _enclosed("{", parts, "}", indent, level)
    if isinstance(value, list | tuple) and value:
        return _enclosed("[", [write_json(v, indent, level + 1) for v in value], "]", indent, level)
    return json.dumps(value, ensure_ascii=ascii)


def _enclosed(left: str, parts: list[str], right: str, indent: int | None, level: int) -> str:
    if indent is None:
        return left + ", ".join(parts) + right
    inner = "\n" + " " * indent * (level + 1)
    return left + inner + ("," + inner).join(parts) + "\n" + " " * indent * level + right


def integer(text: str) -> int | None:
    """The integer that `text` writes in decimal digits, None if it is none."""
    text = text.strip()
    return int(text) if _INTEGER.fullmatch(text) and len(text) <= MAX_DIGITS else None


def number(text: str) -> int | Decimal | None:
    """The number that `text` writes, None if it is none (nor are NaN and infinity)."""
    text = text.strip()
    if not _NUMBER.fullmatch(text) or len(text) > MAX_DIGITS:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    value = Decimal(text)
    return value if value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT else None
