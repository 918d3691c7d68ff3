"""What is served of an output: a copy with nothing in it but pixels or features, and the facts of it."""

from __future__ import annotations

import json
import shutil
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from azenha.authoring.calling import LocalFile
from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import NotPublished
from azenha.domain.messages import Asked, OutputRequest
from azenha.domain.process import Format
from azenha.domain.published import Attribute, Features, Published, Raster, Service
from azenha.engine.publishing import vectors
from azenha.engine.publishing.copying import publish

numpy = pytest.importorskip("numpy", reason="needs the extra azenha[examples]")
rasterio = pytest.importorskip("rasterio", reason="needs the extra azenha[formats]")
pyogrio = pytest.importorskip("pyogrio", reason="needs the extra azenha[formats]")
shapely = pytest.importorskip("shapely", reason="needs the extra azenha[formats]")

TIFF, GEOJSON = "image/tiff", "application/geo+json"
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")


def raster(path: Path, pixels: Any, **more: Any) -> Path:
    bands, height, width = pixels.shape
    options = {"crs": "EPSG:4326", "transform": rasterio.Affine(0.1, 0, 10, 0, -0.1, 52)} | more
    colours = options.pop("colours", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="GTiff", width=width, height=height, count=bands, dtype=pixels.dtype, **options
        ) as dataset:
            dataset.write(pixels)
            dataset.update_tags(secret="in the tags", ns="OVERVIEWS", OVERVIEW_FILE="/etc/passwd")
            if colours:
                dataset.write_colormap(1, colours)
    return path


def features(path: Path, *shapes: Mapping[str, Any], **more: Any) -> Path:
    found = [{"type": "Feature", "properties": {"n": n, **more}, "geometry": s} for n, s in enumerate(shapes)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    return path


def point(x: float, y: float) -> Mapping[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


def made(
    path: Path,
    type: str,
    service: Service = Service.WMS,
    folder: Path | None = None,
    limit: int = 10**9,
    said: list[str] | None = None,
) -> Published:
    said = [] if said is None else said
    request = StoredRequest("p", "1", {}, {"out": OutputRequest(service=service)}, Asked("ogcapi", "1.0"))
    (facts,) = publish(
        {"out": (LocalFile(path, Format(type)),)}, request, folder or path.parent / "r", limit, said.append
    )["out"]
    assert facts is not None
    return facts


def refused(path: Path, type: str, service: Service = Service.WMS, limit: int = 10**9) -> str:
    with pytest.raises(NotPublished) as error:
        made(path, type, service, limit=limit)
    return str(error.value)


PIXELS = numpy.arange(2 * 30 * 40, dtype="int16").reshape(2, 30, 40)


def test_a_raster_s_copy_has_its_pixels_and_its_place_and_nothing_else(tmp_path: Path) -> None:
    facts = made(raster(tmp_path / "a.tif", PIXELS, nodata=7), TIFF)
    assert (facts.crs, facts.bounds) == (4326, pytest.approx((10, 49, 14, 52)))
    assert facts.content == Raster(40, 30, "int16", ((0, 1199), (1200, 2399)), 7, False)
    with rasterio.open(tmp_path / "r" / facts.key) as copy:
        assert (copy.read() == PIXELS).all()
        assert copy.block_shapes == [(256, 256)] * 2
        assert copy.nodata == 7
        assert copy.tags(ns="OVERVIEWS") == {}
        assert "secret" not in copy.tags()


def test_a_large_raster_is_copied_piece_by_piece_and_has_overviews(tmp_path: Path) -> None:
    pixels = (numpy.arange(2100 * 2300) % 200).astype("uint8").reshape(1, 2100, 2300)
    facts = made(raster(tmp_path / "a.tif", pixels), TIFF)
    with rasterio.open(tmp_path / "r" / facts.key) as copy:
        assert (copy.read() == pixels).all()
        assert copy.overviews(1) == [2, 4, 8]


@pytest.mark.parametrize(("kind", "served"), [("int8", "int16"), ("int64", "float64"), ("uint16", "uint16")])
def test_types_that_an_older_gdal_does_not_know_become_wider_ones(
    tmp_path: Path, kind: str, served: str
) -> None:
    facts = made(raster(tmp_path / "a.tif", PIXELS[:, :2, :3].astype(kind)), TIFF)
    assert isinstance(facts.content, Raster)
    assert facts.content.type == served


def test_a_raster_whose_first_row_is_the_southernmost_is_turned(tmp_path: Path) -> None:
    pixels = numpy.arange(2 * 5000 * 3, dtype="uint16").reshape(2, 5000, 3)
    path = raster(tmp_path / "a.tif", pixels, transform=rasterio.Affine(0.01, 0, 10, 0, 0.01, -20))
    facts = made(path, TIFF)
    assert facts.bounds == pytest.approx((10, -20, 10.03, 30))
    with rasterio.open(tmp_path / "r" / facts.key) as copy:
        assert (copy.read() == pixels[:, ::-1]).all()
        assert copy.bounds == pytest.approx(facts.bounds)


def test_a_palette_stays(tmp_path: Path) -> None:
    colours = {0: (255, 0, 0, 255), 1: (0, 255, 0, 255)}
    facts = made(raster(tmp_path / "a.tif", PIXELS[:1].astype("uint8") % 2, colours=colours), TIFF)
    assert isinstance(facts.content, Raster)
    assert facts.content.palette
    with rasterio.open(tmp_path / "r" / facts.key) as copy:
        assert copy.colormap(1)[1] == (0, 255, 0, 255)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"crs": None}, "does not say where on Earth"),
        ({"transform": rasterio.Affine.identity()}, "does not say where on Earth"),
        ({"transform": rasterio.Affine(1, 0.5, 0, 0.5, -1, 0)}, "rows do not run"),
    ],
    ids=["no system", "no place", "turned"],
)
def test_a_raster_without_a_place_is_refused(tmp_path: Path, more: Mapping[str, Any], why: str) -> None:
    assert why in refused(raster(tmp_path / "a.tif", PIXELS, **more), TIFF)


