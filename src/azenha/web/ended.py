"""Who waits for the end of which job: implements `Ended` of usecases.ports on one event loop.

The news that a job ended comes from other processes and may get lost (the store is the truth): whoever waits
also looks into the store now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from azenha.usecases.ports import Told

ENDED = Told()
ENDING = Told(ending=True)


class Ends:
    """All methods belong to the event loop.

    Args:
        has_ended: looks a job up in the store; blocks, and so is called in a thread.
        every: seconds between such looks.
    """

    def __init__(self, has_ended: Callable[[str], bool], every: float = 1.0) -> None:
        self._has_ended = has_ended
        self._every = every
        self._news: dict[str, asyncio.Future[Told]] = {}
        self._ending = False

    def expect(self, job: str) -> None:
        if job not in self._news:
            self._news[job] = asyncio.get_running_loop().create_future()
            if self._ending:
                self.tell(job, ENDING)

    def forget(self, job: str) -> None:
        news = self._news.pop(job, None)
        if news is not None and not news.done():
            news.set_result(ENDED)

    def tell(self, job: str, told: Told = ENDED) -> None:
        """There is news of `job`. Nothing happens if nobody expects it."""
        news = self._news.get(job)
        if news is not None and not news.done():
            news.set_result(told)

    def end(self) -> None:
        """Nobody waits any longer: the server ends."""
        self._ending = True
        for job in self._news:
            self.tell(job, ENDING)

    async def wait(self, job: str, timeout: float) -> Told | None:
        """See `usecases.ports.Ended`; a job that is not expected is looked up only."""
        loop = asyncio.get_running_loop()
        news = self._news.get(job) or loop.create_future()
        deadline = loop.time() + timeout
        while not news.done():
            left = deadline - loop.time()
            await asyncio.wait((news,), timeout=max(0, min(left, self._every)))
            if not news.done():
                if await asyncio.to_thread(self._has_ended, job):
                    return ENDED
                if left <= self._every:
                    return None
        return news.result()
