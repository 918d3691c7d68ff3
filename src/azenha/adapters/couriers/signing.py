"""Signatures of what is sent (Standard Webhooks 1.0: symmetric, HMAC-SHA256), and their key in the data folder."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PREFIX: Final = "whsec_"
BYTES: Final = 32  # of a new key; the standard wants 24 to 64
_LEAST: Final = 24

_making = threading.Lock()


class BadKeys(Exception):
    """The file of keys holds something else."""


def keys(path: Path) -> tuple[bytes, ...]:
    """The keys in the file, one a line; made with a new one, readable by its owner alone, where there is none.

    Several are there while one takes the place of another: everything is signed by each.

    Raises:
        BadKeys, OSError
    """
    with _making:  # two keys at once, and what the first signed could not be verified
        if not path.exists():
            _make(path)
    found = []
    for number, line in enumerate(path.read_text(encoding="ascii", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            key = base64.b64decode(line.strip().removeprefix(PREFIX), validate=True)
        except ValueError:
            key = b""
        if len(key) < _LEAST:
            raise BadKeys(f"line {number} of {path} is no key: {PREFIX} and {_LEAST} bytes or more in base64")
        found.append(key)
    if not found:
        raise BadKeys(f"{path} holds no key; remove it, and a new one is made")
    return tuple(found)


def _make(path: Path) -> None:
    text = PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    # Whole or not at all: half a key would sign what nobody can verify.
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def signature(keys: Sequence[bytes], message: str, timestamp: int, content: bytes) -> str:
    """The header `webhook-signature`: a signature by each key, with spaces between.

    Args:
        message: the header `webhook-id`.
        timestamp: seconds since 1970, the header `webhook-timestamp`.
    """
    signed = b".".join((message.encode(), str(timestamp).encode(), content))
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)
