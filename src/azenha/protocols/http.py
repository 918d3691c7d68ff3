"""Request and reply as frozen values, without a framework: what codecs read and write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable
from urllib.parse import parse_qsl

from azenha.domain.errors import AppError
from azenha.domain.messages import Command, Outcome, Results, Status
from azenha.domain.slices import Buffer as Buffer
from azenha.protocols.tally import Tally

START: Final = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A whole request.

    Attributes:
        method: upper case.
        path: decoded, below the mount point of the dialect, starting with `/`.
        query: raw, without the `?`.
        headers: names in lower case; several headers of one name joined by `, ` (RFC 9110 §5.3).
        body: read-only.
        start: its first bytes, at most START, which are still there when a large body was given back.
        base: the dialect's address as the client sees it, without a trailing slash; empty where it is not known.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Buffer = b""
    start: bytes = b""
    base: str = ""

    def parameters(self) -> list[tuple[str, str]]:
        """Query parameters in order, decoded; a name without `=` has an empty value."""
        return parse_qsl(self.query, keep_blank_values=True)


class Encoding(StrEnum):
    """How the bytes of a file stand in a reply."""

    NONE = "none"
    BASE64 = "base64"  # RFC 4648 §4, without line breaks
    JSON_TEXT = "json-text"  # UTF-8 as the inside of a JSON string, without the quotes
    XML_TEXT = "xml-text"  # UTF-8 as character data of an element


@dataclass(frozen=True, slots=True)
class FileSlice:
    """Bytes `start` to `end` (exclusive) of a file, streamed when the reply is sent."""

    path: str
    start: int
    end: int
    encoding: Encoding = Encoding.NONE

    @property
    def length(self) -> int | None:
        """Bytes that are sent; None where only reading the file tells."""
        size = self.end - self.start
        match self.encoding:
            case Encoding.NONE:
                return size
            case Encoding.BASE64:
                return (size + 2) // 3 * 4
            case _:
                return None


Part = bytes | FileSlice


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole reply; Content-Length follows from the body, where it can be told."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: tuple[Part, ...] = ()

    @property
    def length(self) -> int | None:
        total = 0
        for part in self.body:
            size = len(part) if isinstance(part, bytes) else part.length
            if size is None:
                return None
            total += size
        return total


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs the server, as its capabilities tell it; an empty text is not told.

    Attributes:
        name: of the organisation.
        url: its address.
        person, email: whom to ask.
    """

    name: str = "azenha"
    url: str = ""
    person: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the server is seen from outside, and what it calls itself: what a writer needs to know of it.

    Attributes:
        base: the dialect's address without a trailing slash.
        language: of the texts that are no translations.
        fees, constraints: `NONE` where there are none (OWS Common).
        root: the server's address, below which all dialects are; empty: that is `base`.
    """

    base: str
    title: str = "azenha"
    description: str = ""
    language: str = "en"
    keywords: tuple[str, ...] = ()
    fees: str = "NONE"
    constraints: str = "NONE"
    provider: Provider = Provider()
    root: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a dialect reads what a client sends; each dialect is made with them. A refusal names the setting.

    Attributes:
        depth: nesting of JSON or XML, inclusive (setting limits.depth).
        inline: bytes of one inline value, inclusive (setting limits.inline).
        values: that are read in place, of one request, inclusive (setting limits.values).
        tally: of the request that is read; None: each text that is read counts for itself.
    """

    depth: int = 64
    inline: int = 64 * 1024 * 1024
    values: int = 25_000
    tally: Tally | None = None

    def of_request(self) -> Limits:
        """For one request."""
        return replace(self, tally=Tally(self.values))

    def counted(self) -> Tally:
        return Tally(self.values) if self.tally is None else self.tally


class Dialect(Protocol):
    """One protocol, mounted: bytes to commands, outcomes and errors to bytes. Pure."""

    name: str
    mount: str  # path prefix without a trailing slash; "" for the root

    def read(self, request: HttpRequest) -> Command:
        """Decode a request.

        Raises:
            AppError: whatever is wrong with it; NoSuchPath where this dialect has nothing.
        """

    def write(self, outcome: Outcome, request: HttpRequest, site: Site) -> HttpReply:
        """Render an outcome, in the form that the request's Accept header asks for."""

    def fault(self, error: AppError, request: HttpRequest, site: Site) -> HttpReply:
        """Render an error; every AppError has a place in the dialect's table."""


@runtime_checkable
class Bounded(Protocol):
    """A dialect whose bodies are smaller than others' may be: `largest` in bytes, by the setting of that name."""

    largest: int
    setting: str


@runtime_checkable
class Calling(Protocol):
    """What a dialect that sends callbacks can do besides."""

    name: str

    def callback(self, outcome: Results | Status, site: Site) -> HttpReply:
        """What is sent to those who asked to be called: a body and its headers.

        Raises:
            NoSuchJob: its files are gone.
        """
