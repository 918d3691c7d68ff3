"""XML out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from azenha.protocols.http import FileSlice
from azenha.protocols.xml_write import Tag, Verbatim, carries, document

NS = {"wps": "urn:w", "xlink": "urn:x&y"}


def parsed(root: Tag) -> etree._Element:
    (whole,) = document(root, NS)
    assert isinstance(whole, bytes)
    return etree.fromstring(whole)


def test_a_tree_is_written_with_the_usual_prefixes_and_no_default_namespace() -> None:
    tree = Tag(
        "wps:A",
        Tag("B", "x", None, "<y>", attributes={"wps:c": "1", "d": None, "xml:lang": "pt"}),
        None,
        Tag("wps:E"),
    )
    (whole,) = document(tree, NS)
    assert whole == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<wps:A xmlns:wps="urn:w" xmlns:xlink="urn:x&amp;y">'
        b'<B wps:c="1" xml:lang="pt">x&lt;y&gt;</B><wps:E/></wps:A>'
    )


XML_TEXT = st.text(st.characters(exclude_categories=["Cs"]).filter(carries))


@given(XML_TEXT, XML_TEXT)
def test_what_xml_can_carry_comes_back_as_it_was(text: str, value: str) -> None:
    root = parsed(Tag("wps:A", text, attributes={"a": value}))
    assert (root.text or "") == text
    assert root.get("a") == value


@pytest.mark.parametrize("text", ["\0", "\x1b[0m", "\ufffe", "\ud800", "a]]>\x08"])
def test_what_xml_cannot_carry_is_seen_and_never_breaks_a_document(text: str) -> None:
    assert not carries(text)
    root = parsed(Tag("wps:A", text, attributes={"a": text}))
    assert "\ufffd" in str(root.text)
    assert root.text == root.get("a")


def test_large_parts_stay_where_they_are() -> None:
    file = FileSlice("f", 3, 9)
    tree = Tag("wps:A", "x", Tag("wps:B", Verbatim((b"<v/>", file))), Tag("wps:C", Verbatim((b"<w/>",))))
    first, middle, last = document(tree, {"wps": "urn:w"})
    assert isinstance(first, bytes)
    assert first.endswith(b"x<wps:B><v/>")
    assert middle is file
    assert last == b"</wps:B><wps:C><w/></wps:C></wps:A>"
