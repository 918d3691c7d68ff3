"""XML out: trees as plain values, written to bytes; large values stream from where they are.

Names carry the usual prefixes (`wps:Execute`), which are declared on the root: some clients know nothing
else. No default namespace is ever declared, so that what is in no namespace stays there. Knows no dialect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from azenha.protocols.http import Part

MEDIA_TYPE: Final = "text/xml"  # without a charset: some clients compare it as a whole
XLINK: Final = "http://www.w3.org/1999/xlink"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# What no XML 1.0 document can carry, not even as a reference (§2.2).
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


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
        object.__setattr__(self, "name", name)
        given = attributes or {}
        object.__setattr__(self, "attributes", {k: v for k, v in given.items() if v is not None})
        object.__setattr__(self, "content", tuple(c for c in content if c is not None))


def document(root: Tag, namespaces: Mapping[str, str]) -> tuple[Part, ...]:
    """A whole document in UTF-8, the body of a reply.

    Args:
        namespaces: URI by prefix; every prefix in the tree but `xml`.
    """
    return _joined([_DECLARATION, *fragment(root, namespaces)])


def fragment(root: Tag, namespaces: Mapping[str, str]) -> tuple[Part, ...]:
    """As `document`, without the XML declaration."""
    text: list[str] = []
    parts: list[Part] = []
    _write(
        root, "".join(f' xmlns:{p}="{escape_attribute(uri)}"' for p, uri in namespaces.items()), text, parts
    )
    _flush(text, parts)
    return _joined(parts)


def _write(tag: Tag, more: str, text: list[str], parts: list[Part]) -> None:
    attributes = "".join(f' {name}="{escape_attribute(value)}"' for name, value in tag.attributes.items())
    if not tag.content:
        text.append(f"<{tag.name}{more}{attributes}/>")
        return
    text.append(f"<{tag.name}{more}{attributes}>")
    for node in tag.content:
        match node:
            case Tag():
                _write(node, "", text, parts)
            case str():
                text.append(escape(node))
            case Verbatim():
                _flush(text, parts)
                parts.extend(node.parts)
    text.append(f"</{tag.name}>")


def _flush(text: list[str], parts: list[Part]) -> None:
    parts.append("".join(text).encode())
    text.clear()


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    """Neighbouring bytes as one, so that a small reply is a single piece."""
    joined: list[Part] = []
    for is_bytes, run in groupby(parts, key=lambda part: isinstance(part, bytes)):
        if not is_bytes:
            joined += run
        elif whole := b"".join(part for part in run if isinstance(part, bytes)):
            joined.append(whole)
    return tuple(joined)


def escape(text: str) -> str:
    """Text between tags. What XML cannot carry (see `carries`) becomes U+FFFD, as in any decoder."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_TEXT)


def escape_attribute(text: str) -> str:
    """Text between double quotes; white space comes back as it was."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ATTRIBUTE)


def carries(text: str) -> bool:
    """Whether XML 1.0 can carry the text: no control characters but tab and line ends, no half surrogates.

    A value that it cannot carry must travel otherwise (base64, by reference); messages may be patched.
    """
    return _FORBIDDEN.search(text) is None
