"""Sends callbacks, beside the slots: claim one that is due → write its body → post it → record what came of it.

The store is the truth: what is claimed and not recorded falls due again, so that each is delivered at least once.
Knows no HTTP and no dialect: `post` and `write` are handed in. Whatever goes wrong here is no job's business.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from azenha.domain.callbacks import CallbackState, Patience, place
from azenha.domain.errors import ForbiddenAddress
from azenha.settings import CallbackSettings
from azenha.usecases.ports import CallbackBody, Callbacks, Clock, DueCallback, Post, Posted

LOOK_EVERY = 0.5  # seconds between looks at the queue while nothing is due
# Seconds of a claim beyond the time limit of its attempt: resolving a name and writing a body are not in that.
SPARE = 45.0
STOP_WITHIN = 2.0  # seconds

_log = logging.getLogger("azenha.callbacks")

# The body of a callback; None: there is nothing to be told any more (the job was removed, or does not run now).
Write = Callable[[DueCallback], CallbackBody | None]
Tell = Callable[[str, str], None]  # a line for the log of a job


class Caller:
    def __init__(
        self,
        name: str,
        queue: Callbacks,
        write: Write,
        post: Post,
        tell: Tell,
        clock: Clock,
        settings: CallbackSettings,
        spare: float = SPARE,
    ) -> None:
        self._name = name
        self._queue = queue
        self._write = write
        self._post = post
        self._tell = tell
        self._clock = clock
        self._patience = Patience(settings.attempts, settings.delay, settings.total)
        self._lease = settings.timeout + spare
        self._free = threading.Semaphore(settings.at_once)
        self._at_once = settings.at_once
        self._under_way: dict[tuple[str, int], str] = {}  # places by message and attempt
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="azenha-callbacks", daemon=True)

    def start(self) -> None:
        """Take over what other workers left, then send what is due."""
        self._queue.recover_callbacks(self._name)
        self._thread.start()

    def stop(self) -> None:
        """Begin no more attempts; those under way have a moment to end. What does not is sent again later."""
        self._stop.set()
        self._thread.join()
        until = time.monotonic() + STOP_WITHIN
        for _ in range(self._at_once):
            self._free.acquire(timeout=max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._free.acquire(timeout=LOOK_EVERY):  # claimed is only what is sent at once
                continue
            begun = False
            try:
                begun = self._begin()
            except Exception:
                _log.exception("callbacks cannot be sent; trying again")
            if not begun:
                self._free.release()
                self._stop.wait(LOOK_EVERY)

    def _begin(self) -> bool:
        """Begin one attempt; False if nothing is due."""
        due = self._queue.claim_callback(self._name, self._lease, self._busy())
        if due is None:
            return False
        # A daemon: a worker that ends waits for nobody's server.
        attempt = threading.Thread(target=self._attempt, args=(due,), name="azenha-callback", daemon=True)
        self._under_way[due.message, due.attempt] = place(due.address)
        try:
            attempt.start()
        except BaseException:
            del self._under_way[due.message, due.attempt]
            raise
        return True

    def _busy(self) -> list[str]:
        """Places that have their share: one that is slow must not take all the room. There are two at most.

        With half of the room to each, and some of it free, no third can have its share.
        """
        share = max(1, self._at_once // 2)
        counted = Counter(list(self._under_way.values()))
        return [where for where, count in counted.items() if count >= share]

    def _attempt(self, due: DueCallback) -> None:
        try:
            self._settle(due, self._posted(due))
        except Exception:  # it falls due again when its claim runs out
            _log.exception("callback %s of job %s could not be recorded", due.message, due.job)
        finally:
            del self._under_way[due.message, due.attempt]
            self._free.release()

    def _posted(self, due: DueCallback) -> Posted | CallbackState:
        """What the receiver answered; the end of the callback, where nothing was sent."""
        if due.attempt > self._patience.attempts:
            return CallbackState.GIVEN_UP  # the worker died at every one of them
        try:
            body = self._write(due)
            return CallbackState.DROPPED if body is None else self._post(due.address, due.message, body)
        except ForbiddenAddress as error:
            _log.warning("callback %s of job %s was not sent: %s", due.message, due.job, error)
            return CallbackState.REFUSED
        except Exception:
            _log.exception("callback %s of job %s could not be sent", due.message, due.job)
            return Posted(None, "not sent: an internal error of the server")

    def _settle(self, due: DueCallback, answer: Posted | CallbackState) -> None:
        if isinstance(answer, CallbackState):
            self._end(due, answer, _UNSENT[answer])
        elif answer.status is not None and 200 <= answer.status < 300:
            self._end(due, CallbackState.DELIVERED, answer.said)
        elif answer.status == HTTPStatus.GONE:
            self._end(due, CallbackState.REFUSED, answer.said)
        else:
            waited = max(0.0, (self._clock.now() - due.since).total_seconds())
            seconds = self._patience.next_delay(due.attempt, waited, random.random(), answer.wait)
            if seconds is None:
                self._end(due, CallbackState.GIVEN_UP, answer.said)
            elif self._queue.callback_again(due, seconds, answer.said):
                self._log(due, answer.said, f"next attempt in {seconds:.0f} s")

    def _end(self, due: DueCallback, state: CallbackState, said: str) -> None:
        if self._queue.callback_ended(due, state, said) and state is not CallbackState.DROPPED:
            self._log(due, said, state)

    def _log(self, due: DueCallback, said: str, then: str) -> None:
        attempt = f"attempt {due.attempt} of {self._patience.attempts}"
        line = f"CALLBACK {due.occasion} to {place(due.address)}: {said} ({attempt}; {then})"
        self._tell(due.job, f"{line}\n")


_UNSENT: Final[Mapping[CallbackState, str]] = {
    CallbackState.DROPPED: "not sent: the job had changed meanwhile",
    CallbackState.REFUSED: "not sent: the address may not be called",
    CallbackState.GIVEN_UP: "not sent: the server was ended at each attempt",
}
