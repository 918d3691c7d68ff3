"""Requested outputs by the description of the process: a part of binding.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from azenha.domain import formats, literals
from azenha.domain.complexes import format_refused, kind, no_unit
from azenha.domain.errors import (
    PROBLEMS_AT_MOST,
    InputProblem,
    InvalidInputs,
    TransmissionNotOffered,
    UnknownOutput,
    UnsupportedOutputFormat,
    UnsupportedOutputUnit,
)
from azenha.domain.lexical import NotAValue, clean
from azenha.domain.messages import OutputRequest, Transmission
from azenha.domain.names import unknown
from azenha.domain.process import (
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
)
from azenha.domain.published import MEDIA_TYPES, Service, asked
from azenha.domain.services import can_name_a_layer


def bind_outputs(
    description: ProcessDescription, requested: Mapping[str, OutputRequest] | None
) -> Mapping[str, OutputRequest] | None:
    """The requested outputs, each known and in a format and unit that it offers; None: all, as the server likes.

    A format that was asked for under another name of it has that under which it is offered.

    Raises:
        InvalidInputs: with an UnknownOutput, UnsupportedOutputFormat or UnsupportedOutputUnit for each that is not.
    """
    if requested is None:
        return None
    problems = list(islice(_wrong(description.outputs, requested, ""), PROBLEMS_AT_MOST))
    if problems:
        raise InvalidInputs(problems)
    return _as_offered(description.outputs, requested)


def _as_offered(
    described: Sequence[OutputDescription | InputDescription], requested: Mapping[str, OutputRequest]
) -> Mapping[str, OutputRequest]:
    domains = {output.id: output.domain for output in described}
    return {id: _named(domains[id], request) for id, request in requested.items()}


def _named(domain: Domain, request: OutputRequest) -> OutputRequest:
    if isinstance(domain, ComplexDomain) and request.format and not asked(request.format.media_type):
        return replace(request, format=formats.promised(domain.formats, request.format))
    if isinstance(domain, ObjectDomain) and request.fields is not None:
        return replace(request, fields=_as_offered(domain.fields, request.fields))
    return request


def _wrong(
    described: Sequence[OutputDescription | InputDescription],
    requested: Mapping[str, OutputRequest],
    prefix: str,
) -> Iterator[InputProblem]:
    """Of the outputs of a process (`prefix` empty), or of the fields of one that is an object (`name.`)."""
    by_id = {output.id: output for output in described}
    for id, request in requested.items():
        output, locator = by_id.get(id), prefix + id
        if output is None:
            owner = f"'{prefix[:-1]}' has no such field" if prefix else "the process has no such output"
            yield UnknownOutput(clean(locator, 200), unknown(owner, id, list(by_id)))
            continue
        if request.format and (refusal := _not_offered(id, output.domain, request.format)):
            yield UnsupportedOutputFormat(locator, refusal)
        try:
            _check_unit(output.domain, request.unit)
        except NotAValue as reason:
            yield UnsupportedOutputUnit(locator, str(reason))
        if prefix and request.transmission is Transmission.REFERENCE:
            yield TransmissionNotOffered(locator, "is part of an object, and given by value")
        if request.fields is not None:
            fields = output.domain.fields if isinstance(output.domain, ObjectDomain) else ()
            yield from _wrong(fields, request.fields, f"{locator}.")


def _not_offered(id: str, domain: Domain, wanted: Format) -> str | None:
    """Why a format is not; None if it is. What has none is written as text all the same."""
    if isinstance(domain, ComplexDomain) and (service := asked(wanted.media_type)):
        return None if service in domain.services else _no_service(id, domain, service)
    if isinstance(domain, ComplexDomain):
        return None if formats.promised(domain.formats, wanted) else format_refused(wanted, domain.formats)
    if formats.is_plain(wanted) or (isinstance(domain, ObjectDomain) and formats.is_written_json(wanted)):
        return None
    return f"is {kind(domain)} and has no formats, got {formats.shown(wanted)}"


def _no_service(id: str, domain: ComplexDomain, service: Service) -> str:
    if not can_name_a_layer(id):
        return (
            f"is not published as {MEDIA_TYPES[service]}: a layer would be called as it is, "
            "by the letters A to Z, digits and '_' alone, and no digit first"
        )
    offered = ", ".join(MEDIA_TYPES[one] for one in domain.services)
    return f"is not published as {MEDIA_TYPES[service]} here; offered as a service: {offered or 'nothing'}"


def _check_unit(domain: Domain, asked: str | None) -> None:
    if isinstance(domain, LiteralDomain):
        literals.unit(domain, asked)
    else:
        no_unit(domain, asked)
