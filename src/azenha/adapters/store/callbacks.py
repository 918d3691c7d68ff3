"""The queue of callbacks: implements `Callbacks` of usecases.ports.

A callback stands in its table from when it is asked for. It falls due in the transaction that records what it
tells of, so none is lost however the server ends; it goes when the job is removed. What is claimed falls due again
by itself, so that a worker that is killed leaves nothing behind. (row, message, attempt) is the fence.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select, update

from azenha.adapters.store import schema
from azenha.adapters.store.database import Database
from azenha.adapters.store.prepared import Prepared, given
from azenha.adapters.store.rows import EPOCH
from azenha.domain.callbacks import OCCASIONS, CallbackState, Occasion, Standing, Subscriber, place
from azenha.domain.job import JobEvent
from azenha.usecases.ports import DueCallback

C = schema.callback.c
S = CallbackState

_SECOND = 1_000_000

INSERT = insert(schema.callback)
FORGET = delete(schema.callback).where(C.job == given("of_job"))
OF_JOB = (
    select(C.occasion, C.place, C.state, C.attempts, C.updated, C.said)
    .where(C.job == given("of_job"))
    .order_by(C.occasion)
)
ARM = (
    update(schema.callback)
    .where(C.job == given("of_job"), C.occasion == given("on"), C.state == S.ASKED)
    .values(state=S.WAITING, due=given("now"), since=given("now"), updated=given("now"))
)
# One that waits already tells how the job stands when it is sent. One may be dropped because the job waits to be run
# again; after the end nobody comes here any more.
ARM_PROGRESS = (
    update(schema.callback)
    .where(
        C.job == given("of_job"),
        C.occasion == Occasion.IN_PROGRESS,
        C.state.in_((S.ASKED, S.DELIVERED, S.DROPPED)),
    )
    .values(
        message=given("fresh"),
        state=S.WAITING,
        attempts=0,
        due=func.max(given("now"), func.coalesce(C.since + given("pause"), 0)),
        since=func.max(given("now"), func.coalesce(C.since + given("pause"), 0)),
        updated=given("now"),
    )
)
DROP = (
    update(schema.callback)
    .where(C.job == given("of_job"), C.occasion != given("on"), C.state.in_((S.ASKED, S.WAITING)))
    .values(state=S.DROPPED, due=None, updated=given("now"))
)
NEXT = (
    select(C.seq)
    .where(C.due <= given("now"), C.place != given("busy"), C.place != given("busy_too"))
    .order_by(C.due)
    .limit(1)
)
CLAIM = (
    update(schema.callback)
    .where(C.seq == NEXT.scalar_subquery())
    .values(due=given("until"), worker=given("by"), attempts=C.attempts + 1)
    .returning(C.job, C.occasion, C.address, C.message, C.attempts, C.since)
)
TRIED = (
    update(schema.callback)
    .where(
        C.job == given("of_job"),
        C.occasion == given("on"),
        C.message == given("of_message"),
        C.attempts == given("of_attempt"),
        C.state == S.WAITING,
    )
    .values(state=given("now_is"), due=given("again"), worker=None, updated=given("now"), said=given("what"))
)


# Of the few that wait; a claim that nobody answers for is due at once.
RECOVER = (
    update(schema.callback)
    .where(C.due.is_not(None), C.worker != given("by"))
    .values(due=given("now"), worker=None)
)


def ask(connection: Prepared, job: str, subscriber: Subscriber | None, now: int) -> None:
    """Store what is asked for with a job, beside the job's own row."""
    for occasion, address in subscriber.addresses.items() if subscriber else ():
        row = {
            "job": job,
            "occasion": occasion,
            "address": address,
            "place": place(address),
            "message": _message(),
            "state": S.ASKED,
            "attempts": 0,
            "updated": now,
        }
        connection.execute(INSERT, row)


def _message() -> str:
    return f"msg_{uuid.uuid4().hex}"


def forget(connection: Prepared, job: str) -> None:
    connection.execute(FORGET, {"of_job": job})


def happened(connection: Prepared, job: str, event: JobEvent, now: int) -> None:
    """A job ended: what tells so falls due, and nothing else is told any more."""
    values = {"of_job": job, "on": OCCASIONS[event], "now": now}
    connection.execute(ARM, values)
    connection.execute(DROP, values)


def progressed(connection: Prepared, job: str, now: int, pause: float) -> None:
    """A job runs, or got on: told at once, or `pause` seconds after the last time."""
    values = {"of_job": job, "fresh": _message(), "now": now, "pause": int(pause * _SECOND)}
    connection.execute(ARM_PROGRESS, values)


class CallbackQueue(Database):
    def callbacks(self, id: str) -> tuple[Standing, ...]:
        with self._connections.borrowed() as connection:
            rows = connection.execute(OF_JOB, {"of_job": id}).all()
        return tuple(
            Standing(Occasion(on), place, S(state), attempts, _moment(updated), said)
            for on, place, state, attempts, updated, said in rows
        )

    def claim_callback(self, worker: str, lease: float, busy: Sequence[str] = ()) -> DueCallback | None:
        first, second = (*busy, "", "")[:2]
        places: dict[str, object] = {"busy": first, "busy_too": second}
        with self._connections.borrowed() as connection:  # as with jobs: an idle worker must not write
            if connection.execute(NEXT, {"now": self._now()} | places).first() is None:
                return None

        def operation(connection: Prepared) -> DueCallback | None:
            now = self._now()
            values = {"by": worker, "now": now, "until": now + int(lease * _SECOND)} | places
            row = connection.execute(CLAIM, values).first()
            if row is None:
                return None
            job, on, address, message, attempt, since = row
            return DueCallback(job, Occasion(on), address, message, attempt, _moment(since))

        # Not durable: what power undoes is sent again.
        return self._writer.run(operation, durable=False)

    def recover_callbacks(self, worker: str) -> None:
        values = {"by": worker, "now": self._now()}
        self._writer.run(lambda connection: connection.execute(RECOVER, values).rowcount, durable=False)

    def callback_ended(self, due: DueCallback, state: CallbackState, said: str) -> bool:
        return self._tried(due, state, said, None)

    def callback_again(self, due: DueCallback, seconds: float, said: str) -> bool:
        return self._tried(due, S.WAITING, said, seconds)

    def _tried(self, due: DueCallback, state: CallbackState, said: str, seconds: float | None) -> bool:
        now = self._now()
        values = {
            "of_job": due.job,
            "on": due.occasion,
            "of_message": due.message,
            "of_attempt": due.attempt,
            "now_is": state,
            "again": None if seconds is None else now + int(seconds * _SECOND),
            "now": now,
            "what": said,
        }
        return self._writer.run(
            lambda connection: connection.execute(TRIED, values).rowcount > 0, durable=False
        )


def _moment(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
