"""What of a client's request `mapserv` gets to see: the parameters of the OGC's services, and no others.

MapServer has an interface of its own beside them (`map`, `mode`, `map_layer_…`, `imgxy` …), by which a client could
choose another MAP file or change this one. Its own settings close that too; this is the first of the two doors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from azenha.domain.errors import (
    BadParameter,
    BadRequest,
    MethodNotAllowed,
    OptionNotOffered,
    TooLarge,
    UnsupportedMediaType,
)
from azenha.usecases.ports import ServiceRequest

API: Final = "/ogcapi"  # below the address of the services


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON: Final = _words(
    "service request version acceptversions acceptformats sections updatesequence language"
)
_WMS: Final = _words(
    """wmtver layers styles srs crs bbox width height format transparent bgcolor exceptions query_layers info_format
    feature_count x y i j layer style rule scale sld_version time elevation map_resolution radius tolerance"""
)
_WFS: Final = _words(
    """typename typenames propertyname featureid featureids resourceid maxfeatures count startindex filter
    filter_language outputformat resulttype sortby srsname bbox namespace namespaces aliases storedquery_id
    storedqueryid valuereference resolve resolvedepth resolvetimeout"""
)
_WCS: Final = _words(
    """coverage coverages coverageid identifier identifiers format crs response_crs bbox boundingbox resx resy width
    height interpolation subset subsetx subsety subsettingcrs outputcrs rangesubset scalefactor scaleaxes scalesize
    scaleextent scale resolution size mediatype gridbasecrs gridcs gridtype gridorigin gridoffsets time store"""
)
# Who names a coverage, in all versions of WCS: parameters, and elements of what is posted.
_COVERAGES: Final = _words("coverage coverageid identifier identifiers sourcecoverage")
_API: Final = ("f", "limit", "offset", "bbox", "bbox-crs", "datetime")
_KNOWN: Final = {
    "WMS": _COMMON | _WMS,
    "WFS": _COMMON | _WFS,
    "WCS": _COMMON | _WCS,
}
_REFUSED: Final = re.compile(
    r"map|mode|sld|sld_body|map[._](?!resolution$).*|layer[._].*|config|qstring|queryfile|savequery"
)
_FORM: Final = "application/x-www-form-urlencoded"
_XML: Final = ("text/xml", "application/xml")
_NAMESPACES: Final = (
    ("http://www.opengis.net/wfs", "WFS"),
    ("http://www.opengis.net/wcs", "WCS"),
)
_MOST: Final = 200  # parameters
_LONGEST: Final = 100_000  # bytes of a query: it becomes a variable, and Linux allows 128 KiB for one
_API_PATH: Final = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]{1,100}){0,6}/?")


@dataclass(frozen=True, slots=True)
class Passed:
    """What is passed on: a query, and what is posted (None: nothing is).

    Attributes:
        coverages: the names of coverages in it, casefolded, for so are they compared.
    """

    query: str
    body: bytes | None = None
    coverages: frozenset[str] = frozenset()


def passed(request: ServiceRequest) -> Passed:
    """What is passed on; of a posted form its parameters are a query as well.

    Raises:
        BadParameter: the parameter belongs to MapServer's own interface, or is none of OGC API - Features; or the
            service is none.
        OptionNotOffered: styles of a client's (SLD).
        TooLarge: a form has more than can be passed on.
        MethodNotAllowed, UnsupportedMediaType, BadRequest
    """
    found = _passed(request)
    if len(found.query) > _LONGEST:
        raise TooLarge(
            f"the parameters are {len(found.query):,} bytes; at most {_LONGEST:,} are passed on. "
            "What is longer, such as a filter, can be posted as XML"
        )
    return found


def _passed(request: ServiceRequest) -> Passed:
    pairs = _pairs(request.query)
    if is_api(request):
        if request.method == "POST":
            raise MethodNotAllowed("POST", ("GET", "HEAD"))
        if not _API_PATH.fullmatch(request.path.removeprefix(API)):
            raise BadRequest(f"'{request.path[:100]}' is no path of OGC API - Features", "path")
        return Passed(urlencode(list(_of_api(_refuse(pairs)))))
    if request.method == "POST" and _type(request) == _FORM:
        pairs += _pairs(_text(request.body))
    pairs = _refuse(pairs)
    if request.method == "POST" and _type(request) in _XML:
        service, body, texts = _read(request.body)
        pairs = _kept(pairs, service)
        return Passed(urlencode(pairs), body, _coverages([*pairs, *texts]))
    if request.method == "POST" and _type(request) != _FORM:
        raise UnsupportedMediaType(
            f"what is posted is XML or a form; it is declared as '{_type(request)[:60]}'", "Content-Type"
        )
    named = [value.upper() for name, value in pairs if name.lower() == "service"]
    # WMS 1.1.1 names no service where the operation is not GetCapabilities.
    service = named[0] if named else "WMS"
    if service not in _KNOWN:
        raise BadParameter(f"'service' is WMS, WFS or WCS; given '{service[:40]}'", "service")
    given = dict.fromkeys(name.lower() for name, _ in pairs)
    if "request" not in given:
        raise BadParameter("parameter 'request' is missing", "request")
    pairs = _kept(pairs, service)
    return Passed(
        urlencode([*(() if named else (("service", service),)), *pairs]), coverages=_coverages(pairs)
    )


def is_api(request: ServiceRequest) -> bool:
    return request.path == API or request.path.startswith(f"{API}/")


def describes(request: ServiceRequest, passed: Passed) -> bool:
    """Whether it asks what there is (capabilities, a collection), and not for data."""
    if is_api(request):
        return "/items" not in request.path
    if passed.body is not None:
        return re.search(rb"<(\w+:)?GetCapabilities\b", passed.body) is not None
    asked = (value.lower() for name, value in parse_qsl(passed.query) if name.lower() == "request")
    return "getcapabilities" in asked


def _type(request: ServiceRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError:
        raise BadParameter(f"the query is no UTF-8, or has more than {_MOST} parameters", "query") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError:
        raise BadRequest("the form that is posted is not %-encoded", "Content-Type") from None


def _refuse(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """
    Raises:
        BadParameter, OptionNotOffered
    """
    for name, value in pairs:
        if _REFUSED.fullmatch(name.lower()):
            if name.lower().startswith("sld"):
                raise OptionNotOffered("styles of a client's (SLD) are not drawn here", name)
            raise BadParameter(f"parameter '{name[:60]}' is not taken here: the map is as it is", name[:60])
        if "\0" in name or "\0" in value:
            raise BadParameter("a parameter must not hold the character NUL", name[:60])
    return list(pairs)


def _of_api(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """OGC 17-069r4 /req/core/query-param-unknown: whoever filters by what is no filter here would get all of it.

    Raises:
        BadParameter
    """
    for name, value in pairs:
        if name not in _API:
            raise BadParameter(
                f"there is no parameter '{name[:60]}' here; there is {', '.join(_API)}", name[:60]
            )
        yield name, value


def _kept(pairs: Iterable[tuple[str, str]], service: str) -> list[tuple[str, str]]:
    """What is not of the service is ignored (OWS Common §11.5.2): clients send much of their own."""
    return [(name, value) for name, value in pairs if name.lower() in _KNOWN[service]]


def _coverages(pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    texts = (value for name, value in pairs if name.lower() in _COVERAGES)
    return frozenset(one.strip().casefold() for text in texts for one in text.split(","))


def _read(body: bytes) -> tuple[str, bytes, list[tuple[str, str]]]:
    """The service that is asked; the request, written anew: what was looked at here is what is read there; and the
    texts in it by the names of their elements.

    Raises:
        BadRequest: it is no XML that is read here, or none of WFS or WCS.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise BadRequest(f"what is posted is not well formed: {error}"[:200]) from None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise BadRequest("what is posted must have no DOCTYPE")
    namespace = etree.QName(root).namespace or ""
    for start, service in _NAMESPACES:
        if namespace == start or namespace.startswith(f"{start}/"):
            texts = [(etree.QName(one).localname, one.text or "") for one in root.iter("*")]
            return (
                service,
                etree.tostring(root, encoding="UTF-8", xml_declaration=True, with_tail=False),
                texts,
            )
    raise BadRequest(f"what is posted is no request of WFS or WCS; its namespace is '{namespace[:100]}'")
