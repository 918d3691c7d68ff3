"""A data folder is brought to this release, after a backup, or left alone."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event

from azenha.adapters.locks import FolderInUse, FolderLock
from azenha.adapters.store import migrate as migrating
from azenha.adapters.store import schema
from azenha.adapters.store.migrate import SchemaTooNew, current, migrate

SCRIPTS = Path(migrating.__file__).parent / "migrations"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stamp(database: Path, revision: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_a_fresh_database_is_made_at_the_newest_revision_without_a_backup(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite"
    assert current(database) is None
    assert migrate(database, tmp_path / "backups") is None
    assert current(database) == migrating.HEAD
    assert not (tmp_path / "backups").exists()
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_migration_that_is_cut_off_has_changed_nothing_and_is_made_by_the_next_start(
    tmp_path: Path,
) -> None:
    database, backups = tmp_path / "jobs.sqlite", tmp_path / "backups"
    statements, allowed = 0, 1

    def cut_off(*_: object) -> None:
        nonlocal statements
        statements += 1
        if statements > allowed:
            raise KeyboardInterrupt

    event.listen(Engine, "before_cursor_execute", cut_off)
    try:
        while True:
            statements = 0
            try:
                migrate(database, backups)
            except KeyboardInterrupt:
                assert current(database) is None
                with closing(sqlite3.connect(database)) as connection:
                    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
                allowed += 1
            else:
                break
    finally:
        event.remove(Engine, "before_cursor_execute", cut_off)
    assert allowed > 10
    assert current(database) == migrating.HEAD


def test_an_up_to_date_database_is_not_touched_and_loads_no_migration_code(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite"
    migrate(database, tmp_path / "backups")
    before = digest(database)
    code = (
        "import sys, pathlib; from azenha.adapters.store.migrate import migrate; "
        "assert migrate(*map(pathlib.Path, sys.argv[1:])) is None; "
        "assert not {'alembic', 'sqlalchemy'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code, str(database), str(tmp_path / "backups")], check=True)
    assert digest(database) == before


def test_the_newest_revision_is_the_same_everywhere() -> None:
    assert migrating.HEAD == schema.HEAD == ScriptDirectory(str(SCRIPTS)).get_current_head()


def test_the_migrations_make_the_tables_and_indexes_that_the_schema_names(tmp_path: Path) -> None:
    database, direct = tmp_path / "jobs.sqlite", tmp_path / "direct.sqlite"
    migrate(database, tmp_path / "backups")
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()
    made = create_engine(f"sqlite:///{direct}")
    schema.metadata.create_all(made)
    made.dispose()
    # compare_metadata does not see partial indexes' conditions: SQLite's own text does.
    assert indexes(database) == indexes(direct)


def indexes(database: Path) -> dict[str, str]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}


def test_a_newer_schema_is_refused_with_what_to_do_and_nothing_is_changed(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite"
    migrate(database, tmp_path / "backups")
    stamp(database, "9999")
    before = digest(database)
    with pytest.raises(SchemaTooNew) as caught:
        migrate(database, tmp_path / "backups")
    for part in (str(database), "9999", migrating.HEAD, "--data", str(tmp_path / "backups")):
        assert part in str(caught.value)
    assert digest(database) == before
    assert not (tmp_path / "backups").exists()


def older_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A database of today's revision, and a release whose newest revision `9998` is `script`."""
    database = tmp_path / "jobs.sqlite"
    migrate(database, tmp_path / "backups")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO job_event (job, at, event, attempt) VALUES ('kept', 1, 'submit', 0)")
    package = tmp_path / "release"
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    for path in (SCRIPTS / "env.py", *(SCRIPTS / "versions").glob("m*.py")):
        name = path.relative_to(SCRIPTS)
        (package / "migrations" / name).write_text(path.read_text())
    head = f'revision = "9998"\ndown_revision = "{migrating.HEAD}"\n'
    (versions / "m9998_test.py").write_text(
        f"from alembic import op\n\n{head}\n\ndef upgrade():\n    {script}\n"
    )
    monkeypatch.setattr(migrating, "__file__", str(package / "migrate.py"))
    monkeypatch.setattr(migrating, "HEAD", "9998")
    return database


def kept(database: Path) -> list[tuple[str]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("SELECT job FROM job_event").fetchall()


def test_an_older_database_is_backed_up_and_then_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = older_release(tmp_path, monkeypatch, 'op.execute("CREATE TABLE added (n INTEGER)")')
    backup = migrate(database, tmp_path / "backups")
    assert backup is not None
    assert backup.parent == tmp_path / "backups"
    assert (current(backup), kept(backup)) == (schema.HEAD, [("kept",)])
    assert (current(database), kept(database)) == ("9998", [("kept",)])
    assert migrate(database, tmp_path / "backups") is None


def test_the_first_release_gets_durations_and_keeps_its_jobs(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite"
    upgrade(database, "0001")
    ran = [
        ("ended", "succeeded", 1_000, 4_000),
        ("queued", "accepted", None, None),
        ("unstarted", "dismissed", None, 9),
    ]
    with closing(sqlite3.connect(database)) as connection, connection:
        for number, (id, state, started, finished) in enumerate(ran, 1):
            connection.execute(
                "INSERT INTO job (seq, id, process, state, lane, priority, created, updated, started, finished,"
                " progress, attempt, max_attempts, request) VALUES (?, ?, 'p', ?, 'background', 0, 7, 7, ?, ?, 0, 0,"
                " 1, '{}')",
                (number, id, state, started, finished),
            )
    backup = migrate(database, tmp_path / "backups")
    assert backup is not None
    assert (current(backup), current(database)) == ("0001", schema.HEAD)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT id, duration FROM job ORDER BY seq").fetchall()
    assert rows == [("ended", 3_000), ("queued", None), ("unstarted", None)]


def upgrade(database: Path, revision: str) -> None:
    """As the release of that revision left it."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = older_release(
        tmp_path, monkeypatch, 'op.execute("DELETE FROM job_event"); raise RuntimeError("broken")'
    )
    for number in (1, 2):
        with pytest.raises(RuntimeError, match="broken"):
            migrate(database, tmp_path / "backups")
        assert (current(database), kept(database)) == (schema.HEAD, [("kept",)])
        assert len(list((tmp_path / "backups").iterdir())) == number


# -- one server for each data folder -----------------------------------------------------------------

HOLD = """
import sys, pathlib
from azenha.adapters.locks import FolderInUse, FolderLock
try:
    lock = FolderLock(pathlib.Path(sys.argv[1]))
except FolderInUse as error:
    print("in use", error, flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_a_folder_has_one_owner_and_is_free_when_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    first = holder(path)
    assert first.stdout
    assert first.stdout.readline() == "held\n"
    with pytest.raises(FolderInUse, match=str(tmp_path)):
        FolderLock(path)
    second = holder(path)
    answer, _ = second.communicate(timeout=30)
    assert answer == f"in use {tmp_path}\n"
    first.kill()
    first.communicate()
    lock = FolderLock(path)
    third = holder(path)
    answer, _ = third.communicate(timeout=30)
    assert answer.startswith("in use")
    lock.release()
    fourth = holder(path)
    answer, _ = fourth.communicate(input="", timeout=30)
    assert answer == "held\n"
