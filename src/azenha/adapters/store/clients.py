"""The side of the job table that clients see: implements `Jobs` of usecases.ports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final

from azenha.adapters.store import callbacks, listing, statements
from azenha.adapters.store.database import Database
from azenha.adapters.store.prepared import Prepared
from azenha.adapters.store.rows import EPOCH, micros, moment, record
from azenha.domain.canonical import StoredRequest, compact, dump_request, load_request, load_values
from azenha.domain.errors import QueueFull
from azenha.domain.job import Job, JobEvent, JobState, Lane, sources
from azenha.domain.messages import ListJobs
from azenha.domain.values import Value
from azenha.usecases.ports import JobPage, NewJob

SMALL: Final = 4096  # characters of a stored request that is kept as it was read


class Clients(Database):
    def submit(self, new: NewJob) -> Job:
        # Nobody is told that a synchronous job was accepted; the record of its end takes this one to the disk.
        return self._writer.run(partial(self._insert, new, None), durable=new.lane is Lane.BACKGROUND)

    def create(self, new: NewJob, keep: float) -> Job:
        return self._writer.run(partial(self._insert, new, keep), durable=True)

    def _insert(self, new: NewJob, keep: float | None, connection: Prepared) -> Job:
        """`keep`: seconds within which a job that is only created must be started; None: it is accepted."""
        self._check_room(connection, new.lane, new.queue_limit, new.queue_setting, created=keep is not None)
        now = self._now()
        state = JobState.ACCEPTED if keep is None else JobState.CREATED
        expires = None if keep is None else now + int(keep * 1_000_000)
        document = _document(new.request)
        row = self._row(new.id, new.request.process, state, new.lane, document, new.max_attempts, now)
        row |= {"priority": new.priority, "expires": expires}
        if not connection.execute(statements.INSERT, row).rowcount:
            return record(connection.execute(statements.GET, {"id": new.id}).one())
        callbacks.ask(connection, new.id, new.request.subscriber, now)
        self._log(connection, new.id, "submit" if keep is None else "create", 0)
        at, until = EPOCH + timedelta(microseconds=now), moment(expires)
        return Job(new.id, new.request.process, state, new.lane, at, at, expires=until, priority=new.priority)

    @staticmethod
    def _check_room(connection: Prepared, lane: Lane, limit: int, setting: str, *, created: bool) -> None:
        if created:
            count = connection.execute(statements.CREATED, {"most": limit}).scalar_one()
        else:
            count = connection.execute(statements.WAITING[lane], {"most": limit}).scalar_one()
            if lane is Lane.BACKGROUND:
                count += connection.execute(statements.HELD, {"most": limit}).scalar_one()
        if count >= limit:
            raise QueueFull(limit, setting)

    def change(self, id: str, request: StoredRequest, seen: datetime) -> Job | None:
        document = _document(request)

        def operation(connection: Prepared) -> Job | None:
            before = micros(seen)
            # The time of the change is also its number, so it grows even where the clock does not.
            now = max(self._now(), before + 1)
            values = {"of_id": id, "seen": before, "now": now, "document": document}
            row = connection.execute(statements.CHANGE, values).first()
            if row is None:
                return None
            callbacks.forget(connection, id)
            callbacks.ask(connection, id, request.subscriber, now)
            self._log(connection, id, "change", 0)
            return record(row)

        return self._writer.run(operation, durable=True)

    def start(self, id: str, limit: int, setting: str) -> Job | None:
        def operation(connection: Prepared) -> Job | None:
            before = connection.execute(statements.GET, {"id": id}).first()
            if before is None or (was := record(before)).state not in sources(JobEvent.START):
                return None
            self._check_room(connection, was.lane, limit, setting, created=False)
            row = connection.execute(statements.START, {"of_id": id, "now": self._now()}).one()
            self._log(connection, id, JobEvent.START, 0)
            return record(row)

        return self._writer.run(operation, durable=True)

    def get(self, id: str) -> Job | None:
        with self._connections.borrowed() as connection:
            row = connection.execute(statements.GET, {"id": id}).first()
        return None if row is None else record(row)

    def request(self, id: str) -> StoredRequest | None:
        with self._connections.borrowed() as connection:
            row = connection.execute(statements.REQUEST, {"id": id}).first()
        return None if row is None else _request(row[0])

    def results(self, id: str) -> tuple[Job, StoredRequest, Mapping[str, tuple[Value, ...]]] | None:
        with self._connections.borrowed() as connection:
            row = connection.execute(statements.RESULTS, {"id": id}).first()
        if row is None:
            return None
        request, outputs = row[-2], row[-1]
        values = load_values(json.loads(outputs)) if outputs is not None else {}
        return record(row), _request(request), values

    def list(self, command: ListJobs) -> JobPage:
        with self._connections.borrowed() as connection:
            return listing.page(connection, command, self._now())

    def pause(self, id: str, keep: float) -> tuple[Job, JobEvent | None] | None:
        until = {"until": self._now() + int(keep * 1_000_000)}
        return self._steer(id, {JobEvent.HOLD: until, JobEvent.PAUSE: {}})

    def resume(self, id: str) -> tuple[Job, JobEvent | None] | None:
        return self._steer(id, {JobEvent.RELEASE: {}, JobEvent.RESUME: {}})

    def _steer(
        self, id: str, events: Mapping[JobEvent, Mapping[str, object]]
    ) -> tuple[Job, JobEvent | None] | None:
        def operation(connection: Prepared) -> tuple[Job, JobEvent | None] | None:
            for event, more in events.items():
                values = {"of_id": id, "now": self._now(), **more}
                row = connection.execute(statements.STEER[event], values).first()
                if row is not None:
                    job = record(row)
                    self._log(connection, id, event, job.attempt)
                    return job, event
            row = connection.execute(statements.GET, {"id": id}).first()
            return None if row is None else (record(row), None)

        return self._writer.run(operation, durable=True)

    def dismiss(self, id: str) -> tuple[Job, JobState] | None:
        def operation(connection: Prepared) -> tuple[Job, JobState] | None:
            before = connection.execute(statements.GET, {"id": id}).first()
            if before is None:
                return None
            was = record(before)
            now = self._now()
            ended = was.ended
            keep = int(self._keep[was.lane] * 1_000_000)
            values = {"of_id": id, "now": now} | ({} if ended else {"until": now + keep})
            row = connection.execute(statements.REMOVE if ended else statements.DISMISS, values).one()
            if ended:
                callbacks.forget(connection, id)
            else:
                callbacks.happened(connection, id, JobEvent.DISMISS, now)
            self._log(connection, id, JobEvent.REMOVE if ended else JobEvent.DISMISS, was.attempt)
            return record(row), was.state

        return self._writer.run(operation, durable=True)


def _request(document: str) -> StoredRequest:
    return _small(document) if len(document) <= SMALL else load_request(json.loads(document))


# Whoever polls a job asks for the same request over and over.
@lru_cache(maxsize=256)
def _small(document: str) -> StoredRequest:
    return load_request(json.loads(document))


def _document(request: StoredRequest) -> str:
    return compact(dump_request(request))
