"""What a client can ask of a job: its status, results and log, and that it be dismissed."""

from __future__ import annotations

from azenha.domain.errors import Forbidden, JobFailed, NoSuchJob, NoSuchOutput, ResultsGone, ResultsNotReady
from azenha.domain.job import ENDED, FailureKind, Job, JobState
from azenha.domain.messages import (
    Dismiss,
    Dismissed,
    GetLog,
    GetResults,
    LogRead,
    OutputRequest,
    OutputValue,
    Results,
)
from azenha.domain.process import Catalogue, JobControl
from azenha.usecases.ports import Folders, Jobs, Wake


def status(id: str, jobs: Jobs) -> Job:
    """
    Raises:
        NoSuchJob: also of one that was removed.
    """
    job = jobs.get(id)
    if job is None or job.state is JobState.REMOVED:
        raise NoSuchJob(id)
    return job


def results(command: GetResults, catalogue: Catalogue, jobs: Jobs, folders: Folders) -> Results:
    """The outputs that were asked for, in the order of the description.

    Raises:
        NoSuchJob, ResultsNotReady, ResultsGone, JobFailed, NoSuchOutput
    """
    found = jobs.results(command.job)
    if found is None or found[0].state is JobState.REMOVED:
        raise NoSuchJob(command.job)
    job, request, stored = found
    _must_have_results(job)
    known = catalogue.offerings.get(job.process)
    described = known.description.outputs if known else ()
    order = [o.id for o in described if o.id in stored]
    # The process may have changed since: what it does not describe any more is still the job's.
    order += [id for id in stored if id not in order]
    wanted = [id for id in order if request.outputs is None or id in request.outputs]
    if command.output is not None:
        if command.output not in wanted:
            raise NoSuchOutput(command.output, wanted)
        wanted = [command.output]
    arrays = {o.id: o.array for o in described}
    asked = request.outputs or {}
    return Results(
        job,
        tuple(
            OutputValue(
                id, tuple(stored[id]), arrays.get(id, len(stored[id]) != 1), asked.get(id, OutputRequest())
            )
            for id in wanted
        ),
        request.asked,
        str(folders.results(job.id, job.attempt)),
        single=command.output is not None,
    )


def _must_have_results(job: Job) -> None:
    if job.state is JobState.DISMISSED:
        raise ResultsGone(job.id)
    if job.state is JobState.FAILED:
        if job.failure is None:
            raise JobFailed(job.id, FailureKind.LOST, "the job failed, and no reason was recorded", job.id)
        raise JobFailed(job.id, job.failure.kind, job.failure.message, job.failure.reference)
    if job.state is not JobState.SUCCEEDED:
        raise ResultsNotReady(job.id, job.state)


def log(command: GetLog, jobs: Jobs, folders: Folders) -> LogRead:
    """What was logged from `offset` on, which is cut to the log's end.

    Raises:
        NoSuchJob
    """
    job = status(command.job, jobs)
    path = folders.log(job.id)
    try:
        end = path.stat().st_size
    except FileNotFoundError:
        return LogRead(job, None, 0, 0)
    return LogRead(job, str(path), min(max(command.offset, 0), end), end)


def dismiss(command: Dismiss, catalogue: Catalogue, jobs: Jobs, wake: Wake) -> Dismissed:
    """Stop a job that has not ended, or remove one that has; the store decides which, in one step.

    Raises:
        NoSuchJob
        Forbidden: the process does not let its unfinished jobs be dismissed.
    """
    job = status(command.job, jobs)
    known = catalogue.offerings.get(job.process)
    if known and not job.ended and JobControl.DISMISS not in known.description.job_control:
        raise Forbidden(f"process '{job.process}' does not let its jobs be dismissed before they end")
    return abandon(command.job, jobs, wake)


def abandon(job: str, jobs: Jobs, wake: Wake) -> Dismissed:
    """Dismiss, whatever the process allows: nobody waits for the job any more.

    Raises:
        NoSuchJob
    """
    done = jobs.dismiss(job)
    if done is None:
        raise NoSuchJob(job)
    now, before = done
    if before is JobState.RUNNING:
        wake.interrupt(job)
    return Dismissed(now, removed=before in ENDED)
