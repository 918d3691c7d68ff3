"""Connections whose time is bounded in all, however often a byte comes: waiting for each alone would never end."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from azenha.adapters.sockets import PIECE, SocketOption

# Seconds that are left, more than 0; raises where there are none: the timeout that it is given, or what it likes.
Left = Callable[[type[httpcore.TimeoutException]], float]


class Bounded(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend, left: Left) -> None:
        """`left`: asked before each thing that may take time, also of connections that were kept."""
        self._backend = backend
        self._left = left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _least(timeout, self._left(httpcore.ConnectTimeout))
        stream = self._backend.connect_tcp(host, port, seconds, local_address, socket_options)
        return _BoundedStream(stream, self._left)


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, left: Left) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _least(timeout, self._left(httpcore.ReadTimeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: the time limit of the socket holds for each that it takes, not for all of them.
        for at in range(0, len(buffer), PIECE):
            seconds = _least(timeout, self._left(httpcore.WriteTimeout))
            self._stream.write(buffer[at : at + PIECE], seconds)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        seconds = _least(timeout, self._left(httpcore.ConnectTimeout))
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _least(timeout: float | None, left: float) -> float:
    return left if timeout is None else min(timeout, left)
