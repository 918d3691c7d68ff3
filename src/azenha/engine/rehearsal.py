"""A job of no effect, before the first child is forked: what Python does at first use is done once, for all of them.

It looks up names, specialises code and fills tables as it goes, in memory that a child shares with its parent until
one of them writes there. Each child would write all of it anew, and have each page copied for that.
"""

from __future__ import annotations

import socket
from dataclasses import astuple
from typing import Final

from azenha.authoring.archives import ArchiveLimits
from azenha.authoring.context import Context
from azenha.authoring.signature import ATTRIBUTE, Definition, process
from azenha.domain.canonical import StoredRequest, dump_request
from azenha.domain.messages import Asked
from azenha.domain.values import Literal
from azenha.engine.channel import Channel, Message
from azenha.engine.child import answered
from azenha.engine.formats.policy import Policy
from azenha.engine.hearing import PolledInbox, ToWorker
from azenha.usecases.ports import Fetch

TIMES: Final = 16  # CPython specialises what has run some eight times


def rehearse() -> None:
    """Take an order, run it and answer, as a child does, but for what would last: its folder and its limits."""
    definition: Definition = getattr(process(_rehearsed), ATTRIBUTE)
    definitions = {definition.description.id: definition}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker, channel = (Channel(end.fileno(), end.fileno()) for end in (ours, theirs))
        inbox = PolledInbox(channel)
        for _ in range(TIMES):
            worker.send(_order(definition.description.id))
            order = inbox.next()
            assert order is not None
            channel.send(answered(order, definitions, _no_fetch, ToWorker(channel, inbox, waits=False)))
            while (said := worker.receive()) is not None and said["t"] == "progress":
                pass
            if said is None or said["t"] != "done":
                raise RuntimeError(f"the rehearsal of a job failed: {said}")


def _rehearsed(text: str, number: float, count: int = 1, *, ctx: Context) -> str:
    ctx.progress(count, text)
    return text


def _order(id: str) -> Message:
    inputs = {"text": (Literal("text"),), "number": (Literal(1.5),), "count": (Literal(1),)}
    here = "."  # nothing is written
    return {
        "t": "run",
        "job": "rehearsal",
        "attempt": 1,
        "request": dump_request(StoredRequest(id, "1", inputs, None, Asked("ogcapi", "1.0"))),
        "fetch": False,
        "inputs": here,
        "work": here,
        "publish": here,
        "outputs": 0,
        "values": 1_000,
        "facts": False,
        "formats": Policy().told(),
        "archives": list(astuple(ArchiveLimits())),
    }


def _no_fetch() -> Fetch:
    raise NotImplementedError("nothing is fetched in a rehearsal")
