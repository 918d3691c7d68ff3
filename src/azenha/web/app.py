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
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar, TypeVarTuple
from urllib.parse import quote

from azenha.domain.errors import AppError, MethodUnknown, NoSuchPath
from azenha.domain.messages import Checked, Command, Execute, GetService, ServiceFound
from azenha.protocols.http import START, Bounded, Buffer, Dialect, HttpReply, HttpRequest
from azenha.settings import PRESIGNED, Settings
from azenha.usecases.ports import Ended, HandOver, Publisher
from azenha.usecases.processing import Processing, at_once
from azenha.web import services
from azenha.web.bodies import Bodies, ReaderLost
from azenha.web.edge import check, headers_of, internal, site_of
from azenha.web.exchange import Exchange
from azenha.web.executing import Executions
from azenha.web.guard import SAFE, Guard
from azenha.web.light import READ, is_light
from azenha.web.repeated import Asked, Repeated, asked
from azenha.web.send import Send, send_reply
from azenha.web.services import Streamed, send_streamed, streamed, unless_gone
from azenha.web.spool import Disconnected, Receive, SpooledBody, announced_length, receive_body, release

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Lifespan = Callable[[], AbstractAsyncContextManager[None]]
R = TypeVar("R")
Args = TypeVarTuple("Args")

