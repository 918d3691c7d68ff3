"""Exceptions of WPS 2.0 (OGC 14-065r2 §9, tables of exception codes): codes, HTTP statuses and locators.

For mistakes of the client 400 is preferred: of other statuses, clients lose the report. A job that failed is
answered with its own report, and what went wrong inside of a process is nobody's business but its owner's, who
has the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from azenha.domain import errors
from azenha.domain.errors import AppError, InState, JobFailed, MethodNotAllowed
from azenha.domain.job import FailureKind, JobState
from azenha.protocols import ows, soap
from azenha.protocols.http import HttpReply
from azenha.protocols.ows import Fault, OwsException
from azenha.protocols.wps.manner import Manner
from azenha.protocols.wps.states import V2
from azenha.protocols.wps2.words import NAMESPACES
from azenha.protocols.xml_write import MEDIA_TYPE, document

FAULTS: Final[Mapping[type[AppError], Fault]] = MappingProxyType(
    {
        **ows.FAULTS,
        errors.NoSuchProcess: ("NoSuchProcess", 400),
        errors.NoSuchJob: ("NoSuchJob", 400),
        errors.ResultsGone: ("NoSuchJob", 400),
        errors.ResultsNotReady: ("ResultNotReady", 400),
        errors.ModeNotOffered: ("NoSuchMode", 400),
        errors.UnknownInput: ("NoSuchInput", 400),
        errors.NoSuchInput: ("NoSuchInput", 400),
        errors.UnknownOutput: ("NoSuchOutput", 400),
        errors.NoSuchOutput: ("NoSuchOutput", 400),
        errors.UnsupportedFormat: ("NoSuchFormat", 400),
        errors.UnsupportedOutputFormat: ("NoSuchFormat", 400),
        errors.ValueTooLarge: ("SizeExceeded", 400),
        errors.TooManyValues: ("TooManyInputs", 400),
        errors.TooManyOutputs: ("TooManyOutputs", 400),
        errors.TransmissionNotOffered: ("StorageNotSupported", 400),
        errors.DismissNotOffered: ("OperationNotSupported", 501),
        errors.PauseNotOffered: ("OperationNotSupported", 501),
        errors.JobStateConflict: ("JobStateConflict", 409),
        errors.NotFetched: ("DataNotAccessible", 400),
        errors.FetchFailed: ("DataNotAccessible", 400),
        errors.NoRoom: ("NotEnoughStorage", 500),
    }
)

# What a job that failed is to whoever asks for its results. The first four name the input.
FAILURES: Final[Mapping[FailureKind, Fault]] = MappingProxyType(
    {
        FailureKind.INPUT: ("WrongInputData", 400),
        FailureKind.FETCH: ("DataNotAccessible", 400),
        FailureKind.SIZE: ("SizeExceeded", 400),
        FailureKind.PROCESS: ("InternalServerError", 500),
        FailureKind.OUTPUT: ("InternalServerError", 500),
        FailureKind.TIME: ("NoApplicableCode", 500),
        FailureKind.MEMORY: ("NoApplicableCode", 500),
        FailureKind.SERVICE: ("NoApplicableCode", 400),
        FailureKind.RESULTS: ("NoApplicableCode", 500),
        FailureKind.LOST: ("NoApplicableCode", 500),
        FailureKind.UNAVAILABLE: ("NoApplicableCode", 500),
    }
)
_OF_INPUTS: Final = frozenset({FailureKind.INPUT, FailureKind.FETCH, FailureKind.SIZE})
_SILENT: Final = "InternalServerError"  # neither locator nor text

_WITHOUT_LOCATOR: Final = frozenset({"StorageNotSupported", _SILENT})
_ITEM: Final = re.compile(r"\[[0-9]+\]")
# Parameters that go by another name here than in the use cases.
_NAMES: Final = {"language": "lang"}


def fault(error: AppError, manner: Manner) -> HttpReply:
    """An error as a report, in the envelope that the request came in."""
    if isinstance(error, errors.JobStateConflict) and error.state == JobState.DISMISSED:
        error = errors.NoSuchJob(
            error.locator or ""
        )  # here that state is told once, and then no more (§9.12)
    status, found = _failed(error) if isinstance(error, JobFailed) else _exceptions(error)
    report = ows.exception_report(found, ows.Edition.V2_0)
    headers = _headers(error)
    if manner.soap is None:
        return HttpReply(status, (("Content-Type", MEDIA_TYPE), *headers), document(report, NAMESPACES))
    code = "Sender" if status < 500 else "Receiver"
    if isinstance(error, errors.HeaderNotUnderstood):
        code = "MustUnderstand"
    body = soap.fault(report, found[0].text or found[0].code, manner.soap, NAMESPACES, code=code)
    headers = (("Content-Type", manner.soap.media_type), *headers)
    return HttpReply(soap.status(manner.soap, status), headers, body)


def _exceptions(error: AppError) -> tuple[int, tuple[OwsException, ...]]:
    status, found = ows.status_and_exceptions(error, FAULTS)
    if isinstance(error, InState):
        found = tuple(replace(one, text=error.told(V2)) for one in found)
    return status, tuple(replace(one, locator=_locator(one)) for one in found)


def _locator(one: OwsException) -> str | None:
    """Of several values of an input the locator is the input: clients look for its id."""
    if one.locator is None or one.code in _WITHOUT_LOCATOR:
        return None
    return _NAMES.get(one.locator, _ITEM.sub("", one.locator))


def _failed(error: JobFailed) -> tuple[int, tuple[OwsException, ...]]:
    kind = FailureKind(error.kind)
    code, status = FAILURES[kind]
    if code == _SILENT:
        return status, (OwsException(code),)
    locator = error.subject if kind in _OF_INPUTS else None
    one = OwsException(code, str(error), locator)
    return status, (replace(one, locator=_locator(one)),)


def _headers(error: AppError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, MethodNotAllowed):
        return (("Allow", ", ".join(error.allowed)),)
    retry_after = getattr(error, "retry_after", None)
    return () if retry_after is None else (("Retry-After", str(retry_after)),)
