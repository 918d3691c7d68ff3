"""Commands in, outcomes out: what every dialect reads into and writes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from azenha.domain.callbacks import Standing, Subscriber
from azenha.domain.job import Job
from azenha.domain.process import Catalogue, Domain, Format, Offering
from azenha.domain.values import Raw, Value


class Mode(StrEnum):
    """How the client wants to wait."""

    SYNC = "sync"
    ASYNC = "async"
    AUTO = "auto"  # as the process prefers: synchronously where it can


class ResponseForm(StrEnum):
    RAW = "raw"
    DOCUMENT = "document"
    NEGOTIATED = "negotiated"  # no form named, JSON accepted: raw if there is one output, else a document
    OPEN = "open"  # no form named, nor JSON: raw, unless whoever gets the results accepts JSON by name


class RequestPart(StrEnum):
    DEFINITION = "definition"  # an execute request
    INPUTS = "inputs"  # its inputs and outputs
    PROVENANCE = "prov"  # what was made of what, by whom, and when


class Transmission(StrEnum):
    VALUE = "value"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """How one output was asked. None: as the server likes.

    Attributes:
        unit: that its number is wanted in, one of those described.
        title, abstract: shown in place of those described (WPS 1.0.0).
        fields: of an output that is an object, these alone, each with how it was asked (WPS 2.0); None: all.
    """

    format: Format | None = None
    transmission: Transmission | None = None
    unit: str | None = None
    title: str | None = None
    abstract: str | None = None
    fields: Mapping[str, OutputRequest] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The dialect a job was asked in, kept with it as data, so that any reply can be rendered later.

    Attributes:
        transmission: of outputs that say nothing themselves: VALUE puts everything into the reply, REFERENCE
            gives the addresses of files; None: as the server likes.
        lineage: what was asked is part of the answer (WPS 1.0.0).
        store: the answer is kept at an address of its own (WPS 1.0.0, storeExecuteResponse).
    """

    dialect: str
    version: str
    language: str = "en"
    response: ResponseForm = ResponseForm.RAW
    transmission: Transmission | None = None
    lineage: bool = False
    store: bool = False


@dataclass(frozen=True, slots=True)
class Languages:
    """The languages that a client would read, as tags (BCP 47).

    Attributes:
        wanted: must be offered, else the request is refused; None if nothing was demanded.
        accepted: wishes, the dearest first; what is not offered among them is passed over.
    """

    wanted: str | None = None
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What was asked, checked: it stands in the job's row (see canonical). `outputs` None: all."""

    process: str
    version: str
    inputs: Mapping[str, tuple[Value, ...]]
    outputs: Mapping[str, OutputRequest] | None
    asked: Asked
    subscriber: Subscriber | None = None


# -- commands -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DescribeServer:
    """Landing page or capabilities.

    Attributes:
        sections: names of those that are wanted; None: all.
        known: the state of the capabilities that the client has already (updateSequence).
    """

    languages: Languages = Languages()
    sections: frozenset[str] | None = None
    known: str | None = None


@dataclass(frozen=True, slots=True)
class DescribeConformance:
    """What parts of the standard are implemented."""


@dataclass(frozen=True, slots=True)
class DescribeApi:
    """The API definition, for a person."""


@dataclass(frozen=True, slots=True)
class ListProcesses:
    """At most `limit` summaries after the process id `after` (exclusive)."""

    limit: int = 10
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Describe:
    process: str


@dataclass(frozen=True, slots=True)
class DescribeProcesses:
    """Several processes in the order given; `ALL` alone, in any case, is all of them, unless one is called so."""

    processes: tuple[str, ...]
    languages: Languages = Languages()


ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Execute:
    """Run a process.

    Attributes:
        inputs: raw values by input id, in the order given.
        outputs: None: all of them, as the server likes.
        mode: what the client prefers.
        wait: seconds the client would wait for the end (`Prefer: wait`, RFC 7240 §4.3), None if not said.
        media_types: that the client accepts for the one output of a synchronous answer, the likeliest first;
            a range (`image/*`) ends what it cares for. Empty: anything.
        caseless: names of inputs and outputs compare without case (2.0, kvp-execute).
        subscriber: whom to tell of the job; None: nobody.
        languages: decide the language of `asked`; None: it stands there already.
        record: a synchronous run is answered with its record, succeeded or not, and not with its results alone.
        strict: the mode is demanded (WPS 2.0): one that the process does not offer is refused. AUTO, with `wait`,
            is then the results where they are there within that time, and else what was accepted.
        single: the answer is one value and nothing beside it: of several outputs it is refused.
    """

    process: str
    inputs: Mapping[str, tuple[Raw, ...]]
    outputs: Mapping[str, OutputRequest] | None
    mode: Mode
    asked: Asked
    wait: float | None = None
    media_types: tuple[str, ...] = ()
    caseless: bool = False
    subscriber: Subscriber | None = None
    languages: Languages | None = None
    record: bool = False
    strict: bool = False
    single: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """An Execute whose inputs and outputs were checked by the description, its large values in files.

    Attributes:
        job: id of the job that it becomes, whose folder has the files.
        files: how many.
    """

    job: str
    execute: Execute
    inputs: Mapping[str, tuple[Value, ...]]
    files: int


