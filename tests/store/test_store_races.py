"""What threads do to the job table at the same time."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from storing import BROKEN, KEEP, LEASE, OUTCOME, SetClock, claim, got, new, store

from azenha.adapters.store import statements
from azenha.adapters.store.prepared import Prepared
from azenha.adapters.store.sql import SqlJobs
from azenha.domain.errors import QueueFull, StoreFailed
from azenha.domain.job import JobState, Lane

ROUNDS = 60


def together(*calls: Callable[[], object]) -> list[object]:
    """Call all at once, each in a thread of its own; what they returned."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], object]) -> object:
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(30) for future in [pool.submit(one, call) for call in calls]]


@pytest.mark.parametrize("end", [JobState.SUCCEEDED, JobState.FAILED])
def test_of_a_dismissal_and_an_end_exactly_one_wins_and_the_loser_writes_nothing(
    jobs: SqlJobs, database: Path, clock: SetClock, end: JobState
) -> None:
    web = store(database, clock)  # as in life: two processes, each with a writer of its own
    for number in range(ROUNDS):
        id = f"{number}"
        jobs.submit(new(id))
        lease = claim(jobs)

        def finish(lease: object = lease) -> bool:
            if end is JobState.SUCCEEDED:
                return jobs.succeed(lease, OUTCOME, KEEP)  # type: ignore[arg-type]
            return jobs.fail(lease, BROKEN, KEEP)  # type: ignore[arg-type]

        ended, dismissed = together(finish, partial(web.dismiss, id))
        assert isinstance(dismissed, tuple)
        if ended:
            # The dismissal came second: it found an ended job and removed it.
            assert (dismissed[0].state, dismissed[1]) == (JobState.REMOVED, end)
            assert jobs.get(id) is None
        else:
            assert (dismissed[0].state, dismissed[1]) == (JobState.DISMISSED, JobState.RUNNING)
            result = jobs.results(id)
            assert result is not None
            job, _, outputs = result
            assert (job.state, job.failure, outputs) == (JobState.DISMISSED, None, {})
    web.close()


def test_two_dismissals_at_once_dismiss_and_then_remove(jobs: SqlJobs) -> None:
    for number in range(ROUNDS):
        id = f"{number}"
        jobs.submit(new(id))
        answers = together(partial(jobs.dismiss, id), partial(jobs.dismiss, id))
        states = {answer[0].state for answer in answers if isinstance(answer, tuple)}
        assert states == {JobState.DISMISSED, JobState.REMOVED}


def test_no_job_is_claimed_twice(jobs: SqlJobs, database: Path, clock: SetClock) -> None:
    other = store(database, clock)
    ids = {f"{n}" for n in range(60)}
    for id in ids:
        jobs.submit(new(id))

    def take(store: SqlJobs, worker: str) -> list[str]:
        taken = []
        while (lease := store.claim(worker, Lane.BACKGROUND, LEASE)) is not None:
            taken.append(lease.job.id)
        return taken

    lists = together(*[partial(take, s, f"w{n}") for n, s in enumerate((jobs, other, jobs, other))])
    claimed = [id for taken in lists for id in taken]  # type: ignore[attr-defined]
    assert len(claimed) == len(ids)
    assert set(claimed) == ids
    other.close()


def test_submissions_from_many_threads_are_all_stored_in_an_order_without_gaps(jobs: SqlJobs) -> None:
    numbers = count()

    def several() -> list[str]:
        return [jobs.submit(new(f"{next(numbers)}")).id for _ in range(8)]

    together(*[several] * 32)
    claimed = [claim(jobs).job.id for _ in range(256)]
    assert sorted(map(int, claimed)) == list(range(256))
    assert jobs.claim("w1", Lane.BACKGROUND, LEASE) is None


def test_a_bounded_queue_holds_exactly_its_bound_under_a_crowd(jobs: SqlJobs) -> None:
    def attempt() -> bool:
        try:
            jobs.submit(new(limit=10))
        except QueueFull:
            return False
        return True

    assert sum(map(bool, together(*[attempt] * 32))) == 10


def test_an_operation_that_fails_spoils_no_other_of_its_batch(jobs: SqlJobs) -> None:
    held = threading.Event()
    writer = jobs._writer

    def breaks(connection: Prepared) -> None:
        connection.execute(statements.INSERT, row)
        connection.run("INSERT INTO nothing VALUES (1)")

    row = jobs._row("spoiler", "echo", JobState.ACCEPTED, Lane.SYNC, "{}", 1, 1)
    with ThreadPoolExecutor(20) as pool:
        first = pool.submit(writer.run, lambda _: held.wait(30), durable=True)
        before = [pool.submit(jobs.submit, new(f"a{n}")) for n in range(8)]
        spoiler = pool.submit(writer.run, breaks, durable=True)
        after = [pool.submit(jobs.submit, new(f"b{n}")) for n in range(8)]
        while writer._queue.qsize() < 16:
            held.wait(0.01)
        held.set()
        first.result(30)
        assert {future.result(30).id for future in before + after} == {
            *(f"a{n}" for n in range(8)),
            *(f"b{n}" for n in range(8)),
        }
        with pytest.raises(StoreFailed, match="job store cannot be written"):
            spoiler.result(30)
    assert all(got(jobs, f"{batch}{n}").state is JobState.ACCEPTED for batch in "ab" for n in range(8))
    assert jobs.get("spoiler") is None
    assert jobs.submit(new("later")).state is JobState.ACCEPTED


def test_a_writer_that_the_database_refused_writes_again_when_it_does_not(jobs: SqlJobs) -> None:
    """Even if it was the thread that writes for those who wait: nobody else would write for them ever after."""
    writer = jobs._writer
    connection, good = writer._connection, writer._connection.run
    refuses = threading.Event()

    def run(text: str, values: Any = ()) -> Any:
        if refuses.is_set() and text.startswith("PRAGMA"):
            refuses.clear()
            raise sqlite3.OperationalError("disk I/O error")
        return good(text, values)

    connection.run = run  # type: ignore[method-assign]

    def contended(at_first: Callable[[], None]) -> object:
        """What came of a write that found the connection taken; None if nothing did."""
        ends: queue.Queue[object] = queue.Queue()

        def write() -> None:
            try:
                ends.put(writer.run(lambda _: "written", durable=True))
            except StoreFailed as error:
                ends.put(error)

        with writer._writing:
            threading.Thread(target=write, daemon=True).start()
            while writer._queue.empty():
                refuses.wait(0.001)
            at_first()
        with suppress(queue.Empty):
            return ends.get(timeout=10)
        return None

    jobs.submit(new("a", lane=Lane.SYNC))  # what comes next is to be durable, which the connection is told
    assert isinstance(contended(refuses.set), StoreFailed)
    assert contended(lambda: None) == "written"
