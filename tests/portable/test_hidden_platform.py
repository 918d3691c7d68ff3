"""A whole server on a platform that lacks what only Unix has: the plug is in every process that it starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_server import LiveServer, alive, marked, parts, until

PLUG = Path(__file__).resolve().parent / "plug"
BASIC = "azenha.examples.basic"

PROCESSES = '''
import os
import socket
import time
from pathlib import Path

from azenha import process


@process(version="1.0.0")
def hidden() -> bool:
    """Whether the job's own process lacks what only Unix has."""
    return not (hasattr(os, "fork") or hasattr(os, "killpg") or hasattr(socket, "AF_UNIX"))


@process(version="1.0.0")
def count(tells: str, until: str) -> str:
    """Adds a line to the file `tells`, then waits for the file `until`."""
    with open(tells, "a") as file:
        file.write("began\\n")
    while not Path(until).exists():
        time.sleep(0.02)
    return "it came"
'''

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="survivors are looked for in /proc (Linux)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all tests, through whatever they do to it."""
    folder = tmp_path_factory.mktemp("hidden")
    (folder / "processes.py").write_text(PROCESSES)
    found = [str(PLUG), *(p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p != str(PLUG))]
    path = os.pathsep.join(filter(None, found))
    server = LiveServer(folder, [folder / "processes.py", BASIC], environ={"PYTHONPATH": path})
    try:
        server.start()
        yield server
    finally:
        server.end()


def children_of(server: LiveServer) -> list[int]:
    return parts(server.mark).get("child", [])


def test_jobs_run_in_spawned_children_of_a_server_that_lacks_all_of_it(server: LiveServer) -> None:
    assert server.execute("hidden").json is True
    assert server.execute("echo", text="at once").json == "at once"
    job = server.submit("echo", text="later")

    assert server.ended(job)["status"] == "successful"
    assert server.get(f"/jobs/{job}/results").json["text"] == "later"
    running = parts(server.mark)
    assert not running.get("warm")
    assert [len(running[name]) for name in ("serve", "web", "worker")] == [1, 1, 1]


@pytest.mark.parametrize("how", ["raise", "refuse", "exit", "kill", "crash", "time", "noise", "output"])
def test_a_job_that_goes_wrong_fails_alone_and_with_its_reason(server: LiveServer, how: str) -> None:
    waiting = server.submit("echo", text="beside it")

    job = server.ended(server.submit("fail", how=how))

    assert job["status"] == "failed"
    assert job["message"]
    assert server.ended(waiting)["status"] == "successful"
    assert server.execute("echo", text="alive").json == "alive"


def test_a_running_job_is_dismissed_and_its_slot_is_free_again(server: LiveServer) -> None:
    jobs = [server.submit("slow", seconds=600, steps=1000) for _ in range(2)]  # all slots
    for job in jobs:
        until(lambda job=job: server.job(job)["status"] == "running", 30, "it runs")

    working = children_of(server)
    for job in jobs:
        assert server.ask("DELETE", f"/jobs/{job}").status == 200

    assert server.ended(server.submit("echo", text="after"))["status"] == "successful"
    assert [server.job(job)["status"] for job in jobs] == ["dismissed", "dismissed"]
    # A child that waits to be used again may be among them; the two that ran these jobs are not used again.
    until(lambda: len([pid for pid in working if alive(pid)]) <= len(working) - 2, 10, "their work stopped")


def test_after_everything_was_killed_each_record_is_truthful_and_the_queue_goes_on(
    server: LiveServer, tmp_path: Path
) -> None:
    began, go = tmp_path / "began", tmp_path / "go"
    once = server.submit("count", tells=str(began), until=str(go))
    again = server.submit("slow", seconds=3, steps=3)
    queued = [server.submit("echo", text=f"queued {n}") for n in range(3)]
    until(lambda: began.exists() and server.job(again)["status"] == "running", 30, "both run")

    server.kill(sorted(marked(server.mark)), at_once=True)
    server.start()

    assert server.ended(once)["status"] == "failed"
    assert "worker" in server.job(once)["message"]
    assert server.ended(again)["status"] == "successful"
    assert [server.ended(job)["status"] for job in queued] == ["successful"] * 3
    assert began.read_text() == "began\n"


def test_a_dead_web_tier_and_a_dead_worker_are_started_again(server: LiveServer) -> None:
    for part in ("web", "worker"):
        server.kill(parts(server.mark)[part])
        until(lambda: server._answers(), 30, f"it answers without its {part}")

        assert server.ended(server.submit("echo", text=part))["status"] == "successful"
        assert server.execute("echo", text=part).json == part
