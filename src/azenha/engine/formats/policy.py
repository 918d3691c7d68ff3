"""What the server says of looking at data: told to a job's child with its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azenha.domain.process import Level
from azenha.settings import Formats


@dataclass(frozen=True, slots=True)
class Policy:
    """The level where none is asked, what becomes of bad outputs (off, warning, failure), where schemas are."""

    level: Level = Level.SIMPLE
    outputs: str = "warning"
    schemas: Path | None = None

    @classmethod
    def of(cls, settings: Formats) -> Policy:
        schemas = settings.schemas
        return cls(Level(settings.validation), settings.outputs, schemas and schemas.absolute())

    def told(self) -> list[str | None]:
        """As JSON; `heard` reads it."""
        return [self.level, self.outputs, None if self.schemas is None else str(self.schemas)]

    @classmethod
    def heard(cls, told: Sequence[str | None]) -> Policy:
        level, outputs, schemas = told
        return cls(Level(str(level)), str(outputs), None if schemas is None else Path(schemas))


def archives(settings: Formats) -> list[int]:
    """The fields of authoring.archives.ArchiveLimits in their order, as JSON."""
    return [
        settings.archive_bytes,
        settings.archive_members,
        settings.archive_ratio,
        settings.archive_nesting,
    ]
