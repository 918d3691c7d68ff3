"""A piece of XML seen as a whole: whether it may be parsed without a call for each element.

Elements come by the million in data, and for most of it all that matters is that no bound is near. So that is found
by a few passes of C over a piece, and the parser then has no handlers. Nothing here is refused and nothing is
checked for being well-formed: of a piece that the parser accepts the findings are right, and where they are not sure,
or something is out of bounds, whoever asked has a closer look.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from azenha.protocols.xml_tokens import CDATA, COMMENT, INSTRUCTION, TAG

# In content a "<" begins a tag or one of these; it stands in no text and in no attribute.
_REMARK: Final = b"|".join((COMMENT, CDATA, INSTRUCTION))
_WHOLE_REMARK: Final = re.compile(_REMARK)
_REMARKS: Final = re.compile(rb"(" + _REMARK + rb"|<[!?](?s:.)*+)")
_TAG: Final = re.compile(TAG)
_VALUE: Final = re.compile(rb"=[ \t\r\n]*+(?:\"[^\"<]*+\"|'[^'<]*+')")
_TEXT: Final = re.compile(rb">[^<]*+")
_START: Final = re.compile(rb"<([^/>][^>]*+)")
_ALIKE: Final = bytes.maketrans(b">", b"<")

# Of a tag is left: 1 for its beginning, -1 for its end. XML has no characters of the codes 1 and 2.
_END, _EMPTY = b"\1", b"\2"
_OTHERS: Final = bytes(set(range(256)).difference(b"<" + _END + _EMPTY))
_STEPS: Final = bytes.maketrans(b"<" + _END + _EMPTY, b"\x01\xff\xff")

_RUN: Final = 1024  # bytes in which so many tags seldom begin that the bound of depth could be reached
_SHAPES: Final = 4096  # start tags that are remembered
_SHAPE: Final = 256  # bytes of one
# Text varies if more than the eighth part of the bytes is left when what is said again is left out.
_VARIED: Final = 8


def whole(piece: bytes) -> tuple[int, bytes]:
    """How much of a piece of content, which begins with no half of anything, ends with no half of a tag or remark;
    and that much without comments, CDATA sections and processing instructions.
    """
    end, kept = len(piece), piece
    # One character is found much faster than two.
    if (b"!" in piece and b"<!" in piece) or (b"?" in piece and b"<?" in piece):
        parts = _REMARKS.split(piece)
        kept = b"".join(parts[::2])
        if not parts[-1] and _WHOLE_REMARK.fullmatch(parts[-2]) is None:
            return end - len(parts[-2]), kept
    last = kept.rfind(b"<")
    if last < 0 or _TAG.match(kept, last) is not None:
        return end, kept
    return end - (len(kept) - last), kept[:last]


class Skim:
    """What was seen of the insides of elements, piece by piece.

    Attributes:
        names: of elements, attributes and declarations, as they are written.
    """

    def __init__(self, depth: int, attributes: int, name: int) -> None:
        """Args: what is in bounds, inclusive: elements within each other, attributes of one, bytes of a name."""
        self._depth = depth
        self._attributes = attributes
        self._name = name
        self.names: set[bytes] = set()
        self._shapes: set[bytes] = set()  # start tags without values, that are in bounds
        self._varied = False

    def passed(self, kept: bytes, depth: int, name: bytes, floor: int) -> int | None:
        """The depth after a piece; None where it needs a closer look.

        Args:
            kept: from `whole`.
            depth: before it, in elements.
            name: as it is written, of the element that this is the inside of: it may not end here.
            floor: the depth of it.
        """
        if b"=" in kept:
            kept = _VALUE.sub(b"", kept)
        first = kept.find(b"<")
        if first < 0:
            return depth
        kept = kept[first:]
        if self._varied and kept.count(b"<") == kept.count(b">"):
            tags = kept.translate(_ALIKE).split(b"<")[1::2]
            kept = b"<%b>" % b"><".join(tags)
            once = b"<%b>" % b"><".join(set(tags))
        else:
            # Data says most things many times: tags with the text behind them, each once.
            once = b"<" + b"<".join(set(kept.split(b"<")).difference((b"",)))
            self._varied = _VARIED * len(once) > len(kept)
            if once.count(b"<") != once.count(b">"):
                kept, once = _TEXT.sub(b">", kept), _TEXT.sub(b">", once)
                if once.count(b"<") != once.count(b">"):
                    return None
        # What looks like a tag is one from here on.
        for shape in set(_START.findall(once)) - self._shapes:
            if not self._in_bounds(shape):
                return None
        may_end = b"</" + name in once
        if (
            not may_end
            and once.count(b"/") == once.count(b"</")
            and (found := self._run(kept, depth)) is not None
        ):
            return found
        return self._walk(kept, depth, floor)

    def _run(self, kept: bytes, depth: int) -> int | None:
        """The depth after it, where it is far from the bound. Every stroke is in an end tag."""
        for start in range(0, len(kept), _RUN):
            tags = kept.count(b"<", start, start + _RUN)
            ends = kept.count(b"/", start, start + _RUN)
            if depth + tags - ends > self._depth:
                return None
            depth += tags - 2 * ends
        return depth

    def _walk(self, kept: bytes, depth: int, floor: int) -> int | None:
        """The depth after it, tag by tag."""
        steps = kept.replace(b"</", _END).replace(b"/>", _EMPTY).translate(_STEPS, _OTHERS)
        depths = list(accumulate(memoryview(steps).cast("b"), initial=depth))
        return depths[-1] if max(depths) <= self._depth and min(depths) >= floor else None

    def _in_bounds(self, shape: bytes) -> bool:
        words = shape.rstrip(b"/").split()
        if len(words) > self._attributes + 1 or any(len(word) > self._name for word in words):
            return False
        self.names.update(words)
        if len(self._shapes) >= _SHAPES:
            self._shapes.clear()
        if len(shape) <= _SHAPE:
            self._shapes.add(shape)
        return True
