"""Every descendant ends with its job, however it detached itself; a fork bomb fails its own job only."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live_server import SHORT, LiveServer, alive, marked, parts, until

from azenha.engine.sandbox import cgroups

if TYPE_CHECKING:
    from conftest import Start

MULTIPLYING = Path(__file__).parent / "processes_that_multiply.py"


@pytest.mark.parametrize("how", ["fork", "spawn"])
@pytest.mark.parametrize(("process", "status"), [("leave_a_daemon", 200), ("die_with_a_daemon", 500)])
def test_a_daemon_ends_with_the_job_that_left_it(
    start: Start, tmp_path: Path, process: str, status: int, how: str
) -> None:
    server = start(MULTIPLYING, children={"start": how})
    tells = tmp_path / "daemon"
    assert server.execute(process, tells=str(tells)).status == status
    pid = int(tells.read_text())
    until(lambda: not alive(pid), 5, "the daemon ends")


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_daemon_that_outlived_the_whole_server_ends_when_it_is_started_again(
    start: Start, tmp_path: Path, how: str
) -> None:
    server = start(MULTIPLYING, children={"start": how})
    tells = tmp_path / "daemon"
    job = server.submit("wait_beside_a_daemon", tells=str(tells))
    until(tells.exists, 30, "the daemon tells its process id")
    daemon = int(tells.read_text())
    server.kill(sorted(marked(server.mark) - {daemon}), at_once=True)
    assert alive(daemon)

    server.start()

    until(lambda: not alive(daemon), 10, "the daemon ends")
    assert server.ended(job)["status"] == "failed"
    assert server.execute("say", text="after").json == "after"


def test_what_ran_before_a_shell_became_the_server_is_not_its_to_end(tmp_path: Path) -> None:
    server = LiveServer(tmp_path, ["azenha.examples.basic"], SHORT)
    plain, shell = server.command, ["sh", "-c", 'sleep 600 & echo $! > beside; exec "$@"', "sh"]
    server.command = lambda *words: [*shell, *plain(*words)]  # type: ignore[method-assign]
    server.start()
    beside = int((tmp_path / "beside").read_text())
    try:
        assert server.execute("echo", text="started").json == "started"
        assert alive(beside)
        server.kill(parts(server.mark)["worker"])
        assert server.execute("echo", text="again").json == "again"
        assert alive(beside)
    finally:
        os.kill(beside, signal.SIGKILL)
        server.end()


@pytest.mark.skipif(not cgroups.available(), reason="this host gives no writable cgroup for processes")
def test_a_fork_bomb_fails_its_own_job_and_no_other(start: Start) -> None:
    server = start(MULTIPLYING, jobs={"processes": 64, "time": 60})
    assert server.execute("say", text="before").json == "before"
    quiet = len(marked(server.mark))
    bomb = server.submit("fork_bomb")
    until(
        lambda: len(marked(server.mark)) > quiet + 20 or server.job(bomb)["status"] == "failed",
        20,
        "the bomb goes off, or is over already",
    )
    answers: list[int] = []
    beside = [
        threading.Thread(target=lambda: answers.append(server.execute("say", text="beside").status))
        for _ in range(4)
    ]
    for thread in beside:
        thread.start()
    ended = server.ended(bomb, 30)
    for thread in beside:
        thread.join(60)
    assert ended["status"] == "failed"
    assert "64 processes" in ended["message"]
    assert answers == [200] * 4
    until(lambda: len(marked(server.mark)) <= quiet + 2, 10, "all of its processes are gone")
