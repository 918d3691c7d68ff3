"""Settings from a TOML file, `AZENHA_*` variables and the command line: the last that says something counts.

Nothing is read at import: `load` is told what the file and the environment are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from azenha.reading import NotAllowed, Rule, parse, show
from azenha.settings import LOCAL, PRESIGNED, Settings

DEFAULT_FILE = "azenha.toml"
PREFIX = "AZENHA_"


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
        if key in RULES and "." in key:
            problems.append(
                f"unknown setting '{key}' in {path}: in quotes it is one name; write {key} without quotes, or "
                f"{key.partition('.')[2]} below [{key.partition('.')[0]}]"
            )
            continue
        if key not in TABLES and isinstance(given, dict) and key not in RULES:
            problems.append(f"unknown setting '{key}' in {path}{_near(key.lower(), list(TABLES))}")
            continue
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
                problems.append(f"unknown setting '{name}' in {path}{_near(name.lower(), list(RULES))}")


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
    if settings.results.store != LOCAL:
        if find_spec("obstore") is None:
            yield (
                f"setting 'results.store': given {shown('results.store')}, which needs the package obstore; "
                "install it: pip install 'azenha[s3]'"
            )
    elif settings.results.links == PRESIGNED:
        yield (
            "setting 'results.links': given presigned; allowed: served, because results.store is local, "
            "which has no links of its own"
        )
    for text in settings.references.roots:
        if text.startswith("s3:") and find_spec("obstore") is None:
            yield f"setting 'references.roots': given '{text}', which needs obstore: pip install azenha[s3]"
    for name in _around(settings):
        yield (
            f"setting 'references.roots': given '{name}', and the data folder {settings.data} is in it, or it "
            "is in the data folder: others' results and keys could be read; allowed: folders apart from it"
        )
    if settings.formats.fetch_schemas and settings.formats.schemas is None:
        yield (
            "setting 'formats.fetch_schemas': given true; allowed: false, because formats.schemas names no folder "
            "to keep them in"
        )
    if settings.limits.row > settings.limits.inline:
        yield (
            f"setting 'limits.row': given {shown('limits.row')}; allowed: at most limits.inline, "
            f"which is {shown('limits.inline')}"
        )


def _around(settings: Settings) -> Iterator[str]:
    """Folders that references may name, and that hold the data folder or are in it."""
    if not settings.references.roots:
        return
    from azenha.domain.roots import Folder, parse_root

    data = settings.data.resolve()
    for text in settings.references.roots:
        root = parse_root(text)
        if isinstance(root, Folder):
            path = Path(root.path).resolve()
            if data.is_relative_to(path) or path.is_relative_to(data):
                yield text
