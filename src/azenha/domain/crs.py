"""Names of coordinate reference systems: the many ways of writing one, and its one canonical URI.

Forms: OGC 06-121r9 §10.2 (URN), OGC 11-135r2 (http URI), the short forms `EPSG:4326` and `CRS84` that people
write, and the same as a safe CURIE in square brackets (OGC API).
"""

from __future__ import annotations

import re

from azenha.domain.process import CRS84, Crs

CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"

_EPSG = re.compile(
    r"""(?:
        EPSG::?
      | urn:(?:x-)?ogc:def:crs:EPSG:(?:[0-9.]*:)?
      | https?://(?:www\.)?opengis\.net/def/crs/EPSG/[0-9.]+/
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

# Geographic systems whose authority puts latitude first.
_NORTHING_FIRST = frozenset({4326, 4258, 4979})
_EASTING_FIRST = frozenset({3857, *range(32601, 32661), *range(32701, 32761)})


def crs_name(text: str) -> str:
    """The canonical URI of the reference system that `text` names; `text` itself if it has no form we know.

    A version of the EPSG database is not kept: `urn:ogc:def:crs:EPSG:6.9:4326` is `…/EPSG/0/4326`.
    """
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    if match := _EPSG.fullmatch(bare):
        return f"http://www.opengis.net/def/crs/EPSG/0/{int(match['code'])}"
    if bare.upper() == "CRS:84":
        return CRS84
    if match := _OGC.fullmatch(bare):
        return CRS84H if match["height"] else CRS84
    return text


def epsg_code(name: str) -> int | None:
    """The EPSG code that a name stands for, in whatever form; None if it is not EPSG's."""
    match = _EPSG.fullmatch(crs_name(name))
    return int(match["code"]) if match else None


def known_crs(text: str) -> Crs | None:
    """A system whose axis order is known without a database; None for all others."""
    name = crs_name(text)
    if name in (CRS84, CRS84H):
        return Crs(name)
    code = epsg_code(name)
    if code in _NORTHING_FIRST:
        return Crs(name, swapped=True)
    return Crs(name) if code in _EASTING_FIRST else None
