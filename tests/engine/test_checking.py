"""Each level does what it says: good and bad data of each format, looked at as a job's child does."""

from __future__ import annotations

import csv
import json
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import (
    GML,
    KML,
    SAMPLES,
    from_macos,
    geojson,
    raster,
    sample,
    shapefile,
    shared,
    vector,
    write,
    zarr,
    zipped,
)

from azenha.authoring.archives import Unsafe
from azenha.authoring.types import Features, File, Raster
from azenha.domain.known_formats import KNOWN
from azenha.domain.media import Family
from azenha.domain.process import Level, Validation
from azenha.engine.formats import documents
from azenha.engine.formats.checking import Check, conforms
from azenha.engine.formats.cut_short import all_there
from azenha.engine.formats.opening import NotValid, Opening
from azenha.engine.formats.policy import Policy
from azenha.engine.formats.schemas import follow_schema
from azenha.engine.formats.sniff import HEAD

SHAPES = {"a.shp": b"x", "a.shx": b"x", "a.dbf": b"x"}


def look(file: File, level: Level, policy: Policy | None = None, **asked: object) -> str:
    family = Family(file.family) if file.family else None
    validation = Validation(level, **asked)  # type: ignore[arg-type]
    return conforms(Check("a", file, level, family, validation), policy or Policy())


@pytest.mark.parametrize("level", [Level.NONE, Level.SIMPLE, Level.STRICT])
@pytest.mark.parametrize("name", SAMPLES)
def test_good_data_of_every_format_passes_every_level(name: str, level: Level, tmp_path: Path) -> None:
    path, media_type = sample(name, tmp_path)
    found = look(File(path, media_type), level)
    assert bool(found) is (level is not Level.NONE)
    if level is Level.STRICT:
        assert look(File(path, media_type), level, read=True)


RASTERS = [name for name in SAMPLES if (f := KNOWN.named(SAMPLES[name][1])) and f.family is Family.RASTER]


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")  # a picture need not have one
@pytest.mark.parametrize("name", RASTERS)
def test_what_is_a_good_raster_an_author_can_open(name: str, tmp_path: Path) -> None:
    path, media_type = sample(name, tmp_path)
    with Raster(path, media_type).rasterio() as dataset:
        assert dataset.count or dataset.subdatasets


ZARR = "application/vnd.zarr+zip"


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
@pytest.mark.parametrize("folder", ["", "sea.zarr/", "of/sea.zarr/"])
@pytest.mark.parametrize("widths", [(2,), (2, 2), (2, 4)], ids=["once", "again", "grown"])
def test_a_zarr_may_be_in_a_folder_and_the_last_of_its_metadata_counts(
    folder: str, widths: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rasterio")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.zip"
    zarr(path, folder, widths)
    found = look(Raster(path, ZARR), Level.STRICT, read=True, bands=(1, 1))
    assert f"1 band of {widths[-1]} × 2" in found
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]
    with Raster(path, ZARR).rasterio() as dataset:
        assert dataset.width == widths[-1]


def test_a_zip_with_several_zarr_is_refused_with_their_names(tmp_path: Path) -> None:
    zipped({"a/.zgroup": "{}", "b/zarr.json": "{}"})(tmp_path / "a.zip")
    with pytest.raises(NotValid, match="several Zarr in it, in a, b: zip the content of one folder"):
        look(Raster(tmp_path / "a.zip", ZARR), Level.STRICT)


def test_names_that_differ_in_case_are_refused_in_a_zarr_too(tmp_path: Path) -> None:
    zipped({".zgroup": "{}", "a/.zarray": "{}", "A/.zarray": "{}"})(tmp_path / "a.zip")
    with pytest.raises(NotValid, match=r"two members 'A/\.zarray'"):
        look(Raster(tmp_path / "a.zip", ZARR), Level.STRICT)


def test_a_harmful_zip_is_not_opened_as_zarr(tmp_path: Path) -> None:
    zipped({".zgroup": "{}", "../evil": "x"})(tmp_path / "a.zip")
    with pytest.raises(Unsafe, match="leads out"):
        Raster(tmp_path / "a.zip", "application/vnd.zarr+zip").rasterio()


