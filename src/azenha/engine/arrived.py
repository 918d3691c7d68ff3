"""Whether the data that came with a request are there as they were stored.

The files of a synchronous job are not synced before it ends: a loss of power may take them and leave its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from azenha.domain.values import Record, StoredFile, Value


def incomplete(inputs: Mapping[str, Sequence[Value]], folder: Path) -> str | None:
    """The first input whose file is not there, or not as long as it was; None if all is well.

    Args:
        folder: what the files' keys are relative to.
    """
    for id, values in inputs.items():
        for value in values:
            if isinstance(value, Record) and (within := incomplete(value.fields, folder)) is not None:
                return f"{id}.{within}"
            if isinstance(value, StoredFile) and _size(folder / value.key) != value.size:
                return id
    return None


def _size(path: Path) -> int:
    """Bytes; -1 where nothing is there."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
