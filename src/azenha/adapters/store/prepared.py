"""Statements turned into SQL text once, and run on the driver itself.

SQLAlchemy says what the statements are; on the way of every job its engine would cost more than SQLite does
(measured: two thirds of the time of a transaction).
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BindParameter, Engine, Insert, PoolProxiedConnection, bindparam
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import UpdateBase
from sqlalchemy.sql.selectable import CompoundSelect, Select

Statement = UpdateBase | Select[Any]
Values = Mapping[str, object]

_DIALECT = sqlite.dialect(paramstyle="named")
_Key = tuple[Statement, tuple[str, ...]]


class Rows(sqlite3.Cursor):
    """What came back. Every statement is run to its end: SQLite holds its locks until then."""

    def all(self) -> list[Any]:
        return self.fetchall()

    def first(self) -> Any | None:
        rows = self.fetchall()
        return rows[0] if rows else None

    def one(self) -> Any:
        (row,) = self.fetchall()
        return row

    def scalar_one(self) -> Any:
        return self.one()[0]


class Prepared:
    """A connection of the driver; statements are compared by identity, so build each only once."""

    _texts: dict[_Key, tuple[str, dict[str, object]]] = {}  # noqa: RUF012 - one cache for all connections

    def __init__(self, driver: sqlite3.Connection) -> None:
        self.driver = driver

    def execute(self, statement: Statement, values: Values | Sequence[Values]) -> Rows:
        """Run it; with a sequence, once for each of its members."""
        if isinstance(values, Mapping):
            text, fixed = self._text(statement, values)
            return self.run(text, fixed | dict(values))
        text, fixed = self._text(statement, values[0])
        return self.driver.cursor(Rows).executemany(text, [fixed | dict(row) for row in values])

    def run(self, text: str, values: Values | tuple[()] = ()) -> Rows:
        """Run SQL as it is."""
        return self.driver.cursor(Rows).execute(text, values)

    def _text(self, statement: Statement, values: Values) -> tuple[str, dict[str, object]]:
        # What an INSERT sets is what it is given; other statements name all that they need.
        key = (statement, tuple(values) if isinstance(statement, Insert) else ())
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = compiled(*key)
        return found


def given(name: str) -> BindParameter[Any]:
    """A value that comes with each execution."""
    # Not `required`: SQLAlchemy would demand it while the text is made. The driver demands it when it is run.
    return bindparam(name, required=False)


def compiled(
    statement: Statement | CompoundSelect[Any], columns: tuple[str, ...] = ()
) -> tuple[str, dict[str, object]]:
    """SQL with named values, and those that come with the statement itself.

    Args:
        columns: that an INSERT sets.
    """
    insertion = isinstance(statement, Insert)
    compiled = statement.compile(
        dialect=_DIALECT,
        column_keys=columns or None,
        compile_kwargs={} if insertion else {"render_postcompile": True},
    )
    assert isinstance(compiled, SQLCompiler)
    comes = {name for parameter, name in compiled.bind_names.items() if not parameter.unique}
    fixed: dict[str, object] = {}
    for name, value in compiled.construct_params(_check=False).items():
        if name not in comes:
            # The driver is quicker with a plain text than with a member of an enumeration.
            fixed[name] = str(value) if isinstance(value, str) else value
    return str(compiled), fixed


class Connections:
    """Connections of an engine, lent one at a time; the one given back last goes first.

    They stay out of the engine's pool, which would look after each of them again whenever it is lent: that took as
    long as the reading of a record.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[tuple[PoolProxiedConnection, Prepared]] = deque()

    @contextmanager
    def borrowed(self) -> Iterator[Prepared]:
        """One, for as long as the context lasts. Who begins a transaction ends it."""
        try:
            lent = self._idle.pop()
        except IndexError:
            lent = self._opened()
        try:
            yield lent[1]
        finally:
            self._idle.append(lent)

    def _opened(self) -> tuple[PoolProxiedConnection, Prepared]:
        pooled = self._engine.raw_connection()
        driver = pooled.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return pooled, Prepared(driver)

    def close(self) -> None:
        """Close those that are not lent."""
        while self._idle:
            self._idle.pop()[0].close()
