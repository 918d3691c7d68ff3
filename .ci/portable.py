"""The tests of engine, store and server as on a platform that lacks what only Unix has.

tests/portable/plug takes away fork, Unix sockets, resource, fcntl and the like. Here it is run at the start of
every Python, those that the server starts included, before azenha is imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLUG = ROOT / "tests" / "portable" / "plug"
TESTS = ("tests/portable", "tests/engine", "tests/store", "tests/callbacks")


def main() -> int:
    found = [str(PLUG), *filter(None, [os.environ.get("PYTHONPATH")])]
    told = {**os.environ, "PYTHONPATH": os.pathsep.join(found)}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:xdist", *TESTS, *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=told).returncode


if __name__ == "__main__":
    sys.exit(main())
