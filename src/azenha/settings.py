"""One frozen tree of settings, read once from a TOML file and `AZENHA_*` variables.

Sizes are bytes, times are seconds. Nothing here is read at import: `load` is told what the file and the
environment are. Each setting carries its kind, range and explanation, from which reading and the reference
page follow. Command line beats environment beats file beats default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

from azenha.reading import (
    Kind,
    NotAllowed,
    Rule,
    language_tag,
    network,
    parse,
    reachable,
    show,
    web_address,
    web_origin,
)

KiB = 1024
MiB = 1024 * KiB
GiB = 1024 * MiB
CORES = os.cpu_count() or 1
DEFAULT_FILE = "azenha.toml"
PREFIX = "AZENHA_"

T = TypeVar("T")


def _setting(
    default: T,
    kind: Kind,
    about: str,
    at_least: float | None = None,
    at_most: float | None = None,
    check: Callable[[str], str | None] | None = None,
    choices: tuple[str, ...] = (),
) -> T:
    return field(default=default, metadata={"rule": Rule(kind, about, at_least, at_most, check, choices)})


def _size(default: int, about: str) -> int:
    return _setting(default, Kind.SIZE, about, 1)


def _time(default: float, about: str, at_least: float = 0.001) -> float:
    return _setting(default, Kind.TIME, about, at_least)


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
    connect: float = _time(10.0, "to connect, while fetching")
    silence: float = _time(60.0, "without a byte, while fetching")
    outputs: int = _size(10 * GiB, "files of one job")
    depth: int = _count(64, "nesting of JSON", 1, 500)
    log: int = _size(10 * MiB, "log of one job")


@dataclass(frozen=True, slots=True)
class Queue:
    """Slots and waiting room."""

    slots: int = _count(CORES, "background jobs at once (default: the number of cores)", 1)
    length: int = _count(1000, "background jobs waiting")
    sync_slots: int = _count(
        max(2, CORES), "synchronous jobs at once (default: the number of cores, at least 2)", 1
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
    processes: int = _count(256, "processes of one job, itself included", 1)
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
class Children:
    """How children are started."""

    start: str = _setting(
        "auto",
        Kind.TEXT,
        "auto, fork or spawn; auto: fork where it is safe",
        choices=("auto", "fork", "spawn"),
    )
    idle: float = _time(60.0, "a warm parent without a job ends after this")
    import_time: float = _time(60.0, "to import an author's module")
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
class CallbackSettings:
    """How those who asked to be called are told of a job."""

    attempts: int = _count(10, "attempts to deliver a callback, before it is given up", 1, 100)
    delay: float = _time(5.0, "from the first attempt to the second; each later delay is three times as long")
    total: float = _time(86400.0, "after which no further attempt is made")
    timeout: float = _time(15.0, "one attempt, from the connection to the answer")
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
        None, Kind.PATH, "folder of XML and JSON Schemas, for `very strict`; nothing is fetched"
    )


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
    children: Children = field(default_factory=Children)
    addresses: Addresses = field(default_factory=Addresses)
    callbacks: CallbackSettings = field(default_factory=CallbackSettings)
    wps: Wps = field(default_factory=Wps)
    formats: Formats = field(default_factory=Formats)


# -- reading -------------------------------------------------------------------------------------


class SettingsError(Exception):
    """Something is wrong with the settings. `problems` has every one of them, each a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and the source of each (`default`, a file's name, a variable's name, `command line`)."""

    settings: Settings
    sources: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Name, value as a person reads it, and source of every setting."""
        for name, rule in RULES.items():
            yield name, show(value(self.settings, name), rule), self.sources[name]


def _walk(tree: Any, prefix: str = "") -> Iterator[tuple[str, Field[Any]]]:
    for entry in fields(tree):
        if entry.default_factory is not MISSING:
            yield from _walk(entry.default_factory, f"{prefix}{entry.name}.")
        else:
            yield prefix + entry.name, entry


RULES: Mapping[str, Rule] = {name: entry.metadata["rule"] for name, entry in _walk(Settings)}
DEFAULTS: Mapping[str, object] = {name: entry.default for name, entry in _walk(Settings)}
TABLES = tuple(dict.fromkeys(name.split(".")[0] for name in RULES if "." in name))


def value(settings: Settings, name: str) -> object:
    """The value of the setting with the dotted `name`."""
    part: object = settings
    for step in name.split("."):
        part = getattr(part, step)
    return part


def variable(name: str) -> str:
    """The environment variable of the setting with the dotted `name`."""
    return PREFIX + name.upper().replace(".", "__")


