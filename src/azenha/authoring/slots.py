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
    scalar,
)
from azenha.authoring.types import BBox
from azenha.domain.process import InputDescription, OutputDescription, Scalar

NO_DEFAULT = inspect.Parameter.empty


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
    shown = None if hidden else _shown_default(slot, one.default, place)
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


def _shown_default(slot: Slot, default: object, place: Place) -> Scalar | tuple[Scalar, ...] | None:
    if default is None:
        if slot.nullable:
            return None
        raise place.error("its default is None", "write `| None` beside its type")
    if slot.array and not isinstance(default, list):
        raise place.error(f"its default is {default!r}", "give a list")
    values = default if isinstance(default, list) and slot.array else [default]
    shown = [_default_scalar(slot.shape, value, place) for value in values]
    scalars = tuple(s for s in shown if s is not None)
    if not slot.array:
        return scalars[0] if scalars else None
    return scalars or None


def _default_scalar(shape: Shape, value: object, place: Place) -> Scalar | None:
    match shape:
        case LiteralShape():
            try:
                return scalar(shape, value)
            except Misfit as reason:
                raise place.error(
                    f"its default: {reason}", "give a default that clients could give too"
                ) from None
        case BoxShape():
            wanted: tuple[type, ...] = (BBox,)
        case FileShape():
            wanted = tuple(cls for _, cls in shape.classes)
        case RecordShape():
            wanted = (dict if shape.as_dict else shape.type,)
    if not isinstance(value, wanted):
        names = " or ".join(w.__name__ for w in wanted)
        raise place.error(f"its default is {value!r}", f"give {names}, or None with `| None` beside the type")
    return None


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
