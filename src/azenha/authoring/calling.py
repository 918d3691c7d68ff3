"""Calling a process: checked values to Python arguments, and what it returns to checked outputs.

Runs in the child, beside the author's code. Strict on the way out: what was declared is what clients get.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from azenha.authoring import shapes
from azenha.authoring.context import Context
from azenha.authoring.elsewhere import Url, reference
from azenha.authoring.errors import OutputError
from azenha.authoring.returned import as_file
from azenha.authoring.shapes import BoxShape, FileShape, LiteralShape, Misfit, RecordShape, Slot
from azenha.authoring.signature import RESULT, Definition
from azenha.authoring.types import BBox, File
from azenha.domain import encodings, formats
from azenha.domain.encodings import NotInEncoding
from azenha.domain.errors import InvalidValue
from azenha.domain.files import essence, extension, file_name
from azenha.domain.process import ComplexDomain, Format, InputDescription, LiteralDomain, ObjectDomain
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, StoredFile, Value

INLINE = "inline"  # the folder, beside the stored files, for values that came within the request

_PLACE = re.compile(r"\[([0-9]+)\]")  # of a value among several: its file is counted from 1


@dataclass(frozen=True, slots=True)
class LocalFile:
    """An output in a file. It may be anywhere, inputs and the author's own data included: copy, do not move.

    Attributes:
        path: absolute.
        name: file name to show a person.
    """

    path: Path
    format: Format
    name: str = ""


Produced = Literal | Box | Record | Reference | LocalFile


def call(
    definition: Definition,
    inputs: Mapping[str, tuple[Value, ...]],
    folder: Path,
    ctx: Context,
    check: Callable[[Mapping[str, object]], None] | None = None,
) -> dict[str, tuple[Produced, ...]]:
    """Run the process once.

    Args:
        inputs: checked values by input; those left out are absent. References have been fetched before.
        folder: what the keys of stored files are relative to. Values that came inline are written there too.
        check: looks at the arguments before the function gets them.
    Returns:
        Values by output, in the order of the description; an optional one that is None is absent.
    Raises:
        OutputError: what it returned is not what it declares.
        BaseException: whatever the process raises.
    """
    arguments = arguments_of(definition, inputs, folder)
    if check is not None:
        check(arguments)
    units = units_of(definition.description.inputs, inputs)
    if definition.context:
        arguments[definition.context] = ctx.with_units(units)
    by_position = [
        arguments.pop(name) if name in arguments else _default(definition, name)
        for name in definition.positional
    ]
    returned = _callable(definition.function)(*by_position, **arguments)
    return outputs_of(definition, returned, ctx)


def _callable(function: Callable[..., object]) -> Callable[..., object]:
    return _instance(function) if isinstance(function, type) else function


@functools.cache  # once in each child: what is costly to load is loaded in __init__
def _instance(cls: type) -> Callable[..., object]:
    made: Callable[..., object] = cls()
    return made


def _default(definition: Definition, name: str) -> object:
    """Of a parameter that is given by position and was left out: it cannot be skipped."""
    return inspect.signature(_callable(definition.function)).parameters[name].default


# -- inputs --------------------------------------------------------------------------------------


def units_of(
    inputs: Sequence[InputDescription], values: Mapping[str, tuple[Value, ...]], prefix: str = ""
) -> dict[str, tuple[str, ...]]:
    """The units in which the values of each input came; of one that was left out, the unit of its default."""
    units: dict[str, tuple[str, ...]] = {}
    for one in inputs:
        given = values.get(one.id, ())
        name = prefix + one.id
        if isinstance(one.domain, LiteralDomain) and one.domain.units:
            first = one.domain.units[0]
            named = tuple(v.unit or first for v in given if isinstance(v, Literal))
            units[name] = named or (first,)
        elif isinstance(one.domain, ObjectDomain):
            for record in given:
                if isinstance(record, Record):
                    units |= {
                        path: units.get(path, ()) + more
                        for path, more in units_of(one.domain.fields, record.fields, f"{name}.").items()
                    }
    return units


def arguments_of(
    definition: Definition, inputs: Mapping[str, tuple[Value, ...]], folder: Path
) -> dict[str, object]:
    """Arguments by parameter; a parameter with a default whose input was left out is absent."""
    return _fields(definition.inputs, inputs, folder, "")


def _fields(
    slots: Sequence[Slot], values: Mapping[str, tuple[Value, ...]], folder: Path, prefix: str
) -> dict[str, object]:
    fields: dict[str, object] = {}
    for slot in slots:
        given = values.get(slot.name)
        where = prefix + slot.name
        if given is None or (not given and not slot.array):
            if not slot.has_default:
                fields[slot.name] = None if slot.nullable else []
        elif slot.array:
            fields[slot.name] = [_python(slot, v, folder, f"{where}[{n}]") for n, v in enumerate(given)]
        else:
            (value,) = given
            fields[slot.name] = _python(slot, value, folder, where)
    return fields


def _python(slot: Slot, value: Value, folder: Path, where: str) -> object:
    match slot.shape, value:
        case LiteralShape(members=members), Literal(scalar):
            return members[scalar] if members else scalar
        case BoxShape(), Box((minx, miny, *minz), (maxx, maxy, *maxz), crs):
            return BBox(minx, miny, maxx, maxy, crs, *minz, *maxz)
        case FileShape() as shape, (InlineText() | InlineBytes() | StoredFile()) as data:
            file = _file(shape, data, folder, where)
            file.input, file.called = where, data.format.called
            return file
        case RecordShape() as shape, Record(fields):
            return shape.type(**_fields(shape.slots, fields, folder, f"{where}."))
        case shape, _:
            # Binding gives nothing else: this is a fault of ours.
            raise TypeError(f"input '{where}': {type(value).__name__} for {type(shape).__name__}")


def _file(shape: FileShape, data: InlineText | InlineBytes | StoredFile, folder: Path, where: str) -> File:
    format = data.format
    made = _file_class(shape, format)
    match data:
        case InlineText(text):
            content, format = _encoded(text, format, where)
            path = _write(folder, where, format, content)
        case InlineBytes(content):
            path = _write(folder, where, format, content)
        case StoredFile(key, name) as stored:
            path, url = _stored(folder, key), stored.source or None
            return made(path, format.media_type, name=name or None, schema=format.schema, url=url)
    return made(path, format.media_type, schema=format.schema)


def _stored(folder: Path, key: str) -> Path:
    path = (folder / key).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"the stored file '{key}' is outside its folder")
    return path


def _write(folder: Path, where: str, format: Format, data: bytes) -> Path:
    stem = _PLACE.sub(lambda found: f"-{int(found[1]) + 1}", where)
    target = folder / INLINE / f"{stem}{extension(format.media_type)}"
    target.parent.mkdir(parents=True, exist_ok=True)  # nothing else may have come for this job
    target.write_bytes(data)
    return target.resolve()


def _encoded(text: str, format: Format, where: str) -> tuple[bytes, Format]:
    """UTF-8, unless an XML declaration says otherwise: its reader would go by that."""
    try:
        name, pieces = encodings.as_declared((text.encode(),))
        data = b"".join(pieces)
    except NotInEncoding as reason:
        raise InvalidValue(where, str(reason)) from None
    if name is None:
        return data, format
    return data, replace(format, media_type=encodings.in_charset(format.media_type, name))


def _file_class(shape: FileShape, format: Format) -> type[File]:
    """The class of the offered format that the file's format is."""
    offered = formats.accepted(shape.domain.formats, format)
    wanted = essence(offered.media_type if offered else format.media_type)
    exact = (cls for f, cls in shape.classes if f in (format, offered))
    alike = (cls for f, cls in shape.classes if essence(f.media_type) == wanted)
    return next(exact, next(alike, shape.classes[0][1]))


