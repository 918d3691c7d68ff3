"""References in: each one becomes a file in the job's folder before the author's code runs.

Runs in a child that has the network and none of the author's code. Knows no HTTP: `fetch` is handed in, and
keeps the address policy. A format that the client named is kept whatever the other server says; validation
comes later and looks at the data.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from azenha.domain import boxes, formats, lexical, literals
from azenha.domain.errors import AppError, InputProblem, InvalidValue, NotFetched, TooLarge, ValueTooLarge
from azenha.domain.files import file_name
from azenha.domain.packed import unpacked
from azenha.domain.process import (
    BoxDomain,
    ComplexDomain,
    Format,
    InputDescription,
    LiteralDomain,
    ObjectDomain,
    ProcessDescription,
)
from azenha.domain.values import Lexical, Record, Reference, StoredFile, Value
from azenha.usecases.ports import Ask, Fetch, Fetched, Say, Terms

FOLDER: Final = "fetched"  # within the job's folder
TEXT_AT_MOST: Final = 1024 * 1024  # bytes of a literal or a box
PLAIN: Final = Format("text/plain")
PIECE: Final = 256 * 1024
_LONGEST: Final = 1000  # characters of a media type

Progress = Callable[[str, int, int | None], None]
Recognise = Callable[[Path, Format, Sequence[Format]], Format]


def fetch_references(
    inputs: Mapping[str, tuple[Value, ...]],
    folder: Path,
    fetch: Fetch,
    on_progress: Progress | None = None,
    *,
    say: Say | None = None,
    description: ProcessDescription | None = None,
    recognise: Recognise | None = None,
) -> dict[str, tuple[Value, ...]]:
    """The inputs with every `Reference`, nested ones too, replaced by a `StoredFile` with a key in `folder`.

    Each value has a folder of its own below `folder/fetched`, so that equal names never collide. What an
    earlier attempt of the job left there is replaced.

    Args:
        on_progress: told the locator, the bytes received, and how many there will be (None: not known).
        say: told in a sentence what people may want to know of the fetching.
        description: says which format is meant where the client named none, and how large a value may be.
        recognise: says by the content which of the offered formats it is, where nobody declared that.
    Raises:
        InputProblem: NotFetched or ValueTooLarge for the first reference that could not be fetched.
        OSError: the folder cannot be written.
    """
    fetched = _Fetching(folder, fetch, on_progress, say, description, recognise)
    return fetched.members(inputs, description.inputs if description else (), "")


def has_references(values: Mapping[str, Sequence[Value]]) -> bool:
    """Whether anything is to be fetched at all."""
    return any(
        isinstance(value, Reference) or (isinstance(value, Record) and has_references(value.fields))
        for several in values.values()
        for value in several
    )


class _Fetching:
    def __init__(
        self,
        folder: Path,
        fetch: Fetch,
        on_progress: Progress | None,
        say: Say | None,
        description: ProcessDescription | None,
        recognise: Recognise | None,
    ) -> None:
        self.folder = folder
        self.fetch = fetch
        self.on_progress = on_progress
        self.tell = say
        self.recognise = recognise
        self.input_bytes = description.limits.input_bytes if description else None
        self.count = 0
        shutil.rmtree(folder / FOLDER, ignore_errors=True)

    def members(
        self, values: Mapping[str, tuple[Value, ...]], described: Sequence[InputDescription], prefix: str
    ) -> dict[str, tuple[Value, ...]]:
        by_id = {input.id: input for input in described}
        done: dict[str, tuple[Value, ...]] = {}
        for id, several in values.items():
            names = (
                [f"{prefix}{id}"]
                if len(several) == 1
                else [f"{prefix}{id}[{n}]" for n in range(len(several))]
            )
            done[id] = tuple(
                self.value(value, by_id.get(id), name) for value, name in zip(several, names, strict=True)
            )
        return done

    def value(self, value: Value, described: InputDescription | None, locator: str) -> Value:
        domain = described.domain if described else None
        if isinstance(value, Record):
            fields = domain.fields if isinstance(domain, ObjectDomain) else ()
            return Record(self.members(value.fields, fields, f"{locator}."))
        if isinstance(value, Reference) and isinstance(domain, LiteralDomain | BoxDomain):
            return self.text(value, domain, locator)
        if isinstance(value, Reference):
            return self.file(value, domain if isinstance(domain, ComplexDomain) else None, locator)
        return value

    def text(self, reference: Reference, domain: LiteralDomain | BoxDomain, locator: str) -> Value:
        """A literal or a box whose text lies elsewhere, read as one that was given by value.

        Raises:
            InvalidValue: it is none.
        """
        found = self.file(reference, ComplexDomain((PLAIN,), TEXT_AT_MOST), locator)
        try:
            text = (self.folder / found.key).read_text("utf-8-sig").strip(lexical.WHITE)
            if isinstance(domain, LiteralDomain):
                return literals.read(domain, Lexical(text))
            return boxes.read(domain, boxes.written(text))
        except UnicodeDecodeError:
            raise InvalidValue(locator, f"what {reference.href} gave is not UTF-8") from None
        except lexical.NotAValue as reason:
            raise InvalidValue(locator, f"what {reference.href} gave: {reason}") from None

    def file(self, reference: Reference, domain: ComplexDomain | None, locator: str) -> StoredFile:
        own = self.folder / FOLDER / str(self.count)
        self.count += 1
        own.mkdir(parents=True)
        part = own / "part"
        limit = domain.max_bytes if domain and domain.max_bytes is not None else self.input_bytes
        encoded = _is_base64(reference.format)
        # In base64 four characters and some line ends stand for three bytes; the data is measured below.
        got = self.get(reference, own, limit * 2 if encoded and limit is not None else limit, locator)
        format, size = _format(reference.format, got.media_type, domain), got.size
        if encoded:
            size = _decode(part, own / "decoded", limit, locator)
            (own / "decoded").replace(part)
            format = replace(format, encoding=None)
        if domain is not None and self.recognise is not None:
            format = self.recognise(part, format, domain.formats)
        name = file_name(got.name, format.media_type)
        part.rename(own / name)
        return StoredFile(f"{FOLDER}/{own.name}/{name}", name, size, format, source=reference.href)

    def get(self, reference: Reference, own: Path, limit: int | None, locator: str) -> Fetched:
        """Fetch to the file `part` in `own`, after what is to be posted."""

        def on_progress(received: int, total: int | None) -> None:
            if self.on_progress:
                self.on_progress(locator, received, total)

        def say(text: str) -> None:
            if self.tell:
                self.tell(f"input '{locator}': {text}")

        try:
            ask = self.ask(reference, own / "body", say)
            return self.fetch(reference.href, own / "part", ask, Terms(limit, on_progress, say))
        except TooLarge as error:
            raise ValueTooLarge(locator, f"could not be fetched: {error}") from None
        except AppError as error:
            raise NotFetched(locator, f"could not be fetched: {error}") from None
        finally:
            (own / "body").unlink(missing_ok=True)

    def ask(self, reference: Reference, body: Path, say: Say) -> Ask:
        """How the reference wants to be asked for; what is posted is in the file `body`."""
        if reference.body_href is not None:
            self.fetch(reference.body_href, body, terms=Terms(say=say))
        elif reference.body is not None:
            body.write_text(reference.body, encoding="utf-8", newline="")
        else:
            return Ask(reference.method, reference.headers)
        return Ask(reference.method, reference.headers, body)


def _is_base64(format: Format | None) -> bool:
    return format is not None and (format.encoding or "").lower() == formats.BASE64


def _format(declared: Format | None, served: str | None, domain: ComplexDomain | None) -> Format:
    """What the client says; else what the server says, if the input takes that; else what the input means.

    With what it was called, where nobody declared that it is of this format.
    """
    if declared is not None:
        return declared
    if domain is None:
        return Format(served or formats.OCTETS)
    served = (served or "")[:_LONGEST]
    if served and (offered := formats.accepted(domain.formats, Format(served))):
        return replace(offered, encoding=None, called=formats.called(offered, Format(served)))
    return replace(formats.default(domain.formats), encoding=None, called=served)


def _decode(source: Path, target: Path, limit: int | None, locator: str) -> int:
    """Undo base64 (RFC 4648 §4, white space allowed), piece by piece; the number of bytes."""
    size, rest, ended = 0, b"", False
    with source.open("rb") as encoded, target.open("wb") as decoded:
        while piece := encoded.read(PIECE):
            rest += b"".join(piece.split())
            whole = len(rest) // 4 * 4
            if whole and ended:
                raise _not_base64(locator)
            data = _plain(rest[:whole], locator)
            ended = ended or rest[:whole].endswith(b"=")
            rest = rest[whole:]
            size += len(data)
            if limit is not None and size > limit:
                raise ValueTooLarge(locator, f"has more than {limit} bytes (the limit of this input)")
            decoded.write(data)
    if rest:
        raise _not_base64(locator)
    return size


def _plain(text: bytes, locator: str) -> bytes:
    try:
        return unpacked(text)
    except ValueError:
        raise _not_base64(locator) from None


def _not_base64(locator: str) -> InputProblem:
    return NotFetched(locator, "what was fetched is not base64, the encoding that its reference declares")
