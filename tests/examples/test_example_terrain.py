"""Slope, hillshade and relief, against planes, a cone and the lengths of a degree."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy", reason="needs azenha[examples]")
rasterio = pytest.importorskip("rasterio", reason="needs azenha[examples]")
pyproj = pytest.importorskip("pyproj", reason="needs azenha[examples]")

import reference  # noqa: E402
from rasterio.transform import Affine  # noqa: E402

from azenha import Context, Raster  # noqa: E402
from azenha.examples import _blocks  # noqa: E402
from azenha.examples.terrain import hillshade_bytes, jacksboro, terrain  # noqa: E402

UTM = Affine(30, 0, 500000, 0, -30, 4000000)
# Turned by 30 degrees, pixels of 20 x 30 m.
TURNED = Affine(20 * math.cos(0.5), 30 * math.sin(0.5), 0, 20 * math.sin(0.5), -30 * math.cos(0.5), 0)
FEET = "EPSG:2264"  # North Carolina, US survey feet


def write(
    path: Path, z: Any, transform: Affine = UTM, crs: str | None = "EPSG:32617", **options: Any
) -> Raster:
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        height=z.shape[0],
        width=z.shape[1],
        dtype=z.dtype,
        crs=crs,
        transform=transform,
        **options,
    ) as target:
        target.write(z, 1)
    return Raster(path)


def places(transform: Affine, rows: int, columns: int) -> tuple[Any, Any]:
    """Map coordinates of the pixels' centres."""
    row, column = np.mgrid[0:rows, 0:columns] + 0.5
    return (
        transform.c + transform.a * column + transform.b * row,
        transform.f + transform.d * column + transform.e * row,
    )


def plane(transform: Affine, east: float, north: float, rows: int = 20, columns: int = 30) -> Any:
    """Rising by `east` and `north` for each map unit."""
    x, y = places(transform, rows, columns)
    return 100 + (x - transform.c) * east + (y - transform.f) * north


def read(path: Path) -> Any:
    with rasterio.open(path) as source:
        return source.read(1)


