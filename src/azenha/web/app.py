"""The ASGI application: request bytes → read → use case → write → reply bytes, whatever the dialect.

Runs no job and holds no dialect's words. Order of things: guard, body, dialect's `read`, use case, dialect's
`write`. What needs the store gets a thread of a small pool; the rest is answered at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple
from urllib.parse import quote

from azenha.domain.errors import AppError, MethodUnknown, NoSuchPath, TookTooLong
from azenha.domain.job import JobState, Lane
from azenha.domain.messages import (
    Accepted,
    Checked,
    Command,
    Execute,
    GetRecord,
    GetResults,
    GetService,
    GetStatus,
    Outcome,
    Results,
    ServiceFound,
    Status,
)
from azenha.protocols.http import START, Bounded, Buffer, Dialect, HttpReply, HttpRequest, Site
from azenha.settings import PRESIGNED, Settings
from azenha.usecases.ports import Ended, Publisher
from azenha.usecases.processing import Processing, at_once
from azenha.web.bodies import Bodies, ReaderLost
from azenha.web.edge import check, headers_of, internal, site_of
from azenha.web.guard import SAFE, Guard
from azenha.web.ranges import conditional
from azenha.web.redirects import to_store
from azenha.web.send import FileGone, Send, send_reply, with_small_files
from azenha.web.services import Streamed, asked, send_streamed, streamed, unless_gone, until_gone
from azenha.web.spool import Disconnected, Receive, SpooledBody, receive_body, release

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]
R = TypeVar("R")
Args = TypeVarTuple("Args")

SPOOL: Final = "spool"  # folder of large bodies, in the data folder
THREADS: Final = 8  # the store lets one write at a time; more would only wait
READ_AT_ONCE: Final = 64 * 1024  # bytes of a body that are decoded without a thread
READ_HERE: Final = 4 * 1024 * 1024  # bytes of a body that are decoded by this process, other clients waiting
# What some dialect may give a meaning to, per path; OPTIONS asks for that.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Those of HTTP: refused where they are not possible, and not unknown.
KNOWN: Final = (*METHODS, "TRACE", "CONNECT", "QUERY")

log = logging.getLogger("azenha.web")


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


def make_app(
    dialects: Sequence[Dialect],
    processing: Processing,
    ended: Ended,
    settings: Settings,
    lifespan: Lifespan = _nothing,
    bodies: Bodies | None = None,
    publisher: Callable[[], Publisher] | None = None,
) -> App:
    """The application of these dialects; the longest mount that fits answers.

    Args:
        dialects: the one with the shortest mount also tells what goes wrong before a dialect is chosen.
        lifespan: entered on the event loop before the first request and left after the last.
        bodies: reads what is larger than `READ_HERE`; None: threads do, and hold the others up.
        publisher: gives what answers for published outputs; called on the event loop with the first request for one.
    """
    return Web(dialects, processing, ended, settings, lifespan, bodies, publisher)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request and the dialect that answers it."""

    dialect: Dialect
    request: HttpRequest
    site: Site
    link_time: float | None = None  # seconds that a link to the blob store works; None: there are none

    def written(self, outcome: Outcome) -> HttpReply:
        reply = self.dialect.write(outcome, self.request, self.site)
        found = conditional(reply, self.request.method, self.request.headers)
        if self.link_time is None or found.status not in (200, 206):
            return found
        # The store does ranges itself.
        return to_store(reply, self.request.method, self.link_time) or found


