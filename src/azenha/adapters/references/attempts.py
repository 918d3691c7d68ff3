"""How often and how long something is tried: one fetch's attempts, the waits between them, and its time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from azenha.domain.errors import FetchFailed
from azenha.settings import ReferenceSettings

_LOOK_EVERY: Final = 0.25  # seconds: a job that waits notices in that time that it was dismissed
_WORTH: Final = 1024**2  # bytes
_GAP: Final = 60.0  # seconds: a longer silence is a pause of the job, and no time of the fetch

Sleep = Callable[[float], None]


class Attempts:
    """Of one fetch. `tick` is called while it waits; `say` is told, in a sentence, what it waits for."""

    def __init__(
        self,
        settings: ReferenceSettings,
        tick: Callable[[], None],
        say: Callable[[str], None] | None,
        sleep: Sleep = time.sleep,
    ) -> None:
        self._settings = settings
        self._tick = tick
        self._say = say or (lambda text: None)
        self._sleep = sleep
        self._failed = 0
        self._furthest = 0
        self._spent = 0.0
        self._last = time.monotonic()

    def came(self, received: int) -> None:
        """So many bytes are there: attempts are counted anew when it is worth it.

        Not for bytes that an earlier attempt had brought already: what always breaks off there has an end.
        """
        if received - self._furthest >= _WORTH:
            self._furthest = received
            self._failed = 0

    def left(self) -> float:
        """Count the time since the last look; the seconds that are left, more than 0.

        Raises:
            FetchFailed: there are none.
        """
        now = time.monotonic()
        self._spent += min(now - self._last, _GAP)
        self._last = now
        left = self._settings.time - self._spent
        if left <= 0:
            raise FetchFailed(f"not all of it within {self._settings.time:g} s (setting references.time)")
        return left

    def failed(self, said: str, asked: float | None = None) -> None:
        """Wait for the next attempt.

        Args:
            asked: seconds for which the other server wants to be left alone.
        Raises:
            FetchFailed: there is none.
        """
        of = self._settings
        self._failed += 1
        if self._failed >= of.attempts:
            raise FetchFailed(f"{said} ({self._failed} attempts)" if self._failed > 1 else said)
        if asked is not None and asked > of.wait:
            raise FetchFailed(
                f"{said}; it asks to come again in {asked:,.0f} s, and at most {of.wait:g} s are waited "
                "(setting references.wait)"
            )
        # Not all jobs that a server turned away shall come back at once.
        delay = min(of.wait, of.delay * 2 ** (self._failed - 1) * random.uniform(1, 1.25))
        delay = max(delay, asked or 0.0)
        self._say(f"{said}; attempt {self._failed + 1} of {of.attempts} in {delay:.2g} s")
        while delay > 0:
            self._tick()
            self._sleep(min(delay, _LOOK_EVERY))
            delay -= _LOOK_EVERY
            self.left()
