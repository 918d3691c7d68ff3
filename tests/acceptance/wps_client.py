"""What the tests of WPS clients share: the data that they send, and how they read errors."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from lxml import etree

HERE = Path(__file__).resolve().parent
PROCESSES = HERE / "processes_for_wps.py"
ADDRESSES = ("/wps", "/wps/1.0.0")  # of WPS 1.0.0: the general one, where clients name a version, and its own

GEOJSON = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": "Foz & Ribeira <Porto>"},
                "geometry": {"type": "Point", "coordinates": [-8.67, 41.15]},
            }
        ],
    }
)
XML = (
    '<a:place xmlns:a="urn:example:a" xmlns:b="urn:example:b" b:of="Porto">'
    "<a:name>Foz &amp; more</a:name></a:place>"
)


def archive() -> bytes:
    """A zip: bytes that no text can hold, the same each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("said.txt", (2020, 1, 1, 0, 0, 0)), "line\n" * 1000)
    return packed.getvalue()


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def canonical(xml: str | bytes) -> bytes:
    """The same for documents that say the same with other prefixes in scope and other quotes."""
    root = etree.fromstring(xml.encode() if isinstance(xml, str) else xml)
    return bytes(etree.tostring(root, method="c14n", exclusive=True))


@dataclass(frozen=True)
class Told:
    """The first exception of a report."""

    code: str | None
    locator: str | None
    text: str


def report(error: BaseException) -> Told:
    """What an OWSLib ServiceException tells: its text is the whole body of the answer."""
    root = etree.fromstring(str(error).encode())
    assert root.tag == "{http://www.opengis.net/ows/1.1}ExceptionReport"
    first = root[0]
    return Told(first.get("exceptionCode"), first.get("locator"), first.findtext("{*}ExceptionText") or "")


def bounded(look: Callable[..., None], seconds: float) -> Callable[..., None]:
    """OWSLib's checkStatus with an end: its loops look again for ever, even where nothing can be read."""
    end = time.monotonic() + seconds

    def looked(execution: Any, *arguments: Any, **options: Any) -> None:
        assert time.monotonic() < end, (
            f"the job has not ended: {execution.status}, {execution.statusLocation}"
        )
        look(execution, *arguments, **options)

    return looked


@dataclass(frozen=True)
class Fetched:
    """A request that came to the server of the data."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def data_server(content: bytes, media_type: str) -> Iterator[tuple[str, list[Fetched]]]:
    """A web server that answers GET and POST at any path with `content`: host and port, and what it was asked."""
    asked: list[Fetched] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Fetched(self.command, self.path, headers, body))
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{web.server_address[1]}", asked
        web.shutdown()
        thread.join()
