"""What a child hears of its worker, and tells it, while a job runs."""

from __future__ import annotations

import logging
import os
import queue
import select
import threading
import time
from typing import Final, Protocol

from azenha.engine.channel import Channel, Message
from azenha.engine.sandbox import tree

PROGRESS_EVERY: Final = 0.1  # seconds


class Inbox(Protocol):
    """Where orders come from."""

    def next(self) -> Message | None: ...

    def cancelled(self) -> bool:
        """Whether the job was dismissed; while it is paused, this does not return."""


class PolledInbox:
    """Looks at the channel when asked: no thread, so that the author's code may fork."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._cancelled = False
        self._lock = threading.Lock()

    def next(self) -> Message | None:
        while (message := self._channel.receive()) is not None and message["t"] != "run":
            pass  # what came after the end
        self._cancelled = False
        return message

    def cancelled(self) -> bool:
        with self._lock:  # who asks meanwhile, in another thread, waits too
            paused = False
            while not self._cancelled and (paused or select.select([self._channel.reader], [], [], 0)[0]):
                message = self._channel.receive()
                self._cancelled = message is None or message["t"] == "cancel"
                paused = message is not None and message["t"] == "pause"
            return self._cancelled


class ThreadedInbox:
    """Reads in a thread: for pipes that cannot be polled, and to notice that the worker is gone."""

    def __init__(self, channel: Channel) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancel = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._channel = channel
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while (message := self._channel.receive()) is not None:
            match message["t"]:
                case "cancel":
                    self._cancel.set()
                    self._going.set()
                case "pause":
                    self._going.clear()
                case "resume":
                    self._going.set()
                case _:
                    # Orders come one by one: what was said of the job before is over.
                    self._cancel.clear()
                    self._going.set()
                    self._messages.put(message)
        tree.kill(os.getpid(), but_root=True)
        os._exit(1)

    def next(self) -> Message | None:
        return self._messages.get()

    def cancelled(self) -> bool:
        self._going.wait()
        return self._cancel.is_set()


def writable(text: object) -> str:
    """As text, with escapes for what no UTF-8 can hold: bytes of a file's name that were none, in a message."""
    return str(text).encode("utf-8", "backslashreplace").decode()


class ToWorker:
    """What the context reports to: messages on the channel, progress not too often."""

    def __init__(self, channel: Channel, inbox: Inbox, *, waits: bool) -> None:
        """`waits`: who tells progress waits while the job is paused."""
        self._channel = channel
        self._inbox = inbox
        self._waits = waits
        self._last = 0.0
        self._waiting: tuple[int, str | None] | None = None

    def progress(self, percent: int, message: str | None) -> None:
        now = time.monotonic()
        self._waiting = (percent, message)
        if now - self._last >= PROGRESS_EVERY:
            self._last = now
            self.flush()
            if self._waits:
                self._inbox.cancelled()

    def flush(self) -> None:
        if self._waiting is not None:
            percent, message = self._waiting
            self._waiting = None
            said = None if message is None else writable(message)
            self._channel.send({"t": "progress", "percent": percent, "message": said})

    def log(self, level: int, text: str) -> None:
        self._channel.send({"t": "log", "level": logging.getLevelName(level), "text": text})

    def cancelled(self) -> bool:
        return self._inbox.cancelled()
