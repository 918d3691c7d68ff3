"""Features: statistics of a raster in zones, buffers, and the union of features."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import geopandas
import numpy as np
import pandas
import pyogrio
import pyproj
import shapely
import shapely.affinity
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from rasterio.windows import Window

from azenha import Context, Features, Occurs, Range, Raster, Title, Unit, process
from azenha.examples._blocks import BLOCK_PIXELS, Source, Values, opened

GEOJSON_CRS = "EPSG:4326"
# Beyond, lengths in a UTM zone are more than 3.5 % too long.
MOST_DEGREES = 15.0
# A straight line between two longitudes is bent in a projection: corners this far apart follow it to 2 m.
CORNER_DEGREES = 0.1
# A GML file may name the address of its schema: GDAL must not go there on whoever's behalf.
pyogrio.set_gdal_config_options({"GML_DOWNLOAD_SCHEMA": "NO"})

Statistic = Literal["mean", "min", "max", "sum", "count", "std"]
STATISTICS: tuple[Statistic, ...] = ("mean", "min", "max", "sum", "count", "std")


@process(id="zonal-statistics", version="1.0.0", keywords=("raster", "zones", "statistics"))
def zonal_statistics(
    raster: Raster,
    zones: Features,
    band: Annotated[int, Range(1, None)] = 1,
    statistics: Annotated[list[Statistic], Occurs(1, 6)] | None = None,
    prefix: str = "",
    *,
    ctx: Context,
) -> Annotated[Features, Title("Zones with statistics")]:
    """Zonal statistics: a raster summed up in polygons.

    A pixel belongs to a zone if its centre lies in it; zones may overlap. The corners of the zones are
    brought into the reference system of the raster first. Pixels without data count for nothing. Scale and
    offset that the raster names for the band are applied.

    Args:
        raster: The raster, with a reference system.
        zones: Polygons, with a reference system.
        band: Number of the raster's band, from 1.
        statistics: Which ones to compute, all six if left out: mean, min, max, sum, count (of pixels with
            data), std (standard deviation of the population, dividing by the count).
        prefix: Put before the names of the statistics, where zones have properties of those names already.
    Returns:
        The zones in their order, in longitude and latitude (WGS 84), with their properties and one more for
        each statistic, in the unit of the raster. A zone without pixels has the count 0 and null for the
        others.
    """
    wanted = STATISTICS if statistics is None else tuple(statistics)
    if len(set(wanted)) < len(wanted):
        raise ValueError(f"input 'statistics': each may be named once; given: {', '.join(wanted)}")
    frame = read_features(zones, "zones")
    _polygons_only(frame, "zones")
    names = {statistic: prefix + statistic for statistic in wanted}
    taken = [name for name in names.values() if name in frame.columns]
    if taken:
        raise ValueError(
            f"input 'prefix': the zones have a property {', '.join(taken)} already; choose another prefix"
        )
    with opened(raster, "raster") as source:
        source.require(band=band)
        if source.dataset.crs is None:
            raise ValueError("input 'raster': has no reference system, so the zones cannot be placed on it")
        placed = frame.geometry.to_crs(pyproj.CRS.from_wkt(source.dataset.crs.to_wkt()))
        _finite(placed, "zones", "the reference system of the raster")
        rows: list[dict[str, float | int | None]] = []
        for number, zone in enumerate(placed, 1):
            ctx.check()
            rows.append(summary(source, band, zone).all())
            if number % 16 == 0 or number == len(placed):
                ctx.progress(100 * number // len(placed), f"zone {number} of {len(placed)}")
    result = frame.to_crs(GEOJSON_CRS)
    for statistic, name in names.items():
        kind = "int64" if statistic == "count" else "float64"
        result[name] = pandas.Series([row[statistic] for row in rows], index=result.index, dtype=kind)
    return write_features(result, ctx.workdir / "zones.geojson")


@dataclass(frozen=True, slots=True)
class Summary:
    """Of some numbers: how many, sum, sum of squared deviations from their mean, extremes."""

    count: int = 0
    sum: float = 0.0
    deviation: float = 0.0
    min: float = np.inf
    max: float = -np.inf

    @classmethod
    def of(cls, numbers: Values) -> Summary:
        if not numbers.size:
            return cls()
        total = float(numbers.sum(dtype=np.float64))
        deviation = float(((numbers - total / numbers.size) ** 2).sum(dtype=np.float64))
        return cls(numbers.size, total, deviation, float(numbers.min()), float(numbers.max()))

    def __add__(self, other: Summary) -> Summary:
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        # Chan et al. 1979: sums of squares would cancel where the mean is large.
        apart = other.sum / other.count - self.sum / self.count
        deviation = self.deviation + other.deviation + apart**2 * self.count * other.count / count
        return Summary(
            count, self.sum + other.sum, deviation, min(self.min, other.min), max(self.max, other.max)
        )

    def all(self) -> dict[str, float | int | None]:
        if not self.count:
            return {"count": 0, "sum": None, "mean": None, "min": None, "max": None, "std": None}
        return {
            "count": self.count,
            "sum": self.sum,
            "mean": self.sum / self.count,
            "min": self.min,
            "max": self.max,
            "std": float(np.sqrt(self.deviation / self.count)),
        }


def summary(source: Source, band: int, zone: Any) -> Summary:
    """The pixels of a band whose centres lie in `zone`, a polygon in the raster's reference system (or None).

    Reads the part of the raster around the zone, a strip at a time: a zone as large as a continent fits in
        memory.
    """
    result = Summary()
    if zone is None or zone.is_empty:
        return result
    left, top, right, bottom = _around(source, zone)
    if left >= right or top >= bottom:
        return result
    rows = max(1, BLOCK_PIXELS // (right - left))
    for start in range(top, bottom, rows):
        height = min(rows, bottom - start)
        window = Window(left, start, right - left, height)
        corner = _moved(source.dataset.transform, left, start)
        inside = geometry_mask([zone], (height, right - left), corner, invert=True)
        if inside.any():
            numbers = source.values(band, window)[inside].astype(np.float64)
            result += Summary.of(numbers[~np.isnan(numbers)])
    return result


def _around(source: Source, zone: Any) -> tuple[int, int, int, int]:
    """First column and row, and those after the last, of the pixels that `zone` can touch."""
    back = ~source.dataset.transform
    # By hand: affine 3 deprecates the operator that affine 2 has for this.
    x, y = shapely.get_coordinates(zone).T
    columns, rows = back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f
    height, width = source.shape
    return (
        max(0, math.floor(columns.min())),
        max(0, math.floor(rows.min())),
        min(width, math.ceil(columns.max())),
        min(height, math.ceil(rows.max())),
    )


def _moved(transform: Affine, column: int, row: int) -> Affine:
    """The transform of a window that begins there."""
    t = transform
    return Affine(t.a, t.b, t.c + t.a * column + t.b * row, t.d, t.e, t.f + t.d * column + t.e * row)


@process(version="1.0.0", keywords=("features", "buffer"))
def buffer(
    features: Features,
    distance: Annotated[float, Unit("m")],
    segments: Annotated[int, Range(1, 90)] = 16,
    *,
    ctx: Context,
) -> Annotated[Features, Title("Buffers")]:
    """Buffers around features.

    In a projected reference system, distances are measured in its plane. In a geographic one, each feature is
    brought into the UTM zone of its centre (WGS 84), buffered there, and brought back: distances are right to
    3 parts in a thousand up to 4 degrees from the middle of the zone, to 3.5 % up to 15 degrees; what reaches
    farther is refused.

    Args:
        features: Points, lines or polygons, with a reference system.
        distance: In metres; negative to shrink polygons.
        segments: Straight segments for a quarter of a circle.
    Returns:
        Polygons in longitude and latitude (WGS 84), with the properties of the features and in their order;
        cut at the antimeridian. Null where nothing is left of a feature.
    """
    frame = read_features(features, "features")
    crs = frame.crs
    ctx.progress(10, f"{len(frame)} features read")
    if crs.is_geographic:
        frame = frame.to_crs(GEOJSON_CRS)
        geometry = _buffer_by_zone(frame.geometry, distance, segments, ctx)
    else:
        metres = crs.axis_info[0].unit_conversion_factor
        grown = frame.geometry.buffer(distance / metres, segments)
        geometry = grown.to_crs(GEOJSON_CRS)
        _finite(geometry, "features", "longitude and latitude")
    frame = frame.set_geometry(geometry.where(~geometry.is_empty, None))
    return write_features(frame, ctx.workdir / "buffers.geojson")


def _buffer_by_zone(geometry: Any, distance: float, segments: int, ctx: Context) -> Any:
    """Buffers of a GeoSeries in longitude and latitude, each computed in the UTM zone of its centre."""
    box = geometry.bounds
    longitude = ((box.minx + box.maxx) / 2).fillna(0)
    south = (box.miny + box.maxy) / 2 < 0
    codes = ((longitude + 180) // 6).clip(0, 59).astype(int) + 32601 + 100 * south
    result = geometry.copy()
    for done, code in enumerate(groups := sorted(codes.unique()), 1):
        ctx.check()
        chosen = codes == code
        zone, meridian = code % 100, (code % 100) * 6.0 - 183
        reach = np.maximum(box.maxx - meridian, meridian - box.minx)[chosen]
        if (reach > MOST_DEGREES).any():
            raise ValueError(
                f"input 'features': feature {int(np.flatnonzero(chosen)[reach.argmax()]) + 1} reaches "
                f"{reach.max():.1f} degrees from the middle of its UTM zone {zone}, where lengths are wrong; "
                f"allowed are {MOST_DEGREES:g}: split it, or send it in a projected reference system"
            )
        placed = geometry[chosen].segmentize(CORNER_DEGREES).to_crs(f"EPSG:{code}")
        _finite(placed, "features", f"UTM zone {zone}")
        grown = placed.buffer(distance, segments).to_crs(GEOJSON_CRS)
        _finite(grown, "features", f"longitude and latitude from UTM zone {zone}")
        result[chosen] = [_cut(shape, meridian) for shape in grown]
        ctx.progress(10 + 80 * done // len(groups), f"UTM zone {zone}")
    return result


def _cut(shape: Any, centre: float) -> Any:
    """A polygon around the meridian `centre`, cut at the antimeridian if it crosses it (RFC 7946 §3.1.9)."""
    if shape is None or shape.is_empty or abs(centre) < 90:
        return shape
    near = shapely.transform(
        shape, lambda xy: np.column_stack([(xy[:, 0] - centre + 180) % 360 - 180 + centre, xy[:, 1]])
    )
    west, _, east, _ = near.bounds
    if west >= -180 and east <= 180:
        return near
    parts = [
        shapely.affinity.translate(
            shapely.intersection(near, shapely.box(turn - 180, -90, turn + 180, 90)), -turn
        )
        for turn in (-360, 0, 360)
    ]
    return shapely.union_all([part for part in parts if not part.is_empty])


@process(version="1.0.0", keywords=("features", "dissolve", "union"))
def dissolve(
    features: Features,
    by: str | None = None,
    *,
    ctx: Context,
) -> Annotated[Features, Title("Dissolved features")]:
    """Dissolve: features with the same value become one.

    The union is computed in the plane of the features' own reference system. Invalid polygons are repaired
    first, and the job's log says how many.

    Args:
        features: Points, lines or polygons, with a reference system.
        by: Name of the property whose values say what belongs together; features without a value are one
            group. Left out, all become one.
    Returns:
        One feature for each value, in longitude and latitude (WGS 84), with that property and the count of
        features that it unites.
    """
    frame = read_features(features, "features")
    fields = [name for name in frame.columns if name != frame.geometry.name]
    if by is not None and by not in fields:
        raise ValueError(
            f"input 'by': the features have no property '{by}'; they have {', '.join(fields) or 'none'}"
        )
    if by == "count":
        raise ValueError(
            "input 'by': 'count' is the name of a property of the result; rename it in the features"
        )
    broken = ~(frame.geometry.is_valid | frame.geometry.isna())
    if broken.any():
        ctx.log.warning("repaired %d invalid geometries of %d", int(broken.sum()), len(frame))
        frame = frame.set_geometry(frame.geometry.where(~broken, frame.geometry.make_valid()))
    ctx.progress(20, f"{len(frame)} features read")
    groups = [(None, frame)] if by is None else list(frame.groupby(by, dropna=False, sort=True))
    shapes, values, counts = [], [], []
    for done, (value, group) in enumerate(groups, 1):
        ctx.check()
        shapes.append(group.geometry.union_all())
        values.append(value)
        counts.append(len(group))
        ctx.progress(20 + 70 * done // len(groups), f"group {done} of {len(groups)}")
    data: dict[str, Any] = {} if by is None else {by: pandas.Series(values, dtype=frame[by].dtype)}
    data["count"] = counts
    united = geopandas.GeoDataFrame(data, geometry=geopandas.GeoSeries(shapes, crs=frame.crs))
    return write_features(united.to_crs(GEOJSON_CRS), ctx.workdir / "dissolved.geojson")


def read_features(features: Features, name: str) -> Any:
    """A GeoDataFrame of the features of the input `name`: one layer, with a reference system.

    Raises:
        ValueError: not readable, several layers, no geometry, no feature, or no reference system.
    """
    address = _address(features.path, name)
    try:
        layers = [str(layer) for layer, _ in pyogrio.list_layers(address)]
        if len(layers) == 1:
            frame = geopandas.read_file(address, layer=layers[0], engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError) as error:
        why = str(error).replace(address, features.name).replace(str(features.path), features.name)
        raise ValueError(f"input '{name}': cannot be read as features: {why}") from error
    if len(layers) != 1:
        raise ValueError(
            f"input '{name}': one layer is needed, the file has {len(layers)} ({', '.join(layers)})"
        )
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise ValueError(f"input '{name}': the file has a table without geometry")
    if frame.empty:
        raise ValueError(f"input '{name}': the file has no feature")
    if frame.crs is None:
        raise ValueError(f"input '{name}': the file names no reference system")
    return frame


def _address(path: Path, name: str) -> str:
    """What GDAL is to open: the file, or the one shapefile in a zip archive.

    Raises:
        ValueError: a file that makes GDAL open others, or an archive with none or several shapefiles.
    """
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            head = file.read(4096)
        if b"<OGRVRTDataSource" in head or b"<VRTDataset" in head:
            raise ValueError(
                f"input '{name}': virtual datasets (VRT) are not taken: they point to other files"
            )
        return str(path)
    with zipfile.ZipFile(path) as archive:
        shapefiles = [member for member in archive.namelist() if member.lower().endswith(".shp")]
        if len(shapefiles) != 1:
            found = ", ".join(shapefiles) or "none"
            raise ValueError(f"input '{name}': one shapefile is needed in the zip archive; it has {found}")
        with archive.open(shapefiles[0]) as file:
            if file.read(4) != bytes((0, 0, 0x27, 0x0A)):
                raise ValueError(f"input '{name}': {shapefiles[0]} in the zip archive is no shapefile")
    # GDAL goes by the ending, which a file handed over by a server may lack: the braces say where the archive
    # ends.
    return f"/vsizip/{{{path.resolve()}}}/{shapefiles[0]}"


def write_features(frame: Any, path: Path) -> Features:
    """Write a frame in longitude and latitude as GeoJSON (RFC 7946); nine decimals are 0.1 mm."""
    options = {"RFC7946": "YES", "COORDINATE_PRECISION": "9"}
    frame.to_file(path, driver="GeoJSON", engine="pyogrio", layer_options=options)
    return Features(path, "application/geo+json")


def _polygons_only(frame: Any, name: str) -> None:
    kinds = frame.geometry.geom_type
    for number, kind in enumerate(kinds, 1):
        if kind is not None and not pandas.isna(kind) and kind not in ("Polygon", "MultiPolygon"):
            raise ValueError(f"input '{name}': feature {number} is a {kind}; polygons are needed")


def _finite(geometry: Any, name: str, where: str) -> None:
    """Refuse shapes that a projection could not hold: they come back with infinite coordinates."""
    bounds = geometry.bounds.to_numpy()
    bad = np.isinf(bounds).any(axis=1)
    if bad.any():
        raise ValueError(f"input '{name}': feature {int(bad.argmax()) + 1} has no place in {where}")
