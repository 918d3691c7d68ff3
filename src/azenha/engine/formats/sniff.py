"""What a file is by its own content: first bytes, root of XML, `type` of JSON, members of a zip, SQLite's number.

Memory is constant: the head of the file is read, and of a zip the list of its members, within limits. No library
is asked, and nothing is decompressed.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from xml.parsers import expat

from azenha.authoring.archives import Unsafe, names_in
from azenha.domain import formats
from azenha.domain.media import KnownFormat, Table
from azenha.engine.formats.geojson import misshapen

UNKNOWN: Final = "data of no format that is known here"
HEAD: Final = 64 * 1024
_APPLICATION_ID_AT: Final = 68  # of SQLite's header, four bytes, big-endian
_NAMESPACE: Final = "\n"  # between a name and its namespace: in neither of them
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_ENCODING: Final = re.compile(rb"<\?xml[^>]{1,100}?encoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]{0,40})[\"']")
_READ: Final = ("utf-8", "utf8", "utf-16", "utf16", "us-ascii", "ascii")  # by Expat, whatever the bytes are
Names = Callable[[], list[str]]  # of the members of a zip; raises Unsafe
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


@dataclass(frozen=True, slots=True)
class Detected:
    """What a file seems to be.

    Attributes:
        id: of the nearest format; None if it is of none that is known.
        title: for messages.
        perhaps: ids of formats that it could be as well: what was read did not tell.
        flaw: what is wrong with it as data of that format, where all of it was read and that is plain.
    """

    id: str | None
    title: str
    perhaps: frozenset[str] = frozenset()
    flaw: str | None = None


def detect(path: Path, table: Table) -> Detected:
    """What the content of a file says.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
        whole = len(head) < HEAD or not file.read(1)
    return _detect(head, whole, table, lambda: names_in(path))


def detect_at_hand(data: bytes, table: Table) -> Detected:
    """What data in memory is. Of more than `HEAD` bytes the beginning is looked at, and no zip is."""
    if len(data) <= HEAD:
        return _detect(data, True, table, lambda: names_in(io.BytesIO(data)))
    return _detect(data[:HEAD], False, table, None)


def _detect(head: bytes, whole: bool, table: Table, names: Names | None) -> Detected:
    if not head:
        return Detected(None, "an empty file", frozenset({"text"}))
    if (known := table.by_magic(head)) is not None:
        found = _nearer(known, names, head, table)
        # A sentence may begin with GIF8 too: it is text all the same.
        return found if _CONTROL.search(head) else replace(found, perhaps=frozenset({"text"}))
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") or head.startswith(_BOMS):
        return _xml(head, whole, table)
    if text[:1] in (b"{", b"["):
        return _json(text, whole, table)
    if _CONTROL.search(head):
        return Detected(None, UNKNOWN, frozenset({"text"}) if _is_utf8(head) else frozenset())
    return _of("text", table)


def agrees(declared: KnownFormat, detected: Detected, table: Table) -> bool:
    """Whether data that was detected may be called what it was declared: the same, a special case, or undecided."""
    candidates = (*((detected.id,) if detected.id else ()), *detected.perhaps)
    return any(declared.id in table.lineage(id) for id in candidates) or any(
        id in declared.looks_like for id in candidates
    )


def contradicted(media_type: str, detected: Detected, table: Table, called: str | None = None) -> str | None:
    """What speaks against data being of its declared type, a sentence without subject; None: nothing does.

    Args:
        called: what it was called, where it was not declared to be of that type: see Format.
    """
    declared = table.named(media_type)
    if declared is None:
        return None
    if not agrees(declared, detected, table):
        return f"{formats.declared(media_type, called)}, and its content is {detected.title}"
    if detected.flaw is not None and declared.id == detected.id:
        said = formats.declared(media_type, called)
        return f"{said}, and its content is no good {detected.title}: {detected.flaw}"
    return None


