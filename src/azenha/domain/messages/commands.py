"""Commands in: what a client can ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from azenha.domain.callbacks import Subscriber
from azenha.domain.messages.asked import (
    Asked,
    Languages,
    Mode,
    OutputRequest,
    RequestPart,
    ResponseForm,
)
from azenha.domain.values import Raw, Value
from azenha.domain.written import Wording


@dataclass(frozen=True, slots=True)
class DescribeServer:
    """Landing page or capabilities.

    Attributes:
        sections: names of those that are wanted; None: all.
        known: the state of the capabilities that the client has already (updateSequence).
    """

    languages: Languages = field(default_factory=Languages)
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
    languages: Languages = field(default_factory=Languages)


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
        wording: the request as it was written, where it is to be told again.
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
    wording: Wording | None = None


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


# Each is a walk of its own through the index, so that the cost does not grow with history.
PROCESSES_AT_MOST = 50


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
class GetService:
    """The output of a job that is published; `path`: what is asked below its address, empty or from `/` on."""

    job: str
    output: str
    path: str = ""


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
    | GetService
    | Dismiss
    | Pause
    | Resume
)
