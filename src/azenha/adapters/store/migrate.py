"""Bring the schema of a data folder to this release, after a backup.

A start with nothing to do reads one row with the standard library and loads neither SQLAlchemy nor Alembic.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

HEAD = "0004"  # as in schema.py, which would load SQLAlchemy (a test compares)


class SchemaTooNew(Exception):
    """The data folder was written by a newer release."""


def current(database: Path) -> str | None:
    """The revision of a database, None where there is none yet."""
    if not database.exists():
        return None
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
        ).fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables[0] else None
    return None if row is None else str(row[0])


def migrate(database: Path, backups: Path) -> Path | None:
    """Upgrade `database` to HEAD, or change nothing where that is cut off.

    Returns:
        The backup that was made before, None where nothing was to be lost.
    Raises:
        SchemaTooNew: written by a newer release; nothing was changed.
    """
    revision = current(database)
    if revision == HEAD:
        return None

    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from sqlalchemy import create_engine, event

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if revision is not None:
        try:
            ScriptDirectory.from_config(config).get_revision(revision)
        except CommandError:
            raise SchemaTooNew(
                f"{database} has schema {revision}, newer than this azenha knows ({HEAD}): "
                f"install the azenha that wrote it, or start on another --data folder, "
                f"or put back a backup from {backups}"
            ) from None
    backup = _back_up(database, backups, revision) if revision is not None else None
    engine = create_engine(f"sqlite:///{database}")
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    return backup


def _configure(connection: sqlite3.Connection, _: object) -> None:
    # The driver begins no transaction for changes of the schema: each would be there at once, and the changes before
    # an interruption stand in the way of every start after it.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")


def _back_up(database: Path, backups: Path, revision: str) -> Path:
    backups.mkdir(parents=True, exist_ok=True)
    number = len(list(backups.glob("*.sqlite"))) + 1
    path = backups / f"before-{HEAD}-from-{revision}-{number}.sqlite"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    return path
