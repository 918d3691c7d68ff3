"""The addresses of published outputs as a dialect: which output is meant, and what goes wrong in the words of OWS.

What is asked of the output is not read here: it goes to the publisher as it is, and so comes the answer. Only errors
are ours: reports of OWS Common 1.1 (06-121r3), of WMS as it has them, and JSON at OGC API - Features.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from azenha.domain import errors
from azenha.domain.errors import AppError, MethodNotAllowed, NoSuchService, NotFound
from azenha.domain.messages import GetService, Outcome
from azenha.protocols import json, ows
from azenha.protocols.http import HttpReply, HttpRequest, Site
from azenha.protocols.services.addresses import MOUNT
from azenha.protocols.xml_write import MEDIA_TYPE, Tag, document

METHODS: Final = ("GET", "HEAD", "POST")
_PATH: Final = re.compile(r"/([^/]+)/([^/]+)(/.*)?")
_WMS: Final = re.compile(r"(^|&)(service=wms|layers=|layer=)", re.IGNORECASE)
_OWS: Final = {
    "ows": "http://www.opengis.net/ows/1.1",
}
_OGC: Final = {"ogc": "http://www.opengis.net/ogc"}


@dataclass(slots=True)
class Services:
    """See `azenha.protocols.http.Dialect` and `Bounded`.

    Attributes:
        largest: bytes of a body (setting services.body).
    """

    largest: int
    name: str = "services"
    mount: str = MOUNT
    setting: str = "services.body"

    def read(self, request: HttpRequest) -> GetService:
        match = _PATH.fullmatch(request.path)
        if match is None:
            raise NoSuchService(MOUNT + request.path)
        if request.method not in METHODS:
            raise MethodNotAllowed(request.method, METHODS)
        return GetService(match[1], match[2], match[3] or "")

    def write(self, outcome: Outcome, request: HttpRequest, site: Site) -> HttpReply:
        raise AssertionError("what is answered here is the publisher's")

    def fault(self, error: AppError, request: HttpRequest, site: Site) -> HttpReply:
        code, status = ows.fault(error, ows.FAULTS)
        if isinstance(error, NotFound):
            # Whoever comes late must be able to see that it is for good.
            code, status = "NoApplicableCode" if isinstance(error, NoSuchService) else code, 404
        headers = _headers(error)
        if "/ogcapi" in request.path:
            told = json.dump({"code": code, "description": str(error)})
            return HttpReply(status, (("Content-Type", "application/json"), *headers), (told,))
        if _WMS.search(request.query):
            # WMS 1.3.0 (06-042) §6.11; of its codes none fits.
            report = Tag(
                "ogc:ServiceExceptionReport",
                Tag("ogc:ServiceException", str(error)),
                attributes={"version": "1.3.0"},
            )
            return HttpReply(status, (("Content-Type", MEDIA_TYPE), *headers), document(report, _OGC))
        locator = None if code == "NoApplicableCode" else error.locator
        report = ows.exception_report([ows.OwsException(code, str(error), locator)], ows.Edition.V1_1, None)
        return HttpReply(status, (("Content-Type", MEDIA_TYPE), *headers), document(report, _OWS))


def _headers(error: AppError) -> tuple[tuple[str, str], ...]:
    if type(error) is errors.MethodNotAllowed:
        return (("Allow", ", ".join(error.allowed)),)
    retry_after = getattr(error, "retry_after", None)
    return () if retry_after is None else (("Retry-After", str(retry_after)),)
