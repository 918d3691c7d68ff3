"""The OpenAPI definition: valid, complete, made of the descriptions; and the page of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ogcapi_outcomes import BASE, PLAIN, RICH, SITE, content, get, header
from test_ogcapi_html import Page

from azenha.authoring.registry import find, load
from azenha.domain import errors
from azenha.domain.errors import NotAcceptable
from azenha.domain.messages import ApiDescribed, DescribeApi, Execute
from azenha.domain.process import (
    Catalogue,
    InputDescription,
    LiteralDomain,
    LiteralType,
    Offering,
    ProcessDescription,
    Text,
)
from azenha.protocols.http import HttpReply, HttpRequest, Site
from azenha.protocols.ogcapi import OgcApi
from azenha.protocols.ogcapi.faults import FAULTS
from azenha.protocols.ogcapi.openapi.operations import ERRORS, OPERATIONS, PARAMETERS
from azenha.protocols.ogcapi.routes import ROUTES

CATALOGUE = Catalogue({o.description.id: o for o in (RICH, PLAIN)})
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"


def asked(query: str = "", path: str = "/api", site: Site = SITE, **headers: str) -> HttpReply:
    return OgcApi().write(ApiDescribed(CATALOGUE), get(path, query, **headers), site)


def definition(catalogue: Catalogue = CATALOGUE) -> Any:
    return json.loads(content(OgcApi().write(ApiDescribed(catalogue), get("/api"), SITE)))


def examples() -> Catalogue:
    """The bundled processes that need nothing but Python."""
    (source,), _ = find(["azenha.examples.basic"])
    return Catalogue({d.description.id: Offering(d.description, source.name) for d in load(source)})


def operations(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@pytest.mark.parametrize("catalogue", [CATALOGUE, Catalogue({}), examples()])
def test_the_definition_is_valid_openapi(catalogue: Catalogue) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="needs openapi-spec-validator")
    found = definition(catalogue)
    assert found["openapi"] == "3.0.3"
    assert [e.message for e in validator.OpenAPIV30SpecValidator(found).iter_errors()] == []


def test_every_route_stands_in_it_with_all_its_parameters() -> None:
    found = definition()
    for route in ROUTES:
        operation = found["paths"][route.path][route.method.lower()]
        named = {p["$ref"].rpartition("/")[2] for p in operation.get("parameters", ())}
        in_path = {s[1:-1] for s in route.segments if s.startswith("{")}
        assert named >= {*route.parameters, *in_path}, route
        assert ("requestBody" in operation) == (route.method in ("POST", "PUT", "PATCH")), route
    assert set(OPERATIONS) == {route.name for route in ROUTES}
    assert len({o["operationId"] for _, _, o in operations(found)}) == len(list(operations(found)))


def test_every_status_of_the_table_of_errors_is_documented() -> None:
    # Methods that are no operation are not told; what cannot be fetched (502) fails a job, which tells it as 400.
    assert {status for status, _, _ in FAULTS.values()} - {501, 502} <= set(ERRORS)
    for _, _, operation in operations(definition()):
        assert {"400", "403", "500"} <= set(operation["responses"])


def test_what_the_server_caps_has_no_maximum() -> None:
    assert "maximum" not in PARAMETERS["limit"]["schema"]
    assert "10000" in str(PARAMETERS["limit"]["description"])


def test_each_process_has_an_operation_with_its_inputs() -> None:
    found = definition()
    operation = found["paths"]["/processes/rich%20one/execution"]["post"]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    body = found["components"]["schemas"][name]
    inputs = body["properties"]["inputs"]
    assert set(inputs["properties"]) == {i.id for i in RICH.description.inputs}
    assert set(inputs["required"]) == {i.id for i in RICH.description.inputs if i.min_occurs}
    assert inputs["additionalProperties"] is False
    assert set(body["properties"]["outputs"]["properties"]) == {o.id for o in RICH.description.outputs}
    media_types = operation["responses"]["200"]["content"]
    assert {"application/json", "multipart/related", "image/tiff; application=geotiff"} <= set(media_types)


def bodies(catalogue: Catalogue) -> Iterator[tuple[str, str, Any, Any]]:
    """Method, path, schema and example of each operation with a body."""
    found = definition(catalogue)
    for method, path, operation in operations(found):
        for media in operation.get("requestBody", {}).get("content", {}).values():
            # The references within the schema start at the root.
            yield (
                method,
                path,
                {"allOf": [media["schema"]], "components": found["components"]},
                media["example"],
            )


def test_every_operation_that_takes_a_subscriber_tells_what_is_sent_to_it() -> None:
    found = definition()
    names = {"execute", "create", "change", "execute.rich one", "execute.plain"}
    for _, _, operation in operations(found):
        assert ("callbacks" in operation) == (operation["operationId"] in names), operation["operationId"]
    calls = found["components"]["callbacks"]
    (address, told), *_ = calls["jobCompleted"].items()
    assert address == "{$request.body#/subscriber/successUri}"
    body = told["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/results"}


def problems(schema: Any, value: Any) -> list[str]:
    validator = pytest.importorskip("openapi_schema_validator", reason="needs openapi-spec-validator")
    kind = validator.OAS30Validator
    return [e.message for e in kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(value)]


@pytest.mark.parametrize("catalogue", [CATALOGUE, examples()])
def test_every_example_is_valid_and_is_understood(catalogue: Catalogue) -> None:
    from azenha.domain.binding import BindingLimits, bind

    for method, path, schema, example in bodies(catalogue):
        assert problems(schema, example) == [], path
        kind = {"content-type": "application/json"}
        command = OgcApi().read(HttpRequest(method, path, "", kind, json.dumps(example).encode()))
        offering = catalogue.offerings.get(path.split("/")[-2].replace("%20", " "))
        if offering is not None:
            assert isinstance(command, Execute)
            bind(offering.description, command.inputs, limits=BindingLimits(1 << 20))


ECHOES = [
    (
        {
            "text": "a",
            "integer": 5,
            "numbers": [1, 2.5],
            "place": {"name": "a", "latitude": 1, "longitude": 2},
        },
        0,
    ),
    ({"text": {"value": "a"}, "numbers": 1.5, "box": {"bbox": [1, 2, 3, 4]}}, 0),
    ({"text": "a", "document": {"href": "http://x.example/a", "type": "text/csv"}}, 0),
    ({"text": "a", "document": {"value": "YQ==", "mediaType": "image/png"}, "duration": "P1DT2H0.5S"}, 0),
    ({"text": "a", "document": {"value": "YQ==", "mediaType": "image/png"}, "duration": "P1Y"}, 1),
    ({}, 1),
    ({"text": 5}, 1),
    ({"text": "a", "integer": 1_000_001}, 1),
    ({"text": "a", "choice": "pink"}, 1),
    ({"text": "a", "place": {"name": "a"}}, 1),
    ({"text": "a", "box": {"bbox": [1, 2, 3]}}, 1),
    ({"text": "a", "colour": "red"}, 1),
]


@pytest.mark.parametrize(("inputs", "wrong"), ECHOES)
def test_the_schema_of_a_process_judges_as_the_server_does(inputs: dict[str, Any], wrong: int) -> None:
    from azenha.domain.binding import BindingLimits, bind

    catalogue = examples()
    schema = next(s for _, path, s, _ in bodies(catalogue) if path == "/processes/echo/execution")
    body = {"inputs": inputs}
    kind = {"content-type": "application/json"}
    command = OgcApi().read(
        HttpRequest("POST", "/processes/echo/execution", "", kind, json.dumps(body).encode())
    )
    try:
        bind(catalogue.offerings["echo"].description, command.inputs, limits=BindingLimits(1 << 20))
        refused = 0
    except errors.InvalidInputs:
        refused = 1
    assert refused == wrong
    assert bool(problems(schema, body)) == bool(wrong)


@pytest.mark.parametrize(
    ("query", "accept", "type"),
    [
        ("", None, OPENAPI),
        ("", "*/*", OPENAPI),
        ("", OPENAPI, OPENAPI),
        ("", "application/vnd.oai.openapi+json", OPENAPI),
        ("", "application/json", "application/json"),
        ("f=json", "text/html", OPENAPI),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("f=html", None, "text/html; charset=utf-8"),
    ],
)
def test_it_comes_as_a_definition_or_as_a_page(query: str, accept: str | None, type: str) -> None:
    headers = {} if accept is None else {"accept": accept}
    assert header(asked(query, **headers), "Content-Type") == type
    assert OgcApi().read(get("/api", query, **headers)) == DescribeApi()


def test_other_media_types_are_refused() -> None:
    with pytest.raises(NotAcceptable):
        OgcApi().read(get("/api", accept="image/png"))


def test_what_differs_between_addresses_is_the_server_and_the_tag_alone() -> None:
    api = OgcApi()
    other = Site("https://other.example", SITE.title, SITE.description)
    one, two = (api.write(ApiDescribed(CATALOGUE), get("/api"), site) for site in (SITE, other))
    assert one.body[1] is two.body[1]
    assert header(one, "ETag") != header(two, "ETag")
    first, second = (json.loads(content(r)) for r in (one, two))
    assert first.pop("servers") == [{"url": BASE}]
    assert second.pop("servers") == [{"url": "https://other.example"}]
    assert first == second


def test_another_catalogue_makes_another_definition_and_another_page() -> None:
    api = OgcApi()
    replies = [
        api.write(ApiDescribed(catalogue), get("/api", query), SITE)
        for query in ("f=json", "f=html")
        for catalogue in (CATALOGUE, replace(CATALOGUE, offerings={"plain": PLAIN}), CATALOGUE)
    ]
    tags = [header(reply, "ETag") for reply in replies]
    assert tags[0] == tags[2] != tags[1]
    assert tags[3] == tags[5] != tags[4]


def test_the_page_has_every_operation_and_works_without_a_script() -> None:
    found = Page(content(asked("f=html")).decode())
    shown = {(a["data-method"], a["data-path"]) for t, a in found.elements if "data-method" in a}
    assert shown == {(method, path) for method, path, _ in operations(definition())}
    tags = {tag for tag, _ in found.elements}
    assert not tags & {"form", "button", "b", "fine", "iframe"}
    ids = {a["id"] for _, a in found.elements if "id" in a}
    for address in found.all("a", "href"):
        assert address.startswith(("http://", "https://", "/a/")) or address.removeprefix("#") in ids, address
    for name in definition()["components"]["schemas"]:
        assert name.startswith("execute-") or f"schema-{name}" in ids


def test_the_page_runs_our_script_and_no_other() -> None:
    reply = asked("f=html")
    policy = dict(p.strip().split(" ", 1) for p in str(header(reply, "Content-Security-Policy")).split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    scripts = [a for t, a in Page(content(reply).decode()).elements if t == "script"]
    assert scripts == [{"type": "module", "src": "/a/api/try.js"}]
    script = asked(path="/api/try.js")
    assert header(script, "Content-Type") == "text/javascript; charset=utf-8"
    assert header(script, "X-Content-Type-Options") == "nosniff"
    assert b"innerHTML" not in content(script)


@pytest.mark.parametrize("whole", [True, False])
def test_one_item_may_stand_for_a_list_unless_the_list_is_one_value(whole: bool) -> None:
    one = InputDescription("n", LiteralDomain(LiteralType.INTEGER), Text("N"), 0, 3, array=True, whole=whole)
    process = ProcessDescription("p", "1", Text("P"), (one,))
    found = definition(Catalogue({"p": Offering(process, "p.py")}))
    told = found["components"]["schemas"]["execute-p"]["properties"]["inputs"]["properties"]["n"]
    assert ("anyOf" in told, told.get("type")) == ((False, "array") if whole else (True, None))