@pytest.mark.parametrize("transform", [UTM, TURNED], ids=["north up", "turned"])
@pytest.mark.parametrize(("east", "north"), [(0.0, 0.0), (0.3, 0.0), (0.0, -0.7), (0.2, 0.5), (-1.5, 2.0)])
def test_the_slope_of_a_plane_is_its_own_up_to_the_edges(
    transform: Affine, east: float, north: float, ctx: Context, tmp_path: Path
) -> None:
    result = terrain(write(tmp_path / "dem.tif", plane(transform, east, north), transform), ctx=ctx)
    expected = math.degrees(math.atan(math.hypot(east, north)))
    np.testing.assert_allclose(read(result.slope.path), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("transform", [UTM, TURNED], ids=["north up", "turned"])
@pytest.mark.parametrize(("azimuth", "altitude"), [(315, 45), (90, 30), (200, 80), (0, 90), (45, 5)])
def test_the_hillshade_of_a_plane_follows_the_formula(
    transform: Affine, azimuth: float, altitude: float, ctx: Context, tmp_path: Path
) -> None:
    east, north = 0.4, -0.25
    dem = write(tmp_path / "dem.tif", plane(transform, east, north), transform)
    result = terrain(dem, azimuth=azimuth, altitude=altitude, ctx=ctx)
    # The formula of the textbooks (Burrough & McDonnell 1998): zenith, slope, and azimuth of the way down.
    zenith, slope = math.radians(90 - altitude), math.atan(math.hypot(east, north))
    aspect = math.atan2(-east, -north)
    shade = math.cos(zenith) * math.cos(slope)
    shade += math.sin(zenith) * math.sin(slope) * math.cos(math.radians(azimuth) - aspect)
    assert np.unique(read(result.hillshade.path)).tolist() == [round(1 + 254 * max(0.0, shade))]


def test_the_slope_of_a_cone_is_the_same_all_round(ctx: Context, tmp_path: Path) -> None:
    x, y = places(UTM, 121, 121)
    distance = np.hypot(x - x[60, 60], y - y[60, 60])
    result = terrain(write(tmp_path / "dem.tif", 5000 - 0.6 * distance), ctx=ctx)
    slope = read(result.slope.path)
    # Near the tip the surface bends within one pixel: there no slope is right.
    far = distance > 30 * 15
    np.testing.assert_allclose(slope[far], math.degrees(math.atan(0.6)), atol=0.1)
    shade = read(result.hillshade.path)
    assert shade[30, 30] > shade[90, 90]  # light from the north-west


@pytest.mark.parametrize("latitude", [0.0, 36.6, -60.0, 80.0])
def test_degrees_become_metres_by_the_ellipsoid(latitude: float, ctx: Context, tmp_path: Path) -> None:
    step = 1 / 1200
    transform = Affine(step, 0, 10, 0, -step, latitude + 10 * step)
    geod = pyproj.Geod(ellps="WGS84")
    to_east = geod.inv(10, latitude, 10 + step, latitude)[2]
    to_north = geod.inv(10, latitude - step / 2, 10, latitude + step / 2)[2]
    # Rising by 0.3 to the east and 0.4 to the north: a slope of one half.
    row, column = np.mgrid[0:20, 0:20]
    dem = write(tmp_path / "dem.tif", 0.3 * to_east * column - 0.4 * to_north * row, transform, "EPSG:4326")
    slope = read(terrain(dem, ctx=ctx).slope.path)
    middle = slope[9:11]
    np.testing.assert_allclose(middle, math.degrees(math.atan(0.5)), atol=0.005)


def test_feet_of_the_map_and_feet_of_elevation_become_metres(ctx: Context, tmp_path: Path) -> None:
    foot = 1200 / 3937
    dem = write(tmp_path / "dem.tif", plane(UTM, 0.5 * foot, 0.0), UTM, FEET)  # metres, over feet
    np.testing.assert_allclose(
        read(terrain(dem, ctx=ctx).slope.path), math.degrees(math.atan(0.5)), rtol=1e-5
    )
    dem = write(tmp_path / "feet.tif", plane(UTM, 0.5, 0.0), UTM, FEET)  # feet, over feet
    np.testing.assert_allclose(
        read(terrain(dem, z_factor=foot, ctx=ctx).slope.path), math.degrees(math.atan(0.5)), rtol=1e-5
    )


def test_blocks_leave_no_seams(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    z = np.random.default_rng(1).uniform(0, 500, (200, 150)).astype("float32")
    layouts: list[dict[str, Any]] = [{}, {"tiled": True, "blockxsize": 32, "blockysize": 32}]
    dems = [write(tmp_path / f"{i}.tif", z, **layout) for i, layout in enumerate(layouts)]
    whole = read(terrain(dems[0], ctx=ctx).slope.path)
    monkeypatch.setattr(_blocks, "BLOCK_PIXELS", 150 * 16)
    monkeypatch.setattr(_blocks, "BLOCK_SIDE", 48)
    for dem in dems:
        np.testing.assert_array_equal(read(terrain(dem, ctx=ctx).slope.path), whole)


def test_no_data_is_left_out_and_its_neighbours_keep_their_slope(ctx: Context, tmp_path: Path) -> None:
    z = plane(UTM, 0.2, 0.1).astype("float32")
    z[5:8, 10:13] = -9999
    result = terrain(write(tmp_path / "dem.tif", z, nodata=-9999), ctx=ctx)
    hole = np.zeros(z.shape, bool)
    hole[5:8, 10:13] = True
    slope, shade = read(result.slope.path), read(result.hillshade.path)
    np.testing.assert_array_equal(np.isnan(slope), hole)
    np.testing.assert_array_equal(shade == 0, hole)
    np.testing.assert_allclose(slope[~hole], math.degrees(math.atan(math.hypot(0.2, 0.1))), rtol=1e-3)


def test_a_pixel_alone_has_no_slope(ctx: Context, tmp_path: Path) -> None:
    z = np.full((5, 5), -1.0, "float32")
    z[2, 2] = 7
    result = terrain(write(tmp_path / "dem.tif", z, nodata=-1), ctx=ctx)
    assert np.isnan(read(result.slope.path)).all()
    assert (read(result.hillshade.path) == 0).all()


def test_a_raster_without_a_place_is_refused(ctx: Context, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    _blocks.write_picture(picture, np.zeros((4, 5, 5), "uint8"))
    with pytest.raises(ValueError, match="input 'dem': the raster has no georeference"):
        terrain(Raster(picture, "image/png"), ctx=ctx)


def test_a_band_that_is_not_there_is_refused(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="input 'band': there is no band 2: 'dem' has 1 band"):
        terrain(write(tmp_path / "dem.tif", plane(UTM, 0, 0)), band=2, ctx=ctx)


# -- real elevations ----------------------------------------------------------------------------------


def test_left_out_the_elevation_model_is_the_jacksboro_fault(ctx: Context, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs azenha[examples]")
    with rasterio.open(jacksboro(tmp_path / "dem.tif").path) as source:
        assert source.shape == (344, 403)
        assert source.crs.to_epsg() == 4326
        assert (source.bounds.left, source.bounds.top) == pytest.approx((-84.41375, 36.7329167))
        assert source.res == pytest.approx((1 / 1200, 1 / 1200))
        z = source.read(1).astype(float)
        assert (z.min(), z.max()) == (236, 1076)
    result = terrain(ctx=ctx)
    # Straight from Horn's formula, with the geodesic's own lengths at one latitude.
    row, column = 172, 201
    latitude = 36.7329167 - (row + 0.5) / 1200
    geod = pyproj.Geod(ellps="WGS84")
    dx = geod.inv(-84, latitude, -84 + 1 / 1200, latitude)[2]
    dy = geod.inv(-84, latitude - 1 / 2400, -84, latitude + 1 / 2400)[2]
    (a, b, c), (d, _, f), (g, h, i) = z[row - 1 : row + 2, column - 1 : column + 2]
    east = ((c + 2 * f + i) - (a + 2 * d + g)) / (8 * dx)
    north = ((a + 2 * b + c) - (g + 2 * h + i)) / (8 * dy)
    expected = math.degrees(math.atan(math.hypot(east, north)))
    assert read(result.slope.path)[row, column] == pytest.approx(expected, abs=1e-3)


def test_the_picture_is_a_png_in_the_shape_of_the_land(ctx: Context) -> None:
    pytest.importorskip("matplotlib", reason="needs azenha[examples]")
    picture = terrain(ctx=ctx).picture
    assert picture.media_type == "image/png"
    assert picture.path.read_bytes().startswith(b"\x89PNG\r\n")
    with _blocks.opened(Raster(picture.path, "image/png"), "picture") as source:
        rgba = source.dataset.read()
    _, rows, columns = rgba.shape
    # 344 rows of 1/1200 degree are 31.8 km, 403 columns 30.0 km at that latitude.
    assert columns / rows == pytest.approx(30.0 / 31.8, rel=0.01)
    assert max(rows, columns) <= 1280
    assert (rgba[3] == 255).all()
    spread = rgba[:3].reshape(3, -1).std(axis=1)
    assert (spread > 15).all()  # neither flat nor grey
    assert abs(rgba[0].astype(int) - rgba[2]).max() > 40


def test_a_large_model_gives_a_small_picture_with_holes_where_there_is_no_data(
    ctx: Context, tmp_path: Path
) -> None:
    z = np.add.outer(np.arange(1500.0), np.arange(3000.0)).astype("float32")
    z[:, :1500] = -1
    result = terrain(write(tmp_path / "dem.tif", z, nodata=-1), ctx=ctx)
    with _blocks.opened(Raster(result.picture.path, "image/png"), "picture") as source:
        rgba = source.dataset.read()
    assert rgba.shape == (4, 640, 1280)
    assert (rgba[3, :, :640] == 0).all()
    assert (rgba[3, :, 640:] == 255).all()


def test_flat_land_has_a_picture_too(ctx: Context, tmp_path: Path) -> None:
    result = terrain(write(tmp_path / "dem.tif", np.full((10, 10), 5, "int16")), ctx=ctx)
    assert result.picture.path.stat().st_size > 0


def test_elevations_of_olinda_give_plausible_slopes(ctx: Context) -> None:
    dem = reference.olinda("dem.tif")
    if dem is None:
        pytest.skip("needs ../shared/data")
    slope = read(terrain(Raster(dem), ctx=ctx).slope.path)
    assert slope.shape == (111, 111)
    z = read(dem).astype(float)
    north, east = np.gradient(z, 89.99406734945116)
    # numpy's gradient takes four neighbours, Horn's eight: the same land, somewhat smoother.
    assert np.corrcoef(slope.ravel(), np.degrees(np.arctan(np.hypot(east, north))).ravel())[0, 1] > 0.9


def test_hillshade_never_uses_the_value_of_no_data_for_land() -> None:
    assert hillshade_bytes(np.array([-1.0, 0.0, 1.0, np.nan])).tolist() == [1, 1, 255, 0]
