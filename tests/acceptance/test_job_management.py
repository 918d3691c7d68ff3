"""Jobs that are created, changed and started, and lists that are filtered, by a real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from live_server import LiveServer, Reply

if TYPE_CHECKING:
    from conftest import Start


def send(server: LiveServer, method: str, path: str, document: object = None) -> Reply:
    body = None if document is None else json.dumps(document).encode()
    return server.ask(method, path, body, {"Content-Type": "application/json"})


def create(server: LiveServer, process: str, **inputs: Any) -> str:
    reply = send(server, "POST", "/jobs", {"process": f"{server.url}/processes/{process}", "inputs": inputs})
    assert reply.status == 201, reply.text
    assert reply.json["status"] == "created"
    assert reply.headers["location"] == f"{server.url}/jobs/{reply.json['id']}"
    return str(reply.json["id"])


def link(document: Mapping[str, Any], relation: str) -> str | None:
    return next((k["href"] for k in document["links"] if k["rel"] == relation), None)


def test_a_job_is_created_changed_started_and_told_about(server: LiveServer) -> None:
    job = create(server, "echo", text="one", integer=1)
    place = f"/jobs/{job}"
    assert job not in [j["id"] for j in server.get("/jobs").json["jobs"]]
    assert job in [j["id"] for j in server.get("/jobs?status=created").json["jobs"]]

    refused = send(server, "PATCH", place, {"inputs": {"integer": "x"}})
    assert (refused.status, refused.json["errors"][0]["locator"]) == (400, "integer")
    changed = send(
        server, "PATCH", place, {"inputs": {"text": "two", "integer": None}, "response": "document"}
    )
    assert (changed.status, changed.json["status"]) == (200, "created")
    definition = server.get(f"{place}/definition").json
    assert (definition["inputs"], definition["response"]) == ({"text": "two"}, "document")

    started = send(server, "POST", f"{place}/results")
    assert started.status == 200, started.text
    assert started.json["status"] in ("accepted", "running", "successful")
    assert server.ended(job)["status"] == "successful"
    assert server.get(f"{place}/results").json == {"text": "two"}
    assert server.get(f"{place}/inputs").json["inputs"] == {"text": "two"}
    assert server.get(f"{place}/inputs/text/0").json == "two"
    provenance = server.get(f"{place}/prov").json
    assert {m["prov:entity"] for m in provenance["wasGeneratedBy"].values()} == {"job:results/text"}

    for method, path in (("PATCH", place), ("POST", f"{place}/results")):
        late = send(server, method, path, {})
        assert (late.status, late.json["type"].rpartition("/")[2]) == (423, "locked")
    again = send(server, "POST", "/jobs", definition)
    assert again.status == 201, again.text


def test_every_page_about_a_job_is_there_for_people(server: LiveServer) -> None:
    job = create(server, "echo", text="seen")
    for path in ("", "/definition", "/inputs", "/prov"):
        reply = server.ask("GET", f"/jobs/{job}{path}", None, {"Accept": "text/html"})
        assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "text/html"), path
    started = server.ask("POST", f"/jobs/{job}/results", b"", {"Accept": "text/html"})  # what the button does
    assert started.status == 200
    assert server.ended(job)["status"] == "successful"


def test_a_large_input_of_a_created_job_is_read_elsewhere_and_kept_for_its_start(start: Start) -> None:
    server = start()
    data = bytes(range(256)) * 40_000  # 10 MB, 14 MB as base64
    value = {"value": base64.b64encode(data).decode(), "mediaType": "application/octet-stream"}
    job = create(server, "measure", data=value)
    assert server.get(f"/jobs/{job}/inputs/data/0").body == data
    sent = server.get(f"/jobs/{job}/definition").json["inputs"]["data"]["value"]
    assert base64.b64decode(sent) == data

    changed = send(
        server, "PATCH", f"/jobs/{job}", {"inputs": {"data": {**value, "value": value["value"][:-8]}}}
    )
    assert changed.status == 200, changed.text
    send(server, "POST", f"/jobs/{job}/results")
    assert server.ended(job)["status"] == "successful"
    assert server.get(f"/jobs/{job}/results").json == len(data) - 4


def test_a_job_that_cannot_be_created_says_why(server: LiveServer) -> None:
    for body, status, word in (
        ({"process": "ehco"}, 404, "echo"),
        ({"process": "echo", "inputs": {}}, 400, "text"),
        ({"inputs": {}}, 400, "process"),
        ({"process": {"process_graph": {}}}, 422, "process"),
    ):
        reply = send(server, "POST", "/jobs", body)
        assert (reply.status, word in reply.text) == (status, True), reply.text
    assert server.ask("POST", "/jobs", b"{}", {"Content-Type": "application/cwl"}).status == 415


def test_lists_are_filtered_and_lead_on_and_back(server: LiveServer) -> None:
    ids = [server.submit("echo", text=f"{number}") for number in range(5)]
    for job in ids:
        server.ended(job)
    first = server.get("/jobs?processID=echo&status=successful,failed&maxDuration=600&limit=2").json
    second = server.get(link(first, "next") or "").json
    assert [j["id"] for j in first["jobs"] + second["jobs"]] == ids[:0:-1]
    assert server.get(link(second, "prev") or "").json["jobs"] == first["jobs"]
    created = second["jobs"][0]["created"]
    for datetime, found in ((created, True), (f"{created}/..", True), ("../2020-01-01T00:00:00Z", False)):
        jobs = server.get(f"/jobs?datetime={datetime}&limit=100").json["jobs"]
        assert (second["jobs"][0]["id"] in [j["id"] for j in jobs]) is found, datetime
    assert server.get("/jobs?minDuration=600").json["jobs"] == []
    for query in (
        "limit=0",
        "limit=abc",
        "status=done",
        "datetime=now",
        "minDuration=a",
        "after=x",
        "type=x",
    ):
        assert server.get(f"/jobs?{query}").status == 400, query
    assert len(server.get("/jobs?limit=1000000").json["jobs"]) >= 5
