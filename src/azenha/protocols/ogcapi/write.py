"""Replies of OGC API - Processes 1.0 (OGC 18-062r2): outcomes and errors to bytes, as JSON or HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from azenha.domain.errors import AppError, BadParameter, NotAcceptable
from azenha.domain.languages import in_language, languages_of, lookup
from azenha.domain.messages import (
    Accepted,
    ApiDescribed,
    ConformanceDescribed,
    Created,
    Described,
    Dismissed,
    InputRead,
    JobRecord,
    JobsListed,
    LogRead,
    Outcome,
    ProcessesDescribed,
    ProcessesListed,
    RequestRead,
    Results,
    ServerDescribed,
    ServiceFound,
    Status,
)
from azenha.domain.process import Offering
from azenha.domain.values import Reference
from azenha.protocols import json
from azenha.protocols.entity import TEXT, entity, type_of
from azenha.protocols.http import FileSlice, HttpReply, HttpRequest, Site
from azenha.protocols.kept import KEPT
from azenha.protocols.kept import Kept as Replies
from azenha.protocols.negotiation import languages, names, preferred
from azenha.protocols.ogcapi import documents, faults, jobs, requests, results, routes, stac
from azenha.protocols.ogcapi.documents import Document
from azenha.protocols.ogcapi.openapi.write import Definitions
from azenha.protocols.ogcapi.read import chosen_form, form, profile
from azenha.protocols.ogcapi.values import reference
from azenha.protocols.ogcapi.words import HTML, JSON, PROBLEM
from azenha.protocols.validators import validated

Headers = tuple[tuple[str, str], ...]


_PLAIN: Final[Headers] = (("Content-Type", JSON), ("Vary", "Accept"))
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-src 'self'; frame-ancestors 'none'"
)
# No script, nothing from elsewhere: the pages need neither, and what they show was written by others.
_PAGE: Final[Headers] = (
    ("Content-Type", f"{HTML}; charset=utf-8"),
    ("Vary", "Accept"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", _POLICY),
)


class Kept(Replies):
    """With what was rendered of the OpenAPI definition, and in which languages processes are described."""

    def __init__(self) -> None:
        super().__init__()
        self._languages: dict[object, tuple[object, tuple[str, ...]]] = {}
        self.definitions = Definitions()

    def languages(self, offerings: tuple[Offering, ...], default: str) -> tuple[str, ...]:
        """Those that some text of these is in, kept: to look at all texts would cost more than to answer."""
        key = (default, *map(id, offerings))
        found = self._languages.get(key)
        if found is None:
            if len(self._languages) >= KEPT:
                self._languages.clear()
            offered = languages_of((one.description for one in offerings), default)
            found = self._languages[key] = (offerings, offered)
        return found[1]


def write(outcome: Outcome, request: HttpRequest, site: Site, kept: Kept) -> HttpReply:
    """Render an outcome in the form that the client likes best.

    Raises:
        NoSuchOutput, NoSuchJob: see results and values.
    """
    match outcome:
        case Results():
            return _results(outcome, request, site)
        case LogRead(_, path, offset, end):
            body = () if path is None else (FileSlice(path, offset, end),)
            return HttpReply(200, (("Content-Type", TEXT), ("X-Content-Type-Options", "nosniff")), body)
        case Described(offering):
            chosen, language = _form(request), spoken((offering,), request, site, kept)
            return kept.reply(
                ("process", id(offering), site, chosen, language),
                offering,
                lambda: _described(offering, chosen, language, site),
            )
        case ProcessesListed():
            chosen, language = _form(request), spoken(outcome.offerings, request, site, kept)
            page = (outcome.command, outcome.next, outcome.unavailable)
            return kept.reply(
                ("processes", tuple(map(id, outcome.offerings)), page, site, chosen, language),
                outcome.offerings,
                lambda: _listed(outcome, chosen, language, site),
            )
        case ApiDescribed(catalogue):
            return kept.definitions.write(catalogue, request, site)
        case ServerDescribed() | ConformanceDescribed():
            chosen = _form(request)
            name, build = _SERVER[type(outcome)]
            return kept.reply((name, site, chosen), None, lambda: _reply(name, build(site), chosen, site))
        case Accepted(job, honoured):
            headers: Headers = (("Location", documents.job_address(site, job.id)),)
            if honoured:
                headers += (("Preference-Applied", ", ".join(honoured)),)
            return _reply("job", jobs.status(job, site), _form(request), site, 201, headers)
        case Created(job):
            headers = (("Location", documents.job_address(site, job.id)),)
            return _reply("job", jobs.status(job, site), _form(request), site, 201, headers)
        case Status(job, callbacks=callbacks, pausable=pausable, published=published):
            told = jobs.status(job, site, callbacks=callbacks, pausable=pausable, published=published)
            return _reply("job", told, _form(request), site)
        case Dismissed(job, removed):
            return _reply("job", jobs.status(job, site, gone=removed), _form(request), site)
        case JobsListed():
            return _reply("jobs", jobs.job_list(outcome, site), _form(request), site)
        case RequestRead():
            if _form(request) == HTML:
                return _reply("request", requests.page(outcome, site), HTML, site)
            return HttpReply(200, _PLAIN, requests.write(outcome, site))
        case InputRead():
            return _input(outcome, request)
        case ProcessesDescribed() | JobRecord() | ServiceFound():
            raise AssertionError("no command of this dialect leads here")


_SERVER: Final[dict[type, tuple[str, Callable[[Site], Document]]]] = {
    ServerDescribed: ("landing", documents.landing),
    ConformanceDescribed: ("conformance", documents.conformance),
}


def spoken(offerings: tuple[Offering, ...], request: HttpRequest, site: Site, kept: Kept) -> str:
    """The language to describe processes in: the dearest to the client that some of their texts are in."""
    header = request.headers.get("accept-language")
    if header is None:
        return site.language
    return _dearest(header, kept.languages(offerings, site.language))


@lru_cache(maxsize=256)
def _dearest(header: str, offered: tuple[str, ...]) -> str:
    """Of the languages that are offered; the first of them where the client wants none."""
    return next((found for tag in languages(header) if (found := lookup(tag, offered))), offered[0])


def _described(offering: Offering, chosen: str, language: str, site: Site) -> HttpReply:
    description = in_language(offering.description, language, site.language)
    return _speaking(language, _reply("process", documents.description(description, site), chosen, site))


def _listed(outcome: ProcessesListed, chosen: str, language: str, site: Site) -> HttpReply:
    translated = tuple(
        replace(one, description=in_language(one.description, language, site.language))
        for one in outcome.offerings
    )
    document = documents.process_list(replace(outcome, offerings=translated), site)
    return _speaking(language, _reply("processes", document, chosen, site))


def _speaking(language: str, reply: HttpReply) -> HttpReply:
    others = tuple(header for header in reply.headers if header[0] != "Vary")
    told = (("Content-Language", language), ("Vary", "Accept, Accept-Language"))
    return replace(reply, headers=others + told)


def fault(error: AppError, request: HttpRequest, site: Site) -> HttpReply:
    """An error, as JSON to all who do not prefer HTML."""
    document = faults.document(error, request, site)
    status, _, _ = faults.lookup(error)
    chosen, accept = _form(request), request.headers.get("accept")
    reply = _reply("fault", document, chosen, site, status, faults.headers(error))
    if chosen == HTML or not names(accept, PROBLEM) or preferred(accept, (JSON, PROBLEM)) != PROBLEM:
        return reply
    # By name alone: who asks for JSON, or for anything, gets JSON.
    return replace(reply, headers=(("Content-Type", PROBLEM), *reply.headers[1:]))


def _form(request: HttpRequest) -> str:
    """JSON or HTML; where the client takes neither, it is told in JSON what there is to tell."""
    try:
        return form(request)
    except (BadParameter, NotAcceptable):
        return JSON


def _results(outcome: Results, request: HttpRequest, site: Site) -> HttpReply:
    if (
        request.path.rstrip("/").endswith("/stac")
        and routes.find(request.method, request.path)[0].name == "stac"
    ):
        return validated(stac.write(outcome, site), outcome.job)
    chosen = chosen_form(request)
    if chosen is None and not outcome.single and profile(request) is not None:
        chosen = JSON  # the one profile of results is that of the document
    if results.wants_page(outcome, request, chosen):
        return _reply("results", results.page(outcome, site), HTML, site)
    return results.write(outcome, request, site, chosen)


def _input(outcome: InputRead, request: HttpRequest) -> HttpReply:
    as_text = preferred(request.headers.get("accept"), (JSON, TEXT)) == TEXT
    found = entity(outcome.id, outcome.value, outcome.domain, outcome.folder, as_text=as_text)
    if found is None:
        # Where the data lies is told, not redirected to: whoever asked for the job chose the address.
        assert isinstance(outcome.value, Reference)
        return HttpReply(200, _PLAIN, (reference(outcome.value.href, type_of(outcome.value)),))
    return HttpReply(200, found.headers, found.body)


def _reply(
    name: str, document: Document, chosen: str, site: Site, status: int = 200, headers: Headers = ()
) -> HttpReply:
    headers += _links(document) if status == 200 else ()
    if chosen != HTML:
        return HttpReply(status, _PLAIN + headers, (json.dump(document),))
    from azenha.protocols.ogcapi import html  # a server that no person looks at never loads the templates

    return HttpReply(status, _PAGE + headers, (html.page(name, document, site),))


def _links(document: Document) -> Headers:
    """The links of a document as a header too (/rec/core/link-header).

    Answers to an execution, which are none of 200, have none: the official suite cannot read it there.
    """
    links = document.get("links")
    if not isinstance(links, list) or not links:
        return ()
    return (("Link", ", ".join(f'<{one["href"]}>; rel="{one["rel"]}"' for one in links)),)
