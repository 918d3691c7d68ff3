"""The side of the job table that clients see: implements `Jobs` of usecases.ports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select

from azenha.adapters.store import statements
from azenha.adapters.store.database import Database
from azenha.adapters.store.prepared import Prepared, borrowed
from azenha.adapters.store.rows import EPOCH, RECORD, J, record
from azenha.domain.canonical import StoredRequest, dump_request, load_request, load_values
from azenha.domain.errors import BadParameter, QueueFull
from azenha.domain.job import Job, JobEvent, JobState, Lane
from azenha.domain.messages import ListJobs
from azenha.domain.values import Value
from azenha.usecases.ports import NewJob


class Clients(Database):
    def submit(self, new: NewJob) -> Job:
        document = json.dumps(dump_request(new.request), separators=(",", ":"))

        def operation(connection: Prepared) -> Job:
            waiting = connection.execute(statements.WAITING[new.lane], {"most": new.queue_limit}).scalar_one()
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
            connection.execute(statements.INSERT, row)
            self._log(connection, new.id, "submit", 0)
            at = EPOCH + timedelta(microseconds=now)
            return Job(
                new.id, new.request.process, JobState.ACCEPTED, new.lane, at, at, priority=new.priority
            )

        # Nobody is told that a synchronous job was accepted; the record of its end takes this one to the disk.
        return self._writer.run(operation, durable=new.lane is Lane.BACKGROUND)

    def get(self, id: str) -> Job | None:
        with borrowed(self._engine) as connection:
            row = connection.execute(statements.GET, {"id": id}).first()
        return None if row is None else record(row)

    def request(self, id: str) -> StoredRequest | None:
        with borrowed(self._engine) as connection:
            row = connection.execute(statements.REQUEST, {"id": id}).first()
        return None if row is None else load_request(json.loads(row[0]))

    def results(self, id: str) -> tuple[Job, StoredRequest, Mapping[str, tuple[Value, ...]]] | None:
        with borrowed(self._engine) as connection:
            row = connection.execute(statements.RESULTS, {"id": id}).first()
        if row is None:
            return None
        request, outputs = row[-2], row[-1]
        values = load_values(json.loads(outputs)) if outputs is not None else {}
        return record(row), load_request(json.loads(request)), values

    def list(self, command: ListJobs) -> tuple[list[Job], str | None]:
        statement = select(*RECORD, J.seq).where(statements.within(Lane.BACKGROUND))
        states = command.states or [s for s in JobState if s is not JobState.REMOVED]
        if command.states or command.processes:
            statement = statement.where(J.state.in_(states))
        else:
            # Nothing chosen: walk the index by lane, newest first; removed rows are few and short-lived.
            statement = statement.where(J.state != JobState.REMOVED)
        if command.processes:
            statement = statement.where(J.process.in_(command.processes))
        if command.after is not None:
            if not command.after.isdecimal() or len(command.after) > 18:
                raise BadParameter(f"'{command.after}' is no cursor of a job list", "after")
            statement = statement.where(J.seq < int(command.after))
        with self._engine.connect() as connection:
            rows = connection.execute(statement.order_by(J.seq.desc()).limit(command.limit + 1)).all()
        page = rows[: command.limit]
        return [record(row) for row in page], str(page[-1][-1]) if len(rows) > len(page) else None

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
            self._log(connection, id, JobEvent.REMOVE if ended else JobEvent.DISMISS, was.attempt)
            return record(row), was.state

        return self._writer.run(operation, durable=True)
