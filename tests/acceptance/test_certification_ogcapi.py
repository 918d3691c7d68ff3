"""The facts that the official suite of OGC API - Processes 1.0 checks, by the requests that it makes.

Numbers are those of the abstract tests (OGC 18-062r2, annex A). The suite makes its requests from the description
of the echo; so does this, by the same rules.
"""

from __future__ import annotations

import base64
import http.server
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from live_server import SHORT, LiveServer, Reply, until

ECHO = "certification-echo"
EXECUTE = f"/processes/{ECHO}/execution"
EXCEPTION = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
CLASS = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
JSON = {"Accept": "application/json"}
# The suite's, blank at the end and all.
ASYNC = {"Prefer": "respond-async "}
TEXT = "teststring"
BYTES = b"II*\x00 not much of a picture"

Validate = Callable[[Mapping[str, Any], str], None]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(
        tmp_path_factory.mktemp("certification"),
        ["azenha.examples.certification"],
        SHORT | {"addresses": {"allow": ["127.0.0.1"]}},
    )
    server.start()
    yield server
    server.end()


@pytest.fixture(scope="module")
def described(server: LiveServer) -> Any:
    return server.get(f"/processes/{ECHO}").json


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of some bytes on another server."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/tiff")
            self.send_header("Content-Length", str(len(BYTES)))
            self.end_headers()
            self.wfile.write(BYTES)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test's output is its own."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{other.server_port}/testgeotiff.tiff"
        other.shutdown()
        thread.join()


# -- the suite's way to make a request -----------------------------------------------------------


def ordinary(described: Any) -> dict[str, Any]:
    """A text for every input that is plainly one, and all outputs by value."""
    plain = [
        id
        for id, one in described["inputs"].items()
        if one["schema"].get("type") == "string" and not {"format", "contentMediaType"} & set(one["schema"])
    ]
    return {"inputs": dict.fromkeys(plain, TEXT), "outputs": by_value(*described["outputs"])}


def by_value(*outputs: str) -> dict[str, Any]:
    return {id: {"transmissionMode": "value"} for id in outputs}


def execute(server: LiveServer, body: object, headers: Mapping[str, str] | None = None) -> Reply:
    known = {"Content-Type": "application/json; charset=UTF-8", **JSON, **(headers or {})}
    return server.ask("POST", EXECUTE, json.dumps(body).encode(), known)


def exception(reply: Reply, validate: Validate | None = None) -> Any:
    assert reply.headers["content-type"].partition(";")[0] == "application/json"
    found = reply.json
    assert found["type"]
    if validate is not None:
        validate(found, "exception")
    return found


# -- core: what the server says of itself --------------------------------------------------------


def test_a07_it_speaks_http_1_1(server: LiveServer) -> None:
    answer = server.raw(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/", "landingPage"),  # A.1, A.2
        ("/conformance", "confClasses"),  # A.5, A.6
        ("/processes", "processList"),  # A.8, A.10
        ("/processes?limit=1", "processList"),  # A.11, A.12
        (f"/processes/{ECHO}", "process"),  # A.13, A.14, A.48
        ("/processes/org.n52.javaps.test.EchoProcess", "process"),
        ("/processes/org.n52.wps.server.algorithm.test.EchoProcess", "process"),
    ],
)
def test_a01_to_a14_documents_are_as_their_schemas(
    server: LiveServer, validate: Validate, path: str, schema: str
) -> None:
    reply = server.get(path)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    validate(reply.json, schema)


def test_a03_the_landing_page_leads_to_the_definition_the_classes_and_the_processes(
    server: LiveServer,
) -> None:
    links = server.get("/").json["links"]
    relations = {one["rel"] for one in links}
    assert {f"{RELATION}conformance", f"{RELATION}processes"} <= relations
    definitions = [one for one in links if one["rel"] in ("service-desc", "service-doc")]
    assert definitions
    for one in definitions:  # A.4
        assert server.ask("GET", one["href"], None, {"Accept": one["type"]}).status == 200


def test_a06_the_classes_that_are_certified_are_claimed(server: LiveServer) -> None:
    claimed = set(server.get("/conformance").json["conformsTo"])
    assert {CLASS + name for name in ("core", "ogc-process-description", "json")} <= claimed


def test_a08_to_a12_the_list_is_cut_where_the_client_says(server: LiveServer) -> None:
    assert len(server.get("/processes").json["processes"]) == 3
    page = server.get("/processes?limit=1").json
    assert len(page["processes"]) == 1
    assert {"self", "alternate"} <= {one["rel"] for one in page["links"]}


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/processes/invalid-process-{}", "no-such-process"),  # A.15
        ("/jobs/invalid-job-{}", "no-such-job"),  # A.37
        ("/jobs/invalid-job-{}/results", "no-such-job"),  # A.45
    ],
)
def test_a15_a37_a45_what_is_not_there_is_told_in_the_standards_words(
    server: LiveServer, validate: Validate, path: str, type: str
) -> None:
    reply = server.get(path.format(uuid.uuid4()))
    assert reply.status == 404
    assert exception(reply, validate)["type"] == EXCEPTION + type


