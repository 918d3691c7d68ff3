"""How much a running job's folder holds, so that none fills the disk of all others."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

AT_ONCE: Final = 500  # entries that one look goes through: whoever looks has other jobs to look at


class Growing:
    """The files of one folder, added up a part at a time, over and over."""

    def __init__(self, folder: Path, limit: int, besides: Collection[str] = ()) -> None:
        """`limit`: bytes, inclusive. `besides`: names in the folder, not below it, that are not counted."""
        self.limit = limit
        self._folder, self._besides = folder, besides
        self._sizes: Iterator[int] = iter(())
        self._sum = 0

    def exceeds(self) -> bool:
        """Whether what was added up so far is more than the limit; a few calls later all of it has been."""
        for _ in range(AT_ONCE):
            size = next(self._sizes, None)
            if size is None:
                self._sizes, self._sum = self._walk(str(self._folder), self._besides), 0
                return False
            self._sum += size
            if self._sum > self.limit:
                # What was moved while the looks went on may have been counted where it was and where it is.
                self._sizes, self._sum = iter(()), 0
                return self._at_once()
        return False

    def _at_once(self) -> bool:
        total = 0
        return any(
            (total := total + size) > self.limit for size in self._walk(str(self._folder), self._besides)
        )

    def _walk(self, folder: str, besides: Collection[str] = ()) -> Iterator[int]:
        """Bytes on the disk of one entry after the other. What goes meanwhile, or hides, counts nothing."""
        try:
            entries = os.scandir(folder)
        except OSError:
            return
        with entries:
            for entry in entries:
                if entry.name in besides:
                    continue
                try:
                    at = entry.stat(follow_symlinks=False)
                    below = entry.is_dir(follow_symlinks=False)
                except OSError:
                    continue
                # A file with holes takes less than it is long.
                yield at.st_blocks * 512 if hasattr(at, "st_blocks") else at.st_size
                if below:
                    yield from self._walk(entry.path)
