"""A large JSON body, in constant memory: its large values stay where they are, as offsets.

One pass checks the whole body as strictly as json.py does. It goes from comma to comma in windows: each piece is
completed to a document of its own (the brackets that are open before it, those that it leaves open) and given to
the C parser, so that every byte is parsed once, whatever the nesting. On the way the places of large values are
noted, as deep as values of inputs lie. What is left when they are taken out is small, and is parsed as always.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate, chain
from typing import Final

from azenha.domain.errors import Malformed, TooLarge, TooManyPlain
from azenha.domain.slices import release_pages
from azenha.protocols import json as strict
from azenha.protocols import json_shapes as shapes
from azenha.protocols.http import Buffer, Limits
from azenha.protocols.json_places import Large
from azenha.protocols.json_strings import SURROGATE, malformed, string_end
from azenha.protocols.tally import Tally

WINDOW: Final = 64 * 1024
LARGE: Final = WINDOW  # bytes; a value of more may stay in the body
FINE: Final = 4 * 1024  # as both, where what is smaller is too much together
LONGEST: Final = 1024 * 1024  # bytes without a comma (a name, white space)
RELEASED_AFTER: Final = 4 * 1024 * 1024  # bytes that were read and may still be in memory
# Body, inputs, a value or an array of them, an element that is qualified: what stands in these may be cut out.
OPENABLE: Final = 4

_BLANK = b" \t\r\n"
_MARK = b"\xef\xbb\xbf"
_CLOSES = {ord("]"): ord("["), ord("}"): ord("{")}


def parse(body: Buffer, limits: Limits = Limits()) -> object:
    """As json.parse; a body of more than `LARGE` bytes has its large values as `Large`.

    So has a smaller one that is too much as a whole: data in it need not be.

    Raises:
        Malformed: as json.parse; and a name of more than `LONGEST` bytes.
        TooLarge: too many names in one object.
        TooManyPlain: see `Large.opened`.
    """
    if len(body) <= LARGE:
        with suppress(TooManyPlain):
            return strict.parse(bytes(body), limits)
    found = _Pass(body, limits.depth, limits.counted()).run()
    assert found is not None
    return found.opened()


def whole(value: object) -> object:
    """A member of a body that is no input's value, and should be small."""
    return value.whole() if isinstance(value, Large) else value


