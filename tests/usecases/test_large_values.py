"""Large values from the body to files: what a large body becomes is what the small one becomes."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeFolders

from azenha.domain.errors import InvalidInputs
from azenha.domain.messages import Checked
from azenha.domain.process import (
    BoxDomain,
    Catalogue,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.domain.values import InlineBytes, InlineText, Literal, Record, StoredFile
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.ogcapi import execute
from azenha.settings import LimitSettings
from azenha.usecases.executing import check
from azenha.usecases.inline import LargeValues

BYTES = ComplexDomain((Format("image/tiff"), Format("text/plain")))
FEATURES = ComplexDomain((Format("application/geo+json"),))
NUMBER = LiteralDomain(LiteralType.DOUBLE, units=("m", "km"))
STRING = LiteralDomain(LiteralType.STRING)


def named(id: str, domain: Domain, **more: Any) -> InputDescription:
    return InputDescription(id, domain, Text(id), min_occurs=0, **more)


MANY = {"max_occurs": None, "array": True}
PROCESS = ProcessDescription(
    "p",
    "1",
    Text("p"),
    (
        named("data", BYTES),
        named("several", BYTES, **MANY),
        named("document", ComplexDomain((Format("application/xml"),))),
        named("features", FEATURES),
        named("layers", FEATURES, **MANY),
        named("numbers", NUMBER, **MANY),
        named("text", STRING),
        named("box", BoxDomain()),
        named("record", ObjectDomain((named("a", STRING), named("data", BYTES)))),
        named("tight", replace(BYTES, max_bytes=100_000)),
    ),
    (OutputDescription("out", STRING, Text("o")),),
)
CATALOGUE = Catalogue({"p": Offering(PROCESS, "here")})
RAW = os.urandom(90_000)
CODED = base64.b64encode(RAW).decode()
LONG = 'a "text" with / and é\n' * 5000
COLLECTION = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"n": n}, "geometry": {"type": "Point", "coordinates": [n, 0.1]}}
        for n in range(2000)
    ],
}
TEXT = "text/plain"


def checked(folder: Path, inputs: object, limits: LimitSettings | None = None, ascii: bool = True) -> Checked:
    body = json.dumps({"inputs": inputs}, ensure_ascii=ascii).encode()
    request = HttpRequest("POST", "/x", headers={"content-type": "application/json"}, body=body)
    command = execute.read("p", request, Limits())
    return check(command, "job", body, CATALOGUE, FakeFolders(folder), limits or LimitSettings(), ("en",))


def contents(folder: Path, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    def content(value: Any) -> Any:
        match value:
            case StoredFile(key, size=size):
                data = (folder / "inputs" / "job" / key).read_bytes()
                assert len(data) == size
                return data
            case InlineText(text):
                return text.encode()
            case InlineBytes(data):
                return data
            case Literal(scalar, unit):
                return scalar if unit in (None, "m") else (scalar, unit)
            case Record(fields):
                return contents(folder, fields)
        return value

    return {id: [content(v) for v in several] for id, several in values.items()}


CASES: dict[str, tuple[object, object]] = {
    "base64": ({"data": CODED}, {"data": [RAW]}),
    "base64, qualified": ({"data": {"value": CODED, "mediaType": "image/tiff"}}, {"data": [RAW]}),
    "text": ({"data": {"value": LONG, "mediaType": TEXT}}, {"data": [LONG.encode()]}),
    "text in base64": (
        {"data": {"value": CODED, "mediaType": TEXT, "encoding": "base64"}},
        {"data": [RAW]},
    ),
    "several": (
        {"several": [CODED, {"value": LONG, "mediaType": TEXT}, {"value": "ab", "mediaType": TEXT}]},
        {"several": [RAW, LONG.encode(), b"ab"]},
    ),
    "one of several": ({"several": {"value": CODED, "mediaType": "image/tiff"}}, {"several": [RAW]}),
    "GeoJSON": ({"features": COLLECTION}, {"features": [json.dumps(COLLECTION).encode()]}),
    "GeoJSON, qualified": (
        {"features": {"value": COLLECTION, "mediaType": "application/geo+json"}},
        {"features": [json.dumps(COLLECTION).encode()]},
    ),
    "GeoJSON as text": (
        {"features": json.dumps(COLLECTION)},
        {"features": [json.dumps(COLLECTION).encode()]},
    ),
    "several GeoJSON": (
        {"layers": [COLLECTION, {"value": COLLECTION}]},
        {"layers": [json.dumps(COLLECTION).encode()] * 2},
    ),
    "one of several GeoJSON": ({"layers": COLLECTION}, {"layers": [json.dumps(COLLECTION).encode()]}),
    "many numbers": (
        {"numbers": [n / 4 for n in range(20_000)]},
        {"numbers": [[n / 4 for n in range(20_000)]]},
    ),
    "many numbers with a unit": (
        {"numbers": {"value": [n / 4 for n in range(20_000)], "uom": "km"}},
        {"numbers": [[(n / 4, "km") for n in range(20_000)]]},
    ),
    "a long string": ({"text": LONG}, {"text": [LONG]}),
    "a long string, qualified": ({"text": {"value": LONG}}, {"text": [LONG]}),
    "an object": ({"record": {"a": LONG, "data": CODED}}, {"record": [{"a": [LONG], "data": [RAW]}]}),
    "an object, qualified within": (
        {"record": {"value": {"a": "x", "data": {"value": CODED, "mediaType": "image/tiff"}}}},
        {"record": [{"a": ["x"], "data": [RAW]}]},
    ),
}


@pytest.mark.parametrize("ascii", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_what_is_large_arrives_as_what_is_small_does(tmp_path: Path, name: str, ascii: bool) -> None:
    given, wanted = CASES[name]
    found = contents(tmp_path, checked(tmp_path, given, ascii=ascii).inputs)
    assert isinstance(wanted, dict)
    if name.startswith("many numbers"):
        assert found["numbers"] == wanted["numbers"][0]
    elif "GeoJSON" in name:
        assert {k: [json.loads(v) for v in vs] for k, vs in found.items()} == {
            k: [json.loads(v) for v in vs] for k, vs in wanted.items()
        }
    else:
        assert found == wanted


def test_nothing_large_is_in_what_goes_on(tmp_path: Path) -> None:
    found = checked(tmp_path, {"data": CODED, "features": COLLECTION})
    assert found.files == 2
    assert found.execute.inputs == {}
    assert all(isinstance(v, StoredFile) for several in found.inputs.values() for v in several)


def test_a_large_value_of_several_has_a_name_that_no_pattern_takes_for_one(tmp_path: Path) -> None:
    (several,) = checked(tmp_path, {"several": [CODED, CODED]}).inputs.values()
    assert [value.name for value in several if isinstance(value, StoredFile)] == [
        "several_0_.tif", "several_1_.tif",
    ]  # fmt: skip


REFUSED: dict[str, tuple[object, str, str]] = {
    "no base64": ({"data": CODED[:-5] + "*" + CODED[-4:]}, "data", "expected image/tiff in base64"),
    "base64 too short": ({"data": CODED[:-1]}, "data", "incorrect padding"),
    "too large": ({"tight": base64.b64encode(bytes(100_001)).decode()}, "tight", "the limit of this input"),
    "text too large": ({"tight": {"value": "é" * 50_001, "mediaType": TEXT}}, "tight", "at most 100000"),
    "a format that is not offered": (
        {"data": {"value": CODED, "mediaType": "a/b"}},
        "data",
        "a/b is not offered",
    ),
    "a unit": ({"data": {"value": CODED, "uom": "m"}}, "data", "has no units"),
    "an object for bytes": ({"data": COLLECTION}, "data", "no media type that is JSON"),
    "an array for a box": ({"box": [1] * 24_000}, "box", "got an array"),
    "a string for numbers": ({"numbers": CODED}, "numbers", "expected a number"),
    "an array for a string": ({"text": ["x" * 70_000]}, "text", "expected a string, got an array"),
    "an unknown input": ({"data": CODED, "dato": CODED}, "dato", "did you mean 'data'"),
    "one of several": ({"several": [CODED, CODED[:-1]]}, "several[1]", "incorrect padding"),
    "a field": ({"record": {"a": "x", "data": CODED[:-1]}}, "record.data", "incorrect padding"),
    "an unknown field": ({"record": {"a": LONG, "b": 1}}, "record.b", "no such field"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_large_value_that_is_refused_is_named_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    given, locator, message = REFUSED[name]
    with pytest.raises(InvalidInputs) as caught:
        checked(tmp_path, given)
    problem = next(p for p in caught.value.problems if p.locator == locator)
    assert message in str(problem)
    assert not (tmp_path / "inputs").exists() or not list((tmp_path / "inputs").rglob("*"))


def test_the_decoded_size_counts(tmp_path: Path) -> None:
    exactly = base64.b64encode(bytes(100_000)).decode()
    assert checked(tmp_path, {"tight": exactly}).files == 1


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputs) as caught:
        checked(tmp_path, {"data": CODED[:-1], "features": 5, "other": LONG})
    assert [p.locator for p in caught.value.problems] == ["data", "features", "other"]


XML = "application/xml"


def xml(encoding: str, times: int) -> str:
    head = f'<?xml version="1.0" encoding="{encoding}"?><a><n>café</n>'
    return head + "<b>x</b>" * times + "</a>"


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "windows-1252", "utf-8"])
@pytest.mark.parametrize("ascii", [True, False])
def test_a_large_text_that_is_xml_is_written_in_the_encoding_that_it_declares(
    tmp_path: Path, encoding: str, ascii: bool
) -> None:
    text = xml(encoding, 90_000)
    found = checked(tmp_path, {"document": {"value": text, "mediaType": XML}}, ascii=ascii)
    assert found.files == 1
    assert contents(tmp_path, found.inputs) == {"document": [text.encode(encoding)]}


def test_the_charset_of_a_large_text_is_told_as_the_encoding_that_it_was_written_in(tmp_path: Path) -> None:
    given = {"value": xml("ISO-8859-1", 9000), "mediaType": f"{XML}; charset=utf-8"}
    (stored,) = checked(tmp_path, {"document": given}).inputs["document"]
    assert isinstance(stored, StoredFile)
    assert stored.format.media_type == f"{XML}; charset=ISO-8859-1"


@pytest.mark.parametrize("times", [9000, 90_000])
@pytest.mark.parametrize("encoding", ["us-ascii", "klingon", "rot13"])
def test_a_large_text_that_cannot_be_in_the_encoding_that_it_declares_is_refused(
    tmp_path: Path, encoding: str, times: int
) -> None:
    with pytest.raises(InvalidInputs, match=f"in the encoding that it declares, {encoding}"):
        checked(tmp_path, {"document": {"value": xml(encoding, times), "mediaType": XML}})


@pytest.mark.parametrize(
    ("values", "locator"),
    [
        (
            {"record": (Record({"document": (InlineText(xml("us-ascii", 9), Format(XML)),)}),)},
            "record.document",
        ),
        (
            {"several": (InlineText("a", Format(XML)), InlineText(xml("us-ascii", 9), Format(XML)))},
            "several[1]",
        ),
    ],
)
def test_what_is_refused_is_named_wherever_it_is(
    tmp_path: Path, values: dict[str, tuple[Record | InlineText, ...]], locator: str
) -> None:
    with pytest.raises(InvalidInputs) as refused:
        LargeValues(10, tmp_path, b"").to_files(values)
    assert [problem.locator for problem in refused.value.problems] == [locator]
