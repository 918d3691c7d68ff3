"""Zonal statistics against numpy and shapely, buffers against circles, and unions."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="needs azenha[examples]")
geopandas = pytest.importorskip("geopandas", reason="needs azenha[examples]")
pyogrio = pytest.importorskip("pyogrio", reason="needs azenha[examples]")
pyproj = pytest.importorskip("pyproj", reason="needs azenha[examples]")
rasterio = pytest.importorskip("rasterio", reason="needs azenha[examples]")
shapely = pytest.importorskip("shapely", reason="needs azenha[examples]")

import reference  # noqa: E402
from rasterio.transform import Affine  # noqa: E402

from azenha import Cancelled, Context, Features, Raster, Recorder  # noqa: E402
from azenha.examples import vector  # noqa: E402
from azenha.examples.vector import Summary, buffer, dissolve, zonal_statistics  # noqa: E402


def write_raster(path: Path, values: Any, crs: str | None = "EPSG:4326", **options: Any) -> Raster:
    """Pixels of a tenth of a degree from longitude 0 and latitude 10 on."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=values.shape[0],
        width=values.shape[1],
        dtype=values.dtype,
        crs=crs,
        transform=Affine(0.1, 0, 0, 0, -0.1, 10),
        **options,
    ) as target:
        target.write(values, 1)
    return Raster(path)


def write(path: Path, shapes: list[Any], crs: str | None = "EPSG:4326", **fields: list[Any]) -> Features:
    geopandas.GeoDataFrame(fields, geometry=shapes, crs=crs).to_file(path, engine="pyogrio")
    return Features(path)


def properties(result: Features) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in json.loads(result.path.read_text())["features"]]


def shapes(result: Features) -> list[Any]:
    found = json.loads(result.path.read_text())["features"]
    return [f["geometry"] and shapely.geometry.shape(f["geometry"]) for f in found]


def assert_means_equal(result: Features, expected: list[float | None]) -> None:
    given = [p["mean"] for p in properties(result)]
    assert [m is None for m in given] == [m is None for m in expected]
    np.testing.assert_allclose(
        [m for m in given if m is not None], [m for m in expected if m is not None], rtol=1e-9
    )


# -- real data ----------------------------------------------------------------------------------------


def test_mean_ndvi_of_the_census_tracts_of_olinda_is_what_numpy_computes(ctx: Context) -> None:
    scene, census = reference.olinda("landsat7_etm.tif"), reference.olinda("census.shp")
    if scene is None or census is None:
        pytest.skip("needs ../shared/data")
    pytest.importorskip("spyndex", reason="needs azenha[examples]")
    from azenha.examples.raster import ndvi

    result = zonal_statistics(ndvi(Raster(scene), ctx=ctx), Features(census), statistics=["mean"], ctx=ctx)
    expected = reference.zonal_means(reference.ndvi(scene), scene, census)
    assert len(expected) == 470
    assert sum(mean is not None for mean in expected) > 400
    assert_means_equal(result, expected)
    assert [p["ID"] for p in properties(result)] == geopandas.read_file(census).ID.tolist()


def test_mean_of_the_sentinel_cut_in_countries_is_what_numpy_computes(ctx: Context, tmp_path: Path) -> None:
    pytest.importorskip("spyndex", reason="needs azenha[examples]")
    zones = reference.countries()
    if zones is None:
        pytest.skip("pyogrio came without its test data")
    scene = reference.sentinel_scene(tmp_path / "s2.tif")
    with rasterio.open(scene) as source:
        values = source.read(3)
    expected = reference.zonal_means(values.astype("float64"), scene, zones)
    assert sum(mean is not None for mean in expected) > 20
    result = zonal_statistics(Raster(scene), Features(zones), band=3, statistics=["mean"], ctx=ctx)
    assert_means_equal(result, expected)


# -- zonal statistics ---------------------------------------------------------------------------------

BOX = shapely.box(1.0, 8.0, 2.0, 9.0)  # 10 x 10 pixels: rows and columns 10 to 19


