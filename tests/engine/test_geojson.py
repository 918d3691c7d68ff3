"""What has the shape of GeoJSON, and what is wrong with what has not."""

from __future__ import annotations

import pytest

from azenha.engine.formats.geojson import misshapen

RING = [[0, 0], [1, 0], [1, 1], [0, 0]]


def of(kind: str, coordinates: object) -> dict[str, object]:
    return {"type": kind, "coordinates": coordinates}


def feature(geometry: object, **more: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": geometry, **more}


@pytest.mark.parametrize(
    "value",
    [
        of("Point", [1, 2]),
        of("Point", [1.5, 2e3, -3]),
        of("Point", []),
        of("MultiPoint", [[1, 2]]),
        of("LineString", [[1, 2], [3, 4]]),
        of("MultiLineString", [[[1, 2], [3, 4]], [[1, 2], [3, 4]]]),
        of("Polygon", [RING, RING]),
        of("MultiPolygon", [[RING], [RING, RING]]),
        {"type": "GeometryCollection", "geometries": [of("Point", [1, 2]), of("Polygon", [RING])]},
        feature(None, properties=None),
        {"type": "Feature"},
        feature(of("Point", [1, 2]), id=1, bbox=[1, 2, 1, 2], properties={"type": "x"}, foreign=[]),
        {"type": "FeatureCollection", "features": []},
        {"type": "FeatureCollection", "features": [feature(None)], "crs": {"type": "name"}},
    ],
    ids=lambda value: f"{value['type']} of {len(str(value))}",
)
def test_what_has_the_shape_of_geojson_has_no_flaw(value: object) -> None:
    assert misshapen(value) is None


@pytest.mark.parametrize(
    ("value", "flaw"),
    [
        (3, "its root is 3; wanted is an object"),
        ({}, "its type is null; wanted is one of FeatureCollection, Feature, Point"),
        ({"type": ["Point"]}, 'its type is ["Point"]; wanted is one of'),
        ({"type": "FeatureCollection"}, "its features is missing; wanted is an array"),
        ({"type": "FeatureCollection", "features": {}}, "its features is an object; wanted is an array"),
        ({"type": "FeatureCollection", "features": [3]}, "its features[0] is 3; wanted is an object"),
        (
            {"type": "FeatureCollection", "features": [feature(None), of("Point", [1, 2])]},
            'its features[1].type is "Point"; wanted is one of Feature',
        ),
        (feature([1, 2]), "its geometry is [1, 2]; wanted is an object"),
        (feature({"type": "Circle"}), 'its geometry.type is "Circle"; wanted is one of Point, MultiPoint'),
        (feature(None, properties=[]), "its properties is []; wanted is an object"),
        ({"type": "Point"}, "its coordinates is missing; wanted is an array"),
        (of("Point", [1]), "its coordinates is [1]; wanted is a position of two or more numbers"),
        (of("Point", ["1", "2"]), 'its coordinates is ["1", "2"]; wanted is a position'),
        (of("Point", [True, 2]), "its coordinates is [true, 2]; wanted is a position"),
        (of("LineString", [[1, 2]]), "its coordinates has 1 position; at least 2 are wanted"),
        (of("LineString", [1, 2]), "its coordinates[0] is 1; wanted is a position"),
        (of("Polygon", RING), "its coordinates[0][0] is 0; wanted is a position"),
        (of("Polygon", [RING[:3]]), "its coordinates[0] has 3 positions; at least 4 are wanted"),
        (
            of("Polygon", [[*RING[:3], [5, 5]]]),
            "its coordinates[0] is no ring: it does not end where it begins",
        ),
        (of("MultiPolygon", [RING]), "its coordinates[0][0][0] is 0; wanted is a position"),
        ({"type": "GeometryCollection"}, "its geometries is missing; wanted is an array"),
        (of("Point", "x" * 100), f'its coordinates is "{"x" * 39}…; wanted is an array'),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_the_first_flaw_is_told_with_its_place(value: object, flaw: str) -> None:
    found = misshapen(value)
    assert found is not None
    assert found.startswith(flaw)


def test_geometries_that_go_too_deep_are_a_flaw_and_no_crash() -> None:
    value = of("Point", [1, 2])
    for _ in range(5000):
        value = {"type": "GeometryCollection", "geometries": [value]}
    assert misshapen(value) == "it has too many geometries within each other"
