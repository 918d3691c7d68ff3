"""The results of a job as a STAC Item: valid by the schemas of STAC 1.1, and true."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft7Validator
from ogcapi_outcomes import (
    GEOJSON,
    GEOTIFF,
    JOB_ADDRESS,
    PNG,
    SUCCEEDED,
    content,
    document,
    header,
    output,
    refuse,
    results,
    write,
)
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource

from azenha.domain.canonical import dump_value, load_value
from azenha.domain.geodata import Geodata
from azenha.domain.messages import ResponseForm, Transmission
from azenha.domain.values import InlineBytes, Literal, StoredFile, Value
from azenha.protocols.http import HttpReply
from azenha.web.ranges import conditional

RING = [[-35.0, -9.0], [-34.0, -9.0], [-34.0, -8.0], [-35.0, -8.0], [-35.0, -9.0]]
SCENE: Geodata = {
    "bbox": [-35.0, -9.0, -34.0, -8.0],
    "footprint": {"type": "Polygon", "coordinates": [RING]},
    "crs": "EPSG:32725",
    "box": [290_000.0, 9_119_400.0, 290_900.0, 9_120_000.0],
    "shape": [20, 30],
    "transform": [30.0, 0.0, 290_000.0, 0.0, -30.0, 9_120_000.0],
    "bands": [
        {"name": "red", "type": "uint16", "nodata": 0.0, "scale": 0.0001, "offset": -0.1},
        {"name": "phase", "type": "complex64", "nodata": "nan", "unit": "rad"},
    ],
    "time": "2024-05-06T07:08:09+00:00",
}
TRACTS: Geodata = {
    "bbox": [-34.5, -8.5, -33.0, -7.0],
    "footprint": {"type": "Polygon", "coordinates": [[[-34.5, -8.5], [-33, -8.5], [-33, -7], [-34.5, -8.5]]]},
    "crs": "EPSG:4326",
    "box": [-34.5, -8.5, -33.0, -7.0],
    "features": 3,
    "geometry": "Polygon",
    "columns": [["name", "object"], ["people", "int64"]],
}
TIF = StoredFile("map/a b.tif", "a b.tif", 1234, GEOTIFF, "ab" * 32, geodata=SCENE)
GEO = StoredFile("tracts/t.geojson", "t.geojson", 99, GEOJSON, "cd" * 32, geodata=TRACTS)
PICTURE = StoredFile("icon/i.png", "i.png", 5, PNG, "ef" * 32)


@pytest.fixture(scope="module")
def valid() -> Callable[[HttpReply], dict[str, Any]]:
    """The item of a reply, after it was held against the schemas of STAC 1.1 (which pystac brings along)."""
    schemas = get_local_schema_cache()
    registry: Registry[Any] = Registry().with_resources(
        [(address, Resource.from_contents(schema)) for address, schema in schemas.items()]
    )
    (schema,) = [s for address, s in schemas.items() if address.endswith("/item.json")]
    validator = Draft7Validator(schema, registry=registry)

    def check(reply: HttpReply) -> dict[str, Any]:
        assert (reply.status, header(reply, "Content-Type")) == (200, "application/geo+json")
        found: dict[str, Any] = json.loads(b"".join(part for part in reply.body if isinstance(part, bytes)))
        problems = [f"{e.json_path}: {e.message[:300]}" for e in validator.iter_errors(found)]
        assert not problems, problems
        return found

    return check


Valid = Callable[[HttpReply], dict[str, Any]]


def test_the_check_refuses_what_is_no_item(valid: Valid) -> None:
    with pytest.raises(AssertionError, match="geometry"):
        valid(HttpReply(200, (("Content-Type", "application/geo+json"),), (b'{"type": "Feature"}',)))


def test_one_scene_is_an_item_where_it_lies_when_it_was_taken(valid: Valid) -> None:
    found = valid(write(results(output("map", TIF)), "/jobs/j1/stac"))
    assert found["id"] == SUCCEEDED.id
    assert found["bbox"] == SCENE["bbox"]
    assert found["geometry"] == SCENE["footprint"]
    assert found["properties"]["datetime"] == SCENE["time"]
    asset = found["assets"]["map"]
    assert asset["href"] == f"{JOB_ADDRESS}/results/map"
    assert (asset["type"], asset["title"], asset["file:size"]) == (GEOTIFF.media_type, "a b.tif", 1234)
    assert asset["file:checksum"] == "1220" + "ab" * 32
    assert asset["proj:code"] == "EPSG:32725"
    assert asset["proj:shape"] == [20, 30]
    assert asset["proj:transform"] == SCENE["transform"]
    assert asset["proj:bbox"] == SCENE["box"]
    assert asset["bands"] == [
        {"name": "red", "data_type": "uint16", "nodata": 0, "raster:scale": 0.0001, "raster:offset": -0.1},
        {"name": "phase", "data_type": "cfloat32", "nodata": "nan", "unit": "rad"},
    ]
    names = [address.split("/")[-3] for address in found["stac_extensions"]]
    assert names == ["file", "projection", "raster"]
    assert {link["rel"]: link["href"] for link in found["links"]} == {
        "self": f"{JOB_ADDRESS}/stac",
        "via": JOB_ADDRESS,
    }


def test_several_results_are_one_item_that_holds_them_all(valid: Valid) -> None:
    outputs = (output("map", TIF, TIF, array=True), output("tracts", GEO), output("icon", PICTURE))
    found = valid(write(results(*outputs, output("n", Literal(1))), "/jobs/j1/stac"))
    assert found["bbox"] == [-35.0, -9.0, -33.0, -7.0]
    assert list(found["assets"]) == ["map/0", "map/1", "tracts", "icon"]
    assert found["assets"]["map/1"]["href"] == f"{JOB_ADDRESS}/results/map/1"
    tracts = found["assets"]["tracts"]
    assert tracts["table:row_count"] == 3
    assert [c["name"] for c in tracts["table:columns"]] == ["geometry", "name", "people"]
    assert "proj:code" not in found["assets"]["icon"]


def test_what_was_not_taken_at_a_time_has_the_time_of_its_making(valid: Valid) -> None:
    found = valid(write(results(output("tracts", GEO)), "/jobs/j1/stac"))
    assert found["properties"]["datetime"] == found["properties"]["created"]


def test_a_raster_that_says_not_where_it_is_has_no_geometry(valid: Valid) -> None:
    lost = replace(TIF, geodata={"shape": [2, 2], "bands": [{"name": "b", "type": "int8"}]})
    found = valid(write(results(output("map", lost)), "/jobs/j1/stac"))
    assert found["geometry"] is None
    assert "bbox" not in found


def test_results_across_the_antimeridian_and_others_are_all_around(valid: Valid) -> None:
    across: Geodata = {
        "bbox": [179.0, -19.0, -179.0, -18.0],
        "footprint": {"type": "MultiPolygon", "coordinates": []},
    }
    outputs = (output("map", replace(TIF, geodata=across)), output("tracts", GEO))
    found = valid(write(results(*outputs), "/jobs/j1/stac"))
    assert found["bbox"] == [-180.0, -19.0, 180.0, -7.0]


@pytest.mark.parametrize("value", [PICTURE, Literal(1), InlineBytes(b"x", PNG)])
def test_a_job_without_such_results_has_no_item(value: Value) -> None:
    reply = write(results(output("o", value)), "/jobs/j1/stac")
    assert reply.status == 404
    assert "results.stac" in document(reply)["detail"]


def test_the_item_is_linked_where_there_is_one() -> None:
    for file, linked in ((TIF, True), (PICTURE, False)):
        reply = write(
            results(
                output("o", file, by=Transmission.REFERENCE),
                output("n", Literal(1)),
                form=ResponseForm.DOCUMENT,
            ),
            "/jobs/j1/results",
        )
        links = [value for name, value in reply.headers if name == "Link"]
        item = f'<{JOB_ADDRESS}/stac>; rel="describedby"; type="application/geo+json"'
        assert (item in links) is linked
        page = content(write(results(output("o", file)), "/jobs/j1/results", "f=html"))
        assert (b"/stac" in page) is linked


def test_the_item_is_kept_by_clients_and_asked_for_again(valid: Valid) -> None:
    reply = write(results(output("map", TIF)), "/jobs/j1/stac")
    tag = header(reply, "ETag")
    assert tag is not None
    assert conditional(reply, "GET", {"if-none-match": tag}, refuse).status == 304


def test_what_is_known_of_a_file_survives_in_the_row() -> None:
    found = load_value(json.loads(json.dumps(dump_value(TIF))))
    assert isinstance(found, StoredFile)
    assert found.geodata == SCENE
