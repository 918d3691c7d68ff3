"""Echoes in the shapes that OGC's official test suites ask for. Served when this module is named, not otherwise.

The suites build their requests from the description, and know only some shapes of it: the rich `echo` would make
them skip tests or send what its description forbids. Programs are meant to use these, people the other one.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from typing import Annotated

from azenha import BBox, Context, Crs, File, Items, Media, Range, process

KEYWORDS = ("test", "certification")
NAP = 0.1  # seconds between two looks at whether the job was dismissed

Plain = Annotated[File, Media("text/plain")]
Mixed = Annotated[File, Media("text/plain", "text/csv", "text/xml")]
Xml = Annotated[File, Media("text/xml", "application/xml", "text/plain")]
Wgs84 = Annotated[BBox, Crs("EPSG:4326", "CRS84")]


def copy(file: File | None, output: str, ctx: Context) -> File | None:
    """The same bytes in the job's own folder: an output leaves it, inputs stay.

    It is of the media type that the client asks the output in, if it asks for one.
    """
    if file is None:
        return None
    target = ctx.workdir / f"{output}{file.path.suffix}"
    shutil.copyfile(file.path, target)
    return File(target, ctx.media_type(output) or file.media_type, name=file.name)


@dataclass(frozen=True)
class Echo:
    """What was given; None (and absent from the results) what was not."""

    string: str
    length: int
    integers: list[int] | None = None
    box: BBox | None = None
    plain: Plain | None = None
    mixed: Mixed | None = None
    binary: File | None = None


# The first input is a text that is required, and there is an output of its name: the suite looks for what it sent
# first in that. It sends texts to whatever is of type object, so nothing is. An integer is always among the
# outputs: the suite holds answers against a `oneOf` of which a document of texts alone fulfils two branches (its
# issue 54), while integers are in none but "an object".
@process(id="certification-echo", version="1.0.0", reuse=100, keywords=KEYWORDS)
def certification_echo(
    string: str,
    pause: Annotated[float, Range(0, 60)] = 0.0,
    integers: Annotated[list[int], Items(0, 100)] | None = None,
    box: BBox | None = None,
    plain: Plain | None = None,
    mixed: Mixed | None = None,
    binary: File | None = None,
    *,
    ctx: Context,
) -> Echo:
    """Echo for the official suite of OGC API - Processes: returns what it is given.

    Args:
        string: Any text.
        pause: How long it waits before it answers, in seconds.
        integers: One value: an array of up to a hundred integers.
        box: A bounding box, longitude first.
        plain: Text.
        mixed: Text, a table or XML.
        binary: Bytes of any kind.
    Returns:
        Everything that was given, and how many characters the text has.
    """
    until = time.monotonic() + pause
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, NAP))
        ctx.check()
    return Echo(
        string,
        len(string),
        integers,
        box,
        copy(plain, "plain", ctx),
        copy(mixed, "mixed", ctx),
        copy(binary, "binary", ctx),
    )


@dataclass(frozen=True)
class JavapsEcho:
    """What was given; None (and absent from the results) what was not."""

    literalOutput: str | None = None
    complexOutput: Xml | None = None
    boundingboxOutput: Wgs84 | None = None


# All names of this and the next are those that the suites of WPS have in their requests, word for word.
@process(id="org.n52.javaps.test.EchoProcess", version="1.0.0", reuse=100, keywords=KEYWORDS)
def javaps_echo(
    literalInput: str | None = None,
    complexInput: Xml | None = None,
    boundingboxInput: Wgs84 | None = None,
    *,
    ctx: Context,
) -> JavapsEcho:
    """Echo for the official suite of WPS 2.0: returns what it is given.

    Args:
        literalInput: Any text.
        complexInput: XML or text.
        boundingboxInput: A bounding box.
    Returns:
        Everything that was given.
    """
    return JavapsEcho(literalInput, copy(complexInput, "complexOutput", ctx), boundingboxInput)


@dataclass(frozen=True)
class N52Echo:
    """What was given; None (and absent from the results) what was not."""

    literalOutput: str | None = None
    complexOutput: Xml | None = None


@process(id="org.n52.wps.server.algorithm.test.EchoProcess", version="1.0.0", reuse=100, keywords=KEYWORDS)
def n52_echo(literalInput: str | None = None, complexInput: Xml | None = None, *, ctx: Context) -> N52Echo:
    """Echo for the official suite of WPS 1.0.0: returns what it is given.

    Args:
        literalInput: Any text.
        complexInput: XML or text.
    Returns:
        Everything that was given.
    """
    return N52Echo(literalInput, copy(complexInput, "complexOutput", ctx))
