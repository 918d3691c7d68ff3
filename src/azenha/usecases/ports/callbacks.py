"""The queue of callbacks, and how one is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from azenha.domain.callbacks import CallbackState, Occasion


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A callback that whoever claimed it has to send now.

    Attributes:
        message: names what is told; the same at each attempt (`webhook-id`).
        attempt: counted from 1, this one included.
        since: when its occasion came.
    """

    job: str
    occasion: Occasion
    address: str
    message: str
    attempt: int
    since: datetime


class Callbacks(Protocol):
    """The queue of callbacks. What is due was written in the transaction that recorded why."""

    def recover_callbacks(self, worker: str) -> None:
        """Make due at once what all other workers have claimed: they are gone."""

    def claim_callback(self, worker: str, lease: float, busy: Sequence[str] = ()) -> DueCallback | None:
        """The one that has been due for longest; if no more is heard of it in `lease` seconds it is due again.

        Args:
            busy: places (domain.callbacks.place), two at most, whose callbacks shall wait.
        """

    def callback_ended(self, due: DueCallback, state: CallbackState, said: str) -> bool:
        """Record that no more attempts are made; False if the claim ran out, or the job was removed."""

    def callback_again(self, due: DueCallback, seconds: float, said: str) -> bool:
        """Record a failed attempt; the next is due in so many seconds. Returns as `callback_ended`."""


@dataclass(frozen=True, slots=True)
class CallbackBody:
    """What is sent."""

    headers: tuple[tuple[str, str], ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """What a receiver answered.

    Attributes:
        status: of HTTP.
        said: that, or what went wrong, for people; names no more of the address than `domain.callbacks.place`.
        wait: seconds that the receiver asked to be left alone.
    """

    status: int | None
    said: str
    wait: float = 0


class Post(Protocol):
    """Send one callback, signed, under the address policy; several threads may call it at once."""

    def __call__(self, address: str, message: str, body: CallbackBody) -> Posted:
        """
        Raises:
            ForbiddenAddress: the address may not be called.
        """
