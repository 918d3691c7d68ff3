"""XML in: a hardened reading of a body of any size (XML 1.0, Namespaces in XML 1.0).

Data of elements that the caller names is told apart from the rest: small it comes as text, large as a slice of
the body, which is never in the tree. No document type, no entities, nothing fetched. Knows no dialect.
"""

from __future__ import annotations

import codecs
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from lxml import etree

from azenha.domain.errors import BadRequest, Malformed
from azenha.domain.lexical import WHITE, quoted
from azenha.domain.slices import declare
from azenha.domain.values import Coding, RawSlice
from azenha.protocols.http import Buffer
from azenha.protocols.xml_cut import Bounds, Content, contents, root_start

Element = etree._Element

TRANSCODED: Final = 1024 * 1024  # bytes of a body that is not in UTF-8: it is read in memory
BOUNDS: Final = Bounds()

_OGC: Final = "{http://www.opengis.net/"
_SMALL: Final = 16 * 1024  # bytes
# Document types, comments, CDATA; what a namespace may not have in it; characters that only the body tells apart.
_MARKUP: Final = (b"<!", b"{", b"}", b"&#")

_DECLARED = re.compile(
    rb"<\?xml[ \t\r\n][^>]{0,200}?encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9._-]{1,40})[\"']"
)
_PLAIN: Final = re.compile(rb"<[A-Za-z]")  # no mark, no declaration
_UTF8: Final = ("utf-8", "utf8", "us-ascii", "ascii")
_OTHERS = re.compile(r"iso-8859-(?:[1-9]|1[013-6])|windows-125[0-8]|utf-16(?:le|be)?", re.IGNORECASE)
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    ("<".encode("utf-32-le"), "utf-32"),
    ("<?".encode("utf-16-le"), "utf-16le"),
    ("<?".encode("utf-16-be"), "utf-16be"),
)


@dataclass(frozen=True, slots=True)
class Document:
    """A body that was read.

    Attributes:
        root: the tree without comments and processing instructions; data that was cut out is missing in it.
        found: of the outermost data elements: their data as in `data`, or what is wrong with it.
    """

    root: Element
    found: Mapping[Element, str | RawSlice | Malformed]

    def data(self, element: Element, locator: str | None = None) -> str | RawSlice:
        """What a data element holds: the one element in it, verbatim, else its text.

        A string is either the text, or the element with every namespace in scope declared on it; white space
        is as sent. A slice tells which by its coding; it does not name a format.

        Args:
            locator: the input concerned, for the message.
        Raises:
            Malformed: several elements, or text beside an element.
        """
        value = self.found[element]
        if isinstance(value, Malformed):
            raise Malformed(str(value), locator)
        return value

    def lone(self, element: Element) -> Element | None:
        """The one element that a data element holds, where that is plain to see; `data` tells in any case."""
        if len(element) != 1 or not isinstance(self.found, _Later):
            return None
        one = element[0]
        return None if (element.text or "").strip(WHITE) or (one.tail or "").strip(WHITE) else one


def read(
    body: Buffer, data: Collection[str] = (), *, charset: str | None = None, bounds: Bounds = BOUNDS
) -> Document:
    """The tree of a body.

    Args:
        data: names (`{uri}local`) of elements whose content is somebody's data, of any size.
        charset: the parameter of the Content-Type; it counts more than the XML declaration (RFC 7303 §3).
    Raises:
        Malformed: not such XML; with line and column.
        TooLarge: more than `bounds.outside` beside data.
    """
    utf8, cuttable = _in_utf8(body, charset)
    if not cuttable:
        bounds = _without_cuts(bounds)
    if isinstance(utf8, bytes) and _is_harmless(utf8, bounds):
        with suppress(etree.XMLSyntaxError):  # what is wrong is told below
            root = etree.fromstring(utf8, _own.parser)
            # lxml passes over an error of namespaces that a warning comes after.
            if not _own.parser.error_log:
                return Document(root, _Later(root, utf8, data, bounds))
    parts = contents(utf8, data, bounds)
    try:
        root = etree.fromstring(_skeleton(utf8, parts), _own.parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"the body is not XML: {error.msg}") from None
    return Document(root, _found(root, utf8, data, parts))


