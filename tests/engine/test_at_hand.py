"""What came within a request is looked at by its bytes, before it is accepted; no file and no library is touched."""

from __future__ import annotations

import base64
import builtins
import json
import sys
import time
from pathlib import Path

import pytest
from samples import GML, KML, SAMPLES, geojson, sample

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import InvalidInputs
from azenha.domain.process import (
    ComplexDomain,
    Format,
    InputDescription,
    Level,
    ProcessDescription,
    Text,
    Validation,
)
from azenha.domain.values import InlineBytes, InlineText, Lexical, Native, Raw
from azenha.engine.formats.at_hand import AtHand
from azenha.engine.formats.recognised import in_file
from azenha.engine.formats.sniff import HEAD

LOOK = AtHand(Level.SIMPLE)
GEOJSON, TIFF = Format("application/geo+json"), Format("image/tiff")
XML = Format("application/xml")
ANY = ComplexDomain((TIFF, GEOJSON, Format("application/x-zipped-shp")))


@pytest.mark.parametrize("name", SAMPLES)
def test_good_data_of_every_format_is_let_through_with_no_file_open(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, media_type = sample(name, tmp_path)
    data = path.read_bytes()

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a file is opened")

    LOOK(ANY, InlineBytes(b"II*\0", TIFF))  # what is loaded once, is
    with monkeypatch.context() as patched:
        patched.setattr(builtins, "open", refused)
        patched.setattr(Path, "open", refused)
        assert LOOK(ANY, InlineBytes(data, Format(media_type))) is None


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1", "Shift_JIS"])
def test_text_is_looked_at_in_the_encoding_that_it_declares(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>x</a>'
    assert LOOK(ComplexDomain((XML,)), InlineText(text, XML)) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (InlineText(KML, GEOJSON), "is declared application/geo+json, and its content is KML"),
        (InlineBytes(b"<html><body>404", TIFF), "is declared image/tiff, and its content is HTML"),
        (
            InlineText('<?xml version="1.0" encoding="us-ascii"?><é/>', XML),
            "its text cannot be in the encoding that it declares, us-ascii: it has no 'é'",
        ),
        (InlineBytes(b"", TIFF), "is declared image/tiff, and its content is an empty file"),
        (
            InlineBytes(b"PK\3\4" + bytes(99), Format("application/x-zipped-shp")),
            "a zip that cannot be trusted",
        ),
        (InlineText('{"type": "Point"}', GEOJSON), "is no good GeoJSON: its coordinates is missing"),
    ],
    ids=["KML", "a page", "text that is not in its encoding", "nothing", "no zip", "no point"],
)
def test_data_that_is_plainly_something_else_is_refused(value: InlineText | InlineBytes, reason: str) -> None:
    assert reason in (LOOK(ANY, value) or "")


XMLS = ComplexDomain(
    (Format("application/vnd.google-earth.kml+xml"), Format("application/gml+xml"), Format("text/plain"))
)
ZIPS = ComplexDomain((Format("application/vnd.google-earth.kmz"), Format("application/x-zipped-shp")))


@pytest.mark.parametrize("called", ["text/xml", "application/xml; charset=utf-8"])
def test_data_that_is_called_by_a_general_name_may_be_of_each_format_that_is_called_so(called: str) -> None:
    (kml,) = bind_one(XMLS, Lexical(KML, format=Format(called)))
    (gml,) = bind_one(XMLS, Lexical(GML.format("http://www.opengis.net/gml"), format=Format(called)))
    assert (kml.format, gml.format) == (
        XMLS.formats[0],
        XMLS.formats[0],
    )  # the content is looked at by the job
    with pytest.raises(InvalidInputs) as refusal:
        bind_one(XMLS, Lexical('<gpx xmlns="http://www.topografix.com/GPX/1/1"/>', format=Format(called)))
    (problem,) = refusal.value.problems
    assert str(problem) == (
        f"input 'a': is declared {called} and is taken for application/vnd.google-earth.kml+xml, "
        "and its content is GPX"
    )


