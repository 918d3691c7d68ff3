"""A bound on processes, where the host gives writable cgroups: it holds a fork bomb until the watch ends its job.

One group for each warm parent, entered at its start, so that children are born in it: moving a process into a
group costs milliseconds, which a job must not pay. Version 1 (controller `pids`) and version 2.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PREFIX = "azenha-"
ROOT = Path("/sys/fs/cgroup")


def _parents() -> list[Path]:
    """Groups below which a group with a bound on processes may be made, best first."""
    found = []
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "pids" in controllers.split(","):
                found.append(ROOT / "pids" / path.lstrip("/"))
            elif not controllers and "pids" in _words(ROOT / path.lstrip("/") / "cgroup.subtree_control"):
                found.append(ROOT / path.lstrip("/"))
    return found


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def confine(processes: int) -> Path | None:
    """Put this process, and all that it will start, into a group of at most so many; None where that cannot be."""
    for parent in _parents():
        group = parent / f"{PREFIX}{os.getpid()}"
        with suppress(OSError):
            _remove_empty(parent)
            group.mkdir()
            (group / "pids.max").write_text(str(processes))
            (group / "cgroup.procs").write_text("0")
            return group
    return None


def _remove_empty(parent: Path) -> None:
    """Remove the groups of warm parents that have ended; one in use cannot be removed."""
    for group in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            group.rmdir()


def available() -> bool:
    """Whether fork bombs can be held here."""
    for parent in _parents():
        probe = parent / f"{PREFIX}probe-{os.getpid()}"
        with suppress(OSError):
            probe.mkdir()
            probe.rmdir()
            return True
    return False
