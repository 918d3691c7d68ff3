"""Results of a real server in an S3-compatible store, in every dialect; the store is that of tests/blobs."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from live_server import LiveServer, until

sys.path.insert(0, str(Path(__file__).parent.parent / "blobs"))
from s3_server import KEY, S3, SECRET, serving

TEXT = "line\n" * 100_000
ENVIRON = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serving() as store:
        yield store


def made(s3: S3, folder: Path, **more: str) -> LiveServer:
    results = {"store": "s3://bucket/azenha", "endpoint": s3.address, **more}
    here = Path(__file__).parent / "processes_to_try.py"
    server = LiveServer(folder, [here], {"results": results}, ENVIRON)
    server.start()
    return server


@pytest.fixture(scope="module")
def server(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = made(s3, tmp_path_factory.mktemp("server"))
    yield server
    server.end()


@pytest.fixture(scope="module")
def linking(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = made(s3, tmp_path_factory.mktemp("linking"), links="presigned")
    yield server
    server.end()


def run(server: LiveServer, text: str = TEXT) -> str:
    job = server.submit("write_file", text=text)
    assert server.ended(job)["status"] == "successful", server.said()
    return job


def keys(s3: S3, job: str) -> list[str]:
    return [key for key in list(s3.objects) if f"/{job}/" in key]


def test_a_result_is_in_the_store_alone_and_served_with_ranges(server: LiveServer, s3: S3) -> None:
    job = run(server)
    assert [k.split(f"{job}/")[1] for k in keys(s3, job)] == ["1/result/said.txt"]
    assert not list(server.data.rglob("said.txt"))
    address = f"/jobs/{job}/results/result"
    whole = server.get(address)
    assert (whole.status, whole.text) == (200, TEXT)
    assert whole.headers["content-disposition"] == 'inline; filename="said.txt"'
    part = server.get(address, {"Range": "bytes=300000-499999", "If-Range": whole.headers["etag"]})
    assert (part.status, part.text) == (206, TEXT[300_000:])
    assert part.headers["repr-digest"] == whole.headers["repr-digest"]
    several = server.get(address, {"Range": "bytes=0-3, -1"})
    assert several.status == 206
    assert server.get(address, {"If-None-Match": whole.headers["etag"]}).status == 304


def test_a_document_carries_what_is_in_the_store(server: LiveServer) -> None:
    body = {
        "inputs": {"text": TEXT},
        "response": "document",
        "outputs": {"result": {"transmissionMode": "value"}},
    }
    reply = server.execute("write_file", body)
    assert reply.json["result"]["value"] == TEXT


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_wps_embeds_what_is_in_the_store(server: LiveServer, version: str) -> None:
    wps = {"1.0.0": "http://www.opengis.net/wps/1.0.0", "2.0.0": "http://www.opengis.net/wps/2.0"}[version]
    ows = {"1.0.0": "http://www.opengis.net/ows/1.1", "2.0.0": "http://www.opengis.net/ows/2.0"}[version]
    body = {
        "1.0.0": f'<Execute xmlns="{wps}" xmlns:o="{ows}" service="WPS" version="1.0.0">'
        "<o:Identifier>write_file</o:Identifier><DataInputs><Input><o:Identifier>text</o:Identifier>"
        "<Data><LiteralData>said so</LiteralData></Data></Input></DataInputs></Execute>",
        "2.0.0": f'<Execute xmlns="{wps}" xmlns:o="{ows}" service="WPS" version="2.0.0" mode="sync" '
        'response="document"><o:Identifier>write_file</o:Identifier><Input id="text"><Data>said so</Data>'
        '</Input><Output id="result" transmission="value"/></Execute>',
    }[version]
    reply = server.ask("POST", "/wps", body.encode(), {"Content-Type": "text/xml"})
    assert (reply.status, ">said so<" in reply.text) == (200, True), reply.text


def test_all_results_are_one_archive_and_one_list(server: LiveServer, s3: S3) -> None:
    job = server.submit("write_files", texts=[TEXT, "short"])
    assert server.ended(job)["status"] == "successful"
    asked = len(s3.asked)
    archive = server.get(f"/jobs/{job}/results", {"Accept": "application/zip"})
    with zipfile.ZipFile(io.BytesIO(archive.body)) as found:
        assert found.testzip() is None
        assert sorted(len(found.read(i)) for i in found.infolist()) == [5, len(TEXT)]
    # Each file is read once, to be sent: its checksum was known.
    assert len([a for a in s3.asked[asked:] if a[0] == "GET"]) == 2
    part = server.get(f"/jobs/{job}/results?f=zip", {"Range": "bytes=300000-"})
    assert (part.status, part.body) == (206, archive.body[300_000:])
    listed = server.get(f"/jobs/{job}/results?f=metalink").text
    for text in (TEXT, "short"):
        assert hashlib.sha256(text.encode()).hexdigest() in listed
    for address in re.findall("<url[^>]*>([^<]+)</url>", listed):
        assert server.get(address).text in (TEXT, "short")


def test_a_removed_job_takes_its_objects_along(server: LiveServer, s3: S3) -> None:
    job = run(server)
    assert keys(s3, job)
    assert server.ask("DELETE", f"/jobs/{job}").status == 200
    until(lambda: not keys(s3, job), 30, "its objects are gone")


def test_a_result_that_is_gone_from_the_store_is_not_there(server: LiveServer, s3: S3) -> None:
    job = run(server)
    for key in keys(s3, job):
        del s3.objects[key]
    assert server.get(f"/jobs/{job}/results/result").status == 404


@pytest.mark.parametrize("text", ["short", TEXT], ids=["small", "large"])
def test_a_store_that_does_not_answer_is_told_as_such_and_the_result_is_not_gone(
    server: LiveServer, s3: S3, text: str
) -> None:
    job = run(server, text)
    s3.refusing |= {"GET", "HEAD"}
    try:
        reply = server.get(f"/jobs/{job}/results/result")
    finally:
        s3.refusing.clear()
    assert reply.status == 503
    assert "the store of results does not answer" in reply.json["detail"]
    assert server.get(f"/jobs/{job}/results/result").text == text


def test_a_store_that_refuses_fails_the_job(server: LiveServer, s3: S3) -> None:
    s3.refusing.add("PUT")
    try:
        job = server.submit("write_file", text=TEXT)
        status = server.ended(job)
    finally:
        s3.refusing.clear()
    assert status["status"] == "failed"
    assert "its results could not be kept: s3://bucket/azenha did not take the files" in status["message"]
    assert SECRET not in json.dumps(status)


def test_a_client_is_sent_to_the_store_by_a_link_that_needs_no_key(linking: LiveServer, s3: S3) -> None:
    job = run(linking)
    address = f"/jobs/{job}/results/result"
    reply = linking.get(address, {"Range": "bytes=0-3"})
    assert (reply.status, reply.headers["cache-control"]) == (307, "private, no-store")
    place = reply.headers["location"]
    assert place.startswith(f"{s3.address}/bucket/azenha/")
    assert urlsplit(place).query.split("X-Amz-Expires=")[1].split("&")[0] in ("599", "600")
    got = httpx.get(place, headers={"Range": "bytes=0-3"})
    assert (got.status_code, got.text) == (206, "line")
    assert linking.get(address, {"If-None-Match": reply.headers["etag"]}).status == 304
    assert linking.ask("HEAD", address).status == 200  # the link is for GET


def test_a_synchronous_answer_is_no_redirection(linking: LiveServer) -> None:
    reply = linking.execute("write_file", text=TEXT)
    assert (reply.status, reply.text) == (200, TEXT)
