"""References become files before the author's code runs. `fetch` is a fake here."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from azenha.domain.errors import (
    FetchFailed,
    ForbiddenAddress,
    InputProblem,
    InvalidValue,
    NotFetched,
    TooLarge,
    ValueTooLarge,
)
from azenha.domain.files import extension, file_name
from azenha.domain.process import (
    CRS84,
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    Limits,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    ProcessDescription,
    Text,
)
from azenha.domain.values import Box, Literal, Record, Reference, StoredFile, Value
from azenha.engine.transfer import fetch_references, has_references
from azenha.usecases.ports import FREELY, PLAINLY, Ask, Fetched, Terms

TIFF = Format("image/tiff; application=geotiff")
GEOJSON = Format("application/geo+json")


class Elsewhere:
    """Answers by address: content, served media type, name; or an error."""

    def __init__(self, **answers: tuple[bytes, str | None, str] | Exception) -> None:
        self.answers = answers
        self.limits: list[int | None] = []

    def __call__(self, url: str, target: Path, ask: Ask = PLAINLY, terms: Terms = FREELY) -> Fetched:
        self.limits.append(terms.limit)
        answer = self.answers[url.rsplit("/", 1)[-1]]
        if isinstance(answer, Exception):
            raise answer
        content, media_type, name = answer
        target.write_bytes(content)
        if terms.on_progress:
            terms.on_progress(len(content), None)
        return Fetched(len(content), media_type, name)


def described(**domains: Domain) -> ProcessDescription:
    inputs = tuple(InputDescription(id, domain, Text(id)) for id, domain in domains.items())
    return ProcessDescription("p", "1", Text("P"), inputs)


def ref(name: str, format: Format | None = None) -> Reference:
    return Reference(f"http://data.example/{name}", format)


def test_every_reference_becomes_a_file_and_the_rest_stays_as_it_is(tmp_path: Path) -> None:
    fetch = Elsewhere(
        a=(b"one", "image/tiff", "a.tif"), b=(b"two", None, "a.tif"), c=(b"three", "text/csv", "c")
    )
    inputs = {
        "n": (Literal(3),),
        "scenes": (ref("a", TIFF), ref("b", TIFF)),
        "options": (Record({"table": (ref("c"),), "n": (Literal(1),)}),),
    }
    done = fetch_references(inputs, tmp_path, fetch)
    assert done["n"] == inputs["n"]
    first, second = done["scenes"]
    (options,) = done["options"]
    assert isinstance(options, Record)
    assert options.fields["n"] == (Literal(1),)
    (table,) = options.fields["table"]
    for value, content, name, format in [
        (first, b"one", "a.tif", TIFF),
        (second, b"two", "a.tif", TIFF),
        (table, b"three", "c.csv", Format("text/csv")),
    ]:
        assert isinstance(value, StoredFile)
        assert (tmp_path / value.key).read_bytes() == content
        assert (value.name, value.size, value.format) == (name, len(content), format)
        assert value.source.startswith("http://data.example/")
    assert first != second
    assert has_references(inputs)
    assert not has_references(done)


@pytest.mark.parametrize(
    ("domain", "content", "value"),
    [
        (LiteralDomain(LiteralType.STRING), b"car\n", Literal("car")),
        (LiteralDomain(LiteralType.INTEGER, units=("m",)), b" 7 ", Literal(7, "m")),
        (BoxDomain(), b"1,2,3,4\n", Box((1, 2), (3, 4), CRS84)),
    ],
)
def test_the_text_of_a_literal_or_a_box_is_read_once_it_is_here(
    tmp_path: Path, domain: LiteralDomain | BoxDomain, content: bytes, value: Value
) -> None:
    fetch = Elsewhere(a=(content, "text/plain", ""))
    done = fetch_references({"x": (ref("a"),)}, tmp_path, fetch, description=described(x=domain))
    assert done == {"x": (value,)}


@pytest.mark.parametrize(
    ("content", "reason"), [(b"seven", "expected an integer"), (b"\xff", "is not UTF-8")]
)
def test_text_elsewhere_that_is_no_literal_is_told_with_its_address(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    fetch = Elsewhere(a=(content, "text/plain", ""))
    integer = described(x=LiteralDomain(LiteralType.INTEGER))
    with pytest.raises(InvalidValue, match=reason) as failed:
        fetch_references({"x": (ref("a"),)}, tmp_path, fetch, description=integer)
    assert failed.value.locator == "x"
    assert "http://data.example/a" in str(failed.value)


def test_progress_is_told_by_locator(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    fetch = Elsewhere(a=(b"one", None, ""), b=(b"12", None, ""))
    inputs = {"x": (ref("a"),), "y": (ref("b"), ref("a"))}
    fetch_references(inputs, tmp_path, fetch, lambda *told: seen.append(told))
    assert seen == [("x", 3, None), ("y[0]", 2, None), ("y[1]", 3, None)]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (
            FetchFailed("404 Not Found from http://d/a"),
            NotFetched,
            "could not be fetched: 404 Not Found from http",
        ),
        (ForbiddenAddress("'nas' may not"), NotFetched, "could not be fetched: 'nas' may not"),
        (TooLarge("more than 3 bytes"), ValueTooLarge, "could not be fetched: more than 3 bytes"),
    ],
)
def test_a_failure_names_the_input(
    tmp_path: Path, error: Exception, kind: type[InputProblem], words: str
) -> None:
    with pytest.raises(kind) as failed:
        fetch_references({"o": (Record({"scene": (ref("a"),)}),)}, tmp_path, Elsewhere(a=error))
    assert str(failed.value).startswith(f"input 'o.scene': {words}")
    assert failed.value.locator == "o.scene"


@pytest.mark.parametrize(
    ("declared", "served", "format"),
    [
        (TIFF, "text/html", TIFF),
        (None, "application/geo+json; charset=utf-8", Format("application/geo+json; charset=utf-8")),
        (None, "text/html", TIFF),
        (None, "application/octet-stream", TIFF),
        (None, None, TIFF),
    ],
)
def test_the_clients_format_is_kept_else_the_served_one_if_offered_else_the_default(
    tmp_path: Path, declared: Format | None, served: str | None, format: Format
) -> None:
    process = described(a=ComplexDomain((TIFF, GEOJSON)))
    fetch = Elsewhere(a=(b"", served, "x"))
    done = fetch_references({"a": (ref("a", declared),)}, tmp_path, fetch, description=process)
    (value,) = done["a"]
    assert isinstance(value, StoredFile)
    assert value.format == format


def test_the_limit_of_the_input_comes_before_that_of_the_process(tmp_path: Path) -> None:
    inner = InputDescription("inner", ComplexDomain((TIFF,), max_bytes=7), Text("i"))
    plain = InputDescription("n", LiteralDomain(LiteralType.INTEGER), Text("n"))
    process = described(a=ComplexDomain((TIFF,), 5), b=ComplexDomain((TIFF,)), o=ObjectDomain((plain, inner)))
    process = ProcessDescription("p", "1", Text("P"), process.inputs, limits=Limits(input_bytes=9))
    fetch = Elsewhere(x=(b"", None, ""))
    inputs = {"a": (ref("x"),), "b": (ref("x"),), "o": (Record({"inner": (ref("x"),)}),)}
    fetch_references(inputs, tmp_path, fetch, description=process)
    assert fetch.limits == [5, 9, 7]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 200_000, 196_608])
def test_base64_that_the_client_announced_is_undone(tmp_path: Path, size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    fetch = Elsewhere(a=(base64.encodebytes(content), "text/plain", "scene.tif"))
    (value,) = fetch_references({"a": (ref("a", Format("image/tiff", "base64")),)}, tmp_path, fetch)["a"]
    assert isinstance(value, StoredFile)
    assert (tmp_path / value.key).read_bytes() == content
    assert (value.size, value.format) == (size, Format("image/tiff"))
    assert [p.name for p in (tmp_path / value.key).parent.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize(
    "text",
    [b"AAA", b"A===", b"AA==AAAA", b"AAAA!AAA", b"AA=" + b" " * 300_000 + b"=A", b"A" * 262_143 + b"=AAAA"],
)
def test_what_is_not_base64_although_announced_is_no_input(tmp_path: Path, text: bytes) -> None:
    fetch = Elsewhere(a=(text, None, ""))
    with pytest.raises(InvalidValue, match="input 'a': what was fetched is not base64"):
        fetch_references({"a": (ref("a", Format("image/tiff", "base64")),)}, tmp_path, fetch)


def test_the_decoded_size_counts(tmp_path: Path) -> None:
    process = described(a=ComplexDomain((TIFF,), max_bytes=5))
    inputs = {"a": (ref("a", Format("image/tiff", "base64")),)}
    fetch = Elsewhere(a=(base64.b64encode(b"12345"), None, ""))
    fetch_references(inputs, tmp_path, fetch, description=process)
    fetch = Elsewhere(a=(base64.b64encode(b"123456"), None, ""))
    with pytest.raises(ValueTooLarge, match="more than 5 bytes"):
        fetch_references(inputs, tmp_path, fetch, description=process)


def test_what_an_earlier_attempt_left_is_replaced(tmp_path: Path) -> None:
    inputs = {"a": (ref("a"),)}
    fetch_references(inputs, tmp_path, Elsewhere(a=(b"old", "text/csv", "old.csv")))
    (value,) = fetch_references(inputs, tmp_path, Elsewhere(a=(b"new", "text/csv", "new.csv")))["a"]
    assert isinstance(value, StoredFile)
    assert [p.name for p in (tmp_path / value.key).parent.iterdir()] == ["new.csv"]


@pytest.mark.parametrize("name", ["relatório final.txt", "sp ace.txt", "Smith's (2).txt"])
def test_a_fetched_file_keeps_its_name(tmp_path: Path, name: str) -> None:
    fetch = Elsewhere(a=(b"x", "text/plain", name))
    (value,) = fetch_references({"a": (ref("a", Format("text/plain")),)}, tmp_path, fetch)["a"]
    assert isinstance(value, StoredFile)
    assert value.name == name
    assert (tmp_path / value.key).name == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dem.tif", "dem.tif"),
        ("../../etc/passwd", "passwd.tif"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "data.tif"),
        ("", "data.tif"),
        (".bashrc", "bashrc.tif"),
        ("a b;rm -rf\x00\n.tif", "a b_rm -rf_.tif"),
        ("région.tif", "région.tif"),
        ("re\u0301gion n° 1.tif", "re\u0301gion n° 1.tif"),
        ("Smith's, part 2 [50%] #3~.tif", "Smith's, part 2 [50%] #3~.tif"),
        ('a:b*c?"<d>|e.tif', "a_b_c_d_e.tif"),
        ("$(id)`id`&&a.tif", "_(id)_id_a.tif"),
        ("a!{b}.tif", "a_b_.tif"),
        ("\u202egnp.tif", "_gnp.tif"),
        (" . .a .tif . ", "a .tif"),
        (" ", "data.tif"),
        ("nul.tif", "_nul.tif"),
        ("ows", "ows.tif"),
        ("x" * 300 + ".tif", "x" * 116 + ".tif"),
        ("ü" * 300, "ü" * 58 + ".tif"),
        ("a.tar.gz", "a.tar.gz"),
        ("///", "data.tif"),
    ],
)
def test_a_strangers_name_becomes_one_safe_part_of_a_path(tmp_path: Path, text: str, name: str) -> None:
    got = file_name(text, "image/tiff")
    assert got == name
    (tmp_path / got).write_bytes(b"")
    assert (tmp_path / got).resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize(
    ("media_type", "suffix"),
    [
        ("image/TIFF; application=geotiff", ".tif"),
        ("application/geo+json", ".geojson"),
        ("application/json", ".json"),
        ("application/netcdf", ".nc"),
        ("application/gml+xml; version=3.2", ".gml"),
        ("text/xml", ".xml"),
        ("application/x+json", ".json"),
        ("application/x+xml", ".xml"),
        ("text/x-any", ".txt"),
        ("application/octet-stream", ".bin"),
    ],
)
def test_a_media_type_has_its_usual_extension(media_type: str, suffix: str) -> None:
    assert extension(media_type) == suffix
