"""What a job runs on: as an execute request, as inputs and outputs, and as its provenance (Part 4, draft)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from azenha.domain.messages import (
    InputValue,
    OutputRequest,
    OutputValue,
    RequestPart,
    RequestRead,
    ResponseForm,
)
from azenha.domain.process import Format
from azenha.domain.values import Reference, StoredFile, Value
from azenha.protocols import json
from azenha.protocols.entity import Pieces, is_file, plain, type_of
from azenha.protocols.http import FileSlice, Site
from azenha.protocols.ogcapi import callbacks
from azenha.protocols.ogcapi.documents import (
    Document,
    both,
    input_address,
    instant,
    job_address,
    link,
    process_address,
)
from azenha.protocols.ogcapi.values import inline

_RESPONSES: Mapping[ResponseForm, str] = {ResponseForm.RAW: "raw", ResponseForm.DOCUMENT: "document"}


def write(outcome: RequestRead, site: Site) -> Pieces:
    """The JSON document.

    A definition carries all its data, so that it can be sent again; else what is large is told by its address.

    Raises:
        NoSuchJob: its files are gone.
    """
    match outcome.part:
        case RequestPart.DEFINITION:
            head: Document = {"process": process_address(site, outcome.job.process)}
            response = _RESPONSES.get(outcome.asked.response)
            tail: Document = {} if response is None else {"response": response}
            if outcome.outputs is not None:
                tail["outputs"] = _outputs(outcome.outputs)
            if outcome.subscriber is not None:
                tail[callbacks.MEMBER] = callbacks.members(outcome.subscriber)
            return _joined(head, _inputs(outcome, site), tail)
        case RequestPart.INPUTS:
            outputs = outcome.outputs
            wanted = dict.fromkeys(outcome.offered, OutputRequest()) if outputs is None else outputs
            rest: Document = {"outputs": _outputs(wanted), "links": _links(outcome, site)}
            return _joined({}, _inputs(outcome, site), rest)
        case RequestPart.PROVENANCE:
            return (json.dump(provenance(outcome, site)),)


def _links(outcome: RequestRead, site: Site) -> list[dict[str, str]]:
    address = job_address(site, outcome.job.id)
    return [*both(f"{address}/{outcome.part}"), link(address, "up", title="Job")]


def _joined(head: Document, inputs: Pieces, tail: Document) -> Pieces:
    """One object of `head`, the member `inputs` and `tail`."""
    before = json.dump(head).removesuffix(b"}")
    after = json.dump(tail).removeprefix(b"{")
    return (
        before + (b',"inputs":' if head else b'"inputs":'),
        *inputs,
        (b"," if tail else b"") + after,
    )


def _inputs(outcome: RequestRead, site: Site) -> Pieces:
    pieces: list[bytes | FileSlice] = []
    carried = outcome.part is RequestPart.DEFINITION
    for input in outcome.inputs:
        pieces.append(
            (b"," if pieces else b"{") + json.dump(input.id) + b":" + (b"[" if input.array else b"")
        )
        for item, value in enumerate(input.values):
            address = input_address(site, outcome.job.id, input.id, item)
            pieces += [b","] if item else []
            pieces += inline(value, input.domain, outcome.folder, address, outcome.job.id, carried=carried)
        pieces += [b"]"] if input.array else []
    return (*(pieces or [b"{"]), b"}")


def _outputs(requested: Mapping[str, OutputRequest]) -> Document:
    return {id: _output(request) for id, request in requested.items()}


def _output(request: OutputRequest) -> Document:
    found: Document = {}
    if request.named is not None:
        found["format"] = _format(request.named)
    if request.transmission is not None:
        found["transmissionMode"] = str(request.transmission)
    return found


def _format(format: Format) -> Document:
    members = (("mediaType", format.media_type), ("encoding", format.encoding), ("schema", format.schema))
    return {name: value for name, value in members if value}


def page(outcome: RequestRead, site: Site) -> Document:
    """For a person: what is data of its own as a link, all else as it is."""
    job = outcome.job
    found: Document = {
        "jobID": job.id,
        "processID": job.process,
        "title": {"definition": "Definition", "inputs": "Inputs", "prov": "Provenance"}[outcome.part],
        "links": _links(outcome, site),
    }
    if outcome.part is RequestPart.PROVENANCE:
        return {**found, "prov": provenance(outcome, site)}
    inputs = {}
    for input in outcome.inputs:
        addresses = [input_address(site, job.id, input.id, item) for item in range(len(input.values))]
        inputs[input.id] = [_shown(v, a, input) for v, a in zip(input.values, addresses, strict=True)]
    outputs = None if outcome.outputs is None else _outputs(outcome.outputs)
    called = {} if outcome.subscriber is None else callbacks.members(outcome.subscriber)
    return {**found, "inputs": inputs, "outputs": outputs, "subscriber": called}


def _shown(value: Value, address: str, input: InputValue) -> Document:
    match value:
        case StoredFile(_, name, size, format):
            return {"href": address, "type": format.media_type, "name": name, "size": size}
        case Reference(href, _):
            return {"href": href, "type": type_of(value)}
    return (
        {"href": address, "type": type_of(value)} if is_file(value) else {"value": plain(value, input.domain)}
    )


# -- provenance -----------------------------------------------------------------------------------


def provenance(outcome: RequestRead, site: Site) -> Document:
    """PROV-JSON (W3C member submission of 2013-04-24): a run of a plan used inputs and generated outputs.

    Names are addresses: `job:inputs/n/0` is the value itself at `/jobs/{job}/inputs/n/0`.
    """
    job = outcome.job
    run, plan, server = (
        f"jobs:{quote(job.id, safe='')}",
        f"processes:{quote(job.process, safe='')}",
        "server:azenha",
    )
    entities: Document = {
        plan: {
            "prov:type": {"$": "prov:Plan", "type": "prov:QUALIFIED_NAME"},
            "prov:label": job.process,
            "schema:version": outcome.version,
        }
    }
    used: Document = {}
    made: Document = {}
    for name, entity in _entities(outcome.inputs, "inputs", True):
        entities[name] = entity
        used[f"_:used{len(used)}"] = {"prov:activity": run, "prov:entity": name}
    for name, entity in _entities(outcome.made, "results", False):
        entities[name] = entity
        made[f"_:made{len(made)}"] = {"prov:entity": name, "prov:activity": run}
    times = (("prov:startTime", job.started), ("prov:endTime", job.finished))
    found: Document = {
        "prefix": {
            "jobs": f"{site.base}/jobs/",
            "job": f"{job_address(site, job.id)}/",
            "processes": f"{site.base}/processes/",
            "server": f"{site.base}/#",
            "schema": "https://schema.org/",
            "dct": "http://purl.org/dc/terms/",
        },
        "entity": entities,
        "activity": {run: {name: instant(time) for name, time in times if time is not None}},
        "agent": {
            server: {
                "prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"},
                "prov:label": site.title,
            }
        },
        "wasAssociatedWith": {"_:by": {"prov:activity": run, "prov:agent": server, "prov:plan": plan}},
    }
    # A run that has not begun used nothing yet.
    if job.started is not None and used:
        found["used"] = used
    if made:
        found["wasGeneratedBy"] = made
    return found


def _entities(
    values: tuple[InputValue, ...] | tuple[OutputValue, ...], place: str, numbered: bool
) -> Iterator[tuple[str, Document]]:
    """Each value under its address below the job; the value itself where it is no data of its own."""
    for one in values:
        for item, value in enumerate(one.values):
            number = f"/{item}" if numbered or one.array else ""
            entity: Document = {"prov:label": f"{one.id}{number if one.array else ''}"}
            if isinstance(value, Reference):
                entity["prov:atLocation"] = value.href
            if (type := type_of(value)) is not None and (is_file(value) or isinstance(value, Reference)):
                entity["dct:format"] = type
            elif not isinstance(value, Reference):
                entity["prov:value"] = _literal(plain(value, one.domain))
            yield f"job:{place}/{quote(one.id, safe='')}{number}", entity


def _literal(value: object) -> object:
    """PROV-JSON has texts, numbers and booleans; what is more is given as JSON text."""
    return value if isinstance(value, str | int | float | bool) else json.dump(value).decode()
