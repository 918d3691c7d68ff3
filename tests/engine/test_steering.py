"""What the store says of a job reaches its run, in the order in which it was said, whenever the run begins."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, cast

import pytest

from azenha.domain.job import JobState
from azenha.engine.steering import PausedTooLong, Steering, Stopped
from azenha.usecases.ports import Leases

HELD = ("a", 1)


class Store:
    """Says what the test has set; `states` empty: the job is not ours."""

    def __init__(self) -> None:
        self.states: dict[str, JobState] = {"a": JobState.RUNNING}
        self.looked = threading.Event()

    def renew(self, worker: str, lease: float, attempts: Mapping[str, int]) -> Mapping[str, JobState]:
        self.looked.set()
        return dict(self.states)


class Heard:
    def __init__(self) -> None:
        self.words: list[str] = []

    def __getattr__(self, word: str) -> Any:
        return lambda: self.words.append(word)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def steering(store: Store) -> Steering:
    return Steering("w", cast("Leases", store), 30)


def look(steering: Steering) -> None:
    steering.look({"a": 1})


def test_a_run_hears_each_change(steering: Steering, store: Store) -> None:
    run = Heard()
    steering.begin(HELD, run)
    for state in (JobState.PAUSED, JobState.RUNNING):
        store.states["a"] = state
        look(steering)
    store.states.clear()
    look(steering)
    assert run.words == ["pause", "resume", "dismiss"]


def test_a_run_that_begins_while_its_job_is_paused_hears_it_at_once(steering: Steering, store: Store) -> None:
    store.states["a"] = JobState.PAUSED
    look(steering)
    fetching, run = Heard(), Heard()
    steering.begin(HELD, fetching)
    steering.end(HELD)
    steering.begin(HELD, run)
    assert (fetching.words, run.words) == (["pause"], ["pause"])
    steering.end(HELD)
    look(steering)
    assert run.words == ["pause"], "it is over"


def test_a_job_that_is_forgotten_pauses_no_run_of_its_next_attempt(steering: Steering, store: Store) -> None:
    store.states["a"] = JobState.PAUSED
    look(steering)
    steering.forget(HELD)
    run = Heard()
    steering.begin(HELD, run)
    assert run.words == []


@pytest.mark.parametrize(("then", "ours"), [(JobState.RUNNING, True), (None, False)])
def test_an_end_waits_until_its_job_is_resumed_or_gone(
    steering: Steering, store: Store, then: JobState | None, ours: bool
) -> None:
    store.states["a"] = JobState.PAUSED
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(steering.resumed(HELD, 600)))
    waiting.start()
    assert store.looked.wait(30)
    store.states.clear()
    if then is not None:
        store.states["a"] = then
    look(steering)
    waiting.join(30)
    assert answers == [ours]


def test_an_end_does_not_wait_for_ever(steering: Steering, store: Store) -> None:
    store.states["a"] = JobState.PAUSED
    with pytest.raises(PausedTooLong):
        steering.resumed(HELD, 0)
    steering.stop()
    with pytest.raises(Stopped):
        steering.resumed(HELD, 600)
