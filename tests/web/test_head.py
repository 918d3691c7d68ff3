"""HTTP/1.1 as clients should not speak it: each is answered rightly or not at all, and nothing is waited for."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from azenha.web.head import LONGEST, Head

HOST = b"Host: h\r\n"


class Impatient(Head):
    silence = 0.2


async def app(scope: Any, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """Tells the method, the path and how long the body is; `/early` begins its answer before it has the body."""
    if scope["path"] == "/early":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"early", "more_body": True})
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    if scope["path"] == "/early":
        await send({"type": "http.response.body", "body": b"late"})
        return
    if scope["path"] == "/listening":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        gone = asyncio.ensure_future(receive())  # as who looks whether the client is still there
        await asyncio.sleep(0.6)
        assert not gone.done()
        gone.cancel()
        await send({"type": "http.response.body", "body": b"done"})
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.1)
    body = f"{scope['method']} {scope['path'][:20]} {size}".encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def said(*pieces: bytes, kind: type[Head] = Head) -> bytes:
    """All that is answered until the server hangs up; it must, or the test does not end."""

    async def talk() -> bytes:
        config = uvicorn.Config(app, lifespan="off", log_config=None, ws="none", timeout_keep_alive=1)
        config.load()
        state = ServerState()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(config, state, {}), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.02)  # so that it comes as a piece of its own
            except ConnectionError:
                pass
            received = b""
            try:
                async with asyncio.timeout(20):
                    while piece := await reader.read(1 << 16):
                        received += piece
            except ConnectionError:
                pass
            writer.close()
            return received

    return asyncio.run(talk())


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


@pytest.mark.parametrize("method", ["GET", "FOO", "foo", "PROPFIND", "A!#$%&'*+-.^_`|~9", "X" * 64])
@pytest.mark.parametrize("split", [False, True])
def test_any_method_reaches_the_application_as_it_is(method: str, split: bool) -> None:
    sent = f"{method} /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc".encode()

    answer = said(*([sent[:2], sent[2:5], sent[5:]] if split else [sent]))

    assert statuses(answer) == [200]
    assert answer.endswith(f"\r\n\r\n{method} /a 3".encode())


def test_an_unknown_method_leaves_the_connection_as_any_other() -> None:
    answer = said(
        b"FOO /1 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\r\nGET /2 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"BAR /3 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"GET /4 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    )
    assert statuses(answer) == [200] * 4
    for line in (b"FOO /1 0", b"GET /2 0", b"BAR /3 3", b"GET /4 0"):
        assert line in answer


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"X" * 65 + b" / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * LONGEST + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 5 * LONGEST, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * LONGEST, 431),
        (b"GET /" + b"a" * LONGEST + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /" + b"a" * 5 * LONGEST, 414),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_in_words(sent: bytes, status: int) -> None:
    answer = said(sent)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert statuses(answer) == [status]
    assert b"connection: close" in head
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert problem["status"] == status
    assert problem["detail"]


@pytest.mark.parametrize(
    "bad", [b"\x00nonsense\r\n\r\n", b"FOO / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX:" + b"a" * 5 * LONGEST]
)
def test_what_comes_behind_a_request_does_not_spoil_its_answer(bad: bytes) -> None:
    answer = said(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n" + bad)

    assert statuses(answer) == [200]
    assert b"connection: close" in answer
    assert answer.endswith(b"GET /slow 0")


def test_a_body_that_goes_wrong_is_refused_before_the_answer_and_cuts_it_off_within() -> None:
    chunked = HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"

    assert statuses(said(b"POST / HTTP/1.1\r\n" + chunked, b"nonsense\r\n")) == [400]
    assert said(b"POST /early HTTP/1.1\r\n" + chunked, b"nonsense\r\n").endswith(b"\r\n\r\nearly")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", []),
        (b"FO", [408]),
        (b"GET / HTTP/1.1\r\nHo", [408]),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc", [408]),
        (b"POST /early HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc", [200]),
    ],
    ids=["nothing", "a method", "a head", "a body", "a body of what is being answered"],
)
def test_the_rest_of_a_request_is_not_waited_for_without_end(sent: bytes, status: list[int]) -> None:
    assert statuses(said(sent, kind=Impatient)) == status


def test_a_request_that_waits_behind_an_answer_does_not_break_it_off() -> None:
    first = b"GET /listening HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = said(first + b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc", kind=Impatient)
    assert statuses(answer) == [200, 408], "the second has its own time, from when it is its turn"
    assert b"begundone" in answer


def test_a_head_may_not_come_byte_by_byte_for_ever_and_a_body_may() -> None:
    drops = [b"X"] * 40
    assert statuses(said(b"GET / HTTP/1.1\r\n", *drops, kind=Impatient)) == [408]

    slow = b"POST / HTTP/1.1\r\nConnection: close\r\n" + HOST + b"Content-Length: 40\r\n\r\n"
    assert statuses(said(slow, *drops, kind=Impatient)) == [200]
