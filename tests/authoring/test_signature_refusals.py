"""Everything wrong with a signature fails at import, with module, function, parameter and remedy."""

import collections
import enum
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import pytest

from azenha import (
    AuthoringError,
    BBox,
    Checked,
    Context,
    Crs,
    Features,
    File,
    Items,
    Keywords,
    Media,
    Metadata,
    Occurs,
    Range,
    Raster,
    Text,
    Title,
    Translated,
    Unit,
    Validation,
    process,
)


class Colour(enum.Enum):
    RED = "red"


class Mixed(enum.Enum):
    RED = "red"
    ONE = 1


class Controlled(enum.Enum):
    ESCAPE = "\x1b"


class Bits(enum.Flag):
    A = 1


@dataclass
class Mutable:
    a: int


@dataclass(frozen=True)
class Empty:
    pass


@dataclass(frozen=True)
class Partial:
    a: int
    b: int = field(init=False, default=3)


@dataclass(frozen=True)
class Initial:
    a: int
    b: InitVar[int]


@dataclass(frozen=True)
class Node:
    children: "list[Node]"


@dataclass(frozen=True)
class Bad:
    a: bytes


@dataclass(frozen=True)
class BadDefault:
    a: Annotated[int, Range(1, 9)] = 0


@dataclass(frozen=True)
class Documented:
    """Text.

    Attributes:
        aa: A typing error.
    """

    a: int


@dataclass(frozen=True)
class WithFile:
    a: Raster


@dataclass(frozen=True)
class Result:
    inner: WithFile


class Height(TypedDict):
    h: Annotated[float, Unit("m", "km")]


@dataclass(frozen=True)
class Heights:
    all: list[Height]


@dataclass(frozen=True)
class Inner:
    a: int
    picture: Raster | None = None


class Outer(TypedDict):
    inner: Annotated[list[Inner], Occurs(0, 2)]
    box: NotRequired[BBox]


class Pair(NamedTuple):
    a: int


class Plain:
    pass


class Sheet(File):
    media_types = ("text/csv",)


class Table(File):
    media_types = ("text/csv", "text/plain")


class Wrong(File):
    media_types = "text/csv"  # type: ignore[assignment]


class Odd(File):
    media_types = ("csv",)


class Numbered(File):
    media_types = (5,)  # type: ignore[assignment]


class Loose(TypedDict):
    a: set[int]


