"""Jobs that wait at a client's wish: held in the queue, or stopped while they run (ours, in no standard).

Asked again, nothing happens: the answer is the status. Jobs of synchronous requests are not paused: their client
waits for them and knows no id.
"""

from __future__ import annotations

from azenha.domain.errors import JobStateConflict, NoSuchJob, PauseNotOffered
from azenha.domain.job import CLAIMED, Job, JobEvent, JobState, Lane
from azenha.domain.messages import Pause, Resume, Status
from azenha.domain.process import Catalogue, JobControl
from azenha.usecases.jobs import status
from azenha.usecases.ports import Jobs, Wake

_WAITS = (JobState.HELD, JobState.PAUSED)
_GOES_ON = (JobState.ACCEPTED, JobState.RUNNING)


def pause(command: Pause, catalogue: Catalogue, jobs: Jobs, wake: Wake, keep: float) -> Status:
    """Hold a job that waits, or stop one that runs.

    Args:
        keep: seconds that it may be held.
    Raises:
        NoSuchJob
        PauseNotOffered: by its process, or to synchronous requests.
        JobStateConflict: it is only created, or has ended.
    """
    refused = _refused(status(command.job, jobs), catalogue)
    if refused is not None:
        raise PauseNotOffered(refused)
    return _answer(command.job, jobs.pause(command.job, keep), _WAITS, "paused", catalogue, wake)


def resume(command: Resume, catalogue: Catalogue, jobs: Jobs, wake: Wake) -> Status:
    """Let a job that was held wait for a slot again, or one that was paused go on.

    Raises:
        NoSuchJob
        PauseNotOffered: by its process; what is paused already can be resumed all the same.
        JobStateConflict: it is only created, or has ended.
    """
    job = status(command.job, jobs)
    refused = _refused(job, catalogue)
    if refused is not None and job.state not in _WAITS:
        raise PauseNotOffered(refused, "Resume")
    return _answer(command.job, jobs.resume(command.job), _GOES_ON, "resumed", catalogue, wake)


def told(job: Job, catalogue: Catalogue) -> Status:
    """The status of a job, and whether it can be paused."""
    return Status(job, pausable=_refused(job, catalogue) is None)


def _refused(job: Job, catalogue: Catalogue) -> str | None:
    """Why a job can never be paused; None if it can."""
    known = catalogue.offerings.get(job.process)
    if known is None or JobControl.PAUSE not in known.description.job_control:
        return f"process '{job.process}' does not let its jobs be paused"
    if job.lane is not Lane.BACKGROUND:
        return f"job '{job.id}' runs synchronously: somebody waits for its end"
    return None


def _answer(
    id: str,
    found: tuple[Job, JobEvent | None] | None,
    good: tuple[JobState, ...],
    what: str,
    catalogue: Catalogue,
    wake: Wake,
) -> Status:
    if found is None:
        raise NoSuchJob(id)
    job, event = found
    match event:
        case JobEvent.PAUSE | JobEvent.RESUME:
            wake.interrupt(id)
        case JobEvent.RELEASE:
            wake.offered(job.lane)
        case None if job.state not in good:
            raise JobStateConflict(id, job.state, what)
        case None if job.state in CLAIMED:
            wake.interrupt(id)  # whoever asks again may do so because nothing was to be seen
    return told(job, catalogue)
