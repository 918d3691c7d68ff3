"""The line between web tier and worker: jobs handed over, news back, and nobody else in between."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.adapters.engines import embedded
from azenha.adapters.engines.embedded import FILE, WakeClient, WakeListener
from azenha.adapters.engines.frames import LONGEST, Frames, packed
from azenha.adapters.engines.news import MOST, dump_told, load_told
from azenha.domain.errors import QueueFull
from azenha.domain.geodata import Geodata
from azenha.domain.job import Job, JobState, Lane
from azenha.domain.process import Format
from azenha.domain.published import Attribute, Features, Published
from azenha.domain.values import InlineText, Literal, StoredFile
from azenha.usecases.ports import Handed, Told

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
DONE = Job("a", "echo", JobState.SUCCEEDED, Lane.SYNC, AT, AT, AT, AT, AT, 100, "done", 2, 0)
HANDED = Handed("a", "echo", '{"inputs":"ä"}', 3, 100, "queue.sync_waiting")


class Ends:
    """Both ends of a line, with all that they hear."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[object] = []
        self.told: list[tuple[str, Told]] = []
        self.folder = folder
        self.listener = WakeListener(folder, self.heard.append, self.heard.append, self.heard.append)
        self.client = WakeClient(folder, lambda job, told: self.told.append((job, told)))

    def run(self, act: Callable[[], Awaitable[None]]) -> None:
        async def main() -> None:
            line = asyncio.ensure_future(self.client.run())
            async with asyncio.timeout(20):
                await act()
            line.cancel()

        asyncio.run(main())


@pytest.fixture(params=["as the platform has it", "without UNIX sockets"])
def ends(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ends:
    if request.param != "as the platform has it":
        monkeypatch.setattr(embedded, "NAMED", False)
    return Ends(tmp_path)


def at(folder: Path) -> socket.socket:
    """A connection of a stranger to the worker."""
    place = json.loads((folder / FILE).read_text())
    if "name" not in place:
        return socket.create_connection((place["host"], place["port"]), timeout=10)
    stranger = socket.socket(socket.AF_UNIX)
    stranger.settimeout(10)
    stranger.connect(f"\0{place['name']}")
    return stranger


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


def test_what_the_web_tier_says_is_heard_in_its_order_and_news_come_back(ends: Ends) -> None:
    async def act() -> None:
        await until(lambda: ends.client.hand_over(HANDED))
        ends.client.interrupt("a")
        await asyncio.to_thread(ends.client.offered, Lane.BACKGROUND)
        await until(lambda: len(ends.heard) == 3)
        assert ends.heard == [HANDED, "a", Lane.BACKGROUND]
        ends.listener.announce("a", Told(DONE, {"text": (Literal("hello"),)}))
        ends.listener.announce("b", Told())
        ends.listener.announce("c", Told(refused=QueueFull(5, "queue.sync_waiting")))
        await until(lambda: len(ends.told) == 3)

    ends.run(act)
    (a, b, (c, full)) = ends.told[:3]
    assert a == ("a", Told(DONE, {"text": (Literal("hello"),)}))
    assert b == ("b", Told())
    assert c == "c"
    assert full.refused is not None
    assert (full.refused.limit, full.refused.setting) == (5, "queue.sync_waiting")


def test_before_the_worker_is_reached_nothing_is_handed_over(ends: Ends) -> None:
    assert not ends.client.hand_over(HANDED)
    ends.client.offered(Lane.SYNC)  # nobody hears it, and nobody minds


def test_what_was_handed_over_when_the_worker_goes_is_told_to_be_lost_and_the_next_worker_is_found(
    ends: Ends,
) -> None:
    async def act() -> None:
        await until(lambda: ends.client.hand_over(HANDED))
        await until(lambda: ends.heard)
        following = Ends(ends.folder)
        for connection in list(ends.listener._connections):
            connection.shutdown(socket.SHUT_RDWR)
        await until(lambda: ends.told == [("a", Told(lost=True))])
        await until(lambda: ends.client.hand_over(HANDED))
        await until(lambda: following.heard == [HANDED])

    ends.run(act)


def test_what_is_heard_of_is_not_lost_with_the_worker(ends: Ends) -> None:
    async def act() -> None:
        await until(lambda: ends.client.hand_over(HANDED))
        await until(lambda: ends.heard)
        ends.listener.announce("a", Told())
        await until(lambda: ends.told)
        for connection in list(ends.listener._connections):
            connection.shutdown(socket.SHUT_RDWR)
        await until(lambda: ends.client._transport is None)

    ends.run(act)
    assert ends.told == [("a", Told())]


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n", b"x" * 64])
def test_a_stranger_at_the_worker_is_not_heard(ends: Ends, said: bytes) -> None:
    with at(ends.folder) as stranger:
        stranger.sendall(said)
        stranger.shutdown(socket.SHUT_WR)
        received = b""
        while piece := stranger.recv(100):
            received += piece
    assert len(received) == 32  # the nonce, and nothing after it
    assert ends.heard == []
    assert ends.listener._connections == []


def test_a_stranger_in_the_place_of_the_worker_is_given_nothing(tmp_path: Path) -> None:
    ends = Ends(tmp_path)
    place = json.loads((tmp_path / FILE).read_text())
    got: list[bytes] = []
    closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        (tmp_path / FILE).write_text(json.dumps({"host": host, "port": port, "key": place["key"]}))

        def pretend() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"n" * 32 + b"p" * 32)
                while piece := connection.recv(1000):
                    got.append(piece)
            closed.set()

        threading.Thread(target=pretend, daemon=True).start()

        async def act() -> None:
            await asyncio.to_thread(closed.wait, 10)
            assert not ends.client.hand_over(HANDED)

        ends.run(act)
    assert closed.is_set()
    assert len(b"".join(got)) == 64  # its own nonce and proof
    assert ends.told == []


