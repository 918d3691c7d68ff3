"""Checked values to Python arguments, and returned values to checked outputs."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import pytest

from azenha import (
    BBox,
    Context,
    Crs,
    Features,
    File,
    Media,
    Occurs,
    OutputError,
    Range,
    Raster,
    Unit,
    process,
)
from azenha.authoring.calling import LocalFile, Produced, call
from azenha.authoring.shapes import shortened
from azenha.authoring.signature import definition_of
from azenha.domain import values as v
from azenha.domain.errors import InvalidValue
from azenha.domain.process import CRS84, Format
from azenha.domain.values import Box, InlineBytes, InlineText, Record, StoredFile, Value

EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
GEOTIFF = Format("image/tiff; application=geotiff")
GEOJSON = Format("application/geo+json")
MOMENT = datetime(2024, 2, 29, 12, tzinfo=UTC)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Place:
    name: str
    height: float = 7.0
    colours: list[Colour] | None = None


class Options(TypedDict):
    depth: int
    label: NotRequired[str]
    place: Place | None


class Tagged(TypedDict):
    tags: Annotated[list[str], Occurs(1, 2)]
    others: list[int]
    scale: Annotated[float, Unit("m")]


class Sheet(File):
    media_types = ("text/csv",)


def run(
    function: Callable[..., object],
    inputs: Mapping[str, tuple[Value, ...]],
    folder: Path,
    ctx: Context | None = None,
) -> dict[str, tuple[Produced, ...]]:
    definition = definition_of(process(function))
    assert definition is not None
    # The folder "in" is not made: a job has one only if something was put there before it runs.
    return call(definition, inputs, folder / "in", ctx or Context.for_tests(folder / "work"))


def received(annotation: object, values: tuple[Value, ...] | None, folder: Path, **default: object) -> Any:
    """What a function gets whose one parameter has that annotation."""
    seen: list[object] = []

    def function(value: int) -> str:
        seen.append(value)
        return ""

    function.__annotations__["value"] = annotation
    if default:
        function.__defaults__ = (default["default"],)
    run(function, {} if values is None else {"value": values}, folder)
    (one,) = seen
    return one


ARGUMENTS: list[tuple[object, tuple[Value, ...] | None, object]] = [
    (str, (v.Literal(" a "),), " a "),
    (int, (v.Literal(2**70),), 2**70),
    (float, (v.Literal(0.1),), 0.1),
    (Decimal, (v.Literal(Decimal("0.10")),), Decimal("0.10")),
    (bool, (v.Literal(False),), False),
    (date, (v.Literal(date(2024, 2, 29)),), date(2024, 2, 29)),
    (datetime, (v.Literal(MOMENT),), MOMENT),
    (timedelta, (v.Literal(timedelta(1)),), timedelta(1)),
    (Literal["a", "b"], (v.Literal("b"),), "b"),
    (Colour, (v.Literal("blue"),), Colour.BLUE),
    (int | None, (v.Literal(3),), 3),
    (int | None, None, None),
    (list[int], (v.Literal(1), v.Literal(2)), [1, 2]),
    (list[int], (v.Literal(1),), [1]),
    (Annotated[list[int], Occurs(0, 3)], None, []),
    (Annotated[list[int], Occurs(0, 3)], (), []),
    (list[int] | None, None, None),
    (list[int] | None, (), []),
    (list[Colour], (v.Literal("red"),), [Colour.RED]),
    (BBox, (Box((1, 2), (3, 4), CRS84),), BBox(1, 2, 3, 4)),
    (
        Annotated[BBox, Crs("EPSG:4326", dimensions=(3,))],
        (Box((1, 2, 3), (4, 5, 6), EPSG_4326),),
        BBox(1, 2, 4, 5, EPSG_4326, 3, 6),
    ),
    (Place, (Record({"name": (v.Literal("a"),)}),), Place("a")),
    (
        list[Place],
        (Record({"name": (v.Literal("a"),), "height": (v.Literal(1.0),), "colours": (v.Literal("red"),)}),),
        [Place("a", 1.0, [Colour.RED])],
    ),
    (Options, (Record({"depth": (v.Literal(1),)}),), {"depth": 1, "place": None}),
    (
        Options,
        (
            Record(
                {
                    "depth": (v.Literal(1),),
                    "label": (v.Literal("x"),),
                    "place": (Record({"name": (v.Literal("a"),)}),),
                }
            ),
        ),
        {"depth": 1, "label": "x", "place": Place("a")},
    ),
]


@pytest.mark.parametrize(("annotation", "values", "argument"), ARGUMENTS, ids=lambda x: str(x)[:50])
def test_a_function_gets_its_inputs_as_the_types_that_it_names(
    annotation: object, values: tuple[Value, ...] | None, argument: object, tmp_path: Path
) -> None:
    got = received(annotation, values, tmp_path)
    assert got == argument
    assert type(got) is type(argument)


def test_an_input_that_was_left_out_is_the_functions_own_default(tmp_path: Path) -> None:
    marker = Place("default")
    assert received(Place, None, tmp_path, default=marker) is marker


FILES: list[tuple[object, Value, type[File], str, str, bytes]] = [
    (File, InlineText("é", Format("text/plain")), File, "text/plain", ".txt", "é".encode()),
    (File, InlineBytes(b"\0", Format("x/y")), File, "x/y", ".bin", b"\0"),
    (Features, InlineText("{}", GEOJSON), Features, GEOJSON.media_type, ".geojson", b"{}"),
    (Raster, InlineBytes(b"II", GEOTIFF), Raster, GEOTIFF.media_type, ".tif", b"II"),
    (Raster | Features, InlineText("{}", GEOJSON), Features, GEOJSON.media_type, ".geojson", b"{}"),
    (Raster | Features, InlineBytes(b"II", GEOTIFF), Raster, GEOTIFF.media_type, ".tif", b"II"),
    (
        Raster | Features,
        InlineText("{}", Format("application/geo+json; profile=x")),
        Features,
        "application/geo+json; profile=x",
        ".geojson",
        b"{}",
    ),
    (Sheet | None, InlineText("a,b", Format("text/csv")), Sheet, "text/csv", ".csv", b"a,b"),
    (
        Annotated[Raster, Media("image/png")] | Sheet,
        InlineBytes(b"P", Format("image/png")),
        Raster,
        "image/png",
        ".png",
        b"P",
    ),
    (
        File,
        InlineText('<?xml version="1.0" encoding="ISO-8859-1"?><é/>', Format("application/xml")),
        File,
        "application/xml",
        ".xml",
        '<?xml version="1.0" encoding="ISO-8859-1"?><é/>'.encode("latin-1"),
    ),
    (
        File,
        InlineText('<?xml version="1.0" encoding="UTF-16"?><é/>', Format("text/xml; charset=utf-8")),
        File,
        "text/xml; charset=UTF-16",
        ".xml",
        '<?xml version="1.0" encoding="UTF-16"?><é/>'.encode("utf-16"),
    ),
]


@pytest.mark.parametrize(("annotation", "value", "cls", "media_type", "suffix", "content"), FILES, ids=str)
def test_complex_data_is_a_file_of_the_class_that_its_media_type_belongs_to(
    annotation: object,
    value: Value,
    cls: type[File],
    media_type: str,
    suffix: str,
    content: bytes,
    tmp_path: Path,
) -> None:
    got = received(annotation, (value,), tmp_path)
    assert type(got) is cls
    assert got.media_type == media_type
    assert got.path.suffix == suffix
    assert got.path.is_relative_to(tmp_path / "in")
    assert got.path.read_bytes() == content


def test_a_text_that_cannot_be_in_the_encoding_it_declares_is_refused(tmp_path: Path) -> None:
    text = InlineText('<?xml version="1.0" encoding="ascii"?><é/>', Format("application/xml"))
    with pytest.raises(InvalidValue, match=r"input 'value': its text cannot be in the encoding .* ascii"):
        received(File, (text,), tmp_path)


def test_a_stored_file_is_found_below_its_folder_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "in" / "1").mkdir(parents=True)
    (tmp_path / "in" / "1" / "scene.tif").write_bytes(b"II")
    got = received(Raster, (StoredFile("1/scene.tif", "olinda.tif", 2, GEOTIFF),), tmp_path)
    assert (got.path.read_bytes(), got.name) == (b"II", "olinda.tif")


def test_a_stored_file_outside_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    with pytest.raises(ValueError, match="outside its folder"):
        received(Raster, (StoredFile("../secret", "a", 1, GEOTIFF),), tmp_path)


def test_an_inline_value_makes_the_folder_of_the_inputs_where_nothing_else_did(tmp_path: Path) -> None:
    def function(value: File) -> str:
        return value.path.read_text()

    inputs = {"value": (InlineText("1", Format("text/plain")),)}
    assert not (tmp_path / "in").exists()
    assert run(function, inputs, tmp_path) == {"result": (v.Literal("1"),)}


def test_several_inline_values_of_one_input_are_several_files(tmp_path: Path) -> None:
    values = (InlineText("1", Format("text/plain")), InlineText("2", Format("text/plain")))
    got = received(list[File], values, tmp_path)
    assert [file.path.read_text() for file in got] == ["1", "2"]


def test_parameters_by_position_get_their_values_and_their_defaults(tmp_path: Path) -> None:
    def function(ctx: Context, a: int, b: int = 5, c: int = 6, /, *, d: int = 7) -> str:
        return f"{a} {b} {c} {d} {ctx.workdir.name}"

    inputs = {"a": (v.Literal(1),), "c": (v.Literal(3),)}
    assert run(function, inputs, tmp_path) == {"result": (v.Literal("1 5 3 7 work"),)}


def test_the_unit_of_a_value_is_the_one_it_came_in(tmp_path: Path) -> None:
    units = {}

    @dataclass(frozen=True)
    class Tower:
        height: Annotated[float, Unit("m", "km")]

    def function(
        near: Annotated[float, Unit("m", "km")],
        steps: Annotated[list[float], Unit("s", "min")],
        tower: int,
        far: Annotated[float, Unit("km", "m")] = 1.0,
        *,
        ctx: Context,
    ) -> str:
        units.update(near=ctx.unit("near"), far=ctx.unit("far"), tower=ctx.unit("tower.height"))
        units.update(steps=[ctx.unit("steps", n) for n in range(2)])
        with pytest.raises(LookupError, match="input 'tower' has no unit here; inputs with a unit: near"):
            ctx.unit("tower")
        return ""

    function.__annotations__["tower"] = Tower
    inputs = {
        "near": (v.Literal(2.0, "km"),),
        "steps": (v.Literal(1.0, "min"), v.Literal(1.0)),
        "tower": (Record({"height": (v.Literal(1.0, "km"),)}),),
    }
    run(function, inputs, tmp_path)
    assert units == {"near": "km", "far": "km", "tower": "km", "steps": ["min", "s"]}


def test_a_class_is_made_once_in_a_child_and_called_for_each_job(tmp_path: Path) -> None:
    made = []

    class Classify:
        def __init__(self) -> None:
            made.append(self)

        def __call__(self, scene: str, *, ctx: Context) -> str:
            return scene.upper()

    assert run(Classify, {"scene": (v.Literal("a"),)}, tmp_path) == {"result": (v.Literal("A"),)}
    assert run(Classify, {"scene": (v.Literal("b"),)}, tmp_path) == {"result": (v.Literal("B"),)}
    assert len(made) == 1


# -- outputs -------------------------------------------------------------------------------------


def returning(
    annotation: object, value: object, folder: Path, **formats: str
) -> dict[str, tuple[Produced, ...]]:
    def function() -> str:
        return value  # type: ignore[return-value]

    function.__annotations__["return"] = annotation
    return run(function, {}, folder, Context.for_tests(folder / "work", formats=formats))


class Whole(int):
    pass


RETURNED: list[tuple[object, object, Produced | tuple[Produced, ...]]] = [
    (str, "a", v.Literal("a")),
    (int, 3, v.Literal(3)),
    (int, Whole(3), v.Literal(3)),
    (int, 10**1000 - 1, v.Literal(10**1000 - 1)),
    (float, 3, v.Literal(3.0)),
    (Annotated[float, Unit("m")], 1.5, v.Literal(1.5, "m")),
    (Decimal, Decimal("1.50"), v.Literal(Decimal("1.50"))),
    (bool, True, v.Literal(True)),
    (date, date(2024, 1, 1), v.Literal(date(2024, 1, 1))),
    (datetime, MOMENT.astimezone(timezone(timedelta(hours=-3))), v.Literal(MOMENT)),
    (timedelta, timedelta(1), v.Literal(timedelta(1))),
    (Colour, Colour.RED, v.Literal("red")),
    (Literal["a"], "a", v.Literal("a")),
    (list[int], [], ()),
    (list[int], [1, 2], (v.Literal(1), v.Literal(2))),
    (BBox, BBox(170, -10, -170, 10), Box((170.0, -10.0), (-170.0, 10.0), CRS84)),
    (
        Annotated[BBox, Crs("EPSG:32725")],
        BBox(1, 2, 3, 4, "EPSG:32725"),
        Box((1.0, 2.0), (3.0, 4.0), "http://www.opengis.net/def/crs/EPSG/0/32725"),
    ),
    (
        list[Place],
        [Place("a", 1, [Colour.RED])],
        (Record({"name": (v.Literal("a"),), "height": (v.Literal(1.0),), "colours": (v.Literal("red"),)}),),
    ),
    (Options, {"depth": 1, "place": None}, Record({"depth": (v.Literal(1),)})),
    (
        Tagged,
        {"tags": ["a"], "others": [], "scale": 2},
        Record({"tags": (v.Literal("a"),), "others": (), "scale": (v.Literal(2.0, "m"),)}),
    ),
]


@pytest.mark.parametrize(("annotation", "value", "produced"), RETURNED, ids=lambda x: str(x)[:50])
def test_what_a_process_returns_becomes_a_checked_value(
    annotation: object, value: object, produced: Produced | tuple[Produced, ...], tmp_path: Path
) -> None:
    expected = produced if isinstance(produced, tuple) else (produced,)
    (got,) = returning(annotation, value, tmp_path).values()
    assert got == expected
    scalars = [
        (type(a.value), type(b.value)) for a, b in zip(got, expected, strict=True) if isinstance(a, v.Literal)
    ]  # type: ignore[union-attr]
    assert all(a is b for a, b in scalars)


NOT_RETURNED: list[tuple[object, object, str]] = [
    (str, 3, "output 'result': expected str, got int: 3"),
    (str, None, "output 'result': expected str, got NoneType"),
    (str, "\ud800", "half of a surrogate pair"),
    (int, 10**5000, "output 'result': an integer has at most 1000 digits"),
    (int, -(10**1000), "output 'result': an integer has at most 1000 digits"),
    (float, 10**5000, "output 'result': a value that cannot be shown is beyond the range of float"),
    (str, 10**5000, "output 'result': expected str, got int: a value that cannot be shown"),
    (int, "3", "output 'result': expected int, got str: '3'"),
    (int, True, "expected int, got bool"),
    (int, 3.0, "expected int, got float"),
    (bool, 1, "expected bool, got int"),
    (
        float,
        float("nan"),
        "output 'result': nan is no finite number; where there is no value, declare `| None`",
    ),
    (float, float("-inf"), "-inf is no finite number"),
    (float, 2**53 + 1, "more digits than a float holds"),
    (float, 10**400, "beyond the range of float"),
    (float, Decimal(1), "expected float, got decimal.Decimal"),
    (Decimal, Decimal("NaN"), "finite number"),
    (Decimal, 1, "expected decimal.Decimal, got int"),
    (date, MOMENT, "expected datetime.date, got datetime.datetime"),
    (datetime, date(2024, 1, 1), "expected datetime.datetime, got datetime.date"),
    (datetime, datetime(2024, 1, 1), "has no time zone"),
    (Colour, "red", "expected a member of Colour, got str: 'red'"),
    (Literal["a"], "b", "'b' is not allowed; allowed: 'a'"),
    (Annotated[int, Range(0, 9)], 10, "10 is not allowed; allowed: from 0 up to 9"),
    (list[int], (1, 2), "expected list, got tuple"),
    (list[int], [1, "2"], "output 'result[1]': expected int, got str: '2'"),
    (list[float], [1.0, None], "output 'result[1]': expected float, got NoneType"),
    (BBox, (0, 0, 1, 1), "expected azenha.BBox, got tuple"),
    (
        BBox,
        BBox(0, 0, 1, 1, "EPSG:4326"),
        "its CRS http://www.opengis.net/def/crs/EPSG/0/4326 is not declared",
    ),
    (BBox, BBox(0, 0, 1, 1, CRS84, 0, 1), "expected a box of 2 dimensions, got one of 3"),
    (BBox, BBox(0, 1, 1, 0), "its lower latitude 1.0 is above its upper latitude 0.0"),
    (BBox, BBox(0, 0, 1, float("inf")), "coordinate: inf is no finite number"),
    (
        Annotated[BBox, Crs("EPSG:3857")],
        BBox(2, 0, 1, 1, "EPSG:3857"),
        "its lower easting 2.0 is above its upper easting 1.0",
    ),
    (Options, Place("a"), "expected dict"),
    (Options, {"depth": 1, "place": None, "more": 1}, "Options has no field 'more'"),
    (Options, {"label": "a", "place": None}, "the field 'depth' is missing"),
    (Options, {"depth": "1", "place": None}, "output 'result.depth': expected int, got str"),
    (
        Tagged,
        {"tags": ["a", "b", "c"], "others": [], "scale": 2},
        "output 'result.tags': it has 3 values; declared: at least 1, at most 2",
    ),
    (
        list[Tagged],
        [{"tags": [], "others": [], "scale": 2}],
        "output 'result[0].tags': it has 0 values; declared: at least 1, at most 2",
    ),
    (list[Place], [Options(depth=1, place=None)], "output 'result[0]': expected Place, got dict"),
    (list[Place], [Place("a"), Place(3)], "output 'result[1].name': expected str, got int: 3"),  # type: ignore[arg-type]
    (Raster, "ndvi.tif", "expected Raster, got str: 'ndvi.tif'"),
    (Raster, File("ndvi.tif"), "expected Raster, got azenha.authoring.types.File"),
    (Raster | Features, File("ndvi.tif"), "expected Raster or Features, got"),
    (Raster, Raster("ndvi.tif"), "ndvi.tif does not exist"),
    (Raster, Raster("."), "is no file"),
    (Raster, Raster("made.png"), "made.png is image/png; declared: image/tiff; application=geotiff"),
    (Raster, Raster("made.tif", "image/png"), "made.tif is image/png; declared"),
    (Raster | Features, Raster("made"), "the media type of made is not clear; give it: Raster(path"),
]


@pytest.mark.parametrize(("annotation", "value", "problem"), NOT_RETURNED, ids=lambda x: shortened(x, 50))
def test_what_was_not_declared_is_refused_with_the_name_of_the_output(
    annotation: object, value: object, problem: str, tmp_path: Path
) -> None:
    for name in ("made.png", "made.tif", "made"):
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / name).write_bytes(b"x")
    with pytest.raises(OutputError) as refusal:
        returning(annotation, value, tmp_path)
    assert str(refusal.value).startswith("output 'result")
    assert problem in str(refusal.value)


OUTPUT_FILES: list[tuple[object, File, Format]] = [
    (Raster, Raster("made.tif"), GEOTIFF),
    (Raster, Raster("made.dat"), GEOTIFF),
    (Features, Features("made.json"), GEOJSON),
    (Features, Features("made.geojson"), GEOJSON),
    (File, File("made.dat"), Format("application/octet-stream")),
    (File, File("made.png"), Format("image/png")),
    (File, File("made.dat", "application/x-thing"), Format("application/x-thing")),
    (Sheet, Sheet("made.csv"), Format("text/csv")),
    (Annotated[File, Media("image/png")], File("made.png"), Format("image/png")),
    (Annotated[File, Media("image/png", "image/jpeg")], File("made.jpg"), Format("image/jpeg")),
    (
        Annotated[Raster, Media("image/tiff; application=geotiff; profile=cloud-optimized")],
        Raster("made.tif"),
        Format("image/tiff; application=geotiff; profile=cloud-optimized"),
    ),
    (
        Annotated[Features, Media("application/json", schema="s")],
        Features("made.json"),
        Format("application/json", None, "s"),
    ),
    (Raster | Features, Features("made.json"), GEOJSON),
]


@pytest.mark.parametrize(("annotation", "file", "format"), OUTPUT_FILES, ids=str)
def test_a_returned_file_is_named_with_its_declared_format(
    annotation: object, file: File, format: Format, tmp_path: Path
) -> None:
    made = tmp_path / "work" / file.path
    made.parent.mkdir()
    made.write_bytes(b"x")
    assert returning(annotation, file, tmp_path) == {"result": (LocalFile(made, format, file.name),)}


def test_a_client_that_asked_for_a_format_gets_no_other(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    for name in ("a.png", "a.jpg"):
        (tmp_path / "work" / name).write_bytes(b"x")
    either = Annotated[File, Media("image/png", "image/jpeg")]
    assert returning(either, File("a.jpg"), tmp_path, result="image/jpeg")
    with pytest.raises(OutputError, match=r"it is image/png; asked for was image/jpeg"):
        returning(either, File("a.png"), tmp_path, result="image/jpeg")


@dataclass(frozen=True)
class Several:
    count: int
    names: list[str]
    picture: Annotated[File, Media("image/png")] | None = None
    colour: Colour | None = None


class Pair(NamedTuple):
    low: float
    high: float | None


def test_the_fields_of_what_is_returned_are_the_outputs_and_none_leaves_one_out(tmp_path: Path) -> None:
    assert returning(Several, Several(1, ["a"], colour=Colour.RED), tmp_path) == {
        "count": (v.Literal(1),),
        "names": (v.Literal("a"),),
        "colour": (v.Literal("red"),),
    }
    assert returning(Pair, Pair(1, None), tmp_path) == {"low": (v.Literal(1.0),)}
    assert returning(int | None, None, tmp_path) == {}


def test_a_declared_output_that_is_none_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="output 'count': expected int, got NoneType"):
        returning(Several, Several(None, []), tmp_path)  # type: ignore[arg-type]


def test_another_class_than_the_declared_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="output 'low, high': expected Pair, got tuple"):
        returning(Pair, (1.0, 2.0), tmp_path)


def test_numbers_of_numpy_are_refused_with_their_type(tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy", reason="numpy is not installed")
    with pytest.raises(OutputError, match=r"expected float, got numpy\.float32"):
        returning(float, numpy.float32(1), tmp_path)
    assert returning(float, numpy.float64(1), tmp_path) == {"result": (v.Literal(1.0),)}


def test_what_the_process_raises_comes_out_as_it_is(tmp_path: Path) -> None:
    def function() -> str:
        raise ZeroDivisionError("no")

    with pytest.raises(ZeroDivisionError, match="no"):
        run(function, {}, tmp_path)
