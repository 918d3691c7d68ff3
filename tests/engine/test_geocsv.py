"""CSV is features where it has a column of WKT, or two with x and y; a table without is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import geojson
from test_checking import look

from azenha import Features
from azenha.domain.process import Level
from azenha.engine.formats.opening import NotValid


def table(path: Path, text: str, charset: str = "utf-8") -> Features:
    pytest.importorskip("geopandas")
    path.write_bytes(text.encode(charset))
    return Features(path, "text/csv" if charset == "utf-8" else f"text/csv; charset={charset}")


@pytest.mark.parametrize("read", [False, True])
def test_a_geodataframe_as_csv_is_features(read: bool, tmp_path: Path) -> None:
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame.from_features(geojson("Polygon")["features"], crs="EPSG:4326")
    frame.to_csv(tmp_path / "data", index=False)
    file = Features(tmp_path / "data", "text/csv")
    assert "2 columns, Polygon by 'geometry'" in look(file, Level.STRICT, read=read)
    look(file, Level.STRICT, read=read, geometries=("Polygon",))
    with pytest.raises(NotValid, match="its geometry of 'geometry' has Polygon; wanted are Point"):
        look(file, Level.STRICT, read=read, geometries=("Point",))
    with pytest.raises(NotValid, match="does not say in which reference system it is"):
        look(file, Level.STRICT, read=read, crs=True)
    assert list(file.geopandas().columns) == ["n", "geometry"]
    assert file.geopandas().geometry.iloc[0].equals(frame.geometry.iloc[0])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("n,2010,WKT\n1,2,POINT (1 2)\n\n1,2,\n", "3 columns, Point by 'WKT'"),
        ("n,geom\n1,0101000000000000000000F03F0000000000000040\n", "2 columns, Point by 'geom'"),
        ("Lon,LAT,n\r\n1,2e0,a\r\n,,b\r\n", "3 columns, Point by 'Lon' and 'LAT'"),
        ("\ufefflongitude,latitude\n1,2\n", "2 columns, Point by 'longitude' and 'latitude'"),
        ("x;z,lon,y,x\na;b,9,2,1\n", "4 columns, Point by 'x' and 'y'"),
        ("x,y,the_geom\n9,9,POINT (1 2)\n", "3 columns, Point by 'the_geom'"),
        ("n, x, y\n3, 1, 2\n", "3 columns, Point by ' x' and ' y'"),
    ],
    ids=["wkt", "wkb", "lon-lat", "longitude-latitude", "x-y", "wkt-before-x-y", "spaces"],
)
def test_what_is_taken_for_features_is_what_the_handle_opens(text: str, found: str, tmp_path: Path) -> None:
    file = table(tmp_path / "a", text)
    assert found in look(file, Level.STRICT, read=True, geometries=("Point",))
    first = file.shapely()[0]
    assert (first.x, first.y) == (1, 2)
    assert file.geopandas().geometry.iloc[0].equals(first)
    assert file.pyogrio()["features"] == len(file.shapely())


def test_the_charset_of_a_table_is_that_of_its_media_type(tmp_path: Path) -> None:
    file = table(tmp_path / "a", "nome,x,y\ncafé,1,2\n", "iso-8859-1")
    look(file, Level.STRICT)
    assert list(file.geopandas()["nome"]) == ["café"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a,b\n1,2\n", "there is no geometry in it: no column is called geometry, wkt, geom, the_geom"),
        ("x,lat\n1,2\n", "there is no geometry in it"),
        ("", "there is no geometry in it|an empty file"),
        ("n,wkt\n1,POINT (1 2)\n\n2,POINT (1\n", "its row 4 has a geometry that is none: 'POINT \\(1'"),
        ("n,wkt\n1,00ff\n", "its row 2 has a geometry that is none"),
        ("n,wkt\n1,SRID=4326;POINT (1 2)\n", "its row 2 has a geometry that is none"),
        ('lon,lat\n1,2\n"1,5",2\n', "its row 3 has no point: '1,5' is no coordinate"),
        ("lon,lat\n1,\n", "its row 2 has no point: '' is no coordinate"),
        ("lon,lat\n1,nan\n", "'nan' is no coordinate"),
        ("lon,lat\n1,2,3\n", "its row 2 has 3 fields, its first 2"),
    ],
    ids=["table", "half", "empty", "wkt", "wkb", "ewkt", "comma", "one-of-two", "nan", "ragged"],
)
def test_a_table_without_geometry_or_with_one_that_is_none_is_refused(
    text: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(NotValid, match=reason):
        look(table(tmp_path / "a", text), Level.STRICT)


def test_a_geometry_far_behind_is_found_by_reading_it(tmp_path: Path) -> None:
    file = table(tmp_path / "a", "x,y\n" + "1,2\n" * 25_000 + "1,x\n")
    look(file, Level.STRICT)
    for asked in ({"read": True}, {"geometries": ("Point",)}):
        with pytest.raises(NotValid, match="its row 25,002 has no point"):
            look(file, Level.STRICT, **asked)


def test_a_table_without_geometry_has_none_for_the_handle_either(tmp_path: Path) -> None:
    file = table(tmp_path / "a", "a,b\n1,2\n")
    for way in ("geopandas", "shapely"):
        with pytest.raises(ValueError, match="no geometry"):
            getattr(file, way)()
    assert len(file.geopandas(ignore_geometry=True)) == 1