SPOOL: Final = "spool"  # folder of large bodies, in the data folder
THREADS: Final = 8  # the store lets one write at a time; more would only wait
READ_HERE: Final = 4 * 1024 * 1024  # bytes of a body that are decoded by this process, other clients waiting
# Read by this process always: a PATCH changes what the store has, which the reader of large bodies does not know.
HERE: Final = (*SAFE, "PATCH")
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
    hand_over: HandOver | None = None,
    publisher: Callable[[], Publisher] | None = None,
) -> App:
    """The application of these dialects; the longest mount that fits answers.

    Args:
        dialects: the one with the shortest mount also tells what goes wrong before a dialect is chosen.
        lifespan: entered on the event loop before the first request and left after the last.
        bodies: reads what is larger than `READ_HERE`; None: threads do, and hold the others up.
        hand_over: takes synchronous jobs to a worker; None: they are stored here, as all others.
        publisher: gives what answers for published outputs; called on the event loop with the first request for one.
    """
    return Web(dialects, processing, ended, settings, lifespan, bodies, hand_over, publisher)


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
        hand_over: HandOver | None,
        publisher: Callable[[], Publisher] | None,
    ) -> None:
        self._dialects = sorted(dialects, key=lambda d: len(d.mount), reverse=True)
        self._bounds = {d.mount: (d.largest, d.setting) for d in dialects if isinstance(d, Bounded)}
        self._processing = processing
        self._settings = settings
        self._lifespan = lifespan
        self._bodies = bodies
        self._publisher = publisher
        self._guard = Guard.of(settings.server)
        self._repeated = Repeated()
        self._threads = ThreadPoolExecutor(THREADS, "azenha-web")
        self._executions = Executions(processing, ended, settings, self._threads, hand_over)
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
                await send_reply(send, receive, reply, shared, method == "HEAD", self._threads)
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
        exchange: Exchange | None = None
        body: Buffer = b""
        received = False
        client = scope.get("client")
        peer = client[0] if client and self._guard.proxies else None
        key = asked(scope, peer)
        if (repeated := self._repeated.find(key)) is not None:
            return repeated
        try:
            base = self._guard.admit(method, headers, peer, scope["scheme"])
            preflight = self._guard.preflight(method, headers)
            if preflight is not None:
                return HttpReply(204, preflight)
            query = scope["query_string"].decode("utf-8", "replace")
            exchange = self._mounted(method, path, query, headers, base)
            if method not in KNOWN:
                raise MethodUnknown(method, METHODS)
            check(path == scope["path"], path, query)
            most, setting = self._largest(exchange.dialect)
            announced = 0 if self._is_read_here(method, exchange.dialect) else announced_length(headers)
            if self._bodies and READ_HERE < announced <= most:
                self._bodies.expect()
            body = await receive_body(receive, headers, most, self._spool, setting)
            received = True
            if body:
                start = bytes(body[:START])  # a large body is gone before it is answered
                request = HttpRequest(
                    method, exchange.request.path, query, headers, body, start, exchange.site.base
                )
                exchange = replace(exchange, request=request)
            return await self._answer(exchange, receive, key)
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
        own = self._bounds.get(dialect.mount)
        most = self._settings.limits.body
        return own if own is not None and own[0] < most else (most, "limits.body")

    def _mounted(self, method: str, path: str, query: str, headers: dict[str, str], base: str) -> Exchange:
        for dialect in self._dialects:
            mount = dialect.mount
            if not mount or path == mount or path.startswith(f"{mount}/"):
                request = HttpRequest(method, path[len(mount) :] or "/", query, headers, base=base + mount)
                return Exchange(dialect, request, self._site(base + mount, base), self._link_time)
        raise NoSuchPath(path)

    def _unadmitted(self, method: str, path: str, headers: dict[str, str]) -> Exchange:
        """Whoever is not admitted is told by the dialect at the root, under the address that we know of."""
        site = self._site(self._fallback, self._fallback)
        return Exchange(self._dialects[-1], HttpRequest(method, path, "", headers), site)

    def _is_read_here(self, method: str, dialect: Dialect) -> bool:
        """Whether even a large body is."""
        return method in HERE or dialect.mount in self._bounds

    async def _answer(self, exchange: Exchange, receive: Receive, key: Asked | None) -> HttpReply | Streamed:
        dialect, request = exchange.dialect, exchange.request
        command: Command | Checked
        large = len(request.body) > READ_HERE and not self._is_read_here(request.method, dialect)
        if large and self._bodies and isinstance(request.body, SpooledBody):
            command = await self._read_elsewhere(self._bodies, exchange, request.body)
        elif is_light(request.body, READ):
            command = dialect.read(request)
        else:
            command = await self._in_thread(self._read, dialect, request)
        if isinstance(command, Execute | Checked):
            if request.method not in SAFE:
                return await self._executions.execute(command, exchange, receive)
            self._guard.admit_run(request.headers, exchange.site.base)
            reply = await self._executions.execute(command, exchange, receive)
            return replace(reply, headers=(*reply.headers, ("Cache-Control", "no-store")))
        if isinstance(command, GetService):
            return await self._service(command, exchange, receive)
        if at_once(command):
            reply = exchange.written(self._processing.handle(command))
            self._repeated.keep(key, reply)
            return reply
        return await self._in_thread(self._handled, command, exchange)

    def _read(self, dialect: Dialect, request: HttpRequest) -> Command | Checked:
        """Blocks. What may be much is checked at once, so that nobody holds what was read beside what it came to."""
        command = dialect.read(request)
        if isinstance(command, Execute) and request.method not in SAFE:
            return self._processing.check(command, self._processing.new_id(), request.body)
        return command

    async def _service(self, command: GetService, exchange: Exchange, receive: Receive) -> Streamed:
        assert self._publisher is not None  # else the dialect that reads this command is not mounted
        found = await self._in_thread(self._processing.handle, command)
        assert isinstance(found, ServiceFound)
        wanted = services.asked(found, exchange.request, exchange.site)
        answer = self._publisher().answer(found.job, found.output, Path(found.folder), wanted)
        return streamed(await unless_gone(answer, receive), found)

    async def _read_elsewhere(
        self, bodies: Bodies, exchange: Exchange, body: SpooledBody
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

    def _handled(self, command: Command, exchange: Exchange) -> HttpReply:
        """Blocks: asks the store, and reads the small files of the reply."""
        return exchange.complete(self._processing.handle(command, exchange.request.body))

    async def _in_thread(self, function: Callable[[*Args], R], *args: *Args) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    # -- what goes wrong ----------------------------------------------------------------------------

    def _fault(self, error: AppError, exchange: Exchange) -> HttpReply:
        try:
            return exchange.dialect.fault(error, exchange.request, exchange.site)
        except Exception as second:
            told = internal(second, exchange.request.method, exchange.request.path)
            return HttpReply(500, (("Content-Type", "text/plain; charset=utf-8"),), (str(told).encode(),))
