"""`wps:Capabilities` (wpsGetCapabilities_response.xsd). Sections and updateSequence are not part of 1.0.0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from azenha.protocols import ows_service
from azenha.protocols.http import Site
from azenha.protocols.ows_service import Operation
from azenha.protocols.wps1.words import VERSION
from azenha.protocols.xml_write import Tag, Verbatim

OPERATIONS: Final = ("GetCapabilities", "DescribeProcess", "Execute")


def capabilities(
    processes: Iterable[Verbatim],
    site: Site,
    versions: Sequence[str],
    languages: Sequence[str],
    language: str,
) -> Tag:
    """
    Args:
        processes: each a `wps:Process`.
        versions: spoken at this address.
        languages: the default first.
        language: of the texts.
    """
    return Tag(
        "wps:Capabilities",
        ows_service.identification(site, sorted(versions)),
        ows_service.provider(site),
        ows_service.operations_metadata(site, [Operation(name) for name in OPERATIONS]),
        Tag("wps:ProcessOfferings", *processes),
        Tag(
            "wps:Languages",
            Tag("wps:Default", Tag("ows:Language", languages[0])),
            Tag("wps:Supported", *(Tag("ows:Language", tag) for tag in languages)),
        ),
        Tag("wps:WSDL", attributes={"xlink:href": wsdl_address(site)}),
        attributes={"service": ows_service.SERVICE, "version": VERSION, "xml:lang": language},
    )


def wsdl_address(site: Site) -> str:
    return f"{site.base}?service=WPS&version={VERSION}&request=GetWSDL"


def instance(site: Site) -> str:
    """The address of the capabilities themselves (serviceInstance)."""
    return f"{site.base}?service=WPS&version={VERSION}&request=GetCapabilities"
