"""Inside the sandbox: read the job, call the function, hand over what it returned.

One child serves one job, or several in turn where its process allows. Nothing that happens here can hurt more than
its own job: whatever the function raises becomes a message, and if the child dies the worker sees that.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import select
import shutil
import sys
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from azenha.authoring import archives
from azenha.authoring.archives import ArchiveLimits
from azenha.authoring.blame import blamed
from azenha.authoring.calling import LocalFile, Produced, call
from azenha.authoring.context import Context
from azenha.authoring.errors import Cancelled, OutputError
from azenha.authoring.signature import Definition
from azenha.domain.canonical import StoredRequest, dump_values, load_request
from azenha.domain.described import load_description
from azenha.domain.errors import AppError, NotFetched, ValueTooLarge
from azenha.domain.geodata import Geodata
from azenha.domain.job import FailureKind
from azenha.domain.published import Published
from azenha.domain.values import StoredFile, Value
from azenha.engine.channel import Channel, Message
from azenha.engine.formats import facts, lacking
from azenha.engine.formats.checking import check_inputs, check_outputs
from azenha.engine.formats.policy import Policy
from azenha.engine.sandbox import tree
from azenha.engine.transfer import fetch_references
from azenha.usecases.ports import Fetch

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None

END_OF_JOB = b"\0azenha: end of job\0"  # on the output pipe: all that the job wrote is before this
PROGRESS_EVERY = 0.1  # seconds
AT_ONCE = 1024 * 1024  # bytes of a file whose checksum is made before the disk has it, not meanwhile


class Inbox(Protocol):
    """Where orders come from."""

    def next(self) -> Message | None: ...

    def cancelled(self) -> bool:
        """Whether the job was dismissed; while it is paused, this does not return."""


class PolledInbox:
    """Looks at the channel when asked: no thread, so that the author's code may fork."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._cancelled = False
        self._lock = threading.Lock()

    def next(self) -> Message | None:
        while (message := self._channel.receive()) is not None and message["t"] != "run":
            pass  # what came after the end
        self._cancelled = False
        return message

    def cancelled(self) -> bool:
        with self._lock:  # who asks meanwhile, in another thread, waits too
            paused = False
            while not self._cancelled and (paused or select.select([self._channel.reader], [], [], 0)[0]):
                message = self._channel.receive()
                self._cancelled = message is None or message["t"] == "cancel"
                paused = message is not None and message["t"] == "pause"
            return self._cancelled


class ThreadedInbox:
    """Reads in a thread: for pipes that cannot be polled, and to notice that the worker is gone."""

    def __init__(self, channel: Channel) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancel = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._channel = channel
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while (message := self._channel.receive()) is not None:
            match message["t"]:
                case "cancel":
                    self._cancel.set()
                    self._going.set()
                case "pause":
                    self._going.clear()
                case "resume":
                    self._going.set()
                case _:
                    # Orders come one by one: what was said of the job before is over.
                    self._cancel.clear()
                    self._going.set()
                    self._messages.put(message)
        tree.kill(os.getpid(), but_root=True)
        os._exit(1)

    def next(self) -> Message | None:
        return self._messages.get()

    def cancelled(self) -> bool:
        self._going.wait()
        return self._cancel.is_set()


class _Reporter:
    """What the context reports to: messages on the channel, progress not too often."""

    def __init__(self, channel: Channel, inbox: Inbox, *, waits: bool) -> None:
        """`waits`: who tells progress waits while the job is paused."""
        self._channel = channel
        self._inbox = inbox
        self._waits = waits
        self._last = 0.0
        self._waiting: tuple[int, str | None] | None = None

    def progress(self, percent: int, message: str | None) -> None:
        now = time.monotonic()
        self._waiting = (percent, message)
        if now - self._last >= PROGRESS_EVERY:
            self._last = now
            self.flush()
            if self._waits:
                self._inbox.cancelled()

    def flush(self) -> None:
        if self._waiting is not None:
            percent, message = self._waiting
            self._waiting = None
            self._channel.send({"t": "progress", "percent": percent, "message": message})

    def log(self, level: int, text: str) -> None:
        self._channel.send({"t": "log", "level": logging.getLevelName(level), "text": text})

    def cancelled(self) -> bool:
        return self._inbox.cancelled()


