"""What the server says of looking at data: told to a job's child with its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from azenha.domain.process import ComplexDomain, Level, ProcessDescription, innermost
from azenha.settings import Formats


@dataclass(frozen=True, slots=True)
class Policy:
    """What is looked at, and how.

    Attributes:
        level: where none is asked.
        outputs: what becomes of bad ones: off, warning, failure.
        schemas: their folder.
        fetch: whether jobs fetch those that they lack.
        most: bytes in that folder, beyond which they do not.
    """

    level: Level = Level.SIMPLE
    outputs: str = "warning"
    schemas: Path | None = None
    fetch: bool = False
    most: int = 0

    @classmethod
    def of(cls, settings: Formats) -> Policy:
        schemas = settings.schemas
        return cls(
            Level(settings.validation),
            settings.outputs,
            schemas and schemas.absolute(),
            settings.fetch_schemas and schemas is not None,
            settings.schemas_bytes,
        )

    def level_of(self, domain: ComplexDomain) -> Level:
        """How its data is looked at."""
        return (domain.validation and domain.validation.level) or self.level

    def fetches_for(self, description: ProcessDescription) -> bool:
        """Whether a job of that process may be checked by schemas, and may fetch them."""
        return self.fetch and any(
            isinstance(domain, ComplexDomain) and self.level_of(domain) is Level.VERY_STRICT
            for _, domain in innermost((*description.inputs, *description.outputs))
        )

    def told(self) -> list[str | int | None]:
        """As JSON; `heard` reads it."""
        schemas = None if self.schemas is None else str(self.schemas)
        return [self.level, self.outputs, schemas, self.fetch, self.most]

    @classmethod
    def heard(cls, told: Sequence[str | int | None]) -> Policy:
        level, outputs, schemas, fetch, most = told
        folder = None if schemas is None else Path(str(schemas))
        return cls(Level(str(level)), str(outputs), folder, bool(fetch), int(most or 0))


def archives(settings: Formats) -> list[int]:
    """The fields of authoring.archives.ArchiveLimits in their order, as JSON."""
    return [
        settings.archive_bytes,
        settings.archive_members,
        settings.archive_ratio,
        settings.archive_nesting,
    ]
