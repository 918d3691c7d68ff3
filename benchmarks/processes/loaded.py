"""Trivial processes beside numpy and rasterio: what a job costs when its module is a heavy one."""

from __future__ import annotations

import os
import time

import numpy  # noqa: F401 - loaded for its weight
import rasterio  # noqa: F401

from azenha import process


def _mark(events: str) -> str:
    """Write when the job started and ended, on the one clock of all processes of this machine."""
    started = time.monotonic_ns()
    descriptor = os.open(events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"start {started}\nend {time.monotonic_ns()}\n".encode())
    os.close(descriptor)
    return "done"


@process(id="mark-fresh", version="1.0.0", reuse=1)
def mark_fresh(events: str) -> str:
    """Note start and end in a file; every job has a child of its own."""
    return _mark(events)


@process(id="mark-reused", version="1.0.0", reuse=100)
def mark_reused(events: str) -> str:
    """Note start and end in a file; a child serves a hundred jobs in turn."""
    return _mark(events)
