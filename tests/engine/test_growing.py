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


def test_what_links_lead_to_is_not_counted_and_a_file_of_several_names_once(tmp_path: Path) -> None:
    job = tmp_path / "job"
    file(job / "a")
    file(tmp_path / "elsewhere" / "b")
    (job / "link").symlink_to(tmp_path / "elsewhere")
    (job / "loop").symlink_to(job)
    for name in ("again", "and again"):
        os.link(job / "a", job / name)
    assert not looks(Growing(job, 96 * KIB))
    assert looks(Growing(job, 32 * KIB))


def test_a_file_with_holes_counts_what_it_takes(tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as holes:
        holes.truncate(1 << 30)
    assert not looks(Growing(tmp_path, 1 << 20))


def test_of_folders_in_each_other_one_is_open(tmp_path: Path) -> None:
    deepest = tmp_path.joinpath(*"d" * 100)
    deepest.mkdir(parents=True)
    for number in range(3 * AT_ONCE):
        (deepest / str(number)).touch()
    watched = Growing(tmp_path, 1 << 30)
    before = len(os.listdir("/proc/self/fd"))
    open_at_most = 0
    for _ in range(6):
        assert not watched.exceeds()
        open_at_most = max(open_at_most, len(os.listdir("/proc/self/fd")) - before)
    assert open_at_most == 1
    del watched
    assert len(os.listdir("/proc/self/fd")) == before


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
