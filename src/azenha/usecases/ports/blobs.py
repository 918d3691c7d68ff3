"""The port Blobs: where the files of a job's results are kept, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from azenha.domain.values import StoredFile


class NotKept(Exception):
    """Files could not be put into the store; the message says why. None of them is there."""


class Blobs(Protocol):
    """Files of results, by job, attempt and key (`StoredFile.key`).

    Job ids are ours (UUID4), never text from a client. Several threads may call a method at once.
    """

    def put(self, job: str, attempt: int, folder: Path, files: Sequence[StoredFile]) -> None:
        """Keep the files of an attempt, for good when this returns; `folder` is gone then, taken or not.

        Args:
            folder: what the keys are relative to, and those of the copies that are served (`Published.key`);
                nothing else is in it.
        Raises:
            NotKept
        """

    def place(self, job: str, attempt: int) -> str:
        """What keys are relative to, for those who read them: a folder's path, or a `BlobPath`."""

    def served(self, job: str, attempt: int) -> str:
        """The folder of this machine that the keys of copies are relative to (`Published.key`)."""

    def size(self, job: str, attempt: int, key: str) -> int | None:
        """Bytes of a file; None where there is none.

        Raises:
            ResultsUnreachable: that cannot be said now.
        """

    def read(self, job: str, attempt: int, key: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive) in pieces of bounded size.

        Raises:
            FileNotFoundError: it is not there, or shorter.
            ResultsUnreachable: that cannot be said now.
        """

    def remove(self, job: str, attempt: int | None = None) -> None:
        """Delete the files and copies of an attempt, or of all. Nothing happens where there is nothing."""

    def jobs(self, older: float) -> list[str]:
        """Jobs that have files or copies here, the newest of them older than `older` seconds."""
