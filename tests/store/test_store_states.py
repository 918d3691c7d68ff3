"""Whatever happens to a job, in whatever order, the store moves it as domain.job.TRANSITIONS says or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from storing import BROKEN, KEEP, LEASE, OUTCOME, SetClock, new, store

from azenha.adapters.store.sql import SqlJobs
from azenha.domain.job import CLAIMED, IllegalTransition, JobEvent, JobState, Lane, step
from azenha.usecases.ports import Lease

ATTEMPTS = 3


class Walk:
    """One job, and the state that the table of the domain says it has."""

    def __init__(self, jobs: SqlJobs, clock: SetClock, id: str, created: bool) -> None:
        self.jobs, self.clock, self.id = jobs, clock, id
        self.state = JobState.CREATED if created else JobState.ACCEPTED
        self.attempt = 0
        self.lease: Lease | None = None  # the last that was given, held or lost
        if created:
            jobs.create(new(id, attempts=ATTEMPTS), KEEP)
        else:
            jobs.submit(new(id, attempts=ATTEMPTS))

    def expect(self, event: JobEvent) -> bool:
        """Whether the table has that arrow; goes along it if so."""
        try:
            self.state = step(self.state, event)
        except IllegalTransition:
            return False
        return True

    def do(self, action: str) -> None:
        match action:
            case "start":
                expected = self.expect(JobEvent.START)
                assert (self.jobs.start(self.id, 1000, "queue.length") is not None) == expected
            case "claim":
                expected = self.expect(JobEvent.CLAIM)
                lease = self.jobs.claim("w1", Lane.BACKGROUND, LEASE)
                assert (lease is not None) == expected
                if lease is not None:
                    self.attempt += 1
                    self.lease = lease
            case "succeed" | "fail" | "stale succeed" if self.lease is not None:
                self._end(action, self.lease)
            case "progress" if self.lease is not None:
                self.jobs.progress(self.lease, 50, "half")
            case "lose":
                self._lose()
            case "pause" | "resume":
                self._steer(action)
            case "dismiss":
                event = JobEvent.REMOVE if self.state not in UNENDED else JobEvent.DISMISS
                was, expected = self.state, self.expect(event)
                answer = self.jobs.dismiss(self.id)
                assert (answer is not None) == expected
                assert answer is None or (answer[0].state, answer[1]) == (self.state, was)
            case "expire":
                self.clock.move(KEEP + 1)
                if self.state not in RUNS:
                    self.expect(JobEvent.REMOVE)
                assert (self.id in self.jobs.expired(100)) == (self.state is JobState.REMOVED)

    def _end(self, action: str, lease: Lease) -> None:
        if action == "stale succeed":
            stale = Lease(lease.job, lease.request, lease.worker, lease.attempt - 1)
            assert not self.jobs.succeed(stale, OUTCOME, KEEP)
            return
        possible = self.state in CLAIMED and self.expect(JobEvent(action))
        if action == "succeed":
            assert self.jobs.succeed(lease, OUTCOME, KEEP) == possible
        else:
            assert self.jobs.fail(lease, BROKEN, KEEP) == possible

    def _steer(self, action: str) -> None:
        events = (JobEvent.HOLD, JobEvent.PAUSE) if action == "pause" else (JobEvent.RELEASE, JobEvent.RESUME)
        happened = next((event for event in events if self.expect(event)), None)
        answer = self.jobs.pause(self.id, KEEP) if action == "pause" else self.jobs.resume(self.id)
        if self.state is JobState.REMOVED:
            assert answer is None
        else:
            assert answer is not None
            assert (answer[0].state, answer[1]) == (self.state, happened)

    def _lose(self) -> None:
        moved = self.jobs.recover("w2", KEEP)
        running = self.state in CLAIMED
        assert [job.id for job in moved] == ([self.id] if running else [])
        if running:
            assert self.expect(JobEvent.RETRY if self.attempt < ATTEMPTS else JobEvent.FAIL)

    def check(self) -> None:
        job = self.jobs.get(self.id)
        if self.state is JobState.REMOVED:
            assert job is None
            return
        assert job is not None
        assert (job.state, job.attempt) == (self.state, self.attempt)
        assert (job.finished is not None) == job.ended
        assert (job.expires is not None) == (job.ended or job.state in (JobState.CREATED, JobState.HELD))
        assert (job.failure is not None) == (job.state is JobState.FAILED)


RUNS = (JobState.ACCEPTED, *CLAIMED)
UNENDED = (JobState.CREATED, JobState.HELD, *RUNS)
ACTIONS = (
    "start",
    "claim",
    "claim",
    "succeed",
    "fail",
    "stale succeed",
    "progress",
    "pause",
    "pause",
    "resume",
    "lose",
    "dismiss",
    "expire",
)


@contextmanager
def fresh() -> Iterator[tuple[SqlJobs, SetClock]]:
    clock = SetClock()
    with tempfile.TemporaryDirectory() as folder:
        jobs = store(Path(folder) / "jobs.sqlite", clock)
        try:
            yield jobs, clock
        finally:
            jobs.close()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.sampled_from(ACTIONS), max_size=12), min_size=1, max_size=6))
def test_random_walks_go_where_the_table_of_states_goes(walks: list[list[str]]) -> None:
    with fresh() as (jobs, clock):
        for number, actions in enumerate(walks):
            walk = Walk(jobs, clock, f"job-{number}", created=number % 2 == 1)
            for action in actions:
                walk.do(action)
                walk.check()
            while walk.state is not JobState.REMOVED:  # so that the next walk's job is the only one there
                walk.do("dismiss")
                walk.check()
            jobs.forget([walk.id])
