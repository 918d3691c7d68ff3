"""Where the rasters and features of a job's results are, for catalogues: read at the job's end, in its child.

Only what stands at the head of a file is read of rasters; of features all are counted, and their extent is taken,
which some formats must be read through for. Nothing that goes wrong here is the job's fault: then there is nothing.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from azenha.domain.geodata import Band, Geodata
from azenha.domain.media import Family, KnownFormat
from azenha.engine.formats import known, rasters, vectors
from azenha.engine.formats.opening import Opening

WGS84: Final = "OGC:CRS84"
EDGE: Final = 20  # points on each side of a box, where its system bends it
WITHIN: Final = 200  # columns and rows of points of a box that reaches beyond where its system ends

_Points = Sequence[tuple[float, float]]
_Transform = Callable[[_Points], _Points]  # those of the points that are on Earth, in WGS 84
_Bounds = Callable[[float, float, float, float], Sequence[float]]


def facts(path: Path, media_type: str) -> Geodata | None:
    """What a file says of where it is; None of what is neither raster nor features, or cannot be read here."""
    format = known.table().named(media_type)
    look = _LOOKS.get(format.family) if format is not None else None
    if look is None or format is None or not format.drivers:
        return None
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = look(Opening(path, format, media_type), format)
        return found or None
    return None


# -- rasters --------------------------------------------------------------------------------------


def _raster(opening: Opening, format: KnownFormat) -> Geodata:
    import rasterio
    from rasterio.warp import transform_bounds

    with rasterio.Env(**rasters.OPTIONS), rasters.opened(rasterio, opening) as one:
        if not one.count:
            return {}
        found: Geodata = {"shape": [one.height, one.width], "bands": [_band(one, n) for n in one.indexes]}
        if (time := _time(one.tags().get("TIFFTAG_DATETIME", ""))) is not None:
            found["time"] = time
        if one.crs:
            found["transform"] = [float(n) for n in tuple(one.transform)[:6]]
            found["box"] = [float(n) for n in _box_of(one)]
            code = one.crs.to_epsg()
            if code is not None:
                found["crs"] = f"EPSG:{code}"
            else:
                found["wkt"] = one.crs.to_wkt(version="WKT2_2019")
            corners = [_at(one.transform, *p) for p in _ring(0, 0, one.width, one.height)]

            def bounds(*box: float) -> Sequence[float]:
                # A turned raster's box is not the raster.
                turned = one.transform.b or one.transform.d
                return () if turned else transform_bounds(one.crs, WGS84, *box, densify_pts=EDGE + 1)

            _place(found, corners, lambda points: _transformed(one.crs, points), bounds)
        return found


def _transformed(system: Any, points: _Points) -> _Points:
    import rasterio
    from rasterio.warp import transform, transform_geom

    with suppress(
        Exception
    ):  # where one of the points is not on Earth: an error of GDAL's that has no public name
        x, y = transform(system, WGS84, [p[0] for p in points], [p[1] for p in points])
        return list(zip(x, y, strict=True))
    with suppress(Exception), rasterio.Env(OGR_ENABLE_PARTIAL_REPROJECTION="YES"):
        # A line loses the points that are not, and fails where none is.
        line = transform_geom(system, WGS84, {"type": "LineString", "coordinates": points})
        parts = line["coordinates"] if line["type"] == "MultiLineString" else [line["coordinates"]]
        return [(a, b) for part in parts for a, b in part]
    return []


def _box_of(dataset: Any) -> tuple[float, float, float, float]:
    corners = [_at(dataset.transform, *p) for p in _ring(0, 0, dataset.width, dataset.height)]
    x, y = [p[0] for p in corners], [p[1] for p in corners]
    return min(x), min(y), max(x), max(y)


def _at(transform: Any, column: float, row: float) -> tuple[float, float]:
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * column + b * row + c, d * column + e * row + f


def _band(dataset: Any, number: int) -> Band:
    at = number - 1
    found: Band = {
        "name": dataset.descriptions[at] or f"band {number}",
        "type": str(dataset.dtypes[at]),
    }
    nodata = dataset.nodatavals[at]
    if nodata is not None:
        found["nodata"] = float(nodata) if math.isfinite(nodata) else str(float(nodata))
    if dataset.units[at]:
        found["unit"] = str(dataset.units[at])
    if dataset.scales[at] != 1 or dataset.offsets[at] != 0:
        found["scale"], found["offset"] = float(dataset.scales[at]), float(dataset.offsets[at])
    return found


def _time(tag: str) -> str | None:
    """TIFF 6.0, DateTime. It has no zone: taken as UTC, as everybody does."""
    with suppress(ValueError):
        return datetime.strptime(tag.strip(), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC).isoformat()
    return None


# -- features -------------------------------------------------------------------------------------


def _vector(opening: Opening, format: KnownFormat) -> Geodata:
    import pyogrio

    first = next(
        (info for info in vectors.described(pyogrio, opening) if info["geometry_type"] is not None), None
    )
    if first is None:
        return {}
    found: Geodata = {"features": int(first["features"]), "geometry": str(first["geometry_type"])}
    found["columns"] = [[str(n), str(t)] for n, t in zip(first["fields"], first["dtypes"], strict=False)]
    bounds = first["total_bounds"]
    if bounds is None or not first["crs"] or not all(map(math.isfinite, bounds)):
        return found
    name = str(first["crs"])
    if name.upper().startswith("EPSG:"):
        found["crs"] = name.upper()
    else:
        with suppress(ImportError):
            from pyproj import CRS

            found["wkt"] = CRS.from_user_input(name).to_wkt("WKT2_2019")
    found["box"] = [float(n) for n in bounds]
    with suppress(ImportError):  # pyproj comes with the extra `examples`
        _place(found, _ring(*found["box"]), *_transform(name))
    return found


def _transform(system: str) -> tuple[_Transform, _Bounds]:
    if system.upper() in ("EPSG:4326", WGS84):
        return (lambda points: points), (lambda *box: box)
    from pyproj import Transformer

    to_wgs84 = Transformer.from_crs(system, WGS84, always_xy=True)

    def placed(points: _Points) -> _Points:
        x, y = to_wgs84.transform([p[0] for p in points], [p[1] for p in points])
        return list(zip(x, y, strict=True))

    def bounds(west: float, south: float, east: float, north: float) -> Sequence[float]:
        return to_wgs84.transform_bounds(west, south, east, north, densify_pts=EDGE + 1)

    return placed, bounds


_LOOKS: Final[Mapping[Family, Callable[[Opening, KnownFormat], Geodata]]] = {
    Family.RASTER: _raster,
    Family.VECTOR: _vector,
}


# -- on the globe ---------------------------------------------------------------------------------


def _ring(left: float, bottom: float, right: float, top: float) -> list[tuple[float, float]]:
    """A box as a closed ring, counter-clockwise where y goes up, with points along its sides."""
    corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
    found = [corners[0]]
    for (x0, y0), (x1, y1) in itertools.pairwise(corners):
        found += [(x0 + (x1 - x0) * n / EDGE, y0 + (y1 - y0) * n / EDGE) for n in range(1, EDGE + 1)]
    return found


def _place(found: Geodata, ring: _Points, transform: _Transform, bounds: _Bounds) -> None:
    """Box and footprint in WGS 84; nothing where the system does not reach at all."""
    points = _placed(ring, transform)
    whole: Sequence[float] = ()
    with suppress(Exception):  # each library has errors of its own for a box beyond the system
        whole = [float(n) for n in bounds(*found["box"])]
    if len(points) < len(ring):
        _scattered(found, transform, whole)
        return
    # A sinusoidal world's corners lie beyond its edge, and come back somewhere else on Earth.
    if whole and whole[2] - whole[0] >= 360 - 1e-6 and all(map(math.isfinite, whole)):
        _box(found, -180.0, max(whole[1], -90.0), 180.0, min(whole[3], 90.0))
        return
    south, north = min(p[1] for p in points), max(p[1] for p in points)
    turns = [_turn(a[0], b[0]) for a, b in itertools.pairwise(points)]
    if abs(sum(turns)) > 180:  # the ring runs around a pole
        pole = math.copysign(90.0, south + north)
        _box(found, -180.0, min(south, pole), 180.0, max(north, pole))
        return
    across = any(abs(a[0] - b[0]) > 180 for a, b in itertools.pairwise(points))
    if across:
        points = [(a % 360, b) for a, b in points]
    west, east = min(p[0] for p in points), max(p[0] for p in points)
    if east - west >= 360 - 1e-9:
        _box(found, -180.0, south, 180.0, north)
        return
    # Longitudes from 0 to 360, as much data of the climate has them, and those beyond 180.
    shift = 360 * math.floor((west + 180) / 360)
    west, east = west - shift, east - shift
    if east > 180:
        _box(found, west, south, east - 360, north)
        return
    points = [(a - shift, b) for a, b in points]
    found["bbox"] = [west, south, east, north]
    if _area(points) < 0:
        points.reverse()  # RFC 7946 §3.1.6
    kept = [
        points[0],
        *(b for a, b, c in zip(points, points[1:], points[2:], strict=False) if _bends(a, b, c)),
    ]
    found["footprint"] = {
        "type": "Polygon",
        "coordinates": [[[round(a, 7), round(b, 7)] for a, b in [*kept, kept[0]]]],
    }


def _placed(points: _Points, transform: _Transform) -> list[tuple[float, float]]:
    found = [(float(a), float(b)) for a, b in transform(points)]
    return [(a, min(max(b, -90.0), 90.0)) for a, b in found if math.isfinite(a) and math.isfinite(b)]


def _scattered(found: Geodata, transform: _Transform, whole: Sequence[float]) -> None:
    """The box of what is in part not on Earth, as the corners of a map of all of it: by points all over it."""
    left, bottom, right, top = found["box"]
    steps = [n / WITHIN for n in range(WITHIN + 1)]
    grid = [(left + (right - left) * a, bottom + (top - bottom) * b) for a in steps for b in steps]
    points = _placed(grid, transform)
    if not points:
        return
    latitudes = [b for _, b in points] + [b for b in whole[1::2] if -90 <= b <= 90]
    longitudes = sorted({(a + 180) % 360 - 180 for a, _ in points})
    # Between which of them there is most room, there it is not.
    gaps = [(b - a, a, b) for a, b in itertools.pairwise([*longitudes, longitudes[0] + 360])]
    gap, east, west = max(gaps)
    if gap < 360 / EDGE:
        west, east = -180.0, 180.0
    elif west >= 180:
        west -= 360
    _box(found, west, min(latitudes), east, max(latitudes))


def _turn(a: float, b: float) -> float:
    """Degrees from one longitude to another, the shorter way."""
    return (b - a + 180) % 360 - 180


def _box(found: Geodata, west: float, south: float, east: float, north: float) -> None:
    """All of a box; one that crosses the antimeridian is two, one on each side of it (RFC 7946 §3.1.9, §5.2)."""
    found["bbox"] = [west, south, east, north]
    boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    rings = [[[a, south], [b, south], [b, north], [a, north], [a, south]] for a, b in boxes]
    found["footprint"] = (
        {"type": "Polygon", "coordinates": rings}
        if len(rings) == 1
        else {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    )


def _area(points: Sequence[tuple[float, float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(points))


def _bends(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether the line turns in b: points on a straight side say nothing."""
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) > 1e-12
