"""Jobs that are handed to the worker: it stores each as it takes it, and runs it as any other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from workshop import Workshop, eventually

from azenha.domain.job import JobState, Lane
from azenha.domain.values import Literal


def test_it_runs_and_its_news_are_its_record(shop: Workshop) -> None:
    id = shop.hand_over("who")
    text = shop.text(id)
    told = shop.news[id]
    assert told.job == shop.job(id)
    assert told.outputs is not None
    ((value,),) = told.outputs.values()
    assert value == Literal(text)
    assert shop.job(id).lane is Lane.SYNC


def test_many_at_once_all_run_once(shop: Workshop) -> None:
    ids = [shop.hand_over("who") for _ in range(30)]
    for id in ids:
        assert shop.ended(id).attempt == 1
    assert sorted(id for id in shop.announced if id in ids) == sorted(ids)


def test_one_that_fails_is_told_to_have_ended_and_the_store_knows_why(shop: Workshop) -> None:
    id = shop.hand_over("nothing of that name")
    assert shop.failure(id)
    assert shop.news[id].job is None


def test_those_that_wait_are_bounded_and_whoever_is_refused_hears_of_it(
    own_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    shop = own_shop(sync_slots=1)
    waits = [shop.hand_over("who", limit=2) for _ in range(3)]
    refused = shop.news[waits[2]].refused
    assert refused is not None
    assert "2 jobs wait already (setting queue.sync_waiting)" in str(refused)
    shop.worker.start()
    assert [shop.ended(id).state for id in waits[:2]] == [JobState.SUCCEEDED] * 2
    assert shop.jobs.get(waits[2]) is None


def test_one_that_nobody_waits_for_any_more_is_not_run(own_shop: Callable[..., Workshop]) -> None:
    shop = own_shop(sync_slots=1)
    unwanted, wanted = shop.hand_over("who"), shop.hand_over("who")
    shop.worker.interrupt(unwanted)
    shop.worker.start()
    assert shop.ended(wanted).state is JobState.SUCCEEDED
    assert shop.jobs.get(unwanted) is None


def test_one_that_was_taken_back_on_its_way_to_the_store_is_dismissed(
    own_shop: Callable[..., Workshop],
) -> None:
    shop = own_shop(sync_slots=1)
    shop.worker.interrupt("00000000-late")  # heard before it is claimed
    shop.jobs.submit(_late(shop))
    shop.worker.start()
    assert shop.ended("00000000-late").state is JobState.DISMISSED
    assert shop.text(shop.hand_over("who"))


def _late(shop: Workshop):  # type: ignore[no-untyped-def]
    from azenha.domain.canonical import StoredRequest
    from azenha.domain.messages import Asked
    from azenha.usecases.ports import NewJob

    request = StoredRequest("who", "0.1.0", {}, None, Asked("test", "1"))
    return NewJob("00000000-late", request, Lane.SYNC, 0, 1, 1000, "queue.sync_waiting")


def test_one_that_the_store_refuses_for_a_while_is_run_later(
    own_shop: Callable[..., Workshop], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = own_shop(sync_slots=1)
    claim, broken = shop.jobs.claim, [True]

    def fails(*arguments: object) -> object:
        if broken and arguments[3] is not None:
            broken.clear()
            raise sqlite3.OperationalError("disk I/O error")
        return claim(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(shop.jobs, "claim", fails)
    shop.worker.start()
    id = shop.hand_over("who")
    eventually(lambda: not broken, "the failure")
    assert shop.text(id)
