"""Jobs that a worker stores itself, as it takes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from storing import KEEP, LEASE, OUTCOME, SetClock, claim, got, new, request
from test_store_jobs import events

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.canonical import compact, dump_request
from azenha.domain.job import JobState, Lane
from azenha.usecases.ports import Handed


def handed(id: str, attempts: int = 1) -> Handed:
    return Handed(id, "echo", compact(dump_request(request())), attempts, 10, "queue.sync_waiting")


def test_it_is_stored_and_claimed_in_one(jobs: SqlJobs, database: Path) -> None:
    lease = jobs.claim("w1", Lane.SYNC, LEASE, handed("a"))
    assert lease is not None
    assert (lease.job, lease.request, lease.attempt) == (got(jobs, "a"), request(), 1)
    assert (lease.job.state, lease.job.lane) == (JobState.RUNNING, Lane.SYNC)
    assert [event[0] for event in events(database, "a")] == ["submit", "claim"]


def test_whoever_waits_in_the_store_goes_first(jobs: SqlJobs) -> None:
    jobs.submit(new("before", lane=Lane.SYNC))
    lease = jobs.claim("w1", Lane.SYNC, LEASE, handed("after"))
    assert lease is not None
    assert lease.job.id == "before"
    assert got(jobs, "after").state is JobState.ACCEPTED
    assert claim(jobs, lane=Lane.SYNC).job.id == "after"


def test_the_next_is_stored_with_the_end_of_the_one_before_which_is_told_as_it_is_recorded(
    jobs: SqlJobs, clock: SetClock
) -> None:
    lease = jobs.claim("w1", Lane.SYNC, LEASE, handed("a"))
    assert lease is not None
    jobs.progress(lease, 70, "almost")
    clock.move(3)
    ended, following = jobs.succeed_and_claim(lease, OUTCOME, KEEP, LEASE, handed("b"))
    assert ended == got(jobs, "a")
    assert ended is not None
    assert (ended.state, ended.message) == (JobState.SUCCEEDED, "almost")
    assert following is not None
    assert following.job == got(jobs, "b")


def test_nothing_is_stored_with_an_end_that_is_not_ours(jobs: SqlJobs) -> None:
    lease = jobs.claim("w1", Lane.SYNC, LEASE, handed("a"))
    assert lease is not None
    jobs.dismiss("a")
    assert jobs.succeed_and_claim(lease, OUTCOME, KEEP, LEASE, handed("b")) == (None, None)
    assert jobs.get("b") is None


@pytest.mark.parametrize("first", ["worker", "client"])
def test_one_that_comes_by_both_ways_is_stored_and_run_once(
    jobs: SqlJobs, database: Path, first: str
) -> None:
    if first == "worker":
        assert jobs.claim("w1", Lane.SYNC, LEASE, handed("a"))
        assert jobs.submit(new("a", lane=Lane.SYNC)) == got(jobs, "a")
    else:
        jobs.submit(new("a", lane=Lane.SYNC))
        assert jobs.claim("w1", Lane.SYNC, LEASE, handed("a"))
    assert jobs.claim("w2", Lane.SYNC, LEASE) is None
    assert jobs.claim("w2", Lane.SYNC, LEASE, handed("a")) is None
    assert [event[0] for event in events(database, "a")] == ["submit", "claim"]