def _is_utf8(head: bytes) -> bool:
    """Whether it is text, with control characters in it or not; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _of(id: str, table: Table, perhaps: frozenset[str] = frozenset()) -> Detected:
    known = table.get(id)
    return Detected(id, known.title if known else id, perhaps)


# -- binary formats ------------------------------------------------------------------------------


def _nearer(known: KnownFormat, names_inside: Names | None, head: bytes, table: Table) -> Detected:
    """The special case of a container, by what is in it."""
    if known.id == "sqlite":
        number = int.from_bytes(head[_APPLICATION_ID_AT : _APPLICATION_ID_AT + 4], "big")
        for one in table:
            if number in one.application_ids:
                return _of(one.id, table)
    elif known.id == "zip" and names_inside is None:
        return _of("zip", table, frozenset(one.id for one in table if "zip" in table.lineage(one.id)))
    elif known.id == "zip" and names_inside is not None:
        try:
            names = [name.lower() for name in names_inside()]
        except Unsafe as reason:
            return Detected("zip", f"a zip that cannot be trusted: {reason}")
        for one in table:
            for wanted in one.members:
                if all(any(fnmatchcase(name, pattern.lower()) for name in names) for pattern in wanted):
                    return _of(one.id, table)
    return _of(known.id, table)


# -- XML -----------------------------------------------------------------------------------------


class _Enough(Exception):
    """No more is to be read."""


def _xml(head: bytes, whole: bool, table: Table) -> Detected:
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return _of("html", table)
    root: list[str] = []
    declared: set[str] = set()
    ended = False
    try:
        data, encoding = _for_expat(head)
        _parse(data, encoding, whole, root, declared)
        ended = whole
    except _Enough:
        return _of("xml", table)
    except (expat.ExpatError, LookupError, UnicodeError) as reason:
        if not root:
            return _no_xml(head, reason)
    if not root:
        return _of("xml", table)
    namespace, _, local = root[0].rpartition(_NAMESPACE)
    for one in table.rooted:
        for rule in one.roots:
            if rule.declares is None and _fits(rule.local, local) and _fits(rule.namespace, namespace):
                return _of(one.id, table)
    for one in table.rooted:
        if any(rule.declares in declared for rule in one.roots if rule.declares is not None):
            return _of(one.id, table)
    # A namespace may be declared far behind: what was not read may be of any format that is told by that.
    late = (
        () if ended else (one.id for one in table.rooted for rule in one.roots if rule.declares is not None)
    )
    return _of("xml", table, frozenset(late))


def _parse(data: bytes, encoding: str | None, whole: bool, root: list[str], declared: set[str]) -> None:
    """Add the name of the root to `root`, and the namespaces that are declared.

    Raises:
        _Enough: it defines entities: it is refused later, and not expanded here.
        ExpatError, LookupError, UnicodeError
    """
    parser = expat.ParserCreate(encoding, _NAMESPACE)

    def on_element(name: str, attributes: object) -> None:
        if not root:
            root.append(name)

    def on_entity(*_: object) -> None:
        raise _Enough

    parser.StartElementHandler = on_element
    parser.StartNamespaceDeclHandler = lambda _, uri: declared.add(uri or "")
    parser.EntityDeclHandler = on_entity
    parser.Parse(data, whole)


def _for_expat(head: bytes) -> tuple[bytes, str | None]:
    """The same as Expat can read it, and the encoding that it is to be told.

    Raises:
        LookupError, UnicodeError: the encoding that is declared is none.
    """
    named = _ENCODING.match(head)
    if named is None:
        return head, None
    encoding = named[1].decode("ascii")
    if encoding.lower() in _READ or len(bytes(range(256)).decode(encoding, "replace")) == 256:
        return head, None
    # Of more than one byte a character: Python reads it, Expat does not. The last character may be cut off.
    return codecs.getincrementaldecoder(encoding)("replace").decode(head).encode(), "utf-8"


def _no_xml(head: bytes, reason: Exception) -> Detected:
    if not (head.startswith(_BOMS) or _is_utf8(head) or not _CONTROL.search(head)):
        return Detected(None, UNKNOWN)
    if head.startswith(_BOMS) and not head.decode("utf-16", "replace").lstrip().startswith("<"):
        return Detected("text", "text in UTF-16")
    return Detected("text", f"text that is no XML ({reason})")


def _fits(wanted: str | None, given: str) -> bool:
    return wanted is None or wanted == given


# -- JSON ----------------------------------------------------------------------------------------


def _json(text: bytes, whole: bool, table: Table) -> Detected:
    words = table.words
    undecided = frozenset[str]() if whole else frozenset(words.values())
    if whole:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as reason:
            return Detected("text", f"text that is no JSON ({reason})")
        word = value.get("type") if isinstance(value, dict) else None
        if isinstance(word, str) and words.get(word) == "geojson":
            return replace(_of("geojson", table), flaw=misshapen(value))
    else:
        word = _type_of(text.decode("utf-8", "replace"))
        undecided = undecided if word is None and text.startswith(b"{") else frozenset()
    found = words.get(word) if isinstance(word, str) else None
    return _of(found or "json", table, undecided)


def _type_of(text: str) -> str | None:
    """The text of the member `type` of the object that `text` is the beginning of, if it comes so early."""
    depth, tokens = 0, _tokens(text)
    for token in tokens:
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif depth == 1 and token == '"type"' and next(tokens, "") == ":":
            value = next(tokens, "")
            try:
                return str(json.loads(value)) if value.startswith('"') else ""
            except ValueError:
                return None
    return None


def _tokens(text: str) -> Iterator[str]:
    return (match[0] for match in _TOKEN.finditer(text))
