"""References in every dialect, through a real server: one path for all of them, and one refusal."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_server import SHORT, LiveServer, Reply

PROCESSES = Path(__file__).with_name("processes_to_try.py")
WPS1 = """<Execute service="WPS" version="1.0.0" xmlns="http://www.opengis.net/wps/1.0.0"
  xmlns:ows="http://www.opengis.net/ows/1.1" xmlns:xlink="http://www.w3.org/1999/xlink">
  <ows:Identifier>measure</ows:Identifier><DataInputs><Input><ows:Identifier>data</ows:Identifier>
  <Reference xlink:href="{0}"/></Input></DataInputs></Execute>"""
WPS2 = """<Execute service="WPS" version="2.0.0" response="document" mode="sync"
  xmlns="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0"
  xmlns:xlink="http://www.w3.org/1999/xlink"><ows:Identifier>measure</ows:Identifier>
  <Input id="data"><Reference xlink:href="{0}"/></Input><Output id="result" transmission="value"/></Execute>"""
KVP = "/wps?service=WPS&version=1.0.0&request=Execute&identifier=measure&datainputs=data=@xlink:href={0}"
WAYS: dict[str, Callable[[LiveServer, str], Reply]] = {
    "OGC API": lambda server, href: server.execute("measure", data={"href": href}),
    "WPS 1.0.0": lambda server, href: server.ask(
        "POST", "/wps", WPS1.format(href).encode(), {"Content-Type": "text/xml"}
    ),
    "WPS 1.0.0 by GET": lambda server, href: server.get(KVP.format(href.replace("%", "%25"))),
    "WPS 2.0": lambda server, href: server.ask(
        "POST", "/wps", WPS2.format(href).encode(), {"Content-Type": "text/xml"}
    ),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a file of seven bytes, and a link that leads out."""
    folder = tmp_path_factory.mktemp("references")
    (folder / "root").mkdir()
    (folder / "root" / "a b.txt").write_text("of seven"[1:])
    (folder / "secret").write_text("secret")
    (folder / "root" / "link").symlink_to(folder / "secret")
    return folder / "root"


@pytest.fixture(scope="module")
def reading(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    settings = {**SHORT, "references": {"roots": [str(root)]}}
    server = LiveServer(tmp_path_factory.mktemp("reading"), [PROCESSES], settings)
    server.start()
    yield server
    server.end()


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_a_root_is_an_input_in_every_dialect(way: str, reading: LiveServer, root: Path) -> None:
    reply = WAYS[way](reading, (root / "a b.txt").as_uri())
    assert reply.status == 200, reply.text
    assert reply.text == "7" if way == "OGC API" else ">7<" in reply.text


@pytest.mark.parametrize("way", WAYS)
def test_a_link_that_leads_out_is_told_in_every_dialect(way: str, reading: LiveServer, root: Path) -> None:
    said = html.unescape(WAYS[way](reading, (root / "link").as_uri()).text)
    assert "secret" not in said
    assert "in no folder that the operator allowed (setting references.roots)" in said


@pytest.mark.parametrize("way", WAYS)
def test_another_scheme_is_refused_by_name_and_no_job_is_made(way: str, reading: LiveServer) -> None:
    before = len(reading.get("/jobs?limit=100").json["jobs"])
    reply = WAYS[way](reading, "ftp://data.example/a")
    assert reply.status == 400
    said = html.unescape(reply.text)
    assert "ftp://data.example/a" in said
    assert "only http, https and file addresses are" in said
    assert len(reading.get("/jobs?limit=100").json["jobs"]) == before


def test_a_created_job_is_changed_to_a_root_as_well(reading: LiveServer, root: Path) -> None:
    made = reading.ask(
        "POST",
        "/jobs",
        b'{"process": "%s/processes/measure", "inputs": {"data": {"href": "http://a.example/"}}}'
        % reading.url.rstrip("/").encode(),
        {"Content-Type": "application/json"},
    )
    assert made.status == 201, made.text
    job = made.headers["location"]
    href = (root / "a b.txt").as_uri().encode()
    changed = reading.ask(
        "PATCH", job, b'{"inputs": {"data": {"href": "%s"}}}' % href, {"Content-Type": "application/json"}
    )
    assert changed.status in (200, 204), changed.text
    assert reading.ask("POST", f"{job}/results", b"").status in (200, 201, 204)
    assert reading.ended(job.rpartition("/")[2])["status"] == "successful"
