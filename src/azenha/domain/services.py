"""Which outputs can be published as which services, and what asking for one means. Pure, as all of the domain."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from azenha.domain.known_formats import KNOWN
from azenha.domain.media import Family, KnownFormat
from azenha.domain.messages import OutputRequest, Transmission
from azenha.domain.process import ComplexDomain, Format, OutputDescription, ProcessDescription
from azenha.domain.published import Service, asked

_RASTERS: Final = frozenset({"cog", "geotiff", "tiff", "jp2", "netcdf"})
_FEATURES: Final = frozenset(
    {
        "geojson",
        "topojson",
        "gml-3.2",
        "gml-3.1",
        "gml-2",
        "gml",
        "kml",
        "kmz",
        "gpkg",
        "flatgeobuf",
        "shapefile",
    }
)
_OF_FAMILY: Final[Mapping[Family, tuple[Service, ...]]] = {
    Family.RASTER: (Service.WMS, Service.WCS),
    Family.VECTOR: (Service.WMS, Service.WFS, Service.FEATURES),
}


def services_of(format: Format) -> tuple[Service, ...]:
    """What data of a format can be published as; empty: as nothing."""
    known = KNOWN.named(format.media_type)
    return () if known is None else services_of_known(known)


def services_of_known(known: KnownFormat) -> tuple[Service, ...]:
    """The same, of a format of the table."""
    return _OF_FAMILY[known.family] if known.id in _RASTERS | _FEATURES else ()


def can_name_a_layer(id: str) -> bool:
    """It stands in addresses, and the name of a layer is that of an XML element."""
    return id.isascii() and id.isidentifier()


def published(process: ProcessDescription, families: Collection[Family]) -> ProcessDescription:
    """The process with what each output can be asked as, where data of these families can be published here."""

    def offered(output: OutputDescription) -> OutputDescription:
        domain = output.domain
        if not isinstance(domain, ComplexDomain) or not can_name_a_layer(output.id):
            return output
        here = {service for family in families for service in _OF_FAMILY.get(family, ())}
        found = {service for format in domain.formats for service in services_of(format)}
        services = tuple(service for service in Service if service in found & here)
        return replace(output, domain=replace(domain, services=services))

    return replace(process, outputs=tuple(map(offered, process.outputs)))


def as_services(
    process: ProcessDescription, outputs: Mapping[str, OutputRequest] | None
) -> Mapping[str, OutputRequest] | None:
    """The outputs, checked already; one that is asked for as a service is made as data that can be published so.

    It is given by reference, whatever the others are.
    """
    if outputs is None:
        return None
    return {id: _as_service(process.output(id), request) for id, request in outputs.items()}


def _as_service(output: OutputDescription | None, request: OutputRequest) -> OutputRequest:
    service = asked(request.format.media_type) if request.format else None
    if service is None or output is None or not isinstance(output.domain, ComplexDomain):
        return request
    offered = output.domain.formats
    # Where what the process makes unasked will do, it is not told which format.
    data = None if service in services_of(offered[0]) else _first(offered, service)
    return replace(request, format=data, transmission=Transmission.REFERENCE, service=service)


def _first(offered: Sequence[Format], service: Service) -> Format:
    return next(one for one in offered if service in services_of(one))
