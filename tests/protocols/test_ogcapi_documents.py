"""What is said of the server, its processes and its jobs; each reply valid by the official schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from ogcapi_outcomes import (
    ACCEPTED,
    API,
    BASE,
    CRS84,
    DISMISSED,
    EPSG4326,
    FAILED,
    JOB_ADDRESS,
    JOBS,
    PLAIN,
    REMOVED,
    RICH,
    RUNNING,
    SITE,
    SUCCEEDED,
    content,
    document,
    get,
    header,
    write,
)

from azenha.domain.errors import BadParameter
from azenha.domain.messages import (
    Accepted,
    ConformanceDescribed,
    Described,
    Dismissed,
    JobsListed,
    ListJobs,
    ListProcesses,
    LogRead,
    ProcessesListed,
    ServerDescribed,
    Status,
)
from azenha.domain.process import (
    Catalogue,
    InputDescription,
    JobControl,
    LiteralDomain,
    LiteralType,
    Offering,
    ProcessDescription,
    Text,
    ValueRange,
)
from azenha.protocols import json as strict
from azenha.protocols.http import FileSlice, HttpRequest, Site
from azenha.protocols.ogcapi import OgcApi
from azenha.protocols.ogcapi import write as writing
from azenha.protocols.ogcapi.schema import schema
from azenha.protocols.ogcapi.words import JOB_CONTROL

CATALOGUE = Catalogue({})
LISTED = ProcessesListed((RICH, PLAIN), ListProcesses(2), "plain", (("bad.py", "SyntaxError at line 3"),))
JOBS_LISTED = JobsListed(JOBS, ListJobs(5, "c1", ("succeeded", "running"), ("rich one",)), "c2")

OUTCOMES: list[tuple[Any, str]] = [
    (ServerDescribed(CATALOGUE), "landingPage"),
    (ConformanceDescribed(), "confClasses"),
    (LISTED, "processList"),
    (ProcessesListed((), ListProcesses(), None), "processList"),
    (Described(RICH), "process"),
    (Described(PLAIN), "process"),
    (Accepted(ACCEPTED), "statusInfo"),
    *((Status(job), "statusInfo") for job in JOBS),
    (Dismissed(DISMISSED, False), "statusInfo"),
    (Dismissed(REMOVED, True), "statusInfo"),
    (JOBS_LISTED, "jobList"),
    (JobsListed((), ListJobs(), None), "jobList"),
]


def described(id: str) -> Any:
    return document(write(Described(RICH)))["inputs"][id]


def links(found: Mapping[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in found["links"]}


def nulls(value: Any) -> Iterator[None]:
    if value is None:
        yield None
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nulls(item)


@pytest.mark.parametrize(("outcome", "schema"), OUTCOMES)
def test_every_document_is_valid_by_the_official_schema(
    outcome: Any, schema: str, validate: Callable[[Mapping[str, Any], str], None]
) -> None:
    validate(document(write(outcome)), schema)


PROFILE = "https://www.opengis.net/def/profile/OGC/0/"


@pytest.mark.parametrize(
    ("outcome", "path", "profile"),
    [
        (Described(RICH), "/processes/rich one", "ogc-process-description"),
        (ProcessesListed((RICH,), ListProcesses(), None), "/processes", "ogc-process-list"),
        (JobsListed((SUCCEEDED,), ListJobs(), None), "/jobs", "jobs-list"),
        (Status(SUCCEEDED), "/jobs/j1", "job-description"),
    ],
)
def test_a_document_names_its_profile_and_can_be_asked_for_by_it(
    outcome: Any, path: str, profile: str
) -> None:
    reply = write(outcome, path)
    named = [link["href"] for link in document(reply)["links"] if link["rel"] == "profile"]
    assert named == [f"{PROFILE}{profile}"]
    assert f'<{PROFILE}{profile}>; rel="profile"' in (header(reply, "Link") or "")
    for given in (profile, named[0]):
        API.read(get(path, f"profile={quote(given)}"))
    with pytest.raises(BadParameter, match=f"'profile' can be {profile} here; given 'other'"):
        API.read(get(path, "profile=other"))
    with pytest.raises(BadParameter, match="given 2 times"):
        API.read(get(path, f"profile={profile}&profile={profile}"))


@pytest.mark.parametrize("outcome", [o for o, _ in OUTCOMES])
def test_no_document_has_a_null_and_every_link_is_absolute_and_has_a_relation(outcome: Any) -> None:
    found = document(write(outcome))
    assert list(nulls(found)) == []
    for entry in (found, *found.get("jobs", ()), *found.get("processes", ())):
        for link in entry["links"]:
            assert link["href"].startswith(PROFILE if link["rel"] == "profile" else f"{BASE}/")
            assert link["rel"]
            assert link["type"]


@pytest.mark.parametrize("outcome", [o for o, _ in OUTCOMES])
def test_the_links_of_a_document_stand_in_its_header_too_but_not_in_answers_to_an_execution(
    outcome: Any,
) -> None:
    reply = write(outcome)
    told = header(reply, "Link")
    if isinstance(outcome, Accepted):
        assert told is None
    else:
        assert told == ", ".join(f'<{k["href"]}>; rel="{k["rel"]}"' for k in document(reply)["links"])


def test_the_landing_page_leads_to_everything() -> None:
    found = document(write(ServerDescribed(CATALOGUE)))
    assert (found["title"], found["description"]) == ("The Mill", "Grinds data <fine>")
    relation = "http://www.opengis.net/def/rel/ogc/1.0/"
    assert links(found) == {
        "self": f"{BASE}/",
        "alternate": f"{BASE}/?f=html",
        "service-desc": f"{BASE}/api?f=json",
        "service-doc": f"{BASE}/api?f=html",
        f"{relation}conformance": f"{BASE}/conformance",
        f"{relation}processes": f"{BASE}/processes",
        f"{relation}job-list": f"{BASE}/jobs",
    }


def test_conformance_claims_what_is_there_and_no_more() -> None:
    classes = document(write(ConformanceDescribed()))["conformsTo"]
    assert {uri.rpartition("/")[2] for uri in classes} == {
        "core", "ogc-process-description", "json", "html", "oas30", "job-list", "callback", "dismiss",
    }  # fmt: skip


def test_a_page_of_processes_links_to_the_next_with_the_same_limit() -> None:
    found = document(write(LISTED))
    assert [p["id"] for p in found["processes"]] == ["rich one", "plain"]
    assert found["unavailable"] == [{"source": "bad.py", "reason": "SyntaxError at line 3"}]
    assert links(found)["next"] == f"{BASE}/processes?limit=2&after=plain"
    assert "next" not in links(document(write(ProcessesListed((PLAIN,), ListProcesses(), None))))


def test_the_link_to_the_next_page_of_jobs_keeps_the_filters() -> None:
    found = document(write(JOBS_LISTED))
    address = urlsplit(links(found)["next"])
    assert API.read(HttpRequest("GET", "/jobs", address.query)) == ListJobs(
        5, "c2", ("succeeded", "running", "paused"), ("rich one",)
    )
    assert dict(parse_qsl(urlsplit(links(found)["self"]).query))["after"] == "c1"


def test_a_summary_tells_how_the_process_can_be_run() -> None:
    summary = document(write(LISTED))["processes"][0]
    assert summary["jobControlOptions"] == ["sync-execute", "async-execute", "dismiss"]
    assert summary["outputTransmission"] == ["value", "reference"]
    assert summary["links"][0]["href"] == f"{BASE}/processes/rich%20one"
    assert set(JOB_CONTROL) == set(JobControl)


NUMBER = {"type": "number", "format": "double"}


def test_a_spacing_far_finer_than_its_start_is_described_as_exactly_as_it_is_counted() -> None:
    start, spacing = Decimal("1e300"), Decimal("1e-300")
    counted = ValueRange(start, None, spacing=spacing)
    off = ValueRange(start, None, spacing=Decimal(3))
    assert schema(LiteralDomain(LiteralType.DECIMAL, (counted,)))["multipleOf"] == spacing
    assert "multipleOf" not in schema(LiteralDomain(LiteralType.DECIMAL, (off,)))
    doubles = ValueRange(1e300, None, spacing=1e-300)
    assert schema(LiteralDomain(LiteralType.DOUBLE, (doubles,)))["multipleOf"] == 1e-300


BASE64_GEOTIFF = {
    "type": "string",
    "contentEncoding": "base64",
    "contentMediaType": "image/tiff; application=geotiff",
}


@pytest.mark.parametrize(
    ("id", "schema"),
    [
        ("text", {"type": "string"}),
        ("choice", {"type": "string", "enum": ["red", "green"], "default": "red"}),
        ("count", {"type": "integer", "minimum": 1, "maximum": 9}),
        ("share", {**NUMBER, "minimum": 0.0, "maximum": 1.0, "not": {"enum": [0.0]}, "default": 0.5}),
        ("even", {"type": "integer", "anyOf": [{"enum": [-1]}, {"minimum": 2, "multipleOf": 2}]}),
        ("odd", {"type": "integer", "minimum": 1, "maximum": 9}),
        ("flag", {"type": "boolean", "default": True}),
        ("day", {"type": "string", "format": "date", "default": "2024-02-29"}),
        ("time", {"type": "string", "format": "date-time", "default": "2024-01-01T00:00:00Z"}),
        ("pause", {"type": "string", "format": "duration", "default": "P1DT90S"}),
        ("numbers", {"type": "integer"}),
        ("perhaps", {"type": "array", "items": {"type": "integer"}, "maxItems": 1, "default": [1]}),
        (
            "scene",
            {
                "oneOf": [
                    BASE64_GEOTIFF,
                    {
                        "type": "object",
                        "format": "geojson-feature-collection",
                        "contentMediaType": "application/geo+json",
                    },
                    {"type": "string", "contentMediaType": "text/csv"},
                ]
            },
        ),
        ("any", {"type": "string", "contentEncoding": "base64"}),
        (
            "gml",
            {"type": "string", "contentMediaType": "text/xml", "contentSchema": "http://x.example/a.xsd"},
        ),
        ("tree", {"contentMediaType": "application/json"}),
        (
            "point",
            {
                "type": "object",
                "properties": {
                    "x": {"title": "The x", **NUMBER},
                    "tags": {
                        "title": "The tags",
                        "type": "array",
                        "items": {"type": "string"},
                        "minItems": 1,
                        "maxItems": 3,
                        "default": ["a"],
                    },
                    "note": {"title": "The note", "type": "string", "default": "none"},
                },
                "required": ["x", "tags"],
                "additionalProperties": False,
            },
        ),
    ],
)
def test_a_domain_has_its_schema(id: str, schema: Mapping[str, Any]) -> None:
    assert described(id)["schema"] == schema


def test_a_box_is_one_element_of_all_of_with_its_reference_systems() -> None:
    (box,) = described("box")["schema"]["allOf"]
    assert (box["format"], box["type"], box["required"]) == ("ogc-bbox", "object", ["bbox"])
    assert box["properties"]["crs"]["enum"] == [CRS84, EPSG4326]
    assert box["properties"]["crs"]["default"] == CRS84
    sizes = [(one["minItems"], one["maxItems"]) for one in box["properties"]["bbox"]["oneOf"]]
    assert sizes == [(4, 4), (6, 6)]


@pytest.mark.parametrize(
    ("id", "least", "most"),
    [("text", 1, 1), ("count", 1, "unbounded"), ("numbers", 0, "unbounded"), ("perhaps", 0, 1)],
)
def test_occurrences_are_the_standards(id: str, least: int, most: int | str) -> None:
    assert (described(id)["minOccurs"], described(id)["maxOccurs"]) == (least, most)


INTEGERS = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("least", "most", "told"),
    [
        (2, 3, {"minOccurs": 1, "schema": {**INTEGERS, "minItems": 2, "maxItems": 3}}),
        (0, None, {"minOccurs": 0, "schema": INTEGERS}),
    ],
)
def test_a_list_that_is_one_value_is_told_as_one_array(
    least: int, most: int | None, told: Mapping[str, Any]
) -> None:
    numbers = LiteralDomain(LiteralType.INTEGER)
    one = InputDescription("n", numbers, Text("N"), least, most, array=True, whole=True)
    offering = Offering(ProcessDescription("p", "1", Text("P"), (one,)), "p.py")
    assert document(write(Described(offering)))["inputs"]["n"] == {"title": "N", "maxOccurs": 1, **told}


@pytest.mark.parametrize(
    ("id", "parameters"),
    [
        ("share", {"uom": ["m", "km"], "defaultUom": ["km"]}),
        ("odd", {"allowed": ["[1, 9], in steps of 2"]}),
        ("day", {"allowed": ["[2020-01-01, …)"]}),
        ("numbers", {"default": [1, 2]}),
        ("scene", {"maximumBytes": [1000]}),
    ],
)
def test_what_a_schema_cannot_say_is_said_beside_it(id: str, parameters: Mapping[str, Any]) -> None:
    found = described(id)["additionalParameters"]["parameters"]
    assert {p["name"]: p["value"] for p in found} == parameters


def test_a_decimal_default_keeps_its_digits() -> None:
    parsed: Any = strict.parse(write(Described(RICH)).body[0])  # type: ignore[arg-type]
    assert parsed["inputs"]["exact"]["schema"]["default"] == Decimal("0.10000000000000000000000001")


def test_words_of_a_description_are_told() -> None:
    assert described("text") == {
        "title": "Text <b>",
        "description": "What to say.\nTwice.",
        "keywords": ["word", "say"],
        "minOccurs": 1,
        "maxOccurs": 1,
        "schema": {"type": "string"},
    }
    assert described("any")["metadata"] == [{"href": "http://x.example/m", "title": "More"}]


def test_outputs_that_are_lists_are_arrays() -> None:
    outputs = document(write(Described(RICH)))["outputs"]
    assert outputs["scenes"]["schema"] == {"type": "array", "items": BASE64_GEOTIFF}
    assert outputs["scenes"]["minOccurs"] == 0
    assert outputs["text"] == {"title": "Text", "schema": {"type": "string"}}


OPENAPI_ONLY = {"nullable", "exclusiveMinimum", "exclusiveMaximum", "const", "examples", "$defs", "$ref"}


def test_schemas_stay_in_what_openapi_3_0_and_json_schema_2020_12_share() -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            assert not OPENAPI_ONLY & schema.keys()
            assert not isinstance(schema.get("type"), list)
            assert not [key for key in schema if key.startswith("x-")]
            for value in schema.values():
                check(value)
        elif isinstance(schema, list):
            for item in schema:
                check(item)

    found = document(write(Described(RICH)))
    for part in (*found["inputs"].values(), *found["outputs"].values()):
        check({k: v for k, v in part["schema"].items() if k != "properties"})


# -- jobs -----------------------------------------------------------------------------------------


def test_the_status_of_a_running_job() -> None:
    found = document(write(Status(RUNNING)))
    time = "2025-03-04T05:06:07.089Z"
    assert {k: v for k, v in found.items() if k != "links"} == {
        "jobID": RUNNING.id,
        "id": RUNNING.id,
        "processID": "rich one",
        "type": "process",
        "processingEntityType": "ogc-api-processes",
        "status": "running",
        "message": "2 of 5 <tiles>",
        "progress": 40,
        "created": time,
        "started": time,
        "updated": time,
    }
    assert links(found)["monitor"] == links(found)["self"] == JOB_ADDRESS
    assert links(found)["http://www.opengis.net/def/rel/ogc/1.0/log"] == f"{JOB_ADDRESS}/log"


@pytest.mark.parametrize("job", JOBS)
def test_only_a_successful_job_links_to_results(job: Any) -> None:
    found = links(document(write(Status(job))))
    assert ("http://www.opengis.net/def/rel/ogc/1.0/results" in found) is (job is SUCCEEDED)


def test_a_failed_job_says_why_and_where_to_look() -> None:
    found = document(write(Status(FAILED)))
    assert (found["status"], found["message"]) == ("failed", "ValueError: no band 4 (reference R-1)")


def test_a_successful_job_is_at_a_hundred() -> None:
    assert document(write(Status(SUCCEEDED)))["progress"] == 100


def test_an_accepted_job_is_created_at_its_address() -> None:
    reply = write(Accepted(ACCEPTED, ("respond-async", "wait=5")))
    assert reply.status == 201
    assert header(reply, "Location") == JOB_ADDRESS
    assert header(reply, "Preference-Applied") == "respond-async, wait=5"
    assert document(reply)["status"] == "accepted"
    assert header(write(Accepted(ACCEPTED)), "Preference-Applied") is None


@pytest.mark.parametrize(("job", "removed"), [(DISMISSED, False), (REMOVED, True), (SUCCEEDED, True)])
def test_a_dismissed_job_is_dismissed_and_one_that_is_gone_has_no_address(job: Any, removed: bool) -> None:
    reply = write(Dismissed(job, removed))
    assert (reply.status, document(reply)["status"]) == (200, "dismissed")
    assert ("self" in links(document(reply))) is not removed


def test_the_log_is_a_piece_of_a_file_as_text() -> None:
    reply = write(LogRead(RUNNING, "/data/j1/log", 10, 30))
    assert reply.body == (FileSlice("/data/j1/log", 10, 30),)
    assert header(reply, "Content-Type") == "text/plain; charset=utf-8"
    assert header(reply, "X-Content-Type-Options") == "nosniff"
    assert write(LogRead(RUNNING, None, 0, 0)).body == ()


# -- kept replies ---------------------------------------------------------------------------------


def test_a_description_is_rendered_once_for_each_address_and_form() -> None:
    api = OgcApi()
    first = api.write(Described(RICH), get("/"), SITE)
    assert api.write(Described(RICH), get("/", accept="application/json"), SITE) is first
    other = api.write(Described(RICH), get("/"), Site("http://other.example"))
    assert b"http://other.example/processes/rich" in other.body[0]  # type: ignore[operator]
    page = api.write(Described(RICH), get("/", "f=html"), SITE)
    assert header(page, "Content-Type") == "text/html; charset=utf-8"
    assert document(api.write(Described(PLAIN), get("/"), SITE))["id"] == "plain"


def test_a_list_is_rendered_once_for_each_language_and_anew_after_a_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api, searched = OgcApi(), []
    found = writing.languages_of
    monkeypatch.setattr(writing, "languages_of", lambda *given: searched.append(1) or found(*given))
    listed = ProcessesListed((SPOKEN, PLAIN), ListProcesses(), None)
    first = api.write(listed, get("/processes", accept_language="pt"), SITE)

    assert api.write(listed, get("/processes", accept_language="pt, en;q=0.5"), SITE) is first
    assert api.write(listed, get("/processes"), SITE) is not first
    assert len(searched) == 1
    changed = replace(listed, offerings=(SPOKEN, replace(PLAIN)))
    assert api.write(changed, get("/processes", accept_language="pt"), SITE) is not first


def test_kept_replies_are_bounded() -> None:
    api = OgcApi()
    first = api.write(Described(PLAIN), get("/"), SITE)
    for number in range(300):
        api.write(Described(PLAIN), get("/"), Site(f"http://host{number}.example"))
    again = api.write(Described(PLAIN), get("/"), SITE)
    assert again == first
    assert again is not first


# -- languages ------------------------------------------------------------------------------------

SPOKEN = Offering(
    ProcessDescription(
        "slope",
        "1",
        Text("Slope"),
        (
            InputDescription(
                "height",
                LiteralDomain(LiteralType.DOUBLE),
                Text("Height"),
                translations={"pt": Text("Altura"), "fr": Text("Hauteur")},
            ),
        ),
        translations={"pt": Text("Declive")},
    ),
    "slope.py",
)


@pytest.mark.parametrize(
    ("accept", "language", "titles"),
    [
        (None, "en", ("Slope", "Height")),
        ("pt-BR, en;q=0.5", "pt", ("Declive", "Altura")),
        ("en, pt;q=0.9", "en", ("Slope", "Height")),
        ("fr", "fr", ("Slope", "Hauteur")),
        ("cs, *;q=0.1", "en", ("Slope", "Height")),
        ("pt;q=0", "en", ("Slope", "Height")),
    ],
)
def test_a_process_is_described_in_the_language_that_the_client_accepts(
    accept: str | None, language: str, titles: tuple[str, str]
) -> None:
    asked = {} if accept is None else {"accept_language": accept}
    reply = write(Described(SPOKEN), "/processes/slope", **asked)
    found = document(reply)
    assert (found["title"], found["inputs"]["height"]["title"]) == titles
    assert header(reply, "Content-Language") == language
    assert header(reply, "Vary") == "Accept, Accept-Language"


def test_the_list_is_in_the_language_of_the_client_in_both_forms() -> None:
    listed = ProcessesListed((PLAIN, SPOKEN), ListProcesses(), None)
    reply = write(listed, "/processes", accept_language="pt")
    assert [p["title"] for p in document(reply)["processes"]] == ["Plain", "Declive"]
    page = write(listed, "/processes", accept="text/html", accept_language="pt")
    assert "Declive" in content(page).decode()
    assert header(page, "Content-Language") == "pt"
    assert [p["title"] for p in document(write(listed, "/processes"))["processes"]] == ["Plain", "Slope"]


def test_what_is_no_translation_is_in_the_language_of_the_server() -> None:
    site = replace(SITE, language="cs")
    request = get("/processes/slope", accept_language="en, pt;q=0.5")
    assert header(API.write(Described(SPOKEN), request, site), "Content-Language") == "pt"
    assert header(API.write(Described(SPOKEN), get("/processes/slope"), site), "Content-Language") == "cs"
