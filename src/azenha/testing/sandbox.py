"""What every starter of children must do: azenha.engine.sandbox.child.Starter, with real child programs.

Derive from `StarterConformance`, name the class `Test...`, and give it `make_starter`; pytest runs it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from azenha.authoring.registry import find
from azenha.domain.canonical import StoredRequest, dump_request, load_values
from azenha.domain.messages import Asked
from azenha.domain.values import Literal, Value
from azenha.engine.channel import END_OF_JOB, Message
from azenha.engine.discover import key
from azenha.engine.formats.policy import Policy
from azenha.engine.sandbox import tree
from azenha.engine.sandbox.child import CannotStart, Child, Starter

WITHIN = 30.0  # seconds: far more than anything here takes, so that a loaded machine fails no test

PROCESSES = '''
import os, signal, subprocess, sys, time
from pathlib import Path
from azenha import Context, process

DAEMON = """
import os, sys, time
from pathlib import Path
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.chdir('/')
place = Path(sys.argv[1])
place.with_suffix('.tmp').write_text(str(os.getpid()))
place.with_suffix('.tmp').rename(place)
time.sleep(600)
"""

@process
def double(n: int) -> int:
    print("doubling", n, flush=True)
    return 2 * n

@process
def pid() -> int:
    return os.getpid()

@process
def end(how: str, file: str, *, ctx: Context) -> str:
    if file:
        subprocess.run([sys.executable, "-c", DAEMON, file], check=True)
        while not Path(file).exists():
            time.sleep(0.01)
    ctx.log.info("ready")
    if how == "exit":
        os._exit(7)
    if how == "crash":
        signal.raise_signal(signal.SIGSEGV)
    while how == "wait":
        time.sleep(0.05)
    return how
'''


def eventually(condition: Callable[[], object]) -> None:
    """Wait until something is so.

    Raises:
        AssertionError: it is not within `WITHIN` seconds.
    """
    until = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be collected does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] if tree.LINUX else "R"
    except OSError:
        return False
    return state not in "ZX"


@dataclass
class Started:
    """A starter, the source of `PROCESSES` as text, and a folder for the jobs' files."""

    starter: Starter
    source: str
    folder: Path
    jobs: int = 0

    def child(self) -> Child:
        return self.starter.start(self.source, 0)

    def order(self, child: Child, process: str, last: bool = True, **inputs: object) -> None:
        self.jobs += 1
        values: dict[str, tuple[Value, ...]] = {
            name: (Literal(value),) for name, value in inputs.items() if isinstance(value, (str, int))
        }
        request = StoredRequest(process, "0.1.0", values, None, Asked("test", "1"))
        child.channel.send(
            {
                "t": "run",
                "fetch": False,
                "job": f"job-{self.jobs}",
                "attempt": 1,
                "request": dump_request(request),
                "inputs": str(self.folder / "inputs"),
                "work": str(self.folder / f"work-{self.jobs}"),
                "memory": 1 << 30,
                "outputs": 1 << 30,
                "values": 1000,
                "formats": Policy().told(),
                "archives": [10 * 1024**3, 10_000, 200, 0],
                "pauses_itself": False,
                "facts": False,
                "publish": str(self.folder / f"outputs-{self.jobs}"),
                "mark": True,
                "last": last,
            }
        )

    def run(self, child: Child, process: str, last: bool = True, **inputs: object) -> Message | None:
        """The child's answer; None if it died."""
        self.order(child, process, last, **inputs)
        while (message := child.channel.receive()) is not None and message["t"] in (
            "taken",
            "log",
            "progress",
        ):
            pass
        return message

    def waiting(self, file: Path | None = None) -> tuple[Child, int]:
        """A child in the midst of a job that does not end by itself, and its process id."""
        child = self.child()
        self.order(child, "end", how="wait", file=str(file or ""))
        message = child.channel.receive()
        assert message == {"t": "taken"}, message
        message = child.channel.receive()
        assert message is not None
        assert message.get("text") == "ready", message
        eventually(lambda: child.pid() is not None)  # it may be heard before whoever forked it
        pid = child.pid()
        assert pid is not None
        return child, pid


