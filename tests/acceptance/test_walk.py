"""A client that knows nothing but the landing page, and every way to be answered."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from live_server import LiveServer, alive, files_below, until


def link(document: Any, relation: str) -> str:
    """The address of the first link whose relation ends so."""
    return next(one["href"] for one in document["links"] if one["rel"].rpartition("/")[2] == relation)


JSON = {"Accept": "application/json"}


def test_all_is_found_by_links_from_the_landing_page(server: LiveServer) -> None:
    """Nothing here knows a path: only the address of the server, relations, and the id of a process."""

    def get(address: str) -> Any:
        reply = server.ask("GET", address, None, JSON)
        assert reply.status == 200, address
        return reply.json

    landing = get(server.url)
    assert get(link(landing, "conformance"))["conformsTo"]
    listed, address = [], link(landing, "processes")
    while address:
        page = get(address)
        listed += page["processes"]
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), None)
    echo = get(link(next(p for p in listed if p["id"] == "echo"), "self"))

    accepted = server.ask(
        "POST",
        link(echo, "execute"),
        json.dumps({"inputs": {"text": "walked"}}).encode(),
        {"Content-Type": "application/json", "Prefer": "respond-async"},
    )

    assert accepted.status == 201
    assert accepted.headers["location"] == link(accepted.json, "monitor")
    address = accepted.headers["location"]
    status = until(lambda: (s := get(address))["status"] not in ("accepted", "running") and s, 60, "it ends")
    assert status["status"] == "successful"
    assert get(link(status, "results")) == {"text": "walked"}
    assert get(link(status, "describedby"))["process"] == link(status, "process") == link(echo, "self")
    assert get(link(status, "related"))["inputs"] == {"text": "walked"}
    assert get(link(status, "prov#has_provenance"))["activity"]
    assert server.ask("GET", link(status, "log")).status == 200
    assert status["jobID"] in [j["jobID"] for j in get(link(landing, "job-list"))["jobs"]]
    assert server.ask("DELETE", link(status, "self")).status == 200
    assert server.ask("GET", address).status == 404


def linked(document: Any) -> Iterator[tuple[str, str]]:
    """Address and media type of every link in a JSON document, at any depth."""
    if isinstance(document, dict):
        if isinstance(document.get("href"), str):
            yield document["href"], document.get("type", "")
        document = list(document.values())
    for part in document if isinstance(document, list) else ():
        yield from linked(part)


def test_every_link_that_is_shown_leads_to_what_it_says(server: LiveServer) -> None:
    """Documents, headers and pages, each to the end; what lies on other servers is let be."""
    one = server.submit("echo", text="a", numbers=[1, 2], document={"value": "aGk="})
    other = server.submit("fail", how="raise")
    created = server.ask(
        "POST",
        "/jobs",
        json.dumps({"process": f"{server.url}/processes/echo", "inputs": {"text": "later"}}).encode(),
        {"Content-Type": "application/json"},
    )
    assert created.status == 201
    server.ended(one)
    server.ended(other)
    base = server.url.rstrip("/")
    seen: set[tuple[str, str]] = set()
    waiting = [(f"{base}/", "application/json"), (f"{base}/?f=html", "text/html")]
    waiting.append((created.headers["location"], "application/json"))
    while waiting:
        address, type = waiting.pop()
        if (address, type) in seen or not address.startswith(f"{base}/") or address.endswith("/execution"):
            continue  # to run a process is no reading
        seen.add((address, type))
        # A browser and a client of links send what the link says that they will get.
        reply = server.ask("GET", address, None, {"Accept": type} if type else {})
        assert reply.status in (200, 204), (address, type, reply.status, reply.text)
        got = reply.headers.get("content-type", "")
        assert not type or reply.status == 204 or plain(got) == plain(type), (address, type, got)
        for href, about in re.findall(r"<([^>]+)>;([^,]*)", reply.headers.get("link", "")):
            kind = re.search(r'type="([^"]+)"', about)
            waiting.append((href, kind[1] if kind else ""))
        if plain(got).endswith("json"):
            waiting += linked(reply.json)
        elif plain(got) == "text/html":
            addresses = re.findall(r"""(?:href|src)=["']([^"'#]+)""", reply.text)
            waiting += [(urljoin(address, unescape(href)), "") for href in addresses]
    paths = {address.removeprefix(base).partition("?")[0] for address, _ in seen}
    everywhere = {"/", "/conformance", "/api", "/api/try.js", "/processes", "/processes/echo", "/jobs"}
    about = {f"/jobs/{one}{rest}" for rest in ("", "/results", "/log", "/inputs", "/definition", "/prov")}
    assert everywhere | about | {f"/jobs/{other}/log"} <= paths
    assert len(seen) > 100


def plain(type: str) -> str:
    return type.partition(";")[0].strip()


def test_every_page_is_there_for_people_too(server: LiveServer) -> None:
    job = server.submit("echo", text="seen <b>")
    server.ended(job)
    for path in ("/", "/conformance", "/api", "/processes", "/processes/echo", "/jobs", f"/jobs/{job}"):
        reply = server.ask("GET", path, None, {"Accept": "text/html"})

        assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "text/html"), path
        assert "<b>" not in reply.text.replace("</b>", ""), path


