"""Annotations to shapes: which Python types a process may take and return, and what each is to clients."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, Required, TypeGuard, Union, get_args, get_origin

from azenha.authoring import docstring, marks
from azenha.authoring.marks import Marks
from azenha.authoring.places import Place
from azenha.authoring.shapes import BoxShape, FileShape, LiteralShape, Misfit, RecordShape, Shape, Slot, plain
from azenha.authoring.slots import NO_DEFAULT, Read, describe
from azenha.authoring.systems import system
from azenha.authoring.types import BBox, Context, File
from azenha.domain import formats, lexical
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Format,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    Scalar,
    Text,
)

_SCALARS: Mapping[object, LiteralType] = {
    str: LiteralType.STRING,
    int: LiteralType.INTEGER,
    float: LiteralType.DOUBLE,
    Decimal: LiteralType.DECIMAL,
    bool: LiteralType.BOOLEAN,
    date: LiteralType.DATE,
    datetime: LiteralType.DATETIME,
    timedelta: LiteralType.DURATION,
}
_TAKEN = (
    "str, int, float, Decimal, bool, date, datetime, timedelta, Literal, Enum, BBox, Raster, Features, File, "
    "frozen dataclasses, TypedDicts and lists of them"
)


def hints(owner: Any, place: Place) -> dict[str, Any]:
    """The annotations of a function or class, with texts evaluated.

    Raises:
        AuthoringError: one of them cannot be.
    """
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except NameError as error:
        used = [n for n, a in getattr(owner, "__annotations__", {}).items() if str(error.name) in str(a)]
        part = place.parameter(used[0]) if used and used[0] != "return" else place
        remedy = f"import or define '{error.name}' at module level before it (not under TYPE_CHECKING)"
        raise part.error(f"its annotation names '{error.name}', which is not known", remedy) from None
    except Exception as error:
        raise place.error(f"its annotations cannot be read: {error}", "correct them") from error


def read(name: str, annotation: object, place: Place, *, output: bool, default: object = NO_DEFAULT) -> Read:
    """The slot for values of an annotated parameter, field or output.

    Args:
        output: formats are only those that the process writes: the first of a class, unless Media says more.
    Raises:
        AuthoringError: a type that no client could give or get, or marks that do not go with it.
    """
    core, extras, nullable = unfold(annotation, place)
    array = core is list or get_origin(core) is list
    if array:
        (element,) = get_args(core) or (NO_DEFAULT,)
        if element is NO_DEFAULT:
            raise place.error("a list of what?", "write list[int], list[Raster] …")
        core, inner, empty = unfold(element, place)
        if empty:
            raise place.error("a list whose values may be None", "leave `| None` out of the list's brackets")
        if core is list or get_origin(core) is list:
            raise place.error("a list of lists", "use list of a frozen dataclass that holds the inner list")
        extras = [*extras, *inner]
    found = marks.collect(extras, place)
    if (found.occurs or found.items) and not array:
        remedy = "write list[…] for several values, a default or `| None` for one that may be left out"
        raise place.error(f"{'Occurs' if found.occurs else 'Items'} goes with a list alone", remedy)
    shape, summary = _shape(core, found, place, output=output)
    slot = Slot(name, shape, array, nullable, default is not NO_DEFAULT)
    return Read(slot, found, place, default, summary)


def unfold(annotation: object, place: Place) -> tuple[Any, list[object], bool]:
    """The type without Annotated, `| None`, NewType and aliases; the extras; whether None is allowed."""
    extras: list[object] = []
    nullable = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            extras = [*more, *extras]
        elif _is_union(annotation) and types.NoneType in get_args(annotation):
            nullable = True
            annotation = Union[tuple(a for a in get_args(annotation) if a is not types.NoneType)]  # noqa: UP007
        elif get_origin(annotation) in (Required, NotRequired):
            (annotation,) = get_args(annotation)
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":  # `type Name = …`, from Python 3.12 on
            annotation = annotation.__value__  # type: ignore[attr-defined]
        else:
            return annotation, extras, nullable


def _is_union(annotation: object) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _shape(core: Any, found: Marks, place: Place, *, output: bool) -> tuple[Shape, str | None]:
    if isinstance(core, type) and core in _SCALARS:
        return _scalar(core, found, place), None
    if get_origin(core) is Literal:
        found.refuse_all_but((), "Literal", place)
        return _choice(get_args(core), place), None
    if isinstance(core, type) and issubclass(core, enum.Enum):
        found.refuse_all_but((), "an Enum", place)
        return _enum(core, place), None
    if core is BBox:
        found.refuse_all_but(("crs",), "BBox", place)
        return _box(found, place), None
    if isinstance(core, type) and issubclass(core, File):
        found.refuse_all_but(("media", "validation", "checks"), core.__name__, place)
        return _files([(core, found)], found, place, output=output), None
    if _is_union(core):
        return _union(core, found, place, output=output), None
    if dataclasses.is_dataclass(core) or _is_typed_dict(core):
        found.refuse_all_but((), core.__name__, place)
        return _record(core, place, output=output)
    raise _unknown(core, place)


# -- literals and boxes --------------------------------------------------------------------------


def _scalar(core: type, found: Marks, place: Place) -> LiteralShape:
    type = _SCALARS[core]
    taken = (["unit"] if type in marks.NUMBERS else []) + (["ranges"] if marks.may_range(type) else [])
    found.refuse_all_but(taken, core.__name__, place)
    domain = LiteralDomain(type, marks.ranges(found.ranges, type, place), marks.units(found.unit, place))
    return LiteralShape(domain, core.__name__)


def _choice(values: Sequence[object], place: Place) -> LiteralShape:
    kinds = {type(v) for v in values}
    if len(kinds) != 1 or kinds.isdisjoint(_SCALARS):
        shown = ", ".join(map(repr, values))
        raise place.error(f"Literal[{shown}]", "name values of one type: all str, or all int, or all bool")
    kind = _SCALARS[kinds.pop()]
    allowed = tuple(_allowed(kind, v, "Literal", place) for v in values)
    return LiteralShape(LiteralDomain(kind, allowed), "Literal")


def _allowed(kind: LiteralType, value: object, owner: str, place: Place) -> Scalar:
    """A value that clients may give, in every protocol."""
    try:
        scalar = plain(kind, value)
    except Misfit as reason:
        raise place.error(f"{owner}: {reason}", "correct that value") from None
    if isinstance(scalar, str) and not lexical.is_for_xml(scalar):
        raise place.error(
            f"{owner} has {scalar!r}", "use characters that XML can hold: clients of WPS get it so"
        )
    return scalar


def _enum(core: type[enum.Enum], place: Place) -> LiteralShape:
    if issubclass(core, enum.Flag):
        raise place.error(f"{core.__name__} is a Flag", "use list of an Enum")
    values = [member.value for member in core]
    kinds = {type(v) for v in values}
    if len(kinds) != 1 or kinds.isdisjoint(_SCALARS):
        names = ", ".join(sorted(k.__name__ for k in kinds)) or "none"
        remedy = (
            "give all members values of one type: str, int, float, Decimal, bool, date, datetime or timedelta"
        )
        raise place.error(f"the values of the Enum {core.__name__} are of types: {names}", remedy)
    kind = _SCALARS[kinds.pop()]
    owner = f"the Enum {core.__name__}"
    members = {_allowed(kind, member.value, owner, place): member for member in core}
    return LiteralShape(LiteralDomain(kind, tuple(members)), core.__qualname__, members)


def _box(found: Marks, place: Place) -> BoxShape:
    if found.crs is None:
        return BoxShape(BoxDomain())
    dimensions = found.crs.dimensions
    if dimensions not in ((2,), (3,), (2, 3), (3, 2)):
        raise place.error(f"the dimensions of a box are {dimensions!r}", "write (2,), (3,) or (2, 3)")
    crss = tuple(system(name, place) for name in found.crs.names)
    if len(set(crss)) < len(crss):
        raise place.error(
            f"Crs names a system twice: {', '.join(found.crs.names)}", "name each once, the default first"
        )
    return BoxShape(BoxDomain(crss, dimensions))


# -- files ---------------------------------------------------------------------------------------


def _files(
    members: Sequence[tuple[type[File], Marks]], all: Marks, place: Place, *, output: bool
) -> FileShape:
    classes: list[tuple[Format, type[File]]] = []
    limits: list[int | None] = []
    for cls, found in members:
        named, limit = marks.media_formats(found.media, place)
        ours = _class_formats(cls, place)
        classes += [(f, cls) for f in named or (ours[:1] if output else ours)]
        limits.append(limit)
    taken: dict[str, type[File]] = {}
    for format, cls in classes:
        other = taken.setdefault(format.media_type.lower(), cls)
        if other is not cls:
            remedy = "give one of them other media types with Annotated[…, Media(…)]"
            both = f"{other.__name__} and {cls.__name__} both have {format.media_type}"
            raise place.error(both, remedy)
    largest = None if None in limits else max(n for n in limits if n is not None)
    domain = ComplexDomain(tuple(f for f, _ in classes), largest, marks.validation(all, place))
    return FileShape(domain, tuple(classes), tuple(one.by for one in all.checks))


def _class_formats(cls: type[File], place: Place) -> tuple[Format, ...]:
    if type(cls.media_types) is not tuple or not cls.media_types:
        raise place.error(
            f"{cls.__name__}.media_types is {cls.media_types!r}", "make it a tuple of media types"
        )
    for name in cls.media_types:
        if not marks.is_text(name) or formats.media_type(name) is None:
            raise place.error(
                f"{cls.__name__}.media_types has {name!r}", "write type/subtype, such as 'image/png'"
            )
    return tuple(Format(name) for name in cls.media_types)


def _union(core: Any, found: Marks, place: Place, *, output: bool) -> FileShape:
    """`Raster | Features`: the formats of both, and each file the class that its media type belongs to."""
    members: list[tuple[type[File], Marks]] = []
    for member in get_args(core):
        cls, extras, _ = unfold(member, place)
        if not (isinstance(cls, type) and issubclass(cls, File)):
            shown = " | ".join(getattr(m, "__name__", str(m)) for m in get_args(core))
            remedy = (
                "only File, Raster, Features and their subclasses may be mixed; make it several parameters"
            )
            raise place.error(f"{shown} may be one thing or another", remedy)
        members.append((cls, marks.collect(extras, place)))
    if found.media:
        raise place.error(
            "Media stands beside a union", "put it on its members: Annotated[Raster, Media(…)] | …"
        )
    found.refuse_all_but(("validation", "checks"), "a union", place)
    for _, own in members:
        own.refuse_all_but(("media",), "a file within a union", place)
    return _files(members, found, place, output=output)


# -- records -------------------------------------------------------------------------------------


def is_several(core: object) -> TypeGuard[type]:
    """Whether a return type is several outputs, by field: the author's own dataclass or NamedTuple."""
    named_tuple = isinstance(core, type) and issubclass(core, tuple) and hasattr(core, "_field_defaults")
    return named_tuple or (isinstance(core, type) and dataclasses.is_dataclass(core) and core is not BBox)


