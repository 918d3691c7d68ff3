"""From an Execute to a stored job: everything is checked here, and nothing runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from azenha.domain import formats
from azenha.domain.addresses import AddressPolicy
from azenha.domain.binding import bind, bind_outputs
from azenha.domain.callbacks import Subscriber
from azenha.domain.canonical import StoredRequest, compact, dump_request
from azenha.domain.complexes import BindingLimits, Look, look_at_nothing
from azenha.domain.errors import (
    BadRequest,
    ForbiddenAddress,
    InputProblem,
    InvalidInputs,
    ModeNotOffered,
    TooManyOutputs,
)
from azenha.domain.job import Job, Lane
from azenha.domain.messages import Accepted, Checked, Execute, Mode, OutputRequest
from azenha.domain.process import Catalogue, ComplexDomain, JobControl, ProcessDescription
from azenha.domain.roots import WEB
from azenha.domain.services import as_services
from azenha.domain.slices import Buffer
from azenha.domain.values import Raw, Value
from azenha.domain.written import kept
from azenha.settings import LimitSettings, Queue
from azenha.usecases.describing import offering
from azenha.usecases.inline import LargeValues, file_keys, settle
from azenha.usecases.ports import Folders, Handed, Jobs, NewJob, Wake
from azenha.usecases.speaking import language

RESPOND_ASYNC: Final = "respond-async"
PUBLIC: Final = AddressPolicy()


def check(
    command: Execute,
    job: str,
    body: Buffer,
    catalogue: Catalogue,
    folders: Folders,
    limits: LimitSettings,
    languages: tuple[str, ...],
    policy: AddressPolicy = PUBLIC,
    *,
    look: Look = look_at_nothing,
    schemes: tuple[str, ...] = WEB,
) -> Checked:
    """Check everything that needs no store; large values are cut out of `body` to the folder of `job`.

    A request that is refused leaves nothing behind. What is given back holds nothing large.

    Args:
        policy: for callbacks.
        schemes: of the addresses of references; where they lead is seen by the job.
    Raises:
        NoSuchProcess, ProcessUnavailable
        InvalidInputs: with every problem of inputs and outputs.
        ModeNotOffered: the process cannot be run in the mode that is demanded, and nothing else would do.
        BadParameter: a language that is not offered.
        BadRequest: a callback's address may not be called.
    """
    check_subscriber(command.subscriber, policy)
    description = offering(command.process, catalogue).description
    if command.languages is not None:
        spoken = language(command.languages, languages)
        command = replace(command, asked=replace(command.asked, language=spoken), languages=None)
    if command.caseless:
        command = _recased(description, command)
    large = LargeValues(limits.row, folders.inputs(job), body)
    try:
        inputs, outputs = bound(
            description, command.inputs, command.outputs, limits, large, look=look, schemes=schemes
        )
        if command.single:
            _must_be_one(description, command.outputs)
        lane_of(description, command)
        stored = large.to_files(inputs)
    except BaseException:
        if large.files:
            folders.remove(job)
        raise
    outputs = as_services(description, outputs)
    wording = None if command.wording is None else kept(command.wording, stored)
    return Checked(job, replace(command, inputs={}, outputs=outputs, wording=wording), stored, large.files)


def check_subscriber(subscriber: Subscriber | None, policy: AddressPolicy) -> None:
    """An address outside the policy is refused at once, one that hides behind a name when it is connected to.

    Raises:
        BadRequest: the locator is the address concerned.
    """
    for occasion, address in subscriber.addresses.items() if subscriber else ():
        try:
            policy.check_url(address)
        except ForbiddenAddress as error:
            locator = f"subscriber.{occasion}Uri"
            raise BadRequest(f"'{locator}': {error}", locator) from None


def submit(
    checked: Checked, catalogue: Catalogue, jobs: Jobs, folders: Folders, wake: Wake, queue: Queue
) -> Accepted:
    """Store the job of a checked request; one that is refused leaves nothing behind.

    Raises:
        QueueFull
    """
    command = checked.execute
    offered = offering(command.process, catalogue)
    description = offered.description
    lane, honoured = lane_of(description, command)
    sync = lane is Lane.SYNC
    request = _request(checked, description, lane)
    accepted = stored(checked, description, request, lane, folders, queue, jobs.submit)
    wake.offered(lane)
    files = str(folders.inputs(accepted.id))
    direct = JobControl.SYNC in description.job_control
    if sync or not command.wait or (command.strict and not direct):
        settle = 0 if sync else queue.settle
        return Accepted(accepted, honoured, settle=settle, request=request, offering=offered, inputs=files)
    wait = min(command.wait, queue.sync_seconds)
    return Accepted(
        accepted,
        (*honoured, f"wait={wait:g}"),
        wait,
        direct=direct,
        request=request,
        offering=offered,
        inputs=files,
    )


def handing(checked: Checked, catalogue: Catalogue, queue: Queue) -> tuple[Handed, StoredRequest] | None:
    """A checked request as a job that a worker can store itself; None of one that is to be stored here.

    Only synchronous jobs are handed over: nobody else knows their ids before they end. And none with files: taken
    back before it is stored, it would leave them to nobody.
    """
    command = checked.execute
    if checked.files:
        return None
    description = offering(command.process, catalogue).description
    if lane_of(description, command)[0] is not Lane.SYNC or command.subscriber is not None:
        return None
    request = _request(checked, description, Lane.SYNC)
    document = compact(dump_request(request))
    attempts = 1 + description.retries
    waiting = queue.sync_waiting
    return Handed(checked.job, description.id, document, attempts, waiting, "queue.sync_waiting"), request


def _request(checked: Checked, description: ProcessDescription, lane: Lane) -> StoredRequest:
    command = checked.execute
    outputs = command.outputs
    if lane is Lane.SYNC:
        outputs = _negotiated(description, outputs, command)
    return StoredRequest(
        description.id,
        description.version,
        checked.inputs,
        outputs,
        command.asked,
        command.subscriber,
        command.wording,
    )


def stored(
    checked: Checked,
    description: ProcessDescription,
    request: StoredRequest,
    lane: Lane,
    folders: Folders,
    queue: Queue,
    store: Callable[[NewJob], Job],
) -> Job:
    """The job of a checked request, stored by `store`.

    Raises:
        QueueFull: nothing is left behind.
    """
    sync = lane is Lane.SYNC
    try:
        if checked.files and not sync:
            # Of a synchronous job nobody has been told before it ends: no more is its row synced before. Should
            # power take its files and leave its row, whoever runs it sees that: see `incomplete`.
            settle(folders.inputs(checked.job), file_keys(checked.inputs))
        return store(
            NewJob(
                id=checked.job,
                request=request,
                lane=lane,
                priority=0,
                max_attempts=1 + description.retries,
                queue_limit=queue.sync_waiting if sync else queue.length,
                queue_setting="queue.sync_waiting" if sync else "queue.length",
            )
        )
    except BaseException:
        if checked.files:
            folders.remove(checked.job)
        raise


def lane_of(description: ProcessDescription, command: Execute) -> tuple[Lane, tuple[str, ...]]:
    """Which slots a job waits for, and the preferences that this honours (OGC 18-062r2 §7.11.2.2).

    Raises:
        ModeNotOffered: a synchronous answer was demanded of a process that gives none, or another mode strictly.
    """
    mode = command.mode
    sync, background = (c in description.job_control for c in (JobControl.SYNC, JobControl.ASYNC))
    if mode is Mode.SYNC and not sync:
        raise ModeNotOffered(f"process '{description.id}' runs asynchronously only", mode)
    if mode is Mode.ASYNC and command.strict and not background:
        raise ModeNotOffered(f"process '{description.id}' runs synchronously only", mode)
    if mode is Mode.ASYNC and (background or not sync):
        return Lane.BACKGROUND, (RESPOND_ASYNC,)
    if mode is Mode.AUTO and command.strict and background:
        return Lane.BACKGROUND, ()
    return (Lane.SYNC if sync else Lane.BACKGROUND), ()


def _must_be_one(description: ProcessDescription, outputs: Mapping[str, OutputRequest] | None) -> None:
    """
    Raises:
        InvalidInputs: with a TooManyOutputs.
    """
    asked = [o for o in description.outputs if outputs is None or o.id in outputs]
    ids = " ".join(o.id for o in asked)
    if len(asked) > 1:
        raise InvalidInputs(
            [
                TooManyOutputs(
                    ids, f"one value alone is to be the answer, and {len(asked)} outputs are asked for"
                )
            ]
        )
    if asked and asked[0].array:
        raise InvalidInputs(
            [TooManyOutputs(ids, "is a list of values; ask for a document, which can hold it")]
        )


def _recased(description: ProcessDescription, command: Execute) -> Execute:
    """The names as they are described; one that is described in no case stays, to be refused as it was given."""
    inputs = {input.id.casefold(): input.id for input in description.inputs}
    outputs = {output.id.casefold(): output.id for output in description.outputs}

    def own(name: str, ids: Mapping[str, str]) -> str:
        return name if name in ids.values() else ids.get(name.casefold(), name)

    return replace(
        command,
        inputs={own(name, inputs): raws for name, raws in command.inputs.items()},
        outputs=command.outputs and {own(name, outputs): o for name, o in command.outputs.items()},
    )


def _negotiated(
    description: ProcessDescription, outputs: Mapping[str, OutputRequest] | None, command: Execute
) -> Mapping[str, OutputRequest] | None:
    """The outputs, in the media type that the client accepts where one file is the answer and no format asked.

    What is accepted is a wish: where none of it is offered, the answer is as if nothing had been said.
    """
    wanted = [o for o in description.outputs if outputs is None or o.id in outputs]
    if len(wanted) != 1 or not isinstance(wanted[0].domain, ComplexDomain):
        return outputs
    output = wanted[0]
    request = OutputRequest() if outputs is None else outputs[output.id]
    chosen = formats.wished(wanted[0].domain.formats, command.media_types)
    return outputs if request.format or chosen is None else {output.id: replace(request, format=chosen)}


def bound(
    description: ProcessDescription,
    given: Mapping[str, Sequence[Raw]],
    requested: Mapping[str, OutputRequest] | None,
    limits: LimitSettings,
    large: LargeValues,
    *,
    look: Look = look_at_nothing,
    schemes: tuple[str, ...] = WEB,
) -> tuple[dict[str, tuple[Value, ...]], Mapping[str, OutputRequest] | None]:
    """The checked inputs, of which large ones are cut out of the body, and the checked requests for outputs.

    Raises:
        InvalidInputs: with every problem of inputs and requested outputs.
    """
    problems: list[InputProblem] = []
    inputs: dict[str, tuple[Value, ...]] = {}
    try:
        inputs = bind(
            description,
            given,
            limits=BindingLimits(limits.inline, schemes=schemes, values=limits.values),
            cutter=large.cut,
            look=look,
        )
    except InvalidInputs as error:
        problems += error.problems
    try:
        requested = bind_outputs(description, requested)
    except InvalidInputs as error:
        problems += error.problems
    if problems:
        raise InvalidInputs(problems)
    return inputs, requested