# -- the echo: shapes that the suite knows, so that it skips nothing ------------------------------


def test_the_first_input_is_a_required_plain_text_and_an_output_has_its_name(described: Any) -> None:
    id, first = next(iter(described["inputs"].items()))
    assert (first["schema"], first["minOccurs"]) == ({"type": "string"}, 1)
    assert id in described["outputs"]
    assert all(one["minOccurs"] == 0 for name, one in described["inputs"].items() if name != id)


def test_there_is_an_input_of_each_kind_that_the_suite_looks_for(described: Any) -> None:
    schemas = {id: one["schema"] for id, one in described["inputs"].items()}
    assert schemas["pause"]["type"] == "number"
    assert {"type": "array", "items": {"type": "integer"}}.items() <= schemas["integers"].items()
    (box,) = schemas["box"]["allOf"]  # one alone: the suite trips over an element without a format
    assert box["format"] == "ogc-bbox"
    assert schemas["plain"] == {"type": "string", "contentMediaType": "text/plain"}
    mixed = schemas["mixed"]["oneOf"]
    assert len(mixed) > 1
    assert all(one["type"] == "string" and one["contentMediaType"] for one in mixed)
    assert all(one.get("type") != "object" for one in schemas.values())  # it would send them texts
    # It takes `format: byte` for binary, and fails for want of a file that is not in its jar.
    assert all(one.get("format") != "byte" for one in schemas.values())
    assert "oneOf" in described["outputs"]["mixed"]["schema"]  # A.53


def test_an_output_is_always_an_integer_because_the_suite_takes_texts_for_two_things(
    server: LiveServer, described: Any
) -> None:
    assert described["outputs"]["length"]["schema"]["type"] == "integer"
    assert execute(server, ordinary(described)).json == {"string": TEXT, "length": len(TEXT)}


# -- synchronous ---------------------------------------------------------------------------------

BOX = {"bbox": [51.9, 7, 52, 7.1], "crs": CRS84}
ALL = {"string": TEXT, "length": len(TEXT)}

SYNCHRONOUS: list[tuple[str, dict[str, Any], list[str] | None, str | None, Any]] = [
    # test, further inputs, outputs (None: not said), response, what is answered
    ("A.18, A.20, A.21, A.35, A.39", {}, [], None, ALL),
    ("A.27 default outputs", {}, None, None, ALL),
    ("A.23 array", {"integers": [1, 2, 3]}, ["integers"], None, [1, 2, 3]),
    ("A.24 object, A.25 mixed", {"mixed": {"value": "a,b", "mediaType": "text/csv"}}, ["mixed"], None, "a,b"),
    ("A.26 binary", {"binary": base64.b64encode(BYTES).decode()}, ["binary"], None, BYTES),
    ("A.27 box", {"box": BOX}, ["box"], None, BOX),
    ("A.29 raw, one", {}, ["string"], "raw", TEXT),
    ("A.33 document", {}, [], "document", ALL),
]


@pytest.mark.parametrize(
    ("inputs", "outputs", "response", "answer"),
    [case[1:] for case in SYNCHRONOUS],
    ids=[case[0] for case in SYNCHRONOUS],
)
def test_synchronous_requests_are_answered_with_what_they_ask_for(
    server: LiveServer,
    described: Any,
    inputs: dict[str, Any],
    outputs: list[str] | None,
    response: str | None,
    answer: Any,
) -> None:
    body = ordinary(described)
    body["inputs"] |= inputs
    if outputs is None:
        del body["outputs"]
    elif outputs:
        body["outputs"] = by_value(*outputs)
    if response:
        body["response"] = response

    reply = execute(server, body)

    assert reply.status == 200, reply.text
    assert (
        "link" not in reply.headers
    )  # A.39: one would have to lead to a job, and the suite cannot follow it
    if isinstance(answer, bytes):
        assert reply.body == answer
    elif "mixed" in inputs:
        assert (reply.text, reply.headers["content-type"].partition(";")[0]) == (answer, "text/csv")
    else:
        assert reply.json == answer


@pytest.mark.parametrize("id", ["A.30 several", "A.31 by reference", "A.32 mixed"])
def test_several_raw_values_come_as_parts_with_what_was_sent_in_one(
    server: LiveServer, described: Any, id: str
) -> None:
    reply = execute(server, ordinary(described) | {"response": "raw"})

    assert reply.status == 200
    assert reply.headers["content-type"].startswith("multipart/related")
    assert all(f"Content-ID: <{name}>" in reply.text for name in ALL)
    assert TEXT in reply.text


def test_a22_an_input_is_fetched_from_where_it_is(server: LiveServer, described: Any, elsewhere: str) -> None:
    body = ordinary(described)
    body["inputs"]["binary"] = {"href": elsewhere, "format": {}}
    body["outputs"] = by_value("binary")

    reply = execute(server, body)

    assert (reply.status, reply.body) == (200, BYTES)
    assert reply.headers["content-type"] == "image/tiff"


