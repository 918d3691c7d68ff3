"""In which edition and envelope a request is answered, found by its beginning alone."""

from __future__ import annotations

import pytest

from azenha.protocols.http import START, HttpRequest
from azenha.protocols.soap import Soap
from azenha.protocols.wps.manner import Manner, manner

V1, V2 = "http://www.opengis.net/wps/1.0.0", "http://www.opengis.net/wps/2.0"
OWS1, OWS2 = "http://www.opengis.net/ows/1.1", "http://www.opengis.net/ows/2.0"
S11, S12 = (version.value for version in (Soap.V1_1, Soap.V1_2))
BOTH = ("2.0.0", "1.0.0")


@pytest.mark.parametrize(
    ("query", "version"),
    [
        ("", "2.0.0"),
        ("service=WPS&request=GetCapabilities", "2.0.0"),
        ("service=WPS&REQUEST=getcapabilities&Version=1.0.0", "1.0.0"),
        ("request=GetCapabilities&AcceptVersions=9.0,1.0.0,2.0.0", "1.0.0"),
        ("request=GetCapabilities&AcceptVersions=2.0.0&version=1.0.0", "2.0.0"),
        ("request=GetCapabilities&AcceptVersions=3.0.0", "2.0.0"),
        ("request=DescribeProcess&version=1.0.0", "1.0.0"),
        ("request=DescribeProcess&version=1.0.0&AcceptVersions=2.0.0", "1.0.0"),
        ("request=DescribeProcess&version=7", "2.0.0"),
        ("request=a&request=b&version=1.0.0", "2.0.0"),
        ("WSDL", "1.0.0"),
        ("service=WPS&request=GetWSDL", "1.0.0"),
        ("service=WPS&request=GetCapabilities&wsdl", "2.0.0"),
    ],
)
def test_a_query_is_answered_in_the_version_that_it_names(query: str, version: str) -> None:
    assert manner(HttpRequest("GET", "/", query), BOTH) == Manner(version)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f'<w:Execute xmlns:w="{V1}">', Manner("1.0.0")),
        (f'<?xml version="1.0"?><!-- c --><Execute xmlns="{V2}">', Manner("2.0.0")),
        ((f'<e:Envelope xmlns:e="{S11}"><e:Header><w:Execute xmlns:w="{V2}"/></e:Header><e:Body><w:Execute '
         f'xmlns:w="{V1}">'), Manner("1.0.0", Soap.V1_1)),
        (f'<e:Envelope xmlns:e="{S12}"><e:Body><Execute xmlns="{V1}"', Manner("2.0.0", Soap.V1_2)),
        (f'<e:Envelope xmlns:e="{S12}"><e:Body><Execute xmlns="{V1}"/>', Manner("1.0.0", Soap.V1_2)),
        (f'<w:GetCapabilities xmlns:w="{V1}"/>', Manner("1.0.0")),
        ((f'<w:GetCapabilities xmlns:w="{V1}"><w:AcceptVersions><o:Version xmlns:o="{OWS1}"> 2.0.0</o:Version>'
         "</w:AcceptVersions></w:GetCapabilities>"), Manner("2.0.0")),
        ((f'<w:GetCapabilities xmlns:w="{V2}"><o:AcceptVersions xmlns:o="{OWS2}"><o:Version>1.0.0</o:Version>'
         "</o:AcceptVersions></w:GetCapabilities>"), Manner("1.0.0")),
        (f'<w:GetCapabilities xmlns:w="{V1}"></w:getcapabilities>', Manner("1.0.0")),
        ("<other/>", Manner("2.0.0")),
        ("<w:Execute/>", Manner("2.0.0")),
        ('<Execute xmlns="a}b"/>', Manner("2.0.0")),
        (f'<w:GetCapabilities xmlns:w="{V1}"><o:Version/>', Manner("1.0.0")),
        ("", Manner("2.0.0")),
        ("not xml", Manner("2.0.0")),
        (f'<!DOCTYPE a [<!ENTITY b "c">]><w:Execute xmlns:w="{V1}">&b;', Manner("2.0.0")),
        (f'<?xml version="1.0"?> <!-- - --><!DOCTYPE a><w:Execute xmlns:w="{V1}">', Manner("2.0.0")),
        (f'<w:Execute xmlns:w="{V1}"><w:LiteralData><![CDATA[<!DOCTYPE html>]]></w:LiteralData>', Manner("1.0.0")),
        (f'<!-- {"licence " * 2000}--><w:Execute xmlns:w="{V1}">', Manner("1.0.0")),
        (f'<e:Envelope xmlns:e="{S12}"><e:Header><t>{"token " * 2000}</t></e:Header><e:Body><Execute xmlns="{V1}">',
         Manner("1.0.0", Soap.V1_2)),
    ],
)  # fmt: skip
def test_a_body_is_answered_as_it_begins(body: str, expected: Manner) -> None:
    found = manner(HttpRequest("POST", "/", "version=1.0.0", start=body.encode()[:START]), BOTH)
    assert found == expected


def test_a_large_body_that_is_gone_is_answered_by_its_first_bytes() -> None:
    start = f'<w:Execute xmlns:w="{V1}"><w:DataInputs>{"x" * START}'.encode()[:START]
    assert manner(HttpRequest("POST", "/", start=start), BOTH) == Manner("1.0.0")


def test_an_address_of_one_edition_answers_in_it_whatever_comes() -> None:
    request = HttpRequest("POST", "/", start=f'<w:Execute xmlns:w="{V2}"/>'.encode())
    assert manner(request, ("1.0.0",)) == Manner("1.0.0")


def test_jobs_have_addresses_in_the_edition_that_tells_them() -> None:
    assert manner(HttpRequest("GET", "/jobs/j", "version=2.0.0"), BOTH) == Manner("1.0.0")
    assert manner(HttpRequest("GET", "/jobs/j"), ("2.0.0",)) == Manner("2.0.0")
