"""Buffers around polygons with geopandas, as a process and as what a script does with files."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas

from azenha import Context, Features, process


def buffered(source: Path, target: Path) -> None:
    """Read, buffer by a hundredth of a unit, write."""
    frame = geopandas.read_file(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that degrees are no metres
        frame["geometry"] = frame.geometry.buffer(0.01)
    frame.to_file(target, driver="GeoJSON")


@process(version="1.0.0", reuse=100)
def buffer_all(features: Features, *, ctx: Context) -> Features:
    """Buffers around features."""
    target = ctx.workdir / "buffered.geojson"
    buffered(features.path, target)
    return Features(target)
