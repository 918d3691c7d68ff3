"""The job-control extension of ours: Pause, Resume, Release and Delete, which no edition of the standard has.

In a namespace of its own, by both bindings, because the standard demands it of extensions (OGC 14-065r2
/req/conceptual-model, extension bindings). Each request is like `wps:Dismiss`, and answered with StatusInfo.
Release is another name of Resume, and Delete of Dismiss.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from azenha.domain.messages import Command, Dismiss, Pause, Resume
from azenha.domain.process import JobControl
from azenha.protocols.wps2.words import CONTROL
from azenha.protocols.xml_write import Tag

# By operation: the command, and the job control option of processes that it takes.
_OPERATIONS: Final[Mapping[str, tuple[Callable[[str], Command], JobControl]]] = MappingProxyType(
    {
        "Pause": (Pause, JobControl.PAUSE),
        "Resume": (Resume, JobControl.PAUSE),
        "Release": (Resume, JobControl.PAUSE),
        "Delete": (lambda job: Dismiss(job, transient=True), JobControl.DISMISS),
    }
)
COMMANDS: Final[Mapping[str, Callable[[str], Command]]] = MappingProxyType(
    {name: command for name, (command, _) in _OPERATIONS.items()}
)


def element(name: str) -> str:
    """The name of a request's root, as trees have it."""
    return f"{{{CONTROL}}}{name}"


def names(controls: Collection[JobControl]) -> tuple[str, ...]:
    """The operations that some process takes."""
    return tuple(name for name, (_, needed) in _OPERATIONS.items() if needed in controls)


def offered(controls: Collection[JobControl]) -> bool:
    return bool(names(controls))


def extension(controls: Collection[JobControl]) -> Tag:
    """`jc:JobControl` in `wps:Extension` of the capabilities: the operations, and the option that each needs."""
    return Tag(
        "jc:JobControl",
        *(
            Tag("jc:Operation", attributes={"name": name, "jobControlOption": _OPERATIONS[name][1].value})
            for name in names(controls)
        ),
    )
