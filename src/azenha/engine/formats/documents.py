"""JSON, XML, text, tables and archives: read by the standard library and lxml, in pieces where that can be."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final, TextIO, cast

from azenha.authoring.archives import Unsafe, inspect
from azenha.domain import encodings
from azenha.engine.formats.opening import NotValid, Opening, counted

PIECE: Final = 256 * 1024
_SHOWN: Final = {"utf-8-sig": "utf-8"}  # codecs, as people call them
DEEPEST: Final = 256  # elements within elements
LONGEST_LINE: Final = 64 * 1024**2  # characters of a table's line, which is held
_ROWS: Final = 1000  # of a table, that are looked at where not all of it is to be read


def open_json(opening: Opening) -> str:
    """Parse all of it: JSON has no head."""
    try:
        with opening.path.open(encoding="utf-8-sig") as file:
            value = json.load(file, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotValid(f"it is no JSON: {error}") from None
    return "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "a value"


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


def open_xml(opening: Opening, against: Callable[[str], str | None] | None = None) -> str:
    """Parse all of it, in constant memory; document types are refused.

    Args:
        against: what speaks against an element of that name.
    """
    from lxml import etree

    target = _Elements(against)
    parser: Any = etree.XMLParser(
        target=cast("Any", target), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        with opening.path.open("rb") as file:
            while piece := file.read(PIECE):
                parser.feed(piece)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise NotValid(f"it is no XML: {error.msg}") from None
    return counted(target.count, "element")


class _Elements:
    """Counts, keeps nothing, and refuses what is not read anywhere here."""

    def __init__(self, against: Callable[[str], str | None] | None) -> None:
        self.count = 0
        self._depth = 0
        self._against = against

    def start(self, tag: str, attributes: object) -> None:
        self.count += 1
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotValid(f"it has more than {DEEPEST} elements within each other")
        if self._against is not None and (reason := self._against(tag)) is not None:
            raise NotValid(reason)

    def end(self, tag: str) -> None:
        self._depth -= 1

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise NotValid("it has a document type (DOCTYPE), which is refused")

    def close(self) -> None:
        """Nothing was kept."""


def open_text(opening: Opening) -> str:
    """Decode all of it."""
    with _decoded(opening) as file:
        characters = sum(map(len, iter(lambda: file.read(PIECE), "")))
    return counted(characters, "character")


def open_table(opening: Opening) -> str:
    """Read rows, all as long as the first."""
    width = 0
    with closing(rows_of(opening, opening.asked.read)) as rows:
        for _, row in rows:
            width = len(row)
    return f"{counted(width, 'column')}"


def rows_of(opening: Opening, whole: bool) -> Generator[tuple[int, list[str]]]:
    """The rows of a table that have something in them, each with its number, the header's being 1.

    To be closed where not all are taken.

    Args:
        whole: all rows, and not the first ones alone.
    Raises:
        NotValid: it is no CSV, or a row is not as long as the first.
    """
    number, width = 0, 0
    before = csv.field_size_limit(LONGEST_LINE)  # Python's own is less than many a geometry in WKT has
    try:
        with _decoded(opening) as file:
            for number, row in enumerate(csv.reader(_lines(file), strict=True), 1):
                width = width or len(row)
                if row and len(row) != width:
                    raise NotValid(f"its row {number:,} has {counted(len(row), 'field')}, its first {width}")
                if row:
                    yield number, row
                if number >= _ROWS and not whole:
                    break
    except csv.Error as error:
        raise NotValid(f"it is no CSV: {error} (row {number + 1:,})") from None
    finally:
        csv.field_size_limit(before)


def _lines(file: TextIO) -> Iterator[str]:
    """Lines as CSV has them: what else Unicode takes for the end of one may stand in a field."""
    for number in itertools.count(1):
        line = file.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise NotValid(f"its line {number:,} has more than {LONGEST_LINE:,} characters")
        if not line:
            return
        yield line


@contextmanager
def _decoded(opening: Opening) -> Iterator[TextIO]:
    """The file as text, its ends of lines as they are.

    Raises:
        NotValid: also while it is read.
    """
    with opening.path.open("rb") as beginning:
        charset = encodings.codec(beginning.read(encodings.HEAD), opening.media_type)
    if not charset.isprintable():
        raise NotValid("it is declared to be in a character set whose name cannot be written")
    try:
        # Codecs that are no character sets, such as those that unpack, are refused by this.
        file = opening.path.open(encoding=charset, newline="")
    except LookupError:
        raise NotValid(f"it is declared to be in {charset}, which is not known here") from None
    try:
        with file:
            yield file
    except UnicodeError as error:
        raise NotValid(
            f"it is no text in {_SHOWN.get(charset, charset)}: {getattr(error, 'reason', error)}"
        ) from None


def open_archive(opening: Opening) -> str:
    """Look at the list of members: it could be unpacked without harm."""
    if opening.format.id != "zip" and opening.format.kind_of != "zip":
        raise NotValid(f"{opening.format.title} is not opened here")
    try:
        inspect(opening.path)
    except Unsafe as reason:
        raise NotValid(str(reason)) from None
    return "harmless"
