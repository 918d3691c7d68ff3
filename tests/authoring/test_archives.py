"""Zip files of strangers are unpacked within limits, or refused with the reason, and leave nothing behind."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from azenha.authoring import archives
from azenha.authoring.archives import ArchiveLimits, Unsafe, inspect, unpack

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


def tarred(format: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format) as archive:
        archive.addfile(tarfile.TarInfo("x"))
    return file.getvalue()


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
    zip_of(*((str(n), b"") for n in range(ArchiveLimits().members + 1)))(path)


def crowded_in_secret(path: Path) -> None:
    """Its end says that there is one member."""
    crowded(path)
    data = bytearray(path.read_bytes())
    struct.pack_into("<2H", data, data.rfind(b"PK\5\6") + 8, 1, 1)
    path.write_bytes(data)


def large(path: Path, *lengths: int) -> None:
    """One member, and ends of ZIP64 that tell of lists so long, of which the first is named."""
    zip_of(("a", b"x"))(path)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\5\6")
    length, start = struct.unpack_from("<2L", data, at + 12)
    ends = [
        struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, told or length, start)
        for told in lengths
    ]
    struct.pack_into("<2H2L", data, at + 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    path.write_bytes(data[:at] + b"".join(ends) + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1) + data[at:])


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
    "a crowd in secret": (crowded_in_secret, "10,001 members"),
    "a long list elsewhere": (lambda path: large(path, 50, 20 * MIB), "list of members is 20,971,520 bytes"),
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
        (zip_of(("a.txt", b"fine"), ("b.dat", b"PK\x05\x06" + bytes(18))), "'b.dat' is an archive itself"),
        (zip_of(("b.dat", tarred(tarfile.PAX_FORMAT))), "'b.dat' is an archive itself"),
        (zip_of(("b.dat", tarred(tarfile.GNU_FORMAT))), "'b.dat' is an archive itself"),
    ],
    ids=["less claimed", "a zip", "an empty zip", "a tar of POSIX", "a tar of GNU"],
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


def test_the_form_for_large_archives_is_read_too(tmp_path: Path) -> None:
    large(tmp_path / "a.zip", 0)
    assert [file.read_bytes() for file in unpack(tmp_path / "a.zip", tmp_path / "out")] == [b"x"]


@pytest.fixture
def held() -> Iterator[Callable[..., None]]:
    yield lambda **limits: archives.hold(ArchiveLimits(**limits))
    archives.hold(ArchiveLimits())


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"bytes": 1999}, "at most 1,999 are"),
        ({"members": 1}, "2 members; at most 1 are"),
        ({"ratio": 3}, "bomb"),
    ],
)
def test_what_the_server_says_holds_in_its_child(
    limits: dict[str, int], reason: str, held: Callable[..., None], tmp_path: Path
) -> None:
    size = 12 * MIB if "ratio" in limits else 1000
    zip_of(("a", bytes(size)), ("b", bytes(size)))(tmp_path / "a.zip")
    if "ratio" in limits:
        held(ratio=100_000)
        assert len(unpack(tmp_path / "a.zip", tmp_path / "fine")) == 2
    held(**limits)
    for look in (lambda: inspect(tmp_path / "a.zip"), lambda: unpack(tmp_path / "a.zip", tmp_path / "out")):
        with pytest.raises(Unsafe, match=reason):
            look()


def test_an_author_may_ask_for_less_than_the_server_allows_not_for_more(
    held: Callable[..., None], tmp_path: Path
) -> None:
    zip_of(("a", b"12345"))(tmp_path / "a.zip")
    held(bytes=4)
    with pytest.raises(Unsafe, match="at most 4 are"):
        unpack(tmp_path / "a.zip", tmp_path / "out", most_bytes=1000)


def nested(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def test_archives_in_an_archive_are_taken_where_the_server_says_so(
    held: Callable[..., None], tmp_path: Path
) -> None:
    zip_of(("b.zip", nested(("c", b"c"))), ("d.tar", b"d"))(tmp_path / "a.zip")
    held(nesting=1)
    inspect(tmp_path / "a.zip")
    assert [path.name for path in unpack(tmp_path / "a.zip", tmp_path / "out")] == ["b.zip", "d.tar"]


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        (nested(("c.zip", nested(("d", b"d")))), "'b.txt': its member 'c.zip' is an archive itself"),
        (nested(("../c", b"c")), "'b.txt': its member '../c' leads out"),
        (nested(("c", bytes(30 * MIB))), "'b.txt': it says that it unpacks to 31,457,280 bytes; at most 10,"),
        (nested(("c", os.urandom(MIB))), "'b.txt': it says that it unpacks to 1,048,576 bytes; at most 52"),
    ],
)
def test_an_archive_in_an_archive_is_looked_into_too(
    inner: bytes, reason: str, held: Callable[..., None], tmp_path: Path
) -> None:
    zip_of(("b.txt", inner))(tmp_path / "a.zip")
    held(nesting=1, bytes=3 * MIB // 2 if "1,048,576" in reason else 1 << 30)
    with pytest.raises(Unsafe, match=reason):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()
