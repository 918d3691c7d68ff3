"""The words of WPS 1.0.0 (OGC 05-007r7): namespaces, names of elements, the version."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from azenha.protocols.ows import Edition
from azenha.protocols.xml_write import XLINK

VERSION: Final = "1.0.0"

WPS: Final = "http://www.opengis.net/wps/1.0.0"
OWS: Final = Edition.V1_1.value

# The usual prefixes: there are clients that know no namespaces.
NAMESPACES: Final[Mapping[str, str]] = MappingProxyType({"wps": WPS, "ows": OWS, "xlink": XLINK})

HREF: Final = f"{{{XLINK}}}href"


@lru_cache(maxsize=256)
def wps(name: str) -> str:
    """A name in the namespace of WPS 1.0.0, as trees have it."""
    return f"{{{WPS}}}{name}"


@lru_cache(maxsize=256)
def ows(name: str) -> str:
    """The same of OWS Common 1.1."""
    return f"{{{OWS}}}{name}"
