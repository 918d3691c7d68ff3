"""Inline values that are too large for a job's row, as files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from azenha.domain.files import file_name
from azenha.domain.values import InlineBytes, InlineText, Record, StoredFile, Value

INLINE: Final = "inline"  # their folder within a job's inputs


class LargeValues:
    """Inline values of more than `row` bytes go to durable files below `folder`; `files` counts them."""

    def __init__(self, row: int, folder: Path) -> None:
        self.row, self.folder, self.files = row, folder, 0

    def to_files(self, inputs: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        stored = self.members(inputs)
        if self.files:
            for folder in (self.folder / INLINE, self.folder, self.folder.parent):
                _settle(folder)
        return stored

    def members(self, values: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        return {id: tuple(self.value(id, value) for value in several) for id, several in values.items()}

    def value(self, id: str, value: Value) -> Value:
        match value:
            case InlineText(text) if len(text) * 4 > self.row and len(data := text.encode()) > self.row:
                return self.file(id, data, value)
            case InlineBytes(data) if len(data) > self.row:
                return self.file(id, data, value)
            case Record(fields):
                return Record(self.members(fields))
        return value

    def file(self, id: str, data: bytes, value: InlineText | InlineBytes) -> StoredFile:
        name = file_name(id.replace(".", "_"), value.format.media_type)
        key = f"{INLINE}/{self.files}-{name}"
        self.files += 1
        (self.folder / INLINE).mkdir(parents=True, exist_ok=True)
        with (self.folder / key).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return StoredFile(key, name, len(data), value.format)


def _settle(folder: Path) -> None:
    """Make the entries of a folder survive a loss of power, as the row that names them does."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows writes its directories through
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
