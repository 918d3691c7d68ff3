"""What has come of one answer so far, and whether the rest of it can be asked for (RFC 9110 §14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

import httpx

from azenha.adapters.http import Own, Passing, address_digest, http_date, named
from azenha.adapters.references.attempts import Attempts
from azenha.adapters.references.receiving import Bounds, OtherContent, Receiving
from azenha.usecases.ports import Received

_PRESENT: Final = timedelta(seconds=60)
_LONGEST: Final = 2000  # characters of a Content-Disposition that are read
_ETAG: Final = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Served:
    """What a server said of the content that it gave.

    Attributes:
        at: the digest of the address where it was at last.
        keep: it may be kept for others who ask the same.
    """

    at: str
    media_type: str | None
    name: str
    etag: str | None
    modified: str | None
    keep: bool


class Part:
    """The beginning of an answer's content, from the answer whose head is given."""

    def __init__(
        self, answer: httpx.Response, asked: str, file: BinaryIO, bounds: Bounds, expansion: int
    ) -> None:
        """
        Raises:
            FetchFailed, TooLarge
        """
        self.served = _served(answer, asked)
        self._encoding = _encoding(answer)
        self._validator = _strong(answer)
        self._ranges = answer.headers.get("accept-ranges", "").strip().lower() != "none"
        total = _content_length(answer)
        self.content = Receiving(file, bounds, expansion, named(answer), self._encoding, total)

    def rest(self) -> Own | None:
        """How what is missing is asked for; None if it cannot be."""
        if self._validator is None or not self._ranges or not self.content.received:
            return None
        headers = (("Range", f"bytes={self.content.received}-"), ("If-Range", self._validator))
        answers = frozenset({HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE})
        return Own(self.served.at, headers, answers)

    def goes_on(self, answer: httpx.Response) -> None:
        """Look whether an answer with status 206 is the rest.

        Raises:
            OtherContent
        """
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        total = int(match[3]) if match and match[3] != "*" else None
        before = self.content.total
        same = (
            match is not None
            and int(match[1]) == self.content.received
            and (total is None or before is None or total == before)
            and _encoding(answer) == self._encoding
            and answer.headers.get("etag", self.served.etag) == self.served.etag
        )
        if not same:
            raise OtherContent
        self.content.total = before if total is None else total

    def take(self, answer: httpx.Response, attempts: Attempts, told: Received | None) -> None:
        """Write what comes.

        Raises:
            Passing: it ends too early.
            FetchFailed, TooLarge
        """
        # As the pieces come: what a larger one waits for may never do.
        self.content.take(answer.iter_raw(), attempts, told)
        if not self.content.complete:
            came = f"{self.content.received:,} of {self.content.total:,} bytes"
            raise Passing(f"only {came} came from {self.content.where}", sent=True)
        self.content.end()


def _served(answer: httpx.Response, asked: str) -> Served:
    etag, modified = answer.headers.get("etag"), _modified(answer)
    return Served(
        address_digest(answer.url),
        answer.headers.get("content-type"),
        _file_name(answer, asked),
        etag,
        modified,
        (etag is not None or modified is not None) and _public(answer),
    )


def _public(answer: httpx.Response) -> bool:
    """Whether one who asks the same may be given this too, after the server said that it holds (RFC 9111 §3)."""
    words = {
        word.partition("=")[0].strip().lower()
        for headers in (answer.headers, answer.request.headers)
        for word in headers.get("cache-control", "").split(",")
    }
    personal = {"authorization", "cookie"} & {name.lower() for name in answer.request.headers}
    return not personal and not words & {"no-store", "private"} and "*" not in answer.headers.get("vary", "")


def _strong(answer: httpx.Response) -> str | None:
    """A validator that changes with every byte (RFC 9110 §8.8.1): for If-Range."""
    etag = answer.headers.get("etag", "")
    return etag if _ETAG.fullmatch(etag) else _modified(answer)


def _modified(answer: httpx.Response) -> str | None:
    """Last-Modified, if what it names cannot have changed again in the same second (RFC 9110 §8.8.2.2)."""
    text = answer.headers.get("last-modified", "")
    modified, now = http_date(text), http_date(answer.headers.get("date", ""))
    return text if modified and now and now - modified >= _PRESENT else None


def _encoding(answer: httpx.Response) -> str:
    return str(answer.headers.get("content-encoding", "identity")).strip().lower()


def _content_length(answer: httpx.Response) -> int | None:
    text = answer.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _file_name(answer: httpx.Response, asked: str) -> str:
    """Content-Disposition's name (RFC 6266), else the last part of the path asked for, else of the last."""
    paths = (urlsplit(asked).path, answer.url.path)
    return _named_by(answer) or next((name for p in paths if (name := _last(p))), "")


def _named_by(answer: httpx.Response) -> str | None:
    disposition = Message()
    disposition["Content-Disposition"] = answer.headers.get("content-disposition", "")[:_LONGEST]
    try:
        return disposition.get_filename()
    except (TypeError, ValueError):  # of Python's reader: parts of a name that do not fit together
        return None


def _last(path: str) -> str:
    return unquote(path.rsplit("/", 1)[-1])
