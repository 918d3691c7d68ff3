"""Every descendant ends with the job: process trees on Linux, process groups elsewhere on POSIX.

On Linux each child is a subreaper: whatever it starts, however detached, stays below it while it lives. What
a dead child leaves falls to its warm parent, which is a subreaper too and knows its own children: the rest are
orphans.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LINUX = sys.platform == "linux"

SWEEPS = 10

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_prctl: Callable[..., int] | None = None
if LINUX:
    with suppress(OSError, AttributeError):
        _prctl = ctypes.CDLL(None, use_errno=True).prctl


def become_subreaper() -> None:
    """Orphaned descendants of this process become its children."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """This process is killed when the thread that started it ends."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def children(pid: int) -> list[int]:
    """Direct children of a process, of all its threads. Empty where the system does not tell."""
    found: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, parents before their children."""
    found = children(pid)
    for one in found:  # grows while it is walked
        found += children(one)
    return found


def marked(name: str, value: str) -> list[int]:
    """Processes that were started with this in their environment, but for this one and its parent (Linux)."""
    wanted = f"{name}={value}".encode()
    found: list[int] = []
    for entry in Path("/proc").iterdir() if LINUX else ():
        if entry.name.isdecimal():
            with suppress(OSError):  # somebody else's, or gone
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return [one for one in found if one not in (os.getpid(), os.getppid())]


def memory(pid: int) -> int:
    """Resident private bytes of a process."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def shared_memory(pid: int) -> int:
    """Resident bytes of a process, what it shares counted in parts. Exact, and dearer to ask than `memory`."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _signal(pid: int, what: int) -> None:
    with suppress(OSError):
        os.kill(pid, what)


def terminate(pid: int) -> None:
    """Ask a child and all that it started to end."""
    for one in [pid, *descendants(pid)]:
        _signal(one, signal.SIGTERM)


def kill(pid: int, *, but_root: bool = False) -> None:
    """End a process tree for good. It is stopped first, so that nothing is started meanwhile."""
    if not LINUX:
        if not but_root:
            if hasattr(os, "killpg"):
                with suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)  # type: ignore[attr-defined, unused-ignore]
            _signal(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        return
    if not but_root:
        _signal(pid, signal.SIGSTOP)
    for one in _stop_descendants(pid):
        _signal(one, signal.SIGKILL)
    if not but_root:
        _signal(pid, signal.SIGKILL)


def end_descendants() -> None:
    """End all below this process, which is a subreaper and starts nothing meanwhile, and see them end (Linux)."""
    if not LINUX:
        return
    kill(os.getpid(), but_root=True)
    with suppress(ChildProcessError):  # none is left
        for _ in range(100):  # some may be another user's, and live on
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(0.01)


def kill_left(pid: int, mark: tuple[str, str] | None) -> None:
    """End what a dead process that led its group (`start`) has left.

    Args:
        mark: what it had in its environment, if others may have it too: they are looked for on all the system.
    """
    if hasattr(os, "killpg"):
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)  # type: ignore[attr-defined, unused-ignore]
    if mark is not None:
        kill_marked(*mark)


def kill_marked(name: str, value: str) -> None:
    """End all processes that were started with this in their environment (see `marked`)."""
    for _ in range(SWEEPS):  # one that is found may just have started another
        found = marked(name, value)
        for one in found:
            kill(one)
        if not found:
            break


def can_suspend() -> bool:
    """Whether running processes can be stopped, and let go on, from outside: not on Windows."""
    return hasattr(os, "killpg") and hasattr(signal, "SIGSTOP")


def suspend(pid: int) -> None:
    """Stop a child and all that it started, for as long as nobody lets them go on."""
    if LINUX:
        _signal(pid, signal.SIGSTOP)
        _stop_descendants(pid)
    elif can_suspend():
        with suppress(OSError):
            os.killpg(pid, signal.SIGSTOP)  # type: ignore[attr-defined, unused-ignore]


def proceed(pid: int) -> None:
    """Let what was stopped go on: children first, so that nobody who waits for one finds it stopped."""
    if LINUX:
        for one in [*reversed(descendants(pid)), pid]:
            _signal(one, signal.SIGCONT)
    elif can_suspend():
        with suppress(OSError):
            os.killpg(pid, signal.SIGCONT)  # type: ignore[attr-defined, unused-ignore]


def _stop_descendants(pid: int) -> set[int]:
    """Stop all below `pid`, which is stopped itself or starts nothing; what they start meanwhile too."""
    stopped: set[int] = set()
    for _ in range(100):
        fresh = [one for one in descendants(pid) if one not in stopped]
        if not fresh:
            break
        for one in fresh:
            _signal(one, signal.SIGSTOP)
        stopped.update(fresh)
    return stopped


_own: set[int] = set()
_starting = threading.Lock()


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """As Popen, in a session of its own, and remembered: `kill_orphans` spares it."""
    with _starting:
        process = subprocess.Popen(command, start_new_session=True, **options)
        _own.add(process.pid)
    return process


def kill_orphans(known: Collection[int] = ()) -> None:
    """End those children of this process that it did not start itself (`start`, `known`): the dead left them."""
    with _starting:
        for one in children(os.getpid()):
            if one not in known and one not in _own:
                kill(one)
                with suppress(OSError):
                    for _ in range(100):  # it may be another user's, and live on
                        if os.waitpid(one, os.WNOHANG)[0]:
                            break
                        time.sleep(0.01)
