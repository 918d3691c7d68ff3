"""The table of formats: each media type is one format, and what it says agrees with the rest of the domain."""

from __future__ import annotations

import pytest

from azenha.domain import formats
from azenha.domain.files import TYPES_BY_EXTENSION, extension
from azenha.domain.known_formats import KNOWN, OFFERED
from azenha.domain.media import KnownFormat, Magic, Travel

NAMED = [
    ("image/tiff; application=geotiff; profile=cloud-optimized", "cog"),
    ("image/tiff; application=geotiff", "geotiff"),
    ("Image/TIFF;Application=GeoTIFF", "geotiff"),
    ("image/tiff", "tiff"),
    ("image/tiff; application=other", "tiff"),
    ("image/geotiff", "geotiff"),
    ("application/gml+xml; version=3.2", "gml-3.2"),
    ("application/gml+xml; version=3.2.1", "gml-3.2"),
    ("text/xml; subtype=gml/3.2.1", "gml-3.2"),
    ("text/xml; subtype=gml/3.1.1", "gml-3.1"),
    ("text/xml; subtype=gml/2.1.2", "gml-2"),
    ("text/xml; subtype=other", "xml"),
    ("application/gml+xml", "gml"),
    ('text/csv; charset="utf-8"', "csv"),
    ("application/vnd.geo+json", "geojson"),
    ("application/netcdf", "netcdf"),
    ("application/x-tiles", None),
    ("nonsense", None),
]


@pytest.mark.parametrize(("media_type", "id"), NAMED)
def test_a_media_type_is_the_format_whose_parameters_it_has(media_type: str, id: str | None) -> None:
    found = KNOWN.named(media_type)
    assert (found.id if found else None) == id


WANTED = [
    *("geojson", "gml-2", "gml-3.1", "gml-3.2", "kml", "kmz", "topojson", "gpkg", "flatgeobuf", "shapefile"),
    *("csv", "geoparquet", "geotiff", "cog", "netcdf", "hdf5", "jp2", "png", "zarr"),
    *("json", "xml", "text", "zip", "metalink"),
]


@pytest.mark.parametrize("id", WANTED)
def test_every_format_that_is_promised_is_known_by_type_name_and_content(id: str) -> None:
    known = KNOWN.get(id)
    assert known is not None
    for name in known.media_types:
        assert formats.media_type(name) is not None, name
        assert KNOWN.named(name) is known, name
    told = (known.magic, known.roots, known.members, known.application_ids, known.words, known.looks_like)
    assert any(told) or known.id in ("json", "xml", "text")
    assert known.extensions or known.kind_of in ("gml", "geotiff")


@pytest.mark.parametrize("known", OFFERED, ids=lambda known: known.id)
def test_how_a_format_travels_is_what_binding_does(known: KnownFormat) -> None:
    for name in known.media_types:
        assert formats.is_text(name) is (known.travel is not Travel.BASE64), name
    assert known.encodings[-1] == "base64"


def test_a_special_case_is_of_its_kind_and_every_reference_between_formats_is_to_one() -> None:
    assert KNOWN.lineage("cog") == ("cog", "geotiff", "tiff")
    assert KNOWN.lineage("geojson") == ("geojson", "json", "text")
    for known in KNOWN:
        for id in (*KNOWN.lineage(known.id), *known.looks_like):
            assert KNOWN.get(id) is not None, (known.id, id)


def test_a_name_tells_the_likelier_type_first_and_a_type_its_usual_name() -> None:
    assert TYPES_BY_EXTENSION[".json"][:2] == ("application/json", "application/geo+json")
    assert TYPES_BY_EXTENSION[".geojson"][0] == "application/geo+json"
    assert TYPES_BY_EXTENSION[".zip"][0] == "application/zip"
    assert "application/x-zipped-shp" in TYPES_BY_EXTENSION[".zip"]
    for known in OFFERED:
        if known.extensions:
            assert extension(known.media_types[0]) == known.extensions[0]


def test_formats_of_others_are_added_and_may_replace_ours() -> None:
    tiles = KnownFormat("tiles", "Tiles", ("application/x-tiles",), magic=(Magic(b"TILE"),))
    better = KnownFormat("png", "Better PNG", ("image/png",))
    table = KNOWN.with_more([tiles, better])
    assert table.named("application/x-tiles") is tiles
    assert table.named("image/png") is better
    assert KNOWN.named("application/x-tiles") is None
