from __future__ import annotations

from pathlib import Path

import pytest

from azenha import Context, Recorder


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def ctx(tmp_path: Path, recorder: Recorder) -> Context:
    return Context.for_tests(tmp_path / "work", reporter=recorder)
