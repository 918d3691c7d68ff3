"""The one outgoing HTTP client: under the address policy, bounded in size, patience and redirects.

A name is resolved here, **every** address it has is checked, and the connection is made to a checked address
itself: a name that resolves differently the second time gains nothing. TLS and `Host` keep the name.
Redirects are followed by hand, each one checked like the first. The environment (proxies …) does not count.
"""

from __future__ import annotations

import os
import socket
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from email.message import Message
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Final
from urllib.parse import unquote, urlsplit

import httpcore
import httpx

from azenha.adapters.sockets import WideSockets
from azenha.domain.addresses import Address, AddressPolicy, shown
from azenha.domain.errors import AppError, FetchFailed, TooLarge
from azenha.settings import LimitSettings
from azenha.usecases.ports import PLAINLY, Ask, Fetched

PIECE: Final = 256 * 1024
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_REQUEST: Final = frozenset({307, 308})  # RFC 9110 §15.4: of the others, what was posted is got

# What a client may not choose: headers of a single connection (RFC 9110 §7.6.1), the host, how long the body is,
# and in which coding the answer comes, which is undone here.
_NOT_SENT: Final = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "http2-settings", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    }
)  # fmt: skip

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
Progress = Callable[[int, int | None], None]
Resolve = Callable[[str, int], list[Address]]


