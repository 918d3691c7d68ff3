"""Files inside of documents: base64 and escaped text, made while they are sent, in constant memory."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Final

from azenha.protocols.http import Encoding
from azenha.protocols.xml_write import escape

Encode = Callable[[bytes], bytes]

# Pieces that are read have a multiple of this: then each piece of base64 stands for itself.
UNIT: Final = 3


def encoder(encoding: Encoding) -> Encode:
    """What turns the pieces of one file, in order, into what is sent; the last call has no bytes.

    Raises (when called):
        UnicodeDecodeError: the file is not the UTF-8 that whoever named it as text has found it to be.
    """
    return _ENCODERS[encoding]()


def _base64() -> Encode:
    import pybase64

    return pybase64.b64encode


def _text(escaped: Callable[[str], str]) -> Encode:
    decoder = codecs.getincrementaldecoder("utf-8")()
    return lambda data: escaped(decoder.decode(data, not data)).encode()


def _json_text(text: str) -> str:
    return encode_basestring(text)[1:-1]


_ENCODERS: Final[Mapping[Encoding, Callable[[], Encode]]] = {
    Encoding.NONE: lambda: lambda data: data,
    Encoding.BASE64: _base64,
    Encoding.JSON_TEXT: lambda: _text(_json_text),
    Encoding.XML_TEXT: lambda: _text(escape),
}
