"""Execution by a query (2.0, kvp-execute)."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from ogcapi_outcomes import API, JSON, PNG, SITE, document, get, header, output, results

from azenha.domain import errors
from azenha.domain.binding import BindingLimits, bind
from azenha.domain.messages import Execute, Mode, OutputRequest, ResponseForm, Transmission
from azenha.domain.process import (
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
from azenha.domain.values import InlineText, Lexical, Literal, RawReference, Record
from azenha.protocols.http import HttpRequest

PATH = "/processes/echo/execution"


def asked(query: str, **headers: str) -> Execute:
    command = API.read(get(PATH, query, **headers))
    assert isinstance(command, Execute)
    return command


def test_each_parameter_is_an_input_as_text_whatever_it_is_called() -> None:
    command = asked("a=1&b=true&c=ol%C3%A1+voc%C3%AA&f=x&limit=2&a=3")
    assert command.process == "echo"
    assert command.inputs == {
        "a": (Lexical("1"), Lexical("3")),
        "b": (Lexical("true"),),
        "c": (Lexical("olá você"),),
        "f": (Lexical("x"),),
        "limit": (Lexical("2"),),
    }
    assert (command.outputs, command.mode, command.caseless) == (None, Mode.AUTO, True)
    assert asked("").inputs == {}


def test_names_that_differ_in_case_are_one_input() -> None:
    assert asked("Text=a&TEXT=b").inputs == {"Text": (Lexical("a"), Lexical("b"))}


@pytest.mark.parametrize(
    ("query", "raw"),
    [
        ("b=1,2,3,4&b[crs]=http://x/4326", Lexical("1,2,3,4,http://x/4326")),
        ("b%5BCRS%5D=http://x/4326&B=1,2,3,4", Lexical("1,2,3,4,http://x/4326")),
        ("b=3&b[uom]=km", Lexical("3", "km")),
        ("b=abc&b[mediaType]=text/csv", Lexical("abc", None, Format("text/csv"))),
        ("b=iQ==&b[encoding]=base64", Lexical("iQ==", None, Format("", "base64"))),
        ("b[href]=http://x/a", RawReference("http://x/a")),
        ("b[href]=http://x/a&b[type]=image/png", RawReference("http://x/a", PNG)),
        ("b[href]=http://x/a&b[mediaType]=image/png", RawReference("http://x/a", PNG)),
    ],
)
def test_brackets_say_more_of_an_input(query: str, raw: object) -> None:
    (value,) = asked(query).inputs["b"]
    assert value == raw


def test_an_output_is_wanted_by_including_it() -> None:
    command = asked("text=a&out[include]=true&OTHER[Include]=TRUE&other[mediaType]=image/png")
    assert command.outputs == {"out": OutputRequest(), "OTHER": OutputRequest(PNG)}
    assert command.inputs == {"text": (Lexical("a"),)}


def test_an_input_and_an_output_of_one_name_are_told_apart() -> None:
    command = asked("text=a&text[include]=true&text[mediaType]=text/csv")
    assert command.inputs == {"text": (Lexical("a"),)}
    assert command.outputs == {"text": OutputRequest(Format("text/csv"))}


@pytest.mark.parametrize(
    ("query", "locator", "words"),
    [
        ("a[crs]=x", "a", "says more of 'a', which is not given"),
        ("a=1&a[colour]=red", "a[colour]", "nothing is called so"),
        ("a=1&a[crs]=x&a[crs]=y", "a[crs]", "more than once"),
        ("a=1&a[href]=http://x/a", "a", "by value and by reference"),
        ("a=1&a[type]=image/png", "a[type]", "does not go with"),
        ("a[href]=http://x&a[crs]=x", "a[crs]", "does not go with"),
        ("a[href]=http://x&a[type]=a/b&a[mediaType]=a/b", "a", "both"),
        ("o[include]=false", "o[include]", "is true; given 'false'"),
        ("o[include]=true&o[uom]=m", "o[uom]", "does not go with"),
        ("a[b][c]=1", "a[b][c]", "is no name"),
        ("[a]=1", "[a]", "is no name"),
        ("response[f]=pdf", "response[f]", "is json, html or a media type"),
        ("response[f]=json&RESPONSE[F]=html", "RESPONSE[F]", "more than once"),
        ("a=%ff", None, "not UTF-8"),
        ("a=\ufffd", None, "not ASCII"),
    ],
)
def test_what_does_not_fit_together_is_told_by_name(query: str, locator: str | None, words: str) -> None:
    with pytest.raises(errors.BadParameter, match=words.replace("[", "\\[")) as told:
        asked(query)
    assert told.value.locator == locator


def test_the_response_is_steered_by_the_query_as_by_headers() -> None:
    query = urlencode({"response[f]": "json", "response[prefer]": "respond-async, wait=5, return=minimal"})
    command = asked(query, accept="*/*", prefer="wait=1")
    assert (command.mode, command.wait) == (Mode.ASYNC, 5.0)
    assert command.asked.response is ResponseForm.NEGOTIATED
    assert command.asked.transmission is Transmission.REFERENCE
    assert command.media_types == ("application/json",)
    assert command.inputs == {}
    assert asked("response[f]=image/png").media_types == ("image/png",)
    assert asked("response=1").inputs == {"response": (Lexical("1"),)}


@pytest.mark.parametrize(("query", "page"), [("response[f]=html", True), ("f=html", False)])
def test_the_answer_has_the_form_of_the_query(query: str, page: bool) -> None:
    reply = API.write(results(output("f", Literal(1))), get(PATH, query), SITE)
    assert (header(reply, "Content-Type") or "").startswith("text/html") is page


def test_an_answer_by_get_is_not_taken_for_a_stored_result() -> None:
    reply = API.write(results(output("a", Literal(1))), get(PATH, "a=1"), SITE)
    assert (document(reply), header(reply, "ETag"), header(reply, "Link")) == (1, None, None)


def test_head_runs_nothing() -> None:
    with pytest.raises(errors.MethodNotAllowed) as told:
        API.read(HttpRequest("HEAD", PATH, "a=1"))
    assert set(told.value.allowed) == {"GET", "POST"}


STRING = LiteralDomain(LiteralType.STRING)
INTEGER = LiteralDomain(LiteralType.INTEGER)
POINT = ObjectDomain((InputDescription("x", INTEGER, Text("x")),))
CSV_OR_JSON = ComplexDomain((Format("text/csv"), JSON))


@pytest.mark.parametrize(
    ("domain", "text", "most", "value"),
    [
        (STRING, "[1]", 1, (Literal("[1]"),)),
        (INTEGER, "[1, 2]", None, (Literal(1), Literal(2))),
        (STRING, '["a","b"]', None, (Literal("a"), Literal("b"))),
        (STRING, "[a", None, (Literal("[a"),)),
        (POINT, '{"x": 3}', 1, (Record({"x": (Literal(3),)}),)),
        (CSV_OR_JSON, '{"x":  3.0}', 1, (InlineText('{"x":  3.0}', JSON),)),
        (CSV_OR_JSON, "a,b", 1, (InlineText("a,b", Format("text/csv")),)),
        (ComplexDomain((Format("text/csv"),)), "{a}", 1, (InlineText("{a}", Format("text/csv")),)),
    ],
)
def test_json_in_a_query_is_what_the_description_takes_it_for(
    domain: Domain, text: str, most: int | None, value: object
) -> None:
    input = InputDescription("i", domain, Text("i"), max_occurs=most)
    description = ProcessDescription("p", "1", Text("p"), (input,))
    command = asked(f"i={quote(text)}")
    assert bind(description, command.inputs, limits=BindingLimits(1000)) == {"i": value}


def test_a_box_in_a_query_is_four_numbers() -> None:
    description = ProcessDescription("p", "1", Text("p"), (InputDescription("i", BoxDomain(), Text("i")),))
    (box,) = bind(description, asked("i=1,2,3,4").inputs, limits=BindingLimits(1000))["i"]
    assert (
        box
        == bind(
            description,
            asked("i=1,2,3,4&i[crs]=http://www.opengis.net/def/crs/OGC/1.3/CRS84").inputs,
            limits=BindingLimits(1000),
        )["i"][0]
    )
