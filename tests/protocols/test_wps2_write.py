"""Status, results and exceptions of WPS 2.0: valid in every form and envelope, with the words of the standard."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from ogcapi_outcomes import ACCEPTED, BOX, FAILED, JOBS, NOW, RUNNING, SUCCEEDED, literal, stored
from wps2_outcomes import (
    EDITION,
    HREF,
    OWS2,
    SITE,
    asked,
    content,
    get,
    output,
    ows2,
    results,
    root,
    texts,
    wps2,
    written,
)

from azenha.domain import errors
from azenha.domain.errors import AppError, InputProblem, InvalidInputs, JobFailed
from azenha.domain.job import FailureKind, Job, JobState
from azenha.domain.messages import Accepted, Dismissed, OutputRequest, ResponseForm, Status, Transmission
from azenha.domain.process import Format, InputDescription, LiteralType, ObjectDomain, Text
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference
from azenha.protocols.http import FileSlice
from azenha.protocols.wps.states import V2
from azenha.protocols.wps2.faults import FAILURES, FAULTS
from schemas import valid

ENVELOPES = [None, "1.1", "1.2"]
XSD = "http://www.w3.org/2001/XMLSchema#"
STRING = literal(LiteralType.STRING)
LENGTH = literal(LiteralType.INTEGER, units=("m", "km"))
XML = Format("text/xml")
PNG = Format("image/png")
PAIR = ObjectDomain((InputDescription("x", STRING, Text("X")), InputDescription("y", LENGTH, Text("Y"))))
NORTH = "http://www.opengis.net/def/crs/EPSG/0/4326"


def status(job: Job, now: datetime = NOW, soap: str | None = None) -> dict[str, str]:
    found = root(written(Status(job, now), asked(soap=soap)))
    assert found.tag == wps2("StatusInfo")
    return {etree.QName(one).localname: one.text or "" for one in found}


# -- status ----------------------------------------------------------------------------------------


def test_every_state_has_a_word() -> None:
    assert set(V2) == set(JobState)


@pytest.mark.parametrize("soap", ENVELOPES)
@pytest.mark.parametrize("job", JOBS[:4], ids=lambda job: job.state)
def test_status_is_valid_in_every_state_and_envelope(job: Job, soap: str | None) -> None:
    told = status(job, soap=soap)
    assert (told["JobID"], told["Status"]) == (job.id, V2[job.state])


def test_a_running_job_says_how_far_it_is_when_it_will_end_and_when_to_ask_again() -> None:
    told = status(RUNNING, NOW + timedelta(seconds=40))
    assert told["PercentCompleted"] == "40"
    assert told["EstimatedCompletion"] == "2025-03-04T05:07:47.089Z"  # 40 of 100 s
    assert told["NextPoll"] == "2025-03-04T05:06:51.089Z"
    assert "ExpirationDate" not in told


def test_a_job_that_takes_long_is_asked_for_less_often() -> None:
    for waited, pause in [(0, 1), (100, 10), (100_000, 60)]:
        now = NOW + timedelta(seconds=waited)
        assert datetime.fromisoformat(status(RUNNING, now)["NextPoll"]) - now < timedelta(
            seconds=pause + 0.001
        )


def test_a_finished_job_says_when_it_goes_and_nothing_of_the_future() -> None:
    told = status(SUCCEEDED)
    assert told["ExpirationDate"] == "2025-03-11T05:06:07.089Z"
    assert told["PercentCompleted"] == "100"
    assert not {"NextPoll", "EstimatedCompletion"} & set(told)
    assert "PercentCompleted" not in status(FAILED)


def test_times_are_in_utc_with_milliseconds() -> None:
    assert status(replace(SUCCEEDED, expires=datetime(2030, 1, 1, tzinfo=UTC)))["ExpirationDate"] == (
        "2030-01-01T00:00:00.000Z"
    )


@pytest.mark.parametrize("state", [JobState.HELD, JobState.PAUSED])
def test_a_job_that_was_paused_says_so(state: JobState) -> None:
    assert status(replace(RUNNING, state=state))["Status"] == "Paused"


@pytest.mark.parametrize("job", [ACCEPTED, RUNNING, SUCCEEDED, FAILED], ids=lambda job: job.state)
def test_an_execute_is_answered_with_accepted_whatever_came_of_it_meanwhile(job: Job) -> None:
    reply = written(Accepted(job), asked("Execute"))
    found = root(reply)
    assert (reply.status, found.findtext(wps2("Status"))) == (200, "Accepted")
    assert found.findtext(wps2("ExpirationDate")) is None


def test_a_dismissed_job_says_so_once_and_is_none_afterwards() -> None:
    dismissed = replace(SUCCEEDED, state=JobState.DISMISSED)
    for outcome in (Dismissed(dismissed, removed=False), Dismissed(SUCCEEDED, removed=True)):
        assert root(written(outcome, asked("Dismiss"))).findtext(wps2("Status")) == "Dismissed"
    reply = written(Status(dismissed, NOW))
    assert reply.status == 400
    assert codes(content(reply)) == [("NoSuchJob", dismissed.id)]


def test_a_status_is_never_kept() -> None:
    assert dict(written(Status(RUNNING, NOW)).headers)["Cache-Control"] == "no-store"


# -- results ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("soap", ENVELOPES)
def test_a_result_names_its_job_and_holds_every_kind_of_value(tmp_path: Path, soap: str | None) -> None:
    found = root(
        written(
            results(
                output("text", Literal("a <b>"), domain=STRING),
                output("length", Literal(7, "km"), domain=LENGTH),
                output("box", Box((-9.0, 38.0), (-8.0, 39.5), NORTH), domain=BOX),
                output("tree", InlineText('<?xml version="1.0"?><a xmlns="urn:a"><b/></a>', XML)),
                output("note", InlineText("x ]]> y", Format("text/plain"))),
                output("image", InlineBytes(b"\x89PNG", PNG)),
                output("file", stored(tmp_path, "f.txt", b"x & y\r\n", Format("text/csv"))),
                output("pixels", stored(tmp_path, "f.png", b"\x00\xff", PNG)),
                folder=tmp_path,
            ),
            asked("Execute", soap),
        )
    )
    assert found.findtext(wps2("JobID")) == SUCCEEDED.id
    assert found.findtext(wps2("ExpirationDate")) == "2025-03-11T05:06:07.089Z"
    data = {one.get("id"): one[0] for one in found.iterfind(wps2("Output"))}
    text, length = data["text"][0], data["length"][0]
    assert (text.tag, text.text, text.get("dataType")) == (wps2("LiteralValue"), "a <b>", f"{XSD}string")
    assert (length.text, length.get("dataType"), length.get("uom")) == ("7", f"{XSD}integer", "km")
    assert {data[id].get("mimeType") for id in ("text", "length", "box")} == {"text/xml"}
    box = data["box"][0]
    assert (box.tag, box.get("crs"), box.get("dimensions")) == (ows2("BoundingBox"), NORTH, "2")
    assert [one.text for one in box] == ["38 -9", "39.5 -8"]  # as the system has its axes
    assert data["tree"][0].tag == "{urn:a}a"
    assert data["note"].text == "x ]]> y"
    assert (data["image"].text, data["image"].get("encoding")) == ("iVBORw==", "base64")
    assert data["file"].text == "x & y\r\n"
    assert (data["pixels"].text, data["pixels"].get("mimeType")) == ("AP8=", "image/png")


def test_text_is_in_base64_where_the_client_asked_for_that() -> None:
    wanted = OutputRequest(Format("text/xml", "base64"))
    found = root(written(results(output("o", InlineText("<a/>", XML), request=wanted))))
    data = found.find(f".//{wps2('Data')}")
    assert data is not None
    assert (data.get("mimeType"), data.get("encoding"), data.text) == ("text/xml", "base64", "PGEvPg==")


def test_what_is_asked_for_as_text_is_in_the_notation_of_the_standard() -> None:
    plain = OutputRequest(Format("text/plain"))
    found = root(
        written(
            results(
                output("text", Literal("a"), domain=STRING, request=plain),
                output("length", Literal(7, "km"), domain=LENGTH, request=plain),
                output("box", Box((-9.0, 38.0), (-8.0, 39.5), NORTH), domain=BOX, request=plain),
            )
        )
    )
    assert texts(found, "Data") == ["a", f"7@datatype={XSD}integer@uom=km", f"38,-9,39.5,-8,{NORTH}"]
    assert {one.get("mimeType") for one in found.iter(wps2("Data"))} == {"text/plain"}


def test_by_reference_every_value_has_an_address_with_its_media_type() -> None:
    by = Transmission.REFERENCE
    found = root(
        written(
            results(
                output("text", Literal("a"), by=by),
                output("images", InlineBytes(b"1", PNG), InlineBytes(b"2", PNG), by=by),
                output("elsewhere", Reference("http://d.example/a", PNG)),
            )
        )
    )
    told = [
        (one.get("id"), one[0].get(HREF), one[0].get("mimeType")) for one in found.iterfind(wps2("Output"))
    ]
    base = f"{SITE.base}/jobs/{SUCCEEDED.id}/outputs"
    assert told == [
        ("text", f"{base}/text/0/text.txt", "text/plain"),
        ("images", f"{base}/images/0/images.png", "image/png"),
        ("images", f"{base}/images/1/images.png", "image/png"),
        ("elsewhere", "http://d.example/a", "image/png"),
    ]


def test_a_list_is_an_output_for_each_value() -> None:
    found = root(written(results(output("n", Literal(1), Literal(2)))))
    assert [one.get("id") for one in found.iterfind(wps2("Output"))] == ["n", "n"]
    assert texts(found, "LiteralValue") == ["1", "2"]


def test_parts_of_an_object_are_nested_one_to_an_output_and_only_those_that_were_asked_for() -> None:
    record = Record({"x": (Literal("a"),), "y": (Literal(7, "m"),)})

    def told(fields: dict[str, OutputRequest] | None) -> list[tuple[str | None, str | None, str | None]]:
        found = root(written(results(output("g", record, domain=PAIR, request=OutputRequest(fields=fields)))))
        return [
            (one.get("id"), one[0].get("id"), one[0].findtext(f".//{wps2('LiteralValue')}") or one[0][0].text)
            for one in found.iterfind(wps2("Output"))
        ]

    assert told(None) == [("g", "x", "a"), ("g", "y", "7")]
    assert told({"y": OutputRequest()}) == [("g", "y", "7")]
    assert told({"y": OutputRequest(Format("text/plain"))}) == [("g", "y", f"7@datatype={XSD}integer@uom=m")]


def test_a_text_that_no_xml_can_carry_is_told_in_base64_and_raw_as_it_is() -> None:
    text = Literal("a\x00b\x1b")
    for request in (OutputRequest(), OutputRequest(Format("text/plain"))):
        found = root(
            written(
                results(
                    output("o", text, domain=STRING, request=request),
                    output("g", Record({"x": (text,)}), domain=PAIR, request=OutputRequest()),
                )
            )
        )
        data = list(found.iter(wps2("Data")))
        assert len(data) == 2
        for one in data:
            assert (one.get("mimeType"), one.get("encoding")) == ("text/plain", "base64")
            assert b64decode(one.text or "") == b"a\x00b\x1b"
    reply = written(results(output("o", text, domain=STRING), form=RAW))
    assert (content(reply), dict(reply.headers)["Content-Type"]) == (
        b"a\x00b\x1b",
        "text/plain; charset=utf-8",
    )


def test_a_large_file_streams_within_the_document(tmp_path: Path) -> None:
    big = stored(tmp_path, "big.bin", b"\x00" * 3_000_000, PNG)
    reply = written(results(output("big", big), folder=tmp_path))
    (piece,) = [part for part in reply.body if isinstance(part, FileSlice)]
    assert (piece.end - piece.start, piece.encoding) == (3_000_000, "base64")
    assert sum(len(part) for part in reply.body if isinstance(part, bytes)) < 2000


RAW = ResponseForm.RAW


def test_raw_is_the_output_and_nothing_else(tmp_path: Path) -> None:
    reply = written(results(output("a", stored(tmp_path, "a.png", b"\x89", PNG)), form=RAW, folder=tmp_path))
    headers = dict(reply.headers)
    assert (content(reply), headers["Content-Type"]) == (b"\x89", "image/png")
    assert headers["X-Content-Type-Options"] == "nosniff"
    reply = written(results(output("a", InlineText("<a/>", XML)), form=RAW))
    assert content(reply) == b"<a/>"


def test_a_raw_literal_or_box_is_xml_unless_text_is_asked_for() -> None:
    for value, domain, name, text in [
        (Literal("a"), STRING, wps2("LiteralValue"), b"a"),
        (Box((1.0, 2.0), (3.0, 4.0), NORTH), BOX, ows2("BoundingBox"), b"2,1,4,3," + NORTH.encode()),
    ]:
        reply = written(results(output("a", value, domain=domain), form=RAW))
        assert dict(reply.headers)["Content-Type"] == "text/xml"
        assert etree.fromstring(content(reply)).tag == name
        plain = OutputRequest(Format("text/plain"))
        reply = written(results(output("a", value, domain=domain, request=plain), form=RAW))
        assert content(reply) == text
        assert dict(reply.headers)["Content-Type"].startswith("text/plain")


def test_raw_by_reference_is_the_data_all_the_same() -> None:
    reply = written(results(output("a", InlineBytes(b"\x89", PNG), by=Transmission.REFERENCE), form=RAW))
    assert content(reply) == b"\x89"


def test_raw_cannot_stand_in_an_envelope() -> None:
    reply = written(results(output("a", Literal("a")), form=RAW), asked("GetResult", "1.2"))
    assert codes(content(reply)) == [("OptionNotSupported", "response")]


def test_an_optional_output_that_was_left_out_cannot_be_had_raw() -> None:
    assert written(results(form=RAW)).status == 400


@pytest.mark.parametrize(("dialect", "version"), [("ogcapi", "1.0"), ("wps", "1.0.0")])
def test_what_another_dialect_asked_for_raw_is_a_document_here(dialect: str, version: str) -> None:
    made = results(output("a", Literal("a")), form=RAW, dialect=dialect, version=version)
    assert root(written(made)).tag == wps2("Result")


def test_what_is_got_later_has_a_tag_and_says_how_long_it_is_there() -> None:
    headers = dict(written(results(output("a", Literal("a"))), get()).headers)
    assert headers["ETag"]
    assert headers["Sunset"]
    assert "ETag" not in dict(written(results(output("a", Literal("a"))), asked("Execute")).headers)


# -- exceptions ------------------------------------------------------------------------------------


def codes(body: bytes) -> list[tuple[str | None, str | None]]:
    return [
        (one.get("exceptionCode"), one.get("locator")) for one in valid_report(body).iter(ows2("Exception"))
    ]


def valid_report(body: bytes) -> etree._Element:
    found = valid(body)
    return next(found.iter(f"{{{OWS2}}}ExceptionReport"))


def problem(kind: type[InputProblem], locator: str = "a") -> InvalidInputs:
    return InvalidInputs([kind(locator, "is wrong")])


FAULT_TABLE: list[tuple[AppError, int, str, str | None]] = [
    (errors.NoSuchProcess("p"), 400, "NoSuchProcess", "p"),
    (errors.NoSuchProcesses(["p", "q"]), 400, "NoSuchProcess", "p q"),
    (errors.ModeNotOffered("no", "sync"), 400, "NoSuchMode", "sync"),
    (problem(errors.UnknownInput), 400, "NoSuchInput", "a"),
    (problem(errors.UnknownOutput), 400, "NoSuchOutput", "a"),
    (problem(errors.NotFetched), 400, "DataNotAccessible", "a"),
    (problem(errors.ValueTooLarge), 400, "SizeExceeded", "a"),
    (problem(errors.TooManyValues), 400, "TooManyInputs", "a"),
    (problem(errors.TooManyOutputs, "a b"), 400, "TooManyOutputs", "a b"),
    (errors.QueueFull(1, "queue.length"), 503, "ServerBusy", None),
    (problem(errors.TransmissionNotOffered), 400, "StorageNotSupported", None),
    (problem(errors.UnsupportedFormat), 400, "NoSuchFormat", "a"),
    (problem(errors.UnsupportedOutputFormat), 400, "NoSuchFormat", "a"),
    (problem(errors.MissingInput), 400, "MissingParameterValue", "a"),
    (problem(errors.TooFewValues), 400, "MissingParameterValue", "a"),
    (problem(errors.InvalidValue, "a[2]"), 400, "InvalidParameterValue", "a"),
    (errors.NoSuchJob("j"), 400, "NoSuchJob", "j"),
    (errors.ResultsGone("j"), 400, "NoSuchJob", "j"),
    (errors.ResultsNotReady("j", JobState.RUNNING), 400, "ResultNotReady", "j"),
    (errors.JobStateConflict("j", JobState.FAILED, "paused"), 409, "JobStateConflict", "j"),
    (errors.PauseNotOffered("no"), 501, "OperationNotSupported", "Pause"),
    (errors.DismissNotOffered("no"), 501, "OperationNotSupported", "Dismiss"),
    (errors.NoSuchOperation("no", "Fly"), 501, "OperationNotSupported", "Fly"),
    (errors.OptionNotOffered("no", "response"), 501, "OptionNotSupported", "response"),
    (errors.MissingParameter("service"), 400, "MissingParameterValue", "service"),
    (errors.BadParameter("no", "language"), 400, "InvalidParameterValue", "lang"),
    (errors.VersionNotOffered("no", "version"), 400, "VersionNegotiationFailed", "version"),
    (errors.VersionNotOffered("no"), 400, "VersionNegotiationFailed", None),
    (errors.UpdateSequenceAhead("no", "updateSequence"), 400, "InvalidUpdateSequence", None),
    (errors.Malformed("no", "x"), 400, "NoApplicableCode", None),
    (errors.TookTooLong("p", 60, "queue.sync_seconds"), 504, "NoApplicableCode", None),
    (errors.AppError("internal error, reference 1"), 500, "NoApplicableCode", None),
    (JobFailed("j", FailureKind.INPUT, "bad", "R-1", "a[1]"), 400, "WrongInputData", "a"),
    (JobFailed("j", FailureKind.FETCH, "bad", "R-1", "a"), 400, "DataNotAccessible", "a"),
    (JobFailed("j", FailureKind.SIZE, "bad", "R-1", "a"), 400, "SizeExceeded", "a"),
    (JobFailed("j", FailureKind.SERVICE, "no map", "R-1", "o"), 400, "NoApplicableCode", None),
    (JobFailed("j", FailureKind.TIME, "slow", "R-1"), 500, "NoApplicableCode", None),
    (JobFailed("j", FailureKind.PROCESS, "secret", "R-1"), 500, "InternalServerError", None),
    (JobFailed("j", FailureKind.OUTPUT, "secret", "R-1", "o"), 500, "InternalServerError", None),
]


@pytest.mark.parametrize(("error", "status", "code", "locator"), FAULT_TABLE)
@pytest.mark.parametrize("soap", ENVELOPES)
def test_an_error_has_its_code_status_and_locator(
    error: AppError, status: int, code: str, locator: str | None, soap: str | None
) -> None:
    reply = EDITION.fault(error, asked("Execute", soap), SITE)
    assert codes(content(reply)) == [(code, locator)]
    if soap is None:
        assert reply.status == status
    else:
        assert reply.status == (503 if status == 503 else 500 if soap == "1.1" or status >= 500 else 400)


def test_the_tables_are_complete() -> None:
    def kinds(kind: type[AppError]) -> set[type[AppError]]:
        return {kind, *(k for sub in kind.__subclasses__() for k in kinds(sub))}

    assert all(any(c in FAULTS for c in kind.__mro__) for kind in kinds(AppError))
    assert set(FAILURES) == set(FailureKind)


def test_what_failed_inside_of_a_process_is_not_told() -> None:
    reply = EDITION.fault(JobFailed("j", FailureKind.PROCESS, "secret", "R-1"), asked("GetResult"), SITE)
    assert b"secret" not in content(reply)
    assert b"ExceptionText" not in content(reply)
    told = EDITION.fault(JobFailed("j", FailureKind.TIME, "it ran longer than 1 s", "R-1"), asked(), SITE)
    assert b"it ran longer than 1 s" in content(told)


def test_every_problem_with_the_inputs_is_an_exception() -> None:
    error = InvalidInputs([errors.UnknownInput("b", "is none"), errors.TooManyValues("a", "takes 1")])
    reply = EDITION.fault(error, asked("Execute"), SITE)
    assert codes(content(reply)) == [("NoSuchInput", "b"), ("TooManyInputs", "a")]


def test_who_is_to_come_again_is_told_when() -> None:
    reply = EDITION.fault(errors.QueueFull(1, "queue.length", 7), asked("Execute"), SITE)
    assert dict(reply.headers)["Retry-After"] == "7"


def test_a_state_is_told_in_the_word_of_this_edition() -> None:
    told = content(EDITION.fault(errors.JobStateConflict("j", JobState.SUCCEEDED, "paused"), asked(), SITE))
    assert b"cannot be paused: it is Succeeded<" in told


def test_what_was_dismissed_is_no_job_to_whoever_would_pause_it() -> None:
    reply = EDITION.fault(errors.JobStateConflict("j", JobState.DISMISSED, "paused"), asked(), SITE)
    assert (reply.status, codes(content(reply))) == (400, [("NoSuchJob", "j")])


def test_an_object_is_raw_as_json_and_the_one_part_that_is_asked_for_as_what_it_is() -> None:
    record = Record({"x": (Literal("a"),), "y": (Literal(7, "m"),)})
    reply = written(results(output("g", record, domain=PAIR), form=RAW))
    assert dict(reply.headers)["Content-Type"] == "application/json"
    assert b'"x":"a"' in content(reply)
    part = OutputRequest(fields={"x": OutputRequest(Format("text/plain"))})
    assert content(written(results(output("g", record, domain=PAIR, request=part), form=RAW))) == b"a"


def test_every_code_of_this_edition_is_explained_in_the_documentation() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "wps-2.md").read_text()
    told = {code for code, _ in (*FAULTS.values(), *FAILURES.values())}
    assert {code for code in told if f"`{code}`" not in page} <= {"InvalidUpdateSequence"}
