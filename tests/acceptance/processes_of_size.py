"""Processes that tell what arrived, in little memory."""

from __future__ import annotations

import hashlib
from pathlib import Path

from azenha import Context, Features, File, process


def told(path: Path) -> str:
    size, digest = 0, hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            size += len(piece)
            digest.update(piece)
    return f"{size} {digest.hexdigest()}"


@process(version="1.0.0", reuse=100)
def tell(data: File) -> str:
    """Size and SHA-256 of a file."""
    return told(data.path)


@process(version="1.0.0", reuse=100)
def total(values: list[float]) -> float:
    """The sum."""
    return sum(values)


@process(version="1.0.0", reuse=100)
def many(count: int) -> list[float]:
    """So many numbers."""
    return [n / 7 for n in range(count)]


@process(version="1.0.0", reuse=100)
def give(size: int, *, ctx: Context) -> File:
    """A file of so many bytes, all zero."""
    path = ctx.workdir / "zeros.bin"
    with path.open("wb") as file:
        file.truncate(size)
    return File(path)


@process(version="1.0.0", reuse=100)
def tell_features(data: Features) -> str:
    """Size and SHA-256 of features, as they came."""
    return told(data.path)
