"""What an edition of WPS has to do; the dialect chooses between those that it is mounted with."""

from __future__ import annotations

from typing import Protocol

from azenha.domain.errors import AppError
from azenha.domain.messages import Command, Outcome
from azenha.protocols.http import HttpReply, HttpRequest, Site
from azenha.protocols.kvp import Parameters
from azenha.protocols.wps.manner import Manner

NAME = "wps"  # of the dialect, in what is stored with a job


class Edition(Protocol):
    """One edition: what was read by it is written by it."""

    version: str  # on the wire, such as 2.0.0

    def read_query(self, parameters: Parameters, request: HttpRequest) -> Command:
        """Decode a request by GET.

        Raises:
            AppError: whatever is wrong with it.
        """

    def read_body(self, request: HttpRequest, manner: Manner) -> Command:
        """Decode a request by POST, in an envelope where `manner` says so.

        Raises:
            AppError: whatever is wrong with it; also that there is no body, whatever the query says.
        """

    def write(self, outcome: Outcome, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        """Render an outcome."""

    def fault(self, error: AppError, request: HttpRequest, manner: Manner, site: Site) -> HttpReply:
        """Render an error."""
