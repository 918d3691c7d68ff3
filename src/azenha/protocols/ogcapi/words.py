"""The standard's words for our states, options and relations (OGC 18-062r2)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from azenha.domain.job import JobState
from azenha.domain.process import JobControl

JSON: Final = "application/json"
HTML: Final = "text/html"
PROBLEM: Final = "application/problem+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
GEOJSON: Final = "application/geo+json"
ZIP: Final = "application/zip"
METALINK: Final = "application/metalink4+xml"  # RFC 5854
FORMS: Final = (JSON, HTML)  # the first is what a client gets that says nothing
FORM_NAMES: Final = MappingProxyType({"json": JSON, "html": HTML})
# Of all results of a job at once.
PACKAGES: Final = MappingProxyType({"zip": ZIP, "metalink": METALINK})

CONFORMANCE: Final = tuple(
    f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
    for name in (
        "core",
        "ogc-process-description",
        "json",
        "html",
        "oas30",
        "job-list",
        "callback",
        "dismiss",
    )
)

RELATION: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
EXCEPTION_4: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-4/1.0/"
EXCEPTION: Final = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"

PROFILE: Final = "https://www.opengis.net/def/profile/OGC/0/"
# Of the documents that have one (2.0), by route.
PROFILES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "processes": "ogc-process-list",
        "process": "ogc-process-description",
        "jobs": "jobs-list",
        "job": "job-description",
        "results": "ogc-results",
    }
)

# statusCode.yaml of 1.0, which is closed, and `created` of Part 4; a removed job is shown once, in the answer to
# its removal. What waits at a client's wish is told in the message.
STATUS: Final[Mapping[JobState, str]] = MappingProxyType(
    {
        JobState.CREATED: "created",
        JobState.ACCEPTED: "accepted",
        JobState.HELD: "accepted",
        JobState.RUNNING: "running",
        JobState.PAUSED: "running",
        JobState.SUCCEEDED: "successful",
        JobState.FAILED: "failed",
        JobState.DISMISSED: "dismissed",
        JobState.REMOVED: "dismissed",
    }
)
STATES: Final[Mapping[str, tuple[JobState, ...]]] = MappingProxyType(
    {
        word: tuple(s for s, w in STATUS.items() if w == word and s is not JobState.REMOVED)
        for word in dict.fromkeys(STATUS.values())
    }
)
WAITS: Final[Mapping[JobState, str]] = MappingProxyType(
    {JobState.HELD: "held in the queue until it is resumed", JobState.PAUSED: "paused until it is resumed"}
)

# jobControlOptions.yaml; the enumeration is closed and has no word for pausing: links of a status offer it.
JOB_CONTROL: Final[Mapping[JobControl, str | None]] = MappingProxyType(
    {
        JobControl.SYNC: "sync-execute",
        JobControl.ASYNC: "async-execute",
        JobControl.DISMISS: "dismiss",
        JobControl.PAUSE: None,
    }
)
