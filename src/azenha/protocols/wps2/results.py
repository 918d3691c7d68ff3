"""Results (OGC 14-065r2 §9.6, §9.11): `wps:Result`, or the one output raw.

An output has one value in this model; of one that is a list, the output is repeated. So is a group of which
several parts are told: the schemas let it hold one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from azenha.domain import lexical
from azenha.domain.errors import NoSuchResult
from azenha.domain.messages import OutputRequest, OutputValue, ResponseForm, Results, Transmission
from azenha.domain.process import Domain, Format, InputDescription, LiteralDomain, ObjectDomain
from azenha.domain.values import Box, Literal, Record, Reference, Value
from azenha.protocols.http import HttpReply, Site
from azenha.protocols.negotiation import essence
from azenha.protocols.services.addresses import links as service_links
from azenha.protocols.wps import outputs
from azenha.protocols.wps.values_out import Embedded, box_text, corners, embedded, packed
from azenha.protocols.wps2.status import instant
from azenha.protocols.wps2.words import DATA_TYPES, NAME, NAMESPACES, TEXT, VERSION, XML
from azenha.protocols.xml_write import Tag, document, several

_NOWHERE: Final = OutputRequest()


def is_raw(outcome: Results) -> bool:
    """Whether the answer is the output itself: it was asked for so, and in this edition."""
    asked = outcome.asked
    return (
        asked.dialect == NAME and asked.version == VERSION and asked.response is ResponseForm.RAW
    ) and not outcome.several


def raw(outcome: Results, site: Site) -> HttpReply:
    """The one output that was asked for, and nothing else. A reference of ours is not what it refers to.

    Raises:
        NoSuchResult: the process left it out.
    """
    output = next(iter(outcome.outputs), None)
    if output is None or not output.values:
        raise NoSuchResult(outcome.job.id, "the process gave no value for the output that was asked for")
    if served := service_links(output, outcome.job.id, site):
        return HttpReply(302, (("Location", served[0].href),))
    value, domain, asked = _one_part(output.values[0], output.domain, output.request)
    if isinstance(value, Literal | Box) and not _plain(asked) and _packed(value) is None:
        return HttpReply(200, (("Content-Type", XML),), document(_content(value, domain), NAMESPACES))
    return outputs.reply(output.id, value, domain, outcome.folder)


def _one_part(
    value: Value, domain: Domain | None, asked: OutputRequest
) -> tuple[Value, Domain | None, OutputRequest]:
    """The part of an object that alone was asked for; else the value as it is, an object as a whole."""
    if not isinstance(value, Record) or asked.fields is None or len(asked.fields) != 1:
        return value, domain, asked
    ((id, request),) = asked.fields.items()
    values, described = value.fields.get(id, ()), _fields(domain)
    if len(values) != 1:
        return value, domain, asked
    return _one_part(values[0], described[id].domain if id in described else None, request)


def result(outcome: Results, site: Site) -> Tag:
    """`wps:Result`, with everything that was asked for by value or by reference.

    Raises:
        NoSuchJob: its files are gone.
    """
    job = outcome.job
    return Tag(
        "wps:Result",
        Tag("wps:JobID", job.id),
        Tag("wps:ExpirationDate", instant(job.expires)) if job.expires else None,
        *several(tag for output in outcome.outputs for tag in _output(outcome, output, site)),
    )


def _output(outcome: Results, output: OutputValue, site: Site) -> Iterator[Tag]:
    attributes = {"id": output.id}
    if served := service_links(output, outcome.job.id, site):
        for one in served:
            reference = Tag("wps:Reference", attributes={"xlink:href": one.href, "mimeType": one.type})
            yield Tag("wps:Output", reference, attributes=attributes)
        return
    for index, value in enumerate(output.values):
        if isinstance(value, Reference) or output.request.transmission is Transmission.REFERENCE:
            address = outputs.address(site, outcome.job.id, output.id, index, value)
            reference = Tag(
                "wps:Reference",
                attributes={"xlink:href": address, "mimeType": outputs.media_type(value)},
            )
            yield Tag("wps:Output", reference, attributes=attributes)
        elif isinstance(value, Record):
            for part in _parts(outcome, value, output.domain, output.request):
                yield Tag("wps:Output", part, attributes=attributes)
        else:
            data = _data(outcome, value, output.domain, output.request)
            yield Tag("wps:Output", data, attributes=attributes)


def _parts(outcome: Results, record: Record, domain: Domain | None, asked: OutputRequest) -> Iterator[Tag]:
    """The parts of an object that were asked for, each as a nested output."""
    described = _fields(domain)
    for id, values in record.fields.items():
        if asked.fields is not None and id not in asked.fields:
            continue
        request = (asked.fields or {}).get(id, _NOWHERE)
        inner = described[id].domain if id in described else None
        for value in values:
            if isinstance(value, Record):
                for part in _parts(outcome, value, inner, request):
                    yield Tag("wps:Output", part, attributes={"id": id})
            else:
                yield Tag("wps:Output", _data(outcome, value, inner, request), attributes={"id": id})


def _fields(domain: Domain | None) -> Mapping[str, InputDescription]:
    return {field.id: field for field in domain.fields} if isinstance(domain, ObjectDomain) else {}


def _data(outcome: Results, value: Value, domain: Domain | None, asked: OutputRequest) -> Tag:
    """`wps:Data`, which says its format."""
    if isinstance(value, Literal | Box):
        if (found := _packed(value)) is not None:
            return Tag("wps:Data", found.content, attributes=_attributes(found.format))
        if _plain(asked):
            return Tag("wps:Data", _text(value, domain), attributes={"mimeType": TEXT})
        return Tag("wps:Data", _content(value, domain), attributes={"mimeType": XML})
    if isinstance(value, Reference):  # within an object
        return Tag("wps:Data", value.href, attributes={"mimeType": TEXT})
    assert not isinstance(value, Record)
    found = embedded(value, outcome.folder, outcome.job.id, asked.format)
    return Tag("wps:Data", found.content, attributes=_attributes(found.format))


def _packed(value: Literal | Box) -> Embedded | None:
    """Text that no XML can carry, in base64; None for all else."""
    return packed(value.value) if isinstance(value, Literal) and isinstance(value.value, str) else None


def _attributes(format: Format) -> dict[str, str | None]:
    return {"mimeType": format.media_type, "encoding": format.encoding, "schema": format.schema}


def _plain(asked: OutputRequest) -> bool:
    """Whether a literal or a box was asked for as text; otherwise it is XML, the default format."""
    format = asked.format
    return format is not None and essence(format.media_type) == TEXT


def _content(value: Literal | Box, domain: Domain | None) -> Tag:
    """`wps:LiteralValue` or `ows:BoundingBox`."""
    if isinstance(value, Literal):
        type = domain.type if isinstance(domain, LiteralDomain) else None
        attributes = {"dataType": type and f"{DATA_TYPES}{type}", "uom": value.unit}
        return Tag("wps:LiteralValue", lexical.write(value.value), attributes=attributes)
    lower, upper = corners(value, domain)
    return Tag(
        "ows:BoundingBox",
        Tag("ows:LowerCorner", lower),
        Tag("ows:UpperCorner", upper),
        attributes={"crs": value.crs, "dimensions": str(len(value.minimum))},
    )


def _text(value: Literal | Box, domain: Domain | None) -> str:
    """The notation of §7.3: with the unit behind a literal that has one."""
    if isinstance(value, Box):
        return box_text(value, domain)
    written = lexical.write(value.value)
    if value.unit is None:
        return written
    type = f"@datatype={DATA_TYPES}{domain.type}" if isinstance(domain, LiteralDomain) else ""
    return f"{written}{type}@uom={value.unit}"
