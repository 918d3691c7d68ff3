"""The one writing connection of a process, with group commit.

One write at a time: whoever finds the connection free writes in its own thread, which spares two changes of
thread a job. Who comes meanwhile waits; a thread of the writer's own takes all that wait into one transaction,
and so to disk at once. Processes take turns by a file lock where there is one: SQLite's own waiting polls, so
that under load one writer starves the other (measured 9 : 2,991).
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar

from azenha.adapters.locks import exclusive
from azenha.adapters.store.prepared import Connections, Prepared
from azenha.domain.errors import AppError, StoreFailed

T = TypeVar("T")
Operation = Callable[[Prepared], Any]

BATCH = 64

_log = logging.getLogger("azenha.store")


class _Waiting:
    """An operation on its way, with what came of it. Lighter than a Future: there is one for every write."""

    __slots__ = ("_done", "durable", "ended", "error", "operation", "result")

    def __init__(self, operation: Operation, durable: bool) -> None:
        self.operation = operation
        self.durable = durable
        self.result: Any = None
        self.error: Exception | None = None
        self.ended = False
        self._done = threading.Lock()
        self._done.acquire()

    def end(self, result: Any, error: Exception | None) -> None:
        self.result, self.error, self.ended = result, error, True
        self._done.release()

    def wait(self) -> Any:
        self._done.acquire()
        if self.error is not None:
            raise self.error
        return self.result


class Writer:
    def __init__(self, connections: Connections, lock: Path) -> None:
        self._held = ExitStack()
        self._connection = self._held.enter_context(connections.borrowed())
        self._turn = self._held.enter_context(exclusive(lock))
        self._synchronous = ""
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self._waiting = threading.Semaphore(0)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="azenha-writer", daemon=True)
        self._thread.start()

    def run(self, operation: Callable[[Prepared], T], *, durable: bool) -> T:
        """Run `operation` in a transaction and return what it returned, once committed.

        An operation that raises an AppError must not have written before.

        Args:
            durable: wait until the disk has it; otherwise a loss of power may undo it.
        """
        waiting = _Waiting(operation, durable)
        self._queue.put(waiting)
        if self._writing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._writing.release()
        # Looked at after the release: what came while we wrote has found the connection taken.
        if not self._queue.empty():
            self._waiting.release()
        result: T = waiting.wait()
        return result

    def close(self) -> None:
        self._closed = True
        self._waiting.release()
        self._thread.join()
        self._held.close()

    def _run(self) -> None:
        while not self._closed:
            self._waiting.acquire()
            # Whoever waited was told what is wrong. The next may have more luck: nobody else would write for them.
            with self._writing, suppress(Exception):
                self._write()

    def _write(self) -> None:
        """Write all that waits, in batches."""
        while not self._queue.empty():
            batch = [self._queue.get()]
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            wanted = "FULL" if any(one.durable for one in batch) else "NORMAL"
            try:
                self._undo()
                if wanted != self._synchronous:
                    self._connection.run(f"PRAGMA synchronous = {wanted}")
                    self._synchronous = wanted
                self._commit(self._connection, batch, self._turn)
            except BaseException as error:
                for one in batch:
                    if not one.ended:
                        one.end(None, StoreFailed(str(error)))
                raise

    def _undo(self) -> None:
        """End a transaction that failed; one of which that failed as well would stand in the way of all others."""
        if self._connection.driver.in_transaction:
            self._connection.driver.rollback()

    def _commit(
        self,
        connection: Prepared,
        batch: list[_Waiting],
        turn: Callable[[], AbstractContextManager[None]] | None,
    ) -> None:
        ends: list[tuple[_Waiting, Any, Exception | None]] = []
        try:
            self._undo()
            with turn() if turn is not None else nullcontext():
                connection.run("BEGIN IMMEDIATE")
                for one in batch:
                    try:
                        ends.append((one, one.operation(connection), None))
                    except AppError as error:
                        ends.append((one, None, error))
                connection.run("COMMIT")
        except Exception as error:
            with suppress(sqlite3.Error):
                self._undo()
            if len(batch) > 1:  # one bad operation must not spoil the others
                for one in batch:
                    self._commit(connection, [one], turn)
                return
            failed: Exception = error
            if isinstance(error, sqlite3.Error):
                _log.error("the job store cannot be written: %s", error)
                failed = StoreFailed(str(error))
            batch[0].end(None, failed)
            return
        for one, result, refused in ends:
            one.end(result, refused)
