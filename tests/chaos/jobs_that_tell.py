"""Processes whose jobs write into an event file what happens to them. See chaos.py."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from azenha import Context, process

FOLDER = Path(__file__).resolve().parent  # a copy of this file lies beside its event file
OVERLAP = 1.0  # seconds that a killed process may need to be gone


def _tell(what: str, number: int, ctx: Context) -> None:
    line = f"{what} {number} {ctx.job} {ctx.attempt} {os.getpid()} {time.monotonic():.6f}\n"
    descriptor = os.open(FOLDER / "events", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


def _place(slots: int) -> int | None:
    """One of `slots` locks, which the system frees when this process ends, however it ends."""
    until = time.monotonic() + OVERLAP
    while True:
        for slot in range(slots):
            descriptor = os.open(FOLDER / f"slot-{slot}", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                os.close(descriptor)
        if time.monotonic() > until:
            return None
        time.sleep(0.01)


def _run(number: int, seconds: float, deaf: bool, helper: bool, counted: bool, ctx: Context) -> str:
    _tell("start", number, ctx)
    place = _place(2) if counted else None
    if counted and place is None:
        _tell("third", number, ctx)
    if helper:
        # Far from the job: a session of its own, deaf to polite requests, elsewhere.
        subprocess.Popen(
            [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"],
            start_new_session=True,
            cwd="/",
        )
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
        if not deaf:
            ctx.check()
            ctx.progress(int(100 * (1 - left / seconds)), "on its way")
    _tell("end", number, ctx)
    if place is not None:
        os.close(place)
    return f"{number}:{ctx.attempt}"


@process(version="1.0.0", pause=True)
def once(
    number: int,
    seconds: float,
    deaf: bool = False,
    helper: bool = False,
    counted: bool = True,
    *,
    ctx: Context,
) -> str:
    """A job that is not started again."""
    return _run(number, seconds, deaf, helper, counted, ctx)


@process(version="1.0.0", retries=3, pause=True)
def again(
    number: int,
    seconds: float,
    deaf: bool = False,
    helper: bool = False,
    counted: bool = True,
    *,
    ctx: Context,
) -> str:
    """A job that is started again, three times at most, if its worker dies."""
    return _run(number, seconds, deaf, helper, counted, ctx)


@process(version="1.0.0", reuse=5, pause="cooperative")
def reused(
    number: int,
    seconds: float,
    deaf: bool = False,
    helper: bool = False,
    counted: bool = True,
    *,
    ctx: Context,
) -> str:
    """A job whose child serves others too."""
    return _run(number, seconds, deaf, helper, counted, ctx)


@process(version="1.0.0")
def meet(number: int, others: int, *, ctx: Context) -> str:
    """Ends once as many jobs as `others` are there at the same time; fails if they do not come."""
    here = FOLDER / "met"
    here.mkdir(exist_ok=True)
    (here / str(number)).touch()
    until = time.monotonic() + 20
    while len(list(here.iterdir())) < others:
        if time.monotonic() > until:
            raise RuntimeError("waited alone: a slot is lost")
        time.sleep(0.02)
        ctx.check()
    return "met"
