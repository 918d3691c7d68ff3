"""A free port, and who has the one that was wanted (known on Linux, for programs that we may see)."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

from azenha.console.exits import USAGE, Stop

TRIES = 100  # ports after the wanted one
_LISTENING = "0A"  # state of a socket in /proc/net/tcp


def free_port(host: str, port: int) -> tuple[int, str | None]:
    """`port`, or the next free one after it.

    Returns:
        The port, and who has `port` itself: None if it is free.
    Raises:
        Stop: nothing can listen there (no such address, no right to the port, all taken).
    """
    if port == 0:
        return 0, None
    holder = None
    for candidate in range(port, min(port + TRIES, 65536)):
        if _is_free(host, candidate):
            return candidate, holder
        holder = holder or holder_of(port)
    last = min(port + TRIES, 65536) - 1
    raise Stop(USAGE, f"ports {port} to {last} on {host} are all taken; name another one with --port")


def _is_free(host: str, port: int) -> bool:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        raise Stop(USAGE, f"'{host}' is not an address of this machine: {error.strerror}") from None
    with socket.socket(family, kind, protocol) as probe:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # As the server will: connections of an earlier one that linger (TIME_WAIT) do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except PermissionError:
            # Windows answers this for a port that another program holds exclusively.
            if sys.platform == "win32":
                return False
            raise Stop(
                USAGE, f"port {port} needs rights that you do not have; name one from 1024 on with --port"
            ) from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise Stop(USAGE, f"nothing can listen on {host} port {port}: {error.strerror}") from None
    return True


def holder_of(port: int, proc: Path = Path("/proc")) -> str:
    """Who listens on `port`: `pid 123 (name)`, or `another program` where that cannot be known."""
    sockets = _listening(port, proc)
    if sockets:
        for folder in _processes(proc):
            if sockets & _sockets(folder):
                return f"pid {folder.name} ({_name(folder)})"
    return "another program"


def _listening(port: int, proc: Path) -> set[str]:
    """What a file descriptor's link says of a socket that listens on `port`."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{columns[9]}]")
    return found


def _processes(proc: Path) -> list[Path]:
    # Oldest first: a socket may have been inherited, and the parent is the one to name.
    folders = [folder for folder in proc.iterdir() if folder.name.isdecimal()]
    return sorted(folders, key=lambda folder: int(folder.name))


def _sockets(folder: Path) -> set[str]:
    try:
        descriptors = list((folder / "fd").iterdir())
    except OSError:
        return set()  # another user's, or gone
    links = set()
    for descriptor in descriptors:
        try:
            links.add(os.readlink(descriptor))
        except OSError:
            continue
    return links


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return "gone"
