from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "acceptance"))
sys.path.insert(2, str(Path(__file__).resolve().parents[1] / "store"))
sys.path.insert(3, str(Path(__file__).resolve().parents[1] / "docs"))

from receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver
