"""Small files of each format, made where a test needs them; those of GDAL's formats need rasterio and pyogrio."""

from __future__ import annotations

import json
import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
GML = """<?xml version="1.0"?><c:Places xmlns:c="http://x.example/c" xmlns:gml="{0}"><gml:featureMember>
<c:Place><c:at><gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>1 2</gml:pos></gml:Point></c:at></c:Place>
</gml:featureMember></c:Places>"""
KML = """<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name>
<Point><coordinates>1,2</coordinates></Point></Placemark></Document></kml>"""


def geojson(kind: str = "Point", **more: object) -> dict[str, object]:
    at: object = [1.0, 2.0] if kind == "Point" else [[[0, 0], [0, 1], [1, 1], [0, 0]]]
    feature = {"type": "Feature", "properties": {"n": 1}, "geometry": {"type": kind, "coordinates": at}}
    return {"type": "FeatureCollection", "features": [feature], **more}


def shared(name: str) -> Path:
    """A file of the real data beside the checkout."""
    path = SHARED / "data" / name
    if not path.exists():
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    return path


def write(text: str | bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(text.encode() if isinstance(text, str) else text) and None


def raster(
    driver: str, bands: int = 1, crs: str | None = "EPSG:4326", **options: object
) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        rasterio = pytest.importorskip("rasterio")
        numpy = pytest.importorskip("numpy")
        from rasterio.io import MemoryFile
        from rasterio.shutil import copy

        place = {"crs": crs, "transform": rasterio.Affine(0.5, 0, 10, 0, -0.5, 20)} if crs else {}
        values = numpy.arange(64 * 64, dtype="uint8").reshape(1, 64, 64).repeat(bands, 0)
        with warnings.catch_warnings(), MemoryFile() as memory:
            warnings.simplefilter("ignore")
            with memory.open(
                driver="GTiff", width=64, height=64, count=bands, dtype="uint8", **place
            ) as dataset:
                dataset.write(values)
            with memory.open() as dataset:
                copy(dataset, path, driver=driver, **options)

    return make


def vector(driver: str, kind: str = "Point") -> Callable[[Path], None]:
    def make(path: Path) -> None:
        geopandas = pytest.importorskip("geopandas")
        frame = geopandas.GeoDataFrame.from_features(geojson(kind)["features"], crs="EPSG:4326")
        named = path.with_suffix({"GPKG": ".gpkg", "FlatGeobuf": ".fgb"}.get(driver, path.suffix))
        frame.to_file(named, driver=driver, engine="pyogrio")
        named.rename(path)

    return make


def zipped(members: Mapping[str, str | bytes]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return make


def shapefile(path: Path) -> None:
    folder = path.with_suffix(".parts")
    folder.mkdir()
    vector("ESRI Shapefile")(folder / "places.shp")
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"data/{part.name}")


def from_macos(path: Path, of: Callable[[Path], None] = shapefile) -> None:
    """The same as macOS packs it: a note of the Finder about each member."""
    of(path)
    with zipfile.ZipFile(path, "a") as archive:
        for name in archive.namelist():
            folder, _, file = name.rpartition("/")
            archive.writestr(f"__MACOSX/{folder}/._{file}".replace("//", "/"), b"\0\5\x16\7 Mac OS X")


def parquet(path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    geopandas.GeoDataFrame.from_features(geojson()["features"], crs="EPSG:4326").to_parquet(path)


def sqlite(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("create table a (b)")
    database.close()


def zarr(path: Path, folder: str = "", widths: Sequence[int] = (2,)) -> None:
    """As zarr writes one: metadata comes once more with each width, the last of which counts."""
    array = {"zarr_format": 2, "chunks": [2, 2], "dtype": "|u1", "compressor": None}
    array |= {"fill_value": 0, "order": "C", "filters": None}
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for width in widths:
            archive.writestr(f"{folder}.zgroup", json.dumps({"zarr_format": 2}))
            archive.writestr(f"{folder}a/.zarray", json.dumps(array | {"shape": [2, width]}))
        archive.writestr(f"{folder}a/0.0", bytes(4))


# Each: file name, the media type that it is sent as, what it is detected as, and how it is made.
SAMPLES: Mapping[str, tuple[str, str, str, Callable[[Path], None]]] = {
    "geotiff": ("a.tif", "image/tiff; application=geotiff", "tiff", raster("GTiff")),
    "cog": (
        "a.tif",
        "image/tiff; application=geotiff; profile=cloud-optimized",
        "tiff",
        raster("COG"),
    ),
    "netcdf 3": ("a.nc", "application/x-netcdf", "netcdf", raster("netCDF", format="NC")),
    "netcdf 4": ("a.nc", "application/x-netcdf", "hdf5", raster("netCDF", format="NC4")),
    "hdf5": ("a.nc", "application/x-hdf5", "hdf5", raster("netCDF", format="NC4")),
    "jp2": ("a.jp2", "image/jp2", "jp2", raster("JP2OpenJPEG")),
    "png": ("a.png", "image/png", "png", raster("PNG")),
    "jpeg": ("a.jpg", "image/jpeg", "jpeg", raster("JPEG")),
    "zarr": ("a.zip", "application/vnd.zarr+zip", "zarr", zarr),
    "geojson": ("a.json", "application/geo+json", "geojson", write(json.dumps(geojson()))),
    "topojson": (
        "a.json",
        "application/topo+json",
        "topojson",
        write('{"type":"Topology","objects":{"a":{"type":"Point","coordinates":[1,2]}},"arcs":[]}'),
    ),
    "gml 2": (
        "a.gml",
        "text/xml; subtype=gml/2.1.2",
        "gml",
        write(GML.format("http://www.opengis.net/gml").replace("pos>", "coordinates>").replace("1 2", "1,2")),
    ),
    "gml 3.1": (
        "a.gml",
        "application/gml+xml; version=3.1",
        "gml",
        write(GML.format("http://www.opengis.net/gml")),
    ),
    "gml 3.2": (
        "a.gml",
        "application/gml+xml; version=3.2",
        "gml-3.2",
        write(GML.format("http://www.opengis.net/gml/3.2")),
    ),
    "kml": ("a.kml", "application/vnd.google-earth.kml+xml", "kml", write(KML)),
    "kmz": ("a.kmz", "application/vnd.google-earth.kmz", "kmz", zipped({"doc.kml": KML})),
    "gpkg": ("a.gpkg", "application/geopackage+sqlite3", "gpkg", vector("GPKG")),
    "flatgeobuf": ("a.fgb", "application/flatgeobuf", "flatgeobuf", vector("FlatGeobuf")),
    "geoparquet": ("a.parquet", "application/vnd.apache.parquet", "geoparquet", parquet),
    "shapefile": ("a.zip", "application/x-zipped-shp", "shapefile", shapefile),
    "csv": ("a.csv", "text/csv", "text", write("a,b\n1,2\n")),
    "json": ("a.json", "application/json", "json", write('{"a": [1, 2]}')),
    "xml": ("a.xml", "application/xml", "xml", write("<a><b/></a>")),
    "text": ("a.txt", "text/plain", "text", write("Olá\n")),
    "zip": ("a.zip", "application/zip", "zip", zipped({"a.txt": "a"})),
    "gpx": (
        "a.gpx",
        "application/gpx+xml",
        "gpx",
        write('<gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1"><wpt lat="1" lon="2"/></gpx>'),
    ),
    "metalink": (
        "a.meta4",
        "application/metalink4+xml",
        "metalink",
        write('<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a"/></metalink>'),
    ),
}


def sample(name: str, folder: Path) -> tuple[Path, str]:
    """A good file of that format, and its media type."""
    file, media_type, _, make = SAMPLES[name]
    folder.mkdir(parents=True, exist_ok=True)
    make(folder / file)
    return folder / file, media_type
