"""Whatever is sent: the right status and words, never a 500, never a traceback, and the server lives."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest
from live_server import LiveServer

JSON = {"Content-Type": "application/json"}
ECHO = "/processes/echo/execution"


@pytest.fixture(autouse=True)
def alive_after(server: LiveServer) -> Iterator[None]:
    before = {f.name for kind in ("inputs", "results", "work") for f in (server.data / kind).iterdir()}
    yield
    after = {f.name for kind in ("inputs", "results", "work") for f in (server.data / kind).iterdir()}
    assert after <= before, "a refused request left folders"
    assert server.execute("echo", text="alive").json == "alive"
    assert "Traceback" not in server.log.read_text()


BODIES = {
    "no JSON": (b"{", 400, "not JSON"),
    "nothing": (b"", 400, "JSON"),
    "an array": (b"[]", 400, "an array"),
    "not UTF-8": (b'{"inputs": {"text": "\xff"}}', 400, "UTF-8"),
    "a lone surrogate": (b'{"inputs": {"text": "\\ud800"}}', 400, ""),
    "NaN": (b'{"inputs": {"text": "a", "number": NaN}}', 400, "NaN"),
    "beyond every double": (b'{"inputs": {"text": "a", "number": 1e999}}', 400, "number"),
    "an integer of a million digits": (
        b'{"inputs": {"text":"a","integer":' + b"9" * 900_000 + b"}}",
        400,
        "",
    ),
    "deep": (b'{"inputs": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400, "64"),
    "a name twice": (b'{"inputs": {"text": "a", "text": "b"}}', 400, "text"),
    "unknown member": (b'{"input": {"text": "a"}}', 400, "inputs"),
    "unknown input": (b'{"inputs": {"text": "a", "txt": "b"}}', 400, "txt"),
    "unknown output": (b'{"inputs": {"text": "a"}, "outputs": {"txt": {}}}', 400, "txt"),
    "missing input": (b'{"inputs": {}}', 400, "text"),
    "a number for a text": (b'{"inputs": {"text": 5}}', 400, "text"),
    "a text for a number": (b'{"inputs": {"text": "a", "number": "5"}}', 400, "number"),
    "true for a number": (b'{"inputs": {"text": "a", "number": true}}', 400, "number"),
    "1.5 for an integer": (b'{"inputs": {"text": "a", "integer": 1.5}}', 400, "integer"),
    "out of range": (b'{"inputs": {"text": "a", "integer": 1000001}}', 400, "1000000"),
    "not a choice": (b'{"inputs": {"text": "a", "choice": "pink"}}', 400, "choice"),
    "not a day": (b'{"inputs": {"text": "a", "day": "2026-02-30"}}', 400, "day"),
    "too many": (b'{"inputs": {"text": "a", "numbers": [' + b"1," * 100 + b"1]}}", 400, "100"),
    "a box of three": (b'{"inputs": {"text": "a", "box": {"bbox": [1, 2, 3]}}}', 400, "box"),
    "a file reference": (
        b'{"inputs": {"text": "a", "document": {"href": "file:///etc/passwd"}}}',
        400,
        "document",
    ),
    "10 MB of garbage": (os.urandom(10 << 20), 413, "limits.body"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_in_words(server: LiveServer, name: str) -> None:
    body, status, words = BODIES[name]
    if len(body) > 1 << 20:
        # It may be refused before all is sent: what the socket then has is the answer.
        head = f"POST {ECHO} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        answer = server.raw(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        assert answer.startswith(b"HTTP/1.1 413 "), answer[:300]
        return

    reply = server.ask("POST", ECHO, body, JSON)

    assert reply.status == status, reply
    assert reply.json["status"] == status
    assert words in reply.json["detail"]


def test_a_body_without_a_length_is_measured_while_it_comes(server: LiveServer) -> None:
    head = f"POST {ECHO} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"

    answer = server.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 40)

    assert answer.startswith(b"HTTP/1.1 413 "), answer[:300]


REQUESTS = {
    "no such path": ("GET", "/nothing", {}, 404),
    "no such process": ("GET", "/processes/nothing", {}, 404),
    "nothing to execute": ("POST", "/processes/nothing/execution", JSON, 404),
    "no such job": ("GET", "/jobs/00000000-0000-4000-8000-000000000000", {}, 404),
    "a job id that is none": ("GET", "/jobs/..%2F..%2Fetc%2Fpasswd", {}, 404),
    "no results of no job": ("GET", "/jobs/x/results", {}, 404),
    "dismissing no job": ("DELETE", "/jobs/x", {}, 404),
    "NUL in the path": ("GET", "/jobs/%00", {}, 404),
    "NUL in the query": ("GET", "/jobs?after=%00", {}, 400),
    "percent and no number": ("GET", "/jobs/%zz", {}, 404),
    "percent and no UTF-8": ("GET", "/processes/%ff%fe", {}, 404),
    "a method of nobody": ("FOO", "/processes", {}, 501),
    "a method of others": ("PROPFIND", "/jobs", {}, 501),
    "a method of HTTP that nothing has": ("TRACE", "/processes", {}, 405),
    "wrong method": ("PUT", "/processes", {}, 405),
    "patching the list": ("PATCH", "/processes", {}, 405),
    "deleting a process": ("DELETE", "/processes/echo", {}, 405),
    "getting an execution without inputs": ("GET", ECHO, {}, 400),
    "a foreign page that gets an execution": ("GET", f"{ECHO}?text=a", {"Sec-Fetch-Site": "cross-site"}, 403),
    "putting an execution": ("PUT", ECHO, {}, 405),
    "no media type": ("POST", ECHO, {}, 415),
    "another media type": ("POST", ECHO, {"Content-Type": "application/xml"}, 415),
    "a form": ("POST", ECHO, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "another charset": ("POST", ECHO, {"Content-Type": "application/json; charset=utf-16"}, 415),
    "not acceptable": ("GET", "/processes", {"Accept": "image/png"}, 406),
    "unknown parameter": ("GET", "/jobs?limitt=1", {}, 400),
    "a limit that is none": ("GET", "/jobs?limit=-1", {}, 400),
    "a status that is none": ("GET", "/jobs?status=happy", {}, 400),
    "a cursor that is none": ("GET", "/jobs?after=yesterday", {}, 400),
    "a form that is none": ("GET", "/jobs?f=xml", {}, 400),
    "a foreign host": ("GET", "/processes", {"Host": "evil.example"}, 403),
    "a foreign page": ("POST", ECHO, {**JSON, "Origin": "https://evil.example"}, 403),
    "a page without origin": ("POST", ECHO, {**JSON, "Origin": "null"}, 403),
    "a foreign page that deletes": ("DELETE", "/jobs/x", {"Origin": "https://evil.example"}, 403),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_bad_request_is_refused_in_words(server: LiveServer, name: str) -> None:
    method, path, headers, status = REQUESTS[name]

    body = json.dumps({"inputs": {"text": "a"}}).encode() if method == "POST" else None
    reply = server.ask(method, path, body, headers)

    assert reply.status == status, reply
    problem = reply.json
    assert problem["status"] == status
    assert problem["detail"]
    if status == 405:
        assert reply.headers["allow"]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 2_000_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 200_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        os.urandom(100_000) + b"\r\n\r\n",
    ],
    ids=["huge header", "huge path", "many headers", "no host", "negative length", "TLS", "noise"],
)
def test_bytes_that_are_no_request_are_refused(server: LiveServer, sent: bytes) -> None:
    answer = server.raw(sent, seconds=3)

    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:300]
