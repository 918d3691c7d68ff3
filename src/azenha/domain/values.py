"""Values on their way in (raw, as a dialect read them) and inside (checked and canonical).

A raw value says how it came, because the same characters mean different things: `Lexical("1")` is an integer
in a KVP, `Native("1")` in JSON is a string. Checked values are what the stored request and the results hold.
Large data is never here: a file's name in the job's folder stands for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, overload

from azenha.domain.geodata import Geodata
from azenha.domain.process import Format, Scalar
from azenha.domain.published import Published

# -- raw: what a dialect read ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lexical:
    """Text in XML Schema's lexical space (XML, KVP, command line, forms).

    Attributes:
        structured: the reading as JSON, where the text is an array or object: taken for what is no literal. Of
            complex data without a format it decides the format, and an array may be several values: a dialect
            where neither is so (WPS) supplies `opened` instead.
        type: name of the data type, as the client wrote it: it must not contradict the description.
        opened: reads the text as JSON, strictly; called for an input that is an object, and for no other.
            Raises NotAValue with the reason why it is none. None: such a text is no object.
        literal: the reading as a literal or a box, where that has a notation of its own (WPS 2.0).
        unfit: why it can be no literal and no box, where it is markup: the dialect says how these are written.
        element: reads the element that it stood in as data, verbatim: called for an input of XML data, which may
            mean that. None: it stood in none.
    """

    text: str
    unit: str | None = None
    format: Format | None = None
    structured: Native | None = None
    type: str | None = None
    opened: Callable[[], Native] | None = field(default=None, compare=False, repr=False)
    literal: Lexical | None = None
    unfit: str | None = None
    element: Callable[[], Lexical] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Native:
    """A JSON value: str, int, Decimal, bool, None, list or dict; a string is no number.

    Attributes:
        value: as the JSON parser gave it, numbers exact (int or Decimal).
        format: from a qualified value (`{"value": …, "mediaType": …}`); its media type is empty where only an
            encoding or a schema was named.
        qualified: the reading of an object as a qualified value, reference or box, if it has that shape.
            Binding prefers it, unless the input's own description has fields of those names.
        items: where `value` is a list: each element as a raw value, made when asked for (`Each`).
        fields: where `value` is a dict: each member as a raw value. Without items or fields, binding takes
            elements and members as they are, and sees no references or boxes among them.
    """

    value: object
    format: Format | None = None
    unit: str | None = None
    qualified: Raw | None = None
    items: Sequence[Raw] | None = None
    fields: Mapping[str, Raw] | None = None


@dataclass(frozen=True, slots=True)
class Each(Sequence["Raw"]):
    """What is given, each as a raw value; made when asked for: there may be millions, and one too many at least."""

    given: Sequence[Any]
    read: Callable[[Any], Raw]

    @overload
    def __getitem__(self, index: int) -> Raw: ...

    @overload
    def __getitem__(self, index: slice) -> Each: ...

    def __getitem__(self, index: int | slice) -> Raw | Each:
        if isinstance(index, slice):
            return Each(self.given[index], self.read)
        return self.read(self.given[index])

    def __iter__(self) -> Iterator[Raw]:
        return map(self.read, self.given)

    def __len__(self) -> int:
        return len(self.given)


@dataclass(frozen=True, slots=True)
class RawBox:
    """A box as written: corners one after the other in the axis order of `crs` (None: the input's default).

    A coordinate is a JSON value, or `Lexical` where it came as text.

    Attributes:
        dimensions: how many there are, where the client says so: it must not contradict the coordinates.
        element: as of Lexical.
    """

    coordinates: tuple[object, ...]
    crs: str | None = None
    dimensions: int | None = None
    element: Callable[[], Lexical] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RawNested:
    """An object as inputs within an input (WPS 2.0), by field in the order given; a repeated one is several values.

    Bound as a JSON object of the same content is.
    """

    fields: Mapping[str, tuple[Raw, ...]]


@dataclass(frozen=True, slots=True)
class RawReference:
    """Data elsewhere, and how it is asked for: see Reference."""

    href: str
    format: Format | None = None
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    body_href: str | None = None


class Coding(StrEnum):
    """How the bytes of a slice stand for the value."""

    JSON = "json"  # an object or array, verbatim
    JSON_STRING = "json-string"  # what stands between the quotes: escapes are to be undone
    XML = "xml"  # one element, verbatim
    # Character data: references, CDATA sections, line ends (XML 1.0 §2.11) to be undone.
    XML_TEXT = "xml-text"


@dataclass(frozen=True, slots=True)
class RawSlice:
    """A large value that was left where it is: bytes `start` to `end` (exclusive) of the request's body.

    Attributes:
        namespaces: of an XML element: prefix ("" for the default) and URI of those declared above it that it may
            use and does not declare itself.
        format, unit: as the client named them, None if it did not.
        qualified: as of Native.
        array: it is a JSON array: an input that takes a list takes its elements.
        opened: read the value as a small one would have been read, large values in it still as slices: what is no
            complex data is bound so, with unit and format as named here if it names none. Raises TooLarge where
            even that is too much. None: there is no other reading.
    """

    start: int
    end: int
    coding: Coding
    namespaces: tuple[tuple[str, str], ...] = ()
    format: Format | None = None
    unit: str | None = None
    qualified: Raw | None = None
    array: bool = False
    opened: Callable[[], Lexical | Native] | None = field(default=None, compare=False, repr=False)

    @property
    def size(self) -> int:
        return self.end - self.start


Raw = Lexical | Native | RawBox | RawNested | RawReference | RawSlice


# -- checked ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A scalar of the declared type, in `unit` (None where the description names no units)."""

    value: Scalar
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box, always easting (longitude) first, whatever its CRS says on the wire.

    Attributes:
        minimum, maximum: two or three coordinates each, inclusive. In a geographic CRS minimum[0] may exceed
            maximum[0]: the box then crosses the antimeridian.
        crs: canonical URI.
        swapped: whether that is northing first, for who writes the box when its description is no more; None: not
            recorded.
    """

    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    crs: str
    swapped: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class InlineText:
    """Complex data that came as text, kept in the row (small)."""

    text: str
    format: Format


@dataclass(frozen=True, slots=True)
class InlineBytes:
    """Complex data that came as base64, decoded, kept in the row (small)."""

    data: bytes
    format: Format


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Complex data in a file: `key` is its path relative to the job's input or result folder, `/` between parts.

    Attributes:
        name: file name to show a person.
        size: bytes.
        sha256: hex; empty where not computed.
        crc32: of the bytes, as in an archive; None where not computed.
        geodata: what its content says of where it is; None where that was not looked at.
        source: the address that it was fetched from; empty where it was not.
        published: what is known of its copy that is served, of an output that was asked as a service.
        charset: of text whose media type names none, where it was looked at; empty: not known.
    """

    key: str
    name: str
    size: int
    format: Format
    sha256: str = ""
    source: str = field(default="", compare=False)
    crc32: int | None = field(default=None, compare=False)
    geodata: Geodata | None = field(default=None, compare=False)
    published: Published | None = None
    charset: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """Data, or the text of a literal or a box, to be fetched by the job, under the address policy.

    Attributes:
        method: GET or POST.
        headers: names and values that are sent with it, as the client gave them.
        body: that is posted.
        body_href: where the body that is posted is to be fetched before, under the same policy.
    """

    href: str
    format: Format | None = None
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    body_href: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A nested value: checked values by field; a field that was left out is absent."""

    fields: Mapping[str, tuple[Value, ...]]


Value = Literal | Box | InlineText | InlineBytes | StoredFile | Reference | Record
