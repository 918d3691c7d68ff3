"""Both stores of results pass one suite; what only one of them has is below."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from s3_server import S3

from azenha.adapters.blobs.local import LocalBlobs
from azenha.adapters.blobs.s3 import PIECE, S3Blobs
from azenha.bootstrap.blobs import blobs_of
from azenha.domain.blob_path import BlobPath
from azenha.domain.errors import ResultsUnreachable
from azenha.domain.process import Format
from azenha.settings import ResultSettings, Settings
from azenha.testing.blobs import JOB, BlobsConformance, made, served
from azenha.usecases.ports import Blobs, NotKept

MIB = 1024 * 1024


class TestLocal(BlobsConformance):
    def make_blobs(self, folder: Path) -> Blobs:
        return LocalBlobs(folder)


def settings_of(s3: S3, folder: Path, **more: object) -> Settings:
    kept = ResultSettings(store="s3://bucket/some/where", endpoint=s3.address)
    return Settings(data=folder, results=replace(kept, **more))  # type: ignore[arg-type]


class TestS3(BlobsConformance):
    @pytest.fixture(autouse=True)
    def _server(self, s3: S3) -> None:
        self.s3 = s3

    def make_blobs(self, folder: Path) -> Blobs:
        return blobs_of(settings_of(self.s3, folder))


@pytest.fixture
def blobs(s3: S3, tmp_path: Path) -> S3Blobs:
    made = blobs_of(settings_of(s3, tmp_path / "data"))
    assert isinstance(made, S3Blobs)
    return made


def put(
    blobs: Blobs, folder: Path, content: dict[str, bytes], type: str = "image/tiff", attempt: int = 1
) -> None:
    charset = "utf-8" if type.startswith("text/") else ""
    files = [replace(file, format=Format(type), charset=charset) for file in made(folder, content)]
    blobs.put(JOB, attempt, folder, files)


def link_of(blobs: Blobs, key: str, seconds: float) -> str:
    place = blobs.place(JOB, 1)
    assert isinstance(place, BlobPath)
    found = place.child(key).link(datetime.now(UTC) + timedelta(seconds=seconds))
    assert found is not None
    return found


def test_files_of_this_machine_are_moved_and_not_copied(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    files = made(folder, {"a/n": b"x"})
    before = (folder / "a/n").stat().st_ino
    blobs = LocalBlobs(tmp_path / "data")
    blobs.put(JOB, 1, folder, files)
    assert (Path(blobs.place(JOB, 1)) / "a/n").stat().st_ino == before
    assert not folder.exists()


def test_files_that_find_no_place_are_told_of_and_gone(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path / "data")
    (tmp_path / "data/results" / JOB).write_text("in the way")
    with pytest.raises(NotKept, match="did not take the files"):
        put(blobs, tmp_path / "made", {"a/n": b"x"})
    assert not (tmp_path / "made").exists()


def test_files_whose_place_the_disk_did_not_take_are_told_of_and_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs = LocalBlobs(tmp_path / "data")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NotKept, match="did not take the files: No space left"):
        put(blobs, tmp_path / "made", {"a/n": b"x"})
    assert blobs.size(JOB, 1, "a/n") is None
    assert not (tmp_path / "made").exists()


def test_a_file_system_that_cannot_be_asked_to_keep_a_folder_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    blobs = LocalBlobs(tmp_path / "data")
    monkeypatch.setattr("os.fsync", cannot)
    put(blobs, tmp_path / "made", {"a/n": b"x"})
    assert blobs.size(JOB, 1, "a/n") == 1


def test_a_large_file_is_sent_in_parts(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    put(blobs, tmp_path / "made", {"a/n": b"x" * (2 * PIECE + 1)})
    (kept,) = s3.objects.values()
    assert (len(kept.data), kept.parts) == (2 * PIECE + 1, 3)
    assert s3.largest <= PIECE


def test_two_servers_that_share_a_bucket_see_none_of_the_others_results(
    blobs: S3Blobs, s3: S3, tmp_path: Path
) -> None:
    other = blobs_of(settings_of(s3, tmp_path / "other"))
    put(blobs, tmp_path / "made", {"a/n": b"x"})
    assert other.size(JOB, 1, "a/n") is None
    assert other.jobs(-60) == []
    other.remove(JOB)
    assert blobs.size(JOB, 1, "a/n") == 1


def test_the_same_data_folder_finds_its_results_again(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    put(blobs, tmp_path / "made", {"a/n": b"x"})
    again = blobs_of(settings_of(s3, tmp_path / "data"))
    assert again.size(JOB, 1, "a/n") == 1


def test_what_was_kept_here_before_is_still_read_and_removed(blobs: S3Blobs, tmp_path: Path) -> None:
    put(LocalBlobs(tmp_path / "data"), tmp_path / "made", {"a/n": b"old"})
    assert (Path(blobs.place(JOB, 1)) / "a/n").read_bytes() == b"old"
    assert blobs.jobs(-60) == [JOB]
    blobs.remove(JOB)
    assert not (tmp_path / "data/results" / JOB).exists()


def test_a_refusal_names_the_place_and_leaves_nothing(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    s3.refusing.add("PUT")
    with pytest.raises(NotKept, match="s3://bucket/some/where did not take the files"):
        put(blobs, tmp_path / "made", {"a/n": b"x", "a/m": b"y"})
    assert s3.objects == {}


def test_a_store_that_does_not_answer_is_not_said_to_have_lost_the_file(
    blobs: S3Blobs, s3: S3, tmp_path: Path
) -> None:
    put(blobs, tmp_path / "made", {"a/n": b"x"})
    s3.refusing |= {"GET", "HEAD"}
    with pytest.raises(ResultsUnreachable, match="try again later"):
        blobs.size(JOB, 1, "a/n")
    with pytest.raises(ResultsUnreachable):
        list(blobs.read(JOB, 1, "a/n", 0, 1))


def test_a_copy_that_is_served_is_not_sent(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    blobs.put(JOB, 1, tmp_path / "made", served(tmp_path / "made"))
    assert [key.partition(f"{JOB}/")[2] for key in s3.objects] == ["1/map/n"]
    assert isinstance(blobs.place(JOB, 1), BlobPath)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data"]


def test_a_refusal_leaves_no_copy(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    s3.refusing.add("PUT")
    with pytest.raises(NotKept):
        blobs.put(JOB, 1, tmp_path / "made", served(tmp_path / "made"))
    assert not Path(blobs.served(JOB, 1)).exists()


def test_a_copy_without_its_file_is_found_by_the_sweep(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    blobs.put(JOB, 1, tmp_path / "made", served(tmp_path / "made"))
    s3.objects.clear()
    assert blobs.jobs(-60) == [JOB]
    assert blobs.jobs(3600) == []


def test_a_copy_from_before_the_setting_is_still_served(blobs: S3Blobs, tmp_path: Path) -> None:
    LocalBlobs(tmp_path / "data").put(JOB, 1, tmp_path / "made", served(tmp_path / "made"))
    assert (Path(blobs.served(JOB, 1)) / ".services/map/0.gpkg").read_bytes() == b"copy"


def test_a_wrong_secret_is_refused(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(NotKept):
        put(blobs_of(settings_of(s3, tmp_path / "data")), tmp_path / "made", {"a/n": b"x"})


def test_a_link_needs_no_key_and_serves_type_name_and_ranges(blobs: S3Blobs, tmp_path: Path) -> None:
    put(blobs, tmp_path / "made", {"map/São Tomé.html": b"<p>0123456789"}, "text/html")
    reply = httpx.get(link_of(blobs, "map/São Tomé.html", 60), headers={"Range": "bytes=3-5"})
    assert (reply.status_code, reply.content) == (206, b"012")
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    told = reply.headers["Content-Disposition"]
    assert told.startswith("attachment")
    assert "filename*=UTF-8''S%C3%A3o%20Tom%C3%A9.html" in told


def test_a_link_ends_when_it_was_to_end(blobs: S3Blobs, s3: S3, tmp_path: Path) -> None:
    put(blobs, tmp_path / "made", {"a/n": b"x"})
    address = link_of(blobs, "a/n", 60)
    assert httpx.get(address).status_code == 200
    s3.later = timedelta(seconds=61)
    assert httpx.get(address).status_code == 403


def test_a_link_is_for_one_file_alone(blobs: S3Blobs, tmp_path: Path) -> None:
    put(blobs, tmp_path / "made", {"a/n": b"x", "a/m": b"y"})
    address = link_of(blobs, "a/n", 60)
    assert httpx.get(address.replace("/a/n?", "/a/m?")).status_code == 403
