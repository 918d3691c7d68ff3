"""Every error has its status, its URI and its words, and never more than that."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ogcapi_outcomes import API, BASE, SITE, content, document, get, header

from azenha.domain import errors
from azenha.domain.errors import AppError
from azenha.domain.job import FailureKind, JobState
from azenha.protocols.ogcapi.faults import FAILURES, FAULTS

E = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
E4 = "http://www.opengis.net/def/exceptions/ogcapi-processes-4/1.0/"
CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, AppError)]
INVALID = errors.InvalidInputs(
    [errors.InvalidValue("band", "takes 1 to 64, got 0"), errors.UnknownOutput("ndwi", "there is none")]
)


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_has_a_place_of_its_own_or_its_kinds(error: type[AppError]) -> None:
    own = [c for c in error.__mro__ if c in FAULTS]
    assert own[0] is not AppError or error is AppError


# Of what the client sent, named or asked for.
BY_THE_CLIENT = (FailureKind.INPUT, FailureKind.FETCH, FailureKind.SIZE, FailureKind.SERVICE)


def test_every_kind_of_failure_has_a_status() -> None:
    assert set(FAILURES) == set(FailureKind)


@pytest.mark.parametrize(
    ("error", "status", "type"),
    [
        (AppError("internal error, reference R-1"), 500, "about:blank"),
        (errors.BadRequest("x"), 400, "about:blank"),
        (errors.Malformed("x"), 400, "about:blank"),
        (errors.BadParameter("x", "limit"), 400, f"{E}invalid-query-parameter-value"),
        (errors.UnsupportedMediaType("x"), 415, f"{E4}unsupported-media-type"),
        (errors.UnsupportedSchema("x"), 422, f"{E4}unsupported-schema"),
        (errors.NoSuchInput("x", ["a"]), 404, "about:blank"),
        (errors.Locked("j1", "others change it"), 423, f"{E4}locked"),
        (errors.TooLarge("x"), 413, "about:blank"),
        (INVALID, 400, "about:blank"),
        (errors.NoSuchPath("/x"), 404, "about:blank"),
        (errors.NoSuchProcess("x"), 404, f"{E}no-such-process"),
        (errors.NoSuchJob("x"), 404, f"{E}no-such-job"),
        (errors.NoSuchOutput("x", ["a"]), 400, f"{E}no-such-output"),
        (errors.NoSuchResult("x", "not asked for"), 404, f"{E}result-not-available"),
        (errors.ResultsNotReady("x", JobState.RUNNING), 404, f"{E}result-not-ready"),
        (errors.ResultsGone("x"), 404, f"{E}result-not-available"),
        (errors.MethodNotAllowed("PUT", ["GET", "HEAD"]), 405, "about:blank"),
        (errors.MethodUnknown("FOO", ["GET", "HEAD"]), 501, "about:blank"),
        (errors.NotAcceptable("x"), 406, "about:blank"),
        (errors.Forbidden("x"), 403, "about:blank"),
        (errors.ForbiddenAddress("x"), 403, "about:blank"),
        (errors.QueueFull(10, "queue.length", 7), 503, "about:blank"),
        (errors.TookTooLong("slow", 60, "queue.sync_seconds"), 504, "about:blank"),
        (errors.ProcessUnavailable("x"), 503, "about:blank"),
        *(
            (errors.JobFailed("j1", kind, "it broke", "R-1"), 400 if kind in BY_THE_CLIENT else 500,
             "about:blank")
            for kind in FailureKind
        ),
    ],
)  # fmt: skip
def test_an_error_is_an_exception_document(
    error: AppError, status: int, type: str, validate: Callable[[Mapping[str, Any], str], None]
) -> None:
    reply = API.fault(error, get("/jobs/a b", accept="application/json"), SITE)
    found = document(reply)
    validate(found, "exception")
    assert reply.status == status
    assert (found["status"], found["type"], found["detail"]) == (status, type, str(error))
    assert found["instance"] == f"{BASE}/jobs/a%20b"
    assert found["title"]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (
            errors.NotCreated("j1", JobState.SUCCEEDED, "changed"),
            "job 'j1' cannot be changed: it is successful, and only a created job can",
        ),
        (
            errors.JobStateConflict("j1", JobState.HELD, "resumed"),
            "job 'j1' cannot be resumed: it is accepted",
        ),
        (errors.ResultsNotReady("j1", JobState.PAUSED), "job 'j1' has no results yet: it is running"),
    ],
    ids=["not-created", "conflict", "not-ready"],
)
def test_a_state_has_the_word_of_the_standard(error: AppError, detail: str) -> None:
    assert detail in document(API.fault(error, get("/jobs/j1"), SITE))["detail"]


def test_every_problem_with_the_inputs_is_told() -> None:
    assert document(API.fault(INVALID, get("/"), SITE))["errors"] == [
        {"locator": "band", "subject": "input", "message": "takes 1 to 64, got 0"},
        {"locator": "ndwi", "subject": "output", "message": "there is none"},
    ]


def test_a_failed_job_tells_its_reference() -> None:
    found = document(API.fault(errors.JobFailed("j1", "process", "it broke", "R-1"), get("/"), SITE))
    assert (found["locator"], found["reference"]) == ("j1", "R-1")


def test_headers_tell_what_is_possible_and_when() -> None:
    refused = API.fault(errors.MethodNotAllowed("PUT", ["GET", "HEAD"]), get("/"), SITE)
    assert header(refused, "Allow") == "GET, HEAD"
    unknown = API.fault(errors.MethodUnknown("FOO", ["GET"]), get("/"), SITE)
    assert header(unknown, "Allow") is None  # that would be of this path
    assert header(API.fault(errors.QueueFull(10, "s", 7), get("/"), SITE), "Retry-After") == "7"
    assert header(API.fault(errors.NoSuchJob("x"), get("/"), SITE), "Retry-After") is None


@pytest.mark.parametrize(
    ("accept", "type"),
    [
        ("application/problem+json", "application/problem+json"),
        ("image/png, application/problem+json", "application/problem+json"),
        ("application/problem+json, */*;q=0.1", "application/problem+json"),
        ("application/json;q=0.5, application/problem+json", "application/problem+json"),
        ("application/json, application/problem+json", "application/json"),
        ("application/json, application/problem+json;q=0.9", "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
    ],
)
def test_an_error_is_called_a_problem_to_who_asks_for_one(accept: str, type: str) -> None:
    reply = API.fault(errors.NoSuchJob("x"), get("/jobs/x", accept=accept), SITE)
    assert (reply.status, header(reply, "Content-Type")) == (404, type)
    assert json.loads(content(reply))["title"] == "No such job"


@pytest.mark.parametrize("accept", ["image/png", "nonsense"])
def test_who_accepts_nothing_of_ours_is_told_in_json(accept: str) -> None:
    assert document(API.fault(errors.NotAcceptable("x"), get("/", accept=accept), SITE))["status"] == 406
    assert document(API.fault(errors.BadParameter("x", "f"), get("/", "f=xml"), SITE))["status"] == 400


def test_a_path_that_is_no_text_is_told_all_the_same() -> None:
    path = "/\udcff"
    assert "'/?'" in document(API.fault(errors.NoSuchPath(path), get(path), SITE))["detail"]


def test_a_browser_gets_a_page_in_which_nothing_is_markup() -> None:
    error = errors.NoSuchProcess("<script>alert(1)</script>")
    reply = API.fault(error, get("/processes/x", accept="text/html"), SITE)
    assert reply.status == 404
    assert header(reply, "Content-Type") == "text/html; charset=utf-8"
    page = content(reply).decode()
    assert "there is no process" in page
    assert "<script" not in page
    listed = content(API.fault(INVALID, get("/", "f=html"), SITE)).decode()
    assert "takes 1 to 64, got 0" in listed
    assert "ndwi" in listed
