"""Process descriptions (OGC 14-065r2 §9.8): `wps:ProcessOfferings` and the summaries of the capabilities.

The order of elements is that of the schemas: Title comes before Identifier, unlike in 1.0.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from azenha.domain import lexical
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Domain,
    Format,
    InputDescription,
    JobControl,
    LiteralDomain,
    Metadata,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Scalar,
    Text,
)
from azenha.domain.published import MEDIA_TYPES
from azenha.protocols.ows_service import allowed, keywords, metadata, travelling
from azenha.protocols.wps2.words import DATA_TYPES, TEXT, XML
from azenha.protocols.xml_write import Tag

_PROCESS_VERSION: Final = re.compile(r"[0-9]+\.[0-9]?[0-9]\.[0-9]?[0-9]")
# In the order in which the standard names them; not every process has each.
_CONTROLS: Final = (JobControl.SYNC, JobControl.ASYNC, JobControl.DISMISS, JobControl.PAUSE)
_TRANSMISSIONS: Final = "value reference"
_LITERAL_FORMATS: Final = (Format(XML), Format(TEXT))
MEGABYTE: Final = 1024 * 1024


def offerings(descriptions: Iterable[ProcessDescription], language: str) -> Tag:
    """`wps:ProcessOfferings`, which has no attributes: the language stands at each process.

    Args:
        descriptions: in the order they were asked for, their texts in `language` already.
    """
    return Tag("wps:ProcessOfferings", *(offering(one, language) for one in descriptions))


def offering(described: ProcessDescription, language: str) -> Tag:
    """`wps:ProcessOffering` in the native process model."""
    process = Tag(
        "wps:Process",
        *_named(described.id, described.text, described.metadata),
        _odd_version(described),
        *(_input(one) for one in described.inputs),
        *(_output(one) for one in described.outputs),
        attributes={"xml:lang": language},
    )
    return Tag("wps:ProcessOffering", process, attributes=_properties(described))


def summary(described: ProcessDescription) -> Tag:
    """`wps:ProcessSummary`, as the capabilities list it."""
    return Tag(
        "wps:ProcessSummary",
        *_named(described.id, described.text, described.metadata),
        _odd_version(described),
        attributes=_properties(described),
    )


def _properties(described: ProcessDescription) -> Mapping[str, str | None]:
    """A version that the schemas do not take is told as metadata."""
    version = described.version if _odd_version(described) is None else None
    return {
        "jobControlOptions": " ".join(c for c in _CONTROLS if c in described.job_control),
        "outputTransmission": _TRANSMISSIONS,
        "processVersion": version,
    }


def _odd_version(described: ProcessDescription) -> Tag | None:
    """A version that is none to the schemas; None for one that is."""
    if _PROCESS_VERSION.fullmatch(described.version):
        return None
    title = f"process version {described.version}"
    return Tag("ows:Metadata", attributes={"xlink:type": "simple", "xlink:title": title})


def _named(id: str, text: Text, links: Sequence[Metadata]) -> tuple[Tag | None, ...]:
    return (
        Tag("ows:Title", text.title),
        Tag("ows:Abstract", text.abstract) if text.abstract else None,
        keywords(text.keywords),
        Tag("ows:Identifier", id),
        *metadata(links),
    )


def _input(described: InputDescription) -> Tag:
    most = "unbounded" if described.max_occurs is None else str(max(1, described.max_occurs))
    return Tag(
        "wps:Input",
        *_named(described.id, described.text, described.metadata),
        *_data(described.domain, "wps:Input", described.default, described.default_unit),
        attributes={"minOccurs": str(described.min_occurs), "maxOccurs": most},
    )


def _output(described: OutputDescription) -> Tag:
    return Tag(
        "wps:Output",
        *_named(described.id, described.text, described.metadata),
        *_data(described.domain, "wps:Output"),
    )


def _part(described: InputDescription) -> Tag:
    """A field of an output that is an object. Its occurrences and defaults mean nothing there."""
    return Tag(
        "wps:Output",
        *_named(described.id, described.text, described.metadata),
        *_data(described.domain, "wps:Output"),
    )


def _data(
    domain: Domain,
    nested: str,
    default: Scalar | tuple[Scalar, ...] | None = None,
    default_unit: str | None = None,
) -> tuple[Tag, ...]:
    """The data description, or the nested inputs or outputs of an object."""
    match domain:
        case LiteralDomain():
            shown = default if not isinstance(default, tuple) else None
            return (_literal(domain, shown, default_unit),)
        case BoxDomain(crss):
            supported = (
                Tag("wps:SupportedCRS", crs.name, attributes=_default(index == 0))
                for index, crs in enumerate(crss)
            )
            return (Tag("wps:BoundingBoxData", *_formats(_LITERAL_FORMATS), *supported),)
        case ComplexDomain(formats, max_bytes, services=services):
            served = tuple(Format(MEDIA_TYPES[service]) for service in services)
            return (Tag("wps:ComplexData", *_formats((*travelling(formats), *served), max_bytes)),)
        case ObjectDomain(fields):
            return tuple(_input(one) if nested == "wps:Input" else _part(one) for one in fields)


def _default(chosen: bool) -> Mapping[str, str | None]:
    return {"default": "true" if chosen else None}


def _formats(formats: Sequence[Format], max_bytes: int | None = None) -> tuple[Tag, ...]:
    """Each `wps:Format`, the first as the default. Sizes are told in whole megabytes, rounded up."""
    megabytes = None if max_bytes is None else str(max(1, -(-max_bytes // MEGABYTE)))
    return tuple(
        Tag(
            "wps:Format",
            attributes={
                "mimeType": format.media_type,
                "encoding": format.encoding,
                "schema": format.schema,
                "maximumMegabytes": megabytes,
                **_default(index == 0),
            },
        )
        for index, format in enumerate(formats)
    )


# -- literals --------------------------------------------------------------------------------------


def _literal(domain: LiteralDomain, default: Scalar | None, default_unit: str | None) -> Tag:
    """`wps:LiteralData`: a domain for each unit, the default one first.

    `LiteralDataDomain` is in no namespace: the schema that declares it qualifies none of its local elements.
    """
    units: tuple[str | None, ...] = domain.units or (None,)
    chosen = default_unit if default_unit in units else units[0]
    domains = (
        Tag(
            "LiteralDataDomain",
            allowed(domain),
            Tag("ows:DataType", domain.type, attributes={"ows:reference": f"{DATA_TYPES}{domain.type}"}),
            None if unit is None else Tag("ows:UOM", unit),
            None if default is None or unit != chosen else Tag("ows:DefaultValue", lexical.write(default)),
            attributes=_default(unit == chosen),
        )
        for unit in units
    )
    return Tag("wps:LiteralData", *_formats(_LITERAL_FORMATS), *domains)
