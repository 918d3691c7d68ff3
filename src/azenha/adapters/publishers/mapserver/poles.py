"""The extent of what lies around the South Pole, told rightly.

MapServer 8.0 sets the northern edge of such a box to the pole (`msProjectRect`), so that it has no height, and the
southern to what is seen on its sides. No setting of a MAP file tells an extent in degrees of a layer in metres.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from azenha.adapters.publishers.mapserver.mapfile import Layer

_POLE: Final = -90.0
_NEAR: Final = 1e-6  # degrees
# South and north stand between the groups: WMS 1.3.0; the same and 1.1.1 in degrees; WFS; OGC API - Features.
_BOXES: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rb"(<southBoundLatitude>)[^<]*(</southBoundLatitude>\s*<northBoundLatitude>)-90\.000000(<)",
        rb'(<BoundingBox CRS="EPSG:4326"\s+minx=")[^"]*(" miny="[^"]*"\s+maxx=")-90\.000000(")',
        rb'(<LatLonBoundingBox minx="[^"]*" miny=")[^"]*(" maxx="[^"]*" maxy=")-90\.000000(")',
        rb'(<BoundingBox SRS="EPSG:4326"\s+minx="[^"]*" miny=")[^"]*("\s+maxx="[^"]*" maxy=")-90\.000000(")',
        rb"(<ows:LowerCorner>-180\.000000 )[^<]*(</ows:LowerCorner>\s*<ows:UpperCorner>180\.000000 )-90\.000000(<)",
        rb'("bbox":\[\[-180\.0,)[^,]*(,180\.0,)-90\.0(\])',
    )
)


def north_of_pole(layers: Sequence[Layer]) -> float | None:
    """How far north what lies around the South Pole reaches, in degrees; None where nothing does."""
    worlds = [layer.facts.world for layer in layers]
    return max((north for _, south, _, north in worlds if south <= _POLE + _NEAR and north < 0), default=None)


def mended(text: bytes, north: float) -> bytes:
    """Capabilities or a collection, with the boxes that end at the pole as they are."""
    told = b"\\g<1>%.6f\\g<2>%.6f\\g<3>" % (_POLE, north)
    for box in _BOXES:
        text = box.sub(told, text)
    return text
