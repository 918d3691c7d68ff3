"""The only module that names every concrete class: it puts the programs together.

`serve` supervises a web tier (`web_main`) and a worker (`worker_main`); the worker starts warm parents
(`warm_main`) or spawned children (`child_main`); descriptions come from `describe_main`. Imports are made where they
are needed: the supervisor loads none of what it starts.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import pickle
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.adapters.locks import FolderLock
    from azenha.adapters.store.sql import SqlJobs
    from azenha.authoring.signature import Definition
    from azenha.domain.process import Catalogue
    from azenha.engine.sandbox.child import Starter
    from azenha.usecases.ports import Fetch

SERVER_FILE = "server.json"  # where this data folder's server can be asked, while it runs
DATABASE = "azenha.sqlite"

_log = logging.getLogger("azenha")


def _program(name: str) -> list[str]:
    return [sys.executable, "-m", "azenha", name]


def _logging() -> None:
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # What they do at each request or start would bury our own lines.
    for name in ("alembic", "httpx", "uvicorn"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _run_folder(settings: Settings) -> Path:
    return settings.data / "run"


# -- the catalogue ---------------------------------------------------------------------------------


def discover(settings: Settings) -> Catalogue:
    """What the targets of the settings offer, imported where no valid description is cached."""
    return _discovered(settings)[0]


def _discovered(
    settings: Settings, on_import: Callable[[str], None] | None = None
) -> tuple[Catalogue, dict[str, str]]:
    from azenha.engine import discover as discovery

    return discovery.discover(
        settings.targets,
        settings.data / "cache",
        _program("describe-source"),
        settings.children.import_time,
        on_import,
    )


def _to_parts(settings: Settings, catalogue: Catalogue, keys: Mapping[str, str], descriptor: int) -> bytes:
    """One line for the standard input of web tier and worker: all that they have to know."""
    from azenha.domain.described import dump_description

    offered = {id: (dump_description(o.description), o.source) for id, o in catalogue.offerings.items()}
    missing = [asdict(u) for u in catalogue.unavailable]
    return base64.b64encode(pickle.dumps((settings, offered, missing, dict(keys), descriptor))) + b"\n"


def _from_supervisor() -> tuple[Settings, Catalogue, dict[str, str], int]:
    from azenha.domain.described import load_description
    from azenha.domain.process import Catalogue, Offering, Unavailable

    line = sys.stdin.buffer.readline()
    # From our own supervisor, through a pipe that nobody else has.
    settings, offered, missing, keys, descriptor = pickle.loads(base64.b64decode(line))
    offerings = {id: Offering(load_description(d), source) for id, (d, source) in offered.items()}
    return settings, Catalogue(offerings, tuple(Unavailable(**u) for u in missing)), keys, descriptor


# -- serve -----------------------------------------------------------------------------------------


def serve(settings: Settings, ready: Callable[[str], None] | None = None) -> int:
    """Serve until Ctrl-C.

    Args:
        ready: called in a thread with the address, once the server answers.
    Returns:
        An exit code: 0, or 1 where the data folder cannot be used (said on standard error).
    """
    from azenha.engine.sandbox import tree
    from azenha.supervisor import Part, Supervisor, listen

    _logging()
    settings = replace(settings, data=settings.data.resolve())
    lock = _taken(settings)
    if lock is None:
        return 1
    tree.become_subreaper()
    try:
        listening = listen(settings.server.host, settings.server.port)
    except OSError as error:
        print(f"azenha: cannot listen on {settings.server.host}: {error}", file=sys.stderr)
        lock.release()
        return 1
    port = int(listening.getsockname()[1])
    settings = replace(settings, server=replace(settings.server, port=port))
    url = f"http://{_host_for_clients(settings.server.host)}:{port}"
    catalogue, keys = _discovered(settings, lambda name: _log.info("importing %s", name))
    for missing in catalogue.unavailable:
        _log.warning("%s is not served: %s", missing.source, missing.reason)
    text = _to_parts(settings, catalogue, keys, listening.fileno())
    if os.name != "posix":
        listening.close()  # it cannot be handed on there: the web tier listens for itself
    handed = listening if os.name == "posix" else None
    supervisor = Supervisor(
        [Part("worker", _program("worker"), text), Part("web tier", _program("web"), text, handed)],
        # What a killed worker's jobs had started falls to this process.
        on_death=tree.kill_orphans,
    )
    (settings.data / SERVER_FILE).write_text(json.dumps({"url": url, "pid": os.getpid()}))

    def started() -> None:
        if ready is not None:
            threading.Thread(target=_when_ready, args=(url, ready), daemon=True).start()

    try:
        supervisor.run(started)
    finally:
        with suppress(OSError):
            (settings.data / SERVER_FILE).unlink()
        listening.close()
        lock.release()
    return 0


def _taken(settings: Settings) -> FolderLock | None:
    """The data folder, locked and migrated; None if it cannot be used, which has been said."""
    from azenha.adapters.locks import FolderInUse, FolderLock
    from azenha.adapters.store.migrate import HEAD, current

    run = _run_folder(settings)
    database = settings.data / DATABASE
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(run / "server.lock")
        revision = current(database)
    except FolderInUse:
        print(
            f"azenha: another server uses {settings.data}: stop it, or start with another --data folder",
            file=sys.stderr,
        )
        return None
    except (OSError, sqlite3.Error) as error:
        print(f"azenha: {settings.data} cannot be used: {error}", file=sys.stderr)
        return None
    # In a process of its own: what a migration loads would stay in this one as long as the server runs.
    command = [*_program("migrate"), str(database), str(settings.data / "backups")]
    if revision != HEAD and subprocess.run(command, check=False).returncode:
        lock.release()
        return None
    return lock


def migrate_main(arguments: Sequence[str]) -> int:
    """Migrate a database; 1 if that cannot be, which is said."""
    from azenha.adapters.store.migrate import SchemaTooNew, migrate

    _logging()
    try:
        backup = migrate(Path(arguments[0]), Path(arguments[1]))
    except (SchemaTooNew, OSError) as error:
        print(f"azenha: {error}", file=sys.stderr)
        return 1
    if backup is not None:
        _log.info("the job store was migrated; its backup is %s", backup)
    return 0


def _host_for_clients(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _when_ready(url: str, ready: Callable[[str], None]) -> None:
    while not _answers(url):
        time.sleep(0.02)
    ready(url)


def _answers(url: str) -> bool:
    # By hand: the standard library's client would bring TLS along, and stay with the supervisor.
    place = urlsplit(url)
    asked = f"GET /conformance?f=json HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((place.hostname or "", place.port or 80), timeout=30) as connection:
            connection.sendall(asked.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _end_leftovers(data: Path) -> None:
    """What a killed worker left: end processes in its jobs' folders (Linux), remove those folders."""
    from shutil import rmtree

    from azenha.engine.sandbox import tree

    work = data / "work"
    for entry in Path("/proc").iterdir() if tree.LINUX else ():
        if entry.name.isdecimal():
            with suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(work):
                    tree.kill(int(entry.name))
    for folder in work.iterdir() if work.is_dir() else ():
        rmtree(folder, ignore_errors=True)


