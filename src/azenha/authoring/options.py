"""The options of `@process`: what they may be, and the description that they make with the signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from azenha.authoring import marks
from azenha.authoring.docstring import Docstring
from azenha.authoring.places import Place
from azenha.domain.bounds import MOST, MOST_BYTES, MOST_SECONDS
from azenha.domain.names import near
from azenha.domain.process import (
    InputDescription,
    JobControl,
    Limits,
    Metadata,
    OutputDescription,
    ProcessDescription,
    Text,
)

COOPERATIVE: Final = "cooperative"
Pause = bool | Literal["cooperative"]

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


@dataclass(frozen=True)
class Options:
    """What @process was given beside the function."""

    id: str | None = None
    version: str = "0.1.0"
    title: str | None = None
    keywords: Sequence[str] = ()
    metadata: Sequence[Metadata | str] = ()
    translations: Mapping[str, str | Text] | None = None
    sync: bool = True
    async_: bool = True
    dismiss: bool = True
    pause: Pause = False
    time_limit: float | None = None
    memory_limit: int | None = None
    max_input_bytes: int | None = None
    retries: int = 0
    reuse: int = 1
    labels: Sequence[str] = ()


def given(options: Mapping[str, Any], place: Place) -> Options:
    """The options by their names.

    Raises:
        AuthoringError: there is none of a name.
    """
    known = [field.name for field in fields(Options)]
    for name in options:
        if name not in known:
            close = near(name, known)
            remedy = f"is it '{close}'?" if close else f"known are {', '.join(known)}"
            raise place.error(f"@process has no option '{name}'", remedy)
    return Options(**options)


def description(
    target: Callable[..., object],
    options: Options,
    inputs: tuple[InputDescription, ...],
    outputs: tuple[OutputDescription, ...],
    docs: Docstring,
    more: str | None,
    place: Place,
) -> ProcessDescription:
    """The description of a process, `more` being what its docstring says of all outputs together.

    Raises:
        AuthoringError: an option is none of what it may be.
    """
    name: str = getattr(target, "__name__", "")
    id = name if options.id is None else options.id
    if not marks.is_text(id) or not _ID.fullmatch(id):
        remedy = "write @process(id=…) with letters, digits, '_', '-' and '.', beginning with a letter or '_'"
        raise place.error(f"its id is {id!r}", remedy)
    if not marks.is_text(options.version):
        raise place.error(f"its version is {options.version!r}", "write it as text, such as '1.0.0'")
    derived = docs.title or marks.titled(name)
    title = derived if options.title is None else options.title
    if not marks.is_text(title):
        raise place.error(f"its title is {title!r}", "give it a text")
    abstract = "\n\n".join(part for part in (docs.abstract, more and f"Returns: {more}") if part)
    return ProcessDescription(
        id=id,
        version=options.version,
        text=Text(title, abstract or None, marks.words(options.keywords, place)),
        inputs=inputs,
        outputs=outputs,
        metadata=_metadata(options.metadata, place),
        job_control=_job_control(options, place),
        limits=Limits(
            _more_than_0("time_limit", options.time_limit, "seconds", place),
            _whole("memory_limit", options.memory_limit, 1, "bytes", place),
            _whole("max_input_bytes", options.max_input_bytes, 1, "bytes", place),
        ),
        retries=_whole("retries", options.retries, 0, "times", place) or 0,
        reuse=_whole("reuse", options.reuse, 1, "jobs", place) or 1,
        pauses_itself=options.pause == COOPERATIVE,
        labels=marks.words(options.labels, place, "labels"),
        translations=marks.translations(options.translations, place),
    )


def _metadata(links: object, place: Place) -> tuple[Metadata, ...]:
    if isinstance(links, str):
        raise place.error(f"metadata is one text, {links!r}", f"write a list: [{links!r}]")
    if not isinstance(links, Collection) or isinstance(links, Mapping):
        raise place.error(f"metadata is {links!r}", "write a list of addresses, or of azenha.Metadata")
    for link in links:
        if not isinstance(link, (str, Metadata)):
            raise place.error(
                f"metadata has {link!r}", "give addresses, or azenha.Metadata(address, title, role)"
            )
        one = Metadata(link) if isinstance(link, str) else link
        if not marks.is_text(one.href) or not all(
            t is None or isinstance(t, str) for t in (one.title, one.role)
        ):
            raise place.error(f"metadata has {link!r}", "give its address, title and role as texts")
    return tuple(Metadata(link) if isinstance(link, str) else link for link in links)


def _job_control(options: Options, place: Place) -> frozenset[JobControl]:
    for name, chosen in (("sync", options.sync), ("async_", options.async_), ("dismiss", options.dismiss)):
        if not isinstance(chosen, bool):
            raise place.error(f"{name} is {chosen!r}", "write True or False")
    given = {
        JobControl.SYNC: options.sync,
        JobControl.ASYNC: options.async_,
        JobControl.DISMISS: options.dismiss,
        JobControl.PAUSE: options.pause is not False,
    }
    if not isinstance(options.pause, bool) and options.pause != COOPERATIVE:
        raise place.error(f"pause is {options.pause!r}", 'write True, or "cooperative"')
    if not options.sync and not options.async_:
        raise place.error("it runs neither synchronously nor asynchronously", "leave sync or async_ as True")
    return frozenset(control for control, chosen in given.items() if chosen)


def _whole(name: str, value: int | None, least: int, of_what: str, place: Place) -> int | None:
    if value is None and name not in ("retries", "reuse"):
        return None
    most = MOST_BYTES if of_what == "bytes" else MOST
    if type(value) is not int or not least <= value <= most:
        raise place.error(
            f"{name} is {value!r}", f"give a whole number of {of_what}, {least} or more, at most {most}"
        )
    return value


def _more_than_0(name: str, value: float | None, of_what: str, place: Place) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not 0 < value <= MOST_SECONDS:
        raise place.error(
            f"{name} is {value!r}",
            f"give a number of {of_what} above 0, at most {MOST_SECONDS:.0f} (100 years)",
        )
    return float(value)
