"""Clients that others wrote and that people have, against the running server: OWSLib."""

from __future__ import annotations

from typing import Any

import pytest
from live_server import LiveServer, until

ogcapi = pytest.importorskip("owslib.ogcapi", reason="OWSLib is not installed (the group 'dev')")
processes = pytest.importorskip("owslib.ogcapi.processes")

RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"


@pytest.fixture
def client(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    # OWSLib keeps the headers of all its clients in one dict, and so what one of them prefers.
    monkeypatch.setattr(ogcapi, "REQUEST_HEADERS", dict(ogcapi.REQUEST_HEADERS))
    return processes.Processes(server.url)


def links(found: Any) -> dict[str, str]:
    return {one["rel"]: one["href"] for one in found["links"]}


def test_owslib_reads_the_landing_page_the_classes_and_the_definition(client: Any) -> None:
    assert {"self", "service-desc", f"{RELATION}processes"} <= {one["rel"] for one in client.links}
    assert client.response["title"]
    assert any(
        uri.endswith("/ogcapi-processes-1/1.0/conf/core") for uri in client.conformance()["conformsTo"]
    )
    assert {"/processes/echo/execution", "/jobs/{job}/results"} <= set(client.api()["paths"])


def test_owslib_lists_and_describes_processes(client: Any) -> None:
    listed = {one["id"]: one for one in client.processes()}

    described = client.process("echo")

    assert listed["echo"]["version"] == described["version"] == "1.0.0"
    assert described["inputs"]["text"]["schema"] == {"type": "string"}
    assert set(described["inputs"]) == set(described["outputs"])


def test_owslib_gets_a_document_of_a_synchronous_execution(client: Any) -> None:
    inputs = {"text": "by OWSLib", "integer": 7, "numbers": [1, 2.5]}

    assert client.execute("echo", inputs) == inputs
    assert client.response_headers["Content-Type"] == "application/json"


def test_owslib_gets_the_outputs_that_it_chooses_and_raw_values(client: Any) -> None:
    inputs = {"text": "some", "integer": 7, "flag": True}

    chosen = client.execute("echo", inputs, {"integer": {"transmissionMode": "value"}, "flag": {}})
    raw = client.execute("echo", inputs, {"integer": {}}, response="raw")

    assert chosen == {"integer": 7, "flag": True}
    assert raw == 7


def test_owslib_follows_a_background_job_to_its_results(client: Any, server: LiveServer) -> None:
    accepted = client.execute("write_file", {"text": "far"}, async_=True)

    assert accepted["status"] in ("accepted", "running", "successful")
    location = client.response_headers["Location"]
    assert location == f"{server.url.rstrip('/')}/jobs/{accepted['jobID']}"
    status = until(
        lambda: (job := ogcapi.API(location).response)["status"] == "successful" and job, 60, "the job ends"
    )
    results = ogcapi.API(links(status)[f"{RELATION}results"]).response
    assert {name: one["value"] for name, one in results.items()} == {"result": "far"}


def test_owslib_tells_its_user_what_is_wrong_in_the_servers_words(client: Any) -> None:
    with pytest.raises(RuntimeError, match=r"input 'integer': expected an integer, got the number 1\.5"):
        client.execute("echo", {"text": "x", "integer": 1.5})
    with pytest.raises(RuntimeError, match="no-such-process"):
        client.process("nothing")
    with pytest.raises(RuntimeError, match="there is nothing at"):
        client.collections()