@dataclass(frozen=True, slots=True)
class ListJobs:
    """At most `limit` jobs, newest first.

    Attributes:
        after: a cursor: the page of what is older (exclusive).
        before: a cursor: the page of what is newer (exclusive), the nearest; not together with `after`.
        states: values of JobState to keep; empty: all but created ones, and with a duration those that have
            one (OGC 18-062r2 §11.3.6): not those that wait.
        processes: process ids to keep, at most `PROCESSES_AT_MOST`; empty: all.
        since, until: keeps what was created from then, till then; both inclusive, None: no end.
        shortest, longest: seconds from start to end, or to now while it runs; both inclusive.
    """

    limit: int = 10
    after: str | None = None
    states: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()
    before: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    shortest: float | None = None
    longest: float | None = None


PROCESSES_AT_MOST = (
    50  # each is a walk of its own through the index, so that the cost does not grow with history
)


@dataclass(frozen=True, slots=True)
class Create:
    """Store a job that runs only once it is started (OGC API - Processes - Part 4). The mode is not used."""

    execute: Execute | Checked


@dataclass(frozen=True, slots=True)
class Change:
    """Change what a job will run on, while it is only created.

    Attributes:
        process: as in the request, where it names one: a job stays one of its process.
        inputs: raw values by input id, in place of those there; other inputs stay as they are.
        without: ids of inputs that are taken away.
        selects: `outputs` (None: all of them) takes the place of the earlier selection.
        response: the form of the results; None: as it was.
        subscribes: `subscriber` (None: nobody) takes the place of the earlier one.
    """

    job: str
    process: str | None = None
    inputs: Mapping[str, tuple[Raw, ...]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    outputs: Mapping[str, OutputRequest] | None = None
    selects: bool = False
    response: ResponseForm | None = None
    subscriber: Subscriber | None = None
    subscribes: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """Put a created job into the queue."""

    job: str


@dataclass(frozen=True, slots=True)
class GetRequest:
    """What a job runs on, as it was checked; `part`: what of it is to be shown."""

    job: str
    part: RequestPart


@dataclass(frozen=True, slots=True)
class GetInput:
    """One value of an input of a job, as it is, counted from 0."""

    job: str
    input: str
    item: int


@dataclass(frozen=True, slots=True)
class GetStatus:
    job: str


@dataclass(frozen=True, slots=True)
class GetRecord:
    """All that there is of a job: state, request, and outputs or failure."""

    job: str


@dataclass(frozen=True, slots=True)
class GetResults:
    """Results of a job as it asked for them.

    Attributes:
        output: the raw value of that one alone.
        only: these of the outputs; empty: all that were asked for.
    """

    job: str
    output: str | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GetLog:
    """The job's log from byte `offset` on."""

    job: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Dismiss:
    """
    Attributes:
        transient: a job that was dismissed before is none any more (WPS 2.0), and not one to be removed.
    """

    job: str
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold a job that waits, or stop one that runs, until it is resumed."""

    job: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a job that was held wait again, or one that was paused go on where it was."""

    job: str


Command = (
    DescribeServer
    | DescribeConformance
    | DescribeApi
    | ListProcesses
    | Describe
    | DescribeProcesses
    | Execute
    | ListJobs
    | Create
    | Change
    | Start
    | GetRequest
    | GetInput
    | GetStatus
    | GetRecord
    | GetResults
    | GetLog
    | Dismiss
    | Pause
    | Resume
)

# -- outcomes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServerDescribed:
    """`language`: of the answer; `languages`: all that there are, the default first."""

    catalogue: Catalogue
    command: DescribeServer = DescribeServer()
    language: str = "en"
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class ConformanceDescribed:
    pass


@dataclass(frozen=True, slots=True)
class ApiDescribed:
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class ProcessesListed:
    """`next` is the `after` of the next page, None on the last. `unavailable` only on the first page."""

    offerings: tuple[Offering, ...]
    command: ListProcesses
    next: str | None
    unavailable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    offering: Offering


@dataclass(frozen=True, slots=True)
class ProcessesDescribed:
    """In the order asked; the texts are still to be chosen by `language`."""

    offerings: tuple[Offering, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job was stored and will run.

    Attributes:
        honoured: the preferences that were followed.
        wait: seconds to wait for its end before this is told.
        direct: where it succeeded in that time, its results are the answer.
        settle: seconds to wait for its end before it is told that the job was accepted, whatever came of it.
        request, offering: what was stored with it.
        inputs: path of the folder that the keys of `StoredFile` values of the request are relative to.
    """

    job: Job
    honoured: tuple[str, ...] = ()
    wait: float = 0
    direct: bool = False
    settle: float = 0
    request: StoredRequest | None = None
    offering: Offering | None = None
    inputs: str = ""


@dataclass(frozen=True, slots=True)
class JobsListed:
    """`next`: the `after` of the page of older jobs; `prev`: the `before` of that of newer ones; None: no such."""

    jobs: tuple[Job, ...]
    command: ListJobs
    next: str | None
    prev: str | None = None


@dataclass(frozen=True, slots=True)
class Created:
    job: Job


@dataclass(frozen=True, slots=True)
class Status:
    """
    Attributes:
        now: when this was read.
        callbacks: how those that were asked for stand.
        pausable: whether the job can be paused in some state, for its process and this server let it.
    """

    job: Job
    now: datetime | None = field(default=None, compare=False)
    callbacks: tuple[Standing, ...] = ()
    pausable: bool = False


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it is now, with what was asked and what came of it.

    Attributes:
        offering: the process, None if it is not offered any more.
        outputs: those asked for, in the order of the description; empty unless it succeeded.
        inputs: path of the folder that the keys of `StoredFile` values of the request are relative to.
        folder: the same for the outputs.
        now: when this was read.
    """

    job: Job
    request: StoredRequest
    offering: Offering | None
    outputs: tuple[OutputValue, ...]
    inputs: str
    folder: str
    now: datetime


@dataclass(frozen=True, slots=True)
class OutputValue:
    """One output of a finished job: its value or values, and how it was asked.

    Attributes:
        domain: as described, where it is known: a box is written in its CRS's axis order, which stands there.
    """

    id: str
    values: tuple[Value, ...]
    array: bool
    request: OutputRequest = field(default_factory=OutputRequest)
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """Outputs of a successful job, in the order of the description.

    Attributes:
        asked: the form it was asked in.
        single: only one output's raw value was asked (by its own address).
        several: more than one output was asked for; an optional one that the process left out is not among
            `outputs`.
        folder: path of the folder that the keys of `StoredFile` values are relative to.
        requested: False where the job was asked for no outputs at all.
        honoured: the preferences that led to a synchronous answer from a job that others can see.
    """

    job: Job
    outputs: tuple[OutputValue, ...]
    asked: Asked
    folder: str
    single: bool = False
    requested: bool = True
    honoured: tuple[str, ...] = ()
    several: bool = False


@dataclass(frozen=True, slots=True)
class InputValue:
    """One input of a job: its value or values; `domain` as described, where it is known."""

    id: str
    values: tuple[Value, ...]
    array: bool
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class RequestRead:
    """What a job runs on, and what came of it.

    Attributes:
        version: of the process, when it was asked.
        outputs: what was requested; None: all, as the server likes.
        offered: ids of all outputs of the process, where it is known.
        made: the outputs, once the job succeeded.
        folder: path of the folder that the keys of `StoredFile` values of inputs are relative to.
    """

    job: Job
    part: RequestPart
    version: str
    inputs: tuple[InputValue, ...]
    outputs: Mapping[str, OutputRequest] | None
    asked: Asked
    offered: tuple[str, ...]
    made: tuple[OutputValue, ...]
    folder: str
    subscriber: Subscriber | None = None


@dataclass(frozen=True, slots=True)
class InputRead:
    """One value of the input `id`; `folder` as in RequestRead."""

    job: Job
    id: str
    value: Value
    domain: Domain | None
    folder: str


@dataclass(frozen=True, slots=True)
class LogRead:
    """A piece of the log: `path` from `offset` to `end` (exclusive), in bytes; None where nothing was logged."""

    job: Job
    path: str | None
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The job as it is now. `removed`: it had ended before, and its record and results are gone."""

    job: Job
    removed: bool


Outcome = (
    ServerDescribed
    | ConformanceDescribed
    | ApiDescribed
    | ProcessesListed
    | Described
    | ProcessesDescribed
    | Accepted
    | JobsListed
    | Created
    | RequestRead
    | InputRead
    | Status
    | JobRecord
    | Results
    | LogRead
    | Dismissed
)
