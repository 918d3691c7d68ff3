"""A raster, copied block by block into a tiled GeoTIFF with overviews, which holds pixels and where they are."""

from __future__ import annotations

import math
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from azenha.domain.published import Published, Raster
from azenha.engine.formats.opening import NotValid, Opening
from azenha.engine.formats.rasters import CACHE, OPTIONS
from azenha.engine.publishing.names import in_degrees, projection

_TILE: Final = 256  # pixels
_AT_ONCE: Final = 2048  # pixels of each side of what is read at once: 8 × 8 tiles
# What GDAL 3.6, which Debian's MapServer has, does not know.
_WIDER: Final = {"int8": "int16", "int64": "float64", "uint64": "float64", "float16": "float32"}


def copy_raster(opening: Opening, target: Path, key: str) -> Published:
    """Copy to `target`, in memory that does not grow with the raster.

    Raises:
        NotValid: it has no place on Earth, or cannot be read.
    """
    import rasterio

    with rasterio.Env(**{**OPTIONS, "GDAL_CACHEMAX": CACHE}), warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        try:
            source = stack.enter_context(_opened(rasterio, opening))
            _must_be_placed(source)
            number, parameters = projection(source.crs)
            west, one, east, other = map(float, source.bounds)
            bounds = (west, min(one, other), east, max(one, other))
            world = in_degrees(source.crs, bounds)
            content = _copied(rasterio, source, target)
        except rasterio.errors.RasterioError as error:
            raise NotValid(f"it cannot be read: {error.__cause__ or error}") from None
    return Published(key, number, parameters, bounds, world, content)


def _opened(rasterio: Any, opening: Opening) -> Any:
    reason: object = "there is no driver for it"
    for driver in opening.format.drivers:
        try:
            found = rasterio.open(opening.path, driver=driver, sharing=False)
        except rasterio.errors.RasterioError as error:
            reason = error
            continue
        if found.count == 0 and len(found.subdatasets) == 1:
            (name,) = found.subdatasets
            found.close()
            return rasterio.open(name, driver=driver, sharing=False)
        return found
    raise NotValid(f"it cannot be opened: {reason}")


def _must_be_placed(source: Any) -> None:
    if source.count == 0:
        raise NotValid(f"it has {len(source.subdatasets)} variables, and one can be published")
    if not source.crs or source.transform.is_identity:
        raise NotValid("it does not say where on Earth it is")
    if source.transform.b or source.transform.d or source.transform.a < 0:
        raise NotValid("its rows do not run from west to east")
    if any(kind.startswith("complex") for kind in source.dtypes):
        raise NotValid("its pixels are complex numbers")


def _copied(rasterio: Any, source: Any, target: Path) -> Raster:
    import numpy

    # As many a netCDF is; MapServer takes no such coverage.
    upside_down = source.transform.e > 0
    (kind,) = {numpy.result_type(*source.dtypes).name}
    kind = _WIDER.get(kind, kind)
    palette = _palette(source, kind)
    profile = {
        "driver": "GTiff",
        "width": source.width,
        "height": source.height,
        "count": source.count,
        "dtype": kind,
        "crs": source.crs,
        "transform": _turned(source) if upside_down else source.transform,
        "nodata": source.nodata,
        "tiled": True,
        "blockxsize": _TILE,
        "blockysize": _TILE,
        "compress": "deflate",
        "zlevel": 1,
        "bigtiff": "if_safer",
        "interleave": "pixel" if source.count in (3, 4) else "band",
    }
    ranges = [(math.inf, -math.inf)] * source.count
    with rasterio.open(target, "w", **profile) as copy:
        for window in _windows(rasterio, source):
            for band in range(1, source.count + 1):
                pixels = source.read(band, window=window, masked=True)
                ranges[band - 1] = _wider(numpy, ranges[band - 1], pixels)
                data, place = pixels.data.astype(kind), window
                if upside_down:
                    row = source.height - window.row_off - window.height
                    data = data[::-1]
                    place = rasterio.windows.Window(window.col_off, row, window.width, window.height)
                copy.write(data, band, window=place)
        if palette is not None:
            copy.write_colormap(1, palette)
    _overviews(rasterio, source, target, palette is not None)
    told = tuple((low, high) if low <= high else (0.0, 0.0) for low, high in ranges)
    return Raster(source.width, source.height, kind, told, _number(source.nodata), palette is not None)


def _turned(source: Any) -> Any:
    """The place of the same pixels with north up."""
    a, b, c, d, e, f = tuple(source.transform)[:6]
    return type(source.transform)(a, b, c, d, -e, f + e * source.height)


def _windows(rasterio: Any, source: Any) -> Any:
    for row in range(0, source.height, _AT_ONCE):
        for column in range(0, source.width, _AT_ONCE):
            width, height = min(_AT_ONCE, source.width - column), min(_AT_ONCE, source.height - row)
            yield rasterio.windows.Window(column, row, width, height)


def _wider(numpy: Any, known: tuple[float, float], pixels: Any) -> tuple[float, float]:
    values = pixels.compressed()
    if values.dtype.kind == "f":
        values = values[numpy.isfinite(values)]
    if not values.size:
        return known
    return min(known[0], float(values.min())), max(known[1], float(values.max()))


def _palette(source: Any, kind: str) -> Any:
    if source.count != 1 or kind != "uint8":
        return None
    try:
        return source.colormap(1)
    except ValueError:
        return None


def _overviews(rasterio: Any, source: Any, target: Path, palette: bool) -> None:
    """Half of each side, and half of that, until one tile holds it all: a map of the whole is drawn at once."""
    levels: list[int] = []
    while max(source.width, source.height) / 2 ** len(levels) > 2 * _TILE:
        levels.append(2 ** (len(levels) + 1))
    if levels:
        how = rasterio.enums.Resampling.nearest if palette else rasterio.enums.Resampling.average
        with rasterio.open(target, "r+") as copy:
            copy.build_overviews(levels, how)


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
