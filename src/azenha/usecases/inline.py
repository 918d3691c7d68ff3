"""Inline values that are too large for a job's row, as files; large ones come straight out of the body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from azenha.domain import encodings
from azenha.domain.complexes import Cut, CutTooLarge
from azenha.domain.encodings import NotInEncoding
from azenha.domain.errors import InvalidInputs, InvalidValue
from azenha.domain.files import file_name
from azenha.domain.process import Format
from azenha.domain.slices import Buffer, content, decoded
from azenha.domain.values import InlineBytes, InlineText, Record, StoredFile, Value
from azenha.durable import sync

INLINE: Final = "inline"  # their folder within a job's inputs
IN_ALL: Final = 16  # times what one value may have in the row: what all that are cut out have there together
_PLACE: Final = str.maketrans(".[]", "___")  # of a locator: no part of a name that patterns are made of


class LargeValues:
    """Inline values of more than `row` bytes go to files below `folder`; `files` counts them.

    So do smaller ones that are cut out, when there are many.

    `cut` is the Cutter that binding wants; then `to_files` has what binding gave. `change` tells the files of a
    later change of a request from those that it has already.
    """

    def __init__(self, row: int, folder: Path, body: Buffer, change: str = "") -> None:
        self.row, self.folder, self.files = row, folder, 0
        self._room = IN_ALL * row
        self._body, self._change = body, change
        self.keys: list[str] = []

    def cut(self, cut: Cut) -> InlineText | InlineBytes | StoredFile:
        """
        Raises:
            NotDecodable, CutTooLarge
            NotInEncoding: of text that is XML.
        """
        pieces = content(self._body, cut.slice)
        if cut.base64:
            pieces = decoded(pieces)
        pieces = _counted(pieces, cut.at_most)
        head = b""
        for piece in pieces:
            head += piece
            if len(head) > min(self.row, self._room):
                write = self.file if cut.base64 else self.text
                return write(cut.name, chain((head,), pieces), cut.format)
        self._room -= len(head)
        return InlineBytes(head, cut.format) if cut.base64 else InlineText(head.decode(), cut.format)

    def to_files(self, inputs: Mapping[str, tuple[Value, ...]]) -> dict[str, tuple[Value, ...]]:
        """For `settle` to make durable, where a row is that names them.

        Raises:
            InvalidInputs: text that is XML cannot be in the encoding that it declares.
        """
        return self.members(inputs, "")

    def members(self, values: Mapping[str, tuple[Value, ...]], prefix: str) -> dict[str, tuple[Value, ...]]:
        return {
            id: tuple(
                self.value(id, value, f"{prefix}{id}" + (f"[{n}]" if len(several) > 1 else ""))
                for n, value in enumerate(several)
            )
            for id, several in values.items()
        }

    def value(self, id: str, value: Value, locator: str) -> Value:
        match value:
            case InlineText(text) if len(text) * 4 > self.row and len(data := text.encode()) > self.row:
                try:
                    return self.text(id, (data,), value.format)
                except NotInEncoding as reason:
                    raise InvalidInputs([InvalidValue(locator, str(reason))]) from None
            case InlineBytes(data) if len(data) > self.row:
                return self.file(id, (data,), value.format)
            case Record(fields):
                return Record(self.members(fields, f"{locator}."))
        return value

    def text(self, id: str, pieces: Iterable[bytes], format: Format) -> StoredFile:
        """Text in UTF-8, to a file in the encoding that it declares itself.

        Raises:
            NotInEncoding
        """
        name, written = encodings.as_declared(pieces)
        if name is not None:
            format = replace(format, media_type=encodings.in_charset(format.media_type, name))
        return self.file(id, written, format)

    def file(self, id: str, pieces: Iterable[bytes], format: Format) -> StoredFile:
        name = file_name(id.translate(_PLACE), format.called or format.media_type)
        key = f"{INLINE}/{self._change}{self.files}-{name}"
        self.files += 1
        self.keys.append(key)
        (self.folder / INLINE).mkdir(parents=True, exist_ok=True)
        with (self.folder / key).open("wb") as file:
            file.writelines(pieces)
            size = file.tell()
        return StoredFile(key, name, size, format)


def settle(folder: Path, keys: Iterable[str]) -> None:
    """Make files of a job's inputs survive a loss of power, as the row does that names them.

    After all are written: the disk has what many need to be there for good as one.

    Raises:
        OSError: the disk did not take them.
    """
    for key in keys:
        sync(folder / key)
    for one in (folder / INLINE, folder, folder.parent):
        sync(one)


def _counted(pieces: Iterable[bytes], at_most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > at_most:
            raise CutTooLarge
        yield piece


def file_keys(inputs: Mapping[str, tuple[Value, ...]]) -> set[str]:
    """The keys of the files that values are in."""
    found: set[str] = set()
    for value in (v for several in inputs.values() for v in several):
        if isinstance(value, StoredFile):
            found.add(value.key)
        elif isinstance(value, Record):
            found |= file_keys(value.fields)
    return found