def _is_typed_dict(core: object) -> bool:
    return isinstance(core, type) and issubclass(core, dict) and hasattr(core, "__required_keys__")


def _record(core: type, place: Place, *, output: bool) -> tuple[RecordShape, str | None]:
    if core in place.within:
        raise place.error(
            f"{core.__name__} has a field of its own type", "clients cannot describe that; flatten it"
        )
    reads, docs = fields(core, place.inside(core), output=output)
    if output:
        for one in reads:
            if isinstance(one.slot.shape, FileShape):
                remedy = "make it an output of its own: a field of the class that the process returns"
                raise one.place.error("a file within an object", remedy)
    described = (describe(one, docs.entries.get(one.slot.name), output=output) for one in reads)
    domain = ObjectDomain(tuple(described))
    shape = RecordShape(domain, core, tuple(one.slot for one in reads), _is_typed_dict(core))
    return shape, "\n\n".join(part for part in (docs.title, docs.abstract) if part) or None


def fields(core: type, place: Place, *, output: bool) -> tuple[list[Read], docstring.Docstring]:
    """The fields of a frozen dataclass, NamedTuple or TypedDict, and what its docstring says.

    Raises:
        AuthoringError: a mutable dataclass, fields that cannot be given, none at all, or of a type not taken.
    """
    defaults = _field_defaults(core, place)
    if not defaults:
        raise place.error(f"{core.__name__} has no fields", "give it one at least")
    annotated = hints(core, place)
    reads = []
    for name, default in defaults.items():
        if name not in annotated:
            remedy = f"write class {core.__name__}(NamedTuple), with {name}: int, for example"
            raise place.field(name).error("it has no type", remedy)
        reads.append(read(name, annotated[name], place.field(name), output=output, default=default))
    docs = docstring.read(_own_docstring(core))
    for name in docs.entries.keys() - defaults.keys():
        remedy = f"its fields are {', '.join(defaults)}"
        raise place.error(f"the docstring of {core.__name__} documents '{name}', which it has not", remedy)
    return reads, docs


