"""MapServer as a publisher: one `mapserv` for each request, as a CGI child (RFC 3875), and nothing that stays.

The child gets a folder, a MAP file and a configuration of its own, an environment with nothing in it but what CGI and
the configuration need, and limits of time and memory. What it writes is passed on as it comes. It is killed when its
answer is not wanted any more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from azenha.adapters.publishers.mapserver import asked as asking
from azenha.adapters.publishers.mapserver.answered import PIECE, begun, head_of, is_flat, is_page, understood
from azenha.adapters.publishers.mapserver.mapfile import Layer, configuration, mapfile, services
from azenha.adapters.publishers.mapserver.poles import mended, north_of_pole
from azenha.domain.errors import BadRequest, NoSuchService, ServiceBusy, ServiceFailed, ServiceTookTooLong
from azenha.domain.job import Job
from azenha.domain.messages import OutputValue
from azenha.domain.published import Service
from azenha.domain.values import StoredFile
from azenha.settings import Publishing
from azenha.usecases.ports import ServiceAnswer, ServiceRequest

_SHELL: Final = "/bin/sh"
_LIMITED: Final = 'ulimit -v "$1"; ulimit -t "$2"; ulimit -c 0; exec "$0"'
_SAID_AT_MOST: Final = 2000  # bytes of what it says on standard error
_MAP: Final = "output.map"
_CONFIGURATION: Final = "mapserver.conf"
_PLAIN: Final = re.compile(r"[ -~]*")
# It opens GeoTIFFs and GeoPackages of ours, and must have no way to anything else.
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "LC_ALL": "C.UTF-8",
    "GDAL_SKIP": "VRT WMS WMTS WCS HTTP MBTiles PLMOSAIC STACTA STACIT DAAS EEDAI OGCAPI Rasterlite",
    "OGR_SKIP": "OGR_VRT,WFS,OAPIF,CSW,HTTP,Carto,Elasticsearch,GMLAS,PLScenes,AmigoCloud,NGW,PostgreSQL,MySQL",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": "64",
    "PROJ_NETWORK": "OFF",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    # With SpatiaLite, MapServer 8.0.0 leaves paging to SQL and does not tell it the offset: every page of OGC API -
    # Features was the first one (MapServer #6613).
    "SPATIALITE_LOAD": "NO",
}

_log = logging.getLogger("azenha.services")


@dataclass(slots=True)
class _Running:
    """A child, its folder, and what goes on beside it."""

    process: asyncio.subprocess.Process
    folder: Path
    said: asyncio.Task[bytes]
    fed: asyncio.Task[None]
    watched: asyncio.Task[None] | None = None
    ending: asyncio.Task[str] | None = None


class _Content:
    """The rest of an answer as it comes. Closing it ends the child, also if nothing was read: HEAD reads nothing."""

    def __init__(self, pieces: AsyncGenerator[bytes, None], end: Callable[[], Awaitable[object]]) -> None:
        self._pieces = pieces
        self._end = end

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        try:
            await self._pieces.aclose()
        finally:
            await self._end()  # what a generator has to do at its end is not done by one that was never begun


class MapServer:
    """See `azenha.usecases.ports.Publisher`. Lives on one event loop."""

    def __init__(self, program: Path, templates: Path | None, folder: Path, settings: Publishing) -> None:
        """
        Args:
            program: `mapserv`.
            templates: of the pages of OGC API - Features; None: it answers JSON alone.
            folder: for files of running requests; whatever is in it is nobody's.
        """
        self._program = program
        self._templates = templates
        self._folder = folder
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.at_once)
        self._waiting = 0

    async def answer(
        self, job: Job, output: OutputValue, folder: Path, asked: ServiceRequest
    ) -> ServiceAnswer:
        layers = _layers(output, folder)
        if asking.is_api(asked) and Service.FEATURES not in services(layers):
            raise NoSuchService(asked.address + asked.path)
        passed = asking.passed(asked)
        await self._slot()
        try:
            running = await self._started(job, output, layers, asked, passed)
        except BaseException:
            self._slots.release()
            raise
        try:
            async with asyncio.timeout(self._settings.time):
                assert running.process.stdout
                head, rest = await head_of(running.process.stdout)
            status, headers = understood(head)
            if is_page(headers) and not asking.is_api(asked):
                raise BadRequest("what is asked is no request of WMS, WFS or WCS that the map server knows")
            if passed.coverages:
                async with asyncio.timeout(self._settings.time):
                    rest = await begun(running.process.stdout, rest)
                if is_flat(rest):
                    raise BadRequest(
                        "what is asked of the coverage is one pixel wide or high; "
                        "the map server can give 2 × 2 pixels and more"
                    )
        except TimeoutError:
            await self._ended(running)
            raise ServiceTookTooLong(self._settings.time, "services.time") from None
        except BaseException:
            said = await self._ended(running)
            _log.warning("mapserv gave no answer to %r: %s", passed.query[:200], said)
            raise
        content = _Content(self._content(running, rest), partial(self._ended, running))
        north = north_of_pole(layers)
        if north is not None and asking.describes(asked, passed):
            async with aclosing(content):
                told = b"".join([piece async for piece in content])
            return ServiceAnswer(status, headers, _once(mended(told, north)))
        return ServiceAnswer(status, headers, content)

    async def _slot(self) -> None:
        if self._slots.locked() and self._waiting >= self._settings.waiting:
            raise ServiceBusy(self._settings.waiting, "services.waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.time):
                await self._slots.acquire()
        except TimeoutError:
            raise ServiceTookTooLong(self._settings.time, "services.time") from None
        finally:
            self._waiting -= 1

    async def _started(
        self, job: Job, output: OutputValue, layers: list[Layer], asked: ServiceRequest, passed: asking.Passed
    ) -> _Running:
        own = await self._own(job, output, layers, asked, passed)
        try:
            process = await asyncio.create_subprocess_exec(
                *_command(self._program, self._settings),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=_environment(own, output.id, asked, passed),
                cwd=own,
                limit=PIECE,
                start_new_session=True,
            )
        except OSError as error:
            shutil.rmtree(own, ignore_errors=True)
            raise _cannot_start(error) from None
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise
        assert process.stdin
        assert process.stderr
        said = asyncio.ensure_future(_said(process.stderr))
        running = _Running(process, own, said, asyncio.ensure_future(_fed(process.stdin, passed.body or b"")))
        running.watched = asyncio.ensure_future(self._watched(running))
        return running

    async def _own(
        self, job: Job, output: OutputValue, layers: list[Layer], asked: ServiceRequest, passed: asking.Passed
    ) -> Path:
        """See `_prepared`. A thread goes on when nobody waits for it any more: what it makes then is removed."""
        made = asyncio.ensure_future(asyncio.to_thread(self._prepared, job, output, layers, asked, passed))
        try:
            return await asyncio.shield(made)
        except asyncio.CancelledError:
            made.add_done_callback(_removed)
            raise

    def _prepared(
        self, job: Job, output: OutputValue, layers: list[Layer], asked: ServiceRequest, passed: asking.Passed
    ) -> Path:
        """Blocks. The folder of one child, with its MAP file and configuration."""
        if not os.access(self._program, os.X_OK):
            raise _cannot_start(self._program)
        self._folder.mkdir(parents=True, exist_ok=True)
        own = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            title, about = layers[0].title, f"Output '{output.id}' of job {job.id} of process '{job.process}'"
            text = mapfile(layers, title, about, own, asked.address, passed.coverages)
            (own / _MAP).write_text(text, encoding="utf-8")
            (own / _CONFIGURATION).write_text(
                configuration(output.id, own / _MAP, self._templates), encoding="utf-8"
            )
        except ValueError as error:
            shutil.rmtree(own, ignore_errors=True)
            _log.error("output '%s' of job %s cannot be served: %s", output.id, job.id, error)
            raise ServiceFailed("the output cannot be served") from None
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise
        return own

    async def _content(self, running: _Running, first: bytes) -> AsyncGenerator[bytes, None]:
        assert running.process.stdout
        whole = False
        try:
            if first:
                yield first
            while True:
                try:
                    # Around what is waited for alone: while this yields, the time is the client's.
                    async with asyncio.timeout(self._settings.time):
                        piece = await running.process.stdout.read(PIECE)
                        code = None if piece else await running.process.wait()
                except TimeoutError:
                    raise ServiceTookTooLong(self._settings.time, "services.time") from None
                if not piece:
                    break
                yield piece
            if code:
                raise ServiceFailed("the map server broke off")
            whole = True
        finally:
            said = await self._ended(running)
            if not whole and said:
                _log.warning("mapserv broke off: %s", said)

    async def _watched(self, running: _Running) -> None:
        """A client that does not read its answer keeps its turn no longer than this."""
        await asyncio.sleep(self._settings.total)
        await self._ended(running)

    async def _ended(self, running: _Running) -> str:
        """Kill the child if it is not gone, and take back what it had; what it said. Once, whoever asks."""
        if running.ending is None:
            running.ending = asyncio.ensure_future(self._ending(running))
        return await asyncio.shield(running.ending)

    async def _ending(self, running: _Running) -> str:
        try:
            _kill(running.process)
            running.fed.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(5):  # whoever it handed the pipes to may have them for ever
                    await _drained(
                        running.process
                    )  # before `wait`, which waits for the ends of the pipes too
                    await running.process.wait()
                    return (await running.said).decode("utf-8", "replace").strip()
            return ""
        finally:
            running.said.cancel()
            if running.watched is not None:
                running.watched.cancel()
            self._slots.release()
            await asyncio.to_thread(shutil.rmtree, running.folder, ignore_errors=True)


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


def _removed(made: asyncio.Future[Path]) -> None:
    if not made.cancelled() and made.exception() is None:
        shutil.rmtree(made.result(), ignore_errors=True)


def _layers(output: OutputValue, folder: Path) -> list[Layer]:
    several = len(output.values) > 1
    found = []
    for number, value in enumerate(output.values):
        assert isinstance(value, StoredFile)
        assert value.published is not None
        name = f"{output.id}_{number}" if several else output.id
        found.append(Layer(name, value.name, folder / value.published.key, value.published))
    return found


def _environment(own: Path, key: str, asked: ServiceRequest, passed: asking.Passed) -> dict[str, str]:
    """What CGI says of the request, in our words: nothing of the client's but the query and the path of OGC API."""
    place = urlsplit(asked.address)
    found = {
        **_ENVIRONMENT,
        "MAPSERVER_CONFIG_FILE": str(own / _CONFIGURATION),
        "GATEWAY_INTERFACE": "CGI/1.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": place.hostname or "localhost",
        "SERVER_PORT": str(place.port or (443 if place.scheme == "https" else 80)),
        "REQUEST_METHOD": "GET" if passed.body is None else "POST",
        "QUERY_STRING": passed.query,
        "SCRIPT_NAME": place.path,
    }
    if place.scheme == "https":
        found["HTTPS"] = "on"
    if passed.body is not None:
        found |= {"CONTENT_TYPE": "text/xml", "CONTENT_LENGTH": str(len(passed.body))}
    if asking.is_api(asked):
        # Its first part names the MAP file, by the key in the configuration.
        found |= {"SCRIPT_NAME": place.path.rpartition("/")[0], "PATH_INFO": f"/{key}{asked.path}"}
        accept = asked.headers.get("accept", "")
        if _PLAIN.fullmatch(accept):
            found["HTTP_ACCEPT"] = accept
    else:
        found["MS_MAPFILE"] = str(own / _MAP)
    return found


