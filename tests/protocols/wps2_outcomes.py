"""Outcomes as the edition 2.0.2 writes them: what a client gets, and whether the schemas take it."""

from __future__ import annotations

from typing import Any

from lxml import etree
from ogcapi_outcomes import PLAIN, RICH, SUCCEEDED

from azenha.domain.messages import Asked, OutputRequest, OutputValue, ResponseForm, Results, Transmission
from azenha.domain.process import Catalogue, Domain, OutputDescription, Text
from azenha.domain.values import Value
from azenha.protocols.http import Encoding, FileSlice, HttpReply, HttpRequest, Limits, Site
from azenha.protocols.wps_dialect import Wps, wps
from azenha.protocols.xml_write import XLINK
from azenha.settings import Wps as Settings
from azenha.web.encode import encoder
from schemas import OWS2, WPS2, carried, valid

SITE = Site("http://server.example/wps/2.0.0", "The Mill", "Grinds data <fine>")
GENERAL, *OWN = wps(Limits(), Settings())
EDITION: Wps = next(dialect for dialect in OWN if dialect.mount == "/wps/2.0.0")
SOAP = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
OFFERED = Catalogue({RICH.description.id: RICH})
HREF = f"{{{XLINK}}}href"

__all__ = ["PLAIN", "RICH"]


def wps2(name: str) -> str:
    return f"{{{WPS2}}}{name}"


def ows2(name: str) -> str:
    return f"{{{OWS2}}}{name}"


def asked(name: str = "GetStatus", soap: str | None = None) -> HttpRequest:
    """A request by POST, of which only its manner matters."""
    body = f'<wps:{name} xmlns:wps="{WPS2}"/>'
    if soap is not None:
        body = f'<s:Envelope xmlns:s="{SOAP[soap]}"><s:Body>{body}</s:Body></s:Envelope>'
    return HttpRequest("POST", "/", "", {}, body.encode(), body.encode())


def get(query: str = "service=WPS&version=2.0.0&request=GetResult") -> HttpRequest:
    return HttpRequest("GET", "/", query)


def written(outcome: Any, request: HttpRequest | None = None, site: Site = SITE) -> HttpReply:
    return EDITION.write(outcome, request or asked(), site)


def content(reply: HttpReply) -> bytes:
    """The body as a client gets it: files read, and encoded as they are to be."""
    pieces = []
    for piece in reply.body:
        if isinstance(piece, FileSlice):
            with open(piece.path, "rb") as file:
                file.seek(piece.start)
                data = file.read(piece.end - piece.start)
            encode = encoder(piece.encoding)
            pieces.append(encode(data) + encode(b"") if piece.encoding is not Encoding.NONE else data)
        else:
            pieces.append(piece)
    return b"".join(pieces)


def root(reply: HttpReply) -> etree._Element:
    """The document of a reply; valid by the official schemas, in an envelope too."""
    found = valid(content(reply))
    if etree.QName(found).localname != "Envelope":
        return found
    (inner,) = carried(found)
    return inner


def texts(element: etree._Element, name: str) -> list[str]:
    return [one.text or "" for one in element.iter(f"{{*}}{name}")]


def output(
    id: str,
    *values: Value,
    domain: Domain | None = None,
    request: OutputRequest | None = None,
    by: Transmission | None = None,
) -> OutputValue:
    return OutputValue(id, values, len(values) != 1, request or OutputRequest(transmission=by), domain)


def results(
    *outputs: OutputValue,
    form: ResponseForm = ResponseForm.DOCUMENT,
    dialect: str = "wps",
    version: str = "2.0.0",
    folder: object = "/data/j1",
    several: bool | None = None,
) -> Results:
    made = Asked(dialect, version, response=form)
    return Results(
        SUCCEEDED, outputs, made, str(folder), several=len(outputs) > 1 if several is None else several
    )


def described(domain: Domain) -> OutputDescription:
    return OutputDescription("o", domain, Text("O"))
