"""Bounding boxes as written (OWS Common, OGC 06-121r9 §10.2) to boxes that are easting first, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from azenha.domain import lexical, native
from azenha.domain.crs import crs_name, easting_first, known_crs
from azenha.domain.lexical import NotAValue, quoted
from azenha.domain.process import BoxDomain, Crs
from azenha.domain.values import Box, Lexical, RawBox


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
        NotAValue: CRS not declared, wrong count, no finite numbers, numbers that its axes do not have, or the lower
            corner above the upper one.
    """
    crs = _crs(domain, raw.crs)
    as_written = replace(crs, swapped=False) if raw.crs and easting_first(raw.crs) else crs
    counts = sorted(2 * d for d in domain.dimensions)
    if len(raw.coordinates) not in counts:
        allowed = " or ".join(map(str, counts))
        raise NotAValue(f"expected {allowed} numbers, got {len(raw.coordinates)}")
    numbers = [_coordinate(c, i) for i, c in enumerate(raw.coordinates)]
    half = len(numbers) // 2
    if raw.dimensions is not None and raw.dimensions != half:
        raise NotAValue(f"{len(numbers)} numbers are a box of {half} dimensions, not of {raw.dimensions}")
    minimum, maximum = _turned(numbers[:half], as_written), _turned(numbers[half:], as_written)
    if (reason := misplaced(crs, minimum, maximum)) is not None:
        named = crs.name if as_written is crs else quoted(raw.crs or "", 120)
        raise NotAValue(f"{reason} ({named} is {_order(as_written)} first)")
    return Box(minimum, maximum, crs.name, crs.swapped)


def misplaced(crs: Crs, minimum: Sequence[float], maximum: Sequence[float]) -> str | None:
    """What is wrong with the corners of a box, easting first, by what its system's axes allow; None: nothing.

    Longitudes may be counted from 0 to 360 too. A box whose western edge is greater than its eastern one crosses
    the antimeridian (06-121r9 §10.2.3, GeoJSON §5.2), and only in a geographic system.
    """
    names = _axes(crs)
    for axis, (low, high) in enumerate(zip(minimum, maximum, strict=True)):
        name = names[axis]
        if crs.circle is not None and axis < 2:
            least, most = (-crs.circle / 2, crs.circle) if axis == 0 else (-crs.circle / 4, crs.circle / 4)
            for number in (low, high):
                if not least <= number <= most:
                    return f"its {name} {number} is not within {least:g} to {most:g}"
            if axis == 0 and high - low > crs.circle:
                return f"its {name}s {low} to {high} are more than a whole turn, which is {crs.circle:g}"
            if axis == 0:
                continue
        if low > high:
            return f"its lower {name} {low} is above its upper {name} {high}"
    return None


def _axes(crs: Crs) -> tuple[str, str, str]:
    places = ("easting", "northing") if crs.circle is None else ("longitude", "latitude")
    return (*places, "height")


def _order(crs: Crs) -> str:
    return _axes(crs)[crs.swapped]


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
    crs = next((c for c in crss if c.name == box.crs), None) or known_crs(box.crs)
    if crs is None:
        crs = Crs(box.crs, bool(box.swapped))
    return _turned(box.minimum, crs), _turned(box.maximum, crs)


def _turned(corner: Sequence[float], crs: Crs) -> tuple[float, ...]:
    """Between easting first and the order of the CRS, which is the same either way."""
    return (corner[1], corner[0], *corner[2:]) if crs.swapped else tuple(corner)
