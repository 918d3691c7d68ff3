"""WPS 1.0.0 as one edition of the dialect: see `azenha.protocols.wps.edition`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from azenha.domain.errors import AppError, NoSuchResult
from azenha.domain.languages import in_language
from azenha.domain.messages import (
    Accepted,
    ApiDescribed,
    Command,
    JobRecord,
    Outcome,
    ProcessesDescribed,
    Results,
    ServerDescribed,
)
from azenha.domain.process import Offering
from azenha.protocols import soap
from azenha.protocols.http import HttpReply, HttpRequest, Limits, Site
from azenha.protocols.kept import Kept
from azenha.protocols.kvp import Parameters
from azenha.protocols.services.addresses import links as service_links
from azenha.protocols.wps import outputs
from azenha.protocols.wps.manner import Manner
from azenha.protocols.wps1 import capabilities, describe, faults, kvp, read, response, wsdl
from azenha.protocols.wps1.response import Spoken
from azenha.protocols.wps1.words import NAMESPACES, VERSION
from azenha.protocols.xml_write import MEDIA_TYPE, Tag, Verbatim, document, fragment

Headers = tuple[tuple[str, str], ...]

PIECES = 4096  # descriptions that are kept rendered
SEVERAL = 16  # documents of several descriptions, which may be large


class Wps1:
    """The edition at one address."""

    version = VERSION

    def __init__(self, limits: Limits, versions: Sequence[str] = (VERSION,)) -> None:
        """Args: versions: all that are spoken at the address, the default first."""
        self._limits = limits
        self._versions = tuple(versions)
        self._replies = Kept(32)
        self._pieces = Kept(PIECES)
        self._ones = Kept(PIECES)
        self._several = Kept(SEVERAL)

    def read_query(self, parameters: Parameters, request: HttpRequest) -> Command:
        return kvp.read(parameters, request, self._versions, self._limits.of_request())

    def read_body(self, request: HttpRequest, manner: Manner) -> Command:
        return read.read(request, manner, self._versions, self._limits.of_request())

    def fault(self, error: AppError, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        return faults.fault(error, manner.soap)

    def write(self, outcome: Outcome, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        match outcome:
            case ServerDescribed():
                return self._capabilities(outcome, manner, site)
            case ProcessesDescribed():
                return self._descriptions(outcome, manner, site)
            case ApiDescribed():
                return HttpReply(200, (("Content-Type", wsdl.MEDIA_TYPE),), wsdl.wsdl(site))
            case Accepted():
                return _reply(response.accepted(outcome, self._process(outcome, site), site), manner)
            case JobRecord():
                located = outcome.request.asked.store or request.path != "/"
                headers: Headers = () if request.path == "/" else (("Cache-Control", "no-store"),)
                process = self._process(outcome, site)
                return _reply(response.record(outcome, process, site, located=located), manner, headers)
            case Results():
                return _raw(outcome, site)
        raise AssertionError("no command of this dialect leads here")

    def _capabilities(self, outcome: ServerDescribed, manner: Manner, site: Site) -> HttpReply:
        def render() -> HttpReply:
            offerings = outcome.catalogue.offerings
            found = (self._spoken(offerings[id], outcome.language, site) for id in sorted(offerings))
            processes = [process.brief for process in found]
            root = capabilities.capabilities(
                processes, site, self._versions, outcome.languages, outcome.language
            )
            return _tagged(_reply(root, manner))

        key = ("capabilities", id(outcome.catalogue), site, outcome.languages, outcome.language, manner.soap)
        return self._replies.reply(key, outcome.catalogue, render)

    def _descriptions(self, outcome: ProcessesDescribed, manner: Manner, site: Site) -> HttpReply:
        def render() -> HttpReply:
            root = Tag(
                "wps:ProcessDescriptions",
                *(self._description(one, outcome.language, site) for one in outcome.offerings),
                attributes={"service": "WPS", "version": VERSION, "xml:lang": outcome.language},
            )
            return _tagged(_reply(root, manner))

        kept = self._ones if len(outcome.offerings) == 1 else self._several
        key = (*map(id, outcome.offerings), outcome.language, manner.soap)
        return kept.reply(key, outcome.offerings, render)

    def _process(self, outcome: Accepted | JobRecord, site: Site) -> Spoken:
        """The process of a job, in the language of its request."""
        request = outcome.request
        assert request is not None
        if outcome.offering is None:
            return response.unknown(request)
        return self._spoken(outcome.offering, request.asked.language, site)

    def _spoken(self, offering: Offering, language: str, site: Site) -> Spoken:
        def render() -> Spoken:
            return response.spoken(in_language(offering.description, language, site.language))

        return self._pieces.reply(("brief", id(offering), language), offering, render)

    def _description(self, offering: Offering, language: str, site: Site) -> Verbatim:
        def render() -> Verbatim:
            described = in_language(offering.description, language, site.language)
            return Verbatim(fragment(describe.description(described), {}))

        return self._pieces.reply(("description", id(offering), language), offering, render)


def _reply(root: Tag, manner: Manner, headers: Headers = ()) -> HttpReply:
    """A document, in the envelope that the request came in."""
    if manner.soap is None:
        return HttpReply(200, (("Content-Type", MEDIA_TYPE), *headers), document(root, NAMESPACES))
    body = soap.wrap(root, manner.soap, NAMESPACES)
    return HttpReply(200, (("Content-Type", manner.soap.media_type), *headers), body)


def _tagged(reply: HttpReply) -> HttpReply:
    """With a validator: it changes with what is offered alone. Which language it is in, a header may decide."""
    digest = hashlib.sha256()
    for part in reply.body:
        assert isinstance(part, bytes)
        digest.update(part)
    more = (("ETag", f'"{digest.hexdigest()[:32]}"'), ("Vary", "Accept-Language"))
    return HttpReply(reply.status, reply.headers + more, reply.body)


def _raw(outcome: Results, site: Site) -> HttpReply:
    """The one output that was asked for, and nothing else.

    Raises:
        NoSuchResult: the process left it out.
    """
    output = next(iter(outcome.outputs), None)
    if output is None or not output.values:
        raise NoSuchResult("RawDataOutput", "the process gave no value for the output that was asked for")
    if served := service_links(output, outcome.job.id, site):
        return HttpReply(302, (("Location", served[0].href),))
    return outputs.reply(output.id, output.values[0], output.domain, outcome.folder)
