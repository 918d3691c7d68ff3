"""The wake-up between web tier and worker of one machine, over loopback with a key from the data folder.

Lossy by design: the store is the truth. Loopback TCP, not a UNIX socket, so that it is the same on every platform
and a long data folder's path is no problem.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

from azenha.domain.job import Lane

FILE = "worker.json"
AGAIN_AFTER = 0.1  # seconds between attempts to reach the worker


class WakeListener:
    """The worker's side."""

    def __init__(
        self, folder: Path, offered: Callable[[Lane], None], interrupt: Callable[[str], None]
    ) -> None:
        self._offered = offered
        self._interrupt = interrupt
        self._connections: list[Connection] = []
        self._lock = threading.Lock()
        key = secrets.token_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), backlog=8, authkey=key)
        host, port = self._listener.address
        path = folder / FILE
        fresh = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"host": host, "port": port, "key": key.hex()}, file)
        fresh.replace(path)
        threading.Thread(target=self._accept, name="azenha-wake", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (AuthenticationError, EOFError, ConnectionError):
                continue  # somebody else's connection
            except OSError:
                return
            with self._lock:
                self._connections.append(connection)
            threading.Thread(target=self._read, args=(connection,), daemon=True).start()

    def _read(self, connection: Connection) -> None:
        with suppress(EOFError, OSError, UnicodeDecodeError, ValueError):
            while True:
                word, _, rest = connection.recv_bytes(1024).decode().partition(" ")
                if word == "offered":
                    self._offered(Lane(rest))
                elif word == "interrupt":
                    self._interrupt(rest)
        with self._lock:
            self._connections.remove(connection)
        connection.close()

    def announce(self, job: str) -> None:
        """Tell every web tier that a job ended."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.send_bytes(job.encode())


class WakeClient:
    """The web tier's side: `Wake` of usecases.ports. Reconnects for ever, in a thread."""

    def __init__(self, folder: Path, ended: Callable[[str], None]) -> None:
        """`ended`: called in a thread with the id of each job that ended."""
        self._path = folder / FILE
        self._ended = ended
        self._connection: Connection | None = None
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name="azenha-wake", daemon=True).start()

    def offered(self, lane: Lane) -> None:
        self._send(f"offered {lane}")

    def interrupt(self, job: str) -> None:
        self._send(f"interrupt {job}")

    def _send(self, text: str) -> None:
        with self._lock, suppress(OSError):
            if self._connection is not None:
                self._connection.send_bytes(text.encode())

    def _run(self) -> None:
        while True:
            with suppress(OSError, EOFError, ValueError, KeyError, AuthenticationError):
                place = json.loads(self._path.read_text())
                connection = Client((place["host"], place["port"]), authkey=bytes.fromhex(place["key"]))
                with self._lock:
                    self._connection = connection
                while True:
                    self._ended(connection.recv_bytes(1024).decode())
            with self._lock:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
            time.sleep(AGAIN_AFTER)
