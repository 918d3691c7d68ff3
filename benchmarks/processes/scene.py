"""NDVI of a scene that lies on this machine: the function and the job around it, without the transfer."""

from __future__ import annotations

from pathlib import Path

from azenha import Context, Raster, process
from azenha.examples.raster import ndvi


@process(id="ndvi-at", version="1.0.0")
def ndvi_at(path: str, *, ctx: Context) -> Raster:
    """NDVI of bands 1 and 2 of the file at `path`."""
    return ndvi(Raster(Path(path)), red=1, nir=2, ctx=ctx)
