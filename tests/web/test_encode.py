"""Files inside of documents, made while they are sent."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azenha.protocols.http import Encoding, FileSlice, HttpReply
from azenha.web import send
from azenha.web.encode import UNIT, encoder
from azenha.web.send import send_reply, with_small_files
from azenha.web.spool import Disconnected

TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n\r\t"\\/&<>é😀'), max_size=60
)


def in_pieces(data: bytes, size: int, encoding: Encoding) -> bytes:
    encode = encoder(encoding)
    return b"".join(encode(data[n : n + size]) for n in range(0, len(data), size)) + encode(b"")


@given(st.binary(max_size=100), st.integers(1, 5).map(lambda n: n * UNIT))
def test_base64_of_pieces_is_that_of_the_whole(data: bytes, size: int) -> None:
    assert in_pieces(data, size, Encoding.BASE64) == base64.b64encode(data)
    assert FileSlice("", 7, 7 + len(data), Encoding.BASE64).length == len(base64.b64encode(data))


@given(TEXT, st.integers(1, 7))
def test_text_in_json_is_read_back(text: str, size: int) -> None:
    assert json.loads(b'"' + in_pieces(text.encode(), size, Encoding.JSON_TEXT) + b'"') == text


@given(TEXT, st.integers(1, 7))
def test_text_in_xml_is_read_back(text: str, size: int) -> None:
    sent = b"<a>" + in_pieces(text.encode(), size, Encoding.XML_TEXT) + b"</a>"
    try:
        found = ElementTree.fromstring(sent).text or ""
    except ElementTree.ParseError:
        return  # a character that XML cannot carry
    assert found == text


async def stays() -> Any:
    """Of a client that does not go away."""
    await asyncio.Event().wait()


def sent(reply: HttpReply) -> tuple[dict[bytes, bytes], list[bytes]]:
    messages: list[Any] = []

    async def take(message: Any) -> None:
        messages.append(message)

    with ThreadPoolExecutor(1) as threads:
        asyncio.run(send_reply(take, stays, reply, (), False, threads))
    assert [m.get("more_body", False) for m in messages[1:]][-1] is False
    return dict(messages[0]["headers"]), [m["body"] for m in messages[1:]]


@pytest.mark.parametrize("size", [0, 1, 1000, send.PIECE + 1, 3 * send.PIECE])
def test_a_file_in_base64_is_sent_in_pieces_with_its_length(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" + bytes(n % 251 for n in range(size)))
    reply = HttpReply(200, (), (b'"', FileSlice(str(path), 1, size + 1, Encoding.BASE64), b'"'))
    wanted = b'"' + base64.b64encode(path.read_bytes()[1:]) + b'"'
    headers, pieces = sent(reply)
    assert b"".join(pieces) == wanted
    assert headers[b"content-length"] == str(len(wanted)).encode()
    assert max(map(len, pieces)) <= send.PIECE * 4 // 3
    assert b"".join(p for p in with_small_files(reply).body if isinstance(p, bytes)) in (wanted, b'""')


def test_text_whose_length_nobody_knows_is_sent_without_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    text = 'é"\n' * send.PIECE
    path.write_text(text, newline="")
    reply = HttpReply(200, (), (b'"', FileSlice(str(path), 0, path.stat().st_size, Encoding.JSON_TEXT), b'"'))
    headers, pieces = sent(reply)
    assert b"content-length" not in headers
    assert json.loads(b"".join(pieces)) == text


def test_the_next_piece_is_read_while_the_client_takes_one_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(4 * send.PIECE))
    reply = HttpReply(200, (), (FileSlice(str(path), 0, 4 * send.PIECE),))
    read: list[int] = []
    whole = send._read

    def reading(path: str, start: int, end: int) -> bytes:
        data = whole(path, start, end)
        read.append(start)
        return data

    monkeypatch.setattr(send, "_read", reading)
    ahead: list[int] = []

    async def take(message: Any) -> None:
        if message.get("body"):
            taken = len(ahead) + 1
            async with asyncio.timeout(30):
                while len(read) < min(taken + 1, 4):
                    await asyncio.sleep(0)
            ahead.append(len(read) - taken)

    with ThreadPoolExecutor(4) as threads:
        asyncio.run(send_reply(take, stays, reply, (), False, threads))
    assert ahead == [1, 1, 1, 0]
    assert read == sorted(read)


def test_a_client_that_breaks_off_is_the_only_fault_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(
        bytes(send.PIECE + 1)
    )  # shorter than was said: the piece that is read ahead is not there
    reply = HttpReply(200, (), (FileSlice(str(path), 0, 3 * send.PIECE),))
    told: list[object] = []

    async def take(message: Any) -> None:
        if message.get("body"):
            raise ConnectionError("gone")

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        with ThreadPoolExecutor(1) as threads, pytest.raises(ConnectionError, match="gone"):
            await send_reply(take, stays, reply, (), False, threads)
        gc.collect()

    asyncio.run(run())
    assert told == []


def test_nothing_more_is_read_for_a_client_that_went_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(9 * send.PIECE))
    reply = HttpReply(200, (), tuple(FileSlice(str(path), n, n + send.PIECE) for n in range(8)))
    read: list[int] = []
    whole = send._read
    monkeypatch.setattr(send, "_read", lambda *args: (read.append(args[1]), whole(*args))[1])

    async def run() -> None:
        gone = asyncio.Event()

        async def leaves() -> Any:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def take(message: Any) -> None:
            gone.set()
            await asyncio.sleep(0)  # as uvicorn, which says nothing

        with ThreadPoolExecutor(1) as threads, pytest.raises(Disconnected):
            await send_reply(take, leaves, reply, (), False, threads)

    asyncio.run(run())
    assert len(read) <= 2
