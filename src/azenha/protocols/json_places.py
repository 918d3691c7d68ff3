"""A large value of a JSON body that is left where it stands, as offsets; see large_json.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from azenha.domain.errors import TooLarge
from azenha.domain.slices import release_pages
from azenha.protocols import json as strict
from azenha.protocols.http import Buffer

IN_PLACE: Final = 64 * 1024 * 1024  # bytes that are parsed in memory at most: of what is no large value


@dataclass(eq=False, slots=True)
class Large:
    """A value that was left in the body: bytes `start` to `end` (exclusive), quotes and brackets included.

    Attributes:
        kind: its first byte.
        parts: large values in it, in order; known as deep as values of inputs lie.
    """

    body: Buffer
    start: int
    end: int = 0
    kind: bytes = b"{"
    parts: list[Large] = field(default_factory=list)

    @property
    def is_text(self) -> bool:
        return self.kind == b'"'

    @property
    def is_array(self) -> bool:
        return self.kind == b"["

    @property
    def rest(self) -> int:
        """Bytes of it beside the large values in it."""
        return self.end - self.start - sum(part.end - part.start for part in self.parts)

    def opened(self) -> object:
        """The value, with each large value in it as a Large.

        Raises:
            TooLarge: the rest of it has more than `IN_PLACE` bytes.
        """
        if self.rest > IN_PLACE:
            raise _too_large(self.rest)
        pieces, at = [], self.start
        for part in self.parts:
            pieces += [self.body[at : part.start], b"NaN"]  # the client's own NaN was refused before
            at = part.end
        pieces.append(self.body[at : self.end])
        release_pages(self.body, self.start, self.end)
        return strict.with_places(b"".join(pieces), self.parts)

    def whole(self) -> object:
        """The value with all that is in it.

        Raises:
            TooLarge: it has more than `IN_PLACE` bytes.
        """
        if self.end - self.start > IN_PLACE:
            raise _too_large(self.end - self.start)
        data = self.body[self.start : self.end]
        release_pages(self.body, self.start, self.end)
        return strict.with_places(data, ())


def _too_large(size: int) -> TooLarge:
    return TooLarge(f"{size} bytes of JSON would have to stand in memory; at most {IN_PLACE} may")
