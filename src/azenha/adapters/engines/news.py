"""What web tier and worker tell each other of a job, as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from azenha.adapters.store.rows import EPOCH, micros, moment
from azenha.domain.canonical import compact, dump_value, dump_values, load_values
from azenha.domain.errors import QueueFull
from azenha.domain.job import Job, JobState, Lane
from azenha.domain.values import InlineBytes, InlineText, Literal, StoredFile, Value
from azenha.usecases.ports import Handed, Told

MOST = 16 * 1024  # characters of outputs that are told with the end; what is more is in the store


def dump_handed(job: Handed) -> dict[str, object]:
    fields = (job.id, job.process, job.document, job.max_attempts, job.waiting_limit, job.waiting_setting)
    return {"t": "handed", "job": fields}


def load_handed(data: Mapping[str, Any]) -> Handed:
    return Handed(*data["job"])


def dump_told(id: str, told: Told) -> dict[str, object]:
    data: dict[str, object] = {"job": id}
    if told.refused is not None:
        data["refused"] = [told.refused.limit, told.refused.setting]
    elif told.job is not None and told.outputs is not None and _little(told.outputs):
        data["record"] = _dump_job(told.job)
        data["outputs"] = dump_values(told.outputs)
    return data


def load_told(data: Mapping[str, Any]) -> tuple[str, Told]:
    id = data["job"]
    if (refused := data.get("refused")) is not None:
        return id, Told(refused=QueueFull(*refused))
    if (record := data.get("record")) is not None:
        return id, Told(_load_job(id, record), load_values(data["outputs"]))
    return id, Told()


def _little(outputs: Mapping[str, Any]) -> bool:
    """Without making text of it, which might be large."""
    return sum(_size(value) for values in outputs.values() for value in values) <= MOST


def _size(value: Value) -> int:
    match value:
        case InlineText(text):
            return len(text)
        case InlineBytes(data):
            return 2 * len(data)
        case Literal(value=str(text)):
            return len(text)
        case Literal() | StoredFile(geodata=None, published=None):
            return 200
        case StoredFile():  # what is known of its content: little, but for data of very many columns
            return len(compact(dump_value(value)))
    return MOST + 1


def _dump_job(job: Job) -> list[object]:
    times = [job.created, job.updated, job.started, job.finished, job.expires]
    numbers = [None if at is None else micros(at) for at in times]
    return [job.process, job.state, job.lane, *numbers, job.progress, job.message, job.attempt, job.priority]


def _load_job(id: str, data: list[Any]) -> Job:
    process, state, lane, created, updated, started, finished, expires, *rest = data
    return Job(
        id,
        process,
        JobState(state),
        Lane(lane),
        EPOCH + timedelta(microseconds=created),
        EPOCH + timedelta(microseconds=updated),
        moment(started),
        moment(finished),
        moment(expires),
        *rest,
    )
