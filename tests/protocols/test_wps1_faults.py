"""Every error has its code, its locator and its HTTP status in WPS 1.0.0, as a report that the schemas take."""

from __future__ import annotations

import inspect

import pytest
from ogcapi_outcomes import header

import schemas
from azenha.domain import errors
from azenha.domain.errors import AppError
from azenha.domain.job import FailureKind
from azenha.protocols.http import HttpReply, HttpRequest, Limits, Site
from azenha.protocols.wps1.edition import Wps1
from azenha.protocols.wps1.faults import FAULTS
from azenha.protocols.wps_dialect import Wps

WPS = Wps("/wps/1.0.0", [Wps1(Limits())])
SITE = Site("http://server.example/wps/1.0.0")
OWS = "{http://www.opengis.net/ows/1.1}"
CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, AppError)]
SOAP = {
    "1.1": ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
    "1.2": ("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml"),
}
GET = HttpRequest("GET", "/")


def fault(error: AppError, request: HttpRequest = GET) -> HttpReply:
    return WPS.fault(error, request, SITE)


def body(reply: HttpReply) -> bytes:
    return b"".join(part for part in reply.body if isinstance(part, bytes))


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_has_a_place_of_its_own_or_its_kinds(error: type[AppError]) -> None:
    own = [c for c in error.__mro__ if c in FAULTS]
    assert own[0] is not AppError or error is AppError


def invalid(*problems: errors.InputProblem) -> errors.InvalidInputs:
    return errors.InvalidInputs(problems)


MISSING, INVALID, NONE = "MissingParameterValue", "InvalidParameterValue", "NoApplicableCode"


