"""What the examples should give, computed another way: numpy over whole arrays, no blocks, no rasterized
masks.

Also the real data that the tests use: `olinda()` of ../shared where it is there, else what the wheels carry.
Imports its libraries when called, so that a test can skip first.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[3] / "shared"


def olinda(name: str) -> Path | None:
    """A file of ../shared/data/olinda (`landsat7_etm.tif`, `census.shp`, `dem.tif`); None where absent."""
    path = SHARED / "data" / "olinda" / name
    return path if path.is_file() else None


def countries() -> Path | None:
    """Polygons of 177 countries (Natural Earth, EPSG:4326) in pyogrio's wheel; None where they are absent."""
    spec = find_spec("pyogrio")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "tests" / "fixtures" / "naturalearth_lowres"
    path = folder / "naturalearth_lowres.shp"
    return path if path.is_file() else None


def sentinel_scene(path: Path) -> Path:
    """The Sentinel-2 cut of spyndex's wheel (300 x 300; blue, green, red, near infrared; reflectance x
    10,000).

    It has no place of its own: laid over Europe here, a tenth of a degree a pixel, so that countries are
        zones of it.
    """
    import numpy as np
    import rasterio
    from rasterio.transform import Affine

    spec = find_spec("spyndex")
    assert spec is not None
    assert spec.origin is not None
    bands = np.array(json.loads((Path(spec.origin).parent / "data" / "S2_10m.json").read_text()))
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=bands.shape[2],
        height=bands.shape[1],
        count=bands.shape[0],
        dtype="uint16",
        crs="EPSG:4326",
        transform=Affine(0.1, 0, -5, 0, -0.1, 65),
    ) as target:
        target.write(bands.astype("uint16"))
    return path


def ndvi(scene: Path, red: int = 3, nir: int = 4) -> Any:
    """NDVI of a whole scene as float32, computed in float64; NaN where the bands add up to 0."""
    import numpy as np
    import rasterio

    with rasterio.open(scene) as source:
        r, n = source.read(red).astype("float64"), source.read(nir).astype("float64")
    total = n + r
    index = np.full(total.shape, np.nan)
    index[total != 0] = ((n - r)[total != 0]) / total[total != 0]
    return index.astype("float32")


def zonal_means(values: Any, raster: Path, zones: Path) -> list[float | None]:
    """Mean of `values` (on the grid of `raster`, north up) in each polygon of `zones`.

    Pixel by pixel: the centre lies in the polygon, as shapely sees it; NaN is left out; None where no pixel
        is left.
    """
    import geopandas
    import numpy as np
    import rasterio
    import shapely

    with rasterio.open(raster) as source:
        transform, crs = source.transform, source.crs.to_wkt()
    rows, columns = values.shape
    xs = transform.c + transform.a * (np.arange(columns) + 0.5)
    ys = transform.f + transform.e * (np.arange(rows) + 0.5)
    x, y = np.meshgrid(xs, ys)
    means: list[float | None] = []
    for polygon in geopandas.read_file(zones).to_crs(crs).geometry:
        shapely.prepare(polygon)
        west, south, east, north = polygon.bounds
        near = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        inside = np.zeros(values.shape, bool)
        inside[near] = shapely.contains_xy(polygon, x[near], y[near])
        numbers = values[inside & ~np.isnan(values)].astype("float64")
        means.append(float(numbers.mean()) if numbers.size else None)
    return means