def _cannot_start(why: object) -> ServiceFailed:
    _log.error("mapserv cannot be started: %s", why)
    return ServiceFailed("the map server cannot be started")


def _kill(process: asyncio.subprocess.Process) -> None:
    """End the child and what it started: it leads a session of its own."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _command(program: Path, settings: Publishing) -> tuple[str, ...]:
    """Under limits where there is a shell to set them before it runs: of memory, and of processor time."""
    if not os.access(_SHELL, os.X_OK):
        return (str(program),)
    return (
        _SHELL,
        "-c",
        _LIMITED,
        str(program),
        str(settings.memory // 1024),
        str(math.ceil(settings.total) + 2),
    )


async def _fed(stdin: asyncio.StreamWriter, body: bytes) -> None:
    with suppress(OSError):
        if body:
            stdin.write(body)
            await stdin.drain()
        stdin.close()


async def _said(stderr: asyncio.StreamReader) -> bytes:
    """The end of what it says; all of it is read, or it would wait."""
    kept = b""
    while piece := await stderr.read(PIECE):
        kept = (kept + piece)[-_SAID_AT_MOST:]
    return kept


async def _drained(process: asyncio.subprocess.Process) -> None:
    """Read what a dead child left unread: its pipe is closed only at its end."""
    assert process.stdout
    while await process.stdout.read(PIECE):
        pass
