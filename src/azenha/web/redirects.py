"""Files of a blob store that clients fetch from there themselves, where the setting says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from azenha.domain.blob_path import BlobPath
from azenha.protocols.http import Encoding, FileSlice, HttpReply


def to_store(reply: HttpReply, method: str, seconds: float) -> HttpReply | None:
    """A redirection to the store's own link, if the reply is one file as it is and the store has links.

    The link works for so many seconds, and no longer than the result is kept. It is signed for GET alone.
    """
    if method != "GET" or reply.status != 200 or len(reply.body) != 1:
        return None
    (part,) = reply.body
    if not isinstance(part, FileSlice) or part.encoding is not Encoding.NONE:
        return None
    if not isinstance(part.path, BlobPath):
        return None
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    told = dict(reply.headers)
    if "Sunset" in told:
        until = min(until, parsedate_to_datetime(told["Sunset"]))
    address = part.path.link(until)
    if address is None:
        return None
    kept = tuple((name, told[name]) for name in ("ETag", "Repr-Digest", "Sunset") if name in told)
    return HttpReply(307, (("Location", address), ("Cache-Control", "private, no-store"), *kept))
