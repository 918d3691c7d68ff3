"""Names and reference systems as whatever serves a copy can take them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from azenha.domain.media import Family
from azenha.domain.published import Box4
from azenha.engine.formats.opening import NotValid

SUFFIXES: Final[Mapping[Family, str]] = {Family.RASTER: ".tif", Family.VECTOR: ".gpkg"}

_WITH_HEIGHTS: Final = 4979
_WITHOUT: Final = 4326
_UNFIT: Final = re.compile(r"\W+")
NUMBER: Final = "feature_id"  # of our own, from 1: by it a feature is asked for
_TAKEN: Final = ("fid", "geom", NUMBER)  # columns of the copy
_LONGEST: Final = 60
# Of PROJ: what is known to say nothing but numbers and names. Others name files (nadgrids, geoidgrids, init).
_NUMBERS: Final = (
    *(
        "lat_0",
        "lon_0",
        "lat_1",
        "lat_2",
        "lat_ts",
        "lat_b",
        "lon_1",
        "lon_2",
        "lonc",
        "x_0",
        "y_0",
        "k",
        "k_0",
        "zone",
    ),
    *(
        "a",
        "b",
        "rf",
        "f",
        "R",
        "to_meter",
        "pm",
        "alpha",
        "gamma",
        "h",
        "no_uoff",
        "no_off",
        "south",
        "over",
    ),
    *("no_defs", "towgs84"),
)
_WORDS: Final = ("proj", "ellps", "datum", "units", "pm", "sweep", "axis")
_NUMBER: Final = re.compile(r"-?[0-9.]+(e[+-]?[0-9]+)?(,-?[0-9.]+(e[+-]?[0-9]+)?)*", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,40}")


def element_names(names: Iterable[str]) -> list[str]:
    """Each name as one that an XML element and a column may have; no two are the same in any case."""
    found: list[str] = []
    taken = set(_TAKEN)
    for name in names:
        stem = _UNFIT.sub("_", name)[:_LONGEST] or "_"
        if not (stem[0].isalpha() or stem[0] == "_"):
            stem = f"_{stem}"
        fit, count = stem, 1
        while fit.casefold() in taken:
            count += 1
            fit = f"{stem}_{count}"
        taken.add(fit.casefold())
        found.append(fit)
    return found


def projection(crs: Any) -> tuple[int | None, tuple[str, ...]]:
    """A reference system of rasterio as a number of EPSG, or as parameters of PROJ.

    Raises:
        NotValid: it is neither.
    """
    crs = _flat(crs)
    number = crs.to_epsg()
    if number is not None:
        return int(number), ()
    found = []
    for name, value in crs.to_dict(projjson=False).items():
        if value is True:
            text, good = name, name in _NUMBERS
        else:
            shown = f"{value:.15g}" if isinstance(value, float) else str(value)
            text = f"{name}={shown}"
            good = (name in _NUMBERS and _NUMBER.fullmatch(shown) is not None) or (
                name in _WORDS and _WORD.fullmatch(shown) is not None
            )
        if name in ("type", "wktext"):
            continue
        if not good:
            raise NotValid(f"its reference system is not one that can be served ({name[:20]})")
        found.append(text)
    if not found:
        raise NotValid("its reference system is not one that can be served")
    return None, tuple(found)


def _flat(crs: Any) -> Any:
    """The same without heights, which no service gives out; MapServer cannot transform what has them.

    GeoJSON with heights is in EPSG:4979; many terrain models are in EPSG:4326+5773.
    """
    if crs.to_epsg() == _WITH_HEIGHTS:
        return type(crs).from_epsg(_WITHOUT)
    with suppress(ImportError):  # pyproj comes with the extra `examples`
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        with suppress(CRSError):
            known = CRS.from_wkt(crs.to_wkt(version="WKT2_2019"))
            if len(known.axis_info) > 2 and not known.is_geocentric:
                return type(crs).from_wkt(known.to_2d().to_wkt())
    return crs


def in_degrees(crs: Any, bounds: Box4) -> Box4:
    """West, south, east, north.

    Raises:
        NotValid: they cannot be told.
    """
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    try:
        west, south, east, north = transform_bounds(crs, "OGC:CRS84", *bounds, densify_pts=21)
    except (RasterioError, ValueError) as error:
        raise NotValid(f"it cannot be said where on Earth it is: {error}") from None
    if not all(abs(n) <= 1000 for n in (west, south, east, north)):
        raise NotValid("it cannot be said where on Earth it is")
    return float(west), float(south), float(east), float(north)
