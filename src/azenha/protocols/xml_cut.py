"""The first pass over an XML body: what it costs to read is bounded, and where its large parts stand is noted.

One run of expat in windows, in constant memory, over a body of any size. It refuses what could be an attack or
a slip (document types, bounds), and finds the content of the elements that carry data, so that the tree is
built of the rest alone. Positions are bytes of the body. Knows no dialect: the caller names the data elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from azenha.domain.errors import Malformed, TooLarge, TooManyPlain
from azenha.domain.lexical import quoted
from azenha.domain.slices import release_pages, windows
from azenha.protocols.http import Buffer
from azenha.protocols.xml_skim import Skim, whole
from azenha.protocols.xml_tokens import COMMENT, INSTRUCTION, SPACE, TAG

KiB: Final = 1024
MiB: Final = 1024 * KiB

WINDOW: Final = 256 * KiB
_RELEASE: Final = 4 * MiB  # how much of a map may be resident: a multiple of WINDOW
_Start = Callable[[str, dict[str, str]], None]
_End = Callable[[str], None]

_SEPARATOR: Final = "\n"  # no namespace has a line end in it; expat refuses one that does

_TAG: Final = re.compile(TAG)
_NAME: Final = re.compile(rb"<([^ \t\r\n/>]++)")
_BRACES: Final = frozenset("{}")
# White space may be written as references: serializers of Java write the line ends of Windows as `&#13;`.
_SPACES: Final = rb"&#(?:0*+(?:9|10|13|32)|x0*+(?:9|[aAdD]|20));"
_BLANK: Final = re.compile(rb"(?:%b|%b|%b|%b)*+" % (SPACE, _SPACES, COMMENT, INSTRUCTION))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a body may have; each inclusive.

    Attributes:
        depth: elements within each other, inside of data too.
        attributes: of one element, declarations of namespaces left out.
        name: characters of an element's or attribute's local name.
        names: different names in the whole body: the parser remembers each of them.
        markup: bytes of one tag, comment or processing instruction: the parser holds it whole.
        values: as limits.values has it. Half as many data elements: each is an input with elements around it.
            Twice as many elements outside of data.
        outside: bytes outside of data that is cut out.
        inline: bytes of a data element's content that is left in its place; what is larger is cut out.
        kept: bytes of all such content; once it is used up, everything is cut out.
    """

    depth: int = 64
    attributes: int = 256
    name: int = 1000
    names: int = 20_000
    markup: int = 1 * MiB
    values: int = 25_000
    outside: int = 8 * MiB
    inline: int = 64 * KiB
    kept: int = 1 * MiB

    @property
    def elements(self) -> int:
        return 2 * self.values + 100


@dataclass(frozen=True, slots=True)
class Content:
    """What stands between the tags of a data element: bytes `start` to `end` (exclusive).

    Attributes:
        cut: it is to be left out of the tree.
        elements: how many stand directly in it.
        child: bytes of the first of them, tags included; None if there is none.
        namespaces: prefix ("" for the default) and URI of those in scope that this child does not declare.
        blank: nothing but white space, comments and processing instructions stands beside the child.
        remarks: comments or processing instructions stand directly in it.
    """

    start: int
    end: int
    cut: bool
    elements: int
    child: tuple[int, int] | None
    namespaces: tuple[tuple[str, str], ...]
    blank: bool
    remarks: bool


def contents(body: Buffer, data: Collection[str], bounds: Bounds) -> list[Content]:
    """The contents of the outermost data elements, in document order.

    Args:
        body: in UTF-8, whatever its XML declaration says.
        data: names of the elements, as `{uri}local`.
    Raises:
        Malformed: not well-formed, a document type, or over a bound that no honest body reaches.
        TooLarge: too much outside of data.
    """
    found = _Pass(body, data, bounds)
    try:
        found.run()
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise Malformed(
            f"the body is not XML: {reason} at line {error.lineno}, column {error.offset + 1}"
        ) from None
    return found.contents


def tag_end(body: Buffer, start: int) -> int:
    """Where the start tag that begins at `start` ends (exclusive)."""
    match = _TAG.match(body, start)
    if match is None:
        raise Malformed(f"the body is not XML: the tag at byte {start} does not end")
    return match.end()


def root_start(document: Buffer) -> int | None:
    """Where the root element begins in a document in UTF-8, if all from there may stand inside another document.

    None if it may not: it is not well-formed, or has a document type. Namespaces are its own.
    """
    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    start: int | None = None

    def first(name: str, attributes: dict[str, str]) -> None:
        nonlocal start
        start = parser.CurrentByteIndex
        parser.StartElementHandler = None

    def doctype(name: str, system: str | None, public: str | None, internal: bool) -> None:
        raise Malformed("the document has a document type declaration")

    parser.StartElementHandler = first
    parser.StartDoctypeDeclHandler = doctype
    try:
        for window in windows(document):
            parser.Parse(window, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, Malformed):
        return None
    return start


