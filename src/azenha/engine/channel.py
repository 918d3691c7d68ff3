"""Messages between a worker and a child: JSON documents with their length in front, over two file descriptors.

Works on sockets and pipes alike, which is why it is not `multiprocessing.connection`: a spawned child has only
the pipes of its standard streams.
"""

from __future__ import annotations

import json
import os
import select
import struct
import threading
from typing import Any

from azenha.domain.canonical import compact

Message = dict[str, Any]

_LENGTH = struct.Struct(">I")
LONGEST = 256 * 1024 * 1024  # of one message: a broken child must not make the worker allocate without end


# On the output of a child that is told to mark it: all that the job wrote is before this.
END_OF_JOB = b"\0azenha: end of job\0"


class ChannelClosed(Exception):
    """The other side is gone."""


class Channel:
    """One end. `send` may be called from several threads, `receive` from one.

    Attributes:
        unheard: the other side ended before it had read all that was sent to it (where this is a UNIX socket).
    """

    def __init__(self, reader: int, writer: int) -> None:
        self.reader = reader
        self.unheard = False
        self._writer = writer
        self._lock = threading.Lock()
        self._closed = False

    def send(self, message: Message) -> None:
        """Raises: ChannelClosed."""
        data = _packed(message)
        with self._lock:
            self._write(data)

    def send_at_once(self, message: Message) -> bool:
        """Send a short message; False, and nothing is sent, if that might have to wait for the other side.

        Raises:
            ChannelClosed
        """
        if not self._lock.acquire(blocking=False):
            return False  # somebody sends another
        try:
            if not self._closed and not _has_room(self._writer):
                return False
            self._write(_packed(message))
            return True
        finally:
            self._lock.release()

    def _write(self, view: memoryview) -> None:
        if self._closed:
            raise ChannelClosed
        try:
            while view:
                view = view[os.write(self._writer, view) :]
        except OSError:
            raise ChannelClosed from None

    def receive(self) -> Message | None:
        """The next message; None when the other side closed, or sent what is no message."""
        head = self._exactly(_LENGTH.size)
        if head is None:
            return None
        (length,) = _LENGTH.unpack(head)
        if length > LONGEST:
            return None
        body = self._exactly(length)
        try:
            message = None if body is None else json.loads(body)
        except ValueError:
            return None
        return message if isinstance(message, dict) else None

    def _exactly(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                piece = os.read(self.reader, min(size - len(data), 1 << 20))
            except ConnectionResetError:
                self.unheard = True
                return None
            except OSError:
                return None
            if not piece:
                return None
            data = data + piece if data else piece
        return data

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                for descriptor in {self.reader, self._writer}:
                    os.close(descriptor)


def _packed(message: Message) -> memoryview:
    data = compact(message).encode()
    return memoryview(_LENGTH.pack(len(data)) + data)


def _has_room(writer: int) -> bool:
    """Whether a short message fits. Where that cannot be asked, a thread reads all the time at the other end."""
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(writer, select.POLLOUT)
    return bool(poll.poll(0))
