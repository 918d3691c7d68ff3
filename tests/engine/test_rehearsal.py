"""What a warm parent does before its first fork leaves nothing but what children then find done."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from azenha.authoring import archives
from azenha.authoring.archives import ArchiveLimits
from azenha.engine import child, rehearsal
from azenha.engine.rehearsal import rehearse

FDS = Path("/proc/self/fd")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="children are forked only on Linux")
def test_nothing_is_left_of_a_rehearsal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    child._statm.cache_clear()
    before, threads = len(os.listdir(FDS)) if FDS.exists() else 0, threading.active_count()
    rehearse()
    assert Path.cwd() == tmp_path
    assert not list(tmp_path.iterdir())
    assert threading.active_count() == threads
    assert archives._limits == ArchiveLimits(), "every order says its own, but whoever has none finds these"
    assert child._statm.cache_info().currsize == 0, "it is of the process that opens it"
    assert before == (len(os.listdir(FDS)) if FDS.exists() else 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others keep the folder they stand in")
def test_a_rehearsal_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    rehearse()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="children are forked only on Linux")
def test_a_rehearsal_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"t": "failed", "kind": "process", "text": "no such thing", "locator": None}
    monkeypatch.setattr(rehearsal, "answered", lambda *_: failed)
    with pytest.raises(RuntimeError, match="no such thing"):
        rehearse()


def test_what_rasterio_leaves_to_its_first_use_is_done_where_it_is_loaded() -> None:
    pytest.importorskip("rasterio")
    code = (
        "import sys; from azenha.engine.formats.readiness import preload\n"
        "preload([]); assert 'numpy' not in sys.modules\n"
        "import rasterio; assert 'numpy.ma' not in sys.modules\n"
        "preload([]); assert 'numpy.ma' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
