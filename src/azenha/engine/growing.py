"""How much a running job's folder holds, so that none fills the disk of all others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

AT_ONCE: Final = 500  # entries that one look goes through: whoever looks has other jobs to look at


class Growing:
    """The files of one folder, added up a part at a time, over and over."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit`: bytes, inclusive."""
        self.limit = limit
        self._folder = str(folder)
        self._sizes: Iterator[int] = iter(())
        self._sum = 0

    def exceeds(self) -> bool:
        """Whether what was added up so far is more than the limit; a few calls later all of it has been."""
        for _ in range(AT_ONCE):
            size = next(self._sizes, None)
            if size is None:
                self._sizes, self._sum = _walk(self._folder), 0
                return False
            self._sum += size
            if self._sum > self.limit:
                # What was moved while the looks went on may have been counted where it was and where it is.
                self._sizes, self._sum = iter(()), 0
                return self._at_once()
        return False

    def _at_once(self) -> bool:
        total = 0
        return any((total := total + size) > self.limit for size in _walk(self._folder))


def _walk(folder: str) -> Iterator[int]:
    """Bytes of one entry after the other, one folder open at a time. What goes meanwhile or hides is nothing."""
    waiting = [folder]
    while waiting:
        try:
            entries = os.scandir(waiting.pop())
        except OSError:
            continue
        with entries:
            for entry in entries:
                try:
                    at = entry.stat(follow_symlinks=False)
                    below = entry.is_dir(follow_symlinks=False)
                except OSError:
                    continue
                if below:
                    waiting.append(entry.path)
                size = at.st_size
                if hasattr(at, "st_blocks"):
                    # A file with holes takes less than it is long, and a short one a whole block. What a file
                    # system keeps beyond the end of one that grows is not counted.
                    size = min(at.st_blocks * 512, -(-size // at.st_blksize) * at.st_blksize)
                # One of several names is there once.
                yield size // (1 if below else max(1, at.st_nlink))
