"""Data in and out: a gigabyte by reference, a gigabyte of results, polygons in three formats, strict validation.

`python -m benchmarks.data SOURCE TARGET` is the floor of the polygons, a process.
"""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from azenha.authoring.types import Raster
from azenha.domain.media import Family
from azenha.domain.process import Level, Validation
from azenha.engine.formats.checking import Check, conforms
from azenha.engine.formats.policy import Policy
from benchmarks.bodies import FEATURES, QUICK_FEATURES, SIZES, collection, watched
from benchmarks.measures import Row, in_turns
from benchmarks.processes.data import GML, GPKG
from benchmarks.server import PROCESSES, Server, file_server, serving
from benchmarks.workloads import MB, Plan

DATA = PROCESSES / "data.py"
MOST_GROWTH = 32 * 1.048576  # MB
SIDES = (1024, 16384)  # pixels: rasters of 2 MB and of 537 MB
QUICK_SIDES = (256, 1024)


def data(plan: Plan) -> list[Row]:
    """What issues of data in and out ask to be constant, flat or near to the same work on files."""
    size = 8 * MB if plan.quick else 1000 * MB
    return [*_fetched(plan, size), *_given(plan, size), *_polygons(plan), *_strict(plan)]


def _name(size: int) -> str:
    return f"{size // MB} MB" if size < 1000 * MB else f"{size // (1000 * MB)} GB"


