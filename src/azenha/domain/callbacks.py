"""Callbacks: who is told of a job, on what occasion, and how often that is tried (OGC 18-062r2 §13). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from azenha.domain.job import JobEvent


class Occasion(StrEnum):
    """When somebody is told."""

    SUCCESS = "success"
    IN_PROGRESS = "inProgress"
    FAILED = "failed"


# What an event makes due; a dismissed job is told as one that failed: there is no other address for it.
OCCASIONS: Final[Mapping[JobEvent, Occasion]] = MappingProxyType(
    {
        JobEvent.CLAIM: Occasion.IN_PROGRESS,
        JobEvent.SUCCEED: Occasion.SUCCESS,
        JobEvent.FAIL: Occasion.FAILED,
        JobEvent.DISMISS: Occasion.FAILED,
    }
)


class CallbackState(StrEnum):
    """How a callback stands."""

    ASKED = "asked"  # its occasion has not come
    WAITING = "waiting"  # it is sent, or waits for its next attempt
    DELIVERED = "delivered"
    REFUSED = "refused"  # the receiver wants no more (410), or its address may not be called
    GIVEN_UP = "given up"  # every attempt failed
    DROPPED = "dropped"  # the job ended otherwise, or has ended


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Whom to tell (subscriber.yaml).

    Attributes:
        success, in_progress, failed: addresses, http or https; None: nobody.
        base: the address of the dialect as the client saw it, without a trailing slash: links begin with it.
    """

    success: str | None = None
    in_progress: str | None = None
    failed: str | None = None
    base: str = ""

    @property
    def addresses(self) -> Mapping[Occasion, str]:
        given = (
            (Occasion.SUCCESS, self.success),
            (Occasion.IN_PROGRESS, self.in_progress),
            (Occasion.FAILED, self.failed),
        )
        return {occasion: address for occasion, address in given if address is not None}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a callback of a job stands, as anybody may see it.

    Attributes:
        place: scheme, host and port alone: the rest of an address may be a secret.
        said: what came of the last attempt.
    """

    occasion: Occasion
    place: str
    state: CallbackState
    attempts: int
    updated: datetime
    said: str | None = None


# Each delay is so many times the one before. With ten attempts and five seconds the last is made after some 14 hours.
GROWTH: Final = 3


@dataclass(frozen=True, slots=True)
class Patience:
    """How long delivery is tried: `attempts` in all, within `total` seconds, `delay` seconds after the first."""

    attempts: int
    delay: float
    total: float

    def next_delay(self, made: int, waited: float, chance: float, wished: float = 0) -> float | None:
        """Seconds to the next attempt; None: no more are made.

        Args:
            made: attempts so far.
            waited: seconds since the callback fell due.
            chance: from 0 to 1: half of each delay is left to it, so that many are not tried again at once.
            wished: seconds that the receiver asked to be left alone (Retry-After).
        """
        if made >= self.attempts:
            return None
        # The exponent is bounded: a float of more would overflow.
        delay = self.delay * GROWTH ** min(max(made, 1) - 1, 60) * (0.75 + 0.5 * chance)
        delay = max(delay, wished)
        return delay if waited + delay <= self.total else None


def place(address: str) -> str:
    """Scheme, host and port of an address: paths and queries of callbacks often hold secrets."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
