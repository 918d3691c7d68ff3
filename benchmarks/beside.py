"""The same requests to this server and to pygeoapi, in one run: lists, echo, 100 MB of base64, many jobs.

pygeoapi is installed by pip into an environment of its own, in the folder that `BENCH_CACHE` names or else in the
run's own; it runs under uvicorn, as ours does, with its TinyDB manager, which is the one that needs no other server.
"""

from __future__ import annotations

import json
import random
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import jobs as many_jobs
from benchmarks.bodies import post_large, watched
from benchmarks.listing import CONNECTIONS, MANY, PATHS, rate
from benchmarks.load import get, post, send
from benchmarks.measures import Row, best
from benchmarks.peers import environ, installed
from benchmarks.peers import release as installed_release
from benchmarks.server import PROCESSES, Server, free_port, serving, started
from benchmarks.workloads import MB, Plan

PLAIN, SIZES = PROCESSES / "plain.py", PROCESSES / "sizes.py"
PACKAGES = ("pygeoapi", "starlette", "uvicorn", "httptools", "uvloop")
MANY_PROCESSES = {f"process-{number:03}": "Many" for number in range(500)}
FEW_PAGES = 5  # each may take seconds
Measured = dict[str, float]


def beside(plan: Plan) -> list[Row]:
    """Ours beside pygeoapi's; where that cannot be installed or does not answer, the rows say so."""
    python = installed("pygeoapi", PACKAGES, plan.fresh("pygeoapi"))
    rows: list[Row] = []
    release = "" if isinstance(python, str) else f" (pygeoapi {installed_release(python, 'pygeoapi')})"
    for measure, units in MEASURES:
        ours, theirs = measure(plan, None), _asked(measure, plan, python)
        for about, unit in units.items():
            found = theirs if isinstance(theirs, str) else theirs[about]
            rows.append(
                Row(
                    f"{about.format(jobs=_jobs(plan), size=_size(plan))}{release}",
                    ours[about],
                    unit,
                    beside=found,
                )
            )
            release = ""  # once is enough
    return rows


def _asked(
    measure: Callable[[Plan, Path | None], Measured], plan: Plan, python: Path | str
) -> Measured | str:
    if isinstance(python, str):
        return python
    try:
        return measure(plan, python)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return f"failed: {str(error)[-60:]}".replace("\n", " ").replace("|", "/")


# -- the two servers -------------------------------------------------------------------------------


@contextmanager
def _serving(plan: Plan, python: Path | None, processes: dict[str, str], ours: Path) -> Iterator[Server]:
    """A server with nothing done yet: pygeoapi of that Python, or ours where there is none."""
    folder = plan.fresh("beside")
    (folder / "data").mkdir()
    if many := processes.get("jobs"):
        _fill(folder, int(many)) if python else many_jobs.fill(folder / "data" / "azenha.sqlite", int(many))
    if python is None:
        with serving(folder, ours) as server:
            yield server
        return
    port = free_port()
    config, openapi = folder / "pygeoapi.yml", folder / "openapi.json"
    named = {id: kind for id, kind in processes.items() if id != "jobs"}
    config.write_text(json.dumps(_config(port, folder, named)))  # JSON is YAML
    openapi.write_text(json.dumps({"openapi": "3.0.2", "info": {"title": "", "version": "1"}, "paths": {}}))
    command = [str(python), "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "error"]
    environment = environ(PROCESSES) | {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    with started(command, port, folder / "server.log", environment) as server:
        yield server


def _config(port: int, folder: Path, processes: dict[str, str]) -> dict[str, object]:
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 1000},
            "map": {"url": "https://tile.example/{z}/{x}/{y}.png", "attribution": ""},
            "manager": {
                "name": "TinyDB",
                "connection": str(folder / "jobs.db"),
                "output_dir": str(folder / "data"),
            },
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "pygeoapi",
                "description": "Beside azenha",
                "keywords": ["benchmark"],
                "keywords_type": "theme",
                "terms_of_service": "none",
                "url": f"http://127.0.0.1:{port}",
            },
            "license": {"name": "none", "url": f"http://127.0.0.1:{port}"},
            "provider": {"name": "none", "url": f"http://127.0.0.1:{port}"},
            "contact": {"name": "none"},
        },
        "resources": {
            id: {"type": "process", "processor": {"name": f"for_pygeoapi.{kind}", "id": id}}
            for id, kind in processes.items()
        },
    }


