"""Callbacks: the subscriber in a request, the bodies that are sent, and what is told of both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ogcapi_outcomes import (
    BASE,
    CSV,
    DISMISSED,
    FAILED,
    JOB_ADDRESS,
    NOW,
    RUNNING,
    SITE,
    SUCCEEDED,
    content,
    document,
    header,
    output,
    results,
    stored,
    write,
)

from azenha.domain.callbacks import CallbackState, Occasion, Standing, Subscriber
from azenha.domain.errors import BadRequest
from azenha.domain.messages import (
    Asked,
    Change,
    Create,
    Execute,
    RequestPart,
    RequestRead,
    ResponseForm,
    Status,
    Transmission,
)
from azenha.domain.values import Literal
from azenha.protocols.http import HttpRequest
from azenha.protocols.ogcapi import OgcApi
from azenha.protocols.ogcapi.openapi.schemas import SCHEMAS

API = OgcApi()
Validate = Callable[[Mapping[str, Any], str], None]
ALL = {
    "successUri": "https://x.example/ok?t=1",
    "inProgressUri": "http://x.example:8080/going",
    "failedUri": "http://x.example/no",
}
SUBSCRIBER = Subscriber(ALL["successUri"], ALL["inProgressUri"], ALL["failedUri"], BASE)


def read(method: str, path: str, body: object) -> object:
    kind = {"content-type": "application/json"}
    return API.read(HttpRequest(method, path, "", kind, json.dumps(body).encode(), base=BASE))


def test_an_execution_keeps_whom_to_tell_and_the_address_that_the_client_used() -> None:
    command = read("POST", "/processes/echo/execution", {"subscriber": ALL})
    assert isinstance(command, Execute)
    assert command.subscriber == SUBSCRIBER


def test_so_does_a_job_that_is_created() -> None:
    command = read("POST", "/jobs", {"process": "echo", "subscriber": {"failedUri": "http://x.example"}})
    assert isinstance(command, Create)
    assert isinstance(command.execute, Execute)
    assert command.execute.subscriber == Subscriber(failed="http://x.example", base=BASE)


def test_a_change_names_another_takes_it_away_or_leaves_it() -> None:
    assert read("PATCH", "/jobs/j", {"subscriber": ALL}) == Change(
        "j", subscriber=SUBSCRIBER, subscribes=True
    )
    assert read("PATCH", "/jobs/j", {"subscriber": None}) == Change("j", subscribes=True)
    assert read("PATCH", "/jobs/j", {}) == Change("j")


@pytest.mark.parametrize(
    ("given", "locator", "message"),
    [
        ("http://x.example", "subscriber", "must be an object"),
        (None, "subscriber", "must be an object"),
        ([ALL], "subscriber", "must be an object"),
        ({}, "subscriber", "names no address"),
        ({"successUrl": "http://x.example"}, "subscriber.successUrl", "did you mean 'successUri'"),
        ({"successUri": 3}, "subscriber.successUri", "must be an address"),
        ({"successUri": None}, "subscriber.successUri", "must be an address"),
        ({"failedUri": ""}, "subscriber.failedUri", "must be an address"),
        ({"failedUri": "http://x.example/" + "a" * 2048}, "subscriber.failedUri", "at most 2048"),
        ({"inProgressUri": "http://x.example/ä"}, "subscriber.inProgressUri", "ASCII"),
        ({"inProgressUri": "http://x.example/a b"}, "subscriber.inProgressUri", "without blanks"),
    ],
)
def test_what_is_no_subscriber_is_refused_by_name(given: object, locator: str, message: str) -> None:
    with pytest.raises(BadRequest, match=message) as caught:
        read("POST", "/processes/echo/execution", {"subscriber": given})
    assert caught.value.locator == locator


def test_a_definition_says_whom_it_tells_so_that_it_can_be_sent_again() -> None:
    read_back = RequestRead(
        RUNNING, RequestPart.DEFINITION, "1", (), None, Asked("ogcapi", "1.0"), (), (), "", SUBSCRIBER
    )
    assert document(write(read_back))["subscriber"] == ALL
    shown = content(write(read_back, "/jobs/j/definition", accept="text/html")).decode()
    assert all(address in shown for address in ALL.values())


# -- bodies ---------------------------------------------------------------------------------------


def test_success_is_told_with_the_results_in_one_document(tmp_path: Path, validate: Validate) -> None:
    outcome = results(
        output("text", Literal("é")),
        output("table", stored(tmp_path, "t.csv", b"a,b", CSV)),
        form=ResponseForm.RAW,
        folder=tmp_path,
    )
    reply = API.callback(outcome, SITE)
    told = document(reply)
    validate(told, "part1-1.0/results.yaml")
    assert told["text"] == "é"
    assert told["table"] == {"value": "a,b", "mediaType": "text/csv"}
    assert header(reply, "Link") == f'<{JOB_ADDRESS}>; rel="monitor"'


def test_large_files_are_told_by_their_address_even_if_values_were_asked_for(tmp_path: Path) -> None:
    large = stored(tmp_path, "t.csv", b"x" * (1024 * 1024 + 1), CSV)
    outcome = results(
        output("text", Literal("a")), output("table", large, by=Transmission.VALUE), folder=tmp_path
    )
    reply = API.callback(outcome, SITE)
    assert reply.length is not None
    assert reply.length < 1000
    assert document(reply)["text"] == "a"
    assert document(reply)["table"]["href"] == f"{JOB_ADDRESS}/results/table"


@pytest.mark.parametrize(
    ("job", "status"), [(RUNNING, "running"), (FAILED, "failed"), (DISMISSED, "dismissed")]
)
def test_progress_and_failure_are_told_with_the_status(job: Any, status: str, validate: Validate) -> None:
    told = document(API.callback(Status(job), SITE))
    validate(told, "part1-1.0/statusInfo.yaml")
    validate(told, "2.0-draft/processes-core/statusInfo.yaml")
    assert (told["jobID"], told["status"]) == (job.id, status)
    if status == "failed":
        validate(told["exception"], "part1-1.0/exception.yaml")


# -- what is told of them -------------------------------------------------------------------------

STANDINGS = (
    Standing(Occasion.SUCCESS, "https://x.example", CallbackState.WAITING, 2, NOW, "502 Bad <Gateway>"),
    Standing(Occasion.FAILED, "http://y.example", CallbackState.DROPPED, 0, NOW),
)


def test_the_status_tells_how_callbacks_stand_and_says_nothing_where_none_were_asked_for(
    validate: Validate,
) -> None:
    told = document(write(Status(SUCCEEDED, callbacks=STANDINGS)))
    validate(told, "part1-1.0/statusInfo.yaml")
    first, second = told["callbacks"]
    assert (first["occasion"], first["state"], first["attempts"]) == ("success", "waiting", 2)
    assert first["answer"] == "502 Bad <Gateway>"
    assert "answer" not in second
    assert "callbacks" not in document(write(Status(SUCCEEDED)))


def test_the_page_of_a_job_shows_them(validate: Validate) -> None:
    shown = content(
        write(Status(SUCCEEDED, callbacks=STANDINGS), f"/jobs/{SUCCEEDED.id}", accept="text/html")
    ).decode()
    assert "<h2>Callbacks</h2>" in shown
    assert "https://x.example" in shown
    assert "502 Bad &lt;Gateway&gt;" in shown
    without = content(write(Status(SUCCEEDED), f"/jobs/{SUCCEEDED.id}", accept="text/html")).decode()
    assert "Callbacks" not in without


# -- OpenAPI --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://x.example/ok?t=1#a", True),
        ("http://localhost:65535", True),
        ("http://localhost:65536", False),
        ("http://localhost:8080/", True),
        ("HTTPS://A.b-c.example:443/%20", True),
        ("ftp://x.example", False),
        ("http://10.0.0.1/", False),
        ("http://x.example:0/", False),
        ("http://u:p@x.example/", False),
        ("//x.example", False),
        ("http://x.example\\a", False),
    ],
)
def test_what_the_definition_allows_is_read(address: str, good: bool) -> None:
    validator = pytest.importorskip("openapi_schema_validator", reason="needs openapi-spec-validator")
    schema = {**SCHEMAS["subscriber"], "components": {"schemas": dict(SCHEMAS)}}
    problems = list(validator.OAS30Validator(schema).iter_errors({"successUri": address}))
    assert (problems == []) is good
    if good:
        read("POST", "/processes/echo/execution", {"subscriber": {"successUri": address}})
