"""In which encoding text is bytes: XML says it itself, of other text its media type may; else it is UTF-8.

What XML declares counts more than the charset of its media type, for every parser that opens the file goes by that.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Final

from azenha.domain.formats import is_xml, media_type
from azenha.domain.lexical import clean, quoted

UTF8: Final = ("utf-8", "utf8", "utf-8-sig")
HEAD: Final = 1024  # bytes, or characters, within which an XML declaration ends

_MARK: Final = "\ufeff"
_DECLARED: Final = re.compile(
    rf"""{_MARK}?<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["'][^>]*\?>"""
)
_CHARSET: Final = re.compile(r';\s*charset=("[^"]*"|[^;\s]*)', re.IGNORECASE)
# Those of UTF-32 first: that of UTF-16 is the beginning of one of them.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED: Final = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"))  # XML 1.0, appendix F.1


class NotInEncoding(Exception):
    """Text cannot be in the encoding that is declared; the message is a sentence about it."""


def charset(type: str) -> str | None:
    """The charset that a media type names."""
    parsed = media_type(type)
    return parsed.parameters.get("charset") if parsed else None


def declared(text: str) -> str | None:
    """The encoding that the XML declaration at the beginning of text names."""
    found = _DECLARED.match(text[:HEAD])
    return found[1] if found else None


def codec(head: bytes, type: str) -> str:
    """The codec to read text by.

    Args:
        head: its first `HEAD` bytes.
        type: its media type.
    """
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    said = next((name for begin, name in _UNMARKED if head.startswith(begin)), None)
    said = said or declared(head.decode("latin-1"))
    named = charset(type)
    name = (said or named) if is_xml(type) else (named or said)
    return "utf-8-sig" if name is None or name.lower() in UTF8 else name


def as_utf8(pieces: Iterable[bytes], type: str) -> Iterator[str]:
    """Text out of UTF-8, which it is by what it says itself and by its media type; or reads alike in both.

    Raises:
        NotInEncoding: it is none, or is said to be in another encoding in which it reads otherwise.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    other: str | None = None
    first = True
    try:
        for piece in pieces:
            if first:
                name = codec(piece[:HEAD], type)
                other, first = None if name in UTF8 else name, False
            if other is not None and not (piece.isascii() and _extends_ascii(other)):
                raise NotInEncoding(f"its text is in {clean(other, 40)}")
            yield decoder.decode(piece)
        yield decoder.decode(b"", True)
    except UnicodeDecodeError:
        raise NotInEncoding("its text is not in UTF-8") from None


@lru_cache(maxsize=64)
def _extends_ascii(name: str) -> bool:
    plain = bytes(range(128))
    try:
        return plain.decode(name) == plain.decode("ascii")
    except (LookupError, ValueError):
        return False


def as_declared(pieces: Iterable[bytes]) -> tuple[str | None, Iterator[bytes]]:
    """UTF-8 text in the encoding that its XML declaration names, and the name; as it is and None if it is UTF-8.

    Raises:
        NotInEncoding: also while the pieces are taken.
    """
    rest = iter(pieces)
    head = b""
    for piece in rest:
        head += piece
        if len(head) >= HEAD:
            break
    whole = chain((head,), rest)
    name = declared(head[: 4 * HEAD].decode(errors="ignore"))
    if name is None or name.lower() in UTF8:
        return None, whole
    return name, _encoded(_decoded(whole), name, "it declares")


def encoded(pieces: Iterable[str], type: str) -> Iterator[bytes]:
    """Text as bytes: in the encoding that it declares itself or that its media type does.

    Raises:
        NotInEncoding: it has what that cannot hold, or the two are not the same.
    """
    rest = iter(pieces)
    head = ""
    for piece in rest:
        head += piece
        if len(head) >= HEAD:
            break
    named = charset(type)
    said = declared(head) if named is None or is_xml(type) else None
    if said is not None and named is not None and not _same(said, named):
        raise NotInEncoding(
            f"its text declares the encoding {clean(said, 40)}, and its media type {clean(named, 40)}"
        )
    by = "its media type declares" if said is None else "it declares"
    return _encoded(chain((head,), rest), said or named or "utf-8", by)


def _same(one: str, other: str) -> bool:
    try:
        return codecs.lookup(one) == codecs.lookup(other)
    except LookupError:
        return one.lower() == other.lower()


def _encoded(pieces: Iterable[str], name: str, by: str) -> Iterator[bytes]:
    wrong = f"its text cannot be in the encoding that {by}, {clean(name, 40)}"
    try:
        "".encode(name)  # refuses codecs that are no character sets, such as those that pack
        encoder = codecs.getincrementalencoder(name)()
    except (LookupError, ValueError):
        raise NotInEncoding(f"{wrong}: it is not known here") from None
    first = True
    # What goes wrong while the pieces are made is of whoever makes them: only the codec is asked for its errors.
    for piece in chain(pieces, ("",)):
        # A mark that came with text in UTF-8 is none of another encoding, which has its own or none.
        bare = piece.removeprefix(_MARK) if first and name.lower() not in UTF8 else piece
        first = False
        try:
            data = encoder.encode(bare, not piece)
        except UnicodeEncodeError as error:
            raise NotInEncoding(f"{wrong}: it has no {quoted(error.object[error.start])}") from None
        except UnicodeError:
            raise NotInEncoding(wrong) from None
        yield data


def _decoded(pieces: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for piece in pieces:
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError:
            raise NotInEncoding("its text is not in UTF-8") from None
        yield text


def in_charset(type: str, name: str) -> str:
    """A media type whose charset, where it names one, is that."""
    return _CHARSET.sub(f"; charset={name}", type)
