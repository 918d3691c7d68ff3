"""Synchronous jobs that are handed to a worker: the store is left out, and nothing is lost when that fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_app import Reply, Stage, exchange, until

from azenha.domain.callbacks import Subscriber
from azenha.domain.errors import QueueFull
from azenha.domain.job import Failure, FailureKind, Job, JobState, Lane
from azenha.domain.messages import Asked, Checked, Execute, Mode
from azenha.domain.process import Format
from azenha.domain.values import Literal, StoredFile
from azenha.usecases.ports import Handed, NewJob, Told
from azenha.web.light import VALUES

AT = datetime(2026, 1, 2, tzinfo=UTC)
DONE = Job(
    "job1", "echo", JobState.SUCCEEDED, Lane.SYNC, AT, AT, finished=AT, expires=AT, progress=100, attempt=1
)


class Hands:
    """Takes jobs, as a worker would; `news` is what comes back of each."""

    def __init__(self, stage: Stage, news: Callable[[Handed], Told | None] = lambda job: None) -> None:
        self.taken: list[Handed] = []
        self.reached = True
        self._stage = stage
        self._news = news

    def __call__(self, job: Handed) -> bool:
        if not self.reached:
            return False
        self.taken.append(job)
        told = self._news(job)
        if told is not None:
            asyncio.get_running_loop().call_soon(self._stage.ends.tell, job.id, told)
        return True


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def run(stage: Stage, hands: Hands, query: str = "", **more: Any) -> Reply:
    async def ask() -> Reply:
        async with asyncio.timeout(10):
            return await exchange(stage.app(hand_over=hands), "POST", "/run", b"hi", query=query, **more)

    return asyncio.run(ask())


def test_what_is_told_with_the_end_is_the_answer_and_neither_store_nor_thread_is_asked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a thread was asked for")

    monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor.submit", refuse)
    hands = Hands(stage, lambda job: Told(DONE, {"text": (Literal("hello"),)}))
    reply = run(stage, hands)
    assert (reply.status, reply.body) == (200, b"Literal(value='hello', unit=None)")
    (handed,) = hands.taken
    assert (handed.id, handed.process, handed.waiting_setting) == ("job1", "echo", "queue.sync_waiting")
    assert handed.waiting_limit == stage.settings.queue.sync_waiting
    assert stage.jobs.jobs == {}
    assert stage.ends._news == {}


def test_an_end_of_which_no_more_is_told_is_read_in_the_store(stage: Stage) -> None:
    def news(job: Handed) -> Told:
        stage.stores_a_job()
        stage.jobs.succeed("job2", text=Literal("stored"))
        stage.jobs.jobs["job1"] = replace(stage.jobs.jobs["job2"], id="job1")
        stage.jobs.new["job1"], stage.jobs.outputs["job1"] = (
            stage.jobs.new["job2"],
            stage.jobs.outputs["job2"],
        )
        return Told()

    reply = run(stage, Hands(stage, news))
    assert (reply.status, reply.body) == (200, b"Literal(value='stored', unit=None)")


def test_the_files_of_what_is_told_are_read(stage: Stage) -> None:
    file = StoredFile("text/a.txt", "a.txt", 3, Format("text/plain"), "0" * 64)
    hands = Hands(stage, lambda job: Told(DONE, {"text": (file,)}))
    assert b"a.txt" in run(stage, hands).body


def test_one_that_is_refused_is_told_so_and_leaves_nothing(stage: Stage) -> None:
    removed: list[str] = []
    stage.folders.remove = removed.append  # type: ignore[method-assign]
    reply = run(stage, Hands(stage, lambda job: Told(refused=QueueFull(7, "queue.sync_waiting"))))
    assert reply.status == 503
    assert b"7 jobs wait already (setting queue.sync_waiting)" in reply.body
    assert stage.jobs.jobs == {}
    assert removed == []  # it had no files


def test_where_no_worker_is_reached_it_is_stored(stage: Stage) -> None:
    hands = Hands(stage)
    hands.reached = False

    async def ask() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", b"hi"))
        await until(lambda: "job1" in stage.jobs.jobs)
        stage.jobs.succeed("job1", text=Literal("hello"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(ask())
    assert (reply.status, reply.body) == (200, b"Literal(value='hello', unit=None)")
    assert stage.wake.lanes == [Lane.SYNC]


@pytest.mark.parametrize("failed", [False, True])
def test_one_whose_worker_was_lost_is_stored_after_all_and_awaited_further(
    stage: Stage, failed: bool
) -> None:
    hands = Hands(stage, lambda job: Told(lost=True))

    async def ask() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", b"hi"))
        await until(lambda: "job1" in stage.jobs.jobs)
        assert not asking.done()
        if failed:
            stage.jobs.fail("job1", Failure(FailureKind.LOST, "its worker was lost", "r"))
        else:
            stage.jobs.succeed("job1", text=Literal("again"))
        stage.ends.tell("job1")
        return await asking

    reply = asyncio.run(ask())
    assert reply.status == (400 if failed else 200)
    assert (b"its worker was lost" if failed else b"again") in reply.body


def test_a_client_that_goes_away_takes_back_what_no_store_knows(stage: Stage) -> None:
    hands = Hands(stage)

    async def ask() -> Reply:
        gone = asyncio.Event()
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", b"hi", gone=gone))
        await until(lambda: hands.taken)
        gone.set()
        reply = await asking
        await until(lambda: stage.wake.interrupted)
        return reply

    assert asyncio.run(ask()).status == 0
    assert stage.wake.interrupted == ["job1"]


def test_a_client_that_goes_away_while_its_job_is_stored_after_all_dismisses_it(stage: Stage) -> None:
    hands = Hands(stage, lambda job: Told(lost=True))
    storing, noticed = threading.Event(), threading.Event()
    submit = stage.jobs.submit

    def slowly(new: NewJob) -> Job:
        storing.set()
        assert noticed.wait(10)
        return submit(new)

    stage.jobs.submit = slowly  # type: ignore[method-assign]

    async def ask() -> Reply:
        gone = asyncio.Event()
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", b"hi", gone=gone))
        await until(storing.is_set)
        gone.set()
        await until(lambda: "job1" not in stage.ends._news)
        noticed.set()
        async with asyncio.timeout(10):
            reply = await asking
        await until(lambda: stage.jobs.jobs["job1"].state is JobState.DISMISSED)
        return reply

    assert asyncio.run(ask()).status == 0


def test_one_with_files_is_stored_so_that_its_record_ends_with_them(stage: Stage) -> None:
    """Taken back before its worker stored it, it would leave its files to nobody."""
    hands = Hands(stage)
    asked = Execute("echo", {}, None, Mode.SYNC, Asked("plain", "1"))
    stage.root.odd = lambda request: Checked("job1", asked, {}, 1)  # type: ignore[assignment,return-value]

    async def ask() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", b"hi"))
        async with asyncio.timeout(10):
            await until(lambda: "job1" in stage.jobs.jobs)
        stage.jobs.succeed("job1", text=Literal("hello"))
        stage.ends.tell("job1")
        return await asking

    assert asyncio.run(ask()).status == 200
    assert hands.taken == []


def test_jobs_in_the_background_and_those_that_call_back_are_stored(stage: Stage) -> None:
    hands = Hands(stage)
    assert run(stage, hands, query="async").status == 201
    called = Subscriber("https://example.org/done", None, None, "http://localhost:8080")
    stage.root.odd = lambda request: Execute(
        "echo", {}, None, Mode.SYNC, Asked("plain", "1"), subscriber=called
    )

    async def ask() -> None:
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", b"hi"))
        await until(lambda: "job2" in stage.jobs.jobs)
        stage.jobs.succeed("job2", text=Literal("hello"))
        stage.ends.tell("job2")
        await asking

    asyncio.run(ask())
    assert hands.taken == []


MANY = b"[" + b"1," * (VALUES + 1) + b"1]"


@pytest.mark.parametrize(
    ("body", "by_the_loop"),
    [(b"hi", True), (b"[1,2]", True), (MANY, False), (MANY.replace(b"1,", b"<a></a>"), False)],
    ids=["text", "few", "many", "many-elements"],
)
def test_many_values_are_read_checked_and_stored_by_threads(
    body: bytes, by_the_loop: bool, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []
    read = type(stage.root).read

    def reading(dialect: Any, request: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return read(dialect, request)

    monkeypatch.setattr(type(stage.root), "read", reading)
    hands = Hands(stage, lambda job: Told(DONE, {"text": (Literal("hello"),)}))

    async def ask() -> Reply:
        asking = asyncio.ensure_future(exchange(stage.app(hand_over=hands), "POST", "/run", body))
        await until(lambda: hands.taken or "job1" in stage.jobs.jobs)
        if not hands.taken:
            stage.jobs.succeed("job1", text=Literal("hello"))
            stage.ends.tell("job1")
        return await asking

    assert asyncio.run(ask()).body == b"Literal(value='hello', unit=None)"
    assert threads == [by_the_loop]
    assert bool(hands.taken) is by_the_loop


def test_many_values_of_the_answer_are_written_by_a_thread(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[bool] = []
    write = type(stage.root).write

    def writing(dialect: Any, *told: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return write(dialect, *told)

    monkeypatch.setattr(type(stage.root), "write", writing)
    for number in (1, VALUES + 1):
        run(stage, Hands(stage, lambda job, n=number: Told(DONE, {"text": (Literal("x"),) * n})))  # type: ignore[misc]
    assert threads == [True, False]
