"""Large values through a whole server: memory stays where it is, the others are answered, refusals are clean."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import SHORT, LiveServer, files_below, marked, parts, until

HERE = Path(__file__).resolve().parent
MIB = 1 << 20
JSON = {"Content-Type": "application/json"}
GROWTH = 32 * MIB


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(
        tmp_path_factory.mktemp("large"), [HERE / "processes_of_size.py", "azenha.examples.basic"], SHORT
    )
    server.start()
    try:
        # Whoever comes first starts what is started on demand.
        assert server.execute("tell", data="eHg=").json.startswith("2 ")
        yield server
    finally:
        server.end()


def memory(server: LiveServer) -> int:
    """Bytes: the proportional set sizes of all processes."""
    total = 0
    for pid in marked(server.mark):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Watch:
    """Samples the memory until it is left; `peak` is the highest."""

    def __init__(self, server: LiveServer) -> None:
        self.server, self.peak, self._done = server, 0, threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, memory(self.server))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def posted(server: LiveServer, process: str, pieces: list[bytes | Iterator[bytes]]) -> tuple[int, bytes]:
    """Send a body of pieces without holding it."""

    def body() -> Iterator[bytes]:
        for piece in pieces:
            yield from ([piece] if isinstance(piece, bytes) else piece)

    reply = server.ask("POST", f"/processes/{process}/execution", body(), JSON, timeout=120)
    return reply.status, reply.body


def spooled(server: LiveServer) -> list[Path]:
    return list((server.data / "spool").glob("*"))


def inline_files(server: LiveServer) -> list[Path]:
    return [p for p in files_below(server.data) if p.parent.name == "inline" and p.is_file()]


def test_64_mib_of_base64_are_taken_in_little_memory(server: LiveServer) -> None:
    piece = os.urandom(3 * MIB // 4)
    count = 64
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(piece)
    coded = base64.b64encode(piece)
    before = memory(server)
    with Watch(server) as watch:
        status, answer = posted(
            server, "tell", [b'{"inputs": {"data": "', (coded for _ in range(count)), b'"}}']
        )
    assert status == 200, answer
    assert json.loads(answer) == f"{count * len(piece)} {digest.hexdigest()}"
    assert watch.peak - before <= GROWTH, f"{(watch.peak - before) / MIB:.1f} MiB more"
    assert spooled(server) == []


def test_a_large_collection_of_features_arrives_as_it_was_sent_in_little_memory(server: LiveServer) -> None:
    ring = ",".join(f"[{n / 7}, {n * 1.5}]" for n in range(200))
    feature = (
        '{"type": "Feature", "properties": {"name": "a"}, '
        f'"geometry": {{"type": "Polygon", "coordinates": [[{ring}]]}}}}'
    ).encode()
    many = b",\n".join([feature] * 3000)
    sent = b'{"type": "FeatureCollection", "features": [' + many + b"]}"
    before = memory(server)
    with Watch(server) as watch:
        status, answer = posted(server, "tell_features", [b'{"inputs": {"data": ', sent, b"}}"])
    assert status == 200, answer
    assert json.loads(answer) == f"{len(sent)} {hashlib.sha256(sent).hexdigest()}"
    assert watch.peak - before <= GROWTH, f"{(watch.peak - before) / MIB:.1f} MiB more"


MOST = 25_000  # limits.values


def test_the_most_plain_values_that_are_taken_are_taken_in_little_memory(server: LiveServer) -> None:
    assert server.execute("total", values=[1, 2]).json == 3
    numbers = [b"0.12345678901234567"] * (MOST - 2)
    before = memory(server)
    with Watch(server) as watch:
        status, answer = posted(server, "total", [b'{"inputs": {"values": [', b",".join(numbers), b"]}}"])
    assert status == 200, answer
    assert json.loads(answer) == pytest.approx(0.12345678901234567 * len(numbers))
    assert watch.peak - before <= GROWTH, f"{(watch.peak - before) / MIB:.1f} MiB more"


def test_more_plain_values_are_refused_in_little_memory_and_leave_nothing(server: LiveServer) -> None:
    before = memory(server)
    pieces = [b'{"inputs": {"values": [0', (b",0.1" * 100_000 for _ in range(150)), b"]}}"]
    with Watch(server) as watch:
        status, answer = posted(server, "total", pieces)
    assert status == 413, answer
    told = json.loads(answer)
    assert told["locator"] == "values"
    assert "15000003 plain values" in told["detail"]
    assert "setting limits.values" in told["detail"]
    assert watch.peak - before <= GROWTH, f"{(watch.peak - before) / MIB:.1f} MiB more"
    assert spooled(server) == []


@pytest.mark.parametrize("path", ["/processes/many/execution", "/wps/1.0.0"])
def test_the_most_plain_values_that_are_returned_are_returned_in_little_memory(
    server: LiveServer, path: str
) -> None:
    def asked(count: int) -> tuple[int, bytes]:
        if path == "/wps/1.0.0":
            kvp = "service=WPS&version=1.0.0&request=Execute&identifier=many"
            reply = server.get(f"{path}?{kvp}&DataInputs=count={count}", {"Accept": "*/*"})
        else:
            reply = server.execute("many", {"inputs": {"count": count}, "response": "document"})
        return reply.status, reply.body

    assert asked(1)[0] == 200
    before = memory(server)
    with Watch(server) as watch:
        status, answer = asked(MOST)
    assert status == 200, answer[:1000]
    assert str((MOST - 1) / 7).encode() in answer
    assert watch.peak - before <= GROWTH, f"{(watch.peak - before) / MIB:.1f} MiB more"
    status, answer = asked(MOST + 1)
    assert status == (200 if path.startswith("/wps") else 500)  # WPS tells a failed job in its document
    assert b"25,001 plain values" in answer
    assert b"limits.values" in answer


BROKEN: dict[str, tuple[bytes, bytes]] = {
    "an unknown input": (b'{"inputs": {"data": "%s", "dato": 1}}', b"did you mean 'data'"),
    "no base64": (b'{"inputs": {"data": "%s*"}}', b"base64"),
    "no end": (b'{"inputs": {"data": "%s', b"Unterminated string"),
    "a name twice": (b'{"inputs": {"data": "%s", "data": ""}}', b"twice"),
    "no UTF-8": (b'{"inputs": {"data": "%s\xff"}}', b"UTF-8"),
    "no such member": (b'{"inputs": {"data": "%s"}, "input": 1}', b"did you mean"),
    "too deep": (b'{"inputs": {"data": "%s", "x": ' + b"[" * 100 + b"]" * 100 + b"}}", b"limits.depth"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_large_body_that_is_wrong_is_refused_in_words_and_leaves_nothing(
    server: LiveServer, name: str
) -> None:
    form, words = BROKEN[name]
    before = inline_files(server)
    status, answer = posted(server, "tell", [form.replace(b"%s", b"QUJD" * 2 * MIB)])
    assert status == 400
    assert words in answer
    assert b"Traceback" not in answer
    assert inline_files(server) == before
    assert spooled(server) == []


def test_an_unknown_process_and_a_wrong_media_type_are_told_of_a_large_body_too(server: LiveServer) -> None:
    body = b'{"inputs": {"data": "' + b"QUJD" * 2 * MIB + b'"}}'
    assert server.ask("POST", "/processes/none/execution", body, JSON).status == 404
    assert server.ask("POST", "/processes/tell/execution", body, {"Content-Type": "text/plain"}).status == 415


def test_a_client_that_goes_away_in_the_middle_leaves_nothing(server: LiveServer) -> None:
    with socket.create_connection(server.address) as connection:
        head = (
            "POST /processes/tell/execution HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        )
        connection.sendall(f"{head}Content-Length: 99999999\r\n\r\n".encode() + b" " * 20 * MIB)
        until(lambda: spooled(server), 10, "the body is being received")
    until(lambda: not spooled(server), 10, "the file of the body is gone")


def test_a_result_is_not_read_on_for_a_client_that_went_away(server: LiveServer) -> None:
    job = server.submit("give", size=400 * MIB)
    until(lambda: server.job(job)["status"] == "successful", 60, "the job's end")
    (web,) = parts(server.mark)["web"]

    def read() -> int:
        lines = Path(f"/proc/{web}/io").read_text().splitlines()
        return int(lines[0].removeprefix("rchar: "))

    before = read()
    with socket.create_connection(server.address) as connection:
        head = f"GET /jobs/{job}/results/result HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 200 ")
    seen = -1
    while seen != (seen := read()):  # until it reads no more
        time.sleep(0.2)
    assert seen - before < 40 * MIB


def test_others_are_answered_while_a_large_body_is_read(server: LiveServer) -> None:
    waits: list[float] = []
    done = threading.Event()

    def poll() -> None:
        connection = http.client.HTTPConnection(*server.address, timeout=30)
        while not done.is_set():
            began = time.perf_counter()
            connection.request("GET", "/conformance", headers={"Accept": "application/json"})
            connection.getresponse().read()
            waits.append(time.perf_counter() - began)
        connection.close()

    poller = threading.Thread(target=poll)
    numbers = ",".join(f"[{n / 7}, {n * 1.5}]" for n in range(200_000)).encode()
    body = b'{"inputs": {"data": {"type": "MultiPoint", "coordinates": [' + numbers + b"]}}}"
    poller.start()
    try:
        status, answer = posted(server, "tell_features", [body])
    finally:
        done.set()
        poller.join()
    assert status == 200, answer
    assert max(waits) < 1, "parsing this in the web tier takes longer"


def test_a_reader_that_is_killed_costs_one_request_and_no_more(server: LiveServer) -> None:
    body = b'{"inputs": {"data": "' + b"QUJD" * 2 * MIB + b'"}}'
    assert server.ask("POST", "/processes/tell/execution", body, JSON).status == 200
    (reader,) = parts(server.mark)["read-bodies"]
    os.kill(reader, signal.SIGSTOP)
    replies: list[int] = []
    asking = threading.Thread(
        target=lambda: replies.append(server.ask("POST", "/processes/tell/execution", body, JSON).status)
    )
    asking.start()
    until(lambda: spooled(server), 10, "the body is there")
    time.sleep(0.5)  # it is handed on by then; if not, the kill is found at the next line all the same
    os.kill(reader, signal.SIGKILL)
    asking.join()
    assert replies in ([500], [200])
    assert server.ask("POST", "/processes/tell/execution", body, JSON).status == 200
    assert spooled(server) == []


def test_a_reader_ends_when_it_is_not_needed(server: LiveServer) -> None:
    until(lambda: "read-bodies" not in parts(server.mark), 30, "no reader is left")


def test_a_reader_is_started_while_a_large_body_arrives(server: LiveServer) -> None:
    with socket.create_connection(server.address) as connection:
        head = (
            "POST /processes/tell/execution HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        )
        connection.sendall(f"{head}Content-Length: {8 * MIB}\r\n\r\n".encode() + b" ")
        until(lambda: "read-bodies" in parts(server.mark), 10, "a reader is there before the body")
    until(lambda: "read-bodies" not in parts(server.mark), 30, "it ends, for nobody needs it")
