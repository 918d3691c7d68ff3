"""Outcomes out: what a client can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from azenha.domain.callbacks import Standing, Subscriber
from azenha.domain.job import Job
from azenha.domain.messages.asked import (
    Asked,
    OutputRequest,
    RequestPart,
    StoredRequest,
)
from azenha.domain.messages.commands import DescribeServer, ListJobs, ListProcesses
from azenha.domain.process import Catalogue, Domain, Offering
from azenha.domain.values import Value


@dataclass(frozen=True, slots=True)
class ServerDescribed:
    """`language`: of the answer; `languages`: all that there are, the default first."""

    catalogue: Catalogue
    command: DescribeServer = field(default_factory=DescribeServer)
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
        published: its outputs that are published.
    """

    job: Job
    now: datetime | None = field(default=None, compare=False)
    callbacks: tuple[Standing, ...] = ()
    pausable: bool = False
    published: tuple[OutputValue, ...] = ()


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
        inline: bytes of data, inclusive, that a document carries where its client said neither value nor reference.
    """

    job: Job
    outputs: tuple[OutputValue, ...]
    asked: Asked
    folder: str
    single: bool = False
    requested: bool = True
    honoured: tuple[str, ...] = ()
    several: bool = False
    inline: int = 1024 * 1024


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
class ServiceFound:
    """An output that is published, for the publisher to answer.

    Attributes:
        folder: path of the folder that the keys of its published copies are relative to.
        path: what is asked below its address.
    """

    job: Job
    output: OutputValue
    folder: str
    path: str


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
    | ServiceFound
    | Dismissed
)
