"""Whether a JSON value has the shape of GeoJSON (RFC 7946 §3), so far as those who read it rely on that.

Members that only a schema would miss (`properties`, a `geometry` that is null) may be left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

_SHOWN: Final = 40  # characters of what stands in the wrong place


def misshapen(value: object) -> str | None:
    """The first thing that is wrong with it, with its place, as a sentence; None: nothing is."""
    return next(_of_object(value, "", _ROOTS), None)


def _of_object(value: Any, place: str, kinds: Mapping[str, _Judge]) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield _wrong(place, "an object", value)
        return
    kind = value.get("type")
    judge = kinds.get(kind) if isinstance(kind, str) else None
    if judge is None:
        yield _wrong(f"{place}.type".removeprefix("."), f"one of {', '.join(kinds)}", kind)
        return
    yield from judge(value, f"{place}." if place else "")


def _collection(value: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from _each(value, place, "features", _FEATURE)


def _feature(value: Mapping[str, Any], place: str) -> Iterator[str]:
    if value.get("geometry") is not None:
        yield from _of_object(value["geometry"], f"{place}geometry", _GEOMETRIES)
    if value.get("properties") is not None and not isinstance(value["properties"], Mapping):
        yield _wrong(f"{place}properties", "an object", value["properties"])


def _geometries(value: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from _each(value, place, "geometries", _GEOMETRIES)


def _each(value: Mapping[str, Any], place: str, name: str, kinds: Mapping[str, _Judge]) -> Iterator[str]:
    members = value.get(name)
    if not isinstance(members, list):
        yield _wrong(f"{place}{name}", "an array", members, name in value)
        return
    for number, member in enumerate(members):
        yield from _of_object(member, f"{place}{name}[{number}]", kinds)


def _coordinates(check: Callable[[Any, str], Iterator[str]]) -> _Judge:
    def judge(value: Mapping[str, Any], place: str) -> Iterator[str]:
        where = f"{place}coordinates"
        if not isinstance(value.get("coordinates"), list):
            yield _wrong(where, "an array", value.get("coordinates"), "coordinates" in value)
        elif value["coordinates"]:  # an empty one is a geometry without points (§3.1)
            yield from check(value["coordinates"], where)

    return judge


def _position(value: Any, place: str) -> Iterator[str]:
    numbers = isinstance(value, list) and all(
        isinstance(n, int | float) and not isinstance(n, bool) for n in value
    )
    if not numbers or len(value) < 2:
        yield _wrong(place, "a position of two or more numbers", value)


def _array(check: Callable[[Any, str], Iterator[str]], least: int = 0) -> Callable[[Any, str], Iterator[str]]:
    def judge(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _wrong(place, "an array", value)
            return
        for number, one in enumerate(value):
            yield from check(one, f"{place}[{number}]")
        if len(value) < least:
            yield f"its {place} has {len(value)} positions; at least {least} are wanted"

    return judge


def _ring(value: Any, place: str) -> Iterator[str]:
    yield from _array(_position, 4)(value, place)
    if isinstance(value, list) and value and value[0] != value[-1]:
        yield f"its {place} is no ring: it does not end where it begins"


def _wrong(place: str, wanted: str, found: object, given: bool = True) -> str:
    return f"its {place or 'root'} is {_shown(found) if given else 'missing'}; wanted is {wanted}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        inside = ", ".join(_shown(one) if not isinstance(one, list) else "…" for one in islice(value, 3))
        return f"[{inside}{', …' if len(value) > 3 else ''}]"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_Judge = Callable[[Mapping[str, Any], str], Iterator[str]]
_LINE: Final = _array(_position, 2)
_GEOMETRIES: Final[dict[str, _Judge]] = {
    "Point": _coordinates(_position),
    "MultiPoint": _coordinates(_array(_position)),
    "LineString": _coordinates(_LINE),
    "MultiLineString": _coordinates(_array(_LINE)),
    "Polygon": _coordinates(_array(_ring)),
    "MultiPolygon": _coordinates(_array(_array(_ring))),
    "GeometryCollection": _geometries,
}
_FEATURE: Final[dict[str, _Judge]] = {"Feature": _feature}
_ROOTS: Final[dict[str, _Judge]] = {"FeatureCollection": _collection, **_FEATURE, **_GEOMETRIES}
