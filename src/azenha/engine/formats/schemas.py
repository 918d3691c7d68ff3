"""Schemas: found in a folder on this machine by their address, and applied. Collecting.py fetches, not this.

The folder holds a `catalog.xml` (OASIS XML Catalogs 1.1: `uri`, `system`, `rewriteURI`, `rewriteSystem`,
`nextCatalog`), or mirrors addresses: `schemas.opengis.net/kml/2.2.0/ogckml22.xsd`.
"""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from azenha.domain.media import KnownFormat, Travel
from azenha.engine.formats import known
from azenha.engine.formats.documents import open_xml
from azenha.engine.formats.mirror import place
from azenha.engine.formats.opening import NotValid, Opening

_CATALOG: Final = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_XSD: Final = "http://www.w3.org/2001/XMLSchema"
_MOST_CATALOGS: Final = 100
_LARGEST_TREE: Final = 8 * 1024**2  # bytes of a document that is held in memory to find a line in it

Named = tuple[str, str]  # a schema by namespace ("": none, or not said) and address


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Schemas by address.

    Attributes:
        exact: files by whole address; `prefixes`: folders by the beginning of addresses.
    """

    folder: Path
    exact: Mapping[str, Path]
    prefixes: tuple[tuple[str, Path], ...]

    def find(self, address: str) -> Path | None:
        """The file of the schema at that address; None: it is not here."""
        candidates = [self.exact[address]] if address in self.exact else []
        for prefix, folder in self.prefixes:
            if address.startswith(prefix):
                candidates.append(folder / address.removeprefix(prefix))
        if (mirrored := place(address)) is not None:
            candidates.append(self.folder / mirrored)
        for candidate in candidates:
            resolved = candidate.resolve()
            if resolved.is_relative_to(self.folder) and resolved.is_file():
                return resolved
        return None

    def base(self, address: str, file: Path) -> str:
        """What relative addresses in a schema start from: its own; of one that is named alone, its file."""
        return str(file) if address in self.exact else address


@functools.cache
def catalogue(folder: Path) -> Catalogue:
    """The schemas in a folder; its catalogs are read once."""
    return read_catalogue(folder)


def read_catalogue(folder: Path) -> Catalogue:
    """The schemas that are in a folder now."""
    from lxml import etree

    root = folder.resolve()
    exact: dict[str, Path] = {}
    prefixes: dict[str, Path] = {}
    waiting, seen = [root / "catalog.xml"], set[Path]()
    while waiting and len(seen) < _MOST_CATALOGS:
        file = waiting.pop(0).resolve()
        if file in seen or not file.is_file() or not file.is_relative_to(root):
            continue
        seen.add(file)
        for entry in etree.parse(file, _parser()).getroot().iter(f"{_CATALOG}*"):
            match entry.tag.removeprefix(_CATALOG):
                case "uri":
                    exact.setdefault(entry.get("name", ""), file.parent / entry.get("uri", ""))
                case "system":
                    exact.setdefault(entry.get("systemId", ""), file.parent / entry.get("uri", ""))
                case "rewriteURI":
                    prefix = entry.get("uriStartString", "")
                    prefixes.setdefault(prefix, file.parent / entry.get("rewritePrefix", ""))
                case "rewriteSystem":
                    prefix = entry.get("systemIdStartString", "")
                    prefixes.setdefault(prefix, file.parent / entry.get("rewritePrefix", ""))
                case "nextCatalog":
                    waiting.append(file.parent / entry.get("catalog", ""))
    longest_first = sorted(prefixes.items(), key=lambda item: -len(item[0]))
    return Catalogue(root, exact, tuple(longest_first))


def to_follow(format: KnownFormat, declared: str | None, document: Callable[[], BinaryIO]) -> list[Named]:
    """The schemas that a document is to follow: the declared one, its format's, else those that XML names itself.

    Args:
        document: opens it, where it is to be asked.
    Raises:
        lxml.etree.XMLSyntaxError: it has no root.
    """
    if address := format.schema_of(declared):
        return [("", address)]
    if format.travel is not Travel.XML:
        return []
    with document() as opened:
        return _named_by(opened)


def follow_schema(opening: Opening, folder: Path | None) -> str:
    """Validate a document by its schema, see `to_follow`; which one that was.

    Raises:
        NotValid: it does not follow it, or there is none here.
    """
    if folder is None:
        raise NotValid("there are no schemas here to check it by (setting formats.schemas)")
    found = catalogue(folder)
    named = to_follow(opening.format, opening.schema, lambda: opening.path.open("rb"))
    if opening.format.travel is Travel.XML:
        return _xml(opening, named, found)
    if named:
        return _json(opening, named[0][1], found)
    if "json" in known.table().lineage(opening.format.id):
        # JSON names no schema itself, as XML may: whoever declares or sends it does.
        raise NotValid(
            f"there is no schema to check it by: none is declared for {opening.media_type}, and none came with it"
        )
    return "no schema"  # a format without schemas: strict has looked at it


def _file(address: str, found: Catalogue) -> Path:
    file = found.find(address)
    if file is None:
        raise _absent(address)
    return file


def _absent(address: str) -> NotValid:
    return NotValid(f"its schema {address[:200]} is not among those here{_remedy(address)}")


def _remedy(address: str) -> str:
    """What the operator may do: a command, and where schemas are."""
    if place(address) is None:
        return " (setting formats.schemas)"
    return f": `azenha schemas fetch {shlex.quote(address)}` fetches it (setting formats.schemas)"


# -- XML -----------------------------------------------------------------------------------------


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def _xml(opening: Opening, named: Sequence[Named], found: Catalogue) -> str:
    from lxml import etree

    here = tuple(one for one in named if found.find(one[1]) is not None)
    if not here and (address := opening.format.schema_of(opening.schema)):
        raise _absent(address)
    if not here:
        shown = ", ".join(address for _, address in named) or "none"
        remedy = next((_remedy(address) for _, address in named if place(address) is not None), "")
        raise NotValid(f"of the schemas that it names ({shown[:300]}) there is none here{remedy}")
    schema, followed = _schema(found, here), ", ".join(address for _, address in here)
    open_xml(opening)  # refuses document types and depth, which huge_tree would let through
    try:
        reading = etree.iterparse(
            str(opening.path),
            events=("end",),
            schema=schema,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=True,  # one text may have more than 10 MB: coordinates, a file in base64
        )
        for _, element in reading:
            element.clear()
    except etree.XMLSyntaxError as error:
        line = _line(opening.path, schema)
        where = "" if line is None else f" (line {line:,})"
        raise NotValid(f"it does not follow {followed[:300]}: {error.msg}{where}") from None
    return followed


def _line(path: Path, schema: Any) -> int | None:
    """Where a document first leaves its schema; None: not known. Of one read in pieces, lxml does not tell."""
    from lxml import etree

    if path.stat().st_size > _LARGEST_TREE:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    schema.validate(etree.parse(str(path), parser))
    return next((error.line for error in schema.error_log if error.line), None)


def _named_by(document: BinaryIO) -> list[Named]:
    """Namespace and address of each schema that the root names (XML Schema part 1, §2.6.3).

    Raises:
        lxml.etree.XMLSyntaxError: there is no root.
    """
    from lxml import etree

    reading = etree.iterparse(
        document, events=("start",), resolve_entities=False, no_network=True, load_dtd=False
    )
    _, root = next(iter(reading))
    words = root.get(f"{_XSI}schemaLocation", "").split()
    pairs = list(zip(words[::2], words[1::2], strict=False))
    plain = root.get(f"{_XSI}noNamespaceSchemaLocation")
    return pairs + ([("", plain)] if plain else [])


@functools.lru_cache(maxsize=32)
def _schema(found: Catalogue, pairs: tuple[Named, ...]) -> Any:
    """One schema of all that are named; what they import comes from the same folder.

    Raises:
        NotValid: it cannot be put together.
    """
    from lxml import etree

    base: Any = etree.Resolver
    missing: list[str] = []

    class FromHere(base):  # type: ignore[misc]  # the stubs lack its methods
        def resolve(self, url: str, public: str, context: Any) -> Any:
            file = found.find(url) or Path(url.removeprefix("file://"))
            if not file.resolve().is_relative_to(found.folder):
                missing.append(url)
                raise OSError(f"{url} is not among the schemas here")
            return self.resolve_string(file.read_bytes(), context, base_url=found.base(url, file))

    parser = _parser()
    parser.resolvers.add(FromHere())
    if len(pairs) == 1:
        address = pairs[0][1]
        file = _file(address, found)
        root = etree.fromstring(file.read_bytes(), parser, base_url=found.base(address, file))
    else:
        root = etree.Element(f"{{{_XSD}}}schema", nsmap={"xs": _XSD})
        for namespace, address in pairs:
            one = etree.SubElement(root, f"{{{_XSD}}}import", schemaLocation=address)
            if namespace:
                one.set("namespace", namespace)
        root = etree.fromstring(etree.tostring(root), parser)
    document = root.getroottree()
    try:
        return etree.XMLSchema(document)
    except etree.XMLSchemaParseError as error:
        lacks = f"; {missing[0][:200]} is not among those here{_remedy(missing[0])}" if missing else ""
        raise NotValid(f"its schema cannot be read here: {error}{lacks}") from None


# -- JSON ----------------------------------------------------------------------------------------


def _json(opening: Opening, address: str, found: Catalogue) -> str:
    import referencing
    from jsonschema import exceptions, validators
    from referencing import Resource
    from referencing import exceptions as missing
    from referencing.jsonschema import DRAFT202012

    registry: Any = referencing.Registry  # made by attrs, which the type checker does not read here
    absent: Any = missing.NoSuchResource
    schema = json.loads(_file(address, found).read_text("utf-8"))

    def retrieve(uri: str) -> Any:
        file = found.find(uri)
        if file is None:
            raise absent(ref=uri)
        return Resource.from_contents(json.loads(file.read_text("utf-8")), DRAFT202012)

    if isinstance(schema, dict) and Resource.from_contents(schema, DRAFT202012).id() is None:
        old = any(draft in str(schema.get("$schema")) for draft in ("draft-03", "draft-04"))
        schema = {**schema, "id" if old else "$id": address}  # what it refers to is beside it
    judge = validators.validator_for(schema)(schema, registry=registry(retrieve=retrieve))
    value = json.loads(opening.path.read_text("utf-8-sig"))
    try:
        error = exceptions.best_match(judge.iter_errors(value))
    except missing.Unresolvable as reason:
        raise NotValid(
            f"its schema {address[:200]} refers to {str(reason.ref)[:200]}, which is not among those here"
            f"{_remedy(str(reason.ref))}"
        ) from None
    if error is not None:
        raise NotValid(f"it does not follow {address[:200]}: {error.json_path[:200]}: {error.message[:500]}")
    return address
