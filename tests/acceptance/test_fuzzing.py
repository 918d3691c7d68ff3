"""A fuzzer that knows nothing but the OpenAPI definition finds nothing. Exclusions: schemathesis.toml."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from live_server import LiveServer

HERE = Path(__file__).resolve().parent
SECONDS = 600  # far more than it takes: a hang must not look like a pass


@pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed")
def test_schemathesis_finds_nothing(start: Callable[..., LiveServer], tmp_path: Path) -> None:
    server = start(HERE / "processes_to_fuzz.py")

    run = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--no-color", "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{server.url}/api", "--warnings", "off"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )

    assert run.returncode == 0, f"{run.stdout[-20000:]}{run.stderr}\n{server.said()}"
    assert "No issues found" in run.stdout or "passed" in run.stdout, run.stdout
