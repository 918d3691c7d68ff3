"""Bodies on their way in."""

from __future__ import annotations

import asyncio
import errno
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from azenha.domain.errors import BadParameter, TooLarge
from azenha.protocols.http import Buffer
from azenha.protocols.ows import fault
from azenha.protocols.wps1.faults import FAULTS as WPS1
from azenha.protocols.wps2.faults import FAULTS as WPS2
from azenha.web import spool
from azenha.web.edge import no_room
from azenha.web.spool import IN_MEMORY, Disconnected, SpooledBody, receive_body, release

CHUNKED = {"transfer-encoding": "chunked"}


class Pieces:
    """An ASGI `receive` that gives these pieces; `taken` counts."""

    def __init__(self, pieces: Sequence[bytes | None], more: bool = False) -> None:
        self.messages: list[dict[str, Any]] = [
            {"type": "http.disconnect"}
            if piece is None
            else {"type": "http.request", "body": piece, "more_body": more or n < len(pieces) - 1}
            for n, piece in enumerate(pieces)
        ]
        self.taken = 0

    async def __call__(self) -> dict[str, Any]:
        self.taken += 1
        return self.messages[self.taken - 1]


def body_of(pieces: Pieces, headers: dict[str, str], folder: Path, limit: int = 10 * IN_MEMORY) -> Buffer:
    return asyncio.run(receive_body(pieces, headers, limit, folder))


@pytest.mark.parametrize(
    "pieces", [[b""], [b"abc"], [b"a", b"", b"bc"], [b"x" * IN_MEMORY], [b"x" * (IN_MEMORY - 1), b"y"]]
)
def test_a_small_body_stays_in_memory(tmp_path: Path, pieces: list[bytes]) -> None:
    assert body_of(Pieces(pieces), CHUNKED, tmp_path / "spool") == b"".join(pieces)
    assert not (tmp_path / "spool").exists()


@pytest.mark.parametrize("pieces", [[b"x" * (IN_MEMORY + 1)], [b"ab" * 300_000, b"cd" * 300_000, b"e"]])
def test_a_large_body_is_a_map_of_a_file_and_leaves_nothing_behind(
    tmp_path: Path, pieces: list[bytes]
) -> None:
    body = body_of(Pieces(pieces), CHUNKED, tmp_path / "spool")
    assert isinstance(body, SpooledBody)
    assert body.path.read_bytes() == b"".join(pieces)
    assert body[:] == b"".join(pieces)
    with pytest.raises(TypeError):
        body[0] = 1  # read-only
    release(body)
    release(body)
    assert body.closed
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_body_that_somebody_still_views_is_released_without_harm(tmp_path: Path) -> None:
    body = body_of(Pieces([b"x" * (IN_MEMORY + 1)]), CHUNKED, tmp_path)
    with memoryview(body) as view:
        release(body)
        assert view[0] == ord("x")
    release(b"")


def test_without_a_body_nothing_is_received(tmp_path: Path) -> None:
    pieces = Pieces([b"?"])
    assert body_of(pieces, {}, tmp_path) == b""
    assert pieces.taken == 0


@pytest.mark.parametrize("length", ["101", "99999999999999999999999999"])
def test_a_body_too_large_by_its_announcement_is_refused_before_its_first_byte(
    tmp_path: Path, length: str
) -> None:
    pieces = Pieces([b"x" * 101])
    with pytest.raises(TooLarge, match=r"more than 100 bytes \(setting limits\.body\)"):
        body_of(pieces, {"content-length": length}, tmp_path, 100)
    assert pieces.taken == 0


def test_a_body_too_large_is_refused_while_it_arrives(tmp_path: Path) -> None:
    pieces = Pieces([b"x" * 60, b"x" * 60, b"x" * 60])
    with pytest.raises(TooLarge, match=r"limits\.body"):
        body_of(pieces, CHUNKED, tmp_path, 100)
    assert pieces.taken == 2


def test_a_large_body_that_gets_too_large_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        body_of(Pieces([b"x" * IN_MEMORY] * 4), CHUNKED, tmp_path / "spool", 3 * IN_MEMORY)
    assert list((tmp_path / "spool").iterdir()) == []


def test_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    assert body_of(Pieces([b"x" * 100]), {"content-length": "100"}, tmp_path, 100) == b"x" * 100


@pytest.mark.parametrize("length", ["", "-1", "1.5", "0x10", "٣", "5, 5"])
def test_a_length_that_is_no_number_is_a_bad_request(tmp_path: Path, length: str) -> None:
    with pytest.raises(BadParameter, match="Content-Length"):
        body_of(Pieces([b""]), {"content-length": length}, tmp_path)


@pytest.mark.parametrize("before", [[], [b"x"], [b"x" * (IN_MEMORY + 1)]])
def test_a_client_that_goes_away_ends_it_and_leaves_nothing_behind(
    tmp_path: Path, before: list[bytes]
) -> None:
    with pytest.raises(Disconnected):
        body_of(Pieces([*before, None]), CHUNKED, tmp_path / "spool")
    assert not (tmp_path / "spool").exists() or list((tmp_path / "spool").iterdir()) == []


def test_on_a_full_disk_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(dir: Path, delete: bool) -> io.BufferedWriter:
        return io.BufferedWriter(Full(dir / "body", "w"))

    monkeypatch.setattr(spool.tempfile, "NamedTemporaryFile", full)
    with pytest.raises(OSError, match="No space") as found:
        body_of(Pieces([b"x" * (IN_MEMORY + 1), b"y"]), CHUNKED, tmp_path)
    assert list(tmp_path.iterdir()) == []
    refused = no_room(found.value)
    assert refused is not None
    assert fault(refused, WPS1) == fault(refused, WPS2) == ("NotEnoughStorage", 500)
    assert no_room(OSError(errno.EACCES, "no")) is None
