"""What the store says to SQLite: how it finds rows, and when it waits for the disk."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool
from storing import BROKEN, KEEP, OUTCOME, START, SetClock, claim, new, store

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.job import JobState, Lane
from azenha.domain.messages import ListJobs
from azenha.usecases.ports import Lease

Said = list[str]


@pytest.fixture
def said() -> Iterator[Said]:
    """Every statement, its values filled in, in the order of their execution; the store comes after this."""
    statements: Said = []

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.set_trace_callback(statements.append)

    event.listen(Pool, "connect", connected)
    yield statements
    event.remove(Pool, "connect", connected)


@pytest.fixture
def jobs(said: Said, database: Path, clock: SetClock) -> Iterator[SqlJobs]:
    jobs = store(database, clock)
    said.clear()
    yield jobs
    jobs.close()


def plan(database: Path, said: Said, needle: str) -> str:
    """How SQLite goes about the last statement with `needle` in it."""
    statement = next(s for s in reversed(said) if re.search(needle, s))
    with closing(sqlite3.connect(database)) as connection:
        return "\n".join(str(row[-1]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))


def uses(steps: str, index: str) -> None:
    assert re.search(rf"USING (COVERING )?INDEX {index}\b", steps), steps
    assert not re.search(r"SCAN job\b(?! USING)", steps), steps
    assert "TEMP B-TREE" not in steps, steps


def test_the_queue_is_counted_and_claimed_by_its_own_index(jobs: SqlJobs, database: Path, said: Said) -> None:
    jobs.submit(new("a"))
    uses(plan(database, said, r"count\(.*(?s:.*)'accepted'"), "job_queue")
    uses(plan(database, said, r"count\(.*(?s:.*)'held'"), "job_state")
    claim(jobs)
    uses(plan(database, said, r"^UPDATE job SET state"), "job_queue")
    jobs.claim("w1", Lane.BACKGROUND, 30)
    uses(plan(database, said, r"^SELECT job.seq"), "job_queue")


@pytest.mark.parametrize("lane", Lane)
def test_what_every_job_needs_is_planned_for_the_first_one_only(
    database: Path, clock: SetClock, lane: Lane
) -> None:
    planned: list[str | None] = []  # columns: SQLite asks for each that a statement reads, while it plans

    def asked(action: int, table: str | None, column: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and table == "job":
            planned.append(column)
        return sqlite3.SQLITE_OK

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.set_authorizer(asked)

    event.listen(Pool, "connect", connected)
    try:
        with closing(store(database, clock)) as jobs:
            rounds = []
            for id in ("a", "b", "c"):
                planned.clear()
                jobs.submit(new(id, lane=lane))
                lease = claim(jobs, lane=lane)
                jobs.renew("w1", 30, {id: 1})
                jobs.progress(lease, 5, None)
                jobs.succeed_and_claim(lease, OUTCOME, KEEP, 30)
                jobs.results(id)
                rounds.append(len(planned))
    finally:
        event.remove(Pool, "connect", connected)
    assert rounds[0] > 0
    assert rounds[1:] == [0, 0]


def test_the_writes_of_a_worker_find_their_row_by_its_id(jobs: SqlJobs, database: Path, said: Said) -> None:
    jobs.submit(new("a"))
    lease = claim(jobs)
    jobs.progress(lease, 5, None)
    jobs.renew("w1", 30, {"a": 1})
    jobs.succeed(lease, OUTCOME, KEEP)
    for needle in ("SET updated=.*progress", "SET lease_until", "SET state=.*outputs"):
        steps = plan(database, said, rf"(?s)^UPDATE job {needle}")
        assert "SCAN" not in steps, steps


def test_the_search_for_lost_jobs_looks_at_claimed_ones_only(
    jobs: SqlJobs, database: Path, said: Said
) -> None:
    jobs.submit(new("a"))
    claim(jobs)
    jobs.recover("w2", KEEP)
    steps = plan(database, said, r"^SELECT job.id, job.attempt")
    assert re.search(r"USING INDEX job_(claimed|state)\b", steps), steps


def test_what_expires_and_what_was_removed_is_found_by_index(
    jobs: SqlJobs, database: Path, said: Said
) -> None:
    jobs.expired(10)
    uses(plan(database, said, r"WHERE job.expires <"), "job_expires")
    uses(plan(database, said, r"(?s)^SELECT job.id .*WHERE job.state = "), "job_(removed|state)")


@pytest.mark.parametrize("lane", Lane)
def test_a_job_takes_as_many_steps_beside_a_long_history_as_in_an_empty_store(
    tmp_path: Path, clock: SetClock, lane: Lane
) -> None:
    steps = [0]  # of SQLite's virtual machine: each row that a statement looks at takes some

    def stepped() -> int:
        steps[0] += 1
        return 0

    def life(jobs: SqlJobs, id: str, ended: Callable[[Lease], object]) -> None:
        jobs.submit(new(id, lane=lane))
        lease = claim(jobs, lane=lane)
        jobs.renew("w1", 30, {id: 1})
        jobs.progress(lease, 5, None)
        ended(lease)
        jobs.get(id)
        jobs.results(id)
        jobs.expired(10)
        jobs.unknown([id])
        assert jobs.claim("w1", lane, 30) is None
        jobs.recover("w1", KEEP)
        jobs.claim_callback("w1", 30)

    def taken(folder: Path, history: int) -> list[int]:
        folder.mkdir()
        with closing(store(folder / "jobs.sqlite", clock)) as jobs:
            life(jobs, "first", lambda lease: jobs.succeed(lease, OUTCOME, KEEP))  # plans all statements
            remember(folder / "jobs.sqlite", history)
            counts = []
            for id, ended in (
                ("a", lambda lease: jobs.succeed_and_claim(lease, OUTCOME, KEEP, 30)),
                ("b", lambda lease: jobs.fail(lease, BROKEN, KEEP)),
                ("c", lambda lease: jobs.dismiss(lease.job.id)),
            ):
                steps[0] = 0
                life(jobs, id, ended)
                jobs.dismiss(id)
                jobs.forget(jobs.expired(10))
                counts.append(steps[0])
        return counts

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.set_progress_handler(stepped, 1)

    event.listen(Pool, "connect", connected)
    try:
        short, long = taken(tmp_path / "short", 0), taken(tmp_path / "long", 3000)
    finally:
        event.remove(Pool, "connect", connected)
    assert short[0] > 100
    # Less than one for a row of the history; a tree that is a level deeper may cost some.
    assert all(b - a < 300 for a, b in zip(short, long, strict=True)), (short, long)


def remember(database: Path, count: int) -> None:
    """That many more jobs of each lane that have ended, each with an event, as the first one in the store."""
    with closing(sqlite3.connect(database)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(job)")]
        same = ", ".join(column for column in columns if column not in ("seq", "id", "lane"))
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
        for lane in Lane if count else ():
            connection.execute(
                f"INSERT INTO job (id, lane, {same}) {numbers} "
                f"SELECT hex(randomblob(16)), '{lane}', {same} FROM n, job WHERE job.id = 'first'"
            )
        connection.execute(
            "INSERT INTO job_event (job, at, event, attempt) SELECT id, updated, 'succeed', 1 FROM job"
        )


LISTS = {
    "all": (ListJobs(), "job_state"),
    "next page": (ListJobs(after="50.7"), "job_state"),
    "previous page": (ListJobs(before="50.7"), "job_state"),
    "by time": (ListJobs(since=START, until=START), "job_state"),
    "by time, next page": (ListJobs(since=START, until=START, after="50.7"), "job_state"),
    "by state": (ListJobs(states=("running",)), "job_state"),
    "by state, next page": (ListJobs(states=("failed",), after="50.7"), "job_state"),
    "two states": (ListJobs(states=("running", "failed")), "job_state"),
    "by process": (ListJobs(processes=("echo",)), "job_process"),
    "a state of a process": (ListJobs(states=("running",), processes=("echo",)), "job_process"),
    "two processes": (ListJobs(processes=("echo", "slow"), before="50.7"), "job_process"),
}


@pytest.mark.parametrize("case", LISTS)
def test_lists_walk_an_index_newest_first_without_sorting(
    jobs: SqlJobs, database: Path, said: Said, case: str
) -> None:
    command, index = LISTS[case]
    jobs.list(command)
    steps = plan(database, said, r"ORDER BY job.created")
    uses(steps, index)
    walks = [step for step in steps.splitlines() if "job" in step]
    assert all(f"USING INDEX {index}" in step for step in walks), steps


def test_a_rare_duration_is_found_by_its_index(jobs: SqlJobs, database: Path, said: Said) -> None:
    jobs.list(ListJobs(shortest=5, longest=6))
    uses(plan(database, said, r"duration BETWEEN"), "job_duration")


def test_a_common_duration_is_met_on_the_walk(
    jobs: SqlJobs, database: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azenha.adapters.store.listing.FEW", -1)
    jobs.list(ListJobs(longest=60, states=("failed",)))
    uses(plan(database, said, r"ORDER BY job.created"), "job_state")


# -- durability --------------------------------------------------------------------------------------


def synchronous(said: Said, needle: str) -> str:
    """What PRAGMA synchronous said last before the statement with `needle`, and before its COMMIT."""
    at = max(i for i, statement in enumerate(said) if re.search(needle, statement))
    assert "COMMIT" in said[at:], "it was answered before it was committed"
    return [s for s in said[:at] if s.startswith("PRAGMA synchronous")][-1].rpartition("=")[2].strip()


@pytest.mark.parametrize("end", [JobState.SUCCEEDED, JobState.FAILED, JobState.DISMISSED])
def test_what_a_client_is_told_is_on_disk_first_and_what_can_be_found_again_does_not_wait_for_it(
    jobs: SqlJobs, said: Said, end: JobState
) -> None:
    jobs.submit(new("a"))
    assert synchronous(said, "^INSERT INTO job ") == "FULL"
    lease = claim(jobs)
    assert synchronous(said, "^UPDATE job SET state") == "NORMAL"
    jobs.progress(lease, 10, "on its way")
    assert synchronous(said, "^UPDATE job SET updated") == "NORMAL"
    match end:
        case JobState.SUCCEEDED:
            jobs.succeed(lease, OUTCOME, KEEP)
        case JobState.FAILED:
            jobs.fail(lease, BROKEN, KEEP)
        case _:
            jobs.dismiss("a")
    assert synchronous(said, "^UPDATE job SET state") == "FULL"


def test_nobody_is_told_that_a_synchronous_job_was_accepted_so_that_need_not_reach_the_disk(
    jobs: SqlJobs, said: Said
) -> None:
    jobs.submit(new("a", lane=Lane.SYNC))
    assert synchronous(said, "^INSERT INTO job ") == "NORMAL"
    jobs.succeed(claim(jobs, lane=Lane.SYNC), OUTCOME, KEEP)
    assert synchronous(said, "^UPDATE job SET state") == "FULL"


def test_an_idle_worker_does_not_write(jobs: SqlJobs, said: Said) -> None:
    assert jobs.claim("w1", Lane.BACKGROUND, 30) is None
    assert [s for s in said if s.startswith("SELECT")]
    assert not [s for s in said if s.startswith(("BEGIN", "INSERT", "UPDATE", "DELETE"))]
