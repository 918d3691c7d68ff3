"""Plain values: numbers, texts, arrays and objects that are no data in files, and so stand in memory."""

from __future__ import annotations

from typing import Final

from azenha.domain.values import Box, Literal, Record

EACH: Final = 40  # bytes of text of a value: a number of 17 digits, with white space around it
SPARE: Final = 120  # bytes of text for each value that is not there: few values may be long


def room(values: int, limit: int) -> int:
    """Bytes of text that so many values may have together, where `limit` values are taken (limits.values)."""
    return EACH * values + SPARE * max(limit - values, 0)


def counted(value: object, data: int) -> tuple[int, int]:
    """How many values a checked value counts for, and bytes of text in them.

    Args:
        data: what data by value, in a file or by reference count for.
    Raises:
        UnicodeEncodeError: a text has half of a surrogate pair.
    """
    match value:
        case Literal(value=str(text)):
            return 1, len(text.encode())
        case Literal():
            return 1, 0
        case Box(minimum):
            return 1 + 2 * len(minimum), 0
        case Record(fields):
            values = size = 0
            for several in fields.values():
                for one in several:
                    more, text_of_one = counted(one, data)
                    values, size = values + more, size + text_of_one
            return 1 + values, size
    return data, 0
