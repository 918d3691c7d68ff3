"""The statements of the job table, built once.

Every change of state is one conditional UPDATE whose guard is derived from domain.job.TRANSITIONS.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, delete, func, insert, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert as insert_unless

from azenha.adapters.store import schema
from azenha.adapters.store.prepared import given
from azenha.adapters.store.rows import RECORD, J
from azenha.domain.job import CLAIMED, JobEvent, JobState, Lane, sources, target


def possible(*events: JobEvent) -> ColumnElement[bool]:
    """The WHERE clause of an update: the states in which the event can happen."""
    states = frozenset.intersection(*(sources(e) for e in events))
    return being(*states) if len(states) == 1 else J.state.in_(sorted(states))


def being(state: JobState) -> ColumnElement[bool]:
    """As a constant: SQLite takes a partial index only where its condition stands in the query word for word.

    A value that is given, where a partial index has a condition on its column, would also make SQLite plan the
    statement anew each time that it is run (measured: 60 of 80 microseconds).
    """
    return J.state == literal_column(f"'{state}'")


def being_one_of(states: Collection[JobState]) -> ColumnElement[bool]:
    """As constants, as `being`, in the order of the index's condition."""
    return J.state.in_([literal_column(f"'{state}'") for state in sorted(states)])


def within(lane: Lane) -> ColumnElement[bool]:
    """As a constant, as `being`."""
    return J.lane == literal_column(f"'{lane}'")


# A job may come by two ways, see `Jobs.submit`.
INSERT = insert_unless(schema.job).on_conflict_do_nothing(index_elements=[J.id])
EVENT = insert(schema.event)


def _count(found: Select[Any]) -> Select[Any]:
    return select(func.count()).select_from(found.limit(given("most")).subquery())


WAITING: Mapping[Lane, Select[Any]] = {
    lane: _count(
        select(J.seq)
        .where(being(JobState.ACCEPTED), within(lane))
        # Ordered as the index of the queue is, so that it is taken: another would count both lanes.
        .order_by(J.priority.desc(), J.seq)
    )
    for lane in Lane
}
HELD = _count(select(J.seq).where(being(JobState.HELD), within(Lane.BACKGROUND)))
CREATED = _count(select(J.seq).where(being(JobState.CREATED), within(Lane.BACKGROUND)))
GET = select(*RECORD).where(J.id == given("id"), J.state != JobState.REMOVED)
REQUEST = select(J.request).where(J.id == given("id"), J.state != JobState.REMOVED)
RESULTS = select(*RECORD, J.request, J.outputs).where(J.id == given("id"), J.state != JobState.REMOVED)
CHANGE = (
    update(schema.job)
    .where(
        J.id == given("of_id"),
        being(JobState.CREATED),
        # Somebody else's change in between would be lost.
        J.updated == given("seen"),
    )
    .values(request=given("document"), updated=given("now"))
    .returning(*RECORD)
)
START = (
    update(schema.job)
    .where(J.id == given("of_id"), possible(JobEvent.START))
    .values(
        state=target(JobEvent.START),
        updated=given("now"),
        expires=None,
        # To the end of the queue: whoever created it long ago has not waited since then.
        seq=select(func.max(J.seq) + 1).scalar_subquery(),
    )
    .returning(*RECORD)
)
NEXT = {
    lane: select(J.seq)
    .where(possible(JobEvent.CLAIM), within(lane))
    .order_by(J.priority.desc(), J.seq)
    .limit(1)
    for lane in Lane
}
CLAIM = {
    lane: update(schema.job)
    .where(J.seq == first.scalar_subquery())
    .values(
        state=target(JobEvent.CLAIM),
        worker=given("by"),
        attempt=J.attempt + 1,
        lease_until=given("until"),
        started=given("now"),
        updated=given("now"),
        progress=0,
        message=None,
    )
    .returning(*RECORD, J.request)
    for lane, first in NEXT.items()
}


def fenced(statement: Update) -> Update:
    """Only the holder of the lease may write; what a job said before it was stopped is not lost."""
    return statement.where(
        J.id == given("of_id"),
        being_one_of(CLAIMED),
        J.worker == given("by"),
        J.attempt == given("of_attempt"),
    )


RENEW = fenced(update(schema.job)).values(lease_until=given("until")).returning(J.state)
PROGRESS = fenced(update(schema.job)).values(
    progress=given("percent"), message=given("said"), updated=given("now")
)


def _ended(how: JobEvent) -> dict[str, object]:
    """What every end of a job writes."""
    return {
        "state": target(how),
        "finished": given("now"),
        "updated": given("now"),
        "expires": given("until"),
        "duration": given("now") - J.started,
        "worker": None,
        "lease_until": None,
    }


_ENDINGS: Mapping[JobEvent, Mapping[str, object]] = {
    JobEvent.SUCCEED: {"progress": 100, "outputs": given("document")},
    JobEvent.FAIL: {"failure": given("document")},
}
END: Mapping[JobEvent, Update] = {
    ending: fenced(update(schema.job))
    .where(possible(ending))
    .values(**_ended(ending), **values)
    .returning(J.message)
    for ending, values in _ENDINGS.items()
}
DISMISS = (
    update(schema.job)
    .where(J.id == given("of_id"), possible(JobEvent.DISMISS))
    .values(**_ended(JobEvent.DISMISS))
    .returning(*RECORD)
)
# By the client, and of jobs in the background alone: nobody knows the id of another.
_STEERED: Mapping[JobEvent, Mapping[str, object]] = {
    JobEvent.HOLD: {"expires": given("until")},
    JobEvent.RELEASE: {"expires": None},
    JobEvent.PAUSE: {},
    JobEvent.RESUME: {},
}
STEER: Mapping[JobEvent, Update] = {
    steered: update(schema.job)
    .where(J.id == given("of_id"), possible(steered), within(Lane.BACKGROUND))
    .values(state=target(steered), updated=given("now"), **dict(values))
    .returning(*RECORD)
    for steered, values in _STEERED.items()
}
REMOVE = (
    update(schema.job)
    .where(J.id == given("of_id"), possible(JobEvent.REMOVE))
    .values(state=target(JobEvent.REMOVE), updated=given("now"))
    .returning(*RECORD)
)
LOST = select(J.id, J.attempt, J.max_attempts, J.worker).where(
    being_one_of(CLAIMED),
    (J.lease_until < given("now")) | ((J.worker != given("mine")) & given("others")),
)
ATTEMPTS = select(J.max_attempts).where(J.id == given("id"))
RETRY = (
    fenced(update(schema.job))
    .where(possible(JobEvent.RETRY))
    .values(
        state=target(JobEvent.RETRY),
        updated=given("now"),
        started=None,
        worker=None,
        lease_until=None,
        progress=0,
        message=given("said"),
    )
)
OVERDUE = (
    select(J.id)
    # Only what ended, is held or waits for its start has that time. Named by its states, SQLite would look at all
    # of them.
    .where(J.expires < given("now"), J.state != JobState.REMOVED)
    .order_by(J.expires)
    .limit(given("most"))
)
REMOVED = select(J.id).where(being(JobState.REMOVED)).limit(given("most"))
KNOWN = select(J.seq).where(J.id == given("id"))
FORGET = delete(schema.job).where(J.id == given("of_id"), being(JobState.REMOVED))
FORGET_EVENTS = delete(schema.event).where(
    schema.event.c.job == given("of_id"),
    ~select(J.seq).where(J.id == given("of_id")).exists(),
)