def _field_defaults(core: type, place: Place) -> dict[str, object]:
    """Fields by name in order, with their default or NO_DEFAULT; one that cannot be shown is an Ellipsis."""
    if _is_typed_dict(core):
        required: frozenset[str] = core.__required_keys__  # type: ignore[attr-defined]
        return {
            name: NO_DEFAULT if _is_required(annotation, name in required) else ...
            for name, annotation in hints(core, place).items()
        }
    if not dataclasses.is_dataclass(core):
        given: dict[str, object] = core._field_defaults  # type: ignore[attr-defined]
        return {name: given.get(name, NO_DEFAULT) for name in core._fields}  # type: ignore[attr-defined]
    if not core.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise place.error(f"the dataclass {core.__name__} is mutable", "write @dataclass(frozen=True)")
    own = {f.name: f for f in dataclasses.fields(core)}
    given_to_init = [p for p in inspect.signature(core).parameters if p != "self"]
    if set(given_to_init) != set(own):
        odd = ", ".join(sorted(set(given_to_init) ^ set(own)))
        remedy = "leave field(init=False) and InitVar out, or use a class of its own for the process"
        raise place.error(f"{core.__name__} is not made of its fields alone: {odd}", remedy)
    return {name: _dataclass_default(f) for name, f in own.items()}


