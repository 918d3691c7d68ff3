"""Requests of WPS 1.0.0 by POST: XML, bare or in a SOAP envelope (wpsGetCapabilities_request.xsd and its like)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from lxml import etree

from azenha.domain.errors import (
    BadParameter,
    Malformed,
    MissingParameter,
    NoSuchOperation,
    OptionNotOffered,
    VersionNotOffered,
)
from azenha.domain.formats import media_type
from azenha.domain.lexical import WHITE, quoted
from azenha.domain.messages import Command, DescribeProcesses, DescribeServer, OutputRequest
from azenha.domain.process import Format
from azenha.domain.values import Coding, Lexical, Raw, RawReference
from azenha.domain.written import Written
from azenha.protocols import kvp, ows, soap, xml
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.wps import values_in
from azenha.protocols.wps.manner import NAMESPACES, Manner, wished
from azenha.protocols.wps.unqualified import unqualify
from azenha.protocols.wps1 import execute
from azenha.protocols.wps1.parts import IDENTIFIER, Parts, children, each, identifier, parts_of
from azenha.protocols.wps1.words import HREF, VERSION
from azenha.protocols.wps1.words import ows as _ows
from azenha.protocols.wps1.words import wps as _wps
from azenha.protocols.xml import (
    Document,
    Element,
    attribute,
    check_attributes,
    check_blank,
    child,
    misplaced,
    shown,
    text,
)
from azenha.protocols.xml_cut import Bounds

# Attributes by the element that has them (wpsExecute_request.xsd).
_FORMAT: Final = ("mimeType", "encoding", "schema")
_OUTPUT: Final = (*_FORMAT, "uom")
_KINDS: Final = {
    _wps("ComplexData"): _FORMAT,
    _wps("LiteralData"): ("dataType", "uom"),
    _wps("BoundingBoxData"): ("crs", "dimensions"),
}
# Elements by the element that they stand in.
_HEADED: Final = (IDENTIFIER, _ows("Title"), _ows("Abstract"))
_INPUT: Final = (*_HEADED, _wps("Reference"), _wps("Data"))
_EXECUTE: Final = (IDENTIFIER, _wps("DataInputs"), _wps("ResponseForm"))

_BASE: Final = ("service", "version", "language")

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
        ows.check_version(version, VERSION, self.versions)


def _capabilities(reader: _Reader) -> Command:
    ows.check_capabilities(reader.root)
    check_attributes(reader.root, (*_BASE, "updateSequence"))
    accepted = child(reader.root, "{*}AcceptVersions")
    wanted = [] if accepted is None else [text(one) for one in accepted.iterfind("{*}Version")]
    version = attribute(reader.root, "version")
    ows.version(wanted or ([version] if version else []), reader.versions)
    return DescribeServer(reader.languages)


def _describe(reader: _Reader) -> Command:
    reader.check_version()
    children(reader.root, (IDENTIFIER,))
    check_attributes(reader.root, _BASE)
    ids = tuple(text(one) for one in reader.root.iterfind(_ows("Identifier")))
    if not ids or not all(ids):
        raise MissingParameter("Identifier")
    return DescribeProcesses(ids, reader.languages)


def _execute(reader: _Reader) -> Command:
    reader.check_version()
    root = reader.root
    unqualify(root)
    parts = parts_of(root, _EXECUTE)
    check_attributes(root, _BASE)
    process = identifier(root, parts)
    form = _form(reader, parts.get(_wps("ResponseForm")))
    inputs: dict[str, list[Raw]] = {}
    written = []
    for element in each(parts.get(_wps("DataInputs")), _wps("Input")):
        one = parts_of(element, _INPUT)
        id = identifier(element, one)
        raw, titles = _input(reader, element, one, id), _titles(one)
        inputs.setdefault(id, []).append(raw)
        if form.lineage:
            written.append(_written(one, id, raw, titles))
    several = {id: tuple(values) for id, values in inputs.items()}
    return execute.command(process, several, form, reader.languages, written)


# -- inputs ----------------------------------------------------------------------------------------


def _input(reader: _Reader, element: Element, parts: Parts, id: str) -> Raw:
    check_attributes(element, (), id)
    reference, data = parts.get(_wps("Reference")), parts.get(_wps("Data"))
    if (reference is None) == (data is None):
        raise BadParameter(f"input '{id}' has one of Data and Reference", id)
    if data is not None:
        return _data(reader, data, id)
    assert reference is not None
    return _reference(reader, reference, id)


def _data(reader: _Reader, element: Element, id: str) -> Raw:
    check_blank(element, id)
    check_attributes(element, (), id)
    if len(element) != 1:
        raise BadParameter(f"input '{id}': Data holds one of ComplexData, LiteralData, BoundingBoxData", id)
    one = element[0]
    if one.tag not in _KINDS:
        raise BadParameter(f"input '{id}': Data holds {shown(one)}, which is no data", id)
    check_attributes(one, _KINDS[one.tag], id)
    if one.tag == _wps("ComplexData"):
        return _complex(reader, one, id)
    if one.tag == _wps("LiteralData"):
        return _literal(reader, one, id)
    children(one, (_ows("LowerCorner"), _ows("UpperCorner")))
    return values_in.box(*_corners(one), attribute(one, "crs"), attribute(one, "dimensions"), id)


def _corners(box: Element) -> tuple[Element | None, Element | None]:
    return child(box, _ows("LowerCorner")), child(box, _ows("UpperCorner"))


def _format(element: Element) -> Format | None:
    return ows.format_of(*(attribute(element, name) for name in _FORMAT))


def _written(parts: Parts, id: str, raw: Raw, titles: tuple[str | None, str | None]) -> Written:
    """An input, which was read."""
    data = parts.get(_wps("Data"))
    one = parts[_wps("Reference")] if data is None else data[0]
    box = one.tag == _wps("BoundingBoxData")
    lower, upper = _corners(one) if box else (None, None)
    return Written(
        id,
        *titles,
        _format(one),
        attribute(one, "uom"),
        attribute(one, "dataType"),
        raw.text if isinstance(raw, Lexical) else None,
        None if lower is None or upper is None else (text(lower), text(upper)),
        attribute(one, "crs"),
        attribute(one, "dimensions"),
    )


def _titles(parts: Parts) -> tuple[str | None, str | None]:
    """Title and abstract that the client gave, as they stand there."""
    title, abstract = parts.get(_ows("Title")), parts.get(_ows("Abstract"))
    for one in (title, abstract):
        if one is not None:
            text(one)  # and nothing else
    return (
        None if title is None else title.text or "",
        None if abstract is None else abstract.text or "",
    )


def _complex(reader: _Reader, element: Element, id: str) -> Raw:
    found = reader.document.data(element, id)
    if isinstance(found, str) and len(element):
        one = shown(element[0])
        unfit = f"got the element {one}; in WPS {VERSION} a literal is wps:LiteralData, and a box wps:BoundingBoxData"
        return replace(values_in.lexical(found, reader.limits, format=_format(element)), unfit=unfit)
    return values_in.data(found, reader.request.body, reader.limits, format=_format(element))


def _literal(reader: _Reader, element: Element, id: str) -> Raw:
    found = reader.document.data(element, id)
    if len(element) or (not isinstance(found, str) and found.coding is Coding.XML):
        raise BadParameter(f"input '{id}': LiteralData takes text alone", id)
    unit, type = attribute(element, "uom"), attribute(element, "dataType")
    return values_in.data(found, reader.request.body, reader.limits, unit=unit, type=type)


def _reference(reader: _Reader, element: Element, id: str) -> RawReference:
    children(element, (_wps("Header"), _wps("Body"), _wps("BodyReference")))
    check_attributes(element, (*_FORMAT, "href", "method"), id)
    body, body_reference = child(element, _wps("Body")), child(element, _wps("BodyReference"))
    if body_reference is not None:
        _empty(body_reference, ("href",), id)
    headers = []
    for header in element.iterfind(_wps("Header")):
        _empty(header, ("key", "value"), id)
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


def _empty(element: Element, attributes: Collection[str], id: str) -> None:
    """An element that has these attributes, and nothing in it."""
    check_blank(element, id)
    check_attributes(element, attributes, id)
    if len(element):
        raise BadParameter(f"input '{id}': {shown(element)} holds {shown(element[0])}; it takes nothing", id)


def _href(element: Element) -> str | None:
    """An address. That of an output has no namespace in this edition, and is passed on as it came as an input."""
    return attribute(element, HREF) or attribute(element, "href")


# -- outputs ---------------------------------------------------------------------------------------


def _form(reader: _Reader, element: Element | None) -> execute.Form:
    if element is None:
        return execute.Form()
    forms = parts_of(element, (_wps("RawDataOutput"), _wps("ResponseDocument")))
    check_attributes(element, ())
    raw, document = forms.get(_wps("RawDataOutput")), forms.get(_wps("ResponseDocument"))
    if raw is not None and document is not None:
        raise BadParameter("RawDataOutput and ResponseDocument exclude each other", "RawDataOutput")
    if raw is not None:
        if reader.in_envelope:
            raise OptionNotOffered("raw data cannot stand in a SOAP envelope", "RawDataOutput")
        parts = parts_of(raw, (IDENTIFIER,))
        check_attributes(raw, _OUTPUT)
        return execute.Form({identifier(raw, parts): _output(raw)}, raw=True)
    if document is None:
        return execute.Form()
    found = children(document, (_wps("Output"),))
    check_attributes(document, ("storeExecuteResponse", "lineage", "status"))
    outputs: dict[str, OutputRequest] = {}
    written = []
    for one in found:
        parts = parts_of(one, _HEADED)
        id, (title, abstract) = identifier(one, parts), _titles(parts)
        check_attributes(one, (*_OUTPUT, "asReference"), id)
        execute.add_output(outputs, id, _output(one, title, abstract))
        written.append(Written(id, title, abstract, _format(one), attribute(one, "uom")))
    return execute.Form(
        outputs or None,
        store=_flag(document, "storeExecuteResponse"),
        lineage=_flag(document, "lineage"),
        status=_flag(document, "status"),
        written=tuple(written),
    )


def _flag(element: Element, name: str) -> bool:
    return kvp.boolean(attribute(element, name) or "false", name)


def _output(element: Element, title: str | None = None, abstract: str | None = None) -> OutputRequest:
    return execute.output(
        *(attribute(element, name) for name in _OUTPUT),
        by_reference=_flag(element, "asReference"),
        title=(title or "").strip(WHITE) or None,
        abstract=(abstract or "").strip(WHITE) or None,
    )
