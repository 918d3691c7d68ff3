"""Locks between processes that end with their holder, however it ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class FolderInUse(Exception):
    """Another server has the data folder."""


class FolderLock:
    """Holds a folder for one owner as long as this object lives.

    SQLite's own lock on a file of its own: on every platform it is gone when its holder is.

    Raises:
        FolderInUse: somebody else holds it.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            self._connection.close()
            raise FolderInUse(str(path.parent)) from None

    def release(self) -> None:
        self._connection.close()


@contextmanager
def exclusive(path: Path) -> Iterator[Callable[[], AbstractContextManager[None]] | None]:
    """A lock to take in turns, first come first served; None where the platform has none that waits."""
    if fcntl is None:
        yield None
        return
    with path.open("a") as file:
        descriptor = file.fileno()

        @contextmanager
        def turn() -> Iterator[None]:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)

        yield turn
