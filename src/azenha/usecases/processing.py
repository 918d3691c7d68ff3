"""What a client can ask of processes and jobs: one function per command.

Sync, async and queued requests take one path: `execute` checks everything, stores one canonical request with
the job, and wakes the workers. Nothing runs here. The store blocks: the web tier gives all but `AT_ONCE` a
thread. Knows no HTTP and no SQL.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from azenha.domain.binding import BindingLimits, bind, bind_outputs
from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import (
    BadParameter,
    Forbidden,
    InputProblem,
    InvalidInputs,
    JobFailed,
    NoSuchJob,
    NoSuchOutput,
    NoSuchProcess,
    ProcessUnavailable,
    ResultsGone,
    ResultsNotReady,
)
from azenha.domain.files import file_name
from azenha.domain.job import ENDED, FailureKind, Job, JobState, Lane
from azenha.domain.messages import (
    Accepted,
    ApiDescribed,
    Command,
    ConformanceDescribed,
    Describe,
    DescribeApi,
    DescribeConformance,
    Described,
    DescribeServer,
    Dismiss,
    Dismissed,
    Execute,
    GetLog,
    GetResults,
    GetStatus,
    JobsListed,
    ListJobs,
    ListProcesses,
    LogRead,
    Mode,
    Outcome,
    OutputRequest,
    OutputValue,
    ProcessesListed,
    Results,
    ServerDescribed,
    Status,
)
from azenha.domain.names import near
from azenha.domain.process import Catalogue, JobControl, Offering, ProcessDescription
from azenha.domain.values import InlineBytes, InlineText, Record, StoredFile, Value
from azenha.settings import LimitSettings, Queue, Settings
from azenha.usecases.ports import Folders, Jobs, NewJob, Wake

INLINE: Final = "inline"  # folder of inline values that are too large for the row, within a job's inputs
RESPOND_ASYNC: Final = "respond-async"


# -- processes ----------------------------------------------------------------------------------


def list_processes(command: ListProcesses, catalogue: Catalogue) -> ProcessesListed:
    """A page in the order of the ids; with the first one, what could not be loaded."""
    ids = sorted(catalogue.offerings)
    start = 0 if command.after is None else bisect_right(ids, command.after)
    page = ids[start : start + command.limit]
    more = start + len(page) < len(ids) and bool(page)
    return ProcessesListed(
        tuple(catalogue.offerings[id] for id in page),
        command,
        page[-1] if more else None,
        tuple((u.source, u.reason) for u in catalogue.unavailable) if command.after is None else (),
    )


def offering(process: str, catalogue: Catalogue) -> Offering:
    """
    Raises:
        NoSuchProcess: with the nearest name.
        ProcessUnavailable: there is none, but a source of that name that could not be loaded.
    """
    found = catalogue.offerings.get(process)
    if found is not None:
        return found
    for source, reason in ((u.source, u.reason) for u in catalogue.unavailable):
        # What a source that could not be read would offer is not known; often it has its own name.
        names = {source, PurePosixPath(source.replace("\\", "/")).stem, source.rsplit(".", 1)[-1]}
        if process.replace("-", "_") in names or process in names:
            raise ProcessUnavailable(f"process '{process}' cannot run here: {reason}")
    raise NoSuchProcess(process, near(process, catalogue.offerings))


# -- execution ----------------------------------------------------------------------------------


def execute(
    command: Execute,
    job: str,
    catalogue: Catalogue,
    jobs: Jobs,
    folders: Folders,
    wake: Wake,
    limits: LimitSettings,
    queue: Queue,
) -> Accepted:
    """Check everything and store the job, whose id is `job`; a request that is refused leaves nothing behind.

    Raises:
        NoSuchProcess, ProcessUnavailable
        InvalidInputs: with every problem of inputs and outputs.
        BadParameter: the process cannot be run synchronously, and nothing else would do.
        QueueFull
    """
    description = offering(command.process, catalogue).description
    inputs, outputs = _bound(description, command, limits)
    lane, honoured = lane_of(description, command.mode)
    sync = lane is Lane.SYNC
    large = _LargeValues(limits.row, folders.inputs(job))
    try:
        stored = large.to_files(inputs)
        accepted = jobs.submit(
            NewJob(
                id=job,
                request=StoredRequest(description.id, description.version, stored, outputs, command.asked),
                lane=lane,
                priority=0,
                max_attempts=1 + description.retries,
                queue_limit=queue.sync_waiting if sync else queue.length,
                queue_setting="queue.sync_waiting" if sync else "queue.length",
            )
        )
    except BaseException:
        if large.files:
            folders.remove(job)
        raise
    wake.offered(lane)
    return Accepted(accepted, honoured)


def lane_of(description: ProcessDescription, mode: Mode) -> tuple[Lane, tuple[str, ...]]:
    """Which slots a job waits for, and the preferences that this honours (OGC 18-062r2 §7.11.2.2).

    Raises:
        BadParameter: a synchronous answer was demanded of a process that gives none.
    """
    sync = JobControl.SYNC in description.job_control
    if mode is Mode.SYNC and not sync:
        raise BadParameter(f"process '{description.id}' runs asynchronously only", "mode")
    if mode is Mode.ASYNC and (JobControl.ASYNC in description.job_control or not sync):
        return Lane.BACKGROUND, (RESPOND_ASYNC,)
    return (Lane.SYNC if sync else Lane.BACKGROUND), ()


def _bound(
    description: ProcessDescription, command: Execute, limits: LimitSettings
) -> tuple[dict[str, tuple[Value, ...]], Mapping[str, OutputRequest] | None]:
    problems: list[InputProblem] = []
    inputs: dict[str, tuple[Value, ...]] = {}
    outputs: Mapping[str, OutputRequest] | None = None
    try:
        inputs = bind(description, command.inputs, limits=BindingLimits(limits.inline))
    except InvalidInputs as error:
        problems += error.problems
    try:
        outputs = bind_outputs(description, command.outputs)
    except InvalidInputs as error:
        problems += error.problems
    if problems:
        raise InvalidInputs(problems)
    return inputs, outputs


class _LargeValues:
    """Inline values of more than `row` bytes go to durable files below `folder`; `files` counts them."""

    def __init__(self, row: int, folder: Path) -> None:
        self.row, self.folder, self.files = row, folder, 0

    def to_files(self, inputs: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        stored = self.members(inputs)
        if self.files:
            for folder in (self.folder / INLINE, self.folder, self.folder.parent):
                _settle(folder)
        return stored

    def members(self, values: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        return {id: tuple(self.value(id, value) for value in several) for id, several in values.items()}

    def value(self, id: str, value: Value) -> Value:
        match value:
            case InlineText(text) if len(text) * 4 > self.row and len(data := text.encode()) > self.row:
                return self.file(id, data, value)
            case InlineBytes(data) if len(data) > self.row:
                return self.file(id, data, value)
            case Record(fields):
                return Record(self.members(fields))
        return value

    def file(self, id: str, data: bytes, value: InlineText | InlineBytes) -> StoredFile:
        name = file_name(id.replace(".", "_"), value.format.media_type)
        key = f"{INLINE}/{self.files}-{name}"
        self.files += 1
        (self.folder / INLINE).mkdir(parents=True, exist_ok=True)
        with (self.folder / key).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return StoredFile(key, name, len(data), value.format)


def _settle(folder: Path) -> None:
    """Make the entries of a folder survive a loss of power, as the row that names them does."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows writes its directories through
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# -- jobs ---------------------------------------------------------------------------------------


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


