"""A request as its client wrote it, beside what it means: kept where the client wants it told again.

What is stored of a value is what was made of it: its number, its format as the description has it, its box with the
CRS by its one address. A dialect that gives back a request as it was received (`Asked.lineage`) needs the rest too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from azenha.domain.process import Format
from azenha.domain.values import Literal, Value


@dataclass(frozen=True, slots=True)
class Written:
    """One value of an input, or one output that is asked for. None: the client said nothing of it.

    Attributes:
        title, abstract: that the client gave it.
        format: that the client named.
        unit, type: of a literal.
        text: of a literal.
        corners: of a box, lower and upper, numbers with white space between, in the axis order of the client.
        crs, dimensions: of a box.
    """

    id: str
    title: str | None = None
    abstract: str | None = None
    format: Format | None = None
    unit: str | None = None
    type: str | None = None
    text: str | None = None
    corners: tuple[str, str] | None = None
    crs: str | None = None
    dimensions: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """Both in the order of the client; several values of an input are several of its id."""

    inputs: tuple[Written, ...] = ()
    outputs: tuple[Written, ...] = ()


def kept(wording: Wording, inputs: Mapping[str, Sequence[Value]]) -> Wording:
    """What is worth keeping: the text of complex data is the value itself, and not kept twice.

    Args:
        inputs: what was made of the values.
    """
    seen: Counter[str] = Counter()
    found = []
    for one in wording.inputs:
        values, at = inputs.get(one.id, ()), seen[one.id]
        seen[one.id] += 1
        literal = at < len(values) and isinstance(values[at], Literal)
        found.append(one if literal else replace(one, text=None))
    return Wording(tuple(found), wording.outputs)


def paired(
    wording: Wording | None, inputs: Mapping[str, Sequence[Value]]
) -> list[tuple[Written | None, str, Value]]:
    """Each value with what is kept of it, in the order of the client; that of the inputs where nothing is known.

    So it is of a request that came otherwise, or before this was kept, or that has other values now.
    """
    counts = {id: len(values) for id, values in inputs.items() if values}
    if wording is None or Counter(one.id for one in wording.inputs) != counts:
        return [(None, id, value) for id, values in inputs.items() for value in values]
    rest = {id: iter(values) for id, values in inputs.items()}
    return [(one, one.id, next(rest[one.id])) for one in wording.inputs]


# -- as JSON data ----------------------------------------------------------------------------------


def dump(wording: Wording) -> list[object]:
    return [[_dump(one) for one in several] for several in (wording.inputs, wording.outputs)]


def load(data: Sequence[Sequence[Sequence[object]]]) -> Wording:
    return Wording(*(tuple(map(_load, several)) for several in data))


def _dump(one: Written) -> list[object]:
    """Without the end that says nothing."""
    format = None if one.format is None else [one.format.media_type, one.format.encoding, one.format.schema]
    corners = None if one.corners is None else list(one.corners)
    told = [one.title, one.abstract, format, one.unit, one.type, one.text, corners, one.crs, one.dimensions]
    while told and told[-1] is None:
        told.pop()
    return [one.id, *told]


def _load(data: Sequence[object]) -> Written:
    id, title, abstract, format, unit, type, text, corners, crs, dimensions = _filled(data)
    return Written(
        str(id),
        _text(title),
        _text(abstract),
        Format(*format) if isinstance(format, list) else None,
        _text(unit),
        _text(type),
        _text(text),
        (str(corners[0]), str(corners[1])) if isinstance(corners, list) else None,
        _text(crs),
        _text(dimensions),
    )


def _filled(data: Sequence[object]) -> list[object]:
    missing: list[object] = [None] * (10 - len(data))
    return [*data, *missing]


def _text(data: object) -> str | None:
    return None if data is None else str(data)
