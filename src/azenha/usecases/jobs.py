"""What a client can ask of a job: its status, results and log, and that it be dismissed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import (
    BadParameter,
    DismissNotOffered,
    JobFailed,
    NoSuchJob,
    NoSuchOutput,
    NoSuchResult,
    ResultsGone,
    ResultsNotReady,
)
from azenha.domain.job import CLAIMED, ENDED, FailureKind, Job, JobState
from azenha.domain.messages import (
    Dismiss,
    Dismissed,
    GetLog,
    GetResults,
    JobRecord,
    LogRead,
    OutputRequest,
    OutputValue,
    Results,
)
from azenha.domain.process import Catalogue, JobControl, OutputDescription
from azenha.domain.values import Value
from azenha.usecases.ports import Blobs, Folders, Jobs, Wake

Recorded = tuple[Job, StoredRequest, Mapping[str, Sequence[Value]]]


def status(id: str, jobs: Jobs) -> Job:
    """
    Raises:
        NoSuchJob: also of one that was removed.
    """
    job = jobs.get(id)
    if job is None or job.state is JobState.REMOVED:
        raise NoSuchJob(id)
    return job


def results(command: GetResults, found: Recorded, catalogue: Catalogue, blobs: Blobs, inline: int) -> Results:
    """The outputs that were asked for, in the order of the description.

    Args:
        inline: see Results.

    Raises:
        ResultsNotReady, ResultsGone, JobFailed
        NoSuchOutput, BadParameter: the process has no output that the command names.
        NoSuchResult: it has, but the job was not asked for it, or gave none.
    """
    job, request, stored = found
    _must_have_results(job)
    outputs = {o.id: o for o in output_values(job, request, stored, catalogue)}
    chosen = _chosen(command, _known_outputs(job, stored, catalogue))
    for id in chosen:
        if id not in outputs:
            raise _absent(id, job, request.outputs)
    named = request.outputs if request.outputs is not None else _described(job, catalogue)
    return Results(
        job,
        tuple(outputs[id] for id in chosen or outputs),
        request.asked,
        blobs.place(job.id, job.attempt),
        single=command.output is not None,
        requested=request.outputs is None or bool(request.outputs),
        several=len(chosen or named) > 1,
        inline=inline,
    )


def record(found: Recorded, catalogue: Catalogue, folders: Folders, blobs: Blobs, now: datetime) -> JobRecord:
    """All that there is of a job."""
    job, request, stored = found
    return JobRecord(
        job,
        request,
        catalogue.offerings.get(job.process),
        output_values(job, request, stored, catalogue),
        str(folders.inputs(job.id)),
        blobs.place(job.id, job.attempt),
        now,
    )


def recorded(id: str, jobs: Jobs) -> Recorded:
    """A job with what it was asked and what it made, in one read.

    Raises:
        NoSuchJob: also of one that was removed.
    """
    found = jobs.results(id)
    if found is None or found[0].state is JobState.REMOVED:
        raise NoSuchJob(id)
    return found


def _described(job: Job, catalogue: Catalogue) -> dict[str, OutputDescription]:
    known = catalogue.offerings.get(job.process)
    return {o.id: o for o in known.description.outputs} if known else {}


def _known_outputs(job: Job, stored: Collection[str], catalogue: Catalogue) -> list[str]:
    # The process may have changed since: what it does not describe any more is still the job's.
    return list(dict.fromkeys((*_described(job, catalogue), *stored)))


def output_values(
    job: Job, request: StoredRequest, stored: Mapping[str, Sequence[Value]], catalogue: Catalogue
) -> tuple[OutputValue, ...]:
    """The outputs that were asked for and are there, in the order of the description."""
    described = _described(job, catalogue)
    asked = request.outputs or {}

    def value(id: str) -> OutputValue:
        values, output = tuple(stored[id]), described.get(id)
        return OutputValue(
            id,
            values,
            output.array if output else len(values) != 1,
            asked.get(id, OutputRequest()),
            output.domain if output else None,
        )

    ids = _known_outputs(job, stored, catalogue)
    return tuple(value(id) for id in ids if id in stored and (request.outputs is None or id in asked))


def _chosen(command: GetResults, ids: Sequence[str]) -> list[str]:
    """The outputs that the command names, in the order of the description; none if it names none.

    Raises:
        NoSuchOutput, BadParameter: see results.
    """
    if command.output is not None:
        if command.output not in ids:
            raise NoSuchOutput(command.output, ids)
        return [command.output]
    for id in command.only:
        if id not in ids:
            known = ", ".join(ids) or "none"
            raise BadParameter(f"parameter 'outputs' names '{id}'; the outputs are {known}", "outputs")
    return [id for id in ids if id in command.only]


def _absent(id: str, job: Job, asked: Collection[str] | None) -> NoSuchResult:
    if asked is not None and id not in asked:
        return NoSuchResult(id, f"job '{job.id}' was not asked for output '{id}'")
    return NoSuchResult(id, f"job '{job.id}' gave no value for output '{id}', which is optional")


def _must_have_results(job: Job) -> None:
    if job.state is JobState.DISMISSED:
        raise ResultsGone(job.id)
    if job.state is JobState.FAILED:
        if job.failure is None:
            raise JobFailed(job.id, FailureKind.LOST, "the job failed, and no reason was recorded", job.id)
        failure = job.failure
        raise JobFailed(job.id, failure.kind, failure.message, failure.reference, failure.locator)
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
        NoSuchJob: also, where dismissal is transient, of one that was dismissed before.
        DismissNotOffered: the process does not let its unfinished jobs be dismissed.
    """
    job = status(command.job, jobs)
    if command.transient and job.state is JobState.DISMISSED:
        raise NoSuchJob(job.id)
    known = catalogue.offerings.get(job.process)
    started = job.state is not JobState.CREATED and not job.ended
    if known and started and JobControl.DISMISS not in known.description.job_control:
        raise DismissNotOffered(f"process '{job.process}' does not let its jobs be dismissed before they end")
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
    if before in CLAIMED:
        wake.interrupt(job)
    return Dismissed(now, removed=before in ENDED)
