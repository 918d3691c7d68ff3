"""HTTP/1.1 for uvicorn, with a bound on a request's head: httptools itself takes headers of any length."""

from __future__ import annotations

from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST: Final = 64 * 1024  # bytes; what comes in one piece from the socket may be up to four times as long
REFUSAL: Final = b"the request's head is longer than 64 KiB\n"


class BoundedHead(HttpToolsProtocol):
    """Answers 431 (RFC 6585 §5) and closes the connection when a head does not end."""

    _reading_head = True
    _received = 0

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._reading_head = True
        self._received = 0

    def on_headers_complete(self) -> None:
        self._reading_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._reading_head:
            self._received += len(data)
            if self._received > LONGEST and not self.transport.is_closing():
                self.transport.write(
                    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
                    b"content-type: text/plain; charset=utf-8\r\n"
                    b"content-length: %d\r\n\r\n%s" % (len(REFUSAL), REFUSAL)
                )
                self.transport.close()
