"""Whoever tells a run something never waits for its child: the leases of all jobs would wait along."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from azenha.engine.channel import Channel, Message
from azenha.engine.job_log import Log, PolledOutput
from azenha.engine.running import Run

WITHIN = 30.0  # seconds: far more than anything here takes
TIMES = 20_000  # of a pause and a resumption: more than any channel holds


class Busy:
    """A child that has taken its order, and reads no more before `listens`."""

    def __init__(self) -> None:
        reader, self.ours = os.pipe()
        self.channel = Channel(os.dup(reader), self.ours)
        self.theirs = Channel(reader, os.dup(self.ours))

    def exit_code(self, timeout: float) -> None:
        return None

    def pid(self) -> None:
        return None

    def fill(self) -> None:
        """It has left so much unread that nothing more goes in."""
        os.set_blocking(self.ours, False)
        with suppress(BlockingIOError):
            while os.write(self.ours, bytes(4096)):
                pass
        os.set_blocking(self.ours, True)

    def empty(self) -> None:
        os.set_blocking(self.theirs.reader, False)
        with suppress(BlockingIOError):
            while os.read(self.theirs.reader, 1 << 16):
                pass
        os.set_blocking(self.theirs.reader, True)

    def listens(self) -> list[str]:
        """All that was said to it."""
        self.channel.send({"t": "that is all"})
        said = []
        while (message := self.theirs.receive()) and message["t"] != "that is all":
            said.append(str(message["t"]))
        return said


@pytest.fixture
def child() -> Iterator[Busy]:
    child = Busy()
    yield child
    child.channel.close()
    child.theirs.close()


@pytest.fixture
def run(child: Busy, tmp_path: Path) -> Run:
    return run_of(
        child, SimpleNamespace(attach=lambda log: None, receive=lambda channel: {"t": "done"}), tmp_path
    )


def run_of(child: object, output: object, tmp_path: Path) -> Run:
    given: dict[str, Any] = {"seconds": 600, "whose": "", "memory": 1 << 40, "processes": 9, "files": None}
    return Run(
        cast("Any", None), cast("Any", child), cast("Any", output), log=Log(lambda: tmp_path / "log", 1 << 20),
        log_limit=1 << 20, pauses_itself=True, pause_at_most=600, **given,
    )  # fmt: skip


def test_a_client_that_pauses_a_busy_job_a_thousand_times_holds_nobody_up(run: Run, child: Busy) -> None:
    def said() -> None:
        run.exchange({"t": "run"}, lambda percent, message: None, lambda: None)
        for _ in range(TIMES):
            run.pause()
            run.resume()
        run.pause()
        run.watch(2)

    telling = threading.Thread(target=said, daemon=True)
    telling.start()
    telling.join(WITHIN)
    assert not telling.is_alive(), "it waits for the child to listen"
    child.listens()
    run.resume()
    run.pause()
    assert child.listens()[-1] == "pause"


@pytest.mark.parametrize(("word", "heard"), [("pause", "pause"), ("dismiss", "cancel")])
def test_what_a_busy_child_could_not_be_told_it_is_told_later(
    run: Run, child: Busy, word: str, heard: str
) -> None:
    run.exchange({"t": "run"}, lambda percent, message: None, lambda: None)
    child.fill()
    getattr(run, word)()
    child.empty()
    run.watch(600)
    assert child.listens() == [heard]


def test_a_child_whose_job_is_dismissed_before_its_order_hears_it_after_that(run: Run, child: Busy) -> None:
    run.dismiss()
    run.exchange({"t": "run"}, lambda percent, message: None, lambda: None)
    run.watch(600)
    run.watch(600)
    assert child.listens() == ["cancel", "run", "cancel"]


@pytest.mark.parametrize(
    ("dies", "untouched"),
    [
        ("before it is told anything", True),
        ("before it reads its order", True),
        ("having read its order", False),
        ("having read its order, and not what was said after it", False),
    ],
)
def test_a_child_that_died_without_a_word_is_known_to_have_had_its_order_or_not(
    child: Busy, tmp_path: Path, dies: str, untouched: bool
) -> None:
    if not hasattr(socket, "AF_UNIX"):
        pytest.skip("children are connected otherwise where there are no UNIX sockets")
    ours, theirs = (Channel(fd, fd) for fd in (one.detach() for one in socket.socketpair()))
    linked = SimpleNamespace(channel=ours, exit_code=child.exit_code, pid=child.pid)

    def receive(channel: Channel) -> Message | None:
        if "having read" in dies:
            assert theirs.receive() == {"t": "run"}
        if "said after" in dies:
            run.pause()
        theirs.close()
        return channel.receive()

    output = SimpleNamespace(attach=lambda log: None, receive=receive, marks=False)
    run = run_of(linked, output, tmp_path)
    if "told anything" in dies:
        theirs.close()
    assert run.exchange({"t": "run"}, lambda percent, message: None, lambda: None) is None
    assert run.untouched is untouched
    ours.close()


def test_a_slot_does_not_wait_for_output_that_has_no_end(tmp_path: Path) -> None:
    """A thread that the job left in a child may write for as long as the child lives."""
    reading, writing = os.pipe()
    pieces = iter(range(1000))

    class Refilled(Log):
        def write(self, data: bytes) -> None:
            super().write(data)
            if next(pieces, None) is None:
                ended.set()
            else:
                os.write(writing, b"more")

    ended = threading.Event()
    output = PolledOutput(reading)
    output.attach(Refilled(lambda: tmp_path / "log", 10_000))
    os.write(writing, b"first")
    output.drain(0)
    assert not ended.is_set(), "it read on for as long as something came"
    output.close()
    os.close(writing)
