"""The tests of engine, store and command line as on a platform that lacks what only Unix has.

tests/portable/hide.py takes away fork, Unix sockets, resource, fcntl and the like. Here it is run at the start of
every Python, those that the server starts included, before azenha is imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HIDE = ROOT / "tests" / "portable" / "hide.py"
TESTS = ("tests/portable", "tests/engine", "tests/store")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        # Python imports sitecustomize by itself, from wherever it finds it first.
        plug = f"import runpy\n\nrunpy.run_path({str(HIDE)!r}, run_name='__main__')\n"
        (Path(folder) / "sitecustomize.py").write_text(plug, encoding="utf-8")
        told = {**os.environ, "PYTHONPATH": folder}
        command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:xdist", *TESTS, *sys.argv[1:]]
        return subprocess.run(command, cwd=ROOT, env=told).returncode


if __name__ == "__main__":
    sys.exit(main())
