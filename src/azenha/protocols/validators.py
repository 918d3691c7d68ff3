"""What a reply with stored results says of itself, so that it can be kept, asked for again, and cut (RFC 9110 §8).

The results of a job never change, so the tag of an answer is strong: it stands for the job and for what is
answered. `Sunset` (RFC 8594) tells when they will be gone. Conditions and ranges are the web tier's.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime

from azenha.domain.job import Job
from azenha.protocols.http import HttpReply


def validated(reply: HttpReply, job: Job, *, vary: str = "") -> HttpReply:
    """The same reply, with its validators; one without content has none.

    Args:
        vary: names of the request's headers that it depends on.
    """
    if reply.status != 200:
        return reply
    headers = [*reply.headers, ("ETag", f'"{_tag(reply, job)}"')]
    if job.finished is not None:
        headers.append(("Last-Modified", http_date(job.finished)))
    headers += [
        ("Accept-Ranges", "bytes"),
        # A removed job is gone at once: whoever keeps a copy asks whether it still holds.
        ("Cache-Control", "private, no-cache"),
        *([("Vary", vary)] if vary else []),
    ]
    if job.expires is not None:
        headers.append(("Sunset", http_date(job.expires)))
    return HttpReply(reply.status, tuple(headers), reply.body)


def _tag(reply: HttpReply, job: Job) -> str:
    digest = hashlib.sha256(f"{job.id} {job.attempt} {dict(reply.headers).get('Content-Type')}".encode())
    for piece in reply.body:
        digest.update(piece if isinstance(piece, bytes) else repr(piece).encode())
    return digest.hexdigest()[:32]


def http_date(time: datetime) -> str:
    """RFC 9110 §5.6.7, to the second."""
    return format_datetime(time.astimezone(UTC), usegmt=True)
