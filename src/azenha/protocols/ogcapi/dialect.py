"""OGC API - Processes, mounted at the root."""

from __future__ import annotations

from azenha.domain.errors import AppError
from azenha.domain.messages import Command, Outcome, Results, Status
from azenha.protocols.http import HttpReply, HttpRequest, Limits, Site
from azenha.protocols.ogcapi import callbacks, execute, kvp, read, write


class OgcApi:
    """The dialect, see `azenha.protocols.http.Dialect`."""

    name = execute.NAME
    mount = ""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._kept = write.Kept()

    def read(self, request: HttpRequest) -> Command:
        return read.read(kvp.headed(request), self._limits.of_request())

    def write(self, outcome: Outcome, request: HttpRequest, site: Site) -> HttpReply:
        try:
            return write.write(outcome, kvp.headed(request), site, self._kept)
        except AppError as error:
            return self.fault(error, request, site)

    def fault(self, error: AppError, request: HttpRequest, site: Site) -> HttpReply:
        return write.fault(error, request, site)

    def callback(self, outcome: Results | Status, site: Site) -> HttpReply:
        return callbacks.write(outcome, site)
