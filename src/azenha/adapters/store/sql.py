"""The job table in SQL: implements `Jobs` and `Leases` of usecases.ports.

Every change of state is one conditional UPDATE whose guard is derived from domain.job.TRANSITIONS, with its
event in the same transaction. No row matched means that somebody else moved the job first: the caller answers
from what is true now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Update,
    create_engine,
    delete,
    event,
    func,
    insert,
    literal_column,
    select,
    update,
)

from azenha.adapters.store import schema
from azenha.adapters.store.prepared import Prepared, borrowed, given
from azenha.adapters.store.writer import Writer
from azenha.domain.canonical import (
    StoredRequest,
    dump_request,
    dump_values,
    load_request,
    load_values,
)
from azenha.domain.errors import BadParameter, QueueFull
from azenha.domain.job import Failure, FailureKind, Job, JobEvent, JobState, Lane, sources, target
from azenha.domain.messages import ListJobs
from azenha.domain.values import Value
from azenha.usecases.ports import LOST, Clock, Lease, NewJob, Success

_J = schema.job.c
# SqlJobs.list hides the builtin inside the class.
Ids = list[str]
Recovered = list[Job]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# What stands in a status: never the request or the outputs, which may be large.
_RECORD: tuple[ColumnElement[Any], ...] = (
    _J.id, _J.process, _J.state, _J.lane, _J.created, _J.updated, _J.started, _J.finished, _J.expires,
    _J.progress, _J.message, _J.attempt, _J.priority, _J.failure,
)  # fmt: skip


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def _guard(*events: JobEvent) -> ColumnElement[bool]:
    """The WHERE clause of an update: the states in which the event can happen."""
    states = frozenset.intersection(*(sources(e) for e in events))
    return _is(*states) if len(states) == 1 else _J.state.in_(sorted(states))


def _is(state: JobState) -> ColumnElement[bool]:
    """As a constant: SQLite takes a partial index only where its condition stands in the query word for word."""
    return _J.state == literal_column(f"'{state}'")


_LISTED = _J.lane == literal_column(f"'{Lane.BACKGROUND}'")


def _load_failure(text: str | None) -> Failure | None:
    if text is None:
        return None
    kind, message, reference, locator = json.loads(text)
    return Failure(FailureKind(kind), message, reference, locator)


def _dump_failure(failure: Failure) -> str:
    return json.dumps([failure.kind, failure.message, failure.reference, failure.locator])


def _job(row: Sequence[Any]) -> Job:
    return Job(
        id=row[0],
        process=row[1],
        state=JobState(row[2]),
        lane=Lane(row[3]),
        created=_EPOCH + timedelta(microseconds=row[4]),
        updated=_EPOCH + timedelta(microseconds=row[5]),
        started=_moment(row[6]),
        finished=_moment(row[7]),
        expires=_moment(row[8]),
        progress=row[9],
        message=row[10],
        attempt=row[11],
        priority=row[12],
        failure=_load_failure(row[13]),
    )


# -- statements, built once --------------------------------------------------------------------------

_INSERT = insert(schema.job)
_EVENT = insert(schema.event)
_WAITING = (
    select(func.count())
    .select_from(
        select(_J.seq)
        .where(_is(JobState.ACCEPTED), _J.lane == given("lane"))
        # Ordered as the index of the queue is, so that it is taken: another would count both lanes.
        .order_by(_J.priority.desc(), _J.seq)
        .limit(given("most"))
        .subquery()
    )
)  # fmt: skip
_GET = select(*_RECORD).where(_J.id == given("id"), _J.state != JobState.REMOVED)
_REQUEST = select(_J.request).where(_J.id == given("id"), _J.state != JobState.REMOVED)
_RESULTS = select(*_RECORD, _J.request, _J.outputs).where(_J.id == given("id"), _J.state != JobState.REMOVED)
_ANY_WAITING = (
    select(_J.seq)
    .where(_is(JobState.ACCEPTED), _J.lane == given("lane"))
    .order_by(_J.priority.desc(), _J.seq)
    .limit(1)
)
_CLAIM = (
    update(schema.job)
    .where(
        _J.seq
        == select(_J.seq)
        .where(_guard(JobEvent.CLAIM), _J.lane == given("of_lane"))
        .order_by(_J.priority.desc(), _J.seq)
        .limit(1)
        .scalar_subquery()
    )
    .values(
        state=target(JobEvent.CLAIM),
        worker=given("by"),
        attempt=_J.attempt + 1,
        lease_until=given("until"),
        started=given("now"),
        updated=given("now"),
        progress=0,
        message=None,
    )
    .returning(*_RECORD, _J.request)
)


def _fenced(statement: Update) -> Update:
    """Only the holder of the lease may write."""
    return statement.where(
        _J.id == given("of_id"),
        _J.state == JobState.RUNNING,
        _J.worker == given("by"),
        _J.attempt == given("of_attempt"),
    )


_RENEW = _fenced(update(schema.job)).values(lease_until=given("until"))
_PROGRESS = _fenced(update(schema.job)).values(
    progress=given("percent"), message=given("said"), updated=given("now")
)
_ENDINGS: Mapping[JobEvent, Mapping[str, object]] = {
    JobEvent.SUCCEED: {"progress": 100, "outputs": given("document")},
    JobEvent.FAIL: {"failure": given("document")},
}
_END: Mapping[JobEvent, Update] = {
    ending: _fenced(update(schema.job))
    .where(_guard(ending))
    .values(
        state=target(ending),
        finished=given("now"),
        updated=given("now"),
        expires=given("until"),
        worker=None,
        lease_until=None,
        **dict(values),
    )
    for ending, values in _ENDINGS.items()
}
_DISMISS = (
    update(schema.job)
    .where(_J.id == given("of_id"), _guard(JobEvent.DISMISS))
    .values(
        state=target(JobEvent.DISMISS),
        finished=given("now"),
        updated=given("now"),
        expires=given("until"),
        worker=None,
        lease_until=None,
    )
    .returning(*_RECORD)
)
_REMOVE = (
    update(schema.job)
    .where(_J.id == given("of_id"), _guard(JobEvent.REMOVE))
    .values(state=target(JobEvent.REMOVE), updated=given("now"))
    .returning(*_RECORD)
)
_LOST = select(_J.id, _J.attempt, _J.max_attempts, _J.worker).where(
    _J.state == JobState.RUNNING,
    (_J.lease_until < given("now")) | ((_J.worker != given("mine")) & given("others")),
)
_ATTEMPTS = select(_J.max_attempts).where(_J.id == given("id"))
_RETRY = (
    _fenced(update(schema.job))
    .where(_guard(JobEvent.RETRY))
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
_OVERDUE = (
    select(_J.id)
    # Only what ended has that time. Named by its states, SQLite would look at all that ever ended.
    .where(_J.expires < given("now"), _J.state != JobState.REMOVED)
    .order_by(_J.expires)
    .limit(given("most"))
)
_REMOVED = select(_J.id).where(_is(JobState.REMOVED)).limit(given("most"))
_KNOWN = select(_J.seq).where(_J.id == given("id"))
_FORGET = delete(schema.job).where(_J.id == given("of_id"), _J.state == JobState.REMOVED)
_FORGET_EVENTS = delete(schema.event).where(
    schema.event.c.job == given("of_id"),
    ~select(_J.seq).where(_J.id == given("of_id")).exists(),
)


class SqlJobs:
    """Jobs in a SQLite database (WAL). Safe to use from any thread; several processes may share the file."""

    def __init__(self, database: Path, clock: Clock, *, keep: float, keep_sync: float) -> None:
        """`keep`, `keep_sync`: seconds that a dismissed job's record stays, by lane."""
        self._clock = clock
        self._keep = {Lane.BACKGROUND: keep, Lane.SYNC: keep_sync}
        self._engine = create_engine(f"sqlite:///{database}", pool_size=16, max_overflow=-1)
        event.listen(self._engine, "connect", _configure)
        self._writer = Writer(self._engine, database.with_suffix(".lock"))

    def close(self) -> None:
        self._writer.close()
        self._engine.dispose()

    def _now(self) -> int:
        return _micros(self._clock.now())

    def _log(
        self,
        connection: Prepared,
        job: str,
        happened: JobEvent | str,
        attempt: int,
        detail: str | None = None,
    ) -> None:
        row = {"job": job, "at": self._now(), "event": happened, "attempt": attempt, "detail": detail}
        connection.execute(_EVENT, row)

    # -- Jobs ------------------------------------------------------------------------------------

    def submit(self, new: NewJob) -> Job:
        document = json.dumps(dump_request(new.request), separators=(",", ":"))

        def operation(connection: Prepared) -> Job:
            waiting = connection.execute(_WAITING, {"lane": new.lane, "most": new.queue_limit}).scalar_one()
            if waiting >= new.queue_limit:
                raise QueueFull(new.queue_limit, new.queue_setting)
            now = self._now()
            row = {
                "id": new.id,
                "process": new.request.process,
                "state": JobState.ACCEPTED,
                "lane": new.lane,
                "priority": new.priority,
                "created": now,
                "updated": now,
                "progress": 0,
                "attempt": 0,
                "max_attempts": new.max_attempts,
                "request": document,
            }
            connection.execute(_INSERT, row)
            self._log(connection, new.id, "submit", 0)
            at = _EPOCH + timedelta(microseconds=now)
            return Job(
                new.id, new.request.process, JobState.ACCEPTED, new.lane, at, at, priority=new.priority
            )

        # Nobody is told that a synchronous job was accepted; the record of its end takes this one to the disk.
        return self._writer.run(operation, durable=new.lane is Lane.BACKGROUND)

    def get(self, id: str) -> Job | None:
        with borrowed(self._engine) as connection:
            row = connection.execute(_GET, {"id": id}).first()
        return None if row is None else _job(row)

    def request(self, id: str) -> StoredRequest | None:
        with borrowed(self._engine) as connection:
            row = connection.execute(_REQUEST, {"id": id}).first()
        return None if row is None else load_request(json.loads(row[0]))

    def results(self, id: str) -> tuple[Job, StoredRequest, Mapping[str, tuple[Value, ...]]] | None:
        with borrowed(self._engine) as connection:
            row = connection.execute(_RESULTS, {"id": id}).first()
        if row is None:
            return None
        request, outputs = row[-2], row[-1]
        values = load_values(json.loads(outputs)) if outputs is not None else {}
        return _job(row), load_request(json.loads(request)), values

    def list(self, command: ListJobs) -> tuple[list[Job], str | None]:
        statement = select(*_RECORD, _J.seq).where(_LISTED)
        states = command.states or [s for s in JobState if s is not JobState.REMOVED]
        if command.states or command.processes:
            statement = statement.where(_J.state.in_(states))
        else:
            # Nothing chosen: walk the index by lane, newest first; removed rows are few and short-lived.
            statement = statement.where(_J.state != JobState.REMOVED)
        if command.processes:
            statement = statement.where(_J.process.in_(command.processes))
        if command.after is not None:
            if not command.after.isdecimal() or len(command.after) > 18:
                raise BadParameter(f"'{command.after}' is no cursor of a job list", "after")
            statement = statement.where(_J.seq < int(command.after))
        with self._engine.connect() as connection:
            rows = connection.execute(statement.order_by(_J.seq.desc()).limit(command.limit + 1)).all()
        page = rows[: command.limit]
        return [_job(row) for row in page], str(page[-1][-1]) if len(rows) > len(page) else None

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        def operation(connection: Prepared) -> tuple[Job, JobState] | None:
            before = connection.execute(_GET, {"id": id}).first()
            if before is None:
                return None
            was = _job(before)
            now = self._now()
            ended = was.ended
            keep = int(self._keep[was.lane] * 1_000_000)
            values = {"of_id": id, "now": now} | ({} if ended else {"until": now + keep})
            row = connection.execute(_REMOVE if ended else _DISMISS, values).one()
            self._log(connection, id, JobEvent.REMOVE if ended else JobEvent.DISMISS, was.attempt)
            return _job(row), was.state

        return self._writer.run(operation, durable=True)

    # -- Leases ----------------------------------------------------------------------------------

    def claim(self, worker: str, lane: Lane, lease: float) -> Lease | None:
        with borrowed(self._engine) as connection:  # an idle worker must not write
            if connection.execute(_ANY_WAITING, {"lane": lane}).first() is None:
                return None

        # Not durable: a claim that power undoes is a job that still waits.
        return self._writer.run(partial(self._claim, worker=worker, lane=lane, lease=lease), durable=False)

    def _claim(self, connection: Prepared, worker: str, lane: Lane, lease: float) -> Lease | None:
        now = self._now()
        values = {"of_lane": lane, "by": worker, "now": now, "until": now + int(lease * 1_000_000)}
        row = connection.execute(_CLAIM, values).first()
        if row is None:
            return None
        job = _job(row)
        self._log(connection, job.id, JobEvent.CLAIM, job.attempt, worker)
        return Lease(job, load_request(json.loads(row[-1])), worker, job.attempt)

    def renew(self, worker: str, lease: float, attempts: Mapping[str, int]) -> set[str]:
        def operation(connection: Prepared) -> set[str]:
            until = self._now() + int(lease * 1_000_000)
            return {
                id
                for id, attempt in attempts.items()
                if not connection.execute(
                    _RENEW, {"of_id": id, "by": worker, "of_attempt": attempt, "until": until}
                ).rowcount
            }

        return self._writer.run(operation, durable=False)

    def progress(self, lease: Lease, progress: int, message: str | None) -> None:
        values = self._fence(lease) | {"percent": progress, "said": message, "now": self._now()}
        self._writer.run(lambda connection: connection.execute(_PROGRESS, values).rowcount, durable=False)

    def succeed(self, lease: Lease, outcome: Success, keep: float) -> bool:
        document = json.dumps(dump_values(outcome.outputs), separators=(",", ":"))
        return self._end(lease, JobEvent.SUCCEED, document, keep, None)

    def succeed_and_claim(
        self, lease: Lease, outcome: Success, keep: float, next_lease: float
    ) -> tuple[bool, Lease | None]:
        document = json.dumps(dump_values(outcome.outputs), separators=(",", ":"))

        def operation(connection: Prepared) -> tuple[bool, Lease | None]:
            recorded = self._ended(connection, lease, JobEvent.SUCCEED, document, keep, None)
            return recorded, self._claim(connection, lease.worker, lease.job.lane, next_lease)

        return self._writer.run(operation, durable=True)

    def fail(self, lease: Lease, failure: Failure, keep: float) -> bool:
        return self._end(lease, JobEvent.FAIL, _dump_failure(failure), keep, failure.message)

    def _end(self, lease: Lease, how: JobEvent, document: str, keep: float, detail: str | None) -> bool:
        return self._writer.run(
            lambda connection: self._ended(connection, lease, how, document, keep, detail), durable=True
        )

    def _ended(
        self,
        connection: Prepared,
        lease: Lease,
        how: JobEvent,
        document: str,
        keep: float,
        detail: str | None,
    ) -> bool:
        now = self._now()
        values = self._fence(lease) | {
            "now": now,
            "until": now + int(keep * 1_000_000),
            "document": document,
        }
        if not connection.execute(_END[how], values).rowcount:
            return False
        self._log(connection, lease.job.id, how, lease.attempt, detail)
        return True

    def retry(self, lease: Lease, reason: str) -> bool:
        def operation(connection: Prepared) -> bool:
            most = connection.execute(_ATTEMPTS, {"id": lease.job.id}).scalar_one()
            if lease.attempt >= most:
                return False
            return self._retry(connection, self._fence(lease) | {"now": self._now()}, most, reason)

        return self._writer.run(operation, durable=True)

    def _retry(self, connection: Prepared, fence: dict[str, Any], most: int, reason: str) -> bool:
        said = f"{reason}; attempt {fence['of_attempt'] + 1} of {most} follows"
        if not connection.execute(_RETRY, fence | {"said": said}).rowcount:
            return False
        self._log(connection, fence["of_id"], JobEvent.RETRY, fence["of_attempt"], reason)
        return True

    @staticmethod
    def _fence(lease: Lease) -> dict[str, object]:
        return {"of_id": lease.job.id, "by": lease.worker, "of_attempt": lease.attempt}

    def recover(self, worker: str | None, keep: float, reason: str = LOST) -> Recovered:
        def operation(connection: Prepared) -> Recovered:
            now = self._now()
            lost = connection.execute(_LOST, {"now": now, "mine": worker or "", "others": worker is not None})
            moved = []
            for id, attempt, most, holder in lost.all():
                fence = {"of_id": id, "by": holder, "of_attempt": attempt, "now": now}
                if attempt < most:
                    self._retry(connection, fence, most, reason)
                else:
                    message = f"{reason} at the last of {most} attempts" if most > 1 else reason
                    failure = Failure(FailureKind.LOST, message, f"{id[:8]}-{attempt}")
                    values = {"document": _dump_failure(failure), "until": now + int(keep * 1_000_000)}
                    connection.execute(_END[JobEvent.FAIL], fence | values)
                    self._log(connection, id, JobEvent.FAIL, attempt, holder)
                moved.append(_job(connection.execute(_GET, {"id": id}).one()))
            return moved

        return self._writer.run(operation, durable=True)

    def expired(self, limit: int) -> Ids:
        with self._engine.connect() as connection:
            now = self._now()
            overdue = connection.execute(_OVERDUE, {"now": now, "most": limit}).scalars().all()
            removed = list(connection.execute(_REMOVED, {"most": limit}).scalars())
        if not overdue:
            return removed

        def operation(connection: Prepared) -> Ids:
            gone = []
            for id in overdue:
                row = connection.execute(_REMOVE, {"of_id": id, "now": now}).first()
                if row is not None:
                    self._log(connection, id, JobEvent.REMOVE, _job(row).attempt)
                    gone.append(id)
            return gone

        return removed + self._writer.run(operation, durable=False)

    def unknown(self, ids: Sequence[str]) -> Ids:
        with borrowed(self._engine) as connection:
            return [id for id in ids if connection.execute(_KNOWN, {"id": id}).first() is None]

    def forget(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        rows = [{"of_id": id} for id in ids]

        def operation(connection: Prepared) -> None:
            connection.execute(_FORGET, rows)
            connection.execute(_FORGET_EVENTS, rows)

        self._writer.run(operation, durable=False)


def _configure(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the writer begins its transactions itself
    for pragma in ("journal_mode = WAL", "busy_timeout = 30000", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
