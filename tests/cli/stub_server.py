"""A server that answers from a table, for tests of the client."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """A canned reply; `drop`: close the connection without an answer."""

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False

    def content(self) -> bytes:
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


class Stub:
    """Answers `METHOD /path?query` from a table: a reply, or several of which the last one stays."""

    def __init__(self) -> None:
        self.routes: dict[str, list[Reply]] = {}
        self.asked: list[Asked] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                stub.asked.append(Asked(self.command, self.path, headers, body))
                reply = stub.reply(f"{self.command} {self.path}")
                if reply.drop:
                    self.close_connection = True
                    return
                content = reply.content()
                self.send_response(reply.status)
                if "content-type" not in reply.headers:
                    self.send_header("content-type", "application/json")
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status != 204:
                    self.send_header("content-length", str(len(content)))
                self.end_headers()
                if reply.status != 204:
                    self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815 - http.server's names

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def on(self, route: str, *replies: Reply | object) -> None:
        self.routes[route] = [r if isinstance(r, Reply) else Reply(r) for r in replies]

    def reply(self, asked: str) -> Reply:
        replies = self.routes.get(asked)
        if replies is None:
            return Reply({"title": "no such path", "detail": f"the stub has no {asked}"}, 404)
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def was_asked(self, method: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
