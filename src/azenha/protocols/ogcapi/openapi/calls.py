"""What is sent to those who asked to be called: the callback objects of OpenAPI (OGC 18-062r2, callbacks.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from azenha.protocols.ogcapi.openapi.schemas import TEXT, Schema, ref
from azenha.protocols.ogcapi.words import JSON

_SIGNED: Final = (
    ("webhook-id", "names what is told; the same at each attempt, so that it can be told apart from news"),
    ("webhook-timestamp", "seconds since 1970 when it was sent"),
    ("webhook-signature", "v1, and the HMAC-SHA256 in base64 of id, timestamp and body with dots between"),
    ("Link", "the job, as rel=monitor"),
)


def _call(id: str, member: str, about: str, schema: str) -> Schema:
    return {
        f"{{$request.body#/subscriber/{member}}}": {
            "post": {
                "operationId": id,
                "summary": about,
                "parameters": [
                    {"name": name, "in": "header", "required": True, "description": meaning, "schema": TEXT}
                    for name, meaning in _SIGNED
                ],
                "requestBody": {"required": True, "content": {JSON: {"schema": ref(schema)}}},
                "responses": {
                    "2XX": {"description": "It was received"},
                    "410": {"description": "No more of this job is wanted"},
                    "default": {"description": "It is sent again later"},
                },
            }
        }
    }


CALLS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "jobCompleted": _call("jobCompleted", "successUri", "The results of the job", "results"),
        "jobInProgress": _call("jobInProgress", "inProgressUri", "The job runs", "statusInfo"),
        "jobFailed": _call("jobFailed", "failedUri", "The job failed, or was dismissed", "statusInfo"),
    }
)


def calls() -> Schema:
    """The callbacks of an operation that takes a subscriber."""
    return {name: {"$ref": f"#/components/callbacks/{name}"} for name in CALLS}
