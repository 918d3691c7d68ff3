"""Large bodies are read and checked by other processes: parsing holds the interpreter, and every other client
would wait. One is started when it is needed and ends when it was not needed for a while, or when its web tier does.

The other end, with what the two say to each other, is in reader.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from azenha.domain.errors import AppError
from azenha.domain.messages import Checked, Command
from azenha.protocols.http import HttpRequest
from azenha.web.reader import LENGTH, Order, framed

AT_ONCE: Final = 2  # bodies read at the same time; the others wait, and nothing waits for them
# Seconds after which a reader ends: it has 20 to 30 MB, and the next one starts while its body arrives.
IDLE: Final = 10.0
# Bytes of an answer after which a reader ends at once: it keeps the memory that it took.
MUCH: Final = 256 * 1024

log = logging.getLogger("azenha.web")


class Bodies(Protocol):
    """Reads requests whose body is large."""

    def expect(self) -> None:
        """One is on its way: what reads it may be started while it arrives."""

    async def read(self, mount: str, request: HttpRequest, body: Path, job: str) -> Command | Checked:
        """The command of a request; an Execute is checked, and its large values lie in the folder of `job`.

        Args:
            mount: of the dialect that reads it.
            request: without its body.
            body: the file of it.
        Raises:
            AppError: as the dialect's `read` and the use case's `check` do.
            ReaderLost
        """


class ReaderLost(Exception):
    """The process that read a body ended before it had answered."""


class Readers:
    """Bodies, by processes of this `command`, each told `text` first."""

    def __init__(self, command: Sequence[str], text: bytes, idle: float = IDLE) -> None:
        self._command, self._text, self._idle_for = command, text, idle
        self._room = asyncio.Semaphore(AT_ONCE)
        self._idle: list[tuple[asyncio.subprocess.Process, asyncio.TimerHandle]] = []
        self._ending: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None  # one that is expected to be needed

    def expect(self) -> None:
        # While others read, whoever comes starts its own: none may be left over for each that is announced.
        if self._starting is None and not self._idle and not self._room.locked():
            self._starting = asyncio.get_running_loop().create_task(self._ahead())

    async def _ahead(self) -> None:
        try:
            self._give_back(await self._started())
        except OSError:
            log.warning("what reads large bodies could not be started ahead", exc_info=True)
        finally:
            self._starting = None

    async def read(self, mount: str, request: HttpRequest, body: Path, job: str) -> Command | Checked:
        answer: Any
        async with self._room:
            process = await self._taken()
            try:
                data = await self._asked(process, Order(mount, request, str(body), job))
            except BaseException:
                self._kill(process)
                raise
            if len(data) > MUCH:
                self._later(_end(process))
            else:
                self._give_back(process)
            answer = pickle.loads(data)
        if isinstance(answer, AppError):
            raise answer
        if isinstance(answer, str):
            raise RuntimeError(f"a large body could not be read:\n{answer}")
        found: Command | Checked = answer
        return found

    async def close(self) -> None:
        if self._starting is not None:
            await self._starting
        while self._idle:
            process, timer = self._idle.pop()
            timer.cancel()
            await _end(process)
        for task in tuple(self._ending):
            await task

    async def _taken(self) -> asyncio.subprocess.Process:
        if self._starting is not None:
            await asyncio.shield(self._starting)
        while self._idle:
            process, timer = self._idle.pop()
            timer.cancel()
            if process.returncode is None:
                return process
        return await self._started()

    async def _started(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdin
        process.stdin.write(self._text)
        return process

    async def _asked(self, process: asyncio.subprocess.Process, order: Order) -> bytes:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(framed(order))
            await process.stdin.drain()
            (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
            return await process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ReaderLost("the process that read a large body ended before it had answered") from None

    def _give_back(self, process: asyncio.subprocess.Process) -> None:
        timer = asyncio.get_running_loop().call_later(self._idle_for, self._retire, process)
        self._idle.append((process, timer))

    def _retire(self, process: asyncio.subprocess.Process) -> None:
        self._idle = [(p, timer) for p, timer in self._idle if p is not process]
        self._later(_end(process))

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        self._later(_end(process))

    def _later(self, ending: Any) -> None:
        task = asyncio.get_running_loop().create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin
    process.stdin.close()
    await process.wait()
    with contextlib.suppress(OSError):
        await process.stdin.wait_closed()
