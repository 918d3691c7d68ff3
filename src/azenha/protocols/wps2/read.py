"""Requests of WPS 2.0.2 by POST, in XML or within a SOAP envelope (OGC 14-065r2): a document to a command.

The root's name says which operation. What of a request is not understood is refused, but for extensions and
attributes: both are there for others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from lxml import etree

from azenha.domain.errors import BadParameter, BadRequest, MissingParameter, NoSuchOperation, VersionNotOffered
from azenha.domain.lexical import quoted
from azenha.domain.messages import (
    Command,
    DescribeProcesses,
    DescribeServer,
    Dismiss,
    GetResults,
    GetStatus,
    Languages,
)
from azenha.protocols import ows
from azenha.protocols.ows_service import SERVICE
from azenha.protocols.wps2 import control
from azenha.protocols.wps2.execute import execute
from azenha.protocols.wps2.words import CONTROL, OWS, VERSION, WPS, wps
from azenha.protocols.wps2.words import ows as in_ows
from azenha.protocols.xml import Document, Element, attribute, child, shown, text

DATA: Final = (wps("Data"), wps("Body"))  # elements that hold somebody's data, of any size
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def read(document: Document, offered: tuple[str, ...], languages: Languages) -> Command:
    """
    Args:
        document: the request, without an envelope.
        offered: the versions that are spoken at this address.
        languages: that the header names.
    Raises:
        MissingParameter: locator is the attribute's or element's local name.
        NoSuchOperation, VersionNotOffered, BadRequest
    """
    root = document.root
    name = etree.QName(root)
    if name.namespace not in (WPS, CONTROL):
        raise NoSuchOperation(f"there is no operation {shown(root)} of WPS {VERSION}", name.localname)
    if attribute(root, "service") is None:
        raise MissingParameter("service")
    check_service(attribute(root, "service") or "")
    if name.namespace == WPS and name.localname == "GetCapabilities":
        return _capabilities(root, offered, languages)
    version = attribute(root, "version")
    if version is None:
        raise MissingParameter("version")
    check_version(version)
    if name.namespace == WPS and name.localname == "Execute":
        return execute(document, languages)
    if name.namespace == WPS and name.localname == "DescribeProcess":
        return _describe(root, languages)
    operations = JOBS if name.namespace == WPS else control.COMMANDS
    if name.localname not in operations:
        raise NoSuchOperation(f"there is no operation {shown(root)} of WPS {VERSION}", name.localname)
    return operations[name.localname](_job(root))


# Operations that name a job, and nothing else.
JOBS: Final[Mapping[str, Callable[[str], Command]]] = MappingProxyType(
    {
        "GetStatus": GetStatus,
        "GetResult": GetResults,
        "Dismiss": lambda job: Dismiss(job, transient=True),
    }
)


def check_service(given: str) -> None:
    """
    Raises:
        BadParameter
    """
    if given.upper() != SERVICE:
        raise BadParameter(f"the service here is {SERVICE}; given {quoted(given, 40)}", "service")


def check_version(given: str) -> None:
    """
    Raises:
        VersionNotOffered
    """
    if given != VERSION:
        raise VersionNotOffered(f"version {quoted(given, 40)} is not offered; offered: {VERSION}")


def _capabilities(root: Element, offered: tuple[str, ...], languages: Languages) -> DescribeServer:
    """Versions are accepted across editions; which one answers was decided before (see wps.manner)."""
    accepted = _texts(root, "AcceptVersions", "Version")
    version = attribute(root, "version")  # not of this request, but clients write it
    ows.version(accepted or (() if version is None else (version,)), offered)
    wished = tuple(tag for tag in _texts(root, "AcceptLanguages", "Language"))
    return DescribeServer(
        Languages(None, wished or languages.accepted),
        frozenset(_texts(root, "Sections", "Section")) or None,
        attribute(root, "updateSequence"),
    )


def _texts(root: Element, group: str, name: str) -> tuple[str, ...]:
    found = child(root, in_ows(group))
    return () if found is None else tuple(text(one) for one in found.findall(in_ows(name)))


def _describe(root: Element, languages: Languages) -> DescribeProcesses:
    ids = tuple(text(one) for one in root.findall(in_ows("Identifier")))
    if not any(ids):
        raise MissingParameter("Identifier", "element 'ows:Identifier' is missing: of what process?")
    wanted = attribute(root, _LANG) or attribute(root, "lang")
    return DescribeProcesses(ids, Languages(wanted, languages.accepted))


def _job(root: Element) -> str:
    """The job that a request names: of `wps:JobID`, with the line breaks around it trimmed."""
    for one in root:
        if one.tag not in (wps("JobID"), wps("Extension")):
            raise BadRequest(f"{shown(root)} takes no {shown(one)}", etree.QName(one).localname)
    found = child(root, wps("JobID"))
    if found is None or not text(found):
        raise MissingParameter("JobID", "element 'wps:JobID' is missing: of what job?")
    return text(found)


def foreign(element: Element) -> bool:
    """Whether an element is of neither WPS nor OWS."""
    return etree.QName(element).namespace not in (WPS, OWS)
