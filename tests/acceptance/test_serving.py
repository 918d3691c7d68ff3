"""Slots, queue, retention, sources that cannot be imported, other dialects, and the command line, for real."""

from __future__ import annotations

import functools
import http.server
import json
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from live_server import LiveServer, Reply, files_below, parts, until

from azenha.loading import RULES
from azenha.reading import Kind

TESTS = Path(__file__).resolve().parents[1]


def azenha(server: LiveServer, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        server.command(*words),
        capture_output=True,
        text=True,
        env=server.environ,
        cwd=server.folder,
        timeout=120,
    )


def test_sync_requests_are_answered_while_every_background_slot_is_busy(start, tmp_path: Path) -> None:
    server = start()
    jobs = [server.submit("spin", seconds=120, tells=str(tmp_path / "spins")) for _ in range(2)]
    until(lambda: len(list(tmp_path.glob("spins-*"))) == 2, 30, "both slots are busy")
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(server.execute("echo", text=str(n)).json))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == sorted(str(n) for n in range(16))
    assert [server.job(job)["status"] for job in jobs] == ["running", "running"]
    for job in jobs:
        server.ask("DELETE", f"/jobs/{job}")


def test_who_waits_for_a_job_when_the_server_ends_is_told_so_and_what_ends_soon_is_answered(
    start, tmp_path: Path
) -> None:
    server = start()
    answers: dict[str, Reply] = {}

    def ask(name: str) -> None:
        it = tmp_path / name
        answers[name] = server.execute("wait_for", file=str(tmp_path / f"{name}-goes"), tells=str(it))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("soon", "late")]
    for thread in threads:
        thread.start()
    until(lambda: all((tmp_path / name).exists() for name in ("soon", "late")), 30, "both run")
    os.kill(server.pid, signal.SIGINT)
    (tmp_path / "soon-goes").touch()
    for thread in threads:
        thread.join()

    assert answers["soon"].status == 200
    assert answers["late"].status == 503
    assert "this server ends" in answers["late"].json["detail"]
    assert "retry-after" in answers["late"].headers
    server.end()
    assert "Traceback" not in server.said()


def test_a_full_queue_is_told_with_when_to_come_again(start, tmp_path: Path) -> None:
    server = start(queue={"slots": 1, "length": 2})
    go, there = tmp_path / "go", tmp_path / "there"
    first = server.submit("wait_for", file=str(go), tells=str(there))
    until(there.exists, 30, "the slot is busy")
    waiting = [server.submit("echo", text="waits") for _ in range(2)]

    refused = server.execute("echo", None, {"Prefer": "respond-async"}, text="too many")

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert "queue.length" in refused.json["detail"]
    assert len(server.get("/jobs").json["jobs"]) == 3
    go.touch()
    assert [server.ended(job)["status"] for job in (first, *waiting)] == ["successful"] * 3


def test_what_makes_pieces_of_data_quick_is_told_to_the_web_tier_and_not_to_jobs(start) -> None:
    """Of glibc, which reads it from the environment: authors' libraries get what their author has."""
    server = start()
    assert server.execute("echo", text="x").status == 200
    found = parts(server.mark)

    def told(part: str) -> list[bool]:
        environs = [Path(f"/proc/{pid}/environ").read_bytes() for pid in found[part]]
        return [b"\0MALLOC_TRIM_THRESHOLD_=" in b"\0" + environ for environ in environs]

    assert told("web") == [True]
    assert told("worker") == [False]
    assert not any(told("warm"))


