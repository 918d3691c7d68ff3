"""`azenha serve`, and a server for one command."""

from __future__ import annotations

import base64
import json
import logging
import os
import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from azenha import interrupts
from azenha.bootstrap.catalogue import discovered
from azenha.bootstrap.folder import SERVER_FILE, Unusable, taken
from azenha.bootstrap.parts import log_to_stderr, program, to_parts
from azenha.settings import Settings

_log = logging.getLogger("azenha")

# Data passes through the web tier, and what reads bodies for it, in pieces of some hundred kilobytes. By itself
# glibc gives each back to the system as soon as it is free, and has the next one made anew, page by page: that
# takes as long as to receive it. The largest is a piece of a file in base64, a little more than 1 MiB (see
# web/send.py). Nothing but glibc looks at these names.
PIECES: Final = {"MALLOC_MMAP_THRESHOLD_": str(2 << 20), "MALLOC_TRIM_THRESHOLD_": str(4 << 20)}


def serve(settings: Settings, ready: Callable[[str], None] | None = None) -> int:
    """Serve until Ctrl-C.

    Args:
        ready: called in a thread with the address, once the server answers.
    Returns:
        An exit code: 0, or 1 where the data folder cannot be used (said on standard error).
    """
    from azenha.engine.sandbox import tree
    from azenha.supervisor import HANDS_ON, Part, Supervisor, listen

    log_to_stderr()
    settings = replace(settings, data=settings.data.resolve())
    lock = taken(settings)
    if lock is None:
        return 1
    # Whoever started this may have started others first, and then become it (a shell's exec): not ours to end.
    before = tree.children(os.getpid())
    tree.become_subreaper()
    try:
        listening = listen(settings.server.host, settings.server.port)
    except OSError as error:
        print(f"azenha: cannot listen on {settings.server.host}: {error}", file=sys.stderr)
        lock.release()
        return 1
    port = int(listening.getsockname()[1])
    settings = replace(settings, server=replace(settings.server, port=port))
    url = f"http://{_host_for_clients(settings.server.host)}:{port}"
    handed = listening if HANDS_ON else None
    web = Part("web tier", program("web"), socket=handed, environment=PIECES)
    try:
        web.begin()  # of all that has to start it takes longest, and clients wait for it
        catalogue, keys = discovered(settings, lambda name: _log.info("importing %s", name))
        # What an import that ended by force had started falls to this process.
        tree.kill_orphans([*before, *([web.process.pid] if web.process is not None else ())])
        for missing in catalogue.unavailable:
            _log.warning("%s is not served: %s", missing.source, missing.reason)
        web.text = to_parts(settings, catalogue, keys, listening.fileno())
        if handed is None:
            listening.close()  # the web tier listens for itself
        supervisor = Supervisor(
            [Part("worker", program("worker"), web.text), web],
            # What a killed worker's jobs had started falls to this process.
            on_death=lambda parts: tree.kill_orphans([*before, *parts]),
        )
        (settings.data / SERVER_FILE).write_text(json.dumps({"url": url, "pid": os.getpid()}))

        def started() -> None:
            if ready is not None:
                threading.Thread(target=_when_ready, args=(url, ready), daemon=True).start()

        interrupts.check()
        supervisor.run(started)
    except Unusable as unusable:
        print(f"azenha: {unusable}", file=sys.stderr)
        return 1
    finally:
        web.stop()
        with suppress(OSError):
            (settings.data / SERVER_FILE).unlink()
        listening.close()
        lock.release()
    return 0


def _host_for_clients(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _when_ready(url: str, ready: Callable[[str], None]) -> None:
    while not _answers(url):
        time.sleep(0.02)
    ready(url)


def _answers(url: str) -> bool:
    # By hand: the standard library's client would bring TLS along, and stay with the supervisor.
    place = urlsplit(url)
    asked = f"GET /conformance?f=json HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((place.hostname or "", place.port or 80), timeout=30) as connection:
            connection.sendall(asked.encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


class NotStarted(Exception):
    """A private server did not start; it said itself, on standard error, why."""


@contextmanager
def local(settings: Settings) -> Iterator[str]:
    """The address of the server of this data folder; without one, of a private one, for as long as needed.

    Raises:
        NotStarted
    """
    if (url := _running(settings.data)) is not None:
        yield url
        return
    private = replace(settings, server=replace(settings.server, host="127.0.0.1", port=0, public=False))
    process = subprocess.Popen(
        program("private"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(base64.b64encode(pickle.dumps(private)) + b"\n")
        process.stdin.flush()
        url = process.stdout.readline().decode().strip()
        # Another one may have been starting at that moment.
        url = url or _running(settings.data) or ""
        if not url:
            raise NotStarted
        yield url
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def _running(data: Path) -> str | None:
    try:
        url = str(json.loads((data / SERVER_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError):
        return None
    return url if _answers(url) else None


def private_main(_: Sequence[str]) -> int:
    """A server for one command: tells its address on standard output, ends with its standard input."""
    import signal

    from azenha.supervisor import end_with_stdin

    settings = pickle.loads(base64.b64decode(sys.stdin.buffer.readline()))
    end_with_stdin(lambda: os.kill(os.getpid(), signal.SIGTERM))
    return serve(settings, lambda url: print(url, flush=True))
