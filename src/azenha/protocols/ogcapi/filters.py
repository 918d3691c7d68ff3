"""The parameters of the job list (OGC 18-062r2 §11.3): several filters hold together, several values are or."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from azenha.domain.errors import BadParameter
from azenha.domain.messages import PROCESSES_AT_MOST, ListJobs
from azenha.protocols.ogcapi.parameters import Parameters, after, count, limit, several, single
from azenha.protocols.ogcapi.words import STATES

PARAMETERS: Final = (
    "limit", "after", "before", "type", "processID", "status", "datetime", "minDuration", "maxDuration",
    "profile",
)  # fmt: skip
TYPE: Final = "process"

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_OPEN: Final = ("", "..")


def read(parameters: Parameters) -> ListJobs:
    """
    Raises:
        BadParameter
    """
    older, newer = after(parameters), after(parameters, "before")
    if older is not None and newer is not None:
        raise BadParameter(
            "'after' and 'before' are pages in opposite directions: give one of them", "before"
        )
    _among(several(parameters, "type"), (TYPE,), "type")
    words = several(parameters, "status")
    _among(words, tuple(STATES), "status")
    processes = several(parameters, "processID")
    if len(processes) > PROCESSES_AT_MOST:
        raise BadParameter(
            f"parameter 'processID' has {len(processes)} values; at most {PROCESSES_AT_MOST} are allowed",
            "processID",
        )
    since, until = _interval(single(parameters, "datetime"))
    shortest, longest = _seconds(parameters, "minDuration"), _seconds(parameters, "maxDuration")
    if shortest is not None and longest is not None and shortest > longest:
        raise BadParameter(f"'minDuration' {shortest} is more than 'maxDuration' {longest}", "minDuration")
    return ListJobs(
        limit(parameters),
        older,
        tuple(state for word in words for state in STATES[word]),
        processes,
        newer,
        since,
        until,
        shortest,
        longest,
    )


def _among(words: tuple[str, ...], known: tuple[str, ...], name: str) -> None:
    for word in words:
        if word not in known:
            raise BadParameter(f"parameter '{name}' is one of {', '.join(known)}; given '{word[:40]}'", name)


def _seconds(parameters: Parameters, name: str) -> int | None:
    text = single(parameters, name)
    return None if text is None else count(text, name, 0)


def _interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    """An instant, or two with `/` between them, one of which may be open: both ends inclusive.

    Times are compared by the millisecond, as the status shows them: so that what was read there is found.
    """
    if text is None:
        return None, None
    ends = text.split("/")
    if len(ends) > 2 or all(end in _OPEN for end in ends):
        raise BadParameter(
            f"parameter 'datetime' is a time or an interval, "
            f"2026-01-31T12:00:00Z, 2026-01-31T12:00:00Z/.. or ../2026-01-31T12:00:00Z; given '{text[:80]}'",
            "datetime",
        )
    since, until = (None if end in _OPEN and len(ends) == 2 else _instant(end) for end in (ends[0], ends[-1]))
    if since is not None and until is not None and since > until:
        raise BadParameter(f"parameter 'datetime' ends before it begins: '{text[:80]}'", "datetime")
    return since, None if until is None else until + timedelta(microseconds=999)


def _instant(text: str) -> datetime:
    """RFC 3339, in UTC, to the millisecond."""
    upper = text.upper()
    try:
        if not _INSTANT.fullmatch(upper):
            raise ValueError
        time = datetime.fromisoformat(upper).astimezone(UTC)
        return time.replace(microsecond=time.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        hint = "; in an address the + of an offset is written %2B" if " " in text else ""
        raise BadParameter(
            f"parameter 'datetime' has times like 2026-01-31T12:00:00Z (RFC 3339, with offset); "
            f"given '{text[:40]}'{hint}",
            "datetime",
        ) from None
