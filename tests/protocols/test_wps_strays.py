"""Nothing of a WPS request is passed over: whatever is put in anywhere changes its meaning, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest
from lxml import etree

from azenha.domain.errors import AppError
from azenha.domain.messages import Command
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.wps_dialect import wps
from azenha.settings import Wps

DIALECT = next(dialect for dialect in wps(Limits(), Wps()) if dialect.mount == "/wps")
SOAP = "http://www.w3.org/2003/05/soap-envelope"
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
V1 = f'xmlns:wps="http://www.opengis.net/wps/1.0.0" xmlns:ows="http://www.opengis.net/ows/1.1" {XLINK} service="WPS"'
V2 = f'xmlns:wps="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0" {XLINK} service="WPS"'
BOX = "<ows:LowerCorner>1 2</ows:LowerCorner><ows:UpperCorner>3 4</ows:UpperCorner>"
REQUESTS = {
    "1.0.0 execute": f"""<wps:Execute {V1} version="1.0.0">
        <ows:Identifier>p</ows:Identifier>
        <wps:DataInputs>
          <wps:Input><ows:Identifier>a</ows:Identifier><ows:Title>A</ows:Title><ows:Abstract>Of it</ows:Abstract>
            <wps:Data><wps:LiteralData uom="m">1</wps:LiteralData></wps:Data></wps:Input>
          <wps:Input><ows:Identifier>b</ows:Identifier>
            <wps:Data><wps:ComplexData mimeType="text/xml"><c>d</c></wps:ComplexData></wps:Data></wps:Input>
          <wps:Input><ows:Identifier>e</ows:Identifier>
            <wps:Data><wps:BoundingBoxData crs="EPSG:4326">{BOX}</wps:BoundingBoxData></wps:Data></wps:Input>
          <wps:Input><ows:Identifier>f</ows:Identifier><wps:Reference xlink:href="http://a.example">
            <wps:Header key="g" value="h"/><wps:Body><i/></wps:Body></wps:Reference></wps:Input>
          <wps:Input><ows:Identifier>j</ows:Identifier><wps:Reference xlink:href="http://a.example">
            <wps:BodyReference xlink:href="http://b.example"/></wps:Reference></wps:Input>
        </wps:DataInputs>
        <wps:ResponseForm><wps:ResponseDocument lineage="true">
          <wps:Output asReference="true"><ows:Identifier>o</ows:Identifier><ows:Title>O</ows:Title></wps:Output>
        </wps:ResponseDocument></wps:ResponseForm></wps:Execute>""",
    "1.0.0 raw": f"""<wps:Execute {V1} version="1.0.0"><ows:Identifier>p</ows:Identifier><wps:ResponseForm>
        <wps:RawDataOutput mimeType="text/xml"><ows:Identifier>o</ows:Identifier></wps:RawDataOutput>
        </wps:ResponseForm></wps:Execute>""",
    "1.0.0 describe": f"""<wps:DescribeProcess {V1} version="1.0.0"><ows:Identifier>p</ows:Identifier>
        <ows:Identifier>q</ows:Identifier></wps:DescribeProcess>""",
    "1.0.0 capabilities": f"""<wps:GetCapabilities {V1}><wps:AcceptVersions><ows:Version>1.0.0</ows:Version>
        </wps:AcceptVersions></wps:GetCapabilities>""",
    "1.0.0 in an envelope": f"""<s:Envelope xmlns:s="{SOAP}"><s:Body><wps:DescribeProcess {V1} version="1.0.0">
        <ows:Identifier>p</ows:Identifier></wps:DescribeProcess></s:Body></s:Envelope>""",
    "2.0 execute": f"""<wps:Execute {V2} version="2.0.0" mode="sync" response="document">
        <ows:Identifier>p</ows:Identifier>
        <wps:Input id="a"><wps:Data><wps:LiteralValue uom="m">1</wps:LiteralValue></wps:Data></wps:Input>
        <wps:Input id="b"><wps:Data mimeType="text/xml"><c>d</c></wps:Data></wps:Input>
        <wps:Input id="e"><wps:Data><ows:BoundingBox crs="EPSG:4326">{BOX}</ows:BoundingBox></wps:Data></wps:Input>
        <wps:Input id="f"><wps:Reference xlink:href="http://a.example"><wps:Body><i/></wps:Body></wps:Reference>
        </wps:Input>
        <wps:Input id="j"><wps:Reference xlink:href="http://a.example">
          <wps:BodyReference xlink:href="http://b.example"/></wps:Reference></wps:Input>
        <wps:Input id="k"><wps:Input id="l"><wps:Data>1</wps:Data></wps:Input></wps:Input>
        <wps:Output id="o" transmission="value"/>
        <wps:Output id="g"><wps:Output id="h"/></wps:Output></wps:Execute>""",
    "2.0 describe": f"""<wps:DescribeProcess {V2} version="2.0.0"><ows:Identifier>p</ows:Identifier>
        </wps:DescribeProcess>""",
    "2.0 capabilities": f"""<wps:GetCapabilities {V2}><ows:AcceptVersions><ows:Version>2.0.0</ows:Version>
        </ows:AcceptVersions><ows:Sections><ows:Section>Contents</ows:Section></ows:Sections></wps:GetCapabilities>""",
    "2.0 status": f'<wps:GetStatus {V2} version="2.0.0"><wps:JobID>1</wps:JobID></wps:GetStatus>',
    "2.0 dismiss": f'<wps:Dismiss {V2} version="2.0.0"><wps:JobID>1</wps:JobID></wps:Dismiss>',
}


def read(root: etree._Element) -> Command:
    body = etree.tostring(root)
    return DIALECT.read(HttpRequest("POST", "/", "", {"content-type": "text/xml"}, body, body[:4096]))


def altered(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """The request with a text, or an element, in each place in turn."""
    for index, original in enumerate(root.iter()):
        for kind in ("text", "tail", "element"):
            if kind == "tail" and original is root:
                continue
            copy = deepcopy(root)
            one = list(copy.iter())[index]
            if kind == "text":
                one.text = f"stray{one.text or ''}"
            elif kind == "tail":
                one.tail = f"{one.tail or ''}stray"
            else:
                etree.SubElement(one, "{urn:stray}stray")
            yield f"{kind} of {one.tag}", copy


@pytest.mark.parametrize("name", REQUESTS)
def test_what_is_put_in_anywhere_is_refused_or_changes_what_is_meant(name: str) -> None:
    root = etree.fromstring(REQUESTS[name])
    meant = read(root)
    passed_over = []
    for what, request in altered(root):
        try:
            found = read(request)
        except AppError:
            continue
        if found == meant:
            passed_over.append(what)
    assert passed_over == []
