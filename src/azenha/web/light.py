"""Whether something is so little work that the event loop does it itself; all other clients wait meanwhile."""

from __future__ import annotations

from typing import Final

from azenha.protocols.http import Buffer

VALUES: Final = 500  # each takes some ten microseconds to be read, checked and written again
READ: Final = 64 * 1024  # bytes of a body that are decoded without a thread
CHECKED: Final = 16 * 1024  # bytes of a body whose inputs are checked without a thread


def is_light(body: Buffer, most: int) -> bool:
    """Whether a body has `most` bytes and `VALUES` values at most, in JSON or XML: by its commas and tags."""
    if len(body) > most:
        return False
    data = bytes(body)
    return data.count(b",") + data.count(b"</") <= VALUES
