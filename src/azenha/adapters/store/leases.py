"""The side of the job table that a worker sees: implements `Leases` of usecases.ports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from azenha.adapters.store import callbacks, statements
from azenha.adapters.store.database import Database
from azenha.adapters.store.prepared import Prepared
from azenha.adapters.store.rows import EPOCH, dump_failure, moment, record
from azenha.domain.canonical import StoredRequest, compact, dump_values, load_request
from azenha.domain.job import Failure, FailureKind, Job, JobEvent, JobState, Lane, target
from azenha.usecases.ports import LOST, Handed, Lease, Success


class Workers(Database):
    def claim(self, worker: str, lane: Lane, lease: float, handed: Handed | None = None) -> Lease | None:
        if handed is None:
            with self._connections.borrowed() as connection:  # an idle worker must not write
                if connection.execute(statements.NEXT[lane], {}).first() is None:
                    return None

        # Not durable: a claim that power undoes is a job that still waits.
        return self._writer.run(
            partial(self._claim, worker=worker, lane=lane, lease=lease, handed=handed), durable=False
        )

    def _claim(
        self, connection: Prepared, worker: str, lane: Lane, lease: float, handed: Handed | None
    ) -> Lease | None:
        now = self._now()
        if handed is not None:
            self._take_in(connection, handed, now)
        values = {"by": worker, "now": now, "until": now + int(lease * 1_000_000)}
        row = connection.execute(statements.CLAIM[lane], values).first()
        if row is None:
            return None
        job = record(row)
        self._log(connection, job.id, JobEvent.CLAIM, job.attempt, worker)
        request = load_request(json.loads(row[-1]))
        if _tells_progress(request):
            callbacks.progressed(connection, job.id, now, self._tell_every)
        return Lease(job, request, worker, job.attempt)

    def renew(self, worker: str, lease: float, attempts: Mapping[str, int]) -> dict[str, JobState]:
        def operation(connection: Prepared) -> dict[str, JobState]:
            ours = {}
            until = self._now() + int(lease * 1_000_000)
            for id, attempt in attempts.items():
                values = {"of_id": id, "by": worker, "of_attempt": attempt, "until": until}
                row = connection.execute(statements.RENEW, values).first()
                if row is not None:
                    ours[id] = JobState(row[0])
            return ours

        return self._writer.run(operation, durable=False)

    def progress(self, lease: Lease, progress: int, message: str | None) -> None:
        now = self._now()
        values = self._fence(lease) | {"percent": progress, "said": message, "now": now}

        def operation(connection: Prepared) -> None:
            ours = connection.execute(statements.PROGRESS, values).rowcount
            if ours and _tells_progress(lease.request):
                callbacks.progressed(connection, lease.job.id, now, self._tell_every)

        self._writer.run(operation, durable=False)

    def succeed(self, lease: Lease, outcome: Success, keep: float) -> bool:
        document = compact(dump_values(outcome.outputs))
        return self._end(lease, JobEvent.SUCCEED, document, keep, None)

    def succeed_and_claim(
        self, lease: Lease, outcome: Success, keep: float, next_lease: float, handed: Handed | None = None
    ) -> tuple[Job | None, Lease | None]:
        document = compact(dump_values(outcome.outputs))

        def operation(connection: Prepared) -> tuple[Job | None, Lease | None]:
            now = self._now()
            row = self._ended(connection, lease, JobEvent.SUCCEED, document, keep, None, now)
            if row is None:
                return None, None  # a paused one keeps its slot
            at, until = EPOCH + timedelta(microseconds=now), moment(now + int(keep * 1_000_000))
            ended = replace(
                lease.job,
                state=target(JobEvent.SUCCEED),
                progress=100,
                message=row[0],
                updated=at,
                finished=at,
                expires=until,
            )
            return ended, self._claim(connection, lease.worker, lease.job.lane, next_lease, handed)

        return self._writer.run(operation, durable=True)

    def fail(self, lease: Lease, failure: Failure, keep: float) -> bool:
        return self._end(lease, JobEvent.FAIL, dump_failure(failure), keep, failure.message)

    def _end(self, lease: Lease, how: JobEvent, document: str, keep: float, detail: str | None) -> bool:
        def operation(connection: Prepared) -> bool:
            return self._ended(connection, lease, how, document, keep, detail, self._now()) is not None

        return self._writer.run(operation, durable=True)

    def _ended(
        self,
        connection: Prepared,
        lease: Lease,
        how: JobEvent,
        document: str,
        keep: float,
        detail: str | None,
        now: int,
    ) -> Any | None:
        """The job's last words; None if its end is not ours to record."""
        values = self._fence(lease) | {
            "now": now,
            "until": now + int(keep * 1_000_000),
            "document": document,
        }
        row = connection.execute(statements.END[how], values).first()
        if row is None:
            return None
        if lease.request.subscriber is not None:
            callbacks.happened(connection, lease.job.id, how, now)
        self._log(connection, lease.job.id, how, lease.attempt, detail)
        return row

    def retry(self, lease: Lease, reason: str) -> bool:
        def operation(connection: Prepared) -> bool:
            most = connection.execute(statements.ATTEMPTS, {"id": lease.job.id}).scalar_one()
            if lease.attempt >= most:
                return False
            return self._retry(connection, self._fence(lease) | {"now": self._now()}, most, reason)

        return self._writer.run(operation, durable=True)

    def _retry(self, connection: Prepared, fence: dict[str, Any], most: int, reason: str) -> bool:
        said = f"{reason}; attempt {fence['of_attempt'] + 1} of {most} follows"
        if not connection.execute(statements.RETRY, fence | {"said": said}).rowcount:
            return False
        self._log(connection, fence["of_id"], JobEvent.RETRY, fence["of_attempt"], reason)
        return True

    @staticmethod
    def _fence(lease: Lease) -> dict[str, object]:
        return {"of_id": lease.job.id, "by": lease.worker, "of_attempt": lease.attempt}

    def recover(self, worker: str | None, keep: float, reason: str = LOST) -> list[Job]:
        def operation(connection: Prepared) -> list[Job]:
            now = self._now()
            lost = connection.execute(
                statements.LOST, {"now": now, "mine": worker or "", "others": worker is not None}
            )
            moved = []
            for id, attempt, most, holder in lost.all():
                fence = {"of_id": id, "by": holder, "of_attempt": attempt, "now": now}
                if attempt < most:
                    self._retry(connection, fence, most, reason)
                else:
                    message = f"{reason} at the last of {most} attempts" if most > 1 else reason
                    failure = Failure(FailureKind.LOST, message, f"{id[:8]}-{attempt}")
                    values = {"document": dump_failure(failure), "until": now + int(keep * 1_000_000)}
                    connection.execute(statements.END[JobEvent.FAIL], fence | values)
                    callbacks.happened(connection, id, JobEvent.FAIL, now)
                    self._log(connection, id, JobEvent.FAIL, attempt, holder)
                moved.append(record(connection.execute(statements.GET, {"id": id}).one()))
            return moved

        return self._writer.run(operation, durable=True)

    def expired(self, limit: int) -> list[str]:
        with self._engine.connect() as connection:
            now = self._now()
            overdue = connection.execute(statements.OVERDUE, {"now": now, "most": limit}).scalars().all()
            removed = list(connection.execute(statements.REMOVED, {"most": limit}).scalars())
        if not overdue:
            return removed

        def operation(connection: Prepared) -> list[str]:
            gone = []
            for id in overdue:
                row = connection.execute(statements.REMOVE, {"of_id": id, "now": now}).first()
                if row is not None:
                    callbacks.forget(connection, id)
                    self._log(connection, id, JobEvent.REMOVE, record(row).attempt)
                    gone.append(id)
            return gone

        return removed + self._writer.run(operation, durable=False)

    def unknown(self, ids: Sequence[str]) -> list[str]:
        with self._connections.borrowed() as connection:
            return [id for id in ids if connection.execute(statements.KNOWN, {"id": id}).first() is None]

    def forget(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        rows = [{"of_id": id} for id in ids]

        def operation(connection: Prepared) -> None:
            connection.execute(statements.FORGET, rows)
            connection.execute(statements.FORGET_EVENTS, rows)

        self._writer.run(operation, durable=False)


def _tells_progress(request: StoredRequest) -> bool:
    return request.subscriber is not None and request.subscriber.in_progress is not None