def test_every_statistic_is_what_numpy_computes(ctx: Context, tmp_path: Path) -> None:
    values = np.random.default_rng(5).normal(1e6, 1, (50, 60))
    result = zonal_statistics(
        write_raster(tmp_path / "r.tif", values), write(tmp_path / "z.gpkg", [BOX], name=["a"]), ctx=ctx
    )
    (given,) = properties(result)
    inside = values[10:20, 10:20]
    assert given.pop("name") == "a"
    assert given.pop("count") == 100
    assert given == {
        name: pytest.approx(getattr(np, name)(inside), rel=1e-9)
        for name in ("mean", "min", "max", "sum", "std")
    }


def test_only_the_statistics_that_were_asked_for_are_added_under_the_prefix(
    ctx: Context, tmp_path: Path
) -> None:
    raster = write_raster(tmp_path / "r.tif", np.ones((50, 60), "uint8"))
    zones = write(tmp_path / "z.gpkg", [BOX], mean=["taken"])
    result = zonal_statistics(raster, zones, statistics=["mean", "count"], prefix="r_", ctx=ctx)
    assert properties(result) == [{"mean": "taken", "r_mean": 1.0, "r_count": 100}]


def test_a_zone_without_pixels_has_count_0_and_null(ctx: Context, tmp_path: Path) -> None:
    values = np.full((50, 60), 7, "int16")
    values[10:20, 10:20] = -1
    raster = write_raster(tmp_path / "r.tif", values, nodata=-1)
    far, thin = shapely.box(100, 50, 101, 51), shapely.box(3.01, 8.01, 3.02, 8.02)
    zones = write(tmp_path / "z.gpkg", [far, BOX, None, thin, shapely.box(3, 8, 4, 9)])
    result = zonal_statistics(raster, zones, statistics=["sum", "count"], ctx=ctx)
    empty = {"sum": None, "count": 0}
    assert properties(result) == [empty, empty, empty, empty, {"sum": 700.0, "count": 100}]


def test_pixels_without_data_count_for_nothing(ctx: Context, tmp_path: Path) -> None:
    values = np.full((50, 60), 2.0)
    values[10:15, 10:20] = np.nan
    zones = write(tmp_path / "z.gpkg", [BOX])
    result = zonal_statistics(write_raster(tmp_path / "r.tif", values), zones, ctx=ctx)
    assert properties(result) == [
        {"mean": 2.0, "min": 2.0, "max": 2.0, "sum": 100.0, "count": 50, "std": 0.0}
    ]


