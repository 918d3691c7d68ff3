"""The job table, transition by transition, on a real SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from storing import (
    BROKEN,
    KEEP,
    KEEP_SYNC,
    LEASE,
    OUTCOME,
    START,
    SetClock,
    claim,
    got,
    new,
    request,
    store,
)

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.errors import BadParameter, QueueFull
from azenha.domain.job import FailureKind, JobState, Lane
from azenha.domain.messages import ListJobs


def events(database: Path, id: str) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT event, attempt FROM job_event WHERE job = ? ORDER BY seq", (id,))
        return [(str(event), int(attempt)) for event, attempt in rows]


# -- submitting and claiming -------------------------------------------------------------------------


def test_a_submitted_job_is_read_back_as_it_was_answered(jobs: SqlJobs) -> None:
    answered = jobs.submit(new("a", priority=3))
    assert answered == got(jobs, "a")
    assert (answered.state, answered.created, answered.updated) == (JobState.ACCEPTED, START, START)
    assert (answered.progress, answered.attempt, answered.started, answered.expires) == (0, 0, None, None)
    assert jobs.request("a") == request()


def test_a_job_outlives_the_store_that_took_it(jobs: SqlJobs, database: Path, clock: SetClock) -> None:
    jobs.submit(new("a"))
    other = store(database, clock)
    assert other.get("a") == jobs.get("a")
    other.close()


def test_an_unknown_job_is_none_everywhere(jobs: SqlJobs) -> None:
    assert jobs.get("x") is None
    assert jobs.request("x") is None
    assert jobs.results("x") is None
    assert jobs.dismiss("x") is None


def test_jobs_are_claimed_by_priority_and_then_first_in_first_out(jobs: SqlJobs) -> None:
    for id, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", -1)):
        jobs.submit(new(id, priority=priority))
    assert [claim(jobs).job.id for _ in range(5)] == ["b", "d", "a", "c", "e"]
    assert jobs.claim("w1", Lane.BACKGROUND, LEASE) is None


def test_a_claim_hands_over_the_request_and_starts_the_job(jobs: SqlJobs, clock: SetClock) -> None:
    jobs.submit(new("a"))
    clock.move(2)
    lease = claim(jobs)
    assert (lease.request, lease.worker, lease.attempt) == (request(), "w1", 1)
    assert lease.job == got(jobs, "a")
    assert lease.job.state is JobState.RUNNING
    assert lease.job.started == START + timedelta(seconds=2)


def test_lanes_are_queues_apart(jobs: SqlJobs) -> None:
    jobs.submit(new("sync", lane=Lane.SYNC))
    assert jobs.claim("w1", Lane.BACKGROUND, LEASE) is None
    jobs.submit(new("later", priority=9))
    assert claim(jobs, lane=Lane.SYNC).job.id == "sync"
    assert jobs.claim("w1", Lane.SYNC, LEASE) is None


def test_a_full_queue_refuses_and_stores_nothing(jobs: SqlJobs, database: Path) -> None:
    jobs.submit(new("a", limit=2))
    jobs.submit(new("b", limit=2))
    with pytest.raises(QueueFull) as caught:
        jobs.submit(new("c", limit=2))
    assert "2" in str(caught.value)
    assert "queue.length" in str(caught.value)
    assert jobs.get("c") is None
    assert events(database, "c") == []


def test_a_lane_is_not_filled_by_the_other_lane_nor_by_what_runs_or_ended(jobs: SqlJobs) -> None:
    jobs.submit(new(lane=Lane.SYNC, limit=1))
    jobs.submit(new("a", limit=1))
    lease = claim(jobs)
    jobs.submit(new("b", limit=1))
    jobs.succeed(lease, OUTCOME, KEEP)
    with pytest.raises(QueueFull):
        jobs.submit(new("c", limit=1))
    jobs.dismiss("b")
    assert jobs.submit(new("c", limit=1)).state is JobState.ACCEPTED


# -- the end -----------------------------------------------------------------------------------------


def test_success_stores_the_outputs_and_the_time_until_which_they_are_kept(
    jobs: SqlJobs, clock: SetClock
) -> None:
    jobs.submit(new("a"))
    lease = claim(jobs)
    jobs.progress(lease, 40, "reading")
    assert (got(jobs, "a").progress, got(jobs, "a").message) == (40, "reading")
    assert jobs.results("a") == (got(jobs, "a"), request(), {})
    clock.move(7)
    assert jobs.succeed(lease, OUTCOME, 50)
    job = got(jobs, "a")
    assert (job.state, job.progress, job.failure) == (JobState.SUCCEEDED, 100, None)
    assert job.finished == START + timedelta(seconds=7)
    assert job.expires == START + timedelta(seconds=57)
    assert jobs.results("a") == (job, request(), OUTCOME.outputs)


def test_a_failure_is_read_back_whole(jobs: SqlJobs) -> None:
    jobs.submit(new("a"))
    assert jobs.fail(claim(jobs), BROKEN, 50)
    job = got(jobs, "a")
    assert (job.state, job.failure, job.expires) == (
        JobState.FAILED,
        BROKEN,
        START + timedelta(seconds=50),
    )
    assert jobs.results("a") == (job, request(), {})


@pytest.mark.parametrize("how", ["dismissed", "retried", "another worker", "succeeded", "failed", "removed"])
def test_a_lost_lease_writes_nothing(jobs: SqlJobs, clock: SetClock, how: str) -> None:
    jobs.submit(new("a", attempts=2))
    lease = claim(jobs)
    match how:
        case "dismissed":
            jobs.dismiss("a")
        case "retried":
            clock.move(LEASE + 1)
            jobs.recover(None, KEEP)
        case "another worker":
            jobs.recover("w2", KEEP)
            claim(jobs, "w2")
        case "succeeded":
            jobs.succeed(lease, OUTCOME, KEEP)
        case "failed":
            jobs.fail(lease, BROKEN, KEEP)
        case "removed":
            jobs.succeed(lease, OUTCOME, KEEP)
            jobs.dismiss("a")
    before = jobs.results("a")
    clock.move(1)
    jobs.progress(lease, 99, "late")
    assert not jobs.succeed(lease, OUTCOME, KEEP)
    assert not jobs.fail(lease, BROKEN, KEEP)
    assert jobs.renew("w1", LEASE, {"a": 1}) == {}
    assert jobs.results("a") == before


def test_the_same_worker_in_a_later_attempt_does_not_write_for_the_earlier_one(jobs: SqlJobs) -> None:
    jobs.submit(new("a", attempts=2))
    first = claim(jobs)
    jobs.recover("w2", KEEP)
    second = claim(jobs)
    assert (first.worker, first.attempt, second.worker, second.attempt) == ("w1", 1, "w1", 2)
    assert not jobs.succeed(first, OUTCOME, KEEP)
    assert jobs.renew("w1", LEASE, {"a": 1}) == {}
    assert jobs.renew("w1", LEASE, {"a": 2}) == {"a": JobState.RUNNING}
    assert jobs.succeed(second, OUTCOME, KEEP)


def test_renewing_keeps_a_job_and_names_those_that_are_lost(jobs: SqlJobs, clock: SetClock) -> None:
    for id in ("a", "b", "c"):
        jobs.submit(new(id))
        claim(jobs)
    jobs.dismiss("b")
    clock.move(LEASE - 1)
    assert jobs.renew("w1", LEASE, {"a": 1, "b": 1, "x": 1}).keys() == {"a"}
    clock.move(2)
    assert [job.id for job in jobs.recover(None, KEEP)] == ["c"]
    assert got(jobs, "a").state is JobState.RUNNING


# -- lost workers ------------------------------------------------------------------------------------


def test_a_lease_that_has_not_run_out_is_nobody_elses(jobs: SqlJobs, clock: SetClock) -> None:
    jobs.submit(new("a"))
    claim(jobs)
    clock.move(LEASE)
    assert jobs.recover(None, KEEP) == []
    clock.move(0.001)
    assert [job.id for job in jobs.recover(None, KEEP)] == ["a"]


def test_a_lost_job_waits_again_as_long_as_attempts_are_left_and_then_fails(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    jobs.submit(new("a", attempts=2))
    jobs.progress(claim(jobs), 60, "far")
    clock.move(LEASE + 1)
    (again,) = jobs.recover(None, KEEP)
    assert (again.state, again.attempt, again.progress, again.started) == (JobState.ACCEPTED, 1, 0, None)
    assert again.message is not None
    assert "attempt 2 of 2" in again.message
    assert claim(jobs, "w2").attempt == 2
    clock.move(LEASE + 1)
    (ended,) = jobs.recover(None, 50)
    assert ended == got(jobs, "a")
    assert ended.state is JobState.FAILED
    assert ended.expires == clock.at + timedelta(seconds=50)
    assert ended.failure is not None
    assert ended.failure.kind is FailureKind.LOST
    assert "lost" in ended.failure.message
    assert "2 attempts" in ended.failure.message
    assert events(database, "a") == [("submit", 0), ("claim", 1), ("retry", 1), ("claim", 2), ("fail", 2)]


def test_a_worker_that_starts_takes_over_from_all_others_but_keeps_its_own(jobs: SqlJobs) -> None:
    for id, worker in (("a", "w1"), ("b", "w2"), ("c", "w3")):
        jobs.submit(new(id))
        claim(jobs, worker)
    assert {job.id for job in jobs.recover("w2", KEEP)} == {"a", "c"}
    assert got(jobs, "b").state is JobState.RUNNING


def test_a_worker_that_stops_gives_back_everything(jobs: SqlJobs) -> None:
    jobs.submit(new("a", attempts=3))
    claim(jobs)
    jobs.submit(new("waits"))
    assert [(job.id, job.state) for job in jobs.recover("", KEEP)] == [("a", JobState.ACCEPTED)]


def test_why_a_worker_gave_a_job_up_is_told(jobs: SqlJobs) -> None:
    jobs.submit(new("a"))
    claim(jobs)
    jobs.recover("", KEEP, "the server was stopped while it ran")
    failure = got(jobs, "a").failure
    assert failure is not None
    assert failure.message.startswith("the server was stopped while it ran")


def test_a_retried_job_is_claimed_before_what_came_later(jobs: SqlJobs) -> None:
    jobs.submit(new("a", attempts=2))
    jobs.submit(new("b"))
    claim(jobs)
    jobs.recover("w2", KEEP)
    assert claim(jobs).job.id == "a"


# -- dismissing, expiring ----------------------------------------------------------------------------


@pytest.mark.parametrize(("lane", "keep"), [(Lane.BACKGROUND, KEEP), (Lane.SYNC, KEEP_SYNC)])
def test_a_dismissed_job_says_so_as_long_as_its_lane_keeps_records(
    jobs: SqlJobs, lane: Lane, keep: float
) -> None:
    jobs.submit(new("a", lane=lane))
    answer = jobs.dismiss("a")
    assert answer is not None
    job, was = answer
    assert (job, was) == (got(jobs, "a"), JobState.ACCEPTED)
    assert job.state is JobState.DISMISSED
    assert job.expires == START + timedelta(seconds=keep)
    assert jobs.claim("w1", lane, LEASE) is None


def test_a_running_job_can_be_dismissed(jobs: SqlJobs) -> None:
    jobs.submit(new("a"))
    claim(jobs)
    answer = jobs.dismiss("a")
    assert answer is not None
    assert (answer[0].state, answer[1]) == (JobState.DISMISSED, JobState.RUNNING)


@pytest.mark.parametrize("end", [JobState.SUCCEEDED, JobState.FAILED, JobState.DISMISSED])
def test_a_dismiss_after_the_end_removes_the_job_and_changes_nothing_else(
    jobs: SqlJobs, database: Path, end: JobState
) -> None:
    jobs.submit(new("a"))
    jobs.submit(new("other"))
    lease = claim(jobs)
    match end:
        case JobState.SUCCEEDED:
            jobs.succeed(lease, OUTCOME, KEEP)
        case JobState.FAILED:
            jobs.fail(lease, BROKEN, KEEP)
        case _:
            jobs.dismiss("a")
    other = jobs.get("other")
    answer = jobs.dismiss("a")
    assert answer is not None
    assert (answer[0].state, answer[1]) == (JobState.REMOVED, end)
    assert jobs.get("a") is None
    assert jobs.results("a") is None
    assert jobs.request("a") is None
    assert jobs.dismiss("a") is None
    assert [job.id for job in jobs.list(ListJobs()).jobs] == ["other"]
    assert jobs.get("other") == other
    assert events(database, "a")[-1] == ("remove", 1)
    assert jobs.expired(10) == ["a"]


def test_jobs_expire_when_their_time_is_over_and_not_before(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    for id, keep in (("long", 20.0), ("short", 10.0)):
        jobs.submit(new(id))
        jobs.succeed(claim(jobs), OUTCOME, keep)
    jobs.submit(new("running"))
    claim(jobs)
    jobs.submit(new("waiting"))
    clock.move(10)
    assert jobs.expired(10) == []
    clock.move(0.001)
    assert jobs.expired(10) == ["short"]
    assert jobs.get("short") is None
    assert events(database, "short")[-1] == ("remove", 1)
    assert jobs.expired(10) == ["short"], "its files may remain: it is named until it is forgotten"
    clock.move(1e6)
    assert sorted(jobs.expired(10)) == ["long", "short"]
    assert got(jobs, "running").state is JobState.RUNNING
    assert got(jobs, "waiting").state is JobState.ACCEPTED


def test_no_more_jobs_expire_at_once_than_asked(jobs: SqlJobs, clock: SetClock) -> None:
    for number in range(5):
        jobs.submit(new(f"{number}"))
        jobs.fail(claim(jobs), BROKEN, number)
    clock.move(1000)
    assert jobs.expired(2) == ["0", "1"]
    jobs.forget(["0", "1"])
    assert jobs.expired(2) == ["2", "3"]


def test_forgetting_deletes_removed_rows_with_their_events_and_no_others(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    for id in ("gone", "stays"):
        jobs.submit(new(id))
    jobs.dismiss("gone")
    jobs.dismiss("gone")
    jobs.forget(["gone", "stays", "unknown"])
    jobs.forget([])
    assert jobs.expired(10) == []
    assert events(database, "gone") == []
    assert got(jobs, "stays").state is JobState.ACCEPTED
    assert events(database, "stays") == [("submit", 0)]


def test_only_ids_that_never_were_or_were_forgotten_are_unknown(jobs: SqlJobs) -> None:
    for id in ("there", "removed", "forgotten"):
        jobs.submit(new(id))
    for id in ("removed", "forgotten"):
        jobs.dismiss(id)
        jobs.dismiss(id)
    jobs.forget(["forgotten"])
    assert jobs.unknown(["there", "never", "removed", "forgotten"]) == ["never", "forgotten"]
    assert jobs.unknown([]) == []


def test_every_transition_leaves_its_event_with_its_attempt(
    jobs: SqlJobs, clock: SetClock, database: Path
) -> None:
    jobs.submit(new("a", attempts=2))
    claim(jobs)
    jobs.recover("w9", KEEP)
    jobs.succeed(claim(jobs), OUTCOME, KEEP)
    clock.move(KEEP + 1)
    jobs.expired(10)
    assert events(database, "a") == [
        ("submit", 0),
        ("claim", 1),
        ("retry", 1),
        ("claim", 2),
        ("succeed", 2),
        ("remove", 2),
    ]


# -- listing -----------------------------------------------------------------------------------------


def pages(jobs: SqlJobs, command: ListJobs) -> list[list[str]]:
    found, after = [], command.after
    while True:
        page = jobs.list(replace(command, after=after))
        found.append([job.id for job in page.jobs])
        if (after := page.older) is None:
            return found


def test_pages_are_newest_first_and_the_last_has_no_cursor(jobs: SqlJobs) -> None:
    for number in range(6):
        jobs.submit(new(f"{number}"))
    assert pages(jobs, ListJobs(limit=4)) == [["5", "4", "3", "2"], ["1", "0"]]
    assert pages(jobs, ListJobs(limit=3)) == [["5", "4", "3"], ["2", "1", "0"]]
    assert pages(jobs, ListJobs(limit=100)) == [["5", "4", "3", "2", "1", "0"]]


def test_what_comes_and_goes_between_two_pages_neither_repeats_nor_skips_a_job(jobs: SqlJobs) -> None:
    for number in range(6):
        jobs.submit(new(f"{number}"))
    first = jobs.list(ListJobs(limit=2))
    jobs.submit(new("new"))
    for _ in range(2):
        jobs.dismiss("4")  # the row that the cursor names: dismissed, then removed
    second = jobs.list(ListJobs(limit=2, after=first.older))
    assert ([job.id for job in first.jobs], [job.id for job in second.jobs]) == (["5", "4"], ["3", "2"])


def test_lists_are_narrowed_by_state_and_process_and_hold_no_synchronous_jobs(jobs: SqlJobs) -> None:
    for number in range(8):
        jobs.submit(new(f"{number}", process=("p", "q")[number % 2]))
    jobs.submit(new("sync", lane=Lane.SYNC, process="p"))
    for _ in range(3):
        jobs.succeed(claim(jobs), OUTCOME, KEEP)
    jobs.dismiss("7")
    cases = [
        (("succeeded",), (), ["2", "1", "0"]),
        (("succeeded",), ("p",), ["2", "0"]),
        (("succeeded", "dismissed"), ("q",), ["7", "1"]),
        ((), ("q",), ["7", "5", "3", "1"]),
        ((), ("p", "q"), ["7", "6", "5", "4", "3", "2", "1", "0"]),
        (("failed",), (), []),
        ((), ("unknown",), []),
    ]
    for states, processes, expected in cases:
        for limit in (1, 2, 3, 50):
            found = pages(jobs, ListJobs(limit, states=states, processes=processes))
            assert [id for page in found for id in page] == expected


@pytest.mark.parametrize("cursor", ["x", "", "-1", "1.", "1.5x", "9" * 19, "1 or 1=1"])
def test_a_cursor_that_is_none_is_refused(jobs: SqlJobs, cursor: str) -> None:
    with pytest.raises(BadParameter) as caught:
        jobs.list(ListJobs(after=cursor))
    assert caught.value.locator == "after"