# -- all of them --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Processing:
    """The use cases with all that they need: what a web tier or a command line holds.

    Attributes:
        new_id: a fresh UUID4 text.
    """

    catalogue: Catalogue
    jobs: Jobs
    folders: Folders
    wake: Wake
    settings: Settings
    new_id: Callable[[], str]

    def handle(self, command: Command, job: str | None = None) -> Outcome:
        """Do what a command asks.

        Args:
            job: id for the job that an Execute makes; else a new one.
        Raises:
            AppError
        """
        if isinstance(command, Execute):
            return self.execute(command, job or self.new_id())
        return _HANDLERS[type(command)](self, command)

    def execute(self, command: Execute, job: str) -> Accepted:
        limits, queue = self.settings.limits, self.settings.queue
        return execute(command, job, self.catalogue, self.jobs, self.folders, self.wake, limits, queue)

    def abandon(self, job: str) -> None:
        """Dismiss a job for which nobody waits any more; one that has ended stays as it is.

        One that ends in this very moment may be removed: nobody knows its id.
        """
        found = self.jobs.get(job)
        if found is not None and not found.ended and found.state is not JobState.REMOVED:
            abandon(job, self.jobs, self.wake)


def _list_jobs(p: Processing, command: ListJobs) -> JobsListed:
    page, following = p.jobs.list(command)
    return JobsListed(tuple(page), command, following)


# Any: each function takes the command that it stands beside.
_HANDLERS: Final[Mapping[type, Callable[[Processing, Any], Outcome]]] = MappingProxyType(
    {
        DescribeServer: lambda p, _: ServerDescribed(p.catalogue),
        DescribeConformance: lambda p, _: ConformanceDescribed(),
        DescribeApi: lambda p, _: ApiDescribed(p.catalogue),
        ListProcesses: lambda p, command: list_processes(command, p.catalogue),
        Describe: lambda p, command: Described(offering(command.process, p.catalogue)),
        ListJobs: _list_jobs,
        GetStatus: lambda p, command: Status(status(command.job, p.jobs)),
        GetResults: lambda p, command: results(command, p.catalogue, p.jobs, p.folders),
        GetLog: lambda p, command: log(command, p.jobs, p.folders),
        Dismiss: lambda p, command: dismiss(command, p.catalogue, p.jobs, p.wake),
    }
)

# What is answered from memory, without the store and its thread.
AT_ONCE: Final = frozenset({DescribeServer, DescribeConformance, DescribeApi, ListProcesses, Describe})
