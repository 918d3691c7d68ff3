"""All outputs of a job at once: in an archive, or as a list for programs that download (Metalink 4, RFC 5854).

Both call each value by the name of its file; what has none of its own is called after its output. Values that are
no data are JSON. What lies elsewhere is listed, and not in the archive.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from azenha.domain.blob_path import BlobPath, opened
from azenha.domain.errors import NoSuchJob
from azenha.domain.files import file_name
from azenha.domain.messages import OutputValue, Results
from azenha.domain.values import Reference, StoredFile, Value
from azenha.protocols import json, xml_write, zip_write
from azenha.protocols.entity import JSON, Pieces, disposition, entity, is_file, plain, type_of
from azenha.protocols.http import FileSlice, HttpReply, Site
from azenha.protocols.ogcapi.documents import instant, job_address, output_address
from azenha.protocols.ogcapi.words import METALINK
from azenha.protocols.xml_write import Tag
from azenha.protocols.zip_write import Entry

_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_PIECE: Final = 1 << 20
_NAMESPACE: Final = "urn:ietf:params:xml:ns:metalink"


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a package.

    Attributes:
        href: where it can be had by itself.
        body: None of what lies elsewhere.
    """

    output: str
    name: str
    href: str
    media_type: str | None
    body: Pieces | None
    size: int = 0
    sha256: str = ""
    crc32: int | None = None


def write(outcome: Results, site: Site, form: str) -> HttpReply:
    """The package that `form` (a media type) names.

    Raises:
        NoSuchJob: its files are gone.
    """
    job = outcome.job
    found = members(outcome, site)
    if form == METALINK:
        name, body = f"{job.process}-{job.id[:8]}.meta4", metalink(outcome, found, site)
    else:
        name, body = f"{job.process}-{job.id[:8]}.zip", archive(outcome, found)
    headers = (
        ("Content-Type", form),
        ("Content-Disposition", disposition(file_name(name, form), inline=False)),
        ("X-Content-Type-Options", "nosniff"),
    )
    return HttpReply(200, headers, body)


def members(outcome: Results, site: Site) -> tuple[Member, ...]:
    """All values, in order, each with a name of its own."""
    return tuple(_named([one for output in outcome.outputs for one in _of(outcome, output, site)]))


def _of(outcome: Results, output: OutputValue, site: Site) -> Iterator[Member]:
    if output.array and not any(is_file(v) or isinstance(v, Reference) for v in output.values):
        # Such a list is one JSON document, as it is at its own address.
        body = json.dump([plain(v, output.domain) for v in output.values])
        address = output_address(site, outcome.job.id, output.id)
        yield _small(output.id, file_name(output.id, JSON), address, JSON, body)
        return
    for index, value in enumerate(output.values):
        address = output_address(site, outcome.job.id, output.id, index if output.array else None)
        yield _member(outcome, output, value, address)


def _member(outcome: Results, output: OutputValue, value: Value, address: str) -> Member:
    if isinstance(value, Reference):
        last = value.href.partition("?")[0].rstrip("/").rpartition("/")[2]
        name = file_name(unquote(last), type_of(value) or "", output.id)
        return Member(output.id, name, value.href, type_of(value), None)
    found = entity(output.id, value, output.domain, outcome.folder, as_text=False)
    assert found is not None
    if isinstance(value, StoredFile):
        name = _safe(value.name, found.media_type)
        return Member(
            output.id, name, address, found.media_type, found.body, value.size, value.sha256, value.crc32
        )
    data = b"".join(part for part in found.body if isinstance(part, bytes))
    name = found.name or file_name(output.id, JSON)
    return _small(output.id, name, address, found.media_type, data)


def _small(output: str, name: str, href: str, type: str, data: bytes) -> Member:
    digest = hashlib.sha256(data).hexdigest()
    return Member(output, name, href, type, (data,), len(data), digest, zlib.crc32(data))


def _safe(name: str, type: str) -> str:
    """The file's own name, where every system can have it."""
    if _UNSAFE.search(name) or name.strip(". ") != name or not name.isprintable():
        return file_name(name, type)
    return name


def _key(name: str) -> str:
    """Equal where some file system takes two names for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _folder(one: Member) -> str:
    return file_name(one.output, "").removesuffix(".bin")


def _named(found: Sequence[Member]) -> Iterator[Member]:
    """Names that several have get the output's name in front, and then a number."""
    several = Counter(_key(one.name) for one in found)
    apart = {_key(_folder(one)) for one in found if several[_key(one.name)] > 1}
    seen = set(apart)  # a file cannot be called as a folder is
    for one in found:
        name = one.name
        if several[_key(name)] > 1:
            name = f"{_folder(one)}/{name}"
        folder, _, last = name.rpartition("/")
        number = 1
        while _key(name) in seen:
            number += 1
            stem, dot, suffix = last.partition(".")
            name = f"{folder}/{stem}-{number}{dot}{suffix}".lstrip("/")
        seen.add(_key(name))
        yield replace(one, name=name)


# -- archive --------------------------------------------------------------------------------------


def archive(outcome: Results, found: Sequence[Member]) -> Pieces:
    entries = []
    for one in found:
        if one.body is not None:
            crc32 = one.crc32 if one.crc32 is not None else _crc32(one.body, outcome.job.id)
            entries.append(Entry(one.name, one.body, one.size, crc32))
    return zip_write.archive(entries, outcome.job.finished or outcome.job.created)


def _crc32(body: Pieces, job: str) -> int:
    """Of a file whose record, of an older version, does not have it: all of it is read."""
    crc32 = 0
    for part in body:
        if isinstance(part, FileSlice):
            for piece in _read(part, job):
                crc32 = zlib.crc32(piece, crc32)
        else:
            crc32 = zlib.crc32(part, crc32)
    return crc32


def _read(part: FileSlice, job: str) -> Iterator[bytes]:
    try:
        if isinstance(part.path, BlobPath):
            yield from part.path.read(part.start, part.end)
            return
        with opened(part.path) as file:
            while piece := file.read(_PIECE):
                yield piece
    except FileNotFoundError:
        raise NoSuchJob(job) from None


# -- list -----------------------------------------------------------------------------------------


def metalink(outcome: Results, found: Sequence[Member], site: Site) -> Pieces:
    job = outcome.job
    origin = f"{job_address(site, job.id)}/results?f=metalink"
    root = Tag(
        "metalink",
        Tag("generator", "azenha"),
        Tag("origin", origin, attributes={"dynamic": "false"}),
        Tag("published", instant(job.finished)) if job.finished else None,
        *(_file(one) for one in found),
        attributes={"xmlns": _NAMESPACE},  # many readers know it only as the default
    )
    return xml_write.document(root, {})


def _file(one: Member) -> Tag:
    return Tag(
        "file",
        Tag("identity", one.output),
        Tag("size", str(one.size)) if one.body is not None else None,
        Tag("hash", one.sha256, attributes={"type": "sha-256"}) if one.sha256 else None,
        Tag("url", one.href, attributes={"priority": "1"}),
        attributes={"name": one.name},
    )
