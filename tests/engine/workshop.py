"""A worker on a real store and real folders, with children of its own, and processes to try it with."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from azenha.adapters.blobs.local import LocalBlobs
from azenha.adapters.folders import LocalFolders
from azenha.adapters.store.migrate import migrate
from azenha.adapters.store.sql import SqlJobs
from azenha.bootstrap.children import fetching
from azenha.bootstrap.worker import starter
from azenha.domain.canonical import StoredRequest, compact, dump_request
from azenha.domain.job import Failure, Job, JobState, Lane
from azenha.domain.messages import Asked
from azenha.domain.process import Catalogue
from azenha.domain.values import Literal, StoredFile, Value
from azenha.engine.discover import discover
from azenha.engine.worker import ENDED, Worker
from azenha.settings import Addresses, Children, JobSettings, LimitSettings, Queue, Settings
from azenha.usecases.ports import Blobs, Handed, NewJob, Told

WITHIN = 30.0  # seconds: far more than anything here takes, so that a loaded machine fails no test
MIB = 1 << 20
NUMBERS = itertools.count(1)

PROCESSES = '''
import os, signal, subprocess, sys, time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from azenha import Checked, Context, Features, File, Media, Raster, Validation, process

MIB = 1 << 20

def wait_for(path):
    while not Path(path).exists():
        time.sleep(0.01)

@process(reuse=3)
def who(fail: bool = False) -> str:
    """Its process, what is in its folder, and then something more in it."""
    found = ",".join(sorted(os.listdir()))
    Path("left-behind").write_text("x")
    if fail:
        raise ValueError("as asked")
    return f"{os.getpid()} {os.getcwd()} [{found}]"

class Untold(Exception):
    def __str__(self):
        raise ValueError("no")

class NoText(Exception):
    def __str__(self):
        return 5

@process
def break_down(how: str, *, ctx: Context) -> int:
    print("about to", how, flush=True)
    match how:
        case "raise":
            raise ValueError("the band is empty")
        case "undecodable":
            name = os.fsdecode(b"sc" + bytes([255]) + b"ne.tif")
            ctx.message(f"reads {name}")
            raise ValueError(f"cannot read {name}")
        case "untold":
            raise Untold
        case "no text":
            raise NoText
        case "long":
            raise ValueError("x" * (60 * MIB))
        case "remove":
            os.rmdir(ctx.workdir)
            raise ValueError("all is gone")
        case "exit":
            sys.exit(3)
        case "_exit":
            os._exit(3)
        case "crash":
            signal.raise_signal(signal.SIGSEGV)
        case "output":
            return "text"
        case "memory":
            taken = []
            while len(taken) < 64:
                taken.append(b"x" * (16 * MIB))
            return 1
        case "time":
            while True:
                time.sleep(0.05)
        case "files":
            for number in range(4096):
                (ctx.workdir / str(number)).write_bytes(bytes(MIB))
                time.sleep(0.002)
        case "flood":
            while True:
                os.write(1, b"noise " * 10_000)
    raise AssertionError(how)

@process
def forked(how: str) -> str:
    pid = os.fork()
    if pid == 0:
        if how == "raises":
            raise ValueError("of the copy's own")
        if how == "exits":
            sys.exit(3)
        return "the copy"
    _, status = os.waitpid(pid, 0)
    return f"the job; its copy ended with {os.waitstatus_to_exitcode(status)}"

@process
def missing() -> File:
    return File("not-there.txt")

@process
def gated(reached: str, gate: str, *, ctx: Context) -> str:
    """Says how far it is, and waits for a file to go on; stops when it is asked to, and says so."""
    print("printed while it runs", flush=True)
    ctx.log.warning("logged while it runs")
    ctx.progress(40, "half way")
    Path(reached).write_text(str(os.getpid()))
    try:
        while not Path(gate).exists():
            time.sleep(0.01)
            ctx.check()
    except BaseException:
        Path(reached).with_suffix(".stopped").write_text("in order")
        raise
    return "through"

@process
def deaf(reached: str) -> str:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(reached).with_suffix(".tmp").write_text(str(os.getpid()))
    Path(reached).with_suffix(".tmp").rename(reached)
    while True:
        time.sleep(0.05)

@dataclass(frozen=True)
class Two:
    first: File
    second: File

@process
def files(then: str, reached: str, gate: str, *, ctx: Context) -> Two:
    for name in ("first", "second"):
        (ctx.workdir / f"{name}.txt").write_text(name * 1000)
    Path(reached).write_text("x")
    wait_for(gate)
    if then == "raise":
        raise ValueError("after all was written")
    second = ctx.workdir / "second.txt"
    return Two(File(ctx.workdir / "first.txt", "text/plain"), File(second, "text/plain"))

@process
def measured(a: Raster | Features, b: list[File] = []) -> str:
    """What it got, so that a test sees that it was called."""
    return f"{type(a).__name__} {a.media_type} {[f.media_type for f in b]}"

@process
def closely(a: Annotated[Raster, Validation("strict", read=True, bands=3)]) -> str:
    return "called"

@process
def handled(way: str, a: list[File], how: str = "plainly") -> str:
    """Opens its first file in a way, and lets out what that raises."""
    file = a[0]
    if how == "made here":
        file = type(file)(file.path, file.media_type)
    if how == "caught":
        try:
            getattr(file, way)
        except ValueError:
            return "caught"
    found = getattr(file, way)
    return str(found(encoding="x") if how == "with options" else found() if callable(found) else found)

@process
def pixels(a: Annotated[Raster, Validation("simple")]) -> int:
    with a.rasterio() as source:
        return int(source.read().sum())

@process
def chained(way: str) -> int:
    """Raises what says nothing itself."""
    try:
        raise ValueError("the well is dry")
    except ValueError as error:
        if way == "points":
            raise RuntimeError("It failed. See previous exception for details.")
        if way == "silent":
            raise RuntimeError() from error
        if way == "circle":
            error.args = ("See previous exception.",)
            error.__cause__ = error
            raise
        raise RuntimeError("the mill stands still")

@process
def counted(a: Annotated[Features, Validation("none")]) -> int:
    return len(a.geopandas())

def no_clouds(file):
    return "too many clouds" if b"cloud" in Path(file).read_bytes() else None

@process
def own(a: Annotated[File, Media("text/plain"), Checked(by=no_clouds)]) -> str:
    return "called"

@process
def many(files: list[File], change: bool = False) -> str:
    """Name, size and links of each file; changes them where asked."""
    found = [f"{f.path.name} {f.size} {f.path.stat().st_nlink}" for f in files]
    for f in files if change else []:
        with f.path.open("r+b") as file:
            file.write(b"CHANGED!")
    return ", ".join(found)

@process
def by_schema(
    a: Annotated[list[File], Media("application/xml"), Media("application/json"), Validation("very strict")],
) -> str:
    return "called"

@process
def unpacking(zip: File) -> str:
    return str(len(zip.unpacked("out")))

@process
def drivers() -> str:
    import pyogrio
    return " ".join(pyogrio.list_drivers())

@process
def mislabelled(strict: bool = False) -> Annotated[File, Media("image/tiff")]:
    Path("a.tif").write_bytes(b"no raster")
    return File("a.tif")

COUNTING = """
import os, sys, time
with open(sys.argv[1], "a", 1) as file:
    print(os.getpid(), file=file)
    while True:
        print("x", file=file)
        time.sleep(0.002)
