"""WPS 1.0.0 against a running server: the requests of the official suite (ets-wps10), and whole walks.

Numbers are those of the abstract tests. Requests are those that the suite makes, slips and all.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from live_server import SHORT, LiveServer, Reply, until
from lxml import etree

import schemas

MOUNT = "/wps/1.0.0"
ECHO = "org.n52.wps.server.algorithm.test.EchoProcess"
W = "{http://www.opengis.net/wps/1.0.0}"
OWS = "{http://www.opengis.net/ows/1.1}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
OFFICIAL = "wps-1.0.0/ets-wps10"
EXECUTE = f"service=WPS&version=1.0.0&request=Execute&Identifier={ECHO}"
OPEN = (
    '<wps:Execute service="WPS" version="1.0.0" xmlns:wps="http://www.opengis.net/wps/1.0.0" '
    f'xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink">'
    f"<ows:Identifier>{ECHO}</ows:Identifier>"
)


# One that takes everything, for what is told of it.
TAKER = """
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from azenha import BBox, Context, Crs, File, Media, Occurs, Unit, process

@dataclass(frozen=True)
class Taken:
    text: str
    document: Annotated[File, Media("text/plain")]

@process(version="1.0.0")
def taker(
    text: str,
    number: Annotated[float, Unit("m", "km")] = 0.0,
    numbers: Annotated[list[float], Occurs(0, 9)] | None = None,
    box: Annotated[BBox, Crs("CRS84", "EPSG:4326")] | None = None,
    document: Annotated[
        File, Media("text/xml", "text/csv", "text/plain", "image/tiff", "application/octet-stream")
    ] | None = None,
    *,
    ctx: Context,
) -> Taken:
    (ctx.workdir / "a.txt").write_text(text)
    return Taken(text, File(ctx.workdir / "a.txt", "text/plain"))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    taker = tmp_path_factory.mktemp("processes") / "taker.py"
    taker.write_text(TAKER)
    server = LiveServer(
        tmp_path_factory.mktemp("wps1"),
        ["azenha.examples.certification", "azenha.examples.basic", str(taker)],
        SHORT | {"addresses": {"allow": ["127.0.0.1"]}},
    )
    server.start()
    yield server
    server.end()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[tuple[str, str | None, bytes]]]]:
    """The address of another server that gives back what is posted, and what it was asked."""
    asked: list[tuple[str, str | None, bytes]] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(b'<q xmlns="urn:q">fetched</q>')

        def do_POST(self) -> None:
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def answer(self, body: bytes) -> None:
            asked.append((self.command, self.headers["X-Token"], body))
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test's output is its own."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{other.server_port}", asked
        other.shutdown()
        thread.join()


def get(server: LiveServer, query: str, mount: str = MOUNT) -> Reply:
    return server.ask("GET", f"{mount}?{query}")


def post(server: LiveServer, body: str | bytes, query: str = "", mount: str = MOUNT) -> Reply:
    data = body if isinstance(body, bytes) else body.encode()
    return server.ask("POST", f"{mount}?{query}" if query else mount, data, {"Content-Type": "text/xml"})


def told(reply: Reply, status: int = 200) -> Any:
    """The root of a reply, which is valid."""
    assert reply.status == status, reply.text
    assert reply.headers["content-type"] == "text/xml"
    return schemas.valid(reply.body)


def refused(reply: Reply, code: str, locator: str | None = None, status: int = 400) -> None:
    (exception,) = told(reply, status)
    assert (exception.get("exceptionCode"), exception.get("locator")) == (code, locator)


def state(root: Any) -> str:
    (found,) = root.find(f"{W}Status")
    return str(found.tag.removeprefix(W))


def ended(server: LiveServer, address: str) -> Any:
    """The document at a status location once the job has ended."""

    def look() -> Any:
        root = told(server.ask("GET", address))
        return (root,) if state(root) in ("ProcessSucceeded", "ProcessFailed") else None

    (root,) = until(look, 30, f"{address} tells of the end")
    return root


# -- what the official suite asks --------------------------------------------------------------------


def test_the_bare_address_answers_in_xml(server: LiveServer) -> None:
    refused(server.ask("GET", MOUNT), "MissingParameterValue", "service")


def test_a_4_1_1_capabilities_and_the_first_process_are_told(server: LiveServer) -> None:
    root = told(get(server, "service=wps&request=GetCapabilities&version=1.0.0"))
    first = root.findtext(f".//{W}Process/{OWS}Identifier")
    told(get(server, f"service=wps&version=1.0.0&request=DescribeProcess&Identifier={first}"))


