"""The words of WPS 2.0.2 (OGC 14-065r2): namespaces, URIs, states."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from azenha.protocols.ows import Edition
from azenha.protocols.xml_write import XLINK

VERSION: Final = "2.0.0"  # on the wire, also of 2.0.2: its schemas take nothing else
NAME: Final = "wps"

WPS: Final = "http://www.opengis.net/wps/2.0"
OWS: Final = Edition.V2_0.value
CONTROL: Final = "urn:azenha:wps:job-control:1.0"

# The usual prefixes: there are clients that know no namespaces.
NAMESPACES: Final[Mapping[str, str]] = MappingProxyType({"wps": WPS, "ows": OWS, "xlink": XLINK})
WITH_CONTROL: Final[Mapping[str, str]] = MappingProxyType({**NAMESPACES, "jc": CONTROL})

_CONFORMANCE: Final = "http://www.opengis.net/spec/WPS/2.0/conf"
BASIC: Final = f"{_CONFORMANCE}/service/profile/basic-wps"
SYNCHRONOUS: Final = f"{_CONFORMANCE}/service/synchronous-wps"
ASYNCHRONOUS: Final = f"{_CONFORMANCE}/service/asynchronous-wps"
ENCODING: Final = f"{_CONFORMANCE}/process-model-encoding"
DISMISS: Final = f"{_CONFORMANCE}/service/dismiss-extension"

DATA_TYPES: Final = "http://www.w3.org/2001/XMLSchema#"
HREF: Final = f"{{{XLINK}}}href"
XML: Final = "text/xml"
TEXT: Final = "text/plain"


@lru_cache(maxsize=256)
def wps(name: str) -> str:
    """A name in the namespace of WPS 2.0, as trees have it."""
    return f"{{{WPS}}}{name}"


@lru_cache(maxsize=256)
def ows(name: str) -> str:
    """The same of OWS Common 2.0."""
    return f"{{{OWS}}}{name}"
