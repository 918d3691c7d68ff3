"""Processes that need nothing but Python: an echo, a slow one with progress, one that fails on request."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, cast

from azenha import BBox, Context, Crs, File, Keywords, Occurs, Range, process

MIB = 1 << 20
# `fail` is stopped by its memory limit long before; where no limit holds, it must not take the machine down.
MOST_MEMORY = 2048 * MIB
MEMORY_LIMIT = 256 * MIB
TIME_LIMIT = 10.0
NOISE = 32 * MIB


@dataclass(frozen=True)
class Place:
    """A place on Earth; latitude and longitude in degrees, WGS 84."""

    name: str
    latitude: Annotated[float, Range(-90, 90)]
    longitude: Annotated[float, Range(-180, 180)]


@dataclass(frozen=True)
class Echo:
    """What `echo` was given; None (and absent from the results) what it was not."""

    text: str
    number: float | None = None
    integer: int | None = None
    decimal: Decimal | None = None
    flag: bool | None = None
    day: date | None = None
    moment: datetime | None = None
    duration: timedelta | None = None
    choice: Literal["red", "green", "blue"] | None = None
    numbers: list[float] | None = None
    box: BBox | None = None
    place: Place | None = None
    document: File | None = None


@process(version="1.0.0", reuse=100, keywords=("test",))
def echo(
    text: str,
    number: float | None = None,
    integer: Annotated[int, Range(-1_000_000, 1_000_000)] | None = None,
    decimal: Decimal | None = None,
    flag: bool | None = None,
    day: date | None = None,
    moment: datetime | None = None,
    duration: timedelta | None = None,
    choice: Literal["red", "green", "blue"] | None = None,
    numbers: Annotated[list[float], Occurs(0, 100)] | None = None,
    box: Annotated[BBox, Crs("CRS84", "EPSG:4326", "EPSG:3857")] | None = None,
    place: Place | None = None,
    document: File | None = None,
    *,
    ctx: Context,
) -> Echo:
    """Echo: returns what it is given.

    One input of each kind, to try a client with. Every input but the text may be left out; what is left out
    is absent from the results.

    Args:
        text: Any text.
        number: A number in double precision.
        integer: An integer from -1,000,000 to 1,000,000.
        decimal: A number whose digits all count.
        flag: true or false.
        day: A day, without a time zone.
        moment: A date and time, with its time zone.
        duration: A length of time.
        choice: One of three colours.
        numbers: Up to a hundred numbers.
        box: A bounding box, longitude first.
        place: A name with latitude and longitude in degrees.
        document: A file of any kind.
    Returns:
        Everything that was given.
    """
    copy: File | None = None
    if document is not None:
        # A copy: an output leaves the job's folder, its inputs stay there.
        target = ctx.workdir / f"echo-{document.name}"
        shutil.copyfile(document.path, target)
        copy = File(target, document.media_type)
    return Echo(
        text, number, integer, decimal, flag, day, moment, duration, choice, numbers, box, place, copy
    )


@process(version="1.0.0", retries=2, pause="cooperative", keywords=("test",))
def slow(
    seconds: Annotated[float, Range(0, 3600)] = 10.0,
    steps: Annotated[int, Range(1, 1000)] = 10,
    *,
    ctx: Context,
) -> str:
    """Slow: takes its time and says how far it is.

    Sleeps, in equal steps, and reports progress with a message after each. It stops within a tenth of a
    second of being dismissed or paused. If its worker dies, it is started again, twice at most.

    Args:
        seconds: How long it takes in all, in seconds.
        steps: In how many steps, and so how often it reports.
    Returns:
        A sentence on how long it took.
    """
    started = time.monotonic()
    for step in range(1, steps + 1):
        left = seconds / steps
        ctx.check()
        while left > 0:  # what it rests while it is paused does not count
            time.sleep(nap := min(left, 0.1))
            left -= nap
            ctx.check()
        ctx.progress(100 * step // steps, f"step {step} of {steps}")
    return f"{steps} steps in {time.monotonic() - started:.1f} s"


Failing = Literal["raise", "refuse", "exit", "kill", "crash", "memory", "time", "noise", "output"]


@process(
    version="1.0.0",
    memory_limit=MEMORY_LIMIT,
    time_limit=TIME_LIMIT,
    keywords=("test",),
)
def fail(how: Failing = "raise", *, ctx: Context) -> Annotated[str, Keywords("never there")]:
    """Fail: shows what a failing job looks like.

    It may use 256 MiB and 10 seconds, so that those limits can be seen at work too. Whatever it does, it can
    hurt no other job.

    Args:
        how: raise (an exception), refuse (a ValueError about an input), exit (sys.exit), kill (os._exit),
            crash (a segmentation fault), memory (takes memory without end), time (never ends), noise (prints
            32 MiB, then raises), output (returns a number where text was declared).
    Returns:
        Nothing: it fails.
    """
    ctx.progress(10, f"about to fail: {how}")
    match how:
        case "refuse":
            raise ValueError("input 'how': 'refuse' asks to be refused; any other choice fails differently")
        case "exit":
            sys.exit(3)
        case "kill":
            os._exit(3)
        case "crash":
            signal.raise_signal(signal.SIGSEGV)
        case "memory":
            _take_memory()
        case "time":
            _never_end()
        case "noise":
            _make_noise()
        case "output":
            return cast("str", 42)
        case "raise":
            pass
    raise RuntimeError("this process fails because it was asked to")


def _take_memory() -> None:
    taken: list[bytes] = []
    while len(taken) * 16 * MIB < MOST_MEMORY:
        # Not zeros: the system hands those out without using memory.
        taken.append(b"\x01" * (16 * MIB))
    raise RuntimeError(f"took {MOST_MEMORY // MIB} MiB, and no memory limit held")


def _never_end() -> None:
    # Deaf to cancellation, as a loop inside a C library is.
    while True:
        time.sleep(1)


def _make_noise() -> None:
    line = "noise " * 170 + "\n"
    for _ in range(NOISE // len(line)):
        sys.stdout.write(line)
    sys.stdout.flush()
