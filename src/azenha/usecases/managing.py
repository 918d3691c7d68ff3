"""Jobs that are created first and started later (OGC API - Processes - Part 4, draft), and what they run on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from azenha.domain.addresses import AddressPolicy
from azenha.domain.canonical import StoredRequest
from azenha.domain.complexes import Look, look_at_nothing
from azenha.domain.errors import BadRequest, Locked, NoSuchInput, NotCreated, TooManyPlain
from azenha.domain.job import Job, JobState, Lane
from azenha.domain.messages import (
    Change,
    Checked,
    Created,
    GetInput,
    GetRequest,
    InputRead,
    InputValue,
    RequestRead,
    Start,
    Status,
)
from azenha.domain.plain import counted, room
from azenha.domain.process import Catalogue, InputDescription, JobControl, ProcessDescription
from azenha.domain.roots import WEB
from azenha.domain.services import as_services
from azenha.domain.slices import Buffer
from azenha.domain.values import Raw, Value
from azenha.settings import LimitSettings, Queue
from azenha.usecases.describing import offering
from azenha.usecases.executing import PUBLIC, bound, check_subscriber, stored
from azenha.usecases.inline import LargeValues, file_keys, settle
from azenha.usecases.jobs import output_values, recorded, status
from azenha.usecases.pausing import told
from azenha.usecases.ports import Folders, Jobs, Wake

INPUTS_SHOWN: Final = 50
CHANGES_AT_ONCE: Final = 5  # changes of one job that come in between before another gives up


def create(
    checked: Checked, catalogue: Catalogue, jobs: Jobs, folders: Folders, queue: Queue, keep: float
) -> Created:
    """Store the job of a checked request for `keep` seconds, or until it is started.

    Raises:
        QueueFull
        BadRequest: the process runs synchronously only.
    """
    asked = checked.execute
    description = offering(asked.process, catalogue).description
    if JobControl.ASYNC not in description.job_control:
        if checked.files:
            folders.remove(checked.job)
        raise BadRequest(
            f"process '{description.id}' runs synchronously only: it has no jobs to be started later",
            "process",
        )
    request = StoredRequest(
        description.id, description.version, checked.inputs, asked.outputs, asked.asked, asked.subscriber
    )
    store = partial(jobs.create, keep=keep)
    return Created(stored(checked, description, request, Lane.BACKGROUND, folders, queue, store))


def change(
    command: Change,
    name: str,
    body: Buffer,
    catalogue: Catalogue,
    jobs: Jobs,
    folders: Folders,
    limits: LimitSettings,
    policy: AddressPolicy = PUBLIC,
    *,
    look: Look = look_at_nothing,
    schemes: tuple[str, ...] = WEB,
) -> Status:
    """Change the request of a created job; it is checked as a whole before anything is changed.

    Args:
        name: for the files of this change, unlike that of any other.
        body: what its large values are cut from.
    Raises:
        NoSuchJob, Locked, InvalidInputs, NoSuchProcess, ProcessUnavailable
        TooManyPlain: with what the job has already it would have more values than one request may bring.
        BadRequest: the request names another process, or an address that may not be called.
    """
    check_subscriber(command.subscriber, policy)
    job, _ = _created(command.job, jobs, "changed")
    if command.process is not None and command.process != job.process:
        raise BadRequest(
            f"job '{job.id}' is one of process '{job.process}' and stays that; "
            f"for process '{command.process}' create another",
            "process",
        )
    description = offering(job.process, catalogue).description
    mentioned, given = _mentioned(description, command), _given(description, command)
    large = LargeValues(limits.row, folders.inputs(job.id), body, f"{name}-")
    try:
        inputs, outputs = bound(mentioned, given, command.outputs, limits, large, look=look, schemes=schemes)
        inputs = large.to_files(inputs)
        if large.keys:
            settle(folders.inputs(job.id), large.keys)
        for _ in range(CHANGES_AT_ONCE):
            job, before = _created(command.job, jobs, "changed")
            after = _changed(description, before, replace(command, outputs=outputs), inputs)
            _check_plain(after.inputs, limits.values)
            now = jobs.change(job.id, after, job.updated)
            if now is not None:
                _forget(folders, job.id, file_keys(before.inputs) - file_keys(after.inputs))
                return Status(now)
        raise Locked(job.id, f"job '{job.id}' cannot be changed: others change it all the time; try again")
    except BaseException:
        _forget(folders, job.id, large.keys)
        raise


def _created(id: str, jobs: Jobs, what: str) -> tuple[Job, StoredRequest]:
    job, request, _ = recorded(id, jobs)
    if job.state is not JobState.CREATED:
        raise NotCreated(id, job.state, what)
    return job, request


def _mentioned(description: ProcessDescription, command: Change) -> ProcessDescription:
    """The process with inputs that are required only where the change speaks of them: the others are there."""
    spoken = {*command.inputs, *command.without}
    return replace(
        description,
        inputs=tuple(i if i.id in spoken else replace(i, min_occurs=0) for i in description.inputs),
    )


def _given(description: ProcessDescription, command: Change) -> Mapping[str, Sequence[Raw]]:
    """What is to be bound: one that is taken away and is unknown is as wrong as one that is given."""
    known = {i.id for i in description.inputs}
    return {**command.inputs, **{id: () for id in command.without if id not in known}}


def _changed(
    description: ProcessDescription,
    before: StoredRequest,
    command: Change,
    inputs: Mapping[str, tuple[Value, ...]],
) -> StoredRequest:
    merged = {**{k: v for k, v in before.inputs.items() if k not in command.without}, **inputs}
    order = [i.id for i in description.inputs if i.id in merged]
    order += [id for id in merged if id not in order]
    asked = before.asked if command.response is None else replace(before.asked, response=command.response)
    return StoredRequest(
        before.process,
        description.version,
        {id: merged[id] for id in order},
        as_services(description, command.outputs) if command.selects else before.outputs,
        asked,
        command.subscriber if command.subscribes else before.subscriber,
    )


def _check_plain(inputs: Mapping[str, Sequence[Value]], limit: int) -> None:
    """
    Raises:
        TooManyPlain: one request with all of them would not be taken.
    """
    # Data that was cut out counts as one, as in the body.
    each = [counted(value, 1) for several in inputs.values() for value in several]
    values, size = sum(n for n, _ in each), sum(text for _, text in each)
    if values > limit or size > (most := room(values, limit)):
        more = "" if values > limit else f", and {most} bytes of so many"
        raise TooManyPlain(
            f"{values} plain values with {size} bytes of text, with what the job has already",
            limit,
            None,
            more,
        )


def _forget(folders: Folders, job: str, keys: Collection[str]) -> None:
    """Remove files that no request names; those that cannot be go with the job."""
    for key in keys:
        with suppress(OSError):
            (folders.inputs(job) / key).unlink()


def start(command: Start, catalogue: Catalogue, jobs: Jobs, wake: Wake, queue: Queue) -> Status:
    """Put a created job into the queue.

    Raises:
        NoSuchJob, Locked, QueueFull
        NoSuchProcess, ProcessUnavailable: there was such a process when it was created.
    """
    job, _ = _created(command.job, jobs, "started")
    offering(job.process, catalogue)
    started = jobs.start(job.id, queue.length, "queue.length")
    if started is None:  # somebody else was quicker
        raise NotCreated(job.id, status(job.id, jobs).state, "started")
    wake.offered(started.lane)
    return told(started, catalogue)


# -- what a job runs on ---------------------------------------------------------------------------


def read_request(command: GetRequest, catalogue: Catalogue, jobs: Jobs, folders: Folders) -> RequestRead:
    """What was asked, as it was checked, and what was made of it.

    Raises:
        NoSuchJob
    """
    job, request, outputs = recorded(command.job, jobs)
    known = catalogue.offerings.get(job.process)
    described = {i.id: i for i in known.description.inputs} if known else {}
    offered = tuple(o.id for o in known.description.outputs) if known else tuple(outputs)
    return RequestRead(
        job,
        command.part,
        request.version,
        tuple(_input(id, values, described.get(id)) for id, values in request.inputs.items()),
        request.outputs,
        request.asked,
        offered,
        output_values(job, request, outputs, catalogue),
        str(folders.inputs(job.id)),
        request.subscriber,
    )


def read_input(command: GetInput, catalogue: Catalogue, jobs: Jobs, folders: Folders) -> InputRead:
    """One value of an input.

    Raises:
        NoSuchJob
        NoSuchInput: also where there are fewer values.
    """
    job, request, _ = recorded(command.job, jobs)
    values = request.inputs.get(command.input, ())
    if command.item >= len(values):
        known = [f"{id}/{n}" for id, several in request.inputs.items() for n in range(len(several))]
        raise NoSuchInput(f"{command.input}/{command.item}", known[:INPUTS_SHOWN])
    offered = catalogue.offerings.get(job.process)
    described = offered.description.input(command.input) if offered else None
    domain = described.domain if described else None
    return InputRead(job, command.input, values[command.item], domain, str(folders.inputs(job.id)))


def _input(id: str, values: tuple[Value, ...], described: InputDescription | None) -> InputValue:
    if described is None:
        return InputValue(id, values, len(values) != 1)
    return InputValue(id, values, described.array or described.repeats, described.domain)
