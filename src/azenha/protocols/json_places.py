"""A large value of a JSON body that is left where it stands, as offsets; see large_json.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from azenha.domain.errors import TooManyPlain
from azenha.domain.slices import windows
from azenha.protocols import json as strict
from azenha.protocols.http import Buffer
from azenha.protocols.json_count import count
from azenha.protocols.tally import Tally


@dataclass(eq=False, slots=True)
class Large:
    """A value that was left in the body: bytes `start` to `end` (exclusive), quotes and brackets included.

    Attributes:
        tally: of the request: what is opened is counted there, once.
        kind: its first byte.
        parts: large values in it, in order; known as deep as values of inputs lie.
        finer: finds smaller ones in it as well, for where these are too much together.
    """

    body: Buffer
    tally: Tally
    start: int
    end: int = 0
    kind: bytes = b"{"
    parts: list[Large] = field(default_factory=list)
    finer: Callable[[Large], list[Large]] | None = None
    _counted: int = 0  # bytes of it that the tally has

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
            TooManyPlain: the rest of it is more than may stand in memory.
        """
        try:
            self.count(self.parts)
        except TooManyPlain:
            if self.finer is None or self.is_text:
                raise
            self.parts = self.finer(self)
            self.count(self.parts)
        return self.peek()

    def peek(self) -> object:
        """As `opened`, uncounted: of what is small, and not kept."""
        return strict.with_places(b"".join(self._text(self.parts)), self.parts)

    def whole(self) -> object:
        """The value with all that is in it.

        Raises:
            TooManyPlain: it is more than may stand in memory.
        """
        self.count(())
        return strict.with_places(b"".join(self._text(())), ())

    def count(self, parts: Sequence[Large]) -> None:
        """Count it, once, but for these parts.

        Raises:
            TooManyPlain: it is more than may stand in memory.
        """
        size = self.end - self.start - sum(part.end - part.start for part in parts)
        if size > self._counted:
            # What is too much is counted all the same, to be told.
            self.tally.add(count(self._text(parts)), size)
            self._counted = size

    def _text(self, parts: Sequence[Large]) -> Iterator[bytes]:
        """All of it, with NaN for each of these parts; the client's own NaN was refused before."""
        at = self.start
        for part in parts:
            yield from windows(self.body, at, part.start)
            yield b"NaN"
            at = part.end
        yield from windows(self.body, at, self.end)
