"""What the openers of all families share: what they are told, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from azenha.domain.media import KnownFormat
from azenha.domain.process import Validation


class NotValid(ValueError):
    """Data is not what it should be; the reason, as a sentence without subject."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A file to be opened.

    Attributes:
        format: what it is taken for: decides which drivers may open it.
        media_type: as declared, with its parameters.
        schema: address of the schema that was declared; None: none.
    """

    path: Path
    format: KnownFormat
    media_type: str
    asked: Validation = field(default_factory=Validation)
    schema: str | None = None


# Opens a file and says what it found, for the log. Raises NotValid.
Opener = Callable[[Opening], str]


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
