"""Results of a job (OGC 18-062r2 §7.11.4, §7.13): raw, several in one multipart, or a document.

The four answers of the standard, for a synchronous run and for `GET /jobs/{id}/results` alike: one raw value
is answered with itself, several with multipart/related (RFC 2387), references with 204 and Link headers
(RFC 8288), and the document form with results.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from azenha.domain.errors import NoSuchResult, NotAcceptable
from azenha.domain.messages import OutputValue, ResponseForm, Results, Transmission
from azenha.domain.values import Reference, StoredFile
from azenha.protocols import json
from azenha.protocols.entity import Entity, Pieces, entity, is_file, plain, quoted, size_of, type_of
from azenha.protocols.http import FileSlice, HttpReply, HttpRequest, Site
from azenha.protocols.negotiation import names, preferred
from azenha.protocols.ogcapi import packages, routes, stac
from azenha.protocols.ogcapi.documents import Document, instant, job_address, output_address
from azenha.protocols.ogcapi.values import inline, reference
from azenha.protocols.ogcapi.wishes import wishes, word
from azenha.protocols.ogcapi.words import GEOJSON, HTML, JSON, PACKAGES, PROFILE, PROFILES
from azenha.protocols.services.addresses import links as service_links
from azenha.protocols.validators import validated

TEXT: Final = "text/plain"
MULTIPART: Final = "multipart/related"
VARY: Final = "Accept, Prefer"


def write(outcome: Results, request: HttpRequest, site: Site, form: str | None) -> HttpReply:
    """JSON, raw and multipart replies: to a synchronous run, or of what is stored, with its validators.

    Args:
        form: what the parameter `f` asks for; JSON is then a document, however the job was asked.
    Raises:
        NoSuchResult: no output was asked for, or there are fewer values than the path says.
        NotAcceptable: several outputs, and the client takes neither JSON nor multipart.
    """
    fetched = not is_execution(request)
    if outcome.single:
        one = _raw_one(outcome, _addressed(outcome, request), request, site, by_value=True)
        return validated(one, outcome.job, vary=VARY)
    if not outcome.requested:
        return _nothing(outcome, fetched)
    if (package := form if form in PACKAGES.values() else _package(outcome, request)) is not None:
        return validated(packages.write(outcome, site, package), outcome.job, vary=VARY)
    as_document = form == JSON or _is_document(outcome, request)
    honoured = list(outcome.honoured)
    wish = wishes(request).transmission
    if wish is not None and any(o.request.transmission is None for o in outcome.outputs):
        honoured.append(word(wish))
    reply = _chosen(_as_wished(outcome, request), request, site, as_document)
    headers = reply.headers
    if honoured:
        headers += (("Preference-Applied", ", ".join(honoured)),)
    if outcome.honoured:
        # Others see this job, so its answer must lead to it (/req/core/job-results-success-sync).
        headers += (("Link", f"<{job_address(site, outcome.job.id)}>; rel=monitor"),)
    reply = replace(reply, headers=headers)
    return validated(reply, outcome.job, vary=VARY) if fetched else reply


def is_execution(request: HttpRequest) -> bool:
    """Whether the request runs a process, and does not fetch what an earlier one made."""
    return routes.find(request.method, request.path)[0].executes


def _package(outcome: Results, request: HttpRequest) -> str | None:
    """The package that is asked for by name; where the one output is such itself, that is meant."""
    accept = request.headers.get("accept")
    if accept is None or request.method == "POST" or not any(names(accept, p) for p in PACKAGES.values()):
        return None
    if is_execution(request):
        return None
    own = [type_of(v) for o in outcome.outputs for v in o.values] if len(outcome.outputs) == 1 else []
    offered = (*(type for type in own if type is not None), JSON, HTML, MULTIPART, *PACKAGES.values())
    liked = preferred(accept, offered)
    return liked if liked in PACKAGES.values() and liked not in own else None


def _nothing(outcome: Results, fetched: bool) -> HttpReply:
    """`outputs: {}` (2.0): nothing to answer with, and nothing to fetch."""
    if fetched:
        raise NoSuchResult(
            outcome.job.id, f"job '{outcome.job.id}' was asked for no outputs: it has no results"
        )
    return HttpReply(204)


def _as_wished(outcome: Results, request: HttpRequest) -> Results:
    """Outputs that say nothing themselves by value or by reference as `Prefer: return` has it.

    What stands in JSON by itself is no larger than its link: it is always given by value.
    """
    wish = wishes(request).transmission or outcome.asked.transmission
    if wish is None:
        return outcome
    outputs = tuple(
        o
        if o.request.transmission or (wish is Transmission.REFERENCE and not any(map(is_file, o.values)))
        else replace(o, request=replace(o.request, transmission=wish))
        for o in outcome.outputs
    )
    return replace(outcome, outputs=outputs)


def _chosen(outcome: Results, request: HttpRequest, site: Site, as_document: bool) -> HttpReply:
    if as_document:
        profile = f'<{PROFILE}{PROFILES["results"]}>; rel="profile"'
        links = () if is_execution(request) else (("Link", profile), *_packages(outcome, site))
        return HttpReply(200, (("Content-Type", JSON), *links), document(outcome, site))
    outputs = _present(outcome)
    if all(o.request.transmission is Transmission.REFERENCE for o in outputs):
        return _linked(outcome, outputs, site)
    if len(outputs) == 1:
        return _raw_one(outcome, outputs[0], request, site)
    accept = request.headers.get("accept")
    if not is_execution(request) and preferred(accept, (MULTIPART, JSON, HTML)) is None:
        raise NotAcceptable(f"these outputs can be had as {MULTIPART} or {JSON}; accepted is {accept}")
    return _multipart(outcome, outputs, request, site)


def _packages(outcome: Results, site: Site) -> tuple[tuple[str, str], ...]:
    """Links to all results at once, and to where they lie."""
    address = f"{job_address(site, outcome.job.id)}/results"
    item = f'<{stac.address(site, outcome.job.id)}>; rel="describedby"; type="{GEOJSON}"'
    placed = (("Link", item),) if stac.is_placed(outcome) else ()
    return placed + tuple(
        ("Link", f'<{address}?f={name}>; rel="alternate"; type="{type}"') for name, type in PACKAGES.items()
    )


def wants_page(outcome: Results, request: HttpRequest, form: str | None) -> bool:
    """Whether a person asks, who gets a page of all outputs. An output that is HTML is its own page."""
    if outcome.single or not outcome.requested:
        return False
    if form is not None:
        return form == HTML
    if _package(outcome, request) is not None:
        return False
    offered = [JSON, HTML]
    if not _is_document(outcome, request) and len(outcome.outputs) == 1 and outcome.outputs[0].values:
        own = type_of(outcome.outputs[0].values[0])
        offered = [own or JSON, *offered]
        if own is not None and own.lower().startswith(HTML):
            return False
    return preferred(request.headers.get("accept"), tuple(offered)) == HTML


def _present(outcome: Results) -> tuple[OutputValue, ...]:
    """Without the optional outputs that the process left out; an empty list is a value."""
    return tuple(o for o in outcome.outputs if o.values or o.array)


def _is_document(outcome: Results, request: HttpRequest) -> bool:
    """Whether results.yaml is the answer. Where no form was named, whoever fetches several outputs chooses.

    Several by what was asked: nobody gets another form because an optional output happens to be left out.
    """
    asked = outcome.asked.response
    if asked in (ResponseForm.RAW, ResponseForm.DOCUMENT) or not outcome.several:
        return asked is ResponseForm.DOCUMENT
    accept = request.headers.get("accept")
    if names(accept, JSON) or names(accept, MULTIPART):
        return preferred(accept, (JSON, MULTIPART)) == JSON
    return asked is ResponseForm.NEGOTIATED


def _addressed(outcome: Results, request: HttpRequest) -> OutputValue:
    """The output that the path names, or the one value of it."""
    output = outcome.outputs[0]
    route, parts = routes.find(request.method, request.path)
    if route.name != "item":
        return output
    if not output.array or int(parts[2]) >= len(output.values):
        there = f"values 0 to {len(output.values) - 1}" if output.values else "no value"
        there = there if output.array else f"one value, at '{output.id}'"
        raise NoSuchResult(
            f"{output.id}/{parts[2]}", f"there is no '{output.id}/{parts[2]}': the output has {there}"
        )
    return OutputValue(output.id, (output.values[int(parts[2])],), False, output.request, output.domain)


# -- raw ------------------------------------------------------------------------------------------


def _raw_one(
    outcome: Results, output: OutputValue, request: HttpRequest, site: Site, *, by_value: bool = False
) -> HttpReply:
    if output.array and any(is_file(v) for v in output.values):
        elements = _elements(output)
        if by_value:
            elements = [(e, name, None) for e, name, _ in elements]
        return _related(outcome, elements, request, site)
    if output.array:
        return HttpReply(200, (("Content-Type", JSON),), (_array(output),))
    if not output.values:
        return HttpReply(204)
    found = _entity(outcome, output, request)
    if found is None:
        return _linked(outcome, (output,), site)
    return HttpReply(200, found.headers, found.body)


def _entity(outcome: Results, output: OutputValue, request: HttpRequest) -> Entity | None:
    as_text = preferred(request.headers.get("accept"), (JSON, TEXT)) == TEXT
    return entity(output.id, output.values[0], output.domain, outcome.folder, as_text=as_text)


def _array(output: OutputValue) -> bytes:
    return json.dump([plain(v, output.domain) for v in output.values])


def _linked(outcome: Results, outputs: tuple[OutputValue, ...], site: Site) -> HttpReply:
    links = []
    for output in outputs:
        if served := service_links(output, outcome.job.id, site):
            for one in served:
                told = f'rel="{one.rel}"; type={quoted(one.type)}; title="{quote(one.title)}"'
                links.append(("Link", f"<{one.href}>; {told}"))
            continue
        for href, type in _addresses(outcome, output, site):
            kind = f"; type={quoted(type)}" if type else ""
            links.append(("Link", f'<{href}>; rel="item"{kind}; title="{quote(output.id)}"'))
    return HttpReply(204, tuple(links))


def _addresses(outcome: Results, output: OutputValue, site: Site) -> list[tuple[str, str | None]]:
    """Where each value of an output can be had, and its media type."""
    found: list[tuple[str, str | None]] = []
    for index, value in enumerate(output.values):
        if isinstance(value, Reference):
            found.append((value.href, type_of(value)))
        else:
            item = index if output.array else None
            found.append((output_address(site, outcome.job.id, output.id, item), type_of(value)))
    return found


_Element = tuple[OutputValue, str, str | None]  # what, its Content-ID, and its address if only that is given


def _elements(output: OutputValue) -> list[_Element]:
    """The values of an output that is a list, each as an output of its own."""
    return [
        (OutputValue(output.id, (value,), False, output.request, output.domain), f"{output.id}/{index}", None)
        for index, value in enumerate(output.values)
    ]


def _multipart(
    outcome: Results, outputs: tuple[OutputValue, ...], request: HttpRequest, site: Site
) -> HttpReply:
    elements: list[_Element] = []
    for output in outputs:
        if output.request.transmission is Transmission.REFERENCE:
            served = service_links(output, outcome.job.id, site)
            address = served[0].href if served else output_address(site, outcome.job.id, output.id)
            elements.append((output, output.id, address))
        elif output.array and any(is_file(v) for v in output.values):
            elements += _elements(output)
        else:
            elements.append((output, output.id, None))
    return _related(outcome, elements, request, site)


def _related(outcome: Results, elements: list[_Element], request: HttpRequest, site: Site) -> HttpReply:
    """multipart/related: a part a value; one asked by reference is empty and says its Content-Location."""
    # The job's random number: nobody who knew it could have written it into the data beforehand.
    boundary = f"azenha-{outcome.job.id}"
    body: list[bytes | FileSlice] = []
    root = ""
    for output, name, address in elements:
        headers, content = _part(outcome, output, address, request)
        root = root or headers.get("Content-Type", JSON)
        headers["Content-ID"] = f"<{quote(name)}>"
        head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        body += [f"--{boundary}\r\n{head}\r\n".encode(), *content, b"\r\n"]
    body.append(f"--{boundary}--\r\n".encode())
    kind = f'{MULTIPART}; boundary="{boundary}"; type={quoted(root)}'
    return HttpReply(200, (("Content-Type", kind), ("X-Content-Type-Options", "nosniff")), tuple(body))


def _part(
    outcome: Results, output: OutputValue, address: str | None, request: HttpRequest
) -> tuple[dict[str, str], Pieces]:
    if address is not None:
        return {"Content-Location": address}, ()
    if output.array:
        return {"Content-Type": JSON}, (_array(output),)
    found = _entity(outcome, output, request)
    if found is None:
        value = output.values[0]
        assert isinstance(value, Reference)
        return {"Content-Location": value.href}, ()
    kept = ("Content-Type", "Content-Disposition")
    return {k: v for k, v in found.headers if k in kept}, found.body


# -- document -------------------------------------------------------------------------------------


def document(outcome: Results, site: Site) -> Pieces:
    """results.yaml."""
    pieces: list[bytes | FileSlice] = []
    separator = b"{"
    for output in _present(outcome):
        pieces.append(separator + json.dump(output.id) + b":")
        pieces += _member(outcome, output, site)
        separator = b","
    pieces.append(b"}" if pieces else b"{}")
    return _joined(pieces)


def _member(outcome: Results, output: OutputValue, site: Site) -> list[bytes | FileSlice]:
    if served := service_links(output, outcome.job.id, site):
        told = [{"href": s.href, "rel": s.rel, "type": s.type, "title": s.title} for s in served]
        return [json.dump(told)]
    asked = output.request.transmission
    rendered: list[Pieces] = []
    for value, (address, type) in zip(output.values, _addresses(outcome, output, site), strict=True):
        unasked = asked is None and size_of(value) > outcome.inline
        if unasked or asked is Transmission.REFERENCE:
            rendered.append((reference(address, type),))
        else:
            rendered.append(
                inline(value, output.domain, outcome.folder, address, outcome.job.id, carried=True)
            )
    if not output.array:
        return list(rendered[0])
    found: list[bytes | FileSlice] = [b"["]
    for index, pieces in enumerate(rendered):
        found += [b","] if index else []
        found += pieces
    return [*found, b"]"]


def _joined(pieces: list[bytes | FileSlice]) -> Pieces:
    """The same with neighbouring bytes as one piece: each piece costs a write."""
    found: list[bytes | FileSlice] = []
    gathered: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            gathered.append(piece)
        else:
            found += [b"".join(gathered), piece]
            gathered = []
    return (*found, b"".join(gathered))


def page(outcome: Results, site: Site) -> Document:
    """The outputs for a person: files as links with name and size, all else as it is."""
    found: dict[str, object] = {}
    for output in outcome.outputs:
        shown: list[Mapping[str, object]] = []
        for value, (address, type) in zip(output.values, _addresses(outcome, output, site), strict=True):
            if isinstance(value, StoredFile):
                file = {"href": address, "type": type, "name": value.name, "size": value.size}
                shown.append({**file, "sha256": value.sha256})
            elif is_file(value) or isinstance(value, Reference):
                shown.append({"href": address, "type": type})
            else:
                shown.append({"value": plain(value, output.domain)})
        served = service_links(output, outcome.job.id, site)
        shown += [{"href": one.href, "type": one.type, "name": one.title} for one in served]
        found[output.id] = shown
    told: Document = {"jobID": outcome.job.id, "processID": outcome.job.process, "outputs": found}
    if stac.is_placed(outcome):
        told["stac"] = stac.address(site, outcome.job.id)
    if outcome.job.expires is not None:
        told["expires"] = instant(outcome.job.expires)
    return told
