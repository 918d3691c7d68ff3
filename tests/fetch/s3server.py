"""An object store on loopback that speaks as much S3 as a reader needs, and verifies signatures (version 4)."""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

KEY, SECRET, REGION = "reader", "not so secret", "eu-south-1"
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)"
)


class Store:
    """`objects` by bucket and key; `breaks`: bytes after which the next answers end; `fails`: statuses to come."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.objects: dict[str, bytes] = {}
        self.public: set[str] = set()  # buckets
        self.encodings: dict[str, str] = {}  # Content-Encoding, by bucket and key
        self.breaks: list[int] = []
        self.fails: list[int] = []
        self.asked: list[tuple[str, dict[str, str]]] = []

    def put(self, name: str, content: bytes) -> None:
        self.objects[name] = content


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def signed(method: str, target: str, headers: dict[str, str]) -> bool:
    """Whether the request is signed with SECRET, as Amazon describes it."""
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None or match[1] != KEY or match[3] != REGION:
        return False
    path, _, query = target.partition("?")
    names = match[4].split(";")
    content = headers["x-amz-content-sha256"]
    lines = [
        method,
        path,
        query,
        *(f"{name}:{headers[name].strip()}" for name in names),
        "",
        match[4],
        content,
    ]
    scope = f"{match[2]}/{REGION}/s3/aws4_request"
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, digest])
    key = f"AWS4{SECRET}".encode()
    for part in (match[2], REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), match[5])


@contextmanager
def storing() -> Iterator[Store]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            headers = {name.lower(): value for name, value in self.headers.items()}
            name = unquote(self.path.partition("?")[0]).lstrip("/")
            store.asked.append((name, headers))
            content = store.objects.get(name)
            if store.fails:
                return self.error(store.fails.pop(0), "SlowDown")
            if name.partition("/")[0] not in store.public and not signed("GET", self.path, headers):
                return self.error(403, "SignatureDoesNotMatch")
            if content is None:
                return self.error(404, "NoSuchKey")
            tag = etag(content)
            if headers.get("if-none-match") == tag:
                return self.answer(304, b"", tag)
            if headers.get("if-match", tag) != tag:
                return self.error(412, "PreconditionFailed")
            asked = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
            if asked is None:
                return self.answer(200, content, tag)
            start = int(asked[1])
            of = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self.answer(206, content[start:], tag, of)

        def answer(self, status: int, content: bytes, tag: str, content_range: str | None = None) -> None:
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", "Tue, 01 Jan 2019 00:00:00 GMT")
            self.send_header("Content-Type", "image/tiff")
            if encoding := store.encodings.get(unquote(self.path).lstrip("/")):
                self.send_header("Content-Encoding", encoding)
            self.send_header("Connection", "close")
            if content_range:
                self.send_header("Content-Range", content_range)
            if status != 304:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: store.breaks.pop(0)] if store.breaks and content else content)

        def error(self, status: int, code: str) -> None:
            body = f"<Error><Code>{code}</Code></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        store = Store(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()
