"""What OpenAPI says of each route beyond the table of routes: parameters, bodies, replies.

A route without an entry in `OPERATIONS` or a parameter without one in `PARAMETERS` is a KeyError, which a test
finds. Caps that the server applies to larger values are told in words, and are no `maximum`: what is above is
allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from azenha.protocols.ogcapi.managing import SCHEMAS as SCHEMAS_TAKEN
from azenha.protocols.ogcapi.openapi.schemas import COUNT, TEXT, Schema, ref, several, told
from azenha.protocols.ogcapi.parameters import LONGEST_PAGE, PAGE
from azenha.protocols.ogcapi.words import FORM_NAMES, GEOJSON, HTML, JSON, OPENAPI, PACKAGES

# A value of a list in the query: not empty, and a comma separates it from the next.
_LISTED: Final[Schema] = {"type": "string", "pattern": r"^[^,\u0000]+$"}


def _list(items: Schema) -> Schema:
    return {**several(items), "minItems": 1}


def _query(name: str, about: str, schema: Schema, **more: object) -> Schema:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema, **more}


def _path(name: str, about: str, schema: Schema = TEXT) -> Schema:
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _header(name: str, about: str, **more: object) -> Schema:
    return {"name": name, "in": "header", "required": False, "description": about, "schema": TEXT, **more}


_MEDIA_TYPE: Final = "the form of the answer, instead of the header Accept"

# By `name` in the query or the path, or by the name of the header.
PARAMETERS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "f": _query("f", _MEDIA_TYPE, {"type": "string", "enum": list(FORM_NAMES)}),
        "form": _query("f", _MEDIA_TYPE, {"type": "string", "enum": [*FORM_NAMES, *PACKAGES]}),
        "limit": _query(
            "limit",
            f"how many at most are told on a page; more than {LONGEST_PAGE} count as {LONGEST_PAGE}",
            {"type": "integer", "minimum": 1, "default": PAGE},
        ),
        "after": _query(
            "after",
            "where the page begins, as the link to the next page says",
            {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]+$"},
        ),
        "before": _query(
            "before",
            "where the page ends, as the link to the page before says; not together with `after`",
            {"type": "string", "minLength": 1, "pattern": r"^[^\u0000]+$"},
        ),
        "type": _query(
            "type",
            "jobs of these types",
            several({"type": "string", "enum": ["process"]}),
            style="form",
            explode=True,
        ),
        "datetime": _query(
            "datetime",
            "jobs created then: a time, or an interval, one end of which may be open (`..`): times as in RFC 3339, "
            "compared by the millisecond",
            TEXT,
            example="2026-01-31T12:00:00Z/..",
        ),
        "minDuration": _query(
            "minDuration", "jobs that took, or have been running for, at least so many seconds", COUNT
        ),
        "maxDuration": _query(
            "maxDuration", "jobs that took, or have been running for, at most so many seconds", COUNT
        ),
        "status": _query(
            "status", "jobs of these states", _list(ref("statusCode")), style="form", explode=True
        ),
        "processID": _query(
            "processID", "jobs of these processes", _list(_LISTED), style="form", explode=True
        ),
        "offset": _query("offset", "the first byte that is wanted", {**COUNT, "default": 0}),
        "profile": _query(
            "profile",
            "the profile of the document, of which there is one: its address, as linked, or the last part of that",
            TEXT,
        ),
        "process": _path("process", "id of the process"),
        "job": _path("job", "id of the job"),
        "input": _path("input", "id of the input"),
        "output": _path("output", "id of the output"),
        "item": _path("item", "which value of the list, counted from 0", COUNT),
        "Content-Schema": {
            **_header("Content-Schema", "what the body is: an execute request, if it is said"),
            "schema": {"type": "string", "enum": list(SCHEMAS_TAKEN)},
        },
        "inputs": _query(
            "inputs",
            "the inputs, each as a parameter of its own name; name[href], name[mediaType], name[uom] or name[crs] "
            "say more of one; name[include]=true asks for an output; response[f] and response[prefer] stand for "
            "the headers Accept and Prefer",
            {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^[^\u0000]*$"}},
            style="form",
            explode=True,
        ),
        "outputs": _query(
            "outputs", "the outputs that are wanted, by id", _list(_LISTED), style="form", explode=False
        ),
        "Prefer": _header(
            "Prefer",
            "respond-async: run in the background; wait=N: answer within N seconds, else go on in the background; "
            "return=minimal or representation: outputs as links or as values. What cannot be read or honoured is "
            "passed over (RFC 7240).",
            example="respond-async",
        ),
        "Return": _header(
            "Prefer",
            "return=minimal or representation: outputs as links or as values. What cannot be read or honoured is "
            "passed over (RFC 7240).",
            example="return=minimal",
        ),
        "Range": _header("Range", "the bytes that are wanted (RFC 9110 §14)", example="bytes=0-1023"),
        "If-None-Match": _header("If-None-Match", "the ETag of a copy that is held already"),
    }
)

HEADERS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "Location": {"description": "address of the job", "schema": TEXT},
        "Link": {
            "description": "links of the document, or of outputs by reference (RFC 8288)",
            "schema": TEXT,
        },
        "Preference-Applied": {"description": "the preferences that were followed", "schema": TEXT},
        "Sunset": {"description": "when the results will be removed (RFC 8594)", "schema": TEXT},
        "ETag": {"description": "changes with the content", "schema": TEXT},
        "Retry-After": {"description": "seconds to wait", "schema": TEXT},
        "Accept-Ranges": {"description": "bytes: ranges can be asked for", "schema": TEXT},
        "Content-Range": {"description": "what bytes these are, and of how many", "schema": TEXT},
        "Content-Disposition": {"description": "a name for the file", "schema": TEXT},
        "Repr-Digest": {
            "description": "checksum of a file, also of one of which a part is sent (RFC 9530)",
            "schema": TEXT,
        },
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful reply: what it means, its body by media type (None: bytes of that type), its headers."""

    about: str
    content: Mapping[str, Schema | None]
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """What is said of one operation.

    Attributes:
        answers: successes by status.
        errors: statuses, besides those that every operation has.
        headers: of the request, names in PARAMETERS.
        body: name of the schema of the request's body; None: it has none.
        example: of the body.
    """

    tag: str
    answers: Mapping[int, Answer]
    errors: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    body: str | None = None
    about: str = ""
    example: Mapping[str, object] = field(default_factory=lambda: {"inputs": {}})


