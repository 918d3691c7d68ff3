"""Processes of the standard library alone: an echo in fresh and in reused children; one keeps a core busy."""

from __future__ import annotations

import os
import time

from azenha import process


def _echo(text: str) -> str:
    return text


@process(id="echo-fresh", version="1.0.0", reuse=1)
def echo_fresh(text: str) -> str:
    """Echo; every job has a child of its own."""
    return _echo(text)


@process(id="echo-reused", version="1.0.0", reuse=100)
def echo_reused(text: str) -> str:
    """Echo; a child serves a hundred jobs in turn."""
    return _echo(text)


@process(version="1.0.0")
def busy(seconds: float, events: str) -> int:
    """Count for so many seconds, without a pause; the file named by `events` gets a line at the beginning."""
    descriptor = os.open(events, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, b"start 0\n")
    os.close(descriptor)
    until = time.monotonic() + seconds
    count = 0
    while time.monotonic() < until:
        count += 1
    return count
