"""An annotation taken apart, and what of it is told to clients: occurrence, default, texts."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from azenha.authoring import marks
from azenha.authoring.marks import Marks
from azenha.authoring.places import Place
from azenha.authoring.shapes import (
    BoxShape,
    FileShape,
    LiteralShape,
    Misfit,
    RecordShape,
    Shape,
    Slot,
    box,
    count,
    expected,
    members,
    scalar,
    shortened,
)
from azenha.authoring.types import BBox
from azenha.domain.process import InputDescription, OutputDescription, Scalar

NO_DEFAULT = inspect.Parameter.empty
Shown = Scalar | tuple[Scalar, ...]  # a default as descriptions show it


@dataclass(frozen=True)
class Read:
    """An annotation taken apart.

    Attributes:
        default: NO_DEFAULT if there is none; an Ellipsis if there is one that cannot be shown.
        summary: what the class of a record says of itself.
    """

    slot: Slot
    marks: Marks
    place: Place
    default: object = NO_DEFAULT
    summary: str | None = None


def describe(one: Read, abstract: str | None, *, output: bool = False) -> InputDescription:
    """The description of an input or field.

    Args:
        output: it is a field of an object that the process returns. A list may then have any length, unless its
            marks say more.
    Raises:
        AuthoringError: the default is no value of its type; a field that is returned has several units.
    """
    slot, place = one.slot, one.place
    least, most = marks.occurrences(one.marks, place) if slot.array else (1, 1)
    if output:
        _refuse_several_units(one)
        if slot.array and not (one.marks.occurs or one.marks.items):
            least = 0
    may_miss = slot.has_default or slot.nullable
    if may_miss and least > 1:
        name = "Items" if one.marks.items else "Occurs"
        remedy = f"leave the default out, or write {name}(0, …)"
        raise place.error(f"it may be left out, and needs at least {least} values", remedy)
    hidden = one.default is NO_DEFAULT or one.default is ...
    shown = None if hidden else _shown_default(slot, one.default, most if slot.array else None, place)
    units = slot.shape.domain.units if isinstance(slot.shape, LiteralShape) else ()
    return InputDescription(
        slot.name,
        slot.shape.domain,
        marks.text(one.marks, slot.name, abstract or one.summary, place),
        min_occurs=0 if may_miss else least,
        max_occurs=most,
        default=shown,
        default_unit=units[0] if units and shown is not None else None,
        array=slot.array,
        whole=one.marks.items is not None,
        translations=marks.translations(one.marks.translated.texts if one.marks.translated else None, place),
    )


def _shown_default(slot: Slot, default: object, most: int | None, place: Place) -> Shown | None:
    """Of a default that clients could give too, what descriptions show: literals; None for all others."""
    if default is None:
        if slot.nullable:
            return None
        raise place.error("its default is None", "write `| None` beside its type")
    if slot.array and not isinstance(default, list):
        raise place.error(f"its default is {shortened(default)}", "give a list")
    values = default if isinstance(default, list) and slot.array else [default]
    if most is not None and len(values) > most:
        raise place.error(f"its default has {len(values)} values", f"give at most {most}, as it declares")
    kinds = _kinds(slot.shape)
    for value in values:
        if kinds and not isinstance(value, kinds):
            names = " or ".join(dict.fromkeys(kind.__name__ for kind in kinds))
            remedy = f"give {names}, or None with `| None` beside the type"
            raise place.error(f"its default is {shortened(value)}", remedy)
    try:
        shown = [_held(slot.shape, value) for value in values]
    except Misfit as reason:
        raise place.error(f"its default: {reason}", "give a default that clients could give too") from None
    scalars = tuple(s for s in shown if s is not None)
    if not slot.array:
        return scalars[0] if scalars else None
    return scalars or None


def _kinds(shape: Shape) -> tuple[type, ...]:
    """The classes that values which are no literals are of."""
    match shape:
        case LiteralShape():
            return ()
        case BoxShape():
            return (BBox,)
        case FileShape(classes=classes):
            return tuple(cls for _, cls in classes)
        case RecordShape(type=type, as_dict=as_dict):
            return (dict if as_dict else type,)


def _held(shape: Shape, value: object) -> Scalar | None:
    """The wire value of a literal; None of anything else. What is in boxes and records is checked as deep as it goes.

    Raises:
        Misfit: no client could give it.
    """
    match shape:
        case LiteralShape():
            return scalar(shape, value)
        case BoxShape():
            box(shape, value)
        case FileShape() if not isinstance(value, _kinds(shape)):
            raise expected(" or ".join(dict.fromkeys(kind.__name__ for kind in _kinds(shape))), value)
        case RecordShape():
            for slot, described, field in members(shape, value):
                try:
                    _hold_field(slot, described, field)
                except Misfit as reason:
                    raise Misfit(f"field '{slot.name}': {reason}") from None
        case _:
            pass
    return None


def _hold_field(slot: Slot, described: InputDescription, value: object) -> None:
    if slot.array and not isinstance(value, list):
        raise expected("list", value)
    values = value if isinstance(value, list) and slot.array else [value]
    if slot.array:
        count(described, len(values))
    for one in values:
        _held(slot.shape, one)


def describe_output(one: Read, abstract: str | None) -> OutputDescription:
    """The description of an output.

    Raises:
        AuthoringError: marks that say something only of inputs.
    """
    slot, place = one.slot, one.place
    if one.marks.occurs or one.marks.items:
        name = "Occurs" if one.marks.occurs else "Items"
        raise place.error(f"{name} does not go with outputs", "leave it out: a list may have any length")
    _refuse_several_units(one)
    return OutputDescription(
        slot.name,
        slot.shape.domain,
        marks.text(one.marks, slot.name, abstract or one.summary, place),
        array=slot.array,
        optional=slot.nullable,
        translations=marks.translations(one.marks.translated.texts if one.marks.translated else None, place),
    )


def _refuse_several_units(one: Read) -> None:
    """A number that is returned does not say in which of them it is."""
    shape = one.slot.shape
    if isinstance(shape, LiteralShape) and len(shape.domain.units) > 1:
        names = ", ".join(shape.domain.units)
        raise one.place.error(f"it has the units {names}", "name the one that you return it in")
