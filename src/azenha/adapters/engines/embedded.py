"""The line between web tier and worker of one machine, over loopback with a key from the data folder.

The web tier says what waits, and hands synchronous jobs over; the worker says what ended. Lossy by design: the store
is the truth, and who handed over what was lost is told that, and stores it. Loopback TCP; where UNIX sockets may have
names outside of the file system (Linux) one of these, which costs half as much a message. A socket in the data folder
could have too long a path.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, cast

from azenha.adapters.engines.frames import LONGEST, Frames, packed, proof
from azenha.adapters.engines.news import dump_handed, dump_told, load_handed, load_told
from azenha.domain.job import Lane
from azenha.usecases.ports import Handed, Told

FILE = "worker.json"
AGAIN_AFTER = 0.1  # seconds between attempts to reach the worker
MOST_UNSENT = 1 << 20  # bytes that a worker has not taken: no more is handed over to it
NONCE = 32  # bytes
NAMED = sys.platform == "linux" and hasattr(socket, "AF_UNIX")  # there are such names
HANDSHAKE_WITHIN = 5.0  # seconds
TAKEN_WITHIN = 2  # seconds: a web tier that takes no news for so long has to connect again


def _listening() -> tuple[socket.socket, dict[str, object]]:
    """A socket that listens, and what the other side needs to find it."""
    if NAMED:
        name = f"azenha-{secrets.token_hex(16)}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"\0{name}")
        listener.listen(8)
        return listener, {"name": name}
    listener = socket.create_server(("127.0.0.1", 0), backlog=8)
    host, port = listener.getsockname()
    return listener, {"host": host, "port": port}


async def _connected(
    loop: asyncio.AbstractEventLoop, make: Callable[[], _Line], place: Mapping[str, Any]
) -> tuple[asyncio.BaseTransport, _Line]:
    if "name" not in place:
        return await loop.create_connection(make, place["host"], place["port"])
    connecting = socket.socket(socket.AF_UNIX)
    try:
        connecting.setblocking(False)
        await loop.sock_connect(connecting, f"\0{place['name']}")
        return await loop.create_unix_connection(make, sock=connecting)
    except BaseException:
        connecting.close()
        raise


def _is_same_user(connection: socket.socket) -> bool:
    """Whether the other side of a UNIX socket runs as we do: the names outside of the file system have no owner."""
    if sys.platform != "linux" or connection.family != socket.AF_UNIX:
        return True
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", credentials)[1] == os.geteuid())


def _bound_sending(connection: socket.socket) -> None:
    """`sendall` fails after `TAKEN_WITHIN`. A timeout of Python's own would cost each `recv` a call more."""
    if sys.platform == "win32":
        limit = struct.pack("@L", TAKEN_WITHIN * 1000)
    else:
        limit = struct.pack("@ll", TAKEN_WITHIN, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


class WakeListener:
    """The worker's side."""

    def __init__(
        self,
        folder: Path,
        offered: Callable[[Lane], None],
        interrupt: Callable[[str], None],
        handed: Callable[[Handed], None],
    ) -> None:
        self._offered = offered
        self._interrupt = interrupt
        self._handed = handed
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._key = secrets.token_bytes(32)
        self._listener, place = _listening()
        path = folder / FILE
        fresh = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({**place, "key": self._key.hex()}, file)
        fresh.replace(path)
        threading.Thread(target=self._accept, name="azenha-wake", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except ConnectionError:
                continue  # it went away again
            except OSError:
                return
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError, KeyError):
            if not self._known(connection):
                return  # somebody else's connection
            with self._lock:
                self._connections.append(connection)
            frames = Frames()
            while data := connection.recv(1 << 16):
                for message in frames.fed(data):
                    self._hear(json.loads(message))
        with self._lock, suppress(ValueError):
            self._connections.remove(connection)

    def _known(self, connection: socket.socket) -> bool:
        """Whether the other side has the key too; it learns the same of us."""
        if not _is_same_user(connection):
            return False
        connection.settimeout(HANDSHAKE_WITHIN)
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ours = secrets.token_bytes(NONCE)
        connection.sendall(ours)
        answer = b""
        while len(answer) < NONCE + len(proof(self._key, "web", ours, ours)):
            piece = connection.recv(1024)
            if not piece:
                return False
            answer += piece
        theirs, said = answer[:NONCE], answer[NONCE:]
        if not secrets.compare_digest(said, proof(self._key, "web", ours, theirs)):
            return False
        connection.sendall(proof(self._key, "worker", theirs, ours))
        connection.settimeout(None)
        _bound_sending(connection)
        return True

    def _hear(self, message: dict[str, Any]) -> None:
        match message["t"]:
            case "offered":
                self._offered(Lane(message["lane"]))
            case "interrupt":
                self._interrupt(message["job"])
            case "handed":
                self._handed(load_handed(message))

    def announce(self, job: str, told: Told) -> None:
        """Tell every web tier the news of a job."""
        data = packed(dump_told(job, told))
        with self._lock:
            for connection in tuple(self._connections):
                try:
                    connection.sendall(data)
                except OSError:
                    # Part of it may be sent: nothing that would be understood can follow.
                    self._connections.remove(connection)
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)


