"""The OpenAPI definition: valid, complete, made of the descriptions; and the page of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ogcapi_outcomes import BASE, PLAIN, RICH, SITE, content, get, header
from test_ogcapi_html import Page

from azenha.authoring.registry import load
from azenha.domain.errors import AppError, NotAcceptable
from azenha.domain.messages import ApiDescribed, DescribeApi, Execute
from azenha.domain.process import Catalogue, Offering
from azenha.protocols.http import HttpReply, HttpRequest, Site
from azenha.protocols.ogcapi import OgcApi, faults, openapi, routes
from azenha.protocols.ogcapi.openapi import operations
from azenha.protocols.ogcapi.openapi.document import resolved

CATALOGUE = Catalogue({o.description.id: o for o in (RICH, PLAIN)})
VENDOR = "application/vnd.oai.openapi+json;version=3.0"


def reply(path: str = "/api", query: str = "", site: Site = SITE, **headers: str) -> HttpReply:
    return OgcApi().write(ApiDescribed(CATALOGUE), get(path, query, **headers), site)


def definition(catalogue: Catalogue = CATALOGUE) -> Any:
    return json.loads(content(OgcApi().write(ApiDescribed(catalogue), get("/api"), SITE)))


def operations_of(found: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def bundled() -> Catalogue:
    """The examples that need nothing but Python."""
    found, _ = load("azenha.examples.basic")
    return Catalogue({d.id: Offering(d, "basic") for d in found})
