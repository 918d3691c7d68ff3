"""The documents of the standard as OpenAPI 3.0 schemas, in our own words: `components.schemas`.

Each allows what the official schema of the same name allows, and tells what we write. Objects that we read are
closed: a member that is not known is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from azenha.domain.callbacks import CallbackState, Occasion
from azenha.protocols.ogcapi.callbacks import LONGEST
from azenha.protocols.ogcapi.words import JOB_CONTROL, STATES

Schema = dict[str, object]

TEXT: Final[Schema] = {"type": "string"}
ADDRESS: Final[Schema] = {"type": "string", "format": "uri"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def several(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def closed(about: str, required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object without other members than these."""
    return {**described(about, required, **properties), "additionalProperties": False}


def described(about: str, required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with at least these members."""
    found: Schema = {"type": "object", "description": about}
    if required:
        found["required"] = list(required)
    if properties:
        found["properties"] = properties
    return found


def told(schema: Schema, about: str) -> Schema:
    return {**schema, "description": about}


_ABOUT: Final[dict[str, Schema]] = {
    "title": TEXT,
    "description": TEXT,
    "keywords": several(TEXT),
    "metadata": several(described("A link about it", href=TEXT, title=TEXT, role=TEXT)),
}
_PARAMETERS: Final[Schema] = described(
    "What a schema cannot say: units (`uom`), sizes, ranges of dates, defaults of several values",
    parameters=several(described("By name", ("name", "value"), name=TEXT, value=several({}))),
)
_SUMMARY: Final[dict[str, Schema]] = {
    "id": TEXT,
    "version": TEXT,
    **_ABOUT,
    "jobControlOptions": several({"type": "string", "enum": [w for w in JOB_CONTROL.values() if w]}),
    "outputTransmission": several({"type": "string", "enum": ["value", "reference"]}),
    "mutable": told({"type": "boolean"}, "whether clients may replace or remove the process"),
    "links": several(ref("link")),
}
_STATUS: Final[dict[str, Schema]] = {
    "jobID": TEXT,
    "id": told(TEXT, "the same, as 2.0 calls it"),
    "processingEntityType": {"type": "string", "enum": ["ogc-api-processes"]},
    "exception": told(ref("exception"), "why it failed"),
    "processID": TEXT,
    "type": {"type": "string", "enum": ["process"]},
    "status": ref("statusCode"),
    "message": TEXT,
    "progress": told({"type": "integer", "minimum": 0, "maximum": 100}, "per cent"),
    "created": INSTANT,
    "started": INSTANT,
    "finished": INSTANT,
    "updated": INSTANT,
    "expires": told(INSTANT, "when the job and its results are removed"),
    "callbacks": told(
        several(
            described(
                "How a callback stands",
                ("occasion", "receiver", "state", "attempts"),
                occasion={"type": "string", "enum": list(Occasion)},
                receiver=told(TEXT, "scheme, host and port of its address"),
                state={"type": "string", "enum": list(CallbackState)},
                attempts=COUNT,
                updated=INSTANT,
                answer=told(TEXT, "what came of the last attempt"),
            )
        ),
        "those that were asked for",
    ),
    "links": several(ref("link")),
}
_FORMAT: Final[dict[str, Schema]] = {"mediaType": TEXT, "encoding": TEXT, "schema": TEXT}

# What is taken besides: public addresses by number, and others that the operator allows. No pattern tells those.
_CALLED: Final[Schema] = {
    "type": "string",
    "maxLength": LONGEST,
    "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9-]+\.)*[A-Za-z][A-Za-z0-9-]*"
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?([/?#][!-\[\]-~]*)?$",
}

_REQUEST: Final[dict[str, Schema]] = {
    "process": told({**TEXT, "minLength": 1}, "the address or id of the process"),
    "inputs": told(
        {"type": "object", "additionalProperties": {}},
        "values by input id: bare, as `{value, mediaType, encoding, schema}`, as `{bbox, crs}`, or by "
        "reference; several values of one input as an array",
    ),
    "outputs": told(
        {"type": "object", "additionalProperties": ref("output")},
        "which outputs are wanted, by id; left out: all of them",
    ),
    "response": ref("response"),
    "subscriber": ref("subscriber"),
}
_PROVENANCE: Final = (
    "prefix", "entity", "activity", "agent", "used", "wasGeneratedBy", "wasAssociatedWith",
)  # fmt: skip

SCHEMAS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "link": described(
            "A link (RFC 8288)",
            ("href",),
            href=ADDRESS,
            rel=TEXT,
            type=TEXT,
            hreflang=TEXT,
            title=TEXT,
        ),
        "landingPage": described(
            "Where everything is", ("links",), title=TEXT, description=TEXT, links=several(ref("link"))
        ),
        "confClasses": described(
            "What parts of the standards are implemented",
            ("conformsTo",),
            conformsTo=several(ADDRESS),
            links=several(ref("link")),
        ),
        "processSummary": described("A process in short", ("id", "version"), **_SUMMARY),
        "processList": described(
            "A page of processes",
            ("processes", "links"),
            processes=several(ref("processSummary")),
            links=several(ref("link")),
            unavailable=told(
                several(described("A source of processes", ("source", "reason"), source=TEXT, reason=TEXT)),
                "what could not be loaded, and why; on the first page only",
            ),
        ),
        "inputDescription": described(
            "An input; `schema` is that of one value, in JSON Schema",
            ("schema",),
            **_ABOUT,
            minOccurs=COUNT,
            maxOccurs={"oneOf": [COUNT, {"type": "string", "enum": ["unbounded"]}]},
            schema={"type": "object"},
            additionalParameters=_PARAMETERS,
        ),
        "outputDescription": described(
            "An output", ("schema",), **_ABOUT, schema={"type": "object"}, additionalParameters=_PARAMETERS
        ),
        "process": described(
            "A process in full",
            ("id", "version", "inputs", "outputs"),
            **_SUMMARY,
            inputs={"type": "object", "additionalProperties": ref("inputDescription")},
            outputs={"type": "object", "additionalProperties": ref("outputDescription")},
        ),
        "reference": closed(
            "Data that is fetched from its address (http or https) when the job runs, and checked then",
            ("href",),
            href=ADDRESS,
            type=told(TEXT, "its media type"),
            rel=TEXT,
            title=TEXT,
            hreflang=TEXT,
        ),
        "format": closed("How data travels", (), **_FORMAT),
        "output": closed(
            "How an output is wanted",
            (),
            transmissionMode={"type": "string", "enum": ["value", "reference"]},
            format=ref("format"),
        ),
        "execute": closed(
            "What to run a process with. The operation of each process says which inputs it takes.",
            (),
            **_REQUEST,
        ),
        "creation": closed(
            "A job to be started later: what to run, and on what",
            ("process",),
            **_REQUEST,
        ),
        "change": closed(
            "What is to be different",
            (),
            **{
                **_REQUEST,
                "outputs": told(
                    {"type": "object", "nullable": True, "additionalProperties": ref("output")},
                    "which outputs are wanted, by id; null: all of them",
                ),
                "subscriber": {
                    "nullable": True,
                    "allOf": [ref("subscriber")],
                    "description": "whom to tell; null: nobody",
                },
            },
        ),
        "nothing": {**closed("Nothing: the body may as well be left out"), "nullable": True},
        "definition": described("What a job runs on", ("process", "inputs"), **_REQUEST),
        "jobInputs": described(
            "What a job runs on",
            ("inputs", "outputs"),
            inputs=_REQUEST["inputs"],
            outputs=_REQUEST["outputs"],
            links=several(ref("link")),
        ),
        "provenance": described(
            "What was made of what, by whom, and when",
            (),
            **{name: described("By name") for name in _PROVENANCE},
        ),
        "response": told(
            {"type": "string", "enum": ["raw", "document"]},
            "`raw`: each output as it is, several in multipart/related; `document`: all in one JSON object. Left "
            "out: raw, except that several outputs are a document where Accept names JSON.",
        ),
        "subscriber": {
            **closed(
                "Whom to tell of the job, by POST: addresses, http or https. Names may stand for public addresses "
                "only, unless the operator allows others; public addresses by number are taken too.",
                (),
                successUri=told(_CALLED, "gets the results"),
                inProgressUri=told(_CALLED, "gets the status when the job begins, and from time to time"),
                failedUri=told(_CALLED, "gets the status of a job that failed or was dismissed"),
            ),
            "minProperties": 1,
        },
        "results": told(
            {"type": "object", "additionalProperties": {}},
            "outputs by id: the value, or `{value, mediaType, encoding}`, or `{href, type}`",
        ),
        "statusCode": {"type": "string", "enum": list(STATES)},
        "statusInfo": described("A job", ("jobID", "status", "type"), **_STATUS),
        "jobList": described(
            "A page of jobs",
            ("jobs", "links"),
            jobs=several(ref("statusInfo")),
            links=several(ref("link")),
        ),
        "exception": described(
            "What went wrong (RFC 9457, without its media type: the official suite knows JSON alone)",
            ("type", "title", "status"),
            type=told(TEXT, "an address that names the kind of error, or about:blank"),
            title=TEXT,
            status={"type": "integer"},
            detail=told(TEXT, "what was given and what is allowed, for a person"),
            instance=TEXT,
            locator=told(TEXT, "the input, parameter or job concerned"),
            errors=several(
                described(
                    "One of several problems",
                    ("locator", "message"),
                    locator=TEXT,
                    subject={"type": "string", "enum": ["input", "output"]},
                    message=TEXT,
                )
            ),
            reference=told(TEXT, "finds the error in the job's log and in the server's"),
        ),
    }
)
