"""Requests of WPS 2.0 become commands: by XML, in envelopes, by KVP; and what is wrong with them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from wps_shapes import ASKED, POSTED, Shape

from azenha.domain import errors
from azenha.domain.errors import AppError, TooManyPlain
from azenha.domain.messages import (
    Asked,
    Command,
    DescribeProcesses,
    DescribeServer,
    Dismiss,
    Execute,
    GetResults,
    GetStatus,
    Languages,
    Mode,
    OutputRequest,
    Pause,
    ResponseForm,
    Resume,
    ServerDescribed,
    Transmission,
)
from azenha.domain.process import Catalogue, Format
from azenha.domain.values import Coding, Lexical, RawBox, RawNested, RawReference, RawSlice
from azenha.protocols.http import START, HttpRequest, Limits, Site
from azenha.protocols.wps_dialect import wps
from azenha.protocols.xml_write import XLINK, Tag, document
from azenha.settings import Wps
from schemas import SAMPLES

GENERAL, *OWN = wps(Limits(), Wps(kvp_execute=True))
SITE = Site("http://server.example/wps")
BY_MOUNT = {dialect.mount: dialect for dialect in (GENERAL, *OWN)}
EDITION = BY_MOUNT["/wps/2.0.0"]
STRICT = next(d for d in wps(Limits(), Wps()) if d.mount == "/wps/2.0.0")
NAMESPACES = (
    'xmlns:wps="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:jc="urn:azenha:wps:job-control:1.0"'
)
JOB = "6c0d0a0e-3ac4-4b9c-8d1b-0f5f8d3f0a11"
ANY = Languages()


def post(body: str | bytes, **headers: str) -> HttpRequest:
    data = body.encode() if isinstance(body, str) else body
    found = {name.replace("_", "-"): text for name, text in headers.items()}
    return HttpRequest("POST", "/", "", found, data, data[:START])


def get(query: str, **headers: str) -> HttpRequest:
    return HttpRequest("GET", "/", query, {name.replace("_", "-"): text for name, text in headers.items()})


def operation(name: str, content: str = "", attributes: str = 'service="WPS" version="2.0.0"') -> str:
    return f"<{name} {NAMESPACES} {attributes}>{content}</{name}>"


def job_operation(name: str) -> str:
    return operation(name, f"<wps:JobID>\n  {JOB}\n</wps:JobID>")


def execution(content: str, attributes: str = "", process: str = "p") -> str:
    inner = f"<ows:Identifier>{process}</ows:Identifier>{content}"
    return operation("wps:Execute", inner, f'service="WPS" version="2.0.0" {attributes}')


def executed(content: str, attributes: str = "") -> Execute:
    command = EDITION.read(post(execution(content, attributes)))
    assert isinstance(command, Execute)
    return command


def data(content: str, attributes: str = "") -> object:
    (raw,) = executed(f'<wps:Input id="a"><wps:Data {attributes}>{content}</wps:Data></wps:Input>').inputs[
        "a"
    ]
    return raw


def enveloped(body: str, namespace: str) -> str:
    return f'<s:Envelope xmlns:s="{namespace}"><s:Body>{body}</s:Body></s:Envelope>'


# -- operations ------------------------------------------------------------------------------------

OPERATIONS: list[tuple[str, str, Command]] = [
    (
        operation("wps:GetCapabilities", attributes='service="WPS"'),
        "service=WPS&request=GetCapabilities",
        DescribeServer(ANY),
    ),
    (
        operation(
            "wps:GetCapabilities",
            "<ows:AcceptVersions><ows:Version>3.0.0</ows:Version><ows:Version>2.0.0</ows:Version>"
            "</ows:AcceptVersions><ows:Sections><ows:Section>Contents</ows:Section><ows:Section>Nonsense"
            "</ows:Section></ows:Sections><ows:AcceptLanguages><ows:Language>pt</ows:Language>"
            "</ows:AcceptLanguages>",
            'service="WPS" updateSequence="7"',
        ),
        (
            "service=WPS&request=GetCapabilities&AcceptVersions=3.0.0,2.0.0&Sections=Contents,Nonsense&"
            "acceptLanguages=pt&updateSequence=7"
        ),
        DescribeServer(Languages(None, ("pt",)), frozenset({"Contents", "Nonsense"}), "7"),
    ),
    (
        operation("wps:DescribeProcess", "<ows:Identifier> b </ows:Identifier><ows:Identifier>a</ows:Identifier>"),
        "service=WPS&version=2.0.0&request=DescribeProcess&identifier=b,a",
        DescribeProcesses(("b", "a"), ANY),
    ),
    (
        operation(
            "wps:DescribeProcess",
            "<wps:Extension><x/></wps:Extension><ows:Identifier>ALL</ows:Identifier>",
            'service="WPS" version="2.0.0" xml:lang="pt"',
        ),
        "SERVICE=wps&VERSION=2.0.0&REQUEST=describeprocess&IDENTIFIER=ALL&LANG=pt",
        DescribeProcesses(("ALL",), Languages("pt")),
    ),
    (job_operation("wps:GetStatus"), f"service=WPS&version=2.0.0&request=GetStatus&jobid={JOB}", GetStatus(JOB)),
    (job_operation("wps:GetResult"), f"service=WPS&version=2.0.0&request=GetResult&jobId={JOB}", GetResults(JOB)),
    (
        job_operation("wps:Dismiss"),
        f"service=WPS&version=2.0.0&request=Dismiss&JOBID={JOB}",
        Dismiss(JOB, transient=True),
    ),
    (job_operation("jc:Pause"), f"service=WPS&version=2.0.0&request=Pause&jobid={JOB}", Pause(JOB)),
    (job_operation("jc:Resume"), f"service=WPS&version=2.0.0&request=Resume&jobid={JOB}", Resume(JOB)),
    (job_operation("jc:Release"), f"service=WPS&version=2.0.0&request=release&jobid={JOB}", Resume(JOB)),
    (
        job_operation("jc:Delete"),
        f"service=WPS&version=2.0.0&request=Delete&jobid={JOB}",
        Dismiss(JOB, transient=True),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "query", "command"), OPERATIONS)
@pytest.mark.parametrize("mount", ["/wps", "/wps/2.0.0"])
def test_an_operation_is_the_same_by_xml_in_both_envelopes_and_by_kvp(
    mount: str, body: str, query: str, command: Command
) -> None:
    dialect = BY_MOUNT[mount]
    assert dialect.read(post(body)) == command
    assert dialect.read(get(query)) == command
    for namespace in ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"):
        assert dialect.read(post(enveloped(body, namespace))) == command


def test_the_language_of_the_header_is_a_wish_and_that_of_the_request_a_demand() -> None:
    asked = EDITION.read(
        get(
            "service=WPS&version=2.0.0&request=DescribeProcess&identifier=a&lang=fr",
            accept_language="pt;q=0.5, de",
        )
    )
    assert asked == DescribeProcesses(("a",), Languages("fr", ("de", "pt")))


def test_capabilities_are_asked_for_in_the_words_of_one_edition_and_got_in_those_of_another() -> None:
    for words, common, accepted in (
        ("http://www.opengis.net/wps/2.0", "http://www.opengis.net/ows/2.0", "1.0.0"),
        ("http://www.opengis.net/wps/1.0.0", "http://www.opengis.net/ows/1.1", "2.0.0"),
    ):
        group = "a" if words.endswith("1.0.0") else "b"  # AcceptVersions moved from WPS to OWS Common
        request = post(
            f'<a:GetCapabilities xmlns:a="{words}" xmlns:b="{common}" service="WPS"><{group}:AcceptVersions>'
            f"<b:Version>{accepted}</b:Version></{group}:AcceptVersions></a:GetCapabilities>"
        )
        command = GENERAL.read(request)
        assert isinstance(command, DescribeServer)
        described = ServerDescribed(Catalogue({}), command)
        body = b"".join(p for p in GENERAL.write(described, request, SITE).body if isinstance(p, bytes))
        assert f'version="{accepted}"'.encode() in body
        with pytest.raises(errors.VersionNotOffered):
            next(d for d in OWN if d.mount != f"/wps/{accepted}").read(request)


# -- execute ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mount", "offered"), [("/wps", "2.0.0, 1.0.0"), ("/wps/1.0.0", "1.0.0"), ("/wps/2.0.0", "2.0.0")]
)
@pytest.mark.parametrize("name", ["DescribeProcess", "Execute"])
def test_a_version_that_is_not_spoken_is_answered_with_all_that_are(
    mount: str, offered: str, name: str
) -> None:
    space = "http://www.opengis.net/wps/" + ("1.0.0" if mount == "/wps/1.0.0" else "2.0")
    requests = [
        get(f"service=WPS&version=3.0.0&request={name}&identifier=p"),
        post(f'<w:{name} xmlns:w="{space}" service="WPS" version="3.0.0"/>'),
    ]
    for request in requests:
        with pytest.raises(
            errors.VersionNotOffered, match=rf"is not offered; offered: {offered}$"
        ) as refused:
            BY_MOUNT[mount].read(request)
        reply = BY_MOUNT[mount].fault(refused.value, request, SITE)
        root = etree.fromstring(b"".join(part for part in reply.body if isinstance(part, bytes)))
        assert (reply.status, root[0].get("exceptionCode"), root[0].get("locator")) == (
            400,
            "VersionNegotiationFailed",
            "version",
        )


def test_a_version_that_is_not_that_of_the_words_is_refused_as_that() -> None:
    body = '<w:Execute xmlns:w="http://www.opengis.net/wps/2.0" service="WPS" version="1.0.0"/>'
    with pytest.raises(errors.VersionNotOffered, match=r"in the words of version 2\.0\.0, and names 1\.0\.0"):
        GENERAL.read(post(body))


def test_mode_response_and_outputs_may_be_left_out() -> None:
    command = executed("")
    assert (command.mode, command.asked) == (Mode.AUTO, Asked("wps", "2.0.0", response=ResponseForm.DOCUMENT))
    assert command.outputs is None
    assert command.strict
    assert not command.single
    assert command.wait


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("form", [ResponseForm.RAW, ResponseForm.DOCUMENT])
def test_mode_and_response_are_as_asked(mode: Mode, form: ResponseForm) -> None:
    command = executed("", f'mode="{mode}" response="{form}"')
    assert (command.mode, command.asked.response, command.single) == (mode, form, form is ResponseForm.RAW)
    assert (command.wait is not None) is (mode is Mode.AUTO)  # who demands a mode does not wait for another


DATA: list[tuple[str, str, object]] = [
    ("<wps:LiteralValue>70</wps:LiteralValue>", "", Lexical("70")),
    ("<wps:LiteralValue> a </wps:LiteralValue>", "", Lexical(" a ")),
    (
        '\n<wps:LiteralValue dataType="xs:integer" uom="m">70</wps:LiteralValue>\n',
        'mimeType="text/xml"',
        Lexical("70", "m", Format("text/xml"), type="xs:integer"),
    ),
    ('<wps:LiteralValue uom="" dataType="">7</wps:LiteralValue>', 'encoding="" schema=""', Lexical("7")),
    ("10", "", Lexical("10")),
    ("\n 10 \n", "", Lexical("\n 10 \n", literal=Lexical("10"))),
    ("a@b.example", "", Lexical("a@b.example")),
    (
        "70@datatype=http://www.w3.org/2001/XMLSchema#integer@uom=m",
        'mimeType="text/plain"',
        Lexical(
            "70@datatype=http://www.w3.org/2001/XMLSchema#integer@uom=m",
            format=Format("text/plain"),
            literal=Lexical("70", "m", Format("text/plain"), type="http://www.w3.org/2001/XMLSchema#integer"),
        ),
    ),
    (
        (
            '<ows:BoundingBox crs="EPSG:4326" dimensions="2"><ows:LowerCorner>38 -9</ows:LowerCorner>'
            "<ows:UpperCorner>39.5 -8e0</ows:UpperCorner></ows:BoundingBox>"
        ),
        'mimeType="text/xml"',
        RawBox((Lexical("38"), Lexical("-9"), Lexical("39.5"), Lexical("-8e0")), "EPSG:4326", 2),
    ),
    ("<![CDATA[<a/>]]>", 'mimeType="text/xml"', Lexical("<a/>", format=Format("text/xml"))),
    (
        "QUJD",
        'mimeType="image/png" encoding="base64"',
        Lexical("QUJD", format=Format("image/png", "base64")),
    ),
]


@pytest.mark.parametrize(("content", "attributes", "raw"), DATA)
def test_data_is_read_in_every_notation(content: str, attributes: str, raw: object) -> None:
    assert data(content, attributes) == raw


def test_xml_is_taken_verbatim_with_the_namespaces_in_scope() -> None:
    raw = data("\n <gml:Point xmlns:gml='urn:g'><!-- here --><gml:pos>1 2</gml:pos></gml:Point>\n")
    assert isinstance(raw, Lexical)
    assert raw.text.startswith("<gml:Point")
    assert "<!-- here --><gml:pos>1 2</gml:pos>" in raw.text
    assert "xmlns:gml=" in raw.text


def test_what_is_large_stays_in_the_body_and_a_large_literal_can_still_be_read() -> None:
    body = execution(
        f'<wps:Input id="a"><wps:Data mimeType="text/plain">{"x" * 100_000}</wps:Data></wps:Input>'
    )
    command = EDITION.read(post(body))
    assert isinstance(command, Execute)
    (raw,) = command.inputs["a"]
    assert isinstance(raw, RawSlice)
    assert (raw.coding, raw.size, raw.format) == (Coding.XML_TEXT, 100_000, Format("text/plain"))
    assert raw.opened is not None
    opened = raw.opened()
    assert isinstance(opened, Lexical)
    assert opened.text == "x" * 100_000


def test_a_large_literal_value_is_a_literal_and_not_a_document() -> None:
    long = "x" * 100_000
    raw = data(f'<wps:LiteralValue uom="m">{long}</wps:LiteralValue>')
    assert isinstance(raw, RawSlice)
    assert raw.opened is not None
    opened = raw.opened()
    assert (opened.text, opened.unit) == (long, "m")  # type: ignore[union-attr]


@pytest.mark.parametrize("more", ["", "x" * 70_000], ids=["small", "large"])
@pytest.mark.parametrize("element", ["wps:LiteralData", "ows:foo"])
def test_markup_is_data_and_no_literal_and_the_right_form_is_told(element: str, more: str) -> None:
    raw = data(f"<{element}>a{more}</{element}>")
    if isinstance(raw, RawSlice):
        assert raw.opened is not None
        raw = raw.opened()
    assert isinstance(raw, Lexical)
    assert raw.unfit is not None
    assert f"got the element '{element}'" in raw.unfit
    assert "wps:LiteralValue" in raw.unfit


def test_an_id_that_is_repeated_has_several_values_in_order() -> None:
    one = '<wps:Input id="a"><wps:Data>{}</wps:Data></wps:Input>'
    command = executed(one.format(1) + one.format(2).replace('"a"', '"b"') + one.format(3))
    assert {id: [raw.text for raw in raws] for id, raws in command.inputs.items()} == {  # type: ignore[union-attr]
        "a": ["1", "3"],
        "b": ["2"],
    }


def test_inputs_stand_within_inputs() -> None:
    leaf = '<wps:Input id="{}"><wps:Data>{}</wps:Data></wps:Input>'
    command = executed(
        f'<wps:Input id="g">{leaf.format("x", 1)}{leaf.format("x", 2)}{leaf.format("y", 3)}</wps:Input>'
    )
    assert command.inputs == {
        "g": (RawNested({"x": (Lexical("1"), Lexical("2")), "y": (Lexical("3"),)}),),
    }


def test_a_reference_is_asked_for_by_get_or_with_its_body_by_post() -> None:
    def reference(content: str, attributes: str = "") -> object:
        inner = f'<wps:Reference xlink:href="http://d.example/a" {attributes}>{content}</wps:Reference>'
        (raw,) = executed(f'<wps:Input id="a">{inner}</wps:Input>').inputs["a"]
        return raw

    plain = RawReference("http://d.example/a")
    assert reference("") == plain
    assert reference("", 'mimeType="image/tiff" encoding="base64"') == replace(
        plain, format=Format("image/tiff", "base64")
    )
    assert reference("", 'method="POST"') == replace(plain, method="POST")
    assert reference("<wps:Body>hello</wps:Body>") == replace(plain, method="POST", body="hello")
    assert reference('<wps:BodyReference xlink:href="http://d.example/b"/>') == replace(
        plain, method="POST", body_href="http://d.example/b"
    )
    assert reference('<wps:Header key="X-A" value="1"/>') == replace(plain, headers=(("X-A", "1"),))


def test_outputs_have_format_and_transmission_and_groups_their_parts() -> None:
    command = executed(
        '<wps:Output id="a" transmission="reference" mimeType="image/png" encoding="base64"/>'
        '<wps:Output id="b"/>'
        '<wps:Output id="g"><wps:Output id="x" mimeType="text/plain"/></wps:Output>'
        '<wps:Output id="g"><wps:Output id="y"/></wps:Output>'
        '<wps:Output id="h"><wps:Output id="x"/><wps:Output id="y"/></wps:Output>'
    )
    plain = OutputRequest()
    assert command.outputs == {
        "a": OutputRequest(Format("image/png", "base64"), Transmission.REFERENCE),
        "b": plain,
        "g": OutputRequest(fields={"x": OutputRequest(Format("text/plain")), "y": plain}),
        "h": OutputRequest(fields={"x": plain, "y": plain}),
    }


@pytest.mark.parametrize("remark", ["", "<!-- a remark, which is looked at more closely -->"])
@pytest.mark.parametrize(
    "content",
    [
        "<wps:LiteralValue>1</wps:LiteralValue>",
        "<ows:BoundingBox><ows:LowerCorner>1</ows:LowerCorner><ows:UpperCorner>3</ows:UpperCorner></ows:BoundingBox>",
    ],
)
def test_a_literal_or_a_box_may_be_data_as_it_stands(content: str, remark: str) -> None:
    raw = data(remark + content, 'mimeType="text/xml"')
    assert isinstance(raw, Lexical | RawBox)
    assert raw.element is not None
    whole = raw.element()
    assert whole.format == Format("text/xml")
    assert etree.fromstring(whole.text).tag == etree.fromstring(f"<a {NAMESPACES}>{content}</a>")[0].tag


def test_a_box_in_a_format_of_data_is_data() -> None:
    corners = "<ows:LowerCorner>1</ows:LowerCorner><ows:UpperCorner>3</ows:UpperCorner>"
    raw = data(f"<ows:BoundingBox>{corners}</ows:BoundingBox>", 'mimeType="application/gml+xml"')
    assert isinstance(raw, Lexical)
    assert (raw.text[:17], raw.format) == ("<ows:BoundingBox ", Format("application/gml+xml"))
    assert raw.unfit == "which is text/xml or text/plain, got application/gml+xml"


def test_attributes_that_a_client_qualifies_are_read() -> None:
    box = "<ows:LowerCorner>1 2</ows:LowerCorner><ows:UpperCorner>3 4</ows:UpperCorner></ows:BoundingBox>"
    raw = data(f'<ows:BoundingBox ows:crs="EPSG:4326" ows:dimensions="2">{box}')
    assert raw == RawBox(tuple(map(Lexical, "1234")), "EPSG:4326", 2)
    command = executed('<wps:Output id="o" wps:transmission="reference"/>', ' wps:mode="async"')
    assert (command.mode, command.outputs) == (
        Mode.ASYNC,
        {"o": OutputRequest(transmission=Transmission.REFERENCE)},
    )


def test_execute_by_kvp_is_as_by_xml_where_it_is_switched_on() -> None:
    query = (
        "service=WPS&version=2.0.0&request=Execute&identifier=p&mode=async&response=document&transmission=reference"
        "&DataInputs=a=1@uom=m;a=x%3By;r=@xlink:href=http%3A%2F%2Fd.example%2Fa"
        "&ResponseDocument=o@mimeType=text/plain@transmission=value;q&lang=pt"
    )
    command = EDITION.read(get(query))
    assert isinstance(command, Execute)
    assert command.inputs == {
        "a": (Lexical("1", "m"), Lexical("x;y")),
        "r": (RawReference("http://d.example/a"),),
    }
    assert command.outputs == {
        "o": OutputRequest(Format("text/plain"), Transmission.VALUE),
        "q": OutputRequest(None, Transmission.REFERENCE),
    }
    assert (command.mode, command.asked.response, command.languages) == (
        Mode.ASYNC,
        ResponseForm.DOCUMENT,
        Languages("pt"),
    )
    raw = EDITION.read(get("service=WPS&version=2.0.0&request=Execute&identifier=p&RawDataOutput=o"))
    assert isinstance(raw, Execute)
    assert (raw.single, raw.asked.response) == (True, ResponseForm.RAW)


# -- what is wrong ---------------------------------------------------------------------------------

_VERSIONED = (
    "wps:DescribeProcess",
    "wps:Execute",
    "wps:GetStatus",
    "wps:GetResult",
    "wps:Dismiss",
    "jc:Pause",
)
_INPUT = '<wps:Input id="a">{}</wps:Input>'
_BOX = (
    "<wps:Data><ows:BoundingBox>{}<ows:LowerCorner>1 2</ows:LowerCorner><ows:UpperCorner>3 4</ows:UpperCorner>"
    "</ows:BoundingBox></wps:Data>"
)
WRONG: list[tuple[str, type[AppError], str | None]] = [
    ("", errors.Malformed, None),
    ("<wps:Execute", errors.Malformed, None),
    ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', errors.Malformed, None),
    (operation("wps:GetCapabilities", attributes=""), errors.MissingParameter, "service"),
    (operation("wps:GetCapabilities", attributes='service="WMS"'), errors.BadParameter, "service"),
    (operation("wps:GetCapabilities", attributes='service="WPS" version="3.0.0"'), errors.VersionNotOffered, None),
    (
        operation(
            "wps:GetCapabilities",
            "<ows:AcceptVersions><ows:Version>1.0.0</ows:Version></ows:AcceptVersions>",
            'service="WPS"',
        ),
        errors.VersionNotOffered,
        None,
    ),
    (operation("wps:Nonsense"), errors.NoSuchOperation, "Nonsense"),
    (operation("jc:Nonsense"), errors.NoSuchOperation, "Nonsense"),
    (operation("wps:Pause"), errors.NoSuchOperation, "Pause"),
    ("<a/>", errors.NoSuchOperation, "a"),
    *(
        case
        for name in _VERSIONED
        for case in (
            (operation(name, attributes='version="2.0.0"'), errors.MissingParameter, "service"),
            (operation(name, attributes='service="WFS" version="2.0.0"'), errors.BadParameter, "service"),
            (operation(name, attributes='service="WPS"'), errors.MissingParameter, "version"),
            (operation(name, attributes='service="WPS" version="2.0.2"'), errors.VersionNotOffered, "version"),
        )
    ),
    (operation("wps:DescribeProcess"), errors.MissingParameter, "Identifier"),
    (operation("wps:GetStatus"), errors.MissingParameter, "JobID"),
    (operation("wps:GetStatus", "<wps:JobID> </wps:JobID>"), errors.MissingParameter, "JobID"),
    (operation("wps:GetResult", "<wps:Job>1</wps:Job>"), errors.BadRequest, "Job"),
    (operation("wps:Execute"), errors.MissingParameter, "Identifier"),
    (execution("", 'mode="fast"'), errors.BadParameter, "mode"),
    (execution("", 'response="pretty"'), errors.BadParameter, "response"),
    (execution("<wps:DataInputs/>"), errors.BadRequest, "DataInputs"),
    (execution("<wps:Input/>"), errors.MissingParameter, "id"),
    (execution(_INPUT.format("")), errors.BadRequest, "a"),
    (execution(_INPUT.format("<wps:Data>1</wps:Data><wps:Data>2</wps:Data>")), errors.BadRequest, "a"),
    (execution(_INPUT.format("<wps:Data><b/><c/></wps:Data>")), errors.Malformed, "a"),
    (execution(_INPUT.format("<wps:Data><wps:LiteralValue>1<b/>2</wps:LiteralValue></wps:Data>")),
     errors.BadRequest, "a"),
    (execution(_INPUT.format("<wps:Reference/>")), errors.BadParameter, "a"),
    (
        execution(
            _INPUT.format(
                '<wps:Data mimeType="image/png"><ows:BoundingBox><ows:LowerCorner>1 2</ows:LowerCorner>'
                "<ows:UpperCorner>3 4</ows:UpperCorner></ows:BoundingBox></wps:Data>"
            )
        ),
        errors.InvalidInputs,
        "a",
    ),
    (execution('<wps:Output id="o" transmission="pigeon"/>'), errors.BadRequest, "o"),
    (
        execution('<wps:Output id="o"/><wps:Output id="o" transmission="value"/>'),
        errors.OptionNotOffered,
        "o",
    ),
    (execution('<wps:Output id="o"><a/></wps:Output>'), errors.BadRequest, "o"),
    # Nothing is passed over: text where there is none, elements that are not known.
    (execution("stray"), errors.BadRequest, "Execute"),
    (execution("<wps:Extension>theirs<b/></wps:Extension>stray"), errors.BadRequest, "Execute"),
    (execution(_INPUT.format("stray<wps:Data>1</wps:Data>")), errors.BadRequest, "a"),
    (execution(_INPUT.format(f"{_INPUT.format('<wps:Data>1</wps:Data>')}stray")), errors.BadRequest, "a"),
    (execution(_INPUT.format("<wps:Data>stray<wps:LiteralValue>1</wps:LiteralValue></wps:Data>")),
     errors.Malformed, "a"),
    (execution(_INPUT.format(_BOX.format("stray"))), errors.BadRequest, "a"),
    (execution(_INPUT.format(_BOX.format("<ows:Middle/>"))), errors.BadRequest, "a"),
    (execution(_INPUT.format('<wps:Reference xlink:href="http://a.example">stray</wps:Reference>')),
     errors.BadRequest, "a"),
    (
        execution(
            _INPUT.format(
                '<wps:Reference xlink:href="http://a.example"><wps:BodyReference xlink:href="http://b.example">stray'
                "</wps:BodyReference></wps:Reference>"
            )
        ),
        errors.BadRequest,
        "a",
    ),
    (
        execution(
            _INPUT.format(
                '<wps:Reference xlink:href="http://a.example"><wps:Header value="b"/></wps:Reference>'
            )
        ),
        errors.BadRequest,
        "a",
    ),
    (execution('<wps:Output id="o">stray</wps:Output>'), errors.BadRequest, "o"),
    (operation("wps:GetStatus", f"stray<wps:JobID>{JOB}</wps:JobID>"), errors.BadRequest, "GetStatus"),
    (operation("wps:DescribeProcess", "<ows:Identifier>p</ows:Identifier>stray"), errors.BadRequest,
     "DescribeProcess"),
    (operation("wps:DescribeProcess", "<ows:Identifier>p</ows:Identifier><ows:Title/>"), errors.BadRequest, "Title"),
    (operation("wps:GetCapabilities", "stray", 'service="WPS"'), errors.BadRequest, "GetCapabilities"),
    (operation("wps:GetCapabilities", "<ows:Surprise/>", 'service="WPS"'), errors.BadRequest, "Surprise"),
    (
        operation("wps:GetCapabilities", "<ows:Sections>Contents</ows:Sections>", 'service="WPS"'),
        errors.BadRequest,
        "Sections",
    ),
    (
        enveloped(execution("", 'response="raw"'), "http://www.w3.org/2003/05/soap-envelope"),
        errors.OptionNotOffered,
        "response",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "error", "locator"), WRONG)
def test_a_wrong_body_is_refused_and_says_where(
    body: str, error: type[AppError], locator: str | None
) -> None:
    with pytest.raises(error) as refused:
        EDITION.read(post(body))
    assert type(refused.value) is error
    assert refused.value.locator == locator


@pytest.mark.parametrize(
    ("query", "error", "locator"),
    [
        ("request=GetCapabilities", errors.MissingParameter, "service"),
        ("service=WMS&request=GetCapabilities", errors.BadParameter, "service"),
        ("service=WPS", errors.MissingParameter, "request"),
        ("service=WPS&request=GetCapabilities&version=3.0.0", errors.VersionNotOffered, None),
        ("service=WPS&request=GetCapabilities&acceptversions=1.0.0", errors.VersionNotOffered, None),
        ("service=WPS&request=GetStatus&jobid=1", errors.MissingParameter, "version"),
        ("service=WPS&version=1.0.0&request=GetStatus&jobid=1", errors.VersionNotOffered, "version"),
        ("service=WPS&version=2.0.0&request=GetStatus", errors.MissingParameter, "jobid"),
        ("service=WPS&version=2.0.0&request=DescribeProcess", errors.MissingParameter, "identifier"),
        ("service=WPS&version=2.0.0&request=Nonsense", errors.NoSuchOperation, "Nonsense"),
        ("service=WPS&version=2.0.0&request=Execute", errors.MissingParameter, "identifier"),
        (
            "service=WPS&version=2.0.0&request=Execute&identifier=p&RawDataOutput=o&response=document",
            errors.BadParameter,
            "RawDataOutput",
        ),
        (
            "service=WPS&version=2.0.0&request=Execute&identifier=p&ResponseDocument=o;o",
            errors.BadParameter,
            "o",
        ),
    ],
)
def test_a_wrong_query_is_refused_and_says_where(
    query: str, error: type[AppError], locator: str | None
) -> None:
    with pytest.raises(error) as refused:
        EDITION.read(get(query))
    assert type(refused.value) is error
    assert refused.value.locator == locator


def test_execute_by_kvp_is_refused_where_it_is_not_switched_on() -> None:
    with pytest.raises(errors.NoSuchOperation) as refused:
        STRICT.read(get("service=WPS&version=2.0.0&request=Execute&identifier=p"))
    assert refused.value.locator == "Execute"


# -- what others send ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [s for s in (*POSTED, *ASKED) if s.version == "2.0.0"], ids=lambda s: s.file
)
def test_the_requests_of_real_clients_are_read(shape: Shape) -> None:
    request = (
        get(shape.query) if shape.file.endswith(".kvp") else post(shape.body, content_type=shape.content_type)
    )
    for dialect in (GENERAL, EDITION):
        command = dialect.read(request)
        if shape.operation == "Execute":
            assert isinstance(command, Execute)
            assert command.process == shape.process
            assert set(command.inputs) == set(shape.inputs)
            assert (command.outputs and tuple(command.outputs)) == shape.outputs


_REQUESTS = re.compile(rb"<wps:(Execute|Get|Describe|Dismiss)")


def samples() -> list[Path]:
    found = sorted((SAMPLES / "wps-2.0").rglob("*.xml")) if SAMPLES.is_dir() else []
    return [path for path in found if _REQUESTS.search(path.read_bytes())]


@pytest.mark.parametrize("path", samples(), ids=lambda p: p.name)
def test_the_official_samples_of_requests_are_read(path: Path) -> None:
    command = EDITION.read(post(path.read_bytes()))
    assert type(command) in (Execute, DescribeServer, DescribeProcesses, GetStatus, GetResults, Dismiss)


# -- a client of ours ------------------------------------------------------------------------------

IDS = st.text(st.sampled_from("abcXYZ.:-_éß"), min_size=1, max_size=8)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
)
FORMATS = st.none() | st.builds(
    Format, st.sampled_from(["text/xml", "image/png"]), st.none() | st.just("base64")
)
VALUES = st.builds(Lexical, TEXTS, st.none() | st.just("m"), FORMATS)
REFERENCES = st.builds(lambda t, f: RawReference("http://d.example/" + quote(t), f), TEXTS, FORMATS)
RAWS = st.recursive(
    VALUES | REFERENCES,
    lambda inner: st.builds(RawNested, st.dictionaries(IDS, st.tuples(inner), min_size=1, max_size=2)),
    max_leaves=4,
)
REQUESTS = st.builds(OutputRequest, FORMATS, st.none() | st.sampled_from(Transmission))


def _attributes(format: Format | None, **more: str | None) -> dict[str, str | None]:
    known = {} if format is None else {"mimeType": format.media_type, "encoding": format.encoding}
    return {**known, **more}


def _written(id: str, raw: object) -> Tag:
    match raw:
        case Lexical(text, unit, format):
            value = Tag("wps:LiteralValue", text, attributes={"uom": unit})
            content = [Tag("wps:Data", value, attributes=_attributes(format))]
        case RawReference(href, format):
            content = [Tag("wps:Reference", attributes=_attributes(format, **{"xlink:href": href}))]
        case RawNested(fields):
            content = [_written(name, one) for name, several in fields.items() for one in several]
        case _:
            raise AssertionError
    return Tag("wps:Input", *content, attributes={"id": id})


@given(
    st.dictionaries(IDS, st.lists(RAWS, min_size=1, max_size=3).map(tuple), max_size=3),
    st.dictionaries(IDS, REQUESTS, min_size=1, max_size=3),
    st.sampled_from(Mode),
)
def test_a_command_that_a_client_writes_is_read_back(inputs, outputs, mode) -> None:  # type: ignore[no-untyped-def]
    root = Tag(
        "wps:Execute",
        Tag("ows:Identifier", "p"),
        *(_written(id, raw) for id, several in inputs.items() for raw in several),
        *(
            Tag("wps:Output", attributes=_attributes(o.format, id=id, transmission=o.transmission))
            for id, o in outputs.items()
        ),
        attributes={"service": "WPS", "version": "2.0.0", "mode": mode, "response": "document"},
    )
    namespaces = {
        "wps": "http://www.opengis.net/wps/2.0",
        "ows": "http://www.opengis.net/ows/2.0",
        "xlink": XLINK,
    }
    (body,) = document(root, namespaces)
    assert isinstance(body, bytes)
    command = EDITION.read(post(body))
    assert isinstance(command, Execute)
    assert (command.inputs, command.outputs, command.mode) == (inputs, outputs, mode)


def test_a_group_whose_parts_are_asked_for_one_by_one_is_read_however_many_there_are() -> None:
    many = 20_000
    parts = "".join(f'<wps:Output id="o"><wps:Output id="x{n}"/></wps:Output>' for n in range(many))
    began = time.monotonic()
    outputs = executed(parts).outputs
    assert outputs is not None
    assert len(outputs["o"].fields or ()) == many
    assert time.monotonic() - began < 5, "each of them is put in once"


def test_as_many_inputs_as_half_the_limit_of_values_pass_and_one_more_is_refused() -> None:
    few = next(d for d in wps(Limits(values=100), Wps()) if d.mount == "/wps/2.0.0")
    one = '<wps:Input id="a"><wps:Data>1</wps:Data></wps:Input>'
    command = few.read(post(execution(one * 50)))
    assert isinstance(command, Execute)
    assert len(command.inputs["a"]) == 50
    with pytest.raises(TooManyPlain, match=r"more than 50 inputs; at most 50 .*limits\.values"):
        few.read(post(execution(one * 51)))


def test_objects_in_json_count_together_in_one_request() -> None:
    """Each is opened only where an input is an object; then all of them stand in memory."""
    few = next(d for d in wps(Limits(values=100), Wps()) if d.mount == "/wps/2.0.0")
    text = "[" + ",".join("1" * 50) + "]"
    command = few.read(post(execution(f'<wps:Input id="a"><wps:Data>{text}</wps:Data></wps:Input>' * 3)))
    assert isinstance(command, Execute)
    first, second, third = command.inputs["a"]
    assert isinstance(first, Lexical)
    assert isinstance(second, Lexical)
    assert isinstance(third, Lexical)
    assert first.opened
    assert second.opened
    assert third.opened
    first.opened()
    second.opened()
    with pytest.raises(TooManyPlain, match="150 plain values"):
        third.opened()
