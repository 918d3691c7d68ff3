"""Commands in, outcomes out: what every dialect reads into and writes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

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


class Transmission(StrEnum):
    VALUE = "value"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """How one output was asked. None: as the server likes."""

    format: Format | None = None
    transmission: Transmission | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The dialect a job was asked in, kept with it as data, so that any reply can be rendered later.

    Attributes:
        transmission: of outputs that say nothing themselves: VALUE puts everything into the reply, REFERENCE
            gives the addresses of files; None: as the server likes.
    """

    dialect: str
    version: str
    language: str = "en"
    response: ResponseForm = ResponseForm.RAW
    transmission: Transmission | None = None


# -- commands -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DescribeServer:
    """Landing page or capabilities."""


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
    """

    process: str
    inputs: Mapping[str, tuple[Raw, ...]]
    outputs: Mapping[str, OutputRequest] | None
    mode: Mode
    asked: Asked
    wait: float | None = None
    media_types: tuple[str, ...] = ()
    caseless: bool = False


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
    """At most `limit` jobs, newest first, after the cursor of an earlier page.

    Attributes:
        states: values of JobState to keep; empty: all.
        processes: process ids to keep; empty: all.
    """

    limit: int = 10
    after: str | None = None
    states: tuple[str, ...] = ()
    processes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GetStatus:
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
    job: str


Command = (
    DescribeServer
    | DescribeConformance
    | DescribeApi
    | ListProcesses
    | Describe
    | Execute
    | ListJobs
    | GetStatus
    | GetResults
    | GetLog
    | Dismiss
)

# -- outcomes -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServerDescribed:
    catalogue: Catalogue


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
class Accepted:
    """A job was stored and will run.

    Attributes:
        honoured: the preferences that were followed.
        wait: seconds to wait for its end before this is told.
        direct: where it succeeded in that time, its results are the answer.
    """

    job: Job
    honoured: tuple[str, ...] = ()
    wait: float = 0
    direct: bool = False


@dataclass(frozen=True, slots=True)
class JobsListed:
    jobs: tuple[Job, ...]
    command: ListJobs
    next: str | None


@dataclass(frozen=True, slots=True)
class Status:
    job: Job


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
    | Accepted
    | JobsListed
    | Status
    | Results
    | LogRead
    | Dismissed
)
