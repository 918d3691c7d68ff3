"""Large bodies are read and checked by other processes: parsing holds the interpreter, and every other client
would wait. One is started when it is needed and ends when it was not needed for a while, or when its web tier does.

Both ends are here: `Readers` in the web tier, `serve` in the program that it starts (bootstrap's `read-bodies`).
They speak pickles over pipes that nobody else has, each with its length before it.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import pickle
import queue
import struct
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from azenha.domain.errors import AppError
from azenha.domain.messages import Checked, Command
from azenha.protocols.http import HttpRequest

AT_ONCE: Final = 2  # bodies read at the same time; the others wait, and nothing waits for them
IDLE: Final = 10.0  # seconds after which a reader ends
_LENGTH: Final = struct.Struct("!I")

Read = Callable[[str, HttpRequest, str], Command | Checked]


class Bodies(Protocol):
    """Reads requests whose body is large."""

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


@dataclass(frozen=True, slots=True)
class _Order:
    mount: str
    request: HttpRequest
    body: str
    job: str


# -- in the web tier -------------------------------------------------------------------------------


class Readers:
    """Bodies, by processes of this `command`, each told `text` first."""

    def __init__(self, command: Sequence[str], text: bytes, idle: float = IDLE) -> None:
        self._command, self._text, self._idle_for = command, text, idle
        self._room = asyncio.Semaphore(AT_ONCE)
        self._idle: list[tuple[asyncio.subprocess.Process, asyncio.TimerHandle]] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def read(self, mount: str, request: HttpRequest, body: Path, job: str) -> Command | Checked:
        async with self._room:
            process = await self._taken()
            try:
                answer = await self._asked(process, _Order(mount, request, str(body), job))
            except BaseException:
                self._kill(process)
                raise
            self._give_back(process)
        if isinstance(answer, AppError):
            raise answer
        if isinstance(answer, str):
            raise RuntimeError(f"a large body could not be read:\n{answer}")
        found: Command | Checked = answer
        return found

    async def close(self) -> None:
        while self._idle:
            process, timer = self._idle.pop()
            timer.cancel()
            await _end(process)
        for task in tuple(self._ending):
            await task

    async def _taken(self) -> asyncio.subprocess.Process:
        while self._idle:
            process, timer = self._idle.pop()
            timer.cancel()
            if process.returncode is None:
                return process
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdin
        process.stdin.write(self._text)
        return process

    async def _asked(self, process: asyncio.subprocess.Process, order: _Order) -> Any:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(_framed(order))
            await process.stdin.drain()
            (length,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
            data = await process.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise ReaderLost("the process that read a large body ended before it had answered") from None
        return pickle.loads(data)

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


def _framed(message: object) -> bytes:
    data = pickle.dumps(message)
    return _LENGTH.pack(len(data)) + data


# -- in the reader ---------------------------------------------------------------------------------


def serve(orders: IO[bytes], answers: IO[bytes], read: Read) -> None:
    """Answer orders until there are no more; ends the process then, whatever it is doing."""
    waiting: queue.SimpleQueue[_Order] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(orders, waiting), daemon=True).start()
    while True:
        answers.write(_framed(_answer(waiting.get(), read)))
        answers.flush()


def _receive(orders: IO[bytes], waiting: queue.SimpleQueue[_Order]) -> None:
    while len(head := orders.read(_LENGTH.size)) == _LENGTH.size:
        waiting.put(pickle.loads(orders.read(_LENGTH.unpack(head)[0])))
    os._exit(0)


def _answer(order: _Order, read: Read) -> object:
    given = order.request
    try:
        with (
            open(order.body, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body,
        ):
            request = HttpRequest(given.method, given.path, given.query, given.headers, body)
            return read(order.mount, request, order.job)
    except AppError as error:
        return error.with_traceback(None)
    except Exception:
        return traceback.format_exc()
