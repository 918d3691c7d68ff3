from __future__ import annotations

from urllib.parse import quote

import pytest

from azenha.domain.crs import CRS84H, crs_name, epsg_code, known_crs
from azenha.domain.process import CRS84, Crs

EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
COMPOUND = (
    f"http://www.opengis.net/def/crs-compound?1={EPSG_4326}&2=http://www.opengis.net/def/crs/EPSG/0/5773"
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EPSG:4326", EPSG_4326),
        ("epsg:4326", EPSG_4326),
        ("EPSG::4326", EPSG_4326),
        ("[EPSG:4326]", EPSG_4326),
        ("urn:ogc:def:crs:EPSG::4326", EPSG_4326),
        ("urn:ogc:def:crs:EPSG:6.9:4326", EPSG_4326),
        ("urn:ogc:def:crs:EPSG:4326", EPSG_4326),
        ("urn:x-ogc:def:crs:EPSG:4326", EPSG_4326),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", EPSG_4326),
        ("https://www.opengis.net/def/crs/EPSG/9.9.1/4326", EPSG_4326),
        ("http://opengis.net/def/crs/EPSG/0/4326", EPSG_4326),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", EPSG_4326),
        ("https://opengis.net/gml/srs/epsg.xml#4326", EPSG_4326),
        ("CRS84", CRS84),
        ("CRS:84", CRS84),
        ("OGC:CRS84", CRS84),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", CRS84),
        ("urn:ogc:def:crs:OGC::CRS84", CRS84),
        ("https://www.opengis.net/def/crs/OGC/1.3/CRS84", CRS84),
        ("http://www.opengis.net/def/crs/OGC/0/CRS84h", CRS84H),
        ("OGC:CRS84h", CRS84H),
        ("urn:ogc:def:crs:OGC:2:84", CRS84),
        ("urn:ogc:def:crs:OGC::84", CRS84),
        ("EPSG:4326+5773", COMPOUND),
        ("epsg:4326+EPSG:5773", COMPOUND),
        ("urn:ogc:def:crs,crs:EPSG::4326,crs:EPSG::5773", COMPOUND),
        ("urn:ogc:def:crs,crs:EPSG:6.9:4326, crs:EPSG:6.9:5773", COMPOUND),
        (COMPOUND.replace("http:", "https:"), COMPOUND),
        (COMPOUND.replace(EPSG_4326, quote(EPSG_4326, safe="")), COMPOUND),
    ],
)
def test_every_way_of_writing_a_reference_system_has_one_canonical_name(text: str, name: str) -> None:
    assert crs_name(text) == name
    assert crs_name(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "somewhere",
        "EPSG:",
        "EPSG:43x",
        "EPSG:٤٣٢٦",
        "EPSG:4326+",
        "urn:ogc:def:crs,crs:EPSG::4326",
        "http://evil.example/def/crs/EPSG/0/4326",
        "http://www.opengis.net/gml/srs/epsg.xml",
        "http://www.opengis.net/gml/srs/epsgxxml#4326",
    ],
)
def test_a_name_of_no_known_form_stays_as_it_was_written(text: str) -> None:
    assert crs_name(text) == text
    assert epsg_code(text) is None


@pytest.mark.parametrize(
    ("text", "crs"),
    [
        ("CRS84", Crs(CRS84, circle=360)),
        ("CRS84h", Crs(CRS84H, circle=360)),
        ("EPSG:4326", Crs(EPSG_4326, swapped=True, circle=360)),
        ("EPSG:4258", Crs("http://www.opengis.net/def/crs/EPSG/0/4258", swapped=True, circle=360)),
        ("EPSG:4979", Crs("http://www.opengis.net/def/crs/EPSG/0/4979", swapped=True, circle=360)),
        ("EPSG:3035", Crs("http://www.opengis.net/def/crs/EPSG/0/3035", swapped=True)),
        ("EPSG:4326+5773", Crs(COMPOUND, swapped=True, circle=360)),
        ("EPSG:3857", Crs("http://www.opengis.net/def/crs/EPSG/0/3857")),
        ("EPSG:32601", Crs("http://www.opengis.net/def/crs/EPSG/0/32601")),
        ("EPSG:32760", Crs("http://www.opengis.net/def/crs/EPSG/0/32760")),
        ("EPSG:32661", None),
        ("EPSG:31985", Crs("http://www.opengis.net/def/crs/EPSG/0/31985")),
        ("EPSG:2393", None),
        ("EPSG:2393+5773", None),
        ("nonsense", None),
    ],
)
def test_the_axis_order_of_common_systems_is_known_without_a_database(text: str, crs: Crs | None) -> None:
    assert known_crs(text) == crs


def test_what_is_known_of_axes_is_what_the_database_of_epsg_says() -> None:
    pyproj = pytest.importorskip("pyproj", reason="pyproj is not installed")
    for code in {4326, 4978, *range(2000, 33000)}:
        known = known_crs(f"EPSG:{code}")
        if known is None:
            continue
        found = pyproj.CRS.from_epsg(code)
        axis = found.axis_info[0]
        assert known.swapped == any(word in axis.name.lower() for word in ("north", "lat")), code
        assert known.circle == (360 if found.is_geographic and axis.unit_name == "degree" else None), code