def test_results_and_folders_are_removed_after_their_time(start) -> None:
    server = start(jobs={"keep": 1, "keep_sync": 1})
    job = server.submit("write_file", text="soon gone")
    server.ended(job)

    until(lambda: server.get(f"/jobs/{job}").status == 404, 20, "the job is removed")

    until(lambda: not any(p.name.startswith(job) for p in files_below(server.data)), 10, "its files are gone")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    """A web server on loopback with one file of five bytes."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "five.bin").write_bytes(b"12345")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=web.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{web.server_address[1]}/five.bin"
    web.shutdown()
    web.server_close()


def test_a_reference_is_fetched_where_its_address_is_allowed(start, files: str) -> None:
    server = start(addresses={"allow": ["127.0.0.1"]})

    assert server.execute("measure", data={"href": files}).json == 5
    missing = server.execute("measure", data={"href": files + ".not"})
    assert 400 <= missing.status < 600
    assert "data" in missing.json["detail"]
    assert "404" in missing.json["detail"]


def test_a_reference_to_this_machine_is_refused_unless_allowed(start, files: str) -> None:
    server = start()

    refused = server.execute("measure", data={"href": files})

    assert refused.status == 400
    assert "127.0.0.1" in refused.json["detail"]
    assert "addresses.allow" in refused.json["detail"]


def test_a_server_whose_settings_are_all_at_their_bounds_runs_jobs(start) -> None:
    tables: dict[str, dict[str, object]] = {}
    but = (
        "server.port",
        "children.nice",
        "jobs.heartbeat",
        "queue.slots",
        "queue.sync_slots",
        "queue.settle",
    )
    for name, rule in RULES.items():
        if rule.at_most is not None and rule.kind in (Kind.SIZE, Kind.TIME, Kind.COUNT) and name not in but:
            table, _, setting = name.partition(".")
            tables.setdefault(table, {})[setting] = (
                rule.at_most if rule.kind is Kind.TIME else int(rule.at_most)
            )

    server = start("azenha.examples.basic", **tables)

    assert server.execute("echo", text="now").json == "now"
    assert server.ended(server.submit("echo", text="later"))["status"] == "successful"


def test_modules_that_cannot_be_imported_are_listed_and_the_others_served(start, tmp_path: Path) -> None:
    sources = {
        "exits": "import sys; sys.exit(5)",
        "dies": "import os; os._exit(7)",
        "crashes": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "hangs": "import time; time.sleep(600)",
        "raises": "raise RuntimeError('no data today')",
    }
    for name, text in sources.items():
        (tmp_path / f"{name}.py").write_text(text)

    server = start(
        *(tmp_path / f"{name}.py" for name in sources), "azenha.examples.basic", children={"import_time": 4}
    )

    assert server.execute("echo", text="served").json == "served"
    listed = server.get("/processes").json["unavailable"]
    reasons = {Path(one["source"]).stem: one["reason"] for one in listed}
    assert set(reasons) == set(sources)
    assert "children.import_time" in reasons["hangs"]
    assert "no data today" in reasons["raises"]
    assert "7" in reasons["dies"]


def test_a_second_server_on_the_folder_is_refused(start) -> None:
    server = start()

    second = azenha(server, "serve", "azenha.examples.basic", "--data", str(server.data), "--port", "0")

    assert second.returncode == 1
    assert "another server uses" in second.stderr
    assert server.execute("echo", text="still there").json == "still there"


def test_a_data_folder_of_a_newer_azenha_is_refused_with_what_to_do(tmp_path: Path) -> None:
    server = LiveServer(tmp_path, ["azenha.examples.basic"])
    server.start()
    server.end()
    database = server.data / "azenha.sqlite"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    refused = azenha(server, "serve", "azenha.examples.basic", "--data", str(server.data), "--port", "0")

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    for words in (str(database), "schema 9999", "install the azenha that wrote it", "--data"):
        assert words in line
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_dialect_of_another_package_is_served_and_shares_the_jobs(start, tmp_path: Path) -> None:
    site = tmp_path / "site"
    metadata = site / "toy_dialect-1.dist-info"
    metadata.mkdir(parents=True)
    (site / "toy_dialect.py").write_text((TESTS / "toy_dialect.py").read_text())
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-dialect\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[azenha.dialects]\ntoy = toy_dialect:ToyDialect\n")
    found = [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
    server = start(environ={"PYTHONPATH": os.pathsep.join(found)})

    answer = server.ask("POST", "/toy/run/later", b"text=toy").text

    job = answer.split()[1]
    assert server.ended(job)["status"] == "successful"
    assert "state succeeded" in server.ask("GET", f"/toy/status/{job}").text
    assert "toy" in server.ask("GET", f"/toy/results/{job}").text
    assert job in [j["jobID"] for j in server.get("/jobs").json["jobs"]]


def test_the_command_line_speaks_with_a_server(start, tmp_path: Path) -> None:
    server = start()
    url = ["--url", server.url]

    assert "echo" in azenha(server, "processes", *url).stdout
    ran = azenha(server, "run", "echo", "-i", "text=hello", "--wait", *url)
    assert (ran.returncode, "hello" in ran.stdout) == (0, True), ran
    assert azenha(server, "run", "fail", "--wait", *url).returncode == 1
    assert azenha(server, "run", "nothing", "--wait", *url).returncode == 3
    assert azenha(server, "run", "echo", "-i", "txt=a", "--wait", *url).returncode == 2
    there = tmp_path / "there"
    job = azenha(
        server, "run", "wait_for", "-i", f"file={tmp_path / 'never'}", "-i", f"tells={there}", *url
    ).stdout.strip()
    until(there.exists, 30, "the job runs")
    until(lambda: "it waits" in azenha(server, "logs", job, *url).stdout, 10, "the log is shown")
    assert job in azenha(server, "jobs", "--status", "running", *url).stdout
    assert azenha(server, "cancel", job, *url).returncode == 0
    assert server.job(job)["status"] == "dismissed"


def test_the_command_line_needs_no_server(tmp_path: Path) -> None:
    here = LiveServer(tmp_path, ["azenha.examples.basic"])
    own = ["--data", str(here.data)]

    ran = azenha(here, "run", "echo", "-i", "text=hello", "--wait", *own)

    assert (ran.returncode, "hello" in ran.stdout) == (0, True), ran
    assert "echo" in azenha(here, "jobs", *own).stdout
    checked = azenha(here, "check", "azenha.examples.basic", "--json", *own)
    assert checked.returncode == 0, checked
    assert "echo" in [p["id"] for p in json.loads(checked.stdout)["processes"]]
    assert azenha(here, "check", "no_such_module_here", *own).returncode == 1
    refused = azenha(here, "jobs", "--url", "http://127.0.0.1:9")
    assert refused.returncode == 4, refused


def test_ndvi_and_its_mean_in_zones_through_the_server_are_what_numpy_computes(
    start, tmp_path: Path, monkeypatch
) -> None:
    pytest.importorskip("rasterio", reason="needs the extra azenha[examples]")
    geopandas = pytest.importorskip("geopandas", reason="needs the extra azenha[examples]")
    import numpy as np
    import rasterio

    monkeypatch.syspath_prepend(str(TESTS / "examples"))
    import reference

    scene = reference.olinda("landsat7_etm.tif")
    zones = reference.olinda("census.shp")
    if scene is None or zones is None:
        scene, zones = reference.sentinel_scene(tmp_path / "scene.tif"), reference.countries()
        if zones is None:
            pytest.skip("pyogrio's wheel carries no countries, and ../shared is absent")
    packed = tmp_path / "zones.gpkg"
    geopandas.read_file(zones).to_file(packed, engine="pyogrio")
    server = start("azenha.examples.raster", "azenha.examples.vector")
    url = ["--url", server.url, "--wait"]
    index, means = tmp_path / "ndvi.tif", tmp_path / "means.geojson"

    ran = azenha(server, "run", "ndvi", "-i", f"scene=@{scene}", "-o", f"result={index}", *url)
    assert ran.returncode == 0, ran
    words = [
        "-i",
        f"raster=@{index}",
        "-i",
        f"zones=@{packed}",
        "-i",
        "statistics=mean",
        "-i",
        "prefix=ndvi_",
    ]
    ran = azenha(server, "run", "zonal-statistics", *words, "-o", f"result={means}", *url)
    assert ran.returncode == 0, ran

    expected = reference.ndvi(scene)
    with rasterio.open(index) as source:
        np.testing.assert_allclose(source.read(1), expected, rtol=1e-6, equal_nan=True)
    wanted = reference.zonal_means(expected, scene, zones)
    found = [
        None if mean is None or np.isnan(mean) else mean for mean in geopandas.read_file(means)["ndvi_mean"]
    ]
    assert len(found) == len(wanted)
    assert [mean is None for mean in found] == [mean is None for mean in wanted]
    np.testing.assert_allclose(
        [m for m in found if m is not None], [m for m in wanted if m is not None], rtol=1e-5, atol=1e-9
    )


def test_an_import_that_takes_longer_than_a_lease_loses_no_job(start, tmp_path: Path) -> None:
    slow = tmp_path / "slow_import.py"
    slow.write_text(
        "import time\ntime.sleep(3.5)\nfrom azenha import process\n\n\n"
        "@process(version='1')\ndef patient(text: str) -> str:\n    return text\n"
    )
    server = start(slow, jobs={"lease": 2})

    job = server.submit("patient", text="came")

    assert server.ended(job)["status"] == "successful"