"""

def count(file, gate, each=lambda: None):
    with open(file, "a", 1) as counted:
        counted.write(f"{os.getpid()}\\n")
        while not Path(gate).exists():
            counted.write("x\\n")
            time.sleep(0.002)
            each()
    return Path(file).read_text().partition("\\n")[0]

@process(pause=True, reuse=50)
def counting(file: str, gate: str, family: bool = False) -> str:
    """Counts in a file, and so does a program that it starts, until the gate is there; tells its process."""
    if family:
        subprocess.Popen(
            [sys.executable, "-c", COUNTING, file + ".child"], start_new_session=True, stdin=subprocess.DEVNULL
        )
    return count(file, gate)

@process(pause=True, time_limit=1.0)
def short(file: str, gate: str) -> str:
    return count(file, gate)

@process(pause="cooperative", reuse=50)
def waiting(file: str, gate: str, *, ctx: Context) -> str:
    """As `counting`, and waits by itself."""
    try:
        return count(file, gate, ctx.check)
    except BaseException:
        Path(file).with_suffix(".stopped").write_text("in order")
        raise

@process(pause="cooperative")
def telling(file: str, gate: str, *, ctx: Context) -> str:
    return count(file, gate, lambda: ctx.progress(50))

@process(retries=1)
def second_time(mark: str) -> str:
    if not Path(mark).exists():
        Path(mark).write_text("x")
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    return "done at last"
'''


def eventually(condition: Callable[[], object], what: str = "it") -> None:
    """Wait until something is so; fails if it is not within `WITHIN` seconds."""
    until = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < until, f"{what} did not happen in time"
        time.sleep(0.01)


class UtcClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


Offered = tuple[Catalogue, dict[str, str]]


def offered(folder: Path) -> Offered:
    """What the processes above and the basic examples offer; slow, so done once for all tests."""
    file = folder / "workshop_processes.py"
    file.write_text(PROCESSES)
    command = [sys.executable, "-m", "azenha", "describe-source"]
    catalogue, keys = discover([str(file), "azenha.examples.basic"], folder / "cache", command, 60)
    assert not catalogue.unavailable, catalogue.unavailable
    return catalogue, keys


def quick(data: Path, *, pause_at_most: float = 600.0, **queue: int) -> Settings:
    """Settings with short patience."""
    return Settings(
        data=data,
        queue=replace(Queue(), **{"slots": 2, "sync_slots": 2, **queue}),
        jobs=replace(
            JobSettings(),
            time=60.0,
            memory=192 * MIB,
            lease=2.0,
            heartbeat=0.2,
            grace=0.2,
            keep=600.0,
            pause_at_most=pause_at_most,
        ),
        limits=replace(LimitSettings(), log=20_000, outputs=50_000_000),
        children=replace(Children(), nice=0),
        addresses=Addresses(),
    )


@dataclass
class Workshop:
    offered: Offered
    settings: Settings
    announced: list[str] = field(default_factory=list)
    blobs: Blobs = None  # type: ignore[assignment] # in the data folder
    news: dict[str, Told] = field(default_factory=dict)

    def __post_init__(self) -> None:
        database = self.settings.data / "jobs.sqlite"
        migrate(database, self.settings.data / "backups")
        self.jobs = SqlJobs(database, UtcClock(), keep=600, keep_sync=600)
        self.folders = LocalFolders(self.settings.data)
        self.blobs = self.blobs or LocalBlobs(self.settings.data)
        catalogue, keys = self.offered
        self.worker = Worker(
            f"worker-{next(NUMBERS)}",
            self.jobs,
            self.folders,
            self.blobs,
            starter(self.settings),
            catalogue,
            keys,
            fetching(self.settings),
            self.settings,
            self._tell,
        )

    def _tell(self, job: str, told: Told = ENDED) -> None:
        self.news[job] = told
        self.announced.append(job)

    def close(self) -> None:
        self.worker.stop()
        self.jobs.close()

    def submit(
        self,
        process: str,
        *,
        lane: Lane = Lane.BACKGROUND,
        priority: int = 0,
        attempts: int = 1,
        values: Mapping[str, Sequence[Value]] | None = None,
        prepare: Callable[[Path], None] | None = None,
        **inputs: str | int | bool,
    ) -> str:
        """The job's id. `values`: beside literals; `prepare`: puts files into its folder of inputs."""
        id = f"{next(NUMBERS):08d}-job"
        given = {name: (Literal(value),) for name, value in inputs.items()}
        given |= {name: tuple(several) for name, several in (values or {}).items()}
        if prepare is not None:
            self.folders.inputs(id).mkdir(parents=True)
            prepare(self.folders.inputs(id))
        request = StoredRequest(process, "0.1.0", given, None, Asked("test", "1"))
        self.jobs.submit(NewJob(id, request, lane, priority, attempts, 1000, "queue.length"))
        self.worker.offered(lane)
        return id

    def hand_over(self, process: str, *, limit: int = 100, **inputs: str | int | bool) -> str:
        """A synchronous job to the worker itself; its id."""
        id = f"{next(NUMBERS):08d}-job"
        given = {name: (Literal(value),) for name, value in inputs.items()}
        request = StoredRequest(process, "0.1.0", given, None, Asked("test", "1"))
        document = compact(dump_request(request))
        self.worker.handed(Handed(id, process, document, 1, limit, "queue.sync_waiting"))
        return id

    def pause(self, id: str) -> None:
        """As the web tier does it."""
        assert self.jobs.pause(id, 600) is not None
        self.worker.interrupt(id)

    def resume(self, id: str) -> None:
        assert self.jobs.resume(id) is not None
        self.worker.interrupt(id)

    def job(self, id: str) -> Job:
        job = self.jobs.get(id)
        assert job is not None
        return job

    def ended(self, id: str) -> Job:
        eventually(lambda: (job := self.jobs.get(id)) is not None and job.ended, f"the end of {id}")
        eventually(lambda: id in self.announced, f"the news of the end of {id}")
        return self.job(id)

    def outputs(self, id: str) -> Mapping[str, tuple[Value, ...]]:
        job = self.ended(id)
        assert job.state is JobState.SUCCEEDED, job.failure
        found = self.jobs.results(id)
        assert found is not None
        return found[2]

    def text(self, id: str) -> str:
        """The one output, a text."""
        ((only,),) = self.outputs(id).values()
        assert isinstance(only, Literal)
        return str(only.value)

    def failure(self, id: str) -> Failure:
        job = self.ended(id)
        assert job.state is JobState.FAILED
        assert job.failure is not None
        return job.failure

    def content(self, id: str, value: Value) -> bytes:
        assert isinstance(value, StoredFile)
        attempt = self.job(id).attempt
        return b"".join(self.blobs.read(id, attempt, value.key, 0, value.size))

    def log(self, id: str) -> str:
        path = self.folders.log(id)
        return path.read_text() if path.exists() else ""