@contextmanager
def local(settings: Settings) -> Iterator[str]:
    """The address of the server of this data folder; without one, of a private one, for as long as needed."""
    if (url := _running(settings.data)) is not None:
        yield url
        return
    private = replace(settings, server=replace(settings.server, host="127.0.0.1", port=0, public=False))
    process = subprocess.Popen(
        _program("private"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(base64.b64encode(pickle.dumps(private)) + b"\n")
        process.stdin.flush()
        url = process.stdout.readline().decode().strip()
        if not url:
            raise OSError(f"no server could be started on {settings.data}")
        yield url
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _running(data: Path) -> str | None:
    try:
        url = str(json.loads((data / SERVER_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError):
        return None
    return url if _answers(url) else None


def private_main(_: Sequence[str]) -> int:
    """A server for one command: tells its address on standard output, ends with its standard input."""
    import signal

    from azenha.supervisor import end_with_stdin

    settings = pickle.loads(base64.b64decode(sys.stdin.buffer.readline()))
    end_with_stdin(lambda: os.kill(os.getpid(), signal.SIGTERM))
    return serve(settings, lambda url: print(url, flush=True))


# -- the web tier ----------------------------------------------------------------------------------


def web_main(_: Sequence[str]) -> int:
    import asyncio
    import uuid

    import uvicorn

    from azenha.adapters.engines.embedded import WakeClient
    from azenha.adapters.folders import LocalFolders
    from azenha.protocols.ogcapi import OgcApi
    from azenha.supervisor import end_with_stdin
    from azenha.usecases.processing import Processing
    from azenha.web.app import make_app
    from azenha.web.ended import Ends
    from azenha.web.head import BoundedHead

    _logging()
    settings, catalogue, _keys, descriptor = _from_supervisor()
    jobs = _jobs(settings)
    ends = Ends(lambda name: (job := jobs.get(name)) is None or job.ended)
    loops: list[asyncio.AbstractEventLoop] = []

    def ended(job: str) -> None:
        for loop in loops:
            loop.call_soon_threadsafe(ends.tell, job)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        loops.append(asyncio.get_running_loop())
        yield
        loops.clear()

    processing = Processing(
        catalogue,
        jobs,
        LocalFolders(settings.data),
        WakeClient(_run_folder(settings), ended),
        settings,
        lambda: str(uuid.uuid4()),
    )
    app = make_app([OgcApi(), *_plugged()], processing, ends, settings, lifespan)
    config = uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=5,
        http=BoundedHead,
    )
    server = uvicorn.Server(config)

    def end() -> None:
        server.should_exit = True

    end_with_stdin(end)
    if os.name == "posix":
        listening = socket.socket(fileno=os.dup(descriptor))
    else:
        listening = socket.create_server((settings.server.host, settings.server.port))
    server.run(sockets=[listening])
    jobs.close()
    return 0


def _plugged() -> list[Any]:
    """Dialects of installed packages: entry points of the group azenha.dialects, each a class."""
    from importlib.metadata import entry_points

    return [one.load()() for one in entry_points(group="azenha.dialects")]


class UtcClock:
    def now(self) -> Any:
        from datetime import UTC, datetime

        return datetime.now(UTC)


def _jobs(settings: Settings) -> SqlJobs:
    from azenha.adapters.store.sql import SqlJobs

    jobs = settings.jobs
    return SqlJobs(settings.data / DATABASE, UtcClock(), keep=jobs.keep, keep_sync=jobs.keep_sync)


# -- the worker and its children -------------------------------------------------------------------


def worker_main(_: Sequence[str]) -> int:
    import uuid

    from azenha.adapters.engines.embedded import WakeListener
    from azenha.adapters.folders import LocalFolders
    from azenha.engine.sandbox import tree
    from azenha.engine.worker import Worker
    from azenha.supervisor import end_with_stdin

    _logging()
    settings, catalogue, keys, _descriptor = _from_supervisor()
    done = threading.Event()
    end_with_stdin(done.set)
    tree.become_subreaper()
    lock = _only_worker(settings, done)
    if lock is None:
        return 0
    _end_leftovers(settings.data)
    jobs = _jobs(settings)
    announce: list[WakeListener] = []
    worker = Worker(
        f"{uuid.uuid4()}",
        jobs,
        LocalFolders(settings.data),
        _starter(settings),
        catalogue,
        keys,
        _fetching(settings),
        settings,
        lambda job: announce[0].announce(job) if announce else None,
    )
    announce.append(WakeListener(_run_folder(settings), worker.offered, worker.interrupt))
    worker.start()
    done.wait()
    worker.stop()
    tree.kill_orphans(())  # what the jobs of a parent that did not end in order had started
    jobs.close()
    lock.release()
    return 0


def _only_worker(settings: Settings, done: threading.Event) -> FolderLock | None:
    """Wait until no other worker has the folder: that of a killed server ends its jobs first.

    None if this one shall end before that.
    """
    from azenha.adapters.locks import FolderInUse, FolderLock

    while not done.wait(0.02):
        with suppress(FolderInUse):
            return FolderLock(_run_folder(settings) / "worker.lock")
    return None


def _starter(settings: Settings) -> Starter:
    from azenha.engine.sandbox import forking
    from azenha.engine.sandbox.spawning import Spawning

    spawning = Spawning(_program("child"))
    start = settings.children.start
    # Room for a job that goes too far, so that it is seen to, and for the others beside it.
    most = 2 * settings.jobs.processes + 64
    if start == "fork" or (start == "auto" and forking.available()):
        return forking.Forking([*_program("warm"), str(most)], spawning, settings.children.import_time)
    return spawning


def _loaded(source: str) -> tuple[dict[str, Definition], Callable[[], Fetch]]:
    """What a child of that source needs: an author's processes, or (source made by `_fetching`) the fetcher."""
    from azenha.authoring.registry import load
    from azenha.engine.discover import source_of

    if source.startswith(FETCHING):
        from azenha.adapters.http import Fetcher
        from azenha.domain.addresses import AddressPolicy

        addresses, limits = pickle.loads(base64.b64decode(source.removeprefix(FETCHING)))
        return {}, lambda: Fetcher(AddressPolicy.of(addresses.allow, addresses.ports), limits)
    return {d.description.id: d for d in load(source_of(source))}, _no_fetch


def _no_fetch() -> Fetch:
    raise RuntimeError("a child with an author's code fetches nothing")


FETCHING = "fetch:"


def _fetching(settings: Settings) -> str:
    """The source of the children that fetch references: they have the network and none of the authors' code."""
    return FETCHING + base64.b64encode(pickle.dumps((settings.addresses, settings.limits))).decode()


def warm_main(arguments: Sequence[str]) -> int:
    from azenha.engine import child
    from azenha.engine.channel import Channel
    from azenha.engine.sandbox import warm

    source, _ = json.loads(arguments[1])
    loaded: list[tuple[dict[str, Definition], Callable[[], Fetch]]] = []

    def run(channel: Channel) -> None:
        child.serve(channel, child.PolledInbox(channel), *loaded[0])

    warm.main(socket.socket(fileno=0), lambda: loaded.append(_loaded(source)), run, int(arguments[0]))
    return 0


def child_main(arguments: Sequence[str]) -> int:
    from azenha.engine import child
    from azenha.engine.channel import Channel
    from azenha.engine.sandbox import tree

    tree.die_with_parent()
    tree.become_subreaper()
    source, nice = json.loads(arguments[0])
    channel = Channel(os.dup(0), os.dup(1))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    if nice and hasattr(os, "nice"):
        os.nice(nice)
    inbox = child.ThreadedInbox(channel)
    try:
        definitions, fetch = _loaded(source)
    except BaseException as error:
        text = f"it could not be started: {error}"
        channel.send({"t": "failed", "kind": "unavailable", "text": text, "locator": None})
        return 1
    child.serve(channel, inbox, definitions, fetch)
    os._exit(0)


def describe_main(arguments: Sequence[str]) -> int:
    from azenha.engine.discover import describe

    describe(arguments[0])
    return 0