def _is_harmless(body: bytes, bounds: Bounds) -> bool:
    """Whether it is so small that nothing is cut out of it and no bound is near, and has nothing that is not told
    apart in a tree. For most requests this is so, and the first pass would be half of the time that they take.
    """
    if len(body) > min(_SMALL, bounds.inline, bounds.outside, bounds.kept):
        return False
    if any(mark in body for mark in _MARKUP) or b"<?" in body[1:] or len(body) > bounds.names:
        return False
    tags = body.split(b"<")
    longest = max(map(len, tags))
    # An attribute has five bytes at least.
    if longest > min(bounds.name, 5 * bounds.attributes):
        return False
    return len(tags) - body.count(b"</") <= min(bounds.depth, bounds.values // 2)


class _Later(Mapping[Element, "str | RawSlice | Malformed"]):
    """The data of a small body; what is more than text is looked for in the body only when it is asked for."""

    def __init__(self, root: Element, body: Buffer, data: Collection[str], bounds: Bounds) -> None:
        self._root, self._body, self._data, self._bounds = root, body, data, bounds
        self._all: dict[Element, str | RawSlice | Malformed] | None = None

    def _found(self) -> dict[Element, str | RawSlice | Malformed]:
        if self._all is None:
            parts = contents(self._body, self._data, self._bounds)
            self._all = _found(self._root, self._body, self._data, parts)
        return self._all

    def __getitem__(self, element: Element) -> str | RawSlice | Malformed:
        return self._found()[element] if len(element) else element.text or ""

    def __iter__(self) -> Iterator[Element]:
        return iter(self._found())

    def __len__(self) -> int:
        return len(self._found())


def _found(
    root: Element, body: Buffer, data: Collection[str], parts: Sequence[Content]
) -> dict[Element, str | RawSlice | Malformed]:
    elements = list(_outermost(root, data)) if parts else []
    return {e: _data(e, part, body) for e, part in zip(elements, parts, strict=True)}


class _Own(threading.local):
    """A thread's own parser: to make one costs as much as to read a small body, and two would wait for each other."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )


_own: Final = _Own()


def _without_cuts(bounds: Bounds) -> Bounds:
    """Offsets into a body that was transcoded mean nothing to whoever has the body."""
    return Bounds(
        bounds.depth, bounds.attributes, bounds.name, bounds.names, bounds.markup, bounds.values,
        bounds.outside, inline=4 * TRANSCODED, kept=4 * TRANSCODED,
    )  # fmt: skip


def _in_utf8(body: Buffer, charset: str | None) -> tuple[Buffer, bool]:
    """The body in UTF-8, and whether it is the very body."""
    encoding = _encoding(body, charset)
    if encoding.lower() in _UTF8:
        return body, True
    if not _OTHERS.fullmatch(encoding):
        raise Malformed(f"the body is in {quoted(encoding, 40)}; UTF-8, UTF-16 and ISO-8859 are read")
    if len(body) > TRANSCODED:
        raise Malformed(f"the body is in {encoding}; above {TRANSCODED} bytes only UTF-8 is read")
    try:
        return str(bytes(body), encoding).removeprefix("\ufeff").encode(), False
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not {encoding}: {error.reason} at byte {error.start}") from None


def _encoding(body: Buffer, charset: str | None) -> str:
    head = bytes(body[:300])
    if charset is None and _PLAIN.match(head):
        return "utf-8"
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if charset:
        return charset.strip("\"' ")
    declared = _DECLARED.match(head)
    return declared[1].decode("ascii") if declared else "utf-8"


def _skeleton(body: Buffer, parts: Sequence[Content]) -> bytes:
    pieces, done = [], 0
    for part in parts:
        if part.cut:
            pieces.append(body[done : part.start])
            done = part.end
    pieces.append(body[done:])
    return b"".join(pieces)


def _outermost(root: Element, names: Collection[str]) -> Iterator[Element]:
    last: Element | None = None
    for element in root.iter(*names):
        if last is None or all(above is not last for above in element.iterancestors()):
            last = element
            yield element


def _data(element: Element, part: Content, body: Buffer) -> str | RawSlice | Malformed:
    if part.elements > 1:
        return Malformed(f"element {shown(element)} holds {part.elements} elements; it takes one, or text")
    if part.child is None:
        if not part.cut:
            return element.text or ""
        if part.remarks:
            return Malformed(
                f"the text of element {shown(element)} has {part.end - part.start} bytes; so large it may have "
                f"no comments and processing instructions in it"
            )
        return RawSlice(part.start, part.end, Coding.XML_TEXT)
    if not part.blank:
        return Malformed(f"element {shown(element)} holds text beside an element; it takes one of the two")
    start, end = part.child
    if part.cut:
        return RawSlice(start, end, Coding.XML, part.namespaces)
    return declare(body[start:end], part.namespaces).decode()


def embeddable(document: Buffer) -> int | None:
    """From which byte on a document may stand verbatim inside another (`xml_write.Verbatim`); None if it may not.

    What comes before is its XML declaration, byte order mark and comments.
    """
    return root_start(document) if _encoding(document, None).lower() in _UTF8 else None


# -- what stands in a tree -------------------------------------------------------------------------


def shown(element: Element) -> str:
    """An element's name as the client wrote it, for a message."""
    local = etree.QName(element).localname
    return quoted(f"{element.prefix}:{local}" if element.prefix else local)


def misplaced(element: Element, expected: Iterable[str]) -> str:
    """Words to follow an element's name where one of `{uri}local` is meant: its prefix does not tell the difference.

    Empty where none has that local name.
    """
    given = etree.QName(element)
    meant = next((n for n in map(etree.QName, expected) if n.localname == given.localname), None)
    if meant is None or meant.namespace == given.namespace:
        return ""
    found = f"its namespace is {quoted(given.namespace, 80)}" if given.namespace else "it has no namespace"
    return f" ({found}; expected {quoted(meant.namespace or '', 80)})"


def text(element: Element) -> str:
    """The text of an element that holds nothing else, with the white space around it trimmed.

    Raises:
        BadRequest: it holds elements.
    """
    if len(element):
        local = etree.QName(element).localname
        raise BadRequest(f"element {shown(element)} holds {shown(element[0])}; it takes text alone", local)
    return (element.text or "").strip(WHITE)


def attribute(element: Element, name: str) -> str | None:
    """An attribute's value, trimmed; None where it is absent or empty, which clients mean alike.

    Args:
        name: `{uri}local`, or the bare name of one in no namespace.
    """
    return (element.get(name) or "").strip(WHITE) or None


def check_blank(element: Element, locator: str | None = None) -> None:
    """
    Raises:
        BadRequest: text stands directly in it, which would be passed over; `locator`: None: its local name.
    """
    pieces = [piece for piece in (element.text, *[one.tail for one in element]) if piece]
    if stray := next((found for piece in pieces if (found := piece.strip(WHITE))), None):
        place = " beside its elements" if len(element) else ""
        raise BadRequest(
            f"element {shown(element)} holds the text {quoted(stray, 40)}{place}; it takes no text",
            locator or etree.QName(element).localname,
        )


def check_attributes(element: Element, known: Collection[str], locator: str | None = None) -> None:
    """Those in a namespace that is not OGC's are left alone: they are somebody else's.

    Args:
        known: names in no namespace.
        locator: None: the name of the attribute.
    Raises:
        BadRequest: it has another.
    """
    for name in map(str, element.keys()):
        if name not in known and (name[0] != "{" or name.startswith(_OGC)):
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            wrong = f"element {shown(element)} has no attribute {quoted(name, 80)}"
            raise BadRequest(f"{wrong}; {takes}", locator or name)


def child(element: Element, name: str) -> Element | None:
    """The one child of that name, None if there is none.

    Raises:
        BadRequest: there are several.
    """
    children = element.iterchildren(name)
    found = next(children, None)
    if found is not None and next(children, None) is not None:
        local, times = etree.QName(found).localname, len(list(element.iterchildren(name)))
        raise BadRequest(f"element {shown(element)} holds {shown(found)} {times} times; it takes one", local)
    return found
