"""One frozen tree of settings. Sizes are bytes, times are seconds.

Each setting carries its kind, range and explanation, from which reading (see loading) and the reference page follow.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from azenha.domain.bounds import MOST, MOST_BYTES, MOST_SECONDS, MOST_WAITING
from azenha.reading import (
    Kind,
    Rule,
    blob_store,
    language_tag,
    network,
    reachable,
    root,
    web_address,
    web_origin,
)

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB
CORES = os.cpu_count() or 1
SLOTS = 512  # each is a thread of the worker, and a child
PROCESSES = 1_000_000  # Linux takes no bound of more than four million
PRESIGNED = "presigned"
LOCAL = "local"  # where results are kept, if nowhere else

T = TypeVar("T")


_MOST = {Kind.SIZE: MOST_BYTES, Kind.TIME: MOST_SECONDS, Kind.COUNT: MOST, Kind.COUNTS: MOST}


def _setting(
    default: T,
    kind: Kind,
    about: str,
    at_least: float | None = None,
    at_most: float | None = None,
    check: Callable[[str], str | None] | None = None,
    choices: tuple[str, ...] = (),
) -> T:
    most = _MOST.get(kind) if at_most is None else at_most
    return field(default=default, metadata={"rule": Rule(kind, about, at_least, most, check, choices)})


def _size(default: int, about: str) -> int:
    return _setting(default, Kind.SIZE, about, 1)


def _time(default: float, about: str, at_least: float = 0.001) -> float:
    return _setting(default, Kind.TIME, about, at_least)


def _wait(default: float, about: str) -> float:
    return _setting(default, Kind.TIME, about, 0.001, MOST_WAITING)


def _count(default: int, about: str, at_least: int = 0, at_most: int | None = None) -> int:
    return _setting(default, Kind.COUNT, about, at_least, at_most)


@dataclass(frozen=True, slots=True)
class Server:
    """The web tier."""

    host: str = _setting(
        "127.0.0.1", Kind.TEXT, "address to listen on; other than loopback needs `server.public`"
    )
    port: int = _count(8080, "port to listen on; 0: any free one", 0, 65535)
    public: bool = _setting(False, Kind.FLAG, "answer on any address, although there are no identities yet")
    url: str | None = _setting(
        None, Kind.TEXT, "the address that clients use, where a proxy stands in front", check=web_address
    )
    title: str = _setting("azenha", Kind.TEXT, "what the server calls itself")
    description: str = _setting("Processes for Earth data", Kind.TEXT, "a sentence about the server")
    keywords: tuple[str, ...] = _setting((), Kind.TEXTS, "words about the server")
    fees: str = _setting("NONE", Kind.TEXT, "what using it costs; NONE: nothing")
    constraints: str = _setting("NONE", Kind.TEXT, "what restricts access; NONE: nothing")
    provider: str = _setting("azenha", Kind.TEXT, "the organisation that runs it")
    provider_url: str | None = _setting(None, Kind.TEXT, "the organisation's address", check=web_address)
    contact: str | None = _setting(None, Kind.TEXT, "whom to ask")
    email: str | None = _setting(None, Kind.TEXT, "where to write to")
    language: str = _setting(
        "en", Kind.TEXT, "language in which authors write what is no translation", check=language_tag
    )
    origins: tuple[str, ...] = _setting(
        (), Kind.TEXTS, "web origins that may call from a browser (CORS)", check=web_origin
    )
    trusted_proxies: tuple[str, ...] = _setting(
        (), Kind.TEXTS, "addresses or networks whose X-Forwarded-* is read", check=network
    )


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What a request and a job may bring along."""

    body: int = _size(2 * GiB, "a request's body")
    inline: int = _size(GiB, "one inline value")
    row: int = _size(64 * KiB, "inline values up to this stay in the job's row, larger ones go to a file")
    fetched: int = _size(10 * GiB, "a value fetched by reference")
    redirects: int = _count(5, "redirects followed while fetching")
    connect: float = _wait(10.0, "to connect, while fetching")
    silence: float = _wait(60.0, "without a byte, while fetching")
    outputs: int = _size(10 * GiB, "files of one job, while it runs and as its results")
    depth: int = _count(64, "nesting of JSON", 1, 500)
    values: int = _count(
        25_000,
        "numbers, texts, arrays and objects that a request has, or a job returns, beside data in files",
        1,
    )
    log: int = _size(10 * MiB, "log of one job")


