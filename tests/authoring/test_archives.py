"""Zip files of strangers are unpacked within limits, or refused with the reason, and leave nothing behind."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from azenha.authoring import archives
from azenha.authoring.archives import Unsafe, inspect, unpack

MIB = 1 << 20


def zip_of(*members: tuple[str, bytes], mode: int = 0) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                info = zipfile.ZipInfo(name)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = mode << 16
                archive.writestr(info, content)

    return make


def claiming_less(path: Path) -> None:
    """A member whose size in the lists is a lie."""
    zip_of(("a", bytes(50 * MIB)))(path)
    real = struct.pack("<L", 50 * MIB)
    path.write_bytes(path.read_bytes().replace(real, struct.pack("<L", 1000)))


def encrypted(path: Path) -> None:
    zip_of(("a", b"a"))(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


def crowded(path: Path) -> None:
    zip_of(*((str(n), b"") for n in range(archives.MOST_MEMBERS + 1)))(path)


HARMFUL = {
    "no zip": (lambda path: path.write_bytes(b"x" * 100), "no zip"),
    "cut off": (lambda path: path.write_bytes(b"PK\x03\x04" + b"x" * 100), "cut off"),
    "a way out": (zip_of(("../evil", b"x")), "leads out"),
    "a way out within": (zip_of(("a/../../evil", b"x")), "leads out"),
    "an absolute path": (zip_of(("/tmp/evil", b"x")), "leads out"),
    "a drive": (zip_of(("C:evil", b"x")), "leads out"),
    "backslashes": (zip_of(("a\\..\\..\\evil", b"x")), "leads out"),
    "a link": (zip_of(("a", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "link"),
    "a device": (zip_of(("a", b""), mode=stat.S_IFCHR), "device"),
    "a zip by name": (zip_of(("a.ZIP", b"x")), "archive itself"),
    "two of a name": (zip_of(("a", b"x"), ("A", b"y")), "two members"),
    "a bomb": (zip_of(("a", bytes(50 * MIB))), "bomb"),
    "a password": (encrypted, "encrypted"),
    "a crowd": (crowded, "10,001 members"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HARMFUL)
def test_a_harmful_archive_is_refused_by_its_list_alone(name: str, tmp_path: Path) -> None:
    make, reason = HARMFUL[name]
    path = tmp_path / "a.zip"
    make(path)
    with pytest.raises(Unsafe, match=reason):
        inspect(path)
    with pytest.raises(Unsafe, match=reason):
        unpack(path, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (claiming_less, "cannot be unpacked|more than"),
        (zip_of(("a.txt", b"fine"), ("b.txt", b"PK\x03\x04" + b"x" * 100)), "archive itself"),
    ],
)
def test_what_shows_only_while_it_is_unpacked_is_refused_then(
    make: Callable[[Path], None], reason: str, tmp_path: Path
) -> None:
    make(tmp_path / "a.zip")
    with pytest.raises(Unsafe, match=reason):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_limit_of_bytes_is_kept(tmp_path: Path) -> None:
    zip_of(("a", b"12345"), ("b", b"67890"))(tmp_path / "a.zip")
    with pytest.raises(Unsafe, match="at most 9 are"):
        unpack(tmp_path / "a.zip", tmp_path / "out", most_bytes=9)
    assert len(unpack(tmp_path / "a.zip", tmp_path / "out", most_bytes=10)) == 2


def test_a_harmless_archive_comes_out_as_it_went_in(tmp_path: Path) -> None:
    zip_of(("data/", b""), ("data/a.txt", b"a" * 1000), ("São.txt", b"b"))(tmp_path / "a.zip")
    files = unpack(tmp_path / "a.zip", tmp_path / "out")
    assert [(str(f.relative_to(tmp_path / "out")), f.stat().st_size) for f in files] == [
        ("data/a.txt", 1000),
        ("São.txt", 1),
    ]