def test_a_raster_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", PIXELS)
    whole = path.read_bytes()
    path.write_bytes(whole[:2000])
    assert "cannot be opened" in refused(path, TIFF)
    path.write_bytes(b"<VRTDataset/>")
    assert "cannot be opened" in refused(path, TIFF)


def test_a_raster_with_damaged_blocks_is_refused(tmp_path: Path) -> None:
    damaged = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "misc" / "corrupt.tif"
    if not damaged.exists():
        pytest.skip("the real data (../shared/data) is not beside this checkout")
    assert "cannot be read" in refused(shutil.copy(damaged, tmp_path / "a.tif"), TIFF)


def test_a_copy_that_is_too_large_is_refused(tmp_path: Path) -> None:
    assert "limits.outputs" in refused(raster(tmp_path / "a.tif", PIXELS), TIFF, limit=100)


def test_features_keep_geometry_and_attributes_under_names_that_xml_takes(tmp_path: Path) -> None:
    path = features(tmp_path / "a.geojson", point(10, 50), point(12, 51), **{"a b": "x", "fid": 3, 'q"': 1.5})
    facts = made(path, GEOJSON, Service.WFS)
    assert (facts.crs, facts.bounds, facts.world) == (4326, (10, 50, 12, 51), pytest.approx((10, 50, 12, 51)))
    assert isinstance(facts.content, Features)
    assert (facts.content.geometry, facts.content.count) == ("Point", 2)
    assert [(a.name, a.title, a.type) for a in facts.content.attributes] == [
        ("n", "n", "Integer"),
        ("a_b", "a b", "Character"),
        ("fid_2", "fid", "Integer"),
        ("q_", 'q"', "Real"),
    ]
    meta, _, _, values = pyogrio.raw.read(tmp_path / "r" / facts.key)
    assert list(meta["fields"]) == ["n", "a_b", "fid_2", "q_", "feature_id"]
    assert [list(v) for v in values] == [[0, 1], ["x", "x"], [3, 3], [1.5, 1.5], [1, 2]]