def _fill(folder: Path, count: int) -> None:
    """Jobs that have ended, as its TinyDB manager writes them."""
    draw, now = random.Random(5), time.time()
    records = {}
    for number in range(count):
        at = datetime.fromtimestamp(now - (count - number) * many_jobs.APART, UTC)
        moment = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        records[str(number + 1)] = {
            "type": "process",
            "identifier": str(uuid.UUID(int=draw.getrandbits(128), version=1)),
            "process_id": "echo",
            **dict.fromkeys(("created", "started", "finished", "updated"), moment),
            "status": "successful",
            "location": str(folder / "data" / "gone"),
            "mimetype": "application/json",
            "message": "Job complete",
            "progress": 100,
        }
    (folder / "jobs.db").write_text(json.dumps({"_default": records}))


# -- what is measured ------------------------------------------------------------------------------


def _jobs(plan: Plan) -> str:
    return f"{many_jobs.QUICK_JOBS if plan.quick else many_jobs.JOBS:,}"


def _size(plan: Plan) -> int:
    return 8 if plan.quick else 100  # MB


def _lists(plan: Plan, python: Path | None) -> Measured:
    with _serving(plan, python, MANY_PROCESSES, MANY) as server:
        return {about: rate(server.port, path, plan) for about, path in PATHS.items()}


def _echo(plan: Plan, python: Path | None) -> Measured:
    """Ours is a durable job in a process of its own, theirs a call in the web server with a record in a file."""
    id = "echo" if python else "echo-reused"
    request = post(f"/processes/{id}/execution", {"inputs": {"text": "hello"}})
    with _serving(plan, python, {"echo": "Echo"}, PLAIN) as server:
        send(server.port, request, 1, count=5)
        return {
            ECHO: best(lambda: send(server.port, request, CONNECTIONS, plan.seconds).rate, plan.repeat),
        }


def _large(plan: Plan, python: Path | None) -> Measured:
    with _serving(plan, python, {"tell": "Tell"}, SIZES) as server:
        post_large(server.port, "tell", 8 * MB)
        if not plan.quick:
            time.sleep(12)  # our reader of large bodies has ended: it is part of the growth
        before = server.memory()
        with watched(server) as peak:
            seconds = post_large(server.port, "tell", _size(plan) * MB)
    return {LARGE: seconds, GROWTH: max(0, peak[0] - before) / MB}


def _history(plan: Plan, python: Path | None) -> Measured:
    count = many_jobs.QUICK_JOBS if plan.quick else many_jobs.JOBS
    id = "echo" if python else "echo-reused"
    request = post(f"/processes/{id}/execution", {"inputs": {"text": "hello"}})
    with _serving(plan, python, {"echo": "Echo", "jobs": str(count)}, PLAIN) as server:
        pages = {"first": "/jobs?limit=10", "deep": f"/jobs?limit=10&offset={count // 2}"}
        if python is None:
            pages["deep"] = _deep(server, count)
        first, deep = (send(server.port, get(pages[p]), 1, count=FEW_PAGES).at(0.5) for p in pages)
        send(server.port, request, 1, count=1)
        echo = send(server.port, request, 1, count=FEW_PAGES).at(0.5)
    return {FIRST: first * 1000, DEEP: deep * 1000, LATE_ECHO: echo * 1000}


def _deep(server: Server, count: int) -> str:
    """A page in the middle, by the link to it."""
    middle = many_jobs.queries(count)["datetime, open"]["datetime"]
    _, page = server.ask("GET", f"/jobs?limit=10&datetime={middle}")
    (address,) = [link["href"] for link in page["links"] if link["rel"] == "next"]
    cursor = address.partition("after=")[2].partition("&")[0]
    return f"/jobs?limit=10&after={cursor}"


ECHO = f"sync echo, reused children, {CONNECTIONS} connections"
LARGE, GROWTH = "{size} MB of inline base64", "{size} MB of inline base64: growth of memory"
FIRST, DEEP = "first page of {jobs} jobs, p50", "page in the middle of {jobs} jobs, p50"
LATE_ECHO = "sync echo beside {jobs} jobs, p50"

MEASURES: tuple[tuple[Callable[[Plan, Path | None], Measured], dict[str, str]], ...] = (
    (_lists, dict.fromkeys(PATHS, "1/s")),
    (_echo, {ECHO: "1/s"}),
    (_large, {LARGE: "s", GROWTH: "MB"}),
    (_history, {FIRST: "ms", DEEP: "ms", LATE_ECHO: "ms"}),
)
