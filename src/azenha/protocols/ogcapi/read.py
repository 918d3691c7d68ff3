"""Requests of OGC API - Processes 1.0 (OGC 18-062r2): bytes to commands.

Knows no process: whether an input exists and what it may be, binding decides by the description.
"""

from __future__ import annotations

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
    GetLog,
    GetResults,
    GetStatus,
    ListJobs,
    ListProcesses,
)
from azenha.domain.names import near
from azenha.protocols.http import HttpRequest, Limits
from azenha.protocols.negotiation import preferred
from azenha.protocols.ogcapi import execute, kvp, routes
from azenha.protocols.ogcapi.words import FORM_NAMES, FORMS, HTML, OPENAPI, PROFILE, PROFILES, STATES

PAGE: Final = 10
LONGEST_PAGE: Final = 10_000  # more is capped, not refused (/req/core/pl-limit-definition)
_DIGITS: Final = 18

Parameters = Mapping[str, tuple[str, ...]]


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
    if route.name == "execute":
        return execute.read(parts[0], request, limits)
    if by_query:
        return kvp.read(parts[0], request, limits)
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
        BadParameter: `f` is neither json nor html.
    """
    # In a query that runs a process `f` is an input's name.
    if "f=" not in request.query or (
        request.method == "GET"
        and request.path.startswith("/processes/")
        and request.path.removesuffix("/").endswith("/execution")
    ):
        return None
    value = dict(request.parameters()).get("f")
    if value is not None and value not in FORM_NAMES:
        raise BadParameter(f"parameter 'f' is json or html; given '{value}'", "f")
    return FORM_NAMES[value] if value is not None else None


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
        _single(found, name)
    chosen_form(request)
    return found


def _single(parameters: Parameters, name: str) -> str | None:
    values = parameters.get(name, ())
    if len(values) > 1:
        raise BadParameter(f"parameter '{name}' is given {len(values)} times; once is allowed", name)
    return values[0] if values else None


def _count(text: str, name: str, least: int) -> int:
    # isdecimal alone would take other scripts' digits.
    if (
        not (text.isascii() and text.isdecimal())
        or int((digits := text.lstrip("0") or "0")[:_DIGITS]) < least
    ):
        raise BadParameter(f"parameter '{name}' is a whole number from {least} on; given '{text}'", name)
    # There is no such number of anything: what it is exactly changes no answer.
    return int(digits) if len(digits) <= _DIGITS else 10**_DIGITS


def _limit(parameters: Parameters) -> int:
    text = _single(parameters, "limit")
    return PAGE if text is None else min(_count(text, "limit", 1), LONGEST_PAGE)


def _after(parameters: Parameters) -> str | None:
    text = _single(parameters, "after")
    if text == "":
        raise BadParameter("parameter 'after' is empty; it is what the link to the next page says", "after")
    return text


def _several(parameters: Parameters, name: str) -> tuple[str, ...]:
    """Values of a parameter that may be repeated or separated by commas, each once, in order."""
    values = [v for text in parameters.get(name, ()) for v in text.split(",")]
    if "" in values:
        raise BadParameter(f"parameter '{name}' has an empty value", name)
    return tuple(dict.fromkeys(values))


def _jobs(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> Command:
    words = _several(parameters, "status")
    for word in words:
        if word not in STATES:
            raise BadParameter(f"parameter 'status' is one of {', '.join(STATES)}; given '{word}'", "status")
    return ListJobs(
        _limit(parameters),
        _after(parameters),
        tuple(STATES[word] for word in words),
        _several(parameters, "processID"),
    )


def _item(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> Command:
    job, output, item = parts
    if not (item.isascii() and item.isdecimal() and len(item) <= _DIGITS):
        raise NoSuchPath(request.path)
    return GetResults(job, output)


def _log(parts: tuple[str, ...], parameters: Parameters, request: HttpRequest) -> Command:
    text = _single(parameters, "offset")
    return GetLog(parts[0], 0 if text is None else _count(text, "offset", 0))


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
        "processes": lambda parts, parameters, request: ListProcesses(_limit(parameters), _after(parameters)),
        "process": lambda parts, parameters, request: Describe(parts[0]),
        "jobs": _jobs,
        "job": lambda parts, parameters, request: GetStatus(parts[0]),
        "dismiss": lambda parts, parameters, request: Dismiss(parts[0]),
        "results": lambda parts, parameters, request: GetResults(
            parts[0], only=_several(parameters, "outputs")
        ),
        "output": lambda parts, parameters, request: GetResults(parts[0], parts[1]),
        "item": _item,
        "log": _log,
    }
)
