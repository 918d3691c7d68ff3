"""What a job returned is published: on the disk for good, with its checksums."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import threading
import zlib
from pathlib import Path

import pytest

from azenha.authoring.calling import LocalFile
from azenha.domain.process import Format
from azenha.domain.values import StoredFile
from azenha.engine import outputs

OCTETS = Format("application/octet-stream")


@pytest.fixture(params=[10, outputs.AT_ONCE + 1], ids=["small", "large"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    (work / "result.bin").write_bytes(os.urandom(request.param))
    return work / "result.bin"


def published(file: Path) -> StoredFile:
    produced = {"result": (LocalFile(file, OCTETS),)}
    out = file.parents[1] / "out"
    ((value,),) = outputs.put_out(produced, {}, file.parent, out, 1 << 30, None).values()
    assert isinstance(value, StoredFile)
    return value


def test_it_is_on_the_disk_when_it_is_told_of(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(outputs, "sync", synced.append)
    content = file.read_bytes()
    value = published(file)
    assert value.sha256 == hashlib.sha256(content).hexdigest()
    assert value.crc32 == zlib.crc32(content)
    target = file.parents[1] / "out" / value.key
    assert target.read_bytes() == content
    assert sorted(synced) == [target.parent, target]


def test_several_have_their_folders_on_the_disk_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(outputs, "sync", synced.append)
    out, other = file.parents[1] / "out", file.with_name("other.bin")
    other.write_bytes(b"other")
    outputs.put_out(
        {"all": (LocalFile(file, OCTETS), LocalFile(other, OCTETS))}, {}, file.parent, out, 1 << 30, None
    )
    assert {p.relative_to(out).as_posix() for p in synced if p.is_dir()} == {"all/0", "all/1", "all"}


def test_it_is_on_the_disk_where_no_thread_can_be_started(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    synced: list[Path] = []
    monkeypatch.setattr(outputs, "sync", synced.append)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    published(file)
    assert len(synced) == 2


@pytest.mark.parametrize("file", [outputs.AT_ONCE + 1], ids=["large"], indirect=True)
def test_a_large_one_is_read_for_its_checksums_while_the_disk_writes_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, seen = threading.Event(), []
    checksums = outputs._checksums

    def read(path: Path) -> tuple[str, int]:
        reading.set()
        return checksums(path)

    def sync(path: Path) -> None:
        if path.is_file():
            seen.append(reading.wait(10))

    monkeypatch.setattr(outputs, "_checksums", read)
    monkeypatch.setattr(outputs, "sync", sync)
    published(file)
    assert seen == [True]


def test_a_disk_that_fails_once_is_heard(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError(errno.EIO, "Input/output error")]

    def sync(path: Path) -> None:
        if path.is_file() and failures:
            raise failures.pop()

    monkeypatch.setattr(outputs, "sync", sync)
    with pytest.raises(OSError, match="Input/output"):
        published(file)


@pytest.mark.parametrize("size", [outputs.WINDOW, outputs.WINDOW + 1, 2 * outputs.WINDOW - outputs.PIECE - 7])
def test_checksums_are_of_the_whole_file(tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    (tmp_path / "file").write_bytes(data)
    assert outputs._checksums(tmp_path / "file") == (hashlib.sha256(data).hexdigest(), zlib.crc32(data))
