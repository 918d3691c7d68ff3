"""Slices of a body against the naive way: the whole of it in memory, through a parser."""

from __future__ import annotations

import base64
import json
import mmap
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import slices
from azenha.domain.slices import NotDecodable, content, decoded
from azenha.domain.values import Coding, RawSlice

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
XML_TEXT = st.text(
    st.one_of(
        st.sampled_from("&<>]\"'\r\n ab;#x"), st.characters(min_codepoint=0x20, exclude_categories=["Cs"])
    ),
    max_size=80,
).map(lambda t: t.replace("￾", "").replace("￿", ""))


@pytest.fixture(params=[1, 5, 13])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(slices.windows, "__defaults__", (0, None, request.param))
    return int(request.param)


def read(data: bytes, coding: Coding, **more: object) -> bytes:
    body = b"..." + data + b"..."
    return b"".join(content(body, RawSlice(3, 3 + len(data), coding, **more)))  # type: ignore[arg-type]


def written_anyhow(text: str, draw: st.DrawFn) -> str:
    """The inside of a JSON string, with escapes where an encoder may put them."""
    pieces = []
    for character in text:
        match draw(st.integers(0, 2)):
            case 0:
                pieces.append(json.dumps(character)[1:-1])
            case 1 if character == "/":
                pieces.append("\\/")
            case _:
                pieces.append(json.dumps(character, ensure_ascii=False)[1:-1])
    return "".join(pieces)


@st.composite
def json_strings(draw: st.DrawFn) -> tuple[str, bytes]:
    text = draw(TEXT)
    return text, written_anyhow(text, draw).encode()


@st.composite
def xml_texts(draw: st.DrawFn) -> bytes:
    pieces = []
    for text in draw(st.lists(XML_TEXT, max_size=5)):
        if draw(st.booleans()):
            pieces.append(f"<![CDATA[{text.replace(']]>', '')}]]>")
        else:
            plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            pieces.append(draw(st.sampled_from(["", "&#13;", "&#x1F600;", "&quot;", "&apos;"])) + plain)
    return "".join(pieces).encode()


@pytest.mark.usefixtures("window")
@given(json_strings())
def test_a_json_string_is_what_a_parser_makes_of_it(written: tuple[str, bytes]) -> None:
    text, data = written
    assert read(data, Coding.JSON_STRING) == text.encode()


@pytest.mark.usefixtures("window")
@given(xml_texts())
def test_xml_text_is_what_a_parser_makes_of_it(data: bytes) -> None:
    try:
        text = ElementTree.fromstring(b"<a>" + data + b"</a>").text or ""
    except ElementTree.ParseError:
        return  # a character that XML cannot carry
    assert read(data, Coding.XML_TEXT) == text.encode()


@pytest.mark.usefixtures("window")
@given(TEXT)
def test_json_is_given_as_it_came(text: str) -> None:
    data = json.dumps([text]).encode()
    assert read(data, Coding.JSON) == data


def test_an_element_gets_the_namespaces_that_it_has_from_above() -> None:
    found = read(b'<g:a x="1"/>', Coding.XML, namespaces=(("", "urn:d"), ("g", 'urn:"&<')))
    assert found == b'<g:a xmlns="urn:d" xmlns:g="urn:&quot;&amp;&lt;" x="1"/>'
    assert ElementTree.fromstring(found).tag == '{urn:"&<}a'


@pytest.mark.usefixtures("window")
@given(st.binary(max_size=100), st.sampled_from(["", "\n", "\r\n", " "]), st.integers(1, 20))
def test_base64_is_decoded_on_the_way(data: bytes, between: str, every: int) -> None:
    text = base64.b64encode(data).decode()
    broken = between.join(text[n : n + every] for n in range(0, len(text), every))
    escaped = json.dumps(broken)[1:-1].replace("/", "\\/").encode()
    for coding, written in ((Coding.JSON_STRING, escaped), (Coding.XML_TEXT, broken.encode())):
        body = b"x" + written
        assert b"".join(decoded(content(body, RawSlice(1, len(body), coding)))) == data


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[n : n + size] for n in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
@pytest.mark.parametrize(
    "text",
    ["A", "AA", "AAA", "AAAA=", "AA==AAAA", "AA==A", "A-_A", "AAAA*", "=AAA", "AAA=====", "\x00AAA", "AAAAé"],
)
def test_what_is_no_base64_is_refused(text: str, size: int) -> None:
    with pytest.raises(NotDecodable):
        b"".join(decoded(in_pieces(text.encode(), size)))


@pytest.mark.parametrize("data", [b"\\", b"\\u12", b"\\x41", b"abc\\u00"])
def test_a_broken_escape_is_refused(data: bytes) -> None:
    with pytest.raises(NotDecodable):
        read(data, Coding.JSON_STRING)


@pytest.mark.parametrize("data", [b"&#x110000;", b"&#55555555555;", b"a&am", b"<![CDATA[x", b"<![CDA"])
def test_a_broken_reference_is_refused(data: bytes) -> None:
    with pytest.raises(NotDecodable):
        read(data, Coding.XML_TEXT)


def test_a_map_is_read_like_bytes() -> None:
    data = bytes(range(256)) * 50_000  # more than what is given back at once
    with tempfile.TemporaryFile(dir=Path(tempfile.gettempdir())) as file:
        file.write(data)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
            found = b"".join(content(body, RawSlice(77, len(data) - 5, Coding.JSON)))
            assert found == data[77:-5]
