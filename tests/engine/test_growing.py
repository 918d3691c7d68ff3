"""What a running job's folder holds, added up while files come and go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from azenha.engine import growing
from azenha.engine.growing import AT_ONCE, Growing

KIB = 1024


def file(path: Path, size: int = 64 * KIB) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    with path.open("rb") as written:  # some file systems give a file its blocks only then
        os.fsync(written.fileno())
    return path


def looks(watched: Growing, times: int = 3) -> bool:
    return any(watched.exceeds() for _ in range(times))


def test_files_at_any_depth_are_counted_together(tmp_path: Path) -> None:
    for name in ("a", "b/c", "b/d/e"):
        file(tmp_path / name)
    assert not looks(Growing(tmp_path, 256 * KIB))
    assert looks(Growing(tmp_path, 128 * KIB))


def test_what_is_told_apart_and_what_links_lead_to_is_not_counted(tmp_path: Path) -> None:
    file(tmp_path / "job" / "fetched" / "a")
    file(tmp_path / "elsewhere" / "b")
    (tmp_path / "job" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "job" / "loop").symlink_to(tmp_path / "job")
    assert not looks(Growing(tmp_path / "job", 32 * KIB, ("fetched",)))
    assert looks(Growing(tmp_path / "job", 32 * KIB))


def test_it_sees_what_came_after_its_first_look(tmp_path: Path) -> None:
    watched = Growing(tmp_path, 32 * KIB)
    assert not looks(watched)
    file(tmp_path / "late")
    assert looks(watched)


def test_a_look_is_short_and_many_small_files_are_found_out_by_several(tmp_path: Path) -> None:
    for number in range(3 * AT_ONCE):
        (tmp_path / str(number)).write_bytes(b"x" * KIB)
    each = (tmp_path / "0").stat().st_blocks * 512
    watched = Growing(tmp_path, 2 * AT_ONCE * each)
    seen = [watched.exceeds() for _ in range(5)]
    assert not seen[1], "one look does not go through all of it"
    assert any(seen)


def test_a_file_that_moves_while_it_is_looked_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing, "AT_ONCE", 1)
    file(tmp_path / "first")
    watched = Growing(tmp_path, 96 * KIB)
    watched.exceeds()
    watched.exceeds()
    for name in ("second", "third"):
        next_to = tmp_path / name
        (tmp_path / ("first" if name == "second" else "second")).rename(next_to)
        assert not watched.exceeds()


def test_a_folder_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert not looks(Growing(tmp_path / "none", 0))