@pytest.mark.parametrize(
    "query",
    [
        "service=wps&request=GetCapabilities&version=1.0.0",
        "service=wps&request=DescribeProcess&version=1.0.0",
        "service=wps&request=DescribeProcess&version=1.0.0&Identifier=JTS:Invalid",
    ],
)
def test_a_4_1_2_an_empty_post_is_refused_whatever_its_query_says(server: LiveServer, query: str) -> None:
    refused(post(server, "", query), "NoApplicableCode")


def test_a_4_2_1_names_have_no_case(server: LiveServer) -> None:
    found = [
        told(get(server, query))
        for query in (
            "service=wps&request=GetCapabilities",
            "service=wps&request=GetCapabilities&AcceptVersions=1.0.0",
            "SeRvIcE=wps&rEqUeSt=GetCapabilities&AcCePtVeRsIoNs=1.0.0",
        )
    ]
    assert len({root.tag for root in found}) == 1


def test_a_4_2_2_what_is_not_well_formed_is_refused(server: LiveServer) -> None:
    body = '<wps:getcapabilities service="WPS" xmlns:wps="http://www.opengis.net/wps/1.0.0"></wps:GetCapabilities>'
    refused(post(server, body), "NoApplicableCode")


def test_a_4_2_4_versions_are_negotiated(server: LiveServer) -> None:
    root = told(get(server, "service=wps&request=GetCapabilities"))
    assert root.get("version") == max(e.text for e in root.iter(f"{OWS}ServiceTypeVersion"))
    for version in ("3.0.0", "0.0.1"):
        reply = get(server, f"service=wps&request=GetCapabilities&AcceptVersions={version}")
        refused(reply, "VersionNegotiationFailed")
    assert told(get(server, "service=wps&request=GetCapabilities&language=en-US")) is not None


def test_a_4_2_6_and_a_4_3_4_each_language_that_is_listed_is_spoken(server: LiveServer) -> None:
    root = told(get(server, "service=wps&request=GetCapabilities"))
    listed = [e.text for e in root.iterfind(f"{W}Languages/{W}Supported/{OWS}Language")]
    assert listed
    for tag in listed:
        assert told(get(server, f"service=wps&request=GetCapabilities&language={tag}")).get(LANGUAGE) == tag
        query = f"service=wps&version=1.0.0&request=DescribeProcess&Identifier={ECHO}&language={tag}"
        assert told(get(server, query)).get(LANGUAGE) == tag
    reply = get(server, "service=wps&request=GetCapabilities&language=xx")
    refused(reply, "InvalidParameterValue", "language")


def test_a_4_3_3_a_parameter_without_its_sign_is_missing(server: LiveServer) -> None:
    # As the suite sends it. It holds the answer against a schema that takes a valid report too.
    reply = get(server, f"service=wps&version=1.0.0&request=DescribeProcess&Identifier{ECHO}")
    refused(reply, "MissingParameterValue", "Identifier")


@pytest.mark.parametrize("more", ["", "&Language=en-US"])
def test_a_4_4_1_and_6_execute_by_get(server: LiveServer, more: str) -> None:
    root = told(get(server, f"{EXECUTE}&DataInputs=literalInput=a&ResponseDocument=literalOutput{more}"))
    assert state(root) == "ProcessSucceeded"
    assert [e.text for e in root.iter(f"{W}LiteralData")] == ["a"]


