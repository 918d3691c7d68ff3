"""The dialects that are mounted: for the web tier, and for what reads large bodies for it."""

from __future__ import annotations

from importlib.metadata import entry_points

from azenha.bootstrap.publishing import program
from azenha.protocols.http import Dialect, Limits
from azenha.protocols.ogcapi import OgcApi
from azenha.protocols.wps_dialect import wps
from azenha.settings import Settings


def dialects(settings: Settings) -> list[Dialect]:
    """Ours, and those of installed packages: entry points of the group azenha.dialects, each called as ours are."""
    told = settings.limits
    limits = Limits(depth=told.depth, inline=told.inline, values=told.values)
    ours: list[Dialect] = [OgcApi(limits), *wps(limits, settings.wps)]
    if program(settings) is not None:
        from azenha.protocols.services.dialect import Services

        ours.append(Services(settings.services.body))
    return [*ours, *(one.load()(limits) for one in entry_points(group="azenha.dialects"))]
