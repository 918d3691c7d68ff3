"""Inside the sandbox: read the job, call the function, hand over what it returned.

One child serves one job, or several in turn where its process allows. Nothing that happens here can hurt more than
its own job: whatever the function raises becomes a message, and if the child dies the worker sees that.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from azenha.authoring import archives
from azenha.authoring.archives import ArchiveLimits
from azenha.authoring.blame import blamed, cut, told, without_folder
from azenha.authoring.calling import call
from azenha.authoring.context import Context
from azenha.authoring.errors import Cancelled, OutputError
from azenha.authoring.shapes import shortened
from azenha.authoring.signature import Definition
from azenha.domain.canonical import StoredRequest, dump_values, load_request
from azenha.domain.described import load_description
from azenha.domain.errors import AppError, NotFetched, NotPublished, ValueTooLarge
from azenha.domain.job import FailureKind
from azenha.domain.values import Value
from azenha.engine.channel import END_OF_JOB, Channel, Message
from azenha.engine.formats import facts, lacking
from azenha.engine.formats.checking import check_inputs, check_outputs
from azenha.engine.formats.policy import Policy
from azenha.engine.formats.recognised import in_file
from azenha.engine.formats.taken_for import in_values
from azenha.engine.hearing import Inbox, ToWorker, writable
from azenha.engine.outputs import check_values, put_out
from azenha.engine.sandbox import tree
from azenha.engine.transfer import fetch_references
from azenha.usecases.ports import Fetch

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None


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
    reporter = ToWorker(channel, inbox, waits=order["pauses_itself"])
    work = Path(order["work"])
    work.mkdir(exist_ok=True)
    os.chdir(work)
    _limit(order["memory"])
    answer = answered(order, definitions, fetch, reporter)
    _end_what_it_started()
    os.chdir("/" if os.name == "posix" else Path.home())
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    if order["mark"]:
        os.write(1, END_OF_JOB)
    channel.send(answer)


def answered(
    order: Message,
    definitions: Mapping[str, Definition],
    fetch: Callable[[], Fetch],
    reporter: ToWorker,
) -> Message:
    """Do what is ordered; the last word on it, whatever happens."""
    try:
        request = load_request(order.pop("request"))  # which may be much
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
        return {"t": "cancelled"}
    except BaseException as error:
        try:
            return _failure(error, order)
        except (
            BaseException
        ):  # what its class does when it is asked anything, or no memory is left for its text
            kind, name = FailureKind.PROCESS, type(error).__name__
            return {"t": "failed", "kind": kind, "text": name, "locator": None}
    return answer


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
    request: StoredRequest, order: Message, fetch: Fetch, reporter: ToWorker
) -> Mapping[str, tuple[Value, ...]]:
    def progress(locator: str, received: int, total: int | None) -> None:
        if reporter.cancelled():
            raise Cancelled
        of = f" of {total:,}" if total is not None else ""
        reporter.progress(0, f"fetching '{locator}': {received:,}{of} bytes")

    def say(text: str) -> None:
        reporter.log(logging.INFO, text)

    description = load_description(order["description"])
    inputs = Path(order["inputs"])
    fetched = fetch_references(
        request.inputs, inputs, fetch, progress, say=say, description=description, recognise=in_file
    )
    policy = Policy.heard(order["formats"])
    if policy.fetches_for(description):
        lacking.fetch_schemas(fetched, description, inputs, policy, fetch, progress, say)
    reporter.progress(0, None)  # what the function does is not told by how much was fetched
    return fetched


def _call(
    definition: Definition, request: StoredRequest, order: Message, reporter: ToWorker
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

    given = in_values(definition.inputs, request.inputs, inputs)
    with _copies_end():
        produced = call(definition, given, inputs, context, look)
    check_values(produced, order["values"])

    def warn(text: str) -> None:
        reporter.log(logging.WARNING, text)

    check_outputs(definition.outputs, produced, policy, warn)
    look_into = facts.facts if order["facts"] else None
    folder, served = Path(order["publish"]), {}
    if any(output.service for output in outputs.values()):
        # A job that publishes nothing loads nothing of this.
        from azenha.engine.publishing.copying import publish

        served = publish(produced, request, folder, order["outputs"], warn)
    return put_out(produced, served, workdir, folder, order["outputs"], look_into)


@contextmanager
def _copies_end() -> Iterator[None]:
    """End here what the author's code made by os.fork and let come back: it is not the job, and must not end it."""
    own, code = os.getpid(), 0
    try:
        yield
    except BaseException as error:
        if os.getpid() == own:
            raise
        code = 1
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else int(error.code is not None)
        else:
            traceback.print_exception(error)
    if os.getpid() != own:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(code)


def _failure(error: BaseException, order: Message) -> Message:
    kind, locator = FailureKind.PROCESS, None
    said = without_folder(told(error), Path(order["inputs"]) / "any")
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    match error:
        case MemoryError():
            kind, text = FailureKind.MEMORY, f"it needed more than {order['memory']:,} bytes of memory"
        case OutputError():
            kind, text, locator = FailureKind.OUTPUT, str(error), error.output
        case NotPublished():
            kind, text, locator = FailureKind.SERVICE, str(error), error.locator
        case NotFetched():
            kind, text, locator = FailureKind.FETCH, str(error), error.locator
        case ValueTooLarge():
            kind, text, locator = FailureKind.SIZE, str(error), error.locator
        case AppError():
            kind, text, locator = FailureKind.INPUT, str(error), error.locator
        case _ if (wrong := blamed(error)) is not None:
            kind, text, locator = FailureKind.INPUT, str(wrong), wrong.locator
        case SystemExit():
            text = f"the process called sys.exit({shortened(error.code)})"
    if kind is FailureKind.PROCESS:
        with suppress(Exception):
            _print(error)
    return {"t": "failed", "kind": kind, "text": cut(writable(text)), "locator": locator}


def _print(error: BaseException) -> None:
    """As traceback.print_exception, each text in it cut: to copy one of many megabytes takes as many again."""
    for lines in traceback.TracebackException.from_exception(error).format():
        print(cut(lines, "…\n"), end="", file=sys.stderr)


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
