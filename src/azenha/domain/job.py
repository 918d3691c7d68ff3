"""A job and the one table of its states.

Everything that may change a job's state is in `TRANSITIONS`; what is absent is an error by construction. The
WHERE clauses of the store's updates and the diagram in the docs are derived from it. Pure: no clock, no store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class JobState(StrEnum):
    CREATED = "created"  # stored and checked, but nobody has asked yet that it run
    ACCEPTED = "accepted"
    HELD = "held"  # waits in its place of the queue, but not for a slot: until it is released
    RUNNING = "running"
    PAUSED = "paused"  # claimed by a worker as one that runs, and stopped in the midst of it
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DISMISSED = "dismissed"
    REMOVED = "removed"


class JobEvent(StrEnum):
    """What pulls a job from one state to the next, and who pulls.

    START: the client, of a job that was only created. CLAIM, SUCCEED, FAIL: the worker that holds the lease (a
    worker also fails a queued job that cannot run). HOLD and RELEASE (of a job that waits), PAUSE and RESUME (of
    one that runs): the client. RETRY: a worker that finds the lease lost, where attempts are left. DISMISS: the
    client. REMOVE: the client, or retention (of a created or held job retention alone).
    """

    START = "start"
    CLAIM = "claim"
    HOLD = "hold"
    RELEASE = "release"
    PAUSE = "pause"
    RESUME = "resume"
    SUCCEED = "succeed"
    FAIL = "fail"
    RETRY = "retry"
    DISMISS = "dismiss"
    REMOVE = "remove"


S, E = JobState, JobEvent

TRANSITIONS: Mapping[JobState, Mapping[JobEvent, JobState]] = MappingProxyType(
    {
        S.CREATED: MappingProxyType({E.START: S.ACCEPTED, E.DISMISS: S.DISMISSED, E.REMOVE: S.REMOVED}),
        S.ACCEPTED: MappingProxyType(
            {E.CLAIM: S.RUNNING, E.HOLD: S.HELD, E.FAIL: S.FAILED, E.DISMISS: S.DISMISSED}
        ),
        S.HELD: MappingProxyType({E.RELEASE: S.ACCEPTED, E.DISMISS: S.DISMISSED, E.REMOVE: S.REMOVED}),
        S.RUNNING: MappingProxyType(
            {
                E.SUCCEED: S.SUCCEEDED,
                E.FAIL: S.FAILED,
                E.PAUSE: S.PAUSED,
                E.RETRY: S.ACCEPTED,
                E.DISMISS: S.DISMISSED,
            }
        ),
        # No SUCCEED: what a job brought to its end while it was being stopped is recorded when it is resumed.
        S.PAUSED: MappingProxyType(
            {E.RESUME: S.RUNNING, E.FAIL: S.FAILED, E.RETRY: S.ACCEPTED, E.DISMISS: S.DISMISSED}
        ),
        S.SUCCEEDED: MappingProxyType({E.REMOVE: S.REMOVED}),
        S.FAILED: MappingProxyType({E.REMOVE: S.REMOVED}),
        S.DISMISSED: MappingProxyType({E.REMOVE: S.REMOVED}),
        S.REMOVED: MappingProxyType({}),
    }
)

ENDED = frozenset({S.SUCCEEDED, S.FAILED, S.DISMISSED})
CLAIMED = frozenset({S.RUNNING, S.PAUSED})  # a worker has it, under a lease


class IllegalTransition(Exception):
    """That event cannot happen in that state."""


def step(state: JobState, event: JobEvent) -> JobState:
    """The state after `event`.

    Raises:
        IllegalTransition: the table has no such arrow.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise IllegalTransition(f"{event} cannot happen to a job that is {state}") from None


def sources(event: JobEvent) -> frozenset[JobState]:
    """The states in which `event` can happen: the WHERE clause of its update."""
    return frozenset(state for state, arrows in TRANSITIONS.items() if event in arrows)


def target(event: JobEvent) -> JobState:
    """The state that `event` leads to, whatever the state before (every event has one)."""
    (state,) = {arrows[event] for arrows in TRANSITIONS.values() if event in arrows}
    return state


class FailureKind(StrEnum):
    """Why a job failed: the dialects choose their status code by it."""

    PROCESS = "process"  # the process raised, exited or crashed
    INPUT = "input"  # an input turned out bad once fetched or opened
    FETCH = "fetch"  # a reference could not be fetched
    SIZE = "size"  # what was fetched is too large
    TIME = "time"  # over its time limit
    MEMORY = "memory"  # over its memory limit
    OUTPUT = "output"  # its outputs are too large, or not what was declared
    SERVICE = "service"  # an output is no data that the service that was asked for could show
    RESULTS = "results"  # they could not be kept: no room, or their store is away
    LOST = "lost"  # its worker died and no attempt is left
    UNAVAILABLE = "unavailable"  # the process cannot be loaded any more


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed. `reference` also stands in the job's log and the server's log."""

    kind: FailureKind
    message: str
    reference: str
    locator: str | None = None


class Lane(StrEnum):
    """Which slots a job waits for."""

    SYNC = "sync"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Job:
    """The record of a job, as anybody may see it. Times are aware UTC.

    Attributes:
        id: UUID4 text.
        attempt: how often it was claimed; also the fencing number of the lease.
        progress: 0 to 100.
        message: the last thing the process said of itself.
        expires: when results and record are removed; None from its start to its end, unless it is held.
    """

    id: str
    process: str
    state: JobState
    lane: Lane
    created: datetime
    updated: datetime
    started: datetime | None = None
    finished: datetime | None = None
    expires: datetime | None = None
    progress: int = 0
    message: str | None = None
    attempt: int = 0
    priority: int = 0
    failure: Failure | None = None

    @property
    def ended(self) -> bool:
        return self.state in ENDED
