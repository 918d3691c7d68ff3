"""Schemas fetched once to the folder of schemas, with all that they import, include and refer to.

Run by an operator (`azenha schemas fetch`), and for a job where the server's settings allow that (lacking.py). What
is there stays as it is. Nothing of what is fetched is applied here: it is read for the addresses in it.
"""

from __future__ import annotations

import json
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urldefrag, urljoin, urlsplit

from azenha.domain.errors import AppError
from azenha.domain.process import ComplexDomain, Level, ProcessDescription, innermost
from azenha.engine.formats import known
from azenha.engine.formats.mirror import place
from azenha.engine.formats.schemas import Catalogue, read_catalogue
from azenha.usecases.ports import Fetch, Terms

LARGEST: Final = 16 * 1024**2  # bytes of one schema
MOST: Final = 2000  # schemas at once
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
_FOLLOWED: Final = tuple(_XSD + name for name in ("import", "include", "redefine", "override"))
_DEEPEST: Final = 100  # objects within each other that are looked at for references


@dataclass(slots=True)
class Collected:
    """What came of it: addresses in the order in which they were met.

    Attributes:
        fetched: with their bytes.
        here: that were there before.
        failed: with the reason.
    """

    fetched: dict[str, int] = field(default_factory=dict)
    here: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def collect(
    addresses: Iterable[str],
    folder: Path,
    fetch: Fetch,
    told: Callable[[str, int | None, str | None], None] = lambda *_: None,
    most: int = MOST,
) -> Collected:
    """Fetch schemas and what they name, so far as they are not there.

    Args:
        folder: is made.
        most: schemas.
        told: of each schema: its address, how many bytes came (None: none did), and why not (None: it is there).
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = read_catalogue(folder)
    outcome, seen = Collected(), set[str]()
    waiting = deque(urldefrag(one).url for one in addresses)
    while waiting:
        address = waiting.popleft()
        if address in seen:
            continue
        if len(seen) >= most:
            outcome.failed[address] = (
                f"more than {most:,} schemas belong together; this and further ones are left out"
            )
            told(address, None, outcome.failed[address])
            break
        seen.add(address)
        try:
            file, size = _here_or_fetched(address, found, fetch)
            more = list(named_in(file, address))
        except (AppError, NoSchema, OSError) as reason:
            outcome.failed[address] = str(reason)
            told(address, None, str(reason))
            continue
        if size is None:
            outcome.here.append(address)
        else:
            outcome.fetched[address] = size
        told(address, size, None)
        waiting.extend(more)
    return outcome


class NoSchema(ValueError):
    """What came is no schema, or has an address that no file can be named by; the reason, as a sentence."""


def _here_or_fetched(address: str, found: Catalogue, fetch: Fetch) -> tuple[Path, int | None]:
    file = found.find(address)
    if file is not None:
        return file, None
    within = place(address)
    if within is None:
        raise NoSchema("its address gives no name that is safe to write; only http and https addresses do")
    target = found.folder / within
    if not target.parent.resolve().is_relative_to(found.folder):
        raise NoSchema("its folder is a link that leads out of the folder of schemas")
    # Beside the others, so that it takes its place at once; under another name, so that none is ever half there.
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=found.folder) as passing:
        part = Path(passing) / "part"
        got = fetch(address, part, terms=Terms(LARGEST))
        list(named_in(part, address))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.replace(target)
        except OSError:  # Windows replaces no file that somebody reads: another job has fetched it meanwhile
            if not target.is_file():
                raise
    return target.resolve(), got.size


# -- what a schema names -------------------------------------------------------------------------------


def named_in(file: Path, address: str) -> Iterator[str]:
    """The addresses of the schemas that one names, made whole by its own.

    Raises:
        NoSchema: it is none.
    """
    data = file.read_bytes()
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    found = _of_json(data, address) if start in (b"{", b"[") else _of_xml(data, address)
    for one in found:
        whole = urldefrag(one).url
        if whole != address and urlsplit(whole).scheme in ("http", "https"):
            yield whole


def _of_xml(data: bytes, address: str) -> Iterator[str]:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise NoSchema(f"what came is neither XML nor JSON: {error}") from None
    if root.tag != f"{_XSD}schema":
        raise NoSchema(f"what came is no schema, but a document of {str(root.tag)[:200]}")
    for one in root.iterchildren(*_FOLLOWED):
        location = one.get("schemaLocation")
        if location:
            yield urljoin(address, location.strip())


def _of_json(data: bytes, address: str) -> Iterator[str]:
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NoSchema(f"what came is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise NoSchema("what came is JSON, and no schema: that is an object")
    base = value.get("$id")
    yield from _references(value, urljoin(address, base) if isinstance(base, str) else address, 0)


def _references(value: Any, base: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str):
            yield urljoin(base, target)
        for one in value.values():
            yield from _references(one, base, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one, base, depth + 1)


_GML: Final = {
    "gml-3.2": "http://schemas.opengis.net/gml/3.2.1/gml.xsd",
    "gml-3.1": "http://schemas.opengis.net/gml/3.1.1/base/gml.xsd",
    "gml-2": "http://schemas.opengis.net/gml/2.1.2/feature.xsd",
}
_USUAL: Final = {**{id: (address,) for id, address in _GML.items()}, "gml": tuple(_GML.values())}


# -- which are wanted ----------------------------------------------------------------------------------


def wanted(descriptions: Iterable[ProcessDescription], level: Level) -> dict[str, list[str]]:
    """The schemas that processes look at data by, each with who wants it.

    Documents of XML may name others, which nobody knows before; GML is looked at by those of its versions at least.

    Args:
        level: the server's own, where a process asks for none.
    """
    found: dict[str, list[str]] = {}
    for description in descriptions:
        places = [
            *((f"input '{path}'", domain) for path, domain in innermost(description.inputs)),
            *((f"output '{path}'", domain) for path, domain in innermost(description.outputs)),
        ]
        for where, domain in places:
            if not isinstance(domain, ComplexDomain):
                continue
            asked = domain.validation and domain.validation.level
            if (asked or level) is not Level.VERY_STRICT:
                continue
            for format in domain.formats:
                one = known.table().named(format.media_type)
                if one is None:
                    continue
                own = one.schema_of(format.schema)
                for address in (own,) if own else _USUAL.get(one.id, ()):
                    found.setdefault(urldefrag(address).url, []).append(f"{description.id}, {where}")
    return found


def listed(folder: Path) -> Iterator[tuple[Path, int]]:
    """The schemas that lie in the folder: path within it, and bytes."""
    root = folder.resolve()
    for file in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
        if not hidden and file.is_file() and file.name != "catalog.xml" and _seems_one(file):
            yield file.relative_to(root), file.stat().st_size


def _seems_one(file: Path) -> bool:
    try:
        list(named_in(file, "http://schemas.invalid/"))
    except (NoSchema, OSError):
        return False
    return True
