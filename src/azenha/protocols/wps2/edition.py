"""WPS 2.0.2 as one edition of the dialect: see `azenha.protocols.wps.edition`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from azenha.domain.errors import AppError, NoSuchJob, OptionNotOffered
from azenha.domain.job import Job, JobState
from azenha.domain.languages import in_language
from azenha.domain.messages import (
    Accepted,
    Command,
    Dismissed,
    JobRecord,
    Outcome,
    ProcessesDescribed,
    Results,
    ServerDescribed,
    Status,
)
from azenha.domain.process import Offering
from azenha.protocols import ows, soap
from azenha.protocols.http import HttpReply, HttpRequest, Limits, Part, Site
from azenha.protocols.kept import Kept
from azenha.protocols.kvp import Parameters
from azenha.protocols.validators import validated
from azenha.protocols.wps.manner import Manner
from azenha.protocols.wps2 import capabilities, describe, faults, kvp, read, results, status
from azenha.protocols.wps2.words import NAMESPACES, VERSION, WITH_CONTROL
from azenha.protocols.xml_write import MEDIA_TYPE, Tag, Verbatim, document, fragment

Headers = tuple[tuple[str, str], ...]

PIECES: Final = 4096  # descriptions that are kept rendered
REPLIES: Final = 32  # capabilities that are kept: what a client asks for in them has hundreds of combinations
SEVERAL: Final = 16  # documents of several descriptions, which may be large
_NO_STORE: Final[Headers] = (("Cache-Control", "no-store"),)
_FORMATS: Final = (MEDIA_TYPE, "application/xml")
_OUTPUT_FORMAT: Final = re.compile(rb"<(?:[\w.-]+:)?OutputFormat>\s*([^<\s]+)\s*<")


class Wps2:
    """The edition at one address."""

    version = VERSION

    def __init__(
        self, limits: Limits, versions: Sequence[str] = (VERSION,), *, kvp_execute: bool = False
    ) -> None:
        """
        Args:
            versions: all that are spoken at the address, the default first.
            kvp_execute: processes are executed by GET too.
        """
        self._limits = limits
        self._versions = tuple(versions)
        self._kvp_execute = kvp_execute
        self._states = Kept(REPLIES)
        self._replies = Kept(REPLIES)
        self._pieces = Kept(PIECES)
        self._ones = Kept(PIECES)
        self._several = Kept(SEVERAL)

    def read_query(self, parameters: Parameters, request: HttpRequest) -> Command:
        return kvp.read(
            parameters, request, self._versions, self._limits.of_request(), execute_too=self._kvp_execute
        )

    def read_body(self, request: HttpRequest, manner: Manner) -> Command:
        return read.read(request, manner, self._versions, self._limits.of_request())

    def fault(self, error: AppError, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        return faults.fault(error, manner)

    def write(self, outcome: Outcome, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        """
        Raises:
            NoSuchJob: it was dismissed: that state is told once, and is no more (§9.12).
            NoSuchResult, OptionNotOffered: see results, and raw data in an envelope.
        """
        match outcome:
            case ServerDescribed():
                return self._capabilities(outcome, request, manner, site)
            case ProcessesDescribed():
                return self._descriptions(outcome, manner, site)
            case Accepted(job):
                told = status.status_info(job, job.updated, status.ACCEPTED)
                return _reply(told, manner, _NO_STORE)
            case Status(job, now):
                told = status.status_info(_there(job), now or job.updated)
                return _reply(told, manner, _NO_STORE)
            case JobRecord():
                told = status.status_info(_there(outcome.job), outcome.now)
                return _reply(told, manner, _NO_STORE)
            case Dismissed(job):
                told = status.status_info(job, job.updated, status.DISMISSED)
                return _reply(told, manner, _NO_STORE)
            case Results():
                return self._results(outcome, request, manner, site)
        raise AssertionError("no command of this dialect leads here")

    def _results(self, outcome: Results, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        if not results.is_raw(outcome):
            reply = _reply(results.result(outcome, site), manner)
        elif manner.soap is None:
            reply = results.raw(outcome, site)
        else:
            raise OptionNotOffered(
                "raw data cannot stand in a SOAP envelope; get it by GET or XML", "response"
            )
        return validated(reply, outcome.job, vary="") if request.method in ("GET", "HEAD") else reply

    # -- what is offered: rendered once for each language -------------------------------------------

    def _capabilities(
        self, outcome: ServerDescribed, request: HttpRequest, manner: Manner, site: Site
    ) -> HttpReply:
        catalogue, language = outcome.catalogue, outcome.language

        def root(sections: frozenset[str], state: str | None) -> Tag:
            offerings = [catalogue.offerings[id] for id in sorted(catalogue.offerings)]
            service = capabilities.Service(site, self._versions, outcome.languages, self._kvp_execute)
            controls = frozenset(c for one in offerings for c in one.description.job_control)
            summaries = [self._summary(one, language, site) for one in offerings]
            return capabilities.capabilities(summaries, controls, service, sections, state)

        def digest() -> str:
            whole = document(root(frozenset(capabilities.SECTIONS), None), WITH_CONTROL)
            return hashlib.sha256(_bytes(whole)).hexdigest()[:16]

        key = (id(catalogue), site, outcome.languages, language)
        state = self._states.reply(key, catalogue, digest)
        sections = ows.sections(outcome.command.sections or (), capabilities.SECTIONS)
        if ows.is_current(outcome.command.known, state):
            sections = frozenset()
        type = _wanted_format(request)
        return self._replies.reply(
            (*key, sections, manner.soap, type),
            catalogue,
            lambda: _tagged(_reply(root(sections, state), manner, namespaces=WITH_CONTROL, type=type)),
        )

    def _descriptions(self, outcome: ProcessesDescribed, manner: Manner, site: Site) -> HttpReply:
        language = outcome.language

        def render() -> HttpReply:
            found = (self._offering(one, language, site) for one in outcome.offerings)
            return _tagged(_reply(Tag("wps:ProcessOfferings", *found), manner))

        kept = self._ones if len(outcome.offerings) == 1 else self._several
        return kept.reply((*map(id, outcome.offerings), language, manner.soap), outcome.offerings, render)

    def _summary(self, offering: Offering, language: str, site: Site) -> Verbatim:
        def render() -> Verbatim:
            described = in_language(offering.description, language, site.language)
            return Verbatim(fragment(describe.summary(described), {}))

        return self._pieces.reply(("summary", id(offering), language), offering, render)

    def _offering(self, offering: Offering, language: str, site: Site) -> Verbatim:
        def render() -> Verbatim:
            described = in_language(offering.description, language, site.language)
            return Verbatim(fragment(describe.offering(described, language), {}))

        return self._pieces.reply(("offering", id(offering), language), offering, render)


def _there(job: Job) -> Job:
    if job.state in (JobState.DISMISSED, JobState.REMOVED):
        raise NoSuchJob(job.id)
    return job


def _reply(
    root: Tag,
    manner: Manner,
    headers: Headers = (),
    *,
    namespaces: Mapping[str, str] = NAMESPACES,
    type: str = MEDIA_TYPE,
) -> HttpReply:
    """A document, in the envelope that the request came in. HTTP says 200 to whatever succeeds (§10.2)."""
    if manner.soap is None:
        return HttpReply(200, (("Content-Type", type), *headers), document(root, namespaces))
    body = soap.wrap(root, manner.soap, namespaces)
    return HttpReply(200, (("Content-Type", manner.soap.media_type), *headers), body)


def _tagged(reply: HttpReply) -> HttpReply:
    """With a validator: it changes with what is offered alone. Which language it is in, a header may decide."""
    more = (
        ("ETag", f'"{hashlib.sha256(_bytes(reply.body)).hexdigest()[:32]}"'),
        ("Vary", "Accept-Language"),
    )
    return HttpReply(reply.status, reply.headers + more, reply.body)


def _bytes(body: Sequence[Part]) -> bytes:
    return b"".join(part for part in body if isinstance(part, bytes))


def _wanted_format(request: HttpRequest) -> str:
    """The first media type of AcceptFormats that is spoken; text/xml where there is none (06-121r9 §7.3.5)."""
    if request.method == "POST":
        wanted = [found.decode("latin-1") for found in _OUTPUT_FORMAT.findall(request.start)]
    else:
        wanted = list(Parameters(request.query).list("acceptformats"))
    return next((type for type in wanted if type in _FORMATS), MEDIA_TYPE)
