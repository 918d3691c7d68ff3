"""Media types, and which of the offered formats a client's format is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import formats
from azenha.domain.process import Format

GEOTIFF = Format("image/tiff; application=geotiff")
TIFF = Format("image/tiff")
GEOJSON = Format("application/geo+json")
CSV = Format("text/csv", schema="https://example.org/columns")
PACKED = Format("image/png", encoding="base64")
JSON = Format("application/json")
GML = Format("application/gml+xml")
GML32 = Format("application/gml+xml; version=3.2")
GML32_IN_UTF8 = Format("application/gml+xml; version=3.2; charset=utf-8")
GML321 = Format("text/xml; subtype=gml/3.2.1")
GML31 = Format("application/gml+xml; version=3.1")
GML2 = Format("application/gml+xml; version=2")
KMZ = Format("application/vnd.google-earth.kmz")
GPKG = Format("application/geopackage+sqlite3")
OCTETS = Format("application/octet-stream")

ACCEPTED = [
    ([GEOTIFF], Format("image/tiff"), GEOTIFF),
    ([GEOTIFF], Format("IMAGE/TIFF; Application=geotiff"), GEOTIFF),
    ([GEOTIFF, TIFF], Format("image/tiff"), TIFF),
    ([TIFF, GEOTIFF], Format("image/tiff;application=GeoTIFF"), GEOTIFF),
    (
        [TIFF],
        Format('image/tiff; profile="cloud optimized"'),
        Format('image/tiff; profile="cloud optimized"'),
    ),
    ([GEOTIFF], Format("image/tiff; application=other"), None),
    ([GEOTIFF], Format("image/png"), None),
    ([GEOTIFF], Format("image/geotiff"), GEOTIFF),
    ([OCTETS, GEOTIFF], Format("image/x-tiff"), GEOTIFF),
    ([GEOJSON], Format("application/vnd.geo+json"), GEOJSON),
    ([GEOJSON], Format("application/json"), GEOJSON),
    ([GEOJSON, JSON], Format("application/json"), JSON),
    ([JSON], GEOJSON, None),
    ([GML], Format("text/xml"), GML),
    ([GML], Format("text/xml; subtype=gml/3.1.1"), GML),
    ([GML32], Format("application/gml+xml"), GML32),
    ([GML32], Format("text/xml; subtype=gml/3.2.1"), GML32),
    ([GML32], Format("text/xml; subtype=gml/3.1.1"), None),
    ([GML32], Format("application/gml+xml; version=3.2.1"), GML32),
    ([GML32], Format("application/gml+xml; charset=utf-8; version=3.2.1"), GML32_IN_UTF8),
    ([GML31], Format("application/gml+xml; version=3.1.1"), GML31),
    ([GML, GML31, GML32], Format("application/gml+xml; version=3.2.1"), GML32),
    ([GML32], Format("application/gml+xml; version=3.20"), None),
    ([GML32], Format("application/gml+xml; version=3.1.1"), None),
    ([GML2], Format("application/gml+xml; version=2.1.2"), GML2),
    ([GML321], Format("text/xml; subtype=gml/3.2"), GML321),
    ([Format("application/zip")], Format("application/vnd.google-earth.kmz"), None),
    ([Format("application/zip")], Format("application/x-zipped-shp"), Format("application/zip")),
    ([KMZ], Format("application/zip"), KMZ),
    ([GEOTIFF], Format("image"), None),
    ([GEOTIFF], Format("image/*"), None),
    ([GEOTIFF], Format("*/*"), None),
    ([GEOTIFF], Format("image/tiff", encoding="base64"), Format(GEOTIFF.media_type, "base64")),
    ([GEOTIFF], Format("image/tiff", encoding="hex"), None),
    ([CSV], Format("text/csv", encoding="UTF-8"), Format(CSV.media_type, "UTF-8", CSV.schema)),
    ([TIFF], Format("image/tiff", encoding="UTF-8"), None),
    ([CSV], Format("text/csv"), CSV),
    ([CSV], Format("text/csv", schema="https://example.org/other"), None),
    ([Format("a/b", "GZip", "urn:X")], Format("a/b", "gzip", "urn:x"), Format("a/b", "GZip", "urn:X")),
    (
        [Format("a/b", None, "urn:X"), Format("a/b", None, "urn:x")],
        Format("a/b", None, "urn:x"),
        Format("a/b", None, "urn:x"),
    ),
    (
        [TIFF],
        Format("image/tiff", schema="https://example.org/x"),
        Format("image/tiff", None, "https://example.org/x"),
    ),
    ([PACKED], Format("image/png"), PACKED),
    ([GEOTIFF, CSV], Format("", schema=CSV.schema), CSV),
    ([GEOTIFF, CSV], Format("", encoding="base64"), Format(GEOTIFF.media_type, "base64")),
    ([OCTETS], Format("image/png"), Format("image/png")),
    ([OCTETS, Format("*/*")], Format("image/png"), Format("image/png")),
    ([OCTETS, GEOTIFF], Format("image/png"), None),
    ([GEOTIFF], Format("", "raw"), GEOTIFF),
    ([PACKED], Format("IMAGE/png", "RAW"), Format("image/png")),
    ([Format("a/b", "GZip")], Format("a/b", "raw"), Format("a/b", "GZip")),
    ([CSV], Format("", "utf8"), Format(CSV.media_type, "utf8", CSV.schema)),
    ([CSV], Format("TEXT/CSV", "utf-8", CSV.schema.upper()), Format(CSV.media_type, "utf-8", CSV.schema)),
    ([Format("image/*")], Format("image/png"), Format("image/png")),
    ([Format("image/*")], Format("text/csv"), None),
]


@pytest.mark.parametrize(("offered", "given_format", "expected"), ACCEPTED)
def test_a_format_is_accepted_only_if_it_contradicts_nothing_that_is_offered(offered, given_format, expected):
    assert formats.accepted(offered, given_format) == expected


@pytest.mark.parametrize(
    ("accepted_as", "given_format", "called"),
    [
        (GML, Format("text/xml"), "text/xml"),
        (KMZ, Format("application/zip"), "application/zip"),
        (GEOJSON, Format(""), ""),
        (GEOJSON, Format("application/json; charset=utf-8"), "application/json; charset=utf-8"),
        (JSON, Format("application/json"), None),
        (Format("application/xml"), Format("text/xml"), None),
        (GPKG, Format("application/x-gpkg"), None),
        (CSV, Format("", schema=CSV.schema), None),
    ],
)
def test_data_is_declared_by_a_name_of_its_format_and_not_by_a_general_one(accepted_as, given_format, called):
    assert formats.called(accepted_as, given_format) == called


OFFERED = [
    ([GEOTIFF], Format("image/tiff"), True),
    ([GEOTIFF], Format("image/TIFF; application=GEOTIFF"), True),
    ([TIFF], Format("image/tiff; application=geotiff"), False),
    ([OCTETS], Format("image/png"), False),
    ([Format("*/*")], Format("image/png"), True),
    ([GEOTIFF], Format("", encoding="base64"), True),
    ([GEOTIFF], Format("image/tiff", encoding="hex"), False),
    ([CSV], Format("text/csv", schema=CSV.schema), True),
    ([Format("a/b", "GZip", "urn:X")], Format("a/b", "gzip", "urn:x"), True),
    ([TIFF], Format("image/tiff", schema="https://example.org/x"), False),
    ([TIFF], Format("not a media type"), False),
    ([CSV], Format("text/csv", "UTF-8"), True),
    ([TIFF], Format("image/tiff", "UTF-8"), False),
    ([PACKED], Format("image/png", "raw"), True),
]


@pytest.mark.parametrize(("offered", "asked", "expected"), OFFERED)
def test_an_output_is_promised_in_no_more_than_what_is_offered(offered, asked, expected):
    assert formats.offers(offered, asked) is expected


OTHER_NAMES = [
    ([GEOJSON], "application/vnd.geo+json", GEOJSON),
    ([GEOJSON], "application/geo+json; charset=UTF-8", GEOJSON),
    ([GEOJSON], "application/vnd.geo+json;charset=utf8", GEOJSON),
    ([GEOJSON], "application/geo+json; charset=latin-1", None),
    ([GEOJSON], "application/json", None),
    ([GML31, GML32], "text/xml; subtype=gml/3.2.1", GML32),
    ([GML32, GML31], "text/xml; subtype=gml/3.1.1", GML31),
    ([GML31], "application/gml+xml; version=3.1.1", GML31),
    ([GML31], "text/xml; subtype=gml/3.1.1/profiles/gmlsf/1.0.0/0", None),
    ([GML], "text/xml; subtype=gml/3.1.1", None),
    ([GPKG], "application/x-gpkg", GPKG),
    ([GPKG], "application/x-gpkg; version=1.2", None),
    ([GEOTIFF], "image/geotiff", GEOTIFF),
    ([GEOTIFF], "image/geotiff; profile=cloud-optimized", None),
    ([GEOTIFF], "image/tiff; charset=utf-8", None),
    ([Format("text/x-notes")], "text/x-notes; charset=utf-8", Format("text/x-notes")),
    ([Format("text/x-notes; charset=latin-1")], "text/x-notes; charset=utf-8", None),
    ([Format("application/zip")], "application/x-zipped-shp", None),
]


@pytest.mark.parametrize(("offered", "asked", "expected"), OTHER_NAMES)
def test_an_output_asked_for_by_another_name_of_its_format_is_made_in_that_which_is_offered(
    offered, asked, expected
):
    assert formats.promised(offered, Format(asked)) == expected
    assert formats.wished(offered, [asked]) == expected


def test_an_output_that_is_offered_as_it_was_asked_for_is_made_so():
    assert formats.promised([GEOTIFF], Format("image/TIFF")) == Format("image/TIFF")
    assert formats.promised([GEOJSON], Format("application/vnd.geo+json", "base64")) == Format(
        GEOJSON.media_type, "base64"
    )


@pytest.mark.parametrize(
    ("given_format", "plain", "json"),
    [
        (Format(""), True, True),
        (Format("text/plain"), True, False),
        (Format("TEXT/xml; charset=utf-8", "utf-8"), True, False),
        (Format("", "raw"), True, True),
        (Format("", "base64"), False, False),
        (Format("text/plain", schema="urn:x"), False, False),
        (Format("text/csv"), False, False),
        (Format("application/json", "UTF-8"), False, True),
        (Format("application/geo+json", "base64"), False, False),
    ],
)
def test_some_formats_say_of_text_only_that_it_is_text_or_json(given_format, plain, json):
    assert formats.is_plain(given_format) is plain
    assert formats.is_written_json(given_format) is json


def test_without_a_format_the_first_is_meant_and_a_wildcard_stands_for_bytes():
    assert formats.default([GEOTIFF, CSV]) == GEOTIFF
    assert formats.default([Format("*/*"), CSV]) == OCTETS


@pytest.mark.parametrize(
    ("text", "is_text", "is_json"),
    [
        ("text/csv; charset=latin-1", True, False),
        ("application/geo+json", True, True),
        ("APPLICATION/JSON", True, True),
        ("application/gml+xml; version=3.2", True, False),
        ("application/xml", True, False),
        ("image/svg+xml", True, False),
        ("image/tiff", False, False),
        ("application/x-json", False, False),
        ("nonsense", False, False),
    ],
)
def test_text_travels_as_it_is_and_all_else_in_base64(text, is_text, is_json):
    assert (formats.is_text(text), formats.is_json(text)) == (is_text, is_json)


def test_a_media_type_is_taken_apart_with_its_quoted_parameters():
    parsed = formats.media_type(r' Image/TIFF ;Application="a;\"b\""; ; profile=http://example.org/p ')
    assert parsed is not None
    assert parsed.essence == "image/tiff"
    assert dict(parsed.parameters) == {"application": 'a;"b"', "profile": "http://example.org/p"}


def test_text_that_was_decoded_is_labelled_utf_8():
    assert formats.as_text(Format("text/csv; charset=latin-1; header=absent", "UTF-8")) == Format(
        "text/csv; charset=utf-8; header=absent"
    )
    assert formats.as_text(CSV) == CSV


@given(st.text(st.sampled_from('ab/;="\\ ,*'), max_size=1200))
def test_any_text_is_a_media_type_or_none_and_takes_no_time(text):
    parsed = formats.media_type("a/b" + text)
    assert parsed is None or parsed.essence.startswith("a/b")


@pytest.mark.parametrize("tail", [" ; " * 330, ";x=" + '"' * 900, ';x="' + "\\" * 900, "b=;" * 300])
def test_a_hostile_media_type_is_refused_at_once(tail):
    assert formats.accepted([GEOTIFF], Format("a/b" + tail)) is None
