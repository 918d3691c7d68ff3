"""The documentation as data: pages, links, and blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^```(\w+)?(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is to be (empty: none) and its text."""

    language: str
    title: str
    text: str


def pages() -> list[Path]:
    """All pages, those at the root of the checkout included."""
    return sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [Block(language, title, text) for language, title, text in found]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Targets of links that stay in the checkout."""
    return (target for target in _LINK.findall(prose(page)) if "://" not in target)


def anchors(page: Path) -> set[str]:
    """The names that headings of a page have in its address."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip()) for title in titles}
