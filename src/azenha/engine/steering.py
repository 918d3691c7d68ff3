"""What clients want of jobs that have begun: that they wait, go on, or end. The store says it; runs are told.

Knows no children: a Run stops its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final, Protocol

from azenha.domain.job import JobState
from azenha.usecases.ports import Leases

Held = tuple[str, int]  # a job and its attempt


class Steered(Protocol):
    """What of a run can be steered. Each may be said again: nothing happens then."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def dismiss(self) -> None: ...


class PausedTooLong(Exception):
    """Nobody resumed the job in the time that it may be paused."""


class Stopped(Exception):
    """The worker ends."""


class Steering:
    def __init__(self, worker: str, store: Leases, lease: float) -> None:
        self._worker = worker
        self._store = store
        self._lease = lease
        self._runs: dict[Held, Steered] = {}
        self._paused: set[Held] = set()
        self._stopped = False
        # Held from a look at the store until all is done that follows from it: of two looks the first must not
        # have the last word.
        self._changed: Final = threading.Condition()

    def look(self, attempts: Mapping[str, int]) -> Mapping[str, JobState]:
        """Renew the leases of these jobs, and do with their runs as the store says.

        Returns:
            As `Leases.renew`.
        """
        with self._changed:
            states = self._store.renew(self._worker, self._lease, attempts)
            for held in attempts.items():
                state, run = states.get(held[0]), self._runs.get(held)
                if state is JobState.PAUSED:
                    self._paused.add(held)
                else:
                    self._paused.discard(held)
                if run is not None:
                    {None: run.dismiss, JobState.PAUSED: run.pause}.get(state, run.resume)()
            self._changed.notify_all()
        return states

    def begin(self, held: Held, run: Steered) -> None:
        """That run is the job now; it may be paused already, before its references were fetched or since."""
        with self._changed:
            self._runs[held] = run
            if held in self._paused:
                run.pause()

    def end(self, held: Held) -> None:
        with self._changed:
            del self._runs[held]

    def forget(self, held: Held) -> None:
        """The job has ended, or is another's."""
        with self._changed:
            self._paused.discard(held)

    def resumed(self, held: Held, patience: float) -> bool:
        """Wait while a job is paused; False if it is not ours any more.

        Args:
            patience: seconds.
        Raises:
            PausedTooLong, Stopped
        """
        until = time.monotonic() + patience
        while (state := self.look(dict([held])).get(held[0])) is JobState.PAUSED:
            left = until - time.monotonic()
            with self._changed:
                if self._stopped:
                    raise Stopped
                if left <= 0:
                    raise PausedTooLong
                self._changed.wait_for(
                    lambda: held not in self._paused or self._stopped, min(left, threading.TIMEOUT_MAX)
                )
        return state is JobState.RUNNING

    def stop(self) -> None:
        """Whoever waits, waits no longer."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
