"""The queue of callbacks: what falls due with what, who gets it, and how it ends."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from storing import BROKEN, KEEP, OUTCOME, SetClock, claim, got, new, store
from test_store_races import ROUNDS, together
from test_store_statements import said  # noqa: F401 - a fixture

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.callbacks import CallbackState, Occasion, Subscriber
from azenha.domain.job import JobState, Lane
from azenha.usecases.ports import DueCallback, NewJob

ALL = Subscriber("http://x.example/ok?t=1", "http://x.example/on", "http://x.example/no", "http://me")
ENDS = Subscriber("http://x.example/ok?t=1", None, "http://x.example/no", "http://me")
S = CallbackState


def asking(
    id: str, subscriber: Subscriber | None = ENDS, attempts: int = 1, lane: Lane = Lane.BACKGROUND
) -> NewJob:
    job = new(id, attempts=attempts, lane=lane)
    return replace(job, request=replace(job.request, subscriber=subscriber))


def due(jobs: SqlJobs, worker: str = "w1", lease: float = 60) -> DueCallback:
    found = jobs.claim_callback(worker, lease)
    assert found is not None
    return found


def states(jobs: SqlJobs, id: str) -> dict[Occasion, CallbackState]:
    return {one.occasion: one.state for one in jobs.callbacks(id)}


def nothing_due(jobs: SqlJobs) -> bool:
    return jobs.claim_callback("w9", 60) is None


# -- what falls due --------------------------------------------------------------------------------


def test_before_the_end_nothing_is_due_and_a_job_without_subscriber_never_has_any(jobs: SqlJobs) -> None:
    jobs.submit(asking("a"))
    jobs.submit(asking("b", None))
    claim(jobs)
    jobs.succeed(claim(jobs), OUTCOME, KEEP)
    assert nothing_due(jobs)
    assert states(jobs, "a") == {Occasion.SUCCESS: S.ASKED, Occasion.FAILED: S.ASKED}
    assert jobs.callbacks("b") == ()


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("how", ["succeed", "succeed_and_claim", "fail", "recover", "dismiss"])
def test_the_end_of_a_job_makes_what_tells_of_it_due_and_drops_the_other(
    jobs: SqlJobs, clock: SetClock, how: str, lane: Lane
) -> None:
    jobs.submit(asking("a", lane=lane))
    lease = claim(jobs, lane=lane)
    match how:
        case "succeed":
            jobs.succeed(lease, OUTCOME, KEEP)
        case "succeed_and_claim":
            jobs.succeed_and_claim(lease, OUTCOME, KEEP, 30)
        case "fail":
            jobs.fail(lease, BROKEN, KEEP)
        case "recover":
            jobs.recover("w2", KEEP)
        case "dismiss":
            jobs.dismiss("a")
    told, other = Occasion.FAILED, Occasion.SUCCESS
    if how.startswith("succeed"):
        told, other = other, told
    found = due(jobs)
    assert (found.job, found.occasion, found.address) == ("a", told, ENDS.addresses[told])
    assert (found.attempt, found.since) == (1, clock.now())
    assert states(jobs, "a") == {told: S.WAITING, other: S.DROPPED}
    assert nothing_due(jobs)


def test_a_job_that_is_tried_again_has_not_ended(jobs: SqlJobs) -> None:
    jobs.submit(asking("a", attempts=2))
    jobs.retry(claim(jobs), "lost")
    assert nothing_due(jobs)
    jobs.fail(claim(jobs), BROKEN, KEEP)
    assert due(jobs).occasion is Occasion.FAILED


def test_whoever_lost_the_lease_makes_nothing_due(jobs: SqlJobs) -> None:
    jobs.submit(asking("a"))
    lease = claim(jobs)
    jobs.dismiss("a")
    due(jobs)
    assert not jobs.succeed(lease, OUTCOME, KEEP)
    assert states(jobs, "a")[Occasion.SUCCESS] is S.DROPPED
    assert nothing_due(jobs)


def test_a_created_job_keeps_it_when_it_is_started_and_a_change_replaces_it(jobs: SqlJobs) -> None:
    jobs.create(asking("a"), 100)
    jobs.start("a", 10, "queue.length")
    jobs.succeed(claim(jobs), OUTCOME, KEEP)
    assert due(jobs).address == ENDS.success

    created = jobs.create(asking("b"), 100)
    other = replace(asking("b").request, subscriber=Subscriber(failed="http://z.example"))
    changed = jobs.change("b", other, created.updated)
    assert changed is not None
    assert states(jobs, "b") == {Occasion.FAILED: S.ASKED}
    nobody = replace(other, subscriber=None)
    assert jobs.change("b", nobody, changed.updated) is not None
    assert jobs.callbacks("b") == ()


# -- progress --------------------------------------------------------------------------------------


def test_progress_is_told_when_the_job_begins_and_then_once_in_a_while(
    jobs: SqlJobs, clock: SetClock
) -> None:
    jobs.submit(asking("a", ALL))
    lease = claim(jobs)
    begun = due(jobs)
    assert begun.occasion is Occasion.IN_PROGRESS
    jobs.callback_ended(begun, S.DELIVERED, "204")
    clock.move(1)
    for percent in (10, 20, 30):
        jobs.progress(lease, percent, None)
    assert nothing_due(jobs)
    clock.move(4)
    later = due(jobs)
    assert later.occasion is Occasion.IN_PROGRESS
    assert later.message != begun.message
    assert later.attempt == 1


def test_progress_while_one_waits_replaces_it_and_adds_none(jobs: SqlJobs, clock: SetClock) -> None:
    jobs.submit(asking("a", ALL))
    lease = claim(jobs)
    waiting = due(jobs)
    jobs.callback_again(waiting, 30, "503")
    for percent in (10, 20):
        clock.move(10)
        jobs.progress(lease, percent, None)
    assert nothing_due(jobs)
    clock.move(10)
    assert due(jobs).message == waiting.message
    assert nothing_due(jobs)


@pytest.mark.parametrize("state", [S.REFUSED, S.GIVEN_UP])
def test_who_refused_progress_or_could_not_be_reached_gets_no_more(
    jobs: SqlJobs, clock: SetClock, state: CallbackState
) -> None:
    jobs.submit(asking("a", ALL))
    lease = claim(jobs)
    jobs.callback_ended(due(jobs), state, "410")
    clock.move(100)
    jobs.progress(lease, 50, None)
    assert nothing_due(jobs)


def test_progress_that_was_dropped_between_two_attempts_of_the_job_is_told_of_the_second(
    jobs: SqlJobs, clock: SetClock
) -> None:
    jobs.submit(asking("a", ALL, attempts=2))
    lease = claim(jobs)
    jobs.retry(lease, "lost")
    jobs.callback_ended(due(jobs), S.DROPPED, "the job does not run")
    clock.move(10)
    assert nothing_due(jobs)
    claim(jobs)
    assert due(jobs).occasion is Occasion.IN_PROGRESS


def test_an_end_drops_progress_that_was_not_told_yet(jobs: SqlJobs) -> None:
    jobs.submit(asking("a", ALL))
    jobs.succeed(claim(jobs), OUTCOME, KEEP)
    assert due(jobs).occasion is Occasion.SUCCESS
    assert nothing_due(jobs)
    assert states(jobs, "a")[Occasion.IN_PROGRESS] is S.DROPPED


# -- claims ----------------------------------------------------------------------------------------


@pytest.fixture
def ended(jobs: SqlJobs) -> SqlJobs:
    jobs.submit(asking("a"))
    jobs.succeed(claim(jobs), OUTCOME, KEEP)
    return jobs


def test_the_first_that_fell_due_comes_first(jobs: SqlJobs, clock: SetClock) -> None:
    for id in ("a", "b", "c"):
        jobs.submit(asking(id))
        jobs.succeed(claim(jobs), OUTCOME, KEEP)
        clock.move(1)
    assert [due(jobs).job for _ in range(3)] == ["a", "b", "c"]


def test_what_is_claimed_and_never_recorded_is_due_again_with_the_same_name(
    ended: SqlJobs, clock: SetClock
) -> None:
    first = due(ended, lease=60)
    clock.move(59)
    assert nothing_due(ended)
    clock.move(1)
    second = due(ended)
    assert (second.message, second.attempt, second.since) == (first.message, 2, first.since)
    assert not ended.callback_ended(first, S.DELIVERED, "204"), "the first claim had run out"
    assert ended.callback_ended(second, S.DELIVERED, "204")


def test_what_a_dead_worker_claimed_is_due_at_once_and_what_waits_for_its_time_is_not(
    ended: SqlJobs, clock: SetClock
) -> None:
    first = due(ended, "w1")
    ended.recover_callbacks("w1")
    assert nothing_due(ended)
    ended.recover_callbacks("w2")
    again = due(ended, "w2")
    assert again.message == first.message
    ended.callback_again(again, 500, "503")
    ended.recover_callbacks("w3")
    assert nothing_due(ended)


def test_a_failed_attempt_waits_and_an_end_is_final(ended: SqlJobs, clock: SetClock) -> None:
    assert ended.callback_again(due(ended), 5, "503 Service Unavailable")
    standing = ended.callbacks("a")[-1]
    assert (standing.occasion, standing.attempts, standing.said) == (
        Occasion.SUCCESS,
        1,
        "503 Service Unavailable",
    )
    assert standing.place == "http://x.example"
    assert nothing_due(ended)
    clock.move(5)
    assert ended.callback_ended(due(ended), S.DELIVERED, "204 No Content")
    clock.move(10_000)
    assert nothing_due(ended)


def test_a_job_that_is_removed_takes_its_callbacks_along(ended: SqlJobs, clock: SetClock) -> None:
    claimed = due(ended)
    ended.dismiss("a")
    assert ended.callbacks("a") == ()
    assert not ended.callback_again(claimed, 0, "503")
    assert nothing_due(ended)


def test_so_does_retention(ended: SqlJobs, clock: SetClock) -> None:
    clock.move(KEEP + 1)
    assert ended.expired(10) == ["a"]
    assert nothing_due(ended)
    assert ended.callbacks("a") == ()


# -- races -----------------------------------------------------------------------------------------


def test_no_callback_is_claimed_twice(jobs: SqlJobs, database: Path, clock: SetClock) -> None:
    other = store(database, clock)
    for number in range(ROUNDS):
        jobs.submit(asking(f"{number}"))
        jobs.succeed(claim(jobs), OUTCOME, KEEP)

    def take(store: SqlJobs, worker: str) -> list[str]:
        taken = []
        while (found := store.claim_callback(worker, 60)) is not None:
            taken.append(found.job)
        return taken

    lists = together(*[partial(take, s, f"w{n}") for n, s in enumerate((jobs, other, jobs, other))])
    claimed = [id for taken in lists for id in taken]  # type: ignore[attr-defined]
    assert sorted(claimed, key=int) == [f"{n}" for n in range(ROUNDS)]
    other.close()


def test_of_an_end_and_a_dismissal_exactly_one_is_told(
    jobs: SqlJobs, database: Path, clock: SetClock
) -> None:
    web = store(database, clock)
    for number in range(ROUNDS):
        id = f"{number}"
        jobs.submit(asking(id))
        lease = claim(jobs)
        ended, _ = together(partial(jobs.succeed, lease, OUTCOME, KEEP), partial(web.dismiss, id))
        if ended:  # the dismissal then removed it, and nothing is left to be told
            assert nothing_due(jobs)
        else:
            assert due(jobs).occasion is Occasion.FAILED
            assert nothing_due(jobs)
            assert got(jobs, id).state is JobState.DISMISSED
    web.close()


# -- what is said to SQLite ------------------------------------------------------------------------


@pytest.fixture
def heard(said: list[str], database: Path, clock: SetClock) -> Iterator[SqlJobs]:  # noqa: F811
    jobs = store(database, clock)
    said.clear()
    yield jobs
    jobs.close()


def test_every_look_at_the_queue_and_every_end_goes_by_an_index(
    heard: SqlJobs,
    database: Path,
    said: list[str],  # noqa: F811
) -> None:
    heard.submit(asking("a", ALL))
    lease = claim(heard)
    heard.callback_ended(due(heard), S.DELIVERED, "204")
    heard.progress(lease, 10, None)
    heard.succeed(lease, OUTCOME, KEEP)
    heard.callback_again(due(heard), 5, "503")
    heard.recover_callbacks("w2")
    heard.callbacks("a")
    heard.dismiss("a")
    statements = [s for s in said if re.match(r"(SELECT|UPDATE|DELETE)[^;]*\bcallback\b", s)]
    assert len(statements) >= 9
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            steps = "\n".join(str(row[-1]) for row in rows)
            assert re.search(r"USING (COVERING )?INDEX callback_", steps), f"{statement}\n{steps}"
            # By the partial index, whose size follows what waits: a scan of it is none of the history.
            assert not re.search(r"SCAN callback\b(?! USING (COVERING )?INDEX callback_due)", steps), (
                statement
            )
            assert "TEMP B-TREE" not in steps, statement


def test_an_idle_sender_does_not_write_and_a_job_that_tells_nobody_writes_no_callback(
    heard: SqlJobs,
    said: list[str],  # noqa: F811
) -> None:
    heard.submit(new("a"))
    lease = claim(heard)
    heard.progress(lease, 10, None)
    heard.succeed(lease, OUTCOME, KEEP)
    assert not [s for s in said if "callback" in s]
    assert nothing_due(heard)
    assert [s for s in said if "callback" in s and s.startswith("SELECT")]
    assert not [s for s in said if re.match(r"(INSERT|UPDATE|DELETE).*callback", s)]