def test_overlapping_zones_each_have_all_their_pixels(ctx: Context, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", np.ones((50, 60), "uint8"))
    zones = write(tmp_path / "z.gpkg", [BOX, shapely.box(1.5, 8.0, 2.5, 9.0), BOX])
    assert [p["count"] for p in properties(zonal_statistics(raster, zones, ctx=ctx))] == [100, 100, 100]


def test_zones_in_another_reference_system_are_brought_into_the_rasters(ctx: Context, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", np.arange(3000, dtype="float32").reshape(50, 60))
    zones = geopandas.GeoDataFrame(geometry=[BOX], crs="EPSG:4326")
    here = zonal_statistics(raster, write(tmp_path / "a.gpkg", list(zones.geometry)), ctx=ctx)
    expected = properties(here)
    moved = zones.to_crs("EPSG:32631")
    there = zonal_statistics(raster, write(tmp_path / "b.gpkg", list(moved.geometry), "EPSG:32631"), ctx=ctx)
    assert properties(there) == expected
    assert shapes(there)[0].equals_exact(BOX, 1e-6)


def test_a_zone_larger_than_a_block_is_summed_up_from_strips(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(5).normal(1e6, 1, (50, 60))
    raster = write_raster(tmp_path / "r.tif", values)
    zones = write(tmp_path / "z.gpkg", [shapely.box(-1, 0, 20, 20).difference(BOX)])
    whole = properties(zonal_statistics(raster, zones, ctx=ctx))[0]
    monkeypatch.setattr(vector, "BLOCK_PIXELS", 180)
    parts = properties(zonal_statistics(raster, zones, ctx=ctx))[0]
    assert parts == {name: pytest.approx(value, rel=1e-9) for name, value in whole.items()}
    outside = np.ones(values.shape, bool)
    outside[10:20, 10:20] = False
    assert parts["count"] == 2900
    assert parts["std"] == pytest.approx(values[outside].std(), rel=1e-9)


def test_summaries_add_up_in_any_order() -> None:
    numbers = np.random.default_rng(2).normal(1e9, 3, 1000)
    whole = Summary.of(numbers)
    for cut in (0, 1, 500, 1000):
        parts = Summary.of(numbers[:cut]), Summary.of(numbers[cut:])
        for total in (parts[0] + parts[1], parts[1] + parts[0]):
            assert total.all() == {n: pytest.approx(v, rel=1e-9) for n, v in whole.all().items()}


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (shapely.Point(1, 8), "input 'zones': feature 2 is a Point; polygons are needed"),
        (shapely.LineString([(1, 8), (2, 9)]), "feature 2 is a LineString"),
    ],
)
def test_zones_that_are_no_polygons_are_refused(zone: Any, words: str, ctx: Context, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", np.ones((50, 60), "uint8"))
    with pytest.raises(ValueError, match=words):
        zonal_statistics(raster, write(tmp_path / "z.geojson", [BOX, zone]), ctx=ctx)


def test_what_cannot_be_placed_is_refused(ctx: Context, tmp_path: Path) -> None:
    bare = write_raster(tmp_path / "r.tif", np.ones((5, 6), "uint8"), crs=None)
    zones = write(tmp_path / "z.gpkg", [BOX])
    with pytest.raises(ValueError, match="input 'raster': has no reference system"):
        zonal_statistics(bare, zones, ctx=ctx)
    raster = write_raster(tmp_path / "p.tif", np.ones((5, 6), "uint8"))
    write(tmp_path / "n.shp", [BOX], a=[1])
    (tmp_path / "n.prj").unlink()
    with pytest.raises(ValueError, match="input 'zones': the file names no reference system"):
        zonal_statistics(raster, Features(tmp_path / "n.shp"), ctx=ctx)


def test_names_that_are_taken_and_named_twice_are_refused(ctx: Context, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", np.ones((50, 60), "uint8"))
    zones = write(tmp_path / "z.gpkg", [BOX], mean=[1])
    with pytest.raises(ValueError, match="input 'prefix': the zones have a property mean already"):
        zonal_statistics(raster, zones, ctx=ctx)
    with pytest.raises(ValueError, match="input 'statistics': each may be named once; given: sum, sum"):
        zonal_statistics(raster, zones, statistics=["sum", "sum"], ctx=ctx)


def test_a_dismissed_job_looks_at_no_zone(ctx: Context, recorder: Recorder, tmp_path: Path) -> None:
    raster = write_raster(tmp_path / "r.tif", np.ones((50, 60), "uint8"))
    recorder.dismissed = True
    with pytest.raises(Cancelled):
        zonal_statistics(raster, write(tmp_path / "z.gpkg", [BOX]), ctx=ctx)


# -- buffers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(0.1, 0.1), (-34.9, -8.0), (25.0, 78.0), (-70.0, -55.0), (179.0, 10.0)]
)
def test_a_buffer_in_degrees_is_a_circle_in_metres(
    longitude: float, latitude: float, ctx: Context, tmp_path: Path
) -> None:
    features = write(tmp_path / "p.geojson", [shapely.Point(longitude, latitude)], name=["here"])
    result = buffer(features, 1000.0, ctx=ctx)
    (circle,) = shapes(result)
    corners = shapely.get_coordinates(circle)
    geod = pyproj.Geod(ellps="WGS84")
    distances = geod.inv(*np.broadcast_arrays(longitude, latitude, corners[:, 0], corners[:, 1]))[2]
    np.testing.assert_allclose(distances, 1000, rtol=2e-3)
    assert len(corners) == 65
    assert properties(result) == [{"name": "here"}]


def test_a_buffer_in_a_projected_system_is_measured_in_its_plane(ctx: Context, tmp_path: Path) -> None:
    for crs, unit in (("EPSG:32725", 1.0), ("EPSG:2264", 1200 / 3937)):
        point = shapely.Point(500_000, 600_000)
        features = write(tmp_path / f"{crs[5:]}.gpkg", [point], crs)
        (circle,) = shapes(buffer(features, 1000.0, 64, ctx=ctx))
        back = geopandas.GeoSeries([circle], crs="EPSG:4326").to_crs(crs)
        distances = shapely.distance(point, shapely.points(shapely.get_coordinates(back.iloc[0])))
        np.testing.assert_allclose(distances * unit, 1000, rtol=1e-5)


def test_features_in_many_zones_keep_their_order_and_size(ctx: Context, tmp_path: Path) -> None:
    longitudes = [100.0, -100.0, 3.0, 50.0, -3.0, 3.5]
    points = [shapely.Point(x, 40.0 if x > 0 else -40.0) for x in longitudes]
    result = buffer(write(tmp_path / "p.gpkg", points, x=longitudes), 5000.0, ctx=ctx)
    assert [p["x"] for p in properties(result)] == longitudes
    for point, circle in zip(points, shapes(result), strict=True):
        assert circle.centroid.distance(point) < 1e-3


@pytest.mark.parametrize("longitude", [179.999, -179.999, 180.0, -180.0])
def test_a_buffer_across_the_antimeridian_is_cut_there(
    longitude: float, ctx: Context, tmp_path: Path
) -> None:
    (circle,) = shapes(buffer(write(tmp_path / "p.gpkg", [shapely.Point(longitude, 0)]), 10_000.0, ctx=ctx))
    assert circle.geom_type == "MultiPolygon"
    west, _, east, _ = circle.bounds
    assert (west, east) == pytest.approx((-180, 180))
    geod = pyproj.Geod(ellps="WGS84")
    area = sum(abs(geod.geometry_area_perimeter(part)[0]) for part in circle.geoms)
    assert area == pytest.approx(np.pi * 10_000**2, rel=0.01)


def test_shrinking_to_nothing_gives_null(ctx: Context, tmp_path: Path) -> None:
    square = shapely.box(500_000, 600_000, 500_100, 600_100)
    larger = shapely.box(500_000, 600_000, 500_300, 600_300)
    features = write(tmp_path / "p.gpkg", [square, None, larger], "EPSG:32725")
    nothing, missing, left = shapes(buffer(features, -60.0, ctx=ctx))
    assert nothing is None
    assert missing is None
    back = geopandas.GeoSeries([left], crs="EPSG:4326").to_crs("EPSG:32725")
    assert back.area.iloc[0] == pytest.approx(180**2, rel=1e-4)


def test_a_feature_too_large_for_its_zone_is_refused(ctx: Context, tmp_path: Path) -> None:
    features = write(tmp_path / "p.gpkg", [shapely.Point(0, 0), shapely.box(-179, -80, 179, 80)])
    with pytest.raises(ValueError, match=r"input 'features': feature 2 reaches .* its UTM zone 31"):
        buffer(features, 1000.0, ctx=ctx)


def test_real_countries_grow(ctx: Context, tmp_path: Path) -> None:
    path = reference.countries()
    if path is None:
        pytest.skip("pyogrio came without its test data")
    africa = geopandas.read_file(path).query("continent == 'Africa'")
    africa.to_file(tmp_path / "africa.gpkg", engine="pyogrio")
    grown = shapes(buffer(Features(tmp_path / "africa.gpkg"), 10_000.0, 4, ctx=ctx))
    assert len(grown) == len(africa)
    for before, after in zip(africa.geometry, grown, strict=True):
        assert after.contains(before)
        assert after.area < before.area + before.length * 0.12 + 0.2


# -- dissolve -----------------------------------------------------------------------------------------


def test_features_with_the_same_value_become_one(ctx: Context, tmp_path: Path) -> None:
    squares = [shapely.box(x, 0, x + 1, 1) for x in range(4)]
    features = write(tmp_path / "f.gpkg", squares, kind=["b", "a", "a", None], n=[1, 2, 3, 4])
    result = dissolve(features, "kind", ctx=ctx)
    assert properties(result) == [
        {"kind": "a", "count": 2},
        {"kind": "b", "count": 1},
        {"kind": None, "count": 1},
    ]
    expected = [shapely.box(1, 0, 3, 1), squares[0], squares[3]]
    assert all(given.equals(shape) for given, shape in zip(shapes(result), expected, strict=True))


def test_without_a_property_all_become_one(ctx: Context, tmp_path: Path) -> None:
    features = write(tmp_path / "f.gpkg", [shapely.box(x, 0, x + 1.5, 1) for x in range(4)])
    result = dissolve(features, ctx=ctx)
    assert properties(result) == [{"count": 4}]
    assert shapes(result)[0].equals(shapely.box(0, 0, 4.5, 1))


def test_numbers_stay_numbers(ctx: Context, tmp_path: Path) -> None:
    features = write(tmp_path / "f.gpkg", [shapely.box(x, 0, x + 1, 1) for x in range(3)], n=[7, 3, 7])
    assert properties(dissolve(features, "n", ctx=ctx)) == [{"n": 3, "count": 1}, {"n": 7, "count": 2}]


def test_invalid_polygons_are_repaired_and_the_log_says_so(
    ctx: Context, recorder: Recorder, tmp_path: Path
) -> None:
    bow_tie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    result = dissolve(write(tmp_path / "f.geojson", [bow_tie, shapely.box(5, 5, 6, 6)]), ctx=ctx)
    assert shapes(result)[0].area == pytest.approx(2 + 1)
    assert [text for _, text in recorder.lines] == ["repaired 1 invalid geometries of 2"]


def test_countries_become_continents(ctx: Context) -> None:
    path = reference.countries()
    if path is None:
        pytest.skip("pyogrio came without its test data")
    result = dissolve(Features(path), "continent", ctx=ctx)
    rows = properties(result)
    assert len(rows) == 8
    assert sum(row["count"] for row in rows) == 177
    assert next(row["count"] for row in rows if row["continent"] == "Africa") == 51


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("knd", "input 'by': the features have no property 'knd'; they have kind, n"),
        ("count", "input 'by': 'count' is the name of a property of the result"),
    ],
)
def test_a_property_that_cannot_be_used_is_refused(by: str, words: str, ctx: Context, tmp_path: Path) -> None:
    fields: dict[str, list[Any]] = {"kind": ["a"], "n": [1]} if by == "knd" else {"count": [1]}
    with pytest.raises(ValueError, match=words):
        dissolve(write(tmp_path / "f.gpkg", [BOX], **fields), by, ctx=ctx)


