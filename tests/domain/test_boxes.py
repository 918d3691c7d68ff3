"""Bounding boxes: axis order, CRS, corners."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain import boxes
from azenha.domain.canonical import dump_values, load_values
from azenha.domain.lexical import NotAValue
from azenha.domain.process import CRS84, LONGITUDE_LATITUDE, BoxDomain, Crs
from azenha.domain.values import Box, Lexical, RawBox

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
GML2 = "http://www.opengis.net/gml/srs/epsg.xml#"
LON_LAT = LONGITUDE_LATITUDE
WGS84, UTM = Crs(EPSG + "4326", swapped=True, circle=360.0), Crs(EPSG + "32725")
PARIS = Crs(EPSG + "4807", swapped=True, circle=400.0)  # in grads
ANY = BoxDomain((LON_LAT, WGS84, UTM, PARIS), (2, 3))
FLAT = BoxDomain((LON_LAT,))

READ = [
    (FLAT, RawBox((1, 2, 3, 4)), Box((1, 2), (3, 4), CRS84)),
    (FLAT, RawBox((Decimal("1.5"), 2, 3, 4), "CRS84"), Box((1.5, 2), (3, 4), CRS84)),
    (FLAT, RawBox((1, 2, 1, 2)), Box((1, 2), (1, 2), CRS84)),
    (ANY, RawBox((-8, -35, -7, -34), "EPSG:4326"), Box((-35, -8), (-34, -7), WGS84.name)),
    (ANY, RawBox((-8, -35, -7, -34), "urn:ogc:def:crs:EPSG:6.6:4326"), Box((-35, -8), (-34, -7), WGS84.name)),
    (ANY, RawBox((-35, -8, -34, -7), f"{GML2}4326"), Box((-35, -8), (-34, -7), WGS84.name, True)),
    (ANY, RawBox((-35, -8, 0, -34, -7, 9), f"[{GML2}4326]"), Box((-35, -8, 0), (-34, -7, 9), WGS84.name)),
    (ANY, boxes.written(f"-35,-8,-34,-7,{GML2}4326"), Box((-35, -8), (-34, -7), WGS84.name)),
    (ANY, RawBox((1e7, -1e7, 2e7, 1e8), f"{GML2}32725"), Box((1e7, -1e7), (2e7, 1e8), UTM.name)),
    (ANY, RawBox((-8, -35, 0, -7, -34, 9), WGS84.name), Box((-35, -8, 0), (-34, -7, 9), WGS84.name)),
    (ANY, RawBox((170, -10, -170, 10)), Box((170, -10), (-170, 10), CRS84)),
    (ANY, RawBox((-10, 170, 10, -170), "EPSG:4326"), Box((170, -10), (-170, 10), WGS84.name)),
    (ANY, RawBox((350, -90, 10, 90)), Box((350, -90), (10, 90), CRS84)),
    (ANY, RawBox((0, -90, 360, 90)), Box((0, -90), (360, 90), CRS84)),
    (ANY, RawBox((-100, -200, 100, 200), "EPSG:4807"), Box((-200, -100), (200, 100), PARIS.name)),
    (ANY, RawBox((1e7, -1e7, 2e7, 1e8), "EPSG:32725"), Box((1e7, -1e7), (2e7, 1e8), UTM.name)),
    (ANY, RawBox(tuple(map(Lexical, (" 1 ", "2", "3e0", "4.")))), Box((1, 2), (3, 4), CRS84)),
    (ANY, boxes.written("1, 2,3,4"), Box((1, 2), (3, 4), CRS84)),
    (ANY, boxes.written("-8,-35,-7,-34,EPSG:4326"), Box((-35, -8), (-34, -7), WGS84.name)),
    (ANY, boxes.written("-8,-35,-7,-34,EPSG:4326,2"), Box((-35, -8), (-34, -7), WGS84.name)),
]


@pytest.mark.parametrize(("domain", "raw", "box"), READ)
def test_a_box_comes_out_easting_first_whatever_its_crs(domain, raw, box):
    assert boxes.read(domain, raw) == box


REFUSED = [
    (FLAT, RawBox((1, 2)), "expected 4 numbers, got 2"),
    (FLAT, RawBox((1, 2, 3, 4, 5, 6)), "expected 4 numbers, got 6"),
    (ANY, RawBox((1, 2, 3, 4, 5)), "expected 4 or 6 numbers, got 5"),
    (FLAT, RawBox((1, 2, 3, 4), "EPSG:4326"), f"CRS 'EPSG:4326' is not offered; offered: {CRS84}"),
    (FLAT, RawBox((1, 2, 3, 4), "no such thing"), "CRS 'no such thing' is not offered"),
    (FLAT, RawBox((1, 2, "3", 4)), "coordinate 3: expected a number, got the string '3'"),
    (FLAT, RawBox((True, 2, 3, 4)), "coordinate 1: expected a number, got true"),
    (FLAT, RawBox((1, 2, 3, None)), "coordinate 4: expected a number, got null"),
    (FLAT, RawBox((1, 2, 3, float("nan"))), "coordinate 4: expected a finite number"),
    (FLAT, RawBox((1, 2, 3, Lexical("INF"))), "coordinate 4: expected a finite number"),
    (FLAT, RawBox((1, 4, 3, 2)), "its lower latitude 4.0 is above its upper latitude 2.0"),
    (ANY, RawBox((3, 2, 1, 4), "EPSG:32725"), "its lower easting 3.0 is above its upper easting 1.0"),
    (
        ANY,
        RawBox((8, 1, 7, 2), "EPSG:4326"),
        "latitude 8.0 is above its upper latitude 7.0 (http://www.opengis.net/def/crs/EPSG/0/4326 is latitude first)",
    ),
    (ANY, RawBox((1, 2, 9, 3, 4, 8)), "its lower height 9.0 is above its upper height 8.0"),
    (ANY, RawBox((-122.4, 37, -122, 38), WGS84.name), "its latitude -122.4 is not within -90 to 90"),
    (ANY, RawBox((-122.4, 37, -122, 38), WGS84.name), "4326 is latitude first)"),
    (ANY, RawBox((-8, -122, -7, -121), f"{GML2}4326"), "epsg.xml#4326' is longitude first)"),
    (FLAT, RawBox((0, -90.01, 1, 0)), "its latitude -90.01 is not within -90 to 90"),
    (FLAT, RawBox((0, 0, 360.5, 1)), "its longitude 360.5 is not within -180 to 360"),
    (FLAT, RawBox((-181, 0, 0, 1)), "its longitude -181.0 is not within -180 to 360"),
    (
        FLAT,
        RawBox((-100, 0, 300, 1)),
        "its longitudes -100.0 to 300.0 are more than a whole turn, which is 360",
    ),
    (ANY, RawBox((0, 0, 100.5, 1), PARIS.name), "its latitude 100.5 is not within -100 to 100"),
]


@pytest.mark.parametrize(("domain", "raw", "reason"), REFUSED)
def test_a_box_that_is_none_is_refused_with_its_reason(domain, raw, reason):
    with pytest.raises(NotAValue) as refusal:
        boxes.read(domain, raw)
    assert reason in str(refusal.value)


NOTATIONS = [
    "EPSG:4326",
    "epsg:4326",
    "[EPSG:4326]",
    "urn:ogc:def:crs:EPSG::4326",
    "urn:ogc:def:crs:EPSG:6.6:4326",
    "urn:x-ogc:def:crs:EPSG:4326",
    "http://www.opengis.net/def/crs/EPSG/0/4326",
    "https://www.opengis.net/def/crs/EPSG/0/4326",
]
EASTING_FIRST = [
    "CRS84",
    "OGC:CRS84",
    "CRS:84",
    "urn:ogc:def:crs:OGC:1.3:CRS84",
    "urn:ogc:def:crs:OGC::CRS84",
    "urn:ogc:def:crs:OGC:2:84",
    "[OGC:CRS84]",
    CRS84,
]


@pytest.mark.parametrize("name", NOTATIONS)
def test_epsg_4326_is_latitude_first_in_every_notation_in_two_and_three_dimensions(name):
    assert boxes.read(ANY, RawBox((-8, -35, -7, -34), name)) == Box((-35, -8), (-34, -7), WGS84.name)
    assert boxes.read(ANY, RawBox((-8, -35, 5, -7, -34, 9), name, 3)) == Box(
        (-35, -8, 5), (-34, -7, 9), WGS84.name
    )
    assert boxes.read(ANY, boxes.written(f"-8,-35,-7,-34,{name}")).minimum == (-35, -8)


@pytest.mark.parametrize("name", EASTING_FIRST)
def test_crs84_is_longitude_first_in_every_notation_in_two_and_three_dimensions(name):
    assert boxes.read(ANY, RawBox((-35, -8, -34, -7), name)) == Box((-35, -8), (-34, -7), CRS84)
    assert boxes.read(ANY, RawBox((-35, -8, 5, -34, -7, 9), name)) == Box((-35, -8, 5), (-34, -7, 9), CRS84)


@pytest.mark.parametrize("count", [4, 6])
@pytest.mark.parametrize("dimensions", [0, 1, 2, 3, 4])
def test_dimensions_that_a_client_names_are_those_of_its_coordinates(count, dimensions):
    raw = RawBox(tuple(range(count)), "EPSG:4326", dimensions)
    if dimensions == count // 2:
        assert len(boxes.read(ANY, raw).minimum) == dimensions
        return
    with pytest.raises(NotAValue, match=f"{count} numbers are a box of {count // 2} dimensions, not of"):
        boxes.read(ANY, raw)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "1 2 3 4", "a,b,c,d", "EPSG:4326,1,2,3,4"])
def test_a_text_that_does_not_begin_with_a_box_is_refused(text):
    with pytest.raises(NotAValue, match="expected 4 or 6 numbers"):
        boxes.written(text)


@pytest.mark.parametrize("text", ["1,2,3,4,EPSG:4326,3", "1,2,3,4,5,6,EPSG:4326,2", "1,2,3,4,EPSG:4326,0"])
def test_dimensions_that_contradict_the_numbers_are_refused(text):
    with pytest.raises(NotAValue, match="dimensions, not of"):
        boxes.written(text)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


NORTHING_FIRST_TOO = Crs(EPSG + "2393", swapped=True)  # of no table: its description knows
CRSS = (LON_LAT, WGS84, UTM, NORTHING_FIRST_TOO)


@st.composite
def any_box(draw, crs):
    """A box of two or three dimensions that its system can have, across the antimeridian too."""
    if crs.circle is None:
        places = [sorted((draw(NUMBERS), draw(NUMBERS))) for _ in range(2)]
    else:
        half = crs.circle / 2
        longitudes = [draw(st.floats(-half, half)), draw(st.floats(-half, half))]
        places = [
            longitudes,
            sorted((draw(st.floats(-half / 2, half / 2)), draw(st.floats(-half / 2, half / 2)))),
        ]
    heights = [sorted((draw(NUMBERS), draw(NUMBERS)))] if draw(st.booleans()) else []
    lower, upper = zip(*places, *heights, strict=True)
    return Box(lower, upper, crs.name)


@given(st.data(), st.sampled_from(CRSS))
def test_a_box_written_in_the_order_of_its_crs_is_read_back_the_same(data, crs):
    box = data.draw(any_box(crs))
    dimensions = len(box.minimum)
    domain = BoxDomain(CRSS, (2, 3))
    numbers = [n for corner in boxes.corners(box, domain.crss) for n in corner]
    as_text = tuple(Lexical(repr(n)) for n in numbers)
    assert boxes.read(domain, RawBox(tuple(numbers), crs.name, dimensions)) == box
    assert boxes.read(domain, RawBox(as_text, crs.name)) == box
    assert (
        boxes.read(domain, boxes.written(",".join([*map(repr, numbers), crs.name, str(dimensions)]))) == box
    )


def test_corners_are_written_as_the_description_or_the_authority_orders_the_axes():
    flat, high = ((-35.0, -8.0), (-34.0, -7.0)), ((-35.0, -8.0, 5.0), (-34.0, -7.0, 9.0))
    assert boxes.corners(Box(*flat, CRS84)) == flat
    assert boxes.corners(Box(*flat, WGS84.name)) == ((-8.0, -35.0), (-7.0, -34.0))
    assert boxes.corners(Box(*high, WGS84.name)) == ((-8.0, -35.0, 5.0), (-7.0, -34.0, 9.0))
    assert boxes.corners(Box(*flat, NORTHING_FIRST_TOO.name), CRSS) == ((-8.0, -35.0), (-7.0, -34.0))
    assert boxes.corners(Box(*flat, NORTHING_FIRST_TOO.name)) == flat


def test_a_box_whose_description_is_gone_is_written_in_the_order_in_which_it_came():
    domain = BoxDomain((NORTHING_FIRST_TOO,))
    came = boxes.read(domain, RawBox((2, 1, 4, 3), NORTHING_FIRST_TOO.name))
    assert came.minimum == (1, 2)
    kept = load_values(json.loads(json.dumps(dump_values({"a": (came,)}))))["a"][0]
    assert boxes.corners(kept) == ((2, 1), (4, 3))
    assert boxes.corners(Box((1, 2), (3, 4), NORTHING_FIRST_TOO.name)) == ((1, 2), (3, 4))  # nobody knows
