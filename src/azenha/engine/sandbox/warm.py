"""The program of a warm parent: imports one source of processes, then forks a child for every order.

Single-threaded. Ends when its pipe to the worker closes, and its children with it.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

from azenha.engine.channel import Channel
from azenha.engine.sandbox import cgroups, tree

PACKET = 1 << 16
FORK_ATTEMPTS = 100


def main(
    control: socket.socket, load: Callable[[], None], run: Callable[[Channel], None], processes: int
) -> None:
    """Serve until the worker is gone.

    Args:
        processes: of all its jobs together, where the host gives writable cgroups.
        load: imports the source; what it raises is told to the worker, and this ends.
        run: in the child, with its channel: serves jobs until there are no more.
    """
    tree.die_with_parent()
    tree.become_subreaper()
    cgroups.confine(processes)
    try:
        load()
    except BaseException as error:
        _answer(control, {"failed": (str(error) or type(error).__name__)[:10_000]})
        return
    # A thread of the author's would be missing in a forked child, and its locks be held for ever.
    if _answer(control, {"unsafe": threading.active_count() > 1}):
        _Warm(control, run).serve()


def _answer(control: socket.socket, answer: dict[str, object]) -> bool:
    """Tell the worker; False if it has ended meanwhile."""
    try:
        control.send(json.dumps(answer).encode())
    except OSError:
        return False
    return True


class _Warm:
    def __init__(self, control: socket.socket, run: Callable[[Channel], None]) -> None:
        self._control = control
        self._run = run
        self._numbers: dict[int, int] = {}
        self._wake_read, self._wake_write = socket.socketpair()

    def serve(self) -> None:
        # Native libraries may have threads of their own; they mend themselves after a fork.
        warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
        gc.collect()
        gc.freeze()
        self._wake_write.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wake_read:
                        self._wake_read.recv(PACKET)
                    elif not self._order():
                        signal.set_wakeup_fd(-1)  # its other end is gone before the last child's signal
                        self._end()
                        return
                self._reap()

    def _order(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, PACKET, 2)
        if not data:
            return False
        order = json.loads(data)
        pid = self._fork()
        if pid == 0:
            self._child(order["nice"], *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        self._numbers[pid] = order["number"]
        self._tell({"number": order["number"], "pid": pid})
        return True

    def _fork(self) -> int:
        """Fork; where a job has used up the processes, wait until it has been ended for that."""
        for _ in range(FORK_ATTEMPTS):
            with suppress(BlockingIOError):
                return os.fork()
            self._reap()  # the dead count as well, until they are collected
            time.sleep(0.05)
        return os.fork()

    def _child(self, nice: int, connection: int, output: int) -> None:
        status = 1
        try:
            os.setsid()
            tree.die_with_parent()
            tree.become_subreaper()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for unwanted in (self._control, self._wake_read, self._wake_write):
                unwanted.close()
            if nice:
                os.setpriority(os.PRIO_PROCESS, 0, nice)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(null)
            os.close(output)
            self._run(Channel(connection, connection))
            status = 0
        finally:
            os._exit(status)

    def _reap(self) -> None:
        ended = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                break
            ended = True
            number = self._numbers.pop(pid, None)
            if number is not None:
                self._tell({"number": number, "exit": os.waitstatus_to_exitcode(status)})
        # No live child has lost a descendant to this process: what is unknown here belongs to a dead one.
        if ended:
            tree.kill_orphans(self._numbers)

    def _tell(self, message: dict[str, int]) -> None:
        try:
            self._control.send(json.dumps(message).encode())
        except OSError:
            self._end()
            os._exit(1)

    def _end(self) -> None:
        tree.kill(os.getpid(), but_root=True)
