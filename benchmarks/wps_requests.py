"""Requests of WPS 1.0.0 and 2.0 for the benchmarks, small and large, and one way to send each."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bodies import PIECE
from benchmarks.load import END_OF_HEAD

ONE, TWO = "1.0.0", "2.0.0"
MARK = b"|"  # stands for the content of a large request
SPACES = {
    ONE: 'xmlns:wps="http://www.opengis.net/wps/1.0.0" xmlns:ows="http://www.opengis.net/ows/1.1"',
    TWO: 'xmlns:wps="http://www.opengis.net/wps/2.0" xmlns:ows="http://www.opengis.net/ows/2.0"',
}
GML_HEAD = b'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:p="urn:example:places">'
GML_TAIL = b"</gml:FeatureCollection>"
GML_MEMBER = (
    b'<gml:featureMember><p:place gml:id="p%06d"><p:name>Foz &amp; more</p:name><p:at>'
    b'<gml:Polygon srsName="EPSG:4326">'
    b"<gml:exterior><gml:LinearRing><gml:posList>41.10 -8.60 41.20 -8.60 41.20 -8.70 41.10 -8.70 41.10 -8.60"
    b"</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></p:at></p:place></gml:featureMember>\n"
)


def literal(version: str, name: str, text: object) -> str:
    """An input; `text` has nothing to be escaped."""
    element = "LiteralData" if version == ONE else "LiteralValue"
    return _input(version, name, f"<wps:{element}>{text}</wps:{element}>", "")


def marked(version: str, name: str, media_type: str, encoding: str = "") -> str:
    """A complex input that has MARK as its content."""
    attributes = f" mimeType='{media_type}'" + (f" encoding='{encoding}'" if encoding else "")
    content = MARK.decode()
    if version == TWO:
        return _input(version, name, content, attributes)
    return _input(version, name, f"<wps:ComplexData{attributes}>{content}</wps:ComplexData>", "")


def _input(version: str, name: str, data: str, attributes: str) -> str:
    if version == ONE:
        return f"<wps:Input><ows:Identifier>{name}</ows:Identifier><wps:Data>{data}</wps:Data></wps:Input>"
    return f"<wps:Input id='{name}'><wps:Data{attributes}>{data}</wps:Data></wps:Input>"


def execute(version: str, process: str, *inputs: str, background: bool = False) -> bytes:
    """An Execute that asks for the output `result` in a document."""
    identifier = f"<ows:Identifier>{process}</ows:Identifier>"
    if version == ONE:
        stored = "true" if background else "false"
        return (
            f"<wps:Execute {SPACES[ONE]} service='WPS' version='1.0.0'>{identifier}"
            f"<wps:DataInputs>{''.join(inputs)}</wps:DataInputs><wps:ResponseForm><wps:ResponseDocument "
            f"storeExecuteResponse='{stored}' status='{stored}'><wps:Output><ows:Identifier>result</ows:Identifier>"
            "</wps:Output></wps:ResponseDocument></wps:ResponseForm></wps:Execute>"
        ).encode()
    mode = "async" if background else "sync"
    return (
        f"<wps:Execute {SPACES[TWO]} service='WPS' version='2.0.0' response='document' mode='{mode}'>{identifier}"
        f"{''.join(inputs)}<wps:Output id='result' transmission='value'/></wps:Execute>"
    ).encode()


def posted(path: str, body: bytes) -> bytes:
    """The bytes of a POST of XML."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}"
    return head.encode() + END_OF_HEAD + body


def got(path: str) -> bytes:
    """The bytes of a GET of XML."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/xml".encode() + END_OF_HEAD


def echo(version: str, process: str) -> bytes:
    return posted("/wps", execute(version, process, literal(version, "text", "hello")))


def ask(port: int, method: str, path: str, body: bytes | None = None) -> bytes:
    """The body of one answer.

    Raises:
        RuntimeError: it was none of the 2xx family.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request(method, path, body, {"Content-Type": "text/xml"})
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    if answer.status // 100 != 2:
        raise RuntimeError(f"{path}: {answer.status} {data[:200]!r}")
    return data


@dataclass(frozen=True)
class Content:
    """What stands in a large request, without being in memory: `piece`, `count` times, between two ends.

    Attributes:
        told: what the process says of it; None where it is not known: XML may be written differently.
    """

    piece: bytes
    count: int
    begin: bytes = b""
    end: bytes = b""
    told: bytes | None = None

    @property
    def size(self) -> int:
        return len(self.begin) + self.count * len(self.piece) + len(self.end)


def packed(size: int) -> Content:
    piece = os.urandom(PIECE)
    coded = base64.b64encode(piece)
    count = size // len(coded)
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(piece)
    return Content(coded, count, told=f"{count * PIECE} {digest.hexdigest()}".encode())


def features(size: int) -> Content:
    piece = b"".join(GML_MEMBER % number for number in range(2000))
    return Content(piece, max(1, size // len(piece)), GML_HEAD, GML_TAIL)


def large(port: int, request: bytes, content: Content) -> float:
    """Seconds from the first byte sent to the last received.

    Args:
        request: with `MARK` where the content stands.

    Raises:
        RuntimeError: it did not succeed, or something else arrived than was sent.
    """
    head, tail = request.split(MARK)

    def body() -> Iterator[bytes]:
        yield head + content.begin
        for _ in range(content.count):
            yield content.piece
        yield content.end + tail

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    length = str(len(head) + content.size + len(tail))
    began = time.perf_counter()
    connection.request("POST", "/wps", body(), {"Content-Type": "text/xml", "Content-Length": length})
    answer = connection.getresponse()
    data = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    told = re.search(rb">(\d+) [0-9a-f]{64}<", data)
    if answer.status != 200 or told is None:
        raise RuntimeError(f"{answer.status}: {data[-300:]!r}")
    if content.told is not None and content.told not in data:
        raise RuntimeError("other bytes arrived than were sent")
    if content.told is None and not 0.99 < int(told[1]) / content.size < 1.01:
        raise RuntimeError(f"{int(told[1])} bytes arrived of {content.size}")
    return seconds
