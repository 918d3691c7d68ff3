"""The official XML Schemas of WPS 1.0.0, WPS 2.0, OWS Common, SOAP and WSDL, which lie beside the checkout.

Loaded once per process and without the network: whatever they import comes from the same folder.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path

import pytest
from lxml import etree

SHARED = Path(__file__).resolve().parents[2] / "shared"
FOLDER = SHARED / "schemas"
SAMPLES = SHARED / "samples"

WPS1 = "http://www.opengis.net/wps/1.0.0"
WPS2 = "http://www.opengis.net/wps/2.0"
OWS1 = "http://www.opengis.net/ows/1.1"
OWS2 = "http://www.opengis.net/ows/2.0"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
WSDL = "http://schemas.xmlsoap.org/wsdl/"

# By the namespace of the root. An exception report is valid by the schema of the dialect that imports its edition.
FILES = {
    WPS1: "wps/1.0.0/wpsAll.xsd",
    WPS2: "wps/2.0/wps.xsd",
    OWS1: "ows/1.1.0/owsAll.xsd",
    OWS2: "ows/2.0/owsAll.xsd",
    SOAP11: "schemas.xmlsoap.org/soap/envelope/soap-envelope.xsd",
    SOAP12: "www.w3.org/2003/05/soap-envelope/soap-envelope.xsd",
    WSDL: "schemas.xmlsoap.org/wsdl/wsdl.xsd",
}
ENVELOPES = (SOAP11, SOAP12)
# The oldest editions of these two have addresses of their own.
MOVED = {
    "http://www.w3.org/2009/01/xml.xsd": "www.w3.org/2001/xml.xsd",
    "http://www.w3.org/XML/2008/06/xlink.xsd": "www.w3.org/1999/xlink.xsd",
}
PREFIXES = {
    "http://schemas.opengis.net/": "",
    "http://www.w3.org/": "www.w3.org/",
    "http://docs.oasis-open.org/": "docs.oasis-open.org/",
}


class _Local(etree.Resolver):
    """Finds what a schema imports by its address; the address that is not here is an error, never fetched."""

    def resolve(self, url: str, public_id: str, context: object) -> object:
        plain = url.replace("https://", "http://", 1)
        if plain in MOVED:
            return self.resolve_filename(str(FOLDER / MOVED[plain]), context)
        for prefix, folder in PREFIXES.items():
            if plain.startswith(prefix):
                return self.resolve_filename(str(FOLDER / folder / plain.removeprefix(prefix)), context)
        if "://" in url and not url.startswith("file:"):
            raise LookupError(f"a schema imports {url}, which is not in {FOLDER}")
        return None


def need_shared() -> None:
    """Skip the test where the official schemas are not beside the checkout."""
    if not FOLDER.is_dir():
        pytest.skip("the official schemas (../shared/schemas) are not beside this checkout")


def sample(name: str) -> bytes:
    """An official sample, by its path in ../shared/samples; skips the test where they are not beside the checkout."""
    if not SAMPLES.is_dir():
        pytest.skip("the official samples are not beside this checkout")
    return (SAMPLES / name).read_bytes()


@functools.cache
def schema(namespace: str) -> etree.XMLSchema:
    """The schema whose elements are of this namespace."""
    need_shared()
    return etree.XMLSchema(etree.parse(FOLDER / FILES[namespace], local_parser()))


def local_parser() -> etree.XMLParser:
    """Reads a schema, and what it imports from the folder."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    return parser


def problems(root: etree._Element) -> list[str]:
    """What the official schemas find wrong; in an envelope also with what it carries."""
    namespace = etree.QName(root).namespace or ""
    if namespace not in FILES:
        return [f"no schema for the root {root.tag}"]
    found = schema(namespace)
    found.validate(root)
    wrong = [f"line {e.line}: {e.message}" for e in found.error_log]
    if namespace in ENVELOPES:
        # The content of a body is any element: the envelope's schema says nothing of it.
        for content in carried(root):
            wrong += problems(content)
    return wrong


def carried(envelope: etree._Element) -> list[etree._Element]:
    """The documents in an envelope: of a fault the reports in its detail, else what its body holds."""
    body = envelope.find("{*}Body")
    if body is None:
        return []
    fault = body.find("{*}Fault")
    within = body if fault is None else next((e for e in fault if _local(e) in ("detail", "Detail")), None)
    # Copies: each is the root of a document, with the namespaces that it used within the envelope.
    return [] if within is None else [copy.deepcopy(e) for e in within.iterchildren(tag=etree.Element)]


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def valid(document: bytes) -> etree._Element:
    """The root of a reply that is valid by the official schemas; fails with all that is wrong.

    Skips the test where there are no schemas.
    """
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    wrong = problems(root)
    assert not wrong, "\n".join([*wrong, document.decode(errors="replace")[:4000]])
    return root
