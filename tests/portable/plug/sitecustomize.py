"""Takes away what only Unix has, before azenha is imported.

Python imports a module of this name by itself, from wherever it finds it first: with this folder in PYTHONPATH,
every Python does, those that the server starts included (see .ci/portable.py and test_hidden_platform.py).
What the standard library itself needs to start a program stays; what is hidden here is hidden from azenha.
"""

import os
import signal
import socket
import subprocess  # noqa: F401 - takes what it needs of os before that is hidden
import sys
import tempfile  # noqa: F401
from multiprocessing import connection  # noqa: F401 - its listeners look for Unix sockets at import

HIDDEN = {
    os: ("fork", "forkpty", "killpg", "pidfd_open", "nice", "setpriority", "memfd_create"),
    socket: ("AF_UNIX", "send_fds", "recv_fds"),
    signal: ("SIGCHLD", "SIGHUP", "pidfd_send_signal"),
}
MODULES = ("fcntl", "resource", "uvloop", "pwd", "grp")


def socketpair() -> tuple[socket.socket, socket.socket]:
    """As on Windows, where asyncio has nothing else to wake itself with: two ends of a connection over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        one = socket.create_connection(listening.getsockname())
        return one, listening.accept()[0]


socket.socketpair = socketpair
sys.modules.update(dict.fromkeys(MODULES))  # importing one that is None raises ImportError
for place, names in HIDDEN.items():
    for name in names:
        if hasattr(place, name):
            delattr(place, name)
