"""Messages on a stream of bytes: JSON with its length in front; and the proof that who sends them has the key."""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Iterator

from azenha.domain.canonical import compact

_LENGTH = struct.Struct(">I")
LONGEST = 16 * 1024 * 1024  # bytes of one message


def packed(message: object) -> bytes:
    data = compact(message).encode()
    return _LENGTH.pack(len(data)) + data


def proof(key: bytes, who: str, asked: bytes, own: bytes) -> bytes:
    """32 bytes that only those can make who have the key, for the other side's nonce and one's own."""
    return hmac.digest(key, who.encode() + asked + own, hashlib.sha256)


class Frames:
    """Cuts a stream into messages, as it comes."""

    def __init__(self) -> None:
        self._data = bytearray()

    def fed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole now.

        Raises:
            ValueError: one is longer than any that is sent.
        """
        self._data += data
        at = 0
        while len(self._data) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._data, at)
            if length > LONGEST:
                raise ValueError(f"a message of {length:,} bytes")
            end = at + _LENGTH.size + length
            if len(self._data) < end:
                break
            yield bytes(self._data[at + _LENGTH.size : end])
            at = end
        del self._data[:at]
