"""Bounding boxes as written (OWS Common, OGC 06-121r9 §10.2) to boxes that are easting first, and back."""

from __future__ import annotations

from collections.abc import Sequence

from azenha.domain import lexical, native
from azenha.domain.crs import CRS84H, crs_name, epsg_code, known_crs
from azenha.domain.lexical import NotAValue, quoted
from azenha.domain.process import CRS84, BoxDomain, Crs
from azenha.domain.values import Box, Lexical, RawBox

# Geographic systems, in which a box may cross the antimeridian: WGS 84, ETRS89, NAD27, NAD83, NZGD2000,
# GDA94, CGCS2000, JGD2000, SIRGAS 2000, ETRS89 3D, WGS 84 3D, JGD2011, GDA2020.
_GEOGRAPHIC = frozenset(
    {4326, 4258, 4267, 4269, 4167, 4283, 4490, 4612, 4674, 4937, 4979, 6668, 7844},
)


def written(text: str) -> RawBox:
    """A box from a KVP or the command line: `minx,miny,maxx,maxy[,crs[,dimensions]]`, in the axis order of the CRS.

    `dimensions` (2 or 3, 06-121r3 §10.2.3) repeats what the count of the numbers says.

    Raises:
        NotAValue: it does not begin with 4 or 6 numbers.
    """
    parts = [part.strip(lexical.WHITE) for part in text.split(",")]
    count = next((i for i, part in enumerate(parts) if not _is_number(part)), len(parts))
    if count not in (4, 6):
        raise NotAValue(f"expected 4 or 6 numbers and perhaps a CRS, with commas between; got {quoted(text)}")
    crs = parts[count:]
    if len(crs) > 1 and crs[-1].isdecimal():
        if crs[-1] != str(count // 2):
            raise NotAValue(f"{count} numbers are a box of {count // 2} dimensions, not of {quoted(crs[-1])}")
        crs.pop()
    return RawBox(tuple(Lexical(part) for part in parts[:count]), ",".join(crs) or None)


def _is_number(text: str) -> bool:
    try:
        lexical.double(text)
    except NotAValue:
        return False
    return True


def read(domain: BoxDomain, raw: RawBox) -> Box:
    """The box, easting first.

    Raises:
        NotAValue: CRS not declared, wrong count, no finite numbers, or the lower corner above the upper one.
    """
    crs = _crs(domain, raw.crs)
    counts = sorted(2 * d for d in domain.dimensions)
    if len(raw.coordinates) not in counts:
        allowed = " or ".join(map(str, counts))
        raise NotAValue(f"expected {allowed} numbers, got {len(raw.coordinates)}")
    numbers = [_coordinate(c, i) for i, c in enumerate(raw.coordinates)]
    half = len(numbers) // 2
    if raw.dimensions is not None and raw.dimensions != half:
        raise NotAValue(f"{len(numbers)} numbers are a box of {half} dimensions, not of {raw.dimensions}")
    minimum, maximum = _turned(numbers[:half], crs), _turned(numbers[half:], crs)
    crosses = is_geographic(crs.name)
    for axis, low, high in zip(("easting", "northing", "height"), minimum, maximum, strict=False):
        if low > high and not (crosses and axis == "easting"):
            order = "northing first" if crs.swapped else "easting first"
            raise NotAValue(
                f"its lower {axis} {low} is above its upper {axis} {high} ({crs.name} is {order})"
            )
    return Box(minimum, maximum, crs.name)


def _crs(domain: BoxDomain, given: str | None) -> Crs:
    if given is None:
        return domain.crss[0]
    name = crs_name(given)
    for crs in domain.crss:
        if name in (crs.name, crs_name(crs.name)):
            return crs
    raise NotAValue(
        f"CRS {quoted(given, 120)} is not offered; offered: {', '.join(c.name for c in domain.crss)}"
    )


def _coordinate(given: object, index: int) -> float:
    try:
        if isinstance(given, Lexical):
            return lexical.double(given.text.strip(lexical.WHITE))
        return native.double(given)
    except NotAValue as reason:
        raise NotAValue(f"coordinate {index + 1}: {reason}") from None


def corners(box: Box, crss: Sequence[Crs] = ()) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Lower and upper corner in the axis order of the box's CRS, as they are written.

    Args:
        crss: those of its description: they know the order of a system that is not well known.
    """
    crs = next((c for c in crss if c.name == box.crs), None) or known_crs(box.crs) or Crs(box.crs)
    return _turned(box.minimum, crs), _turned(box.maximum, crs)


def _turned(corner: Sequence[float], crs: Crs) -> tuple[float, ...]:
    """Between easting first and the order of the CRS, which is the same either way."""
    return (corner[1], corner[0], *corner[2:]) if crs.swapped else tuple(corner)


def is_geographic(name: str) -> bool:
    """Whether a system is known to be one of longitudes and latitudes; False where we do not know."""
    return name in (CRS84, CRS84H) or epsg_code(name) in _GEOGRAPHIC
