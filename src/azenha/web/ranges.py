"""Conditional requests and ranges (RFC 9110 §13, §14) of any reply that says what it is.

A pure function of a reply and the request's headers, whatever the dialect: a reply takes part in conditions by
its ETag or Last-Modified, and in ranges by `Accept-Ranges: bytes`. Holds no data: a range is cut out of the
reply's pieces, files included, without reading them.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from azenha.domain.errors import AppError, PreconditionFailed, RangeNotSatisfiable
from azenha.protocols.http import Encoding, FileSlice, HttpReply

RANGES: Final = 32  # more of them in one request are not worth their overhead: the whole is sent

_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_SPEC: Final = re.compile(r"([0-9]{0,18})-([0-9]{0,18})")
# RFC 9110 §15.4.5: what a 304 repeats, beside what tells how long the resource is there.
_KEPT: Final = frozenset({"etag", "vary", "cache-control", "content-location", "expires", "sunset"})

Piece = bytes | FileSlice
Refuse = Callable[[AppError], HttpReply]
Span = tuple[int, int]  # from the first byte to the one after the last


def conditional(reply: HttpReply, method: str, headers: Mapping[str, str], refuse: Refuse) -> HttpReply:
    """The reply, or what the request's conditions and ranges make of it: 206, 304, 412, 416.

    Args:
        headers: of the request, names in lower case.
        refuse: tells an error in the words of the dialect.
    """
    if reply.status != 200 or method not in ("GET", "HEAD"):
        return reply
    told = {name.lower(): value for name, value in reply.headers}
    if "etag" not in told and "last-modified" not in told:
        return reply
    refused = _precondition(told, headers)
    if refused == 304:
        return HttpReply(304, tuple(h for h in reply.headers if h[0].lower() in _KEPT))
    if refused is not None:
        return _refused(refuse(PreconditionFailed()), told)
    # RFC 9110 §14.2: ranges are defined for GET alone.
    if method == "GET" and "range" in headers and told.get("accept-ranges") == "bytes":
        if "if-range" in headers and not _is_same(headers["if-range"], told):
            return reply
        return _ranged(reply, told, headers["range"], refuse)
    return reply


def _refused(fault: HttpReply, told: Mapping[str, str], *more: tuple[str, str]) -> HttpReply:
    kept = (("ETag", told["etag"]),) if "etag" in told else ()
    return replace(fault, headers=(*fault.headers, *kept, *more))


# -- conditions -----------------------------------------------------------------------------------


def _precondition(told: Mapping[str, str], headers: Mapping[str, str]) -> int | None:
    """Status of a request whose conditions do not hold, None if they do; order as in RFC 9110 §13.2.2."""
    if "if-match" in headers:
        if not _names(headers["if-match"], told.get("etag"), strong=True):
            return 412
    elif "if-unmodified-since" in headers and _is_later(told, headers["if-unmodified-since"]) is True:
        return 412
    if "if-none-match" in headers:
        if _names(headers["if-none-match"], told.get("etag"), strong=False):
            return 304
    elif "if-modified-since" in headers and _is_later(told, headers["if-modified-since"]) is False:
        return 304
    return None


def _names(given: str, etag: str | None, *, strong: bool) -> bool:
    """Whether a list of entity tags, or `*`, names `etag` (RFC 9110 §8.8.3.2)."""
    if given.strip() == "*":
        return True
    own = _TAG.fullmatch(etag or "")
    if own is None or (strong and own[1]):
        return False
    return any(tag == own[2] and not (strong and weak) for weak, tag in _TAG.findall(given))


def _is_later(told: Mapping[str, str], date: str) -> bool | None:
    """Whether the reply was modified after `date`; None if either is not known: no condition then."""
    given, own = _date(date), _date(told.get("last-modified", ""))
    return None if given is None or own is None else own > given


def _is_same(validator: str, told: Mapping[str, str]) -> bool:
    """If-Range: a strong entity tag, or the very date of the last change (RFC 9110 §13.1.5)."""
    if '"' in validator:
        return _TAG.fullmatch(validator.strip()) is not None and _names(
            validator, told.get("etag"), strong=True
        )
    given = _date(validator)
    return given is not None and given == _date(told.get("last-modified", ""))


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


# -- ranges ---------------------------------------------------------------------------------------


def _ranged(reply: HttpReply, told: Mapping[str, str], header: str, refuse: Refuse) -> HttpReply:
    if any(isinstance(piece, FileSlice) and piece.encoding is not Encoding.NONE for piece in reply.body):
        return reply  # what is made while it is sent has no places to begin at
    assert reply.length is not None
    spans = _spans(header, reply.length)
    if spans is None or not all(isinstance(piece, Piece) for piece in reply.body):
        return reply
    if not spans:
        return _refused(
            refuse(RangeNotSatisfiable(header, reply.length)),
            told,
            ("Content-Range", f"bytes */{reply.length}"),
            ("Accept-Ranges", "bytes"),
        )
    if len(spans) == 1:
        start, end = spans[0]
        place = ("Content-Range", f"bytes {start}-{end - 1}/{reply.length}")
        return HttpReply(206, (*reply.headers, place), cut(reply.body, start, end))
    return _multipart(reply, told, spans)


def _spans(header: str, length: int) -> list[Span] | None:
    """The ranges that can be satisfied; None where the header is none that we know: it is passed over.

    Ranges that overlap become one, so that nothing is sent twice; else their order is the client's.
    """
    unit, _, listed = header.partition("=")
    specs = [s.strip() for s in listed.split(",") if s.strip()]
    if unit.strip().lower() != "bytes" or not specs or len(specs) > RANGES:
        return None
    spans: list[Span] = []
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None or spec == "-":
            return None
        first, last = match.groups()
        if first and last and int(last) < int(first):
            return None
        start = int(first) if first else max(length - int(last), 0)
        end = min(int(last) + 1, length) if first and last else length
        if start < end:
            spans.append((start, end))
    return _merged(spans)


def _merged(spans: Sequence[Span]) -> list[Span]:
    ordered = sorted(spans)
    if all(a[1] <= b[0] for a, b in itertools.pairwise(ordered)):
        return list(spans)
    found = [ordered[0]]
    for start, end in ordered[1:]:
        if start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def cut(body: Sequence[Piece], start: int, end: int) -> tuple[Piece, ...]:
    """Bytes `start` to `end` (exclusive) of a reply's pieces."""
    found: list[Piece] = []
    at = 0
    for piece in body:
        size = len(piece) if isinstance(piece, bytes) else piece.end - piece.start
        low, high = max(start - at, 0), min(end - at, size)
        if low < high:
            if isinstance(piece, bytes):
                found.append(piece[low:high])
            else:
                found.append(FileSlice(piece.path, piece.start + low, piece.start + high))
        at += size
    return tuple(found)


def _multipart(reply: HttpReply, told: Mapping[str, str], spans: Sequence[Span]) -> HttpReply:
    """multipart/byteranges (RFC 9110 §14.6)."""
    seed = f"{told.get('etag')} {told.get('last-modified')} {spans}"
    boundary = f"azenha-{hashlib.sha256(seed.encode()).hexdigest()[:32]}"
    kind = told.get("content-type", "application/octet-stream")
    body: list[Piece] = []
    for start, end in spans:
        place = f"Content-Type: {kind}\r\nContent-Range: bytes {start}-{end - 1}/{reply.length}\r\n\r\n"
        body += [
            f"--{boundary}\r\n{place}".encode("latin-1", "replace"),
            *cut(reply.body, start, end),
            b"\r\n",
        ]
    body.append(f"--{boundary}--\r\n".encode())
    headers = [h for h in reply.headers if h[0].lower() != "content-type"]
    return HttpReply(
        206, (("Content-Type", f"multipart/byteranges; boundary={boundary}"), *headers), tuple(body)
    )
