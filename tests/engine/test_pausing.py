"""A paused job stands still with all that it started, and goes on where it was; nothing of it is lost meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from workshop import Workshop, eventually

from azenha.bootstrap.catalogue import discovered
from azenha.domain.job import FailureKind, JobState
from azenha.domain.process import JobControl
from azenha.engine.running import Run
from azenha.engine.sandbox import tree
from azenha.settings import Settings
from azenha.testing.sandbox import alive

STOPPED = pytest.mark.skipif(
    not (tree.LINUX and tree.can_suspend()), reason="only where processes can be stopped, and seen to be"
)
SOON = 10.0  # seconds: what is ended by force is gone by then, grace and a loaded machine included
LIMIT = 1.0  # seconds that the process `short` may run


class Counting:
    """A job that counts in a file, one line each, the first of them with its process id."""

    def __init__(self, shop: Workshop, folder: Path, process: str, family: bool = False) -> None:
        self.shop = shop
        self.file = folder / f"count-{len(list(folder.iterdir()))}"
        self.gate = self.file.with_suffix(".gate")
        given: dict[str, bool] = {"family": True} if family else {}
        self.id = shop.submit(process, file=str(self.file), gate=str(self.gate), **given)
        self.files = [self.file, Path(f"{self.file}.child")] if family else [self.file]
        eventually(lambda: all(map(self.lines, self.files)), "counting")
        self.pids = [int(f.read_text().partition("\n")[0]) for f in self.files]

    def lines(self, file: Path) -> int:
        return file.read_text().count("x") if file.exists() else 0

    def count(self) -> list[int]:
        return [self.lines(f) for f in self.files]

    def stands_still(self) -> bool:
        """Whether nothing is counted while a whole other job runs."""
        before = self.count()
        self.shop.text(self.shop.submit("who"))
        return self.count() == before

    def goes_on(self) -> None:
        before = self.count()
        eventually(lambda: all(b > a for a, b in zip(before, self.count(), strict=True)), "going on")

    def through(self) -> str:
        self.gate.touch()
        return self.shop.text(self.id)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def all_stopped(job: Counting) -> None:
    eventually(lambda: all(state(pid) == "T" for pid in job.pids), "its standing still")


@STOPPED
def test_a_paused_job_stands_still_with_all_that_it_started_and_goes_on_where_it_was(
    shop: Workshop, tmp_path: Path
) -> None:
    job = Counting(shop, tmp_path, "counting", family=True)
    shop.pause(job.id)
    all_stopped(job)
    assert job.stands_still()
    assert (shop.job(job.id).state, shop.job(job.id).attempt) == (JobState.PAUSED, 1)
    shop.resume(job.id)
    job.goes_on()
    assert shop.job(job.id).state is JobState.RUNNING
    assert job.through() == str(job.pids[0]), "the same process came to its end"
    assert shop.job(job.id).attempt == 1


@STOPPED
def test_its_lease_is_renewed_as_long_as_it_is_paused(shop: Workshop, tmp_path: Path) -> None:
    job = Counting(shop, tmp_path, "counting")
    shop.pause(job.id)
    until = time.monotonic() + 2 * shop.settings.jobs.lease
    while time.monotonic() < until:
        assert not shop.jobs.recover(None, 600)
        assert job.stands_still()
    shop.resume(job.id)
    job.through()


@STOPPED
def test_a_child_that_was_paused_serves_further_jobs(shop: Workshop, tmp_path: Path) -> None:
    first = Counting(shop, tmp_path, "counting")
    shop.pause(first.id)
    all_stopped(first)
    shop.resume(first.id)
    pid = first.through()
    assert Counting(shop, tmp_path, "counting").through() == pid


def test_a_wake_up_that_is_lost_only_delays_a_pause_until_the_next_heartbeat(
    shop: Workshop, tmp_path: Path
) -> None:
    job = Counting(shop, tmp_path, "waiting")
    shop.jobs.pause(job.id, 600)
    eventually(job.stands_still, "the pause")
    shop.jobs.resume(job.id)
    job.goes_on()
    job.through()


@pytest.mark.parametrize("process", ["waiting", "telling"])
def test_a_process_that_waits_by_itself_does_so_where_it_looks_or_tells_its_progress(
    shop: Workshop, tmp_path: Path, process: str
) -> None:
    job = Counting(shop, tmp_path, process)
    shop.pause(job.id)
    eventually(job.stands_still, "the pause")
    if tree.LINUX:
        assert state(job.pids[0]) != "T"
    shop.resume(job.id)
    job.goes_on()
    job.through()


def test_a_child_that_waited_by_itself_serves_further_jobs(shop: Workshop, tmp_path: Path) -> None:
    first = Counting(shop, tmp_path, "waiting")
    shop.pause(first.id)
    eventually(first.stands_still, "the pause")
    shop.resume(first.id)
    pid = first.through()
    assert Counting(shop, tmp_path, "waiting").through() == pid


@STOPPED
def test_the_time_of_a_job_stands_still_while_it_is_paused_and_no_longer(
    shop: Workshop, tmp_path: Path
) -> None:
    job = Counting(shop, tmp_path, "short")
    shop.pause(job.id)
    eventually(lambda: state(job.pids[0]) == "T", "its standing still")
    until = time.monotonic() + 2 * LIMIT
    while time.monotonic() < until:
        assert job.stands_still()
    shop.resume(job.id)
    job.goes_on()
    failure = shop.failure(job.id)
    assert (failure.kind, failure.message) == (
        FailureKind.TIME,
        f"it ran longer than {LIMIT:g} s (limit of the process)",
    )


@STOPPED
def test_a_job_that_nobody_resumes_fails_in_the_end_and_says_why(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop = own_shop(pause_at_most=0.5)
    shop.worker.start()
    job = Counting(shop, tmp_path, "counting", family=True)
    shop.pause(job.id)
    failure = shop.failure(job.id)
    assert failure.kind is FailureKind.TIME
    assert failure.message == "it was paused longer than 0.5 s in all (setting jobs.pause_at_most)"
    eventually(lambda: not any(map(alive, job.pids)), "the end of all its processes")


# -- ends ---------------------------------------------------------------------------------------------


def test_a_paused_job_that_is_dismissed_ends_in_order(shop: Workshop, tmp_path: Path) -> None:
    job = Counting(shop, tmp_path, "waiting")
    shop.pause(job.id)
    eventually(job.stands_still, "the pause")
    shop.jobs.dismiss(job.id)
    shop.worker.interrupt(job.id)
    eventually(job.file.with_suffix(".stopped").exists, "its end in order")
    assert shop.job(job.id).state is JobState.DISMISSED


@STOPPED
def test_a_paused_job_that_is_dismissed_is_gone_at_once_with_all_that_it_started(
    shop: Workshop, tmp_path: Path
) -> None:
    job = Counting(shop, tmp_path, "counting", family=True)
    shop.pause(job.id)
    all_stopped(job)
    began = time.monotonic()
    shop.jobs.dismiss(job.id)
    shop.worker.interrupt(job.id)
    eventually(lambda: not any(map(alive, job.pids)), "its end")
    assert time.monotonic() - began < SOON
    assert shop.job(job.id).state is JobState.DISMISSED


@STOPPED
@pytest.mark.parametrize("attempts", [1, 2])
def test_the_end_of_the_worker_ends_what_is_paused_and_the_record_says_so(
    own_shop: Callable[..., Workshop], tmp_path: Path, attempts: int
) -> None:
    shop = own_shop(slots=2)
    shop.worker.start()
    gate = tmp_path / "never"
    file = tmp_path / "count"
    id = shop.submit("counting", attempts=attempts, file=str(file), gate=str(gate))
    eventually(lambda: file.exists() and "x" in file.read_text(), "counting")
    pid = int(file.read_text().partition("\n")[0])
    shop.pause(id)
    eventually(lambda: state(pid) == "T", "its standing still")
    shop.worker.stop()
    eventually(lambda: not alive(pid), "its end")
    job = shop.job(id)
    assert job.state is (JobState.FAILED if attempts == 1 else JobState.ACCEPTED)
    assert "the server was stopped" in str(job.failure.message if job.failure else job.message)


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause comes too late for every run: it reaches its end."""
    monkeypatch.setattr(Run, "pause", lambda run: None)


