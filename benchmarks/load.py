"""A small load generator, in a process of its own: keep-alive connections, each with one request at a time.

`python -m benchmarks.load HOST PORT CONNECTIONS SECONDS COUNT` reads the bytes of one request from standard input
and sends it over and over, for SECONDS or (COUNT above 0) that many times altogether. It prints a line of JSON.
Raw sockets and one selector: it must cost little beside the server, which has the same cores.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

PATIENCE = 120.0  # seconds without any answer after which it gives up
END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Answers:
    """What came back. Times in seconds, each from the request's first byte sent to the answer's last received."""

    good: int
    bad: int
    seconds: float
    times: list[float]
    first_bad: str

    @property
    def rate(self) -> float:
        return self.good / self.seconds

    def at(self, share: float) -> float:
        """The time within which that share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def send(port: int, request: bytes, connections: int, seconds: float = 0.0, count: int = 0) -> Answers:
    """Run the generator in a process of its own.

    Raises:
        RuntimeError: an answer was not of the 2xx family, or none came.
    """
    arguments = ["127.0.0.1", port, connections, seconds, count]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *map(str, arguments)],
        input=request,
        stdout=subprocess.PIPE,
        check=True,
        timeout=PATIENCE + seconds + 60,
    )
    answers = Answers(**json.loads(done.stdout))
    if answers.bad or not answers.good:
        raise RuntimeError(
            f"{answers.bad} of {answers.bad + answers.good} refused, first: {answers.first_bad}"
        )
    return answers


def post(path: str, document: object, *more_headers: str) -> bytes:
    """The bytes of a POST of a JSON document."""
    body = json.dumps(document).encode()
    head = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more_headers,
    ]
    return "\r\n".join(head).encode() + END_OF_HEAD + body


def get(path: str) -> bytes:
    """The bytes of a GET of JSON, as clients of people send it."""
    head = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    return "\r\n".join([*head, "Accept-Language: pt-BR, en;q=0.8"]).encode() + END_OF_HEAD


class _Connection:
    def __init__(self, host: str, port: int, request: bytes) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._data = b""
        self._began = 0.0

    def send(self) -> None:
        self._data = b""
        self._began = time.perf_counter()
        self.socket.sendall(self._request)

    def receive(self) -> tuple[float, bool, str] | None:
        """Time, whether it was an answer of the 2xx family, and its beginning; None until it is whole."""
        piece = self.socket.recv(1 << 16)
        if not piece:
            return time.perf_counter() - self._began, False, "the connection was closed"
        self._data += piece
        head, end, body = self._data.partition(END_OF_HEAD)
        if not end or len(body) < _length(head):
            return None
        return time.perf_counter() - self._began, self._data[9:10] == b"2", self._data[:300].decode("latin-1")


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError(f"an answer without Content-Length: {head[:300]!r}")


def main(arguments: Sequence[str]) -> None:
    host, port, connections = arguments[0], int(arguments[1]), int(arguments[2])
    seconds, count = float(arguments[3]), int(arguments[4])
    request = sys.stdin.buffer.read()
    opened = [_Connection(host, port, request) for _ in range(connections)]
    selector = selectors.DefaultSelector()
    times: list[float] = []
    bad, first_bad = 0, ""
    began = time.perf_counter()
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send()
    sent, ended = len(opened), began
    while selector.get_map():
        ready = selector.select(PATIENCE)
        if not ready:
            bad, first_bad = bad + 1, first_bad or f"no answer within {PATIENCE:g} s"
            break
        for key, _ in ready:
            answer = key.data.receive()
            if answer is None:
                continue
            ended = time.perf_counter()
            if answer[1]:
                times.append(answer[0])
            else:
                bad, first_bad = bad + 1, first_bad or answer[2]
            if answer[1] and (sent < count if count else ended - began < seconds):
                sent += 1
                key.data.send()
            else:
                selector.unregister(key.fileobj)
    print(json.dumps(asdict(Answers(len(times), bad, ended - began, times, first_bad))))


if __name__ == "__main__":
    main(sys.argv[1:])