def test_a_synchronous_run_is_answered_with_its_value(server: LiveServer) -> None:
    reply = server.execute("echo", text="now")

    assert (reply.status, reply.json) == (200, "now")


def test_a_document_has_every_output_by_name(server: LiveServer) -> None:
    body = {"inputs": {"text": "a", "integer": 5, "numbers": [1, 2.5]}, "response": "document"}

    assert server.execute("echo", body).json == {"text": "a", "integer": 5, "numbers": [1, 2.5]}


def test_a_raw_file_comes_as_it_is_with_its_media_type(server: LiveServer) -> None:
    reply = server.execute("write_file", text="olá\n")

    assert reply.status == 200
    assert reply.headers["content-type"].partition(";")[0] == "text/plain"
    assert reply.body == "olá\n".encode()


def test_a_file_by_reference_is_had_at_its_address(server: LiveServer) -> None:
    output = {"result": {"transmissionMode": "reference"}}
    described = server.get("/processes/write_file").json
    (name,) = described["outputs"]
    body = {"inputs": {"text": "far"}, "outputs": {name: output["result"]}, "response": "document"}

    document = server.execute("write_file", body).json

    assert server.ask("GET", urljoin(server.url, document[name]["href"])).text == "far"


def test_the_log_can_be_read_while_the_job_runs(server: LiveServer, tmp_path: Path) -> None:
    job = server.submit("wait_for", file=str(tmp_path / "go"), tells=str(tmp_path / "there"))
    until((tmp_path / "there").exists, 30, "the job runs")

    log = until(lambda: server.ask("GET", f"/jobs/{job}/log").text, 5, "the log has a line")

    assert "it waits" in log
    assert server.job(job)["status"] == "running"
    (tmp_path / "go").touch()
    assert server.ended(job)["status"] == "successful"


def test_a_dismissed_job_stops_within_seconds_even_a_deaf_one(server: LiveServer, tmp_path: Path) -> None:
    for deaf in (False, True):
        there = tmp_path / f"there-{deaf}"
        job = server.submit("wait_for", file=str(tmp_path / "never"), tells=str(there), deaf=deaf)
        until(there.exists, 30, "the job runs")
        pid = int(there.read_text())
        assert alive(pid)

        reply = server.ask("DELETE", f"/jobs/{job}")

        assert (reply.status, reply.json["status"]) == (200, "dismissed")
        until(lambda pid=pid: not alive(pid), 5, "its process is gone")
        assert server.job(job)["status"] == "dismissed"


def test_a_dismiss_after_the_end_removes_the_job_and_its_files(server: LiveServer) -> None:
    job = server.submit("write_file", text="gone")
    server.ended(job)
    assert list(server.data.rglob(job))

    assert server.ask("DELETE", f"/jobs/{job}").status == 200

    for path in (f"/jobs/{job}", f"/jobs/{job}/results", f"/jobs/{job}/log"):
        assert server.get(path).status == 404, path
    assert server.ask("DELETE", f"/jobs/{job}").status == 404
    until(lambda: not any(p.name.startswith(job) for p in files_below(server.data)), 15, "its files are gone")


def test_a_client_that_goes_away_dismisses_its_job(server: LiveServer, tmp_path: Path) -> None:
    there = tmp_path / "there"

    body = json.dumps({"inputs": {"file": str(tmp_path / "never"), "tells": str(there)}}).encode()
    head = (
        f"POST /processes/wait_for/execution HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/json\r\n\r\n"
    )
    with socket.create_connection(server.address) as connection:
        connection.sendall(head.encode() + body)
        until(there.exists, 30, "the job runs")
        pid = int(there.read_text())
        assert alive(pid)

    until(lambda: not alive(pid), 8, "its process is gone")


def test_what_a_failing_process_does_hurts_its_own_job_alone(server: LiveServer) -> None:
    for how in ("raise", "exit", "kill", "crash", "output"):
        job = server.submit("fail", how=how)

        ended = server.ended(job)

        assert ended["status"] == "failed", how
        assert ended["message"], how
        results = server.get(f"/jobs/{job}/results")
        assert results.status == 500, how
        assert results.json["reference"], how
        assert "Traceback" not in results.text, how
    assert server.execute("echo", text="alive").json == "alive"


def test_sixteen_at_once_are_all_answered(server: LiveServer) -> None:
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(server.execute("echo", text=str(n)).json))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == sorted(str(n) for n in range(16))