PARAMETERS: list[tuple[object, str, str]] = [
    # annotation, what is wrong, what to write instead
    (bytes, "cannot take or return bytes", "use azenha.File"),
    (dict, "cannot take or return dict", "TypedDict or a frozen dataclass"),
    (dict[str, int], "cannot take or return", "TypedDict or a frozen dataclass"),
    (tuple[int, ...], "cannot take or return", "use list[…]"),
    (set[int], "cannot take or return", "use list[…]"),
    (Sequence[int], "cannot take or return", "use list[…]"),
    (complex, "cannot take or return complex", "two parameters"),
    (Any, "cannot take or return", "say which type"),
    (object, "cannot take or return object", "say which type"),
    (None, "cannot take or return NoneType", "leave it out"),
    (Path, "cannot take or return", "use azenha.File"),
    (Plain, "cannot take or return Plain", "it can: str, int"),
    (Pair, "cannot take or return Pair", "frozen dataclass"),
    (Context | None, "cannot take or return Context", "one parameter of type Context"),
    (list, "a list of what?", "list[int]"),
    (list[list[int]], "a list of lists", "frozen dataclass"),
    (list[int | None], "values may be None", "out of the list's brackets"),
    (int | str, "may be one thing or another", "several parameters"),
    (Raster | int, "Raster | int may be one thing or another", "several parameters"),
    (Raster | int | None, "may be one thing or another", "several parameters"),
    (Sheet | Table, "Sheet and Table both have text/csv", "Annotated[…, Media(…)]"),
    (Annotated[Raster | Features, Media("image/png")], "Media stands beside a union", "on its members"),
    (Annotated[Raster, Unit("m")] | Features, "Unit does not go with a file", "int, float and Decimal"),
    (Wrong, "Wrong.media_types is 'text/csv'", "a tuple"),
    (Odd, "Odd.media_types has 'csv'", "type/subtype"),
    (Numbered, "Numbered.media_types has 5", "type/subtype"),
    (Literal["a", 1], "Literal['a', 1]", "values of one type"),
    (Literal["a", "x\x00y"], r"Literal has 'x\x00y'", "characters that XML can hold"),
    (Literal["\ufffe"], r"Literal has '\ufffe'", "characters that XML can hold"),
    (Literal["\ud800"], "Literal: character 0 is half of a surrogate pair", "correct that value"),
    (Controlled, r"the Enum Controlled has '\x1b'", "characters that XML can hold"),
    (Literal[b"a"], "Literal[b'a']", "values of one type"),
    (Mixed, "values of the Enum Mixed are of types: int, str", "values of one type"),
    (Bits, "Bits is a Flag", "list of an Enum"),
    (Mutable, "the dataclass Mutable is mutable", "@dataclass(frozen=True)"),
    (Empty, "Empty has no fields", "one at least"),
    (Partial, "Partial is not made of its fields alone: b", "field(init=False)"),
    (Initial, "Initial is not made of its fields alone: b", "InitVar"),
    (Node, "field 'children': Node has a field of its own type", "flatten"),
    (Bad, "parameter 'value', field 'a': a process cannot take or return bytes", "use azenha.File"),
    (Loose, "field 'a': a process cannot take or return", "use list[…]"),
    (BadDefault, "field 'a': its default: 0 is not allowed; allowed: from 1 up to 9", "clients could give"),
    (Documented, "documents 'aa'", "its fields are a"),
    (Annotated[str, Range(1, 2)], "Range does not go with str", "use Literal"),
    (Annotated[bool, Range(0, 1)], "Range does not go with bool", "use Literal"),
    (Annotated[Colour, Range(0, 1)], "Range does not go with an Enum", "use Literal"),
    (Annotated[Literal[1], Range(0, 1)], "Range does not go with Literal", "use Literal"),
    (Annotated[date, Unit("d")], "Unit does not go with date", "int, float and Decimal"),
    (Annotated[BBox, Unit("m")], "Unit does not go with BBox", "int, float and Decimal"),
    (Annotated[int, Media("text/csv")], "Media does not go with int", "File, Raster"),
    (Annotated[Raster, Crs("EPSG:4326")], "Crs does not go with Raster", "it is for BBox"),
    (Annotated[int, Occurs(1, 2)], "Occurs goes with a list alone", "list[…]"),
    (Annotated[int, Items(1, 2)], "Items goes with a list alone", "list[…]"),
    (Annotated[list[int], Items(3, 2)], "Items(3, 2) is not possible", "Items(least, most)"),
    (Annotated[list[int], Items(2, 3)] | None, "it may be left out, and needs at least 2", "Items(0, …)"),
    (Annotated[list[int], Items(), Occurs()], "there are Occurs and Items", "keep one"),
    (Annotated[int, "metres"], "'metres' in Annotated means nothing here", "known are Unit"),
    (Annotated[float, Unit], "in Annotated means nothing here", "write Unit(…)"),
    (Annotated[int, Title("a"), Title("b")], "there are 2 Title", "keep one"),
    (Annotated[int, Title(" ")], "Title is ' '", "give it a text"),
    (Annotated[int, Keywords("")], "'' is among the keywords", "write texts"),
    (Annotated[int, Translated({"Português": "a"})], "'Português' is no language tag", "'pt'"),
    (Annotated[int, Translated({"pt": 3})], "its translation to 'pt' is 3", "azenha.Text"),  # type: ignore[dict-item]
    (Annotated[float, Unit()], "units are ()", 'Unit("m", "km")'),
    (Annotated[float, Unit("m", "m")], "units are ('m', 'm')", "name each once"),
    (Annotated[float, Unit("")], "a unit is ''", "its symbol"),
    (Annotated[int, Range()], "Range has neither end", "Range(0, None)"),
    (Annotated[int, Range(0.5, 2)], "the minimum of Range: expected int, got float: 0.5", "an int"),
    (Annotated[float, Range(0, float("nan"))], "the maximum of Range: nan is no finite number", "finite"),
    (Annotated[float, Range(True, 2)], "the minimum of Range: expected float, got bool", "finite number"),
    (Annotated[int, Range(9, 1)], "begins at 9 and ends at 1", "swap them"),
    (Annotated[int, Range(1, 1, closure="open")], "Range from 1 to 1 is empty", "close it"),
    (Annotated[int, Range(1, 2, "open")], "Range from 1 to 2 is empty", "close it"),
    (Annotated[int, Range(0, 9, "open", spacing=10)], "from 0 to 9 in steps of 10 is empty", "wider"),
    (Annotated[int, Range(1, 2, closure="half")], "closure is 'half'", "'open-closed'"),
    (Annotated[int, Range(None, 2, spacing=1)], "no minimum to count from", "give a minimum"),
    (Annotated[int, Range(1, 2, spacing=0)], "the spacing of Range is 0", "more than 0"),
    (Annotated[date, Range(date(2020, 1, 1), spacing=timedelta(hours=1))], "the spacing", "whole days"),
    (Annotated[datetime, Range(datetime(2020, 1, 1))], "has no time zone", "with a time zone"),
    (Annotated[date, Range(datetime(2020, 1, 1, tzinfo=UTC))], "expected datetime.date", "a date"),
    (Annotated[list[int], Occurs(3, 2)], "Occurs(3, 2) is not possible", "Occurs(least, most)"),
    (Annotated[list[int], Occurs(0, 0)], "Occurs(0, 0) is not possible", "Occurs(least, most)"),
    (Annotated[list[int], Occurs(-1)], "Occurs(-1, None) is not possible", "Occurs(least, most)"),
    (Annotated[list[int], Occurs(2, 3)] | None, "it may be left out, and needs at least 2", "Occurs(0, …)"),
    (Annotated[File, Media("image/png", schema=5)], "the schema of Media is 5", "as text"),  # type: ignore[arg-type]
    (Annotated[File, Media("image/png", encoding=5)], "the encoding of Media is 5", "as text"),  # type: ignore[arg-type]
    (Annotated[File, Media("image/png", encoding="rot13")], "the encoding of Media is 'rot13'", "'base64'"),
    (Annotated[File, Media(encoding="base64")], "Media has an encoding and no media type", "name the types"),
    (Annotated[File, Media()], "Media says nothing", "Media('image/png')"),
    (Annotated[Raster, Validation("strict", crs="no")], "crs of Validation is 'no'", "True or False"),  # type: ignore[arg-type]
    (Annotated[Raster, Validation("strict", read=1)], "read of Validation is 1", "True or False"),  # type: ignore[arg-type]
    (Annotated[int, Translated({"pt": Text(5)})], "its translation to 'pt' is Text(title=5", "as texts"),  # type: ignore[arg-type]
    (Annotated[File, Media("png")], "'png' is no media type", "type/subtype"),
    (Annotated[int, Validation("strict")], "Validation does not go with int", "File, Raster"),
    (Annotated[int, Checked(by=len)], "Checked does not go with int", "File, Raster"),
    (Annotated[File, Validation("hard")], "the level of Validation is 'hard'", "'very strict'"),
    (Annotated[Raster, Validation("simple", read=True)], "asks for read", "Validation('strict', …)"),
    (Annotated[Raster, Validation("strict", bands=0)], "bands is 0", "(least, most)"),
    (Annotated[Raster, Validation("strict", bands=(3, 1))], "bands is (3, 1)", "(least, most)"),
    (Annotated[Features, Validation("strict", geometry="Blob")], "'Blob' is no type of geometry", "Polygon"),
    (Annotated[Features, Validation("strict", geometry=5)], "geometry is 5", "tuple"),  # type: ignore[arg-type]
    (Annotated[int, Translated("Altura")], "translations are 'Altura'", "by language"),  # type: ignore[arg-type]
    (Annotated[File, Checked(by="len")], "Checked(by='len') names no function", "give a function"),  # type: ignore[arg-type]
    (Annotated[File, Validation("none"), Validation("strict")], "there are 2 Validation", "keep one"),
    (
        Annotated[Raster, Validation("strict")] | Features,
        "Validation does not go with a file within a union",
        "File, Raster",
    ),
    (Annotated[File, Media("text/csv", "text/csv")], "Media names a format twice", "once"),
    (Annotated[File, Media("text/csv", max_bytes=0)], "max_bytes is 0", "1 or more"),
    (Annotated[File, Media("a/b", max_bytes=1), Media("a/c", max_bytes=2)], "several max_bytes", "name one"),
    (Annotated[BBox, Crs("WGS 84")], "Crs names 'WGS 84'", "'EPSG:4326'"),
    (Annotated[BBox, Crs("EPSG:4326", "urn:ogc:def:crs:EPSG::4326")], "names a system twice", "once"),
    (Annotated[BBox, Crs("EPSG:4326", dimensions=2)], "dimensions of a box are 2", "write (2,)"),  # type: ignore[arg-type]
    (Annotated[BBox, Crs(dimensions=("2",))], "dimensions of a box are ('2',)", "write (2,)"),  # type: ignore[arg-type]
    (Annotated[BBox, Crs(dimensions=(4,))], "the dimensions of a box are (4,)", "(2, 3)"),
    ("Nowhere", "its annotation names 'Nowhere', which is not known", "at module level"),
    ("list[", "its annotations cannot be read", "correct them"),
]


