"""A process that tells what arrived."""

from __future__ import annotations

import hashlib

from azenha import File, process

PIECE = 256 * 1024


@process(version="1.0.0", reuse=100)
def tell(data: File) -> str:
    """Size and SHA-256 of a file."""
    size, digest = 0, hashlib.sha256()
    with data.path.open("rb") as file:
        while piece := file.read(PIECE):
            size += len(piece)
            digest.update(piece)
    return f"{size} {digest.hexdigest()}"
