"""A running server whose map server hangs, crashes or is not there, and clients that go away. A script stands in."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from live_server import SHORT, LiveServer, alive, until

PROCESSES = Path(__file__).resolve().parent / "processes_to_publish.py"
WFS = "application/x-ogc-wfs"
HEAD = "printf 'Content-Type: text/plain\\n\\n'\n"
DATA = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"n": 1}, "geometry": {"type": "Point", "coordinates": [10, 50]}}
    ],
}

Start = Callable[..., LiveServer]

for needed in ("rasterio", "pyogrio", "shapely"):
    pytest.importorskip(needed, reason="needs the extra azenha[examples]")


class StandIn:
    """A server whose `mapserv` does what a test says, and the address of an output that it publishes."""

    def __init__(self, folder: Path, start: Callable[[str], LiveServer]) -> None:
        self.folder = folder
        program = folder / "stand-in"
        program.write_text(f"#!/bin/sh\n. {folder}/script\n")
        program.chmod(0o755)
        self.server = start(str(program))
        body = {
            "inputs": {"data": {"value": DATA, "mediaType": "application/geo+json"}},
            "outputs": {"result": {"format": {"mediaType": WFS}}},
            "response": "document",
        }
        self.address = str(self.server.execute("features", body).json["result"][0]["href"])

    def does(self, script: str) -> tuple[LiveServer, str]:
        (self.folder / "script").write_text(script)
        return self.server, self.address


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("stand-in")
    servers: list[LiveServer] = []

    def start(program: str) -> LiveServer:
        servers.append(LiveServer(folder, [PROCESSES], SHORT | {"services": {"mapserv": program}}))
        servers[0].start()
        return servers[0]

    yield StandIn(folder, start)
    servers[0].end()


def pid_in(file: Path) -> int:
    return int(until(lambda: file.is_file() and file.read_text().strip(), 20, "the child began"))


def connected(server: LiveServer, address: str) -> socket.socket:
    place = urlsplit(address)
    connection = socket.create_connection(server.address, timeout=20)
    asked = f"GET {place.path}?{place.query} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n"
    connection.sendall(asked.encode())
    return connection


def test_a_client_that_goes_away_before_the_answer_ends_the_child(stand_in: StandIn, tmp_path: Path) -> None:
    server, address = stand_in.does(f"echo $$ > {tmp_path}/pid\nexec /bin/sleep 600")
    with connected(server, address):
        pid = pid_in(tmp_path / "pid")
        assert alive(pid)
    until(lambda: not alive(pid), 20, "the child is gone")
    until(lambda: not list((server.data / "services").iterdir()), 20, "its folder is gone")


def test_a_client_that_goes_away_in_the_midst_of_it_ends_the_child(stand_in: StandIn, tmp_path: Path) -> None:
    server, address = stand_in.does(f"echo $$ > {tmp_path}/pid\n{HEAD}exec /bin/cat /dev/zero")
    with connected(server, address) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        pid = pid_in(tmp_path / "pid")
        assert alive(pid)
    until(lambda: not alive(pid), 20, "the child is gone")


def test_a_map_server_that_hangs_holds_nobody_else_up(start: Start, tmp_path: Path) -> None:
    services = {"time": 1, "at_once": 2}
    hanging = StandIn(tmp_path, lambda program: start(PROCESSES, services={"mapserv": program, **services}))
    server, address = hanging.does("exec /bin/sleep 600")
    with connected(server, address) as slow:
        assert server.get("/processes").status == 200
        assert slow.recv(65536).startswith(b"HTTP/1.1 504")
    reply = server.get(address)
    assert reply.status == 504
    assert "services.time" in reply.text


@pytest.mark.parametrize(
    "script", ["kill -SEGV $$", "exit 1", "echo nonsense"], ids=["crash", "exit", "nonsense"]
)
def test_a_map_server_that_crashes_is_told_as_such_and_the_server_goes_on(
    stand_in: StandIn, script: str
) -> None:
    server, address = stand_in.does(script)
    for _ in range(3):
        reply = server.get(address)
        assert reply.status == 502
        assert b"ExceptionReport" in reply.body
    assert server.get("/processes").status == 200


def test_an_answer_that_breaks_off_does_not_end_like_a_whole_one(stand_in: StandIn, tmp_path: Path) -> None:
    server, address = stand_in.does(f"{HEAD}printf half\nkill -SEGV $$")
    place = urlsplit(address)
    told = server.raw(f"GET {place.path}?{place.query} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    assert b"half" in told
    assert not told.endswith(b"0\r\n\r\n")


def test_a_server_that_ends_leaves_no_child(start: Start, tmp_path: Path) -> None:
    ending = StandIn(tmp_path, lambda program: start(PROCESSES, services={"mapserv": program}))
    server, address = ending.does(f"echo $$ > {tmp_path}/pid\nexec /bin/sleep 600")
    connection = connected(server, address)
    pid = pid_in(tmp_path / "pid")
    server.end()
    connection.close()
    assert not alive(pid)


@pytest.mark.parametrize(
    "services", [{"offer": False}, {"mapserv": "/nowhere/mapserv"}], ids=["off", "absent"]
)
def test_where_there_is_no_map_server_nothing_is_offered(start: Start, services: dict[str, Any]) -> None:
    server = start(PROCESSES, services=services)
    described = server.get("/processes/features").text
    assert "x-ogc" not in described
    assert "x-ogc" not in json.dumps(server.get("/api?f=json").json)
    told = server.get("/wps?service=WPS&version=1.0.0&request=DescribeProcess&identifier=features").text
    assert "x-ogc" not in told
    body = {"inputs": {"data": {"value": DATA}}, "outputs": {"result": {"format": {"mediaType": WFS}}}}
    reply = server.execute("features", body)
    assert reply.status == 400
    assert "not published as" in reply.text
    assert server.get("/services/x/y?service=WMS&request=GetCapabilities").status == 404
