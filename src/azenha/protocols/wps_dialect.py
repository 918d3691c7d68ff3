"""WPS, mounted: both editions at one address, and each at an address of its own (OGC 05-007r7, 14-065r2).

Owns the paths, and which edition a request is for. Below the mount there are `/`, all operations;
`/jobs/{job}`, how a job stands (statusLocation of 1.0.0); and `/jobs/{job}/outputs/{output}/{n}/{file name}`, the
n-th value of an output, from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from azenha.domain.errors import AppError, MethodNotAllowed, NoSuchPath
from azenha.domain.messages import (
    Command,
    Dismiss,
    Execute,
    GetRecord,
    Outcome,
    Pause,
    Results,
    Resume,
)
from azenha.protocols.http import HttpReply, HttpRequest, Limits, Site
from azenha.protocols.kvp import Parameters
from azenha.protocols.wps import outputs
from azenha.protocols.wps.edition import NAME, Edition
from azenha.protocols.wps.manner import Manner, manner
from azenha.protocols.wps1.edition import Wps1
from azenha.protocols.wps2.edition import Wps2
from azenha.settings import Wps as WpsSettings

MOUNT = "/wps"

_CHANGING: Final = (Execute, Dismiss, Pause, Resume)  # not for HEAD, which only looks


def wps(limits: Limits, settings: WpsSettings) -> tuple[Wps, ...]:
    """The dialects of all addresses, see the module."""
    both = [Wps2.version, Wps1.version]
    both.sort(key=lambda version: version != settings.default_version)
    return (
        Wps(MOUNT, _editions(both, limits, settings)),
        *(Wps(f"{MOUNT}/{version}", _editions([version], limits, settings)) for version in both),
    )


def _editions(versions: Sequence[str], limits: Limits, settings: WpsSettings) -> tuple[Edition, ...]:
    made: dict[str, Edition] = {
        Wps1.version: Wps1(limits, versions),
        Wps2.version: Wps2(limits, versions, kvp_execute=settings.kvp_execute),
    }
    return tuple(made[version] for version in versions)


class Wps:
    """The dialect at one address, see `azenha.protocols.http.Dialect`."""

    name = NAME

    def __init__(self, mount: str, editions: Sequence[Edition]) -> None:
        """Args: editions: those spoken there, the default first."""
        self.mount = mount
        self._editions = {edition.version: edition for edition in editions}

    def read(self, request: HttpRequest) -> Command:
        if request.path == "/":
            how = self._manner(request)
            if request.method == "POST":
                return self._editions[how.version].read_body(request, how)
            _only(("GET", "HEAD", "POST"), request)
            command = self._editions[how.version].read_query(Parameters(request.query), request)
            if request.method == "HEAD" and isinstance(command, _CHANGING):
                raise MethodNotAllowed(request.method, ("GET", "POST"))
            return command
        if (value := outputs.read(request.path)) is not None:
            _only(("GET", "HEAD"), request)
            return value
        match request.path.split("/")[1:]:
            case ["jobs", job] if job:
                _only(("GET", "HEAD"), request)
                return GetRecord(job)
        raise NoSuchPath(self.mount + request.path)

    def write(self, outcome: Outcome, request: HttpRequest, site: Site) -> HttpReply:
        try:
            if isinstance(outcome, Results) and outcome.single:
                return outputs.write(outcome, request)
            how = self._manner(request)
            return self._editions[how.version].write(outcome, request, how, site)
        except AppError as error:
            return self.fault(error, request, site)

    def fault(self, error: AppError, request: HttpRequest, site: Site) -> HttpReply:
        how = self._manner(request)
        return self._editions[how.version].fault(error, request, how, site)

    def _manner(self, request: HttpRequest) -> Manner:
        return manner(request, tuple(self._editions))


def _only(methods: Sequence[str], request: HttpRequest) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(request.method, methods)