class Web:
    """See `make_app`."""

    def __init__(
        self,
        dialects: Sequence[Dialect],
        processing: Processing,
        ended: Ended,
        settings: Settings,
        lifespan: Lifespan,
        bodies: Bodies | None,
        publisher: Callable[[], Publisher] | None = None,
    ) -> None:
        self._dialects = sorted(dialects, key=lambda d: len(d.mount), reverse=True)
        self._processing = processing
        self._ended = ended
        self._settings = settings
        self._lifespan = lifespan
        self._bodies = bodies
        self._publisher = publisher
        self._guard = Guard.of(settings.server)
        self._threads = ThreadPoolExecutor(THREADS, "azenha-web")
        self._spool = settings.data / SPOOL
        told = settings.results
        self._link_time = told.link_time if told.links == PRESIGNED else None
        server = settings.server
        self._fallback = server.url.rstrip("/") if server.url else f"http://localhost:{server.port}"
        self._site = lru_cache(maxsize=64)(lambda base, root: site_of(server, base, root))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000, "reason": "no web sockets here"})

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        phase = "startup"
        try:
            async with self._lifespan():
                phase = "shutdown"
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except Exception as error:
            log.exception("the web tier's %s failed", phase)
            await send({"type": f"lifespan.{phase}.failed", "message": str(error)})
            return
        finally:
            self._threads.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method: str = scope["method"]
        headers = headers_of(scope["headers"])
        try:
            reply = await self._reply(scope, method, headers, receive)
            shared = self._guard.shared(headers)
            if isinstance(reply, Streamed):
                await send_streamed(send, receive, reply, tuple(shared), method == "HEAD")
            else:
                await send_reply(send, reply, shared, method == "HEAD", self._threads)
        except Disconnected:
            log.debug("%s %r: the client went away", method, scope["path"])
            return
        # 501 is an operation that the client made up, or one that is not offered: nothing is wrong here.
        clients = reply.status < 500 or reply.status == 501
        level = logging.DEBUG if reply.status < 400 else logging.INFO if clients else logging.ERROR
        if log.isEnabledFor(level):
            milliseconds = (time.perf_counter() - began) * 1000
            log.log(level, "%s %r %d, %.1f ms", method, scope["path"], reply.status, milliseconds)

    # -- one request --------------------------------------------------------------------------------

    async def _reply(
        self, scope: Scope, method: str, headers: dict[str, str], receive: Receive
    ) -> HttpReply | Streamed:
        path: str = scope["path"]
        if not path.isprintable():
            path = quote(path, safe="/", errors="replace")  # for messages
        exchange: _Exchange | None = None
        body: Buffer = b""
        received = False
        try:
            client = scope.get("client")
            base = self._guard.admit(method, headers, client[0] if client else None, scope["scheme"])
            preflight = self._guard.preflight(method, headers)
            if preflight is not None:
                return HttpReply(204, preflight)
            query = scope["query_string"].decode("utf-8", "replace")
            exchange = self._mounted(method, path, query, headers, base)
            if method not in KNOWN:
                raise MethodUnknown(method, METHODS)
            check(path == scope["path"], path, query)
            most, setting = self._largest(exchange.dialect)
            body = await receive_body(receive, headers, most, self._spool, setting)
            received = True
            if body:
                start = bytes(body[:START])  # a large body is gone before it is answered
                request = HttpRequest(
                    method, exchange.request.path, query, headers, body, start, exchange.site.base
                )
                exchange = replace(exchange, request=request)
            return await self._answer(exchange, receive)
        except AppError as error:
            reply = self._fault(error, exchange or self._unadmitted(method, path, headers))
        except Disconnected:
            raise
        except Exception as error:
            told = internal(error, method, path)
            reply = self._fault(told, exchange or self._unadmitted(method, path, headers))
        finally:
            release(body)
        # A body that is not wanted must not be sent to its end before the next request is heard.
        return reply if received else replace(reply, headers=(*reply.headers, ("Connection", "close")))

    def _largest(self, dialect: Dialect) -> tuple[int, str]:
        """Bytes of a body that is meant for the dialect, and the setting that says so."""
        most = self._settings.limits.body
        if isinstance(dialect, Bounded) and dialect.largest < most:
            return dialect.largest, dialect.setting
        return most, "limits.body"

    def _mounted(self, method: str, path: str, query: str, headers: dict[str, str], base: str) -> _Exchange:
        for dialect in self._dialects:
            mount = dialect.mount
            if not mount or path == mount or path.startswith(f"{mount}/"):
                request = HttpRequest(method, path[len(mount) :] or "/", query, headers, base=base + mount)
                return _Exchange(dialect, request, self._site(base + mount, base), self._link_time)
        raise NoSuchPath(path)

    def _unadmitted(self, method: str, path: str, headers: dict[str, str]) -> _Exchange:
        """Whoever is not admitted is told by the dialect at the root, under the address that we know of."""
        site = self._site(self._fallback, self._fallback)
        return _Exchange(self._dialects[-1], HttpRequest(method, path, "", headers), site)

    async def _answer(self, exchange: _Exchange, receive: Receive) -> HttpReply | Streamed:
        dialect, request = exchange.dialect, exchange.request
        command: Command | Checked
        # A PATCH changes what the store has, which the reader of large bodies does not know.
        large = len(request.body) > READ_HERE and request.method not in (*SAFE, "PATCH")
        large = large and not isinstance(dialect, Bounded)
        if large and self._bodies and isinstance(request.body, SpooledBody):
            command = await self._read_elsewhere(self._bodies, exchange, request.body)
        elif len(request.body) > READ_AT_ONCE:
            command = await self._in_thread(dialect.read, request)
        else:
            command = dialect.read(request)
        if isinstance(command, Execute | Checked):
            if request.method not in SAFE:
                return await self._execute(command, exchange, receive)
            self._guard.admit_run(request.headers, exchange.site.base)
            reply = await self._execute(command, exchange, receive)
            return replace(reply, headers=(*reply.headers, ("Cache-Control", "no-store")))
        if isinstance(command, GetService):
            return await self._service(command, exchange, receive)
        if at_once(command):
            return exchange.written(self._processing.handle(command))
        return await self._in_thread(self._handled, command, exchange)

    async def _service(self, command: GetService, exchange: _Exchange, receive: Receive) -> Streamed:
        assert self._publisher is not None  # else the dialect that reads this command is not mounted
        found = await self._in_thread(self._processing.handle, command)
        assert isinstance(found, ServiceFound)
        wanted = asked(found, exchange.request, exchange.site)
        answer = self._publisher().answer(found.job, found.output, Path(found.folder), wanted)
        return streamed(await unless_gone(answer, receive), found)

    async def _read_elsewhere(
        self, bodies: Bodies, exchange: _Exchange, body: SpooledBody
    ) -> Command | Checked:
        given, job = exchange.request, self._processing.new_id()
        bare = HttpRequest(given.method, given.path, given.query, given.headers, base=given.base)
        try:
            return await bodies.read(exchange.dialect.mount, bare, body.path, job)
        except ReaderLost:
            await self._in_thread(self._processing.folders.remove, job)
            raise
        finally:
            release(body)  # the job may take its time

    def _handled(self, command: Command, exchange: _Exchange) -> HttpReply:
        """Blocks: asks the store, and reads the small files of the reply."""
        return self._small(exchange, self._processing.handle(command, exchange.request.body))

    def _small(self, exchange: _Exchange, outcome: Outcome) -> HttpReply:
        reply = exchange.written(outcome)
        try:
            return with_small_files(reply)
        except FileGone:
            raise NoSuchPath(exchange.request.path) from None

    async def _in_thread(self, function: Callable[[*Args], R], *args: *Args) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    # -- execute ------------------------------------------------------------------------------------

    async def _execute(self, command: Execute | Checked, exchange: _Exchange, receive: Receive) -> HttpReply:
        # The id is made here, so that the end is expected before the job can have it.
        job = command.job if isinstance(command, Checked) else self._processing.new_id()
        execute = command.execute if isinstance(command, Checked) else command
        self._ended.expect(job)
        try:
            answer = await self._in_thread(self._submitted, command, job, exchange)
            if isinstance(answer, HttpReply):
                return answer
            if answer.job.lane is Lane.SYNC:
                return await self._ending(execute, job, exchange, receive)
            await self._waited(answer, receive)
            if not answer.wait:
                return await self._in_thread(exchange.written, answer)
            return await self._in_thread(self._outcome, answer, exchange)
        finally:
            self._ended.forget(job)

    def _submitted(self, command: Execute | Checked, job: str, exchange: _Exchange) -> HttpReply | Accepted:
        """Blocks. The reply to a job that nobody waits for; what was accepted where somebody does."""
        if isinstance(command, Execute):
            command = self._processing.check(command, job, exchange.request.body)
        accepted = self._processing.submit(command)
        if accepted.job.lane is Lane.SYNC or accepted.wait or accepted.settle:
            return accepted
        try:
            return exchange.written(accepted)
        except BaseException:
            self._processing.abandon(job)  # nobody will be told its id
            raise

    async def _waited(self, accepted: Accepted, receive: Receive) -> None:
        """Wait for the end of a background job as long as its client would; it goes on whoever waits."""
        gone = asyncio.ensure_future(until_gone(receive))
        seconds = accepted.wait or accepted.settle
        ending = asyncio.ensure_future(self._ended.wait(accepted.job.id, seconds))
        try:
            await asyncio.wait((gone, ending), return_when=asyncio.FIRST_COMPLETED)
            if not ending.done():
                raise Disconnected
        finally:
            gone.cancel()
            ending.cancel()

    def _outcome(self, accepted: Accepted, exchange: _Exchange) -> HttpReply:
        """Blocks. The reply to a background job after its client has waited: results, or how it stands now."""
        told = self._processing.handle(GetStatus(accepted.job.id))
        assert isinstance(told, Status)
        if accepted.direct and told.job.state is JobState.SUCCEEDED:
            found = self._processing.handle(GetResults(accepted.job.id))
            assert isinstance(found, Results)
            return self._small(exchange, replace(found, honoured=accepted.honoured[-1:]))
        return exchange.written(replace(accepted, job=told.job))

    async def _ending(self, execute: Execute, job: str, exchange: _Exchange, receive: Receive) -> HttpReply:
        """The reply to a synchronous job, once it ended; a client that goes away dismisses it."""
        patience = self._settings.queue.sync_seconds + self._settings.jobs.grace
        gone = asyncio.ensure_future(until_gone(receive))
        gone.add_done_callback(lambda _: self._ended.forget(job))  # which ends the waiting below
        try:
            ended = await self._ended.wait(job, patience)
            if gone.done():
                raise Disconnected
            if not ended:
                raise TookTooLong(execute.process, self._settings.queue.sync_seconds, "queue.sync_seconds")
        except BaseException:
            # Not awaited: this task may be cancelled itself, when the server stops.
            with suppress(RuntimeError):  # no threads any more: it stopped, and the job runs to its own limit
                self._threads.submit(self._give_up, job)
            raise
        finally:
            gone.cancel()
        answer = GetRecord(job) if execute.record else GetResults(job)
        return await self._in_thread(self._handled, answer, exchange)

    def _give_up(self, job: str) -> None:
        try:
            self._processing.abandon(job)
        except Exception:
            log.exception("job %s, for which nobody waits any more, could not be dismissed", job)

    # -- what goes wrong ----------------------------------------------------------------------------

    def _fault(self, error: AppError, exchange: _Exchange) -> HttpReply:
        try:
            return exchange.dialect.fault(error, exchange.request, exchange.site)
        except Exception as second:
            told = internal(second, exchange.request.method, exchange.request.path)
            return HttpReply(500, (("Content-Type", "text/plain; charset=utf-8"),), (str(told).encode(),))
