"""One of each outcome, for the tests of the writers."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from azenha.domain.errors import AppError
from azenha.domain.job import Failure, FailureKind, Job, JobState, Lane
from azenha.domain.messages import Asked, OutputRequest, OutputValue, ResponseForm, Results, Transmission
from azenha.domain.process import (
    CRS84,
    BoxDomain,
    Closure,
    ComplexDomain,
    Crs,
    Domain,
    Format,
    InputDescription,
    LiteralDomain,
    LiteralType,
    Metadata,
    ObjectDomain,
    Offering,
    OutputDescription,
    ProcessDescription,
    Scalar,
    Text,
    ValueRange,
)
from azenha.domain.values import StoredFile, Value
from azenha.protocols.http import Dialect, Encoding, FileSlice, HttpReply, HttpRequest, Site
from azenha.protocols.ogcapi import OgcApi

BASE = "http://server.example/a"
SITE = Site(BASE, "The Mill", "Grinds data <fine>")
API: Dialect = OgcApi()
EPSG4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
GEOTIFF = Format("image/tiff; application=geotiff")
GEOJSON = Format("application/geo+json")
JSON = Format("application/json")
PNG = Format("image/png")
CSV = Format("text/csv")
NOW = datetime(2025, 3, 4, 5, 6, 7, 89012, UTC)


def literal(type: LiteralType, *allowed: Scalar | ValueRange, units: tuple[str, ...] = ()) -> LiteralDomain:
    return LiteralDomain(type, allowed, units)


def input(id: str, domain: Domain, least: int = 0, most: int | None = 1, **more: Any) -> InputDescription:
    return InputDescription(id, domain, Text(f"The {id}"), least, most, **more)


BOX = BoxDomain((Crs(CRS84), Crs(EPSG4326, swapped=True)), (2, 3))
POINT = ObjectDomain(
    (
        input("x", literal(LiteralType.DOUBLE), 1),
        input("tags", literal(LiteralType.STRING), 1, 3, array=True, default=("a",)),
        input("note", literal(LiteralType.STRING), default="none"),
    )
)
INPUTS = (
    InputDescription(
        "text", literal(LiteralType.STRING), Text("Text <b>", "What to say.\nTwice.", ("word", "say"))
    ),
    input("choice", literal(LiteralType.STRING, "red", "green"), default="red"),
    input("count", literal(LiteralType.INTEGER, ValueRange(0, 10, Closure.OPEN)), 1, None),
    input(
        "share",
        literal(LiteralType.DOUBLE, ValueRange(0.0, 1.0, Closure.OPEN_CLOSED), units=("m", "km")),
        default=0.5,
        default_unit="km",
    ),
    input("even", literal(LiteralType.INTEGER, ValueRange(2, None, spacing=2), -1)),
    input("odd", literal(LiteralType.INTEGER, ValueRange(1, 9, spacing=2))),
    input("exact", literal(LiteralType.DECIMAL), default=Decimal("0.10000000000000000000000001")),
    input("flag", literal(LiteralType.BOOLEAN), default=True),
    input("day", literal(LiteralType.DATE, ValueRange(date(2020, 1, 1), None)), default=date(2024, 2, 29)),
    input("time", literal(LiteralType.DATETIME), default=datetime(2024, 1, 1, tzinfo=UTC)),
    input("pause", literal(LiteralType.DURATION), default=timedelta(days=1, seconds=90)),
    input("numbers", literal(LiteralType.INTEGER), 0, None, default=(1, 2), array=True),
    input("perhaps", literal(LiteralType.INTEGER), 0, 1, default=(1,), array=True),
    input("box", BOX),
    input("scene", ComplexDomain((GEOTIFF, Format(GEOTIFF.media_type, "base64"), GEOJSON, CSV), 1000)),
    input("any", ComplexDomain((Format("*/*"),)), metadata=(Metadata("http://x.example/m", "More"),)),
    input("point", POINT),
    input("gml", ComplexDomain((Format("text/xml", schema="http://x.example/a.xsd"),))),
    input("tree", ComplexDomain((JSON,)), metadata=(Metadata("javascript:alert(1)", "Bad"),)),
)
OUTPUTS = (
    OutputDescription("text", literal(LiteralType.STRING), Text("Text")),
    OutputDescription("scenes", ComplexDomain((GEOTIFF,)), Text("Scenes"), array=True, optional=True),
    OutputDescription("box", BOX, Text("Box")),
)
RICH = Offering(
    ProcessDescription(
        "rich one",
        "1.2.0",
        Text("Rich", "Everything there is.", ("echo",)),
        INPUTS,
        OUTPUTS,
        (Metadata("http://x.example/about", "About", "documentation"),),
    ),
    "rich.py",
)
PLAIN = Offering(ProcessDescription("plain", "1", Text("Plain")), "plain.py")

ACCEPTED = Job(
    "6c0d0a0e-3ac4-4b9c-8d1b-0f5f8d3f0a11", "rich one", JobState.ACCEPTED, Lane.BACKGROUND, NOW, NOW
)
RUNNING = replace(ACCEPTED, state=JobState.RUNNING, started=NOW, progress=40, message="2 of 5 <tiles>")
SUCCEEDED = replace(RUNNING, state=JobState.SUCCEEDED, finished=NOW, expires=NOW + timedelta(days=7))
FAILED = replace(
    SUCCEEDED, state=JobState.FAILED, failure=Failure(FailureKind.PROCESS, "ValueError: no band 4", "R-1")
)
DISMISSED = replace(SUCCEEDED, state=JobState.DISMISSED, progress=40)
REMOVED = replace(DISMISSED, state=JobState.REMOVED)
HELD = replace(ACCEPTED, state=JobState.HELD, expires=NOW + timedelta(days=1))
PAUSED = replace(RUNNING, state=JobState.PAUSED)
CREATED = replace(ACCEPTED, state=JobState.CREATED, expires=NOW + timedelta(days=1))
JOBS = (ACCEPTED, RUNNING, SUCCEEDED, FAILED, DISMISSED)
JOB_ADDRESS = f"{BASE}/jobs/{ACCEPTED.id}"


def get(path: str, query: str = "", **headers: str) -> HttpRequest:
    return HttpRequest("GET", path, query, {k.replace("_", "-"): v for k, v in headers.items()})


def write(outcome: Any, path: str = "/", query: str = "", **headers: str) -> HttpReply:
    return API.write(outcome, get(path, query, **headers), SITE)


def output(
    id: str, *values: Value, array: bool = False, domain: Domain | None = None, by: Transmission | None = None
) -> OutputValue:
    return OutputValue(id, values, array, OutputRequest(transmission=by), domain)


def results(
    *outputs: OutputValue,
    form: ResponseForm = ResponseForm.RAW,
    single: bool = False,
    folder: Path | str = "/data/j1",
) -> Results:
    asked = Asked("ogcapi", "1.0", response=form)
    return Results(SUCCEEDED, outputs, asked, str(folder), single, several=len(outputs) > 1)


def stored(folder: Path, name: str, data: bytes, format: Format) -> StoredFile:
    (folder / name).write_bytes(data)
    return StoredFile(name, name, len(data), format)


def content(reply: HttpReply) -> bytes:
    """The body as a client gets it: files read, those in base64 encoded."""
    pieces = []
    for piece in reply.body:
        if isinstance(piece, FileSlice):
            with open(piece.path, "rb") as file:
                file.seek(piece.start)
                data = file.read(piece.end - piece.start)
            assert piece.encoding in (Encoding.NONE, Encoding.BASE64)
            pieces.append(data if piece.encoding is Encoding.NONE else base64.b64encode(data))
        else:
            pieces.append(piece)
    assert sum(map(len, pieces)) == reply.length
    return b"".join(pieces)


def document(reply: HttpReply) -> Any:
    assert header(reply, "Content-Type") == "application/json"
    return json.loads(content(reply))


def header(reply: HttpReply, name: str) -> str | None:
    found = [v for k, v in reply.headers if k == name]
    assert len(found) <= 1
    return found[0] if found else None


def refuse(error: AppError) -> HttpReply:
    return API.fault(error, get("/"), SITE)