def _is_required(annotation: object, otherwise: bool) -> bool:
    """As the annotation says: what the class itself knows is wrong where its annotations are texts."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    return origin is Required or (otherwise and origin is not NotRequired)


def _dataclass_default(one: dataclasses.Field[Any]) -> object:
    if one.default is not dataclasses.MISSING:
        return one.default
    return NO_DEFAULT if one.default_factory is dataclasses.MISSING else ...


def _own_docstring(core: type) -> str | None:
    """The docstring that the author wrote: dataclasses and NamedTuples make one of their signature."""
    text = vars(core).get("__doc__")
    return None if text is None or text.startswith(f"{core.__name__}(") else text


# -- what is refused ------------------------------------------------------------------------------

_INSTEAD: Mapping[object, str] = {
    bytes: "use azenha.File: a path, opened by whatever library you like",
    bytearray: "use azenha.File: a path, opened by whatever library you like",
    dict: "use a TypedDict or a frozen dataclass: clients must know its fields",
    list: "write list[int], list[Raster] …",
    tuple: "use list[…] for several values, a frozen dataclass for a group of them",
    set: "use list[…]",
    frozenset: "use list[…]",
    complex: "use two parameters",
    object: "say which type it is",
    Any: "say which type it is",
    types.NoneType: "leave it out",
    Context: "there is one parameter of type Context, and it is nothing else",
    Text: "use str",
}


def _unknown(core: Any, place: Place) -> Exception:
    shown = getattr(core, "__qualname__", None) or str(core)
    origin = get_origin(core) or core
    hashable = origin if isinstance(origin, typing.Hashable) else None
    remedy = _INSTEAD.get(hashable)
    if remedy is None and isinstance(core, type) and issubclass(core, tuple):
        remedy = "use a frozen dataclass"
    elif remedy is None and isinstance(core, type) and hasattr(core, "__fspath__"):
        remedy = "use azenha.File, Raster or Features: it is a path too"
    elif remedy is None and shown in ("Sequence", "Iterable", "Collection", "Iterator", "Generator"):
        remedy = "use list[…]"
    return place.error(f"a process cannot take or return {shown}", remedy or f"it can: {_TAKEN}")
