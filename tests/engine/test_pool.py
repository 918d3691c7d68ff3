"""The children that a worker keeps or prepares."""

from __future__ import annotations

import errno

from azenha.domain.job import Lane
from azenha.engine.pool import Pool


class Exhausted:
    """Starts nothing: the system has no more to give."""

    def start(self, source: str, nice: int) -> None:
        raise OSError(errno.EMFILE, "Too many open files")


def test_a_child_that_cannot_be_prepared_does_not_hurt_the_job_that_runs() -> None:
    Pool(Exhausted(), 0).prepare("source", Lane.BACKGROUND)  # type: ignore[arg-type]
