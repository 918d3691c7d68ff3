"""XML out: trees as plain values, written to bytes; large values stream from where they are.

Names carry the usual prefixes (`wps:Execute`), which are declared on the root: some clients know nothing
else. No default namespace is ever declared, so that what is in no namespace stays there. Knows no dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from azenha.domain.lexical import NO_XML
from azenha.protocols.http import Part

MEDIA_TYPE: Final = "text/xml"  # without a charset: some clients compare it as a whole
XLINK: Final = "http://www.w3.org/1999/xlink"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

MANY: Final = 64  # elements beside each other, after which the others are written at once

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_FORBIDDEN = re.compile(f"[{NO_XML}]")
# What may not stand as it is in text or in an attribute: most of what is written has none of it.
_UNSAFE = re.compile(f'[&<>"\t\n\r{NO_XML}]')
# The ampersand first. To replace one after the other is quicker by far than to look up each character.
_TEXT: Final = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))
_ATTRIBUTE: Final = (*_TEXT, ('"', "&quot;"), ("\t", "&#9;"), ("\n", "&#10;"))
_set: Final = object.__setattr__


@dataclass(frozen=True, slots=True)
class Verbatim:
    """What is XML already, or was made safe for it: bytes in UTF-8 and slices of files, put in as they are."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, init=False)
class Tag:
    """An element to be written.

    Attributes:
        name: with its prefix; without one it is in no namespace.
        attributes: likewise.
        content: in order; a string is text.
    """

    name: str
    attributes: Mapping[str, str]
    content: tuple[Tag | str | Verbatim, ...]

    def __init__(
        self,
        name: str,
        *content: Tag | str | Verbatim | None,
        attributes: Mapping[str, str | None] | None = None,
    ) -> None:
        """What is None, in `content` or `attributes`, is left out: most of what the schemas name is optional."""
        given = {k: v for k, v in attributes.items() if v is not None} if attributes else {}
        _set(self, "name", name)
        _set(self, "attributes", given)
        _set(self, "content", tuple([c for c in content if c is not None]))


def document(root: Tag, namespaces: Mapping[str, str]) -> tuple[Part, ...]:
    """A whole document in UTF-8, the body of a reply.

    Args:
        namespaces: URI by prefix; every prefix in the tree but `xml`.
    """
    return _joined([_DECLARATION, *_parts(root, namespaces)])


def fragment(root: Tag, namespaces: Mapping[str, str]) -> tuple[Part, ...]:
    """As `document`, without the XML declaration."""
    return _joined(_parts(root, namespaces))


def several(tags: Iterable[Tag]) -> Iterator[Tag | Verbatim]:
    """The same elements, many of them as what is written: a tree takes ten times the memory."""
    given = iter(tags)
    yield from islice(given, MANY)
    while batch := [*islice(given, MANY)]:
        parts = [part for tag in batch for part in _parts(tag, {})]
        yield Verbatim(_joined(parts))


def _parts(root: Tag, namespaces: Mapping[str, str]) -> list[Part]:
    text: list[str] = []
    parts: list[Part] = []
    _write(root, _declared(tuple(namespaces.items())), text, parts)
    _flush(text, parts)
    return parts


@lru_cache(maxsize=64)
def _declared(namespaces: tuple[tuple[str, str], ...]) -> str:
    return "".join([f' xmlns:{p}="{escape_attribute(uri)}"' for p, uri in namespaces])


def _write(tag: Tag, more: str, text: list[str], parts: list[Part]) -> None:
    start = f"<{tag.name}{more}"
    for name, value in tag.attributes.items():
        start += f' {name}="{escape_attribute(value)}"'
    if not tag.content:
        text.append(f"{start}/>")
        return
    text.append(f"{start}>")
    for node in tag.content:
        if isinstance(node, Tag):
            _write(node, "", text, parts)
        elif isinstance(node, str):
            text.append(escape(node))
        else:
            _flush(text, parts)
            parts.extend(node.parts)
    text.append(f"</{tag.name}>")


def _flush(text: list[str], parts: list[Part]) -> None:
    parts.append("".join(text).encode())
    text.clear()


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring bytes as one, so that a small reply is a single piece."""
    joined: list[Part] = []
    run: list[bytes] = []
    for part in (*parts, None):
        if isinstance(part, bytes):
            run.append(part)
            continue
        if whole := b"".join(run):
            joined.append(whole)
        run.clear()
        if part is not None:
            joined.append(part)
    return tuple(joined)


def escape(text: str) -> str:
    """Text between tags. What XML cannot carry (see `carries`) becomes U+FFFD, as in any decoder."""
    return _escaped(text, _TEXT) if _UNSAFE.search(text) else text


def escape_attribute(text: str) -> str:
    """Text between double quotes; white space comes back as it was."""
    return _escaped(text, _ATTRIBUTE) if _UNSAFE.search(text) else text


def _escaped(text: str, entities: Iterable[tuple[str, str]]) -> str:
    text = _FORBIDDEN.sub("\ufffd", text)
    for character, entity in entities:
        if character in text:
            text = text.replace(character, entity)
    return text


def carries(text: str) -> bool:
    """Whether XML 1.0 can carry the text: no control characters but tab and line ends, no half surrogates.

    A value that it cannot carry must travel otherwise (base64, by reference); messages may be patched.
    """
    return _FORBIDDEN.search(text) is None
