"""Outputs as a publisher gets them, and what a MAP file is made of."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from azenha.domain.job import Job, JobState, Lane
from azenha.domain.messages import OutputValue
from azenha.domain.process import Format
from azenha.domain.published import Attribute, Features, Published, Raster
from azenha.domain.values import StoredFile
from azenha.usecases.ports import ServiceRequest

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
JOB = Job("7e1f", "draw", JobState.SUCCEEDED, Lane.BACKGROUND, NOW, NOW)
ADDRESS = "http://127.0.0.1:8080/services/7e1f/map"

PIXELS = Published(
    ".services/map/0.tif", 4326, (), (10, 50, 12, 51), (10, 50, 12, 51), Raster(20, 10, "uint8", ((0, 255),))
)
ATTRIBUTES = (Attribute("name", "Name", "Character"), Attribute("people", "V014", "Long"))
TRACTS = replace(PIXELS, key=".services/map/0.gpkg", content=Features("Polygon", 3, ATTRIBUTES))

_TOKEN = re.compile(r'"[^"]*"|[^\s"]+')


def output(*facts: Published, name: str = "a.tif") -> OutputValue:
    files = tuple(StoredFile("map/a.tif", name, 1, Format("image/tiff"), published=one) for one in facts)
    return OutputValue("map", files, len(files) != 1)


def request(
    query: str = "", path: str = "", method: str = "GET", body: bytes = b"", **headers: str
) -> ServiceRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ServiceRequest(method, path, query, named, body, ADDRESS)


def tokens(text: str) -> list[str]:
    """A MAP file as MapServer reads it: words and strings; nothing is left over."""
    assert text.count('"') % 2 == 0
    rest = _TOKEN.sub("", text)
    assert not rest.strip(), rest
    return _TOKEN.findall(text)


def shape(text: str) -> list[str]:
    """The same without what is inside strings: the directives and where they stand."""
    return ['""' if token.startswith('"') else token for token in tokens(text)]


def folder_of(place: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    return place
