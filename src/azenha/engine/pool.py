"""The children of a worker: fresh ones, those kept for another job of their process, and those that end.

Safe to use from any thread. Knows no jobs.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from azenha.domain.job import Lane
from azenha.engine.job_log import Output, PolledOutput, ThreadedOutput
from azenha.engine.sandbox.child import CannotStart, Child, Starter

END_WITHIN = 1.0  # seconds that a child without work has to end by itself

Key = tuple[str, Lane]  # of the jobs that a child may serve in turn: their process


@dataclass(slots=True)
class Kept:
    """A child between two jobs of the same process; `waited`: for the one that it has now."""

    child: Child
    output: Output
    used: int
    since: float
    waited: bool = False


class Pool:
    def __init__(self, starter: Starter, nice: int) -> None:
        """`nice`: of children for background jobs."""
        self._starter = starter
        self._nice = nice
        self._kept: dict[Key, list[Kept]] = {}
        self._ready: dict[tuple[str, Lane], list[Kept]] = {}
        self._ending: deque[tuple[Child, float]] = deque()
        self._lock = threading.Lock()

    def take(self, source: str, key: Key, lane: Lane) -> Kept:
        """A child for a job: one that was kept or prepared, or a fresh one.

        Raises:
            CannotStart
        """
        with self._lock:
            for kept in (self._kept.get(key), self._ready.get((source, lane))):
                while kept:
                    one = kept.pop()
                    if one.child.exit_code(0) is None:
                        one.waited = True
                        return one
                    one.child.close()
                    one.output.close()
        return self._fresh(source, lane)

    def _fresh(self, source: str, lane: Lane) -> Kept:
        child = self._starter.start(source, self._nice if lane is Lane.BACKGROUND else 0)
        output = PolledOutput(child.output) if child.polled else ThreadedOutput(child.output)
        return Kept(child, output, 0, time.monotonic())

    def prepare(self, source: str, lane: Lane) -> None:
        """Have a child forked while the present one works: the next job need not wait for that."""
        if self._ready.get((source, lane)):
            return
        with suppress(CannotStart, OSError):  # the job that asks is none the worse for it
            fresh = self._fresh(source, lane)  # without the lock: a new warm parent may import for a while
            with self._lock:
                self._ready.setdefault((source, lane), []).append(fresh)

    def keep(self, key: Key, kept: Kept) -> None:
        """It may serve another job of that process."""
        kept.since = time.monotonic()
        with self._lock:
            self._kept.setdefault(key, []).append(kept)

    def end(self, kept: Kept) -> None:
        """It has served its last job."""
        # It ends by itself then; closing its channel ends one that waits for more. The slot does not wait for
        # that: `end_for_good` looks after it.
        kept.child.channel.close()
        kept.output.close()
        self._ending.append((kept.child, time.monotonic() + END_WITHIN))

    def end_idle(self, idle: float) -> None:
        """End those that have waited for a job so many seconds."""
        before = time.monotonic() - idle
        with self._lock:
            pools = [*self._kept.values(), *self._ready.values()]
            unused = [k for kept in pools for k in kept if k.since < before]
            for kept in pools:
                kept[:] = [k for k in kept if k.since >= before]
        for one in unused:
            self.end(one)

    def end_for_good(self) -> None:
        """Kill those that should have ended by now; called often, by one thread."""
        now = time.monotonic()
        for _ in range(len(self._ending)):
            child, until = self._ending.popleft()
            if child.exit_code(0) is not None:
                continue
            if now > until:
                child.kill()
                until = now + END_WITHIN
            self._ending.append((child, until))
