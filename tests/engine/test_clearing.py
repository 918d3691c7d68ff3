"""Folders of jobs go, whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from azenha.engine.clearing import remove

DEEP = 1200  # more than Python calls itself, and than it may have folders open


@pytest.mark.skipif(os.name != "posix", reason="only on Unix: paths are short on Windows")
def test_folders_in_each_other_go_however_many(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    where = os.open(top, os.O_RDONLY)
    for _ in range(DEEP):  # one by one: the path of all of them is longer than a call takes
        os.mkdir("d", dir_fd=where)
        below = os.open("d", os.O_RDONLY, dir_fd=where)
        os.close(where)
        where = below
    os.close(where)
    remove(top)
    assert not top.exists()


def test_files_go_and_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").touch()
    remove(tmp_path / "a")
    remove(tmp_path / "a")
    assert not (tmp_path / "a").exists()
