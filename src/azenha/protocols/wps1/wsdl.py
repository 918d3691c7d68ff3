"""The WSDL 1.1 of the service: three operations, document/literal, on the elements of the schemas of WPS 1.0.0.

It describes the service and not its processes: nothing normative says how those would look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from azenha.protocols.http import Part, Site
from azenha.protocols.wps1.words import OWS, WPS
from azenha.protocols.xml_write import Tag, document

MEDIA_TYPE: Final = "text/xml"
TARGET: Final = "urn:azenha:wps:1.0.0"
_SCHEMAS: Final = "http://schemas.opengis.net"
_HTTP: Final = "http://schemas.xmlsoap.org/soap/http"

_NAMESPACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "wsdl": "http://schemas.xmlsoap.org/wsdl/",
        "soap": "http://schemas.xmlsoap.org/wsdl/soap/",
        "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
        "xsd": "http://www.w3.org/2001/XMLSchema",
        "wps": WPS,
        "ows": OWS,
        "tns": TARGET,
    }
)
# Operation: the elements of its request and its response.
_OPERATIONS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "GetCapabilities": ("wps:GetCapabilities", "wps:Capabilities"),
        "DescribeProcess": ("wps:DescribeProcess", "wps:ProcessDescriptions"),
        "Execute": ("wps:Execute", "wps:ExecuteResponse"),
    }
)


def wsdl(site: Site) -> tuple[Part, ...]:
    """The whole document."""
    root = Tag(
        "wsdl:definitions",
        Tag(
            "wsdl:types",
            Tag(
                "xsd:schema",
                _import(WPS, f"{_SCHEMAS}/wps/1.0.0/wpsAll.xsd"),
                _import(OWS, f"{_SCHEMAS}/ows/1.1.0/owsAll.xsd"),
            ),
        ),
        *_messages(),
        Tag("wsdl:portType", *map(_port_operation, _OPERATIONS), attributes={"name": "Wps"}),
        _binding("soap"),
        _binding("soap12"),
        Tag("wsdl:service", _port("soap", site), _port("soap12", site), attributes={"name": "Wps"}),
        attributes={"name": "Wps", "targetNamespace": TARGET},
    )
    return document(root, _NAMESPACES)


def _import(namespace: str, address: str) -> Tag:
    return Tag("xsd:import", attributes={"namespace": namespace, "schemaLocation": address})


def _messages() -> Iterator[Tag]:
    for name, elements in _OPERATIONS.items():
        for suffix, element in zip(("Request", "Response"), elements, strict=True):
            yield _message(f"{name}{suffix}", element)
    yield _message("Exception", "ows:ExceptionReport")


def _message(name: str, element: str) -> Tag:
    part = Tag("wsdl:part", attributes={"name": "body", "element": element})
    return Tag("wsdl:message", part, attributes={"name": name})


def _port_operation(name: str) -> Tag:
    return Tag(
        "wsdl:operation",
        Tag("wsdl:input", attributes={"message": f"tns:{name}Request"}),
        Tag("wsdl:output", attributes={"message": f"tns:{name}Response"}),
        Tag("wsdl:fault", attributes={"name": "Exception", "message": "tns:Exception"}),
        attributes={"name": name},
    )


def _binding(soap: str) -> Tag:
    body = Tag(f"{soap}:body", attributes={"use": "literal"})
    fault = Tag(f"{soap}:fault", attributes={"name": "Exception", "use": "literal"})
    operations = (
        Tag(
            "wsdl:operation",
            Tag(f"{soap}:operation", attributes={"soapAction": f"{TARGET}:{name}", "style": "document"}),
            Tag("wsdl:input", body),
            Tag("wsdl:output", body),
            Tag("wsdl:fault", fault, attributes={"name": "Exception"}),
            attributes={"name": name},
        )
        for name in _OPERATIONS
    )
    return Tag(
        "wsdl:binding",
        Tag(f"{soap}:binding", attributes={"style": "document", "transport": _HTTP}),
        *operations,
        attributes={"name": f"Wps-{soap}", "type": "tns:Wps"},
    )


def _port(soap: str, site: Site) -> Tag:
    address = Tag(f"{soap}:address", attributes={"location": site.base})
    return Tag("wsdl:port", address, attributes={"name": soap, "binding": f"tns:Wps-{soap}"})
