"""What a child writes to its standard output and error, read into the log of the job that it runs."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from azenha.engine.channel import END_OF_JOB, Channel, Message

_log = logging.getLogger("azenha.worker")


class Log:
    """A job's log: bounded, readable while it grows, made with the first line. What cannot be written is lost."""

    def __init__(self, path: Callable[[], Path], limit: int) -> None:
        """`path`: asked for with the first line: most jobs write none."""
        self._path = path
        self._limit = limit
        self._written: int | None = None  # not looked at before there is something to write
        self._lock = threading.Lock()
        self._failed = False
        self.offered = 0

    def write(self, data: bytes) -> None:
        with self._lock:
            self.offered += len(data)
            try:
                self._append(data)
            except OSError as error:  # a full disk; the job, and the record of its end, need no log
                if not self._failed:
                    _log.warning("lines of a job's log are lost: %s", error)
                self._failed = True

    def _append(self, data: bytes) -> None:
        path = self._path()
        if self._written is None:
            self._written = path.stat().st_size if path.exists() else 0
        room = self._limit - self._written
        if room <= 0:
            return
        if len(data) >= room:
            data = data[:room] + b"\n[the log ends here: setting limits.log]\n"
            self._written = self._limit
        else:
            self._written += len(data)
        with path.open("ab") as file:
            file.write(data)


class Output(Protocol):
    """Reads a child's standard output and error into the log of the job that it runs now.

    Attributes:
        marks: the child has to write END_OF_JOB after each job.
    """

    marks: bool

    def attach(self, log: Log) -> None: ...

    def receive(self, channel: Channel) -> Message | None:
        """The child's next message."""

    def drain(self, timeout: float) -> None:
        """Return when all that the job wrote is in its log, or after so many seconds."""

    def close(self) -> None:
        """The child has ended, or shall."""


class PolledOutput:
    """Reads in the slot's own thread, while that waits for messages: no change of thread."""

    marks = False

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor: int | None = descriptor
        self._log: Log | None = None

    def attach(self, log: Log) -> None:
        self._log = log

    def receive(self, channel: Channel) -> Message | None:
        poll = select.poll()
        poll.register(channel.reader, select.POLLIN)
        if self._descriptor is not None:
            poll.register(self._descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if channel.reader in ready:
                return channel.receive()
            if self._descriptor in ready and not self._read():
                return self.receive(channel)  # its other end closed

    def drain(self, timeout: float) -> None:
        until = time.monotonic() + timeout
        while self._read() and time.monotonic() < until:  # a thread that the job left may write on for ever
            pass

    def _read(self) -> bool:
        """Read a piece; False if there is none now."""
        if self._descriptor is None:
            return False
        try:
            data = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return False
        if not data:
            self.close()
            return False
        if self._log is not None:
            self._log.write(data)
        return True

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class ThreadedOutput:
    """Reads in a thread: for pipes that cannot be polled."""

    marks = True

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._log: Log | None = None
        self._drained = threading.Event()
        self._tail = b""
        threading.Thread(target=self._read, name="azenha-output", daemon=True).start()

    def attach(self, log: Log) -> None:
        self._drained.clear()
        self._log = log

    def receive(self, channel: Channel) -> Message | None:
        return channel.receive()

    def drain(self, timeout: float) -> None:
        self._drained.wait(timeout)

    def close(self) -> None:
        """The thread ends with the pipe."""

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except OSError:
                data = b""
            if not data:
                self._write(self._tail)
                self._drained.set()
                os.close(self._descriptor)
                return
            data = self._tail + data
            self._tail = b""
            while (at := data.find(END_OF_JOB)) >= 0:
                self._write(data[:at])
                data = data[at + len(END_OF_JOB) :]
                self._drained.set()
            kept = _partial(data)
            self._tail = data[len(data) - kept :]
            self._write(data[: len(data) - kept])

    def _write(self, data: bytes) -> None:
        if data and self._log is not None:
            self._log.write(data)


def _partial(data: bytes) -> int:
    """How many bytes at the end of `data` may be the beginning of the marker."""
    for length in range(min(len(data), len(END_OF_JOB) - 1), 0, -1):
        if data.endswith(END_OF_JOB[:length]):
            return length
    return 0