@pytest.mark.parametrize(("annotation", "problem", "remedy"), PARAMETERS, ids=lambda v: str(v)[:50])
def test_a_parameter_that_cannot_be_is_refused_with_its_place_and_a_remedy(
    annotation: object, problem: str, remedy: str
) -> None:
    def function(value: int) -> str: ...

    function.__annotations__["value"] = annotation
    with pytest.raises(AuthoringError) as refusal:
        process(function)
    text = str(refusal.value)
    assert __name__ in text
    assert "function" in text
    if annotation != "list[":
        assert "parameter 'value'" in text
    assert problem in text
    assert remedy in text.partition(problem)[2]


DEFAULTS: list[tuple[object, object, str, str]] = [
    (int, None, "its default is None", "write `| None`"),
    (int, "3", "its default: expected int, got str: '3'", "clients could give"),
    (int, True, "its default: expected int, got bool", "clients could give"),
    (int, 1.0, "its default: expected int, got float", "clients could give"),
    (float, float("inf"), "its default: inf is no finite number", "clients could give"),
    (Decimal, 1, "its default: expected decimal.Decimal, got int", "clients could give"),
    (date, datetime(2020, 1, 1, tzinfo=UTC), "its default: expected datetime.date", "clients could give"),
    (Annotated[int, Range(1, 9)], 0, "0 is not allowed; allowed: from 1 up to 9", "clients could give"),
    (Literal["a", "b"], "c", "'c' is not allowed; allowed: 'a', 'b'", "clients could give"),
    (Colour, "red", "expected a member of Colour, got str: 'red'", "clients could give"),
    (list[int], 3, "its default is 3", "give a list"),
    (list[int], (1,), "its default is (1,)", "give a list"),
    (list[int], ["a"], "its default: expected int", "clients could give"),
    (Annotated[list[int], Occurs(2, 3)], [1, 2], "needs at least 2 values", "Occurs(0, …)"),
    (Raster, "a.tif", "its default is 'a.tif'", "give Raster"),
    (Raster | File, "a.tif", "its default is 'a.tif'", "give Raster or File, or None"),
    (BBox, (0, 0, 1, 1), "its default is (0, 0, 1, 1)", "give BBox"),
    (Annotated[list[int], Occurs(0, 2)], [1, 2, 3], "its default has 3 values", "give at most 2"),
    (Annotated[list[int], Items(0, 2)], [1, 2, 3], "its default has 3 values", "give at most 2"),
    (BBox, BBox(0, 0, 1, 1, "EPSG:31985"), "EPSG/0/31985 is not declared", "clients could give"),
    (BBox, BBox(0, 10, 1, 1), "its lower latitude 10.0 is above", "clients could give"),
    (BBox, BBox(0, float("nan"), 1, 1), "its default: coordinate: nan", "clients could give"),
    (list[BBox], [BBox(0, 0, 1, 1), BBox(0, 10, 1, 1)], "its lower latitude 10.0", "clients could give"),
    (Inner, Inner("no"), "its default: field 'a': expected int, got str: 'no'", "clients could give"),  # type: ignore[arg-type]
    (Outer, {"inner": [Inner(1), Inner("no")]}, "field 'inner': field 'a': expected int", "clients"),  # type: ignore[arg-type]
    (Outer, {"inner": [Inner(1)] * 3}, "field 'inner': it has 3 values; declared: ", "clients could give"),
    (Outer, {"box": BBox(0, 10, 1, 1)}, "the field 'inner' is missing", "clients could give"),
    (Outer, {"inner": [], "box": BBox(0, 10, 1, 1)}, "field 'box': its lower latitude 10.0", "clients could"),
    (Outer, {"inner": [], "more": 3}, "Outer has no field 'more'", "clients could give"),
    (list[Outer], [{"inner": 3}], "field 'inner': expected list, got int: 3", "clients could give"),
]


