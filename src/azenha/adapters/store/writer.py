"""The one writing connection of a process, with group commit.

All writes of a process go through one thread. What waits when a transaction begins shares it, and shares
its sync to disk. Processes take turns by a file lock where there is one: SQLite's own waiting polls, so that
under load one writer starves the other (measured 9 : 2,991).
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine

from azenha.adapters.locks import exclusive
from azenha.adapters.store.prepared import Prepared, borrowed
from azenha.domain.errors import AppError

T = TypeVar("T")
Operation = Callable[[Prepared], Any]

BATCH = 64


class StoreFailed(Exception):
    """The database refused a write (disk full, damaged file …)."""


class Writer:
    def __init__(self, engine: Engine, lock: Path) -> None:
        self._engine = engine
        self._lock = lock
        self._queue: queue.SimpleQueue[tuple[Operation, bool, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="azenha-writer", daemon=True)
        self._thread.start()

    def run(self, operation: Callable[[Prepared], T], *, durable: bool) -> T:
        """Run `operation` in a transaction and return what it returned, once committed.

        An operation that raises an AppError must not have written before.

        Args:
            durable: wait until the disk has it; otherwise a loss of power may undo it.
        """
        future: Future[T] = Future()
        self._queue.put((operation, durable, future))
        return future.result()

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        with borrowed(self._engine) as connection, exclusive(self._lock) as turn:
            synchronous = ""
            while (first := self._queue.get()) is not None:
                batch, last = [first], False
                while len(batch) < BATCH and not self._queue.empty():
                    item = self._queue.get()
                    if item is None:
                        last = True
                        break
                    batch.append(item)
                wanted = "FULL" if any(durable for _, durable, _ in batch) else "NORMAL"
                if wanted != synchronous:
                    connection.run(f"PRAGMA synchronous = {wanted}")
                    synchronous = wanted
                self._commit(connection, batch, turn)
                if last:
                    return

    def _commit(
        self,
        connection: Prepared,
        batch: list[tuple[Operation, bool, Future[Any]]],
        turn: Callable[[], AbstractContextManager[None]] | None,
    ) -> None:
        results: list[tuple[Future[Any], Any, Exception | None]] = []
        try:
            with turn() if turn is not None else nullcontext():
                connection.run("BEGIN IMMEDIATE")
                for operation, _, future in batch:
                    try:
                        results.append((future, operation(connection), None))
                    except AppError as error:
                        results.append((future, None, error))
                connection.run("COMMIT")
        except Exception as error:
            connection.driver.rollback()
            if len(batch) > 1:  # one bad operation must not spoil the others
                for item in batch:
                    self._commit(connection, [item], turn)
                return
            failed: Exception = error
            if isinstance(error, sqlite3.Error):
                failed = StoreFailed(f"the job store cannot be written: {error}")
            batch[0][2].set_exception(failed)
            return
        for future, result, refused in results:
            if refused is None:
                future.set_result(result)
            else:
                future.set_exception(refused)
