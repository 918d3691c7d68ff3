"""The worker: it claims jobs and runs each in a child."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from azenha.adapters.engines.embedded import WakeListener
from azenha.adapters.folders import LocalFolders
from azenha.adapters.locks import FolderInUse, FolderLock
from azenha.bootstrap.blobs import blobs_of
from azenha.bootstrap.callbacks import caller
from azenha.bootstrap.children import fetching
from azenha.bootstrap.folder import open_jobs, run_folder
from azenha.bootstrap.parts import from_supervisor, log_to_stderr, program
from azenha.engine.clearing import remove
from azenha.engine.sandbox import forking, tree
from azenha.engine.sandbox.child import Starter
from azenha.engine.sandbox.spawning import Spawning
from azenha.engine.worker import ENDED, Worker
from azenha.settings import Settings
from azenha.supervisor import end_with_stdin

# In the environment of all that jobs start; with AZENHA_ in front it would be a setting.
MARK = "JOBS_OF_AZENHA"


def main(_: Sequence[str]) -> int:
    log_to_stderr()
    settings, catalogue, keys, _descriptor = from_supervisor()
    done = threading.Event()
    end_with_stdin(done.set)
    tree.become_subreaper()
    lock = _only_worker(settings, done)
    if lock is None:
        return 0
    # Inherited by all that is started from here on, and not to be seen on this process itself.
    os.environ[MARK] = _mark(settings.data)
    _end_leftovers(settings.data)
    jobs = open_jobs(settings)
    folders, blobs = LocalFolders(settings.data), blobs_of(settings)
    name = f"{uuid.uuid4()}"
    calling = caller(name, settings, catalogue, jobs, folders, blobs)
    announce: list[WakeListener] = []
    worker = Worker(
        name,
        jobs,
        folders,
        blobs,
        starter(settings),
        catalogue,
        keys,
        fetching(settings),
        settings,
        lambda job, told=ENDED: announce[0].announce(job, told) if announce else None,
    )
    announce.append(WakeListener(run_folder(settings), worker.offered, worker.interrupt, worker.handed))
    worker.start()
    calling.start()
    done.wait()
    worker.stop()
    calling.stop()
    tree.kill_orphans(())  # what the jobs of a parent that did not end in order had started
    jobs.close()
    lock.release()
    return 0


def _only_worker(settings: Settings, done: threading.Event) -> FolderLock | None:
    """Wait until no other worker has the folder: that of a killed server ends its jobs first.

    None if this one shall end before that.
    """
    while not done.wait(0.02):
        with suppress(FolderInUse):
            return FolderLock(run_folder(settings) / "worker.lock")
    return None


def _mark(data: Path) -> str:
    """The data folder, whatever its path is at the moment."""
    place = data.stat()
    return f"{place.st_dev}:{place.st_ino}"


def _end_leftovers(data: Path) -> None:
    """What a killed worker left: end what its jobs had started, however detached (Linux), remove their folders."""
    tree.kill_marked(MARK, _mark(data))
    work = data / "work"
    for folder in work.iterdir() if work.is_dir() else ():
        remove(folder)


def starter(settings: Settings) -> Starter:
    spawning = Spawning(program("child"))
    start = settings.children.start
    # Room for a job that goes too far, so that it is seen to, and for the others beside it.
    most = 2 * settings.jobs.processes + 64
    if start == "fork" or (start == "auto" and forking.available()):
        return forking.Forking([*program("warm"), str(most)], spawning, settings.children.import_time)
    return spawning
