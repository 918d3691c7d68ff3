"""Whether a JSON value has the shape of GeoJSON (RFC 7946 §3), so far as those who read it rely on that.

Members that hardly anybody misses (`properties`, a `geometry` that is null) may be left out: `strict` wants them, see
features.py. Each judge gives the first flaw that it finds, with its place, as a sentence; None: there is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from azenha.engine.formats.opening import counted

_SHOWN: Final = 40  # characters of what stands in the wrong place

Place = tuple[str | int, ...]  # names of members and numbers of items, from the root
Judge = Callable[[Any, Place], str | None]


def misshapen(value: object) -> str | None:
    """The first thing that is wrong with it, with its place, as a sentence; None: nothing is."""
    try:
        return _object(value, (), _ROOTS)
    except RecursionError:
        return "it has too many geometries within each other"


def _object(value: Any, place: Place, kinds: Mapping[str, Judge]) -> str | None:
    if not isinstance(value, dict):
        return _wrong(place, "an object", value)
    kind = value.get("type")
    judge = kinds.get(kind) if isinstance(kind, str) else None
    if judge is None:
        return _wrong((*place, "type"), f"one of {', '.join(kinds)}", kind)
    return judge(value, place)


def _feature(value: Mapping[str, Any], place: Place) -> str | None:
    geometry, properties = value.get("geometry"), value.get("properties")
    if geometry is not None and (flaw := _object(geometry, (*place, "geometry"), _GEOMETRIES)):
        return flaw
    if properties is not None and not isinstance(properties, dict):
        return _wrong((*place, "properties"), "an object", properties)
    return None


def _collection(name: str, kinds: Callable[[], Mapping[str, Judge]]) -> Judge:
    def judge(value: Mapping[str, Any], place: Place) -> str | None:
        members = value.get(name)
        if not isinstance(members, list):
            return _wrong((*place, name), "an array", members, name in value)
        for number, member in enumerate(members):
            if flaw := _object(member, (*place, name, number), kinds()):
                return flaw
        return None

    return judge


def _coordinates(check: Judge) -> Judge:
    def judge(value: Mapping[str, Any], place: Place) -> str | None:
        found, where = value.get("coordinates"), (*place, "coordinates")
        if not isinstance(found, list):
            return _wrong(where, "an array", found, "coordinates" in value)
        return check(found, where) if found else None  # an empty one is a geometry without points (§3.1)

    return judge


def _position(value: Any, place: Place) -> str | None:
    if isinstance(value, list) and len(value) > 1 and {type(number) for number in value} <= {int, float}:
        return None
    return _wrong(place, "a position of two or more numbers", value)


def _array(check: Judge, least: int = 0) -> Judge:
    def judge(value: Any, place: Place) -> str | None:
        if not isinstance(value, list):
            return _wrong(place, "an array", value)
        for number, one in enumerate(value):
            if flaw := check(one, (*place, number)):
                return flaw
        if len(value) < least:
            return f"its {_written(place)} has {counted(len(value), 'position')}; at least {least} are wanted"
        return None

    return judge


def _ring(value: Any, place: Place) -> str | None:
    flaw = _FOUR(value, place)
    if flaw is None and value[0] != value[-1]:
        return f"its {_written(place)} is no ring: it does not end where it begins"
    return flaw


def _wrong(place: Place, wanted: str, found: object, given: bool = True) -> str:
    return f"its {_written(place) or 'root'} is {_shown(found) if given else 'missing'}; wanted is {wanted}"


def _written(place: Place) -> str:
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in place).removeprefix(".")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        inside = ", ".join(_shown(one) if not isinstance(one, list) else "…" for one in islice(value, 3))
        return f"[{inside}{', …' if len(value) > 3 else ''}]"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_FOUR: Final = _array(_position, 4)
_LINE: Final = _array(_position, 2)
_GEOMETRIES: Final[dict[str, Judge]] = {
    "Point": _coordinates(_position),
    "MultiPoint": _coordinates(_array(_position)),
    "LineString": _coordinates(_LINE),
    "MultiLineString": _coordinates(_array(_LINE)),
    "Polygon": _coordinates(_array(_ring)),
    "MultiPolygon": _coordinates(_array(_array(_ring))),
    "GeometryCollection": _collection("geometries", lambda: _GEOMETRIES),
}
_FEATURE: Final[dict[str, Judge]] = {"Feature": _feature}
_ROOTS: Final[dict[str, Judge]] = {
    "FeatureCollection": _collection("features", lambda: _FEATURE),
    **_FEATURE,
    **_GEOMETRIES,
}
