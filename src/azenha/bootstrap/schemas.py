"""What fetches schemas for an operator: the outgoing client under the address policy, and the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from azenha.settings import Settings

if TYPE_CHECKING:
    from azenha.engine.formats.collecting import Collected


def collected(
    settings: Settings,
    addresses: Iterable[str],
    folder: Path,
    told: Callable[[str, int | None, str | None], None],
) -> Collected:
    """See engine.formats.collecting.collect."""
    from azenha.adapters.references.download import Fetcher
    from azenha.domain.addresses import AddressPolicy
    from azenha.engine.formats.collecting import collect

    policy = AddressPolicy.of(settings.addresses.allow, settings.addresses.ports)
    with Fetcher(policy, settings.limits, settings=settings.references) as fetch:
        return collect(addresses, folder, fetch, told)


def wanted(settings: Settings) -> dict[str, list[str]]:
    """The schemas that the processes need which would be served, by address, each with who needs it."""
    from azenha.bootstrap.catalogue import described
    from azenha.domain.process import Level
    from azenha.engine.formats import collecting

    catalogue, _ = described(settings)
    descriptions = [catalogue.offerings[id].description for id in catalogue.ids]
    return collecting.wanted(descriptions, Level(settings.formats.validation))
