"""Which tests CI lets be left out: those of parts that it could not install, and no others."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

CI = Path(__file__).resolve().parents[1] / ".ci"
REASON = "MapServer is not installed (.ci/install-parts.sh)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script: not on Windows")


@pytest.fixture
def checks() -> Any:
    spec = importlib.util.spec_from_file_location("ci_checks", CI / "checks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_part_that_could_not_be_installed_may_be_left_out(
    checks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "MISSING", tmp_path / "parts.missing")
    assert checks.unexcused(Counter([REASON])) == [REASON]
    (tmp_path / "parts.missing").write_text("")
    assert checks.unexcused(Counter([REASON])) == [REASON]
    (tmp_path / "parts.missing").write_text("MapServer\n")
    assert checks.unexcused(Counter([REASON, "another part is not installed"])) == [
        "another part is not installed"
    ]


def test_the_script_fails_nowhere_and_names_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    script = tmp_path / ".ci" / "install-parts.sh"
    # Looked for where no package puts it, on a machine without apt.
    script.write_text((CI / "install-parts.sh").read_text().replace("/usr/lib/cgi-bin", "/nowhere"))
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "mkdir", "id"):
        (tools / name).symlink_to(f"/bin/{name}" if os.path.exists(f"/bin/{name}") else f"/usr/bin/{name}")
    done = subprocess.run(
        ["/bin/sh", str(script)], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (tmp_path / ".venv" / "parts.missing").read_text().split() == ["MapServer"]
