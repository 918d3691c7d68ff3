"""Processes whose outputs are what came in, to be published."""

from __future__ import annotations

from typing import Annotated

from azenha import Features, Media, Raster, process

ZIP = "application/zip"
GEOJSON = "application/geo+json"
FEATURES = Annotated[Features, Media(GEOJSON, ZIP)]


@process(version="1.0.0", reuse=100)
def raster(data: Raster) -> Raster:
    """Pixels as they came."""
    return Raster(data.path)


@process(version="1.0.0", reuse=100)
def rasters(data: list[Raster]) -> list[Raster]:
    """Several rasters."""
    return [Raster(one.path) for one in data]


@process(version="1.0.0", reuse=100)
def features(data: FEATURES) -> FEATURES:
    """Features as they came."""
    return Features(data.path, data.media_type)


@process(version="1.0.0", reuse=100)
def number() -> float:
    """What cannot be published."""
    return 1.0
