"""What every store of results must do. Subclass, give `make_blobs`, and run with pytest.

Nothing here knows where the files are; what a store can do besides (links) is asked only of one that can.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from azenha.domain.blob_path import BlobPath, opened
from azenha.domain.process import Format
from azenha.domain.published import Features, Published
from azenha.domain.values import StoredFile
from azenha.usecases.ports import Blobs

JOB, OTHER = "0b0f2a52-6a0f-4d5a-a0d9-0d5a0a1b2c3d", "1c1f2a52-6a0f-4d5a-a0d9-0d5a0a1b2c3d"
BYTES = Format("application/octet-stream")


def made(folder: Path, content: dict[str, bytes]) -> list[StoredFile]:
    """Files as a job's child leaves them."""
    found = []
    for key, data in content.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        found.append(StoredFile(key, path.name, len(data), BYTES))
    return found


def served(folder: Path, key: str = "map/n", copy: str = ".services/map/0.gpkg") -> list[StoredFile]:
    """A file with the copy that is served of it, as a job's child leaves them."""
    made(folder, {copy: b"copy"})
    facts = Published(copy, 4326, (), (0, 0, 1, 1), (0, 0, 1, 1), Features("Point", 1))
    return [replace(file, published=facts) for file in made(folder, {key: b"data"})]


