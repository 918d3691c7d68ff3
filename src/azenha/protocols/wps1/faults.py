"""Exceptions of WPS 1.0.0: codes and HTTP statuses, and an `ows:ExceptionReport` for each error.

For mistakes of the client 400 is preferred, whatever OWS Common says: of most other statuses, clients lose
the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from azenha.domain import errors
from azenha.domain.errors import AppError, JobFailed, MethodNotAllowed
from azenha.domain.job import Failure, FailureKind
from azenha.domain.messages import Mode
from azenha.protocols import ows, soap
from azenha.protocols.http import HttpReply
from azenha.protocols.ows import Fault, OwsException
from azenha.protocols.soap import Soap
from azenha.protocols.wps1.words import NAMESPACES
from azenha.protocols.xml_write import MEDIA_TYPE, Tag, document

FAULTS: Final[Mapping[type[AppError], Fault]] = MappingProxyType(
    {
        **ows.FAULTS,
        errors.ValueTooLarge: ("FileSizeExceeded", 400),
        errors.NoRoom: ("NotEnoughStorage", 500),
    }
)

# What a failed job is to whoever asked for its raw output, where the client is to blame.
_FAILURES: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        FailureKind.INPUT: ("InvalidParameterValue", 400),
        FailureKind.FETCH: ("NoApplicableCode", 400),
        FailureKind.SIZE: ("FileSizeExceeded", 400),
        FailureKind.SERVICE: ("NoApplicableCode", 400),
    }
)
_FAILED: Final[Fault] = ("NoApplicableCode", 500)
_LOCATED: Final = frozenset({"InvalidParameterValue", "FileSizeExceeded"})


def fault(error: AppError, envelope: Soap | None, language: str | None = None) -> HttpReply:
    """An error as a report, in the envelope that the request came in."""
    status, found = _exceptions(error)
    report = ows.exception_report(found, ows.Edition.V1_1, language)
    headers = _headers(error)
    if envelope is None:
        return HttpReply(status, (("Content-Type", MEDIA_TYPE), *headers), document(report, NAMESPACES))
    code = "MustUnderstand" if isinstance(error, errors.HeaderNotUnderstood) else _blame(status)
    body = soap.fault(report, found[0].text or found[0].code, envelope, NAMESPACES, code=code)
    return HttpReply(soap.status(envelope, status), (("Content-Type", envelope.media_type), *headers), body)


def _exceptions(error: AppError) -> tuple[int, tuple[OwsException, ...]]:
    match error:
        case JobFailed():
            code, status = _FAILURES.get(error.kind, _FAILED)
            return status, (OwsException(code, str(error), error.subject if code in _LOCATED else None),)
        case errors.ModeNotOffered() if error.locator == Mode.ASYNC:
            return 400, (OwsException("StorageNotSupported", str(error)),)
        case errors.ModeNotOffered():
            return 400, (OwsException("InvalidParameterValue", str(error), "storeExecuteResponse"),)
        case errors.NoSuchProcess():
            return 400, (OwsException("InvalidParameterValue", str(error), "Identifier"),)
    return ows.status_and_exceptions(error, FAULTS)


def _blame(status: int) -> str:
    return "Sender" if status < 500 else "Receiver"


def _headers(error: AppError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, MethodNotAllowed):
        return (("Allow", ", ".join(error.allowed)),)
    retry_after = getattr(error, "retry_after", None)
    return () if retry_after is None else (("Retry-After", str(retry_after)),)


def failed(failure: Failure | None, otherwise: str) -> Tag:
    """`ows:ExceptionReport` within `wps:ProcessFailed`.

    Args:
        otherwise: what is told where no failure was recorded.
    """
    if failure is None:
        one = OwsException("NoApplicableCode", otherwise)
    else:
        text = f"{failure.message} (reference {failure.reference})"
        code, _ = _FAILURES.get(failure.kind, _FAILED)
        one = OwsException(code, text, failure.locator if code in _LOCATED else None)
    return ows.exception_report((one,), ows.Edition.V1_1)
