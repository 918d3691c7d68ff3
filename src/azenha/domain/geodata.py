"""What the content of a raster or of features says of itself, as far as catalogues want to know it.

Looked at once, when a job ends, by the job's own child; kept with the file as JSON.
"""

from __future__ import annotations

from typing import TypedDict


class Band(TypedDict, total=False):
    """`type`: numpy's name; `nodata`: a number, or `nan`; `scale`, `offset`: where they are not 1 and 0."""

    name: str
    type: str
    nodata: float | str
    unit: str
    scale: float
    offset: float


class Geodata(TypedDict, total=False):
    """What is not known is left out.

    Keys:
        bbox: west, south, east, north in degrees of WGS 84, longitude first; west exceeds east where it crosses the
            antimeridian.
        footprint: GeoJSON geometry, in the same.
        crs: code of its authority, such as EPSG:32725; `wkt`: WKT 2 of one that has no code.
        box: least x, least y, greatest x, greatest y in its own system, x eastward.
        shape: rows and columns.
        transform: from column and row to x and y, row by row, six numbers.
        bands: of a raster.
        features: how many.
        columns: name and type, as numpy calls it, of features' attributes.
        geometry: type of features' geometries, as OGC names it.
        time: RFC 3339; when a picture was taken.
    """

    bbox: list[float]
    footprint: dict[str, object]
    crs: str
    wkt: str
    box: list[float]
    shape: list[int]
    transform: list[float]
    bands: list[Band]
    features: int
    columns: list[list[str]]
    geometry: str
    time: str
