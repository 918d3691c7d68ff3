"""Processes that clients of WPS are tried with: each kind of value as its own input and output, progress, errors."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from azenha import BBox, Context, Crs, Features, File, Media, Occurs, Range, Text, Title, Translated, process

Document = Annotated[File, Media("text/xml", "application/xml")]
Archive = Annotated[File, Media("application/zip", "application/octet-stream")]
Plain = Annotated[File, Media("text/plain")]


@dataclass(frozen=True)
class Literals:
    """What was given, and what came of it."""

    text: str
    number: float
    count: int
    flag: bool
    colour: Literal["red", "green", "blue"]
    total: int


@process(
    version="1.0.0",
    keywords=("test",),
    translations={"pt": Text("Valores literais", "Devolve o que lhe dão.")},
    reuse=100,
)
def literals(
    text: Annotated[str, Title("A text"), Translated({"pt": "Um texto"})],
    number: float = 1.5,
    count: Annotated[int, Range(0, 100)] = 3,
    flag: bool = True,
    colour: Literal["red", "green", "blue"] = "red",
    numbers: Annotated[list[int], Occurs(0, 10)] | None = None,
) -> Literals:
    """Literal values

    Returns what it is given.

    Args:
        text: Any text.
        number: A number in double precision.
        count: A number from 0 to 100.
        flag: Yes or no.
        colour: One of three.
        numbers: Up to ten numbers, which are added up.
    """
    return Literals(text, number, count, flag, colour, sum(numbers or ()))


@dataclass(frozen=True)
class Copies:
    """The same bytes as were given."""

    document: Document | None = None
    features: Features | None = None
    archive: Archive | None = None
    sizes: str = ""


@process(version="1.0.0", reuse=100)
def copies(
    document: Document | None = None,
    features: Features | None = None,
    archive: Archive | None = None,
    *,
    ctx: Context,
) -> Copies:
    """Copies of files

    Returns the files that it is given, byte by byte, and tells their sizes.

    Args:
        document: XML of any kind.
        features: Features.
        archive: Bytes.
    """
    given = {"document": document, "features": features, "archive": archive}
    sizes = ";".join(f"{name}={file.path.stat().st_size}" for name, file in given.items() if file is not None)
    # As the client asks for it, if it asks.
    return Copies(
        None if document is None else File(*_copy(document, "document", ctx)),
        None if features is None else Features(*_copy(features, "features", ctx)),
        None if archive is None else File(*_copy(archive, "archive", ctx)),
        sizes,
    )


def _copy(file: File, name: str, ctx: Context) -> tuple[Path, str]:
    # An output leaves the job's folder, its inputs stay there.
    target = ctx.workdir / f"{name}{file.path.suffix}"
    shutil.copyfile(file.path, target)
    return target, ctx.media_type(name) or file.media_type


@dataclass(frozen=True)
class Edges:
    """The box as it was understood: west and east are longitudes or eastings."""

    box: Annotated[BBox, Crs("CRS84", "EPSG:4326", "EPSG:3857")]
    west: float
    south: float
    east: float
    north: float


@process(version="1.0.0", reuse=100)
def edges(box: Annotated[BBox, Crs("CRS84", "EPSG:4326", "EPSG:3857")]) -> Edges:
    """Edges of a box

    Tells the edges of a box.

    Args:
        box: In one of three reference systems.
    """
    return Edges(box, box.minx, box.miny, box.maxx, box.maxy)


@dataclass(frozen=True)
class Kinds:
    """What came, as text."""

    place: str
    raster: str
    note: str
    west: float | None = None


@process(version="1.0.0", reuse=100)
def kinds(
    place: Annotated[File, Media("text/xml", schema="http://example.org/Schemas/Place.xsd")] | None = None,
    raster: Annotated[File, Media("image/tiff; application=GeoTIFF")] | None = None,
    note: Plain | None = None,
    box: BBox | None = None,
) -> Kinds:
    """Kinds of files

    Tells what is in files whose formats have names in mixed case.

    Args:
        place: XML by a schema.
        raster: Any bytes; they come back in hexadecimal.
        note: A text.
        box: Longitude first.
    """
    return Kinds(
        "" if place is None else place.path.read_text(),
        "" if raster is None else raster.path.read_bytes().hex(),
        "" if note is None else note.path.read_text(),
        None if box is None else box.minx,
    )


@process(version="1.0.0", reuse=100)
def write_text(text: str, *, ctx: Context) -> Plain:
    """Write a text

    A text file.

    Args:
        text: What is in it.
    """
    path = ctx.workdir / "said.txt"
    path.write_text(text)
    return File(path, "text/plain")


@process(version="1.0.0")
def wait_at(percent: Annotated[int, Range(0, 99)], file: str, *, ctx: Context) -> str:
    """Wait

    Gets so far, and goes on when a file is there.

    Args:
        percent: How far it is while it waits.
        file: The path of the file.
    """
    ctx.progress(percent, "it waits")
    while not Path(file).exists():
        ctx.check()
        time.sleep(0.02)
    return "it came"


@process(version="1.0.0", reuse=100)
def refuse(reason: str) -> str:
    """Refuse

    Fails for a reason that its user may read.

    Args:
        reason: The reason.
    """
    raise ValueError(reason)
