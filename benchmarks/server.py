"""A server of this checkout for one workload: started on a folder and port of its own, ended by its process id."""

from __future__ import annotations

import functools
import http.client
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROCESSES = Path(__file__).parent / "processes"
START_WITHIN = 60.0
END_WITHIN = 30.0


@dataclass(frozen=True)
class Server:
    """A running server. `started_in`: seconds from exec to the first 200 on /processes."""

    port: int
    pid: int
    started_in: float

    def ask(self, method: str, path: str, document: object = None, **headers: str) -> tuple[int, Any]:
        """One request on a connection of its own; status, and the JSON of the answer (None where it has none)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            body = None if document is None else json.dumps(document)
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(
                method,
                path,
                body,
                {"Content-Type": "application/json", "Accept": "application/json", **given},
            )
            answer = connection.getresponse()
            data = answer.read()
            is_json = "json" in (answer.getheader("Content-Type") or "")
            return answer.status, json.loads(data) if is_json else None
        finally:
            connection.close()

    def memory(self) -> int:
        """Bytes of the server with all its descendants: the sum of their proportional set sizes."""
        return sum(_proportional(pid) for pid in _family(self.pid))

    def processes(self) -> int:
        return len(_family(self.pid))


@contextmanager
def serving(
    folder: Path, *targets: Path | str, settings: str = "", environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server of these targets, until the context ends.

    Args:
        folder: its data folder is made in here.
        settings: TOML.
        environment: of the server; by default that of this process.
    """
    config = folder / "azenha.toml"
    config.write_text(settings)
    port = free_port()
    command = [sys.executable, "-m", "azenha", "serve", *map(str, targets)]
    command += ["--data", str(folder / "data"), "--config", str(config), "--port", str(port)]
    with started(command, port, folder / "server.log", environment) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A program that answers /processes on this port, until the context ends.

    Raises:
        RuntimeError: it did not within `START_WITHIN`.
    """
    with log.open("ab") as written:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=written, stderr=written, env=environment)
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - began > START_WITHIN:
                raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.005)
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(END_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("GET", "/processes", headers={"Accept": "application/json"})
            return connection.getresponse().status == 200
        finally:
            connection.close()
    except OSError:
        return False


def _family(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            try:
                text = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(text.rpartition(")")[2].split()[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def file_server(folder: Path) -> Iterator[int]:
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
