"""Google-style docstrings, read as documentation of a process: title, abstract, parameters, returns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_SECTION = re.compile(
    r"(Args|Arguments|Parameters|Attributes|Returns|Return|Yields|Raises|Examples?|Notes?|See Also|References"
    r"|Warnings?|Todo):\s*"
)
_ENTRY = re.compile(r"\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?:\([^)]*\))?\s*:(?:\s+(.*))?$")
_ENTRIES = frozenset({"Args", "Arguments", "Parameters", "Attributes"})


@dataclass(frozen=True)
class Docstring:
    """A docstring taken apart. Texts have their line breaks within a paragraph taken out.

    Attributes:
        title: the first line, without its full stop.
        abstract: what follows it, sections of other names included; None if there is none.
        entries: parameters or attributes by name.
        returns: the section `Returns`.
    """

    title: str | None = None
    abstract: str | None = None
    entries: Mapping[str, str] = field(default_factory=dict)
    returns: str | None = None


def read(text: str | None) -> Docstring:
    """Take a docstring apart; what is not in Google style ends up in the abstract."""
    if not text or not text.strip():
        return Docstring()
    lines = inspect.cleandoc(text).splitlines()
    head = lines.index("") if "" in lines else len(lines)
    head = next((n for n, line in enumerate(lines[:head]) if n and _SECTION.fullmatch(line)), head)
    body, sections = _sections(lines[head:])
    entries: dict[str, str] = {}
    for name in _ENTRIES:
        entries.update(_entries(sections.pop(name, [])))
    returns = _flow(sections.pop("Returns", []) + sections.pop("Return", []))
    for name in ("Raises", "Yields", "Todo"):
        sections.pop(name, None)  # for the reader of the code, not for clients
    more = [f"{name}: {_flow(section)}" for name, section in sections.items()]
    abstract = "\n\n".join(part for part in (_flow(body), *more) if part)
    return Docstring(_title(lines[:head]), abstract or None, entries, returns or None)


def _title(lines: list[str]) -> str | None:
    """The first paragraph in one line. An ellipsis or a question mark stays."""
    title = " ".join(line.strip() for line in lines)
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1]
    return title or None


def _sections(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """What stands before the first section, and the lines of each."""
    body: list[str] = []
    sections: dict[str, list[str]] = {}
    current = body
    for line in lines:
        if match := _SECTION.fullmatch(line):
            current = sections.setdefault(match[1], [])
        elif current is not body and line and not line[0].isspace():
            current = body  # text on the margin after a section is no part of it
            current += ["", line]
        else:
            current.append(line)
    return body, sections


def _entries(lines: list[str]) -> dict[str, str]:
    """`name: text` and `name (type): text`, with what is indented below it; `a, b: text` is for both."""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    entries: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        at_margin = line.strip() and not line[margin : margin + 1].isspace()
        match = _ENTRY.match(line[margin:]) if at_margin else None
        if match:
            current = [match[2] or ""]
            for name in re.split(r"\s*,\s*", match[1]):
                entries[name] = current
        else:
            current.append(line)
    return {name: text for name, lines in entries.items() if (text := _flow(lines))}


def _flow(lines: list[str]) -> str:
    """Paragraphs, each in one line, with an empty line between them; items of a list keep their lines."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        bare = line.strip()
        if not bare:
            paragraphs.append([])
        elif re.match(r"[-*•] |\d+[.)] ", bare) and paragraphs[-1]:
            paragraphs[-1].append("\n" + bare)
        else:
            paragraphs[-1].append(bare)
    return "\n\n".join(" ".join(p).replace(" \n", "\n") for p in paragraphs if p)
