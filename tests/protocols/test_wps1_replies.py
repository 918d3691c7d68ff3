"""Replies of WPS 1.0.0: each outcome as bytes that the official schemas take, in each envelope."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from ogcapi_outcomes import (
    ACCEPTED,
    CSV,
    DISMISSED,
    EPSG4326,
    FAILED,
    JSON,
    NOW,
    PLAIN,
    RICH,
    RUNNING,
    SUCCEEDED,
    header,
    output,
)

import schemas
from azenha.domain import errors
from azenha.domain.job import Failure, FailureKind, Job, JobState
from azenha.domain.messages import (
    Accepted,
    ApiDescribed,
    Asked,
    DescribeServer,
    Execute,
    JobRecord,
    Languages,
    Mode,
    Outcome,
    OutputRequest,
    OutputValue,
    ProcessesDescribed,
    ResponseForm,
    Results,
    ServerDescribed,
    StoredRequest,
    Transmission,
)
from azenha.domain.process import (
    CRS84,
    BoxDomain,
    Catalogue,
    ComplexDomain,
    Crs,
    Format,
    JobControl,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.domain.published import Service
from azenha.domain.values import (
    Box,
    InlineBytes,
    InlineText,
    Literal,
    Record,
    Reference,
    StoredFile,
    Value,
)
from azenha.domain.written import Wording, Written
from azenha.protocols.http import HttpReply, HttpRequest, Limits, Provider, Site
from azenha.protocols.wps.states import V1, V2
from azenha.protocols.wps1.describe import UNBOUNDED
from azenha.protocols.wps1.edition import Wps1
from azenha.protocols.wps_dialect import Wps
from azenha.web.send import with_small_files

SITE = Site(
    "http://server.example/wps/1.0.0", "The Mill", "Grinds data <fine>", keywords=("mill",),
    provider=Provider("Ribeira", "http://ribeira.example/", "A. Silva", "a@ribeira.example"),
)  # fmt: skip
W = "{http://www.opengis.net/wps/1.0.0}"
OWS = "{http://www.opengis.net/ows/1.1}"
XL = "{http://www.w3.org/1999/xlink}"
XML = Format("text/xml")
TIFF = Format("image/tiff")
ENVELOPES = {
    "": None,
    "1.1": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
    "1.2": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"),
}
CATALOGUE = Catalogue({o.description.id: o for o in (RICH, PLAIN)})


def dialect() -> Wps:
    return Wps("/wps/1.0.0", [Wps1(Limits())])


WPS = dialect()


def posted(envelope: str = "", name: str = "GetCapabilities") -> HttpRequest:
    body = f'<w:{name} xmlns:w="http://www.opengis.net/wps/1.0.0"/>'
    if found := ENVELOPES[envelope]:
        body = f'<e:Envelope xmlns:e="{found[0]}"><e:Body>{body}</e:Body></e:Envelope>'
    return HttpRequest("POST", "/", start=body.encode())


GET = HttpRequest("GET", "/", "service=WPS&request=GetCapabilities")


def content(reply: HttpReply) -> bytes:
    return b"".join(part for part in with_small_files(reply).body if isinstance(part, bytes))


def told(outcome: Outcome, request: HttpRequest = GET, site: Site = SITE) -> Any:
    """The document of a reply, which is valid."""
    reply = WPS.write(outcome, request, site)
    assert (reply.status, header(reply, "Content-Type")) == (200, "text/xml")
    return schemas.valid(content(reply))


def capabilities(language: str = "en", languages: tuple[str, ...] = ("en",)) -> ServerDescribed:
    return ServerDescribed(CATALOGUE, DescribeServer(), language, languages)


def asked(**more: Any) -> Asked:
    return Asked("wps", "1.0.0", response=ResponseForm.DOCUMENT, **more)


def request(
    inputs: Mapping[str, tuple[Value, ...]] | None = None,
    outputs: Mapping[str, OutputRequest] | None = None,
    **more: Any,
) -> StoredRequest:
    return StoredRequest("rich one", "1.2.0", inputs or {}, outputs, asked(**more))


def record(
    job: Job = SUCCEEDED, *outputs: OutputValue, of: StoredRequest | None = None, folder: str = "/d"
) -> JobRecord:
    return JobRecord(job, of or request(), RICH, outputs, folder, folder, NOW + timedelta(minutes=1))


# -- capabilities ------------------------------------------------------------------------------------


def test_capabilities_tell_of_the_service_its_processes_languages_and_wsdl() -> None:
    root = told(capabilities("en", ("en", "pt")))
    assert root.tag == f"{W}Capabilities"
    assert (root.get("version"), root.get("{http://www.w3.org/XML/1998/namespace}lang")) == ("1.0.0", "en")
    assert [p.findtext(f"{OWS}Identifier") for p in root.iter(f"{W}Process")] == ["plain", "rich one"]
    assert root.find(f".//{W}Process[2]").get(f"{W}processVersion") == "1.2.0"
    assert [e.text for e in root.iterfind(f".//{OWS}ServiceTypeVersion")] == ["1.0.0"]
    assert root.findtext(f"{W}Languages/{W}Default/{OWS}Language") == "en"
    assert [e.text for e in root.iterfind(f"{W}Languages/{W}Supported/{OWS}Language")] == ["en", "pt"]
    assert root.findtext(f"{OWS}ServiceProvider/{OWS}ProviderName") == "Ribeira"
    operations = {o.get("name"): o for o in root.iter(f"{OWS}Operation")}
    assert operations.keys() == {"GetCapabilities", "DescribeProcess", "Execute"}
    for one in operations.values():
        assert one.find(f".//{OWS}Get").get(f"{XL}href") == f"{SITE.base}?"
        assert one.find(f".//{OWS}Post").get(f"{XL}href") == SITE.base
    assert "request=GetWSDL" in root.find(f"{W}WSDL").get(f"{XL}href")


@pytest.mark.parametrize("envelope", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "outcome",
    [
        capabilities(), ProcessesDescribed((RICH,), "en"), record(), record(FAILED),
        Accepted(ACCEPTED, request=request()),
    ],
    ids=["capabilities", "descriptions", "succeeded", "failed", "accepted"],
)  # fmt: skip
def test_a_reply_goes_back_in_the_envelope_of_the_request(outcome: Outcome, envelope: str) -> None:
    reply = WPS.write(outcome, posted(envelope), SITE)
    found = ENVELOPES[envelope]
    assert found is not None
    assert header(reply, "Content-Type") == found[1]
    root = schemas.valid(content(reply))
    assert root.tag == f"{{{found[0]}}}Envelope"
    assert root[0][0].tag.startswith(W)


def test_what_is_served_is_rendered_once_and_known_by_its_tag() -> None:
    wps = dialect()
    first, again = (wps.write(capabilities(), GET, SITE) for _ in range(2))
    assert first is again
    tag = header(first, "ETag")
    assert tag
    assert header(wps.write(capabilities("pt", ("en", "pt")), GET, SITE), "ETag") != tag
    assert header(dialect().write(capabilities(), GET, SITE), "ETag") == tag
    described = [wps.write(ProcessesDescribed((RICH, PLAIN), "en"), GET, SITE) for _ in range(2)]
    assert described[0].body == described[1].body
    assert header(described[0], "ETag") == header(described[1], "ETag")
    assert header(first, "Vary") == "Accept-Language"


def test_texts_are_in_the_language_of_the_answer() -> None:
    description = replace(
        RICH.description, translations={"pt": Text("Rico")},
        outputs=(replace(RICH.description.outputs[0], translations={"pt": Text("Texto")}),),
    )  # fmt: skip
    offering = Offering(description, "rich.py")
    assert told(ProcessesDescribed((offering,), "pt")).findtext(f".//{OWS}Title") == "Rico"
    done = replace(
        record(SUCCEEDED, output("text", Literal("a")), of=request(language="pt")), offering=offering
    )
    root = told(done)
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "pt"
    assert root.findtext(f"{W}Process/{OWS}Title") == "Rico"
    assert root.findtext(f"{W}ProcessOutputs/{W}Output/{OWS}Title") == "Texto"


def test_the_wsdl_is_valid_and_binds_the_three_operations_to_both_versions_of_soap() -> None:
    root = told(ApiDescribed(CATALOGUE))
    ns = {"w": "http://schemas.xmlsoap.org/wsdl/"}
    names = root.xpath("w:portType/w:operation/@name", namespaces=ns)
    assert names == ["GetCapabilities", "DescribeProcess", "Execute"]
    assert root.xpath("w:service/w:port/*/@location", namespaces=ns) == [SITE.base, SITE.base]
    assert root.xpath("w:message/w:part/@element", namespaces=ns)[-1] == "ows:ExceptionReport"


# -- descriptions ------------------------------------------------------------------------------------


def described(offering: Offering = RICH) -> Any:
    (found,) = told(ProcessesDescribed((offering,), "en"))
    return found


def input_of(root: Any, id: str) -> Any:
    (found,) = (i for i in root.iter("Input") if i.findtext(f"{OWS}Identifier") == id)
    return found


def test_local_elements_of_a_description_are_in_no_namespace() -> None:
    root = described()
    assert root.tag == "ProcessDescription"
    assert root.get(f"{W}processVersion") == "1.2.0"
    assert {child.tag for child in root} == {
        f"{OWS}Identifier", f"{OWS}Title", f"{OWS}Abstract", f"{OWS}Metadata", "DataInputs", "ProcessOutputs",
    }  # fmt: skip


def test_literals_tell_type_units_values_ranges_and_default() -> None:
    root = described()
    share = input_of(root, "share").find("LiteralData")
    assert share.find(f"{OWS}DataType").text == "float"
    assert share.find(f"{OWS}DataType").get(f"{OWS}reference") == "http://www.w3.org/TR/xmlschema-2/#double"
    assert share.findtext(f"UOMs/Default/{OWS}UOM") == "km"
    assert [u.text for u in share.iterfind(f"UOMs/Supported/{OWS}UOM")] == ["m", "km"]
    range = share.find(f"{OWS}AllowedValues/{OWS}Range")
    assert range.get(f"{OWS}rangeClosure") == "open-closed"
    assert (range.findtext(f"{OWS}MinimumValue"), range.findtext(f"{OWS}MaximumValue")) == ("0.0", "1.0")
    assert share.findtext("DefaultValue") == "0.5"
    even = input_of(root, "even").find(f"LiteralData/{OWS}AllowedValues")
    assert (even.findtext(f"{OWS}Range/{OWS}Spacing"), even.findtext(f"{OWS}Value")) == ("2", "-1")
    assert even.find(f"{OWS}Range/{OWS}MaximumValue") is None
    assert input_of(root, "text").find(f"LiteralData/{OWS}AnyValue") is not None
    assert [v.text for v in input_of(root, "choice").iterfind(f".//{OWS}Value")] == ["red", "green"]


def test_unbounded_is_a_large_number() -> None:
    root = described()
    assert (input_of(root, "count").get("minOccurs"), input_of(root, "count").get("maxOccurs")) == (
        "1",
        str(UNBOUNDED),
    )
    assert input_of(root, "text").get("maxOccurs") == "1"


@pytest.mark.parametrize("way", ["Input", "Output"])
def test_bytes_are_offered_as_they_are_and_in_base64_and_text_as_it_is(way: str) -> None:
    """What is by reference or raw, and what stands within a document; the default is not encoded."""
    root = described()
    name, path = ("scene", "ComplexData") if way == "Input" else ("scenes", "ComplexOutput")
    found = next(one for one in root.iter(way) if one.findtext(f"{OWS}Identifier") == name).find(path)
    assert found.find("Default/Format/Encoding") is None
    offered = [(f.findtext("MimeType"), f.findtext("Encoding")) for f in found.iterfind("Supported/Format")]
    tiff = "image/tiff; application=geotiff"
    assert offered[:1] == [(tiff, None)]
    assert (tiff, "base64") in offered
    assert len(set(offered)) == len(offered)
    assert ("text/csv", "base64") not in offered
    assert ("application/geo+json", "base64") not in offered


def test_services_are_formats_behind_those_of_the_data_and_not_in_base64() -> None:
    first, *others = RICH.description.outputs
    domain = ComplexDomain((Format("image/tiff"),), services=(Service.WMS, Service.WCS))
    outputs = (replace(first, domain=domain), *others)
    root = described(Offering(replace(RICH.description, outputs=outputs), "x"))
    formats = next(root.iter("ComplexOutput")).iterfind("Supported/Format")
    assert [(f.findtext("MimeType"), f.findtext("Encoding")) for f in formats] == [
        ("image/tiff", None),
        ("image/tiff", "base64"),
        ("application/x-ogc-wms", None),
        ("application/x-ogc-wcs", None),
    ]


def test_boxes_objects_and_data_tell_their_systems_and_formats() -> None:
    root = described()
    box = input_of(root, "box").find("BoundingBoxData")
    assert box.findtext("Default/CRS") == "urn:ogc:def:crs:OGC:1.3:CRS84"
    assert box.findtext("Supported/CRS[2]") == "urn:ogc:def:crs:EPSG::4326"
    scene = input_of(root, "scene").find("ComplexData")
    assert scene.get("maximumMegabytes") == "1"
    assert scene.findtext("Default/Format/MimeType") == "image/tiff; application=geotiff"
    assert scene.findtext("Supported/Format[2]/Encoding") == "base64"
    assert input_of(root, "any").findtext("ComplexData/Default/Format/MimeType") == "application/octet-stream"
    assert input_of(root, "gml").findtext("ComplexData/Default/Format/Schema") == "http://x.example/a.xsd"
    assert input_of(root, "point").findtext("ComplexData/Default/Format/MimeType") == "application/json"


@pytest.mark.parametrize(("control", "word"), [({JobControl.SYNC}, "false"), ({JobControl.ASYNC}, "true")])
def test_what_runs_in_the_background_can_be_stored_and_followed(control: set[JobControl], word: str) -> None:
    root = described(Offering(replace(RICH.description, job_control=frozenset(control)), "x"))
    assert (root.get("storeSupported"), root.get("statusSupported")) == (word, word)


# -- states ------------------------------------------------------------------------------------------


def test_every_state_has_a_word_in_both_editions() -> None:
    assert set(V1) == set(V2) == set(JobState)


STATUS = HttpRequest("GET", f"/jobs/{ACCEPTED.id}", "language=fr")
ADDRESS = f"{SITE.base}/jobs/{ACCEPTED.id}"


@pytest.mark.parametrize(
    ("job", "word", "percent", "text", "time"),
    [
        (ACCEPTED, "ProcessAccepted", None, "The job waits for its turn", "2025-03-04T05:07:07.089Z"),
        (RUNNING, "ProcessStarted", "40", "2 of 5 <tiles>", "2025-03-04T05:07:07.089Z"),
        (replace(ACCEPTED, state=JobState.HELD), "ProcessPaused", "0", "The job is paused",
         "2025-03-04T05:07:07.089Z"),
        (replace(RUNNING, state=JobState.PAUSED), "ProcessPaused", "40", "2 of 5 <tiles>",
         "2025-03-04T05:07:07.089Z"),
        (replace(RUNNING, progress=100, message=None), "ProcessStarted", "99", "The job runs",
         "2025-03-04T05:07:07.089Z"),
        (SUCCEEDED, "ProcessSucceeded", None, "2 of 5 <tiles>", "2025-03-04T05:06:07.089Z"),
        (replace(SUCCEEDED, finished=datetime(2025, 1, 1, 1, tzinfo=UTC), message=None), "ProcessSucceeded", None,
         "The job succeeded", "2025-01-01T01:00:00.000Z"),
    ],
)  # fmt: skip
def test_the_document_at_the_status_location_tells_how_the_job_is_now(
    job: Job, word: str, percent: str | None, text: str, time: str
) -> None:
    root = told(record(job), STATUS)
    (status,) = root.find(f"{W}Status")
    assert (status.tag, status.get("percentCompleted"), status.text) == (f"{W}{word}", percent, text)
    assert root.find(f"{W}Status").get("creationTime") == time
    assert root.get("statusLocation") == ADDRESS
    assert root.get("serviceInstance").startswith(f"{SITE.base}?service=WPS")
    assert header(WPS.write(record(job), STATUS, SITE), "Cache-Control") == "no-store"


FETCH = Failure(FailureKind.FETCH, "input 'a': could not be fetched", "R-2", "a")


@pytest.mark.parametrize(
    ("job", "code", "locator", "text"),
    [
        (FAILED, "NoApplicableCode", None, "ValueError: no band 4 (reference R-1)"),
        (
            replace(FAILED, failure=FETCH),
            "NoApplicableCode",
            None,
            "input 'a': could not be fetched (reference R-2)",
        ),
        (replace(FAILED, failure=replace(FETCH, kind=FailureKind.INPUT)), "InvalidParameterValue", "a", None),
        (replace(FAILED, failure=replace(FETCH, kind=FailureKind.SIZE)), "FileSizeExceeded", "a", None),
        (
            replace(FAILED, failure=None),
            "NoApplicableCode",
            None,
            "the job failed, and no reason was recorded",
        ),
        (DISMISSED, "NoApplicableCode", None, "the job was dismissed"),
    ],
)
def test_a_failed_or_dismissed_job_tells_why(
    job: Job, code: str, locator: str | None, text: str | None
) -> None:
    root = told(record(job), STATUS)
    report = root.find(f"{W}Status/{W}ProcessFailed/{OWS}ExceptionReport")
    assert report.get("version")
    (exception,) = report
    assert (exception.get("exceptionCode"), exception.get("locator")) == (code, locator)
    assert text is None or exception.findtext(f"{OWS}ExceptionText") == text
    assert root.find(f"{W}ProcessOutputs") is None


def test_an_accepted_job_tells_where_to_look_and_nothing_of_what_came_since() -> None:
    root = told(Accepted(replace(RUNNING), request=request(store=True), offering=RICH))
    (status,) = root.find(f"{W}Status")
    assert (status.tag, dict(status.attrib)) == (f"{W}ProcessAccepted", {})
    assert root.get("statusLocation") == ADDRESS


def test_what_was_answered_at_once_has_no_status_location() -> None:
    assert told(record()).get("statusLocation") is None
    assert told(record(of=request(store=True))).get("statusLocation") == ADDRESS


def test_a_job_whose_process_is_not_offered_any_more_is_told_all_the_same() -> None:
    root = told(replace(record(SUCCEEDED, output("text", Literal("a"))), offering=None), STATUS)
    assert root.findtext(f"{W}Process/{OWS}Identifier") == "rich one"


# -- values ------------------------------------------------------------------------------------------


def data(*outputs: OutputValue, folder: str = "/d") -> Any:
    """What stands in the one `wps:Data` of a response."""
    root = told(record(SUCCEEDED, *outputs, folder=folder))
    ((found,),) = root.iter(f"{W}Data")
    return found


@pytest.mark.parametrize(
    ("value", "type", "text"),
    [
        (Literal("a < b"), "string", "a < b"),
        (Literal(2**70), "integer", str(2**70)),
        (Literal(2.5, "km"), "double", "2.5"),
        (Literal(Decimal("0.10")), "decimal", "0.10"),
        (Literal(True), "boolean", "true"),
        (Literal(datetime(2024, 1, 1, tzinfo=UTC)), "dateTime", "2024-01-01T00:00:00Z"),
        (Literal(timedelta(hours=1)), "duration", "PT3600S"),
    ],
)
def test_a_literal_tells_its_type_and_unit(value: Literal, type: str, text: str) -> None:
    found = data(output("text", value))
    assert (found.tag, found.get("dataType"), found.get("uom")) == (f"{W}LiteralData", type, value.unit)
    assert found.text == text


UTM = "http://www.opengis.net/def/crs/EPSG/0/32629"
ODD = BoxDomain((Crs("http://www.opengis.net/def/crs/EPSG/0/2393", swapped=True),))


@pytest.mark.parametrize(
    ("box", "domain", "crs", "lower", "upper"),
    [
        (Box((102, 46), (103, 47.5), EPSG4326), None, "urn:ogc:def:crs:EPSG::4326", "46 102", "47.5 103"),
        (Box((102, 46, -1), (103, 47, 1e-7), EPSG4326), None, "urn:ogc:def:crs:EPSG::4326", "46 102 -1",
         "47 103 1e-07"),
        (Box((102, 46), (103, 47), CRS84), None, "urn:ogc:def:crs:OGC:1.3:CRS84", "102 46", "103 47"),
        (Box((5e5, 4.5e6), (6e5, 4.6e6), UTM), None, "urn:ogc:def:crs:EPSG::32629", "500000 4500000",
         "600000 4600000"),
        (Box((1, 2), (3, 4), ODD.crss[0].name), ODD, "urn:ogc:def:crs:EPSG::2393", "2 1", "4 3"),
    ],
)  # fmt: skip
def test_a_box_is_in_the_axis_order_of_its_system(
    box: Box, domain: BoxDomain | None, crs: str, lower: str, upper: str
) -> None:
    found = data(output("box", box, domain=domain))
    assert (found.tag, found.get("crs")) == (f"{W}BoundingBoxData", crs)
    assert found.get("dimensions") == str(len(box.minimum))
    assert (found.findtext(f"{OWS}LowerCorner"), found.findtext(f"{OWS}UpperCorner")) == (lower, upper)


BAD_XML = "<a>]]></b>"


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(
    ("given", "format", "encoding", "shown"),
    [
        (b'<?xml version="1.0"?><!-- c --><a xmlns="urn:a">&lt;</a>', XML, None, "<a"),
        (
            b'<?xml version="1.0" encoding="ASCII"?><a xmlns="urn:a">&lt;</a>',
            XML,
            None,
            "<a",
        ),  # as lxml writes
        (b"not <xml>", XML, None, "not <xml>"),
        (BAD_XML.encode(), XML, None, BAD_XML),
        (b"<!DOCTYPE a><a/>", XML, None, "<!DOCTYPE a><a/>"),
        ("a,\u00e9 & ]]>\r\n".encode(), CSV, None, "a,\u00e9 & ]]>\r\n"),
        (b"a\x00b", CSV, "base64", "YQBi"),
        (b"a\xffb", CSV, "base64", "Yf9i"),
        (b"II*\x00", TIFF, "base64", "SUkqAA=="),
        (b"", TIFF, "base64", None),
        (b"text", replace(CSV, encoding="base64"), "base64", "dGV4dA=="),
    ],
)
def test_data_is_an_element_text_or_base64(
    given: bytes, format: Format, encoding: str | None, shown: str | None, stored: bool, tmp_path: Path
) -> None:
    value: Value
    if stored:
        (tmp_path / "f").write_bytes(given)
        value = StoredFile("f", "f", len(given), format)
    else:
        try:
            value = InlineText(given.decode(), format)
        except UnicodeDecodeError:
            value = InlineBytes(given, format)
        if format == TIFF:
            value = InlineBytes(given, format)
    found = data(output("o", value), folder=str(tmp_path))
    assert (found.tag, found.get("mimeType"), found.get("encoding")) == (
        f"{W}ComplexData", format.media_type, encoding,
    )  # fmt: skip
    if shown == "<a":
        ((element,),) = (found,)
        assert (element.tag, element.text) == ("{urn:a}a", "<")
    else:
        assert found.text == shown


@pytest.mark.parametrize(
    ("given", "type"),
    [
        (b"\xc3\xa9", "text/plain; charset=iso-8859-1"),
        (b"<a>\xc3\xa9</a>", "text/xml; charset=iso-8859-1"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xc3\xa9</a>', "text/xml"),
    ],
)
def test_a_file_that_would_be_another_text_in_utf8_is_in_base64(
    given: bytes, type: str, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(given)
    found = data(output("o", StoredFile("f", "f", len(given), Format(type))), folder=str(tmp_path))
    assert (found.get("encoding"), b64decode(found.text)) == ("base64", given)


def test_text_is_in_base64_where_the_client_asked_for_that() -> None:
    wanted = OutputRequest(Format("text/xml", "base64"))
    found = data(OutputValue("o", (InlineText("<a/>", XML),), False, wanted))
    assert (found.get("mimeType"), found.get("encoding"), found.text) == ("text/xml", "base64", "PGEvPg==")


def test_an_object_is_json() -> None:
    found = data(output("o", Record({"x": (Literal(1.5),), "tags": (Literal("a"), Literal("b"))})))
    assert (found.get("mimeType"), found.text) == ("application/json", '{"x":1.5,"tags":["a","b"]}')


def test_a_file_that_is_gone_is_a_job_that_is_gone(tmp_path: Path) -> None:
    gone = StoredFile("f", "f", 3, CSV)
    reply = WPS.write(record(SUCCEEDED, output("o", gone), folder=str(tmp_path)), GET, SITE)
    assert reply.status == 400


def test_what_is_no_media_type_to_the_schemas_is_not_told() -> None:
    found = data(output("o", InlineBytes(b"ATOM", Format("chemical/x-pdb"))))
    assert (found.get("mimeType"), found.get("encoding")) == (None, "base64")


@pytest.mark.parametrize(
    ("value", "href", "type"),
    [
        (
            StoredFile("x/y.tif", "my scene.tif", 3, TIFF),
            f"{ADDRESS}/outputs/o/0/my_scene.tif",
            "image/tiff",
        ),
        (InlineText("a", CSV), f"{ADDRESS}/outputs/o/0/o.csv", "text/csv"),
        (Literal(1), f"{ADDRESS}/outputs/o/0/o.txt", "text/plain"),
        (Box((1, 2), (3, 4), CRS84), f"{ADDRESS}/outputs/o/0/o.txt", "text/plain"),
        (Record({}), f"{ADDRESS}/outputs/o/0/o.json", "application/json"),
        (Reference("http://a.example/b?c=d&e=f", XML), "http://a.example/b?c=d&e=f", "text/xml"),
    ],
)
def test_a_reference_is_a_plain_path_that_ends_in_a_file_name(value: Value, href: str, type: str) -> None:
    root = told(record(SUCCEEDED, output("o", value, by=Transmission.REFERENCE)))
    found = root.find(f".//{W}Reference")
    assert (found.get("href"), found.get("mimeType")) == (href, type)
    assert found.get(f"{XL}href") is None


def test_a_list_is_told_as_outputs_of_one_name_and_what_was_left_out_is_not_told() -> None:
    root = told(record(SUCCEEDED, output("text", Literal("a"), Literal("b"), array=True), output("none")))
    found = root.findall(f"{W}ProcessOutputs/{W}Output")
    assert [(o.findtext(f"{OWS}Identifier"), o.findtext(f"{W}Data/{W}LiteralData")) for o in found] == [
        ("text", "a"), ("text", "b"),
    ]  # fmt: skip


def test_titles_that_the_client_gave_replace_those_described() -> None:
    mine = OutputValue("text", (Literal("a"),), False, OutputRequest(title="Mine", abstract="Of mine"))
    found = told(record(SUCCEEDED, mine)).find(f"{W}ProcessOutputs/{W}Output")
    assert (found.findtext(f"{OWS}Title"), found.findtext(f"{OWS}Abstract")) == ("Mine", "Of mine")


def test_lineage_is_what_was_asked() -> None:
    posted = Reference("http://a.example", XML, "POST", (("X-A", "b"),), '<q xmlns="urn:q"/>')
    elsewhere = Reference("http://a.example", None, "POST", (), None, "http://b.example")
    inputs = {
        "text": (Literal("a"), Literal("b", "m")),
        "gml": (posted, elsewhere, Reference("http://c.example")),
        "box": (Box((102, 46), (103, 47), EPSG4326),),
        "scene": (InlineBytes(b"II*\x00", TIFF),),
        "point": (Record({"x": (Literal(1.0),)}),),
    }
    outputs = {"text": OutputRequest(None, Transmission.REFERENCE, "m", "Mine"), "box": OutputRequest()}
    root = told(record(SUCCEEDED, of=request(inputs, outputs, lineage=True)))
    found = root.findall(f"{W}DataInputs/{W}Input")
    assert [i.findtext(f"{OWS}Identifier") for i in found] == [
        *["text"] * 2,
        *["gml"] * 3,
        "box",
        "scene",
        "point",
    ]
    (reference, second, third) = root.iterfind(f"{W}DataInputs/{W}Input/{W}Reference")
    assert (reference.get(f"{XL}href"), reference.get("method")) == ("http://a.example", "POST")
    assert dict(reference.find(f"{W}Header").attrib) == {"key": "X-A", "value": "b"}
    assert reference.find(f"{W}Body")[0].tag == "{urn:q}q"
    assert second.find(f"{W}BodyReference").get(f"{XL}href") == "http://b.example"
    assert third.get("method") == "GET"
    text, box = root.iterfind(f"{W}OutputDefinitions/{W}Output")
    assert (text.get("asReference"), text.get("uom"), text.findtext(f"{OWS}Title")) == ("true", "m", "Mine")
    assert box.get("asReference") == "false"


def test_a_text_that_no_xml_can_carry_is_told_in_base64_and_not_altered() -> None:
    text = "a\x00b\x1b\ufffe"
    outcome = record(
        SUCCEEDED, output("o", Literal(text)), of=request({"text": (Literal(text),)}, lineage=True)
    )
    for name in ("ProcessOutputs", "DataInputs"):
        (found,) = told(outcome).iterfind(f"{W}{name}//{W}Data/*")
        assert (found.tag, dict(found.attrib)) == (
            f"{W}ComplexData",
            {"mimeType": "text/plain", "encoding": "base64"},
        )
        assert b64decode(found.text).decode() == text


WORDED = Wording(
    (
        Written("gml", format=Format("text/xml")),
        Written("text", "One", "Of mine", None, "m", "xs:string", " a"),
        Written("gml", "Posted"),
        Written("box", corners=("46.0 102", "47 103"), crs="epsg:4326", dimensions="2"),
        Written("text"),
    ),
    (Written("box"), Written("text", "Mine", format=Format("", "UTF-8"))),
)


def test_lineage_has_the_words_and_the_order_of_the_client() -> None:
    inputs = {
        "text": (Literal("a", "m"), Literal("b", "m")),
        "gml": (InlineText("<a/>", XML), Reference("http://a.example", XML, "POST")),
        "box": (Box((102, 46), (103, 47), EPSG4326),),
    }
    outputs = {"text": OutputRequest(), "box": OutputRequest()}
    of = replace(request(inputs, outputs, lineage=True), wording=WORDED)
    root = told(record(SUCCEEDED, of=of))
    found = root.findall(f"{W}DataInputs/{W}Input")
    ids = [one.findtext(f"{OWS}Identifier") for one in found]
    assert ids == ["gml", "text", "gml", "box", "text"]
    texts = [(one.findtext(f"{OWS}Title"), one.findtext(f"{OWS}Abstract")) for one in found]
    assert texts == [(None, None), ("One", "Of mine"), ("Posted", None), (None, None), (None, None)]
    first, second = (one.find(f".//{W}LiteralData") for one in (found[1], found[4]))
    assert (first.text, dict(first.attrib)) == (" a", {"dataType": "xs:string", "uom": "m"})
    assert (second.text, dict(second.attrib)) == ("b", {})
    box = found[3].find(f".//{W}BoundingBoxData")
    assert ([e.text for e in box], dict(box.attrib)) == (
        ["46.0 102", "47 103"],
        {"crs": "epsg:4326", "dimensions": "2"},
    )
    text, _ = root.iterfind(f"{W}OutputDefinitions/{W}Output")
    assert (text.get("encoding"), text.findtext(f"{OWS}Title")) == ("UTF-8", "Mine")


def test_words_that_do_not_go_with_the_values_any_more_are_not_told() -> None:
    of = replace(request({"text": (Literal("c"),)}, lineage=True), wording=WORDED)
    (found,) = told(record(SUCCEEDED, of=of)).iterfind(f"{W}DataInputs/{W}Input")
    assert found.findtext(f".//{W}LiteralData") == "c"


def test_without_lineage_nothing_of_it_is_told() -> None:
    root = told(record(SUCCEEDED, of=request({"text": (Literal("a"),)})))
    assert root.find(f"{W}DataInputs") is root.find(f"{W}OutputDefinitions") is None
    everything = told(record(SUCCEEDED, of=request(lineage=True)))
    assert everything.find(f"{W}DataInputs") is None
    assert len(everything.findall(f"{W}OutputDefinitions/{W}Output")) == len(RICH.description.outputs)


# -- raw ---------------------------------------------------------------------------------------------


def raw(*values: Value, folder: str = "/d") -> HttpReply:
    asked_raw = Asked("wps", "1.0.0", response=ResponseForm.RAW)
    return WPS.write(
        Results(SUCCEEDED, (output("o", *values),), asked_raw, folder), posted(name="Execute"), SITE
    )


@pytest.mark.parametrize(
    ("value", "type", "body"),
    [
        (Literal(2.5, "km"), "text/plain; charset=utf-8", b"2.5"),
        (Box((102, 46), (103, 47), EPSG4326), "text/plain; charset=utf-8",
         b"46,102,47,103,http://www.opengis.net/def/crs/EPSG/0/4326"),
        (InlineText("<a/>", XML), "text/xml; charset=utf-8", b"<a/>"),
        (InlineBytes(b"II*\x00", TIFF), "image/tiff", b"II*\x00"),
        (Record({"x": (Literal(1),)}), "application/json", b'{"x":1}'),
    ],
)  # fmt: skip
def test_a_raw_output_is_the_value_and_nothing_else(value: Value, type: str, body: bytes) -> None:
    reply = raw(value)
    assert (reply.status, header(reply, "Content-Type"), content(reply)) == (200, type, body)
    assert header(reply, "X-Content-Type-Options") == "nosniff"


def test_a_raw_output_that_lies_elsewhere_is_a_redirection() -> None:
    reply = raw(Reference("http://a.example/b"))
    assert (reply.status, header(reply, "Location")) == (302, "http://a.example/b")


def test_a_raw_output_that_was_left_out_is_an_exception() -> None:
    reply = raw()
    assert reply.status == 400
    assert schemas.valid(content(reply))[0].get("exceptionCode") == "InvalidParameterValue"


def test_a_value_at_its_own_address_can_be_kept_and_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_bytes(b"<svg/>")
    value = StoredFile("a.svg", "a.svg", 6, Format("image/svg+xml"))
    outcome = Results(SUCCEEDED, (output("o", Literal(1), value, array=True),), asked(), str(tmp_path), True)
    reply = WPS.write(outcome, HttpRequest("GET", "/jobs/j/outputs/o/1/a.svg"), SITE)
    assert content(reply) == b"<svg/>"
    assert header(reply, "ETag")
    assert header(reply, "Sunset")
    assert "sandbox" in (header(reply, "Content-Security-Policy") or "")
    assert (header(reply, "Content-Disposition") or "").startswith("attachment")
    beyond = WPS.write(outcome, HttpRequest("GET", "/jobs/j/outputs/o/2/a.svg"), SITE)
    assert beyond.status == 400


# -- the mode that a process offers -------------------------------------------------------------------


def test_an_execute_of_wps_demands_its_mode() -> None:
    command = WPS.read(HttpRequest("GET", "/", "service=WPS&version=1.0.0&request=Execute&identifier=p"))
    assert isinstance(command, Execute)
    assert (command.mode, command.strict, command.languages) == (Mode.SYNC, True, Languages())


def test_a_process_without_inputs_is_described() -> None:
    bare = ProcessDescription(
        "bare", "1", Text("Bare"), (), (OutputDescription("o", ComplexDomain((JSON,)), Text("O")),)
    )
    assert described(Offering(bare, "x")).find("DataInputs") is None


def test_a_job_that_does_not_exist_is_told_in_the_words_of_this_edition() -> None:
    reply = WPS.fault(errors.NoSuchJob("x"), STATUS, SITE)
    assert schemas.valid(content(reply)).tag == f"{OWS}ExceptionReport"


def test_no_prefix_is_left_out() -> None:
    found = content(WPS.write(capabilities(), GET, SITE))
    assert b' xmlns="' not in found
    assert etree.fromstring(found).prefix == "wps"
