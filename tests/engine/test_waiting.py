"""What idle slots wait for."""

from __future__ import annotations

import threading
import time

import pytest

from azenha.domain.errors import QueueFull
from azenha.engine.waiting import UNKNOWN, Waiting
from azenha.usecases.ports import Handed


def job(id: str, limit: int = 10) -> Handed:
    return Handed(id, "echo", "{}", 1, limit, "queue.sync_waiting")


def test_jobs_come_in_the_order_in_which_they_were_handed_over_and_given_back_ones_first() -> None:
    waiting = Waiting(2)
    for id in "abc":
        waiting.hand_over(job(id))
    first = waiting.next()
    assert first is not None
    waiting.give_back(first)
    found = [waiting.next() for _ in range(4)]
    assert [one and one.id for one in found] == ["a", "b", "c", None]


def test_no_more_wait_than_may() -> None:
    waiting = Waiting(1)
    waiting.hand_over(job("a", limit=1))
    with pytest.raises(QueueFull, match=r"1 jobs wait already \(setting queue.sync_waiting\)"):
        waiting.hand_over(job("b", limit=1))
    assert waiting.next() == job("a", limit=1)
    waiting.hand_over(job("b", limit=1))


def test_whoever_is_idle_is_woken_by_a_job_and_all_at_the_end() -> None:
    waiting = Waiting(2)
    woken: list[float] = []

    def slot() -> None:
        waiting.wait(30)
        woken.append(time.monotonic())

    slots = [threading.Thread(target=slot) for _ in range(2)]
    for one in slots:
        one.start()
    waiting.hand_over(job("a"))
    while not woken:
        time.sleep(0.001)
    assert len(woken) == 1
    waiting.end()
    for one in slots:
        one.join(10)
    assert len(woken) == 2


def test_hints_that_nobody_needs_are_not_kept() -> None:
    waiting = Waiting(2)
    for _ in range(1000):
        waiting.hint()
    began = time.monotonic()
    for _ in range(2):
        waiting.wait(30)
    waiting.wait(0.05)
    assert 0.05 <= time.monotonic() - began < 20


def test_one_that_is_withdrawn_while_it_waits_is_gone() -> None:
    waiting = Waiting(1)
    waiting.hand_over(job("a"))
    waiting.hand_over(job("b"))
    waiting.withdraw("a")
    assert waiting.next() == job("b")
    assert waiting.wanted("a")


def test_one_that_is_withdrawn_on_its_way_to_the_store_is_not_wanted_once() -> None:
    waiting = Waiting(1)
    waiting.withdraw("a")
    assert [waiting.wanted(id) for id in ("b", "a", "a")] == [True, False, True]


def test_what_never_comes_is_forgotten() -> None:
    waiting = Waiting(1)
    for number in range(UNKNOWN + 5):
        waiting.withdraw(str(number))
    assert waiting.wanted("4")
    assert not waiting.wanted("5")