# -- outputs -------------------------------------------------------------------------------------


def outputs_of(definition: Definition, returned: object, ctx: Context) -> dict[str, tuple[Produced, ...]]:
    """What a process returned, checked against what it declares.

    Raises:
        OutputError: another type, a missing file, a format that was not declared or asked for …
    """
    if definition.returns is None:
        by_name: Mapping[str, object] = {RESULT: returned}
    elif isinstance(returned, definition.returns):
        by_name = {slot.name: getattr(returned, slot.name) for slot in definition.outputs}
    else:
        names = ", ".join(slot.name for slot in definition.outputs)
        raise OutputError(names, str(shapes.expected(definition.returns.__name__, returned)))
    produced: dict[str, tuple[Produced, ...]] = {}
    for slot in definition.outputs:
        value = by_name[slot.name]
        if value is None and slot.nullable:
            continue
        produced[slot.name] = _produced(slot, value, slot.name, ctx)
    return produced


def _produced(slot: Slot, value: object, where: str, ctx: Context) -> tuple[Produced, ...]:
    if not slot.array:
        return (_one(slot, value, where, ctx),)
    if not isinstance(value, list):
        raise OutputError(where, str(shapes.expected("list", value)))
    return tuple(_one(slot, item, f"{where}[{n}]", ctx) for n, item in enumerate(value))


