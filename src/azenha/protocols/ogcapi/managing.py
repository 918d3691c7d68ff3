"""Bodies of Part 4 (job management, draft): a job is created, changed and started by requests of its own.

And of the requests to pause a job and to resume it, which are ours and look the same.
"""

from __future__ import annotations

from typing import Final

from azenha.domain.errors import BadRequest, UnsupportedSchema
from azenha.domain.messages import Change, Create, OutputRequest, Pause, Resume, Start
from azenha.protocols import json
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.ogcapi import callbacks, execute

# What a body may say that it is, besides nothing: the execute request of 1.0, or that of 2.0 by its profile.
SCHEMAS: Final = (
    "https://www.opengis.net/def/profile/OGC/0/ogc-execute-request",
    "http://www.opengis.net/def/profile/OGC/0/ogc-execute-request",
    "https://schemas.opengis.net/ogcapi/processes/part1/1.0/openapi/schemas/execute.yaml",
    "http://schemas.opengis.net/ogcapi/processes/part1/1.0/openapi/schemas/execute.yaml",
)


def create(request: HttpRequest, limits: Limits) -> Create:
    """Decode `POST /jobs`: an execute request that names its process.

    Raises:
        UnsupportedMediaType, Malformed, BadRequest: see `execute.read`.
        UnsupportedSchema: another kind of request, an openEO process graph for one.
    """
    _check_schema(request)
    body = execute.members(request, limits)
    if "process" not in body:
        raise BadRequest("the body must name the 'process' by its address; it does not", "process")
    _check_graph(body["process"])
    return Create(execute.command(execute.process_named(body["process"], request.base), body, request))


def change(job: str, request: HttpRequest, limits: Limits) -> Change:
    """Decode `PATCH /jobs/{job}`: what is named takes the place of what was there, inputs each by its id.

    An input that is null is taken away (RFC 7396); outputs that are null are all of them; a
    subscriber that is null is nobody.

    Raises:
        UnsupportedMediaType, Malformed, BadRequest, UnsupportedSchema: see `create`.
    """
    _check_schema(request)
    body = execute.members(request, limits)
    process = body.get("process")
    _check_graph(process)
    given = body.get("inputs", {})
    without: tuple[str, ...] = ()
    if isinstance(given, dict):
        without = tuple(id for id, value in given.items() if value is None)
        given = {id: value for id, value in given.items() if value is not None}
    requested = body.get("outputs")
    outputs: dict[str, OutputRequest] | None = None
    if requested is not None:
        outputs = dict(execute.outputs(requested))
    subscriber = body.get(callbacks.MEMBER)
    return Change(
        job,
        None if "process" not in body else execute.process_named(process, request.base),
        execute.inputs(given),
        without,
        outputs,
        "outputs" in body,
        execute.response_form(body, None) if "response" in body else None,
        None if subscriber is None else callbacks.subscriber(subscriber, request.base),
        callbacks.MEMBER in body,
    )


def start(job: str, request: HttpRequest, limits: Limits) -> Start:
    """Decode `POST /jobs/{job}/results`, whose body is empty.

    Raises:
        Malformed, BadRequest: it is not.
    """
    _check_empty(request, limits, "started")
    return Start(job)


def pause(job: str, request: HttpRequest, limits: Limits) -> Pause:
    """Decode `POST /jobs/{job}/pause` (ours), whose body is empty; as `start`."""
    _check_empty(request, limits, "paused")
    return Pause(job)


def resume(job: str, request: HttpRequest, limits: Limits) -> Resume:
    """Decode `POST /jobs/{job}/resume` (ours), whose body is empty; as `start`."""
    _check_empty(request, limits, "resumed")
    return Resume(job)


def _check_empty(request: HttpRequest, limits: Limits, what: str) -> None:
    if bytes(request.body[:16]).strip() and (body := json.parse(request.body, limits)) not in (None, {}):
        raise BadRequest(f"a job is {what} with an empty body; this is {execute.kind(body)} with content")


def _check_schema(request: HttpRequest) -> None:
    given = request.headers.get("content-schema")
    if given is not None and given.strip(' <>"') not in SCHEMAS:
        raise UnsupportedSchema(
            f"Content-Schema is that of an execute request, {SCHEMAS[0]}; given '{given[:200]}'",
            "Content-Schema",
        )


def _check_graph(process: object) -> None:
    if isinstance(process, dict) and "process_graph" in process:
        raise UnsupportedSchema(
            "openEO process graphs are not run here; name a process by its address", "process"
        )
