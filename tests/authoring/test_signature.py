"""Signatures to descriptions."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, NewType, NotRequired, Optional, Required, TypedDict

import pytest

from azenha import (
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
from azenha.authoring.signature import Definition, definition_of
from azenha.domain import process as d
from azenha.domain.described import dump_description, load_description
from azenha.domain.process import (
    BoxDomain,
    Closure,
    ComplexDomain,
    Format,
    InputDescription,
    JobControl,
    Limits,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    ValueRange,
)

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
GEOTIFF = Format("image/tiff; application=geotiff")


def defined(target: object) -> Definition:
    definition = definition_of(target)
    assert definition is not None
    return definition


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"
    CRIMSON = "red"  # noqa: PIE796  # an alias: no value of its own


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 9


class Tiles(Raster):
    media_types = ("application/x-tiles", "image/tiff")


@dataclass(frozen=True)
class Place:
    """A place.

    Attributes:
        name: What it is called.
        height: Above the sea.
    """

    name: str
    height: Annotated[float, Unit("m"), Range(0, None)] = 0.0
    tags: list[str] = field(default_factory=list)


class Options(TypedDict):
    depth: int
    label: NotRequired[str]


class Loose(TypedDict, total=False):
    depth: Required[int]
    label: Annotated[str, Title("Name")]


Metres = NewType("Metres", float)

INT, FLOAT, STR = (LiteralDomain(t) for t in (LiteralType.INTEGER, LiteralType.DOUBLE, LiteralType.STRING))


def domain(type: LiteralType, *allowed: object, units: tuple[str, ...] = ()) -> LiteralDomain:
    return LiteralDomain(type, allowed, units)  # type: ignore[arg-type]


PARAMETERS: list[tuple[object, d.Domain, int, int | None, bool]] = [
    # annotation, domain, min_occurs, max_occurs, array
    (str, STR, 1, 1, False),
    (int, INT, 1, 1, False),
    (float, FLOAT, 1, 1, False),
    (Decimal, domain(LiteralType.DECIMAL), 1, 1, False),
    (bool, domain(LiteralType.BOOLEAN), 1, 1, False),
    (date, domain(LiteralType.DATE), 1, 1, False),
    (datetime, domain(LiteralType.DATETIME), 1, 1, False),
    (timedelta, domain(LiteralType.DURATION), 1, 1, False),
    (Metres, FLOAT, 1, 1, False),
    (int | None, INT, 0, 1, False),
    (Optional[int], INT, 0, 1, False),  # noqa: UP045
    (Literal["a", "b"], domain(LiteralType.STRING, "a", "b"), 1, 1, False),
    (Literal[1, 2], domain(LiteralType.INTEGER, 1, 2), 1, 1, False),
    (Literal["a"] | None, domain(LiteralType.STRING, "a"), 0, 1, False),
    (Colour, domain(LiteralType.STRING, "red", "blue"), 1, 1, False),
    (Level, domain(LiteralType.INTEGER, 1, 9), 1, 1, False),
    (Annotated[float, Unit("m", "km")], domain(LiteralType.DOUBLE, units=("m", "km")), 1, 1, False),
    (Annotated[int, Range(1, 64)], domain(LiteralType.INTEGER, ValueRange(1, 64)), 1, 1, False),
    (
        Annotated[int | None, Range(1, 3), Range(7, None)],
        domain(LiteralType.INTEGER, ValueRange(1, 3), ValueRange(7)),
        0,
        1,
        False,
    ),
    (
        Annotated[float, Range(0, 1, closure="open-closed")] | None,
        domain(LiteralType.DOUBLE, ValueRange(0.0, 1.0, Closure.OPEN_CLOSED)),
        0,
        1,
        False,
    ),
    (
        Annotated[Decimal, Range(0, 1, spacing=0.1)],
        domain(LiteralType.DECIMAL, ValueRange(Decimal(0), Decimal(1), spacing=Decimal("0.1"))),
        1,
        1,
        False,
    ),
    (
        Annotated[date, Range(date(2020, 1, 1), None, spacing=timedelta(days=7))],
        domain(LiteralType.DATE, ValueRange(date(2020, 1, 1), spacing=timedelta(days=7))),
        1,
        1,
        False,
    ),
    (list[int], INT, 1, None, True),
    (list[int] | None, INT, 0, None, True),
    (Annotated[list[int], Occurs(0, 3)], INT, 0, 3, True),
    (Annotated[list[int], Occurs(1, 1)], INT, 1, 1, True),
    (Annotated[list[int], Items()], INT, 1, None, True),
    (Annotated[list[int], Items(2, 3)], INT, 2, 3, True),
    (Annotated[list[int], Items(0, 3)] | None, INT, 0, 3, True),
    (Annotated[list[int], Range(0, 9)], domain(LiteralType.INTEGER, ValueRange(0, 9)), 1, None, True),
    (
        list[Annotated[int, Range(0, 9)]],
        domain(LiteralType.INTEGER, ValueRange(0, 9)),
        1,
        None,
        True,
    ),
    (BBox, BoxDomain(), 1, 1, False),
    (
        Annotated[BBox, Crs("EPSG:4326", "EPSG:32725")],
        BoxDomain((d.Crs(EPSG + "4326", True, 360), d.Crs(EPSG + "32725"))),
        1,
        1,
        False,
    ),
    (
        Annotated[BBox, Crs("EPSG:4979", dimensions=(3,))],
        BoxDomain((d.Crs(EPSG + "4979", True, 360),), (3,)),
        1,
        1,
        False,
    ),
    (Raster, ComplexDomain(tuple(Format(m) for m in Raster.media_types)), 1, 1, False),
    (Features, ComplexDomain(tuple(Format(m) for m in Features.media_types)), 1, 1, False),
    (File, ComplexDomain((Format("application/octet-stream"),)), 1, 1, False),
    (Tiles, ComplexDomain((Format("application/x-tiles"), Format("image/tiff"))), 1, 1, False),
    (
        Annotated[
            File, Media("image/png"), Validation("strict", read=True, bands=3, crs=True), Checked(by=len)
        ],
        ComplexDomain(
            (Format("image/png"),), None, d.Validation(d.Level.STRICT, True, (), (3, 3), True, ("len",))
        ),
        1,
        1,
        False,
    ),
    (
        Annotated[Raster | Features, Validation("none")],
        ComplexDomain(
            tuple(Format(m) for m in (*Raster.media_types, *Features.media_types)),
            None,
            d.Validation(d.Level.NONE),
        ),
        1,
        1,
        False,
    ),
    (
        Annotated[File, Media("text/csv", schema="http://x.example/s", max_bytes=5), Media("text/plain")],
        ComplexDomain((Format("text/csv", schema="http://x.example/s"), Format("text/plain")), 5),
        1,
        1,
        False,
    ),
    (
        Raster | Features | None,
        ComplexDomain(tuple(Format(m) for m in (*Raster.media_types, *Features.media_types))),
        0,
        1,
        False,
    ),
    (
        Annotated[Raster, Media("image/png", max_bytes=3)] | Annotated[File, Media("text/csv", max_bytes=9)],
        ComplexDomain((Format("image/png"), Format("text/csv")), 9),
        1,
        1,
        False,
    ),
    (
        Place,
        ObjectDomain(
            (
                InputDescription("name", STR, Text("Name", "What it is called.")),
                InputDescription(
                    "height",
                    domain(LiteralType.DOUBLE, ValueRange(0.0), units=("m",)),
                    Text("Height", "Above the sea."),
                    min_occurs=0,
                    default=0.0,
                    default_unit="m",
                ),
                InputDescription("tags", STR, Text("Tags"), 0, None, array=True),
            )
        ),
        1,
        1,
        False,
    ),
    (
        list[Options],
        ObjectDomain(
            (
                InputDescription("depth", INT, Text("Depth")),
                InputDescription("label", STR, Text("Label"), min_occurs=0),
            )
        ),
        1,
        None,
        True,
    ),
    (
        Loose,
        ObjectDomain(
            (
                InputDescription("depth", INT, Text("Depth")),
                InputDescription("label", STR, Text("Name"), min_occurs=0),
            )
        ),
        1,
        1,
        False,
    ),
]


@pytest.mark.parametrize(
    ("annotation", "domain", "least", "most", "array"), PARAMETERS, ids=lambda v: str(v)[:40]
)
def test_an_annotation_is_the_description_of_an_input(
    annotation: object, domain: d.Domain, least: int, most: int | None, array: bool
) -> None:
    def function(value: int) -> str: ...

    function.__annotations__["value"] = annotation
    (one,) = defined(process(function)).description.inputs
    assert (one.domain, one.min_occurs, one.max_occurs, one.array) == (domain, least, most, array)
    assert one.default is None


DEFAULTS: list[tuple[object, object, object]] = [
    (int, 3, 3),
    (float, 1, 1.0),
    (int | None, None, None),
    (Literal["a", "b"], "b", "b"),
    (Colour, Colour.BLUE, "blue"),
    (Level, Level.HIGH, 9),
    (list[int], [1, 2], (1, 2)),
    (list[int], [], None),
    (list[Colour] | None, [Colour.RED], ("red",)),
    (BBox, BBox(0, 0, 1, 1), None),
    (File, File("a.txt"), None),
    (Place, Place("here"), None),
    (datetime, datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)),
]


@pytest.mark.parametrize(("annotation", "default", "shown"), DEFAULTS, ids=str)
def test_a_default_is_shown_as_clients_would_give_it(
    annotation: object, default: object, shown: object
) -> None:
    def function(value: int = 0) -> str: ...

    function.__annotations__["value"] = annotation
    function.__defaults__ = (default,)
    (one,) = defined(process(function)).description.inputs
    assert one.min_occurs == 0
    assert one.default == shown
    assert type(one.default) is type(shown)


@process(
    id="land-cover",
    version="2.1",
    keywords=["land", "cover"],
    metadata=["https://x.example/paper", Metadata("https://x.example/code", "Code", "source")],
    translations={"pt": "Cobertura", "de": Text("Bedeckung", "Mehr.")},
    sync=False,
    pause=True,
    time_limit=90,
    memory_limit=2**30,
    max_input_bytes=2**20,
    retries=2,
    reuse=10,
    labels=["gpu"],
)
def land_cover(
    scene: Annotated[Raster, Title("The scene"), Keywords("scene"), Translated({"pt": "A cena"})],
    red_band: int = 3,
    *,
    job: Context,
) -> Annotated[Raster, Title("Cover")]:
    """Land cover of a scene.

    It takes a while,
    and more.

    Second paragraph.

    Args:
        scene: Reflectances,
            one band a wavelength.
        red_band (int): Its number.
        job: The job.

    Returns:
        Classes.

    Raises:
        ValueError: never.
    """
    return scene


@pytest.mark.parametrize(
    ("pause", "offered", "by_itself"),
    [(False, False, False), (True, True, False), ("cooperative", True, True)],
)
def test_a_process_says_whether_its_jobs_can_be_paused_and_whether_they_wait_by_themselves(
    pause, offered, by_itself
) -> None:
    @process(pause=pause)
    def patient() -> int:
        return 1

    described = defined(patient).description
    assert (JobControl.PAUSE in described.job_control, described.pauses_itself) == (offered, by_itself)


def test_a_function_its_docstring_and_its_options_are_the_whole_description() -> None:
    definition = defined(land_cover)
    assert definition.description == d.ProcessDescription(
        id="land-cover",
        version="2.1",
        text=Text(
            "Land cover of a scene", "It takes a while, and more.\n\nSecond paragraph.", ("land", "cover")
        ),
        inputs=(
            InputDescription(
                "scene",
                ComplexDomain(tuple(Format(m) for m in Raster.media_types)),
                Text("The scene", "Reflectances, one band a wavelength.", ("scene",)),
                translations={"pt": Text("A cena")},
            ),
            InputDescription("red_band", INT, Text("Red band", "Its number."), min_occurs=0, default=3),
        ),
        outputs=(d.OutputDescription("result", ComplexDomain((GEOTIFF,)), Text("Cover", "Classes.")),),
        metadata=(
            Metadata("https://x.example/paper"),
            Metadata("https://x.example/code", "Code", "source"),
        ),
        job_control=frozenset({JobControl.ASYNC, JobControl.DISMISS, JobControl.PAUSE}),
        limits=Limits(90.0, 2**30, 2**20),
        retries=2,
        reuse=10,
        labels=("gpu",),
        translations={"pt": Text("Cobertura"), "de": Text("Bedeckung", "Mehr.")},
    )
    assert definition.context == "job"
    assert definition.function is land_cover


@dataclass(frozen=True)
class Corner:
    x: Annotated[float, Translated({"pt": "leste"})]


def test_fields_and_outputs_are_translated_too_and_it_survives_the_way_to_the_server() -> None:
    @process
    def area(corner: Corner) -> Annotated[float, Translated({"pt": Text("Área", "Em hectares.")})]:
        return corner.x

    description = load_description(dump_description(defined(area).description))
    corner = description.inputs[0].domain
    assert isinstance(corner, d.ObjectDomain)
    assert corner.fields[0].translations == {"pt": Text("leste")}
    assert description.outputs[0].translations == {"pt": Text("Área", "Em hectares.")}


def test_without_options_and_docstring_everything_has_a_default() -> None:
    @process
    def land_use(band: int) -> str:
        return str(band)

    description = defined(land_use).description
    assert (description.id, description.version, description.text) == ("land_use", "0.1.0", Text("Land use"))
    assert description.inputs[0].text == Text("Band")
    assert description.job_control == {JobControl.SYNC, JobControl.ASYNC, JobControl.DISMISS}
    assert land_use(3) == "3"


@dataclass(frozen=True)
class Relief:
    """Everything.

    Attributes:
        slope: In degrees.
    """

    slope: Annotated[Raster, Title("Slope")]
    names: list[str]
    extent: BBox | None = None
    picture: Annotated[File, Media("image/png")] | None = None


class Statistics(NamedTuple):
    mean: Annotated[float, Unit("m")]
    count: int


def relief() -> Relief:
    """Relief.

    Returns:
        All of it.
    """
    raise AssertionError


def statistics() -> Statistics:
    raise AssertionError


def options() -> Options:
    raise AssertionError


def extent() -> Annotated[BBox | None, Crs("EPSG:3857"), Title("Extent")]:
    raise AssertionError


def mixed() -> list[Raster | Features]:
    raise AssertionError


OUTPUTS: list[tuple[Callable[[], object], list[tuple[str, d.Domain, Text, bool, bool]]]] = [
    (
        relief,
        [
            ("slope", ComplexDomain((GEOTIFF,)), Text("Slope", "In degrees."), False, False),
            ("names", STR, Text("Names"), True, False),
            ("extent", BoxDomain((d.LONGITUDE_LATITUDE,)), Text("Extent"), False, True),
            ("picture", ComplexDomain((Format("image/png"),)), Text("Picture"), False, True),
        ],
    ),
    (
        statistics,
        [
            ("mean", domain(LiteralType.DOUBLE, units=("m",)), Text("Mean"), False, False),
            ("count", INT, Text("Count"), False, False),
        ],
    ),
    (
        options,
        [
            (
                "result",
                ObjectDomain(
                    (
                        InputDescription("depth", INT, Text("Depth")),
                        InputDescription("label", STR, Text("Label"), min_occurs=0),
                    )
                ),
                Text("Result"),
                False,
                False,
            )
        ],
    ),
    (extent, [("result", BoxDomain((d.Crs(EPSG + "3857"),)), Text("Extent"), False, True)]),
    (
        mixed,
        [("result", ComplexDomain((GEOTIFF, Format("application/geo+json"))), Text("Result"), True, False)],
    ),
]


@pytest.mark.parametrize(("function", "outputs"), OUTPUTS, ids=lambda v: getattr(v, "__name__", ""))
def test_the_return_type_is_the_outputs(
    function: Callable[[], object], outputs: list[tuple[str, d.Domain, Text, bool, bool]]
) -> None:
    described = defined(process(function)).description.outputs
    assert [(o.id, o.domain, o.text, o.array, o.optional) for o in described] == outputs


def test_what_is_said_of_several_outputs_together_is_kept_in_the_abstract() -> None:
    assert defined(process(relief)).description.text == Text("Relief", "Returns: All of it.")


def test_a_field_that_is_not_described_has_the_words_of_its_own_class() -> None:
    @process
    def visit(place: Place) -> str:
        return place.name

    assert defined(visit).description.inputs[0].text == Text("Place", "A place")


def test_a_class_with_call_is_described_by_it() -> None:
    @process(version="3")
    class Classify:
        """Classify a scene.

        More of it.
        """

        def __init__(self, model: str = "forest") -> None:
            self.model = model

        def __call__(self, scene: Raster, *, ctx: Context) -> str:
            """Run.

            Args:
                scene: What is classified.
            Returns:
                The class.
            """
            return self.model

    definition = defined(Classify)
    description = definition.description
    assert (description.id, description.text) == ("Classify", Text("Classify a scene", "More of it."))
    assert [(i.id, i.text.abstract) for i in description.inputs] == [("scene", "What is classified.")]
    assert description.outputs[0].text.abstract == "The class."
    assert definition.context == "ctx"


def test_a_subclass_of_a_process_is_no_process_by_inheritance() -> None:
    @process
    class Base:
        def __call__(self) -> str:
            return ""

    class Derived(Base):
        pass

    assert definition_of(Base) is not None
    assert definition_of(Derived) is None


def test_a_wrapper_of_a_process_is_not_the_process() -> None:
    import functools

    @process
    def inner(a: int) -> int:
        return a

    @functools.wraps(inner)
    def wrapper(a: int) -> int:
        return inner(a)

    assert definition_of(inner) is not None
    assert definition_of(wrapper) is None


def test_the_axes_of_a_system_that_is_not_in_our_table_are_what_pyproj_says() -> None:
    pytest.importorskip("pyproj", reason="pyproj is not installed")

    @process
    def clip(
        a: Annotated[
            BBox, Crs("EPSG:2393", "EPSG:4807", "EPSG:7084", "EPSG:5514", "EPSG:5513", "EPSG:32661")
        ],
    ) -> str:
        return ""

    (one,) = defined(clip).description.inputs
    assert one.domain == BoxDomain(
        (
            d.Crs(EPSG + "2393", swapped=True),
            d.Crs(EPSG + "4807", True, 400),  # in grads
            d.Crs(EPSG + "7084", False, 360),  # the same system as EPSG:4171, longitude first
            d.Crs(EPSG + "5514"),
            d.Crs(EPSG + "5513", swapped=True),  # southing, westing
            d.Crs(EPSG + "32661", swapped=True),  # both axes point south, the northing is the first
        )
    )


def test_a_system_with_heights_has_the_axes_of_its_places() -> None:
    pytest.importorskip("pyproj", reason="pyproj is not installed")

    @process
    def clip(a: Annotated[BBox, Crs("EPSG:2393+5717", "EPSG:7415", dimensions=(3,))]) -> str:
        return ""

    (one,) = defined(clip).description.inputs
    both = f"http://www.opengis.net/def/crs-compound?1={EPSG}2393&2={EPSG}5717"
    assert one.domain == BoxDomain((d.Crs(both, swapped=True), d.Crs(EPSG + "7415")), (3,))
