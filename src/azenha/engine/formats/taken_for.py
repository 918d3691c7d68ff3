"""The values of a request, before the function is called: each with the format that it is taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from azenha.authoring.shapes import FileShape, RecordShape, Slot
from azenha.domain.encodings import NotInEncoding
from azenha.domain.values import InlineBytes, InlineText, Record, StoredFile, Value
from azenha.engine.formats import known
from azenha.engine.formats.recognised import at_hand, in_file, recognised
from azenha.engine.formats.sniff import detect_at_hand


def in_values(
    slots: Sequence[Slot], values: Mapping[str, tuple[Value, ...]], folder: Path
) -> dict[str, tuple[Value, ...]]:
    """The values; `folder` is that of the job's inputs.

    Raises:
        OSError: a file of them cannot be read.
    """
    by_name = {slot.name: slot for slot in slots}
    return {
        id: tuple(_value(by_name[id], one, folder) for one in several) if id in by_name else several
        for id, several in values.items()
    }


def _value(slot: Slot, value: Value, folder: Path) -> Value:
    match slot.shape, value:
        case RecordShape() as shape, Record(fields):
            return Record(in_values(shape.slots, fields, folder))
        case FileShape() as shape, StoredFile(key) if value.format.called is not None:
            return replace(value, format=in_file(folder / key, value.format, shape.domain.formats))
        case FileShape() as shape, (InlineText() | InlineBytes()) as data if data.format.called is not None:
            table = known.table()
            try:
                detected = detect_at_hand(at_hand(data), table)
            except NotInEncoding:
                return value  # which is told where it is written for the author
            return replace(data, format=recognised(data.format, shape.domain.formats, detected, table))
    return value