class _Pass:
    """One reading. `_level` is the depth of the data element that the parser is in, 0 outside."""

    def __init__(self, body: Buffer, data: Collection[str], bounds: Bounds) -> None:
        self.contents: list[Content] = []
        self._body = body
        self._bounds = bounds
        self._data = {name.removeprefix("{").replace("}", _SEPARATOR) for name in data}
        self._names: dict[str, str] = {}
        self._prefixes: set[str] = set()
        self._parser = expat.ParserCreate("utf-8", _SEPARATOR, self._names)
        if hasattr(self._parser, "SetReparseDeferralEnabled"):
            # Newer ones put off what they were given, and what is told here while it is read would come too late;
            # a token is read again a few times at most, because `markup` bounds it.
            self._parser.SetReparseDeferralEnabled(False)
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._skim = Skim(bounds.depth, bounds.attributes, bounds.name)
        self._reached = 0  # where the parser was after the last window
        self._released = 0
        self._inner: int | None = None  # where the element begins whose inside may be looked at as a whole
        self._whole = 0  # where in it a piece ended with no half of anything
        self._depth = 0
        self._elements = 0
        self._scopes: list[dict[str, str]] = [{}]
        self._declared: dict[str, str] = {}  # by the tag that is being read
        self._out = 0  # bytes that were cut out
        self._kept = 0  # bytes of data that were left in
        self._level = 0
        self._enter(0)
        self._look()

    def run(self) -> None:
        fed, size = 0, len(self._body)
        while fed < size:
            fed = self._within(fed) if self._inner is not None else self._feed(fed, fed + WINDOW)
        self._parser.Parse(b"", True)
        self._check_outside(fed)

    def _feed(self, start: int, end: int) -> int:
        """Answers where it got to."""
        end = min(end, len(self._body))
        self._parser.Parse(self._body[start:end], False)
        reached = self._reached = max(self._reached, self._parser.CurrentByteIndex)
        if end - reached > self._bounds.markup:
            self._refuse("a tag, comment or processing instruction has", self._bounds.markup, "bytes")
        # What was looked at closely is in the one, the rest in the other, and much of it in both.
        if max(len(self._names) + len(self._prefixes), len(self._skim.names)) > self._bounds.names:
            self._refuse("the body has", self._bounds.names, "different names")
        self._check_outside(self._start_of_content if self._level else reached)
        if end - self._released >= _RELEASE:
            release_pages(self._body, self._released, end)
            self._released = end
        return end

    def _within(self, fed: int) -> int:
        """Parse on inside of the element that a data element holds; answers where it got to.

        By pieces that end with no half of anything, each of which is looked at as a whole first: see `xml_skim`.
        """
        assert self._inner is not None
        start, known = fed, self._whole == fed
        if not known:
            start = tag_end(self._body, self._inner)
        end, kept = whole(self._body[start : fed + WINDOW])
        end += start
        if end <= fed:
            # A tag or remark is longer than a window: where it ends is not looked for.
            self._inner = None
            return fed
        name = _NAME.match(self._body, self._inner)
        depth = None
        if known and name is not None:
            depth = self._skim.passed(kept, self._depth, name[1], self._level + 1)
        if depth is None:
            self._feed(fed, end)
        else:
            self._deafen()
            self._feed(fed, end)
            self._listen(*self._closely)
            self._depth = depth
        self._whole = end
        return end

    def _refuse(self, what: str, limit: int, unit: str) -> None:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        raise Malformed(f"{what} more than {limit} {unit}, at line {line}, column {column}")

    def _check_outside(self, reached: int) -> None:
        if reached - self._out > self._bounds.outside:
            raise TooLarge(
                f"the body has more than {self._bounds.outside} bytes beside the complex data in it"
            )

    # -- what expat calls --------------------------------------------------------------------------

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        line = self._parser.CurrentLineNumber
        raise Malformed(f"the body has a document type declaration (<!DOCTYPE …>, line {line}): none is read")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        if uri and not self._level and not _BRACES.isdisjoint(uri):
            # No URI has one, and in a tree they stand between a namespace and a name.
            line = self._parser.CurrentLineNumber
            raise Malformed(f"the namespace {quoted(uri)} has a brace in it, line {line}")
        self._declared[prefix or ""] = uri or ""
        self._prefixes.add(prefix or "")

    def _comment(self, text: str) -> None:
        self._remarks |= self._depth == self._level

    def _instruction(self, target: str, text: str) -> None:
        self._remarks |= self._depth == self._level

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        bounds = self._bounds
        depth = self._depth = self._depth + 1
        if depth > bounds.depth:
            self._refuse("the body nests", bounds.depth, "elements (setting limits.depth)")
        if attributes:
            if len(attributes) > bounds.attributes:
                self._refuse("an element has", bounds.attributes, "attributes")
            for attribute in attributes:
                self._check_name(attribute)
        if len(name) > bounds.name:
            self._check_name(name)
        declared = self._declared
        if declared:
            self._declared = {}
        if self._level:
            if depth == self._level + 1:
                self._child_starts(declared)
            return
        self._elements += 1
        if self._elements > bounds.elements:
            raise TooManyPlain(f"more than {bounds.elements} elements beside complex data", bounds.elements)
        self._scopes.append({**self._scopes[-1], **declared} if declared else self._scopes[-1])
        if name in self._data:
            if len(self.contents) >= (most := bounds.values // 2):
                raise TooManyPlain(f"more than {most} inputs", most, more=", half as many as values")
            self._level = self._depth
            self._enter(tag_end(self._body, self._parser.CurrentByteIndex))

    def _end(self, name: str) -> None:
        if self._level:
            if self._depth == self._level:
                self._leave()
            elif self._children == 1:
                self._child_ends()
        if not self._level:
            self._scopes.pop()
        self._depth -= 1

    def _check_name(self, name: str) -> None:
        # The URI before the separator is no part of the name, and as long as it likes within the tag.
        if len(name) > self._bounds.name:
            local = name.rpartition(_SEPARATOR)[2]
            if len(local) > self._bounds.name:
                self._refuse(f"the name {quoted(local, 20)} has", self._bounds.name, "characters")

    def _listen(self, start: _Start, end: _End) -> None:
        self._parser.StartElementHandler, self._parser.EndElementHandler = start, end
        self._parser.StartNamespaceDeclHandler = self._namespace
        self._parser.CommentHandler = self._comment
        self._parser.ProcessingInstructionHandler = self._instruction

    def _look(self) -> None:
        self._inner = None
        self._listen(self._start, self._end)

    def _pass_over(self) -> None:
        """Until the element ends that has just begun: many may stand in it, so a call for each must be short."""
        bounds, check = self._bounds, self._check_name
        first = self._depth

        def start(name: str, attributes: dict[str, str]) -> None:
            depth = self._depth = self._depth + 1
            if depth > bounds.depth:
                self._refuse("the body nests", bounds.depth, "elements (setting limits.depth)")
            if attributes:
                if len(attributes) > bounds.attributes:
                    self._refuse("an element has", bounds.attributes, "attributes")
                for attribute in attributes:
                    check(attribute)
            if len(name) > bounds.name:
                check(name)

        def end(name: str) -> None:
            if self._depth == first:
                self._declared = {}
                self._look()
                self._end(name)
            else:
                self._depth -= 1

        self._inner = self._parser.CurrentByteIndex
        self._closely = start, end
        self._listen(start, end)

    def _deafen(self) -> None:
        """No call for anything but a document type."""
        self._parser.StartElementHandler = self._parser.EndElementHandler = None
        self._parser.StartNamespaceDeclHandler = None
        self._parser.CommentHandler = self._parser.ProcessingInstructionHandler = None

    # -- data elements -----------------------------------------------------------------------------

    def _enter(self, start: int) -> None:
        self._start_of_content = start
        self._children = 0
        self._child: tuple[int, int] | None = None
        self._missing: tuple[tuple[str, str], ...] = ()
        self._remarks = False

    def _child_starts(self, declared: dict[str, str]) -> None:
        self._children += 1
        if self._children == 1:
            start = self._parser.CurrentByteIndex
            self._child = (start, tag_end(self._body, start))
            scope = self._scopes[-1]
            self._missing = tuple((p, uri) for p, uri in scope.items() if uri and p not in declared)
        self._pass_over()

    def _child_ends(self) -> None:
        assert self._child is not None
        start, end = self._child
        if self._body[end - 2 : end] != b"/>":
            end = self._body.find(b">", self._parser.CurrentByteIndex) + 1
        self._child = (start, end)

    def _leave(self) -> None:
        start, end = self._start_of_content, self._parser.CurrentByteIndex
        if self._body[start - 2 : start] == b"/>":
            end = start
        size = end - start
        cut = size > self._bounds.inline or self._kept + size > self._bounds.kept
        if cut:
            self._out += size
        else:
            self._kept += size
        blank = True
        if self._child is not None and self._children == 1:
            first, last = self._child
            blank = all(_BLANK.fullmatch(self._body, *gap) for gap in ((start, first), (last, end)))
        self.contents.append(
            Content(start, end, cut, self._children, self._child, self._missing, blank, self._remarks)
        )
        self._level = 0