class BlobsConformance:
    """See the module. `number` tells apart the attempts' folders of one test."""

    def make_blobs(self, folder: Path) -> Blobs:
        raise NotImplementedError

    @pytest.fixture
    def blobs(self, tmp_path: Path) -> Blobs:
        return self.make_blobs(tmp_path / "data")

    def keep(
        self, blobs: Blobs, tmp_path: Path, content: dict[str, bytes], job: str = JOB, attempt: int = 1
    ) -> None:
        folder = tmp_path / f"made-{job}-{attempt}"
        blobs.put(job, attempt, folder, made(folder, content))

    def whole(self, blobs: Blobs, key: str, job: str = JOB, attempt: int = 1) -> bytes:
        size = blobs.size(job, attempt, key)
        assert size is not None, key
        return b"".join(blobs.read(job, attempt, key, 0, size))

    def test_what_was_put_is_there_byte_for_byte(self, blobs: Blobs, tmp_path: Path) -> None:
        content = {
            "a/x.bin": bytes(range(256)),
            "b/0/same.txt": b"one",
            "b/1/same.txt": b"two",
            "c/empty": b"",
        }
        self.keep(blobs, tmp_path, content)
        assert {key: self.whole(blobs, key) for key in content} == content
        assert not (tmp_path / f"made-{JOB}-1").exists()  # the next job works where it was

    @pytest.mark.parametrize("name", ["São Tomé & Príncipe.tif", "100% +a=b#c?.csv", "'quoted' [1].gml"])
    def test_any_name_of_a_file_is_a_key(self, blobs: Blobs, tmp_path: Path, name: str) -> None:
        self.keep(blobs, tmp_path, {f"map/{name}": b"data"})
        assert self.whole(blobs, f"map/{name}") == b"data"

    @pytest.mark.parametrize(("start", "end"), [(0, 1), (3, 7), (9, 10), (0, 10), (4, 4)])
    def test_a_range_has_its_first_byte_and_not_its_end(
        self, blobs: Blobs, tmp_path: Path, start: int, end: int
    ) -> None:
        self.keep(blobs, tmp_path, {"a/n": b"0123456789"})
        assert b"".join(blobs.read(JOB, 1, "a/n", start, end)) == b"0123456789"[start:end]

    def test_a_large_file_comes_in_pieces(self, blobs: Blobs, tmp_path: Path) -> None:
        data = bytes(range(256)) * 80 * 1024  # 20 MiB
        self.keep(blobs, tmp_path, {"a/large": data})
        pieces = list(blobs.read(JOB, 1, "a/large", 1, len(data) - 1))
        assert b"".join(pieces) == data[1:-1]
        assert max(map(len, pieces)) <= 8 * 1024 * 1024

    def test_what_is_not_there_is_said_so(self, blobs: Blobs, tmp_path: Path) -> None:
        self.keep(blobs, tmp_path, {"a/n": b"0123456789"})
        assert blobs.size(JOB, 1, "a/m") is None
        assert blobs.size(JOB, 2, "a/n") is None
        for key, end in (("a/m", 1), ("a/n", 11)):
            with pytest.raises(FileNotFoundError):
                list(blobs.read(JOB, 1, key, 0, end))

    def test_the_place_leads_to_the_files(self, blobs: Blobs, tmp_path: Path) -> None:
        self.keep(blobs, tmp_path, {"a/n": b"0123456789"})
        place = blobs.place(JOB, 1)
        path = place.child("a/n") if isinstance(place, BlobPath) else f"{place}/a/n"
        with opened(path) as file:
            assert file.read() == b"0123456789"

    def test_one_attempt_is_removed_and_the_other_stays(self, blobs: Blobs, tmp_path: Path) -> None:
        self.keep(blobs, tmp_path, {"a/n": b"first"}, attempt=1)
        self.keep(blobs, tmp_path, {"a/n": b"tenth"}, attempt=10)
        blobs.remove(JOB, 1)
        assert blobs.size(JOB, 1, "a/n") is None
        assert self.whole(blobs, "a/n", attempt=10) == b"tenth"

    def test_a_job_is_removed_with_all_its_attempts_and_no_other(self, blobs: Blobs, tmp_path: Path) -> None:
        self.keep(blobs, tmp_path, {"a/1": b"1", "a/2": b"2", "a/3": b"3"}, attempt=1)
        self.keep(blobs, tmp_path, {"a/1": b"1"}, attempt=2)
        self.keep(blobs, tmp_path, {"a/1": b"1"}, job=OTHER)
        blobs.remove(JOB)
        blobs.remove(JOB)  # nothing happens
        assert [blobs.size(JOB, n, f"a/{m}") for n in (1, 2) for m in (1, 2, 3)] == [None] * 6
        assert self.whole(blobs, "a/1", job=OTHER) == b"1"

    def test_old_files_are_found_and_young_ones_left_alone(self, blobs: Blobs, tmp_path: Path) -> None:
        self.keep(blobs, tmp_path, {"a/1": b"1", "a/2": b"2", "a/3": b"3"})
        assert blobs.jobs(3600) == []
        assert blobs.jobs(-3600) == [JOB]

    def test_a_copy_that_is_served_is_a_file_of_this_machine(self, blobs: Blobs, tmp_path: Path) -> None:
        blobs.put(JOB, 1, tmp_path / "made", served(tmp_path / "made"))
        assert (Path(blobs.served(JOB, 1)) / ".services/map/0.gpkg").read_bytes() == b"copy"
        assert self.whole(blobs, "map/n") == b"data"
        assert not (tmp_path / "made").exists()

    @pytest.mark.parametrize("attempt", [None, 1])
    def test_a_copy_goes_with_its_attempt(self, blobs: Blobs, tmp_path: Path, attempt: int | None) -> None:
        blobs.put(JOB, 1, tmp_path / "made", served(tmp_path / "made"))
        assert blobs.jobs(-3600) == [JOB]
        blobs.remove(JOB, attempt)
        assert not Path(blobs.served(JOB, 1)).exists()

    def test_a_link_is_for_a_bounded_time_or_there_is_none(self, blobs: Blobs, tmp_path: Path) -> None:
        self.keep(blobs, tmp_path, {"a/n": b"0123456789"})
        place = blobs.place(JOB, 1)
        if isinstance(place, BlobPath):
            assert place.child("a/n").link(datetime.now(UTC) - timedelta(seconds=5)) is None
