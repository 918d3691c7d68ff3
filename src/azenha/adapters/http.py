"""The one outgoing HTTP client: under the address policy, bounded in patience and redirects.

A name is resolved here, **every** address it has is checked, and the connection is made to a checked address
itself: a name that resolves differently the second time gains nothing. TLS and `Host` keep the name.
Redirects are followed by hand, each one checked like the first. The environment (proxies …) does not count. What
becomes of an answer, and whether it is asked for again, is seen to in `references`.
"""

from __future__ import annotations

import hashlib
import math
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

import httpcore
import httpx

from azenha.adapters.bounded import Bounded
from azenha.adapters.sockets import SocketOption, WideSockets
from azenha.domain.addresses import Address, AddressPolicy, shown
from azenha.domain.errors import AppError, FetchFailed
from azenha.settings import LimitSettings
from azenha.usecases.ports import Ask

PIECE: Final = 256 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
PASSING: Final = frozenset({429, 502, 503, 504})  # what may be better later
_SAME_REQUEST: Final = frozenset({307, 308})  # RFC 9110 §15.4: of the others, what was posted is got

# What a client may not choose: headers of a single connection (RFC 9110 §7.6.1), the host, how long the body is,
# and in which coding the answer comes, which is undone in `references`.
_NOT_SENT: Final = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    }
)  # fmt: skip

# What says nothing about who asks: it goes along to another host, where a redirection leads there. Most lead from
# http to https, and what comes there without it may be another form of the data.
_FOR_ALL: Final = frozenset({"accept", "accept-language", "content-type"})

Headers = tuple[tuple[str, str], ...]
Resolve = Callable[[str, int], list[Address]]


def resolve(host: str, port: int) -> list[Address]:
    """Every address of `host`, in the order in which to try them.

    Raises:
        OSError: there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(sockaddr[0])) for *_, sockaddr in found))


class UnknownName(httpcore.ConnectError):
    """A name that has no address, and will have none in a moment either."""


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, policy: AddressPolicy, resolve: Resolve = resolve) -> None:
        self._policy = policy
        self._resolve = resolve
        self._sockets = WideSockets()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises ForbiddenAddress if any address of `host` is outside the policy, not only if all are."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError, ValueError) as error:
            passing = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            kind = httpcore.ConnectError if passing else UnknownName
            raise kind(f"the name '{host}' is not known ({error})") from None
        for address in addresses:
            self._policy.check_address(host, address, port)
        failure: Exception = httpcore.ConnectError(f"the name '{host}' has no address")
        for address in addresses:
            left = None if deadline is None else max(0.001, deadline - time.monotonic())
            try:
                return self._sockets.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes], close: Callable[[], None]) -> None:
        self._stream, self._close = stream, close

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        self._close()


class CheckedTransport(httpx.BaseTransport):
    """httpx over a connection pool whose connections are made by `CheckedBackend`."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(network_backend=backend, max_keepalive_connections=4)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, Iterable)
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream, answer.close),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self._pool.close()


class Passing(Exception):
    """A failure that may pass: the same request may succeed later.

    Attributes:
        sent: the other server may have had the request.
        wait: seconds for which it asks to be left alone (Retry-After); None if it does not say.
    """

    def __init__(self, said: str, *, sent: bool, wait: float | None = None) -> None:
        super().__init__(said)
        self.sent = sent
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Own:
    """Headers of ours that are meant for one address alone, and what it may answer to them besides 200.

    A validator is of one address: elsewhere the same text may name other content.

    Attributes:
        at: of that address, what `address_digest` makes of it.
    """

    at: str
    headers: Headers
    answers: frozenset[int]

    def meant_for(self, url: httpx.URL) -> bool:
        return self.at == address_digest(url)


def address_digest(url: httpx.URL) -> str:
    """What an address can be compared by: it may hold a secret, which is not to be kept."""
    return hashlib.sha256(str(url).encode()).hexdigest()