def test_whole_numbers_stay_whole_where_some_are_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    found: Sequence[Any] = [
        {"type": "Feature", "properties": {"n": n}, "geometry": point(1, 2)} for n in (5, None, 2**40)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    facts = made(path, GEOJSON)
    info = pyogrio.read_info(tmp_path / "r" / facts.key)
    assert info["ogr_types"][0] == "OFTInteger64"


@pytest.mark.parametrize(
    ("suffix", "type"),
    [("geojson", GEOJSON), ("gpkg", "application/geopackage+sqlite3"), ("fgb", "application/flatgeobuf")],
)
@pytest.mark.parametrize("name", ["n", 'a"b', "Não é"], ids=["plain", "quote", "accents"])
def test_large_whole_numbers_keep_their_digits_where_some_are_missing(
    tmp_path: Path, suffix: str, type: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_AT_ONCE", 3)
    numbers = [2**53 + 1, None, 7, None, -1, 2**62 + 1, None, 5]
    missing = numpy.array([n is None for n in numbers])
    pyogrio.raw.write(
        tmp_path / f"a.{suffix}",
        shapely.to_wkb(shapely.points([[1.0, 2.0]] * len(numbers))),
        [numpy.array([n or 0 for n in numbers], dtype="int64")],
        [name],
        field_mask=[missing],
        geometry_type="Point",
        crs="EPSG:4326",
        **({"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}),
    )
    facts = made(tmp_path / f"a.{suffix}", type)
    assert isinstance(facts.content, Features)
    _, _, _, (kept,) = pyogrio.raw.read(
        tmp_path / "r" / facts.key,
        columns=[facts.content.attributes[0].name],
        where="feature_id NOT IN (2,4,7)",
    )
    assert kept.tolist() == [n for n in numbers if n is not None]


@pytest.mark.parametrize(
    ("shapes", "why"),
    [
        (
            [point(1, 2), {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}],
            "several kinds of geometry (LineString, Point), and a service shows one",
        ),
        ([{"type": "GeometryCollection", "geometries": [point(1, 2)]}], "collections of geometries"),
        ([], "there is no geometry in it"),
    ],
    ids=["several", "collection", "none"],
)
def test_features_that_are_no_layer_are_refused(
    tmp_path: Path, shapes: Sequence[Mapping[str, Any]], why: str
) -> None:
    assert why in refused(features(tmp_path / "a.geojson", *shapes), GEOJSON)


@pytest.mark.parametrize("at_once", [1, 2, 50])
def test_features_without_geometry_are_left_out_and_told_and_the_others_keep_their_numbers(
    tmp_path: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_AT_ONCE", at_once)
    shapes = [None, shapely.Point(1, 2), shapely.from_wkt("POINT EMPTY"), shapely.Point(3, 4)]
    pyogrio.raw.write(
        tmp_path / "a.gpkg",
        shapely.to_wkb(numpy.array(shapes, dtype=object)),
        [numpy.array([10, 11, 12, 13])],
        ["n"],
        geometry_type="Point",
        crs="EPSG:4326",
    )
    said: list[str] = []
    facts = made(tmp_path / "a.gpkg", "application/geopackage+sqlite3", said=said)
    assert said == ["output 'out': 2 of 4 features have no geometry, and are not served"]
    assert isinstance(facts.content, Features)
    assert (facts.content.count, facts.bounds) == (2, (1, 2, 3, 4))
    _, _, _, values = pyogrio.raw.read(tmp_path / "r" / facts.key)
    assert [list(column) for column in values] == [[11, 13], [2, 4]]


@pytest.mark.parametrize("suffix", ["geojson", "gpkg"])
@pytest.mark.parametrize(("third", "told"), [(False, "Boolean"), (None, "Integer")], ids=["all", "some"])
def test_true_and_false_are_told_as_such_where_none_of_them_is_missing(
    tmp_path: Path, suffix: str, third: bool | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_AT_ONCE", 2)
    pyogrio.raw.write(
        tmp_path / f"a.{suffix}",
        shapely.to_wkb(shapely.points([[1.0, 2.0]] * 3)),
        [numpy.array([True, False, bool(third)])],
        ["b"],
        field_mask=[numpy.array([False, False, third is None])],
        geometry_type="Point",
        crs="EPSG:4326",
    )
    facts = made(
        tmp_path / f"a.{suffix}", GEOJSON if suffix == "geojson" else "application/geopackage+sqlite3"
    )
    assert isinstance(facts.content, Features)
    assert facts.content.attributes == (Attribute("b", "b", told),)


def test_a_kmz_without_kml_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("a.txt", "x")
    assert "it holds no KML" in refused(tmp_path / "a.kmz", "application/vnd.google-earth.kmz")


def test_a_service_that_is_not_of_the_data_is_refused(tmp_path: Path) -> None:
    assert "cannot be published as WCS" in refused(
        features(tmp_path / "a.geojson", point(1, 2)), GEOJSON, Service.WCS
    )


def test_a_raster_in_a_system_without_a_number_is_a_map_and_no_coverage(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", PIXELS, crs="+proj=laea +lat_0=3 +lon_0=4 +ellps=GRS80")
    assert made(path, TIFF).crs is None
    assert "has no number at EPSG" in refused(path, TIFF, Service.WCS)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (5, 1)])
def test_a_raster_of_one_row_or_column_is_a_map_and_no_coverage(
    tmp_path: Path, height: int, width: int
) -> None:
    path = raster(tmp_path / "a.tif", PIXELS[:, :height, :width])
    assert made(path, TIFF).crs == 4326
    why = refused(path, TIFF, Service.WCS)
    assert f"it is {width} × {height} pixels, and the map server can give 2 × 2 pixels and more" in why


def test_what_was_not_asked_for_as_a_service_is_not_copied(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", PIXELS)
    request = StoredRequest("p", "1", {}, {"out": OutputRequest()}, Asked("ogcapi", "1.0"))
    assert publish({"out": (LocalFile(path, Format(TIFF)),)}, request, tmp_path / "r", 10**9, print) == {}
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("EPSG:31985", (31985, ())),
        ("EPSG:4979", (4326, ())),
        ("EPSG:4326+5773", (4326, ())),
        ("EPSG:32725+5773", (32725, ())),
        ("+proj=longlat +ellps=GRS80 +no_defs", (None, ("proj=longlat", "ellps=GRS80", "no_defs"))),
    ],
)
def test_a_system_is_a_number_or_parameters(text: str, told: tuple[int | None, tuple[str, ...]]) -> None:
    from azenha.engine.publishing.names import projection

    assert projection(rasterio.crs.CRS.from_string(text)) == told


@pytest.mark.parametrize("name", ["nadgrids", "geoidgrids", "init", "file"])
def test_a_system_that_names_a_file_is_refused(name: str) -> None:
    from azenha.engine.formats.opening import NotValid
    from azenha.engine.publishing.names import projection

    class Crs:
        def to_epsg(self) -> None:
            return None

        def to_wkt(self, version: str) -> str:
            return "of no system that is known"

        def to_dict(self, projjson: bool) -> dict[str, object]:
            return {"proj": "longlat", name: "/etc/passwd"}

    with pytest.raises(NotValid, match=name):
        projection(Crs())