ERRORS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "The request is not allowed as it is: a parameter, the body, or an input has a value that is refused",
        403: "Refused: a foreign host or web page asks, or an address may not be fetched from",
        404: "There is no such process, job or output, or the job has no results (yet)",
        405: "Jobs of that process cannot be paused",
        406: "None of the media types that the client accepts can be had",
        409: "The job cannot be paused or resumed: it is only created, or has ended",
        412: "What is here is not what a condition of the request names",
        413: "The body, or a value in it, is above its limit",
        415: "The body has a media type that is not taken",
        422: "The body is a kind of request that is not taken",
        423: "The job is not created any more, so that it can be neither changed nor started",
        416: "None of the bytes that are wanted are there",
        431: "The head of the request is too long",
        500: "A fault of the server, or of the process; `reference` finds it in the log",
        503: "No room in the queue or on the disk, or the process cannot run here now",
        504: "The process did not end in time; ask for it in the background",
    }
)
NOTHING: Final = "nothing"  # schema of a body that says nothing
EVERYWHERE: Final = (400, 403, 431, 500)


def _document(about: str, schema: str, *headers: str) -> Answer:
    return Answer(about, {JSON: ref(schema), HTML: None}, headers or ("Link",))


_ANYTHING: Final[Mapping[str, Schema | None]] = {JSON: {}, HTML: None, "multipart/related": None, "*/*": {}}
RESULTS: Final = Answer(
    "The results, as they were asked: one raw value as it is, several in multipart/related, or a document",
    _ANYTHING,
    ("Content-Disposition", "Preference-Applied"),
)
_STORED: Final = (
    *("ETag", "Accept-Ranges", "Content-Disposition", "Link", "Preference-Applied", "Repr-Digest", "Sunset"),
)
_PART: Final = Answer("The bytes that are wanted", {"*/*": {}}, ("ETag", "Content-Range", "Repr-Digest"))
_AT_THE_STORE: Final = Answer(
    "The file is at the address of the header, for a while", {}, ("Location", "ETag")
)
_HELD: Final = Answer("The copy that is held is good", {}, ("ETag",))
ACCEPTED: Final = Answer(
    "The job is accepted, and runs in the background",
    {JSON: ref("statusInfo"), HTML: None},
    ("Location", "Preference-Applied"),
)
LINKED: Final = Answer("Every output is by reference: links to them, and no body", {}, ("Link",))
# An answer that its client does not accept is given all the same: what was run cannot be taken back.
RUN_ERRORS: Final = (404, 503, 504)
EXECUTE_ERRORS: Final = (*RUN_ERRORS, 413, 415)

