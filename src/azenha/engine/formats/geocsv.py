"""CSV with features: its geometries are read one by one, as GDAL takes those that are none for missing ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Final

from azenha.authoring.geocsv import PAIRS, WKT, geometry_columns
from azenha.engine.formats.documents import rows_of
from azenha.engine.formats.geometries import as_asked, kinds_of_shapes
from azenha.engine.formats.opening import NotValid, Opening, counted

_AT_ONCE: Final = 10_000  # rows


def open_csv(opening: Opening) -> str:
    """Read the first rows, or all where that is asked or geometries of certain types are wanted.

    Raises:
        NotValid: it is no CSV, or has no geometry; a geometry is none, or not what was asked.
    """
    kinds: set[str] = set()
    with closing(rows_of(opening, opening.asked.read or bool(opening.asked.geometries))) as rows:
        _, header = next(rows, (0, []))
        columns = geometry_columns(header)
        if not columns:
            pairs = ", ".join(" and ".join(pair) for pair in PAIRS)
            raise NotValid(
                f"there is no geometry in it: no column is called {', '.join(WKT)}, and no two are {pairs}"
            )
        kinds_in = _kinds_of_text if len(columns) == 1 else _kinds_of_points
        while some := list(islice(rows, _AT_ONCE)):
            kinds |= kinds_in([(number, [row[at].strip() for at in columns]) for number, row in some])
    names = " and ".join(f"'{header[at][:60]}'" for at in columns)
    as_asked(opening.asked, f"geometry of {names}", kinds, None)
    return f"{counted(len(header), 'column')}, {', '.join(sorted(kinds)) or 'no geometry'} by {names}"


def _kinds_of_text(rows: Sequence[tuple[int, list[str]]]) -> set[str]:
    """Of one column: WKT, or WKB in hexadecimal digits as databases write it."""
    import numpy
    import shapely

    digits = [text if text.startswith("0") else None for _, (text,) in rows]
    words = [text if text and not text.startswith("0") else None for _, (text,) in rows]
    read: Any = shapely.from_wkb(numpy.array(digits, dtype=object), on_invalid="ignore")
    also: Any = shapely.from_wkt(numpy.array(words, dtype=object), on_invalid="ignore")
    for (number, (text,)), one, other in zip(rows, read, also, strict=True):
        if text and one is None and other is None:
            raise NotValid(f"its row {number:,} has a geometry that is none: {text[:60]!r}")
    return kinds_of_shapes(read) | kinds_of_shapes(also)


def _kinds_of_points(rows: Sequence[tuple[int, list[str]]]) -> set[str]:
    """Of two columns; a row that has neither has no geometry."""
    found = False
    for number, pair in rows:
        if not any(pair):
            continue
        for text in pair:
            try:
                if not math.isfinite(float(text)):
                    raise ValueError
            except ValueError:
                raise NotValid(f"its row {number:,} has no point: {text[:60]!r} is no coordinate") from None
        found = True
    return {"Point"} if found else set()
