"""In which encoding text is: what XML says of itself counts before what its media type says."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import pytest

from azenha.domain import encodings
from azenha.domain.encodings import NotInEncoding, as_declared, codec, encoded

XML, TEXT = "application/xml", "text/plain"


def xml(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?><a>é</a>'


READ = {
    "nothing is said": ("é".encode(), TEXT, "é"),
    "a charset": ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
    "a charset in quotes": ("é".encode("latin-1"), 'text/csv; Charset="ISO-8859-1"', "é"),
    "a mark of UTF-8": ("é".encode("utf-8-sig"), TEXT, "é"),
    "a mark of UTF-8 against a charset": ("é".encode("utf-8-sig"), "text/plain; charset=iso-8859-1", "é"),
    "a mark of UTF-16": ("é".encode("utf-16"), TEXT, "é"),
    "a mark of UTF-16, big-endian": (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), TEXT, "é"),
    "a mark of UTF-32": ("é".encode("utf-32"), TEXT, "é"),
    "XML that says nothing": ("<a>é</a>".encode(), XML, "<a>é</a>"),
    "XML that says nothing, and a charset": (
        "<a>é</a>".encode("latin-1"),
        "text/xml; charset=iso-8859-1",
        "<a>é</a>",
    ),
    "XML that declares it": (xml("ISO-8859-1").encode("latin-1"), XML, xml("ISO-8859-1")),
    "XML that declares UTF-8": (xml("UTF-8").encode(), XML, xml("UTF-8")),
    "XML against a charset": (
        xml("ISO-8859-1").encode("latin-1"),
        "text/xml; charset=utf-8",
        xml("ISO-8859-1"),
    ),
    "a charset of what only looks like XML": (
        xml("ISO-8859-1").encode(),
        "text/plain; charset=utf-8",
        xml("ISO-8859-1"),
    ),
    "XML in UTF-16": (xml("UTF-16").encode("utf-16"), XML, xml("UTF-16")),
    "XML in UTF-16 without a mark": (xml("UTF-16").encode("utf-16-le"), XML, xml("UTF-16")),
    "XML in UTF-16, big-endian, without a mark": (xml("UTF-16").encode("utf-16-be"), XML, xml("UTF-16")),
}


@pytest.mark.parametrize("name", READ)
def test_text_is_read_in_the_encoding_that_it_says_or_that_is_said_of_it(name: str) -> None:
    data, media_type, text = READ[name]
    assert data.decode(codec(data[: encodings.HEAD], media_type)) == text


def pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


WRITTEN = [
    ("é", TEXT, "utf-8"),
    ("é", "text/plain; charset=ISO-8859-1", "latin-1"),
    (xml("ISO-8859-1"), XML, "latin-1"),
    (xml("ISO-8859-1"), "text/xml; charset=latin1", "latin-1"),
    (xml("UTF-16"), XML, "utf-16"),
    (xml("ISO-8859-1"), "text/plain; charset=utf-8", "utf-8"),
    (xml("iso-2022-jp").replace("é", "日本"), XML, "iso-2022-jp"),
]


@pytest.mark.parametrize("length", [1, 7, 10_000])
@pytest.mark.parametrize(("text", "media_type", "encoding"), WRITTEN)
def test_text_is_written_in_what_is_declared_however_it_comes_in_pieces(
    text: str, media_type: str, encoding: str, length: int
) -> None:
    data = b"".join(encoded(pieces(text, length), media_type))
    assert data == text.encode(encoding)
    assert data.decode(codec(data[: encodings.HEAD], media_type)) == text


@pytest.mark.parametrize("length", [1, 7, 10_000])
@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "UTF-16LE", "Shift_JIS"])
def test_text_of_utf8_is_written_in_what_it_declares_however_it_comes_in_pieces(
    encoding: str, length: int
) -> None:
    text = xml(encoding).replace("é", "x" if encoding == "Shift_JIS" else "é")
    data = text.encode()
    name, written = as_declared(data[at : at + length] for at in range(0, len(data), length))
    assert name == encoding
    assert b"".join(written) == text.encode(encoding)


def test_a_mark_of_utf8_is_no_character_of_another_encoding() -> None:
    _, written = as_declared([("\ufeff" + xml("ISO-8859-1")).encode()])
    assert b"".join(written) == xml("ISO-8859-1").encode("latin-1")


@pytest.mark.parametrize(
    "text", ["<a>é</a>", xml("utf-8"), "x" * 2000 + xml("ISO-8859-1"), '<?xml-style encoding="ascii"?>é']
)
def test_text_that_declares_nothing_else_stays_as_it_is(text: str) -> None:
    name, written = as_declared([text.encode()])
    assert name is None
    assert b"".join(written) == text.encode()


@pytest.mark.parametrize(
    ("text", "media_type", "reason"),
    [
        ("a €", "text/plain; charset=iso-8859-1", r"its media type declares, iso-8859-1: it has no '€'"),
        (xml("us-ascii"), XML, "it declares, us-ascii: it has no 'é'"),
        ("a", "text/plain; charset=klingon", "its media type declares, klingon: it is not known here"),
        (xml("base64"), XML, "it declares, base64: it is not known here"),
        (xml("utf-8"), "text/xml; charset=iso-8859-1", "the encoding utf-8, and its media type iso-8859-1"),
        ("a\ud800", TEXT, "utf-8"),
    ],
)
def test_text_that_cannot_be_in_its_encoding_is_refused(text: str, media_type: str, reason: str) -> None:
    with pytest.raises(NotInEncoding, match=reason):
        b"".join(encoded([text], media_type))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("text/xml", "text/xml"),
        ("text/xml; charset=utf-8", "text/xml; charset=x"),
        ('text/xml;Charset="utf-8"; version=1', "text/xml; charset=x; version=1"),
    ],
)
def test_a_media_type_tells_another_charset_where_it_tells_one(given: str, told: str) -> None:
    assert encodings.in_charset(given, "x") == told


@pytest.mark.parametrize("error", [KeyError("name"), UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "no")])
def test_what_goes_wrong_while_text_is_made_is_of_whoever_makes_it(error: Exception) -> None:
    def made() -> Iterator[str]:
        yield "x" * 2000
        raise error

    with pytest.raises(type(error)):
        list(encoded(made(), "text/csv"))


def test_a_charset_that_is_no_name_at_all_is_one_that_is_not_known() -> None:
    strange = 'text/plain; charset="a\0b"'
    with pytest.raises(NotInEncoding, match="not known here"):
        list(encoded(["é"], strange))
    with pytest.raises(NotInEncoding):
        list(encodings.as_utf8([b"abc"], strange))
