"""Requests as many clients shape them, answered by a running server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import SHORT, LiveServer, Reply, until
from lxml import etree
from wps_client import GEOJSON, PROCESSES, canonical, data_server

import schemas

sys.path.append(str(Path(__file__).resolve().parents[1] / "protocols"))
from wps_shapes import ASKED, POSTED, Shape

GENERAL = "/wps"
ANSWERED = [shape for shape in (*POSTED, *ASKED) if shape.answer is not None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    settings = SHORT | {"addresses": {"allow": ["127.0.0.1"]}}
    server = LiveServer(
        tmp_path_factory.mktemp("shapes"), [PROCESSES, "azenha.examples.certification"], settings
    )
    server.start()
    yield server
    server.end()


def sent(server: LiveServer, shape: Shape, path: str) -> Reply:
    if shape.file.endswith(".kvp"):
        return server.ask("GET", f"{path}?{shape.query}")
    return server.ask("POST", path, shape.body, {"Content-Type": shape.content_type})


def ids(shape: Shape) -> str:
    return shape.file


@pytest.mark.parametrize("general", [True, False], ids=["general", "of-its-version"])
@pytest.mark.parametrize("shape", ANSWERED, ids=ids)
def test_a_request_is_answered_as_it_was_meant(server: LiveServer, shape: Shape, general: bool) -> None:
    assert shape.answer is not None
    reply = sent(server, shape, GENERAL if general else f"{GENERAL}/{shape.version}")

    assert reply.status == 200, reply.text
    if "raw" in shape.file:
        (expected,) = shape.answer.values()
        assert same(expected, reply.text)
        return
    found = values(etree.fromstring(reply.body))
    assert {name for name, text in shape.answer.items() if not same(text, found[name])} == set(), found
    if shape.outputs is not None:
        assert tuple(found) == shape.outputs


@pytest.mark.parametrize("shape", [s for s in ANSWERED if "raw" not in s.file], ids=ids)
def test_an_answer_is_valid_by_the_official_schemas(server: LiveServer, shape: Shape) -> None:
    root = schemas.valid(sent(server, shape, GENERAL).body)

    envelope = {"text/xml": schemas.SOAP11, "application/soap+xml": schemas.SOAP12}.get(shape.content_type)
    soap = "soap" in shape.file
    standard = {"1.0.0": schemas.WPS1, "2.0.0": schemas.WPS2}[shape.version]
    assert etree.QName(root).namespace == (envelope if soap else standard)


@pytest.mark.parametrize("shape", [s for s in ASKED if s.operation != "Execute"], ids=ids)
def test_what_there_is_is_told(server: LiveServer, shape: Shape) -> None:
    reply = sent(server, shape, GENERAL)

    assert reply.status == 200, reply.text
    root = etree.fromstring(reply.body)
    described = [
        e.findtext("{*}Identifier") for e in root.iter("ProcessDescription", f"{{{schemas.WPS2}}}Process")
    ]
    everything = [e.findtext("{*}Identifier") for e in root.iter("{*}Process", "{*}ProcessSummary")]
    match shape.file:
        case "100_describe_two.kvp":
            assert described == ["literals", "edges"]
        case "200_describe.kvp":
            assert described == ["literals"]
        case _:
            assert {"literals", "edges", "copies"} <= {*described, *everything}


# -- data elsewhere --------------------------------------------------------------------------------

NOWHERE = "127.0.0.1:9"  # stands in the files for wherever the data are


def fetching(server: LiveServer, file: str, place: str) -> Reply:
    (shape,) = [s for s in (*POSTED, *ASKED) if s.file == file]
    if file.endswith(".kvp"):
        query = shape.query.replace(NOWHERE.replace(":", "%3A"), place.replace(":", "%3A"))
        return server.ask("GET", f"{GENERAL}?{query}")
    body = shape.body.replace(NOWHERE.encode(), place.encode())
    return server.ask("POST", GENERAL, body, {"Content-Type": shape.content_type})


def test_a_reference_with_a_body_is_posted_with_its_header(server: LiveServer) -> None:
    with data_server(GEOJSON.encode(), "application/geo+json") as (place, asked):
        reply = fetching(server, "100_reference_post.xml", place)

    assert values(etree.fromstring(reply.body))["sizes"] == f"features={len(GEOJSON)}"
    (one,) = asked
    assert (one.method, one.path, one.headers["x-asked-by"]) == ("POST", "/wfs", "a client")
    assert one.headers["content-type"].partition(";")[0] == "text/xml"
    sent = etree.fromstring(one.body)
    assert sent.tag == "{http://www.opengis.net/wfs}GetFeature"
    assert sent[0].get("typeName") == "places"


def test_a_reference_in_a_query_is_fetched_at_its_whole_address(server: LiveServer) -> None:
    with data_server(GEOJSON.encode(), "application/geo+json") as (place, asked):
        reply = fetching(server, "100_execute_reference.kvp", place)

    assert values(etree.fromstring(reply.body))["sizes"] == f"features={len(GEOJSON)}"
    assert [(one.method, one.path) for one in asked] == [("GET", "/wfs?request=GetFeature")]


def test_a_reference_of_2_0_with_a_method_is_fetched_by_get(server: LiveServer) -> None:
    with data_server(GEOJSON.encode(), "application/geo+json") as (place, asked):
        job = job_of(fetching(server, "200_reference_with_method.xml", place))
        found = result_of(server, job)

    assert values(found) == {"sizes": f"features={len(GEOJSON)}"}
    assert [(one.method, one.path) for one in asked] == [("GET", "/places.geojson")]


# -- a job of 2.0, as a browser follows it ---------------------------------------------------------


def job_of(reply: Reply) -> str:
    assert reply.status == 200, reply.text
    root = etree.fromstring(reply.body)
    assert (etree.QName(root).localname, root.findtext("{*}Status")) == ("StatusInfo", "Accepted")
    return (root.findtext("{*}JobID") or "").strip()


def told(server: LiveServer, request: str, job: str) -> etree._Element:
    reply = server.ask("GET", f"{GENERAL}?service=WPS&version=2.0.0&request={request}&jobId={job}")
    return etree.fromstring(reply.body)


def result_of(server: LiveServer, job: str) -> etree._Element:
    until(
        lambda: told(server, "GetStatus", job).findtext("{*}Status") == "Succeeded", 30, f"job {job} succeeds"
    )
    return told(server, "GetResult", job)


def test_a_job_is_followed_to_its_result_and_dismissed(server: LiveServer) -> None:
    (shape,) = [s for s in POSTED if s.file == "200_browser.xml"]
    body = shape.body.replace(b'mode="sync"', b'mode="async"')
    job = job_of(server.ask("POST", GENERAL, body, {"Content-Type": "application/xml"}))

    found = result_of(server, job)

    assert (found.findtext("{*}JobID") or "").strip() == job
    assert values(found) == {"text": "a", "count": "7"}
    assert told(server, "Dismiss", job).findtext("{*}Status") == "Dismissed"
    for request in ("GetStatus", "GetResult", "Dismiss"):
        (refused,) = told(server, request, job)
        assert (refused.get("exceptionCode"), refused.get("locator")) == ("NoSuchJob", job)


def values(root: etree._Element) -> dict[str, str]:
    """Of each output of a response document its value as text: of XML the element."""
    found = {}
    for output in root.iter("{*}Output"):
        name = output.get("id") or (output.findtext("{*}Identifier") or "").strip()
        data = output.find("{*}Data")
        assert data is not None, f"{name} is no value"
        inner = data.find("{*}LiteralData")
        inner = data.find("{*}ComplexData") if inner is None else inner
        inner = data.find("{*}LiteralValue") if inner is None else inner
        inner = data if inner is None else inner
        found[name] = etree.tostring(inner[0], with_tail=False).decode() if len(inner) else inner.text or ""
    return found


def same(expected: str, found: str) -> bool:
    """Numbers, XML and JSON that say the same, else the same text."""
    if expected.startswith("<"):
        return canonical(expected) == canonical(found)
    if expected.startswith("{"):
        return bool(json.loads(expected) == json.loads(found))
    try:
        return float(expected) == float(found)
    except ValueError:
        return expected == found
