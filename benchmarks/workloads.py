"""The workloads: each starts a server of its own, measures, and ends it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks import floors
from benchmarks import jobs as many_jobs
from benchmarks.load import post, send
from benchmarks.measures import Row, best, combined, in_turns
from benchmarks.server import PROCESSES, Server, file_server, serving

PLAIN, LOADED, SCENE = PROCESSES / "plain.py", PROCESSES / "loaded.py", PROCESSES / "scene.py"
CONNECTIONS = (1, 8, 64)
JOBS = 500
SYNC_REQUESTS = 16
SLOTS = 2
ALWAYS = 3  # processes of a server without jobs: supervisor, worker, web tier
SIDE = 4096  # pixels
MB = 1_000_000
ASYNC = "Prefer: respond-async"


@dataclass(frozen=True)
class Plan:
    """How long and how often; `folder` is this run's own. `quick`: small sizes, to see that all of it runs."""

    folder: Path
    seconds: float
    repeat: int
    quick: bool = False

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        number = 0
        while (path := self.folder / f"{name}-{number}").exists():
            number += 1
        path.mkdir()
        return path


def _best_of(plan: Plan) -> int:
    """How often what has a target in numbers is run: a machine that others use as well is seldom at its best."""
    return plan.repeat if plan.quick else 3 * plan.repeat


# -- synchronous echo ----------------------------------------------------------------------------


def _echo(process: str) -> bytes:
    return post(f"/processes/{process}/execution", {"inputs": {"text": "hello"}})


