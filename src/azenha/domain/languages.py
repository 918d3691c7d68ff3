"""Languages of what authors write: tags (BCP 47), and which of them a catalogue has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from azenha.domain.process import (
    Catalogue,
    InputDescription,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Text,
)


def languages(catalogue: Catalogue, default: str = "en") -> tuple[str, ...]:
    """All languages that something in the catalogue is described in, the default first."""
    found = {default: None}
    for offering in catalogue.offerings.values():
        described = offering.description
        for translations in (described.translations, *_translations(described.inputs, described.outputs)):
            found.update(dict.fromkeys(sorted(translations)))
    return tuple(found)


def lookup(range: str, offered: Sequence[str]) -> str | None:
    """RFC 4647 §3.4, and the other way round: `en-US` finds `en`, `en` finds `en-US`. `*` finds the default."""
    if range == "*":
        return offered[0] if offered else None
    tags = {tag.lower(): tag for tag in reversed(offered)}
    subtags = range.lower().split("-")
    while subtags:
        prefix = "-".join(subtags)
        if prefix in tags:
            return tags[prefix]
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:  # a singleton goes with what it introduced
            subtags.pop()
    primary = range.lower().partition("-")[0]
    return next((tag for tag in offered if tag.lower().partition("-")[0] == primary), None)


def _translations(
    *described: Sequence[InputDescription | OutputDescription],
) -> Iterator[Mapping[str, Text]]:
    for one in (one for group in described for one in group):
        yield one.translations
        if isinstance(one.domain, ObjectDomain):
            yield from _translations(one.domain.fields)


def in_language(description: ProcessDescription, tag: str) -> ProcessDescription:
    """(branch core has the whole of it)"""
    return description
