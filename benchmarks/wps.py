"""WPS 1.0.0 and 2.0: documents of many processes, echo, large XML bodies, polls; beside PyWPS in the same run.

PyWPS runs under gunicorn with threads, which keeps connections alive as ours does, and with its jobs in SQLite.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import floors
from benchmarks import jobs as many_jobs
from benchmarks.bodies import watched
from benchmarks.listing import CONNECTIONS, MANY, reply
from benchmarks.load import post, send
from benchmarks.measures import Row, best, in_turns
from benchmarks.peers import environ, installed, release
from benchmarks.server import PROCESSES, Server, free_port, serving, started
from benchmarks.workloads import MB, Plan, wait
from benchmarks.wps_requests import (
    ONE,
    TWO,
    Content,
    ask,
    echo,
    execute,
    features,
    got,
    large,
    literal,
    marked,
    packed,
)

TURNS = 4  # times `repeat`, of rates that are held against each other
PLAIN, SIZES = PROCESSES / "plain.py", PROCESSES / "sizes.py"
PACKAGES = ("pywps==4.8.1", "gunicorn")
GROWTH_AT_MOST = 32 * 1.048576  # MB
SECONDS_AT_MOST = {"base64": 2.5, "GML": 4.0}  # for 100 MB
BODIES = {"100 MB": 100 * MB, "1 GB": 1000 * MB}
QUICK = {"4 MB": 4 * MB, "8 MB": 8 * MB}
SLOTS = 2
READER_IDLE = 12.0  # seconds after which our reader of large bodies has ended

DESCRIBE = "request=DescribeProcess&identifier="
QUERIES = {
    "capabilities with 500 processes": "request=GetCapabilities",
    "descriptions of all 500": f"{DESCRIBE}ALL",
    "description of one of 500": f"{DESCRIBE}process-250",
}
KINDS: dict[str, tuple[str, Callable[[str], str], Callable[[int], Content]]] = {
    "base64": ("tell", lambda v: marked(v, "data", "application/octet-stream", "base64"), packed),
    "GML": ("tell_features", lambda v: marked(v, "data", "application/gml+xml"), features),
}


# -- ours ------------------------------------------------------------------------------------------


def documents(plan: Plan) -> list[Row]:
    """Capabilities and descriptions against uvicorn sending the same bytes."""
    asked = {f"WPS {v}: {about}": path for v in (ONE, TWO) for about, path in _paths(v).items()}
    rows = []
    with serving(plan.fresh("documents"), MANY) as server:
        for about, path in asked.items():
            told = reply(server, path)
            with floors.bare_asgi(told) as port:
                # In turns, as the echoes below.
                turns = [
                    [send(each, got(path), CONNECTIONS, plan.seconds).rate for each in (server.port, port)]
                    for _ in range(plan.repeat if plan.quick else TURNS * plan.repeat)
                ]
            rates, bare = zip(*turns, strict=True)
            rows.append(in_turns(f"{about} ({len(told[1]):,} bytes)", rates, bare, "1/s", 0.4))
    return rows


def echoes(plan: Plan) -> list[Row]:
    """Synchronous echo by XML, against the same by JSON."""
    as_json = post("/processes/echo-reused/execution", {"inputs": {"text": "hello"}})
    with serving(plan.fresh("echoes"), PLAIN) as server:
        send(server.port, as_json, 1, count=5)
        requests = [as_json, *(echo(version, "echo-reused") for version in (ONE, TWO))]
        # In turns: how busy the machine is changes from one second to the next.
        turns = [
            [send(server.port, request, CONNECTIONS, plan.seconds).rate for request in requests]
            for _ in range(plan.repeat if plan.quick else TURNS * plan.repeat)
        ]
    by_json, *found = zip(*turns, strict=True)
    about = f"sync echo, reused children, {CONNECTIONS} connections (floor: by JSON)"
    return [
        in_turns(f"WPS {version}: {about}", rates, by_json, "1/s", 0.8)
        for version, rates in zip((ONE, TWO), found, strict=True)
    ]


def _paths(version: str) -> dict[str, str]:
    return {about: f"/wps?service=WPS&version={version}&{query}" for about, query in QUERIES.items()}


def _rate(port: int, request: bytes, plan: Plan) -> float:
    return best(lambda: send(port, request, CONNECTIONS, plan.seconds).rate, plan.repeat)


def bodies(plan: Plan) -> list[Row]:
    """100 MB and 1 GB of inline base64 and GML: time and growth of the whole server's memory."""
    rows: list[Row] = []
    for version in (ONE, TWO):
        for kind, (process, given, made) in KINDS.items():
            request = execute(version, process, given(version))
            for name, size in (QUICK if plan.quick else BODIES).items():
                repeat = plan.repeat if size <= 100 * MB else 1
                with serving(plan.fresh("bodies"), SIZES) as server:
                    seconds, growth = _measured(server, request, made(8 * MB), made(size), repeat, plan)
                about = f"WPS {version}: {name} of inline {kind}"
                target = SECONDS_AT_MOST[kind] if size == BODIES["100 MB"] else None
                rows += [
                    Row(about, seconds, "s", None, target, at_most=True),
                    Row(f"{about}: growth of memory", growth, "MB", None, GROWTH_AT_MOST, at_most=True),
                ]
    return rows


