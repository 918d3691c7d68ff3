"""Names of coordinate reference systems: the many ways of writing one, and its one canonical URI.

Forms: OGC 06-121r9 §10.2 (URN), OGC 11-135r2 (http URI), the short forms `EPSG:4326` and `CRS84` that people
write, and the same as a safe CURIE in square brackets (OGC API). Two systems put together, one of places and one of
heights, are written as URN (OGC 07-092r3 §7.5.4), as http URI, or with a plus: `EPSG:4326+5773`.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from azenha.domain.process import CRS84, LONGITUDE_LATITUDE, Crs

CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"

_EPSG = re.compile(
    r"""(?:
        EPSG::?
      | urn:(?:x-)?ogc:def:crs:EPSG:(?:[0-9.]*:)?
      | https?://(?:www\.)?opengis\.net/def/crs/EPSG/[0-9.]+/
      | https?://(?:www\.)?opengis\.net/gml/srs/epsg\.xml[#]
    )(?P<code>[0-9]{1,9})""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_OGC = re.compile(
    r"""(?:
        (?:OGC:|CRS:)?
      | urn:(?:x-)?ogc:def:crs:OGC:(?:[0-9.]*:)?
      | https?://(?:www\.)?opengis\.net/def/crs/OGC/[0-9.]+/
    )CRS84(?P<height>h?)""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
# CRS:84 is of WMS 1.3; the URN is what ows:WGS84BoundingBox is fixed to (06-121r9 §10.2.2).
_84 = re.compile(r"CRS:84|urn:(?:x-)?ogc:def:crs:OGC:[0-9.]*:84", re.IGNORECASE | re.ASCII)

_OF_GML2 = re.compile(r"\[?\s*https?://(?:www\.)?opengis\.net/gml/srs/epsg\.xml#", re.IGNORECASE | re.ASCII)

_COMPOUND = "http://www.opengis.net/def/crs-compound"
_COMPOUND_URN = re.compile(r"urn:(?:x-)?ogc:def:crs,(?P<parts>.+)", re.IGNORECASE | re.ASCII)
_COMPOUND_URI = re.compile(
    r"https?://(?:www\.)?opengis\.net/def/crs-compound\?1=(?P<place>[^&]+)&(?:amp;)?2=(?P<height>[^&]+)",
    re.IGNORECASE | re.ASCII,
)
_COMPOUND_SHORT = re.compile(
    r"(?P<place>EPSG::?[0-9]{1,9})\+(?:EPSG::?)?(?P<height>[0-9]{1,9})", re.IGNORECASE | re.ASCII
)

# What is known of axes without a database: a test compares it with EPSG's own.
# Latitude first, in degrees: WGS 84, ETRS89, NAD27, NAD83, NZGD2000, GDA94, CGCS2000, JGD2000, SIRGAS 2000,
# RGF93, ETRS89 3D, WGS 84 3D, SIRGAS 2000 3D, JGD2011, GDA2020.
_LATITUDE_FIRST = frozenset(
    {4326, 4258, 4267, 4269, 4167, 4283, 4490, 4612, 4674, 4171, 4937, 4979, 4989, 6668, 7844},
)
# Europe (LCC, LAEA), New Zealand, Sweden, Poland.
_NORTHING_FIRST = frozenset({3034, 3035, 2193, 3006, 2180})
_EASTING_FIRST = frozenset(
    {
        # Mercator and other grids of the world; the poles; equal area of the United States
        *(3857, 3395, 4087, 6933, 3031, 3413, 3995, 5070),
        # France, Great Britain, the Netherlands, Switzerland, Portugal, Canada, Finland
        *(2154, 27700, 28992, 2056, 21781, 3763, 3347, 3978, 3067),
        # zones of UTM: WGS 84, NAD83, ETRS89, SIRGAS 2000; MGA of GDA94 and GDA2020
        *range(32601, 32661),
        *range(32701, 32761),
        *range(26901, 26924),
        *range(25828, 25839),
        *range(31965, 31986),
        *range(28348, 28359),
        *range(7846, 7860),
    }
)


def crs_name(text: str) -> str:
    """The canonical URI of the reference system that `text` names; `text` itself if it has no form we know.

    A version of the EPSG database is not kept: `urn:ogc:def:crs:EPSG:6.9:4326` is `…/EPSG/0/4326`.
    """
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1].strip()
    if (one := _single(bare)) is not None:
        return one
    if (parts := _compound(bare)) is not None:
        return f"{_COMPOUND}?1={parts[0]}&2={parts[1]}"
    return text


def easting_first(text: str) -> bool:
    """Whether coordinates beside a name of that form have easting or longitude first, whatever EPSG says.

    So it is with the form of GML 2 and WFS 1.0 alone (OGC 02-069, 02-058), which are older than the rule that names
    bring EPSG's order (OGC 05-103, 07-092r3); GDAL and GeoServer read and write it so too. `crs_name` keeps the
    system, not the order: whoever reads coordinates asks here.
    """
    return _OF_GML2.match(text.strip()) is not None


def _single(bare: str) -> str | None:
    if match := _EPSG.fullmatch(bare):
        return f"http://www.opengis.net/def/crs/EPSG/0/{int(match['code'])}"
    if _84.fullmatch(bare):
        return CRS84
    if match := _OGC.fullmatch(bare):
        return CRS84H if match["height"] else CRS84
    return None


def _compound(bare: str) -> tuple[str, str] | None:
    """The canonical names of the two systems that one is put together of."""
    if match := _COMPOUND_SHORT.fullmatch(bare):
        given = [match["place"], f"EPSG:{match['height']}"]
    elif match := _COMPOUND_URI.fullmatch(bare):
        given = [unquote(match["place"]), unquote(match["height"])]
    elif match := _COMPOUND_URN.fullmatch(bare):
        given = [f"urn:ogc:def:{part.strip()}" for part in match["parts"].split(",")]
    else:
        return None
    found = [name for part in given if (name := _single(part)) is not None]
    return (found[0], found[1]) if len(given) == len(found) == 2 else None


def epsg_code(name: str) -> int | None:
    """The EPSG code that a name stands for, in whatever form; None if it is not EPSG's, or two in one."""
    match = _EPSG.fullmatch(crs_name(name))
    return int(match["code"]) if match else None


def components(name: str) -> tuple[str, ...]:
    """The canonical names of the systems that one is put together of: it alone, or one of places, one of heights."""
    canonical = crs_name(name)
    return _compound(canonical) or (canonical,)


def known_crs(text: str) -> Crs | None:
    """A system whose axes are known without a database; None for all others."""
    name = crs_name(text)
    place, *_ = components(name)
    if place in (CRS84, CRS84H):
        return Crs(name, circle=LONGITUDE_LATITUDE.circle)
    code = epsg_code(place)
    if code in _LATITUDE_FIRST:
        return Crs(name, swapped=True, circle=360.0)
    if code in _NORTHING_FIRST:
        return Crs(name, swapped=True)
    return Crs(name) if code in _EASTING_FIRST else None
