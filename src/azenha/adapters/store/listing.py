"""Pages of the job list: newest first, by cursor, at a cost that does not grow with the history.

For each state and process that is asked for, an index holds the jobs in the order of the list: a page is the
newest of the few newest of each. A duration has an index of its own: few jobs of that duration are sorted here,
where there are many the walk meets them soon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, select, tuple_, union_all

from azenha.adapters.store.rows import RECORD, J, micros, record
from azenha.adapters.store.statements import within
from azenha.domain.errors import BadParameter
from azenha.domain.job import CLAIMED, ENDED, JobState, Lane
from azenha.domain.messages import ListJobs
from azenha.usecases.ports import JobPage

Key = tuple[int, int]  # created, seq: the order of the list
Walk = tuple[JobState, ColumnElement[bool] | None]  # the jobs of a state, and what else must hold of them

LISTED: Final = within(Lane.BACKGROUND)
FEW: Final = 1000  # jobs of a duration that are sorted rather than met on a walk
_LONGEST: Final = 10**12  # seconds; beyond what the column holds in microseconds
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


def page(connection: Connection, command: ListJobs, now: int) -> JobPage:
    """
    Args:
        now: microseconds, for the duration of what still runs.
    Raises:
        BadParameter: a cursor is none.
    """
    connection.exec_driver_sql("BEGIN")  # what is found is still like that when it is read
    newest = command.before is None
    keys = sorted(_keys(connection, command, now), reverse=newest)
    more = len(keys) > command.limit
    keys = keys[: command.limit]
    if not newest:
        keys.reverse()
    rows = connection.execute(select(*RECORD, J.seq).where(J.seq.in_([seq for _, seq in keys]))).all()
    by_seq = {row[-1]: record(row) for row in rows}
    older = more if newest else bool(keys)
    newer = more if not newest else bool(keys) and command.after is not None
    return JobPage(
        [by_seq[seq] for _, seq in keys],
        _cursor(keys[-1]) if older else None,
        _cursor(keys[0]) if newer else None,
    )


def _cursor(key: Key) -> str:
    return f"{key[0]}.{key[1]}"


def _key(cursor: str, name: str) -> Key:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadParameter(f"'{cursor[:40]}' is no cursor of a job list", name)
    return int(found[1]), int(found[2])


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of the list: bounds of creation in microseconds, inclusive; cursors, exclusive; None: no bound."""

    since: int | None
    until: int | None
    after: Key | None
    before: Key | None

    @staticmethod
    def of(command: ListJobs) -> _Span:
        return _Span(
            None if command.since is None else micros(command.since),
            None if command.until is None else micros(command.until),
            None if command.after is None else _key(command.after, "after"),
            None if command.before is None else _key(command.before, "before"),
        )

    def __contains__(self, key: Key) -> bool:
        return (
            (self.since is None or key[0] >= self.since)
            and (self.until is None or key[0] <= self.until)
            and (self.after is None or key < self.after)
            and (self.before is None or key > self.before)
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        place = tuple_(J.created, J.seq)
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(J.created >= self.since)
        if self.until is not None:
            found.append(J.created <= self.until)
        if self.after is not None:
            found.append(place < self.after)
        if self.before is not None:
            found.append(place > self.before)
        return found


def _states(command: ListJobs) -> Sequence[JobState]:
    if command.states:
        return [JobState(state) for state in command.states]
    if command.shortest is not None or command.longest is not None:
        return [*sorted(CLAIMED), *sorted(ENDED)]
    return [state for state in JobState if state not in (JobState.CREATED, JobState.REMOVED)]


def _keys(connection: Connection, command: ListJobs, now: int) -> list[Key]:
    """The keys of the page and of one more, if there is, and perhaps others farther on."""
    states = _states(command)
    if command.shortest is None and command.longest is None:
        return _walked(connection, command, [(state, None) for state in states])
    least = int(min(command.shortest or 0, _LONGEST) * 1_000_000)
    most = int(min(_LONGEST if command.longest is None else command.longest, _LONGEST) * 1_000_000)
    # Of what has not ended only the few that run have a duration.
    running = and_(J.started <= now - least, J.started >= now - most)
    walks: list[Walk] = [(state, running) for state in states if state not in ENDED]
    ended = [state for state in states if state in ENDED]
    lasted = J.duration.between(least, most)
    few = _few(connection, lasted) if ended else []
    if few is None:
        walks += [(state, lasted) for state in ended]
        return _walked(connection, command, walks)
    span = _Span.of(command)
    met = [
        (created, seq)
        for state, process, created, seq in few
        if state in ended
        and (not command.processes or process in command.processes)
        and (created, seq) in span
    ]
    return met + _walked(connection, command, walks)


def _few(connection: Connection, lasted: ColumnElement[bool]) -> Sequence[Any] | None:
    """State, process and key of the jobs of a duration; None if they are more than `FEW`."""
    found = select(J.state, J.process, J.created, J.seq).where(LISTED, lasted).limit(FEW + 1)
    rows = connection.execute(found).all()
    return rows if len(rows) <= FEW else None


def _walked(connection: Connection, command: ListJobs, walks: Sequence[Walk]) -> list[Key]:
    """The first keys of each walk: newest first, or oldest first where the page before a cursor is asked for."""
    conditions = [LISTED, *_Span.of(command).conditions()]
    forwards = command.before is not None
    order = (J.created.asc(), J.seq.asc()) if forwards else (J.created.desc(), J.seq.desc())
    found = []
    for state, more in walks:
        for process in command.processes or (None,):
            walk = select(J.created, J.seq).where(*conditions, J.state == state)
            if process is not None:
                walk = walk.where(J.process == process)
            if more is not None:
                walk = walk.where(more)
            found.append(select(walk.order_by(*order).limit(command.limit + 1).subquery()))
    if not found:
        return []
    return [(created, seq) for created, seq in connection.execute(union_all(*found))]