def _fetched(plan: Plan, size: int) -> list[Row]:
    folder = plan.fresh("fetched")
    with (folder / "large.bin").open("wb") as file:
        piece = bytes(range(256)) * 4096
        for _ in range(size // len(piece)):
            file.write(piece)
    settings = '[addresses]\nallow = ["127.0.0.1"]\n[references]\ncache = 0\n'
    with file_server(folder) as port, serving(folder, SIZES, settings=settings) as server:
        (folder / "small.bin").write_bytes(bytes(MB))
        _run(server, "tell", {"data": {"href": f"http://127.0.0.1:{port}/small.bin"}})
        before, began = server.memory(), time.perf_counter()
        with watched(server) as peak:
            _run(server, "tell", {"data": {"href": f"http://127.0.0.1:{port}/large.bin"}})
        seconds = time.perf_counter() - began
    return [
        Row(f"{_name(size)} by reference, fetched and hashed", seconds, "s"),
        Row(
            f"{_name(size)} by reference: growth of memory",
            (peak[0] - before) / MB,
            "MB",
            None,
            MOST_GROWTH,
            at_most=True,
        ),
    ]


def _given(plan: Plan, size: int) -> list[Row]:
    with serving(plan.fresh("given"), DATA) as server:
        _download(server, _run(server, "give", {"size": MB}))
        before, began = server.memory(), time.perf_counter()
        with watched(server) as peak:
            received = _download(server, _run(server, "give", {"size": size}))
        seconds = time.perf_counter() - began
    if received != size // (1 << 20) * (1 << 20):
        raise RuntimeError(f"{received:,} bytes came")
    return [
        Row(f"{_name(size)} of a result, made, kept and received", seconds, "s"),
        Row(
            f"{_name(size)} of a result: growth of memory",
            (peak[0] - before) / MB,
            "MB",
            None,
            MOST_GROWTH,
            at_most=True,
        ),
    ]


def _run(server: Server, process: str, inputs: object) -> str:
    """The id of a job that succeeded."""
    asked = {"inputs": inputs}
    status, job = server.ask("POST", f"/processes/{process}/execution", asked, Prefer="respond-async")
    if status != 201:
        raise RuntimeError(f"{process} was refused: {job}")
    id = str(job["jobID"])
    while (state := server.ask("GET", f"/jobs/{id}")[1])["status"] in ("accepted", "running"):
        time.sleep(0.02)
    if state["status"] != "successful":
        raise RuntimeError(f"{process} did not succeed: {state}")
    return id


def _download(server: Server, job: str) -> int:
    """Bytes of the job's one result."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    _, named = server.ask("GET", f"/processes/{server.ask('GET', f'/jobs/{job}')[1]['processID']}")
    (output,) = named["outputs"]
    connection.request("GET", f"/jobs/{job}/results/{output}")
    answer = connection.getresponse()
    size = 0
    while piece := answer.read(1 << 20):
        size += len(piece)
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the result of {job}: {answer.status}")
    return size


# -- polygons --------------------------------------------------------------------------------------


def _polygons(plan: Plan) -> list[Row]:
    features = QUICK_FEATURES if plan.quick else FEATURES
    folder = plan.fresh("polygons")
    source = folder / "source.geojson"
    source.write_text(json.dumps(collection(features)))
    rows = []
    with serving(plan.fresh("features"), DATA) as server:
        for format in ("geojson", "gml", "gpkg"):
            here = folder / f"polygons.{format}"
            if format != "geojson":
                _converted(source, here)
            else:
                here = source
            body = json.dumps({"inputs": {"features": _value(here)}}).encode()
            _posted(server.port, f"buffer_{format}", body)  # starts the child
            floors, times = [], []
            with _script(here, folder / f"target.{format}") as once:
                # In turns: what else the machine does takes from both alike.
                # The work on a GeoPackage takes a tenth of that on the others, and is as unsteady.
                turns = (24 if format == "gpkg" else 8) * plan.repeat
                for _ in range(plan.repeat if plan.quick else turns):
                    floors.append(once())
                    times.append(_posted(server.port, f"buffer_{format}", body))
            what = {"geojson": "GeoJSON", "gml": "GML", "gpkg": "GeoPackage"}[format]
            about = f"{features} polygons in and out as {what}"
            rows.append(in_turns(about, times, floors, "s", 1.2, at_most=True))
    return rows


@contextmanager
def _script(source: Path, target: Path) -> Iterator[Callable[[], float]]:
    """The floor: a process that has done the work before; called, it does it once more and tells the seconds."""
    command = [sys.executable, "-m", "benchmarks.data", str(source), str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        orders, answers = process.stdin, process.stdout

        def once() -> float:
            print(flush=True, file=orders)
            return float(answers.readline())

        once()
        yield once
        orders.close()


def _converted(source: Path, target: Path) -> None:
    import geopandas

    from benchmarks.processes.data import DRIVERS

    geopandas.read_file(source).to_file(target, driver=DRIVERS[target.suffix[1:]])


def _value(path: Path) -> Any:
    """The file as an inline value."""
    match path.suffix:
        case ".gml":
            return {"value": path.read_text(), "format": {"mediaType": GML}}
        case ".gpkg":
            coded = base64.b64encode(path.read_bytes()).decode()
            return {"value": coded, "format": {"mediaType": GPKG, "encoding": "base64"}}
    return json.loads(path.read_text())


def _posted(port: int, process: str, body: bytes) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"/processes/{process}/execution", body, headers)
    answer = connection.getresponse()
    data = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status != 200 or len(data) < 1000:
        raise RuntimeError(f"{answer.status}: {data[:300]!r}")
    return seconds


def _files(source: str, target: str) -> None:
    from benchmarks.processes.data import buffered

    for _ in sys.stdin:
        _alone(Path(source))
        began = time.perf_counter()
        buffered(Path(source), Path(target))
        print(time.perf_counter() - began, flush=True)
        Path(target).unlink()


def _alone(source: Path) -> None:
    """A client sends one file: what GDAL wrote beside it, and would read instead of the whole of it, is not there."""
    for beside in (".xsd", ".gfs"):
        source.with_suffix(beside).unlink(missing_ok=True)


# -- strict ----------------------------------------------------------------------------------------


def _strict(plan: Plan) -> list[Row]:
    """Strict validation of a small GeoTIFF and of a large one: it reads headers only."""
    import numpy
    import rasterio

    times = []
    for side in QUICK_SIDES if plan.quick else SIDES:
        path = plan.fresh("strict") / "raster.tif"
        place = {"crs": "EPSG:32723", "transform": rasterio.Affine(10, 0, 500_000, 0, -10, 7_000_000)}
        shape = {"width": side, "height": side, "count": 1, "dtype": "uint16"}
        with rasterio.open(path, "w", driver="GTiff", tiled=True, **shape, **place) as target:
            for _, window in target.block_windows():
                target.write(numpy.ones((1, window.height, window.width), "uint16"), window=window)
        file = Raster(path, "image/tiff; application=geotiff")
        check = Check("raster", file, Level.STRICT, Family.RASTER, Validation(Level.STRICT), ())
        series = []
        for _ in range(20):
            began = time.perf_counter()
            conforms(check, Policy())
            series.append(time.perf_counter() - began)
        times.append((min(series), path.stat().st_size))
        path.unlink()
    (small, _), (large, size) = times
    what = f"strict validation of a GeoTIFF of {size // MB} MB (floor: of {times[0][1] // MB} MB)"
    return [Row(what, large * 1000, "ms", small * 1000, 1.5, True, True)]


if __name__ == "__main__":
    _files(sys.argv[1], sys.argv[2])
