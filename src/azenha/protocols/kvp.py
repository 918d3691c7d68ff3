"""Key-value pairs of OGC services: a query taken apart (OGC 06-121r9 §11.5; WPS 1.0.0 compound values).

Names compare without case; values stay encoded until they were split, because clients encode what stands
between separators. `+` is a plus sign: media types have it. Only in a compound value that was encoded as a
whole, as forms do, it is a space.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from azenha.domain.errors import BadParameter, MissingParameter
from azenha.domain.lexical import WHITE, quoted
from azenha.domain.names import near

_SEPARATORS = re.compile(r"[;@=]")
_ENCODED_SEPARATOR = re.compile(r"%3[bBdD]|%40")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
# Attributes that go by two names: what clients write, and what is looked up.
_ALIASES: Final = {"format": "mimetype", "href": "xlink:href"}

DATA_ATTRIBUTES: Final = frozenset(
    {"mimetype", "encoding", "schema", "datatype", "uom", "xlink:href", "method", "header", "body", "bodyreference"}
)  # fmt: skip
OUTPUT_ATTRIBUTES: Final = frozenset({"mimetype", "encoding", "schema", "uom", "asreference"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One part of a compound value: `id=value@attribute=value…`.

    Attributes:
        value: decoded; None where there is no `=`.
        attributes: names in lower case, `format` as `mimetype` and `href` as `xlink:href`; empty ones left out.
    """

    identifier: str
    value: str | None
    attributes: Mapping[str, str]


class Parameters:
    """The parameters of one query."""

    def __init__(self, query: str) -> None:
        """Args: query: raw, without the `?`."""
        self._raw: dict[str, list[str]] = {}
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if name:
                self._raw.setdefault(unquote(name).strip(WHITE).lower(), []).append(value)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._raw

    def raw(self, name: str) -> str | None:
        """The value as it stands in the query; None where it is absent or empty, which clients mean alike.

        Raises:
            BadParameter: given twice with different values.
        """
        given = {value for value in self._raw.get(name.lower(), ()) if value}
        if len(given) > 1:
            raise BadParameter(f"parameter '{name}' is given {len(given)} times with different values", name)
        return given.pop() if given else None

    def text(self, name: str) -> str | None:
        """The decoded value, trimmed; None where there is none."""
        value = self.raw(name)
        return None if value is None else decoded(value, name).strip(WHITE) or None

    def required(self, name: str) -> str:
        """
        Raises:
            MissingParameter
        """
        value = self.text(name)
        if value is None:
            raise MissingParameter(name)
        return value

    def boolean(self, name: str) -> bool:
        """`true` and `false`, or 1 and 0, in any case; False where it is absent."""
        value = self.text(name)
        return False if value is None else boolean(value, name)

    def list(self, name: str) -> tuple[str, ...]:
        """The parts of a comma-separated list, each decoded after it was split; empty ones left out."""
        value = self.raw(name)
        if value is None:
            return ()
        if "," not in value:  # some clients encode all of it
            value = re.sub("%2[cC]", ",", value)
        parts = (decoded(part, name).strip(WHITE) for part in value.split(","))
        return tuple(part for part in parts if part)

    def entries(self, name: str, attributes: Collection[str]) -> tuple[Entry, ...]:
        """The parts of a compound value (`DataInputs`, `ResponseDocument`, `RawDataOutput`), in order.

        Args:
            attributes: those that may be given, in lower case.
        Raises:
            BadParameter: no identifier, an unknown attribute, or one given twice.
        """
        value = self.raw(name)
        if value is None:
            return ()
        if not _SEPARATORS.search(value) and _ENCODED_SEPARATOR.search(value):
            value = decoded(value.replace("+", " "), name)
        value = value.strip(WHITE)
        for opening, closing in (("[", "]"), ("%5B", "%5D"), ("%5b", "%5d")):
            if value.startswith(opening) and value.endswith(closing):
                value = value[len(opening) : -len(closing)]
                break
        return tuple(_entry(part, name, attributes) for part in value.split(";") if part.strip(WHITE))


def _entry(part: str, parameter: str, known: Collection[str]) -> Entry:
    head, *more = part.split("@")
    name, equals, value = head.partition("=")
    identifier = decoded(name, parameter).strip(WHITE)
    if not identifier:
        raise BadParameter(f"{parameter}: {quoted(part)} has no identifier before it", parameter)
    attributes: dict[str, str] = {}
    for text in more:
        key, is_pair, content = text.partition("=")
        key = decoded(key, parameter).strip(WHITE).lower()
        key = _ALIASES.get(key, key)
        if not is_pair or key not in known:
            guess = near(key, known)
            hint = f"; did you mean '{guess}'?" if guess else ""
            raise BadParameter(
                f"{parameter}: '{identifier}' has no attribute {quoted(key)}{hint} "
                f"(in a value, '@' is written %40)",
                identifier,
            )
        if key in attributes:
            raise BadParameter(f"{parameter}: '{identifier}' has attribute '{key}' twice", identifier)
        attributes[key] = decoded(content, identifier).strip(WHITE)
    return Entry(
        identifier,
        decoded(value, identifier) if equals else None,
        {key: content for key, content in attributes.items() if content},
    )


def decoded(text: str, locator: str) -> str:
    """Percent-decoded once.

    Raises:
        BadParameter: what is encoded is not UTF-8.
    """
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadParameter(f"'{locator}': {quoted(text)} is not UTF-8, percent-encoded", locator) from None


def boolean(text: str, locator: str) -> bool:
    """`true` and `false`, or 1 and 0, in any case.

    Raises:
        BadParameter
    """
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise BadParameter(f"'{locator}' is true or false; given {quoted(text)}", locator) from None
