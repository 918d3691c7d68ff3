"""Plain values of a request: counted before they are parsed, refused by name, and never many in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeFolders
from hypothesis import given
from hypothesis import strategies as st
from test_large_values import CATALOGUE

from azenha.domain.errors import TooLarge, TooManyPlain
from azenha.domain.messages import Checked
from azenha.domain.plain import room
from azenha.domain.process import Format
from azenha.domain.values import InlineText, Literal, Reference, StoredFile
from azenha.protocols import large_json
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.json_count import count
from azenha.protocols.ogcapi import OgcApi
from azenha.settings import LimitSettings
from azenha.usecases.executing import check

JSON = {"content-type": "application/json"}


def checked(folder: Path, body: bytes, limit: int = 100, query: str = "") -> Checked:
    method = "GET" if query else "POST"
    request = HttpRequest(method, "/processes/p/execution", query, JSON, body)
    command = OgcApi(Limits(values=limit)).read(request)
    settings = LimitSettings(values=limit)
    return check(command, "job", body, CATALOGUE, FakeFolders(folder), settings, ("en",))  # type: ignore[arg-type]


# -- the count -------------------------------------------------------------------------------------

TREES = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.none(), st.text('a,[]{}"\\ é:', max_size=9)),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text('a,[{"\\', max_size=4), inner, max_size=5)
    ),
    max_leaves=30,
)


def members(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(1 + members(one) for one in inner)


@given(TREES, st.sampled_from([None, 0, 3]), st.integers(1, 40))
def test_every_member_of_an_array_or_object_counts_once(value: object, indent: int | None, size: int) -> None:
    text = json.dumps(value, indent=indent).encode()
    assert count([text]) == members(value)
    assert count(text[at : at + size] for at in range(0, len(text), size)) == members(value)


# -- the edge --------------------------------------------------------------------------------------

# Each with `inputs` and the input itself: that is two values, and the rest are given.
SHAPES: dict[str, tuple[str, str]] = {
    "numbers": ("numbers", ",".join(["0.1"] * 98)),
    "qualified numbers": ("numbers", ",".join(['{"value": 1, "uom": "m"}'] * 32 + ["1", "1"])),
    "texts": ("numbers", ",".join(['"a, [b"'] * 98)),
    "empty arrays and objects": ("numbers", ",".join(["[]", "{ }"] * 49)),
    "boxes": ("numbers", ",".join(['{"bbox": [1, 2, 3, 4]}'] * 16 + ["1", "1"])),
    "nested": ("numbers", ",".join(["[[[[[[[1]]]]]]]"] * 12 + ["1", "1"])),
    "of an input that is not known": ("nombers", ",".join(["1"] * 98)),
}


def refused(folder: Path, body: bytes, limit: int = 100) -> TooLarge | None:
    try:
        checked(folder, body, limit)
    except TooLarge as error:
        return error
    except Exception:
        return None  # it has another fault, which is found later
    return None


@pytest.mark.parametrize("name", SHAPES)
def test_as_many_as_the_limit_pass_and_one_more_is_refused(tmp_path: Path, name: str) -> None:
    input, values = SHAPES[name]
    exactly = f'{{"inputs": {{"{input}": [{values}]}}}}'.encode()
    assert refused(tmp_path, exactly) is None
    error = refused(tmp_path, exactly.replace(b"]}}", b",7]}}"))
    assert isinstance(error, TooManyPlain)
    assert error.locator == input
    assert f"input '{input}'" in str(error)
    assert "101 plain values" in str(error)
    assert "at most 100 are taken (setting limits.values)" in str(error)
    assert "as one file, by value or by reference" in str(error)


@pytest.mark.parametrize(
    "body",
    [
        '{{"inputs": {{{}}}}}'.format(",".join(f'"a{n}": 1' for n in range(100))),
        '{{"outputs": {{{}}}}}'.format(",".join(f'"a{n}": {{}}' for n in range(100))),
        "[{}]".format(",".join(["1"] * 101)),
    ],
    ids=["inputs", "outputs", "no object"],
)
def test_what_is_in_no_input_counts_too(tmp_path: Path, body: str) -> None:
    assert isinstance(refused(tmp_path, body.encode()), TooManyPlain)


def test_values_of_several_large_inputs_count_together(tmp_path: Path) -> None:
    numbers = ",".join(["0.123456"] * 9000)  # more than a window: they are read one after the other
    one = f'"numbers": [{numbers}]'
    body = f'{{"inputs": {{{one}, "box": [{numbers}]}}}}'.encode()
    assert refused(tmp_path, body, 18_003) is None
    error = refused(tmp_path, body, 18_002)
    assert isinstance(error, TooManyPlain)
    assert error.locator == "box"
    assert refused(tmp_path, f'{{"inputs": {{{one}}}}}'.encode(), 9002) is None
    assert refused(tmp_path, f'{{"inputs": {{{one}}}}}'.encode(), 9001) is not None


def test_what_becomes_a_file_counts_as_one(tmp_path: Path) -> None:
    point = '{"type": "Point", "coordinates": [1, 2]}'
    feature = f'{{"type": "Feature", "properties": {{}}, "geometry": {point}}}'
    features = f'{{"type": "FeatureCollection", "features": [{",".join([feature] * 3000)}]}}'
    found = checked(tmp_path, f'{{"inputs": {{"features": {features}}}}}'.encode(), 5000)
    assert found.files == 1


LINE = {
    "type": "Feature",
    "properties": {},
    "geometry": {"type": "LineString", "coordinates": [[n, 0.123456789] for n in range(1500)]},
}


@pytest.mark.parametrize("qualified", [False, True])
def test_many_small_data_are_cut_out_where_they_are_too_much_together(
    tmp_path: Path, qualified: bool
) -> None:
    """Each is less than a value of its own has to be, and all together are more than may stand in memory."""
    value = {"value": LINE, "mediaType": "application/geo+json"} if qualified else LINE
    body = json.dumps({"inputs": {"layers": [value] * 200, "numbers": [1, 2]}}).encode()
    assert len(json.dumps(LINE)) < 64 * 1024
    assert len(body) > room(0, 25_000)
    found = checked(tmp_path, body, 25_000)
    assert len(found.inputs["layers"]) == 200
    assert found.inputs["numbers"] == (Literal(1.0, "m"), Literal(2.0, "m"))
    written = [v for v in found.inputs["layers"] if isinstance(v, StoredFile)]
    assert len(written) == found.files > 150, "the row would have taken them all"
    for one in written:
        (place,) = tmp_path.rglob(one.key)
        assert json.loads(place.read_bytes()) == LINE


@pytest.mark.parametrize("qualified", [False, True])
@pytest.mark.parametrize("ones", [26_000, 32_500, 32_750, 40_000])
def test_data_of_many_values_are_taken_however_small_the_body_is(
    tmp_path: Path, ones: int, qualified: bool
) -> None:
    """Those that are not cut out because they are small: they are where they would be too much in place."""
    data = {"mask": [1] * ones}
    value = {"value": data, "mediaType": "application/geo+json"} if qualified else data
    body = json.dumps({"inputs": {"features": value}}, separators=(",", ":")).encode()
    found = checked(tmp_path, body, 25_000).inputs["features"][0]
    text = found.text if isinstance(found, InlineText) else next(tmp_path.rglob("*.geojson")).read_text()
    assert json.loads(text) == data


def test_what_qualifies_data_counts_whatever_is_cut_out_of_it(tmp_path: Path) -> None:
    ones = ",".join(["1"] * 32_600)
    value = f'{{"value": {{"mask": [{ones}]}}, "mediaType": "application/geo+json"{" " * 400}}}'
    assert 64 * 1024 < len(value) < 128 * 1024
    assert checked(tmp_path, f'{{"inputs": {{"features": {value}}}}}'.encode(), 10).inputs["features"]
    assert isinstance(refused(tmp_path, f'{{"inputs": {{"features": {value}}}}}'.encode(), 5), TooManyPlain)


def test_a_long_address_is_one_where_data_beside_it_are_cut_out(tmp_path: Path) -> None:
    """It is as long as what is cut out then; left in the body, it would be data that look like a reference."""
    href, schema = "https://example.org/?signed=" + "x" * 5000, "https://example.org/" + "s" * 5000
    mask = {"mask": [1] * 9000}
    layers = [
        {"href": href, "type": "application/geo+json"},
        {"href": href, "format": {"mediaType": "application/geo+json"}},
        {"value": mask, "mediaType": "application/geo+json", "schema": schema},
    ]
    found = checked(tmp_path, json.dumps({"inputs": {"layers": layers}}).encode(), 1000).inputs["layers"]
    named = Format("application/geo+json")
    assert found[:2] == (Reference(href, named), Reference(href, named))
    assert isinstance(found[2], InlineText)
    assert json.loads(found[2].text) == mask


def test_of_a_small_body_the_input_that_has_the_most_is_named(tmp_path: Path) -> None:
    texts = {f"t{n}": "x" * 100 for n in range(200)}
    body = json.dumps({"inputs": {"text": texts, "numbers": [1, 2]}}).encode()
    error = refused(tmp_path, body)
    assert isinstance(error, TooManyPlain)
    assert error.locator == "text"
    several = json.dumps({"inputs": {"numbers": [1] * 60, **texts}}).encode()
    assert 4 * 1024 < len(several) < 64 * 1024
    error = refused(tmp_path, several)
    assert isinstance(error, TooManyPlain)
    assert error.locator == "numbers"


def test_to_look_closer_ends_where_it_is_of_no_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    check_piece = large_json._Pass.check

    def counting(self: large_json._Pass, head: bytes, data: bytes, *more: bytes) -> None:
        if self.value is not None:
            pieces.append(len(data))
        check_piece(self, head, data, *more)

    monkeypatch.setattr(large_json._Pass, "check", counting)
    body = b'{"inputs": {"numbers": [%b]}}' % b",".join([b"0.123456789"] * 2_000_000)
    assert isinstance(refused(tmp_path, body, 25_000), TooManyPlain)
    assert 0 < sum(pieces) < room(0, 25_000) + (1 << 20) < len(body)


def test_text_is_bounded_by_the_limit_too(tmp_path: Path) -> None:
    around, most = len('{"inputs": {"text": ""}}'), room(2, 100)
    exactly = "x" * (most - around)
    assert refused(tmp_path, f'{{"inputs": {{"text": "{exactly}"}}}}'.encode()) is None
    error = refused(tmp_path, f'{{"inputs": {{"text": "{exactly}x"}}}}'.encode())
    assert isinstance(error, TooManyPlain)
    assert f"2 plain values (numbers, texts, arrays, objects) of {most + 1} bytes" in str(error)
    assert f"at most 100 are taken, and {most} bytes of so many" in str(error)


def test_data_in_place_counts_twice(tmp_path: Path) -> None:
    def body(count: int) -> bytes:
        return json.dumps({"inputs": {"several": ["aGk="] * count}}).encode()

    assert len(checked(tmp_path, body(50)).inputs["several"]) == 50
    with pytest.raises(
        TooManyPlain, match=r"input 'several\[50\]'.*at most 50 are taken, half as many"
    ) as caught:
        checked(tmp_path, body(51))
    assert caught.value.locator == "several[50]"


def test_a_query_is_bounded_as_a_body_is(tmp_path: Path) -> None:
    numbers = ",".join(["1"] * 100)
    assert len(checked(tmp_path, b"", query=f"numbers=[{numbers}]").inputs["numbers"]) == 100
    with pytest.raises(TooManyPlain, match=r"input 'numbers'.*101 plain values"):
        checked(tmp_path, b"", query=f"numbers=[{numbers},1]")


# -- memory ----------------------------------------------------------------------------------------

READ = """
import mmap, resource, sys
from azenha.domain.errors import TooLarge
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.ogcapi import OgcApi
from azenha.domain.values import RawSlice

