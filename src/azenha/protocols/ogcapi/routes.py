"""The paths of OGC API - Processes 1.0 that are served: one table for the reader and for OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from azenha.domain.errors import MethodNotAllowed, NoSuchPath
from azenha.protocols.ogcapi import filters


@dataclass(frozen=True, slots=True)
class Route:
    """An operation: path template, method, what it does, and the query parameters that it knows besides `f`.

    Attributes:
        negotiated: answers JSON or HTML only: other media types can be refused before anything is done.
        executes: runs a process. Of a GET, the query then holds the inputs, whatever their names, and HEAD is
            not possible: it must have no effects.
    """

    name: str
    method: str
    path: str
    about: str
    parameters: tuple[str, ...] = ()
    negotiated: bool = True
    executes: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(s for s in self.path.split("/") if s)


ROUTES: Final = (
    Route("landing", "GET", "/", "Landing page"),
    Route("conformance", "GET", "/conformance", "Conformance classes"),
    Route("api", "GET", "/api", "The operations, in OpenAPI 3.0", negotiated=False),
    Route("script", "GET", "/api/try.js", "Script of the page of the operations", negotiated=False),
    Route("processes", "GET", "/processes", "List the processes", ("limit", "after", "profile")),
    Route("process", "GET", "/processes/{process}", "Describe a process", ("profile",)),
    Route(
        "execute",
        "POST",
        "/processes/{process}/execution",
        "Run a process; with the header 'Prefer: respond-async' in the background",
        negotiated=False,
        executes=True,
    ),
    Route(
        "execute-kvp",
        "GET",
        "/processes/{process}/execution",
        "Run a process on the inputs in the query: name=value, name[href]=address; out[include]=true",
        negotiated=False,
        executes=True,
    ),
    Route(
        "jobs",
        "GET",
        "/jobs",
        "List the jobs, newest first",
        filters.PARAMETERS,
    ),
    Route("create", "POST", "/jobs", "Create a job, to be started later"),
    Route("job", "GET", "/jobs/{job}", "Status of a job", ("profile",)),
    Route("change", "PATCH", "/jobs/{job}", "Change a job that is not started yet"),
    Route("dismiss", "DELETE", "/jobs/{job}", "Dismiss a job, or remove one that has ended"),
    Route(
        "results",
        "GET",
        "/jobs/{job}/results",
        "Results of a job, or those 'outputs' of it",
        ("outputs", "profile"),
        negotiated=False,
    ),
    Route("start", "POST", "/jobs/{job}/results", "Start a job that was created"),
    Route(
        "pause", "POST", "/jobs/{job}/pause", "Pause a job: hold it in the queue, or stop it while it runs"
    ),
    Route("resume", "POST", "/jobs/{job}/resume", "Let a job that was paused go on"),
    Route("output", "GET", "/jobs/{job}/results/{output}", "One output, as it is", negotiated=False),
    Route(
        "item",
        "GET",
        "/jobs/{job}/results/{output}/{item}",
        "One value, counted from 0, of an output that is a list",
        negotiated=False,
    ),
    Route(
        "stac",
        "GET",
        "/jobs/{job}/stac",
        "Rasters and features among the results of a job, as a STAC Item",
        negotiated=False,
    ),
    Route("definition", "GET", "/jobs/{job}/definition", "What a job runs on, as an execute request"),
    Route("inputs", "GET", "/jobs/{job}/inputs", "Inputs and requested outputs of a job"),
    Route(
        "input",
        "GET",
        "/jobs/{job}/inputs/{input}/{item}",
        "One value, counted from 0, of an input of a job, as it is",
        negotiated=False,
    ),
    Route("provenance", "GET", "/jobs/{job}/prov", "What was made of what, as PROV-JSON"),
    Route(
        "log", "GET", "/jobs/{job}/log", "Log of a job, from byte 'offset' on", ("offset",), negotiated=False
    ),
)


def _by_length() -> Mapping[int, tuple[Route, ...]]:
    table: dict[int, list[Route]] = {}
    for route in ROUTES:
        table.setdefault(len(route.segments), []).append(route)
    return MappingProxyType({length: tuple(routes) for length, routes in table.items()})


# What is asked for most often, found in one step.
_LITERAL: Final = MappingProxyType(
    {(route.method, route.path): (route, ()) for route in ROUTES if "{" not in route.path}
)
_PATTERNS: Final = MappingProxyType(
    {
        length: tuple(
            (tuple(None if s.startswith("{") else s for s in route.segments), route) for route in routes
        )
        for length, routes in _by_length().items()
    }
)


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """The route of a request and the variable parts of its path; HEAD is read as GET.

    Raises:
        NoSuchPath: nothing is there.
        MethodNotAllowed: something is, with other methods.
    """
    if (literal := _LITERAL.get((method, path))) is not None:
        return literal
    if not path.startswith("/"):
        raise NoSuchPath(path)
    # `/jobs/` is read as `/jobs`: people add the slash; an empty part elsewhere is nothing.
    given = tuple(path.removesuffix("/").split("/")[1:]) if path != "/" else ()
    wanted = "GET" if method == "HEAD" else method
    allowed: list[str] = []
    for pattern, route in _PATTERNS.get(len(given), ()):
        if all(g == p if p is not None else g for g, p in zip(given, pattern, strict=True)):
            if route.method == wanted and (method != "HEAD" or not route.executes):
                return route, tuple(g for g, p in zip(given, pattern, strict=True) if p is None)
            allowed += ["GET", "HEAD"] if route.method == "GET" and not route.executes else [route.method]
    if allowed:
        raise MethodNotAllowed(method, allowed)
    raise NoSuchPath(path)
