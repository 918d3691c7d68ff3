"""Requests of WPS 1.0.0 by POST: XML, bare or in a SOAP envelope (wpsGetCapabilities_request.xsd and its like)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from azenha.domain.messages import Command, DescribeProcesses, DescribeServer, OutputRequest
from azenha.domain.process import Format
from azenha.domain.values import Coding, Raw, RawReference
from azenha.protocols import kvp, ows, soap, xml
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.wps import values_in
from azenha.protocols.wps.manner import NAMESPACES, Manner, wished
from azenha.protocols.wps1 import execute
from azenha.protocols.wps1.kvp import check_version
from azenha.protocols.wps1.words import HREF, VERSION
from azenha.protocols.wps1.words import ows as _ows
from azenha.protocols.wps1.words import wps as _wps
from azenha.protocols.xml import Document, Element, attribute, child, misplaced, shown, text
from azenha.protocols.xml_cut import Bounds

DATA: Final = frozenset({_wps("ComplexData"), _wps("LiteralData"), _wps("Body")})


def read(request: HttpRequest, manner: Manner, versions: Sequence[str], limits: Limits) -> Command:
    """Decode a body.

    Args:
        versions: spoken at this address, the default first.
    Raises:
        Malformed: no XML, or no body at all: the query never stands for it.
        BadRequest: MissingParameter, BadParameter, VersionNotOffered, NoSuchOperation, OptionNotOffered …
    """
    if not len(request.body):
        raise Malformed("the body is empty; a request by POST stands in it, whatever the query says")
    document, envelope = soap.unwrap(
        xml.read(
            request.body,
            DATA,
            charset=_charset(request),
            bounds=Bounds(depth=limits.depth, values=limits.values),
        )
    )
    root = document.root
    name = etree.QName(root)
    reads = {
        "GetCapabilities": _capabilities,
        "DescribeProcess": _describe,
        "Execute": _execute,
    }
    other = NAMESPACES.get(name.namespace or "")
    # A request for the capabilities may ask, in the words of one edition, for those of another (see wps.manner).
    if other not in (None, VERSION) and name.localname != "GetCapabilities":
        raise VersionNotOffered(f"version {other} is not offered here; offered: {', '.join(versions)}")
    if other is None or name.localname not in reads:
        stray = misplaced(root, map(_wps, reads))
        raise NoSuchOperation(f"there is no operation {shown(root)} in WPS {VERSION}{stray}", name.localname)
    service = attribute(root, "service")
    if service is None:
        raise MissingParameter("service")
    if service.lower() != "wps":
        raise BadParameter(f"service is WPS; given {quoted(service)}", "service")
    reader = _Reader(document, request, versions, limits, in_envelope=envelope is not None)
    return reads[name.localname](reader)


def _charset(request: HttpRequest) -> str | None:
    parsed = media_type(request.headers.get("content-type", ""))
    return parsed.parameters.get("charset") if parsed else None


class _Reader:
    """One request."""

    def __init__(
        self,
        document: Document,
        request: HttpRequest,
        versions: Sequence[str],
        limits: Limits,
        *,
        in_envelope: bool,
    ) -> None:
        self.document = document
        self.root = document.root
        self.request = request
        self.versions = versions
        self.limits = limits
        self.in_envelope = in_envelope
        self.languages = wished(attribute(self.root, "language"), request)

    def check_version(self) -> None:
        version = attribute(self.root, "version")
        if version is None:
            raise MissingParameter("version")
        check_version(version)

    def identifier(self, element: Element) -> str:
        found = child(element, _ows("Identifier"))
        name = "" if found is None else text(found)
        if not name:
            raise MissingParameter("Identifier", f"element {shown(element)} has no identifier")
        return name


def _capabilities(reader: _Reader) -> Command:
    accepted = child(reader.root, "{*}AcceptVersions")
    wanted = [] if accepted is None else [text(one) for one in accepted.iterfind("{*}Version")]
    version = attribute(reader.root, "version")
    ows.version(wanted or ([version] if version else []), reader.versions)
    return DescribeServer(reader.languages)


def _describe(reader: _Reader) -> Command:
    reader.check_version()
    ids = tuple(text(one) for one in reader.root.iterfind(_ows("Identifier")))
    if not ids or not all(ids):
        raise MissingParameter("Identifier")
    return DescribeProcesses(ids, reader.languages)


def _execute(reader: _Reader) -> Command:
    reader.check_version()
    root = reader.root
    _known(root, _ows("Identifier"), _wps("DataInputs"), _wps("ResponseForm"))
    process = reader.identifier(root)
    inputs: dict[str, list[Raw]] = {}
    for element in _children(child(root, _wps("DataInputs")), _wps("Input")):
        id = reader.identifier(element)
        inputs.setdefault(id, []).append(_input(reader, element, id))
    form = _form(reader, child(root, _wps("ResponseForm")))
    several = {id: tuple(values) for id, values in inputs.items()}
    return execute.command(process, several, form, reader.languages)


def _children(element: Element | None, name: str) -> Iterator[Element]:
    """Those of an element that holds these alone; an empty or absent one has none."""
    if element is not None:
        _known(element, name)
        yield from element


def _known(element: Element, *names: str) -> None:
    """
    Raises:
        BadRequest: something else stands in it. Nothing is passed over.
    """
    for one in element:
        if one.tag not in names:
            local = etree.QName(one).localname
            known = ", ".join(etree.QName(name).localname for name in names)
            stray = misplaced(one, names)
            raise BadRequest(f"element {shown(element)} holds {shown(one)}{stray}; it takes {known}", local)


# -- inputs ----------------------------------------------------------------------------------------


def _input(reader: _Reader, element: Element, id: str) -> Raw:
    _known(
        element, _ows("Identifier"), _ows("Title"), _ows("Abstract"), _ows("Metadata"),
        _wps("Reference"), _wps("Data"),
    )  # fmt: skip
    reference, data = child(element, _wps("Reference")), child(element, _wps("Data"))
    if (reference is None) == (data is None):
        raise BadParameter(f"input '{id}' has one of Data and Reference", id)
    if data is not None:
        return _data(reader, data, id)
    assert reference is not None
    return _reference(reader, reference, id)


def _data(reader: _Reader, element: Element, id: str) -> Raw:
    if len(element) != 1:
        raise BadParameter(f"input '{id}': Data holds one of ComplexData, LiteralData, BoundingBoxData", id)
    one = element[0]
    if one.tag == _wps("ComplexData"):
        return _complex(reader, one, id)
    if one.tag == _wps("LiteralData"):
        return _literal(reader, one, id)
    if one.tag == _wps("BoundingBoxData"):
        # A client of QGIS qualifies this attribute.
        dimensions = attribute(one, "dimensions") or attribute(one, _ows("dimensions"))
        lower, upper = (child(one, _ows(f"{name}Corner")) for name in ("Lower", "Upper"))
        return values_in.box(lower, upper, attribute(one, "crs"), dimensions, id)
    raise BadParameter(f"input '{id}': Data holds {shown(one)}, which is no data", id)


def _format(element: Element) -> Format | None:
    return ows.format_of(*(attribute(element, name) for name in ("mimeType", "encoding", "schema")))


def _complex(reader: _Reader, element: Element, id: str) -> Raw:
    found = reader.document.data(element, id)
    return values_in.data(found, reader.request.body, reader.limits, format=_format(element))


def _literal(reader: _Reader, element: Element, id: str) -> Raw:
    found = reader.document.data(element, id)
    if len(element) or (not isinstance(found, str) and found.coding is Coding.XML):
        raise BadParameter(f"input '{id}': LiteralData takes text alone", id)
    unit, type = attribute(element, "uom"), attribute(element, "dataType")
    return values_in.data(found, reader.request.body, reader.limits, unit=unit, type=type)


def _reference(reader: _Reader, element: Element, id: str) -> RawReference:
    _known(element, _wps("Header"), _wps("Body"), _wps("BodyReference"))
    body, body_reference = child(element, _wps("Body")), child(element, _wps("BodyReference"))
    headers = []
    for header in element.iterfind(_wps("Header")):
        key, value = attribute(header, "key"), attribute(header, "value")
        if key is None:
            raise BadParameter(f"input '{id}': a Header has a key", id)
        headers.append((key, value or ""))
    return values_in.reference(
        _href(element),
        _format(element),
        id,
        method=attribute(element, "method"),
        headers=headers,
        body=None if body is None else reader.document.data(body, id),
        body_href=None if body_reference is None else (_href(body_reference) or ""),
        message=reader.request.body,
    )


def _href(element: Element) -> str | None:
    """An address. That of an output has no namespace in this edition, and is passed on as it came as an input."""
    return attribute(element, HREF) or attribute(element, "href")


# -- outputs ---------------------------------------------------------------------------------------


def _form(reader: _Reader, element: Element | None) -> execute.Form:
    if element is None:
        return execute.Form()
    _known(element, _wps("RawDataOutput"), _wps("ResponseDocument"))
    raw, document = child(element, _wps("RawDataOutput")), child(element, _wps("ResponseDocument"))
    if raw is not None and document is not None:
        raise BadParameter("RawDataOutput and ResponseDocument exclude each other", "RawDataOutput")
    if raw is not None:
        if reader.in_envelope:
            raise OptionNotOffered("raw data cannot stand in a SOAP envelope", "RawDataOutput")
        return execute.Form({reader.identifier(raw): _output(raw)}, raw=True)
    if document is None:
        return execute.Form()
    outputs: dict[str, OutputRequest] = {}
    for one in _children(document, _wps("Output")):
        execute.add_output(outputs, reader.identifier(one), _output(one))
    return execute.Form(
        outputs or None,
        store=_flag(document, "storeExecuteResponse"),
        lineage=_flag(document, "lineage"),
        status=_flag(document, "status"),
    )


def _flag(element: Element, name: str) -> bool:
    return kvp.boolean(attribute(element, name) or "false", name)


def _output(element: Element) -> OutputRequest:
    _known(element, _ows("Identifier"), _ows("Title"), _ows("Abstract"), _ows("Metadata"))
    title, abstract = child(element, _ows("Title")), child(element, _ows("Abstract"))
    return execute.output(
        *(attribute(element, name) for name in ("mimeType", "encoding", "schema", "uom")),
        by_reference=_flag(element, "asReference"),
        title=None if title is None else text(title) or None,
        abstract=None if abstract is None else text(abstract) or None,
    )
