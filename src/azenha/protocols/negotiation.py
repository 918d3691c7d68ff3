"""Content negotiation: what a client accepts (RFC 9110 §12.5.1) and prefers (RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_PART = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header, its type in lower case, its parameters left out."""

    type: str
    quality: float
    place: int

    def specificity(self, media_type: str) -> int:
        """2 for the type itself, 1 for `type/*`, 0 for `*/*`, -1 where it does not match."""
        if self.type == media_type:
            return 2
        if self.type == "*/*":
            return 0
        main = media_type.partition("/")[0]
        return 1 if self.type == f"{main}/*" else -1


def essence(media_type: str) -> str:
    """`type/subtype` in lower case, without parameters."""
    return media_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=256)
def accepted(header: str) -> tuple[MediaRange, ...]:
    """The ranges of an Accept header; a malformed quality counts as 1, as browsers' slips always did."""
    ranges = []
    for place, part in enumerate(_PART.findall(header)):
        pieces = [p.strip() for p in part.split(";")]
        if not pieces[0]:
            continue
        quality = 1.0
        for parameter in pieces[1:]:
            name, _, text = parameter.partition("=")
            if name.strip().lower() == "q" and _QUALITY.fullmatch(text.strip()):
                quality = float(text)
        ranges.append(MediaRange(pieces[0].lower(), quality, place))
    return tuple(ranges)


@lru_cache(maxsize=1024)
def preferred(header: str | None, offered: tuple[str, ...]) -> str | None:
    """The one of `offered` that the client likes best, None if it accepts none of them.

    Quality decides, then how exactly it is named, then the client's order among those it names, then ours: so
    `text/html, */*` (browsers) is HTML and `*/*` the first offer.
    """
    if header is None or not header.strip():
        return offered[0]
    ranges = accepted(header)
    best: tuple[float, int, int, int] | None = None
    choice = None
    for ours, media_type in enumerate(offered):
        matching = [(r.specificity(essence(media_type)), -r.place, r.quality) for r in ranges]
        specificity, place, quality = max(matching, default=(-1, 0, 0.0))
        if specificity < 0 or quality == 0:
            continue
        rank = (quality, specificity, place, -ours)
        if best is None or rank > best:
            best, choice = rank, media_type
    return choice


def languages(header: str | None) -> tuple[str, ...]:
    """The ranges of an Accept-Language header (RFC 9110 §12.5.4) in lower case, the dearest first."""
    ranges = sorted(accepted(header or ""), key=lambda r: (-r.quality, r.place))
    return tuple(r.type for r in ranges if r.quality > 0)


def names(header: str | None, media_type: str) -> bool:
    """Whether an Accept header names this very type, with a quality above 0."""
    return header is not None and any(r.type == media_type and r.quality > 0 for r in accepted(header))


@lru_cache(maxsize=256)
def preferences(header: str) -> Mapping[str, str]:
    """The preferences of a Prefer header by name in lower case; of one given twice, the first counts (§2)."""
    found: dict[str, str] = {}
    for part in _PART.findall(header):
        name, _, value = part.partition(";")[0].partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found
