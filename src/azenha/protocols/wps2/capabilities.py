"""`wps:Capabilities` (OGC 14-065r2 §9.7), with the sections that are asked for.

Contents are always there: the schemas demand them, although OWS Common lets a client leave them out. The state
(`updateSequence`) is a digest of the whole document: a number would have to be counted somewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from azenha.domain.process import JobControl
from azenha.protocols import ows_service
from azenha.protocols.http import Site
from azenha.protocols.ows_service import Operation
from azenha.protocols.wps2 import control
from azenha.protocols.wps2.words import (
    ASYNCHRONOUS,
    BASIC,
    CONTROL,
    DISMISS,
    ENCODING,
    SYNCHRONOUS,
    VERSION,
)
from azenha.protocols.xml_write import Tag, Verbatim

SECTIONS: Final = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata", "Languages", "Contents")


@dataclass(frozen=True, slots=True)
class Service:
    """What is told of the service beside its processes.

    Attributes:
        versions: all that are spoken at this address.
        languages: the default first.
        kvp_execute: processes are executed by GET too.
    """

    site: Site
    versions: tuple[str, ...]
    languages: tuple[str, ...]
    kvp_execute: bool = False


def capabilities(
    summaries: Sequence[Tag | Verbatim],
    controls: Collection[JobControl],
    service: Service,
    sections: Collection[str],
    state: str | None,
) -> Tag:
    """The document.

    Args:
        summaries: of the processes (see describe.summary), in the order in which they are listed.
        controls: the job control options that some process has.
        state: of what is offered, None where it is still to be found.
    """
    site = service.site
    return Tag(
        "wps:Capabilities",
        ows_service.identification(site, service.versions, _profiles(controls))
        if "ServiceIdentification" in sections
        else None,
        ows_service.provider(site) if "ServiceProvider" in sections else None,
        ows_service.operations_metadata(site, operations(controls, kvp_execute=service.kvp_execute))
        if "OperationsMetadata" in sections
        else None,
        Tag("ows:Languages", *(Tag("ows:Language", tag) for tag in service.languages))
        if "Languages" in sections
        else None,
        Tag("wps:Contents", *summaries),
        Tag("wps:Extension", control.extension(controls)) if control.offered(controls) else None,
        attributes={"service": ows_service.SERVICE, "version": VERSION, "updateSequence": state},
    )


def _profiles(controls: Collection[JobControl]) -> Sequence[str]:
    found = [BASIC, ENCODING]
    if JobControl.SYNC in controls:
        found.append(SYNCHRONOUS)
    if JobControl.ASYNC in controls:
        found.append(ASYNCHRONOUS)
    if JobControl.DISMISS in controls:
        found.append(DISMISS)
    if control.offered(controls):
        found.append(CONTROL)
    return tuple(found)


def operations(controls: Collection[JobControl], *, kvp_execute: bool) -> tuple[Operation, ...]:
    """Every operation that is served, which depends on what the processes can do."""
    found = [
        Operation("GetCapabilities"),
        Operation("DescribeProcess"),
        Operation("Execute", get=kvp_execute),
    ]
    found += [Operation("GetStatus"), Operation("GetResult")]
    if JobControl.DISMISS in controls:
        found.append(Operation("Dismiss"))
    return (*found, *(Operation(name) for name in control.names(controls)))