def serve(
    channel: Channel, inbox: Inbox, definitions: Mapping[str, Definition], fetch: Callable[[], Fetch]
) -> None:
    """Run jobs until the worker has no more. `fetch` makes the client that fetches references."""
    while (order := inbox.next()) is not None:
        _run(channel, inbox, order, definitions, fetch)
        if order["last"]:
            return


def _run(
    channel: Channel,
    inbox: Inbox,
    order: Message,
    definitions: Mapping[str, Definition],
    fetch: Callable[[], Fetch],
) -> None:
    if order["mark"]:  # a socket tells by itself whether its other end has read, see `Channel.unheard`
        channel.send({"t": "taken"})  # from here on the job may have had an effect
    reporter = _Reporter(channel, inbox, waits=order["pauses_itself"])
    work = Path(order["work"])
    work.mkdir(exist_ok=True)
    os.chdir(work)
    _limit(order["memory"])
    answer: Message
    try:
        request = load_request(order["request"])
        if order["fetch"]:
            values = _fetch(request, order, fetch(), reporter)
            answer = {"t": "done", "values": dump_values(values)}
        else:
            definition = definitions.get(request.process)
            if definition is None:
                raise AppError(f"process '{request.process}' is no longer in its module")
            answer = {"t": "done", "values": dump_values(_call(definition, request, order, reporter))}
        reporter.flush()
    except Cancelled:
        answer = {"t": "cancelled"}
    except BaseException as error:
        answer = _failure(error, order)
    _end_what_it_started()
    os.chdir("/" if os.name == "posix" else Path.home())
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    if order["mark"]:
        os.write(1, END_OF_JOB)
    channel.send(answer)


