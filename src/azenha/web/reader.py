"""The process that reads large bodies: orders in, commands or errors out.

Pickles over pipes that nobody else has, each with its length before it. Loads little: who waits for it has a client
that waits.
"""

from __future__ import annotations

import mmap
import os
import pickle
import queue
import struct
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

from azenha.domain.errors import AppError
from azenha.domain.messages import Checked, Command
from azenha.protocols.http import HttpRequest
from azenha.web.edge import no_room

LENGTH: Final = struct.Struct("!I")

Read = Callable[[str, HttpRequest, str], Command | Checked]


@dataclass(frozen=True, slots=True)
class Order:
    """A request without its body, which is in the file `body`; `mount` is that of the dialect."""

    mount: str
    request: HttpRequest
    body: str
    job: str


def framed(message: object) -> bytes:
    data = pickle.dumps(message)
    return LENGTH.pack(len(data)) + data


def serve(orders: IO[bytes], answers: IO[bytes], read: Read) -> None:
    """Answer orders until there are no more; ends the process then, whatever it is doing."""
    waiting: queue.SimpleQueue[Order] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(orders, waiting), daemon=True).start()
    while True:
        answers.write(framed(_answer(waiting.get(), read)))
        answers.flush()


def _receive(orders: IO[bytes], waiting: queue.SimpleQueue[Order]) -> None:
    while len(head := orders.read(LENGTH.size)) == LENGTH.size:
        waiting.put(pickle.loads(orders.read(LENGTH.unpack(head)[0])))
    os._exit(0)


def _answer(order: Order, read: Read) -> object:
    given = order.request
    try:
        with (
            open(order.body, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body,
        ):
            request = HttpRequest(given.method, given.path, given.query, given.headers, body, base=given.base)
            return read(order.mount, request, order.job)
    except AppError as error:
        return error.with_traceback(None)
    except Exception as error:
        return no_room(error) or traceback.format_exc()