_SERVER, _PROCESSES, _JOBS = "Server", "Processes", "Jobs"
_VALUE: Final = Answer("The value as it is, in its own media type", _ANYTHING, _STORED)
_FETCHED: Final[Mapping[int, Answer]] = {
    200: _VALUE,
    204: LINKED,
    206: _PART,
    304: _HELD,
    307: _AT_THE_STORE,
}
_CONDITIONS: Final = ("Return", "Range", "If-None-Match")

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType(
    {
        "landing": Operation(_SERVER, {200: _document("Links to everything", "landingPage")}, (406,)),
        "conformance": Operation(_SERVER, {200: _document("The classes", "confClasses")}, (406,)),
        "api": Operation(
            _SERVER,
            {
                200: Answer(
                    "The definition in OpenAPI 3.0, or a page where each operation can be tried",
                    {OPENAPI: {"type": "object"}, JSON: {"type": "object"}, HTML: None},
                    ("ETag", "Link"),
                ),
                304: _HELD,
            },
            (406,),
            ("If-None-Match",),
        ),
        "script": Operation(
            _SERVER,
            {
                200: Answer("The script", {"text/javascript": None}, ("ETag",)),
                304: _HELD,
            },
            headers=("If-None-Match",),
        ),
        "processes": Operation(_PROCESSES, {200: _document("A page of the list", "processList")}, (406,)),
        "process": Operation(_PROCESSES, {200: _document("The description", "process")}, (404, 406, 503)),
        "execute": Operation(
            _PROCESSES,
            {200: RESULTS, 201: ACCEPTED, 204: LINKED},
            EXECUTE_ERRORS,
            ("Prefer",),
            "execute",
            "Each process has an operation of its own besides, with its inputs and outputs.",
        ),
        "execute-kvp": Operation(
            _PROCESSES,
            {200: RESULTS, 201: ACCEPTED, 204: LINKED},
            RUN_ERRORS,
            ("Prefer",),
            about="The answer is never cached. Pages elsewhere cannot ask for it, nor browsers ahead of time.",
        ),
        "jobs": Operation(_JOBS, {200: _document("A page of the list", "jobList")}, (406,)),
        "create": Operation(
            _JOBS,
            {201: Answer("The job is created", {JSON: ref("statusInfo"), HTML: None}, ("Location",))},
            (404, 406, 413, 415, 422, 503),
            ("Content-Schema",),
            "creation",
            "The request is checked as a whole, and kept for a day unless the server says otherwise. It runs in "
            "the background once it is started.",
            {"process": "echo", "inputs": {}},
        ),
        "change": Operation(
            _JOBS,
            {200: _document("The job as it is now", "statusInfo")},
            (404, 406, 413, 415, 422, 423, 503),
            ("Content-Schema",),
            "change",
            "What is named takes the place of what was there, inputs each by its id. An input that is null is taken "
            "away; outputs that are null are all of them.",
        ),
        "start": Operation(
            _JOBS,
            {200: _document("The job, accepted", "statusInfo")},
            (404, 406, 413, 423, 503),
            body=NOTHING,
            example={},
        ),
        "pause": Operation(
            _JOBS,
            {200: _document("The job, held or paused", "statusInfo")},
            (404, 405, 406, 409, 413),
            body=NOTHING,
            example={},
            about="An extension of this server; the status of a job that can be paused links to it (`pause`). A job "
            "that waits keeps its place, and is `accepted`; one that runs is stopped in the midst of it, and is "
            "`running`; the message says so. One that is paused already stays so.",
        ),
        "resume": Operation(
            _JOBS,
            {200: _document("The job, which waits or runs again", "statusInfo")},
            (404, 405, 406, 409, 413),
            body=NOTHING,
            example={},
            about="An extension of this server; the status of a paused job links to it (`resume`). One that is not "
            "paused stays as it is.",
        ),
        "definition": Operation(
            _JOBS,
            {200: _document("An execute request that asks for the same", "definition")},
            (404, 406),
            about="As it was checked, with all its data, so that it can be sent again. What was left out is so here.",
        ),
        "inputs": Operation(
            _JOBS,
            {200: _document("The inputs, and what outputs are wanted", "jobInputs")},
            (404, 406),
            about="An input that is large and no JSON is told by its address.",
        ),
        "input": Operation(
            _JOBS,
            {200: Answer("The value as it is, in its own media type", _ANYTHING, ("Content-Disposition",))},
            (404,),
        ),
        "provenance": Operation(
            _JOBS, {200: _document("PROV-JSON (W3C submission)", "provenance")}, (404, 406)
        ),
        "job": Operation(_JOBS, {200: _document("The status", "statusInfo")}, (404, 406)),
        "dismiss": Operation(
            _JOBS,
            {200: Answer("The job as it is now", {JSON: ref("statusInfo"), HTML: None})},
            (404, 406),
            about="A job that waits or runs is stopped, and can be looked at further. One that has ended is "
            "removed with its results.",
        ),
        "results": Operation(
            _JOBS,
            {
                **_FETCHED,
                200: Answer(RESULTS.about, {**_ANYTHING, **dict.fromkeys(PACKAGES.values())}, _STORED),
            },
            (404, 406, 412, 416),
            _CONDITIONS,
            about="A job that failed answers with the error that made it fail. All values at once can be had as an "
            "archive (`f=zip`), or as a list for download programs (`f=metalink`, RFC 5854).",
        ),
        "output": Operation(_JOBS, _FETCHED, (404, 412, 416), _CONDITIONS),
        "item": Operation(_JOBS, _FETCHED, (404, 412, 416), _CONDITIONS),
        "stac": Operation(
            _JOBS,
            {
                200: Answer("The item (STAC 1.1)", {GEOJSON: {"type": "object"}}, ("ETag", "Sunset")),
                206: _PART,
                304: _HELD,
            },
            (404, 412, 416),
            ("Range", "If-None-Match"),
            about="Of jobs that ended while the server looked into their results (setting results.stac).",
        ),
        "log": Operation(_JOBS, {200: Answer("Lines of text", {"text/plain": told(TEXT, "UTF-8")})}, (404,)),
    }
)
TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        _SERVER: "What this server is",
        _PROCESSES: "What can be run",
        _JOBS: "What was run",
    }
)
