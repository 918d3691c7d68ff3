"""The data folder: taken by one server, migrated, and opened as a job store."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from azenha.bootstrap.parts import log_to_stderr, program
from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.adapters.locks import FolderLock
    from azenha.adapters.store.sql import SqlJobs

SERVER_FILE = "server.json"  # where this data folder's server can be asked, while it runs
DATABASE = "azenha.sqlite"

_log = logging.getLogger("azenha")


class Unusable(Exception):
    """The data folder cannot be used. The text names it and says why."""

    def __init__(self, data: Path, error: Exception) -> None:
        super().__init__(f"{data} cannot be used: {error}")


def run_folder(settings: Settings) -> Path:
    return settings.data / "run"


def taken(settings: Settings) -> FolderLock | None:
    """The data folder, locked and migrated; None if it cannot be used, which has been said."""
    from azenha.adapters.locks import FolderInUse, FolderLock
    from azenha.adapters.store.migrate import HEAD, current

    run = run_folder(settings)
    database = settings.data / DATABASE
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(run / "server.lock")
        revision = current(database)
    except FolderInUse:
        print(
            f"azenha: another server uses {settings.data}: stop it, or start with another --data folder",
            file=sys.stderr,
        )
        return None
    except (OSError, sqlite3.Error) as error:
        print(f"azenha: {Unusable(settings.data, error)}", file=sys.stderr)
        return None
    # In a process of its own: what a migration loads would stay in this one as long as the server runs.
    command = [*program("migrate"), str(database), str(settings.data / "backups")]
    # Ctrl-C is for this process alone: it ends the other one, which then has changed nothing.
    if revision != HEAD and subprocess.run(command, check=False, start_new_session=True).returncode:
        lock.release()
        return None
    return lock


def migrate_main(arguments: Sequence[str]) -> int:
    """Migrate a database; 1 if that cannot be, which is said."""
    from azenha.adapters.store.migrate import SchemaTooNew, migrate

    log_to_stderr()
    try:
        backup = migrate(Path(arguments[0]), Path(arguments[1]))
    except (SchemaTooNew, OSError) as error:
        print(f"azenha: {error}", file=sys.stderr)
        return 1
    if backup is not None:
        _log.info("the job store was migrated; its backup is %s", backup)
    return 0


def signing_key(data: Path) -> Path:
    """The file of the keys with which callbacks are signed; made with the first callback."""
    return data / "callbacks.key"


class UtcClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def open_jobs(settings: Settings) -> SqlJobs:
    from azenha.adapters.store.sql import SqlJobs

    jobs = settings.jobs
    return SqlJobs(
        settings.data / DATABASE,
        UtcClock(),
        keep=jobs.keep,
        keep_sync=jobs.keep_sync,
        tell_every=settings.callbacks.progress,
    )
