"""A request and the dialect that answers it."""

from __future__ import annotations

from dataclasses import dataclass

from azenha.domain.errors import AppError, NoSuchPath
from azenha.domain.messages import Outcome
from azenha.protocols.http import Dialect, HttpReply, HttpRequest, Site
from azenha.web.ranges import conditional
from azenha.web.redirects import to_store
from azenha.web.send import FileGone, with_small_files


@dataclass(frozen=True, slots=True)
class Exchange:
    dialect: Dialect
    request: HttpRequest
    site: Site
    link_time: float | None = None  # seconds that a link to the blob store works; None: there are none

    def written(self, outcome: Outcome) -> HttpReply:
        reply = self.dialect.write(outcome, self.request, self.site)
        found = conditional(reply, self.request.method, self.request.headers, self.refused)
        if self.link_time is None or found.status not in (200, 206):
            return found
        # The store does ranges itself.
        return to_store(reply, self.request.method, self.link_time) or found

    def refused(self, error: AppError) -> HttpReply:
        return self.dialect.fault(error, self.request, self.site)

    def complete(self, outcome: Outcome) -> HttpReply:
        """The reply with its files read, where they are small. Blocks."""
        reply = self.written(outcome)
        try:
            return with_small_files(reply)
        except FileGone:
            raise NoSuchPath(self.request.path) from None
