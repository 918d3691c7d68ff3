"""Processes that only tests need: they say where they are, and wait until a file appears."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from azenha import Context, File, process


@process(version="1.0.0")
def wait_for(file: str, tells: str, deaf: bool = False, *, ctx: Context) -> str:
    """Writes its process id into the file `tells`, then waits for `file`; a deaf one does not listen."""
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ctx.log.info("it waits")
    fresh = Path(f"{tells}.new")
    fresh.write_text(str(os.getpid()))
    fresh.rename(tells)
    while not Path(file).exists():
        if not deaf:
            ctx.check()
        time.sleep(0.02)
    return "it came"


@process(version="1.0.0")
def spin(seconds: float, tells: str) -> str:
    """Uses the processor."""
    Path(f"{tells}-{os.getpid()}").touch()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sum(range(1000))
    return "spun"


@process(version="1.0.0")
def measure(data: File) -> int:
    """The size of a file, in bytes."""
    return data.path.stat().st_size


@process(version="1.0.0")
def write_file(text: str, *, ctx: Context) -> File:
    """A text file."""
    path = ctx.workdir / "said.txt"
    path.write_text(text)
    return File(path, "text/plain")


@process(version="1.0.0", sync=False)
def later(text: str) -> str:
    """Only ever in the background."""
    return text


@process(version="1.0.0")
def write_files(texts: list[str], *, ctx: Context) -> list[File]:
    """A text file of each text."""
    files = []
    for number, text in enumerate(texts):
        path = ctx.workdir / f"said-{number}.txt"
        path.write_text(text)
        files.append(File(path, "text/plain"))
    return files
