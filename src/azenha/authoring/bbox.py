"""A bounding box as authors get and give it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from azenha.domain.crs import crs_name
from azenha.domain.process import CRS84


@dataclass(frozen=True)
class BBox:
    """A bounding box, edges inclusive. x is easting or longitude, y northing or latitude, in every system.

    In a geographic system `minx` may be above `maxx`: the box then crosses the antimeridian; see `parts`.

    Attributes:
        crs: canonical URI; `BBox(…, crs="EPSG:4326")` has it made.
        minz, maxz: both or neither.
    """

    minx: float
    miny: float
    maxx: float
    maxy: float
    crs: str = CRS84
    minz: float | None = None
    maxz: float | None = None

    def __post_init__(self) -> None:
        if (self.minz is None) != (self.maxz is None):
            raise ValueError("a box has both minz and maxz, or neither")
        object.__setattr__(self, "crs", crs_name(self.crs))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(minx, miny, maxx, maxy), as rasterio and shapely take it."""
        return self.minx, self.miny, self.maxx, self.maxy

    @property
    def dimensions(self) -> int:
        """2, or 3 with heights."""
        return 2 if self.minz is None else 3

    @property
    def parts(self) -> tuple[BBox, ...]:
        """The box itself; of one that crosses the antimeridian, that west of it and that east of it (degrees).

        Where longitudes are counted from 0 to 360, the line that it crosses is the meridian of 0.
        """
        if self.minx <= self.maxx:
            return (self,)
        end = 360.0 if self.minx > 180 else 180.0
        return replace(self, maxx=end), replace(self, minx=end - 360)
