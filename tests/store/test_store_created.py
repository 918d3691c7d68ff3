"""Jobs that are created first: changed, started, dismissed, or forgotten about."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from storing import KEEP, OUTCOME, SetClock, claim, got, new, request, store
from test_store_jobs import events

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.errors import QueueFull
from azenha.domain.job import JobState, Lane
from azenha.domain.values import Literal

OTHER = request(inputs={"n": (Literal(3),)})


def test_a_created_job_waits_for_its_start_and_no_worker_gets_it(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    created = jobs.create(new("a"), 60)
    assert created == got(jobs, "a")
    assert (created.state, created.expires) == (JobState.CREATED, clock.now() + timedelta(seconds=60))
    assert jobs.claim("w1", Lane.BACKGROUND, 30) is None
    started = jobs.start("a", 10, "queue.length")
    assert started == got(jobs, "a")
    assert started is not None
    assert (started.state, started.expires, started.created) == (JobState.ACCEPTED, None, created.created)
    jobs.succeed(claim(jobs), OUTCOME, KEEP)
    assert events(database, "a") == [("create", 0), ("start", 0), ("claim", 1), ("succeed", 1)]


@pytest.mark.parametrize("then", ["started", "dismissed", "removed", "unknown"])
def test_what_is_not_created_any_more_is_neither_started_nor_changed(jobs: SqlJobs, then: str) -> None:
    seen = jobs.create(new("a"), 60).updated
    if then == "started":
        jobs.start("a", 10, "q")
    for _ in range({"dismissed": 1, "removed": 2}.get(then, 0)):
        jobs.dismiss("a")
    id = "b" if then == "unknown" else "a"
    before = jobs.get(id)
    assert jobs.start(id, 10, "q") is None
    assert jobs.change(id, OTHER, before.updated if before else seen) is None
    assert jobs.get(id) == before


def test_a_change_replaces_the_request_and_nothing_else(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    created = jobs.create(new("a"), 60)
    changed = jobs.change("a", OTHER, created.updated)
    assert changed == got(jobs, "a")
    assert changed is not None
    assert changed.updated > created.updated  # though the clock stands still
    assert jobs.request("a") == OTHER
    assert (changed.state, changed.expires) == (created.state, created.expires)
    assert events(database, "a") == [("create", 0), ("change", 0)]


def test_of_two_changes_of_the_same_job_the_later_sees_the_earlier_or_is_refused(
    jobs: SqlJobs, database: Path, clock: SetClock
) -> None:
    seen = jobs.create(new("a"), 60).updated
    other = store(database, clock)
    try:
        with ThreadPoolExecutor(8) as threads:
            stores = [jobs, other] * 4
            results = list(threads.map(lambda s: s.change("a", OTHER, seen), stores))
    finally:
        other.close()
    assert sum(r is not None for r in results) == 1


def test_a_job_is_started_once(jobs: SqlJobs, database: Path, clock: SetClock) -> None:
    jobs.create(new("a"), 60)
    other = store(database, clock)
    try:
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda s: s.start("a", 10, "q"), [jobs, other] * 4))
    finally:
        other.close()
    assert sum(r is not None for r in results) == 1
    assert [event for event, _ in events(database, "a")].count("start") == 1


def test_who_starts_late_queues_behind_those_that_wait(jobs: SqlJobs) -> None:
    jobs.create(new("early"), 60)
    jobs.submit(new("first"))
    jobs.submit(new("second"))
    jobs.start("early", 10, "q")
    jobs.submit(new("last"))
    assert [claim(jobs).job.id for _ in range(4)] == ["first", "second", "early", "last"]


def test_a_full_queue_lets_nothing_be_started_and_the_job_stays_created(jobs: SqlJobs) -> None:
    created = jobs.create(new("a"), 60)
    jobs.submit(new("b"))
    with pytest.raises(QueueFull, match=r"1 jobs wait already \(setting queue.length\)"):
        jobs.start("a", 1, "queue.length")
    assert got(jobs, "a") == created


def test_created_jobs_are_bounded_and_take_no_room_of_the_queue(jobs: SqlJobs) -> None:
    for id in ("a", "b"):
        jobs.create(new(id, limit=2), 60)
    with pytest.raises(QueueFull):
        jobs.create(new("c", limit=2), 60)
    assert jobs.get("c") is None
    jobs.submit(new("d", limit=1))
    with pytest.raises(QueueFull):
        jobs.submit(new("e", limit=1))


def test_a_created_job_that_nobody_starts_expires_and_one_that_was_started_does_not(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    jobs.create(new("left"), 10)
    jobs.create(new("started"), 10)
    jobs.start("started", 10, "q")
    clock.move(10)
    assert jobs.expired(10) == []
    clock.move(0.001)
    assert jobs.expired(10) == ["left"]
    assert jobs.get("left") is None
    assert events(database, "left")[-1] == ("remove", 0)
    assert got(jobs, "started").state is JobState.ACCEPTED


def test_dismissing_a_created_job_dismisses_and_then_removes_it(jobs: SqlJobs) -> None:
    jobs.create(new("a"), 10)
    first, second = jobs.dismiss("a"), jobs.dismiss("a")
    assert first is not None
    assert second is not None
    assert (first[0].state, first[1]) == (JobState.DISMISSED, JobState.CREATED)
    assert (second[0].state, second[1]) == (JobState.REMOVED, JobState.DISMISSED)
