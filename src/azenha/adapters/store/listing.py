"""Pages of the job list: newest first, by cursor, at a cost that does not grow with the history.

For each state and process that is asked for, an index holds the jobs in the order of the list: a page is the
newest of the few newest of each. A duration has an index of its own: few jobs of that duration are sorted here,
where there are many the walk meets them soon.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from azenha.adapters.store.prepared import Prepared, given
from azenha.adapters.store.rows import RECORD, J, micros, record
from azenha.adapters.store.statements import within
from azenha.domain.errors import BadParameter
from azenha.domain.job import CLAIMED, ENDED, JobState, Lane
from azenha.domain.messages import ListJobs
from azenha.usecases.ports import JobPage

Key = tuple[int, int]  # created, seq: the order of the list

LISTED: Final = within(Lane.BACKGROUND)
FEW: Final = 1000  # jobs of a duration that are sorted rather than met on a walk
_LONGEST: Final = 10**12  # seconds; beyond what the column holds in microseconds
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


class _Lasts(StrEnum):
    """How long a job took, from `least` to `most` microseconds inclusive."""

    ANY = "any"
    UNTIL_NOW = "until now"
    TO_ITS_END = "to its end"


_LASTED_SO_LONG = J.duration.between(given("least"), given("most"))
_LASTING: Final[Mapping[_Lasts, Sequence[ColumnElement[bool]]]] = {
    _Lasts.ANY: (),
    _Lasts.UNTIL_NOW: (J.started <= given("now") - given("least"), J.started >= given("now") - given("most")),
    _Lasts.TO_ITS_END: (_LASTED_SO_LONG,),
}
Walk = tuple[JobState, _Lasts]  # the jobs of a state, and what else must hold of them


def page(connection: Prepared, command: ListJobs, now: int) -> JobPage:
    """
    Args:
        now: microseconds, for the duration of what still runs.
    Raises:
        BadParameter: a cursor is none.
    """
    span = _Span.of(command)
    connection.run("BEGIN")  # what is found is still like that when it is read
    try:
        newest = command.before is None
        keys = sorted(_keys(connection, command, span, now), reverse=newest)
        more = len(keys) > command.limit
        keys = keys[: command.limit]
        if not newest:
            keys.reverse()
        rows = connection.execute(_ROWS, {"seqs": json.dumps([seq for _, seq in keys])}).all()
    finally:
        connection.run("ROLLBACK")  # nothing was written
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

    def bounds(self) -> dict[str, int]:
        """Those that there are, by the names that `_BOUNDS` gives them."""
        found = {"since": self.since, "until": self.until}
        for name, key in (("after", self.after), ("before", self.before)):
            found[name], found[f"{name}_seq"] = key or (None, None)
        return {name: bound for name, bound in found.items() if bound is not None}


_BOUNDS: Final = {
    "since": J.created >= given("since"),
    "until": J.created <= given("until"),
    "after": tuple_(J.created, J.seq) < tuple_(given("after"), given("after_seq")),
    "before": tuple_(J.created, J.seq) > tuple_(given("before"), given("before_seq")),
}


def _states(command: ListJobs) -> Sequence[JobState]:
    if command.states:
        return [JobState(state) for state in command.states]
    if command.shortest is not None or command.longest is not None:
        return [*sorted(CLAIMED), *sorted(ENDED)]
    return [state for state in JobState if state not in (JobState.CREATED, JobState.REMOVED)]


def _keys(connection: Prepared, command: ListJobs, span: _Span, now: int) -> list[Key]:
    """The keys of the page and of one more, if there is, and perhaps others farther on."""
    states = _states(command)
    values: dict[str, object] = {**span.bounds(), "most_keys": command.limit + 1}
    if command.shortest is None and command.longest is None:
        return _walked(connection, command, [(state, _Lasts.ANY) for state in states], values)
    values["now"] = now
    values["least"] = int(min(command.shortest or 0, _LONGEST) * 1_000_000)
    values["most"] = int(min(_LONGEST if command.longest is None else command.longest, _LONGEST) * 1_000_000)
    # Of what has not ended only the few that run have a duration.
    walks: list[Walk] = [(state, _Lasts.UNTIL_NOW) for state in states if state not in ENDED]
    ended = [state for state in states if state in ENDED]
    if ended and connection.execute(_COUNT, {**values, "most_found": FEW + 1}).scalar_one() > FEW:
        walks += [(state, _Lasts.TO_ITS_END) for state in ended]
        return _walked(connection, command, walks, values)
    few = connection.execute(_LASTED, values).all() if ended else []
    met = [
        (created, seq)
        for state, process, created, seq in few
        if state in ended
        and (not command.processes or process in command.processes)
        and (created, seq) in span
    ]
    return met + _walked(connection, command, walks, values)


def _walked(
    connection: Prepared, command: ListJobs, walks: Sequence[Walk], values: dict[str, object]
) -> list[Key]:
    """The first keys of each walk: newest first, or oldest first where the page before a cursor is asked for."""
    bounds = tuple(name for name in _BOUNDS if name in values)
    found: list[Key] = []
    for state, lasts in walks:
        walk = _walk(lasts, bounds, of_process=bool(command.processes), forwards=command.before is not None)
        for process in command.processes or (None,):
            found += connection.execute(walk, {**values, "state": str(state), "process": process}).all()
    return found


@cache
def _walk(lasts: _Lasts, bounds: tuple[str, ...], *, of_process: bool, forwards: bool) -> Select[Any]:
    """The keys of a state in their order, and how often it is built is bounded by the number of filters."""
    conditions: list[ColumnElement[bool]] = [LISTED, J.state == given("state")]
    if of_process:
        conditions.append(J.process == given("process"))
    conditions += _LASTING[lasts]
    conditions += [_BOUNDS[name] for name in bounds]
    order = (J.created.asc(), J.seq.asc()) if forwards else (J.created.desc(), J.seq.desc())
    return select(J.created, J.seq).where(*conditions).order_by(*order).limit(given("most_keys"))


_LASTED: Final = select(J.state, J.process, J.created, J.seq).where(LISTED, _LASTED_SO_LONG)
_COUNT: Final = select(func.count()).select_from(_LASTED.limit(given("most_found")).subquery())
_ROWS: Final = select(*RECORD, J.seq).where(
    J.seq.in_(select(func.json_each(given("seqs")).table_valued("value").c.value))
)
