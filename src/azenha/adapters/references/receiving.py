"""Content on its way into a file: counted, bounded, unfolded, told of, whichever way it comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from azenha.adapters.http import PIECE
from azenha.adapters.references.attempts import Attempts
from azenha.adapters.references.unfolding import Unfolding
from azenha.domain.errors import TooLarge
from azenha.settings import LimitSettings
from azenha.usecases.ports import Received

# Bytes, up to which content may be any times as large as it was compressed.
UNFOLDS_FREELY: Final = 10 * 1024**2


class OtherContent(Exception):
    """What comes now is not the rest of what came before."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one fetch: `size` bytes, because of the setting or limit `whose`."""

    size: int
    whose: str

    @classmethod
    def of(cls, limits: LimitSettings, limit: int | None) -> Bounds:
        """`limit`: of the input, None if it has none."""
        if limit is not None and limit < limits.fetched:
            return cls(limit, "the limit of this input")
        return cls(limits.fetched, "setting limits.fetched")

    def check(self, size: int, where: str) -> None:
        """
        Raises:
            TooLarge
        """
        if size > self.size:
            raise TooLarge(f"more than {self.size} bytes from {where} ({self.whose})")


class Receiving:
    """One content, whose pieces may come over several connections.

    Attributes:
        received: bytes, as they came.
        size: bytes, unfolded, in the file.
        total: how many will have come; None: not known.
    """

    def __init__(
        self, file: BinaryIO, bounds: Bounds, expansion: int, where: str, encoding: str, total: int | None
    ) -> None:
        """
        Raises:
            TooLarge: there will be more than allowed.
            FetchFailed: an encoding that is not undone.
        """
        self.received = 0
        self.size = 0
        self.total = total
        self.where = where
        self._file = file
        self._bounds = bounds
        self._expansion = expansion
        self._unfolding = Unfolding(encoding, where)
        if not self._unfolding.folded and total is not None:
            bounds.check(total, where)
        file.seek(0)
        file.truncate()

    def take(self, pieces: Iterable[bytes], attempts: Attempts, told: Received | None) -> None:
        """Write what comes now.

        Raises:
            FetchFailed, TooLarge
        """
        for piece in pieces:
            attempts.left()
            self.received += len(piece)
            attempts.came(self.received)
            # Also where little comes of it, such as of an endless row of empty members.
            self._bounds.check(self.received - PIECE, self.where)
            for unfolded in self._unfolding.feed(piece):
                self._write(unfolded)
            if told:
                told(self.received, self.total)

    def _write(self, unfolded: bytes) -> None:
        self.size += len(unfolded)
        self._bounds.check(self.size, self.where)
        if self.size > UNFOLDS_FREELY and self.size > self.received * self._expansion:
            raise TooLarge(
                f"more than {self._expansion} times the compressed size unfolds from {self.where} "
                "(setting references.expansion)"
            )
        self._file.write(unfolded)

    @property
    def complete(self) -> bool:
        """Whether as much came as was announced."""
        return self.total is None or self.received >= self.total

    def end(self) -> None:
        """
        Raises:
            FetchFailed: what came is the beginning of something compressed.
        """
        self._unfolding.end()
