"""Modes that are demanded (WPS 2.0), and answers that are one value alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from test_processing import Server, made_in

from azenha.domain.errors import InvalidInputs, ModeNotOffered, TooManyOutputs
from azenha.domain.job import Lane
from azenha.domain.messages import Accepted, Asked, Execute, Mode, OutputRequest, ResponseForm

ASKED = Asked("wps", "2.0.0", response=ResponseForm.DOCUMENT)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return made_in(tmp_path)


def run(process: str, mode: Mode, *outputs: str, single: bool = False, wait: float | None = None) -> Execute:
    wanted = {id: OutputRequest() for id in outputs} or None
    return Execute(process, {}, wanted, mode, ASKED, wait=wait, strict=True, single=single)


@pytest.mark.parametrize(
    ("process", "mode", "lane"),
    [
        ("echo", Mode.SYNC, Lane.SYNC),
        ("echo", Mode.ASYNC, Lane.BACKGROUND),
        ("echo", Mode.AUTO, Lane.BACKGROUND),
        ("sync-only", Mode.SYNC, Lane.SYNC),
        ("sync-only", Mode.AUTO, Lane.SYNC),
        ("async-only", Mode.ASYNC, Lane.BACKGROUND),
        ("async-only", Mode.AUTO, Lane.BACKGROUND),
    ],
)
def test_a_mode_that_is_offered_is_taken(server: Server, process: str, mode: Mode, lane: Lane) -> None:
    accepted = server.handle(run(process, mode))
    assert isinstance(accepted, Accepted)
    assert accepted.job.lane is lane


@pytest.mark.parametrize(("process", "mode"), [("sync-only", Mode.ASYNC), ("async-only", Mode.SYNC)])
def test_a_mode_that_is_not_offered_is_refused_by_its_name(server: Server, process: str, mode: Mode) -> None:
    with pytest.raises(ModeNotOffered) as refused:
        server.handle(run(process, mode))
    assert refused.value.locator == mode


@pytest.mark.parametrize(
    ("process", "wait", "direct"), [("echo", 5.0, True), ("async-only", 0, False), ("sync-only", 0, False)]
)
def test_where_the_server_chooses_results_are_waited_for_if_they_may_be_the_answer(
    server: Server, process: str, wait: float, direct: bool
) -> None:
    accepted = server.handle(run(process, Mode.AUTO, wait=5.0))
    assert isinstance(accepted, Accepted)
    assert (accepted.wait, accepted.direct) == (wait, direct)


@pytest.mark.parametrize("outputs", [(), ("a", "b"), ("c",)])
def test_several_outputs_or_a_list_are_not_one_value(server: Server, outputs: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInputs) as refused:
        server.handle(run("echo", Mode.SYNC, *outputs, single=True))
    (problem,) = refused.value.problems
    assert isinstance(problem, TooManyOutputs)
    assert problem.locator == " ".join(outputs or ("a", "b", "c"))


def test_one_output_is_one_value_and_what_is_unknown_is_told_first(server: Server) -> None:
    assert isinstance(server.handle(run("echo", Mode.SYNC, "a", single=True)), Accepted)
    with pytest.raises(InvalidInputs) as refused:
        server.handle(replace(run("echo", Mode.SYNC, "x", "y", single=True)))
    assert [p.locator for p in refused.value.problems] == ["x", "y"]
