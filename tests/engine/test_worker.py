"""A worker runs jobs: each ends in the store, with its outputs or the reason, and nothing of it remains."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from workshop import WITHIN, Workshop, eventually

from azenha.domain.job import FailureKind, JobState, Lane
from azenha.domain.process import Format
from azenha.domain.values import StoredFile
from azenha.engine.channel import Channel, Message
from azenha.engine.sandbox import forking, tree
from azenha.testing.sandbox import alive

UNIX = pytest.mark.skipif(os.name != "posix", reason="only on Unix: signals")
SOON = 10.0  # seconds: what is ended by force is gone by then, grace and a loaded machine included


def nothing_left(shop: Workshop, id: str) -> None:
    work = shop.settings.data / "work"
    # os.walk passes over folders that go away meanwhile, which a glob trips over.
    eventually(
        lambda: not any(dirs or files for root, dirs, files in os.walk(work) if Path(root) != work),
        "clearing the work folder",
    )


# -- failures ----------------------------------------------------------------------------------------

FAILURES = {
    "raise": (FailureKind.PROCESS, "ValueError: the band is empty"),
    "exit": (FailureKind.PROCESS, "sys.exit(3)"),
    "untold": (FailureKind.PROCESS, "Untold: (its text cannot be told: ValueError)"),
    "no text": (FailureKind.PROCESS, "NoText: (its text cannot be told: TypeError)"),
    "_exit": (FailureKind.PROCESS, "exit code 3"),
    "output": (FailureKind.OUTPUT, "result"),
    "flood": (FailureKind.OUTPUT, "200,000 bytes"),
    "memory": (FailureKind.MEMORY, "201,326,592 bytes"),
    "files": (FailureKind.OUTPUT, "50,000,000 bytes (setting limits.outputs)"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_each_way_to_fail_is_a_failed_job_with_its_reason(shop: Workshop, how: str) -> None:
    if how == "memory" and not tree.LINUX:
        pytest.skip("only on Linux: memory is bounded")
    kind, words = FAILURES[how]
    id = shop.submit("break_down", how=how)
    failure = shop.failure(id)
    assert failure.kind is kind, failure
    assert words in failure.message
    assert failure.reference == f"{id[:8]}-1"
    log = shop.log(id)
    assert f"about to {how}" in log
    assert how == "flood" or f"FAILED: {failure.message} (reference {failure.reference})" in log
    assert shop.job(id).expires is not None
    nothing_left(shop, id)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only on Unix: fork")
@pytest.mark.parametrize(("how", "code"), [("returns", 0), ("raises", 1), ("exits", 3)])
def test_what_the_author_forks_is_not_the_job(shop: Workshop, how: str, code: int) -> None:
    assert shop.text(shop.submit("forked", how=how)) == f"the job; its copy ended with {code}"


@UNIX
def test_a_name_that_no_text_can_hold_is_told_with_escapes(shop: Workshop) -> None:
    id = shop.submit("break_down", how="undecodable")
    failure = shop.failure(id)
    assert failure.kind is FailureKind.PROCESS
    assert failure.message == r"ValueError: cannot read sc\udcffne.tif"
    assert shop.job(id).message == r"reads sc\udcffne.tif"


@UNIX
def test_a_crash_is_a_failed_job_that_names_the_signal(shop: Workshop) -> None:
    failure = shop.failure(shop.submit("break_down", how="crash"))
    assert failure.kind is FailureKind.PROCESS
    assert "SIGSEGV" in failure.message


def test_a_traceback_is_in_the_log_and_not_in_the_failure(shop: Workshop) -> None:
    id = shop.submit("break_down", how="raise")
    assert "Traceback" not in shop.failure(id).message
    assert "Traceback" in shop.log(id)


def test_a_message_of_many_megabytes_is_told_by_its_beginning(shop: Workshop) -> None:
    """It may be more than the memory left for a copy of it."""
    id = shop.submit("break_down", how="long")
    failure = shop.failure(id)
    assert failure.kind is FailureKind.PROCESS
    assert failure.message == "ValueError: " + "x" * 9_987 + "…"
    assert "in break_down" in shop.log(id)


@UNIX
def test_the_error_of_a_process_that_removed_its_folder_is_told(shop: Workshop) -> None:
    assert shop.failure(shop.submit("break_down", how="remove")).message == "ValueError: all is gone"


def test_a_job_whose_log_cannot_be_written_runs_and_ends_as_ever(own_shop: Callable[..., Workshop]) -> None:
    shop = own_shop(slots=1)
    shop.worker.start()
    (shop.settings.data / "logs").rmdir()  # as on a full disk
    assert "the band is empty" in shop.failure(shop.submit("break_down", how="raise")).message
    assert shop.text(shop.submit("who"))


def test_a_file_that_was_returned_and_is_not_there_is_a_failure_of_that_output(shop: Workshop) -> None:
    failure = shop.failure(shop.submit("missing"))
    assert (failure.kind, failure.locator) == (FailureKind.OUTPUT, "result")
    assert "not-there.txt" in failure.message


def test_a_process_that_is_not_offered_any_more_is_said_to_be_unavailable(shop: Workshop) -> None:
    failure = shop.failure(shop.submit("gone"))
    assert failure.kind is FailureKind.UNAVAILABLE
    assert "'gone'" in failure.message


def test_a_job_over_its_time_is_ended(own_shop: Callable[..., Workshop]) -> None:
    shop = own_shop(sync_seconds=1)
    shop.worker.start()
    began = time.monotonic()
    failure = shop.failure(shop.submit("break_down", how="time", lane=Lane.SYNC))
    assert failure.kind is FailureKind.TIME
    why = "setting queue.sync_seconds; more is allowed in the background"
    assert failure.message == f"it ran longer than 1 s ({why})"
    assert time.monotonic() - began < SOON


# -- while it runs -----------------------------------------------------------------------------------


def test_progress_and_log_are_there_while_the_job_runs(shop: Workshop, tmp_path: Path) -> None:
    reached, gate = tmp_path / "reached", tmp_path / "gate"
    id = shop.submit("gated", reached=str(reached), gate=str(gate))
    eventually(lambda: shop.job(id).progress == 40, "progress")
    eventually(lambda: "printed while it runs" in shop.log(id), "the log")
    assert "WARNING: logged while it runs\n" in shop.log(id)
    assert shop.job(id).state is JobState.RUNNING
    assert shop.job(id).message == "half way"
    assert not (shop.settings.data / "results" / id).exists()
    gate.touch()
    assert shop.text(id) == "through"
    assert shop.job(id).progress == 100
    nothing_left(shop, id)


def test_a_log_is_bounded_and_says_where_it_was_cut(shop: Workshop) -> None:
    id = shop.submit("break_down", how="flood")
    shop.failure(id)
    log = shop.log(id)
    assert "setting limits.log" in log
    assert len(log) < shop.settings.limits.log + 200


# -- outputs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["return", "raise"])
def test_outputs_are_published_all_at_once_at_the_end_or_not_at_all(
    shop: Workshop, tmp_path: Path, then: str
) -> None:
    reached, gate = tmp_path / "reached", tmp_path / "gate"
    id = shop.submit("files", then=then, reached=str(reached), gate=str(gate))
    eventually(reached.exists, "writing the files")
    results = shop.settings.data / "results" / id
    assert not results.exists()
    gate.touch()
    if then == "raise":
        shop.failure(id)
        assert not results.exists()
    else:
        outputs = shop.outputs(id)
        assert [v.name for values in outputs.values() for v in values if isinstance(v, StoredFile)] == [
            "first.txt",
            "second.txt",
        ]
        for name, (value,) in outputs.items():
            assert shop.content(id, value) == name.encode() * 1000
        assert sum(path.is_file() for path in results.rglob("*")) == 2
    nothing_left(shop, id)


def test_outputs_of_a_job_that_was_dismissed_at_its_very_end_are_not_kept(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, gate = tmp_path / "reached", tmp_path / "gate"
    succeed = shop.jobs.succeed_and_claim

    def late(lease, *more):  # type: ignore[no-untyped-def]
        shop.jobs.dismiss(lease.job.id)
        return succeed(lease, *more)

    monkeypatch.setattr(shop.jobs, "succeed_and_claim", late)
    gate.touch()
    id = shop.submit("files", then="return", reached=str(reached), gate=str(gate))
    assert shop.ended(id).state is JobState.DISMISSED
    results = shop.settings.data / "results" / id
    eventually(lambda: not any(files for _, _, files in os.walk(results)), "removing the outputs")
    nothing_left(shop, id)


# -- reuse -------------------------------------------------------------------------------------------


def who(shop: Workshop) -> tuple[str, str]:
    pid, folder, found = shop.text(shop.submit("who")).split()
    assert found == "[]", "a job starts in an empty folder"
    return pid, folder


def test_a_child_serves_as_many_jobs_as_its_process_allows_and_each_has_its_own_folder(
    own_shop: Callable[..., Workshop],
) -> None:
    shop = own_shop(slots=1)
    shop.worker.start()
    served = [who(shop) for _ in range(7)]
    pids = [pid for pid, _ in served]
    assert pids == [*[pids[0]] * 3, *[pids[3]] * 3, pids[6]]
    assert len(set(pids)) == 3
    assert len({folder for _, folder in served}) == 7


def test_a_child_whose_job_failed_serves_no_other(own_shop: Callable[..., Workshop]) -> None:
    shop = own_shop(slots=1)
    shop.worker.start()
    before, _ = who(shop)
    assert "as asked" in shop.failure(shop.submit("who", fail=True)).message
    after, _ = who(shop)
    assert before != after
    eventually(lambda: not alive(int(before)), "its end")


def test_a_kept_child_that_was_killed_between_two_jobs_is_not_used(own_shop: Callable[..., Workshop]) -> None:
    shop = own_shop(slots=1)
    shop.worker.start()
    pid, _ = who(shop)
    os.kill(int(pid), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    eventually(lambda: not alive(int(pid)), "its end")
    assert who(shop)[0] != pid


@UNIX
def below_warm_parents() -> set[int]:
    """The children that were forked for workers of this process."""
    return {pid for warm in tree.children(os.getpid()) for pid in tree.children(warm)}


@pytest.mark.parametrize("process", ["who", "gated"], ids=["kept", "prepared"])
def test_a_child_that_dies_before_it_takes_its_order_is_replaced_for_the_job_did_not_run(
    own_shop: Callable[..., Workshop], process: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if process == "gated" and not forking.available():
        pytest.skip("only where children are forked: none is prepared elsewhere")
    before = below_warm_parents()  # of another worker, that serves other tests
    shop = own_shop(slots=1)
    shop.worker.start()
    gate = tmp_path / "gate"
    gate.touch()
    given = {"reached": str(tmp_path / "reached"), "gate": str(gate)} if process == "gated" else {}
    if process == "who":
        waiting = {int(who(shop)[0])}
    else:
        assert shop.text(shop.submit("gated", **given)) == "through"
        done = int((tmp_path / "reached").read_text())
        eventually(lambda: len(below_warm_parents() - before - {done}) == 1, "the child for the next job")
        waiting = below_warm_parents() - before - {done}
    ordered = threading.Event()
    send = Channel.send

    def told(channel: Channel, message: Message) -> None:
        send(channel, message)
        ordered.set()

    monkeypatch.setattr(Channel, "send", told)
    for pid in waiting:
        os.kill(pid, signal.SIGSTOP)
    id = shop.submit(process, **given)
    assert ordered.wait(WITHIN)
    for pid in waiting:
        os.kill(pid, signal.SIGKILL)
    assert shop.text(id)
    assert shop.job(id).attempt == 1
    assert "SIGKILL" not in shop.log(id)


# -- dismissal ---------------------------------------------------------------------------------------


def test_a_dismissed_job_stops_in_order_where_it_asks(shop: Workshop, tmp_path: Path) -> None:
    reached = tmp_path / "reached"
    id = shop.submit("gated", reached=str(reached), gate=str(tmp_path / "never"))
    eventually(reached.exists, "its start")
    eventually(lambda: shop.job(id).progress == 40, "progress")
    shop.jobs.dismiss(id)
    shop.worker.interrupt(id)
    eventually(reached.with_suffix(".stopped").exists, "its end in order")
    eventually(lambda: not alive(int(reached.read_text())), "the end of its child")
    job = shop.job(id)
    assert (job.state, job.failure) == (JobState.DISMISSED, None)
    nothing_left(shop, id)


@UNIX
def test_a_dismissed_job_that_ignores_it_is_ended_by_force_within_seconds(
    shop: Workshop, tmp_path: Path
) -> None:
    reached = tmp_path / "reached"
    id = shop.submit("deaf", reached=str(reached))
    eventually(reached.exists, "its start")
    pid = int(reached.read_text())
    shop.jobs.dismiss(id)
    shop.worker.interrupt(id)
    began = time.monotonic()
    eventually(lambda: not alive(pid), "its end")
    assert time.monotonic() - began < SOON
    assert shop.job(id).state is JobState.DISMISSED
    nothing_left(shop, id)


def test_a_dismissal_that_nobody_told_the_worker_of_is_found_by_its_heartbeat(
    shop: Workshop, tmp_path: Path
) -> None:
    reached = tmp_path / "reached"
    id = shop.submit("gated", reached=str(reached), gate=str(tmp_path / "never"))
    eventually(reached.exists, "its start")
    shop.jobs.dismiss(id)
    eventually(reached.with_suffix(".stopped").exists, "its end")
    nothing_left(shop, id)


def test_a_dismissed_job_that_waits_is_never_started(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop = own_shop(slots=1)
    id = shop.submit("gated", reached=str(tmp_path / "reached"), gate=str(tmp_path / "never"))
    shop.jobs.dismiss(id)
    shop.worker.start()
    assert shop.text(shop.submit("second_time", mark=__file__)) == "done at last"
    assert not (tmp_path / "reached").exists()
    assert shop.job(id).attempt == 0


# -- order, loss -------------------------------------------------------------------------------------


def test_waiting_jobs_are_run_by_priority(own_shop: Callable[..., Workshop]) -> None:
    shop = own_shop(slots=1)
    ids = [shop.submit("who", priority=priority) for priority in (0, 5, 0, 9)]
    shop.worker.start()
    started = sorted(ids, key=lambda one: str(shop.ended(one).started))
    assert started == [ids[3], ids[1], ids[0], ids[2]]


def test_what_a_lost_worker_had_is_run_again_where_attempts_are_left_and_else_fails(
    own_shop: Callable[..., Workshop],
) -> None:
    shop = own_shop(slots=1)
    again, not_again = shop.submit("who", attempts=2), shop.submit("who")
    for _ in range(2):
        assert shop.jobs.claim("lost worker", Lane.BACKGROUND, 3600) is not None
    shop.worker.start()
    assert shop.text(again)
    assert shop.job(again).attempt == 2
    failure = shop.failure(not_again)
    assert failure.kind is FailureKind.LOST
    assert not_again in shop.announced, "whoever waits for it is told"


def test_a_job_whose_lease_ran_out_is_run_again_by_a_worker_that_is_there(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop = own_shop(slots=1)
    reached, gate = tmp_path / "reached", tmp_path / "gate"
    shop.worker.start()
    first = shop.submit("gated", reached=str(reached), gate=str(gate))
    eventually(reached.exists, "its start")
    second = shop.submit("who", attempts=2)
    assert shop.jobs.claim("silent worker", Lane.BACKGROUND, 0.2) is not None
    eventually(lambda: shop.job(second).state is JobState.ACCEPTED, "taking it from the silent worker")
    gate.touch()
    assert shop.text(first) == "through"
    assert shop.text(second)
    assert shop.job(second).attempt == 2


def test_a_child_that_was_killed_is_started_again_where_attempts_are_left(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    if os.name != "posix":
        pytest.skip("only on Unix: a kill can be told from an exit")
    shop = own_shop(slots=1)
    shop.worker.start()
    id = shop.submit("second_time", attempts=2, mark=str(tmp_path / "mark"))
    assert shop.text(id) == "done at last"
    assert shop.job(id).attempt == 2
    id = shop.submit("second_time", attempts=1, mark=str(tmp_path / "another"))
    assert "SIGKILL" in shop.failure(id).message


def test_a_worker_that_stops_ends_its_jobs_and_gives_back_what_may_be_run_again(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop = own_shop(slots=2)
    shop.worker.start()
    marks = [tmp_path / "a", tmp_path / "b"]
    never = str(tmp_path / "never")
    ids = [
        shop.submit("gated", attempts=attempts, reached=str(mark), gate=never)
        for attempts, mark in zip((1, 2), marks, strict=True)
    ]
    eventually(lambda: all(mark.exists() and mark.read_text() for mark in marks), "their start")
    pids = [int(mark.read_text()) for mark in marks]
    began = time.monotonic()
    shop.worker.stop()
    assert time.monotonic() - began < WITHIN
    eventually(lambda: not any(map(alive, pids)), "their end")
    assert [shop.job(id).state for id in ids] == [JobState.FAILED, JobState.ACCEPTED]
    failure = shop.job(ids[0]).failure
    assert failure is not None
    assert "stopped" in failure.message


@pytest.mark.parametrize("there", [None, b"", b"dat"], ids=["gone", "empty", "shorter"])
def test_a_job_whose_data_power_has_taken_fails_and_is_never_run(shop: Workshop, there: bytes | None) -> None:
    def prepare(folder: Path) -> None:
        if there is not None:
            (folder / "a").write_bytes(there)

    data = StoredFile("a", "a", len(b"data"), Format("application/octet-stream"))
    id = shop.submit("handled", lane=Lane.SYNC, way="path", values={"a": [data]}, prepare=prepare, attempts=2)
    failure = shop.failure(id)
    assert failure.kind is FailureKind.LOST
    assert "the data of input 'a' were lost, perhaps with the machine's power" in failure.message
    assert shop.job(id).attempt == 1