def _one(slot: Slot, value: object, where: str, ctx: Context) -> Produced:
    try:
        match slot.shape:
            case LiteralShape() as shape:
                units = shape.domain.units
                return Literal(shapes.scalar(shape, value), units[0] if units else None)
            case BoxShape() as shape:
                return shapes.box(shape, value)
            case FileShape() as shape if isinstance(value, Url):
                return reference(shape, value, ctx.media_type(slot.name))
            case FileShape() as shape:
                return _local(shape, slot.name, value, ctx, ctx.media_type(slot.name))
            case RecordShape() as shape:
                return _record(shape, value, where, ctx)
    except Misfit as reason:
        raise OutputError(where, str(reason)) from None


def _record(shape: RecordShape, value: object, where: str, ctx: Context) -> Record:
    fields: dict[str, tuple[Value, ...]] = {}
    for slot, described, field in shapes.members(shape, value):
        here = f"{where}.{slot.name}"
        inner = _produced(slot, field, here, ctx)
        if slot.array:
            try:
                shapes.count(described, len(inner))
            except Misfit as reason:
                raise OutputError(here, str(reason)) from None
        fields[slot.name] = tuple(item for item in inner if not isinstance(item, LocalFile))
    return Record(fields)


def _local(shape: FileShape, name: str, value: object, ctx: Context, asked: str | None) -> LocalFile:
    file = as_file(shape, name, value, ctx.workdir, asked)
    path = Path(os.path.abspath(ctx.workdir / file.path))
    if not path.is_file():
        what = "is no file" if path.exists() else "does not exist"
        raise Misfit(f"{file.path} {what}")
    format = _format(shape.domain, file)
    if asked and not formats.offers((format,), Format(asked)):
        raise Misfit(f"it is {format.media_type}; asked for was {asked} (see ctx.media_type)")
    return LocalFile(path, format, _part(file.name, format))


def _part(name: str, format: Format) -> str:
    """A name that is one part of a path: as it is if it can be, else as near to it as can be."""
    fits = (
        name.isprintable() and not re.search(r"[/\\]", name) and len(name.encode("utf-8", "replace")) <= 200
    )
    return name if fits and name.strip(". ") else file_name(name, format.media_type)


def _format(domain: ComplexDomain, file: File) -> Format:
    """The declared format that a file is; what its extension says counts where the author says nothing."""
    named = file.named_type or file.guessed_type
    if named is None:
        if len(domain.formats) == 1:
            return formats.default(domain.formats)
        raise Misfit(f"the media type of {file.path} is not clear; give it: {type(file).__name__}(path, '…')")
    # An extension tells no parameters, and several types share one: the first declared that fits is meant.
    candidates = [named] if file.named_type else [named, *_also(file, domain)]
    for candidate in candidates:
        if found := formats.accepted(domain.formats, Format(candidate)):
            return found
    declared = ", ".join(formats.shown(f) for f in domain.formats)
    remedy = f"; declare it: Annotated[{type(file).__name__}, Media('{named}')]"
    raise Misfit(f"{file.path} is {named}; declared: {declared}{remedy}")


def _also(file: File, domain: ComplexDomain) -> list[str]:
    """Declared media types that files of that extension may have."""
    return [f.media_type for f in domain.formats if essence(f.media_type) in file.likely_types]
