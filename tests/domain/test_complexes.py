"""Complex data as WPS clients send it: text or base64, with whatever of its format they name."""

from __future__ import annotations

import base64

import pytest

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import InputProblem, InvalidInputs, InvalidValue, UnsupportedFormat
from azenha.domain.process import ComplexDomain, Format, InputDescription, ProcessDescription, Text
from azenha.domain.values import InlineBytes, InlineText, Lexical, Value

GML2 = Format("text/xml; subtype=gml/2.1.2", None, "http://schemas.opengis.net/gml/2.1.2/feature.xsd")
GML3 = Format("text/xml; subtype=gml/3.1.1", None, "http://schemas.opengis.net/gml/3.1.1/base/Feature.xsd")
JSON = Format("application/json")
TIFF = Format("image/tiff")
PACKED = Format("image/png", "base64")
OCTETS = Format("application/octet-stream")

VECTOR = ComplexDomain((GML3, GML2, JSON))
RASTER = ComplexDomain((TIFF, PACKED))
DATA = b"\x89PNG\r\n\x1a\n\x00"
BASE64 = base64.b64encode(DATA).decode()


def given(domain: ComplexDomain, text: str, *format: str | None) -> Value:
    named = Format(format[0] or "", *format[1:]) if format else None
    description = ProcessDescription("p", "1", Text("p"), (InputDescription("image", domain, Text("i")),))
    (value,) = bind(description, {"image": (Lexical(text, format=named),)}, limits=BindingLimits(1000))[
        "image"
    ]
    return value


def refused(domain: ComplexDomain, text: str, *format: str | None) -> InputProblem:
    with pytest.raises(InvalidInputs) as refusal:
        given(domain, text, *format)
    (only,) = refusal.value.problems
    assert only.locator == "image"
    return only


TAKEN = [
    # No media type: the default format, or the one that the rest of the format means.
    (VECTOR, "<a/>", (), InlineText("<a/>", GML3)),
    (VECTOR, '{"a": 1}', (), InlineText('{"a": 1}', GML3)),
    (VECTOR, "<a/>", (None, "UTF-8"), InlineText("<a/>", GML3)),
    (VECTOR, "<a/>", (None, None, GML2.schema), InlineText("<a/>", GML2)),
    (RASTER, BASE64, (), InlineBytes(DATA, TIFF)),
    (RASTER, BASE64, (None, "base64"), InlineBytes(DATA, TIFF)),
    # Letters in another case, parameters in another order or quoting.
    (VECTOR, "<a/>", ("TEXT/XML;subtype=GML/2.1.2",), InlineText("<a/>", GML2)),
    (VECTOR, "<a/>", ('text/xml ; SubType="gml/3.1.1"',), InlineText("<a/>", GML3)),
    (VECTOR, "<a/>", ("text/xml; subtype=gml/3.1.1", "utf-8", GML3.schema.lower()), InlineText("<a/>", GML3)),
    (VECTOR, "{}", ("Application/JSON", "UTF8"), InlineText("{}", JSON)),
    (RASTER, BASE64, ("image/PNG", "Base64"), InlineBytes(DATA, Format("image/png"))),
    # Base64 is decoded where it is said or where the format is binary; its lines may be broken.
    (RASTER, BASE64, ("image/tiff", "base64"), InlineBytes(DATA, TIFF)),
    (RASTER, BASE64, ("image/tiff",), InlineBytes(DATA, TIFF)),
    (RASTER, BASE64, ("image/png",), InlineBytes(DATA, Format("image/png"))),
    (RASTER, f"\n  {BASE64[:5]}\r\n\t{BASE64[5:]} \n", ("image/tiff",), InlineBytes(DATA, TIFF)),
    (RASTER, BASE64, ("image/tiff", "raw"), InlineBytes(DATA, TIFF)),
    (VECTOR, "PGEvPg==", (GML2.media_type, "base64"), InlineBytes(b"<a/>", GML2)),
    (ComplexDomain((OCTETS,)), BASE64, ("image/png",), InlineBytes(DATA, Format("image/png"))),
    # Text is text: what looks like base64 is not decoded, `raw` and UTF-8 say nothing, white space stays.
    (VECTOR, "PGEvPg==", (GML3.media_type,), InlineText("PGEvPg==", GML3)),
    (VECTOR, "\n <a/> ", (GML3.media_type, "raw"), InlineText("\n <a/> ", GML3)),
    (ComplexDomain((Format("text/csv", "UTF-8"),)), "a,b", ("text/csv",), InlineText("a,b", Format("text/csv"))),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "text", "format", "value"), TAKEN)
def test_data_is_taken_in_the_format_that_is_meant(domain, text, format, value):
    assert given(domain, text, *format) == value


REFUSED = [
    (RASTER, "<a/>", (), InvalidValue, "expected image/tiff in base64, got '<a/>'"),
    (RASTER, BASE64[:-1], ("image/tiff",), InvalidValue, "expected image/tiff in base64"),
    (RASTER, BASE64 + "!", ("image/png", "base64"), InvalidValue, "expected image/png in base64"),
    (RASTER, BASE64[:-1] + "_", ("image/tiff", "base64"), InvalidValue, "in base64"),
    (VECTOR, "<a/>", (GML3.media_type, "base64"), InvalidValue, "in base64, got '<a/>'"),
    (VECTOR, "<a/>", ("text/xml; subtype=gml/9",), UnsupportedFormat, "gml/9 is not offered; offered: text/xml"),
    (VECTOR, "<a/>", (GML3.media_type, None, "urn:other"), UnsupportedFormat, "(schema urn:other) is not offered"),
    (VECTOR, "<a/>", (GML3.media_type, "hex"), UnsupportedFormat, "in hex is not offered"),
    (RASTER, BASE64, ("image/tiff", "UTF-8"), UnsupportedFormat, "image/tiff in UTF-8 is not offered"),
    (RASTER, BASE64, ("image",), UnsupportedFormat, "image is not offered"),
]  # fmt: skip


@pytest.mark.parametrize(("domain", "text", "format", "kind", "reason"), REFUSED)
def test_data_that_is_not_what_it_says_is_refused_by_the_name_of_its_input(
    domain, text, format, kind, reason
):
    found = refused(domain, text, *format)
    assert type(found) is kind
    assert reason in found.message