def test_a_4_4_2_raw_data_is_the_data(server: LiveServer) -> None:
    reply = post(server, schemas.sample(f"{OFFICIAL}/wps_execute_request_complexdata.xml"))
    assert (reply.status, reply.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert b">testStringValue</testElement>" in reply.body


def test_a_4_4_4_a_document_has_the_outputs_that_were_asked_for(server: LiveServer) -> None:
    root = told(post(server, schemas.sample(f"{OFFICIAL}/wps_execute_request_response_document.xml")))
    assert root.findtext(f".//{W}LiteralData") == "Hello!"
    assert root.find(f".//{W}ComplexData")[0].text == "testValue"


def test_a_4_4_5_a_stored_document_is_at_its_address_at_once_and_until_the_end(server: LiveServer) -> None:
    asked = schemas.sample(f"{OFFICIAL}/wps_execute_request_updating_response_document.xml")
    root = told(post(server, asked))
    assert state(root) == "ProcessAccepted"
    told(server.ask("GET", root.get("statusLocation") + "?language=fr"))
    assert ended(server, root.get("statusLocation")).findtext(f".//{W}LiteralData") == "Hello!"


# -- whole walks -------------------------------------------------------------------------------------


def test_what_is_listed_is_described_and_all_of_it_is_valid(server: LiveServer) -> None:
    root = told(get(server, "service=WPS&request=GetCapabilities"))
    listed = [e.text for e in root.iterfind(f".//{W}Process/{OWS}Identifier")]
    everything = told(get(server, "service=WPS&version=1.0.0&request=DescribeProcess&identifier=all"))
    assert [p.findtext(f"{OWS}Identifier") for p in everything] == listed
    told(get(server, "wsdl"))


def test_capabilities_that_a_client_has_are_not_sent_again(server: LiveServer) -> None:
    address = f"{MOUNT}?service=WPS&request=GetCapabilities"
    tag = server.ask("GET", address).headers["etag"]
    again = server.ask("GET", address, None, {"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")


def test_an_output_by_reference_is_a_file_also_of_what_was_answered_at_once(server: LiveServer) -> None:
    query = f"{EXECUTE}&DataInputs=complexInput=%3Ca/%3E&ResponseDocument=complexOutput=@asReference=true"
    reference = told(get(server, query)).find(f".//{W}Reference")
    assert reference.get("mimeType") == "text/xml"
    found = server.ask("GET", reference.get("href"))
    assert (found.status, found.body) == (200, b"<a/>")
    assert reference.get("href").endswith(".xml")


@pytest.mark.parametrize(
    ("inner", "method", "body"),
    [
        ("", "GET", b'<q xmlns="urn:q">fetched</q>'),
        ('<wps:Body><q xmlns="urn:q">sent</q></wps:Body>', "POST", None),
        ("<wps:Body>&lt;q/></wps:Body>", "POST", b"<q/>"),
        ('<wps:BodyReference xlink:href="{0}/body"/>', "POST", b'<q xmlns="urn:q">fetched</q>'),
    ],
)
def test_a_reference_is_fetched_as_the_client_says(
    server: LiveServer,
    elsewhere: tuple[str, list[tuple[str, str | None, bytes]]],
    inner: str,
    method: str,
    body: bytes | None,
) -> None:
    address, asked = elsewhere
    reference = (
        f'<wps:Reference xlink:href="{address}/wfs?a=b&amp;c=d"><wps:Header key="X-Token" value="s3"/>'
        f"{inner.format(address)}</wps:Reference>"
    )
    reply = post(
        server,
        f"{OPEN}<wps:DataInputs><wps:Input><ows:Identifier>complexInput</ows:Identifier>{reference}</wps:Input>"
        '</wps:DataInputs><wps:ResponseForm><wps:ResponseDocument lineage="true"/></wps:ResponseForm></wps:Execute>',
    )
    root = told(reply)
    assert state(root) == "ProcessSucceeded"
    (content,) = root.find(f".//{W}ComplexData") if b"xmlns" in asked[-1][2] else (None,)
    assert content is None or content.tag == "{urn:q}q"
    assert asked[-1][:2] == (method, "s3")
    assert body is None or asked[-1][2] == body
    assert root.find(f"{W}DataInputs//{W}Reference").get("method") == method


def test_a_reference_that_cannot_be_fetched_fails_the_job_and_says_so(
    server: LiveServer, elsewhere: tuple[str, object]
) -> None:
    query = f"{EXECUTE}&DataInputs=complexInput=@xlink:href={quote('http://10.1.2.3/a.xml', safe='')}"
    root = told(get(server, f"{query}&ResponseDocument=complexOutput"))
    assert state(root) == "ProcessFailed"
    refused(get(server, f"{query}&RawDataOutput=complexOutput"), "NoApplicableCode")


@pytest.mark.parametrize(
    ("query", "code", "locator"),
    [
        ("DataInputs=nothing=1", "InvalidParameterValue", "nothing"),
        ("DataInputs=literalInput=a;literalInput=b", "InvalidParameterValue", "literalInput"),
        ("DataInputs=complexInput=a@mimeType=image/png", "InvalidParameterValue", "complexInput"),
        ("ResponseDocument=nothing", "InvalidParameterValue", "nothing"),
        ("RawDataOutput=complexOutput@mimeType=image/png", "InvalidParameterValue", "complexOutput"),
        ("status=true", "InvalidParameterValue", "status"),
        ("DataInputs=literalInput=a&language=xx", "InvalidParameterValue", "language"),
    ],
)
def test_what_can_be_seen_at_once_is_refused_at_once(
    server: LiveServer, query: str, code: str, locator: str
) -> None:
    refused(get(server, f"{EXECUTE}&{query}"), code, locator)


@pytest.mark.parametrize(
    "soap", ["http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"]
)
def test_an_envelope_is_answered_in_its_own_version(server: LiveServer, soap: str) -> None:
    inner = (
        f"{OPEN}<wps:DataInputs><wps:Input><ows:Identifier>literalInput</ows:Identifier><wps:Data><wps:LiteralData>a"
        "</wps:LiteralData></wps:Data></wps:Input></wps:DataInputs></wps:Execute>"
    )
    for mount in (MOUNT, "/wps"):
        reply = post(
            server, f'<e:Envelope xmlns:e="{soap}"><e:Body>{inner}</e:Body></e:Envelope>', mount=mount
        )
        root = schemas.valid(reply.body)
        assert root.tag == f"{{{soap}}}Envelope"
        assert root.findtext(f".//{W}LiteralData") == "a"


@pytest.mark.parametrize("mount", [MOUNT, "/wps"])
def test_a_large_body_is_read_elsewhere_and_answered_in_its_edition(server: LiveServer, mount: str) -> None:
    text = "<r>" + "<i>0123456789</i>" * 300_000 + "</r>"
    inner = (
        f"{OPEN}<wps:DataInputs><wps:Input><ows:Identifier>{{}}</ows:Identifier><wps:Data><wps:ComplexData>{text}"
        "</wps:ComplexData></wps:Data></wps:Input></wps:DataInputs></wps:Execute>"
    )
    root = told(post(server, inner.format("complexInput"), mount=mount))
    assert state(root) == "ProcessSucceeded"
    assert len(root.find(f".//{W}ComplexData")[0]) == 300_000
    refused(post(server, inner.format("nothing"), mount=mount), "InvalidParameterValue", "nothing")


def test_lineage_has_what_is_large_too_from_the_first_answer_on(server: LiveServer) -> None:
    text = "<r>" + "<i>0123456789</i>" * 10_000 + "</r>"
    root = told(
        post(
            server,
            f"{OPEN}<wps:DataInputs><wps:Input><ows:Identifier>complexInput</ows:Identifier><wps:Data>"
            f"<wps:ComplexData>{text}</wps:ComplexData></wps:Data></wps:Input></wps:DataInputs><wps:ResponseForm>"
            '<wps:ResponseDocument storeExecuteResponse="true" lineage="true"/></wps:ResponseForm></wps:Execute>',
        )
    )
    for found in (root, ended(server, root.get("statusLocation"))):
        assert len(found.find(f"{W}DataInputs//{W}ComplexData")[0]) == 10_000


def shape(element: Any) -> object:
    """An element with everything in it: names, attributes, text."""
    text = (element.text or "").strip() if len(element) else element.text or ""
    return element.tag, dict(element.attrib), text, [shape(one) for one in element]


WRITTEN = """
<wps:DataInputs xmlns:gml="http://www.opengis.net/gml">
  <wps:Input>
    <ows:Identifier>number</ows:Identifier><ows:Title>My &lt;number&gt;</ows:Title>
    <ows:Abstract>Of mine</ows:Abstract>
    <wps:Data><wps:LiteralData dataType="xs:double" uom="km"> 2.50 </wps:LiteralData></wps:Data>
  </wps:Input>
  <wps:Input>
    <ows:Identifier>text</ows:Identifier>
    <wps:Data><wps:LiteralData>a  b &amp; c</wps:LiteralData></wps:Data>
  </wps:Input>
  <wps:Input>
    <ows:Identifier>numbers</ows:Identifier><ows:Title>First</ows:Title>
    <wps:Data><wps:LiteralData>1e2</wps:LiteralData></wps:Data>
  </wps:Input>
  <wps:Input>
    <ows:Identifier>box</ows:Identifier><ows:Abstract>Where</ows:Abstract>
    <wps:Data><wps:BoundingBoxData crs="epsg:4326" dimensions="2"><ows:LowerCorner>46.0 102</ows:LowerCorner>
    <ows:UpperCorner>47 103.50</ows:UpperCorner></wps:BoundingBoxData></wps:Data>
  </wps:Input>
  <wps:Input>
    <ows:Identifier>numbers</ows:Identifier><ows:Title>Second</ows:Title>
    <wps:Data><wps:LiteralData>2</wps:LiteralData></wps:Data>
  </wps:Input>
  <wps:Input>
    <ows:Identifier>document</ows:Identifier><ows:Title>Data</ows:Title>
    <wps:Data><wps:ComplexData {0}</wps:ComplexData></wps:Data>
  </wps:Input>
</wps:DataInputs>"""
DEFINED = """
<wps:Output asReference="true" mimeType="text/plain" encoding="UTF-8">
  <ows:Identifier>document</ows:Identifier><ows:Title>Theirs</ows:Title>
</wps:Output>
<wps:Output asReference="false"><ows:Identifier>text</ows:Identifier></wps:Output>"""
LARGE = "<r>" + "<i>0123456789</i>" * 10_000 + "</r>"


@pytest.mark.parametrize(
    "data",
    [
        'mimeType="text/XML"><gml:a xmlns="urn:q"> <b c="d"/>e</gml:a>',
        'mimeType="text/csv">a,b\n1,2\n',
        'mimeType="image/tiff" encoding="base64">SUkqAA==',
        f'mimeType="text/xml">{LARGE}',
        f'mimeType="application/octet-stream" encoding="base64">{"SUkqAAAA" * 20_000}',
    ],
    ids=["xml", "text", "base64", "large xml", "large base64"],
)
def test_lineage_is_a_complete_copy_of_what_was_received_also_later(server: LiveServer, data: str) -> None:
    sent = WRITTEN.format(data)
    opened = OPEN.replace(ECHO, "taker")
    root = told(
        post(
            server,
            f"{opened}{sent}<wps:ResponseForm><wps:ResponseDocument storeExecuteResponse='true' lineage='true'>"
            f"{DEFINED}</wps:ResponseDocument></wps:ResponseForm></wps:Execute>",
        )
    )
    request = etree.fromstring(
        f"{opened}{sent}<wps:OutputDefinitions>{DEFINED}</wps:OutputDefinitions></wps:Execute>"
    )
    located = root.get("statusLocation")
    for found in (root, ended(server, located), told(server.ask("GET", located))):
        for name in ("DataInputs", "OutputDefinitions"):
            assert shape(found.find(f"{W}{name}")) == shape(request.find(f"{W}{name}"))


def test_lineage_of_a_query_is_in_its_order_with_its_words(server: LiveServer) -> None:
    inputs = (
        "number=2.50@dataType=double;text=a;box=46,102,47,103,EPSG:4326;document=a%3Bb@mimeType=text/plain"
    )
    query = f"service=WPS&version=1.0.0&request=Execute&Identifier=taker&DataInputs={inputs}&lineage=true"
    root = told(get(server, f"{query}&ResponseDocument=text"))
    found = root.findall(f"{W}DataInputs/{W}Input")
    assert [one.findtext(f"{OWS}Identifier") for one in found] == ["number", "text", "box", "document"]
    number, text, _, document = (one.find(f"{W}Data")[0] for one in found)
    assert (number.text, dict(number.attrib)) == ("2.50", {"dataType": "double"})
    assert (text.text, dict(text.attrib)) == ("a", {})
    assert (document.text, dict(document.attrib)) == ("a;b", {"mimeType": "text/plain"})
    assert root.findtext(f"{W}DataInputs//{OWS}LowerCorner") == "46 102"


# -- one job in every dialect ------------------------------------------------------------------------


def test_a_job_of_wps_is_one_of_ogc_api_and_is_dismissed_there(server: LiveServer) -> None:
    query = (
        "service=WPS&version=1.0.0&request=Execute&Identifier=certification-echo&storeExecuteResponse=true"
        "&status=true&DataInputs=string=a;pause=60"
    )
    location = told(get(server, query)).get("statusLocation")
    job = location.rpartition("/")[2]
    until(lambda: state(told(server.ask("GET", location))) == "ProcessStarted", 30, "it runs")
    assert server.job(job)["status"] == "running"
    assert server.ask("DELETE", f"/jobs/{job}").status == 200
    (report,) = ended(server, location).iter(f"{OWS}ExceptionText")
    assert report.text == "the job was dismissed"
    assert server.ask("DELETE", f"/jobs/{job}").status == 200
    refused(server.ask("GET", location), "InvalidParameterValue", job)


def test_a_job_of_ogc_api_is_told_by_wps(server: LiveServer) -> None:
    job = server.submit("certification-echo", string="abc")
    server.ended(job)
    root = told(server.ask("GET", f"{MOUNT}/jobs/{job}"))
    values = {
        o.findtext(f"{OWS}Identifier"): o.findtext(f".//{W}LiteralData") for o in root.iter(f"{W}Output")
    }
    assert (values["string"], values["length"]) == ("abc", "3")
    assert root.get("statusLocation").endswith(f"{MOUNT}/jobs/{job}")