@pytest.mark.parametrize("inputs", [["plain"], ["mixed"], ["binary"], ["plain", "mixed", "binary"]])
def test_a28_a_value_that_is_none_of_its_type_is_refused_by_its_input(
    server: LiveServer, described: Any, validate: Validate, inputs: list[str]
) -> None:
    body = ordinary(described)
    body["inputs"] |= {id: {"type": f"wrong/type_{uuid.uuid4()}"} for id in inputs}

    reply = execute(server, body)

    assert reply.status == 400
    assert [one["locator"] for one in exception(reply, validate)["errors"]] == inputs


def test_a47_a_request_that_is_none_is_an_exception(server: LiveServer, validate: Validate) -> None:
    reply = execute(server, {"invalid-execute-request": "true)"})
    assert reply.status == 400
    exception(reply, validate)


def test_a47_the_first_input_is_missed(server: LiveServer) -> None:
    reply = execute(server, {})
    assert (reply.status, [one["locator"] for one in reply.json["errors"]]) == (400, ["string"])


# -- asynchronous --------------------------------------------------------------------------------


def accepted(server: LiveServer, body: object) -> str:
    """The address of the job."""
    reply = execute(server, body, ASYNC)
    assert reply.status == 201, reply.text
    address = reply.headers["location"]
    assert urlsplit(address).scheme
    return address


@pytest.mark.parametrize(
    ("response", "outputs"),
    [
        (None, None),  # A.16, A.17, A.19, A.34, A.36, A.38, A.41, A.42, A.43
        ("document", None),  # A.44
        ("raw", ["string"]),  # A.40
    ],
)
def test_a16_to_a44_a_job_is_made_told_of_by_its_schema_and_has_results(
    server: LiveServer, described: Any, validate: Validate, response: str | None, outputs: list[str] | None
) -> None:
    body = ordinary(described)
    if outputs:
        body["outputs"] = by_value(*outputs)
    if response:
        body["response"] = response

    address = accepted(server, body)

    first = server.ask("GET", address)  # without Accept, as A.16 and A.36 ask
    assert (first.status, first.headers["content-type"]) == (200, "application/json")
    validate(first.json, "statusInfo")
    assert all(one["rel"] for one in first.json["links"])
    assert None not in first.json.values()
    job = server.ended(first.json["jobID"])
    (results,) = [one["href"] for one in job["links"] if one["rel"] == f"{RELATION}results"]
    reply = server.ask("GET", results)  # without Accept, as A.40 asks
    assert reply.status == 200
    assert TEXT in reply.text


def test_a46_results_are_not_ready_while_the_job_runs_and_not_linked(
    server: LiveServer, validate: Validate
) -> None:
    body = {"inputs": {"string": TEXT, "pause": 5}, "outputs": by_value("string"), "response": "raw"}

    address = accepted(server, body)

    status = server.get(address).json
    assert status["status"] in ("accepted", "running")
    assert f"{RELATION}results" not in {one["rel"] for one in status["links"]}
    assert "monitor" in {one["rel"] for one in status["links"]}
    reply = server.get(f"{address}/results")
    assert reply.status == 404
    assert exception(reply, validate)["type"] == f"{EXCEPTION}result-not-ready"
    assert server.ask("DELETE", address).status == 200  # nothing waits for the rest of its five seconds
    until(lambda: server.get(address).json["status"] == "dismissed", 5, "it is dismissed")


def test_the_job_list_is_as_its_schema_and_keeps_the_jobs(
    server: LiveServer, described: Any, validate: Validate
) -> None:
    address = accepted(server, ordinary(described))
    found = server.get("/jobs").json
    validate(found, "jobList")
    assert address.rpartition("/")[2] in [one["jobID"] for one in found["jobs"]]


# -- the echoes of the suites of WPS, by the one dialect that every build has ---------------------

XML = "<testElement>hello_complex</testElement>"
DEGREES = {"bbox": [-8.1, -34.9, -8.0, -34.8], "crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}


@pytest.mark.parametrize(
    ("process", "input", "output", "value", "answer"),
    [
        ("org.n52.javaps.test.EchoProcess", "literalInput", "literalOutput", "hello", b'"hello"'),
        ("org.n52.javaps.test.EchoProcess", "complexInput", "complexOutput", XML, XML.encode()),
        ("org.n52.javaps.test.EchoProcess", "boundingboxInput", "boundingboxOutput", DEGREES, DEGREES),
        ("org.n52.wps.server.algorithm.test.EchoProcess", "literalInput", "literalOutput", "a", b'"a"'),
        ("org.n52.wps.server.algorithm.test.EchoProcess", "complexInput", "complexOutput", XML, XML.encode()),
    ],
)
def test_one_output_of_an_echo_for_wps_is_had_though_the_others_have_no_value(
    server: LiveServer, process: str, input: str, output: str, value: Any, answer: Any
) -> None:
    body = {"inputs": {input: value}, "outputs": by_value(output), "response": "raw"}
    reply = server.execute(process, body, JSON)
    assert reply.status == 200, reply.text
    assert (reply.body if isinstance(answer, bytes) else reply.json) == answer
