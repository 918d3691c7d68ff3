"""Processes that count in a file as long as they are let."""

from __future__ import annotations

import os
import time
from pathlib import Path

from azenha import Context, process


def _count(file: str) -> int:
    place, lines = Path(file), 0
    with place.open("a", 1) as counted:
        print(os.getpid(), file=counted)
        while not place.with_suffix(".gate").exists():
            print("x", file=counted)
            lines += 1
            time.sleep(0.002)
    return lines


@process(pause=True)
def count(file: str) -> int:
    """Counts until the gate is open."""
    return _count(file)


@process(pause=True, retries=1)
def count_again(file: str, *, ctx: Context) -> int:
    """Counts until the gate is open, and again after its worker was lost."""
    return _count(file) if ctx.attempt == 1 else ctx.attempt


@process
def restless(file: str) -> int:
    """Cannot be paused."""
    return _count(file)