@pytest.mark.parametrize(("annotation", "default", "problem", "remedy"), DEFAULTS, ids=str)
def test_a_default_that_no_client_could_give_is_refused(
    annotation: object, default: object, problem: str, remedy: str
) -> None:
    def function(value: int = 0) -> str: ...

    function.__annotations__["value"] = annotation
    function.__defaults__ = (default,)
    with pytest.raises(AuthoringError) as refusal:
        process(function)
    text = str(refusal.value)
    assert "parameter 'value'" in text
    assert problem in text
    assert remedy in text.partition(problem)[2]


async def asynchronous() -> str:
    return ""


async def asynchronous_generator() -> AsyncIterator[str]:
    yield ""


def generator() -> Iterator[str]:
    yield ""


def untyped(a) -> str:  # type: ignore[no-untyped-def]
    return str(a)


def no_return(a: int):  # type: ignore[no-untyped-def]
    return a


def returns_none() -> None: ...


def values(*values: int) -> str:
    return ""


def options(**options: int) -> str:
    return ""


def two_contexts(a: Context, b: Context) -> str:
    return ""


def misspelt(scene: Raster) -> str:
    """Title.

    Args:
        scnee: The scene.
    """
    return ""


def mutable() -> Mutable:
    raise AssertionError


def maybe_several() -> WithFile | None:
    raise AssertionError


