"""HTTP/1.1 for uvicorn, stricter with what is no request: bounded heads, bounded waiting, any method.

httptools takes heads of any length, and of the methods those alone that it knows. uvicorn refuses what cannot be
read in the middle of whatever it is sending, and waits for ever for the rest of a request.
"""

from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from azenha.web.joined import Joined

LONGEST: Final = 64 * 1024  # bytes of a request line and its headers; what does not end is cut off as soon
LONGEST_METHOD: Final = 64
LINGER: Final = 2.0  # seconds between a refusal and the end of the connection, if the client does not end it
SILENCE: Final = 60.0  # seconds that a head may take in all, and a body may be silent
READ: Final = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
VERSIONS: Final = ("1.1", "1.0")
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2


class _Stop(Exception):
    """Stops the parser; `_why` tells the client."""


class Head(HttpToolsProtocol):
    """What cannot be read is refused as RFC 9457 says, after everything before it was answered; then it hangs up.

    Methods that httptools does not know reach the application as they are.
    """

    silence = SILENCE

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._between = True  # messages; else within one
        self._in_head = False
        self._size = 0  # of the head so far, as the parser has told
        self._received = 0  # with what it has not told yet
        self._begun = b""  # of a method that has not ended
        self._method = b""  # that the parser does not know
        self._since = 0.0  # the loop's time when the head began, or something of a body came
        self._why = HTTPStatus.BAD_REQUEST, "these bytes are no HTTP/1.1 request that can be read"
        self._refused = False
        self._watch: asyncio.TimerHandle | None = None

    # -- what uvicorn is told by the loop ------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Joined(transport, self.loop))  # type: ignore[arg-type]
        self._since = self.loop.time()
        self._watch = self.loop.call_later(self.silence, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing() or self._refused:
            return
        if self._between:
            if not self._begun:
                self._since = self.loop.time()
            data = self._started(self._begun + data)
            if not data:
                return
        elif not self._in_head:
            self._since = self.loop.time()
        super().data_received(data)
        if self._in_head:
            self._received += len(data)
            if self._received > LONGEST and not self._refused:
                self._refuse(*self._too_long())

    def _started(self, data: bytes) -> bytes:
        """What the parser shall see of a message's first bytes; nothing as long as the method has not ended.

        It gets POST for a method that it does not know: how a body is framed depends on the headers alone.
        """
        data = data.lstrip(b"\r\n")  # RFC 9112 §2.2
        end = data.find(b" ", 0, LONGEST_METHOD + 1)
        method = data if end < 0 else data[:end]
        self._begun = self._method = b""
        if method in READ and end > 0:
            return data
        if not _TOKEN.fullmatch(method) or len(method) > LONGEST_METHOD:
            return data  # no request: the parser says so
        if end < 0:
            self._begun = data
            return b""
        self._method = method
        return b"POST" + data[end:]

    def _look(self) -> None:
        """Every now and then: is the rest of a request waited for in vain?"""
        if self.transport.is_closing() or self._refused:
            return
        left = self._since + self.silence - self.loop.time()
        waiting = not self._between or self._begun or self.cycle is None
        # Where nothing is read because the application has not taken it yet, or it waits behind what is being
        # answered, the client is not to blame.
        if waiting and left <= 0 and not self.flow.read_paused and not self.pipeline:
            if self._between and not self._begun:
                self.transport.close()  # nothing ever came
            else:
                self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"the rest of it did not come in {self.silence:g} s")
            return
        self._watch = self.loop.call_later(left if left > 0 else self.silence, self._look)

    # -- what uvicorn is told by the parser ----------------------------------------------------------

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._between = False
        self._in_head = True
        self._size = self._received = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._grown(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._grown(len(name) + len(value))

    def _grown(self, by: int) -> None:
        self._size += by
        if self._size > LONGEST:
            self._why = self._too_long()
            raise _Stop

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        if version not in VERSIONS:
            self._why = (
                HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
                f"HTTP/{version} is not spoken here; HTTP/1.1 is",
            )
            raise _Stop
        self._in_head = False
        super().on_headers_complete()
        if self._method:
            self.scope["method"] = self._method.decode("ascii")
            self._method = b""

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._between = True

    def on_response_complete(self) -> None:
        if self.pipeline:
            self._since = self.loop.time()  # it is the next one's turn
        super().on_response_complete()

    # -- refusals ------------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls where the parser gives up."""
        self._refuse(*self._why)

    def _too_long(self) -> tuple[HTTPStatus, str]:
        of_address = len(self.url) > LONGEST // 2
        status = HTTPStatus.REQUEST_URI_TOO_LONG if of_address else HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        return status, f"request line and headers may have {LONGEST} bytes"

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer, if the client can know what is answered, and hang up."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                # That request came whole; what is wrong came after it. It is answered, and is the last.
                cycle.keep_alive = False
                return
            if cycle.response_started or self.pipeline:
                self.transport.close()  # a refusal would stand within another answer, or be taken for one
                return
            cycle.disconnected = True  # the application gets no more, and what it says is not sent
            cycle.message_event.set()
        problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
        body = json.dumps(problem).encode()
        self.transport.write(
            b"HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-type: application/problem+json\r\n"
            b"content-length: %d\r\n\r\n%s" % (status.value, status.phrase.encode(), len(body), body)
        )
        # Whoever is still sending would lose the answer if the connection were closed at once (RFC 9112 §9.6).
        self._refused = True
        self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)