def test_who_is_silent_in_the_place_of_the_worker_is_left_for_the_next_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "HANDSHAKE_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        place = {"host": host, "port": port, "key": "00" * 32}
        (tmp_path / FILE).write_text(json.dumps(place))
        told: list[object] = []
        client = WakeClient(tmp_path, lambda job, news: told.append(news))

        async def act() -> None:
            line = asyncio.ensure_future(client.run())
            connection, _ = await asyncio.to_thread(silent.accept)
            with connection:
                following = Ends(tmp_path)
                async with asyncio.timeout(20):
                    await until(lambda: client.hand_over(HANDED))
                    await until(lambda: following.heard == [HANDED])
            line.cancel()

        asyncio.run(act())


@pytest.mark.skipif(not embedded.NAMED, reason="no names for UNIX sockets outside of the file system")
def test_another_user_of_the_machine_is_not_spoken_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = Ends(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with at(tmp_path) as stranger:
        assert stranger.recv(100) == b""
    assert ends.listener._connections == []


def test_what_was_taken_back_is_not_remembered(ends: Ends) -> None:
    """Its worker does not tell of it, and there may be any number."""

    async def act() -> None:
        await until(lambda: ends.client.hand_over(HANDED))
        ends.client.interrupt("a")
        await until(lambda: len(ends.heard) == 2)

    ends.run(act)
    assert ends.client._under_way == set()


def test_a_request_too_long_for_the_line_is_stored_and_the_line_goes_on(ends: Ends) -> None:
    async def act() -> None:
        await until(lambda: ends.client.hand_over(HANDED))
        assert not ends.client.hand_over(replace(HANDED, id="b", document="x" * LONGEST))
        assert ends.client.hand_over(replace(HANDED, id="c"))
        await until(lambda: len(ends.heard) == 2)

    ends.run(act)
    assert ends.told == []


def test_a_web_tier_that_takes_no_news_does_not_hold_up_the_worker(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "TAKEN_WITHIN", 1)

    async def act() -> None:
        await until(lambda: ends.client.hand_over(HANDED))
        await until(lambda: ends.heard)
        news = Told(DONE, {"text": (InlineText("x" * MOST, Format("text/plain")),)})
        for _ in range(2000):  # more than any system keeps for who does not read; this loop does not
            ends.listener.announce("a", news)
        assert ends.listener._connections == []

    ends.run(act)


@given(st.lists(st.text(max_size=50), max_size=6), st.integers(1, 40))
def test_messages_come_whole_however_the_stream_is_cut(texts: list[str], size: int) -> None:
    stream = b"".join(packed(text) for text in texts)
    frames = Frames()
    found = [json.loads(m) for at in range(0, len(stream), size) for m in frames.fed(stream[at : at + size])]
    assert found == texts


def test_a_message_longer_than_any_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes"):
        list(Frames().fed((LONGEST + 1).to_bytes(4, "big")))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((Literal(1.5, "m"), Literal("é")), True),
        ((InlineText("x" * MOST, Format("text/plain")),), True),
        ((InlineText("x" * (MOST + 1), Format("text/plain")),), False),
        ((StoredFile("a/b.tif", "b.tif", 1 << 40, Format("image/tiff"), "0" * 64),), True),
    ],
)
def test_little_is_told_with_the_end_and_what_is_more_is_left_to_the_store(values: tuple, told: bool) -> None:  # type: ignore[type-arg]
    told_now = Told(DONE, {"out": values})
    id, heard = load_told(json.loads(json.dumps(dump_told("a", told_now))))
    assert id == "a"
    assert heard == (told_now if told else Told())


def with_columns(number: int) -> StoredFile:
    geodata = Geodata(bbox=[1.0, 2.0, 3.0, 4.0], columns=[[f"column {n}", "int64"] for n in range(number)])
    box = (1.0, 2.0, 3.0, 4.0)
    copy = Published(
        "copy/a.gpkg", 4326, (), box, box, Features("Point", 7, (Attribute("a", "A", "Integer"),))
    )
    return StoredFile(
        "a.json", "a.json", 9, Format("x/y"), "0" * 64, crc32=5, geodata=geodata, published=copy
    )


def test_what_is_known_of_a_file_is_told_with_the_end() -> None:
    file = with_columns(2)
    _, heard = load_told(json.loads(json.dumps(dump_told("a", Told(DONE, {"out": (file,)})))))
    assert heard.outputs is not None
    (told,) = heard.outputs["out"]
    assert isinstance(told, StoredFile)
    # Two files are the same whatever is known of them, so each is compared.
    assert (told, told.crc32, told.geodata, told.published) == (file, 5, file.geodata, file.published)


def test_much_that_is_known_of_a_file_is_left_to_the_store() -> None:
    assert "record" not in dump_told("a", Told(DONE, {"out": (with_columns(MOST // 10),)}))
