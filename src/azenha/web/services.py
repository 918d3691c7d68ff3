"""Answers of a publisher on their way to the client: piece by piece, and ended when nobody reads them any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from azenha.domain.messages import ServiceFound
from azenha.protocols.http import HttpRequest, Site
from azenha.protocols.services.addresses import address
from azenha.protocols.validators import http_date
from azenha.usecases.ports import ServiceAnswer, ServiceRequest
from azenha.web.send import Send, raw_headers
from azenha.web.spool import Disconnected, Receive, until_gone

T = TypeVar("T")

# What is served was made of somebody's data, and comes from the same origin as everything else here.
_SAFE: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    ("Cache-Control", "private, no-cache"),
)


@dataclass(frozen=True, slots=True)
class Streamed:
    """A reply whose body is made while it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: AsyncIterator[bytes]


def asked(found: ServiceFound, request: HttpRequest, site: Site) -> ServiceRequest:
    return ServiceRequest(
        request.method,
        found.path,
        request.query,
        request.headers,
        bytes(request.body),
        address(site, found.job.id, found.output.id),
    )


def streamed(answer: ServiceAnswer, found: ServiceFound) -> Streamed:
    headers = (*answer.headers, *_SAFE)
    if found.job.expires is not None:
        headers += (("Sunset", http_date(found.job.expires)),)
    return Streamed(answer.status, headers, answer.content)


async def unless_gone(work: Awaitable[T], receive: Receive) -> T:
    """What the work gives; it is cancelled when the client goes away.

    Raises:
        Disconnected
    """
    gone, done = asyncio.ensure_future(until_gone(receive)), asyncio.ensure_future(work)
    try:
        await asyncio.wait((gone, done), return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            return done.result()
        raise Disconnected
    finally:
        gone.cancel()
        if not done.done():
            done.cancel()
            with suppress(asyncio.CancelledError):
                await done


async def send_streamed(
    send: Send, receive: Receive, reply: Streamed, more_headers: tuple[tuple[str, str], ...], head: bool
) -> None:
    """Send it. What makes the content is ended, whatever happens.

    Raises:
        Disconnected
        ServiceFailed: after the status was sent; the server then breaks the connection off.
    """
    content: Any = reply.content
    gone = asyncio.ensure_future(until_gone(receive))
    try:
        headers = raw_headers((*reply.headers, *more_headers))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        while not head:
            piece = asyncio.ensure_future(anext(content, None))
            await asyncio.wait((gone, piece), return_when=asyncio.FIRST_COMPLETED)
            if not piece.done():
                piece.cancel()
                with suppress(asyncio.CancelledError):
                    await piece
                raise Disconnected
            if (data := piece.result()) is None:
                break
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        await content.aclose()
