"""Outputs as OGC services: what can be offered here, and what answers for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.domain.media import Family
    from azenha.domain.process import Catalogue
    from azenha.usecases.ports import Publisher

FOLDER: Final = "services"  # in the data folder: of requests that are being answered

_log = logging.getLogger("azenha")


def program(settings: Settings) -> Path | None:
    """What publishes; None where nothing does."""
    from azenha.adapters.publishers.mapserver.program import found

    return found(settings.services.mapserv) if settings.services.offer else None


def offered(catalogue: Catalogue, settings: Settings) -> Catalogue:
    """The catalogue with what outputs can be asked as, where MapServer and the libraries of the data are there."""
    if program(settings) is None:
        if settings.services.offer and settings.services.mapserv is not None:
            _log.warning("services.mapserv names %s, which is no program", settings.services.mapserv)
        return catalogue
    from azenha.adapters.publishers.mapserver.mapfile import path
    from azenha.domain.services import published

    try:
        path(settings.data.resolve())
    except ValueError as error:
        _log.warning("outputs are not offered as services: %s", error)
        return catalogue
    families = _families()
    offerings = {
        id: replace(one, description=published(one.description, families))
        for id, one in catalogue.offerings.items()
    }
    return replace(catalogue, offerings=offerings)


def _families() -> tuple[Family, ...]:
    """Of data that jobs here can make ready to be served."""
    from azenha.domain.media import Family

    here = {name for name in ("rasterio", "pyogrio", "shapely") if find_spec(name)}
    needed = {Family.RASTER: {"rasterio"}, Family.VECTOR: {"rasterio", "pyogrio", "shapely"}}
    return tuple(family for family, names in needed.items() if names <= here)


def publisher(settings: Settings) -> Callable[[], Publisher] | None:
    """Makes what answers, when it is first asked: a server whose outputs nobody publishes loads nothing of it."""
    place = program(settings)
    if place is None:
        return None
    made: list[Publisher] = []

    def made_once() -> Publisher:
        if not made:
            from azenha.adapters.publishers.mapserver.program import templates
            from azenha.adapters.publishers.mapserver.publisher import MapServer

            made.append(MapServer(place, templates(), settings.data / FOLDER, settings.services))
        return made[0]

    return made_once
