"""Complex data: by value, as text, base64, JSON or a slice of the body, or by reference; formats and sizes.

A part of binding.py. What the data holds, the job looks at, where bad data hurts nobody else; what is small and
plainly wrong is refused here by `Look`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from azenha.domain import datatypes, formats, lexical, native
from azenha.domain.encodings import NotInEncoding
from azenha.domain.errors import TooManyPlain, UnsupportedFormat, ValueTooLarge
from azenha.domain.lexical import NotAValue, clean, quoted
from azenha.domain.packed import unpacked
from azenha.domain.process import BoxDomain, ComplexDomain, Domain, Format, LiteralDomain, ObjectDomain
from azenha.domain.roots import WEB, file_parts, object_key, remedy
from azenha.domain.slices import NotDecodable
from azenha.domain.values import (
    Coding,
    InlineBytes,
    InlineText,
    Lexical,
    Native,
    Raw,
    RawBox,
    RawNested,
    RawReference,
    RawSlice,
    Reference,
    StoredFile,
    Value,
)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,8000}")
_LINE_BREAKS = re.compile("[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class BindingLimits:
    """Bytes of one inline value, decoded, and the name of the setting that says so.

    Attributes:
        schemes: of the addresses that references may have.
        values: of the request (setting limits.values). Data by value or by reference counts twice: each will be a
            file of its own.
    """

    inline: int
    setting: str = "limits.inline"
    schemes: tuple[str, ...] = WEB
    values: int = 25_000


@dataclass(frozen=True, slots=True)
class Cut:
    """A large value to be cut out of the body.

    Attributes:
        name: of the input, for its file.
        base64: what the slice holds is to be decoded.
        format: of what then remains.
        at_most: bytes of that, inclusive.
    """

    name: str
    slice: RawSlice
    base64: bool
    format: Format
    at_most: int


class CutTooLarge(Exception):
    """A value has more bytes than `Cut.at_most`."""


# What cuts: the checked value. Raises NotDecodable, NotInEncoding, CutTooLarge.
Cutter = Callable[[Cut], InlineText | InlineBytes | StoredFile]


# What looks at the content of small data that came inline: why it is refused; None: nothing speaks against it.
Look = Callable[[ComplexDomain, InlineText | InlineBytes], str | None]


def look_at_nothing(domain: ComplexDomain, value: InlineText | InlineBytes) -> str | None:
    """The job looks at all data anyway."""
    return None


def cut_nothing(cut: Cut) -> InlineText | InlineBytes | StoredFile:
    """For who has no body: nothing that is not large is named as a slice."""
    raise ValueError(f"'{cut.name}' is a slice of a body that is not there")


@dataclass(slots=True)
class ComplexBinding:
    """`input_bytes` is the process's own limit of one value; `files`: how many have been read."""

    limits: BindingLimits
    input_bytes: int | None
    cutter: Cutter
    look: Look = look_at_nothing
    files: int = 0

    def value(self, domain: ComplexDomain, raw: Raw, locator: str) -> Value:
        """
        Raises:
            NotAValue, InputProblem
            TooManyPlain
        """
        self.files += 1
        if 2 * self.files > self.limits.values:
            raise TooManyPlain(
                f"{self.files} or more pieces of data",
                self.limits.values // 2,
                locator,
                ", half as many as values",
            )
        value = self.read(domain, raw, locator)
        if isinstance(value, InlineText | InlineBytes) and (reason := self.look(domain, value)) is not None:
            raise NotAValue(reason)
        return value

    def read(self, domain: ComplexDomain, raw: Raw, locator: str) -> Value:
        raw = _whole(domain, raw, locator)
        # A GeoJSON object may have a bbox of its own, and complex data is no box: it does not count.
        while isinstance(raw, Native | RawSlice) and isinstance(
            raw.qualified, Native | RawSlice | RawReference
        ):
            raw = raw.qualified
        if isinstance(raw, RawReference):
            return self.reference(domain, raw, locator)
        if isinstance(raw, RawBox):
            raise NotAValue(f"expected data ({offer(domain.formats)}), got a bounding box")
        if isinstance(raw, RawNested):
            raise NotAValue(f"expected data ({offer(domain.formats)}), got nested inputs")
        no_unit(domain, raw.unit)
        if isinstance(raw, Lexical):
            datatypes.check_none(kind(domain), raw.type)
        if isinstance(raw, RawSlice):
            return self.slice(domain, raw, locator)
        content = raw.text if isinstance(raw, Lexical) else raw.value
        if isinstance(content, str):
            return self.inline(domain, content, raw.format, locator)
        if isinstance(content, list | tuple | Mapping):
            return self.json(domain, content, raw.format, locator)
        raise NotAValue(
            f"expected data ({offer(domain.formats)}) as a string, a JSON object or by reference, "
            f"got {native.shown(content)}"
        )

    def inline(
        self, domain: ComplexDomain, content: str, given: Format | None, locator: str
    ) -> InlineText | InlineBytes:
        """Text where the format is one of text, otherwise base64, decoded."""
        format = accepted_format(domain.formats, given, locator)
        if not _is_base64(format):
            lexical.characters(content)
            self.check_size(utf8_length(content), domain, locator)
            return InlineText(content, formats.as_text(format))
        packed = _LINE_BREAKS.sub("", content)  # MIME and XML break the lines of base64
        self.check_size(len(packed) * 3 // 4 - packed[-2:].count("="), domain, locator)
        try:
            data = unpacked(packed)
        except ValueError as reason:
            raise _no_base64(format, quoted(content, 30), str(reason)) from None
        return InlineBytes(data, replace(format, encoding=None))

    def json(self, domain: ComplexDomain, content: object, given: Format | None, locator: str) -> InlineText:
        """A JSON object or array as a document: without a media type it is the first format that is JSON."""
        format = _json_format(domain, given, native.shown(content), locator)
        text = lexical.characters(native.json_text(content))
        self.check_size(utf8_length(text), domain, locator)
        return InlineText(text, formats.as_text(format))

    def slice(
        self, domain: ComplexDomain, raw: RawSlice, locator: str
    ) -> InlineText | InlineBytes | StoredFile:
        """As `inline` or `json`, but for the content, which is cut out."""
        if raw.coding is Coding.JSON:
            shown = "an array" if raw.array else "an object"
            format, encoded = _json_format(domain, raw.format, shown, locator), False
        else:
            format = accepted_format(domain.formats, raw.format, locator)
            encoded = _is_base64(format)
            if encoded and raw.coding is Coding.XML:
                raise NotAValue(f"expected {format.media_type} in base64, got an XML element")
        remains = replace(format, encoding=None) if encoded else formats.as_text(format)
        limit, whose = self.limit(domain)
        try:
            return self.cutter(Cut(locator, raw, encoded, remains, limit))
        except CutTooLarge:
            raise ValueTooLarge(
                locator, f"has more bytes than are taken, which are at most {limit} ({whose})"
            ) from None
        except NotDecodable as reason:
            if encoded:
                raise _no_base64(format, f"{raw.size} bytes of text", str(reason)) from None
            raise NotAValue(str(reason)) from None
        except NotInEncoding as wrong:
            raise NotAValue(str(wrong)) from None

    def reference(self, domain: ComplexDomain, raw: RawReference, locator: str) -> Reference:
        """A reference whose format, if it names one, is offered. The address rule is somebody else's."""
        _check(raw, self.limits.schemes)
        format = None
        if raw.format is not None:
            format = accepted_format(domain.formats, raw.format, locator)
            # Offered for inline values: what lies at an address is in base64 only if the client says so.
            format = replace(format, encoding=raw.format.encoding)
        return Reference(raw.href, format, raw.method, raw.headers, raw.body, raw.body_href)

    def reference_to_text(
        self, domain: LiteralDomain | BoxDomain, raw: RawReference, locator: str
    ) -> Reference:
        """A reference to a literal or a box (WPS): its text is read once it was fetched."""
        _check(raw, self.limits.schemes)
        if raw.format is not None and not formats.is_plain(raw.format):
            raise UnsupportedFormat(
                locator, f"is {kind(domain)}, which is plain text, got {formats.shown(raw.format)}"
            )
        return Reference(raw.href, None, raw.method, raw.headers, raw.body, raw.body_href)

    def check_size(self, size: int, domain: ComplexDomain | None, locator: str) -> None:
        limit, whose = self.limit(domain)
        if size > limit:
            raise ValueTooLarge(locator, f"has {size} bytes; at most {limit} are taken ({whose})")

    def limit(self, domain: ComplexDomain | None) -> tuple[int, str]:
        """Bytes of one value, and whose limit that is."""
        limit, whose = self.limits.inline, f"setting {self.limits.setting}"
        if domain is not None and domain.max_bytes is not None:
            if domain.max_bytes < limit:
                limit, whose = domain.max_bytes, "the limit of this input"
        elif self.input_bytes is not None and self.input_bytes < limit:
            limit, whose = self.input_bytes, "the limit of this process"
        return limit, whose


def _whole(domain: ComplexDomain, raw: Raw, locator: str) -> Raw:
    """The element that a literal or a box stood in, where that is the XML that is wanted; else what was given.

    Text that begins as XML does is the data itself, whatever it stood in.
    """
    if not isinstance(raw, Lexical | RawBox) or raw.element is None:
        return raw
    if isinstance(raw, Lexical) and raw.text.lstrip(lexical.WHITE).startswith("<"):
        return raw
    found = raw.element()
    format = accepted_format(domain.formats, found.format, locator)
    return found if formats.is_xml(format.media_type) and not _is_base64(format) else raw


def accepted_format(offered: Sequence[Format], given: Format | None, locator: str) -> Format:
    if given is None:
        return replace(formats.default(offered), called="")
    format = formats.accepted(offered, given)
    if format is None:
        raise UnsupportedFormat(locator, format_refused(given, offered))
    return replace(format, called=formats.called(format, given))


def _is_base64(format: Format) -> bool:
    """Whether inline data of a format is text that has to be decoded.

    Raises:
        NotAValue: it would be in an encoding that is not undone.
    """
    encoded = format.encoding is not None and format.encoding.lower() == formats.BASE64
    if formats.is_text(format.media_type) and not encoded:
        return False
    if format.encoding is not None and not encoded:
        raise NotAValue(f"data in the encoding {format.encoding} is taken by reference only")
    return True


def _no_base64(format: Format, given: str, reason: str) -> NotAValue:
    wanted = f"expected {format.media_type} in base64, got {given}"
    return NotAValue(f"{wanted} ({reason}); give text with its own media type")


def _json_format(domain: ComplexDomain, given: Format | None, shown: str, locator: str) -> Format:
    """The format of a JSON object or array: without a media type it is the first that is JSON."""
    json = [f for f in domain.formats if formats.is_json(f.media_type)]
    if given is None or not given.media_type:
        if not json:
            expected = f"expected data ({offer(domain.formats)})"
            raise NotAValue(f"{expected}, got {shown} and no media type that is JSON")
        format = accepted_format(json, given, locator)
    else:
        format = accepted_format(domain.formats, given, locator)
    if not formats.is_json(format.media_type) or format.encoding is not None:
        raise NotAValue(f"expected {formats.shown(format)} as a string, got {shown}")
    return format


def format_refused(given: Format, offered: Sequence[Format]) -> str:
    return f"{formats.shown(given)} is not offered; offered: {offer(offered)}"


def offer(offered: Sequence[Format]) -> str:
    return ", ".join(formats.shown(f) for f in offered)


def _check(raw: RawReference, schemes: tuple[str, ...]) -> None:
    """
    Raises:
        NotAValue: it, or that of its body, is no address of data, or something is no header.
    """
    if (reason := _no_address(raw.href, schemes)) is not None:
        raise NotAValue(reason)
    if raw.body_href is not None and (reason := _no_address(raw.body_href, schemes)) is not None:
        raise NotAValue(f"its body: {reason}")
    for name, text in raw.headers:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
            raise NotAValue(f"{quoted(name)} with the value {quoted(text)} is no header (RFC 9110 §5)")


def _no_address(href: str, schemes: tuple[str, ...]) -> str | None:
    """Why an address cannot be one of data; None if it can."""
    try:
        parts = urlsplit(href)
        host, _ = parts.hostname, parts.port
    except ValueError as reason:
        return f"{quoted(href, 200)} is no address ({clean(str(reason))})"
    if parts.scheme not in schemes:
        allowed = f"{', '.join(schemes[:-1])} and {schemes[-1]}"
        return f"{quoted(href, 200)} is not fetched: only {allowed} addresses are{remedy(parts.scheme)}"
    if not href.isprintable() or " " in href or (parts.scheme in WEB and not host):
        return f"{quoted(href, 200)} is no address: it needs a host, and no spaces"
    try:
        if parts.scheme == "file":
            file_parts(href)
        elif parts.scheme == "s3":
            object_key(href)
    except ValueError as reason:
        return f"{quoted(href, 200)} is not fetched: {clean(str(reason))}"
    return None


def no_unit(domain: Domain, given: str | None) -> None:
    if given is not None:
        raise NotAValue(f"is {kind(domain)} and has no units, got the unit {quoted(given)}")


def kind(domain: Domain) -> str:
    return _KINDS[type(domain)]


_KINDS: Mapping[type, str] = {
    LiteralDomain: "a literal",
    BoxDomain: "a bounding box",
    ComplexDomain: "complex data",
    ObjectDomain: "an object",
}


def utf8_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
