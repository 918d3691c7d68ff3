"""Documents about jobs: by the schemas of 1.0, of 2.0 and of Part 4, and what a job runs on, told and sent again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ogcapi_outcomes import (
    ACCEPTED,
    API,
    BASE,
    CREATED,
    CSV,
    GEOTIFF,
    HELD,
    JOB_ADDRESS,
    JOBS,
    JSON,
    PAUSED,
    RICH,
    RUNNING,
    SITE,
    SUCCEEDED,
    content,
    document,
    get,
    header,
    output,
    stored,
    write,
)
from test_ogcapi_html import page

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import NotCreated
from azenha.domain.job import JobState
from azenha.domain.messages import (
    Asked,
    Create,
    Created,
    Execute,
    InputRead,
    InputValue,
    JobsListed,
    ListJobs,
    OutputRequest,
    RequestPart,
    RequestRead,
    ResponseForm,
    Status,
    Transmission,
)
from azenha.domain.process import CRS84
from azenha.domain.values import Box, InlineBytes, InlineText, Literal, Record, Reference, Value
from azenha.protocols.http import HttpRequest
from azenha.usecases.inline import LargeValues

Validate = Callable[[Mapping[str, Any], str], None]
STATUS = ("2.0-draft/processes-core/statusInfo.yaml", "2.0-draft/processes-job-management/statusInfo.yaml")


def input(id: str, *values: Value, array: bool = False) -> InputValue:
    described = RICH.description.input(id)
    assert described is not None
    return InputValue(id, values, array, described.domain)


INPUTS = (
    input("text", Literal('é "<')),
    input("count", Literal(5), Literal(7), array=True),
    input("share", Literal(0.5, "km")),
    input("perhaps", array=True),
    input("box", Box((1.0, 2.0), (3.0, 4.0), CRS84)),
    input("scene", InlineBytes(b"II*\0", GEOTIFF)),
    input("any", InlineText("a,b", CSV)),
    input("tree", InlineText('{"a": 1}', JSON)),
    input("gml", Reference("http://x.example/a.xml")),
    input("point", Record({"x": (Literal(1.5),), "tags": (Literal("a"), Literal("b"))})),
)


def told(
    part: RequestPart,
    *inputs: InputValue,
    outputs: Mapping[str, OutputRequest] | None = None,
    folder: Path | str = "/data/j1",
    form: ResponseForm = ResponseForm.RAW,
    **more: Any,
) -> RequestRead:
    fields = {"job": SUCCEEDED, "made": (), **more}
    return RequestRead(
        fields["job"], part, "1.2.0", inputs, outputs, Asked("ogcapi", "1.0", response=form),
        ("text", "box"), fields["made"], str(folder),
    )  # fmt: skip


# -- status and list


@pytest.mark.parametrize("job", [CREATED, HELD, PAUSED, *JOBS])
def test_a_status_is_one_of_the_drafts_too(job: Any, validate: Validate) -> None:
    for schema in STATUS[job is CREATED :]:  # only Part 4 knows jobs that are created
        validate(document(write(Status(job))), schema)


@pytest.mark.parametrize(
    ("job", "word", "message"),
    [
        (HELD, "accepted", "held in the queue until it is resumed"),
        (PAUSED, "running", "paused until it is resumed; before that: 2 of 5 <tiles>"),
        (replace(PAUSED, message=None), "running", "paused until it is resumed"),
    ],
)
def test_what_waits_has_a_word_of_the_closed_list_and_a_message(
    job: Any, word: str, message: str, validate: Validate
) -> None:
    found = document(write(Status(job)))
    validate(found, "statusInfo")
    assert (found["status"], found["message"]) == (word, message)
    assert {k["rel"]: k["href"] for k in found["links"]}["resume"] == f"{JOB_ADDRESS}/resume"


@pytest.mark.parametrize("job", JOBS)
def test_a_link_offers_to_pause_what_can_be_paused(job: Any) -> None:
    relations = {k["rel"] for k in document(write(Status(job, pausable=True)))["links"]}
    assert ("pause" in relations) is (job in (ACCEPTED, RUNNING))
    assert "resume" not in relations
    assert "pause" not in {k["rel"] for k in document(write(Status(job)))["links"]}


def test_a_job_list_is_one_of_the_drafts_too(validate: Validate) -> None:
    validate(document(write(JobsListed(JOBS, ListJobs(), None))), "2.0-draft/processes-core/jobList.yaml")
    with_created = document(write(JobsListed((CREATED, *JOBS), ListJobs(), None)))
    validate(with_created, "2.0-draft/processes-job-management/jobList.yaml")


def test_a_created_job_is_answered_with_its_address() -> None:
    reply = write(Created(CREATED), "/jobs")
    assert (reply.status, header(reply, "Location")) == (201, JOB_ADDRESS)
    assert document(reply)["status"] == "created"


def test_a_failed_job_has_its_exception(validate: Validate) -> None:
    failed = document(write(Status(JOBS[3])))
    validate(failed["exception"], "exception")
    assert failed["exception"]["detail"] == failed["message"]


def test_every_filter_goes_along_to_the_next_page_and_back() -> None:
    asked = ListJobs(
        3, "9.9", ("failed", "created"), ("a,b", "c d"), None,
        datetime(2026, 1, 31, 12, 0, 0, 123000, UTC), datetime(2026, 1, 31, 12, 0, 0, 456999, UTC), 5, 60,
    )  # fmt: skip
    links = {
        link["rel"]: link["href"] for link in document(write(JobsListed((), asked, "1.2", "3.4")))["links"]
    }
    plain = replace(asked, processes=("c d",))
    links = {
        link["rel"]: link["href"] for link in document(write(JobsListed((), plain, "1.2", "3.4")))["links"]
    }
    for relation, cursors in {
        "self": {"after": "9.9"},
        "next": {"after": "1.2"},
        "prev": {"after": None, "before": "3.4"},
    }.items():
        address = urlsplit(links[relation])
        assert address.path == "/a/jobs"
        assert API.read(get("/jobs", address.query)) == replace(plain, **cursors)  # type: ignore[arg-type]


def test_a_list_without_filters_has_links_without_filters() -> None:
    (own,) = [
        k["href"] for k in document(write(JobsListed((), ListJobs(), None)))["links"] if k["rel"] == "self"
    ]
    assert parse_qs(urlsplit(own).query) == {"limit": ["10"]}


def test_the_page_of_the_list_leads_on_and_back() -> None:
    found = page(JobsListed((ACCEPTED,), ListJobs(), "1.2", "3.4"))
    assert "Next page" in found.text
    assert "Previous page" in found.text


def test_the_page_of_a_created_job_has_a_button_that_starts_it() -> None:
    found = page(Status(CREATED))
    assert found.all("form", "action") == [f"{JOB_ADDRESS}/results"]
    assert page(Status(ACCEPTED)).all("form", "action") == []


def test_what_is_locked_says_so_with_the_address_of_part_4(validate: Validate) -> None:
    reply = API.fault(NotCreated("j1", JobState.RUNNING, "changed"), get("/jobs/j1"), SITE)
    validate(document(reply), "exception")
    assert reply.status == 423
    assert document(reply)["type"] == "http://www.opengis.net/def/exceptions/ogcapi-processes-4/1.0/locked"
    assert "it is running, and only a created job can" in document(reply)["detail"]


# -- what a job runs on


def test_a_definition_is_an_execute_request_that_asks_for_the_same(
    validate: Validate, tmp_path: Path
) -> None:
    large = stored(tmp_path, "large.tif", bytes(range(256)) * 8192, GEOTIFF)  # 2 MiB
    wanted = {"text": OutputRequest(), "scenes": OutputRequest(GEOTIFF, Transmission.REFERENCE)}
    outcome = told(
        RequestPart.DEFINITION,
        *INPUTS[:6], input("any", large), *INPUTS[7:],
        outputs=wanted, folder=tmp_path, form=ResponseForm.DOCUMENT,
    )  # fmt: skip
    reply = write(outcome)
    assert header(reply, "Content-Type") == "application/json"
    found = json.loads(content(reply))
    validate(found, "execute")
    assert found["process"] == f"{BASE}/processes/rich%20one"

    body = json.dumps(found).encode()
    command = API.read(HttpRequest("POST", "/jobs", "", {"content-type": "application/json"}, body))
    assert isinstance(command, Create)
    asked = command.execute
    assert isinstance(asked, Execute)
    assert (asked.process, asked.outputs, asked.asked.response) == ("rich one", wanted, ResponseForm.DOCUMENT)
    cutter = LargeValues(10**9, tmp_path, body).cut
    got = bind(RICH.description, asked.inputs, limits=BindingLimits(10**9), cutter=cutter)
    expected = {i.id: i.values for i in INPUTS}
    assert got["any"] == (InlineBytes(bytes(range(256)) * 8192, GEOTIFF),)
    assert {k: v for k, v in got.items() if k not in ("any", "tree", "gml")} == {
        k: v for k, v in expected.items() if k not in ("any", "tree", "gml")
    }
    (tree,), (gml,) = got["tree"], got["gml"]
    assert isinstance(tree, InlineText)
    assert json.loads(tree.text) == {"a": 1}
    assert isinstance(gml, Reference)
    assert gml.href == "http://x.example/a.xml"


def test_a_definition_without_a_choice_of_outputs_names_none() -> None:
    found = document(write(told(RequestPart.DEFINITION, form=ResponseForm.OPEN)))
    assert found == {"process": f"{BASE}/processes/rich%20one", "inputs": {}}


def test_inputs_come_with_all_outputs_where_none_were_chosen() -> None:
    found = document(write(told(RequestPart.INPUTS, *INPUTS[:2])))
    assert found["inputs"] == {"text": 'é "<', "count": [5, 7]}
    assert found["outputs"] == {"text": {}, "box": {}}
    assert document(write(told(RequestPart.INPUTS, outputs={})))["outputs"] == {}


def test_large_inputs_are_told_by_their_address_and_can_be_had_there(tmp_path: Path) -> None:
    data = bytes(2 * 1024 * 1024)
    large = stored(tmp_path, "large.tif", data, GEOTIFF)
    found = document(write(told(RequestPart.INPUTS, input("scene", large), folder=tmp_path)))
    assert found["inputs"]["scene"]["href"] == f"{JOB_ADDRESS}/inputs/scene/0"
    reply = write(InputRead(SUCCEEDED, "scene", large, None, str(tmp_path)))
    assert header(reply, "Content-Type") == GEOTIFF.media_type
    assert content(reply) == data


def test_an_input_by_reference_is_told_and_not_redirected_to() -> None:
    reply = write(InputRead(SUCCEEDED, "gml", Reference("http://x.example/a.xml"), None, ""))
    assert reply.status == 200
    assert document(reply)["href"] == "http://x.example/a.xml"


@pytest.mark.parametrize("part", RequestPart)
def test_each_part_is_a_page_too(part: RequestPart) -> None:
    outputs = {"text": OutputRequest(GEOTIFF)}
    for outcome in (told(part, *INPUTS, outputs=outputs), told(part), told(part, outputs={})):
        found = page(outcome)
        assert JOB_ADDRESS in found.all("a", "href")
        assert any("f=json" in address for address in found.all("a", "href"))
        assert "script" not in {tag for tag, _ in found.elements}


# -- provenance


def test_provenance_names_the_run_what_it_used_and_what_it_made() -> None:
    made = (output("text", Literal("x")), output("scenes", InlineBytes(b"1", GEOTIFF), array=True))
    found = document(write(told(RequestPart.PROVENANCE, *INPUTS, made=made)))
    run = f"jobs:{SUCCEEDED.id}"
    (activity,) = found["activity"].items()
    assert activity == (
        run,
        {"prov:startTime": "2025-03-04T05:06:07.089Z", "prov:endTime": "2025-03-04T05:06:07.089Z"},
    )
    entities = found["entity"]
    assert {u["prov:activity"] for u in found["used"].values()} == {run}
    assert {u["prov:entity"] for u in found["used"].values()} == {
        f"job:inputs/{i.id}/{n}" for i in INPUTS for n in range(len(i.values))
    }
    assert {m["prov:entity"] for m in found["wasGeneratedBy"].values()} == {
        "job:results/text", "job:results/scenes/0",
    }  # fmt: skip
    assert found["prefix"]["job"] == f"{JOB_ADDRESS}/"  # so that each name is the address of the value
    assert entities["job:inputs/count/1"]["prov:value"] == 7
    assert entities["job:inputs/scene/0"]["dct:format"] == GEOTIFF.media_type
    assert entities["job:inputs/gml/0"]["prov:atLocation"] == "http://x.example/a.xml"
    plan = found["wasAssociatedWith"]["_:by"]["prov:plan"]
    assert (plan, entities[plan]["schema:version"]) == ("processes:rich%20one", "1.2.0")


def test_every_name_in_the_provenance_has_a_prefix_that_is_declared_and_stands_for_something() -> None:
    found = document(write(told(RequestPart.PROVENANCE, *INPUTS, made=(output("text", Literal("x")),))))
    known = {*found["entity"], *found["activity"], *found["agent"]}
    for kind in ("used", "wasGeneratedBy", "wasAssociatedWith"):
        for relation in found[kind].values():
            assert set(relation.values()) <= known
    assert {name.partition(":")[0] for name in known} <= set(found["prefix"])


@pytest.mark.parametrize("job", [CREATED, ACCEPTED])
def test_a_run_that_has_not_begun_used_nothing(job: Any) -> None:
    found = document(write(told(RequestPart.PROVENANCE, *INPUTS, job=job)))
    assert "used" not in found
    assert "wasGeneratedBy" not in found
    assert "used" in document(write(told(RequestPart.PROVENANCE, *INPUTS, job=RUNNING)))
