"""GeoParquet is looked at as all features are: types of geometry, reference system, geometries read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import geojson
from test_checking import look

from azenha import Features
from azenha.domain.process import Level
from azenha.engine.formats.opening import NotValid

PARQUET = "application/vnd.apache.parquet"


def made(path: Path, kind: str = "Point", crs: str | None = "EPSG:4326", **options: object) -> Features:
    geopandas = pytest.importorskip("geopandas")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    frame = geopandas.GeoDataFrame.from_features(geojson(kind)["features"], crs=crs)
    frame.to_parquet(path, **options)
    return Features(path, PARQUET)


def headed(path: Path, head: object, geometry: object = None) -> Features:
    """A file with that head, and a column `geometry` of that."""
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    table = pyarrow.table({"geometry": [b"none"] if geometry is None else geometry})
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    parquet.write_table(table.replace_schema_metadata({"geo": text}), path)
    return Features(path, PARQUET)


def head(**said: Any) -> dict[str, object]:
    column = {"encoding": "WKB", "geometry_types": [], **said}
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("read", [False, True])
def test_geoparquet_has_the_types_of_geometry_that_were_asked_for(
    read: bool, encoding: str, tmp_path: Path
) -> None:
    points = made(tmp_path / "a", geometry_encoding=encoding)
    found = look(points, Level.STRICT, read=read, geometries=("Point",), crs=True)
    assert "1 feature: Point in EPSG:4326" in found
    with pytest.raises(NotValid, match="its column 'geometry' has Point; wanted are Polygon, MultiPolygon"):
        look(points, Level.STRICT, read=read, geometries=("Polygon", "MultiPolygon"))


def test_geoparquet_without_a_system_is_refused_where_one_is_asked_for(tmp_path: Path) -> None:
    file = made(tmp_path / "a", crs=None)
    look(file, Level.STRICT)
    with pytest.raises(NotValid, match="'geometry' does not say in which reference system it is"):
        look(file, Level.STRICT, crs=True)


def test_geoparquet_that_names_no_system_is_in_longitude_and_latitude(tmp_path: Path) -> None:
    """So the standard has it: it is `null` that says that the system is not known."""
    assert "OGC:CRS84" in look(headed(tmp_path / "a", head()), Level.STRICT, crs=True)


def test_types_that_the_head_does_not_tell_are_those_of_the_geometries(tmp_path: Path) -> None:
    shapely = pytest.importorskip("shapely")
    file = headed(tmp_path / "a", head(), [shapely.to_wkb(shapely.Point(1, 2)), None])
    look(file, Level.STRICT, geometries=("Point",))
    with pytest.raises(NotValid, match="has Point; wanted are Polygon"):
        look(file, Level.STRICT, geometries=("Polygon",))


def test_types_that_the_head_tells_are_those_read_where_all_is_read(tmp_path: Path) -> None:
    shapely = pytest.importorskip("shapely")
    lies = headed(
        tmp_path / "a", head(geometry_types=["Polygon Z"]), [shapely.to_wkb(shapely.Point(1, 2, 3))]
    )
    look(lies, Level.STRICT, geometries=("Polygon",))
    with pytest.raises(NotValid, match="has Point; wanted are Polygon"):
        look(lies, Level.STRICT, geometries=("Polygon",), read=True)


def test_a_geometry_that_is_none_is_found_by_reading_it(tmp_path: Path) -> None:
    pytest.importorskip("shapely")
    file = headed(tmp_path / "a", head(geometry_types=["Point"]))
    look(file, Level.STRICT)
    with pytest.raises(NotValid, match="it opens, and has a geometry that is none"):
        look(file, Level.STRICT, read=True)
    numbers = headed(tmp_path / "b", head(), [1])
    with pytest.raises(NotValid, match="its column 'geometry' is int64, and no geometry in WKB"):
        look(numbers, Level.STRICT, read=True)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"{", "is no GeoParquet"),
        ([], "is no GeoParquet"),
        ({"primary_column": "a", "columns": {}}, "is no GeoParquet: KeyError"),
        (head(encoding="WKT"), "encoding 'WKT'"),
        (head(crs="EPSG:4326"), "no PROJJSON"),
        ({"primary_column": "a", "columns": {"a": {"encoding": "WKB"}}}, "it has no column 'a'"),
    ],
    ids=["no-json", "no-object", "no-column", "encoding", "system", "column-that-is-not-there"],
)
def test_a_head_that_is_none_is_refused(said: object, reason: str, tmp_path: Path) -> None:
    with pytest.raises(NotValid, match=reason):
        look(headed(tmp_path / "a", said), Level.STRICT)


def test_damage_behind_the_head_is_found_by_reading(tmp_path: Path) -> None:
    file = made(tmp_path / "a")
    content = bytearray(file.bytes)
    content[4:200] = bytes(196)
    file.path.write_bytes(content)
    look(file, Level.STRICT)
    with pytest.raises(NotValid, match="cannot be opened"):
        look(file, Level.STRICT, read=True)


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("name", ["a.pq", "a.json", "data"])
def test_geoparquet_opens_by_its_media_type_whatever_its_name_is(
    name: str, encoding: str, tmp_path: Path
) -> None:
    file = made(tmp_path / name, geometry_encoding=encoding)
    assert list(file.geopandas()["n"]) == [1]
    assert [(g.x, g.y) for g in file.shapely()] == [(1, 2)]
    told = file.pyogrio()
    assert (told["features"], told["geometry_type"], told["crs"]) == (1, "Point", "EPSG:4326")
    assert tuple(told["total_bounds"]) == (1, 2, 1, 2)
    assert list(told["fields"]) == ["n"]
    assert list(told["dtypes"]) == ["int64"]
    assert [g.x for g in Features(file.path, "application/octet-stream").shapely()] == [1]


def test_the_box_of_geoparquet_with_heights_is_that_of_its_ground(tmp_path: Path) -> None:
    file = headed(tmp_path / "a", head(bbox=[1, 2, 3, 4, 5, 6], geometry_types=["Point Z", "Polygon Z"]))
    told = file.pyogrio()
    assert tuple(told["total_bounds"]) == (1, 2, 4, 5)
    assert told["geometry_type"] == "Unknown"


def test_a_system_without_a_number_is_told_as_a_whole(tmp_path: Path) -> None:
    pyproj = pytest.importorskip("pyproj", reason="needs the extra azenha[examples]")
    system = "+proj=laea +lat_0=-8 +lon_0=-35 +ellps=GRS80 +units=m"
    told = made(tmp_path / "a", crs=system).pyogrio()
    assert pyproj.CRS(told["crs"]) == pyproj.CRS(system)
    assert made(tmp_path / "b", crs=None).pyogrio()["crs"] is None


def test_a_table_is_no_features_to_a_handle(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"a": [1]}), tmp_path / "a")
    for way in ("shapely", "pyogrio", "geopandas"):
        with pytest.raises(ValueError, match=r"without geometry|Missing geo metadata"):
            getattr(Features(tmp_path / "a", PARQUET), way)()
