"""Large files out, and buffers around polygons in three formats; as processes, and as a script does it."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Annotated, Final

from azenha import Context, Features, File, Media, process

PIECE: Final = 1 << 20
GML, GPKG = "application/gml+xml", "application/geopackage+sqlite3"
DRIVERS: Final = {"geojson": "GeoJSON", "gml": "GML", "gpkg": "GPKG"}


def buffered(source: Path, target: Path) -> None:
    """Read, buffer by a hundredth of a unit, write in the format that the target's name tells."""
    import geopandas

    frame = geopandas.read_file(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that degrees are no metres
        frame["geometry"] = frame.geometry.buffer(0.01)
    frame.to_file(target, driver=DRIVERS[target.suffix[1:]])


@process(version="1.0.0", reuse=100)
def buffer_geojson(features: Features, *, ctx: Context) -> Features:
    """Buffers around GeoJSON."""
    return _buffered(features, ctx.workdir / "buffered.geojson")


@process(version="1.0.0", reuse=100)
def buffer_gml(features: Annotated[Features, Media(GML)], *, ctx: Context) -> Annotated[Features, Media(GML)]:
    """Buffers around GML."""
    return _buffered(features, ctx.workdir / "buffered.gml")


@process(version="1.0.0", reuse=100)
def buffer_gpkg(
    features: Annotated[Features, Media(GPKG)], *, ctx: Context
) -> Annotated[Features, Media(GPKG)]:
    """Buffers around a GeoPackage."""
    return _buffered(features, ctx.workdir / "buffered.gpkg")


def _buffered(features: Features, target: Path) -> Features:
    buffered(features.path, target)
    return Features(target)


@process(version="1.0.0", reuse=100)
def give(size: int, *, ctx: Context) -> File:
    """A file of so many bytes."""
    path = ctx.workdir / "data.bin"
    piece = hashlib.sha256(b"azenha").digest() * (PIECE // 32)
    with path.open("wb") as file:
        for _ in range(size // PIECE):
            file.write(piece)
    return File(path)
