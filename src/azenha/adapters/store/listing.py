"""Pages of the job list: newest first, by cursor, at a cost that does not grow with the history.

For each state and process that is asked for, an index holds the jobs in the order of the list: a page is the
newest of the few newest of each. A duration has an index of its own: few jobs of that duration are sorted here,
where there are many the walk meets them soon.

To make such a statement took ten times as long as to run it: the texts are kept, by what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import and_, select, tuple_, union_all

from azenha.adapters.store.prepared import Prepared, compiled, given
from azenha.adapters.store.rows import RECORD, J, micros, record
from azenha.adapters.store.statements import within
from azenha.domain.errors import BadParameter
from azenha.domain.job import CLAIMED, ENDED, JobState, Lane
from azenha.domain.messages import ListJobs
from azenha.usecases.ports import JobPage

Key = tuple[int, int]  # created, seq: the order of the list
Walk = tuple[
    JobState, str
]  # the jobs of a state, and what else must hold of them: a name of `_MORE`, or nothing

LISTED: Final = within(Lane.BACKGROUND)
_MORE: Final = {
    "running": and_(J.started <= given("begun_until"), J.started >= given("begun_since")),
    "lasted": J.duration.between(given("least"), given("most")),
}
FEW: Final = 1000  # jobs of a duration that are sorted rather than met on a walk
_LONGEST: Final = 10**12  # seconds; beyond what the column holds in microseconds
_ROW = select(*RECORD).where(J.seq == given("seq"))
_OF_DURATION = select(J.state, J.process, J.created, J.seq).where(LISTED, _MORE["lasted"]).limit(FEW + 1)
_BOUNDS: Final = {
    "since": J.created >= given("since"),
    "until": J.created <= given("until"),
    "after": tuple_(J.created, J.seq) < tuple_(given("after"), given("after_seq")),
    "before": tuple_(J.created, J.seq) > tuple_(given("before"), given("before_seq")),
}
_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


def page(connection: Prepared, command: ListJobs, now: int) -> JobPage:
    """
    Args:
        now: microseconds, for the duration of what still runs.
    Raises:
        BadParameter: a cursor is none.
    """
    newest = command.before is None
    connection.run("BEGIN")  # what is found is still like that when it is read
    try:
        keys = sorted(_keys(connection, command, now), reverse=newest)
        more = len(keys) > command.limit
        keys = keys[: command.limit]
        if not newest:
            keys.reverse()
        jobs = [record(connection.execute(_ROW, {"seq": seq}).one()) for _, seq in keys]
    finally:
        connection.run("COMMIT")
    older = more if newest else bool(keys)
    newer = more if not newest else bool(keys) and command.after is not None
    return JobPage(jobs, _cursor(keys[-1]) if older else None, _cursor(keys[0]) if newer else None)


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

    def values(self) -> dict[str, int]:
        """Of the bounds that there are, by the names that `_BOUNDS` gives them."""
        found: dict[str, int] = {}
        if self.since is not None:
            found["since"] = self.since
        if self.until is not None:
            found["until"] = self.until
        if self.after is not None:
            found["after"], found["after_seq"] = self.after
        if self.before is not None:
            found["before"], found["before_seq"] = self.before
        return found


def _states(command: ListJobs) -> Sequence[JobState]:
    if command.states:
        return [JobState(state) for state in command.states]
    if command.shortest is not None or command.longest is not None:
        return [*sorted(CLAIMED), *sorted(ENDED)]
    return [state for state in JobState if state not in (JobState.CREATED, JobState.REMOVED)]


def _keys(connection: Prepared, command: ListJobs, now: int) -> list[Key]:
    """The keys of the page and of one more, if there is, and perhaps others farther on."""
    states, span = _states(command), _Span.of(command)
    if command.shortest is None and command.longest is None:
        return _walked(connection, command, span, [(state, "") for state in states], {})
    least = int(min(command.shortest or 0, _LONGEST) * 1_000_000)
    most = int(min(_LONGEST if command.longest is None else command.longest, _LONGEST) * 1_000_000)
    # Of what has not ended only the few that run have a duration.
    values = {"begun_until": now - least, "begun_since": now - most, "least": least, "most": most}
    walks: list[Walk] = [(state, "running") for state in states if state not in ENDED]
    ended = [state for state in states if state in ENDED]
    few = _few(connection, values) if ended else []
    if few is None:
        walks += [(state, "lasted") for state in ended]
        return _walked(connection, command, span, walks, values)
    met = [
        (created, seq)
        for state, process, created, seq in few
        if state in ended
        and (not command.processes or process in command.processes)
        and (created, seq) in span
    ]
    return met + _walked(connection, command, span, walks, values)


def _few(connection: Prepared, values: dict[str, int]) -> Sequence[Any] | None:
    """State, process and key of the jobs of a duration; None if they are more than `FEW`."""
    rows = connection.execute(_OF_DURATION, values).all()
    return rows if len(rows) <= FEW else None


def _walked(
    connection: Prepared, command: ListJobs, span: _Span, walks: Sequence[Walk], values: dict[str, int]
) -> list[Key]:
    """The first keys of each walk: newest first, or oldest first where the page before a cursor is asked for."""
    if not walks:
        return []
    bounds, processes = span.values(), command.processes or ()
    forwards = command.before is not None
    text, fixed = _text(tuple(walks), len(processes), tuple(b for b in _BOUNDS if b in bounds), forwards)
    named = {f"process{number}": process for number, process in enumerate(processes)}
    rows = connection.run(text, {**fixed, **values, **bounds, **named, "rows": command.limit + 1})
    return [(created, seq) for created, seq in rows.all()]


@lru_cache(maxsize=64)
def _text(
    walks: Sequence[Walk], processes: int, bounds: Sequence[str], forwards: bool
) -> tuple[str, dict[str, object]]:
    """SQL for the walks of so many processes (0: of all), with the values in it that are always the same."""
    conditions = [LISTED, *(_BOUNDS[bound] for bound in bounds)]
    order = (J.created.asc(), J.seq.asc()) if forwards else (J.created.desc(), J.seq.desc())
    found = []
    for state, more in walks:
        for number in range(processes or 1):
            walk = select(J.created, J.seq).where(*conditions, J.state == state)
            if processes:
                walk = walk.where(J.process == given(f"process{number}"))
            if more:
                walk = walk.where(_MORE[more])
            found.append(select(walk.order_by(*order).limit(given("rows")).subquery()))
    return compiled(union_all(*found))