class WakeClient:
    """The web tier's side: `Wake` of usecases.ports, from any thread, and `HandOver`, on the event loop."""

    def __init__(self, folder: Path, told: Callable[[str, Told], None]) -> None:
        """`told`: called on the event loop with the news of each job."""
        self._path = folder / FILE
        self._told = told
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._under_way: set[str] = set()  # handed over, and nothing heard of it since

    def offered(self, lane: Lane) -> None:
        self._send({"t": "offered", "lane": lane})

    def interrupt(self, job: str) -> None:
        self._send({"t": "interrupt", "job": job}, job)

    def hand_over(self, job: Handed) -> bool:
        """See `HandOver`."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > MOST_UNSENT:
            return False
        message = packed(dump_handed(job))
        if len(message) > LONGEST:
            return False
        self._under_way.add(job.id)
        transport.write(message)
        return True

    def _send(self, message: dict[str, object], unwanted: str = "") -> None:
        """`unwanted`: a job of which nobody needs to hear any more; its worker may never tell of it."""

        def send() -> None:
            self._under_way.discard(unwanted)
            if self._transport is not None:
                self._transport.write(packed(message))

        if self._loop is not None:
            with suppress(RuntimeError):  # the loop ended
                self._loop.call_soon_threadsafe(send)

    async def run(self) -> None:
        """Connect, and again whenever the worker went away; until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            with suppress(OSError, ValueError, KeyError):
                place = json.loads(self._path.read_text())
                make = partial(_Line, bytes.fromhex(place["key"]), self._reached, self._heard)
                transport, line = await _connected(self._loop, make, place)
                try:
                    await line.over
                finally:
                    transport.close()
            self._transport = None
            lost, self._under_way = self._under_way, set()
            for job in lost:
                self._told(job, Told(lost=True))
            await asyncio.sleep(AGAIN_AFTER)

    def _reached(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport

    def _heard(self, message: bytes) -> None:
        job, told = load_told(json.loads(message))
        self._under_way.discard(job)
        self._told(job, told)


class _Line(asyncio.Protocol):
    """One connection to the worker. `over`: done when it has ended."""

    def __init__(
        self,
        key: bytes,
        reached: Callable[[asyncio.WriteTransport], None],
        heard: Callable[[bytes], None],
    ) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._key = key
        self._reached = reached
        self._heard = heard
        self._ours = secrets.token_bytes(NONCE)
        self._theirs = b""
        self._expected = b""  # the proof that the other side has the key
        self._before = bytearray()
        self._frames: Frames | None = None  # once it has proved that

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # a stream's; uvloop's is of another class
        asyncio.get_running_loop().call_later(HANDSHAKE_WITHIN, self._must_be_known)

    def _must_be_known(self) -> None:
        if self._frames is None:
            self._transport.abort()  # somebody has the port who waits for us to speak

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._frames is None:
            data = self._shake_hands(data)
        if self._frames is not None:
            for message in self._frames.fed(data):
                self._heard(message)

    def _shake_hands(self, data: bytes) -> bytes:
        """What came after it."""
        self._before += data
        if not self._theirs and len(self._before) >= NONCE:
            self._theirs = bytes(self._before[:NONCE])
            del self._before[:NONCE]
            self._transport.write(self._ours + proof(self._key, "web", self._theirs, self._ours))
            self._expected = proof(self._key, "worker", self._ours, self._theirs)
        if self._expected and len(self._before) >= len(self._expected):
            if not secrets.compare_digest(bytes(self._before[: len(self._expected)]), self._expected):
                self._transport.abort()  # somebody else has the port now
                return b""
            self._frames = Frames()
            self._reached(self._transport)
            return bytes(self._before[len(self._expected) :])
        return b""
