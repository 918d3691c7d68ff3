"""What a file is by its own content, and whether that is what it was declared."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import SAMPLES, geojson, sample, shared, sqlite, write, zipped

from azenha.domain.known_formats import KNOWN
from azenha.engine.formats.sniff import HEAD, agrees, detect

GML = 'xmlns:gml="http://www.opengis.net/gml/3.2"'


def encoded(named: str, really: str) -> bytes:
    """KML that says of itself to be in an encoding."""
    name = "日本" if really == "shift_jis" else "Tokyo"
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><name>{name}</name></kml>'
    return f'<?xml version="1.0" encoding="{named}"?>{text}'.encode(really)


# Each: what it is detected as (None: no known format), in words, and how it is made.
STRANGERS: dict[str, tuple[str | None, str, Callable[[Path], object]]] = {
    "empty": (None, "an empty file", write(b"")),
    "noise": (None, "no format", write(bytes(range(256)))),
    "pdf": ("pdf", "PDF", write("%PDF-1.7")),
    "gzip": ("gzip", "gzip", write(b"\x1f\x8b\x08\0")),
    "sqlite": ("sqlite", "SQLite", sqlite),
    "hdf5 behind a block": ("hdf5", "HDF5", write(bytes(512) + b"\x89HDF\r\n\x1a\n")),
    "a page": ("html", "HTML", write("<!DOCTYPE html><p>404")),
    "an exception": ("exception", "exception report", write('<ExceptionReport xmlns="http://x.example"/>')),
    "a virtual dataset": ("vrt", "virtual", write("<VRTDataset/>")),
    "a virtual dataset that names GML": ("vrt", "virtual", write(f"<OGRVRTDataSource {GML}/>")),
    "broken JSON": ("text", "no JSON", write('{"type": "Feature",')),
    "deep JSON": ("text", "no JSON", write('{"a":' * 10_000)),
    "broken XML": ("text", "no XML", write("<<a>")),
    "entities": ("xml", "XML", write('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')),
    "a zip cut off": ("zip", "no end", write(b"PK\x03\x04" + bytes(100))),
    "an office document": ("office", "Office", zipped({"[Content_Types].xml": "", "xl/a.xml": ""})),
    "an encoding that is none": ("text", "unknown encoding: klingon", write(encoded("klingon", "ascii"))),
    "bytes of another encoding": ("text", "no XML (encoding", write(encoded("utf-16", "ascii"))),
    "Shift JIS": ("kml", "KML", write(encoded("shift_jis", "shift_jis"))),
    "JSON in UTF-16": ("text", "text in UTF-16", write("{}".encode("utf-16"))),
    "UTF-16": ("kml", "KML", write('<kml xmlns="http://www.opengis.net/kml/2.2"/>'.encode("utf-16"))),
    "UTF-8 with a mark": ("json", "JSON", write(b"\xef\xbb\xbf[1]")),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_is_told_by_its_content_and_agrees_with_its_media_type(
    name: str, tmp_path: Path
) -> None:
    path, media_type = sample(name, tmp_path)
    found = detect(path, KNOWN)
    declared = KNOWN.named(media_type)
    assert found.id == SAMPLES[name][2]
    assert declared is not None
    assert agrees(declared, found, KNOWN)


@pytest.mark.parametrize("name", STRANGERS)
def test_what_comes_instead_is_named(name: str, tmp_path: Path) -> None:
    id, words, make = STRANGERS[name]
    make(tmp_path / "a")
    found = detect(tmp_path / "a", KNOWN)
    assert found.id == id
    assert words in found.title


DIFFERENT = [
    ("image/tiff", "png"),
    ("image/png", "geotiff"),
    ("application/geo+json", "json"),
    ("application/geo+json", "topojson"),
    ("application/geo+json", "kml"),
    ("application/json", "text"),
    ("application/xml", "json"),
    ("text/csv", "json"),
    ("application/gml+xml", "kml"),
    ("application/gml+xml; version=3.1", "gml 3.2"),
    ("application/gml+xml; version=3.2", "gml 3.1"),
    ("application/vnd.google-earth.kml+xml", "kmz"),
    ("application/x-zipped-shp", "zip"),
    ("application/x-netcdf", "geotiff"),
    ("application/geopackage+sqlite3", "zip"),
]


@pytest.mark.parametrize(("media_type", "name"), DIFFERENT)
def test_content_of_another_format_does_not_agree(media_type: str, name: str, tmp_path: Path) -> None:
    path, _ = sample(name, tmp_path)
    declared = KNOWN.named(media_type)
    assert declared is not None
    assert not agrees(declared, detect(path, KNOWN), KNOWN)


def test_a_special_case_is_what_it_is_a_case_of_and_not_the_other_way_round(tmp_path: Path) -> None:
    for name, types in {
        "geojson": ("application/json", "text/plain"),
        "kml": ("application/xml", "text/xml"),
        "kmz": ("application/zip",),
        "gml 3.2": ("application/gml+xml", "application/xml"),
        "csv": ("text/plain",),
    }.items():
        path, _ = sample(name, tmp_path / name)
        for media_type in types:
            declared = KNOWN.named(media_type)
            assert declared is not None
            assert agrees(declared, detect(path, KNOWN), KNOWN), (name, media_type)


def test_a_large_file_is_told_by_its_head_and_undecided_where_that_says_nothing(tmp_path: Path) -> None:
    filler = '"x": [' + "[1, {}], " * HEAD + "1]"
    early, late, none = tmp_path / "early", tmp_path / "late", tmp_path / "none"
    early.write_text('{"type": "FeatureCollection", ' + filler + ', "features": []}')
    late.write_text("{" + filler + ', "type": "FeatureCollection", "features": []}')
    none.write_text("[" + filler[6:])
    geo, topo, plain = (KNOWN.named(f"application/{t}json") for t in ("geo+", "topo+", ""))
    assert geo is not None
    assert topo is not None
    assert plain is not None
    tracemalloc.start()
    assert [agrees(one, detect(early, KNOWN), KNOWN) for one in (geo, topo, plain)] == [True, False, True]
    assert [agrees(one, detect(late, KNOWN), KNOWN) for one in (geo, topo, plain)] == [True, True, True]
    assert [agrees(one, detect(none, KNOWN), KNOWN) for one in (geo, topo, plain)] == [False, False, True]
    assert tracemalloc.get_traced_memory()[1] < 8 * HEAD
    tracemalloc.stop()


def test_a_member_named_type_within_the_features_is_not_the_type_of_all(tmp_path: Path) -> None:
    inner = tmp_path / "a"
    many = ",".join(['{"type": "Feature"}'] * HEAD)
    inner.write_text('{"x": [' + many + '], "name": "\\"type\\": \\"Feature\\""}')
    assert detect(inner, KNOWN).id == "json"


def test_real_data_is_what_it_is_called() -> None:
    for name, id in {
        "olinda/landsat7_etm.tif": "tiff",
        "misc/fmi_observations.gml": "gml-3.2",
        "climate/tos_O1_2001-2002.nc": "netcdf",
        "olinda/census.shp": "shp",
    }.items():
        assert detect(shared(name), KNOWN).id == id


def test_geojson_with_members_of_its_own_is_geojson(tmp_path: Path) -> None:
    import json

    (tmp_path / "a").write_text(json.dumps({"crs": {"type": "name"}, **geojson(bbox=[1, 2, 1, 2])}))
    assert detect(tmp_path / "a", KNOWN).id == "geojson"
