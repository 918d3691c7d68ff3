"""`wps:StatusInfo` (OGC 14-065r2 §9.10): how a job stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from azenha.domain.job import Job, JobState
from azenha.protocols.wps.states import V2
from azenha.protocols.xml_write import Tag

ACCEPTED: Final = V2[JobState.ACCEPTED]
DISMISSED: Final = V2[JobState.DISMISSED]
FIRST_POLL: Final = 1.0  # seconds
LAST_POLL: Final = 60.0
_PATIENCE: Final = 0.1  # of the time that a job took so far


def status_info(job: Job, now: datetime, word: str | None = None) -> Tag:
    """How a job stands.

    Args:
        word: the status, where it is not that of the job: an Execute is always answered with Accepted.
    """
    told = word or V2[job.state]
    live = not job.ended and told != DISMISSED
    return Tag(
        "wps:StatusInfo",
        Tag("wps:JobID", job.id),
        Tag("wps:Status", told),
        Tag("wps:ExpirationDate", instant(job.expires)) if job.expires and job.ended and not word else None,
        Tag("wps:EstimatedCompletion", instant(estimate))
        if live and (estimate := _estimate(job, now))
        else None,
        Tag("wps:NextPoll", instant(_next_poll(job, now))) if live else None,
        Tag("wps:PercentCompleted", str(_percent(job))) if told in _WITH_PERCENT else None,
    )


_WITH_PERCENT: Final = frozenset(
    V2[state] for state in JobState if state not in (JobState.FAILED, JobState.DISMISSED, JobState.REMOVED)
)


def _percent(job: Job) -> int:
    return 100 if job.state is JobState.SUCCEEDED else min(job.progress, 100)


def _estimate(job: Job, now: datetime) -> datetime | None:
    """When it will end if it goes on as it went; None as long as it has not told how far it is."""
    if job.state is not JobState.RUNNING or job.started is None or job.progress <= 0:
        return None
    return max(now, job.started + (now - job.started) * (100 / min(job.progress, 100)))


def _next_poll(job: Job, now: datetime) -> datetime:
    """The longer it took, the less matters how soon its end is heard of."""
    waited = (now - job.created).total_seconds()
    return now + timedelta(seconds=min(max(FIRST_POLL, waited * _PATIENCE), LAST_POLL))


def instant(time: datetime) -> str:
    """In UTC, with milliseconds (§9.10)."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
