"""Large bodies: inline base64 and GeoJSON against the same work on files; memory, and the others' waiting.

`python -m benchmarks.bodies receive PORT FOLDER` and `… polygons SOURCE FOLDER` are the floors, each a process.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azenha.settings import LimitSettings
from benchmarks.measures import Row
from benchmarks.server import PROCESSES, Server, answers, free_port, serving
from benchmarks.workloads import MB, Plan

SIZES, POLYGONS = PROCESSES / "sizes.py", PROCESSES / "polygons.py"
PIECE = 3 * 256 * 1024  # bytes before base64: pieces of it can be joined
BODIES = {"100 MB": 100 * MB, "1 GB": 1000 * MB}
QUICK = {"4 MB": 4 * MB, "8 MB": 8 * MB}
FEATURES, QUICK_FEATURES = 5000, 200


def bodies(plan: Plan) -> list[Row]:
    """100 MB and 1 GB of inline base64 to a process that tells size and SHA-256, and 5,000 polygons."""
    rows: list[Row] = []
    for name, size in (QUICK if plan.quick else BODIES).items():
        repeat = plan.repeat if size <= 100 * MB else 1
        floor = _received(plan, size, repeat)
        rows += _inline(plan, name, size, repeat, floor)
    return rows + _plain(plan) + _polygons(plan)


# -- plain values ----------------------------------------------------------------------------------


def _plain(plan: Plan) -> list[Row]:
    """The most plain values that are taken, of the kind that takes the most memory; and 60 MB of them, refused."""
    items = (LimitSettings().values - 2) // 3
    taken = b'{"inputs": {"items": [%b]}}' % b",".join([b'{"part": {"value": 0.12345678901234567}}'] * items)
    refused = b'{"inputs": {"items": [%b]}}' % b",".join([b"0.1"] * ((1 if plan.quick else 60) * MB // 4))
    rows: list[Row] = []
    with serving(plan.fresh("plain"), SIZES) as server:
        _posted(server, b'{"inputs": {"items": [{"part": {"value": 1}}]}}', 200)
        for what, body, status in (
            (f"JSON of plain values at the limit, {items} objects in objects", taken, 200),
            (f"JSON of plain values, {len(refused) // MB} MB, refused", refused, 413),
        ):
            before = server.memory()
            with watched(server) as peak:
                _posted(server, body, status)
            grown = (peak[0] - before) / MB
            rows.append(Row(f"{what}: growth of memory", grown, "MB", None, 32 * 1.048576, at_most=True))
    return rows


def _posted(server: Server, body: bytes, status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("POST", "/processes/count/execution", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    if answer.status != status:
        raise RuntimeError(f"{answer.status}: {data[:300]!r}")


# -- base64 ----------------------------------------------------------------------------------------


def _inline(plan: Plan, name: str, size: int, repeat: int, floor: float) -> list[Row]:
    times, growths, waits = [], [], list[float]()
    with serving(plan.fresh("bodies"), SIZES) as server:
        for _ in range(2):
            post_large(server.port, "tell", 8 * MB)  # starts what is started on demand
        if not plan.quick:
            time.sleep(12)  # the reader has ended: it is part of the growth
        before = server.memory()
        for _ in range(repeat):
            with watched(server) as peak:
                times.append(post_large(server.port, "tell", size))
            growths.append(peak[0] - before)
        with _polled(server, waits):
            post_large(server.port, "tell", size)
    waits.sort()
    late = waits[min(len(waits) - 1, math.ceil(0.99 * len(waits)))]
    return [
        Row(f"floor: {name} of base64 received to a file, decoded and hashed", floor, "s"),
        Row(f"{name} of inline base64", min(times), "s", floor, 2.0, True, True),
        Row(
            f"{name} of inline base64: growth of memory",
            max(growths) / MB,
            "MB",
            None,
            32 * 1.048576,
            at_most=True,
        ),
        Row(f"{name} of inline base64: status polls of another client, p99", late * 1000, "ms"),
    ]


def post_large(port: int, process: str, size: int) -> float:
    """Seconds from the first byte sent to the last received. `size`: bytes of base64."""
    piece = os.urandom(PIECE)
    coded = base64.b64encode(piece)
    count = size // len(coded)
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(piece)
    head, tail = b'{"inputs": {"data": "', b'"}}'

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(count):
            yield coded
        yield tail

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    length = str(len(head) + count * len(coded) + len(tail))
    headers = {"Content-Type": "application/json", "Content-Length": length}
    began = time.perf_counter()
    connection.request("POST", f"/processes/{process}/execution", body(), headers)
    answer = connection.getresponse()
    data = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200 or f"{count * PIECE} {digest.hexdigest()}".encode() not in data:
        raise RuntimeError(f"{answer.status}: {data[:300]!r}")
    return seconds


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Bytes of memory, the highest memory while it lasts, as the one element."""
    peak, done = [0], threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], server.memory())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


