"""A KMZ is all the KML files in it: the root, and what it links to."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from samples import KML, geojson, zipped
from test_checking import look

from azenha import Features
from azenha.authoring import kmz
from azenha.domain.process import Level
from azenha.engine.formats.facts import facts
from azenha.engine.formats.opening import NotValid

KMZ = "application/vnd.google-earth.kmz"
LINKS = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link>
<href>layers/a.kml</href></Link></NetworkLink></Document></kml>"""
STYLES = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Style id="a"/></Document></kml>'


def linking(path: Path, **more: str | bytes) -> Features:
    """A root without features, and what it links to."""
    zipped({"doc.kml": LINKS, "layers/a.kml": KML, **{f"layers/{n}.kml": t for n, t in more.items()}})(path)
    return Features(path, KMZ)


def written(path: Path) -> Features:
    """As GDAL writes it, and azenha with it."""
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame.from_features(geojson()["features"], crs="EPSG:4326")
    frame.to_file(path, driver="LIBKML", engine="pyogrio")
    with zipfile.ZipFile(path) as archive:
        assert "Placemark" not in archive.read("doc.kml").decode()
    return Features(path, KMZ)


@pytest.mark.parametrize("read", [False, True])
def test_features_are_those_of_the_files_that_the_root_links_to(read: bool, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    for file in (written(tmp_path / "a.kmz"), linking(tmp_path / "b")):
        assert "1 layer: " in look(file, Level.STRICT, read=read, geometries=("Point",), crs=True)
        with pytest.raises(NotValid, match="has Point; wanted are Polygon"):
            look(file, Level.STRICT, read=read, geometries=("Polygon",))
        assert (facts(file.path, KMZ) or {})["features"] == 1


def test_every_file_with_features_is_opened_and_others_may_have_none(tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    assert "2 layers: " in look(linking(tmp_path / "a", b=KML, c=STYLES), Level.STRICT)
    zipped({"doc.kml": KML, "more.kml": KML, "empty.kml": "<kml/>"})(tmp_path / "b")
    assert "2 layers: " in look(Features(tmp_path / "b", KMZ), Level.STRICT, read=True)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("this is no KML", "in its member 'layers/b.kml': it is no XML: syntax error"),
        (KML[:-20], "it is no XML: "),
        ("<a/>", "it is no KML: its root is a"),
        ("<!DOCTYPE kml>" + KML, "DOCTYPE"),
        ('<?xml version="1.0" encoding="klingon"?>' + KML, "it is no XML: unknown encoding"),
        ("<kml>" + "<Folder>" * 300 + "</Folder>" * 300 + "</kml>", "more than 256 elements"),
    ],
    ids=["text", "cut", "other-root", "document-type", "encoding", "deep"],
)
def test_a_file_in_it_that_is_no_kml_is_found_wherever_it_is(
    content: str, reason: str, tmp_path: Path
) -> None:
    pytest.importorskip("pyogrio")
    with pytest.raises(NotValid, match=reason):
        look(linking(tmp_path / "a", b=content), Level.STRICT)


def test_a_file_in_it_whose_bytes_are_damaged_is_found(tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    file = linking(tmp_path / "a")
    damage(file.path, "layers/a.kml")
    with pytest.raises(NotValid, match=r"its member 'layers/a\.kml' cannot be unpacked"):
        look(file, Level.STRICT)


def test_reading_all_of_it_is_reading_its_pictures_too(tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    zipped({"doc.kml": KML, "icon.png": b"\x89PNG" * 100})(tmp_path / "a")
    damage(tmp_path / "a", "icon.png")
    look(Features(tmp_path / "a", KMZ), Level.STRICT)
    with pytest.raises(NotValid, match=r"its member 'icon\.png' cannot be unpacked"):
        look(Features(tmp_path / "a", KMZ), Level.STRICT, read=True)


def damage(path: Path, name: str) -> None:
    """Break the compressed bytes of one member."""
    with zipfile.ZipFile(path) as archive:
        one = archive.getinfo(name)
    content = bytearray(path.read_bytes())
    start = one.header_offset + 30 + len(one.filename)
    content[start : start + one.compress_size] = b"\xff" * one.compress_size
    path.write_bytes(content)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the job."""
    pytest.importorskip("geopandas")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_written_opens_again_by_its_handle(here: Path) -> None:
    for file in (written(here / "a.kmz"), linking(here / "without-extension")):
        assert [(g.x, g.y) for g in file.geopandas().geometry] == [(1, 2)]
        assert [g.x for g in file.shapely()] == [1]
        assert file.pyogrio()["features"] == 1
        assert file.dataset().suffix == ".kml"


def test_a_prefix_that_is_bound_to_no_namespace_is_passed_over_as_gdal_does(here: Path) -> None:
    zipped({"doc.kml": KML.replace("<Point>", "<gx:drawOrder>1</gx:drawOrder><Point>")})(here / "a.kmz")
    assert [g.x for g in Features(here / "a.kmz", KMZ).geopandas().geometry] == [1]


def test_the_list_of_a_zip_is_read_once_however_many_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped({"doc.kml": KML, **{f"{n}.kml": KML for n in range(20)}})(tmp_path / "a.kmz")
    opened: list[object] = []
    own = zipfile.ZipFile

    def counted(*given: Any, **more: Any) -> zipfile.ZipFile:
        opened.append(given)
        return own(*given, **more)

    monkeypatch.setattr(zipfile, "ZipFile", counted)
    assert len(kmz.with_features(tmp_path / "a.kmz")) == 21
    assert len(opened) < 10


def test_of_files_with_features_the_root_is_opened(here: Path) -> None:
    root = KML.replace("1,2", "5,6")
    zipped({"a.kml": KML, "doc.kml": root})(here / "a")
    assert [g.x for g in Features(here / "a", KMZ).shapely()] == [5]
    zipped({"b.kml": root, "a.kml": KML})(here / "b")
    assert [g.x for g in Features(here / "b", KMZ).shapely()] == [5]


def test_a_root_that_links_to_several_files_has_a_layer_for_each(here: Path) -> None:
    link = "<NetworkLink><Link><href>layers/b.kml</href></Link></NetworkLink></Document>"
    other = KML.replace("1,2", "5,6")
    zipped({"layers/a.kml": KML, "layers/b.kml": other, "doc.kml": LINKS.replace("</Document>", link)})(
        here / "a"
    )
    file = Features(here / "a", KMZ)
    assert [g.x for g in file.shapely(layer=0)] == [1]
    assert [g.x for g in file.shapely(layer=1)] == [5]


def test_a_file_in_it_that_is_no_kml_is_said_by_the_handle(here: Path) -> None:
    with pytest.raises(ValueError, match=r"in its member 'layers/b\.kml': it is no XML"):
        linking(here / "a", b="text").geopandas()


def test_a_shapefile_beside_kml_is_none_of_both(here: Path) -> None:
    zipped({"a.shp": b"x", "doc.kml": KML})(here / "a")
    with pytest.raises(
        ValueError, match=r"one shapefile or KML is needed in the zip; it has a\.shp, doc\.kml"
    ):
        Features(here / "a", "application/zip").dataset()
