"""Text for terminals and pipes: tables, and other people's words made harmless."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def printable(text: str) -> str:
    """`text` without control characters except line breaks and tabs: a log must not steer the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: object) -> str:
    return " ".join(printable(str(text)).split())


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Columns side by side, as wide as their longest cell; the last one runs on."""
    cells = [[one_line(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def say(*lines: str) -> None:
    """To the person, on standard error: standard output is for results."""
    for line in lines:
        print(printable(line), file=sys.stderr, flush=True)
