"""`serve`: a small supervisor that starts the web tier and the worker, and starts them again when they die.

Loads nothing but the standard library: it stays as long as the server runs. What it starts ends when the pipe
to its standard input closes, so nothing outlives it, however it ends.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

_log = logging.getLogger("azenha.supervisor")

STOP_WITHIN = 10.0  # seconds that a part has to end by itself
QUICK = 5.0  # a part that lived shorter than this failed to start: wait longer before the next attempt
LONGEST_WAIT = 5.0
# An open socket can be handed to a program that is started by forking; elsewhere (Windows) only handles can be.
HANDS_ON = hasattr(os, "fork")


@dataclass
class Part:
    """One program under supervision. `command` and the text for its standard input; `socket` is handed on.

    `environment`: what it gets beside this process's own, which goes before.
    """

    name: str
    command: Sequence[str]
    text: bytes = b""
    socket: socket.socket | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _waits: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start it, unless it was begun, and tell it its text."""
        if not self._waits:
            self.begin()
        self._waits = False
        assert self.process is not None
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.write(self.text)
            self.process.stdin.flush()

    def begin(self) -> None:
        """Have it load what it needs while its text is still made; `start` follows, or `stop`."""
        if self.process is not None and self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.close()
        passed = () if self.socket is None else (self.socket.fileno(),)
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            pass_fds=passed,
            env={**self.environment, **os.environ},
            # Ctrl-C is for the supervisor alone: it ends its parts in order.
            start_new_session=True,
        )
        self._waits = True

    def stop(self) -> None:
        if self.process is None:
            return
        assert self.process.stdin is not None
        with suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Supervisor:
    def __init__(self, parts: Sequence[Part], on_death: Callable[[Collection[int]], None]) -> None:
        """`parts`: in the order of their start; they end in the opposite order.

        `on_death`: called when one has died, with the process ids of all, before it is started again.
        """
        self._parts = parts
        self._on_death = on_death
        self._starting = threading.Lock()
        self._stop = threading.Event()

    def run(self, started: Callable[[], None]) -> None:
        """Until SIGINT, SIGTERM or `stop`. `started` is called once all parts have been started."""
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
                if hasattr(signal, name) and not _by_nohup(name):
                    signal.signal(getattr(signal, name), lambda *_: self._stop.set())
        keepers = [threading.Thread(target=self._keep, args=(part,), daemon=True) for part in self._parts]
        try:
            for part in self._parts:
                part.start()
            for keeper in keepers:
                keeper.start()
            started()
            while not self._stop.wait(3600):
                pass
        finally:
            self._stop.set()
            with self._starting:
                for part in reversed(self._parts):
                    part.stop()

    def stop(self) -> None:
        self._stop.set()

    def _keep(self, part: Part) -> None:
        pause = 0.1
        while True:
            assert part.process is not None
            began = time.monotonic()
            code = part.process.wait()
            if self._stop.is_set():
                return
            _log.error("the %s ended (exit code %s); starting it again", part.name, code)
            pause = 0.1 if time.monotonic() - began > QUICK else min(2 * pause, LONGEST_WAIT)
            if self._stop.wait(pause):
                return
            with self._starting:
                if self._stop.is_set():
                    return
                self._on_death([p.process.pid for p in self._parts if p.process is not None])
                try:
                    part.start()
                except OSError as error:  # no process or no memory is left: perhaps in a moment
                    _log.error("the %s cannot be started now: %s", part.name, error)


def _by_nohup(name: str) -> bool:
    """Whether that signal is ignored because the server shall outlive the terminal that it was started in."""
    return name == "SIGHUP" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def listen(host: str, port: int) -> socket.socket:
    """The listening socket. It lives here, so that clients wait while the web tier is started again."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(512)
    return listening


def end_with_stdin(end: Callable[[], None]) -> None:
    """Call `end` in a thread when the pipe to the supervisor closes."""

    def wait() -> None:
        # Not through the buffer: a thread that waits in there aborts a program that ends before its pipe does.
        while os.read(sys.stdin.fileno(), 1 << 16):
            pass
        end()

    threading.Thread(target=wait, name="azenha-supervised", daemon=True).start()