def _reply_of(server: Server) -> floors.Reply:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    body = json.dumps({"inputs": {"text": "hello"}})
    connection.request("POST", "/processes/echo-fresh/execution", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return [(n, v) for n, v in answer.getheaders() if n.lower() != "date"], data


def echo(plan: Plan) -> list[Row]:
    """Synchronous echo, every one a durable job, in fresh and in reused children."""
    rates: dict[tuple[str, int], float] = {}
    times = _best_of(plan)
    with serving(plan.fresh("echo"), PLAIN) as server:
        reply = _reply_of(server)
        for process in ("echo-fresh", "echo-reused"):
            for connections in CONNECTIONS:
                rates[process, connections] = best(
                    lambda p=process, c=connections: send(server.port, _echo(p), c, plan.seconds).rate,
                    times,
                )
    asgi: dict[int, float] = {}
    with floors.bare_asgi(reply) as port:
        for connections in CONNECTIONS:
            asgi[connections] = best(
                lambda c=connections: send(port, _echo("x"), c, plan.seconds / 2).rate, times
            )
    fork = best(lambda: floors.forks(PLAIN, plan.seconds / 2), times)
    record = {
        threads: best(lambda t=threads: floors.records(plan.fresh("record"), t, plan.seconds), times)
        for threads in (1, 8)
    }
    rows = [Row(f"floor: bare ASGI reply, {c} connections", asgi[c], "1/s") for c in CONNECTIONS]
    rows.append(Row("floor: fork from the echo's parent image", fork, "1/s"))
    rows += [Row(f"floor: the durable record, {t} threads", record[t], "1/s") for t in (1, 8)]
    rows.append(Row("floor: the bare echo function", floors.bare_echo(plan.seconds / 2), "1/s"))
    for c in CONNECTIONS:
        floor = combined((asgi[c], fork, record[1 if c == 1 else 8]))
        rows.append(
            Row(
                f"sync echo, fresh children, {c} connections", rates["echo-fresh", c], "1/s", floor, 0.5, True
            )
        )
    for c in CONNECTIONS:
        floor = combined((asgi[c], record[1 if c == 1 else 8]))
        rows.append(
            Row(f"sync echo, reused children, {c} connections", rates["echo-reused", c], "1/s", floor, 600)
        )
    return rows


# -- background jobs -----------------------------------------------------------------------------


def jobs(plan: Plan) -> list[Row]:
    """500 trivial background jobs beside numpy and rasterio, two slots, submitted one by one."""
    fork = best(lambda: floors.forks(LOADED, plan.seconds / 2), plan.repeat)
    record = best(lambda: floors.records(plan.fresh("record"), 8, plan.seconds), plan.repeat)
    rows = [Row("floor: fork with numpy and rasterio loaded", fork, "1/s")]
    for name, least, parts in (("fresh", 150.0, (fork, record)), ("reused", 300.0, (record,))):
        runs = [_five_hundred(plan, f"mark-{name}") for _ in range(_best_of(plan))]
        rate = max(run.rate for run in runs)
        quickest = min(runs, key=lambda run: run.median)
        rows += [
            Row(f"{JOBS} jobs, {name} children: jobs", rate, "1/s", combined(parts), least),
            Row(
                f"{JOBS} jobs, {name} children: accepted, p50", quickest.median, "ms", None, 10, at_most=True
            ),
            Row(f"{JOBS} jobs, {name} children: accepted, p99", quickest.late, "ms"),
            Row(
                f"{JOBS} jobs, {name} children: most at once",
                max(run.at_once for run in runs),
                "jobs",
                None,
                SLOTS,
                at_most=True,
            ),
        ]
    return rows


@dataclass(frozen=True)
class _Jobs:
    rate: float  # 1/s
    median: float  # ms
    late: float  # ms, 99 of 100 were quicker
    at_once: int


def _five_hundred(plan: Plan, process: str) -> _Jobs:
    folder = plan.fresh("jobs")
    events = folder / "events"
    with serving(folder, LOADED, settings=f"[queue]\nslots = {SLOTS}\n") as server:
        path = f"/processes/{process}/execution"
        # Whoever comes first pays for the import; that is measured as the cold start.
        send(server.port, post(path, {"inputs": {"events": os.devnull}}), 1, count=1)
        request = post(path, {"inputs": {"events": str(events)}}, ASYNC)
        began = time.perf_counter()
        accepted = send(server.port, request, 1, count=JOBS)
        wait(lambda: _lines(events) >= 2 * JOBS, 300)
        wait(lambda: _waiting(server) == 0, 60)
        seconds = time.perf_counter() - began
        _, page = server.ask("GET", "/jobs?status=successful&limit=1000")
        if len(page["jobs"]) != JOBS:
            raise RuntimeError(f"{len(page['jobs'])} of {JOBS} jobs succeeded")
    return _Jobs(JOBS / seconds, accepted.at(0.5) * 1000, accepted.at(0.99) * 1000, _at_once(events))


def _waiting(server: Server) -> int:
    return len(server.ask("GET", "/jobs?status=accepted,running&limit=1")[1]["jobs"])


def _lines(events: Path) -> int:
    return events.read_bytes().count(b"\n") if events.exists() else 0


def _at_once(events: Path) -> int:
    """The most jobs that ran at the same time."""
    steps = []
    for line in events.read_text().splitlines():
        word, at = line.split()
        steps.append((int(at), 1 if word == "start" else -1))
    most = running = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


def wait(until: Callable[[], bool], seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while not until():
        if time.perf_counter() > deadline:
            raise RuntimeError(f"it did not happen within {seconds:g} s")
        time.sleep(0.02)


# -- synchronous requests beside busy slots ------------------------------------------------------


def busy(plan: Plan) -> list[Row]:
    """16 synchronous requests at once, while every background slot counts as fast as it can."""
    folder = plan.fresh("busy")
    slots = os.cpu_count() or 1
    with serving(folder, PLAIN) as server:
        send(server.port, _echo("echo-fresh"), 1, count=1)
        events = folder / "busy"
        for _ in range(slots):
            inputs = {"seconds": 20.0, "events": str(events)}
            status, told = server.ask(
                "POST", "/processes/busy/execution", {"inputs": inputs}, Prefer="respond-async"
            )
            if status != 201:
                raise RuntimeError(f"a busy job was refused: {told}")
        wait(lambda: _lines(events) == slots, 60)
        answers = send(server.port, _echo("echo-fresh"), SYNC_REQUESTS, count=SYNC_REQUESTS)
        still = len(server.ask("GET", "/jobs?status=running&limit=100")[1]["jobs"])
        if still != slots:
            raise RuntimeError(f"only {still} of {slots} slots were busy to the end")
    return [
        Row(f"sync beside busy slots: answered of {SYNC_REQUESTS}", answers.good, "", None, SYNC_REQUESTS),
        Row("sync beside busy slots: p50", answers.at(0.5) * 1000, "ms"),
        Row("sync beside busy slots: slowest", max(answers.times) * 1000, "ms"),
    ]


# -- real work -----------------------------------------------------------------------------------


def ndvi(plan: Plan) -> list[Row]:
    """NDVI of 4096 × 4096 pixels: the bare function, the function as a job, and with its scene fetched by HTTP."""
    folder = plan.fresh("ndvi")
    scene = folder / "scene.tif"
    make_scene(scene)
    bare: list[float] = []
    here: list[float] = []
    fetched: list[float] = []
    copied: list[float] = []
    settings = '[addresses]\nallow = ["127.0.0.1"]\n'
    with (
        file_server(folder) as files,
        serving(folder, SCENE, "azenha.examples.raster", settings=settings) as server,
    ):
        href = {"href": f"http://127.0.0.1:{files}/scene.tif", "type": "image/tiff; application=geotiff"}
        # In turns, and many: what the machine does beside takes more from one of them than what is measured.
        for number in range((plan.repeat if plan.quick else 6 * plan.repeat) + 1):
            times = (
                _settled(lambda: floors.bare_ndvi(scene, plan.fresh("bare"))),
                _settled(lambda: _job(server, "ndvi-at", {"path": str(scene)})),
                _settled(lambda: _job(server, "ndvi", {"scene": href, "red": 1, "nir": 2})),
                _settled(lambda: _copied(href["href"], folder / "copy.tif")),
            )
            if number:  # the first round only warms parents and the file cache
                for series, seconds in zip((bare, here, fetched, copied), times, strict=True):
                    series.append(seconds)
    # The function reads a file: whoever fetches one has to receive it as well.
    with_copy = [sum(both) for both in zip(bare, copied, strict=True)]
    return [
        in_turns("NDVI of 4096², as a job (floor: the bare function)", here, bare, "s", 1.1, at_most=True),
        in_turns("NDVI of 4096², as a job that fetches its scene", fetched, with_copy, "s"),
    ]


def _settled(task: Callable[[], float]) -> float:
    """Nobody pays for what another left unwritten: whoever has its own file written would wait for that too."""
    os.sync()
    return task()


def _copied(url: str, target: Path) -> float:
    """Seconds to receive a file and have it on the disk."""
    began = time.perf_counter()
    with urlopen(url) as answer, target.open("wb") as file:
        shutil.copyfileobj(answer, file, 1 << 20)
        os.fsync(file.fileno())
    return time.perf_counter() - began


def make_scene(path: Path) -> None:
    """Two bands of uint16 with a pattern and noise, tiled, in UTM."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    pattern = np.sin(rows / 97) * np.cos(columns / 61)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIDE,
        height=SIDE,
        count=2,
        dtype="uint16",
        crs="EPSG:32723",
        transform=from_origin(500_000, 7_000_000, 10, 10),
        tiled=True,
        blockxsize=512,
        blockysize=512,
    ) as target:
        for band, (level, change) in enumerate(((1500, -700), (3000, 1200)), 1):
            noise = rng.normal(0, 60, pattern.shape)
            target.write((level + change * pattern + noise).astype(np.uint16), band)


def _job(server: Server, process: str, inputs: object) -> float:
    """Seconds of a background job, from the request to the end as a client sees it that waits for it.

    Whoever polls often enough to tell the time takes some of it from the job: there are as few cores here.
    """
    order = {
        "inputs": inputs,
        "response": "document",
        "outputs": {"result": {"transmissionMode": "reference"}},
    }
    began = time.perf_counter()
    status, results = server.ask(
        "POST", f"/processes/{process}/execution", order, Prefer="respond-async, wait=60"
    )
    seconds = time.perf_counter() - began
    if status != 200:
        raise RuntimeError(f"{process} failed: {results}")
    return seconds


# -- start and memory ----------------------------------------------------------------------------


def start(plan: Plan) -> list[Row]:
    """From exec to the first 200 on /processes, with byte code and descriptions of an earlier start."""
    folder = plan.fresh("start")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "byte-code")
    times = []
    for _ in range(plan.repeat + 1):
        with serving(folder, PLAIN, environment=environment) as server:
            times.append(server.started_in)
            send(
                server.port, _echo("echo-fresh"), 1, count=1
            )  # so that the children's modules are compiled too
    return [
        Row("first start, nothing compiled", times[0], "s"),
        Row("cold start", min(times[1:]), "s", None, 1.0, at_most=True),
    ]


def memory(plan: Plan) -> list[Row]:
    """Memory of the whole tree, with nothing but the echo, after one job and once the warm parent has ended."""
    with serving(plan.fresh("memory"), PLAIN, settings="[children]\nidle = 2.0\n") as server:
        send(server.port, _echo("echo-fresh"), 1, count=1)
        time.sleep(1)
        after, before = server.memory(), server.processes()
        # First the child that stood ready ends, then, being idle since, its warm parent.
        wait(lambda: server.processes() <= ALWAYS, 30)
        time.sleep(1)
        idle, left = server.memory(), server.processes()
    return [
        Row(f"memory after one job ({before} processes)", after / MB, "MB"),
        Row(f"memory idle ({left} processes)", idle / MB, "MB", None, 120, at_most=True),
    ]


# -- a long history ------------------------------------------------------------------------------


def history(plan: Plan) -> list[Row]:
    """The job list, synchronous runs and polls where 100,000 jobs have run."""
    folder = plan.fresh("history")
    for name in ("full", "empty"):
        (folder / name).mkdir()
    count = many_jobs.QUICK_JOBS if plan.quick else many_jobs.JOBS
    return many_jobs.history(folder, plan.seconds, plan.repeat, count)


ALL: dict[str, Callable[[Plan], list[Row]]] = {
    "echo": echo,
    "jobs": jobs,
    "busy": busy,
    "history": history,
    "ndvi": ndvi,
    "start": start,
    "memory": memory,
}