# -- reading features ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["census.zip", "handed-over"])
def test_a_zipped_shapefile_is_read_whatever_its_name(name: str, ctx: Context, tmp_path: Path) -> None:
    write(tmp_path / "squares.shp", [BOX], n=[1])
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        for part in tmp_path.glob("squares.*"):
            archive.write(part, f"folder with spaces/{part.name}")
    result = dissolve(Features(tmp_path / name, "application/zip"), "n", ctx=ctx)
    assert properties(result) == [{"n": 1, "count": 1}]


def archive_of(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return path


VRT = (
    b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/x.csv</SrcDataSource>'
    b"</OGRVRTLayer></OGRVRTDataSource>"
)
POINTS = b'{"type":"FeatureCollection","features":[]}'


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("f.geojson", b"no features", "cannot be read as features: .*f.geojson"),
        ("f.geojson", VRT, "virtual datasets"),
        ("f.geojson", POINTS, "the file has no feature"),
        ("f.csv", b"a,b\n1,2\n", "table without geometry"),
    ],
)
def test_files_that_are_no_features_are_refused_by_name(
    name: str, data: bytes, words: str, ctx: Context, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"input 'features': .*{words}") as caught:
        dissolve(Features(tmp_path / name), ctx=ctx)
    assert str(tmp_path) not in str(caught.value)


def test_archives_need_exactly_one_shapefile(ctx: Context, tmp_path: Path) -> None:
    for members, words in (
        ({"a_txt": b""}, "it has none"),
        ({"a_shp": b"", "b_shp": b""}, "it has a.shp, b.shp"),
        ({"a_shp": VRT}, "a.shp in the zip archive is no shapefile"),
    ):
        path = archive_of(tmp_path / "x.zip", **members)
        with pytest.raises(ValueError, match=words):
            dissolve(Features(path), ctx=ctx)


def test_a_file_of_two_layers_is_refused(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "f.gpkg"
    frame = geopandas.GeoDataFrame(geometry=[BOX], crs="EPSG:4326")
    frame.to_file(path, layer="one", engine="pyogrio")
    frame.to_file(path, layer="two", engine="pyogrio")
    with pytest.raises(ValueError, match=r"one layer is needed, the file has 2 \(one, two\)"):
        dissolve(Features(path), ctx=ctx)
