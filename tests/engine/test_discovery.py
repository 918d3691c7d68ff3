"""What modules may do at import, and that nothing of it is left."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from azenha.bootstrap.parts import program
from azenha.engine.discover import discover
from azenha.engine.sandbox import tree

only_linux = pytest.mark.skipif(not tree.LINUX, reason="process trees are followed only on Linux")
IMPORT_TIME = 20.0  # seconds: an import that waited for what the module started would take all of it

HEAD = """
import multiprocessing, os, subprocess, sys, time
from pathlib import Path
from azenha import process

def begin(*options, **more):
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], *options, **more)
    with open(Path(__file__).with_suffix(".pids"), "a") as pids:
        print(started.pid, file=pids)

@process
def one() -> int:
    return 1
"""

START = {
    "a program": "begin()",
    "a program in a session of its own": "begin(start_new_session=True)",
    "a program without our environment": "begin(start_new_session=True, env={})",
}
if hasattr(os, "fork"):
    START["a manager"] = """
manager = multiprocessing.Manager()
Path(__file__).with_suffix(".pids").write_text(str(manager._process.pid))
"""
END = {
    "exits": "sys.exit(3)",
    "ends at once": "os._exit(7)",
    "crashes": "import signal; os.kill(os.getpid(), signal.SIGKILL)",
}


def of(tmp_path: Path, body: str, import_time: float = IMPORT_TIME) -> tuple[list[str], list[str]]:
    """The processes of a module with this body, and the reasons why some are not served."""
    module = tmp_path / "author.py"
    module.write_text(HEAD + body)
    catalogue, _ = discover([str(module)], tmp_path / "cache", program("describe-source"), import_time)
    return list(catalogue.offerings), [u.reason for u in catalogue.unavailable]


def alive(tmp_path: Path) -> list[int]:
    """What the module has started and still runs; those that were just killed have a moment to go."""
    pids = [int(line) for line in (tmp_path / "author.pids").read_text().split()]
    assert pids
    until = time.monotonic() + 5
    while (left := [pid for pid in pids if _runs(pid)]) and time.monotonic() < until:
        time.sleep(0.01)
    return left


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] if tree.LINUX else "R"
    except OSError:
        return False
    return state != "Z"


@only_linux
@pytest.mark.parametrize("started", START)
def test_a_module_that_starts_a_process_is_served_and_what_it_started_is_ended(
    started: str, tmp_path: Path
) -> None:
    began = time.monotonic()

    assert of(tmp_path, START[started]) == (["one"], [])

    assert time.monotonic() - began < IMPORT_TIME / 2
    assert alive(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are only on POSIX systems")
def test_what_is_in_the_group_of_an_import_is_ended_where_nothing_else_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(tree, "LINUX", False)

        assert of(tmp_path, "from azenha.engine.sandbox import tree; tree.LINUX = False\nbegin()") == (
            ["one"],
            [],
        )

    assert alive(tmp_path) == []


@only_linux
@pytest.mark.parametrize("ended", END)
def test_what_an_import_that_fails_had_started_is_ended(ended: str, tmp_path: Path) -> None:
    served, reasons = of(tmp_path, f"begin()\nbegin(start_new_session=True)\n{END[ended]}\n")

    assert served == []
    assert "its import ended" in reasons[0] or "it exits when imported" in reasons[0]
    assert alive(tmp_path) == []


@only_linux
def test_an_import_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    served, reasons = of(tmp_path, "begin()\nbegin(start_new_session=True)\ntime.sleep(300)\n", 3)

    assert served == []
    assert "within 3 s (setting children.import_time)" in reasons[0]
    assert alive(tmp_path) == []


def test_what_a_module_prints_at_import_is_told_when_it_ends_the_process(tmp_path: Path) -> None:
    _, reasons = of(tmp_path, "print('the licence has run out', flush=True)\nos._exit(7)\n")

    assert reasons == ["its import ended the process that loads it (exit code 7): the licence has run out"]
