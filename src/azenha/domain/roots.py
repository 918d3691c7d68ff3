"""Folders and buckets that references may name besides the web: what an operator allows, and what a client asks for.

Pure: what an address says is read here; where it really leads is seen by whoever opens it. Names are compared part
by part, never as the beginning of a text: `/data` does not hold `/database/a`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

SETTING: Final = "references.roots"
WEB: Final = ("http", "https")
AWS: Final = "AWS"
ANONYMOUS: Final = "none"

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ROOTED: Final = {"file": "folders", "s3": "buckets"}
_OPTIONS: Final = ("endpoint", "region", "credentials")
_FORM: Final = "absolute paths such as /srv/data, and s3://bucket/prefix?endpoint=…&region=…&credentials=…"


@dataclass(frozen=True, slots=True)
class Folder:
    """All below a folder; `path` as the operator wrote it, absolute."""

    path: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """All of a bucket that is below a prefix.

    Attributes:
        prefix: parts of keys; empty: the whole bucket.
        endpoint: address of the service; None: Amazon's.
        credentials: beginning of the names of the variables that hold them; `none`: requests are not signed.
    """

    name: str
    prefix: tuple[str, ...] = ()
    endpoint: str | None = None
    region: str = "us-east-1"
    credentials: str = AWS

    def holds(self, bucket: str, key: Sequence[str]) -> bool:
        return bucket == self.name and tuple(key[: len(self.prefix)]) == self.prefix


Root = Folder | Bucket


def parse_root(text: str) -> Root:
    """Read an entry of `references.roots`.

    Raises:
        ValueError: it is none; the text says what is allowed.
    """
    try:
        if text.startswith("s3://"):
            return _bucket(text)
        if text.startswith("file:"):
            path = "/".join(file_parts(text))
            return Folder(path if PurePath(path).is_absolute() else f"/{path}")  # file:///C:/data is C:/data
    except ValueError as reason:
        raise ValueError(f"{_FORM} ({reason})") from None
    if not PurePath(text).is_absolute():
        raise ValueError(_FORM)
    return Folder(text)


def _bucket(text: str) -> Bucket:
    parts = urlsplit(text)
    given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    options = dict(given)
    if len(options) < len(given) or not set(options) <= set(_OPTIONS) or parts.fragment:
        raise ValueError(f"of {', '.join(_OPTIONS)} each may be given once, and nothing else")
    endpoint = options.get("endpoint")
    if endpoint is not None and (urlsplit(endpoint).scheme not in WEB or not urlsplit(endpoint).hostname):
        raise ValueError("an endpoint is an http or https address")
    credentials = options.get("credentials", AWS)
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", credentials):
        raise ValueError("credentials are the beginning of the names of environment variables")
    name = _bucket_name(parts.netloc)
    prefix = _names(parts.path.rstrip("/")) if parts.path.strip("/") else ()
    return Bucket(name, prefix, endpoint, options.get("region", "us-east-1"), credentials)


def schemes(roots: Sequence[str]) -> tuple[str, ...]:
    """Of the addresses that references may have.

    Raises:
        ValueError: an entry is no root.
    """
    kinds = {type(parse_root(text)) for text in roots}
    return WEB + (("file",) if Folder in kinds else ()) + (("s3",) if Bucket in kinds else ())


def remedy(scheme: str) -> str:
    """What the operator can do for an address that is refused for its scheme, to follow the reason."""
    what = _ROOTED.get(scheme)
    return f"; the operator can name {what} that may be read (setting {SETTING})" if what else ""


def file_parts(url: str) -> tuple[str, ...]:
    """The names in the path of a `file` address (RFC 8089), decoded.

    Raises:
        ValueError: it names another host, is relative, or has a name in it that no path may have.
    """
    parts = urlsplit(url)
    if parts.netloc.lower() not in ("", "localhost"):
        raise ValueError(f"'{parts.netloc[:100]}' is another host: a file is named as in file:///data/a.tif")
    if not parts.path.startswith("/"):
        raise ValueError("it is relative: a file is named as in file:///data/a.tif")
    if "?" in url or "#" in url:
        raise ValueError("a file has no query and no fragment: ? is written %3F, and # is written %23")
    return _names(parts.path)


def object_key(url: str) -> tuple[str, tuple[str, ...]]:
    """Bucket and parts of the key of an `s3` address, decoded.

    Raises:
        ValueError: it names none.
    """
    parts = urlsplit(url)
    if "?" in url or "#" in url:
        raise ValueError("an object has no query and no fragment: ? is written %3F, and # is written %23")
    return _bucket_name(parts.netloc), _names(parts.path)


def _bucket_name(text: str) -> str:
    if not _BUCKET.fullmatch(text):
        raise ValueError(f"'{text[:100]}' is no bucket: its name alone is given, as in s3://bucket/key")
    return text


def _names(path: str) -> tuple[str, ...]:
    if _ESCAPE.search(path):
        raise ValueError("a % in it is no escape: % is written %25")
    try:
        names = tuple(unquote(name, errors="strict") for name in path.split("/")[1:])
    except UnicodeDecodeError:
        raise ValueError("its escapes are not UTF-8") from None
    for name in names:
        if name in ("", ".", ".."):
            raise ValueError("a part of its path is empty, . or ..")
        if "/" in name or "\\" in name or not name.isprintable():
            raise ValueError("a name in it has a slash, a backslash or a control character")
    if not names:
        raise ValueError("it names nothing")
    return names
