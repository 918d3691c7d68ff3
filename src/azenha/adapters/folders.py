"""A job's folders below the data folder. Implements `Folders` of usecases.ports."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections import deque
from contextlib import suppress
from pathlib import Path


class LocalFolders:
    """`inputs/<job>`, `logs/<job>.log`, and folders to work in below `work`; results are kept by `Blobs`.

    Job ids are ours (UUID4), never text from a client: use cases look a job up before they ask.
    """

    def __init__(self, data: Path) -> None:
        self._inputs, self._work, self._logs = (data / name for name in ("inputs", "work", "logs"))
        for folder in (self._inputs, self._work, self._logs):
            folder.mkdir(parents=True, exist_ok=True)
        self._empty: deque[Path] = deque()

    def inputs(self, job: str) -> Path:
        return self._inputs / job

    def workdir(self) -> Path:
        # Making and removing a folder for each job waits for the file system's journal, and that for every sync
        # to disk beside it: what a job left empty is as good as new.
        with suppress(IndexError):
            return self._empty.popleft()
        folder = self._work / uuid.uuid4().hex
        folder.mkdir()
        return folder

    def done_with(self, workdir: Path) -> bool:
        with suppress(OSError), os.scandir(workdir) as entries:
            if next(entries, None) is None:
                self._empty.append(workdir)
                return True
        return False

    def log(self, job: str) -> Path:
        return self._logs / f"{job}.log"

    def jobs(self, older: float) -> list[str]:
        before = time.time() - older
        found = set()
        for folder in self._inputs.iterdir():
            with suppress(OSError):
                if folder.stat().st_mtime < before:
                    found.add(folder.name)
        return sorted(found)

    def remove(self, job: str) -> None:
        shutil.rmtree(self._inputs / job, ignore_errors=True)
        self.log(job).unlink(missing_ok=True)