@pytest.mark.parametrize(
    ("error", "status", "code", "locator"),
    [
        (AppError("internal error, reference R-1"), 500, NONE, None),
        (errors.MissingParameter("version"), 400, MISSING, "version"),
        (errors.BadParameter("x", "status"), 400, INVALID, "status"),
        (errors.Malformed("x"), 400, NONE, None),
        (errors.TooLarge("x"), 413, NONE, None),
        (errors.VersionNotOffered("x"), 400, "VersionNegotiationFailed", None),
        (errors.NoSuchOperation("x", "Dance"), 501, "OperationNotSupported", "Dance"),
        (errors.OptionNotOffered("x", "RawDataOutput"), 501, "OptionNotSupported", "RawDataOutput"),
        (errors.UpdateSequenceAhead("x"), 400, "InvalidUpdateSequence", None),
        (errors.NoSuchProcess("p"), 400, INVALID, "Identifier"),
        (errors.NoSuchProcesses(["p", "q"]), 400, INVALID, "Identifier"),
        (errors.ModeNotOffered("x", "async"), 400, "StorageNotSupported", None),
        (errors.ModeNotOffered("x", "sync"), 400, INVALID, "storeExecuteResponse"),
        (invalid(errors.MissingInput("a", "x")), 400, MISSING, "a"),
        (invalid(errors.TooFewValues("a", "x")), 400, MISSING, "a"),
        (invalid(errors.TooManyValues("a", "x")), 400, INVALID, "a"),
        (invalid(errors.UnknownInput("a", "x")), 400, INVALID, "a"),
        (invalid(errors.InvalidValue("a", "x")), 400, INVALID, "a"),
        (invalid(errors.UnsupportedFormat("a", "x")), 400, INVALID, "a"),
        (invalid(errors.ValueTooLarge("a", "x")), 400, "FileSizeExceeded", "a"),
        (invalid(errors.UnknownOutput("o", "x")), 400, INVALID, "o"),
        (invalid(errors.UnsupportedOutputFormat("o", "x")), 400, INVALID, "o"),
        (invalid(errors.UnsupportedOutputUnit("o", "x")), 400, INVALID, "o"),
        (invalid(errors.TooManyOutputs("o", "x")), 400, INVALID, "o"),
        (errors.NoSuchJob("j"), 400, INVALID, "j"),
        (errors.NoSuchOutput("o", ["a"]), 400, INVALID, "o"),
        (errors.NoSuchPath("/x"), 404, NONE, None),
        (errors.MethodNotAllowed("PUT", ["GET", "POST"]), 405, NONE, None),
        (errors.Forbidden("x"), 403, NONE, None),
        (errors.QueueFull(10, "queue.length", 7), 503, "ServerBusy", None),
        (errors.TookTooLong("p", 60, "queue.sync_seconds"), 504, NONE, None),
        (errors.ProcessUnavailable("x"), 503, NONE, None),
        (errors.JobFailed("j", FailureKind.PROCESS, "it broke", "R-1"), 500, NONE, None),
        (errors.JobFailed("j", FailureKind.INPUT, "it is bad", "R-1", "a"), 400, INVALID, "a"),
        (errors.JobFailed("j", FailureKind.FETCH, "no answer", "R-1", "a"), 400, NONE, None),
        (errors.JobFailed("j", FailureKind.SERVICE, "no map", "R-1", "o"), 400, NONE, None),
        (errors.JobFailed("j", FailureKind.SIZE, "too large", "R-1", "a"), 400, "FileSizeExceeded", "a"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, AppError) else None,
)
def test_an_error_is_a_report(error: AppError, status: int, code: str, locator: str | None) -> None:
    reply = fault(error)
    assert (reply.status, header(reply, "Content-Type")) == (status, "text/xml")
    root = schemas.valid(body(reply))
    assert (root.tag, root.get("version")) == (f"{OWS}ExceptionReport", "1.0.0")
    (exception,) = root
    assert (exception.get("exceptionCode"), exception.get("locator")) == (code, locator)
    assert exception.findtext(f"{OWS}ExceptionText") == str(
        error.problems[0] if isinstance(error, errors.InvalidInputs) else error
    )


def test_every_problem_is_an_exception_of_its_own() -> None:
    root = schemas.valid(
        body(fault(invalid(errors.MissingInput("a", "x"), errors.UnknownOutput("o", "<y>"))))
    )
    assert [(e.get("exceptionCode"), e.get("locator")) for e in root] == [(MISSING, "a"), (INVALID, "o")]


def test_headers_tell_what_is_possible_and_when() -> None:
    assert header(fault(errors.MethodNotAllowed("PUT", ["GET", "POST"])), "Allow") == "GET, POST"
    assert header(fault(errors.QueueFull(10, "s", 7)), "Retry-After") == "7"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.BadParameter("x", "status"), {"1.1": 500, "1.2": 400}, {"1.1": "Client", "1.2": "Sender"}),
        (AppError("x"), {"1.1": 500, "1.2": 500}, {"1.1": "Server", "1.2": "Receiver"}),
        (errors.QueueFull(1, "s"), {"1.1": 503, "1.2": 503}, {"1.1": "Server", "1.2": "Receiver"}),
        (
            errors.HeaderNotUnderstood("x", "Security"),
            {"1.1": 500, "1.2": 400},
            {"1.1": "MustUnderstand", "1.2": "MustUnderstand"},
        ),
    ],
)
def test_to_an_envelope_the_report_is_the_detail_of_a_fault(
    error: AppError, status: dict[str, int], code: dict[str, str], version: str
) -> None:
    namespace, type = SOAP[version]
    start = f'<e:Envelope xmlns:e="{namespace}"><e:Body><broken'
    reply = fault(error, HttpRequest("POST", "/", start=start.encode()))
    assert (reply.status, header(reply, "Content-Type")) == (status[version], type)
    root = schemas.valid(body(reply))
    (found,) = root[0]
    word = found.findtext("faultcode") or found.findtext(f"{{{namespace}}}Code/{{{namespace}}}Value")
    assert word == f"soap:{code[version]}"
    (report,) = schemas.carried(root)
    assert report.tag == f"{OWS}ExceptionReport"
