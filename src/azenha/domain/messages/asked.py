"""How something was asked: what commands and outcomes both speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from azenha.domain.callbacks import Subscriber
from azenha.domain.process import Format
from azenha.domain.published import MEDIA_TYPES, Service
from azenha.domain.values import Value
from azenha.domain.written import Wording


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
        service: that it is to be published as; its format is then that of the data.
    """

    format: Format | None = None
    transmission: Transmission | None = None
    unit: str | None = None
    title: str | None = None
    abstract: str | None = None
    fields: Mapping[str, OutputRequest] | None = None
    service: Service | None = None

    @property
    def named(self) -> Format | None:
        """The format that the client asked for: of one that is published, that of the service."""
        return self.format if self.service is None else Format(MEDIA_TYPES[self.service])


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
    """What was asked, checked: it stands in the job's row (see canonical).

    Attributes:
        outputs: None: all.
        wording: as the client wrote it, where it is to be told again; None: not kept.
    """

    process: str
    version: str
    inputs: Mapping[str, tuple[Value, ...]]
    outputs: Mapping[str, OutputRequest] | None
    asked: Asked
    subscriber: Subscriber | None = None
    wording: Wording | None = None
