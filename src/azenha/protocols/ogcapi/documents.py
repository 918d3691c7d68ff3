"""The JSON documents of OGC API - Processes 1.0, as Python data: what JSON and HTML are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode

from azenha.domain.messages import ProcessesListed
from azenha.domain.process import (
    InputDescription,
    JobControl,
    Metadata,
    OutputDescription,
    ProcessDescription,
    Text,
)
from azenha.protocols import json
from azenha.protocols.http import Site
from azenha.protocols.ogcapi import schema
from azenha.protocols.ogcapi.words import (
    CONFORMANCE,
    HTML,
    JOB_CONTROL,
    JSON,
    OPENAPI,
    PROFILE,
    PROFILES,
    RELATION,
)

Document = dict[str, object]
Link = dict[str, str]

TRANSMISSION: Final = ["value", "reference"]


def link(href: str, rel: str, type: str = JSON, title: str | None = None) -> Link:
    found = {"href": href, "rel": rel, "type": type}
    return found if title is None else {**found, "title": title}


def profile(route: str) -> Link:
    """What the document of a route conforms to (2.0)."""
    return link(f"{PROFILE}{PROFILES[route]}", "profile", HTML)


def both(address: str) -> list[Link]:
    """A document and its other form. Which of the two `self` is, the HTML page turns round for itself."""
    joint = "&" if "?" in address else "?"
    return [link(address, "self"), link(f"{address}{joint}f=html", "alternate", HTML)]


def input_address(site: Site, job: str, input: str, item: int) -> str:
    return f"{job_address(site, job)}/inputs/{quote(input, safe='')}/{item}"


def instant(time: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def process_address(site: Site, id: str) -> str:
    return f"{site.base}/processes/{quote(id, safe='')}"


def job_address(site: Site, id: str) -> str:
    return f"{site.base}/jobs/{quote(id, safe='')}"


def output_address(site: Site, job: str, output: str, item: int | None = None) -> str:
    address = f"{job_address(site, job)}/results/{quote(output, safe='')}"
    return address if item is None else f"{address}/{item}"


# -- the server -----------------------------------------------------------------------------------


def landing(site: Site) -> Document:
    base = site.base
    return {
        "title": site.title,
        "description": site.description,
        "links": [
            *both(f"{base}/"),
            link(f"{base}/api?f=json", "service-desc", OPENAPI, "Operations of this server, in OpenAPI"),
            link(f"{base}/api?f=html", "service-doc", HTML, "Operations of this server, to read and to try"),
            link(f"{base}/conformance", f"{RELATION}conformance", title="Conformance classes"),
            link(f"{base}/processes", f"{RELATION}processes", title="Processes"),
            link(f"{base}/jobs", f"{RELATION}job-list", title="Jobs"),
        ],
    }


def conformance(site: Site) -> Document:
    return {"conformsTo": list(CONFORMANCE), "links": both(f"{site.base}/conformance")}


# -- processes ------------------------------------------------------------------------------------


def process_list(outcome: ProcessesListed, site: Site) -> Document:
    address, asked = f"{site.base}/processes", outcome.command
    page: dict[str, object] = {"limit": asked.limit}
    own = {**page, "after": asked.after} if asked.after is not None else page
    links = both(f"{address}?{urlencode(own)}")
    if outcome.next is not None:
        links.append(link(f"{address}?{urlencode({**page, 'after': outcome.next})}", "next"))
    links.append(profile("processes"))
    found: Document = {
        "processes": [summary(offering.description, site) for offering in outcome.offerings],
        "links": links,
    }
    if outcome.unavailable:
        found["unavailable"] = [{"source": source, "reason": why} for source, why in outcome.unavailable]
    return found


def summary(process: ProcessDescription, site: Site) -> Document:
    controls = [
        word for option in JobControl if option in process.job_control and (word := JOB_CONTROL[option])
    ]
    return {
        "id": process.id,
        "version": process.version,
        **_told(process.text, process.metadata),
        "jobControlOptions": controls,
        "outputTransmission": TRANSMISSION,
        "mutable": False,
        "links": both(process_address(site, process.id)),
    }


def description(process: ProcessDescription, site: Site) -> Document:
    found = summary(process, site)
    address = process_address(site, process.id)
    found["links"] = [
        *both(address),
        link(f"{address}/execution", f"{RELATION}execute", title="Run it (POST)"),
        link(f"{site.base}/processes", "up", title="Processes"),
        profile("process"),
    ]
    found["inputs"] = {i.id: _input(i) for i in process.inputs}
    found["outputs"] = {o.id: _output(o) for o in process.outputs}
    return found


def _told(text: Text, metadata: Sequence[Metadata]) -> Document:
    found: Document = {"title": text.title}
    if text.abstract:
        found["description"] = text.abstract
    if text.keywords:
        found["keywords"] = list(text.keywords)
    if metadata:
        found["metadata"] = [
            {k: v for k, v in (("href", m.href), ("title", m.title), ("role", m.role)) if v is not None}
            for m in metadata
        ]
    return found


def _input(input: InputDescription) -> Document:
    found = _told(input.text, input.metadata)
    one = schema.schema(input.domain)
    extra = schema.parameters(input.domain)
    if input.default_unit is not None and input.default_unit != extra.get("uom", [None])[0]:
        extra["defaultUom"] = [input.default_unit]
    default = input.default
    found["minOccurs"] = input.min_occurs
    found["maxOccurs"] = "unbounded" if input.max_occurs is None else input.max_occurs
    if input.whole or (input.array and not input.repeats):
        # To the standard an array is a value, and maxOccurs counts such values. A list of at most one is told
        # as an array too: the function gets a list.
        one = schema.array(one, input.min_occurs, input.max_occurs)
        found["minOccurs"], found["maxOccurs"] = min(input.min_occurs, 1), 1
        if isinstance(default, tuple):
            one["default"] = [json.native(v) for v in default]
    elif isinstance(default, tuple):
        # The schema is that of one value, so a default of several has no place in it.
        extra["default"] = [json.native(v) for v in default]
    elif default is not None:
        one["default"] = json.native(default)
    found["schema"] = one
    return _with(found, extra)


def _output(output: OutputDescription) -> Document:
    found = _told(output.text, output.metadata)
    if output.optional:
        found["minOccurs"] = 0
    one = schema.schema(output.domain)
    found["schema"] = schema.array(one) if output.array else one
    return _with(found, schema.parameters(output.domain))


def _with(found: Document, extra: Mapping[str, list[object]]) -> Document:
    if extra:
        found["additionalParameters"] = {
            "parameters": [{"name": name, "value": value} for name, value in extra.items()]
        }
    return found
