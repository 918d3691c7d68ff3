"""What of a client's request reaches the map server."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

import pytest
from publishing import request

from azenha.adapters.publishers.mapserver.asked import passed
from azenha.domain.errors import (
    BadParameter,
    BadRequest,
    MethodNotAllowed,
    OptionNotOffered,
    TooLarge,
    UnsupportedMediaType,
)
from azenha.usecases.ports import ServiceRequest


def query(asked: ServiceRequest) -> str:
    return passed(asked).query


MAP = "service=WMS&request=GetMap"
GET_FEATURE = b'<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0"/>'
GET_COVERAGE = b'<wcs:GetCoverage xmlns:wcs="http://www.opengis.net/wcs/2.0" service="WCS" version="2.0.1"/>'


@pytest.mark.parametrize(
    "name",
    [
        "map",
        "MAP",
        "mode",
        "map_layer[map]_data",
        "map.layer[0].data",
        "map_imagetype",
        "config",
        "queryfile",
    ],
)
def test_what_would_choose_or_change_the_map_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadParameter, match="is not taken here"):
        query(request(f"{MAP}&{urlencode({name: '/etc/passwd'})}"))


@pytest.mark.parametrize("name", ["SLD", "sld", "SLD_BODY"])
def test_styles_of_a_client_s_are_refused(name: str) -> None:
    with pytest.raises(OptionNotOffered, match="SLD"):
        query(request(f"{MAP}&{name}=http%3A%2F%2Fexample.org%2Fstyle.xml"))


def test_what_is_not_of_the_service_is_ignored_and_the_rest_is_as_it_was() -> None:
    given = f"{MAP}&LAYERS=a,b&DPI=96&MAP_RESOLUTION=96&FORMAT_OPTIONS=dpi:96&imgxy=1&BBOX=1,2,3,4&qlayer=x"
    assert parse_qs(query(request(given))) == {
        "service": ["WMS"],
        "request": ["GetMap"],
        "LAYERS": ["a,b"],
        "MAP_RESOLUTION": ["96"],
        "BBOX": ["1,2,3,4"],
    }


def test_a_filter_s_text_arrives_whole() -> None:
    text = '<fes:Filter><fes:PropertyIsEqualTo>ö & "x"=%</fes:PropertyIsEqualTo></fes:Filter>'
    passed = query(request(urlencode({"service": "WFS", "request": "GetFeature", "filter": text})))
    assert parse_qs(passed)["filter"] == [text]


def test_wms_1_1_1_names_no_service_where_it_asks_for_a_map() -> None:
    assert parse_qs(query(request("VERSION=1.1.1&REQUEST=GetMap")))["service"] == ["WMS"]


@pytest.mark.parametrize("given", ["", "service=WMS", "service=SOS&request=GetCapabilities", "f=json"])
def test_what_asks_for_no_service_is_refused(given: str) -> None:
    with pytest.raises(BadParameter):
        query(request(given))


@pytest.mark.parametrize(
    "given", ["service=WMS&request=GetMap&layers=%ff", MAP + "&x=1" * 300, f"{MAP}&layers=a%00b"]
)
def test_a_query_that_cannot_be_read_is_refused(given: str) -> None:
    with pytest.raises(BadParameter):
        query(request(given))


def test_a_posted_form_is_looked_at_like_a_query() -> None:
    form = "application/x-www-form-urlencoded"
    posted = request("", "", "POST", b"service=WMS&request=GetMap&layers=a", content_type=form)
    assert parse_qs(query(posted))["layers"] == ["a"]
    for bad, refusal in ((b"&map=x", BadParameter), (b"&SLD=x", OptionNotOffered), (b"&x=\xff", BadRequest)):
        with pytest.raises(refusal):
            query(request("service=WMS&request=GetMap", "", "POST", bad, content_type=form))


def test_a_form_that_no_child_could_be_given_is_refused() -> None:
    filter = urlencode({"service": "WFS", "request": "GetFeature", "filter": "é" * 20_000}).encode()
    form = "application/x-www-form-urlencoded"
    with pytest.raises(TooLarge, match=r"at most 100,000 .* posted as XML"):
        query(request("", "", "POST", filter, content_type=form))


@pytest.mark.parametrize("body", [GET_FEATURE, GET_COVERAGE], ids=["wfs", "wcs"])
def test_requests_in_xml_are_those_of_wfs_and_wcs(body: bytes) -> None:
    assert query(request("dpi=1", "", "POST", body, content_type="text/xml; charset=UTF-8")) == ""
    with pytest.raises(BadParameter):
        query(request("map=x", "", "POST", body, content_type="text/xml"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a",
        b'<a xmlns="http://www.opengis.net/sld"/>',
        b'<a xmlns="http://www.opengis.net/wfs.evil"/>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a xmlns="http://www.opengis.net/wfs/2.0">&e;</a>',
    ],
    ids=["nothing", "broken", "sld", "foreign", "doctype"],
)
def test_other_xml_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        query(request("", "", "POST", body, content_type="application/xml"))


def test_other_bodies_are_refused() -> None:
    with pytest.raises(UnsupportedMediaType):
        query(request(MAP, "", "POST", b"{}", content_type="application/json"))


def test_what_is_posted_is_passed_on_as_it_was_read_here_in_utf_8() -> None:
    text = '<?xml version="1.0" encoding="utf-16"?><g:GetFeature xmlns:g="http://www.opengis.net/wfs/2.0" a="é"/>'
    found = passed(request("", "", "POST", text.encode("utf-16"), content_type="text/xml"))
    assert found.body is not None
    assert found.body.decode().endswith('<g:GetFeature xmlns:g="http://www.opengis.net/wfs/2.0" a="é"/>')
    assert passed(request(MAP)).body is None


def test_of_the_api_the_parameters_of_its_standard_pass_and_others_are_refused() -> None:
    assert query(request("f=json&limit=2&bbox=1,2,3,4", "/ogcapi/collections/map/items")) == (
        "f=json&limit=2&bbox=1%2C2%2C3%2C4"
    )
    for name in ("name", "crs", "service", "LIMIT"):
        with pytest.raises(BadParameter, match=f"no parameter '{name}' here; there is f, limit"):
            query(request(f"{name}=x", "/ogcapi/collections/map/items"))
    with pytest.raises(BadParameter):
        query(request("map=x", "/ogcapi"))
    with pytest.raises(MethodNotAllowed):
        query(request("", "/ogcapi", "POST", b""))


@pytest.mark.parametrize(
    "path", ["/ogcapi/../x", "/ogcapi//", "/ogcapi/a b", "/ogcapi/é", "/ogcapi/" + "a/" * 9]
)
def test_other_paths_of_the_api_are_refused(path: str) -> None:
    with pytest.raises(BadRequest):
        query(request("", path))
