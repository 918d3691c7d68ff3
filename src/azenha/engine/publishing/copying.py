"""Outputs that were asked for as services: a copy that is made to be served, and the facts that a service needs.

Runs where the job does, in its limits and after the author's code. What is served is never the author's file: that
may be made of a stranger's, name other files, or take long to read. A copy is of one of two formats, with nothing in
it but pixels or features; the program that serves it has to open no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from azenha.authoring.calling import LocalFile, Produced
from azenha.domain.canonical import StoredRequest
from azenha.domain.errors import NotPublished
from azenha.domain.known_formats import KNOWN
from azenha.domain.media import Family, KnownFormat
from azenha.domain.published import Published, Service, why_no_coverage
from azenha.domain.services import services_of_known
from azenha.engine.formats.opening import NotValid, Opening
from azenha.engine.formats.sniff import detect
from azenha.engine.publishing.names import SUFFIXES

FOLDER: Final = ".services"  # in the folder of the results: no output can be called so


def publish(
    produced: Mapping[str, tuple[Produced, ...]],
    request: StoredRequest,
    folder: Path,
    limit: int,
    say: Callable[[str], None],
) -> dict[str, tuple[Published | None, ...]]:
    """The facts of each value of the outputs that are to be services; their copies are in `folder` below `FOLDER`.

    Args:
        limit: bytes of all copies together.
        say: takes what is not served of data that is, for the job's log.
    Raises:
        NotPublished: one cannot be published; the message says why.
    """
    found: dict[str, tuple[Published | None, ...]] = {}
    left = limit
    for id, asked in (request.outputs or {}).items():
        if asked.service is None or not produced.get(id):
            continue
        facts = []
        for number, value in enumerate(produced[id]):
            if not isinstance(value, LocalFile):
                raise NotPublished(id, f"cannot be published as {asked.service.upper()}: it is no file")
            one = _published(id, number, value, asked.service, folder, say)
            left -= (folder / one.key).stat().st_size
            if left < 0:
                raise NotPublished(
                    id, f"cannot be published: its copy is beyond {limit:,} bytes (setting limits.outputs)"
                )
            facts.append(one)
        found[id] = tuple(facts)
    return found


def _published(
    id: str, number: int, value: LocalFile, service: Service, folder: Path, say: Callable[[str], None]
) -> Published:
    try:
        known = _format(value)
        if known is None or service not in services_of_known(known):
            raise NotValid(f"it is {value.format.media_type}")
        opening = Opening(value.path, known, value.format.media_type)
        key = f"{FOLDER}/{id}/{number}{SUFFIXES[known.family]}"
        target = folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        if known.family is Family.RASTER:
            from azenha.engine.publishing.rasters import copy_raster

            facts = copy_raster(opening, target, key)
            if service is Service.WCS and (why := why_no_coverage(facts)) is not None:
                raise NotValid(why)
            return facts
        from azenha.engine.publishing.vectors import copy_features

        return copy_features(opening, target, key, lambda text: say(f"output '{id}': {text}"))
    except ImportError as error:
        raise NotPublished(id, f"cannot be published as {service.upper()} here: {error}") from None
    except NotValid as reason:
        raise NotPublished(id, f"cannot be published as {service.upper()}: {reason}") from None


def _format(value: LocalFile) -> KnownFormat | None:
    """What the file is; one that is declared a zip may be a shapefile, which has no registered type of its own."""
    known = KNOWN.named(value.format.media_type)
    if known is not None and known.id == "zip":
        return KNOWN.get(detect(value.path, KNOWN).id or "")
    return known
