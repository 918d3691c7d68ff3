"""Processes for a fuzzer: every kind of input, little work, and nothing that fails for a good reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from azenha import BBox, File, Occurs, Range, Unit, process


@dataclass(frozen=True)
class Place:
    """A place, in degrees."""

    name: str
    latitude: Annotated[float, Range(-90, 90)]


@dataclass(frozen=True)
class Told:
    """How many inputs came, and two of them."""

    count: int
    text: str | None = None
    numbers: list[float] | None = None


@process(version="1.0.0", reuse=100)
def many(
    text: str,
    count: Annotated[int, Range(0, 10)] = 1,
    height: Annotated[float, Range(0, 9000), Unit("m")] = 1.5,
    exact: Decimal | None = None,
    flag: bool = False,
    day: date | None = None,
    moment: datetime | None = None,
    duration: timedelta | None = None,
    choice: Literal["red", "green"] = "red",
    numbers: Annotated[list[float], Occurs(0, 5)] | None = None,
    place: Place | None = None,
) -> Told:
    """One input of each kind whose values a schema can tell apart from all others."""
    given = (exact, day, moment, duration, numbers, place)
    return Told(5 + sum(one is not None for one in given), text, numbers)


@process(version="1.0.0", reuse=100)
def shaped(box: BBox | None = None, document: File | None = None) -> str:
    """Inputs of which a schema tells the form alone."""
    return f"{box is not None} {document is not None}"


@process(version="1.0.0", sync=False, reuse=100)
def background(number: Annotated[float, Range(0, 1)] = 0.5) -> float:
    """Only ever in the background."""
    return number
