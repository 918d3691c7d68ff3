"""What is offered, found out in processes of their own: authors' code is not imported here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from azenha.bootstrap.folder import Unusable
from azenha.bootstrap.parts import program
from azenha.bootstrap.publishing import offered
from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.domain.process import Catalogue, Offering


def discover(settings: Settings) -> Catalogue:
    """What the targets of the settings offer, imported where no valid description is cached."""
    return discovered(settings)[0]


def discovered(
    settings: Settings, on_import: Callable[[str], None] | None = None
) -> tuple[Catalogue, dict[str, str]]:
    from azenha.engine.formats import readiness
    from azenha.engine.formats.policy import Policy
    from azenha.engine.sandbox import tree

    catalogue, keys = described(settings, on_import)
    catalogue = offered(readiness.served(catalogue, Policy.of(settings.formats)), settings)
    return catalogue if tree.can_suspend() else _without_stops(catalogue), keys


def described(
    settings: Settings, on_import: Callable[[str], None] | None = None
) -> tuple[Catalogue, dict[str, str]]:
    """All that there is, also what lacks something that it needs here.

    Raises:
        Unusable: descriptions cannot be kept in the data folder.
    """
    from azenha.engine import discover as discovery

    try:
        return discovery.discover(
            settings.targets,
            settings.data / "cache",
            program("describe-source"),
            settings.children.import_time,
            on_import,
        )
    except OSError as error:
        raise Unusable(settings.data, error) from None


def _without_stops(catalogue: Catalogue) -> Catalogue:
    """What is offered where processes cannot be stopped from outside: only those that wait by themselves."""
    from azenha.domain.process import JobControl

    def honest(offering: Offering) -> Offering:
        described = offering.description
        if described.pauses_itself:
            return offering
        control = described.job_control - {JobControl.PAUSE}
        return replace(offering, description=replace(described, job_control=control))

    return replace(catalogue, offerings={id: honest(o) for id, o in catalogue.offerings.items()})


def describe_main(arguments: Sequence[str]) -> int:
    from azenha.engine.discover import describe
    from azenha.engine.sandbox import tree

    tree.die_with_parent()
    tree.become_subreaper()
    describe(arguments[0])
    return 0
