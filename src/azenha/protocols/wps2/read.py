"""Requests of WPS 2.0.2 by POST, in XML or within a SOAP envelope (OGC 14-065r2): a document to a command.

The root's name says which operation. What of a request is not understood is refused, but for extensions and
attributes: both are there for others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from lxml import etree

from azenha.domain.errors import (
    BadParameter,
    BadRequest,
    Malformed,
    MissingParameter,
    NoSuchOperation,
    OptionNotOffered,
    VersionNotOffered,
)
from azenha.domain.formats import media_type
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
from azenha.protocols import ows, soap, xml
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.ows_service import SERVICE
from azenha.protocols.wps.manner import NAMESPACES, Manner, wished
from azenha.protocols.wps2 import control
from azenha.protocols.wps2.execute import execute
from azenha.protocols.wps2.words import CONTROL, VERSION, WPS, wps
from azenha.protocols.wps2.words import ows as in_ows
from azenha.protocols.xml import Element, attribute, check_blank, child, misplaced, shown, text
from azenha.protocols.xml_cut import Bounds

DATA: Final = (wps("Data"), wps("Body"))  # elements that hold somebody's data, of any size
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def read(request: HttpRequest, manner: Manner, offered: Sequence[str], limits: Limits) -> Command:
    """Decode a body.

    Args:
        offered: the versions that are spoken at this address, the default first.
    Raises:
        Malformed: no XML, or no body at all: the query never stands for it.
        MissingParameter: locator is the attribute's or element's local name.
        NoSuchOperation, VersionNotOffered, BadRequest
    """
    if not len(request.body):
        raise Malformed("the body is empty; a request by POST stands in it, whatever the query says")
    document, _ = soap.unwrap(
        xml.read(
            request.body,
            DATA,
            charset=charset(request),
            bounds=Bounds(depth=limits.depth, values=limits.values),
        )
    )
    root, languages = document.root, wished(None, request)
    name = etree.QName(root)
    other = NAMESPACES.get(name.namespace or "")
    capabilities = other is not None and name.localname == "GetCapabilities"
    if other not in (None, VERSION) and not capabilities:
        raise VersionNotOffered(f"version {other} is not offered here; offered: {', '.join(offered)}")
    if name.namespace not in (WPS, CONTROL) and not capabilities:
        stray = misplaced(root, _OPERATIONS)
        raise NoSuchOperation(f"there is no operation {shown(root)} of WPS {VERSION}{stray}", name.localname)
    if attribute(root, "service") is None:
        raise MissingParameter("service")
    check_service(attribute(root, "service") or "")
    if capabilities:
        return _capabilities(root, offered, languages)
    version = attribute(root, "version")
    if version is None:
        raise MissingParameter("version")
    ows.check_version(version, VERSION, offered)
    if name.namespace == WPS and name.localname == "Execute":
        command = execute(document, languages, request.body, limits)
        if manner.soap is not None and command.single:
            raise OptionNotOffered("raw data cannot stand in a SOAP envelope", "response")
        return command
    if name.namespace == WPS and name.localname == "DescribeProcess":
        return _describe(root, languages)
    operations = JOBS if name.namespace == WPS else control.COMMANDS
    if name.localname not in operations:
        stray = misplaced(root, _OPERATIONS)
        raise NoSuchOperation(f"there is no operation {shown(root)} of WPS {VERSION}{stray}", name.localname)
    return operations[name.localname](_job(root))


def charset(request: HttpRequest) -> str | None:
    """As the Content-Type has it."""
    parsed = media_type(request.headers.get("content-type", ""))
    return parsed.parameters.get("charset") if parsed else None


# Operations that name a job, and nothing else.
JOBS: Final[Mapping[str, Callable[[str], Command]]] = MappingProxyType(
    {
        "GetStatus": GetStatus,
        "GetResult": GetResults,
        "Dismiss": lambda job: Dismiss(job, transient=True),
    }
)


_OPERATIONS: Final = (
    *map(wps, ("GetCapabilities", "DescribeProcess", "Execute", *JOBS)),
    *map(control.element, control.COMMANDS),
)


def check_service(given: str) -> None:
    """
    Raises:
        BadParameter
    """
    if given.upper() != SERVICE:
        raise BadParameter(f"the service here is {SERVICE}; given {quoted(given, 40)}", "service")


def _capabilities(root: Element, offered: Sequence[str], languages: Languages) -> DescribeServer:
    """Versions are accepted across editions, so that the request may be in the words of another; which one answers
    was decided before (see wps.manner).
    """
    ows.check_capabilities(root)
    accepted = _texts(root, "AcceptVersions", "Version")
    version = attribute(root, "version")  # not of this request, but clients write it
    ows.version(accepted or (() if version is None else (version,)), offered)
    wanted = _texts(root, "AcceptLanguages", "Language")
    return DescribeServer(
        Languages(None, wanted or languages.accepted),
        frozenset(_texts(root, "Sections", "Section")) or None,
        attribute(root, "updateSequence"),
    )


def _texts(root: Element, group: str, name: str) -> tuple[str, ...]:
    found = child(root, f"{{*}}{group}")
    return () if found is None else tuple(text(one) for one in found.iterfind(f"{{*}}{name}"))


def _describe(root: Element, languages: Languages) -> DescribeProcesses:
    _only(root, in_ows("Identifier"))
    ids = tuple(text(one) for one in root.findall(in_ows("Identifier")))
    if not any(ids):
        raise MissingParameter("Identifier", "element 'ows:Identifier' is missing: of what process?")
    wanted = attribute(root, _LANG) or attribute(root, "lang")
    return DescribeProcesses(ids, Languages(wanted, languages.accepted))


def _only(root: Element, name: str) -> None:
    """
    Raises:
        BadRequest: something else stands in it than elements of that name, and extensions.
    """
    for one in root:
        if one.tag not in (name, wps("Extension")):
            stray = misplaced(one, (name,))
            raise BadRequest(f"{shown(root)} takes no {shown(one)}{stray}", etree.QName(one).localname)
    check_blank(root)


def _job(root: Element) -> str:
    """The job that a request names: of `wps:JobID`, with the line breaks around it trimmed."""
    _only(root, wps("JobID"))
    found = child(root, wps("JobID"))
    if found is None or not text(found):
        raise MissingParameter("JobID", "element 'wps:JobID' is missing: of what job?")
    return text(found)
