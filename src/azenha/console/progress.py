"""A job's progress on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from azenha.console.client import JobAt
from azenha.console.text import one_line, say


@contextmanager
def progress(title: str) -> Iterator[Callable[[JobAt], None]]:
    """What is yielded takes every status of the job that is seen."""
    if sys.stderr.isatty():
        with _bar(title) as seen:
            yield seen
    else:
        yield _lines(title)


def percent(info: Any) -> int:
    """Progress from 0 to 100; servers may leave it out, or know it is 100 only by the status."""
    if info.get("status") == "successful":
        return 100
    value = info.get("progress")
    return max(0, min(100, int(value))) if isinstance(value, int) else 0


def _lines(title: str) -> Callable[[JobAt], None]:
    last = ""

    def seen(job: JobAt) -> None:
        nonlocal last
        words = one_line(job.info.get("message") or job.info.get("status", ""))
        line = f"{title}: {percent(job.info)} % {words}"
        if line != last:
            say(line)
            last = line

    return seen


@contextmanager
def _bar(title: str) -> Iterator[Callable[[JobAt], None]]:
    # Slow to import, and needed on a terminal alone.
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        console=Console(stderr=True),
    ) as shown:
        task = shown.add_task(title, total=100, words="")

        def seen(job: JobAt) -> None:
            words = one_line(job.info.get("message") or job.info.get("status", ""))
            shown.update(task, completed=percent(job.info), words=words)

        yield seen
