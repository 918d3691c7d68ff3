"""What WPS 2.0 asks of the core: text with two readings, literals by reference, parts of outputs, one output."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azenha.domain.binding import bind, bind_outputs
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import (
    InputProblem,
    InvalidInputs,
    InvalidValue,
    TransmissionNotOffered,
    UnknownOutput,
    UnsupportedFormat,
    UnsupportedOutputFormat,
)
from azenha.domain.messages import OutputRequest, Transmission
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.domain.values import (
    Box,
    InlineText,
    Lexical,
    Literal,
    RawBox,
    RawReference,
    Reference,
    Value,
)

LENGTH = LiteralDomain(LiteralType.INTEGER, units=("m", "km"))
TEXT = ComplexDomain((Format("text/plain"),))
STRING = LiteralDomain(LiteralType.STRING)
POINT = ObjectDomain((InputDescription("x", STRING, Text("X")), InputDescription("y", STRING, Text("Y"))))
PLAIN = Format("text/plain")
HREF = "https://data.example/a"
NOTED = Lexical("70@uom=km", format=PLAIN, literal=Lexical("70", "km", PLAIN))


def bound(domain: Domain, raw: Lexical | RawBox | RawReference) -> Value:
    description = ProcessDescription("p", "1", Text("P"), (InputDescription("a", domain, Text("A")),))
    return bind(description, {"a": [raw]}, limits=BindingLimits(1000))["a"][0]


MARKUP = Lexical("<a>1</a>", unfit="got the element 'a'; a literal is text")


@pytest.mark.parametrize("domain", [LENGTH, STRING, BoxDomain()])
def test_markup_is_no_literal_and_no_box(domain: Domain) -> None:
    with pytest.raises(InvalidInputs, match="got the element 'a'; a literal is text") as refused:
        bound(domain, MARKUP)
    (problem,) = refused.value.problems
    assert (type(problem), problem.locator) == (InvalidValue, "a")


def test_markup_is_data() -> None:
    assert bound(TEXT, MARKUP) == InlineText("<a>1</a>", PLAIN)


def problems(*outputs: tuple[str, OutputRequest]) -> list[tuple[type[InputProblem], str]]:
    described = (
        OutputDescription("length", LENGTH, Text("L")),
        OutputDescription("box", BoxDomain(), Text("B")),
        OutputDescription("point", POINT, Text("P")),
    )
    try:
        bind_outputs(ProcessDescription("p", "1", Text("P"), (), described), dict(outputs))
    except InvalidInputs as refused:
        return [(type(p), p.locator) for p in refused.problems]
    return []


def test_text_with_a_notation_of_its_own_is_so_read_as_a_literal_and_verbatim_as_data() -> None:
    assert bound(LENGTH, NOTED) == Literal(70, "km")
    assert bound(TEXT, NOTED) == InlineText("70@uom=km", PLAIN)


def test_a_box_is_read_from_the_notation_of_literals() -> None:
    raw = Lexical("\n 1,2,3,4 ", literal=Lexical("1,2,3,4"))
    assert bound(BoxDomain(), raw) == Box((1, 2), (3, 4), BoxDomain().crss[0].name)


def test_xml_data_may_be_the_very_element_that_a_literal_or_a_box_stands_in() -> None:
    xml, as_xml = ComplexDomain((Format("text/xml"), PLAIN)), Format("text/xml")
    whole = Lexical("<a>1</a>")
    literal, box = Lexical("1", element=lambda: whole), RawBox((1, 2, 3, 4), element=lambda: whole)
    assert bound(xml, literal) == bound(xml, box) == InlineText("<a>1</a>", as_xml)
    assert bound(xml, replace(literal, text="<b/>")) == InlineText("<b/>", as_xml)
    plain = Lexical("1", format=PLAIN, element=lambda: replace(whole, format=PLAIN))
    assert bound(xml, plain) == bound(TEXT, literal) == InlineText("1", PLAIN)


@pytest.mark.parametrize("domain", [LENGTH, BoxDomain()])
def test_a_literal_or_a_box_may_lie_elsewhere_as_plain_text(domain: Domain) -> None:
    assert bound(domain, RawReference(HREF, PLAIN)) == Reference(HREF)
    for raw, kind in (
        (RawReference(HREF, Format("image/png")), UnsupportedFormat),
        (RawReference("ftp://data.example/a"), InvalidValue),
    ):
        with pytest.raises(InvalidInputs) as refused:
            bound(domain, raw)
        assert type(refused.value.problems[0]) is kind


def test_literals_and_boxes_are_written_as_text_or_xml_and_as_nothing_else() -> None:
    for media_type in ("text/plain", "text/xml"):
        assert not problems(*((id, OutputRequest(Format(media_type))) for id in ("length", "box")))
    assert problems(("length", OutputRequest(Format("image/png")))) == [(UnsupportedOutputFormat, "length")]


def test_parts_of_an_output_are_known_and_given_by_value() -> None:
    assert not problems(("point", OutputRequest(fields={"x": OutputRequest(None, Transmission.VALUE)})))
    by_reference = OutputRequest(None, Transmission.REFERENCE)
    assert problems(
        ("point", OutputRequest(fields={"z": OutputRequest(), "y": by_reference})),
        ("length", OutputRequest(fields={"x": OutputRequest()})),
    ) == [
        (UnknownOutput, "point.z"),
        (TransmissionNotOffered, "point.y"),
        (UnknownOutput, "length.x"),
    ]
