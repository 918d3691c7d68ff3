"""Waiting for the end of a job: no end is missed, lost news do not matter."""

from __future__ import annotations

import asyncio
import threading

from azenha.usecases.ports import Told
from azenha.web.ended import ENDED, ENDING, Ends


def test_an_end_between_expecting_and_waiting_is_not_missed() -> None:
    news = Told(lost=True)

    async def run() -> Told | None:
        ends = Ends(lambda job: False)
        ends.expect("a")
        ends.tell("a", news)
        ends.tell("a")
        return await ends.wait("a", 0)

    assert asyncio.run(run()) is news


def test_an_end_told_from_another_thread_wakes_the_one_who_waits_and_nobody_else() -> None:
    async def run() -> tuple[Told | None, Told | None]:
        ends = Ends(lambda job: False, every=60)
        ends.expect("a")
        ends.expect("b")
        loop = asyncio.get_running_loop()
        waiting = asyncio.gather(ends.wait("a", 60), ends.wait("b", 0.05))
        threading.Thread(target=lambda: loop.call_soon_threadsafe(ends.tell, "a")).start()
        a, b = await waiting
        return a, b

    assert asyncio.run(run()) == (ENDED, None)


def test_an_end_whose_news_got_lost_is_found_in_the_store() -> None:
    looks: list[str] = []

    def has_ended(job: str) -> bool:
        looks.append(job)
        return len(looks) == 3

    async def run() -> Told | None:
        ends = Ends(has_ended, every=0.005)
        ends.expect("a")
        return await ends.wait("a", 60)

    assert asyncio.run(run())
    assert looks == ["a"] * 3


def test_the_wait_is_over_after_its_time_with_a_last_look() -> None:
    async def run(result: bool) -> Told | None:
        ends = Ends(lambda job: result, every=60)
        ends.expect("a")
        return await ends.wait("a", 0.01)

    assert not asyncio.run(run(False))
    assert asyncio.run(run(True))


def test_who_waits_for_what_is_forgotten_waits_no_longer() -> None:
    async def run() -> None:
        ends = Ends(lambda job: False, every=60)
        ends.expect("a")
        waiting = asyncio.ensure_future(ends.wait("a", 60))
        await asyncio.sleep(0)
        ends.forget("a")
        async with asyncio.timeout(10):
            await waiting

    asyncio.run(run())


def test_what_is_forgotten_takes_no_room_and_news_of_strangers_none_either() -> None:
    async def run() -> int:
        ends = Ends(lambda job: False)
        for n in range(10):
            ends.expect(str(n))
            ends.tell(f"stranger {n}")
            ends.forget(str(n))
            ends.forget(str(n))
        return len(ends._news)

    assert asyncio.run(run()) == 0


def test_when_the_server_ends_nobody_waits_and_nobody_begins_to() -> None:
    async def run() -> tuple[Told | None, Told | None]:
        ends = Ends(lambda job: False, every=60)
        ends.expect("a")
        waiting = asyncio.ensure_future(ends.wait("a", 60))
        await asyncio.sleep(0)
        ends.end()
        ends.expect("b")
        async with asyncio.timeout(10):
            return await waiting, await ends.wait("b", 60)

    assert asyncio.run(run()) == (ENDING, ENDING)
