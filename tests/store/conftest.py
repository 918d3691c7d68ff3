from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from storing import SetClock, store

from azenha.adapters.store.sql import SqlJobs


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite"


@pytest.fixture
def jobs(database: Path, clock: SetClock) -> Iterator[SqlJobs]:
    jobs = store(database, clock)
    yield jobs
    jobs.close()