def titled_several() -> Annotated[WithFile, Title("All")]:
    raise AssertionError


def files_in_list() -> list[WithFile]:
    raise AssertionError


def file_in_object() -> Result:
    raise AssertionError


def untyped_fields() -> collections.namedtuple("P", "a b"):  # type: ignore[valid-type]
    raise AssertionError


def occurs() -> Annotated[list[int], Occurs(1, 2)]:
    raise AssertionError


def items() -> Annotated[list[int], Items(1, 2)]:
    raise AssertionError


def units() -> Annotated[float, Unit("m", "km")]:
    raise AssertionError


def units_in_object() -> Height:
    raise AssertionError


def units_deep_in_objects() -> list[Heights]:
    raise AssertionError


class NoCall:
    pass


class NeedsMore:
    def __init__(self, model: str) -> None:
        self.model = model

    def __call__(self) -> str:
        return ""


class AsynchronousCall:
    async def __call__(self) -> str:
        return ""


class Builtin:
    __call__ = len


class StaticCall:
    @staticmethod
    def __call__(a: int) -> str:
        return ""


class ClassCall:
    @classmethod
    def __call__(cls, a: int) -> str:
        return ""


FUNCTIONS: list[tuple[Callable[..., object], str, str]] = [
    (asynchronous, "it is async def", "write def"),
    (asynchronous_generator, "it is async def", "write def"),
    (generator, "it is a generator", "return the outputs"),
    (untyped, "parameter 'a': it has no type", "a: int"),
    (no_return, "it has no return type", "-> Raster"),
    (returns_none, "output 'result': it returns None", "return something"),
    (values, "parameter 'values': *values does not tell clients what to send", "values: list[…]"),
    (options, "parameter 'options': **options does not tell clients what to send", "of its own"),
    (two_contexts, "parameter 'b': 'a' is of type Context too", "keep one"),
    (misspelt, "documents a parameter 'scnee'", "is it 'scene'?"),
    (mutable, "the dataclass Mutable is mutable", "frozen=True"),
    (maybe_several, "WithFile is several outputs, and they may be None together", "beside those fields"),
    (titled_several, "Title(text='All') stands beside WithFile", "beside its fields"),
    (untyped_fields, "field 'a': it has no type", "class P(NamedTuple), with a: int"),
    (files_in_list, "field 'a': a file within an object", "an output of its own"),
    (file_in_object, "field 'inner', field 'a': a file within an object", "an output of its own"),
    (occurs, "output 'result': Occurs does not go with outputs", "leave it out"),
    (items, "output 'result': Items does not go with outputs", "leave it out"),
    (units, "output 'result': it has the units m, km", "name the one"),
    (units_in_object, "output 'result', field 'h': it has the units m, km", "name the one"),
    (units_deep_in_objects, "field 'all', field 'h': it has the units m, km", "name the one"),
    (len, "only a function or a class can be a process", "write a def"),
    (NoCall, "the class has no __call__", "def __call__(self, …)"),
    (NeedsMore, "__init__ needs model", "give them defaults"),
    (AsynchronousCall, "it is async def", "write def"),
    (StaticCall, "its __call__ is a staticmethod", "def __call__(self, …)"),
    (ClassCall, "its __call__ is a classmethod", "def __call__(self, …)"),
    (Builtin, "the class has no __call__", "def __call__(self, …)"),
    (lambda a: a, "parameter 'a': it has no type", "a: int"),
]


