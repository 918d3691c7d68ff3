"""Jobs as clients see them: their table, their files, and the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from azenha.domain.callbacks import Standing
from azenha.domain.canonical import StoredRequest
from azenha.domain.job import Job, JobEvent, JobState, Lane
from azenha.domain.messages import ListJobs
from azenha.domain.values import Value


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be stored. `queue_limit`: how many of its lane may wait already."""

    id: str
    request: StoredRequest
    lane: Lane
    priority: int
    max_attempts: int
    queue_limit: int
    queue_setting: str


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first; the cursors of the pages of older (`after`) and of newer jobs (`before`), or None."""

    jobs: Sequence[Job]
    older: str | None = None
    newer: str | None = None


class Jobs(Protocol):
    """The side of the job table that clients see."""

    def submit(self, new: NewJob) -> Job:
        """Store a job as accepted; a background job is safe from a loss of power when this returns.

        One that a worker stored already, having been handed it, stays as it is, and is given back.

        Raises:
            QueueFull: `queue_limit` jobs of its lane wait already; nothing was stored.
        """

    def create(self, new: NewJob, keep: float) -> Job:
        """Store a job as created; safe from a loss of power when this returns.

        Args:
            keep: seconds within which it must be started; then it is removed.
        Raises:
            QueueFull: `queue_limit` created jobs are there already; nothing was stored.
        """

    def change(self, id: str, request: StoredRequest, seen: datetime) -> Job | None:
        """Give a created job another request.

        Args:
            seen: `updated` of the job that the change was made for.
        Returns:
            The job as it is now; None if it was changed meanwhile, or is not created any more.
        """

    def start(self, id: str, limit: int, setting: str) -> Job | None:
        """Accept a created job; None if it is not created any more, or was never there.

        Raises:
            QueueFull: `limit` (named by `setting`) jobs wait already; it stays created.
        """

    def get(self, id: str) -> Job | None: ...

    def request(self, id: str) -> StoredRequest | None: ...

    def results(self, id: str) -> tuple[Job, StoredRequest, Mapping[str, tuple[Value, ...]]] | None:
        """Record, request and outputs in one read; outputs empty unless it succeeded."""

    def callbacks(self, id: str) -> tuple[Standing, ...]:
        """How the callbacks of a job stand; empty where none was asked for."""

    def list(self, command: ListJobs) -> JobPage:
        """A page of the background jobs, by the filters of the command.

        Raises:
            BadParameter: a cursor is none.
        """

    def pause(self, id: str, keep: float) -> tuple[Job, JobEvent | None] | None:
        """Hold a background job that waits, or pause one that runs; one conditional UPDATE decides.

        Args:
            keep: seconds that it may be held; then it is removed.
        Returns:
            The job as it is now and what happened, HOLD, PAUSE or nothing; None if there is no such job.
        """

    def resume(self, id: str) -> tuple[Job, JobEvent | None] | None:
        """Release a held job, with the place in the queue that it had, or resume a paused one; as `pause`."""

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        """Dismiss a job that has not ended, or remove one that has; one conditional UPDATE decides.

        Returns:
            The job as it is now and the state that it was in; None if there is no such job.
        """


class Folders(Protocol):
    """Where a job's files are, but for those of its results (see blobs)."""

    def inputs(self, job: str) -> Path: ...

    def workdir(self) -> Path:
        """An empty folder to work in, given to nobody else."""

    def done_with(self, workdir: Path) -> bool:
        """Take an empty one back; False if it is not empty, or gone: then it is the caller's to remove."""

    def log(self, job: str) -> Path: ...

    def jobs(self, older: float) -> list[str]:
        """Jobs that have folders for inputs, untouched for `older` seconds."""

    def remove(self, job: str) -> None:
        """Delete everything of a job. Nothing happens where there is nothing."""
