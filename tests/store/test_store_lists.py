"""Every filter, page and direction of the job list, against a list comprehension over the same jobs."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from storing import START, SetClock, new, store

from azenha.adapters.store import listing
from azenha.adapters.store.rows import micros
from azenha.adapters.store.sql import SqlJobs
from azenha.domain.errors import BadParameter
from azenha.domain.job import ENDED, JobState
from azenha.domain.messages import ListJobs

NOW = START + timedelta(seconds=1000)
COUNT = 400
STATES = [*JobState, JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.FAILED]


@dataclass(frozen=True)
class Made:
    """A job as it was written."""

    seq: int
    id: str
    process: str
    state: JobState
    lane: str
    created: int
    started: int | None
    finished: int | None

    @property
    def lasted(self) -> int | None:
        if self.started is None:
            return None
        if self.state in ENDED:
            return None if self.finished is None else self.finished - self.started
        return micros(NOW) - self.started if self.state is JobState.RUNNING else None


def some(number: int, draw: random.Random) -> Made:
    state = draw.choice(STATES)
    # Several are made at the same moment, and the clock goes back now and then.
    created = micros(START) + draw.randrange(100) * 1_000_000
    ran = state is JobState.RUNNING or (state in ENDED and draw.random() < 0.8)
    started = created + draw.randrange(10) * 1_000_000 if ran else None
    finished = None
    if state in ENDED:
        finished = (started or created) + draw.choice((0, 1, 5, 5, 60)) * 1_000_000
    lane = draw.choice(("background", "background", "background", "sync"))
    return Made(number, f"job-{number}", draw.choice("pqr"), state, lane, created, started, finished)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqlJobs, list[Made]]]:
    database = tmp_path_factory.mktemp("lists") / "jobs.sqlite"
    draw = random.Random(7)
    jobs = store(database, SetClock(NOW))
    all_of_them = [some(number, draw) for number in range(1, COUNT)]
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO job (seq, id, process, state, lane, priority, created, updated, started, finished, progress,"
            " attempt, max_attempts, request, duration) VALUES (?, ?, ?, ?, ?, 0, ?, 0, ?, ?, 0, 0, 1, '{}', ?)",
            [
                (m.seq, m.id, m.process, m.state, m.lane, m.created, m.started, m.finished,
                 m.finished - m.started if m.finished is not None and m.started is not None else None)
                for m in all_of_them
            ],
        )  # fmt: skip
    yield jobs, all_of_them
    jobs.close()


def expected(jobs: list[Made], command: ListJobs) -> list[str]:
    timed = command.shortest is not None or command.longest is not None
    usual = {JobState.RUNNING, *ENDED} if timed else {*JobState} - {JobState.CREATED, JobState.REMOVED}
    states = {JobState(s) for s in command.states} or usual

    def wanted(job: Made) -> bool:
        lasted = job.lasted
        return (
            job.lane == "background"
            and job.state in states
            and (not command.processes or job.process in command.processes)
            and (command.since is None or job.created >= micros(command.since))
            and (command.until is None or job.created <= micros(command.until))
            and (not timed or lasted is not None)
            and (command.shortest is None or (lasted or 0) >= command.shortest * 1_000_000)
            and (command.longest is None or (lasted or 0) <= command.longest * 1_000_000)
        )

    return [j.id for j in sorted(jobs, key=lambda j: (j.created, j.seq), reverse=True) if wanted(j)]


def forwards(jobs: SqlJobs, command: ListJobs) -> tuple[list[str], str | None]:
    """All pages from the first to the last, and the cursor of the page before the last."""
    found: list[str] = []
    page = jobs.list(command)
    assert page.newer is None
    while True:
        found += [job.id for job in page.jobs]
        if page.older is None:
            return found, page.newer
        assert len(page.jobs) == command.limit
        page = jobs.list(replace(command, after=page.older))


def backwards(jobs: SqlJobs, command: ListJobs, before: str | None) -> list[str]:
    found: list[str] = []
    while before is not None:
        page = jobs.list(replace(command, before=before))
        assert page.older is not None
        found = [job.id for job in page.jobs] + found
        before = page.newer
    return found


MOMENTS = [START + timedelta(seconds=s) for s in (0, 20, 50, 99)]


def drawn(number: int) -> ListJobs:
    draw = random.Random(number)
    since, until = sorted(draw.sample(MOMENTS, 2))
    shortest, longest = sorted(draw.choices((0, 1, 5, 60, 900, 990), k=2))
    return ListJobs(
        draw.choice((1, 3, 10, 1000)),
        states=tuple(draw.sample(sorted(set(JobState) - {JobState.REMOVED}), draw.choice((0, 0, 1, 2)))),
        processes=tuple(draw.sample("pqrx", draw.choice((0, 0, 1, 2)))),
        since=draw.choice((None, None, since)),
        until=draw.choice((None, None, until)),
        shortest=draw.choice((None, None, shortest)),
        longest=draw.choice((None, None, longest)),
    )


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("number", range(150))
def test_every_filter_keeps_what_it_says_newest_first_on_pages_that_lead_there_and_back(
    made: tuple[SqlJobs, list[Made]], monkeypatch: pytest.MonkeyPatch, number: int, few: int
) -> None:
    monkeypatch.setattr("azenha.adapters.store.listing.FEW", few)  # durations found by index, or on the walk
    jobs, all_of_them = made
    command = drawn(number)
    found, before = forwards(jobs, command)
    assert found == expected(all_of_them, command)
    last = len(found) % command.limit or command.limit
    assert backwards(jobs, command, before) == (found[:-last] if before is not None else [])


def test_the_drawn_commands_use_every_filter_and_find_something() -> None:
    all_of_them = [some(n, d) for d in [random.Random(7)] for n in range(1, COUNT)]
    all_drawn = [drawn(number) for number in range(150)]
    for name in ("states", "processes", "since", "until", "shortest", "longest"):
        assert any(getattr(c, name) not in (None, ()) for c in all_drawn), name
    assert sum(bool(expected(all_of_them, c)) for c in all_drawn) > 75


def test_created_jobs_are_listed_only_if_they_are_asked_for(jobs: SqlJobs) -> None:
    jobs.create(new("waits"), 60)
    jobs.submit(new("goes"))
    assert [j.id for j in jobs.list(ListJobs()).jobs] == ["goes"]
    assert [j.id for j in jobs.list(ListJobs(states=("created",))).jobs] == ["waits"]
    assert [j.id for j in jobs.list(ListJobs(states=("created", "accepted"))).jobs] == ["goes", "waits"]


def test_a_running_job_lasts_until_now_and_a_queued_one_not_at_all(jobs: SqlJobs, clock: SetClock) -> None:
    jobs.submit(new("running"))
    jobs.claim("w1", jobs.list(ListJobs()).jobs[0].lane, 1000)
    jobs.submit(new("queued"))
    for seconds, found in ((4, []), (1, ["running"]), (100, ["running"])):
        clock.move(seconds)
        assert [j.id for j in jobs.list(ListJobs(shortest=5)).jobs] == found
    assert jobs.list(ListJobs(longest=60)).jobs == []


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize(
    "command", [ListJobs(), ListJobs(shortest=1), ListJobs(states=("failed",), longest=1)]
)
def test_a_cursor_that_is_none_is_refused_whatever_is_asked(
    jobs: SqlJobs, name: str, command: ListJobs
) -> None:
    with pytest.raises(BadParameter) as caught:
        jobs.list(replace(command, **{name: "1.2.3"}))  # type: ignore[arg-type]
    assert caught.value.locator == name


def test_a_page_holds_its_jobs_as_they_are(jobs: SqlJobs, database: Path) -> None:
    one = jobs.submit(new("a"))
    assert jobs.list(ListJobs()).jobs == [one]


def test_a_page_of_other_values_is_found_by_the_statements_that_were_made_before(jobs: SqlJobs) -> None:
    """To make it takes ten times as long as to run it."""
    for number in range(4):
        jobs.submit(new(f"{number}-job", process=f"p{number}"))
    listing._walk.cache_clear()
    found = [jobs.list(ListJobs(2, processes=(f"p{number}",))).jobs for number in range(4)]
    assert [[job.id for job in page] for page in found] == [[f"{number}-job"] for number in range(4)]
    assert listing._walk.cache_info().misses == 1
