"""Writes of one turn of the loop are one write to the transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from azenha.web.joined import AT_ONCE, Joined


class Transport:
    """Notes what reaches it."""

    def __init__(self) -> None:
        self.got: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.got.append(data)

    def close(self) -> None:
        self.got.append("closed")

    def write_eof(self) -> None:
        self.got.append("eof")

    def get_extra_info(self, name: str) -> str:
        return f"the {name}"


def after(act: Callable[[Any], object], turns: int = 2) -> list[bytes | str]:
    transport = Transport()

    async def run() -> list[bytes | str]:
        act(Joined(transport, asyncio.get_running_loop()))  # type: ignore[arg-type]
        for _ in range(turns):
            await asyncio.sleep(0)
        return list(transport.got)

    return asyncio.run(run())


def test_head_and_body_go_out_together_in_the_next_turn_and_not_before() -> None:
    def act(joined: Joined) -> None:
        joined.write(b"head ")
        joined.write(b"body")

    assert after(act) == [b"head body"]
    assert after(act, 0) == []


def test_what_was_written_goes_out_before_the_end() -> None:
    for end, mark in (("close", "closed"), ("write_eof", "eof")):

        def act(joined: Joined, end: str = end) -> None:
            joined.write(b"last words")
            getattr(joined, end)()

        assert after(act) == [b"last words", mark]


def test_much_goes_out_as_it_comes_and_little_after_it_too() -> None:
    def act(joined: Joined) -> None:
        joined.write(b"head")
        joined.write(b"x" * AT_ONCE)
        joined.write(b"y" * AT_ONCE)
        joined.write(b"z")

    assert after(act) == [b"head" + b"x" * AT_ONCE, b"y" * AT_ONCE, b"z"]


def test_all_else_is_the_transports() -> None:
    assert after(lambda joined: joined.write(joined.get_extra_info("peer").encode())) == [b"the peer"]
