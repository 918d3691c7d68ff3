"""Processes that start others: daemons that detach themselves, and a fork bomb."""

from __future__ import annotations

import os
import time
from pathlib import Path

from azenha import process


def _daemon(tells: str) -> None:
    """A grandchild in a session of its own, with no parent; back when it has told its process id."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            fresh = Path(f"{tells}.new")
            fresh.write_text(str(os.getpid()))
            fresh.rename(tells)
            time.sleep(600)
        os._exit(0)
    while not Path(tells).exists():
        time.sleep(0.01)


@process(version="1.0.0")
def leave_a_daemon(tells: str) -> str:
    """Ends well, and leaves a daemon."""
    _daemon(tells)
    return "done"


@process(version="1.0.0")
def die_with_a_daemon(tells: str) -> str:
    """Dies without a word, and leaves a daemon."""
    _daemon(tells)
    os._exit(7)


@process(version="1.0.0")
def wait_beside_a_daemon(tells: str) -> str:
    """Leaves a daemon that has nothing to do with the job's folder, and waits."""
    home = os.getcwd()
    os.chdir("/")
    _daemon(tells)
    os.chdir(home)
    time.sleep(600)
    return "done"


@process(version="1.0.0")
def fork_bomb() -> str:
    """Never ends by itself."""
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


@process(version="1.0.0")
def say(text: str) -> str:
    """Says it again."""
    return text