def opened(raw):
    for item in raw.opened().items or ():
        if isinstance(item, RawSlice):
            opened(item)

def read(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        headers = {"content-type": "application/json"}
        command = OgcApi(Limits()).read(HttpRequest("POST", "/processes/p/execution", "", headers, body))
        for (raw,) in command.inputs.values():
            if isinstance(raw, RawSlice):
                opened(raw)

read(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read(sys.argv[2])
    said = "taken"
except TooLarge:
    said = "refused"
print(said, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""

BODIES: dict[str, tuple[bytes, str]] = {
    "numbers at the limit": (
        b'{"inputs": {"a": [%b]}}' % b",".join([b"0.12345678901234567"] * 24_998),
        "taken",
    ),
    "texts at the limit": (b'{"inputs": {"a": [%b]}}' % b",".join([b'"%b"' % (b"x" * 36)] * 24_998), "taken"),
    "objects at the limit": (b'{"inputs": {"a": [%b]}}' % b",".join([b'{"value": 1}'] * 12_499), "taken"),
    "60 MB of numbers": (b'{"inputs": {"a": [%b]}}' % b",".join([b"0.1"] * 15_000_000), "refused"),
    "60 MB of texts": (b'{"inputs": {"a": [%b]}}' % b",".join([b'"%b"' % (b"x" * 50_000)] * 1200), "refused"),
    "60 MB of objects": (b'{"inputs": {"a": [%b]}}' % b",".join([b'{"value": 1}'] * 4_600_000), "refused"),
    "60 MB of names": (b'{"inputs": {%b}}' % b",".join(b'"a%d": 1' % n for n in range(4_600_000)), "refused"),
}


@pytest.mark.skipif(
    sys.platform != "linux", reason="the memory of a process is told in other units elsewhere"
)
@pytest.mark.parametrize("name", BODIES)
def test_a_reader_needs_little_memory_for_what_it_takes_and_for_what_it_refuses(
    tmp_path: Path, name: str
) -> None:
    body, expected = BODIES[name]
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b'{"inputs": {"a": [%b]}}' % b",".join([b"1"] * 100))
    second.write_bytes(body)
    run = subprocess.run(
        [sys.executable, "-c", READ, str(first), str(second)], capture_output=True, text=True, check=True
    )
    said, grown = run.stdout.split()
    assert said == expected
    assert int(grown) < 16 << 20, f"{int(grown) / 2**20:.1f} MiB"
