"""Results in folders of this machine: `results/<job>/<attempt>/<key>`. Implements `Blobs`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from azenha.domain.values import StoredFile
from azenha.durable import sync
from azenha.usecases.ports import NotKept

PIECE = 256 * 1024


class LocalBlobs:
    """The folder of an attempt comes by one rename: nothing is copied, and all of it is there or nothing."""

    def __init__(self, data: Path, name: str = "results") -> None:
        """`name`: of the folder in the data folder."""
        self._root = data / name
        self._root.mkdir(parents=True, exist_ok=True)
        self._text = str(self._root)

    def _folder(self, job: str, attempt: int) -> Path:
        return self._root / job / str(attempt)

    def put(self, job: str, attempt: int, folder: Path, files: Sequence[StoredFile]) -> None:
        """The files are on the disk already, by whoever made them; their place is when this returns."""
        place, lies = self._folder(job, attempt), folder
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            lies = folder.rename(place)
            for changed in (place, place.parent, self._root):
                sync(changed)
        except OSError as error:
            shutil.rmtree(lies, ignore_errors=True)
            raise NotKept(f"the folder of results did not take the files: {error.strerror}") from None

    def place(self, job: str, attempt: int) -> str:
        return f"{self._text}/{job}/{attempt}"

    def served(self, job: str, attempt: int) -> str:
        return self.place(job, attempt)

    def size(self, job: str, attempt: int, key: str) -> int | None:
        try:
            return (self._folder(job, attempt) / key).stat().st_size
        except OSError:
            return None

    def read(self, job: str, attempt: int, key: str, start: int, end: int) -> Iterator[bytes]:
        with (self._folder(job, attempt) / key).open("rb") as file:
            file.seek(start)
            while start < end:
                piece = file.read(min(PIECE, end - start))
                if not piece:
                    raise FileNotFoundError(f"{key} has no byte {start}")
                start += len(piece)
                yield piece

    def remove(self, job: str, attempt: int | None = None) -> None:
        place = self._root / job if attempt is None else self._folder(job, attempt)
        shutil.rmtree(place, ignore_errors=True)

    def jobs(self, older: float) -> list[str]:
        before = time.time() - older
        found = []
        for folder in self._root.iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < before:
                    found.append(folder.name)
        return found
