from __future__ import annotations

import pytest

from azenha.domain.crs import CRS84H, crs_name, epsg_code, known_crs
from azenha.domain.process import CRS84, Crs

EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"


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
        ("CRS84", CRS84),
        ("CRS:84", CRS84),
        ("OGC:CRS84", CRS84),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", CRS84),
        ("urn:ogc:def:crs:OGC::CRS84", CRS84),
        ("https://www.opengis.net/def/crs/OGC/1.3/CRS84", CRS84),
        ("http://www.opengis.net/def/crs/OGC/0/CRS84h", CRS84H),
        ("OGC:CRS84h", CRS84H),
    ],
)
def test_every_way_of_writing_a_reference_system_has_one_canonical_name(text: str, name: str) -> None:
    assert crs_name(text) == name
    assert crs_name(name) == name


@pytest.mark.parametrize(
    "text", ["", "somewhere", "EPSG:", "EPSG:43x", "EPSG:٤٣٢٦", "http://evil.example/def/crs/EPSG/0/4326"]
)
def test_a_name_of_no_known_form_stays_as_it_was_written(text: str) -> None:
    assert crs_name(text) == text
    assert epsg_code(text) is None


@pytest.mark.parametrize(
    ("text", "crs"),
    [
        ("CRS84", Crs(CRS84)),
        ("EPSG:4326", Crs(EPSG_4326, swapped=True)),
        ("EPSG:4258", Crs("http://www.opengis.net/def/crs/EPSG/0/4258", swapped=True)),
        ("EPSG:4979", Crs("http://www.opengis.net/def/crs/EPSG/0/4979", swapped=True)),
        ("EPSG:3857", Crs("http://www.opengis.net/def/crs/EPSG/0/3857")),
        ("EPSG:32601", Crs("http://www.opengis.net/def/crs/EPSG/0/32601")),
        ("EPSG:32760", Crs("http://www.opengis.net/def/crs/EPSG/0/32760")),
        ("EPSG:32661", None),
        ("EPSG:31985", None),
        ("nonsense", None),
    ],
)
def test_the_axis_order_of_common_systems_is_known_without_a_database(text: str, crs: Crs | None) -> None:
    assert known_crs(text) == crs
