"""Data that is published as an OGC service: which services there are, and the facts that one is made of.

The facts are read where the job runs, with the libraries of the data. Whoever publishes needs nothing else, and opens
no data itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final


class Service(StrEnum):
    """An OGC service, in the word that stands in its addresses."""

    WMS = "wms"
    WFS = "wfs"
    WCS = "wcs"
    FEATURES = "features"  # OGC API - Features


# What a client asks by. Those of the OWS are the names that PyWPS gives them; OGC has registered none.
MEDIA_TYPES: Final[Mapping[Service, str]] = MappingProxyType(
    {
        Service.WMS: "application/x-ogc-wms",
        Service.WFS: "application/x-ogc-wfs",
        Service.WCS: "application/x-ogc-wcs",
        Service.FEATURES: "application/x-ogc-api-features",
    }
)
# 52°North asks in other words.
_ALIASES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "application/wms": Service.WMS,
        "application/wfs": Service.WFS,
        "application/wcs": Service.WCS,
        **{type: service for service, type in MEDIA_TYPES.items()},
    }
)
Box4 = tuple[float, float, float, float]


def asked(media_type: str) -> Service | None:
    """The service that a media type asks for; None if it is that of data. Parameters (a version) do not count."""
    return _ALIASES.get(media_type.partition(";")[0].strip().lower())


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels.

    Attributes:
        type: of a pixel, as numpy names it.
        ranges: least and greatest value of each band, without what is no data.
        palette: its one band is an index of colours that the file has.
    """

    width: int
    height: int
    type: str
    ranges: tuple[tuple[float, float], ...]
    nodata: float | None = None
    palette: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of features.

    Attributes:
        name: in the copy: letters, digits and `_` alone, so that it can be the name of an XML element.
        title: as the data calls it.
        type: Integer, Long, Real, Boolean, Date, DateTime or Character.
    """

    name: str
    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one kind of geometry: Point, LineString or Polygon, or several of one in each."""

    geometry: str
    count: int
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """One value of an output as it is served.

    Attributes:
        key: of the copy that is served, relative to the job's result folder.
        crs: number of its reference system at EPSG; None where it has none.
        projection: its parameters, as PROJ names them (`proj=utm`); empty where there is a number.
        bounds: easting first, in the data's reference system.
        world: west, south, east, north in degrees.
    """

    key: str
    crs: int | None
    projection: tuple[str, ...]
    bounds: Box4
    world: Box4
    content: Raster | Features


def why_no_coverage(facts: Published) -> str | None:
    """Why a raster cannot be given by WCS; None: it can."""
    if facts.crs is None:
        return "its reference system has no number at EPSG, by which WCS could name it"
    if isinstance(facts.content, Raster) and min(facts.content.width, facts.content.height) < 2:
        return (
            f"it is {facts.content.width} × {facts.content.height} pixels, "
            "and the map server can give 2 × 2 pixels and more"
        )
    return None


def dump(facts: Published) -> list[object]:
    content = facts.content
    what: list[object]
    if isinstance(content, Raster):
        ranges = [list(pair) for pair in content.ranges]
        what = [
            "raster",
            content.width,
            content.height,
            content.type,
            ranges,
            content.nodata,
            content.palette,
        ]
    else:
        attributes = [[a.name, a.title, a.type] for a in content.attributes]
        what = ["features", content.geometry, content.count, attributes]
    projection, bounds, world = list(facts.projection), list(facts.bounds), list(facts.world)
    return [facts.key, facts.crs, projection, bounds, world, what]


def load(data: Any) -> Published:
    """What `dump` wrote."""
    key, crs, projection, bounds, world, what = data
    content: Raster | Features
    match what:
        case ["raster", width, height, type, ranges, nodata, palette]:
            pairs = tuple((float(low), float(high)) for low, high in ranges)
            content = Raster(width, height, type, pairs, nodata, palette)
        case ["features", geometry, count, attributes]:
            content = Features(geometry, count, tuple(Attribute(*a) for a in attributes))
        case other:
            raise ValueError(f"no facts of published data: {other!r}")
    return Published(key, crs, tuple(projection), _box(bounds), _box(world), content)


def _box(data: Any) -> Box4:
    west, south, east, north = map(float, data)
    return west, south, east, north
