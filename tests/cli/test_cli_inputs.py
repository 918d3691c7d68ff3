"""`name=value` becomes the JSON that the input's description asks for, or is refused with what is allowed."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azenha.console.exact import read_json, write_json
from azenha.console.exits import USAGE, Stop
from azenha.console.inputs import Form, forms, read_inputs

TIFF = {"type": "string", "contentMediaType": "image/tiff; application=geotiff", "contentEncoding": "base64"}
GEOJSON = {"type": "object", "format": "geojson-feature-collection"}
GML = {"type": "string", "contentMediaType": "application/gml+xml"}
TEXT = {"type": "string", "contentMediaType": "text/csv"}
JSON = {"type": "object", "contentMediaType": "application/json"}
BOX = {
    "type": "object",
    "properties": {"bbox": {"type": "array"}, "crs": {"type": "string"}},
    "required": ["bbox"],
}
PLACE = {"type": "object", "properties": {"name": {"type": "string"}}}
GML2 = "http://www.opengis.net/gml/srs/epsg.xml#"
CRS = "http://www.opengis.net/def/crs/"


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, [Form("string")]),
        ({"type": "string", "format": "date-time"}, [Form("string")]),
        ({"type": "integer", "minimum": 1}, [Form("integer")]),
        ({"type": ["number", "null"]}, [Form("number")]),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, [Form("integer"), Form("string")]),
        (
            {"oneOf": [GML, GEOJSON]},
            [Form("data", "application/gml+xml"), Form("data", "application/geo+json")],
        ),
        ({"anyOf": [PLACE, {"type": "object"}]}, [Form("object")]),
        ({"type": "string", "oneOf": [{"contentMediaType": "text/a"}]}, [Form("data", "text/a")]),
        ({"allOf": [{"format": "ogc-bbox"}, {"type": "object"}]}, [Form("box")]),
        (
            {"$ref": "https://schemas.opengis.net/ogcapi/processes/part1/1.0/openapi/schemas/bbox.yaml"},
            [Form("box")],
        ),
        (BOX, [Form("box")]),
        (TIFF, [Form("data", "image/tiff; application=geotiff")]),
        ({"type": "string", "format": "binary"}, [Form("data")]),
        ({}, [Form("object")]),
    ],
)
def test_a_schema_tells_the_forms_of_a_value(schema, expected):
    assert forms(schema) == expected


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": "string"}, "", ""),
        ({"type": "string"}, "a=b, c", "a=b, c"),
        ({"type": "string"}, "7", "7"),
        ({"type": "string"}, "http://a.example/", "http://a.example/"),
        ({"type": "string"}, "@@home", "@home"),
        ({"type": "string"}, '{"a": 1}', '{"a": 1}'),
        ({"type": "integer"}, "7", 7),
        ({"type": "integer"}, " -7 ", -7),
        ({"type": "integer"}, "123456789012345678901234567890", 123456789012345678901234567890),
        ({"type": "number"}, "7", 7),
        ({"type": "number"}, "0.10000000000000000000001", Decimal("0.10000000000000000000001")),
        ({"type": "number"}, "1e-3", Decimal("0.001")),
        ({"type": "number"}, ".5", Decimal("0.5")),
        ({"type": "number"}, '{"value": 3, "uom": "km"}', {"value": 3, "uom": "km"}),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "0", False),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "7", 7),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "7a", "7a"),
        (BOX, "-35,-9,-34.5,-8", {"bbox": [-35, -9, Decimal("-34.5"), -8]}),
        (BOX, "1,2,3,4,EPSG:32725", {"bbox": [1, 2, 3, 4], "crs": CRS + "EPSG/0/32725"}),
        (BOX, f"1,2,3,4,{GML2}4326", {"bbox": [1, 2, 3, 4], "crs": f"{GML2}4326"}),
        (BOX, "1,2,3,4,CRS84", {"bbox": [1, 2, 3, 4], "crs": CRS + "OGC/1.3/CRS84"}),
        (BOX, "1,2,0,3,4,9", {"bbox": [1, 2, 0, 3, 4, 9]}),
        (BOX, "1,2,0,3,4,9,EPSG:4979", {"bbox": [1, 2, 0, 3, 4, 9], "crs": CRS + "EPSG/0/4979"}),
        (BOX, '{"bbox": [1, 2, 3, 4]}', {"bbox": [1, 2, 3, 4]}),
        (PLACE, '{"name": "Olinda"}', {"value": {"name": "Olinda"}}),
        (PLACE, '{"value": {"name": "Olinda"}}', {"value": {"name": "Olinda"}}),
        ({"type": "object", "properties": {"value": {}}}, '{"value": 1}', {"value": 1}),
        (GEOJSON, '{"type": "FeatureCollection"}', {"value": {"type": "FeatureCollection"}}),
        (JSON, "[1.50]", {"value": [Decimal("1.50")]}),
        (TIFF, "https://a.example/s.tif", {"href": "https://a.example/s.tif"}),
        (TIFF, '{"href": "http://a/s", "type": "image/tiff"}', {"href": "http://a/s", "type": "image/tiff"}),
        (TEXT, "a,b\n1,2", "a,b\n1,2"),
        ({"oneOf": [TEXT, GML]}, "a,b", {"value": "a,b", "mediaType": "text/csv"}),
    ],
)
def test_a_text_is_read_as_its_input_demands(schema, text, expected):
    got = read_inputs({"x": {"schema": schema}}, [f"x={text}"])["x"]
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("schema", "text", "problem"),
    [
        ({"type": "integer"}, "1.0", "input 'x': given '1.0'; allowed: a whole number"),
        ({"type": "integer"}, "", "given ''; allowed: a whole number"),
        ({"type": "integer"}, "1_000", "allowed: a whole number"),
        ({"type": "integer"}, "١", "allowed: a whole number"),
        ({"type": "number"}, "NaN", "given 'NaN'; allowed: a number"),
        ({"type": "number"}, "inf", "allowed: a number"),
        ({"type": "number"}, "1,5", "allowed: a number"),
        ({"type": "number"}, "1e999999999", "allowed: a number"),
        ({"type": "boolean"}, "yes", "given 'yes'; allowed: true or false"),
        (BOX, "1,2,3", "allowed: minx,miny,maxx,maxy"),
        (BOX, "1,2,3,x", "allowed: minx,miny,maxx,maxy"),
        (BOX, "1,2,3,4,", "allowed: minx,miny,maxx,maxy"),
        (BOX, "1,2,3,4,5,6,7,8", "allowed: minx,miny,maxx,maxy"),
        (PLACE, "Olinda", "allowed: a JSON object"),
        (PLACE, '{"name": ', "allowed: a JSON object; this is none: "),
        (
            TIFF,
            "scene.tif",
            "allowed: @file with its content (image/tiff; application=geotiff), or an http address",
        ),
        (TIFF, "@absent.tif", "allowed: a file that can be read; absent.tif: No such file"),
        (
            GEOJSON,
            "roads",
            "allowed: application/geo+json as text, @file with its content, or an http address",
        ),
        (
            {"oneOf": [{"type": "integer"}, {"type": "boolean"}]},
            "x",
            "allowed: a whole number, or true or false",
        ),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_what_is_allowed(schema, text, problem):
    with pytest.raises(Stop) as caught:
        read_inputs({"x": {"schema": schema}}, [f"x={text}"])
    assert caught.value.code == USAGE
    assert problem in caught.value.lines[0]


def test_every_problem_is_reported_at_once():
    inputs = {"red": {"schema": {"type": "integer"}}, "nir": {"schema": {"type": "integer"}}}
    with pytest.raises(Stop) as caught:
        read_inputs(inputs, ["red=a", "nir=1", "nir=2", "rde=1", "red"])
    assert sorted(caught.value.lines) == [
        "-i red: write it as name=value",
        "input 'nir' takes at most 1 value, got 2",
        "input 'red': given 'a'; allowed: a whole number",
        "the process has no input 'rde'; did you mean 'red'?",
    ]


@pytest.mark.parametrize(
    ("description", "given", "expected"),
    [
        ({"schema": {"type": "integer"}, "maxOccurs": 3}, ["x=1", "x=2"], [1, 2]),
        ({"schema": {"type": "integer"}, "maxOccurs": "unbounded"}, ["x=1"], [1]),
        ({"schema": {"type": "array", "items": {"type": "string"}}}, ["x=1", "x=2"], ["1", "2"]),
        (
            {"schema": TIFF, "maxOccurs": 2},
            ["x=http://a/1", "x=http://a/2"],
            [{"href": "http://a/1"}, {"href": "http://a/2"}],
        ),
    ],
)
def test_an_input_of_several_values_gets_an_array_also_of_one(description, given, expected):
    assert read_inputs({"x": description}, given) == {"x": expected}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("schema", "name", "content", "expected"),
    [
        (
            TIFF,
            "s.tif",
            b"II*\0\xff",
            {"value": encoded(b"II*\0\xff"), "mediaType": TIFF["contentMediaType"], "encoding": "base64"},
        ),
        (
            TIFF,
            "s.dat",
            b"II",
            {"value": encoded(b"II"), "mediaType": TIFF["contentMediaType"], "encoding": "base64"},
        ),
        (GEOJSON, "a.json", b'{"type": "X"}', {"value": {"type": "X"}, "mediaType": "application/geo+json"}),
        ({"oneOf": [GEOJSON, GML]}, "a.gml", b"<a/>", {"value": "<a/>", "mediaType": "application/gml+xml"}),
        ({"oneOf": [GEOJSON, GML]}, "a.XML", b"<a/>", {"value": "<a/>", "mediaType": "application/gml+xml"}),
        (
            GML,
            "a.gml",
            b"\xe9",
            {"value": encoded(b"\xe9"), "mediaType": "application/gml+xml", "encoding": "base64"},
        ),
        (
            {"type": "string", "format": "binary"},
            "a.png",
            b"\x89",
            {"value": "iQ==", "mediaType": "image/png", "encoding": "base64"},
        ),
        ({"type": "string"}, "a.txt", b"@olinda\n", "@olinda"),
        ({"type": "integer"}, "a.txt", b"7\r\n", 7),
        (PLACE, "a.json", b'{"name": "x"}', {"value": {"name": "x"}}),
    ],
)
def test_a_file_is_sent_as_its_name_and_the_input_tell(tmp_path, schema, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert read_inputs({"x": {"schema": schema}}, [f"x=@{tmp_path / name}"]) == {"x": expected}


def offering(*media_types: str) -> dict[str, object]:
    return {"oneOf": [{"type": "string", "contentMediaType": one} for one in media_types]}


@pytest.mark.parametrize(
    ("offered", "name", "sent_as"),
    [
        (("application/geo+json", "application/zip"), "roads.shp.zip", "application/zip"),
        (("application/x-shapefile",), "roads.shp.zip", "application/x-shapefile"),
        (("application/zip", "application/x-shapefile"), "roads.SHP.zip", "application/x-shapefile"),
        (("application/x-shapefile",), "roads.zip", "application/x-shapefile"),
        (("application/vnd.flatgeobuf",), "roads.fgb", "application/vnd.flatgeobuf"),
        (("image/geotiff",), "a.tif", "image/geotiff"),
        (("*/*", "application/x-shapefile"), "roads.shp.zip", "application/x-shapefile"),
        (("*/*",), "roads.shp.zip", "application/x-zipped-shp"),
    ],
)
def test_a_file_may_be_sent_by_any_name_of_its_format(tmp_path, offered, name, sent_as):
    (tmp_path / name).write_bytes(b"PK")
    got = read_inputs({"x": {"schema": offering(*offered)}}, [f"x=@{tmp_path / name}"])["x"]
    assert got["mediaType"] == sent_as


@pytest.mark.parametrize("content", ["Ã©", "é"])
def test_text_in_another_encoding_travels_as_its_bytes(tmp_path, content):
    data = f'<?xml version="1.0" encoding="ISO-8859-1"?><a>{content}</a>'.encode("latin-1")
    (tmp_path / "a.gml").write_bytes(data)
    given = read_inputs({"x": {"schema": GML}}, [f"x=@{tmp_path / 'a.gml'}"])["x"]
    assert (given["encoding"], base64.b64decode(given["value"])) == ("base64", data)


@pytest.mark.parametrize(
    ("schema", "name", "content", "problem"),
    [
        (TIFF, "a.png", b"", "a.png looks like image/png"),
        (GEOJSON, "a.geojson", b"{", "is none: "),
        ({"type": "string"}, "a.txt", b"\xff", "allowed: UTF-8 text"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, schema, name, content, problem):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Stop) as caught:
        read_inputs({"x": {"schema": schema}}, [f"x=@{tmp_path / name}"])
    assert problem in caught.value.lines[0]


@settings(deadline=None)  # the machine may be busy
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_a_number_arrives_with_every_digit_that_was_typed(number):
    (sent,) = read_inputs({"x": {"schema": {"type": "number"}}}, [f"x={number}"]).values()
    assert read_json(write_json(sent)) == number


@settings(deadline=None)  # the machine may be busy
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.decimals(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    ),
    st.sampled_from([None, 2]),
)
def test_json_is_written_so_that_it_reads_back_the_same(value, indent):
    assert read_json(write_json(value, indent)) == value
