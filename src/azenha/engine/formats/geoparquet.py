"""GeoParquet: its head as it is written, and its geometries where they are to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azenha.authoring.geoparquet import WKB, Column, NoGeometry, columns, system
from azenha.engine.formats.geometries import as_asked, flat, kinds_of
from azenha.engine.formats.opening import NotValid, Opening, counted


def open_geoparquet(opening: Opening) -> str:
    """Look at the head; read all of it, or the geometries alone where only they tell their types.

    What is asked is asked of the primary column.

    Raises:
        NotValid: it is none, lacks what was asked, or cannot be read.
    """
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(opening.path) as file:
            found = columns(file.schema_arrow)
            primary = found[0]
            kinds = {flat(kind) for kind in primary.kinds}
            if opening.asked.read:
                kinds = _read(file, found, None)
            elif opening.asked.geometries and not kinds:
                kinds = _read(file, found[:1], [primary.name])
            rows = file.metadata.num_rows
    except NoGeometry as reason:
        raise NotValid(str(reason)) from None
    except (ArrowException, OSError) as error:
        raise NotValid(f"it cannot be opened: {error}") from None
    as_asked(opening.asked, f"column '{primary.name[:60]}'", kinds, primary.crs)
    shown = ", ".join(sorted(kinds)) or "Unknown"
    return f"{counted(rows, 'feature')}: {shown} in {(system(primary.crs) or 'no system')[:60]}"


def _read(file: Any, found: Sequence[Column], names: list[str] | None) -> set[str]:
    """Read these columns, all if None; the types of the geometries in the first of `found`."""
    kinds: set[str] = set()
    for batch in file.iter_batches(columns=names):
        for column in found:
            values = batch.column(column.name)
            if column.encoding != WKB:
                # Arrow has read it as that: each such column has geometries of one type alone.
                seen = {flat(kind) for kind in column.kinds} if len(values) > values.null_count else set()
            else:
                seen = kinds_of(_bytes(values, column.name))
            if column is found[0]:
                kinds |= seen
    return kinds


def _bytes(values: Any, name: str) -> Any:
    import pyarrow

    if isinstance(values, pyarrow.ExtensionArray):
        values = values.storage
    if pyarrow.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    wanted = (pyarrow.types.is_binary, pyarrow.types.is_large_binary, pyarrow.types.is_binary_view)
    if not any(is_one(values.type) for is_one in wanted):
        raise NotValid(f"its column '{name[:60]}' is {values.type}, and no geometry in WKB")
    return values.to_numpy(zero_copy_only=False)
