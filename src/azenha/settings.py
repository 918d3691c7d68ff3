"""One frozen tree of settings, read once from a TOML file and `AZENHA_*` variables.

Sizes are bytes, times are seconds. Nothing here is read at import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB
CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Server:
    """The web tier."""

    host: str = "127.0.0.1"  # address to listen on; other than loopback needs `public`
    port: int = 8080
    public: bool = False  # answer on any address although there are no identities yet
    url: str | None = None  # the address that clients use, where a proxy stands in front
    title: str = "azenha"
    description: str = "Processes for Earth data"
    origins: tuple[str, ...] = ()  # web origins that may call from a browser (CORS)
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-* is read


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What a request and a job may bring along."""

    body: int = 64 * MiB  # a request's body
    inline: int = 64 * MiB  # one inline value
    row: int = 64 * KiB  # inline values up to this stay in the job's row, larger ones go to a file
    fetched: int = 10 * GiB  # a value fetched by reference
    redirects: int = 5
    connect: float = 10.0
    silence: float = 60.0  # without a byte, while fetching
    outputs: int = 10 * GiB  # files of one job
    depth: int = 64  # nesting of JSON
    log: int = 10 * MiB  # log of one job


@dataclass(frozen=True, slots=True)
class Queue:
    """Slots and waiting room."""

    slots: int = CORES  # background jobs at once
    length: int = 1000  # background jobs waiting
    sync_slots: int = max(2, CORES)
    sync_waiting: int = 100
    sync_seconds: float = 60.0  # a synchronous job's time, waiting included


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The life of a job."""

    time: float = 3600.0
    memory: int = 2 * GiB
    processes: int = 256  # of one job, itself included
    keep: float = 7 * 86400.0  # results and record, after the end
    keep_sync: float = 3600.0  # the same, of synchronous runs
    lease: float = 30.0
    heartbeat: float = 10.0
    grace: float = 2.0  # between asking, terminating and killing


@dataclass(frozen=True, slots=True)
class Children:
    """How children are started."""

    start: str = "auto"  # auto, fork or spawn
    idle: float = 60.0  # a warm parent without a job ends after this
    import_time: float = 60.0  # to import an author's module
    nice: int = 10  # CPU priority of background children, 0 (as the server) to 19


@dataclass(frozen=True, slots=True)
class Addresses:
    """Which addresses may be fetched from. Public ones always; others only if named here."""

    allow: tuple[str, ...] = ()  # host names, addresses or networks, each with an optional :port
    ports: tuple[int, ...] = ()  # allowed ports of public addresses; empty: any


@dataclass(frozen=True, slots=True)
class Settings:
    data: Path = Path("azenha-data")
    targets: tuple[str, ...] = ()  # files, folders, modules; empty: entry points and bundled examples
    server: Server = field(default_factory=Server)
    limits: LimitSettings = field(default_factory=LimitSettings)
    queue: Queue = field(default_factory=Queue)
    jobs: JobSettings = field(default_factory=JobSettings)
    children: Children = field(default_factory=Children)
    addresses: Addresses = field(default_factory=Addresses)
