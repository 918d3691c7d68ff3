"""The floors: what each part of a job costs when nothing else is done. Each runs in a process of its own.

`python -m benchmarks.floors asgi PORT` | `fork SOURCE SECONDS` | `record FOLDER THREADS SECONDS` | `echo SECONDS` |
`ndvi SCENE FOLDER`: the last four print one number, the rate (1/s) or the time (s).
"""

from __future__ import annotations

import base64
import gc
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.server import answers, free_port

Reply = tuple[list[tuple[str, str]], bytes]


# -- asked by the workloads ----------------------------------------------------------------------


@contextmanager
def bare_asgi(reply: Reply) -> Iterator[int]:
    """A raw ASGI application under uvicorn with the options of our web tier; its port. Sends these very bytes."""
    headers, body = reply
    port = free_port()
    text = json.dumps({"headers": headers, "body": base64.b64encode(body).decode()})
    process = subprocess.Popen(_command("asgi", port), stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(text)
    process.stdin.close()
    try:
        while not answers(port):
            if process.poll() is not None:
                raise RuntimeError("the bare application did not start")
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def forks(source: Path, seconds: float) -> float:
    """Forks per second, each awaited to its end, from the image that this source's warm parent has."""
    return _number("fork", source, seconds)


def records(folder: Path, threads: int, seconds: float) -> float:
    """Jobs per second through the job table alone: submitted, claimed and succeeded, durably."""
    return _number("record", folder, threads, seconds)


def bare_echo(seconds: float) -> float:
    """Calls of the echo's Python function per second."""
    return _number("echo", seconds)


def bare_ndvi(scene: Path, folder: Path) -> float:
    """Seconds of the NDVI function itself, in a fresh process that has imported everything before."""
    return _number("ndvi", scene, folder)


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "benchmarks.floors", *map(str, arguments)]


def _number(*arguments: object) -> float:
    done = subprocess.run(_command(*arguments), stdout=subprocess.PIPE, check=True, timeout=300)
    return float(done.stdout)


# -- the programs --------------------------------------------------------------------------------


def _asgi(port: str) -> None:
    import uvicorn

    reply = json.load(sys.stdin)
    headers = [(name.lower().encode(), value.encode()) for name, value in reply["headers"]]
    body = base64.b64decode(reply["body"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        app,
        port=int(port),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http="httptools",
    )


def _fork(source: str, seconds: str) -> None:
    # What the warm parent has loaded when it forks, and nothing of this program that it would not have.
    from azenha.authoring.registry import find
    from azenha.bootstrap import children
    from azenha.engine import child, discover
    from azenha.engine.sandbox import warm

    sources, _ = find([source])
    loaded = [children.loaded(discover.key(one)) for one in sources], child, warm  # as warm_main does
    gc.collect()
    gc.freeze()
    count, began = 0, time.perf_counter()
    until = began + float(seconds)
    while time.perf_counter() < until:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        count += 1
    print(count / (time.perf_counter() - began))
    assert loaded


def _record(folder: str, threads: str, seconds: str) -> None:
    import uuid

    from azenha.adapters.store.migrate import migrate
    from azenha.adapters.store.sql import SqlJobs
    from azenha.bootstrap.folder import UtcClock
    from azenha.domain.canonical import StoredRequest
    from azenha.domain.job import Lane
    from azenha.domain.messages import Asked
    from azenha.domain.values import Literal
    from azenha.usecases.ports import NewJob, Success

    database = Path(folder) / "record.sqlite"
    migrate(database, Path(folder) / "backups")
    jobs = SqlJobs(database, UtcClock(), keep=3600.0, keep_sync=3600.0)
    value = {"text": (Literal("hello"),)}
    request = StoredRequest("echo", "1.0.0", value, None, Asked("ogcapi", "1.0"))
    counts = [0] * int(threads)
    began = time.perf_counter()
    until = began + float(seconds)

    def loop(number: int) -> None:
        while time.perf_counter() < until:
            jobs.submit(NewJob(str(uuid.uuid4()), request, Lane.SYNC, 0, 1, 1000, "queue.length"))
            lease = jobs.claim("floor", Lane.SYNC, 30.0)
            assert lease is not None
            assert jobs.succeed(lease, Success(value), 3600.0)
            counts[number] += 1

    workers = [threading.Thread(target=loop, args=(number,)) for number in range(len(counts))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(sum(counts) / (time.perf_counter() - began))
    jobs.close()


def _echo(seconds: str) -> None:
    from benchmarks.processes.plain import echo_fresh

    count, began = 0, time.perf_counter()
    until = began + float(seconds)
    while time.perf_counter() < until:
        for _ in range(1000):
            echo_fresh("hello")
        count += 1000
    print(count / (time.perf_counter() - began))


def _ndvi(scene: str, folder: str) -> None:
    from azenha import Context, Raster
    from azenha.examples.raster import ndvi

    began = time.perf_counter()
    ndvi(Raster(Path(scene)), red=1, nir=2, ctx=Context.for_tests(Path(folder)))
    print(time.perf_counter() - began)


PROGRAMS = {"asgi": _asgi, "fork": _fork, "record": _record, "echo": _echo, "ndvi": _ndvi}


def main(arguments: Sequence[str]) -> None:
    PROGRAMS[arguments[0]](*arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
