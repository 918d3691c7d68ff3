"""Takes away what only Unix has, before azenha is imported: run at the start of every Python (see .ci/portable.py).

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

sys.modules.update(dict.fromkeys(MODULES))  # importing one that is None raises ImportError
for place, names in HIDDEN.items():
    for name in names:
        if hasattr(place, name):
            delattr(place, name)
os.environ["AZENHA_TEST_HIDDEN"] = "1"
