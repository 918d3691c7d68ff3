"""Children forked from a warm parent, one for each source of processes: Linux.

The warm parent is another program (see warm.py): the worker has threads and must not fork itself. A child's socket
and output pipe are made here and sent along with the order to fork.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from azenha.engine.channel import Channel
from azenha.engine.sandbox import tree
from azenha.engine.sandbox.child import CannotStart, Child, Starter

PACKET = 1 << 16


class ForkedChild:
    polled = True

    def __init__(self, channel: Channel, output: int) -> None:
        self.channel = channel
        self.output = output
        self._pid: int | None = None
        self._code: int | None = None
        self._known = threading.Event()
        self._ended = threading.Event()

    def forked(self, pid: int) -> None:
        self._pid = pid
        self._known.set()

    def ended(self, code: int) -> None:
        self._code = code
        self._ended.set()
        self._known.set()

    def pid(self) -> int | None:
        return None if self._ended.is_set() else self._pid

    def exit_code(self, timeout: float) -> int | None:
        self._ended.wait(timeout)
        return self._code

    def suspend(self) -> None:
        self._known.wait(1)
        if (pid := self.pid()) is not None:
            tree.suspend(pid)

    def proceed(self) -> None:
        if (pid := self.pid()) is not None:
            tree.proceed(pid)

    def terminate(self) -> None:
        self._known.wait(1)
        if (pid := self.pid()) is not None:
            tree.terminate(pid)

    def kill(self) -> None:
        self._known.wait(1)
        if (pid := self.pid()) is not None:
            tree.kill(pid)

    def close(self) -> None:
        self.channel.close()


class _WarmParent:
    """The worker's end of a warm parent."""

    def __init__(self, command: Sequence[str], source: str, import_time: float) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = tree.start(
                [*command, json.dumps([source, 0])], stdin=theirs.fileno(), stdout=subprocess.DEVNULL
            )
        except OSError as error:
            ours.close()
            raise CannotStart(f"no process can be started: {error}") from None
        finally:
            theirs.close()
        self._control = ours
        self._lock = threading.Lock()
        self._children: dict[int, ForkedChild] = {}
        self._number = 0
        self.used = time.monotonic()
        ours.settimeout(import_time)
        try:
            ready = self._receive()
        except TimeoutError:
            ready = {
                "failed": f"its import did not end within {import_time:g} s (setting children.import_time)"
            }
        ours.settimeout(None)
        self.failed: str | None = None
        if ready is None:
            code = self._process.wait()
            ready = {"failed": f"its import ended the process that loads it (exit code {code})"}
        self.unsafe = bool(ready.get("unsafe"))
        self._thread: threading.Thread | None = None
        if "failed" in ready:
            self.failed = str(ready["failed"])
            self.close()
            return
        self._thread = threading.Thread(target=self._listen, name="azenha-warm", daemon=True)
        self._thread.start()

    def _receive(self) -> dict[str, object] | None:
        try:
            data = self._control.recv(PACKET)
        except TimeoutError:
            raise
        except OSError:
            return None
        return dict(json.loads(data)) if data else None

    def _listen(self) -> None:
        while (message := self._receive()) is not None:
            number = message["number"]
            assert isinstance(number, int)
            if "pid" in message:
                self._children[number].forked(int(str(message["pid"])))
            else:
                child = self._children.pop(number)
                self.used = time.monotonic()
                child.ended(int(str(message["exit"])))
        self._process.wait()
        # Its children died with it; what they had started themselves has fallen to this process.
        tree.kill_orphans()
        for child in list(self._children.values()):
            child.ended(-signal.SIGKILL)
        self._children.clear()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def busy(self) -> bool:
        return bool(self._children)

    def fork(self, nice: int) -> ForkedChild:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        descriptor = ours.detach()
        child = ForkedChild(Channel(descriptor, descriptor), reading)
        try:
            with self._lock:
                self._number += 1
                self._children[self._number] = child
                order = json.dumps({"number": self._number, "nice": nice}).encode()
                socket.send_fds(self._control, [order], [theirs.fileno(), writing])
        except OSError:
            child.ended(-signal.SIGKILL)
            raise CannotStart("its warm parent ended") from None
        finally:
            theirs.close()
            os.close(writing)
        return child

    def close(self) -> None:
        """End it, and so its children: by a closed pipe, and by force if that does not do."""
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            tree.kill(self._process.pid)
            self._process.wait()
        if self._thread is not None:
            self._thread.join()  # it ends orphans: what is started from now on is none
        self._control.close()


class Forking:
    """Forks children; hands sources that cannot be forked safely to `otherwise`."""

    def __init__(self, command: Sequence[str], otherwise: Starter, import_time: float) -> None:
        """`command`: starts a warm parent, given source and niceness as JSON for its last argument."""
        self._command = command
        self._otherwise = otherwise
        self._import_time = import_time
        self._parents: dict[str, _WarmParent] = {}
        self._unsafe: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def start(self, source: str, nice: int) -> Child:
        if source in self._unsafe:
            return self._otherwise.start(source, nice)
        with self._lock:
            lock = self._locks.setdefault(source, threading.Lock())
        for _ in range(2):  # a warm parent may die between two jobs
            with lock:
                parent = self._parents.get(source)
                if parent is None or not parent.alive:
                    if parent is not None:
                        parent.close()
                    parent = _WarmParent(self._command, source, self._import_time)
                    if parent.failed is not None:
                        raise CannotStart(parent.failed)
                    if parent.unsafe:
                        parent.close()
                        self._unsafe.add(source)
                        return self._otherwise.start(source, nice)
                    self._parents[source] = parent
                parent.used = time.monotonic()
                with suppress(CannotStart):
                    return parent.fork(nice)
        raise CannotStart("its warm parent ends as soon as it is started")

    def tidy(self, idle: float) -> None:
        now = time.monotonic()
        for source, parent in list(self._parents.items()):
            with self._locks[source]:
                if not parent.alive or (not parent.busy and now - parent.used > idle):
                    del self._parents[source]
                    parent.close()
        self._otherwise.tidy(idle)

    def close(self) -> None:
        for parent in self._parents.values():
            parent.close()
        self._parents.clear()
        self._otherwise.close()


def available() -> bool:
    """Whether children can be forked here: Linux, with all that this needs."""
    return (
        sys.platform == "linux"
        and hasattr(os, "fork")
        and hasattr(socket, "AF_UNIX")
        and hasattr(socket, "send_fds")
    )
