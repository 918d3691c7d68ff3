"""What a process may return where it declares a file: it is written in the declared format, or refused."""

from __future__ import annotations

import errno
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from azenha import Context, Features, File, Media, OutputError, Raster, process
from azenha.authoring.calling import LocalFile, call
from azenha.authoring.signature import definition_of
from azenha.domain.media import Family
from azenha.domain.process import Level, Validation
from azenha.engine.formats.checking import Check, conforms
from azenha.engine.formats.policy import Policy

POINT = {"type": "Point", "coordinates": [1.0, 2.0]}


def returned(annotation: object, value: object, folder: Path, **asked: str) -> LocalFile:
    def function() -> str:
        return value(folder / "work") if callable(value) else value  # type: ignore[return-value]

    function.__annotations__["return"] = annotation
    definition = definition_of(process(function))
    assert definition is not None
    ctx = Context.for_tests(folder / "work", formats=asked)
    ((one,),) = call(definition, {}, folder / "in", ctx).values()
    assert isinstance(one, LocalFile)
    return one


class Shape:
    __geo_interface__ = POINT


def pieces() -> Iterator[bytes]:
    yield b"a,b\n"
    yield b"1,2\n"


def shown(value: object) -> str:
    """The id of a case: the same in every process that collects it, so without addresses in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))[:40]


Csv = Annotated[File, Media("text/csv")]
Json = Annotated[File, Media("application/json")]
Png = Annotated[File, Media("image/png")]
Latin = Annotated[File, Media("text/plain; charset=iso-8859-1")]
Xml = Annotated[File, Media("application/xml")]
XML_TEXT = '<?xml version="1.0" encoding="ISO-8859-1"?><a>café</a>'

WRITTEN: list[tuple[object, object, bytes, str]] = [
    (Csv, "a,b\n1,2\n", b"a,b\n1,2\n", "result.csv"),
    (Csv, b"a,b\r\n", b"a,b\r\n", "result.csv"),
    (Csv, io.StringIO("Olá"), "Olá".encode(), "result.csv"),
    (Csv, pieces(), b"a,b\n1,2\n", "result.csv"),
    (Latin, "café\r\n", b"caf\xe9\r\n", "result.txt"),
    (Latin, io.StringIO("café"), b"caf\xe9", "result.txt"),
    (Latin, iter(["caf", "é"]), b"caf\xe9", "result.txt"),
    (Latin, b"caf\xc3\xa9", b"caf\xc3\xa9", "result.txt"),
    (Xml, XML_TEXT, XML_TEXT.encode("latin-1"), "result.xml"),
    (Xml, iter(XML_TEXT), XML_TEXT.encode("latin-1"), "result.xml"),
    (Png, io.BytesIO(b"\x89PNG"), b"\x89PNG", "result.png"),
    (Png, bytearray(b"\x89PNG"), b"\x89PNG", "result.png"),
    (Json, {"a": "Olá"}, '{"a": "Olá"}'.encode(), "result.json"),
    (Json, [1, 2], b"[1, 2]", "result.json"),
    (Features, POINT, json.dumps(POINT).encode(), "result.geojson"),
    (Features, Shape(), json.dumps(POINT).encode(), "result.geojson"),
    (File, b"x", b"x", "result.bin"),
]


@pytest.mark.parametrize(("annotation", "value", "content", "name"), WRITTEN, ids=shown)
def test_what_is_no_file_is_written_to_one_in_the_declared_format(
    annotation: object, value: object, content: bytes, name: str, tmp_path: Path
) -> None:
    file = returned(annotation, value, tmp_path)
    assert file.path.read_bytes() == content
    assert file.name == name
    assert file.path.is_relative_to(tmp_path / "work")


OPENED: dict[str, tuple[Callable[[Path], Any], Any]] = {
    "bytes": (lambda path: io.BytesIO(), b"a,b"),
    "text": (lambda path: io.StringIO(), "a,é"),
    "a file": (lambda path: path.open("w+b"), b"a,b"),
    "a file of text": (lambda path: path.open("w+", encoding="utf-8"), "a,é"),
    "nothing": (lambda path: io.BytesIO(), b""),
}


@pytest.mark.parametrize("name", OPENED)
def test_a_stream_that_was_just_written_gives_all_of_it(name: str, tmp_path: Path) -> None:
    opened, content = OPENED[name]
    with opened(tmp_path / "a") as stream:
        stream.write(content)
        found = returned(Csv, stream, tmp_path).path.read_bytes()
    assert found == (content.encode() if isinstance(content, str) else content)


def test_a_stream_that_was_partly_read_gives_the_rest_and_one_in_memory_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"#\na,b")
    with (tmp_path / "a").open("rb") as stream:
        stream.readline()
        assert returned(Csv, stream, tmp_path).path.read_bytes() == b"a,b"
    memory = io.BytesIO(b"#\na,b")
    memory.readline()
    assert returned(Csv, memory, tmp_path).path.read_bytes() == b"#\na,b"


def test_a_stream_that_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as stream, pytest.raises(OutputError, match=r"open it with 'w\+b'"):
        returned(Csv, stream, tmp_path)


def test_a_path_is_a_file_by_its_extension(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.tif").write_bytes(b"x")
    file = returned(Raster | Features, Path("a.tif"), tmp_path)
    assert file.path == tmp_path / "work" / "a.tif"
    assert file.format.media_type == "image/tiff; application=geotiff"


def test_a_client_that_asked_for_a_format_gets_what_is_returned_in_it(tmp_path: Path) -> None:
    either = Annotated[File, Media("text/plain", "application/json")]
    assert returned(either, {"a": 1}, tmp_path, result="application/json").name == "result.json"
    with pytest.raises(OutputError, match="cannot be written as text/plain"):
        returned(either, {"a": 1}, tmp_path)


REFUSED: list[tuple[object, object, str]] = [
    (Raster, "a.tif", r"expected Raster, got str: 'a.tif'; return pathlib.Path\(…\) for a path"),
    (Csv, {"a": 1}, "cannot be written as text/csv"),
    (Json, {"a": float("nan")}, "cannot be written as JSON"),
    (Json, {"a": {1}}, "cannot be written as JSON"),
    (Csv, iter([1]), "expected bytes from the stream or iterator, got int"),
    (Png, io.StringIO("text"), "expected bytes from the stream or iterator, got str"),
    (Latin, "5 €", "output 'result': its text cannot be in the encoding .* iso-8859-1: it has no '€'"),
    (Xml, XML_TEXT.replace("ISO-8859-1", "us-ascii"), "it declares, us-ascii"),
    (Csv, iter(["a", b"b"]), "expected text from the stream or iterator, got bytes"),
    (File, None, "got NoneType"),
    (Csv, Path("gone.csv"), "does not exist"),
]


@pytest.mark.parametrize(("annotation", "value", "problem"), REFUSED, ids=shown)
def test_what_cannot_be_written_in_the_declared_format_is_refused(
    annotation: object, value: object, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match=problem):
        returned(annotation, value, tmp_path)


def test_two_outputs_of_equal_names_do_not_collide(tmp_path: Path) -> None:
    def function() -> list[Csv]:
        return ["a", "b"]  # type: ignore[list-item]

    definition = definition_of(process(function))
    assert definition is not None
    ((one, two),) = call(definition, {}, tmp_path, Context.for_tests(tmp_path / "work")).values()
    assert isinstance(one, LocalFile)
    assert isinstance(two, LocalFile)
    assert (one.path.read_text(), two.path.read_text()) == ("a", "b")


# -- of libraries --------------------------------------------------------------------------------

VECTORS = [
    "application/geo+json",
    "application/json",
    "application/gml+xml; version=3.2",
    "application/gml+xml; version=3.1",
    "text/xml; subtype=gml/2.1.2",
    "application/vnd.google-earth.kml+xml",
    "application/vnd.google-earth.kmz",
    "text/csv",
    "application/geopackage+sqlite3",
    "application/flatgeobuf",
    "application/x-zipped-shp",
    "application/zip",
]


@pytest.mark.parametrize("media_type", VECTORS)
def test_a_frame_of_features_is_written_in_every_declared_format(media_type: str, tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame({"n": [1]}, geometry=geopandas.points_from_xy([1], [2]), crs=4326)
    file = returned(Annotated[Features, Media(media_type)], frame, tmp_path)
    written = Features(file.path, media_type)
    conforms(Check("result", written, Level.STRICT, Family.VECTOR, Validation(read=True)), Policy())


@pytest.mark.parametrize("kind", ["kml+xml", "kmz"])
def test_whole_numbers_stay_numbers_in_kml_if_it_can_hold_them(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    geopandas = pytest.importorskip("geopandas")
    monkeypatch.chdir(tmp_path)
    points = geopandas.points_from_xy([1, 1], [2, 2])
    frame = geopandas.GeoDataFrame({"n": [-1, 2**31 - 1], "far": [1, 2**31]}, geometry=points, crs=4326)
    media_type = f"application/vnd.google-earth.{kind}"
    written = returned(Annotated[Features, Media(media_type)], frame, tmp_path)
    again = Features(written.path, media_type).geopandas()
    assert again["n"].tolist() == [-1, 2**31 - 1]
    assert again["far"].tolist() == ["1", "2147483648"]
    assert str(frame["n"].dtype) == "int64"  # the author's own is as it was


def test_a_frame_is_a_table_where_csv_is_declared_and_no_picture(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1], "b": [2]})
    assert returned(Csv, frame, tmp_path).path.read_text() == "a,b\n1,2\n"
    with pytest.raises(OutputError, match="cannot be written as image/png"):
        returned(Png, frame, tmp_path)


def test_a_frame_is_a_table_in_the_charset_that_is_declared(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = Annotated[File, Media("text/csv; charset=iso-8859-1")]
    file = returned(table, pandas.DataFrame({"a": ["é"]}), tmp_path)
    assert file.path.read_bytes().split() == [b"a", b"\xe9"]
    with pytest.raises(OutputError, match="cannot be written as text/csv; charset=iso-8859-1"):
        returned(table, pandas.DataFrame({"a": ["€"]}), tmp_path)


def dataset(folder: Path, where: str, mode: str) -> Any:
    rasterio = pytest.importorskip("rasterio")
    numpy = pytest.importorskip("numpy")
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8", "crs": "EPSG:3857"}
    profile["transform"] = rasterio.Affine(2, 0, 1, 0, -2, 1)
    path = f"/vsimem/{folder.parent.name}.tif" if where == "memory" else folder / "made.tif"
    made = rasterio.open(path, "w", **profile)
    made.write(numpy.full((1, 4, 4), 7, "uint8"))
    if mode == "w":
        return made
    made.close()
    return rasterio.open(path)


@pytest.mark.parametrize("mode", ["r", "w"])
@pytest.mark.parametrize("where", ["memory", "folder"])
@pytest.mark.parametrize(
    "media_type", ["image/tiff", "image/png", "image/tiff; application=geotiff; profile=cloud-optimized"]
)
def test_an_open_raster_is_written_where_that_is_needed(
    media_type: str, where: str, mode: str, tmp_path: Path
) -> None:
    rasterio = pytest.importorskip("rasterio")
    file = returned(
        Annotated[Raster, Media(media_type)], lambda folder: dataset(folder, where, mode), tmp_path
    )
    with rasterio.open(file.path) as written:
        assert written.driver == ("PNG" if media_type == "image/png" else "GTiff")
        assert (written.read(1) == 7).all()
    assert (file.path.name == "made.tif") is (where == "folder" and media_type == "image/tiff")


@pytest.mark.parametrize("media_type", ["image/tiff", "image/png"])
def test_a_raster_that_is_computed_while_it_is_read_is_written(media_type: str, tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    vrt = pytest.importorskip("rasterio.vrt")

    def warped(folder: Path) -> Any:
        return vrt.WarpedVRT(dataset(folder, "folder", "r"), crs="EPSG:32633")

    file = returned(Annotated[Raster, Media(media_type)], warped, tmp_path)
    with rasterio.open(file.path) as written, rasterio.open(tmp_path / "work" / "made.tif") as source:
        assert source.crs == "EPSG:3857"
        assert written.driver == ("PNG" if media_type == "image/png" else "GTiff")
        assert (written.read(1) == 7).any()
        assert media_type == "image/png" or written.crs == "EPSG:32633"

    def closed(folder: Path) -> Any:
        made = warped(folder)
        made.close()
        return made

    with pytest.raises(OutputError, match="WarpedVRT that was closed; return it open"):
        returned(Annotated[Raster, Media(media_type)], closed, tmp_path)


def test_an_array_of_xarray_is_written_as_netcdf(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    pytest.importorskip("scipy", reason="xarray needs scipy to write netCDF")
    made = xarray.DataArray([[1.0, 2.0]], dims=("y", "x"), name="a")
    file = returned(Annotated[Raster, Media("application/x-netcdf")], made, tmp_path)
    assert file.path.read_bytes()[:3] in (b"CDF", b"\x89HD")
    assert Raster(file.path, "application/x-netcdf").xarray()["a"].shape == (1, 2)


def test_a_series_of_geometries_is_written_as_geoparquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    geopandas = pytest.importorskip("geopandas")
    series = geopandas.GeoSeries(geopandas.points_from_xy([1], [2]), crs=4326)
    media_type = "application/vnd.apache.parquet"
    file = returned(Annotated[Features, Media(media_type)], series, tmp_path)
    (point,) = Features(file.path, media_type).geopandas().geometry
    assert (point.x, point.y) == (1, 2)


def test_an_open_raster_is_written_as_zarr_in_a_zip(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    with rasterio.Env() as env:
        if "Zarr" not in env.drivers():
            pytest.skip("GDAL has no driver for Zarr")
    media_type = "application/vnd.zarr+zip"
    file = returned(
        Annotated[Raster, Media(media_type)], lambda folder: dataset(folder, "folder", "r"), tmp_path
    )
    conforms(Check("result", Raster(file.path, media_type), Level.STRICT, Family.RASTER), Policy())
    with Raster(file.path, media_type).rasterio() as written:
        assert (written.read(1) == 7).all()
    assert [one.name for one in file.path.parent.iterdir()] == ["result.zarr.zip"]


@pytest.mark.parametrize(
    ("media_type", "type", "reason"),
    [
        (
            "image/png",
            "float64",
            "a DatasetReader cannot be written as image/png: PNG driver doesn't support",
        ),
        ("application/x-hdf5", "uint8", "a DatasetReader cannot be written as application/x-hdf5: "),
    ],
)
def test_what_a_library_cannot_write_names_the_output_and_what_to_return_instead(
    media_type: str, type: str, reason: str, tmp_path: Path
) -> None:
    rasterio, numpy = pytest.importorskip("rasterio"), pytest.importorskip("numpy")

    def made(folder: Path) -> Any:
        path, kinds = folder / "a.tif", {"height": 2, "width": 2, "count": 1, "dtype": type}
        with rasterio.open(path, "w", "GTiff", **kinds, transform=rasterio.Affine(2, 0, 1, 0, -2, 1)) as new:
            new.write(numpy.ones((1, 2, 2), type))
        return rasterio.open(path)

    with pytest.raises(OutputError) as refused:
        returned(Annotated[Raster, Media(media_type)], made, tmp_path)
    assert str(refused.value).startswith(f"output 'result': {reason}")
    assert "the path of a file, or declare another format" in str(refused.value)


def test_a_full_disk_is_not_taken_for_a_value_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame({"n": [1]}, geometry=geopandas.points_from_xy([1], [2]), crs=4326)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(geopandas.GeoDataFrame, "to_file", full)
    with pytest.raises(OSError, match="No space left"):
        returned(Features, frame, tmp_path)