@dataclass(frozen=True, slots=True)
class Queue:
    """Slots and waiting room."""

    slots: int = _count(CORES, "background jobs at once (default: the number of cores)", 1, SLOTS)
    length: int = _count(1000, "background jobs waiting")
    sync_slots: int = _count(
        max(2, CORES), "synchronous jobs at once (default: the number of cores, at least 2)", 1, SLOTS
    )
    sync_waiting: int = _count(100, "synchronous jobs waiting")
    sync_seconds: float = _time(60.0, "a synchronous job's time, waiting included")
    settle: float = _time(
        0.0, "an asynchronous request is answered this much later, unless its job ends sooner", 0
    )


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The life of a job."""

    time: float = _time(3600.0, "run time of a job")
    memory: int = _size(2 * GiB, "memory of a job, all its processes together")
    processes: int = _count(256, "processes of one job, itself included", 1, PROCESSES)
    keep: float = _time(7 * 86400.0, "results and record, after the end")
    keep_sync: float = _time(3600.0, "the same, of synchronous runs")
    keep_created: float = _time(86400.0, "a job that is created and not started")
    pause_at_most: float = _time(
        86400.0, "in all, that a job may be paused, or held in the queue; then it fails, or is removed"
    )
    lease: float = _time(30.0, "how long a worker may be silent before its jobs are taken from it")
    heartbeat: float = _time(10.0, "how often a worker says that it lives; less than half of `jobs.lease`")
    grace: float = _time(2.0, "between asking a job to stop, terminating and killing it", 0)


@dataclass(frozen=True, slots=True)
class ResultSettings:
    """Where results are kept, and how they are given out."""

    store: str = _setting(
        LOCAL,
        Kind.TEXT,
        "where files of results are kept: local (the data folder), or s3://bucket/prefix (extra `s3`)",
        check=blob_store,
    )
    endpoint: str | None = _setting(
        None, Kind.TEXT, "address of an S3-compatible server; none: AWS", check=web_address
    )
    region: str | None = _setting(None, Kind.TEXT, "region of the bucket; none: `AWS_REGION`")
    links: str = _setting(
        "served",
        Kind.TEXT,
        "served: results come from this server; presigned: it redirects to the store's own links, where it has such",
        choices=("served", PRESIGNED),
    )
    inline: int = _setting(
        MiB,
        Kind.SIZE,
        "data up to this stand in a document, if its client says neither value nor reference; larger ones are linked",
        0,
    )
    stac: bool = _setting(
        False,
        Kind.FLAG,
        "look into rasters and features when a job ends, so that its results can be had as a STAC Item",
    )
    link_time: float = _time(600.0, "how long a presigned link works", 1)


@dataclass(frozen=True, slots=True)
class Children:
    """How children are started."""

    start: str = _setting(
        "auto",
        Kind.TEXT,
        "auto, fork or spawn; auto: fork where it is safe",
        choices=("auto", "fork", "spawn"),
    )
    idle: float = _time(60.0, "a warm parent without a job ends after this")
    import_time: float = _wait(60.0, "to import an author's module")
    nice: int = _count(10, "CPU priority of background children: 0 (as the server) to 19 (last)", 0, 19)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which addresses may be fetched from and called. Public ones always; others only if named here."""

    allow: tuple[str, ...] = _setting(
        (), Kind.TEXTS, "host names, addresses or networks, each with an optional :port", check=reachable
    )
    ports: tuple[int, ...] = _setting(
        (), Kind.COUNTS, "allowed ports of public addresses; empty: any", 1, 65535
    )


@dataclass(frozen=True, slots=True)
class ReferenceSettings:
    """How data by reference is fetched. What it may be is in `limits`, where it may lie in `addresses`."""

    attempts: int = _count(4, "attempts to fetch, where a failure may pass", 1, 100)
    delay: float = _time(0.5, "from the first attempt to the second; each later delay is twice as long")
    wait: float = _time(60.0, "between two attempts at most, whatever the other server asks for")
    time: float = _time(3600.0, "to fetch one reference, all attempts and waits included")
    expansion: int = _count(200, "times that compressed content may grow, beyond 10 MiB", 1)
    cache: int = _setting(
        5 * GiB, Kind.SIZE, "kept of what was fetched, for the next job; 0: nothing is kept", 0
    )
    roots: tuple[str, ...] = _setting(
        (), Kind.TEXTS, "folders (/srv/data) and buckets (s3://bucket/prefix) that may be read", check=root
    )


