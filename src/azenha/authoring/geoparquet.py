"""The head of GeoParquet (OGC 1.0 and 1.1): which columns are geometries, of which types and in which system."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CRS84: Final = {
    "type": "GeographicCRS",
    "name": "WGS 84 (CRS84)",
    "id": {"authority": "OGC", "code": "CRS84"},
}
WKB: Final = "WKB"
_NATIVE: Final = {  # encodings of one type of geometry each
    "point": "Point",
    "linestring": "LineString",
    "polygon": "Polygon",
    "multipoint": "MultiPoint",
    "multilinestring": "MultiLineString",
    "multipolygon": "MultiPolygon",
}


class NoGeometry(ValueError):
    """Parquet is no GeoParquet; the reason, as a sentence without subject."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of geometries.

    Attributes:
        kinds: types of geometry in it, such as `Polygon Z`; empty: not known.
        crs: PROJJSON; None: it is said that it is not known.
        box: west, south, east, north, or more numbers where there are heights; empty: not known.
    """

    name: str
    encoding: str
    kinds: tuple[str, ...]
    crs: Mapping[str, Any] | None
    box: tuple[float, ...]


def columns(schema: Any) -> tuple[Column, ...]:
    """The columns of geometries of an arrow schema, the primary one first.

    Raises:
        NoGeometry: there is none, or what is said of them cannot be understood.
    """
    written = (schema.metadata or {}).get(b"geo")
    if written is None:
        raise NoGeometry("it is Parquet without geometry")
    try:
        head = json.loads(written)
        primary, named = head["primary_column"], dict(head["columns"])
        order = (primary, *(name for name in named if name != primary))
        found = tuple(_column(name, named[name]) for name in order)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoGeometry(f"what it says of its geometry is no GeoParquet: {error!r}") from None
    absent = [column.name for column in found if column.name not in schema.names]
    if absent:
        raise NoGeometry(f"it has no column {absent[0][:60]!r}, which it says is geometry")
    return found


def _column(name: str, said: Mapping[str, Any]) -> Column:
    encoding = said["encoding"]
    native = _NATIVE.get(encoding)
    if native is None and encoding != WKB:
        raise ValueError(f"encoding {encoding!r}")
    kinds = tuple(str(kind) for kind in said.get("geometry_types", ())) or ((native,) if native else ())
    crs = said.get("crs", _CRS84)  # absent: longitude and latitude of WGS 84
    if not isinstance(crs, Mapping | None):
        raise ValueError("a reference system that is no PROJJSON")
    return Column(name, encoding, kinds, crs, tuple(float(n) for n in said.get("bbox", ())))


def system(crs: Mapping[str, Any] | None) -> str | None:
    """The short name of a reference system, such as `EPSG:4326`; its title where it has none."""
    return _code(crs) or (str(crs.get("name") or "a system without a name") if crs else None)


def _code(crs: Mapping[str, Any] | None) -> str | None:
    id = crs.get("id") if crs else None
    if isinstance(id, Mapping) and id.get("authority") and id.get("code"):
        return f"{id['authority']}:{id['code']}"
    return None


def told(path: Path, found: Sequence[Column]) -> dict[str, Any]:
    """What `pyogrio.read_info` tells of other formats, under the same names, as far as the head has it."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    primary = found[0]
    geometry = {column.name for column in found}
    fields = [field for field in schema if field.name not in geometry]
    half = len(primary.box) // 2
    return {
        "layer_name": path.stem,
        "driver": "Parquet",
        "crs": _code(primary.crs) or (json.dumps(primary.crs) if primary.crs else None),
        "fields": [field.name for field in fields],
        "dtypes": [_dtype(field.type) for field in fields],
        "geometry_name": primary.name,
        "geometry_type": primary.kinds[0] if len(primary.kinds) == 1 else "Unknown",
        "features": rows,
        "total_bounds": (*primary.box[:2], *primary.box[half : half + 2]) if half >= 2 else None,
    }


def _dtype(type: Any) -> str:
    """The name that numpy has for values of an arrow type; `object` where it has none."""
    import numpy

    try:
        return str(numpy.dtype(type.to_pandas_dtype()))
    except (NotImplementedError, TypeError):
        return "object"
