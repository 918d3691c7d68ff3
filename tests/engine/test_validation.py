"""Data is looked at in the job's child, before the function is called: bad data is a failed job that says why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from samples import GML, KML, geojson, shared
from workshop import Offered, Workshop, quick

from azenha import File
from azenha.domain.job import FailureKind
from azenha.domain.media import KnownFormat, Magic
from azenha.domain.process import (
    Catalogue,
    ComplexDomain,
    Format,
    InputDescription,
    Level,
    ObjectDomain,
    Offering,
    OutputDescription,
    ProcessDescription,
    Text,
    Validation,
)
from azenha.domain.values import InlineBytes, InlineText, Literal, StoredFile
from azenha.engine.formats import known, readiness
from azenha.engine.formats.at_hand import AtHand
from azenha.engine.formats.checking import Check, conforms
from azenha.engine.formats.opening import NotValid
from azenha.engine.formats.policy import Policy
from azenha.engine.formats.vectors import UNWANTED
from azenha.settings import Formats

GEOJSON = Format("application/geo+json")
TIFF = Format("image/tiff")


def test_data_that_is_not_what_it_was_declared_fails_its_job_and_says_what_it_is(shop: Workshop) -> None:
    id = shop.submit("measured", values={"a": [InlineText(KML, GEOJSON)]})
    failure = shop.failure(id)
    assert failure.kind is FailureKind.INPUT
    assert failure.locator == "a"
    assert failure.message == "input 'a': is declared application/geo+json, and its content is KML"


def test_every_bad_file_is_named_with_its_place(shop: Workshop) -> None:
    good = InlineText(json.dumps(geojson()), GEOJSON)
    bad = InlineBytes(b"x", Format("image/png"))
    failure = shop.failure(shop.submit("measured", values={"a": [good], "b": [bad, good, bad]}))
    assert failure.kind is FailureKind.INPUT
    assert "input 'b[0]': is declared image/png, and its content is text" in failure.message
    assert "input 'b[2]'" in failure.message
    assert "input 'b[1]'" not in failure.message


def test_a_repeated_input_keeps_the_format_of_each_item_and_the_log_says_what_each_is(shop: Workshop) -> None:
    one = InlineText(json.dumps(geojson()), GEOJSON)
    other = InlineText("a,b\n1,2", Format("text/csv"))
    id = shop.submit("measured", values={"a": [one], "b": [one, other]})
    assert shop.text(id) == "Features application/geo+json ['application/geo+json', 'text/csv']"
    assert "input 'b[1]': text/csv, its content is text" in shop.log(id)


@pytest.mark.parametrize("large", [False, True])
def test_data_that_is_called_by_a_general_name_is_given_to_its_process_as_what_it_is(
    large: bool, shop: Workshop
) -> None:
    gml = GML.format("http://www.opengis.net/gml")
    taken_for = Format("application/geo+json", called="text/xml")

    def run(format: Format) -> str:
        values = {"a": [StoredFile("a.xml", "a.xml", len(gml), format) if large else InlineText(gml, format)]}
        return shop.submit(
            "measured", values=values, prepare=lambda f: (f / "a.xml").write_text(gml) and None
        )

    assert shop.text(run(taken_for)) == "Features application/gml+xml []"
    assert "its content is GML" in shop.failure(run(GEOJSON)).message


def test_a_raster_is_opened_and_read_where_its_process_asks_for_that(shop: Workshop) -> None:
    pytest.importorskip("rasterio")
    corrupt = shared("misc/corrupt.tif").read_bytes()

    def closely(content: bytes) -> str:
        values = {"a": [StoredFile("a.tif", "a.tif", len(content), TIFF)]}
        return shop.submit(
            "closely", values=values, prepare=lambda f: (f / "a.tif").write_bytes(content) and None
        )

    failure = shop.failure(closely(corrupt))
    assert failure.kind is FailureKind.INPUT
    assert failure.message.startswith(
        "input 'a': is declared image/tiff, its content is TIFF, and it is not valid (strict): "
        "it opens, and cannot be read: "
    )
    good = shared("misc/landsat_rgb_bahamas.tif").read_bytes()
    assert shop.text(closely(good)) == "called"


def test_pixels_that_a_process_cannot_read_are_told_by_what_caused_it(shop: Workshop) -> None:
    pytest.importorskip("rasterio")
    corrupt = shared("misc/corrupt.tif").read_bytes()
    values = {"a": [StoredFile("a.tif", "a.tif", len(corrupt), TIFF)]}
    put = shop.submit("pixels", values=values, prepare=lambda f: (f / "a.tif").write_bytes(corrupt) and None)
    failure = shop.failure(put)
    assert failure.kind is FailureKind.PROCESS
    assert failure.message.startswith("RasterioIOError: Read failed: ")
    assert "IReadBlock failed" in failure.message
    assert "previous exception" not in failure.message
    assert str(shop.settings.data) not in failure.message


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("points", "RuntimeError: It failed: the well is dry"),
        ("silent", "RuntimeError: the well is dry"),
        ("circle", "ValueError"),
        ("speaks", "RuntimeError: the mill stands still"),
    ],
)
def test_an_error_that_says_nothing_itself_is_told_by_its_cause(
    way: str, message: str, shop: Workshop
) -> None:
    assert shop.failure(shop.submit("chained", values={"way": [Literal(way)]})).message == message


BROKEN = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "geometry": {"type": "Polygon", "coordinates": "x"}}],
}


def test_geojson_of_wrong_shape_is_the_clients_fault_and_is_named_with_its_place(shop: Workshop) -> None:
    failure = shop.failure(shop.submit("measured", values={"a": [InlineText(json.dumps(BROKEN), GEOJSON)]}))
    assert (failure.kind, failure.locator) == (FailureKind.INPUT, "a")
    assert failure.message == (
        "input 'a': is declared application/geo+json, and its content is no good GeoJSON: "
        'its features[0].geometry.coordinates is "x"; wanted is an array'
    )


def test_data_that_its_process_cannot_open_is_the_clients_fault_where_nothing_looked_at_it(
    shop: Workshop,
) -> None:
    pytest.importorskip("geopandas")
    failure = shop.failure(shop.submit("counted", values={"a": [InlineText('{"type": "Nothing"}', GEOJSON)]}))
    assert (failure.kind, failure.locator) == (FailureKind.INPUT, "a")
    assert failure.message.startswith(
        "input 'a': is declared application/geo+json, and cannot be read as that: "
    )
    assert (
        shop.text(shop.submit("counted", values={"a": [InlineText(json.dumps(geojson()), GEOJSON)]})) == "1"
    )


ANY = Format("application/octet-stream")


@pytest.mark.parametrize(
    ("way", "content", "reason"),
    [
        ("json", b"{", "Expecting property name"),
        ("text", b"\xff", "can't decode"),
        ("lxml", b"<a>", "Premature end"),
        ("unpacked", b"PK", ""),
    ],
)
def test_what_a_handle_cannot_read_of_an_input_is_told_to_the_client(
    way: str, content: bytes, reason: str, shop: Workshop
) -> None:
    data = [InlineBytes(content, ANY)]
    failure = shop.failure(shop.submit("handled", values={"way": [Literal(way)], "a": data}))
    if way == "unpacked":  # called without a folder: a slip of the author's
        assert failure.kind is FailureKind.PROCESS
        return
    assert (failure.kind, failure.locator) == (FailureKind.INPUT, "a[0]")
    assert reason in failure.message


@pytest.mark.parametrize(("way", "how"), [("json", "made here"), ("lxml", "with options")])
def test_what_was_made_here_or_asked_for_wrongly_is_the_authors_own_error(
    way: str, how: str, shop: Workshop
) -> None:
    values = {"way": [Literal(way)], "a": [InlineBytes(b"{", ANY)], "how": [Literal(how)]}
    assert shop.failure(shop.submit("handled", values=values)).kind is FailureKind.PROCESS


def test_an_author_may_catch_what_a_handle_raises(shop: Workshop) -> None:
    values = {"way": [Literal("json")], "a": [InlineBytes(b"{", ANY)], "how": [Literal("caught")]}
    assert shop.text(shop.submit("handled", values=values)) == "caught"


def test_text_in_another_encoding_than_it_declares_is_the_clients_fault(shop: Workshop) -> None:
    text = '<?xml version="1.0" encoding="us-ascii"?><a>ã</a>'
    values = {"way": [Literal("text")], "a": [InlineText(text, Format("application/xml"))]}
    failure = shop.failure(shop.submit("handled", values=values))
    assert (failure.kind, failure.locator) == (FailureKind.INPUT, "a[0]")
    assert "cannot be in the encoding that it declares, us-ascii" in failure.message


def test_an_authors_own_check_refuses_before_the_function_is_called(shop: Workshop) -> None:
    failure = shop.failure(shop.submit("own", values={"a": [InlineText("a cloud", Format("text/plain"))]}))
    assert failure.kind is FailureKind.INPUT
    refused = "it is refused by no_clouds: too many clouds"
    assert failure.message == f"input 'a': is declared text/plain, its content is text, and {refused}"
    assert shop.text(shop.submit("own", values={"a": [InlineText("sun", Format("text/plain"))]})) == "called"


def test_an_output_that_is_not_what_it_declares_is_a_warning_in_the_log(shop: Workshop) -> None:
    id = shop.submit("mislabelled")
    assert shop.outputs(id)
    assert "WARNING: output 'result': is declared image/tiff, and its content is text" in shop.log(id)


@pytest.mark.parametrize(("policy", "log"), [("failure", "content is text"), ("off", "")])
def test_an_output_that_is_not_what_it_declares_is_whatever_the_server_says(
    policy: str, log: str, offers: Offered, tmp_path: Path
) -> None:
    shop = Workshop(offers, replace(quick(tmp_path), formats=Formats(outputs=policy)))
    shop.worker.start()
    try:
        id = shop.submit("mislabelled")
        if policy == "failure":
            failure = shop.failure(id)
            assert failure.kind is FailureKind.OUTPUT
            assert failure.locator == "result"
            assert log in failure.message
        else:
            assert shop.outputs(id)
            assert shop.log(id) == log
    finally:
        shop.close()


def test_a_server_that_looks_at_nothing_calls_the_function_with_whatever_came(
    offers: Offered, tmp_path: Path
) -> None:
    shop = Workshop(offers, replace(quick(tmp_path), formats=Formats(validation="none")))
    shop.worker.start()
    try:
        assert shop.text(shop.submit("measured", values={"a": [InlineText(KML, GEOJSON)]}))
        id = shop.submit("closely", values={"a": [InlineBytes(b"x", TIFF)]})
        assert "is declared image/tiff" in shop.failure(id).message  # its process asks for more
    finally:
        shop.close()


def test_size_and_checksum_of_an_output_are_recorded(shop: Workshop) -> None:
    id = shop.submit("mislabelled")
    ((file,),) = shop.outputs(id).values()
    assert isinstance(file, StoredFile)
    content = shop.content(id, file)
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_drivers_that_point_elsewhere_are_out_in_a_job(shop: Workshop) -> None:
    pytest.importorskip("pyogrio")
    there = set(shop.text(shop.submit("drivers")).split())
    assert {"GeoJSON", "GML", "GPKG"} <= there
    assert not there & set(UNWANTED.split())


class Tiles:
    format = KnownFormat("tiles", "Tiles", ("application/x-tiles",), magic=(Magic(b"TILE"),))

    def check(self, path: Path, read: bool) -> None:
        if path.stat().st_size < 10:
            raise ValueError("too few tiles" + (", read" if read else ""))


class Installed:
    """What an installed package says."""

    name = "tiles"

    def __init__(self, value: object) -> None:
        self.value = value

    def load(self) -> object:
        return self.value


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[object], None]]:
    def forget() -> None:
        for cached in (known.table, known._added, known.own_check):
            cached.cache_clear()

    def install(value: object) -> None:
        monkeypatch.setattr(known, "entry_points", lambda group: [Installed(value)])
        forget()

    yield install
    forget()


def test_a_package_adds_a_format_with_a_check_of_its_own(
    install: Callable[[object], None], tmp_path: Path
) -> None:
    def look(content: bytes, level: Level) -> str:
        (tmp_path / "a").write_bytes(content)
        file = File(tmp_path / "a", "application/x-tiles")
        return conforms(Check("a", file, level, asked=Validation(level, read=True)), Policy())

    install(Tiles())
    assert "Tiles" in look(b"TILE", Level.SIMPLE)
    with pytest.raises(NotValid, match="its content is text"):
        look(b"none", Level.SIMPLE)
    with pytest.raises(NotValid, match="too few tiles, read"):
        look(b"TILE", Level.STRICT)
    assert look(b"TILE" * 9, Level.STRICT)


def test_a_format_of_a_package_is_known_before_a_request_is_accepted_too(
    install: Callable[[object], None],
) -> None:
    install(Tiles())
    look, tiles = AtHand(Level.SIMPLE), Format("application/x-tiles")
    domain = ComplexDomain((tiles, TIFF))
    assert look(domain, InlineBytes(b"TILE", tiles)) is None
    assert (
        look(domain, InlineBytes(b"x", tiles)) == "is declared application/x-tiles, and its content is text"
    )
    assert look(domain, InlineBytes(b"TILE", TIFF)) == "is declared image/tiff, and its content is Tiles"


def test_an_entry_point_that_is_no_format_is_refused_by_name(install: Callable[[object], None]) -> None:
    install(3)
    with pytest.raises(TypeError, match=r"'tiles' of azenha\.formats is int"):
        known.table()


# -- what is missing is said at the start ----------------------------------------------------------


def offering(*media_types: str, level: Level | None, schema: str | None = None) -> Catalogue:
    formats = tuple(Format(name, None, schema) for name in media_types)
    domain = ComplexDomain(formats, None, None if level is None else Validation(level))
    plain = OutputDescription("result", ComplexDomain((Format("text/plain"),)), Text("R"))
    one = ProcessDescription("p", "1", Text("P"), (InputDescription("a", domain, Text("A")),), (plain,))
    return Catalogue({"p": Offering(one, "p.py")})


MISSING = [
    (("image/tiff",), Level.STRICT, "rasterio", "needs rasterio: pip install rasterio"),
    (("text/plain", "application/geo+json"), Level.STRICT, "pyogrio", "needs pyogrio"),
    (("image/tiff",), Level.SIMPLE, "rasterio", None),
    (("application/json",), Level.STRICT, "rasterio", None),
    (("application/vnd.apache.parquet",), Level.STRICT, "pyarrow", "needs pyarrow"),
    (("application/xml",), Level.VERY_STRICT, "", "set formats.schemas"),
    (("text/csv",), Level.VERY_STRICT, "", None),
]


@pytest.mark.parametrize(("media_types", "level", "library", "reason"), MISSING)
def test_a_process_whose_check_lacks_something_is_not_served_and_the_remedy_is_said(
    media_types: tuple[str, ...],
    level: Level,
    library: str,
    reason: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda name: None if name == library else object())
    found = readiness.served(offering(*media_types, level=level), Policy())
    if reason is None:
        assert "p" in found.offerings
        assert not found.unavailable
    else:
        assert "p" not in found.offerings
        (missing,) = found.unavailable
        assert missing.source == "p.py"
        assert "process 'p': its input 'a' is to be checked" in missing.reason
        assert reason in missing.reason


def test_data_within_an_object_is_named_by_its_path_where_its_check_lacks_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda name: None)
    field = offering("image/tiff", level=Level.STRICT).offerings["p"].description.inputs[0]
    scene = InputDescription("scene", ObjectDomain((field,)), Text("S"))
    catalogue = Catalogue({"p": Offering(ProcessDescription("p", "1", Text("P"), (scene,)), "p.py")})
    (missing,) = readiness.served(catalogue, Policy()).unavailable
    assert "its input 'scene.a' is to be checked strict, which needs rasterio" in missing.reason


def test_the_servers_own_level_counts_where_a_process_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda name: None)
    catalogue = offering("image/tiff", level=None)
    assert "p" in readiness.served(catalogue, Policy()).offerings
    (missing,) = readiness.served(catalogue, Policy(Level.STRICT)).unavailable
    assert "(setting formats.validation)" in missing.reason


def test_very_strict_needs_schemas_that_are_there(tmp_path: Path) -> None:
    catalogue = offering("application/xml", level=Level.VERY_STRICT)
    assert "p" in readiness.served(catalogue, Policy(schemas=tmp_path)).offerings
    assert "p" in readiness.served(catalogue, Policy(schemas=tmp_path / "gone", fetch=True)).offerings
    (missing,) = readiness.served(catalogue, Policy(schemas=tmp_path / "gone")).unavailable
    assert "is no folder" in missing.reason


@pytest.mark.parametrize(
    ("media_type", "schema", "level", "served"),
    [
        ("application/json", None, Level.VERY_STRICT, False),
        ("application/topo+json", None, Level.VERY_STRICT, False),
        ("application/json", "http://x.example/s.json", Level.VERY_STRICT, True),
        ("application/geo+json", None, Level.VERY_STRICT, True),
        ("application/xml", None, Level.VERY_STRICT, True),
        ("application/json", None, Level.STRICT, True),
        ("application/json", None, None, True),
    ],
)
def test_an_output_that_demands_a_schema_and_has_none_is_told_at_the_start(
    media_type: str,
    schema: str | None,
    level: Level | None,
    served: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(readiness, "find_spec", lambda name: object())
    domain = offering(media_type, level=level, schema=schema).offerings["p"].description.inputs[0].domain
    made = ProcessDescription("p", "1", Text("P"), (), (OutputDescription("r", domain, Text("R")),))
    catalogue = Catalogue({"p": Offering(made, "p.py")})
    policy = Policy(Level.VERY_STRICT if level is None else Level.SIMPLE, schemas=tmp_path)
    found = readiness.served(catalogue, policy)
    assert ("p" in found.offerings) is served
    if not served:
        (missing,) = found.unavailable
        assert "its output 'r' is to be checked very strict, which needs a schema" in missing.reason
        assert f"Media('{media_type}', schema=" in missing.reason
    assert "p" in readiness.served(catalogue, replace(policy, outputs="off")).offerings
