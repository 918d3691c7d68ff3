"""Whatever a process may return where it declares a file, through a worker: what a client finds afterwards."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Iterator

import pytest
from workshop import Workshop, quick

from azenha.domain.job import FailureKind
from azenha.domain.values import Literal, Reference, StoredFile
from azenha.engine.discover import discover
from azenha.engine.sandbox import tree

PROCESSES = """
import io
from pathlib import Path
from typing import Annotated, NamedTuple
from azenha import Context, Features, File, Media, Raster, Url, process

Csv = Annotated[File, Media("text/csv")]
POINT = {"type": "Point", "coordinates": [1.0, 2.0]}

def frame():
    import geopandas
    return geopandas.GeoDataFrame.from_features([{"type": "Feature", "properties": {}, "geometry": POINT}], crs=4326)

def scene(ctx):
    import numpy, rasterio
    path = ctx.workdir / "made.tif"
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(1, 0, 0, 0, -1, 4)}
    made = rasterio.open(path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint8", **place)
    made.write(numpy.arange(16, dtype="uint8").reshape(1, 4, 4))
    return made

def written(ctx, name, content):
    path = ctx.workdir / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path

@process
def table(how: str, *, ctx: Context) -> Csv:
    if how == "stream of a file":
        return written(ctx, "a.csv", "a,b").open("rb")
    return {
        "path": lambda: written(ctx, "my table.csv", "a,b"),
        "handle": lambda: File(written(ctx, "x", "a,b"), "text/csv", name="the table.csv"),
        "bytes": lambda: b"a,b",
        "text": lambda: "a,b",
        "stream": lambda: io.BytesIO(b"a,b"),
        "text stream": lambda: io.StringIO("a,b"),
        "iterator": lambda: (piece for piece in (b"a,", b"b")),
        "iterator of text": lambda: iter(["a,", "b"]),
    }[how]()

@process
def data(how: str) -> Annotated[File, Media("application/json")]:
    return {"dict": {"a": "Ol\\u00e1"}, "list": [1, 2.5]}[how]

@process
def features(how: str) -> Annotated[Features, Media("application/geo+json", "application/geopackage+sqlite3")]:
    return {"dict": lambda: POINT, "frame": frame, "series": lambda: frame().geometry}[how]()

@process
def raster(how: str, *, ctx: Context) -> Annotated[Raster, Media("image/tiff; application=geotiff")]:
    import rasterio
    made = scene(ctx)
    if how == "written":
        return made
    made.close()
    return rasterio.open(ctx.workdir / "made.tif")

@process
def array() -> Annotated[Raster, Media("application/x-netcdf")]:
    import numpy, xarray
    return xarray.DataArray(numpy.arange(4.0), dims="x", name="height").astype("float64")

@process
def encoded(encoding: str, *, ctx: Context) -> Csv:
    path = ctx.workdir / "a.csv"
    path.write_bytes("a\\u00e9".encode(encoding))
    return path

@process
def labelled(encoding: str, *, ctx: Context) -> Annotated[File, Media("text/plain; charset=iso-8859-1")]:
    path = ctx.workdir / "a.txt"
    path.write_bytes("a\\u00e9".encode(encoding))
    return path

@process
def far(address: str) -> Raster:
    return Url(address)

@process
def alike(*, ctx: Context) -> list[Csv]:
    return [written(ctx, f"{n}/same.csv", str(n)) for n in range(3)]

class Two(NamedTuple):
    one: Csv
    other: Csv

@process
def twice(*, ctx: Context) -> Two:
    path = written(ctx, "same.csv", "a,b")
    (ctx.workdir / "link.csv").symlink_to(path)
    return Two(path, ctx.workdir / "link.csv")

@process
def often(*, ctx: Context) -> list[Csv]:
    return [written(ctx, "same.csv", "a,b")] * 3

@process
def named(name: str, *, ctx: Context) -> Csv:
    return File(written(ctx, "a.csv", "a,b"), name=name)
"""


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    pytest.importorskip("geopandas")
    folder = tmp_path_factory.mktemp("returning")
    (folder / "returning.py").write_text(PROCESSES)
    command = [sys.executable, "-m", "azenha", "describe-source"]
    offered = discover([str(folder / "returning.py")], folder / "cache", command, 60)
    assert not offered[0].unavailable, offered[0].unavailable
    tree.become_subreaper()
    settings = quick(folder / "data")
    (folder / "data").mkdir()
    shop = Workshop(offered, settings)
    shop.worker.start()
    yield shop
    shop.close()


def kept(shop: Workshop, process: str, **inputs: str) -> tuple[StoredFile, bytes]:
    """The one output, and its content; size and checksum are those of it."""
    id = shop.submit(process, values={name: [Literal(value)] for name, value in inputs.items()})
    ((file,),) = shop.outputs(id).values()
    assert isinstance(file, StoredFile)
    content = shop.content(id, file)
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert "WARNING" not in shop.log(id)  # it is what it was declared
    return file, content


@pytest.mark.parametrize(
    ("how", "name"),
    [
        ("path", "my table.csv"),
        ("handle", "the table.csv"),
        ("bytes", "result.csv"),
        ("text", "result.csv"),
        ("stream", "result.csv"),
        ("stream of a file", "result.csv"),
        ("text stream", "result.csv"),
        ("iterator", "result.csv"),
        ("iterator of text", "result.csv"),
    ],
)
def test_text_comes_by_path_handle_bytes_stream_and_pieces_and_keeps_its_name(
    how: str, name: str, maker: Workshop
) -> None:
    file, content = kept(maker, "table", how=how)
    assert (content, file.name, file.format.media_type) == (b"a,b", name, "text/csv")


@pytest.mark.parametrize(("how", "content"), [("dict", {"a": "Olá"}), ("list", [1, 2.5])])
def test_a_dict_or_list_is_json(how: str, content: object, maker: Workshop) -> None:
    file, found = kept(maker, "data", how=how)
    assert (json.loads(found), file.name) == (content, "result.json")


@pytest.mark.parametrize("how", ["dict", "frame", "series"])
def test_features_are_written_in_the_declared_format(how: str, maker: Workshop) -> None:
    file, found = kept(maker, "features", how=how)
    assert file.name == "result.geojson"
    text = json.dumps(json.loads(found))
    assert '"coordinates": [1.0, 2.0]' in text


@pytest.mark.parametrize("how", ["written", "read"])
def test_an_open_raster_is_its_file_closed(how: str, maker: Workshop) -> None:
    rasterio = pytest.importorskip("rasterio")
    file, found = kept(maker, "raster", how=how)
    assert file.name == "made.tif"
    with rasterio.io.MemoryFile(found) as memory, memory.open() as dataset:
        assert dataset.read(1).tolist()[3] == [12, 13, 14, 15]


def test_an_array_of_xarray_is_netcdf(maker: Workshop) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    file, found = kept(maker, "array")
    assert file.name == "result.nc"
    with xarray.open_dataset(io.BytesIO(found)) as dataset:
        assert dataset["height"].values.tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("process", "encoding", "charset"),
    [
        ("encoded", "utf-8", "utf-8"),
        ("encoded", "iso-8859-1", ""),
        ("encoded", "utf-16", ""),
        ("encoded", "utf-16-le", ""),
        ("labelled", "iso-8859-1", ""),
    ],
)
def test_the_charset_of_a_file_is_told_where_it_is_utf8_and_its_media_type_names_none(
    process: str, encoding: str, charset: str, maker: Workshop
) -> None:
    id = maker.submit(process, values={"encoding": [Literal(encoding)]})
    ((file,),) = maker.outputs(id).values()
    assert isinstance(file, StoredFile)
    assert (maker.content(id, file).decode(encoding), file.charset) == ("aé", charset)


def test_an_address_is_given_out_and_not_fetched(maker: Workshop) -> None:
    id = maker.submit("far", values={"address": [Literal("https://data.example/a.tif?x=1")]})
    ((value,),) = maker.outputs(id).values()
    assert isinstance(value, Reference)
    assert value.href == "https://data.example/a.tif?x=1"
    assert value.format is not None
    assert value.format.media_type == "image/tiff; application=geotiff"
    for bad in ("file:///etc/passwd", "javascript:alert(1)", "http://", "http://x.example/a b"):
        failure = maker.failure(maker.submit("far", values={"address": [Literal(bad)]}))
        assert failure.kind is FailureKind.OUTPUT
        assert f"output 'result': {bad!r} is no http or https address" in failure.message


def test_files_of_one_name_do_not_replace_each_other(maker: Workshop) -> None:
    id = maker.submit("alike")
    (files,) = maker.outputs(id).values()
    assert [file.name for file in files if isinstance(file, StoredFile)] == ["same.csv"] * 3
    assert [maker.content(id, file) for file in files if isinstance(file, StoredFile)] == [b"0", b"1", b"2"]
    assert len({file.key for file in files if isinstance(file, StoredFile)}) == 3


@pytest.mark.parametrize(("process", "times"), [("twice", 2), ("often", 3)])
def test_a_file_may_be_returned_more_than_once(process: str, times: int, maker: Workshop) -> None:
    id = maker.submit(process)
    files = [f for several in maker.outputs(id).values() for f in several if isinstance(f, StoredFile)]
    assert [maker.content(id, file) for file in files] == [b"a,b"] * times
    assert len({file.key for file in files}) == times


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../out.csv", "out.csv"),
        ("..", "data.csv"),
        ("/etc/passwd", "passwd.csv"),
        ("a\\b.csv", "b.csv"),
        ("a\nb.csv", "a_b.csv"),
        ("Olá, mundo.csv", "Olá, mundo.csv"),
    ],
)
def test_a_name_from_elsewhere_leads_nowhere(name: str, shown: str, maker: Workshop) -> None:
    file, _ = kept(maker, "named", name=name)
    assert file.name == shown
    assert file.key == f"result/{shown}"
