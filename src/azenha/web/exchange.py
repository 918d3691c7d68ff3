"""A request and the dialect that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from azenha.domain.errors import NoSuchPath
from azenha.domain.messages import Outcome
from azenha.protocols.http import Dialect, HttpReply, HttpRequest, Site
from azenha.web.ranges import conditional
from azenha.web.send import FileGone, with_small_files


@dataclass(frozen=True, slots=True)
class Exchange:
    dialect: Dialect
    request: HttpRequest
    site: Site

    def written(self, outcome: Outcome) -> HttpReply:
        reply = self.dialect.write(outcome, self.request, self.site)
        return conditional(reply, self.request.method, self.request.headers)

    def complete(self, outcome: Outcome) -> HttpReply:
        """The reply with its files read, where they are small. Blocks."""
        reply = self.written(outcome)
        try:
            return with_small_files(reply)
        except FileGone:
            raise NoSuchPath(self.request.path) from None
