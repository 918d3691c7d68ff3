"""What can be known of a format: what its files are called, begin with and belong to.

The formats themselves are in known_formats.py; further ones come by entry points of the group `azenha.formats`
(see engine/formats/known.py). Data alone: who reads files by it is `engine/formats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Family(StrEnum):
    """What kind of thing a file is, and thereby which library opens it."""

    RASTER = "raster"
    VECTOR = "vector"
    TABLE = "table"
    JSON = "json"
    XML = "xml"
    TEXT = "text"
    ARCHIVE = "archive"
    OTHER = "other"


class Travel(StrEnum):
    """How data travels within a document: as characters, as an element of XML, or packed in base64."""

    TEXT = "text"
    XML = "xml"
    BASE64 = "base64"


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes that stand at `offset` from the beginning."""

    bytes: bytes
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Root:
    """The root of an XML document; None: any. `declares`: a namespace that is declared in it, used or not."""

    local: str | None = None
    namespace: str | None = None
    declares: str | None = None


@dataclass(frozen=True, slots=True)
class KnownFormat:
    """One format.

    Attributes:
        id: a short name, for tables of programs.
        title: what people call it.
        media_types: the usual one first, then what else it is called; with their parameters. A value of a
            parameter stands for all that begin with it: `version=3.2` for 3.2.1 too.
        extensions: the usual one first, with the dot.
        also_extensions: names that such files may have, although another format is meant first by them.
        kind_of: id of the format that it is a special case of: every GeoJSON is JSON.
        looks_like: ids of formats that its content may be taken for, as its own beginning does not tell.
        magic, roots, members, application_ids, words: what its content is told by, any of it: first bytes; the
            root of XML; a member of a zip (names as of fnmatch, all of a tuple); the application id of SQLite;
            the value of `type` in a JSON object.
        drivers: of GDAL, those that may open it.
        schema: address of the schema that its documents follow; None: none, or as they say.
    """

    id: str
    title: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...] = ()
    family: Family = Family.OTHER
    travel: Travel = Travel.BASE64
    also_extensions: tuple[str, ...] = ()
    kind_of: str | None = None
    looks_like: tuple[str, ...] = ()
    magic: tuple[Magic, ...] = ()
    roots: tuple[Root, ...] = ()
    members: tuple[tuple[str, ...], ...] = ()
    application_ids: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    schema: str | None = None

    @property
    def encodings(self) -> tuple[str, ...]:
        """How it may be encoded within a document, the usual way first; everything may be in base64."""
        return ("base64",) if self.travel is Travel.BASE64 else ("utf-8", "base64")

    @property
    def essences(self) -> tuple[str, ...]:
        """Its media types without parameters, each once."""
        return tuple(dict.fromkeys(m.partition(";")[0].strip().lower() for m in self.media_types))

    def schema_of(self, declared: str | None) -> str | None:
        """The schema that data follows whatever it names itself: the declared one, else the format's; None: none."""
        return None if self.travel is Travel.BASE64 else declared or self.schema


_Signature = tuple[int, Magic, KnownFormat]  # with the rank of its format in the table


@dataclass(frozen=True, slots=True)
class Table:
    """Formats by id. Of two with one id, the later one counts.

    Attributes:
        words: ids of formats by the word that they are told by; `rooted`: formats that are told by a root of XML.
    """

    formats: tuple[KnownFormat, ...]
    _by_id: Mapping[str, KnownFormat] = field(init=False, repr=False, compare=False)
    _by_essence: Mapping[str, tuple[tuple[Mapping[str, str], KnownFormat], ...]] = field(
        init=False, repr=False, compare=False
    )
    _by_first: Mapping[int, tuple[_Signature, ...]] = field(init=False, repr=False, compare=False)
    _further_in: tuple[_Signature, ...] = field(init=False, repr=False, compare=False)
    words: Mapping[str, str] = field(init=False, repr=False, compare=False)
    rooted: tuple[KnownFormat, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {f.id: f for f in self.formats}
        by_essence: dict[str, list[tuple[Mapping[str, str], KnownFormat]]] = {}
        for known in by_id.values():
            for name in known.media_types:
                essence, parameters = _apart(name)
                by_essence.setdefault(essence, []).append((parameters, known))
        for ways in by_essence.values():
            ways.sort(key=lambda way: -len(way[0]))
        object.__setattr__(self, "_by_id", MappingProxyType(by_id))
        frozen = {essence: tuple(ways) for essence, ways in by_essence.items()}
        object.__setattr__(self, "_by_essence", MappingProxyType(frozen))
        signatures = [(rank, m, known) for rank, known in enumerate(by_id.values()) for m in known.magic]
        first: dict[int, list[_Signature]] = {}
        for one in signatures:
            if one[1].offset == 0:
                first.setdefault(one[1].bytes[0], []).append(one)
        by_first = {byte: tuple(found) for byte, found in first.items()}
        object.__setattr__(self, "_by_first", MappingProxyType(by_first))
        words = {word: known.id for known in by_id.values() for word in known.words}
        object.__setattr__(self, "words", MappingProxyType(words))
        object.__setattr__(self, "rooted", tuple(known for known in by_id.values() if known.roots))
        object.__setattr__(self, "_further_in", tuple(one for one in signatures if one[1].offset))

    def __iter__(self) -> Iterator[KnownFormat]:
        return iter(self._by_id.values())

    def get(self, id: str) -> KnownFormat | None:
        return self._by_id.get(id)

    def named(self, media_type: str) -> KnownFormat | None:
        """The format of that media type: the one whose parameters are most of those given; None: not known."""
        found = self.name_of(media_type)
        return found and found[1]

    def name_of(self, media_type: str) -> tuple[Mapping[str, str], KnownFormat] | None:
        """The same, with those parameters that make the media type a name of it."""
        essence, given = _apart(media_type)
        for parameters, known in self._by_essence.get(essence, ()):
            if all(given.get(name, "").startswith(value) for name, value in parameters.items()):
                return parameters, known
        return None

    def by_magic(self, head: bytes) -> KnownFormat | None:
        """The first format of those whose signature data has; only signatures that can be are looked at."""
        candidates = (*self._by_first.get(head[0], ()), *self._further_in) if head else ()
        found = [(rank, known) for rank, m, known in candidates if head.startswith(m.bytes, m.offset)]
        return min(found, key=lambda one: one[0])[1] if found else None

    def lineage(self, id: str) -> tuple[str, ...]:
        """A format and all that it is a special case of, the nearest first."""
        line: list[str] = []
        at: str | None = id
        while at is not None and at not in line:
            line.append(at)
            known = self._by_id.get(at)
            at = known.kind_of if known else None
        return tuple(line)

    def with_more(self, more: Iterable[KnownFormat]) -> Table:
        return Table((*self.formats, *more))


def _apart(media_type: str) -> tuple[str, Mapping[str, str]]:
    # Those of the table are well formed, and what a client names was parsed before: see domain/formats.py.
    essence, _, rest = media_type.partition(";")
    pairs = (part.partition("=") for part in rest.split(";") if "=" in part)
    parameters = {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs}
    return essence.strip().lower(), parameters
