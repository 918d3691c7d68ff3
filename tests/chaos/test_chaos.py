from __future__ import annotations

import sys

import pytest

from chaos import one_round

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the witnesses are read from /proc (Linux)")


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_whatever_is_killed_records_are_true_and_every_job_ends(seed: int) -> None:
    problems, line = one_round(seed)

    assert not problems, "\n".join([line, *problems])
