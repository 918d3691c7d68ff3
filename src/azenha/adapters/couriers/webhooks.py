"""Sends callbacks: one POST each, signed, to a checked address. Implements `Post` of usecases.ports.

No redirect is followed: whoever redirects gets nothing, and neither does the other address. What a receiver
answers is not read beyond its head.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpcore
import httpx

from azenha.adapters.couriers.signing import BadKeys, keys, signature
from azenha.adapters.http import PIECE, CheckedBackend, CheckedTransport, Resolve, SocketOption, resolve
from azenha.domain.addresses import AddressPolicy
from azenha.domain.callbacks import place
from azenha.usecases.ports import CallbackBody, Clock, Posted

_log = logging.getLogger("azenha.callbacks")


class Webhooks:
    """Several threads may use it: nothing is kept from one attempt to the next."""

    def __init__(
        self,
        policy: AddressPolicy,
        secret: Path,
        timeout: float,
        clock: Clock,
        resolve: Resolve = resolve,
    ) -> None:
        """`secret`: the file of signing keys; `timeout`: seconds of one whole attempt."""
        self._policy = policy
        self._secret = secret
        self._timeout = timeout
        self._clock = clock
        self._resolve = resolve

    def __call__(self, address: str, message: str, body: CallbackBody) -> Posted:
        self._policy.check_url(address)
        try:
            headers = [*body.headers, *self._signed(message, body.content)]
        except (BadKeys, OSError) as error:
            _log.error("callbacks cannot be signed: %s", error)
            return Posted(None, "not sent: the server's signing key cannot be used")
        where = place(address)
        try:
            with (
                self._client() as client,
                client.stream("POST", address, content=body.content, headers=headers) as answer,
            ):
                return Posted(answer.status_code, _told(answer.status_code), _wait(answer))
        except (httpcore.TimeoutException, httpx.TimeoutException):
            return Posted(
                None, f"no answer from {where} within {self._timeout:g} s (setting callbacks.timeout)"
            )
        except httpcore.ConnectError as error:
            return Posted(None, f"no connection to {where}: {error}")
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Posted(None, f"broken answer from {where}: {str(error) or type(error).__name__}")
        except httpx.InvalidURL:
            return Posted(None, "not sent: the address cannot be read")

    def _client(self) -> httpx.Client:
        checked = CheckedBackend(self._policy, self._resolve)
        return httpx.Client(
            transport=CheckedTransport(_Bounded(checked, time.monotonic() + self._timeout)),
            headers={"User-Agent": "azenha", "Accept": "*/*"},
            timeout=self._timeout,
            trust_env=False,
            follow_redirects=False,
        )

    def _signed(self, message: str, content: bytes) -> list[tuple[str, str]]:
        # Read each time: a key that the operator puts there holds at once.
        now = int(self._clock.now().timestamp())
        return [
            ("webhook-id", message),
            ("webhook-timestamp", str(now)),
            ("webhook-signature", signature(keys(self._secret), message, now, content)),
        ]


def _told(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _wait(answer: httpx.Response) -> float:
    """Retry-After (RFC 9110 §10.2.3) in seconds; a date there is passed over."""
    text = answer.headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


class _Bounded(httpcore.NetworkBackend):
    """Connections that end at a moment, however often a byte comes: waiting for each alone would never end."""

    def __init__(self, backend: CheckedBackend, until: float) -> None:
        self._backend = backend
        self._until = until

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(self._until, httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, left, local_address, socket_options)
        return _BoundedStream(stream, self._until)


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._until, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In pieces: the time limit of the socket holds for each that it takes, not for all of them.
        for at in range(0, len(buffer), PIECE):
            self._stream.write(buffer[at : at + PIECE], _left(self._until, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._until, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(until: float, late: type[httpcore.TimeoutException]) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise late
    return left
