"""A job store on a real SQLite file, under a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from azenha.adapters.store.migrate import migrate
from azenha.adapters.store.sql import SqlJobs
from azenha.domain.canonical import StoredRequest
from azenha.domain.job import Failure, FailureKind, Job, Lane
from azenha.domain.messages import Asked
from azenha.domain.values import Literal, Value
from azenha.usecases.ports import Lease, NewJob, Success

START = datetime(2026, 11, 24, 9, 30, 15, 123456, tzinfo=UTC)
KEEP, KEEP_SYNC = 1000.0, 100.0
LEASE = 30.0
BROKEN = Failure(FailureKind.PROCESS, "ValueError: no", "0000-1", "band")
OUTCOME = Success({"sum": (Literal(5, "m"),)})
NUMBERS = count(1)


@dataclass
class SetClock:
    """Stands still until it is moved."""

    at: datetime = field(default=START)

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def store(database: Path, clock: SetClock) -> SqlJobs:
    migrate(database, database.parent / "backups")
    return SqlJobs(database, clock, keep=KEEP, keep_sync=KEEP_SYNC)


def request(process: str = "echo", inputs: Mapping[str, tuple[Value, ...]] | None = None) -> StoredRequest:
    return StoredRequest(process, "1.0.0", inputs or {"n": (Literal(2),)}, None, Asked("ogcapi", "1.0"))


def new(
    id: str | None = None,
    *,
    process: str = "echo",
    lane: Lane = Lane.BACKGROUND,
    priority: int = 0,
    attempts: int = 1,
    limit: int = 1000,
) -> NewJob:
    id = id or f"{next(NUMBERS):08d}-job"
    return NewJob(id, request(process), lane, priority, attempts, limit, "queue.length")


def claim(jobs: SqlJobs, worker: str = "w1", lane: Lane = Lane.BACKGROUND, lease: float = LEASE) -> Lease:
    taken = jobs.claim(worker, lane, lease)
    assert taken is not None
    return taken


def got(jobs: SqlJobs, id: str) -> Job:
    job = jobs.get(id)
    assert job is not None
    return job
