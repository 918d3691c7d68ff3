"""The ports in memory: a job table that follows the real one's contract, driven by the test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azenha.domain.callbacks import Standing
from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import QueueFull
from azenha.domain.job import ENDED, Failure, Job, JobEvent, JobState, Lane, sources, step
from azenha.domain.messages import ListJobs
from azenha.domain.values import Value
from azenha.usecases.ports import JobPage, NewJob

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


class FakeJobs:
    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.new: dict[str, NewJob] = {}
        self.outputs: dict[str, Mapping[str, tuple[Value, ...]]] = {}
        self.refuses: Exception | None = None
        self.between: Callable[[], object] | None = None  # what another client does just before a change

    # -- what a worker would do

    def move(self, id: str, event: JobEvent, **changes: object) -> Job:
        job = self.jobs[id]
        self.jobs[id] = replace(job, state=step(job.state, event), **changes)  # type: ignore[arg-type]
        return self.jobs[id]

    def succeed(self, id: str, **outputs: Value | tuple[Value, ...]) -> Job:
        self.outputs[id] = {k: v if isinstance(v, tuple) else (v,) for k, v in outputs.items()}
        if self.jobs[id].state is JobState.ACCEPTED:
            self.move(id, JobEvent.CLAIM, attempt=1)
        return self.move(id, JobEvent.SUCCEED, progress=100)

    def fail(self, id: str, failure: Failure) -> Job:
        return self.move(id, JobEvent.FAIL, failure=failure)

    # -- Jobs

    def submit(self, new: NewJob) -> Job:
        return self._insert(new, JobState.ACCEPTED)

    def create(self, new: NewJob, keep: float) -> Job:
        job = self._insert(new, JobState.CREATED)
        self.jobs[new.id] = replace(job, expires=job.created + timedelta(seconds=keep))
        return self.jobs[new.id]

    def change(self, id: str, request: StoredRequest, seen: datetime) -> Job | None:
        if self.between is not None:
            self.between, between = None, self.between
            between()
        job = self.jobs.get(id)
        if job is None or job.state is not JobState.CREATED or job.updated != seen:
            return None
        self.new[id] = replace(self.new[id], request=request)
        self.jobs[id] = replace(job, updated=seen + timedelta(microseconds=1))
        return self.jobs[id]

    def start(self, id: str, limit: int, setting: str) -> Job | None:
        if self.between is not None:
            self.between, between = None, self.between
            between()
        job = self.jobs.get(id)
        if job is None or job.state is not JobState.CREATED:
            return None
        self._check_room(JobState.ACCEPTED, job.lane, limit, setting)
        return self.move(id, JobEvent.START, expires=None)

    def _check_room(self, state: JobState, lane: Lane, limit: int, setting: str) -> None:
        if len([j for j in self.jobs.values() if j.state is state and j.lane is lane]) >= limit:
            raise QueueFull(limit, setting)

    def _insert(self, new: NewJob, state: JobState) -> Job:
        if self.refuses:
            raise self.refuses
        self._check_room(state, new.lane, new.queue_limit, new.queue_setting)
        moment = NOW + timedelta(seconds=len(self.jobs))
        job = Job(new.id, new.request.process, state, new.lane, moment, moment)
        self.jobs[new.id], self.new[new.id] = job, new
        return job

    def get(self, id: str) -> Job | None:
        return self.jobs.get(id)

    def request(self, id: str) -> StoredRequest | None:
        return self.new[id].request if id in self.new else None

    def results(self, id: str) -> tuple[Job, StoredRequest, Mapping[str, tuple[Value, ...]]] | None:
        job = self.jobs.get(id)
        return None if job is None else (job, self.new[id].request, self.outputs.get(id, {}))

    def callbacks(self, id: str) -> tuple[Standing, ...]:
        return ()

    def list(self, command: ListJobs) -> JobPage:
        newest = sorted(self.jobs.values(), key=lambda j: j.created, reverse=True)
        start = int(command.after or 0)
        page = newest[start : start + command.limit]
        end = start + len(page)
        return JobPage(page, str(end) if end < len(newest) else None)

    def pause(self, id: str, keep: float) -> tuple[Job, JobEvent | None] | None:
        return self._steer(id, JobEvent.HOLD, JobEvent.PAUSE)

    def resume(self, id: str) -> tuple[Job, JobEvent | None] | None:
        return self._steer(id, JobEvent.RELEASE, JobEvent.RESUME)

    def _steer(self, id: str, *events: JobEvent) -> tuple[Job, JobEvent | None] | None:
        if self.between is not None:
            self.between, between = None, self.between
            between()
        job = self.jobs.get(id)
        if job is None or job.state is JobState.REMOVED:
            return None
        happens = next((event for event in events if job.state in sources(event)), None)
        return (self.move(id, happens) if happens else job), happens

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        job = self.jobs.get(id)
        if job is None or job.state is JobState.REMOVED:
            return None
        return self.move(id, JobEvent.REMOVE if job.state in ENDED else JobEvent.DISMISS), job.state


class FakeFolders:
    def __init__(self, root: Path) -> None:
        self.root = root

    def inputs(self, job: str) -> Path:
        return self.root / "inputs" / job

    def work(self, job: str, attempt: int) -> Path:
        return self.root / "work" / job / str(attempt)

    def log(self, job: str) -> Path:
        return self.root / "logs" / f"{job}.log"

    def remove(self, job: str) -> None:
        for name in ("inputs", "work"):
            shutil.rmtree(self.root / name / job, ignore_errors=True)
        self.log(job).unlink(missing_ok=True)


class FakeBlobs:
    """Where results would be; nothing is kept here."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def place(self, job: str, attempt: int) -> str:
        return str(self.root / "results" / job / str(attempt))

    def served(self, job: str, attempt: int) -> str:
        return self.place(job, attempt)


class FakeWake:
    def __init__(self) -> None:
        self.lanes: list[Lane] = []
        self.interrupted: list[str] = []

    def offered(self, lane: Lane) -> None:
        self.lanes.append(lane)

    def interrupt(self, job: str) -> None:
        self.interrupted.append(job)
