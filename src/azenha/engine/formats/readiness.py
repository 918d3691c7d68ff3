"""Which processes cannot be served, because what their inputs and outputs are to be looked at with is not installed.

Found out when the server starts, without importing any of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from azenha.domain.media import Family, Travel
from azenha.domain.process import (
    Catalogue,
    ComplexDomain,
    Level,
    ProcessDescription,
    Unavailable,
    innermost,
)
from azenha.engine.formats import known
from azenha.engine.formats.policy import Policy

_LIBRARIES = {Family.RASTER: "rasterio", Family.VECTOR: "pyogrio"}
_LEVELS = tuple(Level)


def served(catalogue: Catalogue, policy: Policy) -> Catalogue:
    """The catalogue without the processes that cannot do what they ask; each is listed with the remedy."""
    offerings = dict(catalogue.offerings)
    missing = list(catalogue.unavailable)
    for id, offering in catalogue.offerings.items():
        reasons = tuple(dict.fromkeys(lacking(offering.description, policy)))
        if reasons:
            del offerings[id]
            missing.append(Unavailable(offering.source, f"process '{id}': {'; '.join(reasons)}"))
    return replace(catalogue, offerings=offerings, unavailable=tuple(missing))


def lacking(description: ProcessDescription, policy: Policy) -> Iterator[str]:
    """What a process lacks, each with what to do."""
    places = [(f"input '{path}'", domain) for path, domain in innermost(description.inputs)]
    outputs = list(innermost(description.outputs)) if policy.outputs != "off" else []
    for path, domain in outputs:
        if isinstance(domain, ComplexDomain):
            yield from _schemaless(path, domain)
    for place, domain in (*places, *((f"output '{path}'", domain) for path, domain in outputs)):
        if not isinstance(domain, ComplexDomain):
            continue
        level = policy.level_of(domain)
        whose = "" if domain.validation and domain.validation.level else " (setting formats.validation)"
        for need, remedy in _needs(domain, level, policy):
            yield f"its {place} is to be checked {level}{whose}, which needs {need}: {remedy}"


def _schemaless(path: str, domain: ComplexDomain) -> Iterator[str]:
    """What an output in JSON lacks whose own process demands a schema: data names none, and no client does for it."""
    if not domain.validation or domain.validation.level is not Level.VERY_STRICT:
        return
    table = known.table()
    for format in domain.formats:
        one = table.named(format.media_type)
        if one and "json" in table.lineage(one.id) and not one.schema_of(format.schema):
            yield (
                f"its output '{path}' is to be checked {Level.VERY_STRICT}, which needs a schema of "
                f"{format.media_type}: declare one, Media('{format.media_type}', schema='https://…')"
            )


def preload(descriptions: Iterable[ProcessDescription]) -> None:
    """Do before a child is forked what each job would do again: import what marks ask for, gather the formats."""
    for description in descriptions:
        for _, domain in innermost((*description.inputs, *description.outputs)):
            if not isinstance(domain, ComplexDomain):
                continue
            known.table()
            if domain.validation and domain.validation.level:
                for need in _libraries(domain, domain.validation.level):
                    with suppress(ImportError):
                        import_module(need)
    if (rasterio := sys.modules.get("rasterio")) is not None:
        # What it leaves to its first use: a module of its own need, and GDAL's drivers.
        with suppress(Exception):
            import_module("numpy.ma")
            with rasterio.Env():
                pass


def _libraries(domain: ComplexDomain, level: Level) -> Iterator[str]:
    if _LEVELS.index(level) < _LEVELS.index(Level.STRICT):
        return
    for format in filter(None, (known.table().named(f.media_type) for f in domain.formats)):
        library = "pyarrow" if format.id == "geoparquet" else _LIBRARIES.get(format.family)
        if library and known.own_check(format.id) is None:
            yield library


def _needs(domain: ComplexDomain, level: Level, policy: Policy) -> Iterator[tuple[str, str]]:
    formats = [(f, found) for f in domain.formats if (found := known.table().named(f.media_type))]
    for library in _libraries(domain, level):
        if find_spec(library) is None:
            yield library, f"pip install {library}"
    if level is not Level.VERY_STRICT:
        return
    with_schema = [found for f, found in formats if found.travel is Travel.XML or found.schema_of(f.schema)]
    if not with_schema:
        return
    if policy.schemas is None:
        yield "schemas", "set formats.schemas to a folder that has them"
    elif not policy.fetch and not policy.schemas.is_dir():
        yield "schemas", f"formats.schemas names {Path(policy.schemas)}, which is no folder"
    if any(f.travel is Travel.TEXT for f in with_schema) and find_spec("jsonschema") is None:
        yield "jsonschema", "pip install jsonschema"
