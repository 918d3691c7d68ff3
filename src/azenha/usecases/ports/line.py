"""What web tier and worker tell each other of jobs, beside the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from azenha.domain.errors import QueueFull
from azenha.domain.job import Job, Lane
from azenha.domain.values import Value


@dataclass(frozen=True, slots=True)
class Handed:
    """A synchronous job on its way to a worker that stores it as it takes it.

    Attributes:
        document: the canonical request, as it is stored.
        waiting_limit: how many of these may wait already.
    """

    id: str
    process: str
    document: str
    max_attempts: int
    waiting_limit: int
    waiting_setting: str


@dataclass(frozen=True, slots=True)
class Told:
    """The news of a job: that it ended; or, of one that was handed over, that it will not.

    Attributes:
        job, outputs: its record, where it succeeded and whoever told it said so; else None: the store knows.
        refused: so many waited already that it was neither stored nor run.
        lost: its worker went away, and may have stored it or not.
        ending: nothing came of it yet; who waits is to wait no longer, for the server ends.
    """

    job: Job | None = None
    outputs: Mapping[str, Sequence[Value]] | None = None
    refused: QueueFull | None = None
    lost: bool = False
    ending: bool = False


class Wake(Protocol):
    """Tell the workers that something changed. Lossy: the store is the truth, this only saves waiting."""

    def offered(self, lane: Lane) -> None: ...

    def interrupt(self, job: str) -> None:
        """A job that was running was dismissed, paused or resumed; one that was handed over is not wanted."""


class HandOver(Protocol):
    """The way to a worker of this machine that leaves out the store; on the event loop of the web tier."""

    def __call__(self, job: Handed) -> bool:
        """False: it cannot be taken, and is to be stored. True: news of it will come, see `Ended`."""


class Ended(Protocol):
    """Tells the web tier, on its event loop, that a job ended, so that a synchronous answer can be given."""

    def expect(self, job: str) -> None:
        """Remember the end of `job` from now on. Called before the job is stored: no end is missed."""

    async def wait(self, job: str, timeout: float) -> Told | None:
        """The news of the expected job within `timeout` seconds; at once if it came before. None: there is none."""

    def forget(self, job: str) -> None:
        """The opposite of `expect`; who waits for it still, waits no longer. Nothing happens to a strange job."""
