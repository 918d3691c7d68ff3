"""JSON in strictly, out exactly."""

from __future__ import annotations

import json as standard
import mmap
import tempfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.domain.errors import Malformed
from azenha.protocols import json

NESTED_64 = b"[" * 64 + b"]" * 64


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"1", 1),
        (b"1.0", Decimal("1.0")),
        (b"0.1000000000000000055511151231257827", Decimal("0.1000000000000000055511151231257827")),
        (b"1e1000", Decimal("1e1000")),
        (b'"\\/ \\u00e9 \\ud83d\\ude00"', "/ é 😀"),
        ('{"olá": [null, true]}'.encode(), {"olá": [None, True]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),  # a byte order mark, as some clients on Windows send it
        (b'"\\\\ud800"', "\\ud800"),  # an escaped backslash, no surrogate
        (b'"' + b"[" * 500 + b'\\"' + b"{" * 500 + b'"', "[" * 500 + '"' + "{" * 500),
        (b"[" + b"[],{}," * 200 + b"1]", [[], {}] * 200 + [1]),
    ],
)
def test_json_is_read_exactly(body: bytes, value: object) -> None:
    found = json.parse(body)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "line 1, column 1"),
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b"{'a': 1}", "line 1, column 2"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'{"a": 1, "a": 2}', "the name 'a' twice"),
        (b'[{"x": {"b": 1, "c": 2, "b": 1}}]', "the name 'b' twice"),
        (b"\xff\xfe", "not UTF-8: invalid start byte at byte 0"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b"[" * 1_000_000, "deeper than 64"),
        (b'{"a":' * 100_000, "deeper than 64"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udc00": 1}', "surrogate"),
        (b'[["x", {"a": "\\uDBFF-"}]]', "surrogate"),
        (b"9" * 5000, "5000 digits; at most 1000"),
        (b"0." + b"9" * 5000, "5002 characters; at most 1000"),
        (b"1e1001", "out of range"),
        (b"0e-999999999", "out of range"),
        (b"1e99999999999999999999", "out of range"),
        (b'"\x01"', "control character"),
    ],
)
def test_what_is_not_strict_json_is_malformed_and_says_where(body: bytes, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        json.parse(body)
    assert words in str(caught.value)


def test_sixty_four_levels_are_read() -> None:
    assert json.dump(json.parse(NESTED_64)) == NESTED_64


def test_a_body_in_a_file_is_read_as_one_in_memory() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b'{"a": [1]}')
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
            assert json.parse(body) == {"a": [1]}


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\1e-.ntfu0d8', max_size=60).map(str.encode))
def test_whatever_comes_is_a_value_or_malformed(body: bytes) -> None:
    try:
        value = json.parse(body)
    except Malformed:
        return
    assert json.parse(json.dump(value)) == value


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=12)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abé"\\'), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_back_with_every_digit(value: object) -> None:
    written = json.dump(value)
    assert json.parse(written) == value
    assert json.is_valid(written)
    standard.loads(written)


@pytest.mark.parametrize("data", [b"", b"{", b"\xef\xbb\xbf{}", b"[NaN]", b"{}x", b"\xff", b"[" * 100_000])
def test_what_would_break_a_document_is_known(data: bytes) -> None:
    assert not json.is_valid(data)
