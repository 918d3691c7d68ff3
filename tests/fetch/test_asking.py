"""References that are asked for with headers, and posted: nothing here reaches a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_fetcher import fetcher
from webserver import Web, serving

from azenha.domain.binding import bind
from azenha.domain.canonical import dump_value, load_value
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import InputProblem, InvalidInputs
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Crs,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ProcessDescription,
    Text,
)
from azenha.domain.values import Box, Literal, RawReference, Reference, StoredFile, Value
from azenha.engine.transfer import fetch_references
from azenha.usecases.ports import Ask

XML = Format("text/xml")
DESCRIPTION = ProcessDescription(
    "p", "1", Text("P"), (InputDescription("data", ComplexDomain((XML,)), Text("Data")),)
)


def fetched(reference: Reference, folder: Path) -> bytes:
    with fetcher() as fetch:
        values = fetch_references({"data": (reference,)}, folder, fetch, description=DESCRIPTION)
    (value,) = values["data"]
    assert isinstance(value, StoredFile)
    return (folder / value.key).read_bytes()


def test_a_body_is_posted_as_xml_unless_a_header_says_otherwise(web: Web, tmp_path: Path) -> None:
    url = web.gives("/wfs", b"<found/>")
    posted = Reference(url, None, "POST", (), "<GetFeature é='1'/>")
    assert fetched(posted, tmp_path / "a") == b"<found/>"
    assert web.posted == ["<GetFeature é='1'/>".encode()]
    assert web.asked[0][1]["Content-Type"] == "text/xml"
    json = Reference(url, None, "POST", (("content-type", "application/json"),), "{}")
    fetched(json, tmp_path / "b")
    assert web.asked[1][1]["content-type"] == "application/json"
    assert "Content-Type" not in web.asked[1][1]


def test_headers_are_sent_but_for_those_of_a_connection_and_the_host(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"<a/>")
    headers = (
        ("X-Token", "secret"),
        ("Host", "elsewhere.example"),
        ("Connection", "X-Hop"),
        ("X-Hop", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Accept-Encoding", "br"),
    )
    fetched(Reference(url, None, "GET", headers), tmp_path)
    (_, sent), *_ = web.asked
    assert sent["X-Token"] == "secret"
    assert sent["Host"] == web.base.removeprefix("http://")
    assert sent["Accept-Encoding"] == "gzip"
    assert {"X-Hop", "Transfer-Encoding"}.isdisjoint(sent)


def test_a_body_by_reference_is_fetched_before_and_its_bytes_are_posted(web: Web, tmp_path: Path) -> None:
    body = web.gives("/body.xml", b"<q>\r\n</q>")
    url = web.gives("/wfs", b"<found/>")
    assert fetched(Reference(url, None, "POST", (), None, body), tmp_path) == b"<found/>"
    assert [path for path, _ in web.asked] == ["/body.xml", "/wfs"]
    assert web.posted == [b"<q>\r\n</q>"]
    assert not list(tmp_path.rglob("body"))


def test_a_body_by_reference_is_under_the_same_rule_of_addresses(web: Web, tmp_path: Path) -> None:
    url = web.gives("/wfs", b"<found/>")
    with pytest.raises(Exception, match="private"):
        fetched(Reference(url, None, "POST", (), None, "http://10.0.0.1/body.xml"), tmp_path)
    assert not web.asked


@pytest.mark.parametrize(("status", "again"), [(302, []), (303, []), (307, [b"<q/>"]), (308, [b"<q/>"])])
def test_what_was_posted_is_posted_again_only_where_the_redirection_says_so(
    status: int, again: list[bytes], web: Web, tmp_path: Path
) -> None:
    web.gives("/b", b"<found/>")
    url = web.redirects("/a", "/b", status)
    fetched(Reference(url, None, "POST", (), "<q/>"), tmp_path)
    assert web.posted == [b"<q/>", *again]


def test_headers_that_may_be_secret_do_not_follow_a_redirection_to_another_host(
    web: Web, tmp_path: Path
) -> None:
    secret = {"Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z"}
    with serving() as other:
        url = web.redirects("/a", other.gives("/b", b"<b/>"))
        fetched(Reference(url, None, "GET", tuple(secret.items())), tmp_path)
        assert secret.items() <= web.asked[0][1].items()
        assert not secret.keys() & other.asked[0][1].keys()


def test_headers_that_say_what_is_sent_and_wanted_follow_a_redirection(web: Web, tmp_path: Path) -> None:
    said = {"Accept": "application/json", "content-type": "application/json"}
    with serving() as other:
        url = web.redirects("/a", other.gives("/b", b"{}"), 307)
        fetched(Reference(url, None, "POST", tuple(said.items()), "{}"), tmp_path)
        assert said.items() <= other.asked[0][1].items()
        assert other.posted == [b"{}"]


def test_plainly_by_post_there_is_no_body(web: Web, tmp_path: Path) -> None:
    url = web.gives("/a", b"<a/>")
    with fetcher() as fetch:
        fetch(url, tmp_path / "a", ask=Ask("POST"))
    assert web.posted == [b""]


@pytest.mark.parametrize(
    "reference",
    [
        Reference("http://a.example/"),
        Reference("http://a.example/", XML),
        Reference("http://a.example/", XML, "POST", (("a", "b"), ("c", "")), "<q>é</q>"),
        Reference("http://a.example/", None, "POST", (), None, "http://b.example/"),
    ],
)
def test_how_a_reference_is_asked_for_survives_in_the_stored_request(reference: Reference) -> None:
    assert load_value(dump_value(reference)) == reference


NUMBER = InputDescription("n", LiteralDomain(LiteralType.INTEGER, units=("m",)), Text("N"))
BOX = InputDescription(
    "box", BoxDomain((Crs("http://www.opengis.net/def/crs/EPSG/0/4326", True),)), Text("Box")
)


@pytest.mark.parametrize(
    ("described", "text", "value"),
    [
        (NUMBER, b"\xef\xbb\xbf 42 \n", Literal(42, "m")),
        (BOX, b"46,102,47,103,EPSG:4326\r\n", Box((102, 46), (103, 47), BOX.domain.crss[0].name)),  # type: ignore[union-attr]
    ],
)
def test_a_literal_and_a_box_may_be_fetched_as_text(
    described: InputDescription, text: bytes, value: Value, web: Web, tmp_path: Path
) -> None:
    process = ProcessDescription("p", "1", Text("P"), (described,))
    url = web.gives("/value.txt", text)
    raw = RawReference(url)
    inputs = bind(process, {described.id: (raw,)}, limits=BindingLimits(1000))
    with fetcher() as fetch:
        assert fetch_references(inputs, tmp_path, fetch, description=process) == {described.id: (value,)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [(b"4x", "expected an integer"), (b"\xff", "is not UTF-8"), (b"1" * 2_000_000, "more than")],
)
def test_text_that_is_no_such_value_fails_the_input(
    text: bytes, reason: str, web: Web, tmp_path: Path
) -> None:
    process = ProcessDescription("p", "1", Text("P"), (NUMBER,))
    values = {"n": (Reference(web.gives("/n", text)),)}
    with fetcher() as fetch, pytest.raises(InputProblem, match=reason) as found:
        fetch_references(values, tmp_path, fetch, description=process)
    assert found.value.locator == "n"


@pytest.mark.parametrize("header", [("a b", "c"), ("a", "b\r\nHost: c"), ("", "b"), ("a", "é")])
def test_what_is_no_header_is_refused_before_the_job_is_accepted(header: tuple[str, str]) -> None:
    raw = RawReference("http://a.example/", None, "GET", (header,))
    with pytest.raises(InvalidInputs, match="is no header"):
        bind(DESCRIPTION, {"data": (raw,)}, limits=BindingLimits(1000))