def resolve(host: str, port: int) -> list[Address]:
    """Every address of `host`, in the order in which to try them.

    Raises:
        OSError: there is none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(sockaddr[0])) for *_, sockaddr in found))


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
            raise httpcore.ConnectError(f"the name '{host}' is not known ({error})") from None
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


class Fetcher:
    """Fetches what references name. Implements `Fetch` of usecases.ports; not for several threads at once."""

    def __init__(self, policy: AddressPolicy, limits: LimitSettings, resolve: Resolve = resolve) -> None:
        self._policy = policy
        self._limits = limits
        timeout = httpx.Timeout(limits.silence, connect=limits.connect)
        # Compression is undone here and not by httpx, which would unfold a piece to any size in memory.
        self._client = httpx.Client(
            transport=CheckedTransport(CheckedBackend(policy, resolve)),
            headers={"Accept": "*/*", "Accept-Encoding": "gzip", "User-Agent": "azenha"},
            timeout=timeout,
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def __call__(
        self,
        url: str,
        target: Path,
        *,
        limit: int | None = None,
        on_progress: Progress | None = None,
        ask: Ask = PLAINLY,
    ) -> Fetched:
        """See `usecases.ports.Fetch`. The messages tell of a redirect where it led to the failure."""
        bound = self._limits.fetched if limit is None else min(limit, self._limits.fetched)
        named = "setting limits.fetched" if bound == self._limits.fetched else "the limit of this input"
        with self._following(url, ask) as answer:
            where = _named(answer)
            total = _content_length(answer)
            encoding = answer.headers.get("content-encoding", "identity").strip().lower()
            too_large = TooLarge(f"more than {bound} bytes from {where} ({named})")
            if encoding in ("", "identity") and total is not None and total > bound:
                raise too_large
            size = 0
            try:
                with target.open("wb") as file:
                    for piece in unfolded(self._received(answer, on_progress, total), encoding, where):
                        size += len(piece)
                        if size > bound:
                            raise too_large
                        file.write(piece)
            except BaseException:
                target.unlink(missing_ok=True)
                raise
            return Fetched(size, answer.headers.get("content-type"), _file_name(answer, url))

    @contextmanager
    def _following(self, url: str, ask: Ask) -> Iterator[httpx.Response]:
        """The answer with status 200 at the end of all redirects, body not yet read; failures translated."""
        at, via = url, ""
        for _ in range(self._limits.redirects + 1):
            with self._translated(at, via), self._asked(at, ask) as answer:
                target = answer.headers.get("location")
                if answer.status_code not in REDIRECTS or target is None:
                    if answer.status_code != HTTPStatus.OK:
                        raise FetchFailed(f"{_status(answer)} from {_named(answer)}{via}")
                    yield answer
                    return
                ask = _redirected(ask, answer.status_code)
                # httpx.URL.join resolves as RFC 3986 says; what it makes of it is checked like any address.
                following = self._parsed(at).join(self._parsed(target))
                if _origin(following) != _origin(self._parsed(url)):
                    ask = replace(
                        ask, headers=()
                    )  # they may hold a secret of the host that they were meant for
                at, via = str(following), f" (redirected from {shown(url)})"
        raise FetchFailed(
            f"more than {self._limits.redirects} redirects (setting limits.redirects), "
            f"the first from {shown(url)}"
        )

    @contextmanager
    def _asked(self, url: str, ask: Ask) -> Iterator[httpx.Response]:
        self._policy.check_url(url)
        with ExitStack() as stack:
            body = stack.enter_context(ask.body.open("rb")) if ask.body else None
            headers = _headers(ask, None if body is None else os.fstat(body.fileno()).st_size)
            content = None if body is None else iter(lambda: body.read(PIECE), b"")
            yield stack.enter_context(
                self._client.stream(ask.method, self._parsed(url), headers=headers, content=content)
            )

    def _parsed(self, url: str) -> httpx.URL:
        try:
            return httpx.URL(url)
        except httpx.InvalidURL as error:
            raise FetchFailed(f"'{shown(url)}' is no address ({error})") from None

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
            seconds = f"{self._limits.connect:g} s (setting limits.connect)"
            raise FetchFailed(f"no connection within {seconds} to {where}") from None
        except (httpcore.ReadTimeout, httpcore.WriteTimeout):
            seconds = f"{self._limits.silence:g} s (setting limits.silence)"
            raise FetchFailed(f"not a byte for {seconds} from {where}") from None
        except httpcore.ConnectError as error:
            raise FetchFailed(f"no connection to {where}: {error}") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            raise FetchFailed(f"broken answer from {where}: {str(error) or type(error).__name__}") from None
        except httpx.HTTPError as error:
            raise FetchFailed(f"no usable answer from {where}: {error}") from None

    def _received(
        self, answer: httpx.Response, on_progress: Progress | None, total: int | None
    ) -> Iterator[bytes]:
        received = 0
        for piece in answer.iter_raw(PIECE):
            received += len(piece)
            yield piece
            if on_progress:
                on_progress(received, total)


def unfolded(pieces: Iterator[bytes], encoding: str, where: str) -> Iterator[bytes]:
    """Undo Content-Encoding, never more than `PIECE` bytes at once: a small answer may unfold without end."""
    if encoding in ("", "identity"):
        yield from pieces
        return
    if encoding not in ("gzip", "x-gzip"):
        raise FetchFailed(f"Content-Encoding '{shown(encoding)}', which was not asked for, from {where}")
    unfold = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            rest, more = piece, True
            while more:
                unfolded = unfold.decompress(rest, PIECE)
                yield unfolded
                if unfold.eof:
                    # RFC 1952 §2.2: there may be several members, one after the other.
                    rest = unfold.unused_data
                    more = bool(rest)
                    unfold = zlib.decompressobj(wbits=31) if more else unfold
                else:
                    rest = unfold.unconsumed_tail
                    more = bool(rest) or len(unfolded) == PIECE
        complete = unfold.eof
    except zlib.error as error:
        raise FetchFailed(f"broken gzip from {where}: {error}") from None
    if not complete:
        raise FetchFailed(f"broken gzip from {where}: it ends too early")


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


def _named(answer: httpx.Response) -> str:
    return shown(str(answer.url))


def _status(answer: httpx.Response) -> str:
    try:
        return f"{answer.status_code} {HTTPStatus(answer.status_code).phrase}"
    except ValueError:
        return str(answer.status_code)


def _content_length(answer: httpx.Response) -> int | None:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _file_name(answer: httpx.Response, asked: str) -> str:
    """Content-Disposition's name (RFC 6266), else the last part of the path asked for, else of the last."""
    disposition = Message()
    disposition["Content-Disposition"] = answer.headers.get("content-disposition", "")
    paths = (urlsplit(asked).path, answer.url.path)
    return disposition.get_filename() or next((name for p in paths if (name := _last(p))), "")


def _last(path: str) -> str:
    return unquote(path.rsplit("/", 1)[-1])
