"""Raw values to checked values, by the description of the process: strict, with every problem at once.

Nothing is dropped, guessed or coerced. Owns occurrence, units, formats, sizes and locators; what scalars and
boxes look like is in lexical.py, native.py and boxes.py. Knows no dialect: a raw value says how it came.

Locators: `name`; `name[2]` (from 0) where several values came; `name.field` within an object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from azenha.domain import boxes, datatypes, formats, literals, native
from azenha.domain.complexes import (
    BindingLimits,
    ComplexBinding,
    Cutter,
    Look,
    cut_nothing,
    format_refused,
    kind,
    look_at_nothing,
    no_unit,
    utf8_length,
)
from azenha.domain.errors import PROBLEMS_AT_MOST as PROBLEMS_AT_MOST
from azenha.domain.errors import (
    InputProblem,
    InvalidInputs,
    InvalidValue,
    MissingInput,
    TooFewValues,
    TooLarge,
    TooManyPlain,
    TooManyValues,
    UnknownInput,
    UnsupportedFormat,
    ValueTooLarge,
)
from azenha.domain.lexical import NotAValue, clean
from azenha.domain.names import unknown
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    ObjectDomain,
    ProcessDescription,
)
from azenha.domain.requested import bind_outputs as bind_outputs
from azenha.domain.values import (
    Box,
    Each,
    Lexical,
    Literal,
    Native,
    Raw,
    RawBox,
    RawNested,
    RawReference,
    RawSlice,
    Record,
    Reference,
    Value,
)

_OBJECT = Format("application/json")  # how an object travels where inputs cannot be nested
_DISCRIMINATOR: Mapping[type, str] = {
    RawReference: "href",
    RawBox: "bbox",
    Native: "value",
    RawSlice: "value",
}


def bind(
    description: ProcessDescription,
    inputs: Mapping[str, Sequence[Raw]],
    *,
    limits: BindingLimits,
    cutter: Cutter = cut_nothing,
    look: Look = look_at_nothing,
) -> dict[str, tuple[Value, ...]]:
    """The checked values of the inputs that were given, in the order of the description.

    Inputs that were left out are absent: the function supplies their defaults itself. An input that takes a
    list may have an empty one.

    Args:
        cutter: called for each large value once everything about it but its content was checked.
        look: called for the content of each small one.
    Raises:
        InvalidInputs: with every problem; if there are more than `PROBLEMS_AT_MOST`, the first of them.
    """
    run = _Binding(ComplexBinding(limits, description.limits.input_bytes, cutter, look))
    try:
        bound = run.members(description.inputs, inputs, "")
    except _Enough:
        bound = {}
    if run.problems:
        raise InvalidInputs(run.problems)
    return bound


class _Enough(Exception):
    """More problems than anybody reads."""


@dataclass(slots=True)
class _Binding:
    """One run of `bind`."""

    data: ComplexBinding
    problems: list[InputProblem] = field(default_factory=list)

    def report(self, problem: InputProblem) -> None:
        self.problems.append(problem)
        if len(self.problems) >= PROBLEMS_AT_MOST:
            raise _Enough

    def members(
        self, described: Sequence[InputDescription], given: Mapping[str, Sequence[Raw]], prefix: str
    ) -> dict[str, tuple[Value, ...]]:
        """Values of the inputs of a process (`prefix` empty), or of the fields of an object (`name.`)."""
        bound: dict[str, tuple[Value, ...]] = {}
        for input in described:
            raws = given.get(input.id, ())
            if raws or (input.id in given and _takes_list(input)):
                bound[input.id] = self.values(input, raws, prefix + input.id)
            elif input.min_occurs:
                self.report(MissingInput(prefix + input.id, "is required and was not given"))
        known = {input.id for input in described}
        for id in given:
            if id not in known:
                owner = f"'{prefix[:-1]}' has no such field" if prefix else "the process has no such input"
                self.report(UnknownInput(clean(prefix + id, 200), unknown(owner, id, sorted(known))))
        return bound

    def values(self, input: InputDescription, raws: Sequence[Raw], locator: str) -> tuple[Value, ...]:
        items = self.items(input, raws[0], locator) if len(raws) == 1 and _takes_list(input) else None
        numbered = items is not None or len(raws) > 1
        if items is not None:
            raws = items
        elif input.whole and len(raws) == 1 and isinstance(raws[0], Native):
            self.report(InvalidValue(locator, f"expected an array, got {native.shown(raws[0].value)}"))
            return ()
        elif input.whole and len(raws) == 1 and isinstance(raws[0], RawSlice) and not raws[0].array:
            self.report(InvalidValue(locator, "expected an array, got one large value"))
            return ()
        count, least, most = len(raws), input.min_occurs, input.max_occurs
        if most is not None and count > most:
            self.report(TooManyValues(locator, f"takes at most {_values(most)}, got {count}"))
            return ()
        if count < least:
            self.report(TooFewValues(locator, f"takes at least {_values(least)}, got {count}"))
        bound = []
        for index, raw in enumerate(raws):
            value = self.value(input, raw, f"{locator}[{index}]" if numbered else locator)
            if value is not None:
                bound.append(value)
        return tuple(bound)

    def items(self, input: InputDescription, raw: Raw, locator: str) -> Sequence[Raw] | None:
        """The values that a single JSON array stands for; None if it is none, or was reported."""
        if isinstance(input.domain, ComplexDomain) and isinstance(raw, RawSlice) and not raw.array:
            return None
        try:
            return _items(input, raw, locator)
        except (NotAValue, ValueTooLarge):
            return None  # `value` says it

    def value(self, input: InputDescription, raw: Raw, locator: str) -> Value | None:
        """One checked value; None if it was reported as a problem."""
        try:
            if isinstance(raw, RawSlice) and not isinstance(input.domain, ComplexDomain):
                raw = _opened(raw, locator)
            if isinstance(raw, Native) and raw.value is None and raw.qualified is None:
                raise NotAValue("null is no value; leave it out instead")
            domain = input.domain
            raw = _structured(domain, raw)
            if isinstance(domain, LiteralDomain):
                return self.literal(domain, raw, locator)
            if isinstance(domain, ComplexDomain):
                return self.data.value(domain, raw, locator)
            if isinstance(domain, BoxDomain):
                return self.box(domain, raw, locator)
            return self.object(domain, raw, locator)
        except NotAValue as reason:
            self.report(InvalidValue(locator, str(reason)))
        except InputProblem as problem:
            self.report(problem)
        return None

    def literal(self, domain: LiteralDomain, raw: Raw, locator: str) -> Literal | Reference:
        if isinstance(raw, RawReference):
            return self.data.reference_to_text(domain, raw, locator)
        raw = _plain(domain, raw, locator)
        _no_format(domain, raw, locator)
        literal = literals.read(domain, raw)
        given = raw.text if isinstance(raw, Lexical) else raw.value
        if isinstance(given, str):
            self.data.check_size(utf8_length(given), None, locator)
        return literal

    def box(self, domain: BoxDomain, raw: Raw, locator: str) -> Box | Reference:
        if isinstance(raw, RawReference):
            return self.data.reference_to_text(domain, raw, locator)
        if isinstance(raw, Native) and raw.qualified is not None:
            no_unit(domain, raw.unit)
            _no_format(domain, raw, locator)
            return self.box(domain, raw.qualified, locator)
        if isinstance(raw, RawBox):
            return boxes.read(domain, raw)
        raw = _plain(domain, raw, locator)
        no_unit(domain, raw.unit)
        _no_format(domain, raw, locator)
        if isinstance(raw, Lexical):
            return boxes.read(domain, boxes.written(raw.text))
        example = '{"bbox": [minx, miny, maxx, maxy], "crs": "…"}'
        raise NotAValue(f"expected a bounding box, {example}, got {native.shown(raw.value)}")

    def object(self, domain: ObjectDomain, raw: Raw, locator: str) -> Record | None:
        if isinstance(raw, RawNested):
            return Record(self.members(domain.fields, raw.fields, f"{locator}."))
        if isinstance(raw, Lexical) and raw.opened is not None:
            raw = _object_text(raw, raw.opened, locator)
        if isinstance(raw, Native) and raw.qualified is not None:
            key = _DISCRIMINATOR.get(type(raw.qualified))
            if all(f.id != key for f in domain.fields):
                no_unit(domain, raw.unit)
                inner = raw.qualified
                return self.object(
                    domain, _opened(inner, locator) if isinstance(inner, RawSlice) else inner, locator
                )
            raw = replace(raw, qualified=None)
        raw = _plain(domain, raw, locator)
        no_unit(domain, raw.unit)
        _no_format(domain, raw, locator)
        content = raw.text if isinstance(raw, Lexical) else raw.value
        if isinstance(raw, Lexical) or not isinstance(content, Mapping):
            fields = ", ".join(f.id for f in domain.fields)
            raise NotAValue(f"expected an object with the fields {fields}, got {native.shown(content)}")
        members = {str(k): (_member(raw, k, v),) for k, v in content.items()}
        return Record(self.members(domain.fields, members, f"{locator}."))


def _takes_list(input: InputDescription) -> bool:
    return input.array or input.repeats


def _items(input: InputDescription, raw: Raw, locator: str) -> Sequence[Raw] | None:
    """The values that a single JSON array stands for; None if it is none.

    An array that is qualified as a whole is several values too, each in its unit; but complex data that is
    qualified is one value.
    """
    if isinstance(raw, Lexical) and raw.structured is not None and raw.format is None:
        raw = replace(raw.structured, unit=raw.unit)
    raw = _opened(raw, locator)
    if not isinstance(raw, Native):
        return None
    if isinstance(raw.qualified, Native | RawSlice) and not isinstance(input.domain, ComplexDomain):
        if isinstance(input.domain, ObjectDomain) and any(f.id == "value" for f in input.domain.fields):
            return None
        raw = _opened(raw.qualified, locator)
    if not isinstance(raw, Native) or not isinstance(raw.value, list | tuple):
        return None
    items = raw.items if raw.items is not None else Each(raw.value, Native)
    if raw.unit is None and raw.format is None:
        return items
    whole = raw
    return Each(items, lambda item: _inherit(item, whole))


def _structured(domain: Domain, raw: Raw) -> Raw:
    """Text that is JSON too, as the domain wants it: text is a literal, and data that JSON is no format of."""
    if not isinstance(raw, Lexical) or raw.structured is None or isinstance(domain, LiteralDomain):
        return raw
    if not isinstance(domain, ComplexDomain):
        named = raw.format is not None and not formats.is_json(raw.format.media_type)
        return raw if named else replace(raw.structured, unit=raw.unit)
    json = next((f for f in domain.formats if formats.is_json(f.media_type)), None)
    return raw if raw.format is not None or json is None else replace(raw, format=json)


def _object_text(raw: Lexical, opened: Callable[[], Native], locator: str) -> Native:
    """Text of an object, which a dialect without nested inputs shows as complex data in JSON.

    Raises:
        UnsupportedFormat: it is said to be in another format.
        NotAValue: it is no JSON.
    """
    if raw.format is not None and not formats.is_written_json(raw.format):
        raise UnsupportedFormat(locator, format_refused(raw.format, (_OBJECT,)))
    try:
        return replace(opened(), unit=raw.unit)
    except TooManyPlain as reason:
        raise reason.within(locator) from None


def _inherit(item: Raw, whole: Native | RawSlice) -> Raw:
    """`item` with the unit and the format of the whole, where it names none itself."""
    if not isinstance(item, Lexical | Native | RawSlice):
        return item
    if (whole.unit is None or item.unit) and (whole.format is None or item.format):
        return item  # nothing to inherit: a copy of each of thousands is much of the work
    return replace(item, unit=item.unit or whole.unit, format=item.format or whole.format)


def _opened(raw: Raw, locator: str) -> Raw:
    """A large value as a small one would have been read.

    Raises:
        ValueTooLarge: only data that a file can hold may be so large.
        TooManyPlain: all that is no such data is together more than may stand in memory.
        NotAValue: nothing else than such data is read that way.
    """
    if not isinstance(raw, RawSlice):
        return raw
    if raw.opened is None:
        raise NotAValue(f"expected a short value, got {raw.size} bytes")
    try:
        return _inherit(raw.opened(), raw)
    except TooManyPlain as reason:
        raise reason.within(locator) from None
    except TooLarge as reason:
        raise ValueTooLarge(locator, str(reason)) from None


def _plain(domain: Domain, raw: Raw, locator: str) -> Lexical | Native:
    """The text or JSON value that stands for a literal, a box or an object."""
    raw = _opened(raw, locator)
    while isinstance(raw, Native) and raw.qualified is not None:
        raw = _opened(_inherit(raw.qualified, raw), locator)
    if isinstance(raw, RawReference):
        raise NotAValue(
            f"is {kind(domain)}, which is given by value: only complex data is taken by reference"
        )
    if isinstance(raw, RawBox):
        raise NotAValue(f"is {kind(domain)}, got a bounding box")
    if isinstance(raw, RawNested):
        raise NotAValue(f"is {kind(domain)}, got nested inputs")
    assert not isinstance(raw, RawSlice)  # it was opened
    if isinstance(raw, Lexical) and raw.unfit is not None and not isinstance(domain, ObjectDomain):
        raise NotAValue(f"is {kind(domain)}, {raw.unfit}")
    if isinstance(raw, Lexical) and raw.literal is not None and not isinstance(domain, ObjectDomain):
        raw = raw.literal
    if isinstance(raw, Lexical) and not isinstance(domain, LiteralDomain):
        datatypes.check_none(kind(domain), raw.type)
    return raw


def _no_format(domain: Domain, raw: Lexical | Native, locator: str) -> None:
    if raw.format is not None and not (isinstance(raw, Lexical) and formats.is_plain(raw.format)):
        raise UnsupportedFormat(
            locator, f"is {kind(domain)} and has no formats, got {formats.shown(raw.format)}"
        )


def _member(raw: Native, name: object, value: object) -> Raw:
    return raw.fields[str(name)] if raw.fields is not None and name in raw.fields else Native(value)


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"
