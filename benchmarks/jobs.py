"""What a long history costs: job lists, synchronous runs beside it; and polls while all slots are busy."""

from __future__ import annotations

import http.client
import os
import random
import sqlite3
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.load import get, post, send
from benchmarks.measures import Row, in_turns
from benchmarks.server import PROCESSES, Server, serving

PLAIN = PROCESSES / "plain.py"
JOBS, QUICK_JOBS = 100_000, 2_000
APART = 10  # seconds between two jobs of the history
PAGES = 100
POLLS = 200  # a second
TURNS = 4  # times `repeat`, of two rates that are held against each other
SECOND = 1_000_000  # microseconds
COLUMNS = (
    "id", "process", "state", "lane", "priority", "created", "updated", "started", "finished", "expires",
    "progress", "attempt", "max_attempts", "request", "outputs", "duration",
)  # fmt: skip
REQUEST = (
    '{"process":"echo-fresh","version":"1.0.0","inputs":{"text":[["literal",["s","hello"],null]]},'
    '"outputs":null,"asked":["ogcapi","1.0","en","raw",null]}'
)


def fill(database: Path, count: int = JOBS) -> None:
    """Write that many background jobs that have ended straight into the store, the last of them just now.

    Their processes, ends and durations are drawn from a fixed seed; one process is rare and old.
    """
    from azenha.adapters.store.migrate import migrate

    migrate(database, database.parent / "backups")
    draw = random.Random(5)
    now = time.time_ns() // 1000
    rows = []
    for number in range(count):
        created = now - (count - number) * APART * SECOND
        duration = int(draw.lognormvariate(1.5, 1.2) * SECOND)
        (state,) = draw.choices(("succeeded", "failed", "dismissed"), (90, 8, 2))
        process = draw.choice(("echo-fresh", "echo-reused", "busy")) if number >= 50 else "rare"
        name = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        times = (created, created + duration, created, created + duration, now + 10**6 * SECOND)
        row = (name, process, state, "background", 0, *times, 100, 1, 1, REQUEST, "{}", duration)
        rows.append(row)
    with closing(sqlite3.connect(database)) as connection, connection:
        places = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO job ({', '.join(COLUMNS)}) VALUES ({places})", rows)


def queries(count: int = JOBS) -> dict[str, dict[str, object]]:
    """Parameters by what they are about; half of the history is older than `middle`."""
    middle = datetime.fromtimestamp(time.time() - count * APART / 2, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "first page": {},
        "status": {"status": "failed"},
        "two statuses": {"status": "failed,dismissed"},
        "a process": {"processID": "busy"},
        "a rare, old process": {"processID": "rare"},
        "a process that never ran": {"processID": "none"},
        "datetime, open": {"datetime": f"../{middle}"},
        "minDuration, few": {"minDuration": 200},
        "minDuration, many": {"minDuration": 5},
        "maxDuration": {"maxDuration": 1},
        "a narrow duration": {"minDuration": 10, "maxDuration": 11},
        "all filters at once": {
            "processID": "busy,echo-fresh",
            "status": "failed,dismissed",
            "datetime": f"../{middle}",
            "minDuration": 5,
            "maxDuration": 60,
            "type": "process",
        },
    }


def history(folder: Path, seconds: float, repeat: int, count: int = JOBS) -> list[Row]:
    """`folder` has the empty folders `full` and `empty`."""
    fill(database(folder / "full"), count)
    rows = []
    with serving(folder / "full", PLAIN) as server:
        for about, parameters in queries(count).items():
            rows.append(_page(server, about, urlencode(parameters), count))
        middle = urlencode(queries(count)["datetime, open"])
        cursors = [
            link["href"].rpartition("?")[2]
            for link in server.ask("GET", f"/jobs?{middle}")[1]["links"]
            if link["rel"] == "next"
        ]
        rows.append(_page(server, "a deep page", cursors[0], count))
        with serving(folder / "empty", PLAIN) as empty:
            beside, alone = _echoes((server, empty), seconds, TURNS * repeat)
    with serving(folder / "empty", PLAIN) as server:
        polls = _polls(server, folder / "empty", max(seconds, 5.0))
    echo = f"sync echo beside {count:,} jobs (floor: on an empty store)"
    return [*rows, in_turns(echo, beside, alone, "1/s", 0.9), *polls]


def database(folder: Path) -> Path:
    (folder / "data").mkdir()
    return folder / "data" / "azenha.sqlite"


def _page(server: Server, about: str, query: str, count: int) -> Row:
    answers = send(server.port, get(f"/jobs?{query}"), 1, count=PAGES)
    return Row(f"list of {count:,} jobs: {about}, p50", answers.at(0.5) * 1000, "ms", None, 10, at_most=True)


def _echoes(servers: Sequence[Server], seconds: float, turns: int) -> list[tuple[float, ...]]:
    """Rates of each, measured in turns."""
    echo = post("/processes/echo-reused/execution", {"inputs": {"text": "hello"}})
    for server in servers:
        send(server.port, echo, 1, count=20)
    rates = [[send(server.port, echo, 8, seconds).rate for server in servers] for _ in range(turns)]
    return [*zip(*rates, strict=True)]


def _polls(server: Server, folder: Path, seconds: float) -> list[Row]:
    """Polls of a status at a fixed pace, while each background slot counts as fast as it can."""
    slots = os.cpu_count() or 1
    events = folder / "busy"
    address = ""
    for _ in range(slots):
        inputs = {"seconds": seconds + 10, "events": str(events)}
        status, told = server.ask(
            "POST", "/processes/busy/execution", {"inputs": inputs}, Prefer="respond-async"
        )
        if status != 201:
            raise RuntimeError(f"a busy job was refused: {told}")
        address = f"/jobs/{told['jobID']}"
    until = time.monotonic() + 60
    while not events.exists() or len(events.read_text().splitlines()) < slots:
        if time.monotonic() > until:
            raise RuntimeError("the busy jobs did not start")
        time.sleep(0.02)
    times = sorted(paced(server.port, address, seconds))
    return [
        Row(f"{POLLS} polls a second beside busy slots: p50", times[len(times) // 2] * 1000, "ms"),
        Row(
            f"{POLLS} polls a second beside busy slots: p99",
            times[int(len(times) * 0.99)] * 1000,
            "ms",
            None,
            20,
            at_most=True,
        ),
    ]


def paced(port: int, path: str, seconds: float) -> list[float]:
    """Times from when a poll was due to its answer: what waits behind a slow one has waited too."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.perf_counter()
    times = []
    for number in range(int(seconds * POLLS)):
        due = began + number / POLLS
        time.sleep(max(0.0, due - time.perf_counter()))
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a poll was answered {answer.status}")
        times.append(time.perf_counter() - due)
    connection.close()
    return times