class StarterConformance:
    """Derive, and say how a starter is made."""

    detaches: ClassVar[bool] = tree.LINUX and hasattr(os, "fork")
    """Whether descendants that detach themselves are ended too."""

    def make_starter(self, folder: Path) -> Starter:
        raise AssertionError("a conformance suite is told what it is for")

    @contextmanager
    def started(self, folder: Path, text: str = PROCESSES) -> Iterator[Started]:
        file = folder / "conformance_processes.py"
        file.write_text(text)
        (source,), _ = find([str(file)])
        tree.become_subreaper()  # as the worker does
        starter = self.make_starter(folder)
        try:
            yield Started(starter, key(source), folder)
        finally:
            starter.close()

    def test_a_child_runs_a_job_and_its_output_is_read_up_to_the_end_of_the_job(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child = it.child()
            answer = it.run(child, "double", n=21)
            assert answer is not None
            assert answer["t"] == "done", answer
            assert load_values(answer["values"]) == {"result": (Literal(42),)}
            written = b""
            while END_OF_JOB not in written:
                piece = os.read(child.output, 1 << 16)
                assert piece, written
                written += piece
            assert b"doubling 21\n" in written.partition(END_OF_JOB)[0].replace(b"\r", b"")
            assert child.exit_code(WITHIN) == 0
            assert child.pid() is None
            child.close()

    def test_a_child_serves_several_jobs_in_turn_and_ends_after_the_last(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child = it.child()
            answers = [it.run(child, "pid", last) for last in (False, False, True)]
            assert all(answer is not None and answer["t"] == "done" for answer in answers)
            pids = {load_values(answer["values"])["result"] for answer in answers if answer}
            assert len(pids) == 1
            assert child.exit_code(WITHIN) == 0
            child.close()

    def test_two_children_are_two_processes(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            first, one = it.waiting()
            second, two = it.waiting()
            assert one != two
            for child in (first, second):
                child.kill()
                child.close()

    def test_an_exit_of_the_process_itself_is_told_by_its_code(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child = it.child()
            assert it.run(child, "end", how="exit", file="") is None
            assert child.exit_code(WITHIN) == 7
            child.close()

    def test_a_crash_is_told_by_its_signal(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child = it.child()
            assert it.run(child, "end", how="crash", file="") is None
            code = child.exit_code(WITHIN)
            assert code is not None
            assert code == -signal.SIGSEGV if os.name == "posix" else code != 0
            child.close()

    def test_a_killed_child_is_gone_at_once(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child, pid = it.waiting()
            assert child.exit_code(0) is None
            child.kill()
            assert child.exit_code(WITHIN) not in (None, 0)
            assert child.pid() is None
            assert not alive(pid)
            child.close()

    def test_a_child_that_is_asked_to_end_ends(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child, _ = it.waiting()
            child.terminate()
            assert child.exit_code(WITHIN) not in (None, 0)
            child.close()

    def test_a_child_without_a_job_ends_when_its_channel_is_closed(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child = it.child()
            assert it.run(child, "double", last=False, n=1) is not None
            child.channel.close()
            assert child.exit_code(WITHIN) is not None
            child.close()

    def test_closing_the_starter_ends_every_child(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            pids = [it.waiting()[1] for _ in range(2)]
        eventually(lambda: not any(map(alive, pids)))

    def test_descendants_that_detached_themselves_end_with_the_job_however_it_ends(
        self, tmp_path: Path
    ) -> None:
        if not self.detaches:
            return
        with self.started(tmp_path) as it:
            for how in ("return", "exit", "crash", "kill"):
                file = tmp_path / f"{how}.pid"
                if how == "kill":
                    child, _ = it.waiting(file)
                    daemon = int(file.read_text())
                    assert alive(daemon)
                    child.kill()
                else:
                    child = it.child()
                    it.run(child, "end", how=how, file=str(file))
                    daemon = int(file.read_text())
                assert child.exit_code(WITHIN) is not None
                child.close()
                eventually(lambda daemon=daemon: not alive(daemon))  # type: ignore[misc]

    def test_a_source_that_does_not_import_is_told_with_its_reason(self, tmp_path: Path) -> None:
        with self.started(tmp_path, "raise RuntimeError('no licence found')") as it:
            try:
                answer = it.run(it.child(), "double", n=1)
            except CannotStart as error:
                told = str(error)
            else:
                assert answer is not None
                assert (answer["t"], answer["kind"]) == ("failed", "unavailable")
                told = answer["text"]
            assert "no licence found" in told

    def test_a_source_that_ends_the_process_that_imports_it_cannot_be_started(self, tmp_path: Path) -> None:
        with self.started(tmp_path, "import os; os._exit(9)") as it:
            try:
                child = it.child()
            except CannotStart as error:
                told = str(error)
            else:
                assert child.channel.receive() is None
                told = f"exit code {child.exit_code(WITHIN)}"
                child.close()
            assert "exit code 9" in told

    def test_children_end_when_the_process_that_started_them_is_killed(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            told = run_killed_worker(self, it.source, tmp_path)
        eventually(lambda: not any(map(alive, told)))


def run_killed_worker(suite: StarterConformance, source: str, folder: Path) -> list[int]:
    """Start a child from another program, kill that without warning; the ids of all that it had started."""
    import subprocess

    module = sys.modules[type(suite).__module__]
    program = (
        "import sys, json, os; from pathlib import Path; from importlib import util\n"
        "spec = util.spec_from_file_location('suite', sys.argv[1]); module = util.module_from_spec(spec)\n"
        "sys.path.insert(0, os.path.dirname(sys.argv[1])); spec.loader.exec_module(module)\n"
        "from azenha.testing.sandbox import Started; from azenha.engine.sandbox import tree\n"
        "folder = Path(sys.argv[4]); it = Started(getattr(module, sys.argv[2])().make_starter(folder), "
        "sys.argv[3], folder)\n"
        "child, pid = it.waiting()\n"
        "print(json.dumps([pid, *tree.descendants(os.getpid())]), flush=True); sys.stdin.read()\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(module.__file__), type(suite).__name__, source, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdout
    told = [int(pid) for pid in json.loads(worker.stdout.readline())]
    assert all(map(alive, told))
    worker.kill()
    worker.communicate()
    return told
