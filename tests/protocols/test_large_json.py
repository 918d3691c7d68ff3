"""Large JSON bodies: what the pass in pieces takes and refuses is what the parser of small bodies does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azenha.domain.errors import Malformed
from azenha.protocols import json as strict
from azenha.protocols import large_json
from azenha.protocols.http import Limits
from azenha.protocols.json_places import Large

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**20), 10**20),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
        st.sampled_from(["a,b", '"', "\\", '\\",', "[{", "é" * 20, "😀,😀", "x" * 200]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=6), st.dictionaries(st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=40,
)


COORDINATES = st.recursive(
    st.lists(st.one_of(st.integers(-999, 999), st.floats(allow_nan=False, allow_infinity=False)), max_size=4),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)
SHAPES = st.recursive(
    st.one_of(COORDINATES, st.sampled_from(["[1,2]", "[[1],", "]", '"', "e5", 1.5e-17])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("[]1,a", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.fixture(params=[9, 33, 200])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(large_json, "WINDOW", request.param)
    monkeypatch.setattr(large_json, "LARGE", request.param)
    monkeypatch.setattr(large_json, "FINE", request.param // 4)
    return int(request.param)


def plain(value: object) -> Any:
    """With everything that stayed in the body; all readings of it agree."""
    if isinstance(value, Large):
        opened = plain(value.opened())
        assert opened == value.whole()
        return opened
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def outcome(read: Any, body: bytes) -> Any:
    try:
        return plain(read(body, Limits(depth=12)))
    except Malformed:
        return Malformed


@pytest.mark.usefixtures("small")
@given(VALUES | SHAPES, st.sampled_from([None, 0, 2]), st.booleans())
def test_a_large_body_is_the_value_that_a_parser_reads(value: Any, indent: int | None, ascii: bool) -> None:
    body = json.dumps({"inputs": {"v": value, "w": [value]}, "x": value}, indent=indent, ensure_ascii=ascii)
    assert outcome(large_json.parse, body.encode()) == outcome(strict.parse, body.encode())


def finer(value: Large) -> Any:
    """With smaller values cut out than at first."""
    assert value.finer is not None
    value.parts = value.finer(value)
    for part in value.parts:
        assert part.end - part.start > large_json.FINE
        assert part.finer is None
    return plain(value)


@pytest.mark.usefixtures("small")
@given(VALUES | SHAPES, st.sampled_from([None, 0, 2]), st.booleans())
def test_it_is_the_same_where_smaller_values_are_cut_out(value: Any, indent: int | None, ascii: bool) -> None:
    whole = {"inputs": {"v": [value, value], "w": {"value": [value]}, "n": [0] * 200}}
    body = json.dumps(whole, indent=indent, ensure_ascii=ascii).encode()
    read = large_json.parse(body)
    assert isinstance(read, dict)
    inputs = read["inputs"]
    assert isinstance(inputs, Large)
    expected = strict.parse(body)
    assert isinstance(expected, dict)
    assert finer(inputs) == expected["inputs"]


@pytest.mark.usefixtures("small")
@settings(max_examples=150)
@given(VALUES | SHAPES, st.data())
def test_a_body_that_is_broken_anywhere_is_refused_as_a_small_one_is(value: Any, data: st.DataObject) -> None:
    body = bytearray(json.dumps({"inputs": {"v": value}, "w": [value, value]}).encode())
    at = data.draw(st.integers(0, len(body) - 1))
    match data.draw(st.integers(0, 3)):
        case 0:
            del body[at]
        case 1:
            body[at:at] = data.draw(
                st.sampled_from([b",", b'"', b"\\", b"[", b"}", b"0", b" ", b"\x01", b"\xff", b":"])
            )
        case 2:
            body[at] = data.draw(st.sampled_from(list(b',"\\[]{}0 :e-.1')))
        case _:
            del body[at:]
    assert outcome(large_json.parse, bytes(body)) == outcome(strict.parse, bytes(body))


BROKEN = {
    "twice, far apart": '{{"a": 1, "b": [{}], "a": 2}}'.format(",".join("1" * 50)),
    "twice, deep": '{"inputs": {"v": {"t": [%s], "u": {"a": 0, "b": [%s], "a": 1}}}}'
    % (("1," * 50 + "1",) * 2),
    "twice beside a long string": '{{"inputs": {{"v": {{"a": "{}", "a": "{}"}}}}}}'.format(
        "x" * 300, "y" * 300
    ),
    "NaN": '{{"inputs": {{"v": [{}, NaN]}}}}'.format(",".join("1" * 50)),
    "-Infinity": '{{"inputs": {{"v": [-Infinity, {}]}}}}'.format(",".join("1" * 50)),
    "too deep": '{"a": [%s]}' % ("[1," * 12 + "1" + "]" * 12),
    "too many digits": '{"a": [1, %s, 2]}' % ("1" * 1001),
    "a large exponent": '{{"a": [1, 1e99999, {}]}}'.format(",".join("1" * 50)),
    "nothing before a comma": '{{"a": [,{}]}}'.format(",".join("1" * 50)),
    "two commas": '{"a": [%s,,%s]}' % ((",".join("1" * 50),) * 2),
    "a comma at the end": '{{"a": [{},]}}'.format(",".join("1" * 50)),
    "the other bracket": '{{"a": [{}}}, "b": 1]'.format(",".join("1" * 50)),
    "more after the end": '{{"a": [{}]}}, {{}}'.format(",".join("1" * 50)),
    "a long string after the end": '{{"a": [{}]}} "{}"'.format(",".join("1" * 50), "x" * 200),
    "a long string after a number": '{"a": [1, 12"%s"]}' % ("x" * 200),
    "two long strings": '{{"a": ["{}" "{}"]}}'.format("x" * 200, "x" * 200),
    "a long string and a fraction": '{"a": ["%s".5]}' % ("x" * 200),
    "a long string and an exponent": '{"a": {"b": {"c": {"d": ["%s"e5, 1]}}}}' % ("x" * 200),
    "a long string and digits": '{"a": ["%s"1]}' % ("x" * 200),
    "no end after a long string": '{"a": ["%s"' % ("x" * 300),
    "a string that does not end": '{"a": ["%s' % ("x" * 200),
    "half a surrogate pair": '{{"a": ["{}\\ud800{}"]}}'.format("x" * 200, "x" * 200),
    "half a surrogate pair in the small": '{"a": ["\\udc00", "%s"]}' % ("x" * 200),
    "a control character": '{{"a": ["{}\x01{}"]}}'.format("x" * 200, "x" * 200),
    "a line end in a string": '{{"a": ["{}\n{}"]}}'.format("x" * 200, "x" * 200),
    "no such escape": '{{"a": ["{}\\x{}"]}}'.format("x" * 200, "x" * 200),
    "nothing": " " * 300,
    "a bracket": "[" + " " * 300,
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_refused_in_a_small_body_is_refused_in_a_large_one(name: str) -> None:
    body = BROKEN[name].encode()
    with pytest.raises(Malformed):
        strict.parse(body, Limits(depth=12))
    with pytest.raises(Malformed):
        large_json.parse(body, Limits(depth=12))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "body", [b'{"a": "%s\xff%s"}', b'{"a": ["%s", "\xc3"], "b": "%s"}', b'\xff{"a": "%s%s"}']
)
def test_what_is_no_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        large_json.parse(body % (b"x" * 200, b"x" * 200))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "body",
    [
        '"%s"' % ("x" * 200),
        "[%s]" % ("1," * 200 + "1"),
        " " * 200 + "[1]" + " " * 200,
        " " * 200 + "12" + " " * 200,
        "null" + " " * 300,
    ],
)
def test_a_body_that_is_no_object_is_read_too(body: str) -> None:
    assert outcome(large_json.parse, body.encode()) == json.loads(body)


def test_large_values_stay_in_the_body_as_offsets() -> None:
    long, many = "x" * 70_000, [[n, n + 0.5] for n in range(8_000)]
    body = json.dumps(
        {
            "inputs": {
                "a": long,
                "b": {"value": long, "mediaType": "text/plain"},
                "c": [long, {"value": many}],
                "d": 1,
            }
        }
    ).encode()
    inputs = large_json.parse(body)["inputs"].opened()  # type: ignore[index]
    assert inputs["d"] == 1
    assert body[inputs["a"].start : inputs["a"].end] == json.dumps(long).encode()
    qualified = inputs["b"].opened()
    assert qualified["mediaType"] == "text/plain"
    assert qualified["value"].whole() == long
    first, second = inputs["c"].opened()
    assert first.whole() == long
    assert second.opened()["value"].is_array
    assert second.opened()["value"].whole() == json.loads(json.dumps(many), parse_float=strict._decimal)


@pytest.mark.parametrize(
    ("body", "line"),
    [('{"a": 1,\n "b": [%s],\n "c" 5}', 3), ('{"a": 1,\n\n\n "b": [%s]\n, c}', 5), ('{"b": [%s\n "x]', 2)],
)
def test_a_fault_is_told_with_its_line(body: str, line: int) -> None:
    with pytest.raises(Malformed, match=f"at line {line}, column"):
        large_json.parse((body % ("1," * 70_000 + "1")).encode())


def test_a_fault_is_told_where_it_is_though_numbers_before_it_are_not_parsed() -> None:
    numbers = "[" + ",".join(["[1.5, 2e-7]"] * 10_000) + "]"
    body = f'{{"a": {numbers},\n"b": [[1, 2], [3, 4]], c}}'
    with pytest.raises(Malformed, match="at line 2, column 24"):
        large_json.parse(body.encode())


@pytest.mark.parametrize("number", ["1.", "01", "1e", ".5", "+1", "--1", "1e1001", "1" * 1001, "0.1e-1000"])
def test_a_number_that_is_none_is_found_among_many(number: str) -> None:
    good = "[" + ",".join(["[1.5, 2e-7]"] * 10_000)
    with pytest.raises(Malformed):
        large_json.parse(f'{{"a": {good}, [0, {number}]]}}'.encode())
