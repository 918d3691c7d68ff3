"""A real server as a process of its own, and the little HTTP that the tests speak with it.

Everything that the server starts inherits a mark in its environment, so that whatever survives it is found.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARK = "LIVE_SERVER_MARK"  # not AZENHA_...: that would be read as a setting
HERE = Path(__file__).resolve().parent
PROCESSES = HERE / "processes_to_try.py"
BASIC = "azenha.examples.basic"
READY_WITHIN = 60.0
SHORT = {
    "queue": {"slots": 2, "sync_slots": 2},
    "jobs": {"lease": 2, "heartbeat": 0.5, "grace": 0.5},
}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


def toml(settings: Mapping[str, Any]) -> str:
    """Settings as TOML: values are JSON's texts, numbers, flags and lists, which TOML writes the same."""
    plain = [
        f"{name} = {json.dumps(value)}" for name, value in settings.items() if not isinstance(value, dict)
    ]
    for table, entries in settings.items():
        if isinstance(entries, dict):
            plain += [f"[{table}]", *(f"{name} = {json.dumps(value)}" for name, value in entries.items())]
    return "\n".join(plain) + "\n"


def until(happened: Callable[[], Any], seconds: float, what: str) -> Any:
    """What `happened` answers once that is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = happened()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        threading.Event().wait(0.05)


def files_below(folder: Path) -> list[Path]:
    """Files and folders of a folder that a server is at work in: what goes meanwhile is no fault."""
    return [Path(at) / name for at, folders, files in os.walk(folder) for name in (*folders, *files)]


def marked(mark: str) -> set[int]:
    """Living processes (no zombies) that carry the mark."""
    wanted = f"{MARK}={mark}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if (
                    wanted in (entry / "environ").read_bytes().split(b"\0")
                    and status_of(int(entry.name)) != "Z"
                ):
                    found.add(int(entry.name))
    return found


def status_of(pid: int) -> str:
    """The letter of the process's state; X where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def alive(pid: int) -> bool:
    return status_of(pid) not in "ZX"


def parts(mark: str) -> dict[str, list[int]]:
    """Pids of a server by what they are: worker, web, warm, child (of a warm parent), other."""
    roles: dict[int, str] = {}
    pids = marked(mark)
    for pid in pids:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"-m", b"azenha"]:
                roles[pid] = words[3].decode()
    found: dict[str, list[int]] = {}
    for pid in sorted(pids):
        role = roles.get(pid, "other")
        if role == "warm" and roles.get(parent_of(pid)) == "warm":
            role = "child"
        found.setdefault(role, []).append(pid)
    return found


class LiveServer:
    """A server on its own data folder. `start` again after it was killed."""

    def __init__(
        self,
        folder: Path,
        targets: Sequence[str | Path],
        settings: Mapping[str, Any] = SHORT,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.targets = [str(t) for t in targets]
        self.mark = uuid.uuid4().hex
        self.log = folder / "server.log"
        self._config = folder / "azenha.toml"
        self._config.write_text(toml(settings))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AZENHA_")}
        self.environ = inherited | {MARK: self.mark} | dict(environ or {})
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "azenha", *words]

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self.data / "server.json").unlink(missing_ok=True)  # what a killed one left says nothing
        options = ["--data", str(self.data), "--config", str(self._config), "--port", "0"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("serve", *self.targets, *options),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environ,
                cwd=self.folder,
                start_new_session=True,
            )
        until(self._answers, READY_WITHIN, f"the server answers; it said:\n{self.said()}")

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended:\n{self.said()}"
        try:
            return self.get("/conformance", timeout=5).status == 200
        except (OSError, http.client.HTTPException, ValueError):
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-8000:]

    @property
    def url(self) -> str:
        return str(json.loads((self.data / "server.json").read_text())["url"])

    @property
    def address(self) -> tuple[str, int]:
        place = urlsplit(self.url)
        assert place.hostname
        assert place.port
        return place.hostname, place.port

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def kill(self, pids: Sequence[int], *, at_once: bool = False) -> None:
        """Kill them one after the other; at once: none of them sees another's end."""
        for how in (signal.SIGSTOP, signal.SIGKILL) if at_once else (signal.SIGKILL,):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
        if self.process is not None and self.process.pid in pids:
            self.process.wait(10)

    def end(self) -> None:
        """Ask it to end; nothing that it started is left."""
        if self.process is None:
            return
        try:
            self.process.terminate()
            self.process.wait(30)
            left = until_none(lambda: marked(self.mark), 3)
            assert not left, f"processes survived the server: {describe(left)}"
        finally:
            self.process = None
            for pid in marked(self.mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    # -- HTTP ------------------------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Reply:
        """One request on a connection of its own; `path` may be an address of this server."""
        if path.startswith("http"):
            parts = urlsplit(path)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None, timeout: float = 60) -> Reply:
        return self.ask("GET", path, None, {"Accept": "application/json"} | dict(headers or {}), timeout)

    def execute(
        self, process: str, body: object = None, headers: Mapping[str, str] | None = None, **inputs: Any
    ) -> Reply:
        content = json.dumps({"inputs": inputs} if body is None else body).encode()
        known = {"Content-Type": "application/json"} | dict(headers or {})
        return self.ask("POST", f"/processes/{process}/execution", content, known)

    def submit(self, process: str, **inputs: Any) -> str:
        """The id of an accepted background job."""
        reply = self.execute(process, None, {"Prefer": "respond-async"}, **inputs)
        assert reply.status == 201, reply
        return reply.headers["location"].rpartition("/")[2]

    def job(self, id: str) -> Any:
        reply = self.get(f"/jobs/{id}")
        assert reply.status == 200, reply
        return reply.json

    def ended(self, id: str, seconds: float = 60) -> Any:
        """The record of a job that has ended."""
        return until(
            lambda: (job := self.job(id))["status"] in ("successful", "failed", "dismissed") and job,
            seconds,
            f"job {id} ends",
        )

    def raw(self, data: bytes, seconds: float = 20) -> bytes:
        """What is answered to bytes that a decent client would not send."""
        with socket.create_connection(self.address, timeout=seconds) as connection:
            received = b""
            with contextlib.suppress(OSError):  # it may hang up before it has read all
                connection.sendall(data)
            with contextlib.suppress(OSError):
                while chunk := connection.recv(1 << 16):
                    received += chunk
            return received


def until_none(found: Callable[[], set[int]], seconds: float) -> set[int]:
    """What is still found after `seconds`; empty as soon as nothing is."""
    end = time.monotonic() + seconds
    while (left := found()) and time.monotonic() < end:
        threading.Event().wait(0.05)
    return left


def describe(pids: set[int]) -> str:
    lines = []
    for pid in pids:
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            lines.append(f"{pid} (of {parent_of(pid)}): {command[:120]}")
    return "; ".join(lines)