def load(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None
) -> Settings:
    """Read the settings.

    Args:
        path: TOML file, which must exist; None: no file. Relative paths in it are relative to its folder.
        environ: the environment; every variable that starts with `AZENHA_` must be a setting's.
        overrides: from the command line, by dotted name; text is read as in a variable.
    Raises:
        SettingsError: with every problem found.
    """
    return load_with_sources(path, environ, overrides).settings


def load_with_sources(
    path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object] | None = None
) -> Loaded:
    """As `load`, and tells where each setting came from."""
    problems: list[str] = []
    values, sources = dict(DEFAULTS), dict.fromkeys(DEFAULTS, "default")
    for name, given, source in _from_file(path, problems):
        try:
            parsed = parse(given, RULES[name], text=False)
        except NotAllowed as wrong:
            problems.append(f"setting '{name}' ({source}): {wrong}")
        else:
            values[name], sources[name] = _beside(Path(source).parent, name, parsed), source
    overridden = [(name, given, "command line") for name, given in (overrides or {}).items()]
    for name, given, source in (*_from_environment(environ, problems), *overridden):
        try:
            values[name], sources[name] = parse(given, RULES[name], text=True), source
        except NotAllowed as wrong:
            problems.append(f"setting '{name}' ({source}): {wrong}")
    settings: Settings = _build(Settings, values)
    problems += _across(settings)
    if problems:
        raise SettingsError(problems)
    return Loaded(settings, sources)


def _build(tree: Any, values: Mapping[str, object], prefix: str = "") -> Any:
    return tree(
        **{
            entry.name: values[prefix + entry.name]
            if entry.default_factory is MISSING
            else _build(entry.default_factory, values, f"{prefix}{entry.name}.")
            for entry in fields(tree)
        }
    )


def _from_file(path: Path | None, problems: list[str]) -> Iterator[tuple[str, object, str]]:
    if path is None:
        return
    import tomllib  # not needed where there is no file

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{path} cannot be read: {error.strerror}")
        return
    except UnicodeDecodeError as error:
        problems.append(f"{path} is not UTF-8 text (byte {error.start})")
        return
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path} is not TOML: {error}")  # the error names line and column
        return
    for key, given in content.items():
        if key not in TABLES:
            entries = {key: given}
        elif isinstance(given, dict):
            entries = {f"{key}.{inner}": entry for inner, entry in given.items()}
        else:
            problems.append(f"'{key}' in {path} is a table of settings: write [{key}] and its settings below")
            continue
        for name, entry in entries.items():
            if name in RULES:
                yield name, entry, str(path)
            else:
                problems.append(f"unknown setting '{name}' in {path}{_near(name, list(RULES))}")


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, object, str]]:
    names = {variable(name): name for name in RULES}
    for key in sorted(environ):
        if key in names:
            yield names[key], environ[key], key
        elif key.upper().startswith(PREFIX):
            problems.append(f"unknown setting '{key}' in the environment{_near(key.upper(), list(names))}")


def _near(name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # only when something is wrong already

    same_end = [k for k in known if k.split(".")[-1] == name.split(".")[-1]]
    close = get_close_matches(name, known, 1) or same_end[:1]
    if not close:
        last = {k.split(".")[-1]: k for k in known}
        close = [last[end] for end in get_close_matches(name.split(".")[-1], last, 1)]
    return f"; did you mean '{close[0]}'?" if close else ""


def _beside(folder: Path, name: str, parsed: object) -> object:
    """Paths of a file are relative to its folder; a target is a path if it looks like one or is there."""
    if isinstance(parsed, Path):
        return folder / parsed
    if name == "targets" and isinstance(parsed, tuple):
        return tuple(
            str(folder / t) if t.endswith(".py") or "/" in t or os.sep in t or (folder / t).exists() else t
            for t in parsed
        )
    return parsed


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is seen by this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _across(settings: Settings) -> Iterator[str]:
    """Rules between settings."""

    def shown(name: str) -> str:
        return show(value(settings, name), RULES[name])

    if not settings.server.public and not is_loopback(settings.server.host):
        yield (
            f"setting 'server.host': given '{settings.server.host}', which others can reach, and there "
            "are no identities yet: anybody who reaches it could run processes; allowed: a loopback address "
            "such as 127.0.0.1, or any address together with --public (server.public = true)"
        )
    if not settings.jobs.heartbeat < settings.jobs.lease / 2:
        # A worker whose heartbeat is late once must not lose its jobs.
        yield (
            f"setting 'jobs.heartbeat': given {shown('jobs.heartbeat')}; allowed: less than half of "
            f"jobs.lease, which is {shown('jobs.lease')}"
        )
    if settings.limits.row > settings.limits.inline:
        yield (
            f"setting 'limits.row': given {shown('limits.row')}; allowed: at most limits.inline, "
            f"which is {shown('limits.inline')}"
        )
