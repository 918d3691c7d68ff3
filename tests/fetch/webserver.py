"""A server on loopback that answers as a test tells it to."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


class Web:
    """`answers` by path; `asked` has every request's path and headers, in order; `posted` the bodies."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.posted: list[bytes] = []
        self.released = threading.Event()

    def gives(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if "Content_Length" not in headers and "Transfer_Encoding" not in headers:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer
        return self.base + path

    def redirects(self, path: str, target: str, status: int = 302) -> str:
        return self.gives(path, b"", status, Location=target)

    def has(self, path: str, body: bytes, breaks: Sequence[int] = (), **headers: str) -> str:
        """A file with ranges and conditional requests; the first answers break off after so many bytes each."""
        cuts = list(breaks)

        def answer(handler: BaseHTTPRequestHandler) -> None:
            etag, modified = headers.get("ETag"), headers.get("Last_Modified")
            known = handler.headers["If-None-Match"], handler.headers["If-Modified-Since"]
            same = known[0] == etag if known[0] else known[1] == modified
            asked = re.fullmatch(r"bytes=(\d+)-", handler.headers["Range"] or "")
            start = 0
            if any(known) and same:
                handler.send_response(304)
            elif asked and handler.headers["If-Range"] in (etag, modified):
                start = int(asked[1])
                handler.send_response(206)
                handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                handler.send_response(200)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            content = b"" if any(known) and same else body[start:]
            if content:
                handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content[: cuts.pop(0)] if cuts and content else content)

        self.answers[path] = answer
        return self.base + path

    def hangs(self, path: str, first: bytes = b"") -> str:
        """Headers and `first`, then nothing until the test ends."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
            handler.wfile.write(first)
            handler.wfile.flush()
            self.released.wait(30)

        self.answers[path] = answer
        return self.base + path

    def drips(self, path: str, first: bytes, again: bytes) -> str:
        """`first` of the raw answer, then `again` and again, every 20 ms until the client goes or the test ends."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(first)
            while not self.released.wait(0.02):
                handler.wfile.write(again)

        self.answers[path] = answer
        return self.base + path


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.path, dict(self.headers.items())))
            answer = web.answers.get(self.path)
            if answer is None:
                self.send_error(404)
            else:
                answer(self)
            self.close_connection = True

        def do_POST(self) -> None:
            web.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass  # a client that goes away early is what some tests are about

    with Server((host, 0), Handler) as server:
        web = Web(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield web
        finally:
            web.released.set()
            server.shutdown()
            thread.join()
