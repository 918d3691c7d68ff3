"""What a process is: its description as data (OGC 14-065r2 §6, OGC 18-062r2 §9).

One `ProcessDescription` is rendered in every dialect. Frozen: a shared description cannot be altered by a reader.
Knows nothing of Python functions (see authoring), of JSON or of XML.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from azenha.domain.published import Service

Scalar = str | int | float | Decimal | bool | date | datetime | timedelta

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


class LiteralType(StrEnum):
    """Literal data types, named as in XML Schema part 2."""

    STRING = "string"
    INTEGER = "integer"
    DOUBLE = "double"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "dateTime"
    DURATION = "duration"


class Closure(StrEnum):
    """Which ends of a range belong to it (OWS Common rangeClosure)."""

    CLOSED = "closed"
    OPEN = "open"
    OPEN_CLOSED = "open-closed"
    CLOSED_OPEN = "closed-open"


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Allowed values from `minimum` to `maximum`, either None for an open end; `spacing` counts from `minimum`."""

    minimum: Scalar | None = None
    maximum: Scalar | None = None
    closure: Closure = Closure.CLOSED
    spacing: Scalar | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """How complex data travels: media type with its parameters, encoding (`base64`) and schema address.

    Attributes:
        called: of data that came, what it was called where that is no name of this format: a general one, as
            `text/xml` is of KML, or nothing at all (empty). Its content then decides which of the offered formats
            it is. None: it was declared to be of this format.
    """

    media_type: str
    encoding: str | None = None
    schema: str | None = None
    called: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LiteralDomain:
    """A literal: `allowed` values and ranges (empty: any value), `units` (the first is the default; empty: none)."""

    type: LiteralType
    allowed: tuple[Scalar | ValueRange, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Crs:
    """A reference system that a box may have.

    Attributes:
        name: its canonical URI.
        swapped: it is northing (or southing, or latitude) first.
        circle: of a geographic one, a full turn in its unit, 360 for degrees; None: its axes have no ends.
    """

    name: str
    swapped: bool = False
    circle: float | None = None


LONGITUDE_LATITUDE = Crs(CRS84, circle=360.0)


@dataclass(frozen=True, slots=True)
class BoxDomain:
    """A bounding box in one of `crss` (the first is the default), with 2 or 3 dimensions."""

    crss: tuple[Crs, ...] = (LONGITUDE_LATITUDE,)
    dimensions: tuple[int, ...] = (2,)


class Level(StrEnum):
    """How closely the content of data is looked at before a process gets it. Each does what those before it do."""

    NONE = "none"
    SIMPLE = "simple"  # its own signature is that of the declared type
    STRICT = "strict"  # the library of its family opens it, and it is of the kind asked for
    VERY_STRICT = "very strict"  # it follows its schema


@dataclass(frozen=True, slots=True)
class Validation:
    """What an author asks of the content of data.

    Attributes:
        read: all of the data is read, and not only what stands at its head.
        geometries: allowed types of geometry, as OGC names them; empty: any.
        bands: at least and at most so many bands, inclusive; None: any, and no upper end.
        crs: it says in which reference system it is.
        checks: names of the author's own functions that look at it, for people.
    """

    level: Level | None = None  # None: the server's own
    read: bool = False
    geometries: tuple[str, ...] = ()
    bands: tuple[int, int | None] | None = None
    crs: bool = False
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComplexDomain:
    """Data in a file.

    Attributes:
        formats: the first is the default.
        max_bytes: of the decoded value; None: the server's limit.
        validation: None: whatever the server does with all data.
        services: that the data can be published as, of an output; empty: none.
    """

    formats: tuple[Format, ...]
    max_bytes: int | None = None
    validation: Validation | None = None
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class ObjectDomain:
    """A value with named fields: a JSON object, a nested input in WPS 2.0."""

    fields: tuple[InputDescription, ...]


Domain = LiteralDomain | BoxDomain | ComplexDomain | ObjectDomain


@dataclass(frozen=True, slots=True)
class Metadata:
    """A link about a process, input or output."""

    href: str
    title: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Title, abstract and keywords in one language."""

    title: str
    abstract: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputDescription:
    """One input.

    Attributes:
        min_occurs: 0 if it may be left out.
        max_occurs: None for unbounded. Where it is not 1, the function gets a list.
        default: what is taken when it is left out, to be shown only (the function supplies it itself): a scalar, or a
            tuple of scalars where several values are allowed; None where there is none that can be shown.
        array: the function takes a list, even if max_occurs is 1.
        whole: the list is one value, an array, wherever a dialect has arrays; the occurrences count its items.
            A dialect without arrays shows several values.
    """

    id: str
    domain: Domain
    text: Text
    min_occurs: int = 1
    max_occurs: int | None = 1
    default: Scalar | tuple[Scalar, ...] | None = None
    default_unit: str | None = None
    array: bool = False
    whole: bool = False
    metadata: tuple[Metadata, ...] = ()
    translations: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def repeats(self) -> bool:
        """Whether several values may be given."""
        return self.max_occurs is None or self.max_occurs > 1


@dataclass(frozen=True, slots=True)
class OutputDescription:
    """One output. `array`: the value is a list of such values; `optional`: the function may leave it out (None)."""

    id: str
    domain: Domain
    text: Text
    array: bool = False
    optional: bool = False
    metadata: tuple[Metadata, ...] = ()
    translations: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))


def innermost(
    described: Sequence[InputDescription | OutputDescription], within: str = ""
) -> Iterator[tuple[str, Domain]]:
    """Those that are no objects, the fields of objects among them: each by its path, such as `area.corner`."""
    for one in described:
        if isinstance(one.domain, ObjectDomain):
            yield from innermost(one.domain.fields, f"{within}{one.id}.")
        else:
            yield within + one.id, one.domain


class JobControl(StrEnum):
    """Job control options, in the words of OGC API - Processes; `pause` is ours (WPS 2.0 extension)."""

    SYNC = "sync-execute"
    ASYNC = "async-execute"
    DISMISS = "dismiss"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job of a process may use; None: the server's own limit.

    Attributes:
        time: seconds of run time.
        memory: bytes of private memory, all its processes together.
        input_bytes: bytes of one input value, where the input names no limit of its own.
    """

    time: float | None = None
    memory: int | None = None
    input_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessDescription:
    """Everything that can be said of a process without running it.

    Attributes:
        retries: how often a job that its worker lost (crash, power) is started again. 0: it fails with that reason.
        reuse: how many jobs one child process may serve in turn; 1: every job has a fresh child.
        pauses_itself: of one that can be paused: where it looks (`ctx.check`), not stopped wherever it is.
        labels: what a worker must have to run it (`gpu`, `bigmem` …).
    """

    id: str
    version: str
    text: Text
    inputs: tuple[InputDescription, ...] = ()
    outputs: tuple[OutputDescription, ...] = ()
    metadata: tuple[Metadata, ...] = ()
    job_control: frozenset[JobControl] = frozenset({JobControl.SYNC, JobControl.ASYNC, JobControl.DISMISS})
    limits: Limits = Limits()
    retries: int = 0
    reuse: int = 1
    pauses_itself: bool = False
    labels: tuple[str, ...] = ()
    translations: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def input(self, id: str) -> InputDescription | None:
        return next((i for i in self.inputs if i.id == id), None)

    def output(self, id: str) -> OutputDescription | None:
        return next((o for o in self.outputs if o.id == id), None)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A source of processes that cannot be served: shown in lists with its reason and remedy.

    Attributes:
        source: as the operator named it (file, module, entry point).
        reason: a sentence: what went wrong and what to do.
    """

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Offering:
    """A process that is served, and the source whose warm parent runs it."""

    description: ProcessDescription
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that this server offers, by process id, and what it could not load.

    Attributes:
        ids: of the offerings, in order: lists are asked for far more often than a catalogue is made.
    """

    offerings: Mapping[str, Offering]
    unavailable: tuple[Unavailable, ...] = ()
    ids: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(sorted(self.offerings)))