@contextmanager
def _polled(server: Server, waits: list[float]) -> Iterator[None]:
    """A client that asks for the status of a job, 50 times a second."""
    asked = {"inputs": {"data": "eHg="}}
    status, job = server.ask("POST", "/processes/tell/execution", asked, Prefer="respond-async")
    if status != 201:
        raise RuntimeError(f"{status}: {job}")
    path, done = f"/jobs/{job['jobID']}", threading.Event()

    def poll() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while not done.wait(0.02):
            began = time.perf_counter()
            connection.request("GET", path, headers={"Accept": "application/json"})
            connection.getresponse().read()
            waits.append(time.perf_counter() - began)
        connection.close()

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _received(plan: Plan, size: int, repeat: int) -> float:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.bodies", "receive", str(port), str(plan.fresh("floor"))]
    process = subprocess.Popen(command)
    try:
        while not answers(port):
            if process.poll() is not None:
                raise RuntimeError("the bare application did not start")
            time.sleep(0.02)
        return min(post_large(port, "tell", size) for _ in range(repeat))
    finally:
        process.terminate()
        process.wait(30)


# -- polygons --------------------------------------------------------------------------------------


def _polygons(plan: Plan) -> list[Row]:
    folder = plan.fresh("polygons")
    source = folder / "source.geojson"
    features = QUICK_FEATURES if plan.quick else FEATURES
    polygons = json.dumps(collection(features))
    source.write_text(polygons)
    command = [sys.executable, "-m", "benchmarks.bodies", "polygons", str(source), str(folder)]
    floor = min(
        float(subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=300).stdout)
        for _ in range(plan.repeat)
    )
    body = f'{{"inputs": {{"features": {polygons}}}}}'.encode()
    with serving(plan.fresh("features"), POLYGONS) as server:
        times = [_buffered(server.port, body, features) for _ in range(plan.repeat + 1)][1:]
    return [
        Row(f"floor: {features} polygons read, buffered and written with geopandas", floor, "s"),
        Row(f"{features} polygons as inline GeoJSON, the same", min(times), "s", floor, 1.2, True, True),
    ]


def collection(features: int) -> dict[str, Any]:
    def ring(n: int) -> list[list[float]]:
        x, y = n % 100, n // 100
        angles = [2 * math.pi * step / 32 for step in range(32)]
        points = [[x + 0.4 * math.cos(a), y + 0.4 * math.sin(a)] for a in angles]
        return [*points, points[0]]

    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"number": n},
                "geometry": {"type": "Polygon", "coordinates": [ring(n)]},
            }
            for n in range(features)
        ],
    }


def _buffered(port: int, body: bytes, features: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    connection.request("POST", "/processes/buffer_all/execution", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    data = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200 or data.count(b'"Polygon"') != features:
        raise RuntimeError(f"{answer.status}: {data[:300]!r}")
    return seconds


# -- the programs ----------------------------------------------------------------------------------


def _receive(port: str, folder: str) -> None:
    import binascii

    import uvicorn

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return
        with tempfile.TemporaryFile(dir=folder) as coded, tempfile.TemporaryFile(dir=folder) as plain:
            more = True
            while more:
                message = await receive()
                coded.write(message.get("body", b""))
                more = message.get("more_body", False)
            size, digest, end = 0, hashlib.sha256(), coded.tell() - 3
            coded.seek(21)
            while end > 21 and (piece := coded.read(min(4 * PIECE // 3, end - coded.tell()))):
                data = binascii.a2b_base64(piece)
                plain.write(data)
                digest.update(data)
                size += len(data)
        body = json.dumps(f"{size} {digest.hexdigest()}").encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(app, port=int(port), lifespan="off", log_config=None, access_log=False, http="httptools")


def _files(source: str, folder: str) -> None:
    from benchmarks.processes.polygons import buffered

    target = Path(folder) / "target.geojson"
    buffered(Path(source), target)  # imports what it imports
    target.unlink()
    began = time.perf_counter()
    buffered(Path(source), target)
    print(time.perf_counter() - began)
    target.unlink()


PROGRAMS: dict[str, Callable[[str, str], None]] = {"receive": _receive, "polygons": _files}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