def test_what_is_declared_by_its_own_name_is_of_no_other_format() -> None:
    with pytest.raises(InvalidInputs) as refusal:
        bind_one(XMLS, Lexical(KML, format=Format("application/gml+xml")))
    (problem,) = refusal.value.problems
    assert str(problem) == "input 'a': is declared application/gml+xml, and its content is KML"


def test_data_without_a_type_is_not_called_declared() -> None:
    with pytest.raises(InvalidInputs) as refusal:
        bind_one(ComplexDomain((GEOJSON,)), Native(KML))
    (problem,) = refusal.value.problems
    assert str(problem) == (
        "input 'a': has no declared type and is taken for application/geo+json, and its content is KML"
    )


def test_a_zip_may_be_of_each_format_that_is_one(tmp_path: Path) -> None:
    path, _ = sample("shapefile", tmp_path)
    data = base64.b64encode(path.read_bytes()).decode()
    (value,) = bind_one(ZIPS, Native(data, format=Format("application/zip")))
    assert value.format == ZIPS.formats[0]
    assert in_file(path, value.format, ZIPS.formats) == ZIPS.formats[1]
    assert in_file(path, ZIPS.formats[0], ZIPS.formats) == ZIPS.formats[0]


def bind_one(domain: ComplexDomain, raw: Raw) -> tuple[InlineText, ...]:
    process = ProcessDescription("p", "1", Text("P"), (InputDescription("a", domain, Text("a")),), ())
    return bind(process, {"a": [raw]}, limits=BindingLimits(10**6), look=LOOK)["a"]  # type: ignore[return-value]


def test_what_its_process_or_the_server_does_not_look_at_is_let_through() -> None:
    bad = InlineText(KML, GEOJSON)
    assert AtHand(Level.NONE)(ANY, bad) is None
    assert LOOK(ComplexDomain((GEOJSON,), validation=Validation(Level.NONE)), bad) is None
    closely = ComplexDomain((GEOJSON,), validation=Validation(Level.STRICT))
    assert "its content is KML" in (AtHand(Level.NONE)(closely, bad) or "")
    assert LOOK(ComplexDomain((Format("x/unknown"),)), InlineText(KML, Format("x/unknown"))) is None


def test_of_what_is_long_the_beginning_decides_and_time_stays_short() -> None:
    long = json.dumps(geojson()) + " " * (50 << 20)
    began = time.perf_counter()
    assert LOOK(ANY, InlineText(long, GEOJSON)) is None
    assert "its content is KML" in (LOOK(ANY, InlineText(KML + long, GEOJSON)) or "")
    zipped = InlineBytes(b"PK\3\4" + bytes(HEAD), Format("application/x-zipped-shp"))
    assert LOOK(ANY, zipped) is None  # the list of members is at its end: the job reads it
    assert time.perf_counter() - began < 0.5


def test_every_bad_value_is_named_with_its_place_before_anything_runs() -> None:
    process = ProcessDescription(
        "p", "1", Text("P"), (InputDescription("a", ComplexDomain((GEOJSON,)), Text("A"), 1, 9, array=True),)
    )
    good: Raw = Native(geojson())
    given: dict[str, tuple[Raw, ...]] = {
        "a": (good, Lexical(KML), good, Native({"type": "Feature", "geometry": 1}))
    }
    with pytest.raises(InvalidInputs) as refusal:
        bind(process, given, limits=BindingLimits(10**6), look=LOOK)
    assert [p.locator for p in refusal.value.problems] == ["a[1]", "a[3]"]
    assert "its geometry is 1; wanted is an object" in str(refusal.value)
    assert bind(process, given, limits=BindingLimits(10**6))  # the job looks at it


def test_looking_loads_no_library() -> None:
    import subprocess

    code = (
        "import sys; from azenha.engine.formats.at_hand import AtHand, known; known.table(); "
        "print(sorted({n.partition('.')[0] for n in sys.modules} & {'lxml', 'pyogrio', 'rasterio', 'numpy'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
