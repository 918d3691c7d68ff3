"""Plain values: numbers, texts, arrays and objects that are no data in files, and so stand in memory."""

from __future__ import annotations

from typing import Final

EACH: Final = 40  # bytes of text of a value: a number of 17 digits, with white space around it
SPARE: Final = 120  # bytes of text for each value that is not there: few values may be long


def room(values: int, limit: int) -> int:
    """Bytes of text that so many values may have together, where `limit` values are taken (limits.values)."""
    return EACH * values + SPARE * max(limit - values, 0)