def cut(name: str, to: int) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        made, _ = sample(name, path.parent / "whole")
        path.write_bytes(made.read_bytes()[:to])

    return make


def large_untiled(path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    place = {"crs": "EPSG:4326", "transform": rasterio.Affine(1, 0, 0, 0, -1, 4)}
    with rasterio.open(path, "w", driver="GTiff", width=600, height=600, count=1, dtype="uint8", **place):
        pass


def table_alone(path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pandas

    pandas.DataFrame({"a": [1]}).to_parquet(path)


# Data whose first bytes are right: only strict finds that it is damaged. By format: how, and the reason.
DAMAGED: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "geotiff": ("image/tiff; application=geotiff", "cannot be opened", cut("geotiff", 20)),
    "cog": (
        "image/tiff; application=geotiff; profile=cloud-optimized",
        "not cloud-optimized",
        lambda path: large_untiled(path),
    ),
    "jp2": ("image/jp2", "cannot be opened", cut("jp2", 40)),
    "jpeg": ("image/jpeg", "cannot be opened", cut("jpeg", 20)),
    "netcdf 3": ("application/x-netcdf", "cannot be opened|no raster", cut("netcdf 3", 20)),
    "zarr": ("application/vnd.zarr+zip", "cannot be opened", zipped({".zgroup": "{", "a/.zarray": "{"})),
    "png": ("image/png", "cannot be opened", cut("png", 20)),
    "netcdf 4": ("application/x-netcdf", "cannot be opened", cut("netcdf 4", 60)),
    "hdf5": ("application/x-hdf5", "cannot be opened", cut("netcdf 4", 60)),
    "gpkg": ("application/geopackage+sqlite3", "cannot be opened", cut("gpkg", 1000)),
    "flatgeobuf": ("application/flatgeobuf", r"cannot be opened|no features", cut("flatgeobuf", 20)),
    "geojson": (
        "application/geo+json",
        "no features|cannot be opened",
        write('{"type": "FeatureCollection", "features": [' + "1," * HEAD),
    ),
    "topojson": (
        "application/topo+json",
        "no geometry|cannot be opened|no features",
        write('{"type":"Topology","objects":{},"arcs":[]}'),
    ),
    "geoparquet": ("application/vnd.apache.parquet", "cannot be opened", write(b"PAR1" + bytes(100))),
    "parquet without geometry": (
        "application/vnd.apache.parquet",
        "Parquet without geometry",
        lambda path: table_alone(path),
    ),
    "gml 2": ("text/xml; subtype=gml/2.1.2", "no XML", cut("gml 2", 200)),
    "gml 3.1": ("application/gml+xml; version=3.1", "no XML", cut("gml 3.1", 200)),
    "gpx": ("application/gpx+xml", "no XML", cut("gpx", 70)),
    "metalink": ("application/metalink4+xml", "no XML", cut("metalink", 60)),
    "gml 3.2": (
        "application/gml+xml; version=3.2",
        "no XML",
        write(GML.format("http://www.opengis.net/gml/3.2")[:-30]),
    ),
    "kml": ("application/vnd.google-earth.kml+xml", "no XML", write(KML[:-40])),
    "kml with entities": (
        "application/vnd.google-earth.kml+xml",
        "DOCTYPE",
        write("<!DOCTYPE kml>" + KML),
    ),
    "kmz": ("application/vnd.google-earth.kmz", "'doc.kml': it is no XML", zipped({"doc.kml": "<kml"})),
    "shapefile": ("application/x-zipped-shp", "cannot be opened", zipped(SHAPES)),
    "two shapefiles": (
        "application/x-zipped-shp",
        "2 shapefiles",
        zipped({**SHAPES, "b.shp": b"x", "b.shx": b"x", "b.dbf": b"x"}),
    ),
    "a bomb": (
        "application/x-zipped-shp",
        "bomb",
        zipped({"a.shp": bytes(50 << 20), "a.shx": b"x", "a.dbf": b"x"}),
    ),
    "zip": ("application/zip", "leads out", zipped({"../a": "x"})),
    "xml": ("application/xml", "no XML", write("<a><b></a>")),
    "a document type": ("application/xml", "DOCTYPE", write("<!DOCTYPE a SYSTEM 'x'><a/>")),
    "deep xml": ("application/xml", "within each other", write("<a>" * 300 + "</a>" * 300)),
    "json": ("application/json", "NaN", write('{"a": NaN}')),
    "csv": ("text/csv", "row 3 has 3 fields, its first 2", write("a,b\n1,2\n1,2,3\n")),
    "csv quotes": ("text/csv", "no CSV", write('a,b\n"1"2,3\n')),
    "text": ("text/plain; charset=utf-8", "no text in utf-8", write(b"Ol\xe1, tudo bem?")),
    "a charset that unpacks": ("text/plain; charset=zlib_codec", "not known", write("a")),
    "a charset that cannot be written": ('text/plain; charset="a\0b"', "cannot be written", write("a")),
    "a charset": ("text/plain; charset=klingon", "not known", write("a")),
}


@pytest.mark.parametrize(
    "text",
    [
        "a,b\nx\u2028y,2\n",
        "a,b\nx\x85y,2\n",
        "a,b\nx\x0cy,2\n",
        "a,b\r1,2\r",
        'a,b\r\n"1\r\n2",3',
        f'a,wkt\n1,"POLYGON(({"0 0," * 50_000}))"\n',
    ],
    ids=["u2028", "nel", "form feed", "cr", "quoted", "long"],
)
def test_lines_of_a_table_end_where_csv_has_it_and_fields_may_be_long(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    before = csv.field_size_limit()
    assert "2 columns" in look(File(path, "text/csv"), Level.STRICT)
    assert csv.field_size_limit() == before  # of the author's code


def test_a_line_of_a_table_is_not_held_whatever_its_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "LONGEST_LINE", 1000)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1" * 1001)
    with pytest.raises(NotValid, match="its line 2 has more than 1,000 characters"):
        look(File(path, "text/csv"), Level.STRICT)


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_data_passes_simple_and_not_strict(name: str, tmp_path: Path) -> None:
    media_type, reason, make = DAMAGED[name]
    path = tmp_path / "a"
    make(path)
    look(File(path, media_type), Level.SIMPLE)
    with pytest.raises(NotValid, match=reason) as refusal:
        look(File(path, media_type), Level.STRICT)
    assert f"is declared {media_type}, its content is " in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)


