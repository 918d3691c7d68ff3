"""The reference systems that an author names: their axes, from our own table, else from pyproj's database.

pyproj is loaded for a system that the table does not have, and nowhere else: descriptions carry what it said.
"""

from __future__ import annotations

from typing import Any, Final

from azenha.authoring.places import Place
from azenha.domain.crs import components, crs_name, epsg_code, known_crs
from azenha.domain.process import Crs

_RADIANS: Final = 6.283185307179586  # of a full turn
_NOT_EASTING: Final = ("northing", "southing", "latitude")  # in EPSG's names of axes


def system(text: object, place: Place) -> Crs:
    """A system with its axes.

    Raises:
        AuthoringError: it has no form that is known, or does not exist; boxes cannot be in it; or only pyproj knows
            it, which is not installed.
    """
    if not isinstance(text, str):
        raise place.error(f"Crs names {text!r}", "write it as text: Crs('EPSG:4326')")
    if known := known_crs(text):
        return known
    codes = [epsg_code(one) for one in components(text)]
    if None in codes:
        raise place.error(f"Crs names '{text}'", "write it as 'EPSG:4326', or as a URN or URI of OGC")
    shown = f"EPSG:{'+'.join(map(str, codes))}"
    try:
        from pyproj import CRS
        from pyproj.exceptions import CRSError
    except ImportError:
        remedy = "pip install pyproj, or use CRS84, EPSG:3857, a UTM zone or another well-known one"
        raise place.error(f"the axis order of {shown} is not known", remedy) from None
    try:
        found = CRS.from_user_input(shown)
    except CRSError:
        raise place.error(f"there is no {shown}", "correct its number") from None
    axes = found.axis_info
    if found.is_geocentric or len(axes) < 2:
        raise place.error(
            f"{shown} ({found.name}) is no system that a box can be in", "name a geographic or projected one"
        )
    # By name and not by direction: at the poles both axes point north, or both south.
    first = axes[0].name.lower()
    swapped = any(word in first for word in _NOT_EASTING)
    return Crs(crs_name(text), swapped, _circle(found))


def _circle(found: Any) -> float | None:
    """A full turn in the unit of a geographic system: 360 degrees, 400 grads."""
    return round(_RADIANS / found.axis_info[0].unit_conversion_factor, 9) if found.is_geographic else None
