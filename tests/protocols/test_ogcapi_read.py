"""Requests of OGC API - Processes: bytes to commands, or to the right error."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from azenha.domain import errors
from azenha.domain.job import JobState
from azenha.domain.messages import (
    Change,
    Create,
    Describe,
    DescribeApi,
    DescribeConformance,
    DescribeServer,
    Dismiss,
    Execute,
    GetInput,
    GetLog,
    GetRequest,
    GetResults,
    GetStatus,
    ListJobs,
    ListProcesses,
    Mode,
    OutputRequest,
    Pause,
    RequestPart,
    ResponseForm,
    Resume,
    Start,
    Transmission,
)
from azenha.domain.process import Format
from azenha.domain.values import Native, Raw, RawBox, RawReference
from azenha.protocols.http import Dialect, HttpRequest, Limits
from azenha.protocols.ogcapi import OgcApi
from azenha.protocols.ogcapi.words import STATES, STATUS

API: Dialect = OgcApi()


def execution(body: bytes | str, **headers: str) -> HttpRequest:
    given = {"content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    data = body.encode() if isinstance(body, str) else body
    return HttpRequest("POST", "/processes/echo/execution", headers=given, body=data)


def executed(body: bytes | str, **headers: str) -> Execute:
    command = API.read(execution(body, **headers))
    assert isinstance(command, Execute)
    return command


@pytest.mark.parametrize(
    ("method", "path", "query", "command"),
    [
        ("GET", "/", "", DescribeServer()),
        ("HEAD", "/", "f=html", DescribeServer()),
        ("GET", "/conformance", "f=json", DescribeConformance()),
        ("GET", "/api", "", DescribeApi()),
        ("GET", "/processes", "", ListProcesses(10, None)),
        ("GET", "/processes/", "", ListProcesses(10, None)),
        ("GET", "/processes", "limit=1&after=a%20b", ListProcesses(1, "a b")),
        ("GET", "/processes", "limit=10001", ListProcesses(10_000, None)),
        ("GET", "/processes", "limit=999999999999999999", ListProcesses(10_000, None)),
        ("GET", "/processes", "limit=" + "9" * 5000, ListProcesses(10_000, None)),
        ("GET", "/processes", "limit=" + "0" * 5000 + "7", ListProcesses(7, None)),
        ("GET", "/processes/echo", "", Describe("echo")),
        ("GET", "/processes/a b", "", Describe("a b")),
        ("GET", "/jobs", "", ListJobs()),
        (
            "GET",
            "/jobs",
            "status=successful,failed&status=failed&processID=a&processID=b,c&limit=3&after=x",
            ListJobs(3, "x", (JobState.SUCCEEDED, JobState.FAILED), ("a", "b", "c")),
        ),
        (
            "GET",
            "/jobs",
            "type=process&status=created&before=1.2&minDuration=2&maxDuration=60",
            ListJobs(10, None, (JobState.CREATED,), before="1.2", shortest=2, longest=60),
        ),
        (
            "GET",
            "/jobs",
            "datetime=2026-01-31T12:00:00.1234567%2B01:00",
            ListJobs(
                since=datetime(2026, 1, 31, 11, 0, 0, 123000, UTC),
                until=datetime(2026, 1, 31, 11, 0, 0, 123999, UTC),
            ),
        ),
        (
            "GET",
            "/jobs",
            "datetime=2026-01-31t12:00:00z/..",
            ListJobs(since=datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ),
        (
            "GET",
            "/jobs",
            "datetime=/2026-01-31T12:00:00Z",
            ListJobs(until=datetime(2026, 1, 31, 12, 0, 0, 999, UTC)),
        ),
        ("GET", "/jobs/j1/definition", "", GetRequest("j1", RequestPart.DEFINITION)),
        ("GET", "/jobs/j1/inputs", "", GetRequest("j1", RequestPart.INPUTS)),
        ("GET", "/jobs/j1/prov", "", GetRequest("j1", RequestPart.PROVENANCE)),
        ("GET", "/jobs/j1/inputs/a/3", "", GetInput("j1", "a", 3)),
        ("POST", "/jobs/j1/results", "", Start("j1")),
        ("GET", "/jobs/j1", "", GetStatus("j1")),
        ("DELETE", "/jobs/j1", "", Dismiss("j1")),
        ("GET", "/jobs/j1/results", "", GetResults("j1")),
        ("GET", "/jobs/j1/results/ndvi", "", GetResults("j1", "ndvi")),
        ("GET", "/jobs/j1/results/ndvi/12", "", GetResults("j1", "ndvi")),
        ("GET", "/jobs/j1/log", "", GetLog("j1")),
        ("HEAD", "/jobs/j1/log", "offset=100", GetLog("j1", 100)),
    ],
)
def test_a_request_becomes_a_command(method: str, path: str, query: str, command: object) -> None:
    assert API.read(HttpRequest(method, path, query)) == command


@pytest.mark.parametrize(
    "path",
    ["", "/nothing", "//", "/processes//", "/processes//execution", "/processes/a/b", "/jobs/j/results/o/x",
     "/jobs/j/results/o/-1", "/jobs/j/results/o/1/2", "/jobs/j/results/o/٣", "/Jobs"],
)  # fmt: skip
def test_other_paths_are_not_there(path: str) -> None:
    with pytest.raises(errors.NoSuchPath):
        API.read(HttpRequest("GET", path))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", ("GET", "HEAD")),
        ("PUT", "/processes", ("GET", "HEAD")),
        ("PUT", "/processes/echo/execution", ("POST", "GET")),
        ("HEAD", "/processes/echo/execution", ("POST", "GET")),
        ("PUT", "/jobs/j1", ("GET", "HEAD", "PATCH", "DELETE")),
        ("DELETE", "/jobs/j1/results", ("GET", "HEAD", "POST")),
        ("DELETE", "/jobs", ("GET", "HEAD", "POST")),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(method: str, path: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(errors.MethodNotAllowed) as caught:
        API.read(HttpRequest(method, path))
    assert caught.value.allowed == allowed


@pytest.mark.parametrize(
    ("path", "query", "locator", "words"),
    [
        ("/processes", "limit=0", "limit", "from 1 on; given '0'"),
        ("/processes", "limit=abc", "limit", "given 'abc'"),
        ("/processes", "limit=-1", "limit", "given '-1'"),
        ("/processes", "limit=", "limit", "given ''"),
        ("/processes", "limit=1.5", "limit", "given '1.5'"),
        ("/processes", "limit=%D9%A3", "limit", "whole number"),
        ("/processes", "limit=1&limit=2", "limit", "given 2 times"),
        ("/processes", "after=", "after", "empty"),
        ("/processes", "limt=1", "limt", "did you mean 'limit'?"),
        ("/processes/echo", "limit=1", "limit", "known: f"),
        ("/", "f=xml", "f", "json or html; given 'xml'"),
        ("/jobs/j1/results", "f=xml", "f", "json or html"),
        ("/", "f=json&f=html", "f", "given 2 times"),
        (
            "/jobs",
            "status=done",
            "status",
            "one of created, accepted, running, successful, failed, dismissed",
        ),
        ("/jobs", "type=wps", "type", "one of process; given 'wps'"),
        ("/jobs", "after=1.1&before=2.2", "before", "opposite directions"),
        ("/jobs", "before=", "before", "empty"),
        ("/jobs", "processID=" + ",".join(map(str, range(51))), "processID", "51 values; at most 50"),
        ("/jobs", "minDuration=-1", "minDuration", "from 0 on"),
        ("/jobs", "minDuration=1.5", "minDuration", "whole number"),
        ("/jobs", "minDuration=1&minDuration=2", "minDuration", "given 2 times"),
        ("/jobs", "minDuration=5&maxDuration=4", "minDuration", "5 is more than 'maxDuration' 4"),
        ("/jobs", "datetime=", "datetime", "a time or an interval"),
        ("/jobs", "datetime=../..", "datetime", "a time or an interval"),
        ("/jobs", "datetime=/", "datetime", "a time or an interval"),
        ("/jobs", "datetime=..", "datetime", "a time or an interval"),
        ("/jobs", "datetime=2026-01-01", "datetime", "given '2026-01-01'"),
        ("/jobs", "datetime=2026-01-01T00:00:00", "datetime", "with offset"),
        ("/jobs", "datetime=2026-01-01T00:00:00+01:00", "datetime", "written %2B"),
        ("/jobs", "datetime=2026-02-30T00:00:00Z", "datetime", "given '2026-02-30T00:00:00Z'"),
        ("/jobs", "datetime=0001-01-01T00:00:00%2B01:00", "datetime", "RFC 3339"),
        ("/jobs", "datetime=2026-01-02T00:00:00Z/2026-01-01T00:00:00Z", "datetime", "ends before it begins"),
        ("/jobs", "datetime=2026-01-01T00:00:00Z/../x", "datetime", "a time or an interval"),
        ("/jobs", "status=successful,", "status", "empty"),
        ("/jobs", "processid=echo", "processid", "did you mean 'processID'?"),
        ("/jobs/j1/log", "offset=-1", "offset", "from 0 on"),
        ("/jobs/j1/log", "offset=", "offset", "given ''"),
    ],
)
def test_a_bad_parameter_is_named_with_what_is_allowed(
    path: str, query: str, locator: str, words: str
) -> None:
    with pytest.raises(errors.BadParameter) as caught:
        API.read(HttpRequest("GET", path, query))
    assert caught.value.locator == locator
    assert words in str(caught.value)


def test_every_job_state_has_a_word_and_every_word_a_state() -> None:
    assert set(STATUS) == set(JobState)
    assert set(STATES) == set(STATUS.values())
    assert all(STATUS[state] == word for word, states in STATES.items() for state in states)
    assert {s for states in STATES.values() for s in states} == set(JobState) - {JobState.REMOVED}


def test_a_client_that_takes_neither_json_nor_html_is_told_before_anything_is_done() -> None:
    for path in ("/", "/processes", "/processes/echo", "/jobs/j1"):
        with pytest.raises(errors.NotAcceptable, match="image/png"):
            API.read(HttpRequest("GET", path, headers={"accept": "image/png"}))


def test_outputs_may_be_asked_for_as_what_they_are() -> None:
    for path in ("/jobs/j1/results", "/jobs/j1/results/a", "/jobs/j1/log"):
        API.read(HttpRequest("GET", path, headers={"accept": "image/png"}))
    executed("{}", accept="image/png")


# -- execute --------------------------------------------------------------------------------------


def test_an_empty_request_asks_for_everything_as_the_server_likes() -> None:
    command = executed("{}")
    assert (command.process, command.inputs, command.outputs, command.wait) == ("echo", {}, None, None)
    assert command.mode is Mode.AUTO
    assert (command.asked.dialect, command.asked.version) == ("ogcapi", "1.0")
    assert command.asked.response is ResponseForm.OPEN


CRS = "http://www.opengis.net/def/crs/EPSG/0/4326"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"x"', "x"),
        ("1", 1),
        ("1.50", Decimal("1.50")),
        ("true", True),
        ("null", None),
        ("[1, [2]]", [1, [2]]),
    ],
)
def test_a_plain_value_has_one_reading(written: str, value: object) -> None:
    assert executed(f'{{"inputs": {{"v": {written}}}}}').inputs == {"v": (Native(value),)}


@pytest.mark.parametrize(
    ("written", "qualified"),
    [
        ('{"href": "http://x/a"}', RawReference("http://x/a")),
        ('{"href": "http://x/a", "type": "image/tiff"}', RawReference("http://x/a", Format("image/tiff"))),
        (
            '{"href": "http://x/a", "rel": "r", "hreflang": "en", "format": {"mediaType": "a/b"}}',
            RawReference("http://x/a", Format("a/b")),
        ),
        ('{"value": 3}', Native(3)),
        ('{"value": 3, "uom": "km"}', Native(3, unit="km")),
        ('{"value": [1, 2]}', Native([1, 2])),
        (
            '{"value": "QQ==", "mediaType": "image/tiff; a=b", "encoding": "base64", "schema": "s"}',
            Native("QQ==", Format("image/tiff; a=b", "base64", "s")),
        ),
        ('{"value": "QQ==", "encoding": "base64"}', Native("QQ==", Format("", "base64"))),
        ('{"value": "a", "format": {"mediaType": "a/b"}}', Native("a", Format("a/b"))),
        ('{"bbox": [1, 2.5, 3, 4]}', RawBox((1, Decimal("2.5"), 3, 4))),
        (f'{{"bbox": [1, 2, 3, 4], "crs": "{CRS}"}}', RawBox((1, 2, 3, 4), CRS)),
        ('{"bbox": ["a", null]}', RawBox(("a", None))),
        ('{"value": {"bbox": [1, 2, 3, 4]}}', RawBox((1, 2, 3, 4))),
        # No shape of the standard's: an object and nothing else.
        ("{}", None),
        ('{"type": "wrong/type"}', None),
        ('{"href": 3}', None),
        ('{"href": "http://x/a", "body": "b"}', None),
        ('{"href": "http://x/a", "type": "a/b", "format": {"mediaType": "a/b"}}', None),
        ('{"value": 3, "other": 1}', None),
        ('{"value": 3, "mediaType": 7}', None),
        ('{"value": 3, "uom": 7}', None),
        ('{"value": 3, "uom": null}', None),
        ('{"href": "http://x/a", "type": null}', None),
        ('{"href": "http://x/a", "hreflang": {}}', None),
        ('{"bbox": [1, 2, 3, 4], "crs": null}', None),
        ('{"bbox": "1,2,3,4"}', None),
        ('{"bbox": [1, 2, 3, 4], "type": "Feature"}', None),
    ],
)
def test_an_object_keeps_both_of_its_readings(written: str, qualified: Raw | None) -> None:
    (raw,) = executed(f'{{"inputs": {{"v": {written}}}}}').inputs["v"]
    assert isinstance(raw, Native)
    assert isinstance(raw.value, dict)
    assert raw.qualified == qualified
    assert raw.fields is not None
    assert set(raw.fields) == set(raw.value)


def test_what_stands_inside_a_value_is_the_value_even_if_it_looks_like_a_reference() -> None:
    (raw,) = executed('{"inputs": {"v": {"value": {"href": "http://x/a"}}}}').inputs["v"]
    assert isinstance(raw, Native)
    assert isinstance(raw.qualified, Native)
    assert raw.qualified.value == {"href": "http://x/a"}
    assert raw.qualified.qualified is None


def test_the_elements_of_an_array_and_the_members_of_an_object_have_their_readings_too() -> None:
    body = '{"inputs": {"v": [{"href": "http://x/a"}, 1, {"box": {"bbox": [1, 2, 3, 4]}}]}}'
    (raw,) = executed(body).inputs["v"]
    assert isinstance(raw, Native)
    assert raw.items is not None
    first, second, third = raw.items
    assert isinstance(first, Native)
    assert first.qualified == RawReference("http://x/a")
    assert second == Native(1)
    assert isinstance(third, Native)
    assert third.fields is not None
    box = third.fields["box"]
    assert isinstance(box, Native)
    assert box.qualified == RawBox((1, 2, 3, 4))


def test_outputs_name_format_and_transmission() -> None:
    command = executed(
        '{"outputs": {"a": {}, "b": {"transmissionMode": "reference"}, '
        '"c": {"transmissionMode": "value", '
        '"format": {"mediaType": "a/b", "encoding": "base64", "schema": "s"}}}}'
    )
    assert command.outputs == {
        "a": OutputRequest(),
        "b": OutputRequest(None, Transmission.REFERENCE),
        "c": OutputRequest(Format("a/b", "base64", "s"), Transmission.VALUE),
    }
    assert list(command.outputs) == ["a", "b", "c"]
    assert executed('{"outputs": {}}').outputs == {}


@pytest.mark.parametrize(
    ("body", "accept", "form"),
    [
        ('{"response": "raw"}', "application/json", ResponseForm.RAW),
        ('{"response": "document"}', "", ResponseForm.DOCUMENT),
        ("{}", "application/json", ResponseForm.NEGOTIATED),
        ("{}", "*/*", ResponseForm.OPEN),
        ("{}", "", ResponseForm.OPEN),
    ],
)
def test_the_form_of_the_response(body: str, accept: str, form: ResponseForm) -> None:
    assert executed(body, accept=accept).asked.response is form


def test_what_is_accepted_is_told_the_likeliest_first_unless_a_document_is_asked() -> None:
    accept = "image/png;q=0.5, image/tiff; application=geotiff, */*;q=0.1, text/csv;q=0"
    wanted = ("image/tiff", "image/png", "*/*")
    assert executed("{}", accept=accept).media_types == wanted
    assert executed('{"response": "document"}', accept=accept).media_types == ()


@pytest.mark.parametrize(
    ("prefer", "transmission"),
    [
        ("return=minimal", Transmission.REFERENCE),
        ('respond-async, RETURN="Representation"; x=1', Transmission.VALUE),
        ("return=all", None),
        ("respond-async", None),
    ],
)
def test_the_preference_decides_whether_files_come_by_reference(
    prefer: str, transmission: Transmission | None
) -> None:
    assert executed("{}", prefer=prefer).asked.transmission is transmission


@pytest.mark.parametrize(
    ("prefer", "mode", "wait"),
    [
        ("respond-async ", Mode.ASYNC, None),
        ("Respond-Async, wait=10", Mode.ASYNC, 10.0),
        ("wait=10", Mode.AUTO, 10.0),
        ("return=minimal", Mode.AUTO, None),
        ("wait=soon", Mode.AUTO, None),
        ("", Mode.AUTO, None),
    ],
)
def test_the_preference_decides_the_mode(prefer: str, mode: Mode, wait: float | None) -> None:
    command = executed("{}", prefer=prefer)
    assert (command.mode, command.wait) == (mode, wait)


@pytest.mark.parametrize("named", ["echo", "http://server.example/processes/echo", "/processes/echo/"])
def test_the_body_may_name_the_process_of_the_path(named: str) -> None:
    assert executed(f'{{"process": "{named}"}}').process == "echo"


@pytest.mark.parametrize(
    "type", ["application/json; charset=UTF-8", "application/geo+json", "Application/JSON"]
)
def test_every_json_type_is_taken(type: str) -> None:
    assert executed("{}", content_type=type).inputs == {}


@pytest.mark.parametrize(
    "type",
    ["text/plain", "application/x-www-form-urlencoded", "", "json", "application/json; charset=latin-1"],
)
def test_other_media_types_are_refused(type: str) -> None:
    with pytest.raises(errors.UnsupportedMediaType) as caught:
        API.read(execution("{}", content_type=type))
    assert caught.value.locator == "Content-Type"


@pytest.mark.parametrize("encoding", ["gzip", "br, gzip", "nonsense"])
def test_a_compressed_body_is_refused_in_words(encoding: str) -> None:
    with pytest.raises(errors.UnsupportedMediaType, match="must not be compressed") as caught:
        API.read(execution("{}", content_encoding=encoding))
    assert caught.value.locator == "Content-Encoding"
    assert executed("{}", content_encoding="Identity").inputs == {}


def test_a_body_without_a_type_is_refused_because_any_web_page_could_send_it() -> None:
    with pytest.raises(errors.UnsupportedMediaType):
        API.read(HttpRequest("POST", "/processes/echo/execution", body=b"{}"))


@pytest.mark.parametrize(
    ("body", "error", "locator", "words"),
    [
        ("", errors.Malformed, None, "line 1, column 1"),
        ("[]", errors.Malformed, None, "must be a JSON object with 'inputs'; it is an array"),
        ("3", errors.Malformed, None, "a number"),
        ('{"inputs": {"a": NaN}}', errors.Malformed, None, "NaN"),
        ('{"inputs": {"a": 1, "a": 2}}', errors.Malformed, None, "'a' twice"),
        ('{"inputs": ' + "[" * 100_000, errors.Malformed, None, "deeper than 64"),
        ('{"input": {}}', errors.BadRequest, "input", "did you mean 'inputs'?"),
        ('{"invalid-execute-request": "true)"}', errors.BadRequest, "invalid-execute-request", "known: "),
        ('{"mode": "async"}', errors.BadRequest, "mode", "Prefer: respond-async"),
        ('{"inputs": [{"id": "a", "value": 1}]}', errors.BadRequest, "inputs", "it is an array"),
        ('{"inputs": null}', errors.BadRequest, "inputs", "it is null"),
        ('{"outputs": ["a"]}', errors.BadRequest, "outputs", "it is an array"),
        ('{"outputs": {"a": true}}', errors.BadRequest, "outputs.a", "it is a boolean"),
        ('{"outputs": {"a": {"transmisionMode": "value"}}}', errors.BadRequest, "outputs.a",
         "did you mean 'transmissionMode'?"),
        ('{"outputs": {"a": {"transmissionMode": "post"}}}', errors.BadRequest, "outputs.a",
         "value or reference; given 'post'"),
        ('{"outputs": {"a": {"transmissionMode": null}}}', errors.BadRequest, "outputs.a", "given null"),
        ('{"outputs": {"a": {"transmissionMode": []}}}', errors.BadRequest, "outputs.a", "given an array"),
        ('{"outputs": {"a": {"format": "x/y"}}}', errors.BadRequest, "outputs.a.format", "it is a string"),
        ('{"outputs": {"a": {"format": {"mediaType": 3}}}}', errors.BadRequest, "outputs.a",
         "'outputs.a.format.mediaType' must be a string; it is a number"),
        ('{"response": "both"}', errors.BadRequest, "response", "raw or document; given 'both'"),
        ('{"process": "http://server.example/processes/other"}', errors.BadRequest, "process", "'echo'"),
        ('{"process": "http://[/echo"}', errors.BadRequest, "process", "the address of no process"),
        ('{"process": {}}', errors.BadRequest, "process", "it is an object"),
    ],
)  # fmt: skip
def test_a_bad_body_is_refused_by_name(
    body: str, error: type[errors.BadRequest], locator: str | None, words: str
) -> None:
    with pytest.raises(error) as caught:
        API.read(execution(body))
    assert caught.value.locator == locator
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("base", "named", "ours"),
    [
        ("http://maps.example", "http://maps.example/processes/echo", True),
        ("http://maps.example", "https://MAPS.example/processes/echo", True),
        ("http://maps.example", "/processes/echo", True),
        ("http://maps.example", "echo", True),
        ("http://localhost:8080", "http://127.0.0.1:8080/processes/echo", True),
        ("", "http://maps.example/processes/echo", True),
        ("http://maps.example", "http://elsewhere.example/processes/echo", False),
        ("http://localhost:8080", "http://127.0.0.1:8081/processes/echo", False),
        ("http://maps.example", "http://maps.example:x/processes/echo", False),
    ],
)
def test_a_process_of_another_server_is_not_taken_for_ours(base: str, named: str, ours: bool) -> None:
    request = replace(execution(json.dumps({"process": named})), base=base)
    if ours:
        assert API.read(request).process == "echo"
        return
    with pytest.raises(errors.BadRequest, match=r"another server|no process") as refused:
        API.read(request)
    assert refused.value.locator == "process"


def test_a_body_is_read_as_deep_as_the_setting_says_and_the_refusal_names_it() -> None:
    three = execution('{"inputs": {"a": [1]}}')
    assert OgcApi(Limits(depth=3)).read(three) == API.read(three)
    with pytest.raises(errors.Malformed, match=r"deeper than 2 .*setting limits\.depth"):
        OgcApi(Limits(depth=2)).read(three)


# -- Part 4 ---------------------------------------------------------------------------------------


def sent(method: str, path: str, body: str, **headers: str) -> object:
    kinds = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return API.read(HttpRequest(method, path, "", kinds, body.encode()))


@pytest.mark.parametrize("named", ["echo", "http://server.example/processes/echo", "/processes/ec%68o/"])
def test_a_new_job_names_its_process_by_address_or_id(named: str) -> None:
    command = sent("POST", "/jobs", f'{{"process": "{named}", "inputs": {{"a": 1}}, "response": "document"}}')
    assert isinstance(command, Create)
    assert (command.execute.process, set(command.execute.inputs)) == ("echo", {"a"})
    assert command.execute.asked.response is ResponseForm.DOCUMENT


def test_a_change_tells_what_is_given_what_is_taken_away_and_what_is_not_mentioned() -> None:
    command = sent(
        "PATCH", "/jobs/j1", '{"inputs": {"a": 1, "b": null}, "outputs": {"x": {}}, "response": "raw"}'
    )
    assert isinstance(command, Change)
    assert (command.job, command.process, set(command.inputs), command.without) == ("j1", None, {"a"}, ("b",))
    assert (set(command.outputs or ()), command.selects, command.response) == ({"x"}, True, ResponseForm.RAW)
    assert sent("PATCH", "/jobs/j1", '{"outputs": null}') == Change("j1", selects=True)
    assert sent("PATCH", "/jobs/j1", "{}") == Change("j1")


@pytest.mark.parametrize("body", ["", " ", "{}", "null"])
def test_a_job_is_started_paused_and_resumed_with_an_empty_body(body: str) -> None:
    assert sent("POST", "/jobs/j1/results", body) == Start("j1")
    assert sent("POST", "/jobs/j1/pause", body) == Pause("j1")
    assert sent("POST", "/jobs/j1/resume", body) == Resume("j1")


@pytest.mark.parametrize(
    ("what", "participle"), [("results", "started"), ("pause", "paused"), ("resume", "resumed")]
)
def test_a_body_that_says_something_is_refused_there(what: str, participle: str) -> None:
    with pytest.raises(errors.BadRequest, match=f"a job is {participle} with an empty body"):
        sent("POST", f"/jobs/j1/{what}", '{"soon": true}')


GRAPH = '{"process": {"process_graph": {}}}'


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "error", "locator"),
    [
        ("POST", "/jobs", "{}", {}, errors.BadRequest, "process"),
        ("POST", "/jobs", '{"process": 5}', {}, errors.BadRequest, "process"),
        ("POST", "/jobs", '{"process": ""}', {}, errors.BadRequest, "process"),
        ("POST", "/jobs", '{"process": "echo", "input": {}}', {}, errors.BadRequest, "input"),
        ("POST", "/jobs", GRAPH, {}, errors.UnsupportedSchema, "process"),
        ("PATCH", "/jobs/j1", GRAPH, {}, errors.UnsupportedSchema, "process"),
        ("PATCH", "/jobs/j1", '{"process": null}', {}, errors.BadRequest, "process"),
        ("PATCH", "/jobs/j1", '{"inputs": []}', {}, errors.BadRequest, "inputs"),
        ("PATCH", "/jobs/j1", "[]", {}, errors.Malformed, None),
        (
            "POST",
            "/jobs",
            "{}",
            {"content_type": "application/cwl"},
            errors.UnsupportedMediaType,
            "Content-Type",
        ),
        (
            "PATCH",
            "/jobs/j1",
            "{}",
            {"content_type": "text/plain"},
            errors.UnsupportedMediaType,
            "Content-Type",
        ),
        (
            "POST",
            "/jobs",
            "{}",
            {"content_schema": "http://x.example/a"},
            errors.UnsupportedSchema,
            "Content-Schema",
        ),
        ("POST", "/jobs/j1/results", '{"inputs": {}}', {}, errors.BadRequest, None),
        ("POST", "/jobs/j1/results", "[]", {}, errors.BadRequest, None),
        ("POST", "/jobs/j1/results", "no", {}, errors.Malformed, None),
    ],
)
def test_what_is_no_request_about_a_job_is_refused_by_name(
    method: str,
    path: str,
    body: str,
    headers: dict[str, str],
    error: type[errors.AppError],
    locator: str | None,
) -> None:
    with pytest.raises(error) as caught:
        sent(method, path, body, **headers)
    assert type(caught.value) is error
    assert caught.value.locator == locator


def test_the_profile_of_the_execute_request_is_a_schema_that_is_taken() -> None:
    schema = "<https://www.opengis.net/def/profile/OGC/0/ogc-execute-request>"
    assert isinstance(sent("POST", "/jobs", '{"process": "echo"}', content_schema=schema), Create)
