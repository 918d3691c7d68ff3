"""What the requests of WPS 1.0.0 mean, whichever binding they come by: bytes to commands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import schemas
from azenha.domain import errors
from azenha.domain.errors import AppError, TooManyPlain
from azenha.domain.messages import (
    Command,
    DescribeApi,
    DescribeProcesses,
    DescribeServer,
    Execute,
    GetRecord,
    GetResults,
    Languages,
    Mode,
    OutputRequest,
    ResponseForm,
    Transmission,
)
from azenha.domain.process import Format
from azenha.domain.values import Coding, Lexical, Raw, RawBox, RawReference, RawSlice
from azenha.domain.written import Wording, Written
from azenha.protocols.http import HttpRequest, Limits, Site
from azenha.protocols.wps1.edition import Wps1
from azenha.protocols.wps_dialect import Wps, wps
from azenha.protocols.xml_write import XSI
from azenha.settings import Wps as WpsSettings

WPS = Wps("/wps/1.0.0", [Wps1(Limits())])
SAMPLES = schemas.SAMPLES / "wps-1.0.0"
OPEN = (
    '<wps:Execute service="WPS" version="1.0.0" xmlns:wps="http://www.opengis.net/wps/1.0.0" '
    'xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink">'
)
ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
VALUE = OutputRequest(transmission=Transmission.VALUE)
KVP = "service=WPS&version=1.0.0&request=Execute&identifier=p"


def get(query: str, headers: Mapping[str, str] | None = None, path: str = "/") -> Command:
    return WPS.read(HttpRequest("GET", path, query, headers or {}))


def post(body: str | bytes, query: str = "") -> Command:
    data = body if isinstance(body, bytes) else body.encode()
    return WPS.read(HttpRequest("POST", "/", query, {"content-type": "text/xml"}, data, data[:4096]))


def execute(inner: str) -> Execute:
    command = post(f"{OPEN}<ows:Identifier> p </ows:Identifier>{inner}</wps:Execute>")
    assert isinstance(command, Execute)
    return command


def asked(query: str) -> Execute:
    command = get(f"{KVP}&{query}")
    assert isinstance(command, Execute)
    return command


def value(inner: str) -> Raw:
    data = f"<wps:Input><ows:Identifier>a</ows:Identifier>{inner}</wps:Input>"
    ((found,),) = execute(f"<wps:DataInputs>{data}</wps:DataInputs>").inputs.values()
    return found


def wrapped(body: str, version: str) -> str:
    soap = ENVELOPES[version]
    return f'<e:Envelope xmlns:e="{soap}"><e:Header/><e:Body>{body}</e:Body></e:Envelope>'


# -- which operation -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("service=WPS&request=GetCapabilities", DescribeServer()),
        ("SERVICE=wps&Request=getcapabilities&identifier=", DescribeServer()),
        ("service=WPS&request=GetCapabilities&version=1.0.0", DescribeServer()),
        ("service=WPS&request=GetCapabilities&AcceptVersions=9.9,1.0.0&version=3", DescribeServer()),
        (
            "service=WPS&request=GetCapabilities&AcceptFormats=nonsense&Sections=x&updateSequence=9",
            DescribeServer(),
        ),
        ("service=WPS&request=GetCapabilities&language=en-US", DescribeServer(Languages("en-US"))),
        ("service=WPS&version=1.0.0&request=DescribeProcess&Identifier=b,a", DescribeProcesses(("b", "a"))),
        ("service=WPS&version=1.0.0&request=DescribeProcess&Identifier=all", DescribeProcesses(("all",))),
        ("service=WPS&request=GetWSDL", DescribeApi()),
        ("WSDL", DescribeApi()),
    ],
)
def test_a_query_names_its_operation(query: str, command: Command) -> None:
    assert get(query) == command


XMLNS = 'xmlns:wps="http://www.opengis.net/wps/1.0.0" xmlns:ows="http://www.opengis.net/ows/1.1"'


@pytest.mark.parametrize("envelope", ["", "1.1", "1.2"])
@pytest.mark.parametrize(
    ("body", "command"),
    [
        (f'<wps:GetCapabilities service="WPS" {XMLNS}/>', DescribeServer()),
        (
            (
                f'<wps:GetCapabilities service="WPS" language="pt" {XMLNS}><wps:AcceptVersions><ows:Version>0.4.0'
                "</ows:Version><ows:Version>1.0.0</ows:Version></wps:AcceptVersions></wps:GetCapabilities>"
            ),
            DescribeServer(Languages("pt")),
        ),
        (
            (
                f'<wps:DescribeProcess service="WPS" version="1.0.0" {XMLNS}><ows:Identifier>\n b</ows:Identifier>'
                "<ows:Identifier>a</ows:Identifier></wps:DescribeProcess>"
            ),
            DescribeProcesses(("b", "a")),
        ),
    ],
)
def test_a_body_names_its_operation_bare_or_in_an_envelope(
    body: str, command: Command, envelope: str
) -> None:
    assert post(wrapped(body, envelope) if envelope else body) == command


def test_the_language_of_the_request_counts_more_than_that_of_the_browser() -> None:
    found = get("service=WPS&request=GetCapabilities", {"accept-language": "fr;q=0.5, pt-BR"})
    assert found == DescribeServer(Languages(None, ("pt-br", "fr")))


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/jobs/j-1", GetRecord("j-1")),
        ("/jobs/j-1/outputs/out/0/out.tif", GetResults("j-1", "out")),
        ("/jobs/j-1/outputs/a/b/12/b.tif", GetResults("j-1", "a/b")),
    ],
)
def test_a_job_and_its_outputs_have_addresses_that_ignore_what_is_asked_beside(
    path: str, command: Command
) -> None:
    assert get("language=fr&version=7", path=path) == command


# -- what is wrong -----------------------------------------------------------------------------------

E = errors


@pytest.mark.parametrize(
    ("query", "error", "locator"),
    [
        ("", E.MissingParameter, "service"),
        ("request=GetCapabilities", E.MissingParameter, "service"),
        ("service=WFS&request=GetCapabilities", E.BadParameter, "service"),
        ("service=WPS", E.MissingParameter, "request"),
        ("service=WPS&request=Dance", E.NoSuchOperation, "Dance"),
        ("service=WPS&request=GetCapabilities&version=3.0.0", E.VersionNotOffered, None),
        ("service=WPS&request=GetCapabilities&AcceptVersions=0.0.1", E.VersionNotOffered, None),
        ("service=WPS&request=DescribeProcess&identifier=a", E.MissingParameter, "version"),
        ("service=WPS&version=2.0.0&request=DescribeProcess&identifier=a", E.VersionNotOffered, "version"),
        ("service=WPS&version=1.0.0&request=DescribeProcess", E.MissingParameter, "Identifier"),
        ("service=WPS&version=1.0.0&request=Execute", E.MissingParameter, "Identifier"),
        (f"{KVP}&status=true", E.BadParameter, "status"),
        (f"{KVP}&status=maybe", E.BadParameter, "status"),
        (f"{KVP}&RawDataOutput=a;b", E.BadParameter, "RawDataOutput"),
        (f"{KVP}&RawDataOutput=a&ResponseDocument=b", E.BadParameter, "RawDataOutput"),
        (f"{KVP}&RawDataOutput=a&lineage=true", E.BadParameter, "lineage"),
        (f"{KVP}&ResponseDocument=a;a", E.BadParameter, "a"),
        (f"{KVP}&ResponseDocument=a=1", E.BadParameter, "a"),
        (f"{KVP}&DataInputs=a", E.BadParameter, "a"),
        (f"{KVP}&DataInputs=a=1@mimetipe=b", E.BadParameter, "a"),
        (f"{KVP}&DataInputs=a=1@xlink:href=http://b.example", E.BadParameter, "a"),
        (f"{KVP}&DataInputs=a=@method=POST", E.BadParameter, "a"),
        (f"{KVP}&DataInputs=a=@href=http://b.example@method=PUT", E.BadParameter, "a"),
    ],
)
def test_a_wrong_query_is_refused_with_the_name_of_what_is_wrong(
    query: str, error: type[AppError], locator: str | None
) -> None:
    with pytest.raises(error) as found:
        get(query)
    assert type(found.value) is error
    assert found.value.locator == locator


DATA = "<wps:DataInputs><wps:Input><ows:Identifier>a</ows:Identifier>{}</wps:Input></wps:DataInputs>"
FORM = "<wps:ResponseForm>{}</wps:ResponseForm>"


@pytest.mark.parametrize(
    ("inner", "error", "locator"),
    [
        ("<wps:Surprise/>", E.BadRequest, "Surprise"),
        ("<wps:DataInputs><ows:Title/></wps:DataInputs>", E.BadRequest, "Title"),
        (DATA.format(""), E.BadParameter, "a"),
        (DATA.format("<wps:Data/>"), E.BadParameter, "a"),
        (DATA.format("<wps:Data><wps:Data/></wps:Data>"), E.BadParameter, "a"),
        (DATA.format("<wps:Data><wps:LiteralData><b/></wps:LiteralData></wps:Data>"), E.BadParameter, "a"),
        (DATA.format("<wps:Data><wps:ComplexData><b/><b/></wps:ComplexData></wps:Data>"), E.Malformed, "a"),
        (DATA.format("<wps:Reference/>"), E.BadParameter, "a"),
        (DATA.format('<wps:Reference xlink:href="http://b.example" method="PUT"/>'), E.BadParameter, "a"),
        (
            DATA.format('<wps:Reference xlink:href="http://b.example"><wps:Body/><wps:BodyReference/></wps:Reference>'),
            E.BadParameter, "a",
        ),
        (DATA.format('<wps:Reference xlink:href="http://b"><wps:Header/></wps:Reference>'), E.BadParameter, "a"),
        (DATA.format('<wps:Reference xlink:href="http://b"><wps:BodyReference/></wps:Reference>'),
         E.BadParameter, "a"),
        (
            DATA.format("<wps:Data><wps:BoundingBoxData><ows:LowerCorner/></wps:BoundingBoxData></wps:Data>"),
            E.BadParameter, "a",
        ),
        (
            DATA.format(
                "<wps:Data><wps:BoundingBoxData><ows:LowerCorner>1</ows:LowerCorner><ows:UpperCorner>1 2 3"
                "</ows:UpperCorner></wps:BoundingBoxData></wps:Data>"
            ),
            E.BadParameter, "a",
        ),
        (FORM.format('<wps:ResponseDocument status="true"/>'), E.BadParameter, "status"),
        (FORM.format('<wps:ResponseDocument lineage="perhaps"/>'), E.BadParameter, "lineage"),
        (FORM.format("<wps:RawDataOutput/>"), E.MissingParameter, "Identifier"),
        (FORM.format("<wps:RawDataOutput/><wps:ResponseDocument/>"), E.BadParameter, "RawDataOutput"),
    ],
)  # fmt: skip
def test_a_wrong_execute_is_refused_with_the_name_of_what_is_wrong(
    inner: str, error: type[AppError], locator: str
) -> None:
    with pytest.raises(error) as found:
        execute(inner)
    assert found.value.locator == locator


@pytest.mark.parametrize(
    ("body", "error", "locator"),
    [
        ("", E.Malformed, None),
        ("service=WPS&request=GetCapabilities", E.Malformed, None),
        (f"<wps:getcapabilities {XMLNS}></wps:GetCapabilities>", E.Malformed, None),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', E.Malformed, None),
        ("<GetCapabilities/>", E.NoSuchOperation, "GetCapabilities"),
        ('<GetCapabilities xmlns="a}b"/>', E.Malformed, None),
        ("<wps:GetCapabilities/>", E.Malformed, None),
        (f'<wps:Dance service="WPS" {XMLNS}/>', E.NoSuchOperation, "Dance"),
        (f"<wps:GetCapabilities {XMLNS}/>", E.MissingParameter, "service"),
        (f'<wps:GetCapabilities service="WFS" {XMLNS}/>', E.BadParameter, "service"),
        (f'<wps:DescribeProcess service="WPS" {XMLNS}/>', E.MissingParameter, "version"),
        (f'<wps:DescribeProcess service="WPS" version="1.1.0" {XMLNS}/>', E.VersionNotOffered, "version"),
        (f'<wps:DescribeProcess service="WPS" version="1.0.0" {XMLNS}/>', E.MissingParameter, "Identifier"),
        ('<Execute xmlns="http://www.opengis.net/wps/2.0" service="WPS"/>', E.VersionNotOffered, None),
    ],
)
def test_a_wrong_body_is_refused_with_the_name_of_what_is_wrong(
    body: str, error: type[AppError], locator: str | None
) -> None:
    with pytest.raises(error) as found:
        post(body)
    assert found.value.locator == locator


INPUT = "<wps:DataInputs>{}<wps:Input><ows:Identifier>a</ows:Identifier>{}</wps:Input>{}</wps:DataInputs>"
BOX = (
    "<wps:Data><wps:BoundingBoxData{}>{}<ows:LowerCorner>1 2</ows:LowerCorner><ows:UpperCorner>3 4</ows:UpperCorner>"
    "</wps:BoundingBoxData></wps:Data>"
)
LITERAL = "<wps:Data>{}<wps:LiteralData{}>v</wps:LiteralData>{}</wps:Data>"
FAR = '<wps:Reference xlink:href="http://b.example"{}>{}</wps:Reference>'
WANTED = "<wps:ResponseForm>{}<wps:{}{}>{}</wps:{}></wps:ResponseForm>"


def wanted(kind: str, inner: str, attributes: str = "") -> str:
    return WANTED.format("", kind, attributes, inner, kind)


@pytest.mark.parametrize(
    ("inner", "locator"),
    [
        ("stray", "Execute"),
        (INPUT.format("stray", LITERAL.format("", "", ""), ""), "DataInputs"),
        (INPUT.format("", LITERAL.format("", "", ""), "stray"), "DataInputs"),
        (INPUT.format("", LITERAL.format("", "", "") + "stray", ""), "Input"),
        (INPUT.format("", LITERAL.format("stray", "", ""), ""), "a"),
        (INPUT.format("", LITERAL.format("", "", "stray"), ""), "a"),
        (INPUT.format("", BOX.format("", "stray"), ""), "BoundingBoxData"),
        (INPUT.format("", BOX.format("", "<ows:Title/>"), ""), "Title"),
        (INPUT.format("", "<ows:Title><b/></ows:Title>" + LITERAL.format("", "", ""), ""), "Title"),
        (INPUT.format("", "<ows:Title/><ows:Title/>" + LITERAL.format("", "", ""), ""), "Title"),
        (INPUT.format("", "<ows:Metadata/>" + LITERAL.format("", "", ""), ""), "Metadata"),
        (INPUT.format("", FAR.format("", "stray"), ""), "Reference"),
        (INPUT.format("", FAR.format("", '<wps:Header key="a" value="b">stray</wps:Header>'), ""), "a"),
        (INPUT.format("", FAR.format("", '<wps:Header key="a" value="b"><b/></wps:Header>'), ""), "a"),
        (WANTED.format("stray", "ResponseDocument", "", "", "ResponseDocument"), "ResponseForm"),
        (wanted("ResponseDocument", "stray"), "ResponseDocument"),
        (wanted("ResponseDocument", "<wps:Output>stray<ows:Identifier>o</ows:Identifier></wps:Output>"), "Output"),
        (wanted("RawDataOutput", "<ows:Identifier>o</ows:Identifier>stray"), "RawDataOutput"),
        (wanted("RawDataOutput", "<ows:Identifier>o</ows:Identifier><ows:Title>t</ows:Title>"), "Title"),
    ],
)  # fmt: skip
def test_nothing_that_stands_beside_what_is_meant_is_passed_over(inner: str, locator: str) -> None:
    with pytest.raises(E.BadRequest) as found:
        execute(inner)
    assert found.value.locator == locator


@pytest.mark.parametrize(
    ("inner", "locator"),
    [
        ('<wps:DataInputs store="true"><wps:Input/></wps:DataInputs>', "store"),
        (INPUT.format("", LITERAL.format("", ' datatype="integer"', ""), ""), "a"),
        (INPUT.format("", LITERAL.format("", ' mimeType="text/plain"', ""), ""), "a"),
        (INPUT.format("", BOX.format(' srsName="EPSG:4326"', ""), ""), "a"),
        (INPUT.format("", FAR.format(' methode="POST"', ""), ""), "a"),
        (INPUT.format("", LITERAL.format("", ' wps:unit="m"', ""), ""), "a"),
        (INPUT.format("", LITERAL.format("", ' uom="m" wps:uom="km"', ""), ""), "a"),
        (wanted("ResponseDocument", "", ' store="true"'), "store"),
        (wanted("ResponseDocument", '<wps:Output asreference="true"><ows:Identifier>o</ows:Identifier></wps:Output>'),
         "o"),
        (wanted("RawDataOutput", "<ows:Identifier>o</ows:Identifier>", ' asReference="true"'), "asReference"),
    ],
)  # fmt: skip
def test_an_attribute_that_means_nothing_is_refused(inner: str, locator: str) -> None:
    with pytest.raises(E.BadRequest, match="has no attribute") as found:
        execute(inner)
    assert found.value.locator == locator


def test_attributes_that_a_client_qualifies_are_read() -> None:
    raw = value(BOX.format(' ows:crs="EPSG:4326" ows:dimensions="2"', ""))
    assert raw == RawBox(tuple(map(Lexical, "1234")), "EPSG:4326", 2)
    output = '<wps:Output wps:asReference="true"><ows:Identifier>o</ows:Identifier></wps:Output>'
    command = execute(
        wanted(
            "ResponseDocument",
            output,
            ' wps:storeExecuteResponse="true" wps:status="true" wps:lineage="true"',
        )
    )
    assert (command.mode, command.asked.lineage) == (Mode.ASYNC, True)
    assert command.outputs == {"o": OutputRequest(transmission=Transmission.REFERENCE)}


def test_what_other_vocabularies_say_of_an_element_is_left_alone() -> None:
    inner = LITERAL.format("\n", ' xsi:type="xs:string" xml:space="preserve"', "<!-- a remark -->\n")
    command = execute(
        INPUT.format("\n", f"\n {inner}", "\n").replace("<wps:Input", f'<wps:Input xmlns:xsi="{XSI}"')
    )
    assert isinstance(command.inputs["a"][0], Lexical)


@pytest.mark.parametrize(
    "inner",
    [
        "stray",
        "<wps:AcceptVersions>stray<ows:Version>1.0.0</ows:Version></wps:AcceptVersions>",
        "<wps:AcceptVersions><ows:Versions>1.0.0</ows:Versions></wps:AcceptVersions>",
        "<wps:Surprise/>",
    ],
)
def test_a_request_for_the_capabilities_has_nothing_else_in_it(inner: str) -> None:
    with pytest.raises(E.BadRequest):
        post(f'<wps:GetCapabilities service="WPS" {XMLNS}>{inner}</wps:GetCapabilities>')


@pytest.mark.parametrize("inner", ["stray", "<wps:Surprise/>"])
def test_a_request_for_a_description_has_nothing_else_in_it(inner: str) -> None:
    with pytest.raises(E.BadRequest):
        post(
            f'<wps:DescribeProcess service="WPS" version="1.0.0" {XMLNS}><ows:Identifier>a</ows:Identifier>{inner}'
            "</wps:DescribeProcess>"
        )


@pytest.mark.parametrize("version", ENVELOPES)
def test_an_envelope_has_no_text_beside_the_request(version: str) -> None:
    request = f'<wps:GetCapabilities service="WPS" {XMLNS}/>'
    for stray in (f"stray{request}", f"{request}stray"):
        with pytest.raises(E.BadRequest, match="holds the text 'stray'"):
            post(wrapped(stray, version))


# -- as it was written -------------------------------------------------------------------------------


def test_what_the_client_wrote_goes_with_the_command_where_it_is_to_be_told_again() -> None:
    literal = LITERAL.format("", ' uom="m" dataType="xs:int"', "")
    box, far = BOX.format(' crs="epsg:4326" dimensions="2"', ""), FAR.format(' mimeType="text/xml"', "")
    inputs = (
        "<wps:DataInputs><wps:Input><ows:Identifier>b</ows:Identifier><ows:Title> One </ows:Title>"
        f"{literal}</wps:Input>"
        f"<wps:Input><ows:Identifier>a</ows:Identifier><ows:Abstract>Of it</ows:Abstract>"
        f"{box}</wps:Input>"
        f"<wps:Input><ows:Identifier>b</ows:Identifier>{far}</wps:Input>"
        "</wps:DataInputs>"
    )
    output = (
        '<wps:Output encoding="UTF-8"><ows:Identifier>o</ows:Identifier><ows:Title>O</ows:Title></wps:Output>'
    )
    command = execute(inputs + wanted("ResponseDocument", output, ' lineage="true"'))
    assert command.wording == Wording(
        (
            Written("b", " One ", unit="m", type="xs:int", text="v"),
            Written("a", None, "Of it", corners=("1 2", "3 4"), crs="epsg:4326", dimensions="2"),
            Written("b", format=Format("text/xml")),
        ),
        (Written("o", "O", format=Format("", "UTF-8")),),
    )
    assert execute(inputs + wanted("ResponseDocument", output)).wording is None


@pytest.mark.parametrize("markup", ["<b/>", '<b xmlns="urn:b">text</b>'])
def test_markup_is_data_and_no_literal(markup: str) -> None:
    raw = value(f"<wps:Data><wps:ComplexData>{markup}</wps:ComplexData></wps:Data>")
    assert isinstance(raw, Lexical)
    assert raw.unfit is not None
    assert "got the element 'b'" in raw.unfit
    assert "wps:LiteralData" in raw.unfit


def test_an_empty_post_is_never_answered_from_its_query() -> None:
    with pytest.raises(errors.Malformed, match="empty"):
        post("", "service=WPS&request=GetCapabilities")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_possible(method: str) -> None:
    with pytest.raises(errors.MethodNotAllowed):
        WPS.read(HttpRequest(method, "/"))


def test_who_only_looks_runs_nothing() -> None:
    with pytest.raises(errors.MethodNotAllowed):
        WPS.read(HttpRequest("HEAD", "/", KVP))
    assert isinstance(
        WPS.read(HttpRequest("HEAD", "/", "service=WPS&request=GetCapabilities")), DescribeServer
    )


@pytest.mark.parametrize("path", ["/jobs", "/jobs/", "/jobs/a/outputs/b", "/jobs/a/outputs/b/x/c", "/other"])
def test_there_is_nothing_at_other_paths(path: str) -> None:
    with pytest.raises(errors.NoSuchPath):
        get("", path=path)


def test_raw_data_cannot_stand_in_an_envelope() -> None:
    form = FORM.format("<wps:RawDataOutput><ows:Identifier>o</ows:Identifier></wps:RawDataOutput>")
    with pytest.raises(errors.OptionNotOffered) as found:
        post(wrapped(f"{OPEN}<ows:Identifier>p</ows:Identifier>{form}</wps:Execute>", "1.2"))
    assert found.value.locator == "RawDataOutput"


# -- inputs ------------------------------------------------------------------------------------------

HREF = "http://a.example/x?b=c"


@pytest.mark.parametrize(
    ("query", "inputs"),
    [
        ("DataInputs=", {}),
        ("DataInputs=a=1;b=two", {"a": (Lexical("1"),), "b": (Lexical("two"),)}),
        ("DataInputs=[a=1;b=2]", {"a": (Lexical("1"),), "b": (Lexical("2"),)}),
        ("DataInputs=%5Ba%3D1%3Bb%3D2%5D", {"a": (Lexical("1"),), "b": (Lexical("2"),)}),
        ("datainputs=a=1;a=2", {"a": (Lexical("1"), Lexical("2"))}),
        ("DataInputs=a=b%3Dc%40d%3Be", {"a": (Lexical("b=c@d;e"),)}),
        ("DataInputs=a=YQ==@encoding=base64", {"a": (Lexical("YQ==", format=Format("", "base64")),)}),
        ("DataInputs=a=1@uom=km@dataType=xs:integer", {"a": (Lexical("1", "km", type="xs:integer"),)}),
        (
            "DataInputs=a=%7B%7D@mimeType=application/geo+json",
            {"a": (Lexical("{}", format=Format("application/geo+json")),)},
        ),
        ("DataInputs=a=x@format=text/csv", {"a": (Lexical("x", format=Format("text/csv")),)}),
        ("DataInputs=b=46,102,47,103,urn:ogc:def:crs:EPSG::4326,2",
         {"b": (Lexical("46,102,47,103,urn:ogc:def:crs:EPSG::4326,2"),)}),
        (f"DataInputs=a=@xlink:href={quote(HREF, safe='')}", {"a": (RawReference(HREF),)}),
        (f"DataInputs=a@xlink:href={quote(HREF, safe='')}@method=POST@mimeType=text/xml",
         {"a": (RawReference(HREF, Format("text/xml"), "POST"),)}),
        (f"DataInputs=a@href={quote(HREF, safe='')}@header=X-A%3A%20b@body=%3Cq/%3E",
         {"a": (RawReference(HREF, None, "POST", (("X-A", "b"),), "<q/>"),)}),
        (f"DataInputs=a@href={quote(HREF, safe='')}@bodyReference=http%3A%2F%2Fb.example",
         {"a": (RawReference(HREF, None, "POST", (), None, "http://b.example"),)}),
    ],
)  # fmt: skip
def test_inputs_of_a_query(query: str, inputs: Mapping[str, Any]) -> None:
    assert asked(query).inputs == inputs


BASE64 = Format("image/tiff", "base64")


@pytest.mark.parametrize(
    ("inner", "raw"),
    [
        ("<wps:LiteralData>70</wps:LiteralData>", Lexical("70")),
        ("<wps:LiteralData> a\n</wps:LiteralData>", Lexical(" a\n")),
        ("<wps:LiteralData/>", Lexical("")),
        ('<wps:LiteralData dataType="xs:string" uom="m">1</wps:LiteralData>', Lexical("1", "m", type="xs:string")),
        ("<wps:ComplexData>text</wps:ComplexData>", Lexical("text")),
        ("<wps:ComplexData><![CDATA[<a>&amp;</a>]]></wps:ComplexData>", Lexical("<a>&amp;</a>")),
        ("<wps:ComplexData>&lt;a/&gt;</wps:ComplexData>", Lexical("<a/>")),
        ('<wps:ComplexData mimeType="image/tiff" encoding="base64">SUkq</wps:ComplexData>',
         Lexical("SUkq", format=BASE64)),
        ('<wps:ComplexData mimeType="" encoding="" schema="">x</wps:ComplexData>', Lexical("x")),
        (('<wps:BoundingBoxData crs="EPSG:4326" dimensions="2"><ows:LowerCorner>46 102</ows:LowerCorner>'
         "<ows:UpperCorner>47\n103</ows:UpperCorner></wps:BoundingBoxData>"),
         RawBox((Lexical("46"), Lexical("102"), Lexical("47"), Lexical("103")), "EPSG:4326", 2)),
        (('<wps:BoundingBoxData ows:dimensions="2"><ows:LowerCorner>1 2</ows:LowerCorner>'
         "<ows:UpperCorner>3 4</ows:UpperCorner></wps:BoundingBoxData>"),
         RawBox((Lexical("1"), Lexical("2"), Lexical("3"), Lexical("4")), None, 2)),
        (("<wps:BoundingBoxData><ows:LowerCorner>1 2 3</ows:LowerCorner><ows:UpperCorner>4 5 6"
         "</ows:UpperCorner></wps:BoundingBoxData>"),
         RawBox(tuple(Lexical(str(n)) for n in range(1, 7)))),
    ],
)  # fmt: skip
def test_values_of_a_body(inner: str, raw: Raw) -> None:
    assert value(f"<wps:Data>{inner}</wps:Data>") == raw


def test_an_element_is_taken_with_every_namespace_that_it_uses() -> None:
    found = value('<wps:Data><wps:ComplexData xmlns:g="urn:g"><g:a ows:b="1"/></wps:ComplexData></wps:Data>')
    assert isinstance(found, Lexical)
    root = etree.fromstring(found.text)
    assert (root.tag, root.get("{http://www.opengis.net/ows/1.1}b")) == ("{urn:g}a", "1")


@pytest.mark.parametrize(
    ("inner", "raw"),
    [
        ('<wps:Reference xlink:href="http://a.example/x?b=c"/>', RawReference(HREF)),
        ('<wps:Reference href="http://a.example/x?b=c"/>', RawReference(HREF)),
        (('<wps:Reference xlink:href="http://a.example/x?b=c" method="POST" mimeType="text/xml" encoding="UTF-8" '
         'schema="http://s.example"/>'),
         RawReference(HREF, Format("text/xml", "UTF-8", "http://s.example"), "POST")),
        (('<wps:Reference xlink:href="http://a.example/x?b=c"><wps:Header key="X-A" value="b"/><wps:Header key="C" '
         'value="d"/><wps:Body>a=b</wps:Body></wps:Reference>'),
         RawReference(HREF, None, "POST", (("X-A", "b"), ("C", "d")), "a=b")),
        (('<wps:Reference xlink:href="http://a.example/x?b=c"><wps:BodyReference xlink:href="http://b.example"/>'
         "</wps:Reference>"),
         RawReference(HREF, None, "POST", (), None, "http://b.example")),
    ],
)  # fmt: skip
def test_references_of_a_body(inner: str, raw: Raw) -> None:
    assert value(inner) == raw


def test_the_body_of_a_reference_is_the_element_in_it_with_its_namespaces() -> None:
    found = value(
        f'<wps:Reference xlink:href="{HREF}"><wps:Body>\n<wfs:GetFeature xmlns:wfs="urn:wfs"/>\n</wps:Body>'
        "</wps:Reference>"
    )
    assert isinstance(found, RawReference)
    assert etree.fromstring(found.body or "").tag == "{urn:wfs}GetFeature"


def test_a_large_value_stays_where_it_is_in_the_body() -> None:
    text = "x" * 100_000
    found = value(f'<wps:Data><wps:ComplexData mimeType="text/plain">{text}</wps:ComplexData></wps:Data>')
    assert isinstance(found, RawSlice)
    assert (found.size, found.coding, found.format) == (100_000, Coding.XML_TEXT, Format("text/plain"))
    assert found.opened is not None
    assert found.opened() == Lexical(text)


# -- outputs -----------------------------------------------------------------------------------------


def test_without_a_form_all_outputs_are_in_a_document() -> None:
    command = execute("")
    assert (command.process, command.inputs, command.outputs) == ("p", {}, None)
    assert (command.mode, command.record, command.asked.response) == (Mode.SYNC, True, ResponseForm.DOCUMENT)
    assert (command.asked.store, command.asked.lineage) == (False, False)
    assert execute("<wps:DataInputs/>" + FORM.format("<wps:ResponseDocument/>")) == command
    assert asked("ResponseDocument=") == command


@pytest.mark.parametrize(
    ("attributes", "mode", "lineage"),
    [
        ({"storeExecuteResponse": "true"}, Mode.ASYNC, False),
        ({"storeExecuteResponse": "1", "status": "TRUE", "lineage": "true"}, Mode.ASYNC, True),
        ({"storeExecuteResponse": "false", "status": "0", "lineage": "false"}, Mode.SYNC, False),
    ],
)
def test_what_is_stored_runs_in_the_background(
    attributes: Mapping[str, str], mode: Mode, lineage: bool
) -> None:
    by_query = asked("&".join(f"{name}={text}" for name, text in attributes.items()))
    given = " ".join(f'{name}="{text}"' for name, text in attributes.items())
    by_body = execute(FORM.format(f"<wps:ResponseDocument {given}/>"))
    assert by_query == by_body
    assert (by_body.mode, by_body.asked.lineage) == (mode, lineage)
    assert by_body.asked.store is (mode is Mode.ASYNC)
    assert by_body.strict


OUTPUT = "<wps:Output {}><ows:Identifier>o</ows:Identifier>{}</wps:Output>"


@pytest.mark.parametrize(
    ("query", "attributes", "request_"),
    [
        ("o", "", VALUE),
        ("o=@asReference=true", 'asReference="true"', OutputRequest(transmission=Transmission.REFERENCE)),
        ("[o@mimetype=image/png@schema=s]", 'mimeType="image/png" schema="s"',
         OutputRequest(Format("image/png", None, "s"), Transmission.VALUE)),
        ("o@uom=km", 'uom="km"', OutputRequest(None, Transmission.VALUE, "km")),
        ("o@encoding=UTF-8", 'encoding="utf-8" mimeType=""', VALUE),
        ("o@encoding=base64", 'encoding="base64"', OutputRequest(Format("", "base64"), Transmission.VALUE)),
    ],
)  # fmt: skip
def test_how_an_output_is_asked_for(query: str, attributes: str, request_: OutputRequest) -> None:
    document = f"<wps:ResponseDocument>{OUTPUT.format(attributes, '')}</wps:ResponseDocument>"
    assert asked(f"ResponseDocument={query}").outputs == {"o": request_}
    assert execute(FORM.format(document)).outputs == {"o": request_}


def test_title_and_abstract_are_the_clients() -> None:
    said = "<ows:Title>Mine</ows:Title><ows:Abstract>Of mine</ows:Abstract>"
    document = f"<wps:ResponseDocument>{OUTPUT.format('', said)}</wps:ResponseDocument>"
    outputs = execute(FORM.format(document)).outputs
    assert outputs == {"o": OutputRequest(None, Transmission.VALUE, None, "Mine", "Of mine")}


def test_a_raw_output_is_the_answer_itself() -> None:
    by_query = asked("RawDataOutput=o@mimeType=image/png")
    by_body = execute(
        FORM.format(
            '<wps:RawDataOutput mimeType="image/png"><ows:Identifier>o</ows:Identifier></wps:RawDataOutput>'
        )
    )
    assert by_query == by_body
    assert (by_body.asked.response, by_body.record, by_body.single) == (ResponseForm.RAW, False, True)


# -- as others write them ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "inputs", "mode"),
    [
        ("50_wpsExecute_request_RawDataOutput.xml", {"InputPolygon": "ref", "BufferDistance": "400"}, Mode.SYNC),
        ("51_wpsExecute_request_ResponseDocument.xml", {"InputPolygon": "ref", "BufferDistance": "400"}, Mode.ASYNC),
        ("51_wpsExecute_request-extended_ResponseDocument.xml",
         {"InputPolygon": "ref", "BufferDistance": "400", "BufferZoneWidth": "<BufferZones"}, Mode.ASYNC),
        ("52_wpsExecute_request_ResponseDocument.xml", {"InputPolygon": "ref", "BufferDistance": "400"}, Mode.ASYNC),
        ("53_wpsExecute_request_ComplexValue.xml",
         {"InputLayer": "ref", "BufferDistance": "<RangeToValueMappings"}, Mode.ASYNC),
    ],
)  # fmt: skip
def test_the_official_examples_of_execute_are_read(file: str, inputs: dict[str, str], mode: Mode) -> None:
    schemas.need_shared()
    command = post((SAMPLES / file).read_bytes())
    assert isinstance(command, Execute)
    assert command.mode is mode
    for id, start in inputs.items():
        (raw,) = command.inputs[id]
        if start == "ref":
            assert isinstance(raw, RawReference)
        else:
            assert isinstance(raw, Lexical)
            assert raw.text.startswith(start)
    assert command.inputs.keys() == inputs.keys()


@pytest.mark.parametrize(
    ("file", "command"),
    [
        ("10_wpsGetCapabilities_request.xml", DescribeServer(Languages("en-CA"))),
        ("10_wpsGetCapabilities_request_SOAP.xml", DescribeServer(Languages("en-CA"))),
        ("30_wpsDescribeProcess_request.xml", None),
        ("30_wpsDescribeProcess_request_SOAP.xml", None),
    ],
)
def test_the_other_official_examples_are_read(file: str, command: Command | None) -> None:
    schemas.need_shared()
    found = post((SAMPLES / file).read_bytes())
    assert found == command if command else isinstance(found, DescribeProcesses)


@pytest.mark.parametrize("file", sorted((SAMPLES / "ets-wps10").glob("*.xml")), ids=lambda p: p.name)
def test_the_requests_of_the_official_suite_are_read(file: Path) -> None:
    assert isinstance(post(file.read_bytes()), Execute)


# A client that renders a command as KVP and as XML means the same by both.
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc", "Cn"]))
NAMES = st.text(st.sampled_from("abcXYZ09._-"), min_size=1, max_size=8)


@given(
    inputs=st.dictionaries(NAMES, st.lists(TEXT.filter(bool), min_size=1, max_size=3), max_size=4),
    outputs=st.dictionaries(NAMES, st.booleans(), max_size=3),
    store=st.booleans(),
    lineage=st.booleans(),
)
def test_a_command_comes_back_as_it_was_rendered_by_either_binding(
    inputs: dict[str, list[str]], outputs: dict[str, bool], store: bool, lineage: bool
) -> None:
    flags = {"storeExecuteResponse": str(store).lower(), "lineage": str(lineage).lower()}
    pairs = [f"{id}={quote(text, safe='')}" for id, texts in inputs.items() for text in texts]
    wanted = [f"{id}@asReference={str(by).lower()}" for id, by in outputs.items()]
    by_query = asked(
        f"DataInputs={';'.join(pairs)}&ResponseDocument={';'.join(wanted)}&"
        + "&".join(f"{name}={flag}" for name, flag in flags.items())
    )
    root = etree.Element("{http://www.opengis.net/wps/1.0.0}Execute", service="WPS", version="1.0.0")

    def add(parent: Any, name: str, text: str | None = None, **attributes: str) -> Any:
        space = "ows/1.1" if name == "Identifier" else "wps/1.0.0"
        child = etree.SubElement(parent, f"{{http://www.opengis.net/{space}}}{name}", **attributes)
        child.text = text
        return child

    add(root, "Identifier", "p")
    data = add(root, "DataInputs")
    for id, texts in inputs.items():
        for text in texts:
            input = add(data, "Input")
            add(input, "Identifier", id)
            add(add(input, "Data"), "LiteralData", text)
    document = add(add(root, "ResponseForm"), "ResponseDocument", None, **flags)
    for id, by in outputs.items():
        add(add(document, "Output", None, asReference=str(by).lower()), "Identifier", id)
    by_body = post(etree.tostring(root, encoding="UTF-8"))

    assert by_query == by_body
    assert by_query.inputs == {id: tuple(map(Lexical, texts)) for id, texts in inputs.items()}
    assert (by_query.outputs or {}).keys() == outputs.keys()


# -- versions at one address -------------------------------------------------------------------------


@pytest.mark.parametrize("default", ["1.0.0", "2.0.0"])
def test_where_no_version_is_named_the_default_answers(default: str) -> None:
    general, *_ = wps(Limits(), WpsSettings(default))
    request = HttpRequest("GET", "/", "service=WPS&request=GetCapabilities")
    reply = general.fault(errors.BadParameter("x", "y"), request, Site("http://a.example/wps"))
    edition = {"1.0.0": b"http://www.opengis.net/ows/1.1", "2.0.0": b"http://www.opengis.net/ows/2.0"}
    assert edition[default] in b"".join(part for part in reply.body if isinstance(part, bytes))


@pytest.mark.parametrize("default", ["1.0.0", "2.0.0"])
def test_the_mounts_are_the_general_one_and_one_for_each_edition(default: str) -> None:
    mounts = {dialect.mount for dialect in wps(Limits(), WpsSettings(default))}
    assert {"/wps", "/wps/1.0.0"} <= mounts


def test_as_many_inputs_as_half_the_limit_of_values_pass_and_one_more_is_refused() -> None:
    data = "<wps:Data><wps:LiteralData>1</wps:LiteralData></wps:Data>"
    one = f"<wps:Input><ows:Identifier>a</ows:Identifier>{data}</wps:Input>"
    few = wps(Limits(values=100), WpsSettings())[0]

    def sent(count: int) -> Command:
        body = f"{OPEN}<ows:Identifier>p</ows:Identifier><wps:DataInputs>{one * count}</wps:DataInputs></wps:Execute>"
        return few.read(HttpRequest("POST", "/", "", {"content-type": "text/xml"}, body.encode()))

    command = sent(50)
    assert isinstance(command, Execute)
    assert len(command.inputs["a"]) == 50
    with pytest.raises(TooManyPlain, match=r"more than 50 inputs; at most 50 .*limits\.values"):
        sent(51)


def test_elements_beside_data_are_bounded_by_the_limit_of_values_too() -> None:
    corners = "<ows:LowerCorner>0 0</ows:LowerCorner><ows:UpperCorner>1 1</ows:UpperCorner>"
    box = f"<wps:BoundingBoxData>{corners}</wps:BoundingBoxData>"
    one = f"<wps:Input><ows:Identifier>a</ows:Identifier><wps:Data>{box}</wps:Data></wps:Input>"
    few = wps(Limits(values=1000), WpsSettings())[0]

    def sent(count: int) -> Command:
        body = f"{OPEN}<ows:Identifier>p</ows:Identifier><wps:DataInputs>{one * count}</wps:DataInputs></wps:Execute>"
        return few.read(HttpRequest("POST", "/", "", {"content-type": "text/xml"}, body.encode()))

    assert isinstance(sent(349), Execute)
    with pytest.raises(TooManyPlain, match="more than 2100 elements"):
        sent(350)
