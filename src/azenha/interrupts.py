"""Ctrl-C while a command starts: Python drops exceptions in callbacks, as there are while modules are imported."""

from __future__ import annotations

import signal
import threading

_came = threading.Event()


def keep() -> None:
    """From here on, Ctrl-C raises KeyboardInterrupt as ever, and is remembered. For the main thread."""
    _came.clear()
    here = threading.current_thread() is threading.main_thread()
    if here and signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else ignored, as in scripts
        signal.signal(signal.SIGINT, _interrupted)


def _interrupted(*_: object) -> None:
    _came.set()
    raise KeyboardInterrupt


def check() -> None:
    """Raise KeyboardInterrupt if there was one, which was dropped."""
    if _came.is_set():
        raise KeyboardInterrupt