def test_there_is_damaged_data_of_every_format() -> None:
    assert SAMPLES.keys() <= DAMAGED.keys()


@pytest.mark.parametrize("level", [Level.SIMPLE, Level.STRICT, Level.VERY_STRICT])
@pytest.mark.parametrize("name", SAMPLES)
def test_data_of_another_kind_is_refused_by_every_level_but_none(
    name: str, level: Level, tmp_path: Path
) -> None:
    media_type = SAMPLES[name][1]
    path = tmp_path / "a"
    path.write_bytes(b"%PDF-1.7\n\x00\x01")
    assert look(File(path, media_type), Level.NONE) == ""
    with pytest.raises(NotValid) as refusal:
        look(File(path, media_type), level)
    assert str(refusal.value) == f"is declared {media_type}, and its content is PDF"


def test_data_of_another_format_is_refused_from_simple_on_with_both_types(tmp_path: Path) -> None:
    path, _ = sample("kml", tmp_path)
    file = File(path, "image/tiff; application=geotiff")
    assert look(file, Level.NONE) == ""
    for level in (Level.SIMPLE, Level.STRICT, Level.VERY_STRICT):
        with pytest.raises(NotValid) as refusal:
            look(file, level)
        assert str(refusal.value) == "is declared image/tiff; application=geotiff, and its content is KML"


def test_a_raster_that_opens_and_cannot_be_read_is_found_by_reading_it() -> None:
    pytest.importorskip("rasterio")
    file = Raster(shared("misc/corrupt.tif"), "image/tiff")
    assert "3 bands" in look(file, Level.STRICT)
    with pytest.raises(NotValid, match="opens, and cannot be read"):
        look(file, Level.STRICT, read=True)


WHOLE = (("png", 0.6), ("png", 0.999), ("jp2", 0.6), ("geotiff", 0.6), ("netcdf 3", 0.6), ("netcdf 4", 0.6))