@dataclass(frozen=True, slots=True)
class CallbackSettings:
    """How those who asked to be called are told of a job."""

    attempts: int = _count(10, "attempts to deliver a callback, before it is given up", 1, 100)
    delay: float = _time(5.0, "from the first attempt to the second; each later delay is three times as long")
    total: float = _time(86400.0, "after which no further attempt is made")
    timeout: float = _wait(15.0, "one attempt, from the connection to the answer")
    progress: float = _time(5.0, "between two callbacks that tell of one job's progress")
    at_once: int = _count(4, "callbacks that are sent at once", 1, 64)


@dataclass(frozen=True, slots=True)
class Wps:
    """WPS 1.0.0 and 2.0, where the standards leave a choice."""

    default_version: str = _setting(
        "2.0.0",
        Kind.TEXT,
        "at /wps, of the answer to clients that name no version",
        choices=("1.0.0", "2.0.0"),
    )
    kvp_execute: bool = _setting(
        False, Kind.FLAG, "WPS 2.0 executes by GET too, which its standard does not know"
    )


@dataclass(frozen=True, slots=True)
class Formats:
    """How the content of data is looked at, in the job."""

    validation: str = _setting(
        "simple",
        Kind.TEXT,
        "level for inputs and outputs whose process names none",
        choices=("none", "simple", "strict", "very strict"),
    )
    outputs: str = _setting(
        "warning",
        Kind.TEXT,
        "what an output that is not what it declares comes to: off (not looked at), warning (in the log), failure",
        choices=("off", "warning", "failure"),
    )
    schemas: Path | None = _setting(  # noqa: RUF009 - a Path does not change
        None, Kind.PATH, "folder of XML and JSON Schemas, for `very strict`"
    )
    fetch_schemas: bool = _setting(
        False, Kind.FLAG, "jobs fetch the schemas that they lack, to that folder; else nothing is fetched"
    )
    schemas_bytes: int = _size(GiB, "files in that folder, beyond which no job fetches more")
    archive_bytes: int = _size(10 * GiB, "files of one zip together, unpacked")
    archive_members: int = _count(10_000, "files and folders in one zip", 1)
    archive_ratio: int = _count(200, "times that a zip may grow when it is unpacked, beyond 10 MiB", 1)
    archive_nesting: int = _count(0, "archives in a zip: 0: none; 1: such as have none in them", 0, 1)


@dataclass(frozen=True, slots=True)
class Publishing:
    """Outputs as OGC services, by MapServer."""

    offer: bool = _setting(True, Kind.FLAG, "outputs can be asked as services, where `mapserv` is found")
    mapserv: Path | None = _setting(  # noqa: RUF009 - a Path does not change
        None, Kind.PATH, "the program `mapserv`; none: the one on PATH, or of Debian's package"
    )
    at_once: int = _count(CORES, "requests that are answered at once (default: the number of cores)", 1)
    waiting: int = _count(100, "requests that wait for that; more are refused")
    time: float = _time(60.0, "to wait for a turn, to begin the answer, and to go on with it")
    total: float = _time(600.0, "one request in all, until its client has read the answer")
    memory: int = _size(2 * GiB, "address space of the `mapserv` of one request (Linux)")
    body: int = _size(MiB, "what is posted to a service")


@dataclass(frozen=True, slots=True)
class Settings:
    data: Path = _setting(Path("azenha-data"), Kind.PATH, "folder of jobs and results")  # noqa: RUF009 - a Path does not change
    targets: tuple[str, ...] = _setting(
        (),
        Kind.TEXTS,
        "files, folders and modules with processes; empty: entry points and the bundled examples",
    )
    server: Server = field(default_factory=Server)
    limits: LimitSettings = field(default_factory=LimitSettings)
    queue: Queue = field(default_factory=Queue)
    jobs: JobSettings = field(default_factory=JobSettings)
    results: ResultSettings = field(default_factory=ResultSettings)
    children: Children = field(default_factory=Children)
    addresses: Addresses = field(default_factory=Addresses)
    references: ReferenceSettings = field(default_factory=ReferenceSettings)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
    wps: Wps = field(default_factory=Wps)
    formats: Formats = field(default_factory=Formats)
    services: Publishing = field(default_factory=Publishing)