class Asking:
    """One request and the redirects that it leads to, under the policy; not for several threads at once."""

    def __init__(self, policy: AddressPolicy, limits: LimitSettings, resolve: Resolve = resolve) -> None:
        self._policy = policy
        self._limits = limits
        self._left: Callable[[], float] = lambda: math.inf  # of what is asked for now
        backend = Bounded(CheckedBackend(policy, resolve), lambda _: self._left())
        timeout = httpx.Timeout(limits.silence, connect=limits.connect)
        # Compression is undone elsewhere and not by httpx, which would unfold a piece to any size in memory.
        self._client = httpx.Client(
            transport=CheckedTransport(backend),
            headers={"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "azenha"},
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def answer(
        self, url: str, ask: Ask, left: Callable[[], float], own: Own | None = None
    ) -> Iterator[httpx.Response]:
        """The answer at the end of all redirects, body not yet read: 200, or one that `own` allows.

        Failures, also those that come while the body is read, are translated.

        Args:
            left: seconds for all of it, the body too, more than 0; raises FetchFailed where there are none.
        Raises:
            Passing, FetchFailed, ForbiddenAddress
        """
        self._left = left
        at, via = url, ""
        for _ in range(self._limits.redirects + 1):
            with self._translated(at, via), self._asked(at, ask, own) as answer:
                target = answer.headers.get("location")
                if answer.status_code not in REDIRECTS or target is None:
                    self._check(answer, own, via)
                    yield answer
                    return
                ask = _redirected(ask, answer.status_code)
                # httpx.URL.join resolves as RFC 3986 says; what it makes of it is checked like any address.
                following = _parsed(at).join(_parsed(target))
                if _origin(following) != _origin(_parsed(url)):
                    # The others may hold a secret of the host that they were meant for.
                    ask = replace(ask, headers=tuple(h for h in ask.headers if h[0].lower() in _FOR_ALL))
                at, via = str(following), f" (redirected from {shown(url)})"
        raise FetchFailed(
            f"more than {self._limits.redirects} redirects (setting limits.redirects), "
            f"the first from {shown(url)}"
        )

    def _check(self, answer: httpx.Response, own: Own | None, via: str) -> None:
        status = answer.status_code
        if status == HTTPStatus.OK or (
            own is not None and own.meant_for(answer.url) and status in own.answers
        ):
            return
        said = f"{_status(answer)} from {named(answer)}{via}"
        if status in PASSING:
            raise Passing(said, sent=True, wait=_retry_after(answer))
        raise FetchFailed(said)

    @contextmanager
    def _asked(self, url: str, ask: Ask, own: Own | None) -> Iterator[httpx.Response]:
        self._policy.check_url(url)
        parsed = _parsed(url)
        with ExitStack() as stack:
            body = stack.enter_context(ask.body.open("rb")) if ask.body else None
            headers = _headers(ask, None if body is None else os.fstat(body.fileno()).st_size)
            if own is not None and own.meant_for(parsed):
                headers += own.headers
            content = None if body is None else iter(lambda: body.read(PIECE), b"")
            yield stack.enter_context(
                self._client.stream(ask.method, parsed, headers=headers, content=content)
            )

    @contextmanager
    def _translated(self, url: str, via: str) -> Iterator[None]:
        where = f"{shown(url)}{via}"
        try:
            yield
        except AppError as error:
            if via and via not in str(error) and not isinstance(error, FetchFailed):
                raise type(error)(f"{error}{via}") from None
            raise
        except httpcore.ConnectTimeout:
            self._left()
            seconds = f"{self._limits.connect:g} s (setting limits.connect)"
            raise Passing(f"no connection within {seconds} to {where}", sent=bool(via)) from None
        except (httpcore.ReadTimeout, httpcore.WriteTimeout):
            self._left()
            seconds = f"{self._limits.silence:g} s (setting limits.silence)"
            raise Passing(f"not a byte for {seconds} from {where}", sent=True) from None
        except httpcore.ConnectError as error:
            said = f"no connection to {where}: {error}"
            if isinstance(error, UnknownName) or isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise FetchFailed(said) from None
            raise Passing(said, sent=bool(via)) from None
        except (httpcore.NetworkError, httpcore.RemoteProtocolError, httpcore.TimeoutException) as error:
            said = f"broken answer from {where}: {str(error) or type(error).__name__}"
            raise Passing(said, sent=True) from None
        except (httpcore.ProtocolError, httpx.HTTPError) as error:
            raise FetchFailed(f"no usable answer from {where}: {error}") from None


def _parsed(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise FetchFailed(f"'{shown(url)}' is no address ({error})") from None


def _headers(ask: Ask, length: int | None) -> list[tuple[str, str]]:
    named = {
        word.strip().lower()
        for name, value in ask.headers
        if name.lower() == "connection"
        for word in value.split(",")
    }
    sent = [(name, value) for name, value in ask.headers if name.lower() not in _NOT_SENT | named]
    if length is not None:
        sent.append(("Content-Length", str(length)))
        if all(name.lower() != "content-type" for name, _ in sent):
            sent.append(("Content-Type", "text/xml"))
    return sent


def _redirected(ask: Ask, status: int) -> Ask:
    return ask if status in _SAME_REQUEST else replace(ask, method="GET", body=None)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def named(answer: httpx.Response) -> str:
    return shown(str(answer.url))


def _status(answer: httpx.Response) -> str:
    try:
        return f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"
    except ValueError:
        return str(answer.status_code)


def _retry_after(answer: httpx.Response) -> float | None:
    """Seconds, from a number or a date (RFC 9110 §10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = http_date(text)
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


def http_date(text: str) -> datetime | None:
    """A date of a header (RFC 9110 §5.6.7); None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
