"""What is asked of geometries, whatever opened the file that they are in."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from azenha.domain.process import Validation
from azenha.engine.formats.opening import NotValid

UNKNOWN: Final = "Unknown"  # as GDAL calls the type of what may have geometries of any
_KINDS: Final = (  # by the numbers of GEOS
    *("Point", "LineString", "LineString", "Polygon"),
    *("MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"),
)
_MARKS: Final = ("2.5D ", " ZM", " Z", " M", "25D")


def flat(kind: str) -> str:
    """A type of geometry without what says how many dimensions it has."""
    for mark in _MARKS:
        kind = kind.replace(mark, "")
    return kind.strip()


def kinds_of(wkb: Any) -> set[str]:
    """The types of an array of geometries in WKB, those that are missing left out.

    Raises:
        NotValid: one is none.
    """
    import shapely

    try:
        shapes = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException as error:
        raise NotValid(f"it opens, and has a geometry that is none: {error}") from None
    return kinds_of_shapes(shapes)


def kinds_of_shapes(shapes: Any) -> set[str]:
    """The same of an array of shapely's."""
    import shapely

    return {_KINDS[number] for number in {int(n) for n in shapely.get_type_id(shapes)} if number >= 0}


def as_asked(asked: Validation, place: str, kinds: Collection[str], crs: object) -> None:
    """Refuse what an author does not take.

    Args:
        place: in the file, such as "layer 'roads'".
        crs: what it says of its reference system; nothing where it says nothing.
    Raises:
        NotValid
    """
    wrong = set(kinds) - set(asked.geometries)
    if asked.geometries and wrong:
        raise NotValid(
            f"its {place} has {', '.join(sorted(wrong))}; wanted are {', '.join(asked.geometries)}"
        )
    if asked.crs and not crs:
        raise NotValid(f"its {place} does not say in which reference system it is")
