"""What idle slots wait for: a hint that a job is in the store, or a job that was handed over."""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress

from azenha.domain.errors import QueueFull
from azenha.usecases.ports import Handed

UNKNOWN = 1000  # jobs that nobody wants, of which nothing was seen yet


class Waiting:
    """Of one lane with so many slots. Safe to use from any thread."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._handed: deque[Handed] = deque()
        self._unwanted: dict[str, None] = {}
        self._hints: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def hint(self) -> None:
        """A job is in the store. Not more is remembered than there are slots that would look."""
        if self._hints.qsize() < self._slots:
            self._hints.put(None)

    def hand_over(self, job: Handed) -> None:
        """
        Raises:
            QueueFull: so many wait already.
        """
        with self._lock:
            if len(self._handed) >= job.waiting_limit:
                raise QueueFull(job.waiting_limit, job.waiting_setting)
            self._handed.append(job)
        self.hint()

    def next(self) -> Handed | None:
        """The one that was handed over first, now the caller's to store or to give back."""
        with self._lock:
            return self._handed.popleft() if self._handed else None

    def give_back(self, job: Handed) -> None:
        """It could not be stored now, and is the first again."""
        with self._lock:
            self._handed.appendleft(job)
        self.hint()

    def withdraw(self, job: str) -> None:
        """Nobody waits for it any more. If it does not wait here it is under way to the store: see `wanted`."""
        with self._lock:
            for handed in self._handed:
                if handed.id == job:
                    self._handed.remove(handed)
                    return
            self._unwanted[job] = None
            while len(self._unwanted) > UNKNOWN:
                del self._unwanted[next(iter(self._unwanted))]

    def wanted(self, job: str) -> bool:
        """False, once, of a job that was withdrawn before it was claimed."""
        if not self._unwanted:
            return True
        with self._lock:
            return self._unwanted.pop(job, job) is not None

    def wait(self, seconds: float) -> None:
        """Until there is a hint, at most so long."""
        with suppress(queue.Empty):
            self._hints.get(timeout=seconds)

    def end(self) -> None:
        """Nobody is to wait any longer."""
        for _ in range(self._slots):
            self._hints.put(None)
