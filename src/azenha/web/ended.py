"""Who waits for the end of which job: implements `Ended` of usecases.ports on one event loop.

The news that a job ended comes from other processes and may get lost (the store is the truth): whoever waits
also looks into the store now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ends:
    """All methods belong to the event loop; other threads `loop.call_soon_threadsafe(ends.tell, job)`.

    Args:
        has_ended: looks a job up in the store; blocks, and so is called in a thread.
        every: seconds between such looks.
    """

    def __init__(self, has_ended: Callable[[str], bool], every: float = 1.0) -> None:
        self._has_ended = has_ended
        self._every = every
        self._events: dict[str, asyncio.Event] = {}

    def expect(self, job: str) -> None:
        self._events.setdefault(job, asyncio.Event())

    def forget(self, job: str) -> None:
        event = self._events.pop(job, None)
        if event is not None:
            event.set()

    def tell(self, job: str) -> None:
        """`job` ended. Nothing happens if nobody expects it."""
        event = self._events.get(job)
        if event is not None:
            event.set()

    async def wait(self, job: str, timeout: float) -> bool:
        """See `usecases.ports.Ended`; a job that is not expected is looked up only."""
        event = self._events.get(job) or asyncio.Event()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while not event.is_set():
            left = deadline - loop.time()
            if left <= 0:
                return await asyncio.to_thread(self._has_ended, job)
            try:
                async with asyncio.timeout(min(left, self._every)):
                    await event.wait()
            except TimeoutError:
                if await asyncio.to_thread(self._has_ended, job):
                    return True
        return True
