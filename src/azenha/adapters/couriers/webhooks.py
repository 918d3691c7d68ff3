"""Sends callbacks: one POST each, signed, to a checked address. Implements `Post` of usecases.ports.

No redirect is followed: whoever redirects gets nothing, and neither does the other address. What a receiver
answers is not read beyond its head.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpcore
import httpx

from azenha.adapters.bounded import Bounded
from azenha.adapters.couriers.signing import BadKeys, keys, signature
from azenha.adapters.http import CheckedBackend, CheckedTransport, Resolve, resolve
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
        left = partial(_left, time.monotonic() + self._timeout)
        return httpx.Client(
            transport=CheckedTransport(Bounded(CheckedBackend(self._policy, self._resolve), left)),
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


def _left(until: float, late: type[httpcore.TimeoutException]) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise late
    return left
