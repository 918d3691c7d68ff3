"""Jobs as a worker sees them: who may run which, and record its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from azenha.domain.canonical import StoredRequest
from azenha.domain.job import Failure, Job, JobState, Lane
from azenha.domain.values import Value
from azenha.usecases.ports.line import Handed

LOST: Final = "the worker that ran it was lost (killed, crashed, or the machine went down)"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job and to record its end: (job, attempt, worker), until `until` unless renewed."""

    job: Job
    request: StoredRequest
    worker: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Success:
    outputs: Mapping[str, Sequence[Value]]


class Leases(Protocol):
    """The side of the job table that a worker sees. Every write is fenced by (worker, attempt)."""

    def claim(self, worker: str, lane: Lane, lease: float, handed: Handed | None = None) -> Lease | None:
        """The next job of the lane by priority, then first in first out; None if none waits.

        Args:
            handed: stored before, in the same transaction; nothing happens if it is there already.
        """

    def renew(self, worker: str, lease: float, attempts: Mapping[str, int]) -> Mapping[str, JobState]:
        """Renew the leases of these jobs, and look at them.

        Returns:
            Whether each runs or is paused; without those that are no longer ours (dismissed, lost).
        """

    def progress(self, lease: Lease, progress: int, message: str | None) -> None:
        """Record progress; nothing happens if the lease is lost."""

    def succeed(self, lease: Lease, outcome: Success, keep: float) -> bool:
        """Record success, durable when this returns; False if paused, or not ours any more: nothing was written."""

    def succeed_and_claim(
        self, lease: Lease, outcome: Success, keep: float, next_lease: float, handed: Handed | None = None
    ) -> tuple[Job | None, Lease | None]:
        """`succeed`, and if so `claim` the next job of the same lane in the same transaction.

        Returns:
            The job as it is now, None where `succeed` is False; the next.
        """

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        """As `Jobs.dismiss`: of a job that nobody waits for any more."""

    def fail(self, lease: Lease, failure: Failure, keep: float) -> bool:
        """Record failure; as `succeed`."""

    def retry(self, lease: Lease, reason: str) -> bool:
        """Put the job back into the queue; False if no attempt is left, or the lease is lost."""

    def recover(self, worker: str | None, keep: float, reason: str = LOST) -> list[Job]:
        """Retry or fail every claimed job whose lease ran out; with `worker`, also those of all other workers.

        Args:
            reason: why they did not end, for people.
        """

    def expired(self, limit: int) -> list[str]:
        """Remove up to `limit` jobs past their time (state REMOVED); ids of all removed jobs whose files remain."""

    def unknown(self, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that are no jobs, in any state."""

    def forget(self, ids: Sequence[str]) -> None:
        """Delete the rows of removed jobs, after their files."""
