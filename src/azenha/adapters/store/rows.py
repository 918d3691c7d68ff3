"""Rows of the job table as values of the domain, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement

from azenha.adapters.store import schema
from azenha.domain.job import Failure, FailureKind, Job, JobState, Lane

J = schema.job.c

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# What stands in a status: never the request or the outputs, which may be large.
RECORD: tuple[ColumnElement[Any], ...] = (
    J.id, J.process, J.state, J.lane, J.created, J.updated, J.started, J.finished, J.expires,
    J.progress, J.message, J.attempt, J.priority, J.failure,
)  # fmt: skip


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // _MICROSECOND


def moment(micros: int | None) -> datetime | None:
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def load_failure(text: str | None) -> Failure | None:
    if text is None:
        return None
    kind, message, reference, locator = json.loads(text)
    return Failure(FailureKind(kind), message, reference, locator)


def dump_failure(failure: Failure) -> str:
    return json.dumps([failure.kind, failure.message, failure.reference, failure.locator])


def record(row: Sequence[Any]) -> Job:
    return Job(
        id=row[0],
        process=row[1],
        state=JobState(row[2]),
        lane=Lane(row[3]),
        created=EPOCH + timedelta(microseconds=row[4]),
        updated=EPOCH + timedelta(microseconds=row[5]),
        started=moment(row[6]),
        finished=moment(row[7]),
        expires=moment(row[8]),
        progress=row[9],
        message=row[10],
        attempt=row[11],
        priority=row[12],
        failure=load_failure(row[13]),
    )
