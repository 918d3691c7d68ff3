"""What an author gets: one handle whichever way data came, opened with whatever library is asked for."""

from __future__ import annotations

import json
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

import azenha
from azenha import Features, File, Raster, Unsafe
from azenha.authoring.adapters import MissingLibrary
from azenha.authoring.blame import blamed

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
POINTS = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"n": n}, "geometry": {"type": "Point", "coordinates": [n, 2.0]}}
        for n in range(3)
    ],
}


def real(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return SHARED / name


def test_a_file_gives_its_content_as_bytes_text_json_and_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes('{"a": "Olá"}'.encode())
    file = File(path, "application/json", url="https://data.example/a.json")
    assert file.bytes == path.read_bytes()
    assert file.text == '{"a": "Olá"}'
    assert file.json == {"a": "Olá"}
    with file.open() as stream:
        assert stream.read(2) == b'{"'
    assert file.size == 13
    assert (file.path, file.media_type) == (path, "application/json")
    assert file.url == "https://data.example/a.json"
    assert File(path).url == path.as_uri()


def test_text_is_decoded_by_the_charset_of_its_media_type(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Olá".encode("latin-1"))
    assert File(path, "text/plain; charset=iso-8859-1").text == "Olá"
    path.write_bytes(b"\xef\xbb\xbfOl\xc3\xa1")
    assert File(path, "text/plain").text == "Olá"


@pytest.mark.parametrize(
    ("encoding", "media_type"),
    [
        ("ISO-8859-1", "application/xml"),
        ("UTF-16", "application/gml+xml"),
        ("windows-1252", "text/xml; charset=utf-8"),
    ],
)
def test_xml_says_itself_in_which_encoding_it_is(encoding: str, media_type: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>Olá</a>'
    path.write_bytes(text.encode(encoding))
    assert File(path, media_type).text == text
    assert File(path, media_type).lxml().getroot().text == "Olá"


def test_xml_is_parsed_without_entities(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "a.xml").write_text(
        f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a><b>1</b>&e;</a>'
    )
    root = File(tmp_path / "a.xml").lxml().getroot()
    assert root.findtext("b") == "1"
    assert "secret" not in "".join(root.itertext(tag="b"))


def test_a_raster_opens_with_rasterio_by_the_driver_of_its_type() -> None:
    rasterio = pytest.importorskip("rasterio")
    path = real("olinda/landsat7_etm.tif")
    with Raster(path).rasterio() as dataset:
        assert dataset.count == 6
    with pytest.raises(rasterio.errors.RasterioIOError):
        Raster(path, "image/png").rasterio()


def test_a_table_without_geometry_is_no_geodataframe(tmp_path: Path) -> None:
    pytest.importorskip("geopandas", reason="needs the extra azenha[examples]")
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="no geometry"):
        Features(path, "text/csv").geopandas()
    assert len(Features(path, "text/csv").geopandas(ignore_geometry=True)) == 1


def test_what_a_library_says_of_data_that_came_in_tells_no_folder_of_the_server(tmp_path: Path) -> None:
    pytest.importorskip("rasterio", reason="needs the extra azenha[examples]")
    path = tmp_path / "scene.tif"
    path.write_bytes(b"II*\0")
    scene = Raster(path)
    scene.input = "scene"
    with pytest.raises(Exception, match="scene") as failure:
        scene.rasterio()
    told = str(blamed(failure.value))
    assert "scene.tif" in told
    assert str(tmp_path) not in told


def test_features_open_with_geopandas_shapely_and_pyogrio(tmp_path: Path) -> None:
    pytest.importorskip("geopandas")
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(POINTS))
    features = Features(path)
    assert list(features.geopandas()["n"]) == [0, 1, 2]
    assert [g.x for g in features.shapely()] == [0.0, 1.0, 2.0]
    assert features.pyogrio()["crs"] == "EPSG:4326"
    assert features.dataset() == path


def test_a_zipped_shapefile_is_unpacked_into_the_folder_of_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("geopandas")
    archive = tmp_path / "census.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for suffix in ("shp", "shx", "dbf", "prj"):
            made.write(real(f"olinda/census.{suffix}"), f"data/census.{suffix}")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    features = Features(archive, "application/zip")
    assert len(features.geopandas()) == 470
    assert len(features.shapely()) == 470
    assert features.dataset().is_relative_to(tmp_path / "work")


def test_an_archive_that_could_do_harm_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("../a.shp", "x")
    with pytest.raises(Unsafe, match="leads out"):
        Features(tmp_path / "a.zip", "application/zip").dataset()
    with pytest.raises(Unsafe, match="leads out"):
        File(tmp_path / "a.zip").unpacked("out")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as made:
        made.writestr("a.txt", "x")
    with pytest.raises(ValueError, match="one shapefile or KML is needed"):
        Features(tmp_path / "b.zip", "application/zip").dataset()
    assert [p.name for p in File(tmp_path / "b.zip").unpacked("out")] == ["a.txt"]


@pytest.mark.filterwarnings("ignore:Failed to open Zarr store with consolidated", "ignore:Dataset has no geo")
@pytest.mark.parametrize("folder", ["", "sea.zarr/"])
@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_that_xarray_wrote_is_read_by_xarray_and_rasterio(
    version: int, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    pytest.importorskip("rasterio", reason="rasterio is not installed")
    monkeypatch.chdir(tmp_path)
    store = zarr.storage.ZipStore(tmp_path / "a.zarr.zip", mode="w")
    values = xarray.DataArray([[1.0, 2.0, 3.0]], dims=("y", "x"), name="a", attrs={"units": "m"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values.to_dataset().to_zarr(store, zarr_format=version, consolidated=False)
        store.close()
        with (
            zipfile.ZipFile(tmp_path / "a.zarr.zip") as wrote,
            zipfile.ZipFile(tmp_path / "a.zip", "w") as made,
        ):
            for member in wrote.infolist():
                made.writestr(folder + member.filename, wrote.read(member))
    raster = Raster(tmp_path / "a.zip", "application/vnd.zarr+zip")
    with raster.xarray() as dataset:
        assert dataset["a"].values.tolist() == [[1.0, 2.0, 3.0]]
        assert dataset["a"].attrs == {"units": "m"}
    if version == 2:  # the other one, GDAL 3.10 does not read
        with raster.rasterio() as dataset:
            assert (dataset.width, dataset.units) == (3, ("m",))
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as made:
        made.writestr("../evil", "")
    with pytest.raises(Unsafe, match="leads out"):
        raster.xarray()


@pytest.mark.parametrize(
    ("library", "call"),
    [
        ("rasterio", lambda path: Raster(path).rasterio()),
        ("xarray", lambda path: Raster(path).xarray()),
        ("geopandas", lambda path: Features(path).geopandas()),
        ("shapely", lambda path: Features(path).shapely()),
        ("pyogrio", lambda path: Features(path).pyogrio()),
    ],
)
def test_a_library_that_is_missing_is_named_with_what_to_do(
    library: str, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibrary, match=f"needs {library}: pip install {library}"):
        call(tmp_path / "a.tif")


def test_what_an_author_imports_is_named_in_the_package() -> None:
    assert {"Unsafe", "Validation", "Checked"} <= set(azenha.__all__)
