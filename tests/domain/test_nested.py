"""Objects that come as inputs within an input, or as the text of a JSON object."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits, Cut
from azenha.domain.errors import (
    InputProblem,
    InvalidInputs,
    InvalidValue,
    MissingInput,
    TooManyValues,
    UnknownInput,
    UnsupportedFormat,
)
from azenha.domain.lexical import NotAValue
from azenha.domain.process import (
    CRS84,
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    ProcessDescription,
    Text,
)
from azenha.domain.values import (
    Box,
    Coding,
    InlineText,
    Lexical,
    Literal,
    Native,
    Raw,
    RawBox,
    RawNested,
    RawReference,
    RawSlice,
    Record,
    Reference,
    StoredFile,
    Value,
)

JSON = Format("application/json")
GML = Format("text/xml")
LIMITS = BindingLimits(1000)
INTEGER = LiteralDomain(LiteralType.INTEGER)
STRING = LiteralDomain(LiteralType.STRING)
LENGTH = LiteralDomain(LiteralType.DOUBLE, units=("m", "km"))


def named(id: str, domain: Domain, least: int = 1, most: int | None = 1) -> InputDescription:
    return InputDescription(id, domain, Text(id), least, most)


POINT = ObjectDomain((named("x", INTEGER), named("label", STRING, 0)))
SITE = ObjectDomain(
    (
        named("points", POINT, 1, 2),
        named("height", LENGTH, 0),
        named("area", BoxDomain(), 0),
        named("shape", ComplexDomain((GML,)), 0),
        named("tags", STRING, 0, None),
    )
)
OTHERS = [
    (INTEGER, "is a literal, got nested inputs"),
    (BoxDomain(), "is a bounding box, got nested inputs"),
    (ComplexDomain((GML,)), "expected data (text/xml), got nested inputs"),
]


def bound(domain: Domain, *raws: Raw, most: int | None = 1, cutter=None) -> tuple[Value, ...]:
    description = ProcessDescription("p", "1", Text("p"), (named("a", domain, 1, most),))
    more = {} if cutter is None else {"cutter": cutter}
    return bind(description, {"a": raws}, limits=LIMITS, **more)["a"]


def problems(domain: Domain, *raws: Raw, most: int | None = 1) -> list[InputProblem]:
    with pytest.raises(InvalidInputs) as refusal:
        bound(domain, *raws, most=most)
    return list(refusal.value.problems)


def nested(**fields: Raw | tuple[Raw, ...]) -> RawNested:
    return RawNested({id: raw if isinstance(raw, tuple) else (raw,) for id, raw in fields.items()})


def test_nested_inputs_become_a_record():
    raw = nested(
        tags=(Lexical("b"), Lexical("a")),
        points=(nested(x=Lexical(" 1 ")), nested(label=Lexical("l"), x=Lexical("2"))),
        height=Lexical("3", " km "),
        area=RawBox(tuple(map(Lexical, "1234"))),
        shape=RawReference("https://example.org/a"),
    )
    assert bound(SITE, raw) == (
        Record(
            {
                "points": (
                    Record({"x": (Literal(1),)}),
                    Record({"x": (Literal(2),), "label": (Literal("l"),)}),
                ),
                "height": (Literal(3.0, "km"),),
                "area": (Box((1, 2), (3, 4), CRS84),),
                "shape": (Reference("https://example.org/a"),),
                "tags": (Literal("b"), Literal("a")),
            }
        ),
    )


def test_problems_are_told_all_at_once_and_named_by_their_field():
    raw = nested(
        points=(nested(x=Lexical("one")), nested(lable=Lexical("l"))),
        height=Lexical("3", "mile"),
        area=nested(x=Lexical("1")),
        surface=Lexical("1"),
    )
    found = problems(SITE, raw)
    assert [(type(p), p.locator) for p in found] == [
        (InvalidValue, "a.points[0].x"),
        (MissingInput, "a.points[1].x"),
        (UnknownInput, "a.points[1].lable"),
        (InvalidValue, "a.height"),
        (InvalidValue, "a.area"),
        (UnknownInput, "a.surface"),
    ]
    assert "did you mean 'label'?" in str(found[2])


def test_more_values_of_a_field_than_it_takes_are_refused_and_too_few_are_missing():
    point = nested(x=Lexical("1"))
    (found,) = problems(SITE, nested(points=(point, point, point)))
    assert (type(found), found.locator) == (TooManyValues, "a.points")
    (found,) = problems(SITE, nested(tags=Lexical("a")))
    assert (type(found), found.locator) == (MissingInput, "a.points")
    (found,) = problems(POINT, nested(x=(Lexical("1"), Lexical("2"))))
    assert (type(found), found.locator) == (TooManyValues, "a.x")


def test_several_objects_are_several_values_and_numbered():
    points = [nested(x=Lexical(text)) for text in "12"]
    assert bound(POINT, *points, most=None) == tuple(Record({"x": (Literal(n),)}) for n in (1, 2))
    (found,) = problems(POINT, points[0], nested(x=Lexical("?")), most=None)
    assert found.locator == "a[1].x"


def test_a_large_value_of_a_field_is_cut_out_of_the_body_under_the_fields_name():
    cuts: list[Cut] = []

    def cutter(cut: Cut) -> StoredFile:
        cuts.append(cut)
        return StoredFile("k", "n", 9, cut.format)

    slice = RawSlice(10, 500_000, Coding.XML)
    raw = nested(points=nested(x=Lexical("1")), shape=slice)
    (record,) = bound(SITE, raw, cutter=cutter)
    assert isinstance(record, Record)
    assert record.fields["shape"] == (StoredFile("k", "n", 9, GML),)
    assert [(cut.name, cut.slice) for cut in cuts] == [("a.shape", slice)]


@pytest.mark.parametrize(("domain", "reason"), OTHERS)
def test_nested_inputs_are_refused_where_the_input_is_no_object(domain, reason):
    (found,) = problems(domain, nested(x=Lexical("1")))
    assert (type(found), found.locator) == (InvalidValue, "a")
    assert reason in str(found)


OBJECTS = st.fixed_dictionaries(
    {"points": st.lists(st.fixed_dictionaries({"x": st.integers()}), min_size=1, max_size=2)},
    optional={"tags": st.lists(st.text(st.characters(exclude_categories=["Cs"]))), "height": st.integers()},
)


@given(OBJECTS)
def test_nested_inputs_and_a_json_object_of_the_same_content_are_the_same_value(content):
    points = tuple(nested(x=Lexical(str(point["x"]))) for point in content["points"])
    raw = nested(points=points)
    if "tags" in content:
        raw = RawNested({**raw.fields, "tags": tuple(map(Lexical, content["tags"]))})
    if "height" in content:
        raw = RawNested({**raw.fields, "height": (Lexical(str(content["height"])),)})
    assert bound(SITE, raw) == bound(SITE, Native(content))


# -- as the text of a JSON object -----------------------------------------------------------------


def text(content: str, format: Format | None = JSON, **more) -> Lexical:
    """As a dialect without nested inputs has it."""

    def opened() -> Native:
        try:
            return Native(json.loads(content, parse_float=Decimal))
        except ValueError as reason:
            raise NotAValue(f"the text is not JSON: {reason}") from None

    return Lexical(content, format=format, opened=opened, **more)


FORMATS = [
    None,
    JSON,
    Format("application/json; charset=utf-8"),
    Format("APPLICATION/json", "UTF-8"),
    Format("", "raw"),
]


@pytest.mark.parametrize("format", FORMATS)
def test_the_text_of_a_json_object_is_that_object(format):
    assert bound(POINT, text('{"x": 1}', format)) == (Record({"x": (Literal(1),)}),)


@pytest.mark.parametrize("format", [GML, Format("application/json", "base64")])
def test_text_that_is_said_to_be_no_json_is_refused_unread(format):
    def unread() -> Native:
        raise AssertionError

    (found,) = problems(POINT, Lexical('{"x": 1}', format=format, opened=unread))
    assert type(found) is UnsupportedFormat
    assert "is not offered; offered: application/json" in str(found)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{x: 1}", "the text is not JSON"),
        ("1", "expected an object with the fields x, label, got the number 1"),
        ("[]", "expected an object with the fields x, label, got an array"),
    ],
)
def test_text_that_is_no_json_object_is_refused_with_the_reason(content, reason):
    (found,) = problems(POINT, text(content))
    assert (type(found), found.locator) == (InvalidValue, "a")
    assert reason in str(found)


def test_text_of_an_object_has_no_unit():
    (found,) = problems(POINT, text('{"x": 1}', unit="m"))
    assert "is an object and has no units" in str(found)


def test_text_is_read_as_json_for_objects_alone():
    def unread() -> Native:
        raise AssertionError

    given = Lexical("[1]", opened=unread)
    assert bound(STRING, given, most=None) == (Literal("[1]"),)
    assert bound(ComplexDomain((GML, JSON)), given, most=None) == (InlineText("[1]", GML),)


def test_a_large_text_of_an_object_is_opened_first_and_is_in_the_format_of_the_slice():
    def sliced(format: Format | None) -> RawSlice:
        return RawSlice(0, 100, Coding.XML_TEXT, format=format, opened=lambda: text('{"x": 1}', None))

    assert bound(POINT, sliced(None)) == bound(POINT, sliced(JSON)) == (Record({"x": (Literal(1),)}),)
    (found,) = problems(POINT, sliced(GML))
    assert type(found) is UnsupportedFormat


def test_a_large_literal_keeps_the_unit_that_its_slice_names():
    slice = RawSlice(0, 100, Coding.XML_TEXT, unit="km", opened=lambda: Lexical("2"))
    assert bound(LENGTH, slice) == (Literal(2.0, "km"),)
    named_within = RawSlice(0, 100, Coding.XML_TEXT, unit="km", opened=lambda: Lexical("2", "m"))
    assert bound(LENGTH, named_within) == (Literal(2.0, "m"),)
