"""The writer goes on after whatever a database refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from azenha.adapters.store.prepared import Connections, Prepared
from azenha.adapters.store.writer import Writer
from azenha.domain.errors import StoreFailed


class Stubborn(sqlite3.Connection):
    """Cannot roll back as often as `refusals` says."""

    refusals = 0

    def rollback(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise sqlite3.OperationalError("disk I/O error")
        super().rollback()


class One:
    """The connections of a store that has only that one."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    @contextmanager
    def borrowed(self) -> Iterator[Prepared]:
        yield Prepared(self._driver)


@pytest.mark.parametrize("durable", [True, False], ids=["durable", "not durable"])
def test_a_transaction_that_could_not_be_rolled_back_is_before_the_next(
    tmp_path: Path, durable: bool
) -> None:
    driver = sqlite3.connect(
        tmp_path / "a.sqlite", factory=Stubborn, isolation_level=None, check_same_thread=False
    )
    driver.execute("CREATE TABLE written (what TEXT)")
    writer = Writer(cast("Connections", One(driver)), tmp_path / "a.lock")

    def fails(connection: Prepared) -> None:
        connection.run("INSERT INTO written VALUES ('half')")
        raise sqlite3.OperationalError("disk I/O error")

    driver.refusals = 1
    with pytest.raises(StoreFailed, match="disk I/O error"):
        writer.run(fails, durable=True)
    writer.run(lambda connection: connection.run("INSERT INTO written VALUES ('whole')"), durable=durable)
    writer.close()
    assert not driver.in_transaction
    assert driver.execute("SELECT what FROM written").fetchall() == [("whole",)]
    driver.close()
