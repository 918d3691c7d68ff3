"""Values of query parameters, each read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from azenha.domain.errors import BadParameter

PAGE: Final = 10
LONGEST_PAGE: Final = 10_000  # more is capped, not refused (/req/core/pl-limit-definition)
DIGITS: Final = 18

Parameters = Mapping[str, tuple[str, ...]]


def single(parameters: Parameters, name: str) -> str | None:
    values = parameters.get(name, ())
    if len(values) > 1:
        raise BadParameter(f"parameter '{name}' is given {len(values)} times; once is allowed", name)
    return values[0] if values else None


def count(text: str, name: str, least: int) -> int:
    """
    Raises:
        BadParameter: it is no whole number, or below `least`.
    """
    # isdecimal alone would take other scripts' digits.
    if not (text.isascii() and text.isdecimal()) or int((digits := text.lstrip("0") or "0")[:DIGITS]) < least:
        raise BadParameter(f"parameter '{name}' is a whole number from {least} on; given '{text[:40]}'", name)
    # There is no such number of anything: what it is exactly changes no answer.
    return int(digits) if len(digits) <= DIGITS else 10**DIGITS


def limit(parameters: Parameters) -> int:
    text = single(parameters, "limit")
    return PAGE if text is None else min(count(text, "limit", 1), LONGEST_PAGE)


def after(parameters: Parameters, name: str = "after") -> str | None:
    """The cursor of a page, as a link of another page named it."""
    text = single(parameters, name)
    if text == "":
        raise BadParameter(f"parameter '{name}' is empty; it is what the link to the page says", name)
    return text


def several(parameters: Parameters, name: str) -> tuple[str, ...]:
    """Values of a parameter that may be repeated or separated by commas, each once, in order."""
    values = [v for text in parameters.get(name, ()) for v in text.split(",")]
    if "" in values:
        raise BadParameter(f"parameter '{name}' has an empty value", name)
    return tuple(dict.fromkeys(values))
