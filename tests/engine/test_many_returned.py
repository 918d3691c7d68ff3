"""Plain values that a job returns: as many as the limit are taken, and one more is told as the process's fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from azenha.authoring.calling import LocalFile, Produced
from azenha.authoring.errors import OutputError
from azenha.domain.plain import room
from azenha.domain.process import Format
from azenha.domain.values import Box, Literal, Record, Reference
from azenha.engine.outputs import check_values

ONE = Literal(1.5)

# What comes to ten values.
TEN: dict[str, tuple[Produced, ...]] = {
    "numbers": (ONE,) * 10,
    "boxes": (Box((0.0, 0.0), (1.0, 1.0), "a"),) * 2,
    "objects": (Record({"a": (ONE,)}),) * 5,
    "an object with a list": (Record({"a": (ONE,) * 9}),),
    "objects in each other": (Record({"a": (Record({"b": (ONE,) * 8}),)}),),
    "files": (LocalFile(Path("/x"), Format("a/b")),) * 5,
    "references": (Reference("http://h/x"),) * 5,
}


@pytest.mark.parametrize("name", TEN)
def test_as_many_as_the_limit_are_taken_and_one_more_is_not(name: str) -> None:
    check_values({"a": TEN[name]}, 10)
    with pytest.raises(
        OutputError, match=r"11 plain values.*at most 10.*limits\.values.*as a file"
    ) as caught:
        check_values({"a": TEN[name], "b": (ONE,)}, 10)
    assert caught.value.output == "b"


def test_their_text_is_bounded_too_in_utf8() -> None:
    most = room(1, 10)
    check_values({"a": (Literal("é" * (most // 2)),)}, 10)
    with pytest.raises(
        OutputError, match=f"{most + 1:,} bytes of text; at most 10, and {most:,} bytes of so many"
    ):
        check_values({"a": (Literal("é" * (most // 2) + "x"),)}, 10)


def test_many_may_have_less_text_than_few() -> None:
    assert room(1, 10) > room(10, 10)
    long, short = Literal("x" * (room(1, 10) - 10)), Literal("x")
    check_values({"a": (long,)}, 10)
    with pytest.raises(OutputError, match="10 plain values"):
        check_values({"a": (long, *[short] * 9)}, 10)


@pytest.mark.parametrize("inner", [False, True])
def test_text_that_no_answer_can_have_is_told_as_the_outputs_fault(inner: bool) -> None:
    text = Literal("a name \udcff")
    with pytest.raises(OutputError, match="half of a surrogate pair") as caught:
        check_values({"a": (ONE,), "b": (Record({"c": (text,)}) if inner else text,)}, 10)
    assert caught.value.output == "b"
