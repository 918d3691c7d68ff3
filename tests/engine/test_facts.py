"""What is known of where a result is: boxes, footprints, systems, bands and columns, as the files have them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from azenha.domain.geodata import Geodata
from azenha.engine.formats.facts import facts

TIFF = "image/tiff; application=geotiff"


def from_origin(west: float, north: float, x: float, y: float) -> Affine:
    return Affine(x, 0.0, west, 0.0, -y, north)


def raster(
    path: Path, crs: str | None, transform: object, shape: tuple[int, int] = (20, 30), **tags: str
) -> Path:
    rows, columns = shape
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=2, dtype="float32", nodata=-9999, crs=crs,
        transform=transform,
    ) as file:  # fmt: skip
        file.write(np.zeros((2, rows, columns), "float32"))
        file.set_band_description(1, "red")
        file.update_tags(**tags)
    return path


def known(path: Path, type: str = TIFF) -> Geodata:
    found = facts(path, type)
    assert found is not None
    return found


def test_a_raster_tells_grid_bands_and_time_from_its_head(tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", "EPSG:32725", from_origin(290_000, 9_120_000, 30, 30),
                  TIFFTAG_DATETIME="2024:05:06 07:08:09")  # fmt: skip
    found = known(path)
    assert found["crs"] == "EPSG:32725"
    assert found["shape"] == [20, 30]
    assert found["transform"] == [30, 0, 290_000, 0, -30, 9_120_000]
    assert found["box"] == [290_000, 9_119_400, 290_900, 9_120_000]
    assert found["bands"] == [
        {"name": "red", "type": "float32", "nodata": -9999},
        {"name": "band 2", "type": "float32", "nodata": -9999},
    ]
    assert found["time"] == "2024-05-06T07:08:09+00:00"


def test_the_box_is_in_degrees_longitude_first(tmp_path: Path) -> None:
    """UTM 25S by the formulas of PROJ: (290000, 9120000) is near Olinda."""
    found = known(raster(tmp_path / "a.tif", "EPSG:32725", from_origin(290_000, 9_120_000, 30, 30)))
    west, south, east, north = found["bbox"]
    assert west == pytest.approx(-34.906, abs=0.002)
    assert north == pytest.approx(-7.955, abs=0.002)
    assert east - west == pytest.approx(0.00817, abs=1e-4)
    assert north - south == pytest.approx(0.00545, abs=1e-4)
    ring = found["footprint"]["coordinates"][0]  # type: ignore[index]
    assert ring[0] == ring[-1]
    assert len(ring) >= 4
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
    assert area > 0  # counter-clockwise


def test_a_raster_in_degrees_lies_where_it_says(tmp_path: Path) -> None:
    found = known(raster(tmp_path / "a.tif", "EPSG:4326", from_origin(-35, -7, 0.1, 0.1)))
    assert found["bbox"] == pytest.approx([-35, -9, -32, -7])
    assert len(found["footprint"]["coordinates"][0]) == 5  # type: ignore[arg-type,index]


def test_a_raster_that_crosses_the_antimeridian_has_two_parts(tmp_path: Path) -> None:
    found = known(raster(tmp_path / "a.tif", "EPSG:32760", from_origin(780_000, 8_000_000, 5000, 5000)))
    west, south, east, north = found["bbox"]
    assert 179 < west < 180
    assert -180 < east < -178
    assert -19.5 < south < north < -17.5
    assert found["footprint"]["type"] == "MultiPolygon"


@pytest.mark.parametrize(
    ("west", "degree", "box"),
    [
        (0, 12, [-180, 40, 180, 50]),  # of 30 columns: all around
        (0, 11, [0, 40, -30, 50]),
        (179, 0.1, [179, 40, -178, 50]),
        (190, 1, [-170, 40, -140, 50]),
        (-190, 0.5, [170, 40, -175, 50]),
        (350, 1, [-10, 40, 20, 50]),
    ],
    ids=["world", "most of it", "across", "beyond", "before", "around Greenwich"],
)
def test_longitudes_beyond_180_are_the_same_place(
    west: float, degree: float, box: list[float], tmp_path: Path
) -> None:
    found = known(raster(tmp_path / "a.tif", "EPSG:4326", from_origin(west, 50, degree, 0.5)))
    assert found["bbox"] == pytest.approx(box)
    rings = found["footprint"]["coordinates"]
    parts = rings if found["footprint"]["type"] == "MultiPolygon" else [rings]
    assert len(parts) == (2 if box[0] > box[2] else 1)
    assert all(-180 <= x <= 180 for (ring,) in parts for x, _ in ring)


def test_a_raster_around_a_pole_has_the_pole_in_it(tmp_path: Path) -> None:
    found = known(raster(tmp_path / "a.tif", "EPSG:3031", from_origin(-900_000, 600_000, 60_000, 60_000)))
    west, south, east, north = found["bbox"]
    assert (west, south, east) == (-180, -90, 180)
    assert -85 < north < -75


WORLDS = [
    ("+proj=moll +lon_0=0 +datum=WGS84", 18_040_095, 9_020_047),
    ("+proj=moll +lon_0=150 +datum=WGS84", 18_040_095, 9_020_047),
    ("+proj=robin +lon_0=0 +datum=WGS84", 17_005_833, 8_625_154),
    ("+proj=sinu +lon_0=0 +R=6371007.181", 20_015_109, 10_007_554),
]
WORLD_NAMES = ["Mollweide", "Mollweide of the Pacific", "Robinson", "sinusoidal"]


@pytest.mark.parametrize(("system", "x", "y"), WORLDS, ids=WORLD_NAMES)
def test_a_raster_of_the_world_is_all_around_it_though_its_corners_are_not_on_earth(
    system: str, x: float, y: float, tmp_path: Path
) -> None:
    found = known(raster(tmp_path / "a.tif", system, from_origin(-x, y, x / 15, y / 10)))
    assert found["bbox"] == pytest.approx([-180, -90, 180, 90], abs=0.01)
    (ring,) = found["footprint"]["coordinates"]
    assert (min(ring), max(ring)) == (
        pytest.approx([-180, -90], abs=0.01),
        pytest.approx([180, 90], abs=0.01),
    )


@pytest.mark.parametrize("middle", [0, 140])
def test_a_raster_of_one_side_of_the_earth_is_on_that_side(middle: float, tmp_path: Path) -> None:
    system = f"+proj=geos +h=35785831 +lon_0={middle} +datum=WGS84"
    found = known(raster(tmp_path / "a.tif", system, from_origin(-5.5e6, 5.5e6, 11e6 / 30, 11e6 / 20)))
    west, south, east, north = found["bbox"]
    assert (west, east) == (
        pytest.approx(middle - 81.3, abs=3),
        pytest.approx((middle + 81.3 + 180) % 360 - 180, abs=3),
    )
    assert (south, north) == (pytest.approx(-81.3, abs=4), pytest.approx(81.3, abs=4))


def test_a_raster_that_is_nowhere_on_earth_has_no_place_and_is_a_raster(tmp_path: Path) -> None:
    found = known(raster(tmp_path / "a.tif", WORLDS[0][0], from_origin(16e6, 9e6, 1e4, 1e4)))
    assert "bbox" not in found
    assert found["shape"] == [20, 30]


@pytest.mark.parametrize(("system", "x", "y"), WORLDS, ids=WORLD_NAMES)
def test_features_all_over_the_world_are_all_around_it(
    system: str, x: float, y: float, tmp_path: Path
) -> None:
    import geopandas
    from shapely.geometry import LineString

    lines = [LineString([(-x, 0), (x, 0)]), LineString([(0, -y), (0, y)])]
    geopandas.GeoDataFrame({"n": [1, 2]}, geometry=lines, crs=system).to_file(tmp_path / "a.gpkg")
    found = known(tmp_path / "a.gpkg", "application/geopackage+sqlite3")
    assert found["features"] == 2
    assert found["bbox"] == pytest.approx([-180, -90, 180, 90], abs=0.01)


def test_a_raster_without_a_system_is_nowhere(tmp_path: Path) -> None:
    found = known(raster(tmp_path / "a.tif", None, from_origin(0, 10, 1, 1)))
    assert "bbox" not in found
    assert "crs" not in found
    assert found["shape"] == [20, 30]


def features(path: Path, points: list[tuple[float, float]]) -> Path:
    path.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "a", "count": n},
                        "geometry": {"type": "Point", "coordinates": p},
                    }
                    for n, p in enumerate(points)
                ],
            }
        )
    )
    return path


def test_features_tell_extent_number_and_columns(tmp_path: Path) -> None:
    path = features(tmp_path / "a.geojson", [(-34.9, -8.1), (-34.8, -8.0), (-34.7, -8.2)])
    found = known(path, "application/geo+json")
    assert found["features"] == 3
    assert found["geometry"] == "Point"
    assert [name for name, _ in found["columns"]] == ["name", "count"]
    assert found["bbox"] == [-34.9, -8.2, -34.7, -8.0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.geojson"]  # nothing is left beside it


def test_features_in_another_system_are_placed_in_degrees(tmp_path: Path) -> None:
    import geopandas
    from shapely.geometry import Point

    frame = geopandas.GeoDataFrame({"n": [1, 2]}, geometry=[Point(290_000, 9_119_400), Point(290_900, 9_120_000)],
                                   crs="EPSG:32725")  # fmt: skip
    frame.to_file(tmp_path / "a.gpkg")
    found = known(tmp_path / "a.gpkg", "application/geopackage+sqlite3")
    assert found["crs"] == "EPSG:32725"
    assert found["box"] == [290_000, 9_119_400, 290_900, 9_120_000]
    assert found["bbox"][0] == pytest.approx(-34.906, abs=0.002)


def test_no_features_are_nowhere(tmp_path: Path) -> None:
    found = facts(features(tmp_path / "a.geojson", []), "application/geo+json")
    assert found is None or "bbox" not in found


@pytest.mark.parametrize("type", [TIFF, "application/geo+json", "text/plain", "application/x-unheard-of"])
def test_what_cannot_be_read_is_not_known_and_harms_nothing(tmp_path: Path, type: str) -> None:
    (tmp_path / "a").write_bytes(b"neither raster nor features")
    assert facts(tmp_path / "a", type) is None