@pytest.mark.parametrize(
    ("function", "problem", "remedy"), FUNCTIONS, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_function_that_cannot_be_a_process_is_refused_by_name(
    function: Callable[..., object], problem: str, remedy: str
) -> None:
    with pytest.raises(AuthoringError) as refusal:
        process(function)
    text = str(refusal.value)
    assert function.__module__ in text
    assert function.__qualname__ in text
    assert problem in text
    assert remedy in text.partition(problem)[2]


OPTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "land cover"}, "its id is 'land cover'", "beginning with a letter"),
    ({"id": ""}, "its id is ''", "@process(id=…)"),
    ({"version": 1}, "its version is 1", "'1.0.0'"),
    ({"title": ""}, "its title is ''", "give it a text"),
    ({"keywords": "land"}, "keywords are one text", "['land']"),
    ({"verson": "1"}, "@process has no option 'verson'", "is it 'version'?"),
    ({"colour": "red"}, "@process has no option 'colour'", "known are id, version"),
    ({"keywords": 5}, "keywords are 5", "a list of texts"),
    ({"labels": 5}, "labels are 5", "a list of texts"),
    ({"metadata": 5}, "metadata is 5", "a list of addresses"),
    ({"translations": "pt"}, "translations are 'pt'", '{"pt": "Altura"}'),
    ({"labels": [3]}, "3 is among the labels", "write texts"),
    ({"metadata": "https://x.example"}, "metadata is one text", "write a list"),
    ({"metadata": [3]}, "metadata has 3", "azenha.Metadata"),
    ({"metadata": [Metadata(5)]}, "metadata has Metadata(href=5", "as texts"),  # type: ignore[arg-type]
    ({"metadata": [Metadata("https://x.example", 5)]}, "title=5", "as texts"),  # type: ignore[arg-type]
    ({"metadata": [""]}, "metadata has ''", "as texts"),
    ({"translations": {"": "a"}}, "'' is no language tag", "BCP 47"),
    ({"sync": False, "async_": False}, "neither synchronously nor asynchronously", "leave sync"),
    ({"sync": "no"}, "sync is 'no'", "True or False"),
    ({"async_": None}, "async_ is None", "True or False"),
    ({"dismiss": 1}, "dismiss is 1", "True or False"),
    ({"pause": "always"}, "pause is 'always'", '"cooperative"'),
    ({"pause": 0}, "pause is 0", "write True"),
    ({"time_limit": 0}, "time_limit is 0", "seconds above 0"),
    ({"time_limit": float("nan")}, "time_limit is nan", "seconds above 0"),
    ({"time_limit": "1h"}, "time_limit is '1h'", "seconds above 0"),
    ({"memory_limit": 1.5}, "memory_limit is 1.5", "whole number of bytes"),
    ({"max_input_bytes": 0}, "max_input_bytes is 0", "1 or more"),
    ({"retries": -1}, "retries is -1", "0 or more"),
    ({"retries": None}, "retries is None", "0 or more"),
    ({"reuse": 0}, "reuse is 0", "1 or more"),
    ({"reuse": True}, "reuse is True", "1 or more"),
    ({"time_limit": 1e12}, "time_limit is 1000000000000.0", "at most 3155760000 (100 years)"),
    ({"memory_limit": 2**63}, "memory_limit is 9223372036854775808", "at most 1152921504606846976"),
    ({"retries": 10**30}, f"retries is {10**30}", "at most 1000000000"),
]