@pytest.mark.parametrize(("name", "part"), WHOLE)
def test_a_raster_that_is_cut_short_is_found_by_reading_it(name: str, part: float, tmp_path: Path) -> None:
    path, media_type = sample(name, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(NotValid):
        look(Raster(path, media_type), Level.STRICT, read=True)


def test_a_png_whose_checksums_do_not_hold_is_refused_by_reading_it(tmp_path: Path) -> None:
    path, media_type = sample("png", tmp_path)
    data = bytearray(path.read_bytes())
    data[data.index(b"IEND") + 5] ^= 1
    path.write_bytes(data)
    with pytest.raises(NotValid, match=r"the checksum of its chunk IEND at byte [\d,]+ does not hold"):
        look(Raster(path, media_type), Level.STRICT, read=True)


def netcdf_with_records(version: int, records: int) -> bytes:
    """Two variables of each record, one byte and one double; three numbers of their own, 2 bytes each."""
    count, at = ("Q" if version == 5 else "I"), ("I" if version == 1 else "Q")

    def pack(kinds: str, *values: int) -> bytes:
        return struct.pack(">" + kinds.replace("n", count).replace("o", at), *values)

    def named(name: bytes) -> bytes:
        return pack("n", len(name)) + name + bytes(-len(name) % 4)

    def head(*begins: int) -> bytes:
        dimensions = pack("In", 10, 2) + named(b"time") + pack("n", 0) + named(b"x") + pack("n", 3)
        title = pack("In", 12, 1) + named(b"title") + pack("In", 2, 5) + b"waves\0\0\0"
        none = pack("In", 0, 0)
        one = named(b"flag") + pack("nn", 1, 0) + none + pack("Ino", 1, 4, begins[0])
        two = named(b"height") + pack("nn", 1, 0) + none + pack("Ino", 6, 8, begins[1])
        fixed = named(b"depth") + pack("nn", 1, 1) + none + pack("Ino", 3, 8, begins[2])
        variables = pack("In", 11, 3) + one + two + fixed
        return b"CDF" + bytes([version]) + pack("n", records) + dimensions + title + variables

    start = len(head(0, 0, 0))
    return head(start + 8, start + 12, start) + b"\0\1\0\2\0\3\0\0" + records * (b"\1\0\0\0" + bytes(8))


@pytest.mark.parametrize("version", [1, 2, 5])
def test_a_netcdf_file_has_all_that_its_header_tells_of(version: int, tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    path.write_bytes(whole := netcdf_with_records(version, 5))
    all_there(path, "netcdf")
    for end in (len(whole) - 1, len(whole) - 12, 40):
        path.write_bytes(whole[:end])
        with pytest.raises(NotValid, match="it is cut short"):
            all_there(path, "netcdf")


def test_a_netcdf_file_may_lack_the_bytes_that_fill_it_up(tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_bytes(netcdf_with_records(1, 0)[:-2])
    all_there(tmp_path / "a.nc", "netcdf")


def test_real_data_passes_strict_even_when_it_is_read() -> None:
    pytest.importorskip("rasterio")
    pytest.importorskip("pyogrio")
    for name, cls, media_type in [
        ("olinda/landsat7_etm.tif", Raster, "image/tiff; application=geotiff"),
        ("misc/hydrosheds_dem.tif", Raster, "image/tiff"),
        ("climate/tos_O1_2001-2002.nc", Raster, "application/x-netcdf"),
        ("misc/fmi_observations.gml", Features, "application/gml+xml"),
        ("misc/fmi_observations.gml", Features, "text/xml; subtype=gml/3.2.1"),
    ]:
        path = shared(name)
        before = sorted(path.parent.iterdir())
        assert look(cls(path, media_type), Level.STRICT, read=True)
        assert sorted(path.parent.iterdir()) == before, "something was left beside the data"


ASKED = [
    (raster("GTiff"), Raster, "image/tiff", {"bands": (1, 1), "crs": True}, None),
    (raster("GTiff", 3), Raster, "image/tiff", {"bands": (2, None)}, None),
    (raster("GTiff", 3), Raster, "image/tiff", {"bands": (1, 1)}, "3 bands; wanted are 1"),
    (raster("GTiff", 3), Raster, "image/tiff", {"bands": (4, None)}, "wanted are 4 or more"),
    (raster("GTiff", crs=None), Raster, "image/tiff", {"crs": True}, "reference system"),
    (raster("GTiff", crs=None), Raster, "image/tiff", {}, None),
    (
        vector("GPKG", "Polygon"),
        Features,
        "application/geopackage+sqlite3",
        {"geometries": ("Polygon",)},
        None,
    ),
    (
        vector("GPKG", "Polygon"),
        Features,
        "application/geopackage+sqlite3",
        {"geometries": ("Point", "LineString")},
        "has Polygon; wanted are Point, LineString",
    ),
    (shapefile, Features, "application/zip", {"geometries": ("Point",), "crs": True}, None),
    (zipped({"a.txt": "a"}), Features, "application/zip", {}, "no features in it"),
    (sample, Raster, "application/geo+json", {}, "no raster|cannot be opened"),
]


@pytest.mark.parametrize(("make", "cls", "media_type", "asked", "reason"), ASKED)
def test_strict_has_the_kind_that_was_asked_for(
    make: Callable[..., object],
    cls: type[File],
    media_type: str,
    asked: dict[str, object],
    reason: str | None,
    tmp_path: Path,
) -> None:
    path = tmp_path / "a"
    write(json.dumps(geojson()))(path) if make is sample else make(path)
    if reason is None:
        assert look(cls(path, media_type), Level.STRICT, **asked)
    else:
        with pytest.raises(NotValid, match=reason):
            look(cls(path, media_type), Level.STRICT, **asked)


BOX = "<gml:boundedBy><gml:Box><gml:coordinates>0,0 1,1</gml:coordinates></gml:Box></gml:boundedBy>"


def test_versions_of_gml_of_one_namespace_are_told_by_their_elements(tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    gml2, gml31 = "application/gml+xml; version=2", "application/gml+xml; version=3.1"
    third, _ = sample("gml 3.1", tmp_path / "3")
    with pytest.raises(NotValid, match="it has an element gml:pos, which GML 2 has not"):
        look(File(third, gml2), Level.STRICT)
    second, _ = sample("gml 2", tmp_path / "2")
    look(File(second, gml31), Level.STRICT)  # so far it may be both
    second.write_text(second.read_text().replace("<gml:featureMember>", f"{BOX}<gml:featureMember>"))
    look(File(second, gml2), Level.STRICT)
    with pytest.raises(NotValid, match="it has an element gml:Box, which only GML 2 has"):
        look(File(second, gml31), Level.STRICT)
    look(File(second, "application/gml+xml"), Level.STRICT)


def test_notes_of_the_finder_are_no_shapefiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("geopandas")
    monkeypatch.chdir(tmp_path)
    from_macos(tmp_path / "a.zip")
    for media_type in ("application/zip", "application/x-zipped-shp"):
        file = Features(tmp_path / "a.zip", media_type)
        assert "1 layer: Point" in look(file, Level.STRICT, read=True)
        assert len(file.geopandas()) == 1
    from_macos(tmp_path / "b.kmz", zipped({"__MACOSX/._a": b"x", "doc.kml": KML}))
    file = Features(tmp_path / "b.kmz", "application/vnd.google-earth.kmz")
    assert "1 layer" in look(file, Level.STRICT, read=True)
    assert len(file.geopandas()) == 1


def test_mixed_geometries_are_looked_at_one_by_one(tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    both = [*geojson("Point")["features"], *geojson("Polygon")["features"]]
    (tmp_path / "a").write_text(json.dumps({"type": "FeatureCollection", "features": both}))
    file = Features(tmp_path / "a", "application/geo+json")
    look(file, Level.STRICT, geometries=("Point", "Polygon"))
    with pytest.raises(NotValid, match="has Polygon; wanted are Point"):
        look(file, Level.STRICT, geometries=("Point",))


def test_bytes_of_any_kind_are_not_opened_where_no_kind_is_asked_for(tmp_path: Path) -> None:
    cut("geotiff", 20)(tmp_path / "a")
    for media_type in ("application/octet-stream", "application/x-tiles"):
        assert "its content is TIFF: any is taken" in look(File(tmp_path / "a", media_type), Level.STRICT)
        with pytest.raises(NotValid, match="cannot be opened"):
            look(Raster(tmp_path / "a", media_type), Level.STRICT)
    (tmp_path / "b").write_bytes(bytes(range(256)))
    with pytest.raises(NotValid, match="it is no raster of a format that is known here"):
        look(Raster(tmp_path / "b", "application/octet-stream"), Level.STRICT)


def test_strict_opens_only_by_the_drivers_of_the_format(tmp_path: Path) -> None:
    """A file that one driver of GDAL takes for something else, however it begins."""
    pytest.importorskip("rasterio")
    secret = tmp_path / "secret.tif"
    raster("GTiff")(secret)
    virtual = f"""<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="Byte" band="1">
        <SimpleSource><SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
    (tmp_path / "a.tif").write_text(virtual)
    for media_type in ("image/tiff", "application/gml+xml"):
        with pytest.raises(NotValid, match="virtual dataset"):
            look(File(tmp_path / "a.tif", media_type), Level.STRICT)
    with pytest.raises(NotValid, match="no raster"):
        look(Raster(tmp_path / "a.tif", "application/octet-stream"), Level.STRICT)


def test_strict_reads_heads_only_unless_it_is_asked_to_read(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    rasterio, numpy = pytest.importorskip("rasterio"), pytest.importorskip("numpy")
    times = []
    for size in (512, 16_384):
        path = tmp_path / f"{size}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=size, height=size, count=1, dtype="uint8", crs="EPSG:3857",
            transform=rasterio.Affine(2, 0, 0, 0, -2, 0), tiled=True, sparse_ok=True,
        ) as dataset:  # fmt: skip
            dataset.write(numpy.ones((1, 256, 256), "uint8"), window=((0, 256), (0, 256)))
        began = time.perf_counter()
        look(Raster(path, "image/tiff"), Level.STRICT)
        times.append(time.perf_counter() - began)
    assert times[1] < times[0] + 0.5


def test_reading_all_of_a_raster_leaves_the_cache_of_gdal_as_it_was(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    raster("GTiff")(tmp_path / "a.tif")
    with rasterio.Env():
        before = rasterio.env.get_gdal_config("GDAL_CACHEMAX")
        look(Raster(tmp_path / "a.tif", "image/tiff"), Level.STRICT, read=True)
        assert rasterio.env.get_gdal_config("GDAL_CACHEMAX") == before


# -- schemas -------------------------------------------------------------------------------------

PLACE = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["name"]}
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="part.xsd"/>
<xs:element name="a" type="A"/></xs:schema>"""
PART = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:complexType name="A"><xs:sequence>
<xs:element name="b" type="xs:integer"/></xs:sequence></xs:complexType></xs:schema>"""


@pytest.fixture
def policy(tmp_path: Path) -> Policy:
    folder = tmp_path / "schemas"
    (folder / "x.example").mkdir(parents=True)
    (folder / "x.example" / "a.xsd").write_text(XSD)
    (folder / "x.example" / "part.xsd").write_text(PART)
    (folder / "x.example" / "away.xsd").write_text(XSD.replace("part.xsd", "http://other.example/part.xsd"))
    (folder / "place.json").write_text(json.dumps(PLACE))
    (folder / "x.example" / "ref.json").write_text(json.dumps({"$ref": "http://y.example/place.json"}))
    (folder / "catalog.xml").write_text(
        """<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
        <uri name="http://y.example/place.json" uri="place.json"/>
        <rewriteURI uriStartString="http://z.example/" rewritePrefix="x.example/"/>
        <uri name="http://y.example/secret" uri="../../secret"/></catalog>"""
    )
    (tmp_path / "secret").write_text(XSD)
    return Policy(schemas=folder)


XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation'
FOLLOWS = [
    ("application/xml", "<a><b>1</b></a>", "http://x.example/a.xsd", None),
    ("application/xml", "<a><b>1</b></a>", "http://z.example/a.xsd", None),
    ("application/xml", f'<a {XSI}="http://x.example/a.xsd"><b>1</b></a>', None, None),
    ("application/xml", "<a><b>one</b></a>", "http://x.example/a.xsd", "does not follow.*integer"),
    ("application/xml", f'<a {XSI}="http://x.example/a.xsd"/>', None, "does not follow.*Missing child"),
    ("application/xml", "<a/>", "http://q.example/a.xsd", "not among those here"),
    ("application/xml", f'<a {XSI}="file:///etc/passwd"/>', None, "there is none here"),
    ("application/xml", "<a/>", None, "there is none here"),
    ("application/xml", "<a/>", "http://y.example/secret", "not among those here"),
    ("application/xml", "<a><b>1</b></a>", "http://x.example/away.xsd", "cannot be read here"),
    ("application/json", '{"name": 1}', "http://y.example/place.json", None),
    ("application/json", '{"name": 1}', "http://x.example/ref.json", None),
    (
        "application/json",
        '{"nom": 1}',
        "http://y.example/place.json",
        "does not follow.*'name' is a required",
    ),
    ("application/json", "{}", "http://x.example/ref.json", "does not follow.*'name' is a required"),
    ("application/json", "{}", None, "no schema to check it by: none is declared for application/json"),
    ("text/csv", "a,b", None, None),
]


@pytest.mark.parametrize(("media_type", "text", "schema", "reason"), FOLLOWS)
def test_very_strict_follows_a_schema_that_is_here(
    media_type: str, text: str, schema: str | None, reason: str | None, policy: Policy, tmp_path: Path
) -> None:
    pytest.importorskip("jsonschema")
    (tmp_path / "a").write_text(text)
    file = File(tmp_path / "a", media_type, schema=schema)
    look(file, Level.STRICT)
    if reason is None:
        assert look(file, Level.VERY_STRICT, policy)
    else:
        with pytest.raises(NotValid, match=f"(?s){reason}"):
            look(file, Level.VERY_STRICT, policy)


def test_the_line_is_told_where_a_document_leaves_its_schema(policy: Policy, tmp_path: Path) -> None:
    file = File(tmp_path / "a", "application/xml", schema="http://x.example/a.xsd")
    for before, where in (("\n\n", r"'xs:integer'\. \(line 3\)$"), (" \n" * 5_000_000, r"'xs:integer'\.$")):
        file.path.write_text(f"<a>{before}<b>one</b></a>")
        with pytest.raises(NotValid, match=where) as refused:
            look(file, Level.VERY_STRICT, policy)
        assert "<string>" not in str(refused.value)
    file.path.write_text("<a>\n<b></a>")
    with pytest.raises(NotValid, match=r"mismatch.*line 2") as refused:
        look(file, Level.STRICT)
    assert "<string>" not in str(refused.value)


def test_very_strict_reads_a_text_of_any_length(policy: Policy, tmp_path: Path) -> None:
    file = File(tmp_path / "a", "application/xml", schema="http://x.example/a.xsd")
    file.path.write_text(f"<a><b>{' ' * 11_000_000}1</b></a>")
    assert "by http://x.example/a.xsd" in look(file, Level.VERY_STRICT, policy)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE a [<!ENTITY e "1">]><a><b>&e;</b></a>', "DOCTYPE"),
        ("<a>" * 300 + "</a>" * 300, "more than 256 elements"),
    ],
    ids=["document-type", "depth"],
)
def test_no_schema_is_applied_to_what_is_refused_anyway(
    text: str, reason: str, policy: Policy, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text(text)
    xml = KNOWN.get("xml")
    assert xml is not None
    opening = Opening(tmp_path / "a", xml, "application/xml", schema="http://x.example/a.xsd")
    with pytest.raises(NotValid, match=reason):
        follow_schema(opening, policy.schemas)


def test_without_a_folder_of_schemas_very_strict_refuses_and_says_which_setting(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("<a/>")
    with pytest.raises(NotValid, match=r"setting formats\.schemas"):
        look(File(tmp_path / "a", "application/xml"), Level.VERY_STRICT)


def test_the_official_schemas_judge_kml_and_gml(tmp_path: Path) -> None:
    policy = Policy(schemas=shared("README.md").parent.parent / "schemas")
    if not (policy.schemas / "catalog.xml").exists():  # type: ignore[operator]
        pytest.skip("the official schemas (../shared/schemas) are not beside this checkout")
    good, media_type = sample("kml", tmp_path)
    assert look(Features(good, media_type), Level.VERY_STRICT, policy)
    bad = tmp_path / "bad.kml"
    bad.write_text(KML.replace("<name>", "<nom>").replace("</name>", "</nom>"))
    look(Features(bad, media_type), Level.STRICT)
    with pytest.raises(NotValid, match="nom"):
        look(Features(bad, media_type), Level.VERY_STRICT, policy)


GML_POINTS = {
    "gml-3.2": ("http://www.opengis.net/gml/3.2", "3.2.1/gml.xsd", ' gml:id="p"', "pos", "1 2"),
    "gml-3.1": ("http://www.opengis.net/gml", "3.1.1/base/gml.xsd", "", "pos", "1 2"),
    "gml-2": ("http://www.opengis.net/gml", "2.1.2/geometry.xsd", "", "coordinates", "1,2"),
}


@pytest.mark.parametrize("id", GML_POINTS)
def test_the_official_schemas_judge_every_version_of_gml(id: str, tmp_path: Path) -> None:
    folder = shared("README.md").parent.parent / "schemas"
    if not (folder / "catalog.xml").exists():
        pytest.skip("the official schemas (../shared/schemas) are not beside this checkout")
    namespace, schema, more, element, at = GML_POINTS[id]

    def judged(name: str) -> str:
        path = tmp_path / f"{name}.gml"
        path.write_text(
            f'<gml:Point xmlns:gml="{namespace}"{more} srsName="urn:ogc:def:crs:EPSG::4326" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{namespace} http://schemas.opengis.net/gml/{schema}">'
            f"<gml:{name}>{at}</gml:{name}></gml:Point>"
        )
        known = KNOWN.get(id)
        assert known is not None
        return follow_schema(Opening(path, known, known.media_types[0]), folder)

    assert schema in judged(element)
    with pytest.raises(NotValid, match="does not follow"):
        judged("place")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (geojson(), None),
        ({"type": "FeatureCollection", "features": [{"type": "Feature"}]}, "does not follow"),
    ],
    ids=["good", "bad"],
)
def test_geojson_follows_its_own_schema_where_that_is_here(
    document: object, reason: str | None, tmp_path: Path
) -> None:
    pytest.importorskip("jsonschema")
    folder = tmp_path / "schemas" / "geojson.org" / "schema"
    folder.mkdir(parents=True)
    feature = {"type": "object", "required": ["type", "properties", "geometry"]}
    whole = {"type": "object", "properties": {"features": {"items": feature}}}
    (folder / "GeoJSON.json").write_text(json.dumps(whole))
    (tmp_path / "a.json").write_text(json.dumps(document))
    known = KNOWN.get("geojson")
    assert known is not None
    opening = Opening(tmp_path / "a.json", known, "application/geo+json")
    if reason is None:
        assert follow_schema(opening, tmp_path / "schemas") == known.schema
    else:
        with pytest.raises(NotValid, match=reason):
            follow_schema(opening, tmp_path / "schemas")


# -- the author's own ----------------------------------------------------------------------------


def says(answer: object) -> Callable[[File], object]:
    def no_clouds(file: File) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return no_clouds


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, None),
        (True, None),
        (
            "too many clouds",
            "is declared text/plain, its content is text, and it is refused by no_clouds: too many",
        ),
        (ValueError("too many clouds"), "refused by no_clouds: too many clouds"),
        (False, "refused by no_clouds"),
    ],
)
def test_an_authors_function_looks_at_a_file_after_the_rest(
    answer: object, reason: str | None, tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("a")
    check = Check("a", File(tmp_path / "a", "text/plain"), Level.NONE, checks=[says(answer)])
    if reason is None:
        conforms(check, Policy())
    else:
        with pytest.raises(NotValid, match=reason):
            conforms(check, Policy())


def test_a_bug_in_an_authors_function_is_no_fault_of_the_data(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    check = Check("a", File(tmp_path / "a", "text/plain"), Level.NONE, checks=[says(KeyError("x"))])
    with pytest.raises(KeyError):
        conforms(check, Policy())
