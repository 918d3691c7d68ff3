"""The content of data is looked at, in the job's child: inputs before the function is called, outputs after.

Each level does what those before it do. What is wrong is said with the name of the input, the declared type, the
detected one and the reason.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from azenha.authoring.blame import without_folder
from azenha.authoring.calling import LocalFile, Produced
from azenha.authoring.errors import OutputError
from azenha.authoring.shapes import FileShape, RecordShape, Slot
from azenha.authoring.types import File
from azenha.domain.errors import InputProblem, InvalidInputs, InvalidValue
from azenha.domain.formats import declared as declared_as
from azenha.domain.lexical import clean
from azenha.domain.media import Family, KnownFormat
from azenha.domain.process import Level, Validation
from azenha.engine.formats import documents, known, rasters, schemas, vectors
from azenha.engine.formats.opening import NotValid, Opener, Opening
from azenha.engine.formats.policy import Policy
from azenha.engine.formats.sniff import Detected, contradicted, detect

OPENERS: Mapping[Family, Opener] = {
    Family.RASTER: rasters.open_raster,
    Family.VECTOR: vectors.open_vector,
    Family.JSON: documents.open_json,
    Family.XML: documents.open_xml,
    Family.TEXT: documents.open_text,
    Family.TABLE: documents.open_table,
    Family.ARCHIVE: documents.open_archive,
}


@dataclass(frozen=True, slots=True)
class Check:
    """A file, and what is asked of it.

    Attributes:
        family: what it is to the function, whatever its type says; None: as its type says.
        checks: the author's own.
    """

    locator: str
    file: File
    level: Level
    family: Family | None = None
    asked: Validation = field(default_factory=Validation)
    checks: Sequence[Callable[[File], object]] = ()


def check_inputs(
    slots: Sequence[Slot], arguments: Mapping[str, object], policy: Policy, log: Callable[[str], None]
) -> None:
    """Look at every file among the arguments.

    Raises:
        InvalidInputs: some are not what they were declared; all of them are named.
    """
    problems: list[InputProblem] = []
    for check in checks_of(slots, arguments, policy):
        try:
            found = conforms(check, policy)
        except NotValid as reason:
            problems.append(InvalidValue(check.locator, clean(str(reason), 2000)))
        else:
            if found:
                log(f"input '{check.locator}': {found}")
    if problems:
        raise InvalidInputs(problems)


def check_outputs(
    slots: Sequence[Slot],
    produced: Mapping[str, tuple[Produced, ...]],
    policy: Policy,
    warn: Callable[[str], None],
) -> None:
    """Look at every file that was returned, and do as the server's policy says with what is wrong.

    Raises:
        OutputError: the first output that is not what it was declared, where that is a failure.
    """
    if policy.outputs == "off":
        return
    for slot in slots:
        items = produced.get(slot.name, ())
        for number, item in enumerate(items):
            if not isinstance(slot.shape, FileShape) or not isinstance(item, LocalFile):
                continue
            cls = next((c for f, c in slot.shape.classes if f == item.format), File)
            file = cls(item.path, item.format.media_type, name=item.name, schema=item.format.schema)
            locator = f"{slot.name}[{number}]" if len(items) > 1 else slot.name
            try:
                conforms(of_file(slot.shape, file, locator, policy), policy)
            except NotValid as reason:
                if policy.outputs == "failure":
                    raise OutputError(locator, clean(str(reason), 2000)) from None
                warn(f"output '{locator}': {clean(str(reason), 2000)}")


def checks_of(
    slots: Sequence[Slot], values: Mapping[str, object], policy: Policy, prefix: str = ""
) -> Iterator[Check]:
    """Every file among values, records within records too."""
    for slot in slots:
        value = values.get(slot.name)
        several = value if isinstance(value, list) else [value]
        for number, one in enumerate(several):
            locator = f"{prefix}{slot.name}" + (f"[{number}]" if len(several) > 1 else "")
            if isinstance(slot.shape, FileShape) and isinstance(one, File):
                yield of_file(slot.shape, one, locator, policy)
            elif isinstance(slot.shape, RecordShape) and one is not None:
                fields = one if isinstance(one, dict) else {s.name: _member(one, s) for s in slot.shape.slots}
                yield from checks_of(slot.shape.slots, fields, policy, f"{locator}.")


def _member(record: Any, slot: Slot) -> object:
    return getattr(record, slot.name)


def of_file(shape: FileShape, file: File, locator: str, policy: Policy) -> Check:
    asked = shape.domain.validation or Validation()
    family = Family(file.family) if file.family else None
    return Check(locator, file, policy.level_of(shape.domain), family, asked, shape.checks)


def conforms(check: Check, policy: Policy) -> str:
    """What was found, for the log; an empty text where nothing was looked at.

    Raises:
        NotValid: with the declared type, the detected one and the reason.
    """
    found = _looked_at(check, policy) if check.level is not Level.NONE else ""
    for own in check.checks:
        if (reason := _own(own, check.file)) is not None:
            detected = detect(check.file.path, known.table())  # at any level: the reason alone may not tell
            raise NotValid(
                f"is declared {check.file.media_type}, its content is {detected.title}, and it is refused by "
                f"{_name(own)}: {reason}"
            )
    return found


def _looked_at(check: Check, policy: Policy) -> str:
    table = known.table()
    media_type = check.file.media_type
    declared = table.named(media_type)
    detected = detect(check.file.path, table)
    if (reason := contradicted(media_type, detected, table, check.file.called)) is not None:
        raise NotValid(reason)
    if check.level is Level.SIMPLE:
        return f"{media_type}, its content is {detected.title}"
    if declared is None and check.family is None:
        return f"{media_type}, its content is {detected.title}: any is taken"
    try:
        details = _opened(check, nearest(declared, detected), policy)
    except NotValid as reason:
        raise NotValid(
            f"{declared_as(media_type, check.file.called)}, its content is {detected.title}, and it is not valid "
            f"({check.level}): {without_folder(str(reason), check.file.path)}"
        ) from None
    return f"{media_type}, its content is {detected.title}: {details} ({check.level})"


def nearest(declared: KnownFormat | None, detected: Detected) -> KnownFormat | None:
    """What a file is opened as: the special case that it was seen to be, else what it was declared."""
    seen = known.table().get(detected.id) if detected.id else None
    if declared is None:
        return seen
    if seen is not None and declared.id in known.table().lineage(seen.id):
        return seen
    return declared


def _opened(check: Check, format: KnownFormat | None, policy: Policy) -> str:
    if format is None:
        raise NotValid(f"it is no {check.family} of a format that is known here")
    declared = known.table().named(check.file.media_type)
    family = check.family or (declared or format).family
    opening = Opening(check.file.path, format, check.file.media_type, check.asked, check.file.schema)
    own = known.own_check(format.id)
    if own is not None:
        try:
            own.check(check.file.path, check.asked.read)
        except ValueError as reason:
            raise NotValid(str(reason)) from None
        details = format.title
    elif (opener := OPENERS.get(family)) is not None:
        try:
            details = opener(opening)
        except ImportError as error:
            raise NotValid(f"it cannot be opened here: {error}") from None
    else:
        return "not opened: no library for it is known here"
    if check.level is Level.VERY_STRICT:
        details += f", by {schemas.follow_schema(opening, policy.schemas)}"
    return details


def _own(check: Callable[[File], object], file: File) -> str | None:
    """What an author's function has against a file. Whatever it raises but ValueError is its own fault."""
    try:
        said = check(file)
    except ValueError as reason:
        return str(reason) or type(reason).__name__
    if said is None or said is True:
        return None
    return "no reason given" if said is False else str(said)


def _name(check: object) -> str:
    inner = check.func if isinstance(check, functools.partial) else check
    return str(getattr(inner, "__name__", type(inner).__name__))
