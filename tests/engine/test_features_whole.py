"""Features of GeoJSON without the members that RFC 7946 §3.2 wants: refused by strict, taken by simple."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from azenha.authoring.types import Features
from azenha.domain.media import Family
from azenha.domain.process import Level
from azenha.engine.formats import features
from azenha.engine.formats.checking import Check, conforms
from azenha.engine.formats.features import incomplete
from azenha.engine.formats.opening import NotValid
from azenha.engine.formats.policy import Policy

POINT = {"type": "Point", "coordinates": [-1.5e1, 2]}
WHOLE = {
    "type": "Feature",
    "geometry": POINT,
    "properties": {"a": "\\u00e9 \U0001f600", "b": [1, True, None]},
}
BARE = {"type": "Feature", "geometry": None, "properties": None}
# What they lack stands deeper in them, and beside them.
NO_GEOMETRY = {"type": "Feature", "properties": {"geometry": POINT}, "id": 1234567}
NO_PROPERTIES = {"type": "Feature", "geometry": {**POINT, "properties": {}}}


def collection(*several: object, **more: object) -> dict[str, object]:
    return {"type": "FeatureCollection", "features": list(several), **more}


@pytest.fixture(params=[1, 7, 100, features.PIECE])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read in pieces of so many characters."""
    monkeypatch.setattr(features, "PIECE", request.param)


def written(folder: Path, text: str) -> Path:
    path = folder / "a.geojson"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize(
    "value",
    [
        WHOLE,
        BARE,
        POINT,
        collection(),
        collection(WHOLE, BARE, crs={"type": "Feature"}),
        {"features": [WHOLE], "bbox": [1, 2, 3, 4], "type": "FeatureCollection"},
        {"type": "FeatureCollection", "features": {"type": "Feature"}},
    ],
    ids=lambda value: f"{value['type']} of {len(str(value))}",
)
@pytest.mark.parametrize("indent", [None, 2])
def test_whole_features_lack_nothing(value: object, indent: int | None, tmp_path: Path) -> None:
    for ascii in (True, False):
        assert incomplete(written(tmp_path, json.dumps(value, indent=indent, ensure_ascii=ascii))) is None


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        (NO_GEOMETRY, "it has no member geometry, not even null (RFC 7946 §3.2)"),
        (NO_PROPERTIES, "it has no member properties, not even null (RFC 7946 §3.2)"),
        (collection(WHOLE, NO_GEOMETRY, NO_PROPERTIES), "its features[1] has no member geometry, not"),
        ({"features": [BARE] * 50 + [NO_PROPERTIES]}, "its features[50] has no member properties, not"),
        (collection({"type": "Feature"}), "its features[0] has no member geometry and no member properties,"),
    ],
    ids=["feature", "feature without properties", "second", "last of many", "both"],
)
def test_the_first_that_lacks_something_is_told_with_its_place(
    value: object, flaw: str, tmp_path: Path
) -> None:
    found = incomplete(written(tmp_path, "\ufeff" + json.dumps(value)))
    assert found is not None
    assert found.startswith(flaw)


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize(
    "text", ["", "x", "[", "{", '{"features": [{"type": "Fea', '{"features": [{}, 1 2]}', "{1}"]
)
def test_what_is_no_json_is_left_to_those_who_open_it(text: str, tmp_path: Path) -> None:
    assert incomplete(written(tmp_path, text)) is None


def test_text_that_is_no_json_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "PIECE", 1000)
    read: list[int] = []
    more = features._Reading._more
    monkeypatch.setattr(features._Reading, "_more", lambda self, size: read.append(size) or more(self, size))
    assert incomplete(written(tmp_path, '{"features": [{"type": nothing' + " " * 1_000_000)) is None
    assert sum(read) <= 2000


@pytest.mark.parametrize("number", [1, 3000], ids=["few", "many"])
def test_strict_refuses_by_name_what_simple_takes(number: int, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    file = Features(written(tmp_path, json.dumps(collection(*[WHOLE] * number, NO_GEOMETRY))))
    conforms(Check("a", file, Level.SIMPLE, Family.VECTOR), Policy())
    with pytest.raises(NotValid, match=rf"features\[{number}\] has no member geometry"):
        conforms(Check("a", file, Level.STRICT, Family.VECTOR), Policy())
