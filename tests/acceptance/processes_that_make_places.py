"""A process whose results lie somewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated

from azenha import Context, Features, Media, Raster, process


@dataclass(frozen=True)
class Places:
    scene: Annotated[Raster, Media("image/tiff; application=geotiff")]
    points: Annotated[Features, Media("application/geo+json")]


@process(version="1.0.0")
def make_places(*, ctx: Context) -> Places:
    """A raster near Olinda, and two points in it."""
    import numpy
    import rasterio

    scene = ctx.workdir / "Cena de São Tomé.tif"
    place = rasterio.Affine(30.0, 0.0, 290_000.0, 0.0, -30.0, 9_120_000.0)
    with rasterio.open(
        scene,
        "w",
        driver="GTiff",
        width=30,
        height=20,
        count=1,
        dtype="uint8",
        crs="EPSG:32725",
        transform=place,
    ) as file:
        file.write(numpy.ones((1, 20, 30), "uint8"))
    points = ctx.workdir / "points.geojson"
    geometries = [{"type": "Point", "coordinates": [-34.905 + n / 1000, -7.957]} for n in (0, 1)]
    found = [{"type": "Feature", "properties": {"n": 1}, "geometry": one} for one in geometries]
    points.write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    return Places(Raster(scene), Features(points))
