"""Other servers for comparison: each installed by pip into an environment of its own, never beside this package.

In the folder that `BENCH_CACHE` names, so that the next run finds them, or else in the run's own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

INSTALL_WITHIN = 900.0  # seconds


def installed(name: str, packages: Sequence[str], folder: Path) -> Path | str:
    """The Python of an environment with these packages; or why there is none, in words for the table.

    Args:
        name: of the environment's folder.
        packages: as pip takes them.
        folder: where it is made, unless BENCH_CACHE names another.
    """
    environment = Path(os.environ.get("BENCH_CACHE") or folder) / name
    python = environment / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, capture_output=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_WITHIN)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{name} could not be installed: {error} {getattr(error, 'stderr', '')!r}", file=sys.stderr)
        return "not installed: pip could not"
    return python


def release(python: Path, package: str) -> str:
    """The version of a package in that environment."""
    told = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([str(python), "-c", told], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def environ(processes: Path) -> dict[str, str]:
    """The environment of a peer: `processes` can be imported there, and nothing of this checkout else."""
    return {**os.environ, "PYTHONPATH": str(processes)}