def _measured(
    server: Server, request: bytes, small: Content, content: Content, repeat: int, plan: Plan
) -> tuple[float, float]:
    """The shortest time (s), and the largest growth (MB)."""
    for _ in range(2):
        large(server.port, request, small)  # starts what is started on demand
    if not plan.quick:
        time.sleep(READER_IDLE)
    before, times, growths = server.memory(), [], []
    for _ in range(repeat):
        with watched(server) as peak:
            times.append(large(server.port, request, content))
        growths.append(max(0, peak[0] - before) / MB)
    return min(times), max(growths)


def polls(plan: Plan) -> list[Row]:
    """Status polls at a fixed pace while both slots count as fast as they can."""
    folder, seconds = plan.fresh("polls"), 1.0 if plan.quick else max(plan.seconds, 5.0)
    rows: list[Row] = []
    with serving(folder, PLAIN, settings=f"[queue]\nslots = {SLOTS}\n") as server:
        events = folder / "busy"
        addresses = {v: _busy(server, v, events, 2 * seconds + 10) for v in (ONE, TWO)}
        wait(lambda: events.exists() and len(events.read_text().splitlines()) == SLOTS, 60)
        for version, address in addresses.items():
            times = sorted(many_jobs.paced(server.port, address, seconds))
            about = f"WPS {version}: {many_jobs.POLLS} status polls a second beside busy slots"
            late = times[int(len(times) * 0.99)] * 1000
            rows += [
                Row(f"{about}: p50", times[len(times) // 2] * 1000, "ms"),
                Row(f"{about}: p99", late, "ms", None, 20, at_most=True),
            ]
        if (busy := len(server.ask("GET", "/jobs?status=running&limit=100")[1]["jobs"])) != SLOTS:
            raise RuntimeError(f"only {busy} of {SLOTS} slots were busy to the end")
    return rows


def _busy(server: Server, version: str, events: Path, seconds: float) -> str:
    """The path where the status of a job that keeps a core busy is polled."""
    inputs = literal(version, "seconds", seconds), literal(version, "events", events)
    told = ask(server.port, "POST", "/wps", execute(version, "busy", *inputs, background=True))
    pattern = rb'statusLocation="http://[^/"]+([^"]+)"' if version == ONE else rb"JobID>\s*([^<\s]+)"
    found = re.search(pattern, told)
    if found is None:
        raise RuntimeError(f"no address to poll: {told[:300]!r}")
    if version == ONE:
        return found[1].decode().replace("&amp;", "&")
    return f"/wps?service=WPS&version={TWO}&request=GetStatus&jobid={found[1].decode()}"


# -- beside PyWPS ----------------------------------------------------------------------------------

Measured = dict[str, float]


def beside(plan: Plan) -> list[Row]:
    """The same requests of WPS 1.0.0 to both; where PyWPS cannot be had or does not answer, the rows say so."""
    python = installed("pywps", PACKAGES, plan.fresh("pywps"))
    version = "PyWPS" if isinstance(python, str) else f"PyWPS {release(python, 'pywps')}"
    rows: list[Row] = []
    for measure, units in MEASURES:
        ours = measure(plan, None)
        theirs: Measured | str = python if isinstance(python, str) else _asked(measure, plan, python)
        for about, unit in units.items():
            found = theirs if isinstance(theirs, str) else theirs[about]
            rows.append(Row(f"beside {version}: {about}", ours[about], unit, beside=found))
    return rows


def _asked(measure: Callable[[Plan, Path | None], Measured], plan: Plan, python: Path) -> Measured | str:
    try:
        return measure(plan, python)
    except (RuntimeError, OSError, http.client.HTTPException, subprocess.SubprocessError) as error:
        return f"failed: {str(error)[-60:]}".replace("\n", " ").replace("|", "/")


@contextmanager
def _serving(plan: Plan, python: Path | None, ours: Path) -> Iterator[Server]:
    """PyWPS of that Python, or ours where there is none."""
    folder = plan.fresh("beside")
    if python is None:
        with serving(folder, ours) as server:
            yield server
        return
    port, config = free_port(), folder / "pywps.cfg"
    for name in ("work", "out"):
        (folder / name).mkdir()
    config.write_text(
        f"[server]\nurl = http://127.0.0.1:{port}/wps\noutputurl = http://127.0.0.1:{port}/out\n"
        f"outputpath = {folder / 'out'}\nworkdir = {folder / 'work'}\nmaxrequestsize = 3gb\n"
        "maxsingleinputsize = 3gb\nparallelprocesses = 64\nmaxprocesses = 1000\n"
        f"[logging]\nlevel = ERROR\ndatabase = sqlite:///{folder / 'jobs.sqlite'}\n"
    )
    command = [str(python), "-m", "gunicorn", "for_pywps:application", "--bind", f"127.0.0.1:{port}"]
    command += [
        "--worker-class",
        "gthread",
        "--workers",
        str(os.cpu_count() or 1),
        "--threads",
        str(CONNECTIONS),
    ]
    command += ["--keep-alive", "60", "--timeout", "600", "--log-level", "error", "--preload"]
    served = {"PYWPS_CFG": str(config), "FOR_PYWPS": "many" if ours == MANY else "few"}
    with started(command, port, folder / "server.log", environ(PROCESSES) | served) as server:
        yield server


def _documents(plan: Plan, python: Path | None) -> Measured:
    with _serving(plan, python, MANY) as server:
        return {about: _rate(server.port, got(path), plan) for about, path in _paths(ONE).items()}


def _echo(plan: Plan, python: Path | None) -> Measured:
    """Ours is a durable job in a process of its own, theirs a call in the web server with a record in a table."""
    request = echo(ONE, "echo" if python else "echo-reused")
    with _serving(plan, python, PLAIN) as server:
        send(server.port, request, 1, count=5)
        return {ECHO: _rate(server.port, request, plan)}


def _body(kind: str) -> tuple[Callable[[Plan, Path | None], Measured], dict[str, str]]:
    process, given, made = KINDS[kind]
    time_of, growth_of = f"100 MB of inline {kind}", f"100 MB of inline {kind}: growth of memory"

    def measure(plan: Plan, python: Path | None) -> Measured:
        request = execute(ONE, "tell" if python else process, given(ONE))
        content = made((8 if plan.quick else 100) * MB)
        with _serving(plan, python, SIZES) as server:
            seconds, growth = _measured(server, request, made(4 * MB), content, 1, plan)
        return {time_of: seconds, growth_of: growth}

    return measure, {time_of: "s", growth_of: "MB"}


ECHO = f"sync echo, {CONNECTIONS} connections"
MEASURES: tuple[tuple[Callable[[Plan, Path | None], Measured], dict[str, str]], ...] = (
    (_documents, dict.fromkeys(QUERIES, "1/s")),
    (_echo, {ECHO: "1/s"}),
    _body("base64"),
    _body("GML"),
)


def wps(plan: Plan) -> list[Row]:
    """All of them."""
    return [row for part in (documents, echoes, bodies, polls, beside) for row in part(plan)]
