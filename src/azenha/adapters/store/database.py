"""A SQLite database (WAL) that several processes share: its pool of connections and its one writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event

from azenha.adapters.store import statements
from azenha.adapters.store.prepared import Connections, Prepared
from azenha.adapters.store.rows import micros
from azenha.adapters.store.writer import Writer
from azenha.domain.job import JobEvent, JobState, Lane
from azenha.usecases.ports import Clock, Handed


class Database:
    """What both sides of the job table stand on. Safe to use from any thread."""

    def __init__(
        self, database: Path, clock: Clock, *, keep: float, keep_sync: float, tell_every: float = 5
    ) -> None:
        """`keep`, `keep_sync`: seconds that a dismissed job's record stays, by lane.

        `tell_every`: seconds between two callbacks that tell of the progress of one job.
        """
        self._tell_every = tell_every
        self._clock = clock
        self._keep = {Lane.BACKGROUND: keep, Lane.SYNC: keep_sync}
        self._engine = create_engine(
            f"sqlite:///{database}",
            pool_size=16,
            max_overflow=-1,
            # The connection given back last has most of the pages that the next one wants.
            pool_use_lifo=True,
        )
        event.listen(self._engine, "connect", _configure)
        self._connections = Connections(self._engine)
        self._writer = Writer(self._connections, database.with_suffix(".lock"))

    def close(self) -> None:
        self._writer.close()
        self._connections.close()
        self._engine.dispose()

    def _now(self) -> int:
        return micros(self._clock.now())

    def _row(
        self, id: str, process: str, state: JobState, lane: Lane, document: str, max_attempts: int, now: int
    ) -> dict[str, object]:
        """A row of the job table, as it is inserted."""
        return {
            "id": id,
            "process": process,
            "state": state,
            "lane": lane,
            "priority": 0,
            "created": now,
            "updated": now,
            "expires": None,
            "progress": 0,
            "attempt": 0,
            "max_attempts": max_attempts,
            "request": document,
        }

    def _take_in(self, connection: Prepared, handed: Handed, now: int) -> None:
        """Store a job that was handed over; nothing happens if it is there."""
        row = self._row(
            handed.id, handed.process, JobState.ACCEPTED, Lane.SYNC, handed.document, handed.max_attempts, now
        )
        if connection.execute(statements.INSERT, row).rowcount:
            self._log(connection, handed.id, "submit", 0)

    def _log(
        self,
        connection: Prepared,
        job: str,
        happened: JobEvent | str,
        attempt: int,
        detail: str | None = None,
    ) -> None:
        row = {"job": job, "at": self._now(), "event": happened, "attempt": attempt, "detail": detail}
        connection.execute(statements.EVENT, row)


def _configure(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the writer begins its transactions itself
    for pragma in ("journal_mode = WAL", "busy_timeout = 30000", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
