"""What a client can ask of processes: which there are, and what they are like."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import PurePosixPath

from azenha.domain.errors import NoSuchProcess, NoSuchProcesses, ProcessUnavailable
from azenha.domain.messages import (
    ALL,
    DescribeProcesses,
    DescribeServer,
    ListProcesses,
    ProcessesDescribed,
    ProcessesListed,
    ServerDescribed,
)
from azenha.domain.names import near
from azenha.domain.process import Catalogue, Offering
from azenha.usecases.speaking import language


def describe_server(
    command: DescribeServer, catalogue: Catalogue, languages: tuple[str, ...]
) -> ServerDescribed:
    """
    Raises:
        BadParameter: the language is not offered.
    """
    return ServerDescribed(catalogue, command, language(command.languages, languages), languages)


def describe_processes(
    command: DescribeProcesses, catalogue: Catalogue, languages: tuple[str, ...]
) -> ProcessesDescribed:
    """
    Raises:
        BadParameter: the language is not offered.
        NoSuchProcess, ProcessUnavailable: of one; NoSuchProcesses: several.
    """
    spoken = language(command.languages, languages)
    ids, known = command.processes, catalogue.offerings
    if len(ids) == 1 and ids[0].upper() == ALL and ids[0] not in known:
        return ProcessesDescribed(tuple(known[id] for id in sorted(known)), spoken)
    ids = tuple(dict.fromkeys(ids))  # one that is named twice is not described twice
    missing = [id for id in ids if id not in known]
    if len(missing) > 1:
        raise NoSuchProcesses(missing)
    return ProcessesDescribed(tuple(offering(id, catalogue) for id in ids), spoken)


def list_processes(command: ListProcesses, catalogue: Catalogue) -> ProcessesListed:
    """A page in the order of the ids; with the first one, what could not be loaded."""
    ids = catalogue.ids
    start = 0 if command.after is None else bisect_right(ids, command.after)
    page = ids[start : start + command.limit]
    more = start + len(page) < len(ids) and bool(page)
    return ProcessesListed(
        tuple(catalogue.offerings[id] for id in page),
        command,
        page[-1] if more else None,
        tuple((u.source, u.reason) for u in catalogue.unavailable) if command.after is None else (),
    )


def offering(process: str, catalogue: Catalogue) -> Offering:
    """
    Raises:
        NoSuchProcess: with the nearest name.
        ProcessUnavailable: there is none, but a source of that name that could not be loaded.
    """
    found = catalogue.offerings.get(process)
    if found is not None:
        return found
    for source, reason in ((u.source, u.reason) for u in catalogue.unavailable):
        # What a source that could not be read would offer is not known; often it has its own name.
        names = {source, PurePosixPath(source.replace("\\", "/")).stem, source.rsplit(".", 1)[-1]}
        if process.replace("-", "_") in names or process in names:
            raise ProcessUnavailable(f"process '{process}' cannot run here: {reason}")
    raise NoSuchProcess(process, near(process, catalogue.offerings))
