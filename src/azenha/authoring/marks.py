"""What stands beside a type in Annotated[…]: collected, and checked against the type."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import cast

from azenha.authoring.places import Place
from azenha.authoring.shapes import Misfit, plain
from azenha.authoring.types import (
    Bound,
    Checked,
    Crs,
    Items,
    Keywords,
    Media,
    Occurs,
    Range,
    Title,
    Translated,
    Unit,
    Validation,
)
from azenha.domain import allowed, formats, process
from azenha.domain.process import Closure, Format, Level, LiteralType, Scalar, Text, ValueRange

_KINDS = (Unit, Range, Occurs, Items, Media, Validation, Checked, Title, Keywords, Translated, Crs)
_SEVERAL = (Range, Media, Checked)
NUMBERS = frozenset({LiteralType.INTEGER, LiteralType.DOUBLE, LiteralType.DECIMAL})
_TIMES = frozenset({LiteralType.DATE, LiteralType.DATETIME, LiteralType.DURATION})
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True)
class Marks:
    """Everything of one annotation, by kind."""

    unit: Unit | None = None
    ranges: tuple[Range, ...] = ()
    occurs: Occurs | None = None
    items: Items | None = None
    media: tuple[Media, ...] = ()
    validation: Validation | None = None
    checks: tuple[Checked, ...] = ()
    title: Title | None = None
    keywords: Keywords | None = None
    translated: Translated | None = None
    crs: Crs | None = None

    def refuse_all_but(self, taken: Sequence[str], type: str, place: Place) -> None:
        """Refuse marks that say nothing of such a type: they would be dropped silently otherwise."""
        for name, kinds, remedy in _MISFITS:
            if name not in taken and getattr(self, name):
                raise place.error(f"{kinds} does not go with {type}", remedy)


_MISFITS = (
    ("unit", "Unit", "it is for int, float and Decimal"),
    (
        "ranges",
        "Range",
        "it is for int, float, Decimal, date, datetime and timedelta; for others use Literal",
    ),
    ("media", "Media", "it is for File, Raster, Features and their subclasses"),
    ("validation", "Validation", "it is for File, Raster, Features and their subclasses"),
    ("checks", "Checked", "it is for File, Raster, Features and their subclasses"),
    ("crs", "Crs", "it is for BBox"),
)


def collect(extras: Sequence[object], place: Place) -> Marks:
    """Sort the marks of an annotation by kind.

    Raises:
        AuthoringError: something that is no mark of ours, or two of a kind where one is meant.
    """
    found: dict[type, list[object]] = {kind: [] for kind in _KINDS}
    for extra in extras:
        if type(extra) not in found:
            example = f"{extra.__name__}(…)" if extra in _KINDS and isinstance(extra, type) else None
            remedy = f"write {example}" if example else f"known are {', '.join(k.__name__ for k in _KINDS)}"
            raise place.error(f"{extra!r} in Annotated means nothing here", remedy)
        found[type(extra)].append(extra)
    for kind, items in found.items():
        if len(items) > 1 and kind not in _SEVERAL:
            raise place.error(f"there are {len(items)} {kind.__name__}", "keep one")

    def single(kind: type) -> object | None:
        return found[kind][0] if found[kind] else None

    return Marks(
        unit=cast("Unit | None", single(Unit)),
        ranges=cast("tuple[Range, ...]", tuple(found[Range])),
        occurs=cast("Occurs | None", single(Occurs)),
        items=cast("Items | None", single(Items)),
        media=cast("tuple[Media, ...]", tuple(found[Media])),
        validation=cast("Validation | None", single(Validation)),
        checks=cast("tuple[Checked, ...]", tuple(found[Checked])),
        title=cast("Title | None", single(Title)),
        keywords=cast("Keywords | None", single(Keywords)),
        translated=cast("Translated | None", single(Translated)),
        crs=cast("Crs | None", single(Crs)),
    )


# -- text ----------------------------------------------------------------------------------------


def is_text(value: object) -> bool:
    """Whether it is a text with something in it: authors need not check their types as we do."""
    return isinstance(value, str) and bool(value.strip())


def titled(name: str) -> str:
    """A title made of a name: `red_band` is `Red band`."""
    words = name.replace("_", " ").strip() or name
    return words[0].upper() + words[1:]


def text(marks: Marks, name: str, abstract: str | None, place: Place) -> Text:
    title = marks.title.text if marks.title else titled(name)
    if not is_text(title):
        raise place.error(f"Title is {title!r}", "give it a text")
    return Text(title, abstract, words(marks.keywords.words if marks.keywords else (), place))


def words(keywords: object, place: Place, name: str = "keywords") -> tuple[str, ...]:
    if isinstance(keywords, str):
        raise place.error(f"{name} are one text, {keywords!r}", f"write a list: [{keywords!r}]")
    if not isinstance(keywords, Collection) or isinstance(keywords, Mapping):
        raise place.error(f"{name} are {keywords!r}", "write a list of texts")
    for word in keywords:
        if not is_text(word):
            raise place.error(f"{word!r} is among the {name}", "write texts")
    return tuple(keywords)


def translations(texts: object, place: Place) -> Mapping[str, Text]:
    read: dict[str, Text] = {}
    given = {} if texts is None else texts
    if not isinstance(given, Mapping):
        raise place.error(f"translations are {given!r}", 'write them by language: {"pt": "Altura"}')
    for language, title in given.items():
        if not is_text(language) or not _LANGUAGE.fullmatch(language):
            raise place.error(
                f"{language!r} is no language tag", "write one such as 'pt' or 'pt-BR' (BCP 47)"
            )
        if not isinstance(title, (str, Text)):
            raise place.error(
                f"its translation to '{language}' is {title!r}", "give a title or an azenha.Text"
            )
        read[language] = _translation(language, Text(title) if isinstance(title, str) else title, place)
    return MappingProxyType(read)


def _translation(language: str, text: Text, place: Place) -> Text:
    if not is_text(text.title) or not (text.abstract is None or isinstance(text.abstract, str)):
        raise place.error(f"its translation to '{language}' is {text!r}", "give title and abstract as texts")
    return Text(text.title, text.abstract, words(text.keywords, place, f"keywords in '{language}'"))


# -- literals ------------------------------------------------------------------------------------


def units(unit: Unit | None, place: Place) -> tuple[str, ...]:
    if unit is None:
        return ()
    for name in unit.names:
        if not is_text(name):
            raise place.error(f"a unit is {name!r}", 'write its symbol, such as Unit("m")')
    if not unit.names or len(set(unit.names)) < len(unit.names):
        raise place.error(f"units are {unit.names!r}", 'name each once, the default first: Unit("m", "km")')
    return unit.names


def ranges(given: Sequence[Range], type: LiteralType, place: Place) -> tuple[ValueRange, ...]:
    return tuple(_range(one, type, place) for one in given)


def _range(given: Range, type: LiteralType, place: Place) -> ValueRange:
    if given.minimum is None and given.maximum is None:
        raise place.error("Range has neither end", "give a minimum, a maximum or both: Range(0, None)")
    minimum = _bound("minimum", given.minimum, type, place)
    maximum = _bound("maximum", given.maximum, type, place)
    if given.closure not in list(Closure):
        raise place.error(
            f"closure is {given.closure!r}", f"write one of {', '.join(map(repr, map(str, Closure)))}"
        )
    closure = Closure(given.closure)
    # Both are of `type`.
    if minimum is not None and maximum is not None and minimum > maximum:  # type: ignore[operator]
        raise place.error(f"Range begins at {given.minimum} and ends at {given.maximum}", "swap them")
    made = ValueRange(minimum, maximum, closure, _spacing(given, type, place))
    if allowed.is_empty(type, made):
        ends = f"from {given.minimum} to {given.maximum}" if maximum is not None else f"from {given.minimum}"
        ends += "" if given.spacing is None else f" in steps of {given.spacing}"
        raise place.error(f"Range {ends} is empty", "close it at both ends, or let it be wider")
    return made


def _bound(which: str, value: Bound | None, type: LiteralType, place: Place) -> Scalar | None:
    if value is None:
        return None
    try:
        return plain(type, _widened(value, type))
    except Misfit as reason:
        raise place.error(f"the {which} of Range: {reason}", f"write it as {_ARTICLE[type]}") from None


def _widened(value: Bound, type: LiteralType) -> Bound:
    """0.1 in a range of decimals means one tenth, not the double next to it; 1 is a decimal too."""
    if type is LiteralType.DECIMAL and isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(repr(value))
    return value


def _spacing(given: Range, type: LiteralType, place: Place) -> Scalar | None:
    if given.spacing is None:
        return None
    if given.minimum is None:
        raise place.error("Range has a spacing but no minimum to count from", "give a minimum")
    instants = type in (LiteralType.DATE, LiteralType.DATETIME)
    spacing = _bound("spacing", given.spacing, LiteralType.DURATION if instants else type, place)
    zero: object = timedelta(0) if type in _TIMES else 0
    if spacing <= zero:  # type: ignore[operator]
        raise place.error(f"the spacing of Range is {given.spacing}", "make it more than 0")
    if type is LiteralType.DATE and cast("timedelta", spacing) % timedelta(days=1):
        raise place.error(f"the spacing of Range is {given.spacing}", "dates are whole days apart")
    return spacing


_ARTICLE: Mapping[LiteralType, str] = {
    LiteralType.INTEGER: "an int",
    LiteralType.DOUBLE: "a finite number",
    LiteralType.DECIMAL: "a Decimal",
    LiteralType.DATE: "a date",
    LiteralType.DATETIME: "a datetime with a time zone",
    LiteralType.DURATION: "a timedelta",
}


def may_range(type: LiteralType) -> bool:
    return type in NUMBERS or type in _TIMES


# -- lists and files -----------------------------------------------------------------------------


def occurrences(marks: Marks, place: Place) -> tuple[int, int | None]:
    """How many values or items a list has: at least one, where nothing is said."""
    if marks.occurs and marks.items:
        raise place.error(
            "there are Occurs and Items", "keep one: Items where the list is one value, an array"
        )
    counted = marks.occurs or marks.items
    if counted is None:
        return 1, None
    low, high = counted.minimum, counted.maximum
    whole = type(low) is int and (high is None or type(high) is int)
    if not whole or low < 0 or (high is not None and (high < low or high < 1)):
        name = type(counted).__name__
        raise place.error(
            f"{name}({low!r}, {high!r}) is not possible", f"write {name}(least, most), most ≥ 1 or None"
        )
    return low, high


def media_formats(media: Sequence[Media], place: Place) -> tuple[tuple[Format, ...], int | None]:
    """The formats named, in order, and the largest size in bytes that is taken."""
    named: list[Format] = []
    sizes = {one.max_bytes for one in media if one.max_bytes is not None}
    for one in media:
        encoding = _encoding(one, place)
        for name in one.types:
            if not is_text(name) or formats.media_type(name) is None:
                raise place.error(f"{name!r} is no media type", "write type/subtype, such as 'image/png'")
            named.append(Format(name, encoding, one.schema))
    if len(set(named)) < len(named):
        raise place.error("Media names a format twice", "name each once, the default first")
    if len(sizes) > 1:
        raise place.error(f"Media names several max_bytes: {sorted(sizes)}", "name one")
    largest = next(iter(sizes), None)
    if largest is not None and (type(largest) is not int or largest < 1):
        raise place.error(f"max_bytes is {largest!r}", "give a number of bytes, 1 or more")
    return tuple(named), largest


def _encoding(one: Media, place: Place) -> str | None:
    """The encoding of a Media that says something and can be."""
    for article, what, given in (("an", "encoding", one.encoding), ("a", "schema", one.schema)):
        if given is not None and not is_text(given):
            raise place.error(f"the {what} of Media is {given!r}", "give it as text, or leave it out")
        if given is not None and not one.types:
            raise place.error(f"Media has {article} {what} and no media type", "name the types that it is of")
    if not one.types and one.max_bytes is None:
        raise place.error("Media says nothing", "name media types: Media('image/png')")
    if one.encoding is None:
        return None
    if one.encoding.lower() not in formats.ENCODINGS:
        known = ", ".join(map(repr, formats.ENCODINGS))
        raise place.error(
            f"the encoding of Media is {one.encoding!r}", f"write one of {known}, or leave it out"
        )
    return formats.BASE64 if one.encoding.lower() == formats.BASE64 else one.encoding


_GEOMETRIES = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


def validation(found: Marks, place: Place) -> process.Validation | None:
    """What the marks ask of a file's content; None if nothing."""
    names = tuple(_check_name(one, place) for one in found.checks)
    mark = found.validation
    if mark is None:
        return process.Validation(checks=names) if names else None
    if mark.level not in list(Level):
        remedy = f"write one of {', '.join(map(repr, map(str, Level)))}"
        raise place.error(f"the level of Validation is {mark.level!r}", remedy)
    geometries = (mark.geometry,) if isinstance(mark.geometry, str) else mark.geometry
    if not isinstance(geometries, tuple | list):
        raise place.error(f"geometry is {geometries!r}", "write a type of geometry, or a tuple of them")
    for name in geometries:
        if name not in _GEOMETRIES:
            raise place.error(f"{name!r} is no type of geometry", f"write one of {', '.join(_GEOMETRIES)}")
    for name, asked in (("read", mark.read), ("crs", mark.crs)):
        if not isinstance(asked, bool):
            raise place.error(f"{name} of Validation is {asked!r}", "write True or False")
    bands = (mark.bands, mark.bands) if isinstance(mark.bands, int) else mark.bands
    if bands is not None and not _is_count(bands):
        raise place.error(
            f"bands is {mark.bands!r}", "write a number, or (least, most), most None for no end"
        )
    asks = mark.read or geometries or bands is not None or mark.crs
    if asks and Level(mark.level) in (Level.NONE, Level.SIMPLE):
        remedy = "write Validation('strict', …): the content is not opened below that"
        raise place.error(f"Validation({mark.level!r}) asks for read, geometry, bands or crs", remedy)
    return process.Validation(Level(mark.level), mark.read, tuple(geometries), bands, mark.crs, names)


def _is_count(bands: object) -> bool:
    match bands:
        case (int(least), None):
            return least > 0
        case (int(least), int(most)):
            return 0 < least <= most
    return False


def _check_name(mark: Checked, place: Place) -> str:
    if not callable(mark.by):
        raise place.error(f"Checked(by={mark.by!r}) names no function", "give a function that takes the file")
    return str(getattr(mark.by, "__name__", type(mark.by).__name__))
