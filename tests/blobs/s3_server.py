"""A small S3 server for tests: objects, ranges, parts, lists, and signatures (Signature Version 4) that are checked.

Objects are in memory. A wrong key, or a link whose time is over, is refused with 403, as by S3 itself.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

KEY, SECRET = "AKIDFORTESTS", "a secret of the tests"
KEPT = ("content-type", "content-disposition")


@dataclass
class Stored:
    data: bytes
    headers: dict[str, str]
    changed: datetime
    parts: int = 1


@dataclass
class S3:
    """What the server holds and what was asked of it.

    Attributes:
        objects: by `bucket/key`.
        refusing: methods that are answered with 403.
        later: added to the server's clock.
    """

    address: str = ""
    objects: dict[str, Stored] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)
    later: timedelta = timedelta()
    largest: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later


@contextmanager
def serving() -> Iterator[S3]:
    state = S3()

    class Handler(_Handler):
        s3 = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    s3: S3

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        self.s3.largest = max(self.s3.largest, size)
        place = urlsplit(self.path)
        query = dict(parse_qsl(place.query, keep_blank_values=True))
        path = unquote(place.path).lstrip("/")
        self.s3.asked.append((self.command, path))
        if self.command in self.s3.refusing:
            self._error(403, "AccessDenied")
        elif (reason := self._forged(place.path, query)) is not None:
            self._error(403, reason)
        else:
            getattr(self, f"_{self.command.lower()}")(path, query, body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815

    # -- signatures --------------------------------------------------------------------------------

    def _forged(self, path: str, query: dict[str, str]) -> str | None:
        """Why a request is refused; None where it is signed by whoever has the secret, and in time."""
        if "X-Amz-Signature" in query:
            given = query["X-Amz-Signature"]
            scope, when = query["X-Amz-Credential"], query["X-Amz-Date"]
            signed = query["X-Amz-SignedHeaders"]
            ends = _time(when) + timedelta(seconds=int(query["X-Amz-Expires"]))
            if self.s3.now() > ends:
                return "ExpiredToken"
            payload = "UNSIGNED-PAYLOAD"
        else:
            header = self.headers.get("Authorization", "")
            if not header.startswith("AWS4-HMAC-SHA256 "):
                return "AccessDenied"
            told = dict(
                part.strip().split("=", 1) for part in header.removeprefix("AWS4-HMAC-SHA256 ").split(",")
            )
            given, scope, signed = told["Signature"], told["Credential"], told["SignedHeaders"]
            when, payload = self.headers["X-Amz-Date"], self.headers["X-Amz-Content-Sha256"]
        key, day, region, service, _ = scope.split("/")
        if key != KEY:
            return "InvalidAccessKeyId"
        pairs = sorted((n, v) for n, v in query.items() if n != "X-Amz-Signature")
        canonical = "\n".join(
            (
                self.command,
                path,
                "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in pairs),
                *(f"{n}:{' '.join((self.headers.get(n) or '').split())}" for n in signed.split(";")),
                "",
                signed,
                payload,
            )
        )
        own = f"{day}/{region}/{service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{when}\n{own}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        made = f"AWS4{SECRET}".encode()
        for part in (day, region, service, "aws4_request", text):
            made = hmac.digest(made, part.encode(), "sha256")
        return None if hmac.compare_digest(made.hex(), given) else "SignatureDoesNotMatch"

    # -- operations --------------------------------------------------------------------------------

    def _put(self, path: str, query: dict[str, str], body: bytes) -> None:
        if "uploadId" in query:
            self.s3.uploads[query["uploadId"]][int(query["partNumber"])] = body
        else:
            self._keep(path, body, self._told())
        self._answer(200, headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})

    def _told(self) -> dict[str, str]:
        return {n: v for n in KEPT if (v := self.headers.get(n)) is not None}

    def _keep(self, path: str, data: bytes, headers: dict[str, str], parts: int = 1) -> None:
        self.s3.objects[path] = Stored(data, headers, self.s3.now(), parts)

    def _post(self, path: str, query: dict[str, str], body: bytes) -> None:
        if "delete" in query:
            bucket = path.strip("/")
            keys = [e.text or "" for e in ElementTree.fromstring(body).iter() if e.tag.endswith("Key")]
            for key in keys:
                self.s3.objects.pop(f"{bucket}/{key}", None)
            told = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
            self._xml(f"<DeleteResult>{told}</DeleteResult>")
        elif "uploads" in query:
            id = f"upload-{next(self.s3.numbers)}"
            self.s3.uploads[id] = {}
            self.s3.objects[f"?{id}"] = Stored(b"", self._told(), self.s3.now())
            self._xml(
                f"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            )
        else:
            id = query["uploadId"]
            parts = self.s3.uploads.pop(id)
            data = b"".join(parts[n] for n in sorted(parts))
            self._keep(path, data, self.s3.objects.pop(f"?{id}").headers, len(parts))
            self._xml(
                "<CompleteMultipartUploadResult><ETag>&quot;x&quot;</ETag></CompleteMultipartUploadResult>"
            )

    def _delete(self, path: str, query: dict[str, str], body: bytes) -> None:
        if "uploadId" in query:
            self.s3.uploads.pop(query["uploadId"], None)
            self.s3.objects.pop(f"?{query['uploadId']}", None)
        self.s3.objects.pop(path, None)
        self._answer(204)

    def _get(self, path: str, query: dict[str, str], body: bytes) -> None:
        if "list-type" in query:
            self._list(path.strip("/"), query)
            return
        found = self.s3.objects.get(path)
        if found is None:
            self._error(404, "NoSuchKey")
            return
        data, status, told = found.data, 200, {}
        if (asked := self.headers.get("Range")) is not None:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last) + 1 if last else len(data), len(data))
            told = {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"}
            data, status = data[start:end], 206
        when = found.changed.strftime("%a, %d %b %Y %H:%M:%S GMT")
        self._answer(status, data, {**found.headers, **told, "Last-Modified": when, "ETag": '"x"'})

    _head = _get

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        start = f"{bucket}/{query.get('prefix', '')}"
        found = sorted(p for p in self.s3.objects if p.startswith(start))
        after = query.get("continuation-token", "")
        page = [p for p in found if p > after][:2]  # small, so that there are several
        more = bool(page) and page[-1] != found[-1]
        told = "".join(
            f"<Contents><Key>{escape(p.removeprefix(f'{bucket}/'))}</Key>"
            f"<LastModified>{self.s3.objects[p].changed:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>&quot;x&quot;</ETag><Size>{len(self.s3.objects[p].data)}</Size></Contents>"
            for p in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        self._xml(
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{told}</ListBucketResult>"
        )

    # -- answers -----------------------------------------------------------------------------------

    def _xml(self, text: str) -> None:
        self._answer(200, text.encode(), {"Content-Type": "application/xml"})

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _answer(self, status: int, data: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
