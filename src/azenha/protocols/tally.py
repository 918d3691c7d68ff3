"""The plain values of one request, counted before they are parsed: what is read of them stands in memory."""

from __future__ import annotations

from azenha.domain.errors import TooManyPlain
from azenha.domain.plain import room


class Tally:
    """What was read in place so far; whoever reads more says so before."""

    def __init__(self, limit: int) -> None:
        """Args: limit: values, inclusive (setting limits.values)."""
        self.limit = limit
        self._values = self._size = 0

    @property
    def room(self) -> int:
        """Bytes of text that may still be read, if it has few values."""
        return room(self._values, self.limit) - self._size

    def add(self, values: int, size: int, locator: str | None = None) -> None:
        """
        Args:
            size: bytes of the text that they stand in.
            locator: of the input that they are in.
        Raises:
            TooManyPlain: with these they are more than are read.
        """
        values += self._values
        if values > self.limit:
            raise TooManyPlain(
                f"{values} plain values (numbers, texts, arrays, objects)", self.limit, locator
            )
        size += self._size
        if size > (most := room(values, self.limit)):
            raise TooManyPlain(
                f"{values} plain values (numbers, texts, arrays, objects) of {size} bytes",
                self.limit,
                locator,
                f", and {most} bytes of so many",
            )
        self._values, self._size = values, size