@pytest.mark.parametrize(("options", "problem", "remedy"), OPTIONS, ids=str)
def test_an_option_that_cannot_be_is_refused(options: dict[str, Any], problem: str, remedy: str) -> None:
    with pytest.raises(AuthoringError) as refusal:

        @process(**options)
        def function(a: int) -> str:
            return ""

    text = str(refusal.value)
    assert f"{__name__}." in text
    assert problem in text
    assert remedy in text.partition(problem)[2]


def test_a_system_whose_axis_order_nobody_knows_needs_pyproj(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyproj", None)
    with pytest.raises(
        AuthoringError, match=r"parameter 'a': the axis order of EPSG:2393 .* pip install pyproj"
    ):

        @process
        def clip(a: Annotated[BBox, Crs("EPSG:2393")]) -> str:
            return ""


def test_a_system_that_does_not_exist_is_refused() -> None:
    pytest.importorskip("pyproj", reason="pyproj is not installed")
    with pytest.raises(AuthoringError, match="there is no EPSG:999999999"):

        @process
        def clip(a: Annotated[BBox, Crs("EPSG:999999999")]) -> str:
            return ""


@pytest.mark.parametrize("name", ["EPSG:4978", "EPSG:5773"])  # geocentric; heights alone
def test_a_system_that_a_box_cannot_be_in_is_refused(name: str) -> None:
    pytest.importorskip("pyproj", reason="pyproj is not installed")
    with pytest.raises(AuthoringError, match=rf"{name} \(.*\) is no system that a box can be in; name a geo"):

        @process
        def clip(a: Annotated[BBox, Crs(name)]) -> str:
            return ""
