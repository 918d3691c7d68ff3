"""Key-value pairs as clients really write them."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.errors import BadParameter, MissingParameter
from azenha.protocols.kvp import DATA_ATTRIBUTES, OUTPUT_ATTRIBUTES, Parameters

Plain = tuple[str, str | None, dict[str, str]]


def inputs(raw: str) -> list[Plain]:
    found = Parameters(f"service=WPS&DataInputs={raw}&x=").entries("datainputs", DATA_ATTRIBUTES)
    return [(e.identifier, e.value, dict(e.attributes)) for e in found]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", []),
        (";", []),
        ("a", [("a", None, {})]),
        ("a=", [("a", "", {})]),
        ("a=1;b=2", [("a", "1", {}), ("b", "2", {})]),
        ("a=1;a=2;", [("a", "1", {}), ("a", "2", {})]),
        ("[a=1;b=2]", [("a", "1", {}), ("b", "2", {})]),
        ("%5Ba=1;b=2%5D", [("a", "1", {}), ("b", "2", {})]),
        ("[a=1;b=2", "[a=1"),
        ("a=[1]", [("a", "[1]", {})]),
        ("s=a%3Db", [("s", "a=b", {})]),
        ("s=a%40b", [("s", "a@b", {})]),
        ("s=a%3Bb;t=%2540", [("s", "a;b", {}), ("t", "%40", {})]),
        ("s%3Da%253Bb", [("s", "a;b", {})]),  # all of it was encoded once more
        ("s%3Done+two%3Bt%3D%252B", [("s", "one two", {}), ("t", "+", {})]),
        ("s=one+two", [("s", "one+two", {})]),
        ("x=YQ==@encoding=base64", [("x", "YQ==", {"encoding": "base64"})]),
        ("x=1@mimeType=application/geo+json@uom=m", [("x", "1", {"mimetype": "application/geo+json", "uom": "m"})]),
        ("x=1@MIMETYPE=a/b@dataType=xs:int", [("x", "1", {"mimetype": "a/b", "datatype": "xs:int"})]),
        ("x=1@format=a/b@schema=@encoding=", [("x", "1", {"mimetype": "a/b"})]),
        ("p=@xlink:href=http%3A//h?a%3D1%3B@method=x", [("p", "", {"xlink:href": "http://h?a=1;", "method": "x"})]),
        ("p@href=http://h/?a=1", [("p", None, {"xlink:href": "http://h/?a=1"})]),
        ("p%40xlink%3Ahref%3Dhttp%253A%252F%252Fh", [("p", None, {"xlink:href": "http://h"})]),
        ("b=46,102,47,103,urn:ogc:def:crs:EPSG::4326,2", [("b", "46,102,47,103,urn:ogc:def:crs:EPSG::4326,2", {})]),
        ("%20a%20=%201", [("a", " 1", {})]),
    ],
)  # fmt: skip
def test_data_inputs_are_split_before_they_are_decoded(raw: str, expected: list[Plain] | str) -> None:
    if isinstance(expected, str):
        assert inputs(raw)[0][0] == "[a"
    else:
        assert inputs(raw) == expected


@pytest.mark.parametrize(
    ("raw", "words", "locator"),
    [
        ("=1", "no identifier", "DataInputs"),
        ("a=1;@uom=m", "no identifier", "DataInputs"),
        ("mail=me@example.org", "'@' is written %40", "mail"),
        ("a=1@mimetpye=x/y", "did you mean 'mimetype'", "a"),
        ("a=1@uom=m@UOM=ft", "'uom' twice", "a"),
        ("a=%ff", "not UTF-8", "a"),
        ("a=1@href=x@xlink:href=y", "twice", "a"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_dropped(raw: str, words: str, locator: str) -> None:
    with pytest.raises(BadParameter, match=words) as caught:
        Parameters(f"DataInputs={raw}").entries("DataInputs", DATA_ATTRIBUTES)
    assert caught.value.locator == locator


@pytest.mark.parametrize(
    "raw",
    ["a@mimeType=image/tiff@asReference=true;b", "a=@mimeType=image/tiff@asReference=true;b",
     "a%40mimeType%3Dimage%2Ftiff%40asReference%3Dtrue%3Bb"],
)  # fmt: skip
def test_response_document_is_read_in_all_its_spellings(raw: str) -> None:
    first, second = Parameters(f"responsedocument={raw}").entries("ResponseDocument", OUTPUT_ATTRIBUTES)
    assert not first.value
    assert dict(first.attributes) == {"mimetype": "image/tiff", "asreference": "true"}
    assert second.identifier == "b"


VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(VALUES, min_size=1, max_size=4), st.sampled_from([quote, quote_plus]))
def test_any_value_comes_back_whichever_way_the_whole_was_encoded(values: list[str], encode: object) -> None:
    text = ";".join(f"id{i}={quote(v, safe='')}@uom=m" for i, v in enumerate(values))
    once = inputs(text)
    assert [v for _, v, _ in once] == values
    assert callable(encode)
    assert inputs(encode(text, safe="")) == once


def test_names_have_no_case_and_empty_values_are_absent() -> None:
    found = Parameters("SERVICE=WPS&ReQuest=Execute&identifier=&Version=1.0.0&version=1.0.0")
    assert (found.required("service"), found.text("REQUEST"), found.text("Identifier")) == (
        "WPS",
        "Execute",
        None,
    )
    assert found.text("version") == "1.0.0"
    assert "identifier" in found
    with pytest.raises(MissingParameter) as caught:
        found.required("identifier")
    assert caught.value.locator == "identifier"


def test_a_parameter_with_two_values_is_refused_not_halved() -> None:
    with pytest.raises(BadParameter, match="2 times"):
        Parameters("version=1.0.0&Version=2.0.0").text("version")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("a,b", ("a", "b")), ("a%2Cb", ("a", "b")), ("a%2Cb,c", ("a,b", "c")), (",a,,", ("a",)), ("", ()),
     ("urn%3Ax%3Ay", ("urn:x:y",)), ("a+b", ("a+b",))],
)  # fmt: skip
def test_lists_are_split_before_they_are_decoded(raw: str, expected: tuple[str, ...]) -> None:
    assert Parameters(f"identifier={raw}").list("Identifier") == expected


@pytest.mark.parametrize(("raw", "expected"), [("true", True), ("FALSE", False), ("1", True), ("0", False)])
def test_booleans(raw: str, expected: bool) -> None:
    found = Parameters(urlencode({"lineage": raw}))
    assert found.boolean("lineage") is expected
    assert found.boolean("status") is False
    with pytest.raises(BadParameter, match="given 'yes'"):
        Parameters("status=yes").boolean("status")
