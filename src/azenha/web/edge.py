"""What the application makes of a request before a dialect sees it, and of its own faults."""

from __future__ import annotations

import errno
import logging
import secrets
from collections.abc import Iterable
from typing import Final

from azenha.domain.errors import AppError, BadParameter, NoRoom, NoSuchPath
from azenha.protocols.http import Provider, Site
from azenha.settings import Server

log = logging.getLogger("azenha.web")

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


def internal(error: Exception, method: str, path: str) -> AppError:
    """A bug of ours, told by a number that finds it in the log, and by nothing else; or that the disk is full."""
    if (full := no_room(error)) is not None:
        log.error("no room on the disk: %s %r", method, path, exc_info=error)
        return full
    reference = secrets.token_hex(4)
    log.error("internal error, reference %s: %s %r", reference, method, path, exc_info=error)
    return AppError(f"internal error, reference {reference}")


def no_room(error: BaseException) -> NoRoom | None:
    """What is told of a disk, or a quota of it, that is full; None: it is something else."""
    return NoRoom() if isinstance(error, OSError) and error.errno in _FULL else None


def site_of(server: Server, base: str, root: str) -> Site:
    """What the settings say of the server, seen at `root`, of a dialect that is seen at `base`."""
    provider = Provider(server.provider, server.provider_url or "", server.contact or "", server.email or "")
    return Site(
        base,
        server.title,
        server.description,
        server.language,
        server.keywords,
        server.fees,
        server.constraints,
        provider,
        root,
    )


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def check(printable: bool, path: str, query: str) -> None:
    """Control characters name nothing, and NUL no value of ours: databases stumble over it.

    Raises:
        NoSuchPath, BadParameter
    """
    if not printable:
        raise NoSuchPath(path)
    if "%00" in query or "\0" in query:
        raise BadParameter("the query must not hold the character NUL (%00)", "%00")
