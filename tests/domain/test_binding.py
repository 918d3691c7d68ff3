"""Binding: raw values to checked values, and every problem with its locator."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import lexical
from azenha.domain.binding import PROBLEMS_AT_MOST, bind, bind_outputs
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import (
    InputProblem,
    InvalidInputs,
    InvalidValue,
    MissingInput,
    TooFewValues,
    TooManyValues,
    UnknownInput,
    UnknownOutput,
    UnsupportedFormat,
    UnsupportedOutputFormat,
    UnsupportedOutputUnit,
    ValueTooLarge,
)
from azenha.domain.messages import OutputRequest, Transmission
from azenha.domain.process import (
    CRS84,
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    Limits,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Text,
    ValueRange,
)
from azenha.domain.values import (
    Box,
    InlineBytes,
    InlineText,
    Lexical,
    Literal,
    Native,
    RawBox,
    RawReference,
    Record,
    Reference,
)

LIMITS = BindingLimits(1000)

INTEGER = LiteralDomain(LiteralType.INTEGER)
STRING = LiteralDomain(LiteralType.STRING)
BAND = LiteralDomain(LiteralType.INTEGER, (ValueRange(1, 64),))
LENGTH = LiteralDomain(LiteralType.DOUBLE, units=("m", "km"))
TIFF, GEOJSON, GML = (
    Format("image/tiff; application=geotiff"),
    Format("application/geo+json"),
    Format("text/xml"),
)
RASTER = ComplexDomain((TIFF,))
FEATURES = ComplexDomain((GML, GEOJSON))
MIXED = ComplexDomain((TIFF, GEOJSON))
FILE = ComplexDomain((Format("application/octet-stream"), Format("*/*")))
BOX = BoxDomain()


def named(id: str, domain: Domain, **more) -> InputDescription:
    return InputDescription(id, domain, Text(id), **more)


POINT = ObjectDomain((named("x", INTEGER), named("label", STRING, min_occurs=0)))
LINK = ObjectDomain((named("href", STRING), named("scene", RASTER, min_occurs=0)))
NESTED = ObjectDomain(
    (
        named("points", POINT, max_occurs=None),
        named("area", BOX, min_occurs=0),
        named("value", STRING, min_occurs=0),
    )
)


def process(*inputs: InputDescription, **more) -> ProcessDescription:
    return ProcessDescription("p", "1", Text("p"), inputs, **more)


def bound(domain: Domain, *raws, limits=LIMITS, **more):
    return bind(process(named("a", domain, **more)), {"a": raws}, limits=limits)["a"]


def problems(description: ProcessDescription, inputs, limits=LIMITS) -> list[InputProblem]:
    with pytest.raises(InvalidInputs) as refusal:
        bind(description, inputs, limits=limits)
    return list(refusal.value.problems)


def problem(domain: Domain, *raws, limits=LIMITS, **more) -> InputProblem:
    (only,) = problems(process(named("a", domain, **more)), {"a": raws}, limits)
    return only


def box_object(bbox, crs=None):
    return Native({"bbox": bbox}, qualified=RawBox(tuple(bbox), crs))


PNG = base64.b64encode(b"\x89PNG\r\n").decode()
CSV_TYPE = Format("text/csv")

VALUES = [
    (INTEGER, Native(1), Literal(1)),
    (INTEGER, Native(Decimal("1.0")), Literal(1)),
    (INTEGER, Lexical(" 1 "), Literal(1)),
    (INTEGER, Native({"value": 1}, qualified=Native(1)), Literal(1)),
    (STRING, Lexical(""), Literal("")),
    (STRING, Native("a\n "), Literal("a\n ")),
    (BAND, Native(64), Literal(64)),
    (LENGTH, Native(2), Literal(2.0, "m")),
    (LENGTH, Lexical("2", "km"), Literal(2.0, "km")),
    (LENGTH, Lexical("2", "\n km "), Literal(2.0, "km")),
    (LENGTH, Native(2, unit=" km"), Literal(2.0, "km")),
    (LENGTH, Lexical("2", type="http://www.w3.org/2001/XMLSchema#integer"), Literal(2.0, "m")),
    (INTEGER, Lexical("1", type="xs:string"), Literal(1)),
    (STRING, Lexical("1", type="xs:integer"), Literal("1")),
    (INTEGER, Lexical("1", format=Format("", "UTF-8")), Literal(1)),
    (INTEGER, Lexical("1", format=Format("text/plain; charset=utf-8", "raw")), Literal(1)),
    (STRING, Lexical("a", format=Format("text/xml")), Literal("a")),
    (BOX, Lexical("1,2,3,4", format=Format("text/plain")), Box((1, 2), (3, 4), CRS84)),
    (FEATURES, Lexical("<a/>", type="string"), InlineText("<a/>", GML)),
    (LENGTH, Native({}, qualified=Native(Decimal("2.5"), unit="km")), Literal(2.5, "km")),
    (BOX, box_object([1, 2, 3, 4]), Box((1, 2), (3, 4), CRS84)),
    (BOX, Lexical("1,2,3,4"), Box((1, 2), (3, 4), CRS84)),
    (BOX, Native({"value": {}}, qualified=box_object([1, 2, 3, 4])), Box((1, 2), (3, 4), CRS84)),
    (FEATURES, Lexical("<a/>"), InlineText("<a/>", GML)),
    (FEATURES, Native("<a/>"), InlineText("<a/>", GML)),
    (FEATURES, Native({}, qualified=Native('{"a":1}', GEOJSON)), InlineText('{"a":1}', GEOJSON)),
    (FEATURES, Native({"a": Decimal("1.10")}), InlineText('{"a": 1.10}', GEOJSON)),
    (FEATURES, Native([1, {"b": None}]), InlineText('[1, {"b": null}]', GEOJSON)),
    (MIXED, Native({"a": 1}), InlineText('{"a": 1}', GEOJSON)),
    (
        FEATURES,
        Native({"bbox": [1, 2, 3, 4]}, qualified=RawBox((1, 2, 3, 4))),
        InlineText('{"bbox": [1, 2, 3, 4]}', GEOJSON),
    ),
    (RASTER, Native(PNG), InlineBytes(b"\x89PNG\r\n", TIFF)),
    (RASTER, Lexical(f" {PNG[:4]}\r\n{PNG[4:]}\n"), InlineBytes(b"\x89PNG\r\n", TIFF)),
    (RASTER, Lexical(PNG, format=Format("image/tiff", "base64")), InlineBytes(b"\x89PNG\r\n", TIFF)),
    (FEATURES, Lexical("PGEvPg==", format=Format("text/xml", "base64")), InlineBytes(b"<a/>", GML)),
    (FILE, Native({}, qualified=Native("a,b", CSV_TYPE)), InlineText("a,b", CSV_TYPE)),
    (FILE, Native(PNG), InlineBytes(b"\x89PNG\r\n", Format("application/octet-stream"))),
    (FILE, Native({}, qualified=Native({"a": 1}, GEOJSON)), InlineText('{"a": 1}', GEOJSON)),
    (
        FILE,
        Lexical("é", format=Format("text/csv; charset=latin-1")),
        InlineText("é", Format("text/csv; charset=utf-8")),
    ),
    (RASTER, RawReference("https://example.org/a.tif"), Reference("https://example.org/a.tif")),
    (
        RASTER,
        Native({}, qualified=RawReference("HTTP://example.org:80/a", Format("IMAGE/tiff"))),
        Reference("HTTP://example.org:80/a", TIFF),
    ),
    (
        RASTER,
        RawReference("https://example.org/a", Format("", "base64")),
        Reference("https://example.org/a", replace(TIFF, encoding="base64")),
    ),
    (POINT, Native({"x": 1}), Record({"x": (Literal(1),)})),
    (
        POINT,
        Native({}, qualified=Native({"x": 1, "label": "b"})),
        Record({"x": (Literal(1),), "label": (Literal("b"),)}),
    ),
    (
        LINK,
        Native({"href": "https://example.org"}, qualified=RawReference("https://example.org")),
        Record({"href": (Literal("https://example.org"),)}),
    ),
    (
        LINK,
        Native(
            {"href": "x", "scene": {"href": "https://example.org/a"}},
            fields={
                "href": Native("x"),
                "scene": Native({}, qualified=RawReference("https://example.org/a")),
            },
        ),
        Record({"href": (Literal("x"),), "scene": (Reference("https://example.org/a"),)}),
    ),
    (
        NESTED,
        Native({"points": [{"x": 1}, {"x": 2}], "value": "v"}, qualified=Native("v")),
        Record(
            {
                "points": (Record({"x": (Literal(1),)}), Record({"x": (Literal(2),)})),
                "value": (Literal("v"),),
            }
        ),
    ),
    (
        NESTED,
        Native(
            {"points": {"x": 1}, "area": {}},
            fields={"points": Native({"x": 1}), "area": box_object([1, 2, 3, 4])},
        ),
        Record({"points": (Record({"x": (Literal(1),)}),), "area": (Box((1, 2), (3, 4), CRS84),)}),
    ),
]


@pytest.mark.parametrize(("domain", "raw", "value"), VALUES)
def test_a_raw_value_becomes_the_value_that_its_domain_makes_of_it(domain, raw, value):
    assert bound(domain, raw) == (value,)


ADDRESS = "only http and https addresses"

REFUSED = [
    (INTEGER, Native(Decimal("1.5")), InvalidValue, "expected an integer, got the number 1.5"),
    (INTEGER, Native("1"), InvalidValue, "expected an integer, got the string '1'"),
    (INTEGER, Native(True), InvalidValue, "expected an integer, got true"),
    (INTEGER, Native([1], items=(Native(1),)), InvalidValue, "expected an integer, got an array"),
    (INTEGER, Native(None), InvalidValue, "null is no value; leave it out instead"),
    (INTEGER, Lexical("1.7"), InvalidValue, "expected an integer, got '1.7'"),
    (INTEGER, Native({}, qualified=RawReference("https://example.org/1")), InvalidValue, "given by value"),
    (INTEGER, box_object([1, 2, 3, 4]), InvalidValue, "is a literal, got a bounding box"),
    (INTEGER, Native(1, unit="m"), InvalidValue, "unit 'm' is not offered; it has no units"),
    (
        INTEGER,
        Native(1, Format("text/plain")),
        UnsupportedFormat,
        "is a literal and has no formats, got text/plain",
    ),
    (INTEGER, Lexical("1", format=Format("text/csv")), UnsupportedFormat, "has no formats"),
    (INTEGER, Lexical("MQ==", format=Format("text/plain", "base64")), UnsupportedFormat, "has no formats"),
    (
        INTEGER,
        Lexical("1", type="xs:double"),
        InvalidValue,
        "is of type integer, got a value of type 'xs:double'",
    ),
    (
        BOX,
        Lexical("1,2,3,4", type="integer"),
        InvalidValue,
        "is a bounding box, got a literal of type integer",
    ),
    (
        FEATURES,
        Lexical("1", type="xs:integer"),
        InvalidValue,
        "is complex data, got a literal of type xs:integer",
    ),
    (POINT, Lexical("1", type="xs:integer"), InvalidValue, "is an object, got a literal of type xs:integer"),
    (
        STRING,
        Native("é" * 501),
        ValueTooLarge,
        "has 1002 bytes; at most 1000 are taken (setting limits.inline)",
    ),
    (BAND, Native(65), InvalidValue, "65 is not allowed; allowed: from 1 up to 64"),
    (BAND, Lexical("0"), InvalidValue, "0 is not allowed; allowed: from 1 up to 64"),
    (LENGTH, Native(1, unit="mile"), InvalidValue, "unit 'mile' is not offered; offered: m, km"),
    (LENGTH, Lexical("1", ""), InvalidValue, "unit '' is not offered; offered: m, km"),
    (BOX, Native([1, 2, 3, 4]), InvalidValue, "expected a bounding box"),
    (BOX, Native("1,2,3,4"), InvalidValue, "got the string '1,2,3,4'"),
    (BOX, box_object([1, 4, 3, 2]), InvalidValue, "its lower latitude 4.0 is above its upper latitude 2.0"),
    (BOX, Lexical("1,2,3,4", "m"), InvalidValue, "is a bounding box and has no units"),
    (BOX, RawReference("file:///etc/passwd"), InvalidValue, "is not fetched: only http and https"),
    (RASTER, Native("<a/>"), InvalidValue, "expected image/tiff; application=geotiff in base64, got '<a/>'"),
    (RASTER, Native("abcde"), InvalidValue, "in base64"),
    (RASTER, Native("YQ==YQ=="), InvalidValue, "in base64"),
    (RASTER, Native("YQ\u00a0=="), InvalidValue, "in base64"),
    (RASTER, Native("é"), InvalidValue, "in base64"),
    (RASTER, Native({"a": 1}), InvalidValue, "got an object and no media type that is JSON"),
    (RASTER, Native({"a": 1}, TIFF), InvalidValue, "as a string, got an object"),
    (RASTER, Native(1), InvalidValue, "as a string, a JSON object or by reference, got the number 1"),
    (RASTER, Native(PNG, unit="m"), InvalidValue, "is complex data and has no units"),
    (RASTER, RawBox((1, 2, 3, 4)), InvalidValue, "got a bounding box"),
    (
        RASTER,
        Native(PNG, Format("image/png")),
        UnsupportedFormat,
        "image/png is not offered; offered: image/tiff; application=geotiff",
    ),
    (RASTER, RawReference("https://example.org/a", Format("image/png")), UnsupportedFormat, "is not offered"),
    (RASTER, RawReference("file:///etc/passwd"), InvalidValue, ADDRESS),
    (RASTER, RawReference("ftp://example.org/a"), InvalidValue, ADDRESS),
    (RASTER, RawReference("a.tif"), InvalidValue, ADDRESS),
    (RASTER, RawReference("http:///a.tif"), InvalidValue, "it needs a host"),
    (RASTER, RawReference("http://example.org/a b"), InvalidValue, "no spaces"),
    (RASTER, RawReference("http://example.org/a\r\nHost:b"), InvalidValue, "no spaces"),
    (RASTER, RawReference("http://[::1/a"), InvalidValue, "is no address"),
    (RASTER, RawReference("http://example.org:x/a"), InvalidValue, "is no address"),
    (FEATURES, Native("\ud800"), InvalidValue, "half of a surrogate pair"),
    (FEATURES, Native({"\ud800": 1}), InvalidValue, "half of a surrogate pair"),
    (FEATURES, Native({"a": float("nan")}), InvalidValue, "finite"),
    (
        FEATURES,
        Native("x" * 1001),
        ValueTooLarge,
        "has 1001 bytes; at most 1000 are taken (setting limits.inline)",
    ),
    (FEATURES, Native(["x" * 1000]), ValueTooLarge, "has 1004 bytes"),
    (RASTER, Native(base64.b64encode(b"x" * 1001).decode()), ValueTooLarge, "has 1001 bytes; at most 1000"),
    (
        replace(RASTER, max_bytes=3),
        Native("YWFhYQ=="),
        ValueTooLarge,
        "has 4 bytes; at most 3 are taken (the limit of this",
    ),
    (POINT, Native("x"), InvalidValue, "expected an object with the fields x, label, got the string 'x'"),
    (POINT, Lexical("x"), InvalidValue, "expected an object with the fields x, label"),
    (POINT, RawReference("https://example.org/1"), InvalidValue, "is an object, which is given by value"),
    (POINT, Native({"x": 1}, unit="m"), InvalidValue, "is an object and has no units"),
]


@pytest.mark.parametrize(("domain", "raw", "kind", "reason"), REFUSED)
def test_a_raw_value_outside_its_domain_is_refused_with_its_reason(domain, raw, kind, reason):
    found = problem(domain, raw)
    assert type(found) is kind
    assert found.locator == "a"
    assert reason in found.message
    assert found.message.encode()


def test_base64_of_exactly_the_limit_is_taken():
    data = b"x" * 1000
    assert bound(RASTER, Native(base64.b64encode(data).decode())) == (InlineBytes(data, TIFF),)


def test_the_limit_of_the_process_holds_where_the_input_has_none():
    description = process(
        named("a", FEATURES), named("b", replace(FEATURES, max_bytes=20)), limits=Limits(input_bytes=5)
    )
    (found,) = problems(description, {"a": (Lexical("123456"),), "b": (Lexical("123456"),)})
    assert (found.locator, found.message) == (
        "a",
        "has 6 bytes; at most 5 are taken (the limit of this process)",
    )


def test_the_setting_holds_even_where_the_input_allows_more():
    found = problem(replace(FEATURES, max_bytes=10**9), Lexical("x" * 1001))
    assert "setting limits.inline" in found.message


def test_json_of_a_format_that_is_no_json_is_refused_even_if_another_format_is():
    found = problem(MIXED, Native({}, qualified=Native({"a": 1}, Format("image/tiff"))))
    assert "as a string, got an object" in found.message


def test_an_encoding_that_cannot_be_decoded_is_taken_by_reference_only():
    domain = ComplexDomain((Format("image/tiff", "hex"),))
    assert "by reference only" in problem(domain, Native("00")).message
    href = "https://example.org/a"
    given = Format("image/tiff", "hex")
    assert bound(domain, RawReference(href, given)) == (Reference(href, given),)


def test_what_lies_at_an_address_is_in_base64_only_if_the_client_says_so():
    domain, href = ComplexDomain((Format("image/png", "base64"),)), "https://example.org/a"
    assert bound(domain, RawReference(href, Format("image/png"))) == (Reference(href, Format("image/png")),)
    assert bound(domain, RawReference(href, Format("image/png", "base64"))) == (
        Reference(href, domain.formats[0]),
    )


# -- how many -----------------------------------------------------------------------------------


def test_a_second_value_for_a_single_input_is_refused_not_dropped():
    found = problem(INTEGER, Native(1), Native(2))
    assert type(found) is TooManyValues
    assert str(found) == "input 'a': takes at most 1 value, got 2"


COUNTS = [
    ((Native(1), Native(2)), {"max_occurs": 3}, (1, 2)),
    ((Native([1, 2]),), {"max_occurs": None}, (1, 2)),
    ((Native([1], items=(Lexical("1"),)),), {"max_occurs": None}, (1,)),
    ((Native({}, qualified=Native([1, 2])),), {"max_occurs": None}, (1, 2)),
    ((Native(1),), {"max_occurs": None}, (1,)),
    ((Native([1]),), {"array": True}, (1,)),
    ((Native([]),), {"array": True, "min_occurs": 0}, ()),
    ((), {"array": True, "min_occurs": 0}, ()),
]


@pytest.mark.parametrize(("raws", "more", "values"), COUNTS)
def test_an_array_is_several_values_where_the_input_takes_several(raws, more, values):
    assert bound(INTEGER, *raws, **more) == tuple(map(Literal, values))


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (Native([1, 2]), (1, 2)),
        (Native([1]), (1,)),
        (Native({"value": [1, 2]}, qualified=Native([1, 2])), (1, 2)),
        (Lexical("1"), (1,)),  # WPS has no arrays: each value comes by itself
    ],
)
def test_an_array_that_is_one_value_is_taken_as_a_list(raw, values):
    bound = bind(
        process(named("n", INTEGER, max_occurs=3, array=True, whole=True)), {"n": [raw]}, limits=LIMITS
    )
    assert tuple(v.value for v in bound["n"]) == values


@pytest.mark.parametrize(("value", "shown"), [(1, "the number 1"), (None, "null"), ("1", "the string '1'")])
def test_one_item_is_no_array_where_an_array_is_the_value(value, shown):
    (found,) = problems(
        process(named("n", INTEGER, max_occurs=3, array=True, whole=True)), {"n": [Native(value)]}
    )
    assert (type(found), found.locator) == (InvalidValue, "n")
    assert f"expected an array, got {shown}" in str(found)


def test_the_items_of_an_array_that_is_one_value_are_counted():
    description = process(named("n", INTEGER, min_occurs=2, max_occurs=3, array=True, whole=True))
    assert [type(p) for p in problems(description, {"n": [Native([1])]})] == [TooFewValues]
    assert [type(p) for p in problems(description, {"n": [Native([1, 2, 3, 4])]})] == [TooManyValues]


def test_the_unit_of_a_whole_array_holds_for_each_value_that_names_none():
    items = (Native(1), Native({}, qualified=Native(2, unit="m")))
    whole = Native({}, qualified=Native([1, {}], unit="km", items=items))
    assert bound(LENGTH, whole, max_occurs=None) == (Literal(1.0, "km"), Literal(2.0, "m"))


def test_arrays_of_complex_data_are_several_values_and_a_qualified_array_is_one():
    several = bound(FEATURES, Native([{"a": 1}, {"b": 2}]), max_occurs=None)
    assert several == (InlineText('{"a": 1}', GEOJSON), InlineText('{"b": 2}', GEOJSON))
    one = bound(FEATURES, Native({}, qualified=Native([1, 2], GEOJSON)), max_occurs=None)
    assert one == (InlineText("[1, 2]", GEOJSON),)


def test_a_qualified_array_of_objects_is_several_unless_value_is_a_field():
    objects = [{"x": 1}, {"x": 2}]
    whole = Native({"value": objects}, qualified=Native(objects))
    assert len(bound(POINT, whole, max_occurs=None)) == 2
    field = ObjectDomain((named("value", INTEGER, max_occurs=None),))
    plain = Native({"value": [1, 2]}, qualified=Native([1, 2]))
    assert bound(field, plain, max_occurs=None) == (Record({"value": (Literal(1), Literal(2))}),)


WRONG_COUNTS = [
    ((Native([1, 2, 3]),), {"max_occurs": 2}, TooManyValues, "takes at most 2 values, got 3"),
    ((Native([1, 2]),), {"array": True}, TooManyValues, "takes at most 1 value, got 2"),
    ((Native(1),), {"min_occurs": 2, "max_occurs": 5}, TooFewValues, "takes at least 2 values, got 1"),
    ((Native([]),), {"max_occurs": None}, TooFewValues, "takes at least 1 value, got 0"),
    ((), {}, MissingInput, "is required and was not given"),
]


@pytest.mark.parametrize(("raws", "more", "kind", "message"), WRONG_COUNTS)
def test_a_wrong_count_is_refused_with_what_is_allowed(raws, more, kind, message):
    found = problem(INTEGER, *raws, **more)
    assert (type(found), found.locator, found.message) == (kind, "a", message)


def test_each_bad_value_of_several_has_its_index_from_zero():
    found = problems(process(named("a", INTEGER, max_occurs=None)), {"a": (Native([1, "2", 3, True]),)})
    assert [p.locator for p in found] == ["a[1]", "a[3]"]
    assert problem(INTEGER, Native("1"), max_occurs=None).locator == "a"
    assert problem(INTEGER, Native(1), Native("2"), max_occurs=None).locator == "a[1]"
    assert "got an array" in problem(INTEGER, Native(1), Native([2]), max_occurs=None).message


def test_an_optional_input_that_is_left_out_is_absent():
    assert bind(process(named("a", INTEGER, min_occurs=0, default=3)), {}, limits=LIMITS) == {}


def test_values_come_in_the_order_of_the_description():
    description = process(named("a", INTEGER), named("b", INTEGER))
    found = bind(description, {"b": (Native(2),), "a": (Native(1),)}, limits=LIMITS)
    assert list(found) == ["a", "b"]


# -- names --------------------------------------------------------------------------------------


def test_an_unknown_input_is_refused_and_the_nearest_name_told():
    description = process(named("elevation", INTEGER), named("factor", INTEGER, min_occurs=0))
    found = problems(description, {"elevation": (Native(1),), "faktor": (Native(1),), "zzz": (Native(2),)})
    assert [type(p) for p in found] == [UnknownInput, UnknownInput]
    assert str(found[0]) == "input 'faktor': the process has no such input; did you mean 'factor'?"
    assert str(found[1]) == "input 'zzz': the process has no such input; there is elevation, factor"


def test_problems_within_an_object_are_named_by_their_field():
    raw = Native({"points": [{"x": 1}, {"x": "2", "labl": "b"}, {}], "area": [1, 2, 3, 4]})
    found = problems(process(named("a", NESTED)), {"a": (raw,)})
    assert [(type(p), p.locator) for p in found] == [
        (InvalidValue, "a.points[1].x"),
        (UnknownInput, "a.points[1].labl"),
        (MissingInput, "a.points[2].x"),
        (InvalidValue, "a.area"),
    ]
    assert found[1].message == "'a.points[1]' has no such field; did you mean 'label'?"


def test_a_name_that_no_reply_could_carry_is_cut_and_cleaned():
    (found,) = problems(process(), {"\ud800\n" + "x" * 1000: (Native(1),)})
    assert len(found.locator) == 200
    assert str(found).encode().isascii() is False
    assert found.message == "the process has no such input; there is none"


# -- all problems at once -----------------------------------------------------------------------

GOOD = {
    "n": (INTEGER, (Native(1),)),
    "u": (LENGTH, (Native(1),)),
    "b": (BOX, (box_object([1, 2, 3, 4]),)),
    "c": (FEATURES, (Native("<a/>"),)),
    "r": (RASTER, (RawReference("https://example.org/a"),)),
    "o": (POINT, (Native({"x": 1}),)),
}
BAD = {
    "n": (Native("1"),),
    "u": (Native(1, unit="mile"),),
    "b": (box_object([1, 4, 3, 2]),),
    "c": (Native("", Format("image/png")),),
    "r": (RawReference("file:///a"),),
    "o": (Native({}),),
    "unknown": (Native(1),),
}


@given(st.sets(st.sampled_from(sorted(BAD))))
def test_every_problem_is_reported(bad):
    description = process(*(named(id, domain) for id, (domain, _) in GOOD.items()))
    inputs = {id: raws for id, (_, raws) in GOOD.items()} | {id: BAD[id] for id in bad}
    if not bad:
        assert list(bind(description, inputs, limits=LIMITS)) == list(GOOD)
        return
    found = problems(description, inputs)
    assert {p.locator.partition(".")[0] for p in found} == bad
    assert len(found) == len(bad)


def test_the_error_as_a_whole_names_every_problem():
    with pytest.raises(InvalidInputs) as refusal:
        bind(process(named("a", INTEGER), named("b", INTEGER)), {"a": (Native("1"),)}, limits=LIMITS)
    assert str(refusal.value) == (
        "input 'a': expected an integer, got the string '1'; input 'b': is required and was not given"
    )
    assert refusal.value.locator == "a"


@pytest.mark.parametrize(
    "inputs",
    [
        {"a": (Native(["x"] * (3 * PROBLEMS_AT_MOST)),)},
        {"a": (Native([]),), **{f"u{i}": (Native(1),) for i in range(3 * PROBLEMS_AT_MOST)}},
    ],
)
def test_a_flood_of_problems_is_cut(inputs):
    description = process(named("a", INTEGER, min_occurs=0, max_occurs=None))
    assert len(problems(description, inputs)) == PROBLEMS_AT_MOST


# -- what is sent is what is bound --------------------------------------------------------------

SCALARS = st.one_of(
    st.tuples(st.just(LiteralType.STRING), st.text()),
    st.tuples(st.just(LiteralType.INTEGER), st.integers()),
    st.tuples(st.just(LiteralType.DOUBLE), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(
        st.just(LiteralType.DECIMAL),
        st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40),
    ),
    st.tuples(st.just(LiteralType.BOOLEAN), st.booleans()),
    st.tuples(st.just(LiteralType.DATE), st.dates()),
    st.tuples(st.just(LiteralType.DATETIME), st.datetimes(timezones=st.just(UTC))),
    st.tuples(st.just(LiteralType.DURATION), st.timedeltas()),
)


@given(SCALARS, st.sampled_from([None, "m", "km"]))
def test_a_value_sent_as_text_or_as_json_is_bound_as_the_same_value(typed, unit):
    type, value = typed
    domain = LiteralDomain(type, (value,), ("m", "km"))
    text = lexical.write(value)
    native = text if isinstance(value, date | timedelta) else value
    expected = (Literal(value, unit or "m"),)
    limits = BindingLimits(10**6)
    assert bound(domain, Lexical(text, unit), limits=limits) == expected
    assert bound(domain, Native(native, unit=unit), limits=limits) == expected


@given(st.binary(max_size=200))
def test_bytes_sent_in_base64_are_bound_as_the_same_bytes(data):
    packed = base64.encodebytes(data).decode()
    assert bound(RASTER, Native(packed)) == bound(RASTER, Lexical(packed)) == (InlineBytes(data, TIFF),)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(ANYTHING, st.sampled_from([INTEGER, STRING, BAND, LENGTH, BOX, FEATURES, RASTER, FILE, POINT, NESTED]))
def test_any_json_value_is_bound_or_refused_and_never_a_crash(value, domain):
    refused = ""
    try:
        bound(domain, Native(value), max_occurs=3)
    except InvalidInputs as refusal:
        refused = str(refusal)
    assert refused.encode() or not refused  # and the words can be sent


def test_instants_of_other_offsets_are_bound_in_utc():
    domain = LiteralDomain(LiteralType.DATETIME)
    (literal,) = bound(domain, Native("2024-02-29T12:00:00-03:00"))
    assert literal.value == datetime(2024, 2, 29, 15, tzinfo=UTC)
    assert literal.value.tzinfo is UTC


# -- outputs ------------------------------------------------------------------------------------

OUTPUTS = ProcessDescription(
    "p",
    "1",
    Text("p"),
    outputs=(
        OutputDescription("raster", RASTER, Text("raster")),
        OutputDescription("mean", LENGTH, Text("mean")),
    ),
)


def test_outputs_that_are_offered_are_requested_as_they_were_asked():
    assert bind_outputs(OUTPUTS, None) is None
    asked = {
        "mean": OutputRequest(None, Transmission.REFERENCE),
        "raster": OutputRequest(Format("image/TIFF"), Transmission.VALUE),
    }
    assert bind_outputs(OUTPUTS, asked) == asked


def test_an_output_asked_for_by_another_name_of_its_format_is_requested_as_it_is_offered():
    asked = {"raster": OutputRequest(Format("image/geotiff", "base64"), Transmission.VALUE)}
    told = bind_outputs(OUTPUTS, asked)
    assert told == {
        "raster": OutputRequest(Format(RASTER.formats[0].media_type, "base64"), Transmission.VALUE)
    }


def test_an_output_is_in_its_own_unit_and_every_other_is_refused():
    assert bind_outputs(OUTPUTS, {"mean": OutputRequest(unit=" m\n")}) is not None
    with pytest.raises(InvalidInputs) as refusal:
        bind_outputs(OUTPUTS, {"mean": OutputRequest(unit="mile"), "raster": OutputRequest(unit="m")})
    assert [type(p) for p in refusal.value.problems] == [UnsupportedOutputUnit, UnsupportedOutputUnit]
    assert [str(p) for p in refusal.value.problems] == [
        "output 'mean': unit 'mile' is not offered; offered: m, km",
        "output 'raster': is complex data and has no units, got the unit 'm'",
    ]


def test_every_output_that_is_unknown_or_in_a_format_not_offered_is_refused():
    with pytest.raises(InvalidInputs) as refusal:
        bind_outputs(
            OUTPUTS,
            {
                "raster": OutputRequest(Format("image/png")),
                "rastr": OutputRequest(),
                "mean": OutputRequest(Format("image/png")),
            },
        )
    found = refusal.value.problems
    assert [type(p) for p in found] == [UnsupportedOutputFormat, UnknownOutput, UnsupportedOutputFormat]
    assert [str(p) for p in found] == [
        "output 'raster': image/png is not offered; offered: image/tiff; application=geotiff",
        "output 'rastr': the process has no such output; did you mean 'raster'?",
        "output 'mean': is a literal and has no formats, got image/png",
    ]
