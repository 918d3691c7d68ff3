"""The examples that need nothing but Python."""

from __future__ import annotations

import time
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from azenha import Cancelled, Context, File, Recorder
from azenha.examples.basic import Echo, Place, echo, fail, slow

GIVEN: dict[str, Any] = {
    "text": "olá",
    "number": 0.1,
    "integer": 7,
    "decimal": Decimal("1.10"),
    "flag": False,
    "day": date(2024, 2, 29),
    "moment": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "duration": timedelta(hours=36),
    "choice": "green",
    "numbers": [1.0, 2.5],
    "place": Place("Olinda", -8.0, -34.9),
}


def test_echo_returns_exactly_what_it_is_given(ctx: Context) -> None:
    result = echo(**GIVEN, ctx=ctx)
    assert {name: getattr(result, name) for name in GIVEN} == GIVEN


def test_echo_leaves_out_what_it_is_not_given(ctx: Context) -> None:
    assert echo("x", ctx=ctx) == Echo("x")
    assert all(getattr(echo("x", ctx=ctx), f.name) is None for f in fields(Echo) if f.name != "text")


def test_echo_copies_a_document_into_its_own_folder(ctx: Context, tmp_path: Path) -> None:
    sent = tmp_path / "sent.bin"
    sent.write_bytes(b"\x00\xff")
    document = echo("x", document=File(sent, "application/x-thing"), ctx=ctx).document
    assert document is not None
    assert document.path.read_bytes() == b"\x00\xff"
    assert document.path.is_relative_to(ctx.workdir)
    assert document.media_type == "application/x-thing"


def test_slow_takes_the_time_that_was_asked_for(ctx: Context) -> None:
    started = time.monotonic()
    assert slow(0.2, 4, ctx=ctx).startswith("4 steps in 0.")
    assert time.monotonic() - started >= 0.2


def test_slow_reports_every_step(ctx: Context, recorder: Recorder) -> None:
    slow(0.0, 3, ctx=ctx)
    assert recorder.progressed == [(33, "step 1 of 3"), (66, "step 2 of 3"), (100, "step 3 of 3")]


def test_slow_stops_when_it_is_dismissed(tmp_path: Path) -> None:
    class DismissedAtTheThirdCheck(Recorder):
        checks = 0

        def cancelled(self) -> bool:
            self.checks += 1
            return self.checks > 2

    ctx = Context.for_tests(tmp_path, reporter=DismissedAtTheThirdCheck())
    with pytest.raises(Cancelled):
        slow(3600.0, 1, ctx=ctx)


@pytest.mark.parametrize(
    ("how", "error"), [("raise", RuntimeError), ("refuse", ValueError), ("exit", SystemExit)]
)
def test_fail_fails_as_it_was_asked_to(how: Any, error: type[BaseException], ctx: Context) -> None:
    with pytest.raises(error):
        fail(how, ctx=ctx)


def test_fail_can_return_what_was_not_declared(ctx: Context) -> None:
    assert not isinstance(fail("output", ctx=ctx), str)


def test_fail_makes_its_noise_before_it_raises(ctx: Context, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError):
        fail("noise", ctx=ctx)
    assert len(capsys.readouterr().out) > 30_000_000
