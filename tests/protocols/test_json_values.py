"""Text that is to be JSON, for an input that may be an object."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial

import pytest

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import InvalidInputs
from azenha.domain.lexical import NotAValue
from azenha.domain.process import (
    CRS84,
    BoxDomain,
    ComplexDomain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    ObjectDomain,
    ProcessDescription,
    Text,
)
from azenha.domain.values import Box, Lexical, Literal, Record, Reference
from azenha.protocols import json_values
from azenha.protocols.http import Limits
from azenha.protocols.json_values import format_of, read_text

PLACE = ObjectDomain(
    (
        InputDescription("height", LiteralDomain(LiteralType.DECIMAL, units=("m", "km")), Text("h")),
        InputDescription("area", BoxDomain(), Text("a")),
        InputDescription("scene", ComplexDomain((Format("image/tiff"),)), Text("s"), 0),
    )
)
PROCESS = ProcessDescription("p", "1", Text("p"), (InputDescription("place", PLACE, Text("place")),))


def lexical(text: str) -> Lexical:
    """As a reader of WPS 1.0.0 has it."""
    return Lexical(text, format=Format("application/json"), opened=partial(read_text, text, Limits(depth=4)))


def test_units_boxes_and_references_within_the_text_are_read_as_in_a_body() -> None:
    text = """{
        "height": {"value": 1.10, "uom": "km"},
        "area": {"bbox": [1, 2, 3, 4]},
        "scene": {"href": "https://example.org/a"}
    }"""
    assert bind(PROCESS, {"place": (lexical(text),)}, limits=BindingLimits(1000)) == {
        "place": (
            Record(
                {
                    "height": (Literal(Decimal("1.10"), "km"),),
                    "area": (Box((1, 2), (3, 4), CRS84),),
                    "scene": (Reference("https://example.org/a"),),
                }
            ),
        )
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the text is not JSON: Expecting value at line 1, column 1"),
        ("{'a': 1}", "the text is not JSON"),
        ('{"a": 1, "a": 2}', "an object in the text has the name 'a' twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ("[[[[[1]]]]]", "the text nests deeper than 4 arrays and objects"),
        ('"\ud800"', "half of a surrogate pair"),
    ],
)
def test_text_that_is_no_strict_json_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(NotAValue) as refusal:
        read_text(text, Limits(depth=4))
    assert reason in str(refusal.value)
    with pytest.raises(InvalidInputs) as refused:
        bind(PROCESS, {"place": (lexical(text),)}, limits=BindingLimits(1000))
    assert [p.locator for p in refused.value.problems] == ["place"]


@pytest.mark.parametrize(
    "nesting", ['{"value":%s}', '{"value":[%s]}', '{"value":{"a":%s}}', '[{"value":%s}]']
)
def test_readings_do_not_multiply_with_the_depth(nesting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of 700 bytes kept the server busy for ever."""
    made = 0

    def count(members: Mapping[str, object]) -> Format | None:
        nonlocal made
        made += 1
        return format_of(members)

    monkeypatch.setattr(json_values, "format_of", count)
    text = "1"
    for _ in range(12):
        text = nesting % text
    with pytest.raises(InvalidInputs):
        bind(PROCESS, {"place": (read_text(text, Limits()),)}, limits=BindingLimits(10_000))
    assert made <= 100


@pytest.mark.parametrize("item", ['{"value": 1}', '{"value": {"a": 1}}'])
def test_of_too_many_values_none_is_read(item: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be millions of them: a body of 5 MB took 20 seconds to be refused."""
    heights = InputDescription("heights", LiteralDomain(LiteralType.DECIMAL), Text("h"), 1, 3)
    process = ProcessDescription("p", "1", Text("p"), (heights,))

    def refuse(members: Mapping[str, object]) -> Format | None:
        raise AssertionError("a value was read")

    monkeypatch.setattr(json_values, "format_of", refuse)
    given = read_text(f"[{','.join([item] * 4)}]", Limits())
    with pytest.raises(InvalidInputs, match="takes at most 3 values, got 4"):
        bind(process, {"heights": (given,)}, limits=BindingLimits(10_000))
