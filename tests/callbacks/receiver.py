"""A server on loopback that receives callbacks, and answers as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WITHIN = 30.0  # seconds: far more than anything here takes, so that a loaded machine fails no test


@dataclass(frozen=True)
class Received:
    """`headers`: names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Answer = Callable[[BaseHTTPRequestHandler, int], None]  # how the n-th request of a path, from 0, is answered


@dataclass
class Receiver:
    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def address(self, path: str) -> str:
        return f"http://{self.place}{path}"

    def says(self, path: str, *statuses: int, **headers: str) -> str:
        """Answers one after the other; the last of them from then on."""

        def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
            handler.send_response(statuses[min(number, len(statuses) - 1)])
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.answers[path] = answer
        return self.address(path)

    def hangs(self, path: str, *, drips: bool = False) -> str:
        """The first request of that path is never answered; `drips`: a byte comes now and then."""

        def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
            if number == 0:
                handler.wfile.write(b"HTTP/1.1 204 OK\r\nX-Long: ")
                while not self.released.wait(0.05 if drips else WITHIN):
                    handler.wfile.write(b"x")
            handler.send_response(204)
            handler.end_headers()

        self.answers[path] = answer
        return self.address(path)

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    def wait(self, path: str, count: int = 1) -> list[Received]:
        """What came to that path, once there is that much."""
        with self.changed:
            came = self.changed.wait_for(lambda: len(self.at(path)) >= count, WITHIN)
        assert came, f"{len(self.at(path))} of {count} came to {path}"
        return self.at(path)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with receiver.changed:
                number = len(receiver.at(self.path))
                receiver.received.append(Received(self.path, headers, body))
                receiver.changed.notify_all()
            answer = receiver.answers.get(self.path)
            self.close_connection = True
            if answer is not None:
                answer(self, number)
            else:
                self.send_response(204)
                self.end_headers()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a sender that gives up is what some tests are about

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join()
