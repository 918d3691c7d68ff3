"""The whole definition: what all servers have in common, and an operation for each process.

Of what an address could change only `servers` is told, and it stands in the head with the server's title: the
rest is rendered once for a catalogue, whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

from azenha.domain.process import Catalogue, ProcessDescription
from azenha.protocols.http import Site
from azenha.protocols.ogcapi.openapi import process as one
from azenha.protocols.ogcapi.openapi.calls import CALLS, calls
from azenha.protocols.ogcapi.openapi.example import example
from azenha.protocols.ogcapi.openapi.operations import (
    ACCEPTED,
    ERRORS,
    EVERYWHERE,
    EXECUTE_ERRORS,
    HEADERS,
    LINKED,
    NOTHING,
    OPERATIONS,
    PARAMETERS,
    RESULTS,
    TAGS,
    Answer,
)
from azenha.protocols.ogcapi.openapi.schemas import SCHEMAS, Schema, ref
from azenha.protocols.ogcapi.routes import ROUTES, Route
from azenha.protocols.ogcapi.words import HTML, JSON, PROBLEM

_EXECUTION: Final = "Processes"
_NOTES: Final = (
    "Every document can be had as JSON or as a page (parameter f, or the header Accept), and asked for with HEAD. "
    "There are no identities: no operation needs credentials, whoever reaches the server may use it."
)


def document(catalogue: Catalogue, site: Site) -> Schema:
    return {**head(site), **body(catalogue)}


def head(site: Site) -> Schema:
    """What depends on the server's name and address."""
    words = [w for w in (site.description, _NOTES) if w]
    return {
        "openapi": "3.0.3",
        "info": {"title": site.title, "version": "1.0.0", "description": "\n\n".join(words)},
        "servers": [{"url": site.base}],
    }


def body(catalogue: Catalogue) -> Schema:
    """All the rest."""
    processes = [catalogue.offerings[id].description for id in sorted(catalogue.offerings)]
    paths: dict[str, dict[str, object]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for process in processes:
        paths[f"/processes/{quote(process.id, safe='')}/execution"] = {
            "post": _execution(process),
            "get": _execution_by_query(process),
        }
    return {
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        # No identities: an empty list says that nothing is asked for (/req/oas30/security).
        "security": [],
        "paths": paths,
        "components": {
            "schemas": {**SCHEMAS, **{_component(p): one.body(p) for p in processes}},
            "parameters": dict(PARAMETERS),
            "headers": dict(HEADERS),
            "callbacks": dict(CALLS),
            "responses": {f"E{status}": _error(status, about) for status, about in ERRORS.items()},
        },
    }


# -- operations -----------------------------------------------------------------------------------


def _operation(route: Route) -> Schema:
    told = OPERATIONS[route.name]
    names = [s[1:-1] for s in route.segments if s.startswith("{")]
    form = () if route.name in _NO_FORM else ("form",) if route.name == "results" else ("f",)
    names += [*form, *route.parameters, *told.headers]
    found: Schema = {"operationId": route.name, "tags": [told.tag], "summary": route.about}
    if told.about:
        found["description"] = told.about
    if route.executes and route.method == "GET":
        names.append("inputs")
    if names:
        found["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    if told.body is not None:
        found["requestBody"] = _request(ref(told.body), dict(told.example), needed=told.body != NOTHING)
    found["responses"] = _responses(told.answers, told.errors)
    if route.name in _SUBSCRIBED:
        found["callbacks"] = calls()
    return found


_NO_FORM: Final = ("script", "execute-kvp")
_SUBSCRIBED: Final = ("execute", "create", "change")


def _execution(process: ProcessDescription) -> Schema:
    answers = {200: one.answer(process, RESULTS), 201: ACCEPTED, 204: LINKED}
    found: Schema = {
        "operationId": f"execute.{process.id}",
        "tags": [_EXECUTION],
        "summary": f"Run {process.id}: {process.text.title}",
    }
    if process.text.abstract:
        found["description"] = process.text.abstract
    found["externalDocs"] = {"url": f"processes/{quote(process.id, safe='')}", "description": "Description"}
    found["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in ("f", "Prefer")]
    found["requestBody"] = _request(ref(_component(process)), example(process))
    found["responses"] = _responses(answers, EXECUTE_ERRORS)
    found["callbacks"] = calls()
    return found


def _execution_by_query(process: ProcessDescription) -> Schema:
    told = OPERATIONS["execute-kvp"]
    named = [{"$ref": f"#/components/parameters/{name}"} for name in told.headers]
    return {
        "operationId": f"execute-kvp.{process.id}",
        "tags": [_EXECUTION],
        "summary": f"Run {process.id} on the inputs in the query",
        "description": told.about,
        "parameters": [*one.parameters(process), *named],
        "responses": _responses({**told.answers, 200: one.answer(process, RESULTS)}, told.errors),
    }


def _component(process: ProcessDescription) -> str:
    return f"execute-{quote(process.id, safe='').replace('%', '.')}"


def _request(schema: Schema, example: Schema, *, needed: bool = True) -> Schema:
    return {"required": needed, "content": {JSON: {"schema": schema, "example": example}}}


def _responses(answers: Mapping[int, Answer], errors: tuple[int, ...]) -> Schema:
    found: Schema = {str(status): _answer(answer) for status, answer in answers.items()}
    for status in sorted({*EVERYWHERE, *errors}):
        found[str(status)] = {"$ref": f"#/components/responses/E{status}"}
    return found


def _answer(answer: Answer) -> Schema:
    found: Schema = {"description": answer.about}
    if answer.headers:
        found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in answer.headers}
    if answer.content:
        found["content"] = {type: _content(schema) for type, schema in answer.content.items()}
    return found


def _content(schema: Schema | None) -> Schema:
    return {"schema": {"type": "string", "format": "binary"} if schema is None else schema}


def _error(status: int, about: str) -> Schema:
    if status == 431:  # of HTTP itself: no header was read, and none of what the client accepts
        return {"description": about, "content": {PROBLEM: {"schema": ref("exception")}}}
    found: Schema = {
        "description": about,
        "content": {JSON: {"schema": ref("exception")}, HTML: _content(None)},
    }
    if status == 503:
        found["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return found


def resolved(found: Mapping[str, object], definition: Mapping[str, object]) -> Mapping[str, object]:
    """What a `$ref` within the definition stands for; anything else is itself."""
    address = found.get("$ref")
    if not isinstance(address, str):
        return found
    part: object = definition
    for name in address.removeprefix("#/").split("/"):
        assert isinstance(part, Mapping)
        part = part[name]
    assert isinstance(part, Mapping)
    return part


def operations(definition: Mapping[str, object]) -> Iterator[tuple[str, str, Mapping[str, object]]]:
    """Method, path and operation, in the order of the definition."""
    paths = definition["paths"]
    assert isinstance(paths, Mapping)
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield method.upper(), path, operation
