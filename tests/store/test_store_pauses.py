"""Jobs that are held or paused: their place, their room, their time, and who wins a race."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from storing import KEEP, LEASE, OUTCOME, SetClock, claim, got, new, store
from test_store_races import ROUNDS, together

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.errors import QueueFull
from azenha.domain.job import JobEvent, JobState, Lane
from azenha.domain.messages import ListJobs


def test_a_held_job_is_not_claimed_and_keeps_its_place_and_priority(jobs: SqlJobs) -> None:
    for id, priority in (("a", 0), ("b", 0), ("urgent", 5)):
        jobs.submit(new(id, priority=priority))
    for id in ("a", "urgent"):
        jobs.pause(id, KEEP)
    assert claim(jobs).job.id == "b"
    assert jobs.claim("w1", Lane.BACKGROUND, LEASE) is None
    jobs.submit(new("later"))
    jobs.resume("a")
    jobs.resume("urgent")
    assert [claim(jobs).job.id for _ in range(3)] == ["urgent", "a", "later"]


def test_held_jobs_take_room_in_the_queue_and_paused_ones_do_not(jobs: SqlJobs) -> None:
    for id in ("held", "runs"):
        jobs.submit(new(id, limit=2))
    jobs.pause("held", KEEP)
    with pytest.raises(QueueFull):
        jobs.submit(new("c", limit=2))
    claim(jobs)
    jobs.pause("runs", KEEP)
    jobs.submit(new("c", limit=2))


def test_jobs_of_synchronous_requests_are_neither_held_nor_paused(jobs: SqlJobs) -> None:
    jobs.submit(new("a", lane=Lane.SYNC))
    assert jobs.pause("a", KEEP) == (got(jobs, "a"), None)
    claim(jobs, lane=Lane.SYNC)
    assert jobs.pause("a", KEEP) == (got(jobs, "a"), None)
    assert got(jobs, "a").state is JobState.RUNNING


def test_a_held_job_expires_and_one_that_was_released_does_not(jobs: SqlJobs, clock: SetClock) -> None:
    for id in ("held", "released"):
        jobs.submit(new(id))
        jobs.pause(id, KEEP)
        assert got(jobs, id).expires == clock.at + timedelta(seconds=KEEP)
    jobs.resume("released")
    clock.move(KEEP + 1)
    assert jobs.expired(10) == ["held"]
    assert got(jobs, "released").state is JobState.ACCEPTED


def test_what_a_job_said_before_it_stood_still_is_recorded(jobs: SqlJobs) -> None:
    jobs.submit(new("a"))
    lease = claim(jobs)
    jobs.pause("a", KEEP)
    jobs.progress(lease, 40, "half way")
    job = got(jobs, "a")
    assert (job.state, job.progress, job.message) == (JobState.PAUSED, 40, "half way")


def test_a_worker_that_renews_its_leases_sees_which_jobs_are_paused(jobs: SqlJobs, clock: SetClock) -> None:
    for id in ("a", "b", "gone"):
        jobs.submit(new(id))
        claim(jobs)
    jobs.pause("b", KEEP)
    jobs.dismiss("gone")
    clock.move(LEASE - 1)
    seen = jobs.renew("w1", LEASE, dict.fromkeys(("a", "b", "gone"), 1))
    assert seen == {"a": JobState.RUNNING, "b": JobState.PAUSED}
    clock.move(LEASE - 1)
    assert jobs.recover(None, KEEP) == []


@pytest.mark.parametrize(("attempts", "state"), [(1, JobState.FAILED), (2, JobState.ACCEPTED)])
def test_a_paused_job_is_lost_with_its_worker(
    jobs: SqlJobs, clock: SetClock, attempts: int, state: JobState
) -> None:
    jobs.submit(new("a", attempts=attempts))
    claim(jobs)
    jobs.pause("a", KEEP)
    clock.move(LEASE + 1)
    (lost,) = jobs.recover(None, KEEP)
    assert (lost.id, lost.state) == ("a", state)


def test_a_paused_job_is_listed_as_one_that_has_been_running(jobs: SqlJobs, clock: SetClock) -> None:
    jobs.submit(new("a"))
    claim(jobs)
    jobs.pause("a", KEEP)
    clock.move(10)
    assert [j.id for j in jobs.list(ListJobs(shortest=9)).jobs] == ["a"]
    assert [j.id for j in jobs.list(ListJobs()).jobs] == ["a"]


# -- races ------------------------------------------------------------------------------------------


def test_of_a_pause_and_a_success_the_first_decides(jobs: SqlJobs, database: Path, clock: SetClock) -> None:
    web = store(database, clock)
    for number in range(ROUNDS):
        id = f"{number}"
        jobs.submit(new(id))
        lease = claim(jobs)
        ended, paused = together(partial(jobs.succeed, lease, OUTCOME, KEEP), partial(web.pause, id, KEEP))
        assert isinstance(paused, tuple)
        if ended:
            assert (paused[0].state, paused[1]) == (JobState.SUCCEEDED, None)
        else:
            assert (paused[0].state, paused[1]) == (JobState.PAUSED, JobEvent.PAUSE)
            assert got(jobs, id).state is JobState.PAUSED
            web.resume(id)
            assert jobs.succeed(lease, OUTCOME, KEEP)
    web.close()


def test_a_pause_and_a_claim_hold_the_job_or_pause_it_and_never_both(
    jobs: SqlJobs, database: Path, clock: SetClock
) -> None:
    web = store(database, clock)
    for number in range(ROUNDS):
        id = f"{number}"
        jobs.submit(new(id))
        lease, paused = together(
            partial(jobs.claim, "w1", Lane.BACKGROUND, LEASE), partial(web.pause, id, KEEP)
        )
        assert isinstance(paused, tuple)
        expected = (JobState.HELD, JobEvent.HOLD) if lease is None else (JobState.PAUSED, JobEvent.PAUSE)
        assert (paused[0].state, paused[1]) == expected
        assert got(jobs, id).attempt == (0 if lease is None else 1)
        web.dismiss(id)
    web.close()


def test_of_two_pauses_at_once_one_happens_and_the_other_finds_it_done(jobs: SqlJobs) -> None:
    for number in range(ROUNDS):
        id = f"{number}"
        jobs.submit(new(id))
        answers = together(partial(jobs.pause, id, KEEP), partial(jobs.pause, id, KEEP))
        events = [answer[1] for answer in answers if isinstance(answer, tuple)]
        assert sorted(events, key=str) == [None, JobEvent.HOLD]
