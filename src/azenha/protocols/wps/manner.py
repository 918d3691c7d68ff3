"""How a request came: in which edition and envelope, so that whatever is answered goes back the same way.

Found by the query, the headers and the first bytes of the body alone: a large body is gone before its reply is
written, and one that cannot be read is to be answered too. Nothing is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from lxml import etree

from azenha.domain.errors import AppError
from azenha.domain.messages import Languages
from azenha.protocols.http import START, HttpRequest
from azenha.protocols.kvp import Parameters
from azenha.protocols.negotiation import languages
from azenha.protocols.soap import Soap, version
from azenha.protocols.xml import Element
from azenha.protocols.xml_tokens import COMMENT, INSTRUCTION, SPACE

V1: Final = "1.0.0"
V2: Final = "2.0.0"
NAMESPACES: Final = {"http://www.opengis.net/wps/1.0.0": V1, "http://www.opengis.net/wps/2.0": V2}

_NAME: Final = re.compile(r"(\{[^{}]+\})?[^:{}]+")
# Where it is one: in a CDATA section it is a part of somebody's data.
_DOCTYPE: Final = re.compile(rb"(?:\xef\xbb\xbf)?+(?:%b|%b|%b)*+<!DOCTYPE" % (SPACE, COMMENT, INSTRUCTION))
_PIECE: Final = 4096  # most requests have told by then; long comments and headers may stand before others
_CAPABILITIES: Final = "getcapabilities"
_WSDL: Final = "getwsdl"


@dataclass(frozen=True, slots=True)
class Manner:
    """
    Attributes:
        version: of WPS, in which it is read and answered.
        soap: of the envelope that it came in.
    """

    version: str
    soap: Soap | None = None


def manner(request: HttpRequest, offered: tuple[str, ...]) -> Manner:
    """
    Args:
        offered: the versions of the address, the default first.
    """
    if request.method == "POST":
        return _by_body(request.start or bytes(request.body[:START]), offered)
    if request.path.startswith("/jobs/"):
        return Manner(_first([V1], offered))  # the only edition that has addresses of jobs
    return _by_query(request.query, offered)


# Each request is asked twice, when it is read and when it is answered: the second time nothing is parsed.
@lru_cache(maxsize=64)
def _by_body(start: bytes, offered: tuple[str, ...]) -> Manner:
    seen = _start(start)
    own = [seen.version] if seen.version else []
    # Of a request for the capabilities it may ask for another edition than that of its own namespace.
    return Manner(_first([*seen.accepted, *own], offered), seen.soap)


@lru_cache(maxsize=64)
def _by_query(query: str, offered: tuple[str, ...]) -> Manner:
    return Manner(_first(_wanted(Parameters(query)), offered))


def wished(wanted: str | None, request: HttpRequest) -> Languages:
    """The languages of a request: the parameter, where there is none the header."""
    return Languages(wanted, languages(request.headers.get("accept-language")))


def _first(wanted: Sequence[str], offered: Sequence[str]) -> str:
    return next((version for version in wanted if version in offered), offered[0])


def _wanted(parameters: Parameters) -> list[str]:
    try:
        name = (parameters.text("request") or "").lower()
        accepted = parameters.list("acceptversions") if name == _CAPABILITIES else ()
        # The only edition that has a WSDL: its address is typed without a version.
        otherwise = V1 if name == _WSDL or (not name and "wsdl" in parameters) else ""
        return list(accepted) or [parameters.text("version") or otherwise]
    except AppError:
        return []  # said again, and loudly, by whoever reads the request


@dataclass(slots=True)
class _Seen:
    version: str | None = None
    soap: Soap | None = None
    accepted: list[str] = field(default_factory=list)


def _start(data: bytes) -> _Seen:
    """What the beginning of a body tells."""
    seen = _Seen()
    body = False
    for begins, element in _events(data):
        name = etree.QName(element)
        if not begins:
            if name.localname == "Version" and seen.version and element.text:
                seen.accepted.append(element.text.strip())
        elif seen.version is not None:
            continue
        elif element.getparent() is None and (soap := version(element)) is not None:
            seen.soap = soap
        elif seen.soap is None or body:
            seen.version = NAMESPACES.get(name.namespace or "", "")
            if name.localname.lower() != _CAPABILITIES:
                break
        else:
            body = name.localname == "Body" and name.namespace == seen.soap.value
    return seen


def _events(data: bytes) -> Iterator[tuple[bool, Element]]:
    """Elements that begin (True) and end, as far as the bytes go and are XML."""
    if _DOCTYPE.match(data):
        return  # refused by whoever reads it
    parser = etree.XMLPullParser(
        ("start", "end"), resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    for at in range(0, len(data), _PIECE):
        with suppress(etree.XMLSyntaxError):
            parser.feed(data[at : at + _PIECE])
        try:
            for event, element in parser.read_events():
                assert isinstance(element, Element)
                if not _NAME.fullmatch(element.tag):
                    return  # a prefix that is not declared, or a namespace that is none: refused by whoever reads it
                yield event == "start", element
        except etree.XMLSyntaxError:
            return
