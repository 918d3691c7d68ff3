"""CSV with features: which of its columns are geometry, and how GDAL is told so."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from azenha.domain import formats

WKT: Final = ("geometry", "wkt", "geom", "the_geom")  # of which the first that is there is taken
PAIRS: Final = (("x", "y"), ("lon", "lat"), ("long", "lat"), ("lng", "lat"), ("longitude", "latitude"))


def geometry_columns(header: Sequence[str]) -> tuple[int, ...]:
    """Which column has geometries as WKT, or which two have x and y; nothing where none has."""
    at = {name.strip().lower(): number for number, name in reversed(list(enumerate(header)))}
    for name in WKT:
        if name in at:
            return (at[name],)
    return next(((at[x], at[y]) for x, y in PAIRS if x in at and y in at), ())


def opened_with(path: Path, media_type: str) -> tuple[str, Mapping[str, str]]:
    """What GDAL opens, and the options for that.

    The first row is always the header, and commas separate: left to itself, GDAL guesses both.
    """
    parsed = formats.media_type(media_type)
    charset = parsed.parameters.get("charset", "utf-8") if parsed else "utf-8"
    plain = charset.lower() in ("utf-8", "utf8", "us-ascii")
    with path.open(encoding="utf-8-sig" if plain else charset, errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    options = {"HEADERS": "YES", "SEPARATOR": "COMMA", **({} if plain else {"encoding": charset})}
    columns = [header[number].strip() for number in geometry_columns(header)]
    if len(columns) == 1:
        options |= {"GEOM_POSSIBLE_NAMES": columns[0], "KEEP_GEOM_COLUMNS": "NO"}
    elif columns:
        options |= {"X_POSSIBLE_NAMES": columns[0], "Y_POSSIBLE_NAMES": columns[1]}
    return f"CSV:{path}", options
