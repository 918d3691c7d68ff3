"""Process descriptions (wpsDescribeProcess_response.xsd).

What the schema declares locally is in no namespace here, unlike everywhere else in WPS; `ows:` names, `wps:Profile`
and `wps:processVersion` are qualified. The order is the schema's: Identifier comes before Title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from azenha.domain import lexical
from azenha.domain.crs import epsg_code
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Crs,
    Domain,
    Format,
    InputDescription,
    JobControl,
    LiteralDomain,
    LiteralType,
    Metadata,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Scalar,
    Text,
)
from azenha.domain.published import MEDIA_TYPES
from azenha.protocols.ows_service import allowed, metadata, travelling
from azenha.protocols.xml_write import Tag

UNBOUNDED: Final = 2**31 - 1  # the schema has numbers alone; clients read a signed integer of 32 bits
MEGABYTE: Final = 1024 * 1024
JSON: Final = Format("application/json")

_DATA_TYPES: Final = "http://www.w3.org/TR/xmlschema-2/#"
# OWSLib reads numbers as such only from types that are called so; the reference says what it really is.
_SHOWN_AS: Final = {LiteralType.DOUBLE: "float"}


def description(described: ProcessDescription) -> Tag:
    """`ProcessDescription`, without declarations of namespaces.

    Args:
        described: its texts in one language already.
    """
    stored = "true" if JobControl.ASYNC in described.job_control else "false"
    inputs = tuple(_input(one) for one in described.inputs)
    return Tag(
        "ProcessDescription",
        *named(described.id, described.text, described.metadata),
        Tag("DataInputs", *inputs) if inputs else None,
        Tag("ProcessOutputs", *(_output(one) for one in described.outputs)),
        attributes={
            "wps:processVersion": described.version,
            "storeSupported": stored,
            "statusSupported": stored,
        },
    )


def brief(described: ProcessDescription) -> Tag:
    """`wps:Process`, as the capabilities and a response have it."""
    return Tag(
        "wps:Process",
        *named(described.id, described.text, described.metadata),
        attributes={"wps:processVersion": described.version},
    )


def named(id: str, text: Text, links: Sequence[Metadata] = ()) -> tuple[Tag | None, ...]:
    """What every description begins with. There are no keywords in 1.0.0."""
    return (
        Tag("ows:Identifier", id),
        Tag("ows:Title", text.title),
        Tag("ows:Abstract", text.abstract) if text.abstract else None,
        *metadata(links),
    )


def _input(described: InputDescription) -> Tag:
    default = described.default if not isinstance(described.default, tuple) else None
    most = UNBOUNDED if described.max_occurs is None else max(1, described.max_occurs)
    return Tag(
        "Input",
        *named(described.id, described.text, described.metadata),
        _input_data(described.domain, default, described.default_unit),
        attributes={"minOccurs": str(described.min_occurs), "maxOccurs": str(most)},
    )


def _input_data(domain: Domain, default: Scalar | None, default_unit: str | None) -> Tag:
    match domain:
        case LiteralDomain():
            return Tag(
                "LiteralData",
                *_type_and_units(domain, default_unit),
                allowed(domain),
                None if default is None else Tag("DefaultValue", lexical.write(default)),
            )
        case BoxDomain(crss):
            return Tag("BoundingBoxData", *_systems(crss))
        case ComplexDomain(formats, max_bytes):
            return Tag(
                "ComplexData", *_formats(formats), attributes={"maximumMegabytes": _megabytes(max_bytes)}
            )
        case ObjectDomain():
            return Tag("ComplexData", *_formats((JSON,)))


def _output(described: OutputDescription) -> Tag:
    return Tag(
        "Output",
        *named(described.id, described.text, described.metadata),
        _output_data(described.domain),
    )


def _output_data(domain: Domain) -> Tag:
    match domain:
        case LiteralDomain():
            return Tag("LiteralOutput", *_type_and_units(domain, None))
        case BoxDomain(crss):
            return Tag("BoundingBoxOutput", *_systems(crss))
        case ComplexDomain(formats, services=services):
            served = tuple(Format(MEDIA_TYPES[service]) for service in services)
            return Tag("ComplexOutput", *_formats(formats, served))
        case ObjectDomain():
            return Tag("ComplexOutput", *_formats((JSON,)))


# -- complex data and boxes ------------------------------------------------------------------------


def _megabytes(bytes: int | None) -> str | None:
    """Whole ones, rounded up."""
    return None if bytes is None else str(max(1, -(-bytes // MEGABYTE)))


def _formats(formats: Sequence[Format], served: Sequence[Format] = ()) -> Iterable[Tag]:
    """`served`: those of services, of which an address is given, and no content."""
    shown = (*travelling(formats), *served)
    return (
        Tag("Default", _format(shown[0])),
        Tag("Supported", *(_format(one) for one in shown)),
    )


def _format(format: Format) -> Tag:
    return Tag(
        "Format",
        Tag("MimeType", format.media_type),
        Tag("Encoding", format.encoding) if format.encoding else None,
        Tag("Schema", format.schema) if format.schema else None,
    )


def _systems(crss: Sequence[Crs]) -> Iterable[Tag]:
    return (
        Tag("Default", _crs(crss[0])),
        Tag("Supported", *(_crs(one) for one in crss)),
    )


def _crs(crs: Crs) -> Tag:
    return Tag("CRS", crs_text(crs.name))


def crs_text(name: str) -> str:
    """A system as clients of 1.0.0 know it: the URN of OGC, whose axis order is the authority's."""
    code = epsg_code(name)
    if code is not None:
        return f"urn:ogc:def:crs:EPSG::{code}"
    match = re.fullmatch(r"http://www\.opengis\.net/def/crs/OGC/([0-9.]+)/(CRS84h?)", name)
    return f"urn:ogc:def:crs:OGC:{match[1]}:{match[2]}" if match else name


# -- literals --------------------------------------------------------------------------------------


def _type_and_units(domain: LiteralDomain, default_unit: str | None) -> Iterable[Tag | None]:
    """`ows:DataType` and `UOMs`. The allowed values are in the default unit."""
    shown = _SHOWN_AS.get(domain.type, domain.type.value)
    yield Tag("ows:DataType", shown, attributes={"ows:reference": f"{_DATA_TYPES}{domain.type}"})
    if not domain.units:
        return
    default = default_unit if default_unit in domain.units else domain.units[0]
    yield Tag(
        "UOMs",
        Tag("Default", Tag("ows:UOM", default)),
        Tag("Supported", *(Tag("ows:UOM", unit) for unit in domain.units)),
    )