@pytest.mark.usefixtures("deaf")
def test_an_end_that_a_pause_came_before_is_recorded_when_the_job_is_resumed(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Counting(shop, tmp_path, "counting")
    refused = shop.jobs.succeed_and_claim
    seen: list[bool] = []

    def looked(*arguments: object) -> object:
        answer = refused(*arguments)  # type: ignore[arg-type]
        seen.append(answer[0] is not None)
        return answer

    monkeypatch.setattr(shop.jobs, "succeed_and_claim", looked)
    shop.pause(job.id)
    job.gate.touch()
    eventually(lambda: seen == [False], "its end")
    assert shop.job(job.id).state is JobState.PAUSED
    shop.resume(job.id)
    assert shop.text(job.id) == str(job.pids[0])
    assert seen == [False, True]


@pytest.mark.usefixtures("deaf")
def test_an_end_that_a_pause_came_before_is_not_recorded_if_the_job_is_dismissed(
    shop: Workshop, tmp_path: Path
) -> None:
    job = Counting(shop, tmp_path, "counting")
    shop.pause(job.id)
    job.gate.touch()
    shop.jobs.dismiss(job.id)
    shop.worker.interrupt(job.id)
    shop.ended(job.id)
    assert shop.job(job.id).state is JobState.DISMISSED


@STOPPED
def test_a_process_that_fails_while_it_is_being_stopped_has_failed(shop: Workshop, tmp_path: Path) -> None:
    job = Counting(shop, tmp_path, "counting")
    shop.pause(job.id)
    all_stopped(job)
    os.kill(job.pids[0], signal.SIGKILL)
    assert "SIGKILL" in shop.failure(job.id).message


# -- the queue ------------------------------------------------------------------------------------------


def test_a_held_job_is_not_taken_and_keeps_its_place(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop = own_shop(slots=1)
    held = shop.submit("who")
    shop.jobs.pause(held, 600)
    shop.submit("who")
    shop.worker.start()
    last = Counting(shop, tmp_path, "waiting")
    assert shop.job(held).state is JobState.HELD
    behind = shop.submit("who")
    shop.jobs.resume(held)
    last.through()
    shop.text(behind)
    assert shop.ended(held).state is JobState.SUCCEEDED
    first, second = shop.job(held).started, shop.job(behind).started
    assert first is not None
    assert second is not None
    assert first < second


# -- the platform ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("possible", [True, False])
def test_where_nothing_can_be_stopped_only_what_waits_by_itself_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, possible: bool
) -> None:
    file = tmp_path / "patient.py"
    file.write_text(
        "from azenha import process\n"
        "@process(pause=True)\ndef stopped() -> int: return 1\n"
        "@process(pause='cooperative')\ndef by_itself() -> int: return 1\n"
    )
    monkeypatch.setattr(tree, "can_suspend", lambda: possible)
    catalogue, _ = discovered(Settings(data=tmp_path / "data", targets=(str(file),)))
    offered = {id for id, o in catalogue.offerings.items() if JobControl.PAUSE in o.description.job_control}
    assert offered == {"by_itself", *(["stopped"] if possible else [])}
