"""Requests of OGC API - Processes 1.0 (OGC 18-062r2): bytes to commands.

Knows no process: whether an input exists and what it may be, binding decides by the description.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from azenha.domain.errors import BadParameter, NoSuchPath, NotAcceptable
from azenha.domain.messages import (
    Command,
    Describe,
    DescribeApi,
    DescribeConformance,
    DescribeServer,
    Dismiss,
    GetInput,
    GetLog,
    GetRequest,
    GetResults,
    GetStatus,
    ListProcesses,
    RequestPart,
)
from azenha.domain.names import near
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.negotiation import preferred
from azenha.protocols.ogcapi import execute, filters, kvp, managing, routes
from azenha.protocols.ogcapi.parameters import DIGITS, Parameters, after, count, limit, several, single
from azenha.protocols.ogcapi.words import FORM_NAMES, FORMS, HTML, OPENAPI, PACKAGES, PROFILE, PROFILES

_RESULTS: Final = re.compile(r"/jobs/[^/]+/results/?")


def read(request: HttpRequest, limits: Limits) -> Command:
    """Decode a request.

    Raises:
        NoSuchPath, MethodNotAllowed: see routes.
        BadParameter: a query parameter that is unknown, repeated or has a value that is not allowed.
        NotAcceptable: the client takes neither JSON nor HTML.
        UnsupportedMediaType, Malformed, BadRequest: the body of an execution.
    """
    route, parts = routes.find(request.method, request.path)
    by_query = route.executes and request.method == "GET"  # all names are the process's then
    parameters = _parameters(request, route) if request.query and not by_query else {}
    if "profile" in parameters:
        _check_profile(route, request)
    if route.negotiated:
        form(request)
    if by_query:
        return kvp.read(parts[0], request, limits)
    if route.name in _BODIES:
        return _BODIES[route.name](parts, request, limits)
    return _READERS[route.name](parts, parameters, request)


def form(request: HttpRequest) -> str:
    """The media type that a document is answered in; `f` decides before Accept does.

    Raises:
        BadParameter: `f` is neither json nor html.
        NotAcceptable: Accept has neither of the two.
    """
    if (chosen := chosen_form(request)) is not None:
        return chosen
    header = request.headers.get("accept")
    choice = preferred(header, FORMS)
    if choice is None:
        raise NotAcceptable(f"this can be had as {' or '.join(FORMS)}; accepted is {header}")
    return choice


def chosen_form(request: HttpRequest) -> str | None:
    """The media type that the parameter `f` names; None without it.

    Raises:
        BadParameter: `f` is neither json nor html; of results, nor zip or metalink.
    """
    # In a query that runs a process `f` is an input's name.
    if "f=" not in request.query or (
        request.method == "GET"
        and request.path.startswith("/processes/")
        and request.path.removesuffix("/").endswith("/execution")
    ):
        return None
    value = dict(request.parameters()).get("f")
    if value is None:
        return None
    known = {**FORM_NAMES, **(PACKAGES if _RESULTS.fullmatch(request.path) else {})}
    if value not in known:
        raise BadParameter(f"parameter 'f' is {' or '.join(known)}; given '{value}'", "f")
    return known[value]


def definition_form(request: HttpRequest) -> str:
    """The media type that the OpenAPI definition is answered in.

    Raises:
        BadParameter: `f` is neither json nor html.
        NotAcceptable: Accept has none of them.
    """
    chosen = chosen_form(request)
    if chosen is not None:
        return HTML if chosen == HTML else OPENAPI
    header, offered = request.headers.get("accept"), (OPENAPI, *FORMS)
    choice = preferred(header, offered)
    if choice is None:
        raise NotAcceptable(f"this can be had as {' or '.join(offered)}; accepted is {header}")
    return choice


def profile(request: HttpRequest) -> str | None:
    """What the parameter `profile` names (2.0, query-param-profile); None without it."""
    return dict(request.parameters()).get("profile") if "profile=" in request.query else None


def _check_profile(route: routes.Route, request: HttpRequest) -> None:
    """A document has one profile, named by its address or the last part of that."""
    own, given = PROFILES[route.name], profile(request)
    if given not in (own, f"{PROFILE}{own}"):
        raise BadParameter(f"parameter 'profile' can be {own} here; given '{given}'", "profile")


def _parameters(request: HttpRequest, route: routes.Route) -> Parameters:
    known = ("f", *route.parameters)
    found: dict[str, tuple[str, ...]] = {}
    for name, value in request.parameters():
        if name not in known:
            guess = near(name, known)
            hint = f"; did you mean '{guess}'?" if guess else ""
            raise BadParameter(
                f"there is no query parameter '{name}' here{hint} (known: {', '.join(known)})", name
            )
        found[name] = (*found.get(name, ()), value)
    for name in ("f", "profile"):
        single(found, name)
    chosen_form(request)
    return found


def _item(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> Command:
    job, output, item = parts
    if not (item.isascii() and item.isdecimal() and len(item) <= DIGITS):
        raise NoSuchPath(request.path)
    return GetResults(job, output)


def _input(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> Command:
    job, input, item = parts
    if not (item.isascii() and item.isdecimal() and len(item) <= DIGITS):
        raise NoSuchPath(request.path)
    return GetInput(job, input, int(item))


def _log(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> Command:
    text = single(parameters, "offset")
    return GetLog(parts[0], 0 if text is None else count(text, "offset", 0))


def _api(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> DescribeApi:
    definition_form(request)
    return DescribeApi()


_Reader = Callable[[tuple[str, ...], Parameters, HttpRequest], Command]
_READERS: Final[Mapping[str, _Reader]] = MappingProxyType(
    {
        "landing": lambda parts, parameters, request: DescribeServer(),
        "conformance": lambda parts, parameters, request: DescribeConformance(),
        "api": _api,
        "script": lambda parts, parameters, request: DescribeApi(),
        "processes": lambda parts, parameters, request: ListProcesses(limit(parameters), after(parameters)),
        "process": lambda parts, parameters, request: Describe(parts[0]),
        "jobs": lambda parts, parameters, request: filters.read(parameters),
        "job": lambda parts, parameters, request: GetStatus(parts[0]),
        "dismiss": lambda parts, parameters, request: Dismiss(parts[0]),
        "results": lambda parts, parameters, request: GetResults(
            parts[0], only=several(parameters, "outputs")
        ),
        "output": lambda parts, parameters, request: GetResults(parts[0], parts[1]),
        "item": _item,
        "stac": lambda parts, parameters, request: GetResults(parts[0]),
        "definition": lambda parts, parameters, request: GetRequest(parts[0], RequestPart.DEFINITION),
        "inputs": lambda parts, parameters, request: GetRequest(parts[0], RequestPart.INPUTS),
        "provenance": lambda parts, parameters, request: GetRequest(parts[0], RequestPart.PROVENANCE),
        "input": _input,
        "log": _log,
    }
)

_Body = Callable[[tuple[str, ...], HttpRequest, Limits], Command]
_BODIES: Final[Mapping[str, _Body]] = MappingProxyType(
    {
        "execute": lambda parts, request, limits: execute.read(parts[0], request, limits),
        "create": lambda parts, request, limits: managing.create(request, limits),
        "change": lambda parts, request, limits: managing.change(parts[0], request, limits),
        "start": lambda parts, request, limits: managing.start(parts[0], request, limits),
        "pause": lambda parts, request, limits: managing.pause(parts[0], request, limits),
        "resume": lambda parts, request, limits: managing.resume(parts[0], request, limits),
    }
)
