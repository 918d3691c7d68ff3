"""Languages of what authors write: tags (BCP 47), which of them a catalogue has, and descriptions in one of them.

Identifiers, units and values are the same in every language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from azenha.domain.process import (
    Catalogue,
    InputDescription,
    ObjectDomain,
    OutputDescription,
    ProcessDescription,
    Text,
)

One = TypeVar("One", InputDescription, OutputDescription)


def languages(catalogue: Catalogue, default: str = "en") -> tuple[str, ...]:
    """All languages that something in the catalogue is described in, the default first.

    Args:
        default: the language of the texts that are no translations (setting server.language).
    """
    return languages_of((o.description for o in catalogue.offerings.values()), default)


def languages_of(descriptions: Iterable[ProcessDescription], default: str = "en") -> tuple[str, ...]:
    """As `languages`, of these processes. Tags that differ in case alone are one."""
    tags = {tag for one in descriptions for texts in (one.translations, *_within(one)) for tag in texts} - {
        default
    }
    found = {default.lower(): default}
    for tag in sorted(tags):
        found.setdefault(tag.lower(), tag)
    return tuple(found.values())


def in_language(description: ProcessDescription, tag: str, default: str = "en") -> ProcessDescription:
    """The same description with titles, abstracts and keywords in a language, where there are such.

    Each text by itself: one that is not translated, or in part (a title without an abstract), stays in the
    language that its author wrote. The very same description where nothing is translated.
    """
    inputs = tuple(_in_language(one, tag, default) for one in description.inputs)
    outputs = tuple(_in_language(one, tag, default) for one in description.outputs)
    text = _text(description.text, description.translations, tag, default)
    if text is description.text and _same(inputs, description.inputs) and _same(outputs, description.outputs):
        return description
    return replace(description, text=text, inputs=inputs, outputs=outputs)


def lookup(range: str, offered: Sequence[str]) -> str | None:
    """RFC 4647 §3.4, and the other way round: `en-US` finds `en`, `en` finds `en-US`. `*` finds the default."""
    if range == "*":
        return offered[0] if offered else None
    tags = {tag.lower(): tag for tag in reversed(offered)}
    # No more of it than any tag has: a client may send millions of subtags.
    most = max((tag.count("-") + 1 for tag in offered), default=0)
    subtags = range.lower().split("-", most)[:most]
    while subtags:
        prefix = "-".join(subtags)
        if prefix in tags:
            return tags[prefix]
        subtags.pop()
        if subtags and len(subtags[-1]) == 1:  # a singleton goes with what it introduced
            subtags.pop()
    primary = range.lower().partition("-")[0]
    return next((tag for tag in offered if tag.lower().partition("-")[0] == primary), None)


def _within(description: ProcessDescription) -> Iterator[Mapping[str, Text]]:
    yield from _translations(description.inputs)
    yield from _translations(description.outputs)


def _translations(described: Sequence[InputDescription | OutputDescription]) -> Iterator[Mapping[str, Text]]:
    for one in described:
        yield one.translations
        if isinstance(one.domain, ObjectDomain):
            yield from _translations(one.domain.fields)


def _in_language(one: One, tag: str, default: str) -> One:
    text = _text(one.text, one.translations, tag, default)
    domain = one.domain
    if isinstance(domain, ObjectDomain):
        fields = tuple(_in_language(field, tag, default) for field in domain.fields)
        domain = domain if _same(fields, domain.fields) else ObjectDomain(fields)
    return one if text is one.text and domain is one.domain else replace(one, text=text, domain=domain)


def _text(text: Text, translations: Mapping[str, Text], tag: str, default: str) -> Text:
    if not translations:
        return text
    # The default is among them, or `en` would find the translation to `en-US` in place of the author's own text.
    found = translations.get(lookup(tag, (default, *translations)) or "")
    if found is None:
        return text
    return Text(found.title, found.abstract or text.abstract, found.keywords or text.keywords)


def _same(ours: Sequence[object], theirs: Sequence[object]) -> bool:
    return all(a is b for a, b in zip(ours, theirs, strict=True))