class _Pass:
    """One reading of a body, or of a value in it that was read before.

    Attributes:
        large: bytes; a value of more may stay in the body.
        at: everything before is checked; the next byte stands after a value, or is the first.
        stack: the brackets that are open there.
        open: the first of them, as far as they are noted.
        names: of the objects that are open there, by their depth from 1 on, as hashes.
    """

    def __init__(self, body: Buffer, depth: int, tally: Tally, value: Large | None = None) -> None:
        """`value`: in which smaller ones than before are looked for."""
        self.body = body
        self.depth = depth
        self.tally = tally
        self.value = value
        self.begin = value.start if value else len(_MARK) if body[: len(_MARK)] == _MARK else 0
        self.end = value.end if value else len(body)
        self.window, self.large = (FINE, FINE) if value else (WINDOW, LARGE)
        self.at = self.begin
        self.left = 0  # bytes of the values that stay in the body
        self.stack = bytearray()
        self.open: list[Large] = []
        self.root: Large | None = None
        self.names: dict[int, set[int]] = {}
        self.token = secrets.token_hex(8)  # the name of members that complete a piece, before their level
        self.completing = {f"{self.token}{level}" for level in range(1, depth + 1)}
        self.exact = strict.decoder(self.members, exact=True)
        self.quick = strict.decoder(self.members, exact=False)

    def run(self) -> Large | None:
        """What was read; None if so much of it could not stay in the body that to look further is of no use."""
        size, released = self.window, self.begin
        while self.at < self.end:
            window = self.body[self.at : min(self.at + size, self.end)]
            masked = shapes.masked(window)
            if self.at + size >= self.end:
                self.piece(window, masked, last=True)
                break
            comma = shapes.last_comma(masked)
            if comma > 0:
                self.piece(window[:comma], masked[:comma])
                self.at += comma
                size = self.window
            elif masked.count(b'"') % 2 and self.long_string(window, masked):
                size = self.window
            elif size >= LONGEST:
                raise Malformed(f"the body has {LONGEST} bytes without an end of a value, at byte {self.at}")
            else:
                size *= 2
            if self.at - released > RELEASED_AFTER:
                release_pages(self.body, released, self.at)
                released = self.at
            # One that is still open may yet be found to be large, if only by this pass.
            if self.value and self.at - self.begin - self.left - LARGE > self.tally.room:
                return None
        release_pages(self.body, released, self.end)
        if self.stack:
            raise malformed(self.body, "a value ends too early", self.end)
        # Else it is a number or a word: it has no bracket, and was parsed with the piece.
        return self.root or self.place(self.at, self.end, b"0")

    def place(self, start: int, end: int = 0, kind: bytes = b"{") -> Large:
        finer = None if self.value else self.finer
        return Large(self.body, self.tally, start, end, kind, finer=finer)

    def finer(self, value: Large) -> list[Large]:
        found = _Pass(self.body, self.depth, self.tally, value).run()
        return value.parts if found is None else found.parts

    # -- pieces ------------------------------------------------------------------------------------

    def piece(self, data: bytes, masked: bytes, *, last: bool = False, filler: bytes = b"") -> None:
        """Check a piece that begins and ends after a value, and open and close what it does.

        Args:
            filler: stands for a long string that follows.
        """
        if not filler and not last and data.rstrip(_BLANK)[-1:] in (b"[", b"{"):
            raise malformed(self.body, "Expecting value", self.at + len(data))
        before = bytes(self.stack)
        if self.root is not None and not before:
            self.after_root(data + filler)
            return
        bare = shapes.bare(masked)
        self.note(masked, bare)
        head = self.head(before, data)
        if last:
            # Nothing is added: what is still open then is the client's fault.
            tail = b""
            if self.stack:
                raise self.unended(head, data)
        else:
            tail = self.tail()
        self.check(head, data + filler, tail, bare)

    def head(self, stack: bytes, data: bytes) -> bytes:
        """A beginning that opens these brackets, the innermost with a value in it, for `data` to go on with."""
        # Behind a long string may come anything: `.5` would make a number of a nought.
        value = b"0" if data[:1] == b"," else b'""'
        pieces = []
        for level, bracket in enumerate(stack, 1):
            pieces.append(b"[" if bracket == ord("[") else b'{"%b%d":' % (self.token.encode(), level))
        return b"".join(pieces) + value if pieces else b""

    def tail(self) -> bytes:
        pieces = []
        for level in range(len(self.stack), 0, -1):
            array = self.stack[level - 1] == ord("[")
            pieces.append(b"]" if array else b',"%b%d":0}' % (self.token.encode(), level))
        return b"".join(pieces)

    def check(self, head: bytes, data: bytes, tail: bytes, bare: bytes) -> None:
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise Malformed(
                f"the body is not UTF-8: {error.reason} at byte {self.at + error.start}"
            ) from None
        whole = f"{head.decode()}{text}{tail.decode()}"
        exact = shapes.is_exact(bare)
        short = whole
        if not exact and data.count(b"[") == bare.count(b"["):
            short = shapes.without_numbers(whole)
        try:
            (self.exact if exact else self.quick).decode(short)
        except json.JSONDecodeError as error:
            if short != whole:
                error = _fault(whole, error)
            behind = whole[len(head) : max(error.pos, len(head))][: len(text)]
            raise malformed(self.body, error.msg, self.at + len(behind.encode())) from None
        if SURROGATE.search(data):
            # As lists: what completes the piece has names twice.
            strict.check_surrogates(json.loads(whole, object_pairs_hook=lambda pairs: [*chain(*pairs)]))

    def unended(self, head: bytes, data: bytes) -> Malformed:
        """Why a body cannot end here, in the parser's words."""
        try:
            self.check(head, data, b"", b"")
        except Malformed as error:
            return error
        return malformed(self.body, "a value ends too early", self.end)

    def after_root(self, data: bytes) -> None:
        blank = len(data) - len(data.lstrip(_BLANK))
        if blank < len(data):
            raise malformed(self.body, "Extra data", self.at + blank)

    def members(self, members: Sequence[tuple[str, object]]) -> None:
        """What the parser calls for each object that ends: no name may stand in it twice."""
        began = bool(members) and members[0][0] in self.completing
        goes_on = bool(members) and members[-1][0] in self.completing
        if not (began or goes_on):
            if len(dict(members)) != len(members):
                strict.refuse_twice([name for name, _ in members])
            return
        level = int(members[0 if began else -1][0].removeprefix(self.token))
        names = [name for name, _ in members if not name.startswith(self.token)]
        known = self.names.pop(level, set()) if began else set()
        for name in names:
            if hash(name) in known:
                strict.refuse_twice([name, name])
            known.add(hash(name))
        if goes_on:
            self.names[level] = known
            # Of objects of more than a window they have to be remembered, even of those in data.
            if sum(map(len, self.names.values())) > 2 * self.tally.limit:
                raise TooLarge(
                    f"an object in the body, with those around it, has more than {2 * self.tally.limit} names; "
                    f"twice as many are read as values are taken (setting limits.values)"
                )

    # -- brackets ----------------------------------------------------------------------------------

    def note(self, masked: bytes, bare: bytes) -> None:
        """Follow the brackets of a piece; note where those of the first levels begin and end.

        Args:
            bare: the piece without its strings.
        """
        brackets = bare.translate(None, strict.NO_BRACKETS)
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")  # not as deep by two, at most
        levels = self.levels(fewer)
        least = min(levels)
        if max(levels) + 2 > self.depth and max(self.levels(brackets)) > self.depth:
            raise Malformed(
                f"the body nests deeper than {self.depth} arrays and objects (setting limits.depth)"
            )
        if least <= OPENABLE:
            self.follow(masked, least, self.left_open(masked, brackets, least))
            return
        left = fewer
        while (shorter := left.replace(b"[]", b"").replace(b"{}", b"")) != left:
            left = shorter
        for bracket in left:
            self.turn(bracket)

    def levels(self, brackets: bytes) -> list[int]:
        return list(accumulate(map(strict.STEP.__getitem__, brackets), initial=len(self.stack)))

    def turn(self, bracket: int) -> None:
        if bracket not in _CLOSES:
            self.stack.append(bracket)
        elif self.stack and self.stack[-1] == _CLOSES[bracket]:
            self.stack.pop()
        # Else the parser will say what is wrong with it.

    def left_open(self, masked: bytes, brackets: bytes, least: int) -> int:
        """Where the first bracket stands that the piece leaves open; 0: not known.

        Before it, and behind the last that closes what was open before, are whole values, none of them large.
        """
        if (
            len(masked) > self.large
            or least < 1
            or len(masked.translate(None, strict.NO_BRACKETS)) > len(brackets)
        ):
            return 0
        after = self.levels(brackets)[::-1].index(least)
        return shapes.bracket_from_end(masked, after) if after else len(masked)

    def follow(self, masked: bytes, least: int, left_open: int) -> None:
        """`least`: how many brackets are open at least; what lies between there and `left_open` is passed over."""
        if left_open and len(self.stack) > least:
            self.walk(masked, 0, least)
        if not left_open or len(self.stack) == least:  # else the parser will say which brackets do not fit
            self.walk(masked, left_open, -1)

    def walk(self, masked: bytes, begin: int, until: int) -> None:
        """Note brackets from there on, until so many are open."""
        for start, end in shapes.tokens(masked, begin):
            if end - start > 1:
                if not self.stack and self.root is None and not self.open:
                    self.root = self.place(self.at + start, self.at + end, masked[start : start + 1])
                continue
            bracket = masked[start]
            level = len(self.stack)
            self.turn(bracket)
            if len(self.stack) > level and level <= OPENABLE:
                del self.open[level:]
                self.open.append(self.place(self.at + start, kind=masked[start:end]))
            elif len(self.stack) < level <= OPENABLE + 1:
                self.closed(level, self.at + end)
            if len(self.stack) == until:
                return

    def closed(self, level: int, end: int) -> None:
        found = self.open[level - 1]
        found.end = end
        del self.open[level - 1 :]
        if level == 1:
            self.root = self.root or found
        elif end - found.start > self.large:
            self.stays(found, level - 1)

    # -- long strings ------------------------------------------------------------------------------

    def long_string(self, window: bytes, masked: bytes) -> bool:
        """Pass over a string that goes on after the window; False if it is a name, or should be seen whole."""
        quote = masked.rfind(b'"')
        before = masked[:quote].rstrip(_BLANK)
        in_object = before[-1:] == b"{" or (
            before[-1:] == b"," and self.innermost(masked[:quote]) == ord("{")
        )
        if in_object:
            return False
        self.piece(window[:quote], masked[:quote], filler=b'""')
        start = self.at + quote
        end = string_end(self.body, start + 1, 4 * self.window)
        found = self.place(start, end, b'"')
        if not self.stack:
            self.root = found
        elif end - start > self.large and len(self.stack) <= OPENABLE:
            self.stays(found, len(self.stack))
        self.at = end
        return True

    def stays(self, found: Large, level: int) -> None:
        """In the body, as a part of what is open at that level (from 1)."""
        self.open[level - 1].parts.append(found)
        if level == 1:
            self.left += found.end - found.start

    def innermost(self, masked: bytes) -> int:
        left = shapes.bare(masked).translate(None, strict.NO_BRACKETS)
        while (shorter := left.replace(b"[]", b"").replace(b"{}", b"")) != left:
            left = shorter
        opened = left.lstrip(b"]}")
        if opened:
            return opened[-1]
        rest = self.stack[: len(self.stack) - len(left)]
        return rest[-1] if rest else 0


def _fault(text: str, shortened: json.JSONDecodeError) -> json.JSONDecodeError:
    """What is wrong with a text, given that something is: where, in the text as it was given."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error
    return shortened