def _limit(memory: int) -> None:
    """Bound the private memory that this process may have beyond what it has now."""
    if resource is None or not hasattr(resource, "RLIMIT_DATA"):
        return
    used = 0
    with suppress(OSError):
        used = int(os.pread(_statm(), 256, 0).split()[5]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (used + memory, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@cache
def _statm() -> int:
    """Opened once: that takes longer than to read it. Not before the fork: it is of the process that opens it."""
    return os.open("/proc/self/statm", os.O_RDONLY)


def _fetch(
    request: StoredRequest, order: Message, fetch: Fetch, reporter: _Reporter
) -> Mapping[str, tuple[Value, ...]]:
    def progress(locator: str, received: int, total: int | None) -> None:
        if reporter.cancelled():
            raise Cancelled
        of = f" of {total:,}" if total is not None else ""
        reporter.progress(0, f"fetching '{locator}': {received:,}{of} bytes")

    description = load_description(order["description"])
    fetched = fetch_references(
        request.inputs,
        Path(order["inputs"]),
        fetch,
        progress,
        say=lambda text: reporter.log(logging.INFO, text),
        description=description,
    )
    policy = Policy.heard(order["formats"])
    if lacking.may_be(description, policy):
        lacking.fetch_schemas(
            fetched,
            description,
            Path(order["inputs"]),
            policy,
            fetch,
            progress,
            lambda text: reporter.log(logging.INFO, text),
        )
    reporter.progress(0, None)  # what the function does is not told by how much was fetched
    return fetched


def _call(
    definition: Definition, request: StoredRequest, order: Message, reporter: _Reporter
) -> dict[str, tuple[Value, ...]]:
    workdir = Path(order["work"])
    outputs = request.outputs or {}
    context = Context(
        workdir=workdir,
        reporter=reporter,
        formats={id: o.format.media_type for id, o in outputs.items() if o.format is not None},
        job=order["job"],
        attempt=order["attempt"],
    )
    inputs = Path(order["inputs"])
    policy = Policy.heard(order["formats"])
    archives.hold(ArchiveLimits(*order["archives"]))

    def look(arguments: Mapping[str, object]) -> None:
        check_inputs(definition.inputs, arguments, policy, lambda text: reporter.log(logging.INFO, text))

    produced = call(definition, request.inputs, inputs, context, look)
    check_outputs(definition.outputs, produced, policy, lambda text: reporter.log(logging.WARNING, text))
    look_into = facts.facts if order["facts"] else None
    folder, served = Path(order["publish"]), {}
    if any(output.service for output in outputs.values()):
        # A job that publishes nothing loads nothing of this.
        from azenha.engine.publishing.copying import publish

        served = publish(produced, request, folder, order["outputs"])
    return _publish(produced, served, workdir, folder, order["outputs"], look_into)


def _publish(
    produced: Mapping[str, tuple[Produced, ...]],
    served: Mapping[str, tuple[Published | None, ...]],
    workdir: Path,
    folder: Path,
    limit: int,
    look_into: Callable[[Path, str], Geodata | None] | None,
) -> dict[str, tuple[Value, ...]]:
    """Move the files that were returned to `folder`, on disk for good; values with keys relative to it."""
    results: dict[str, tuple[Value, ...]] = {}
    total = 0
    for id, items in produced.items():
        values: list[Value] = []
        for number, item in enumerate(items):
            if not isinstance(item, LocalFile):
                values.append(item)
                continue
            size = item.path.stat().st_size
            total += size
            if total > limit:
                raise OutputError(id, f"the job's files exceed {limit:,} bytes (setting limits.outputs)")
            name = item.name or item.path.name
            key = f"{id}/{name}" if len(items) == 1 else f"{id}/{number}/{name}"
            sha256, crc32 = _placed(item.path, workdir, folder / key)
            geodata = look_into and look_into(folder / key, item.format.media_type)
            values.append(
                StoredFile(
                    key,
                    name,
                    size,
                    item.format,
                    sha256,
                    crc32=crc32,
                    geodata=geodata or None,
                    published=served[id][number] if id in served else None,
                )
            )
        results[id] = tuple(values)
    return results


def _placed(source: Path, workdir: Path, target: Path) -> tuple[str, int]:
    """Move or copy a file to where it is published, on disk for good; its checksums.

    The disk writes a large one while it is read for them: each takes about as long as the other.
    """
    _place(source, workdir, target)
    written = _writing(target)
    try:
        checksums = _checksums(target)
    finally:
        written()
    sync(target.parent)
    return checksums


def _checksums(path: Path) -> tuple[str, int]:
    """SHA-256 and CRC-32, for archives, in one reading."""
    digest, crc32 = hashlib.sha256(), 0
    room = memoryview(bytearray(1 << 18))  # one, for all pieces: the system need not find memory for each
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(room):
            digest.update(room[:size])
            crc32 = zlib.crc32(room[:size], crc32)
    return digest.hexdigest(), crc32


def _writing(target: Path) -> Callable[[], None]:
    """Have a file put on the disk; what is given back waits for that."""
    if target.stat().st_size > AT_ONCE:
        thread = threading.Thread(target=sync, args=(target,))
        with suppress(RuntimeError):  # the job's limits may leave no room for a thread
            thread.start()
            return thread.join
    return lambda: sync(target)


def _place(source: Path, workdir: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    own = source.resolve().is_relative_to(workdir)
    if own and not source.is_symlink() and source.stat().st_nlink == 1:
        try:
            source.rename(target)
        except OSError:
            shutil.copyfile(source, target)
    else:  # an input handed on, or a file from elsewhere, which is not the job's to move
        shutil.copyfile(source, target)


def sync(path: Path) -> None:
    """Wait until the disk has a file or, where the system can, a folder's entries."""
    with suppress(OSError):  # folders cannot be opened on Windows
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failure(error: BaseException, order: Message) -> Message:
    kind, locator = FailureKind.PROCESS, None
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    match error:
        case MemoryError():
            kind, text = FailureKind.MEMORY, f"it needed more than {order['memory']:,} bytes of memory"
        case OutputError():
            kind, text, locator = FailureKind.OUTPUT, str(error), error.output
        case NotFetched():
            kind, text, locator = FailureKind.FETCH, str(error), error.locator
        case ValueTooLarge():
            kind, text, locator = FailureKind.SIZE, str(error), error.locator
        case AppError():
            kind, text, locator = FailureKind.INPUT, str(error), error.locator
        case _ if (wrong := blamed(error)) is not None:
            kind, text, locator = FailureKind.INPUT, str(wrong), wrong.locator
        case SystemExit():
            text = f"the process called sys.exit({error.code!r})"
    if kind is FailureKind.PROCESS:
        traceback.print_exception(error)
    return {"t": "failed", "kind": kind, "text": text[:10_000], "locator": locator}


def _end_what_it_started() -> None:
    """End descendants that the job left behind; collect those that have ended already."""
    if not hasattr(os, "WNOHANG"):
        return
    try:
        while True:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                tree.kill(os.getpid(), but_root=True)
                os.waitpid(-1, 0)
    except ChildProcessError:
        pass
