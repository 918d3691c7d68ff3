"""Outputs of a real server: formats, preferences, queries that run, and stored results in parts."""

from __future__ import annotations

import hashlib
import json
from email import message_from_bytes
from pathlib import Path
from urllib.parse import quote

import pytest
from live_server import LiveServer, Reply

TEXT = "line\n" * 100_000


@pytest.fixture(scope="module")
def stored(server: LiveServer) -> str:
    """The address of a stored file of 500,000 bytes."""
    job = server.submit("write_file", text=TEXT)
    assert server.ended(job)["status"] == "successful"
    return f"/jobs/{job}/results/result"


def test_a_stored_result_is_had_whole_in_parts_or_not_again(server: LiveServer, stored: str) -> None:
    whole = server.get(stored)
    tag, date = whole.headers["etag"], whole.headers["last-modified"]
    assert whole.text == TEXT
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.headers["content-disposition"] == 'inline; filename="said.txt"'
    assert whole.headers["sunset"].endswith("GMT")
    assert server.get(stored, {"If-None-Match": tag}).status == 304
    assert server.get(stored, {"If-Modified-Since": date}).status == 304
    refused = server.get(stored, {"If-Match": '"other"'})
    assert (refused.status, refused.json["title"]) == (412, "Precondition failed")
    part = server.get(stored, {"Range": "bytes=300000-499999", "If-Range": tag})
    assert (part.status, part.headers["content-range"]) == (206, "bytes 300000-499999/500000")
    assert part.text == TEXT[300_000:]
    assert server.get(stored, {"Range": "bytes=0-4", "If-Range": '"other"'}).status == 200
    beyond = server.get(stored, {"Range": "bytes=500000-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, "bytes */500000")
    assert "500000 bytes" in beyond.json["detail"]
    head = server.ask("HEAD", stored)
    assert (head.headers["etag"], head.headers["content-length"], head.body) == (tag, "500000", b"")
    several = server.get(stored, {"Range": "bytes=0-3, -1"})
    message = message_from_bytes(
        f"Content-Type: {several.headers['content-type']}\r\n\r\n".encode() + several.body
    )
    assert [p.get_payload() for p in message.walk() if not p.is_multipart()] == ["line", "\n"]


def test_a_download_that_is_broken_off_goes_on_where_it_was(server: LiveServer, stored: str) -> None:
    digest, at, tag = hashlib.sha256(), 0, ""
    while at < len(TEXT):
        reply = server.get(
            stored, {"Range": f"bytes={at}-{at + 99_999}"} | ({"If-Range": tag} if tag else {})
        )
        assert reply.status == 206
        tag = reply.headers["etag"]
        digest.update(reply.body)
        at += len(reply.body)
    assert digest.hexdigest() == hashlib.sha256(TEXT.encode()).hexdigest()


def test_results_come_if_they_are_there_in_the_time_that_the_client_waits(server: LiveServer) -> None:
    wish = {"Prefer": "respond-async", "prefer": "wait=30"}
    reply = server.execute("echo", None, {"Prefer": "Respond-Async, wait=30"}, text="quick")
    assert (reply.status, reply.json) == (200, "quick")
    assert reply.headers["preference-applied"] == "wait=30"
    assert "rel=monitor" in reply.headers["link"]
    job = reply.headers["link"].partition(">")[0].rpartition("/")[2]
    assert server.job(job)["status"] == "successful"

    late = server.execute("later", None, wish, text="a")
    assert (late.status, late.json["status"]) == (201, "successful")
    assert late.headers["preference-applied"] == "respond-async, wait=30"


def test_a_job_that_takes_longer_than_the_client_waits_goes_on(server: LiveServer, tmp_path: Path) -> None:
    go, there = tmp_path / "go", tmp_path / "there"
    reply = server.execute(
        "wait_for", None, {"Prefer": "respond-async, wait=1"}, file=str(go), tells=str(there)
    )
    assert (reply.status, reply.json["status"] in ("accepted", "running")) == (201, True)
    go.touch()
    assert server.ended(reply.json["jobID"])["status"] == "successful"


def test_no_outputs_are_asked_for_and_none_come(server: LiveServer) -> None:
    body = {"inputs": {"text": "a"}, "outputs": {}}
    assert server.execute("echo", body).status == 204
    reply = server.execute("echo", body, {"Prefer": "respond-async"})
    server.ended(reply.json["jobID"])
    refused = server.get(f"/jobs/{reply.json['jobID']}/results")
    assert refused.status == 404
    assert refused.json["type"].endswith("result-not-available")


def test_some_outputs_are_had_by_name(server: LiveServer) -> None:
    job = server.submit("echo", text="a", number=1.5, integer=3)
    server.ended(job)
    results = f"/jobs/{job}/results"
    assert server.get(f"{results}?outputs=integer,text").json == {"text": "a", "integer": 3}
    for path, status, kind in (
        (f"{results}?outputs=nothing", 400, "invalid-query-parameter-value"),
        (f"{results}/nothing", 400, "no-such-output"),
        (f"{results}/flag", 404, "result-not-available"),
        (f"{results}/text/0", 404, "result-not-available"),
    ):
        refused = server.get(path)
        assert (refused.status, refused.json["type"].rpartition("/")[2]) == (status, kind)


def by_url(server: LiveServer, query: str, **headers: str) -> Reply:
    given = {"Accept": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return server.ask("GET", f"/processes/echo/execution?{query}", None, given)


def test_a_process_runs_by_its_url(server: LiveServer) -> None:
    place = quote(json.dumps({"name": "Foz", "latitude": 41.15, "longitude": -8.67}))
    query = f"TEXT=a+b&number=2.5&flag=true&numbers=[1,2.5]&box=-9,38,-8,39&place={place}"
    reply = by_url(server, query)
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    found = reply.json
    assert (found["text"], found["number"], found["flag"], found["numbers"]) == ("a b", 2.5, True, [1, 2.5])
    assert found["box"]["bbox"] == [-9, 38, -8, 39]
    assert found["place"]["value"]["name"] == "Foz"
    assert by_url(server, "text=a&text[include]=true").json == "a"
    background = by_url(server, "text=a&response[prefer]=respond-async")
    assert background.status == 201
    assert server.ended(background.json["jobID"])["status"] == "successful"
    refused = by_url(server, "text=a&number=two&colour=red")
    assert (refused.status, {e["locator"] for e in refused.json["errors"]}) == (400, {"number", "colour"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site", "User_Agent": "Mozilla/5.0"},
        {"Origin": "https://evil.example"},
        {"User_Agent": "Mozilla/5.0"},
    ],
)
def test_a_page_elsewhere_runs_nothing_by_a_url(server: LiveServer, headers: dict[str, str]) -> None:
    before = server.get("/jobs?limit=1").json["jobs"]
    assert by_url(server, "text=a&response[prefer]=respond-async", **headers).status == 403
    assert server.ask("HEAD", "/processes/echo/execution?text=a").status == 405
    assert server.get("/jobs?limit=1").json["jobs"] == before
