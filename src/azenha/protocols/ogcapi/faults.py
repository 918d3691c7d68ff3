"""Errors as OGC API - Processes tells them (exception.yaml, RFC 7807): one table, looked up along the MRO.

The standard defines the URIs of three exceptions; the draft of 2.0 adds some under that address. All others
are `about:blank`: the status code says what they are, and `detail` the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from azenha.domain import errors
from azenha.domain.errors import (
    AppError,
    InState,
    InvalidInputs,
    JobFailed,
    MethodNotAllowed,
    PauseNotOffered,
)
from azenha.domain.job import FailureKind
from azenha.protocols.http import HttpRequest, Site
from azenha.protocols.ogcapi.words import EXCEPTION, EXCEPTION_4, STATUS

Fault = tuple[int, str, str]

_BLANK: Final = "about:blank"

FAULTS: Final[Mapping[type[AppError], Fault]] = MappingProxyType(
    {
        AppError: (500, _BLANK, "Internal error"),
        errors.BadRequest: (400, _BLANK, "Bad request"),
        errors.Malformed: (400, _BLANK, "Malformed body"),
        errors.BadParameter: (400, f"{EXCEPTION}invalid-query-parameter-value", "Invalid parameter"),
        errors.UnsupportedMediaType: (415, f"{EXCEPTION_4}unsupported-media-type", "Unsupported media type"),
        errors.UnsupportedSchema: (422, f"{EXCEPTION_4}unsupported-schema", "Unsupported schema"),
        errors.TooLarge: (413, _BLANK, "Too large"),
        errors.InvalidInputs: (400, _BLANK, "Invalid inputs"),
        errors.InputProblem: (400, _BLANK, "Invalid inputs"),
        errors.NotFound: (404, _BLANK, "Not found"),
        errors.NoSuchProcess: (404, f"{EXCEPTION}no-such-process", "No such process"),
        errors.NoSuchJob: (404, f"{EXCEPTION}no-such-job", "No such job"),
        errors.NoSuchInput: (404, _BLANK, "No such input"),
        errors.NoSuchOutput: (400, f"{EXCEPTION}no-such-output", "No such output"),
        errors.NoSuchResult: (404, f"{EXCEPTION}result-not-available", "No such result"),
        errors.ResultsNotReady: (404, f"{EXCEPTION}result-not-ready", "Results not ready"),
        errors.ResultsGone: (404, f"{EXCEPTION}result-not-available", "No results"),
        errors.MethodNotAllowed: (405, _BLANK, "Method not allowed"),
        errors.MethodUnknown: (501, _BLANK, "Method not implemented"),
        errors.NotAcceptable: (406, _BLANK, "Not acceptable"),
        errors.PreconditionFailed: (412, _BLANK, "Precondition failed"),
        errors.RangeNotSatisfiable: (416, _BLANK, "Range not satisfiable"),
        errors.Forbidden: (403, _BLANK, "Forbidden"),
        errors.Locked: (423, f"{EXCEPTION_4}locked", "Locked"),
        errors.JobStateConflict: (409, _BLANK, "Not possible in this state"),
        errors.PauseNotOffered: (405, _BLANK, "Pausing is not offered"),
        errors.QueueFull: (503, _BLANK, "Queue full"),
        errors.TookTooLong: (504, _BLANK, "Took too long"),
        errors.FetchFailed: (502, _BLANK, "Fetching failed"),
        errors.ResultsUnreachable: (503, _BLANK, "Results unreachable"),
        errors.StoreFailed: (503, _BLANK, "Store failed"),
        errors.NoRoom: (503, _BLANK, "Insufficient storage"),
        errors.ServiceFailed: (502, _BLANK, "Service failed"),
        errors.ServiceBusy: (503, _BLANK, "Service busy"),
        errors.ServerEnds: (503, _BLANK, "Server ends"),
        errors.ServiceTookTooLong: (504, _BLANK, "Took too long"),
        errors.ProcessUnavailable: (503, _BLANK, "Process unavailable"),
        errors.JobFailed: (500, _BLANK, "Job failed"),
    }
)

# Asked for results, a failed job answers as the reason demands (/req/core/job-results-failed). An input that
# proved bad is the client's fault; that a job went over its limits may as well be the process's.
FAILURES: Final[Mapping[FailureKind, tuple[int, str]]] = MappingProxyType(
    {
        FailureKind.PROCESS: (500, "The process failed"),
        FailureKind.INPUT: (400, "An input is not usable"),
        FailureKind.FETCH: (400, "An input could not be fetched"),
        FailureKind.SIZE: (400, "An input is too large"),
        FailureKind.TIME: (500, "The job ran out of time"),
        FailureKind.MEMORY: (500, "The job ran out of memory"),
        FailureKind.OUTPUT: (500, "The outputs are not as declared"),
        FailureKind.SERVICE: (400, "An output cannot be published"),
        FailureKind.RESULTS: (500, "The results could not be kept"),
        FailureKind.LOST: (500, "The job was lost"),
        FailureKind.UNAVAILABLE: (500, "The process cannot be run any more"),
    }
)


def lookup(error: AppError) -> Fault:
    """Status, type and title of an error."""
    if isinstance(error, JobFailed) and error.kind in FAILURES:
        status, title = FAILURES[FailureKind(error.kind)]
        return status, _BLANK, title
    return next(FAULTS[c] for c in type(error).__mro__ if c in FAULTS)


def document(error: AppError, request: HttpRequest, site: Site) -> dict[str, object]:
    status, type, title = lookup(error)
    found: dict[str, object] = {
        "type": type,
        "title": title,
        "status": status,
        "detail": _encodable(error.told(STATUS) if isinstance(error, InState) else str(error)),
        "instance": f"{site.base}{quote(_encodable(request.path), safe='/')}",
    }
    if isinstance(error, InvalidInputs):
        found["errors"] = [
            {"locator": p.locator, "subject": p.subject, "message": p.message} for p in error.problems
        ]
    elif error.locator is not None:
        found["locator"] = _encodable(error.locator)
    if isinstance(error, JobFailed):
        found["reference"] = error.reference
    return found


def _encodable(text: str) -> str:
    """A path may hold bytes that were no UTF-8, as surrogates; they are shown as question marks."""
    return text.encode("utf-8", "replace").decode()


def headers(error: AppError) -> tuple[tuple[str, str], ...]:
    if type(error) is MethodNotAllowed:
        return (("Allow", ", ".join(error.allowed)),)
    if isinstance(error, PauseNotOffered):
        return (("Allow", ""),)  # RFC 9110 §10.2.1: nothing can be done there
    retry_after = getattr(error, "retry_after", None)
    return () if retry_after is None else (("Retry-After", str(retry_after)),)
